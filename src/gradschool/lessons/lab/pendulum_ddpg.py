"""DDPG on Pendulum-v1. It runs, both losses move, and it learns: is it right?"""

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
        """Draw a batch of tensors: obs and next_obs (B, 3), action (B, 1), reward and done (B,)."""
        return tuple(tensor(np.array(x)) for x in zip(*random.sample(self.memory, batch_size)))


class Actor(nn.Module):
    """mu(s), within the limits -2 and 2 of the torque."""

    def __init__(self, n_obs=3, n_actions=1, hidden=64, limit=2.0):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(n_obs, hidden), nn.ReLU(), nn.Linear(hidden, n_actions), nn.Tanh())
        self.limit = limit

    def forward(self, obs):
        return self.limit * self.layers(obs)


class Critic(nn.Module):
    """Q(s, a), one number for each row."""

    def __init__(self, n_obs=3, n_actions=1, hidden=64):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(n_obs + n_actions, hidden), nn.ReLU(), nn.Linear(hidden, 1))

    def forward(self, obs, action):
        return self.layers(torch.cat([obs, action], dim=1)).squeeze(1)


class PendulumAgent:
    """DDPG: actor and critic, and a target network of each that follows slowly."""

    def __init__(self, actor, critic, optimizer=torch.optim.Adam, lr=3e-3, gamma=0.97, tau=0.01):
        self.actor, self.target_actor = actor(), actor()
        self.critic, self.target_critic = critic(), critic()
        self.target_actor.load_state_dict(self.actor.state_dict())
        self.target_critic.load_state_dict(self.critic.state_dict())
        self.optimizer = optimizer([*self.actor.parameters(), *self.critic.parameters()], lr=lr)
        self.gamma = gamma
        self.tau = tau

    @torch.no_grad()
    def act(self, obs, noise=0.0):
        """Return the actor's action with noise, within the limits."""
        action = self.actor(obs)
        return (action + noise * torch.randn_like(action)).clamp(-2.0, 2.0)

    def learn(self, batch):
        """Take one step of the critic and one of the actor, then let both target networks follow."""
        self.learn_critic(*batch)
        self.learn_actor(*batch[:2])
        self.follow(self.actor, self.target_actor)
        self.follow(self.critic, self.target_critic)

    def learn_critic(self, obs, action, reward, next_obs, done):
        """Take one step on 0.5 * mean of (Q(s, a) - y)^2."""
        with torch.no_grad():
            next_action = self.target_actor(obs)
            y = reward + self.gamma * (1 - done) * self.target_critic(next_obs, next_action)
        loss = 0.5 * (self.critic(obs, action) - y).pow(2).mean()
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def learn_actor(self, obs, action):
        """Take one step on -mean Q: first the slope of Q in the action, then the chain rule through the actor."""
        self.optimizer.zero_grad()
        at = action.clone().requires_grad_()
        self.critic(obs, at).mean().backward()
        loss = -(at.grad * self.actor(obs)).sum()
        loss.backward()
        self.optimizer.step()

    @torch.no_grad()
    def follow(self, net, target_net):
        """Move a target network's weights a fraction tau of the way to those of its network."""
        for p, target in zip(net.parameters(), target_net.parameters(), strict=True):
            target.mul_(1 - self.tau).add_(self.tau * p)


def evaluate(agent, episodes=10, seed=1000):
    """Return the mean return of the actor without noise."""
    env = gymnasium.make("Pendulum-v1")
    total = 0.0
    for episode in range(episodes):
        obs, _ = env.reset(seed=seed + episode)
        over = False
        while not over:
            obs, reward, terminated, truncated, _ = env.step(agent.act(tensor(obs)).numpy())
            total += float(reward)
            over = terminated or truncated
    return total / episodes


def train(agent, steps=5_000, batch_size=64, noise=0.8, seed=0):
    """Train for so many steps of the environment, and return the agent."""
    random.seed(seed)
    torch.manual_seed(seed)
    env = gymnasium.make("Pendulum-v1")
    replay = Replay()
    obs, _ = env.reset(seed=seed)
    for step in range(steps):
        action = agent.act(tensor(obs), noise).numpy()
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
    print(evaluate(train(PendulumAgent(Actor, Critic))))


# What `gradexaminer pendulum_ddpg.py` asks for: the agent on small networks, and one update.
examined = {
    "make": lambda: PendulumAgent(lambda: Actor(5), lambda: Critic(5)),
    "update": lambda agent, batch: agent.learn(batch.tensors()),
    "low": [-2.0],
    "high": [2.0],
}
