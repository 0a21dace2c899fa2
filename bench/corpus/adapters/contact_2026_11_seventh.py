"""Updates met first in a seventh, smaller round of November 2026, drawn at random.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from typing import Any

import torch

from bench.corpus.adapters.common import BATCH, LOOSE, NO_TARGET, ONE, OWN, PASSED, READ, SEVENTH
from bench.corpus.registry import RIGHT, update
from gradexaminer import Report, examine

OVER_BATCH = "read: the network subtracts the mean advantage of the whole batch"


@update(
    "9ae9afa902d7",
    "agents/dqn_agent.py",
    "94e215e903",
    "DQN on a board, prioritized",
    OWN,
    RIGHT,
    "read; its board is examined as numbers, not as one of 16 for each field",
    SEVENTH,
)
def dqn_9ae9af(code: Any) -> Report:
    m = code.module(dotted="agents.dqn_agent")
    return examine(
        lambda: m.DQNAgent(use_one_hot=False, batch_size=32, buffer_size=5000),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        n_actions=4,
        obs=(4, 4),
    )


@update(
    "e846c7c55063",
    "agents/dqn_agent.py",
    "ef2208b95f",
    "DQN",
    OWN,
    ("mask-missing",),
    NO_TARGET.replace("read;", "read: no end can be stored;"),
    SEVENTH,
)
def dqn_e846c7(code: Any) -> Report:
    m = code.module()

    def feed(agent, t):
        for column, x in zip(agent.buffer, (t.obs, t.next_obs, t.reward, t.action), strict=True):
            column.append(x)

    return examine(lambda: m.DQN_agent("cpu"), feed, lambda agent: agent.train(), n_actions=2, obs=3)


@update(
    "a688a6378a44",
    "dqn_agent.py",
    "4d2da91005",
    "dueling double DQN",
    OWN,
    ("advantage-averaged",),
    OVER_BATCH,
    SEVENTH,
)
def dueling_a688a6(code: Any) -> Report:
    m = code.module()
    m.BATCH_SIZE, m.UPDATE_EVERY = 32, 1
    return examine(
        lambda: m.DqnAgent("x", 5, 4, 0, use_double=True, use_dueling=True),
        lambda agent, t: agent.step(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.step(*agent.memory.memory[-1]),
        n_actions=4,
    )


@update(
    "ea8e9d1840d1",
    "dueling_dqn_agent.py",
    "e91c3ee03e",
    "DQN, images",
    OWN,
    ("wrong-column|rows-misaligned|untaken",),
    "read: `gather` with an index of shape (1, B) takes all values from the first row of the batch",
    SEVENTH,
)
def dqn_ea8e9d(code: Any) -> Report:
    m = code.module()

    def make():
        agent = m.DuelingDqnAgent(5000)
        agent.batch_size = 32
        return agent

    return examine(
        make,
        lambda agent, t: agent.replaybuffer.add_entry(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train(),
        sync=lambda agent: agent.update(),
        n_actions=7,
        obs=(4, 84, 84),
        image=True,
    )


@update("326583f574ee", "dueling_dqn_agent.py", "fa4e1fe31f", "dueling DQN", BATCH, RIGHT, READ, SEVENTH)
def dueling_326583(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DuelingDQNAgent(5, 4, 1e-3, 0.99, 1.0, 0.1, 0.99),
        update=lambda agent, b: agent.train(b.tensors()),
        sync=lambda agent: agent.update_target_network(),
        n_actions=4,
    )


@update(
    "e9038776b452",
    "agents.py",
    "d5d4640b09",
    "dueling DQN, prioritized",
    OWN,
    ("advantage-averaged",),
    OVER_BATCH,
    SEVENTH,
)
def dueling_e90387(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DuelingAgentwithPrioritization(5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(0, agent.memory.sample(0), 0.99),
        n_actions=4,
    )


@update("0366b5d3d4d0", "td3_agent.py", "634eb58a52", "DDPG (in a file called td3)", OWN, RIGHT, READ, SEVENTH)
def ddpg_0366b5(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, (5,), (3,), 0.01, max_size=5000, layer1_size=64, layer2_size=64, batch_size=32),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("f29b4b4fe4d1", "td3_agent.py", "edc94d1921", "TD3, batch normalization", OWN, RIGHT, LOOSE, SEVENTH)
def td3_f29b4b(code: Any) -> Report:
    m = code.module()
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.AgentTD3(5, 3, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0, 0.99),
        **ONE,
    )


@update("e479c366798c", "td3_agent.py", "dd9160734b", "TD3", OWN, RIGHT, READ, SEVENTH)
def td3_e479c3(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3Agent(5, 3, batch_size=32),
        lambda agent, t: agent.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(),
        low=[0] * 3,
        high=[1] * 3,
    )


@update(
    "9af2e2487ed7",
    "td3_agent.py",
    "88efe3974d",
    "TD3",
    PASSED,
    ("broadcast|reward-averaged|mask-averaged",),
    "read: rewards and masks of shape (B, 1) meet bootstrapped values of shape (B,)",
    SEVENTH,
)
def td3_9af2e2(code: Any) -> Report:
    m, nets, b = code.module(), code.module("model_utils.py"), code.module("replay_buffer.py")

    def make():
        actors, critics = [nets.Actor(5, 3, 1.0) for _ in range(2)], [nets.Critic(5, 3) for _ in range(2)]
        agent = m.TD3(5, 3, 1.0, actors[0], critics[0], actors[1], critics[1])
        agent.buffer = b.ReplayBuffer()
        return agent

    return examine(
        make,
        lambda agent, t: agent.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train(agent.buffer, 32),
        **ONE,
    )


@update(
    "121fb51db819",
    "agents/ddpg_agent.py",
    "571330659d",
    "DDPG, one network with a body for features",
    BATCH,
    RIGHT,
    READ,
    SEVENTH,
)
def ddpg_121fb5(code: Any) -> Report:
    m, nets = code.module(dotted="agents.ddpg_agent"), code.module(dotted="networks.network_models")
    config = {"discount_factor": 0.99, "exploration_noise": 0.1, "device": "cpu", "target_network_mix": 0.01}

    def make():
        net = nets.DeterministicActorCriticContinuous(5, 3, actor_hidden_units=(64,), critic_hidden_units=(64,))
        adam = torch.optim.Adam
        return m.DeepDeterministicPolicyGradientAgent(net, adam(net.actor_params), adam(net.critic_params), config)

    return examine(make, update=lambda agent, b: agent.learn([x.numpy() for x in b.tensors()]), **ONE)


@update("62e3c1139ffc", "agents/ddpg_agent.py", "db20ee3e65", "DDPG", OWN, RIGHT, READ, SEVENTH)
def ddpg_62e3c1(code: Any) -> Report:
    m, nets = code.module(dotted="agents.ddpg_agent"), code.module("model.py")

    def feed(agent, t):
        obs, action, after, reward = t.as_tensors()
        agent.remember(obs, action[0], after, reward, torch.tensor([t.done]))

    return examine(
        lambda: m.DDPGAgent((5,), (1,), nets.ActorModel, nets.CriticModel, batch_size=32),
        feed,
        lambda agent: agent.update(),
        low=[-1],
        high=[1],
    )


@update(
    "aad30067a4ea", "agents/dueling_dqn_agent.py", "764386cd64", "dueling double DQN, images", OWN, RIGHT, READ, SEVENTH
)
def dueling_aad300(code: Any) -> Report:
    m = code.module(dotted="agents.dueling_dqn_agent")
    return examine(
        lambda: m.DuelingDQNAgent(replay_size=1000, in_channels=3),
        lambda agent, t: agent.replay.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        sync=lambda agent: agent.target_net.load_state_dict(agent.online_net.state_dict()),
        n_actions=5,
        obs=(3, 84, 84),
        image=True,
    )


@update("f8c73eeb96ba", "agents/ddpg_agent.py", "c436be2180", "DDPG", OWN, RIGHT, LOOSE, SEVENTH)
def ddpg_f8c73e(code: Any) -> Report:
    m = code.module(dotted="agents.ddpg_agent")
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.Agent(5, 3, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        **ONE,
    )
