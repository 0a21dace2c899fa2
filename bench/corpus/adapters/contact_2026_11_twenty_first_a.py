"""Updates met first in the twenty-first round of November 2026, drawn at random: DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import BATCH, FUNCTION, LOOSE, OWN, READ, SCRIPT, TWENTY_FIRST
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine, watch

FOUR: dict[str, Any] = {"n_actions": 4}


def _snake(code: Any, **told: bool) -> Report:
    m = code.module(dotted="learning.dqn")
    m.config.BATCH_SIZE, m.config.MEMORY_SIZE = 32, 5000
    kept = m.PrioritizedReplayBuffer.update_priorities  # which stored an array of one number as that number
    m.PrioritizedReplayBuffer.update_priorities = lambda self, rows, errors: kept(self, rows, errors.reshape(-1))

    def feed(agent, t):
        agent.memory.add(t.obs, np.array([t.action]), np.array([t.reward]), t.next_obs, np.array([t.done]))

    def learn(agent):
        t = agent.__dict__.pop("last")
        agent.train(t.obs, t.action, t.next_obs, t.reward, t.done)

    def keep(agent, t):
        if "last" in agent.__dict__:
            feed(agent, agent.last)
        agent.last = t

    return examine(
        lambda: m.DQNAgent(5, 4, device="cpu", **told),
        keep,
        learn,
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
        **FOUR,
    )


@update("b62bdbd497e4", "learning/dqn.py", "43602cbae7", "double DQN", OWN, RIGHT, READ, TWENTY_FIRST)
def ddqn_b62bdb(code: Any) -> Report:
    return _snake(code)


@update("b62bdbd497e4", "learning/dqn.py", "43602cbae7", "dueling double DQN", OWN, RIGHT, READ, TWENTY_FIRST)
def dueling_b62bdb(code: Any) -> Report:
    return _snake(code, use_dueling=True)


@update(
    "b62bdbd497e4",
    "learning/dqn.py",
    "43602cbae7",
    "double DQN, priorities",
    OWN,
    ("weights-averaged",),
    "read: losses of shape (B, 1) meet weights of shape (B,), so that every row gets the mean weight",
    TWENTY_FIRST,
)
def weighted_b62bdb(code: Any) -> Report:
    return _snake(code, use_priority=True)


@update("082d4a335335", "models/dqn_agent.py", "0fbe15e322", "double DQN", OWN, RIGHT, READ, TWENTY_FIRST)
def ddqn_082d4a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, m.DQNConfig(batch_size=32, min_buffer_size=32)),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train_step(),
        **FOUR,
    )


@update("47f0eff829ce", "algorithms/dqn.py", "6471fbfd85", "DQN", FUNCTION, RIGHT, READ, TWENTY_FIRST)
def dqn_47f0ef(code: Any) -> Report:
    m = code.module()

    def make():
        net, target = m.MicroserviceDQN(5, 64, 4), m.MicroserviceDQN(5, 64, 4)
        return SimpleNamespace(net=net, target=target, memory=[], adam=torch.optim.Adam(net.parameters(), lr=1e-3))

    return examine(
        make,
        lambda x, t: x.memory.append(t.as_tuple()),
        lambda x: m.optimize_model(x.memory, x.net, x.target, x.adam, "cpu"),
        sync=lambda x: x.target.load_state_dict(x.net.state_dict()),
        **FOUR,
    )


@update("9bfac432d6e7", "ddqn/ddqn.py", "4343796e53", "double DQN", FUNCTION, RIGHT, READ, TWENTY_FIRST)
def ddqn_9bfac4(code: Any) -> Report:
    m = code.module()
    m.bs = 32

    def make():
        x = SimpleNamespace(net=m.DQN(), target=m.DQN(), buffer=m.ReplayMemory())
        x.target.turn_off_grad()
        return x

    return examine(
        make,
        lambda x, t: x.buffer.add_memory(t.obs, [t.action], [t.reward], t.next_obs, [t.mask]),
        lambda x: x.net.update(x.buffer, x.target),
        sync=lambda x: x.target.load_state_dict(x.net.state_dict()),
        obs=4,
        n_actions=2,
    )


def _rlex(code: Any, **told: Any) -> Report:
    m = code.module(dotted="algorithms.dqn")
    sizes = {"batch_size": 32, "buffer_size": 500, "learning_starts": 32}
    return examine(
        lambda: m.DQN((4, 84, 84), 4, device="cpu", **sizes, **told),
        lambda agent, t: agent.buffer.add(*t.as_tuple(), 0.0 if t.done else 0.99),
        lambda agent: agent.update(),
        obs=(4, 84, 84),
        image=True,
        **FOUR,
    )


@update("294a003f303b", "algorithms/dqn.py", "302c916841", "DQN, images", OWN, RIGHT, READ, TWENTY_FIRST)
def dqn_294a00(code: Any) -> Report:
    return _rlex(code, double_dqn=False, target_update_freq=3)


@update(
    "294a003f303b", "algorithms/dqn.py", "302c916841", "double DQN, priorities, images", OWN, RIGHT, READ, TWENTY_FIRST
)
def ddqn_294a00(code: Any) -> Report:
    return _rlex(code, double_dqn=True, prioritized=True, tau=0.01)


@update(
    "1487438098d6",
    "models/dqn_agent.py",
    "bdd9a56ca5",
    "dueling double DQN, two inputs",
    OWN,
    RIGHT,
    READ,
    TWENTY_FIRST,
)
def dueling_148743(code: Any) -> Report:
    m = code.module(dotted="models.dqn_agent")

    def make():
        encoder = torch.nn.Module()
        encoder.encoders = torch.nn.ModuleList([torch.nn.Conv2d(3, 4, 3)])
        encoder.pools, encoder.bottleneck = torch.nn.ModuleList([torch.nn.MaxPool2d(8)]), torch.nn.Identity()
        return m.DQNRestorationAgent(encoder, batch_size=32)

    def feed(agent, t):
        agent.replay_buffer.push(torch.from_numpy(t.obs), t.action, t.reward, torch.from_numpy(t.next_obs), t.done)

    return examine(
        make,
        feed,
        lambda agent: agent.train_step(),
        sync=lambda agent: agent.update_target_network(),
        obs=9,
        n_actions=3,
    )


@update("693b162ee11b", "algorithms/dqn.py", "c38a01e712", "DQN, masks of actions", BATCH, RIGHT, READ, TWENTY_FIRST)
def dqn_693b16(code: Any) -> Report:
    m = code.module()
    free = np.ones(4)

    def learn(agent, b):
        agent.update([(t.obs, free, t.action, t.reward, t.done, t.next_obs, free) for t in b.transitions])

    return examine(
        lambda: m.Agent("blue", 5, 4, 0.99, 1e-3, [64]), update=learn, sync=lambda agent: agent.sync(), **FOUR
    )


@update(
    "ba4373481230",
    "models/dqn_agent.py",
    "a02dd92069",
    "DQN, priorities, one row at a time",
    OWN,
    RIGHT,
    READ,
    TWENTY_FIRST,
)
def row_ba4373(code: Any) -> Report:
    m = code.module(dotted="models.dqn_agent")

    def make():
        agent = m.DQNAgent(5, 4)
        agent.batch_size = 8
        return agent

    return examine(
        make,
        lambda agent, t: agent.remember_vector(*t.as_tuple()),
        lambda agent: agent.replay_vector(),
        sync=lambda agent: agent.update_target_model(),
        **FOUR,
    )


@update("a136d9ffde77", "algorithms/dqn.py", "176aac67e2", "dueling double DQN", OWN, RIGHT, READ, TWENTY_FIRST)
def dueling_a136d9(code: Any) -> Report:
    m = code.module(dotted="algorithms.dqn")
    return examine(
        lambda: m.DQNAgent(5, 4, batch_size=32, target_update_freq=3),
        lambda agent, t: agent._store(*t.as_tuple()),
        lambda agent: agent._train_step(),
        **FOUR,
    )


@update("47d8db360a24", "algorithms/dqn.py", "bf6b46f364", "DQN", OWN, RIGHT, READ, TWENTY_FIRST)
def dqn_47d8db(code: Any) -> Report:
    m = code.module(dotted="algorithms.dqn")

    def learn(agent):
        agent.steps_done += 1
        agent.train_step()

    return examine(
        lambda: m.DQNAgent(5, 4, batch_size=32, warmup_min=32, target_update=3),
        lambda agent, t: agent.store(m.Transition(*t.as_tuple())),
        learn,
        **FOUR,
    )


@update(
    "614f3ef7f498",
    "openAI_gym_Dino_dqn/models/dqn_agent.py",
    "e3a392c4d3",
    "DQN, images",
    OWN,
    RIGHT,
    READ,
    TWENTY_FIRST,
)
def dqn_614f3e(code: Any) -> Report:
    m = code.module()

    def make():
        agent = m.DQNAgent((1, 84, 84), 4)
        agent.target_update = 3
        return agent

    return examine(
        make,
        lambda agent, t: agent.buffer.push(*t.as_tuple()),
        lambda agent: agent.train_step(),
        obs=(84, 84, 1),
        **FOUR,
    )


@update(
    "d972f36ef65d",
    "gymnasium/LunaLander/DQNModule.py",
    "feec50a3fc",
    "DQN",
    SCRIPT,
    ("mask-truncated",),
    "read: a time limit is stored as an end",
    TWENTY_FIRST,
)
def script_d972f3(code: Any) -> Report:
    def change(text):
        return text.replace("BATCH_SIZE = 128", "BATCH_SIZE = 32").replace("TARGET_UPDATE = 10", "TARGET_UPDATE = 2")

    return watch(lambda make: code.run(make, change=change), obs=8, **FOUR)


def _drl(code: Any, dotted: str, kind: str) -> Report:
    m = code.module(dotted=dotted)

    def make():
        spaces = env_of(5, **FOUR)
        env = SimpleNamespace(
            observation_space=spaces.observation_space, action_space=spaces.action_space, reset=lambda: None
        )
        return getattr(m, kind)(env, batch_size=32, target_update_interval=3, verbose=0)

    def feed(agent, t):
        one = lambda x: np.array([[x]])  # noqa: E731
        agent.buffer.add((t.obs[None], one(t.action), one(t.reward), t.next_obs[None], one(t.done)))

    def learn(agent):
        agent.training_iterations += 1
        agent._train()

    return examine(make, feed, learn, **FOUR)


@update(
    "b162f696e686",
    "algorithms/value_based/dqn.py",
    "f5f04988c7",
    "DQN",
    OWN,
    RIGHT,
    LOOSE,
    TWENTY_FIRST,
)
def dqn_b162f6(code: Any) -> Report:
    return _drl(code, "algorithms.value_based.dqn", "DQN")


@update(
    "b162f696e686",
    "algorithms/value_based/double_dqn.py",
    "f5f04988c7",
    "double DQN",
    OWN,
    RIGHT,
    LOOSE,
    TWENTY_FIRST,
)
def ddqn_b162f6(code: Any) -> Report:
    return _drl(code, "algorithms.value_based.double_dqn", "DoubleDQN")


@update(
    "b162f696e686",
    "algorithms/value_based/dueling_dqn.py",
    "f5f04988c7",
    "dueling double DQN",
    OWN,
    ("advantage-averaged",),
    "read: the advantages' mean is that of the whole batch",
    TWENTY_FIRST,
)
def dueling_b162f6(code: Any) -> Report:
    return _drl(code, "algorithms.value_based.dueling_dqn", "DuelingDQN")


def _hockey(code: Any, **told: Any) -> Report:
    m = code.module(change=lambda text: text.replace("np.int)", "int)"))
    config = {"mode": "normal", "lr_milestones": ["100"], "lr_factor": 0.5, "learning_rate": 1e-3, "dueling": True}
    more = {"device": torch.device("cpu"), "batch_size": 32, "buffer_size": 500, "per_alpha": 0.6, "per_beta": 0.4}
    return examine(
        lambda: m.DQNAgent(None, 5, [0, 1, 2, 3], {**config, **more, **told}),
        lambda agent, t: agent.store_transition(t.as_tuple()),
        lambda agent: agent.train_model(),
        sync=lambda agent: agent.update_target_net(),
        **FOUR,
    )


@update("6e9f4c772757", "dqn/agent.py", "c0b21b5c97", "dueling DQN", OWN, RIGHT, READ, TWENTY_FIRST)
def dueling_6e9f4c(code: Any) -> Report:
    return _hockey(code, double=False, per=False)


@update("6e9f4c772757", "dqn/agent.py", "c0b21b5c97", "dueling double DQN, priorities", OWN, RIGHT, READ, TWENTY_FIRST)
def weighted_6e9f4c(code: Any) -> Report:
    return _hockey(code, double=True, per=True)


@update("1e5e7e382f9e", "models/dqn_agent.py", "f693047f2d", "DQN", OWN, RIGHT, READ, TWENTY_FIRST)
def dqn_1e5e7e(code: Any) -> Report:
    m = code.module(dotted="models.dqn_agent")
    spaces = env_of(5, **FOUR)
    board = SimpleNamespace(shape=(6, 6))
    return examine(
        lambda: m.DQNAgent(board, spaces.action_space, batch_size=32, target_update_freq=3, device="cpu"),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train(),
        obs=(6, 6),
        **FOUR,
    )


@update("16d24c9de7f3", "algorithms/dqn.py", "2e5445811a", "DQN", OWN, RIGHT, READ, TWENTY_FIRST)
def dqn_16d24c(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, batch_size=32, target_update=3),
        lambda agent, t: agent.buffer.push(*t.as_tuple()),
        lambda agent: agent.update(),
        **FOUR,
    )


@update("b8117fab2ef6", "models/dqn_agent.py", "73bff411c1", "DQN", OWN, RIGHT, READ, TWENTY_FIRST)
def dqn_b8117f(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4, batch_size=32, target_update_freq=3, device="cpu"),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train_step(),
        **FOUR,
    )


@update("ccbd47d25b66", "models/dqn_agent.py", "0e1d5f8496", "DQN", OWN, RIGHT, READ, TWENTY_FIRST)
def dqn_ccbd47(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.replay(),
        sync=lambda agent: agent.update_target(),
        **FOUR,
    )


@update("db9de9ce873d", "models/dqn_agent.py", "4afc9c7a18", "DQN", OWN, RIGHT, READ, TWENTY_FIRST)
def dqn_db9de9(code: Any) -> Report:
    m = code.module(dotted="models.dqn_agent")

    def feed(agent, t):
        obs, action, after, reward = t.as_tensors()
        agent.memory.push(obs, action, reward, after, torch.tensor([t.done]))

    return examine(
        lambda: m.DQNAgent(board_size=2, batch_size=32, target_update_freq=3, use_soft_update=False, device="cpu"),
        feed,
        lambda agent: agent.learn(),
        obs=4,
        **FOUR,
    )
