"""Double DQN on CartPole-v1. It runs, and the loss is finite: is it right?"""

import random

import gymnasium
import numpy as np
import torch
from torch import nn


def tensor(x):
    """Return numbers as a float32 tensor."""
    return torch.as_tensor(x, dtype=torch.float32)


class Replay:
    """The last transitions, as tuples (obs, action, reward, next_obs, done)."""

    def __init__(self):
        self.memory = []

    def add(self, *transition):
        self.memory.append(transition)

    def sample(self, batch_size):
        """Draw a batch of tensors: obs and next_obs (B, 4), action, reward and done (B,)."""
        obs, action, reward, next_obs, done = map(np.array, zip(*random.sample(self.memory, batch_size)))
        return tensor(obs), torch.tensor(action), tensor(reward), tensor(next_obs), tensor(done)


def make_net(n_obs=4, n_actions=2, hidden=64):
    """A network with two hidden layers and a Q value for each action."""
    return nn.Sequential(
        nn.Linear(n_obs, hidden),
        nn.ReLU(),
        nn.Linear(hidden, hidden),
        nn.ReLU(),
        nn.Linear(hidden, n_actions),
    )


class CartPoleAgent:
    """Double DQN with a target network that follows slowly."""

    def __init__(self, make_net, optimizer=torch.optim.Adam, lr=1e-3, gamma=0.98, tau=0.01):
        self.q_net = make_net()
        self.target_net = make_net()
        self.target_net.load_state_dict(self.q_net.state_dict())
        self.optimizer = optimizer(self.q_net.parameters(), lr=lr)
        self.gamma = gamma
        self.tau = tau

    @torch.no_grad()
    def act(self, obs, epsilon):
        """Choose an action: at random with probability epsilon, else the best one."""
        q = self.q_net(obs)
        if torch.rand(()) < epsilon:
            return int(torch.randint(len(q), ()))
        return int(q.argmax())

    def learn(self, batch):
        """Take one step on 0.5 * mean of (Q(s, a) - y)^2, then let the target network follow."""
        obs, action, reward, next_obs, done = batch
        q = self.q_net(obs).gather(1, action.unsqueeze(1)).squeeze(1)
        with torch.no_grad():
            best_action = self.q_net(obs).argmax(dim=1, keepdim=True)
            best = self.target_net(next_obs).gather(1, best_action).squeeze(1)
            y = reward + best * (1 - done)
        loss = 0.5 * (q - y).pow(2).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.follow()
        return loss.item()

    @torch.no_grad()
    def follow(self):
        """Move the target network's weights a fraction tau of the way to the online network's."""
        for p, target in zip(self.q_net.parameters(), self.target_net.parameters(), strict=True):
            target.mul_(self.tau).add_((1 - self.tau) * p)


def evaluate(agent, episodes=10, seed=1000):
    """Return the mean return of the greedy policy."""
    env = gymnasium.make("CartPole-v1")
    total = 0.0
    for episode in range(episodes):
        obs, _ = env.reset(seed=seed + episode)
        over = False
        while not over:
            obs, reward, terminated, truncated, _ = env.step(agent.act(tensor(obs), 0.0))
            total += float(reward)
            over = terminated or truncated
    return total / episodes


def train(agent, steps=8_000, batch_size=64, seed=0):
    """Train for so many steps of the environment, and return the agent."""
    random.seed(seed)
    torch.manual_seed(seed)
    env = gymnasium.make("CartPole-v1")
    replay = Replay()
    obs, _ = env.reset(seed=seed)
    for step in range(steps):
        epsilon = max(0.05, 1.0 - step / 2_000)
        action = agent.act(tensor(obs), epsilon)
        next_obs, reward, terminated, truncated, _ = env.step(action)
        replay.add(obs, action, float(reward), next_obs, terminated)
        obs = next_obs
        if terminated or truncated:
            obs, _ = env.reset()
        if step >= batch_size:
            agent.learn(replay.sample(batch_size))
    return agent


if __name__ == "__main__":
    torch.manual_seed(0)
    print(evaluate(train(CartPoleAgent(make_net))))


# What `gradexaminer cartpole_dqn.py` asks for: the agent on small networks, and one update.
examined = {
    "make": lambda: CartPoleAgent(lambda: make_net(5, 4)),
    "update": lambda agent, batch: agent.learn(batch.tensors()),
    "n_actions": 4,
}
