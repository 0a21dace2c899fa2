"""Updates met first in the nineteenth round of November 2026, drawn at random: DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import BATCH, DICT, FUNCTION, LOOP, LOOSE, NINETEENTH, OWN, PASSED, READ, SCRIPT
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import OldEnv, env_of
from gradexaminer import Report, examine, watch

FOUR: dict[str, Any] = {"n_actions": 4}
FRAMES: dict[str, Any] = {"obs": (4, 84, 84), "n_actions": 4}
MIXED = "read: states, actions, rewards, next states and ends are drawn apart from each other"
LIMITED = "read: a time limit is stored as an end"


@update("95ec6fe9b298", "src/agents/dqn_agent.py", "cca4255b30", "DQN", OWN, RIGHT, READ, NINETEENTH)
def dqn_95ec6f(code: Any) -> Report:
    m = code.module(dotted="src.agents.dqn_agent")
    told = {"learning_rate": 1e-3, "batch_size": 32, "gamma": 0.99, "epsilon_start": 1.0, "epsilon_end": 0.1}
    layers = [{"type": "Linear", "out_features": 64}, {"type": "ReLU"}]
    more = {"epsilon_decay": 0.99, "target_update_frequency": 1, "network_architecture": layers}
    return examine(
        lambda: m.DQNAgent(env_of(5, **FOUR), {**told, **more, "replay_buffer_size": 5000}),
        lambda agent, t: agent.memory.append(t.as_tuple()),
        lambda agent: agent.learn(*agent.memory.pop()),
        sync=lambda agent: agent.after_episode(0),
        **FOUR,
    )


@update("b159422996e2", "src/agents/dqn_agent.py", "cb6c972104", "DQN", OWN, RIGHT, READ, NINETEENTH)
def dqn_b15942(code: Any) -> Report:
    m = code.module(dotted="src.agents.dqn_agent")
    return examine(
        lambda: m.DQNAgent(env_of(5, **FOUR), batch_size=32, buffer_capacity=5000),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train_step(),
        sync=lambda agent: agent.maybe_update_target(),
        **FOUR,
    )


@update("b159422996e2", "src/agents/dqn_agent.py", "cb6c972104", "DQN", LOOP, ("mask-truncated",), LIMITED, NINETEENTH)
def loop_b15942(code: Any) -> Report:
    m = code.module(dotted="src.agents.dqn_agent")

    def run(make):
        agent = m.DQNAgent(make(), batch_size=32, buffer_capacity=5000, target_update_freq=10)
        while True:
            state, done = agent.env.reset()[0], False
            while not done:
                state, _, done = agent.interact_and_learn(state)

    return watch(run, **FOUR)


@update("4a096bbd8449", "DQN_agent.py", "011992c8f7", "dueling DQN, images, batch norm", OWN, RIGHT, READ, NINETEENTH)
def norm_4a096b(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.StrategicAgent((20, 20, 3), 4),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.optimize(),
        sync=lambda agent: agent.update_target_network(),
        obs=(20, 20, 3),
        image=True,
        **FOUR,
    )


@update("4a096bbd8449", "dueling_DQN_agent.py", "011992c8f7", "dueling DQN, images", OWN, RIGHT, READ, NINETEENTH)
def dueling_4a096b(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DuelingDQNAgent((20, 20, 3)),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.optimize(),
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
        obs=(20, 20, 3),
        image=True,
        n_actions=15,
    )


def _homework(code: Any, *, double: bool) -> Report:
    sys.path.insert(0, str(code.root / "src"))
    m, nets = code.module(dotted="agents.dqn_agent"), code.module("src/networks/critics.py")

    def make():
        adam, same = torch.optim.Adam, lambda o: torch.optim.lr_scheduler.ConstantLR(o, factor=1.0)
        critic = lambda shape, n: nets.DQNCritic(shape, n, 2, 64)  # noqa: E731
        return m.DQNAgent((5,), 4, critic, lambda p: adam(p, lr=1e-3), same, 0.99, 1, use_double_q=double)

    return examine(make, update=lambda agent, b: agent.update(*b.tensors(), 0), **FOUR)


@update("53cd12682f9a", "src/agents/dqn_agent.py", "6cdcf4ee11", "DQN", BATCH, RIGHT, READ, NINETEENTH)
def dqn_53cd12(code: Any) -> Report:
    return _homework(code, double=False)


@update("53cd12682f9a", "src/agents/dqn_agent.py", "6cdcf4ee11", "double DQN", BATCH, RIGHT, READ, NINETEENTH)
def ddqn_53cd12(code: Any) -> Report:
    return _homework(code, double=True)


@update(
    "99221c397a8e",
    "mydqn.py",
    "8cbf6094e4",
    "DQN, no target",
    OWN,
    ("rows-misaligned", "ascent", "bootstrap-gradient"),
    MIXED + "; the loss is negated; the label is not detached",
    NINETEENTH,
)
def dqn_99221c(code: Any) -> Report:
    m = code.module(stop="env = gym.make")
    return examine(
        lambda: m.Agent(5, 4, batch_size=32),
        lambda agent, t: agent.buffer.push(*t.as_tuple()),
        lambda agent: agent.learn(),
        **FOUR,
    )


@update("99221c397a8e", "dqn/dqn.py", "8cbf6094e4", "DQN", SCRIPT, RIGHT, READ, NINETEENTH)
def script_99221c(code: Any) -> Report:
    return watch(lambda make: code.run(make, change=lambda text: text.replace("tkAgg", "agg")), **FOUR)


@update(
    "99221c397a8e",
    "double_dqn.py",
    "8cbf6094e4",
    "double DQN",
    SCRIPT,
    ("rows-misaligned", "bootstrap-gradient", "mask-truncated"),
    MIXED + "; the target network predicts, and the gradient reaches the trained network through the label alone",
    NINETEENTH,
)
def ddqn_99221c(code: Any) -> Report:
    return watch(code.run, **FOUR)


@update("101db4cfb2d7", "src/agents/dqn_agent.py", "395775ca19", "DQN", BATCH, RIGHT, READ, NINETEENTH)
def dqn_101db4(code: Any) -> Report:
    m = code.module()

    def rows(b):
        names = ("state", "action", "reward", "next_state", "done")
        return [SimpleNamespace(**dict(zip(names, t.as_tuple(), strict=True))) for t in b.transitions]

    return examine(
        lambda: m.DQNAgent(5, 4),
        update=lambda agent, b: agent.update(rows(b)),
        sync=lambda agent: agent.update_target_network(),
        **FOUR,
    )


def _cartpole(code: Any, dotted: str, make: Any) -> Report:
    sys.path.insert(0, str(code.root / "src"))
    m = code.module(dotted=dotted)
    return examine(
        lambda: make(m),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(agent.memory.sample("cpu")),
        obs=4,
        **FOUR,
    )


@update(
    "101db4cfb2d7",
    "src/hdc_dqn_cartpole/agent.py",
    "395775ca19",
    "double DQN, states in bins",
    OWN,
    RIGHT,
    "read; a state is known by its bins alone",
    NINETEENTH,
)
def bins_101db4(code: Any) -> Report:
    def make(m):
        config = m.HDCDQNConfig(hdc_dim=512, batch_size=32, replay_buffer_size=5000)
        return m.HDCDQNAgent(4, 4, config, "cpu")

    return _cartpole(code, "hdc_dqn_cartpole.agent", make)


@update("101db4cfb2d7", "src/dqn_cartpole_v2/agent.py", "395775ca19", "double DQN", OWN, RIGHT, READ, NINETEENTH)
def ddqn_101db4(code: Any) -> Report:
    def make(m):
        return m.DQNAgent(4, 4, m.DQNConfig(batch_size=32, replay_buffer_size=5000), "cpu")

    return _cartpole(code, "dqn_cartpole_v2.agent", make)


GPU = {"gamma": 0.99, "epsilon_start": 1.0, "epsilon_decay": 0.9, "epsilon_min": 0.1, "learning_rate": 1e-3}


@update("05c88fbf3dd7", "src/agents/dqn_agent.py", "7cd73390ca", "double DQN, images", PASSED, RIGHT, READ, NINETEENTH)
def ddqn_05c88f(code: Any) -> Report:
    m = code.module(dotted="src.agents.dqn_agent")

    def learn(agent, b):
        agent.train(SimpleNamespace(sample=lambda _: b.tensors(column=True)), 32)

    return examine(
        lambda: m.DQNAgent(4, 4, GPU),
        update=learn,
        sync=lambda agent: agent.update_target_network(),
        image=True,
        **FRAMES,
    )


@update(
    "05c88fbf3dd7",
    "src/replay_buffer.py",
    "7cd73390ca",
    "double DQN, images, buffer that stacks frames",
    PASSED,
    ("rows-misaligned",),
    "read: four frames end with the newest, and action, reward and end are the oldest one's",
    NINETEENTH,
)
def stacked_05c88f(code: Any) -> Report:
    m = code.module(dotted="src.agents.dqn_agent")

    def make():
        agent = m.DQNAgent(4, 4, GPU)
        agent.memory = m.ReplayBuffer({"buffer_size": 5000})
        return agent

    return examine(
        make,
        lambda agent, t: agent.memory.add(*t.as_tuple(), 1),
        lambda agent: agent.train(agent.memory, 16),
        sync=lambda agent: agent.update_target_network(),
        obs=(84, 84),
        image=True,
        **FOUR,
    )


@update(
    "bcaa7e13cb54", "src/agents/dqn_agent.py", "2835f78c2c", "DQN, images, batch norm", OWN, RIGHT, READ, NINETEENTH
)
def dqn_bcaa7e(code: Any) -> Report:
    sys.path.insert(0, str(code.root / "src"))
    m, nets = code.module(), code.module("src/models/dqn_basic.py")
    m.DQN_Agent.get_screen = lambda _: torch.zeros(1, 3, 40, 60)
    told = {"EPSILON": 1.0, "MEMORY_CAPACITY": 5000, "FRAME_STACK": 1, "ACTION_SPACE": range(4), "BATCH_SIZE": 32}
    config = {**told, "GAMMA": 0.99, "EPSILON_MIN": 0.1, "EPSILON_DECAY": 0.99}
    return examine(
        lambda: m.DQN_Agent(SimpleNamespace(reset=int), nets.DQN_Basic, config),
        lambda agent, t: agent.replay_memory.append(*t.as_tensors(none_at_end=True)),
        lambda agent: agent.learn(),
        sync=lambda agent: agent.target.load_state_dict(agent.model.state_dict()),
        obs=(3, 40, 60),
        **FOUR,
    )


def _options(code: Any, **options: bool) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(0.99, 1.0, 1e-3, 5, 32, 4, max_mem_size=5000, **options),
        lambda agent, t: agent.replay_buffer.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        **FOUR,
    )


@update("a4548e7f42a2", "src/agents/dqn_agent.py", "bd2de04c27", "DQN", OWN, RIGHT, LOOSE, NINETEENTH)
def dqn_a4548e(code: Any) -> Report:
    return _options(code)


@update("a4548e7f42a2", "src/agents/dqn_agent.py", "bd2de04c27", "double DQN", OWN, RIGHT, LOOSE, NINETEENTH)
def ddqn_a4548e(code: Any) -> Report:
    return _options(code, use_double_dqn=True)


@update("a4548e7f42a2", "src/agents/dqn_agent.py", "bd2de04c27", "dueling DQN", OWN, RIGHT, LOOSE, NINETEENTH)
def dueling_a4548e(code: Any) -> Report:
    return _options(code, use_dueling=True)


@update(
    "a4548e7f42a2",
    "src/agents/dqn_agent.py",
    "bd2de04c27",
    "DQN, no target",
    OWN,
    ("bootstrap-gradient",),
    "read: without a target network the label, which is not detached, is the trained network's own",
    NINETEENTH,
)
def online_a4548e(code: Any) -> Report:
    return _options(code, use_target_network=False)


def _book(code: Any, *kind: str) -> Report:
    m = code.module(stop="num_episodes")
    return examine(
        lambda: m.DQN(5, 64, 4, 1e-3, 0.98, 0.01, 10, "cpu", *kind),
        update=lambda agent, b: agent.update(b.as_dict()),
        **FOUR,
    )


@update("eb3e9805733a", "dqn.py", "df7704bfd6", "DQN", DICT, RIGHT, LOOSE, NINETEENTH)
def dqn_eb3e98(code: Any) -> Report:
    return _book(code)


@update("eb3e9805733a", "double_dqn.py", "df7704bfd6", "double DQN", DICT, RIGHT, LOOSE, NINETEENTH)
def ddqn_eb3e98(code: Any) -> Report:
    return _book(code, "DoubleDQN")


@update("eb3e9805733a", "dueling-dqn.py", "df7704bfd6", "dueling DQN", DICT, RIGHT, LOOSE, NINETEENTH)
def dueling_eb3e98(code: Any) -> Report:
    return _book(code, "DuelingDQN")


def _zoo(code: Any) -> Report:
    def change(text):
        return text.replace("gym.make('MultiFrameBreakout-v0')", "given").replace(", wrapped_env", "")

    def make():
        m = code.module(stop="steps_done = 0", given=env_of(5, **FOUR), change=change)
        m.memory.capacity = 2000
        if hasattr(
            m.memory, "update_priorities"
        ):  # which stored an array of one number as that number, up to NumPy 1.24
            kept = m.memory.update_priorities
            m.memory.update_priorities = lambda rows, prios: kept(rows, prios.reshape(-1))
        return m

    def feed(m, t):
        one = lambda x: torch.tensor([float(x)])  # noqa: E731
        obs, after = torch.from_numpy(t.obs), torch.from_numpy(t.next_obs)
        m.memory.push(obs, torch.tensor([t.action]), one(t.reward), after, one(t.done))

    def sync(m):
        m.target_net.load_state_dict(m.policy_net.state_dict())

    return examine(make, feed, lambda m: m.optimize_model(m.memory, 32), sync=sync, **FRAMES)


@update("8aa06d2652bd", "dqn.py", "83462b103e", "DQN, images", FUNCTION, RIGHT, READ, NINETEENTH)
def dqn_8aa06d(code: Any) -> Report:
    return _zoo(code)


@update("8aa06d2652bd", "double_dqn.py", "83462b103e", "double DQN, images", FUNCTION, RIGHT, READ, NINETEENTH)
def ddqn_8aa06d(code: Any) -> Report:
    return _zoo(code)


@update("8aa06d2652bd", "dueling_dqn.py", "83462b103e", "dueling DQN, images", FUNCTION, RIGHT, READ, NINETEENTH)
def dueling_8aa06d(code: Any) -> Report:
    return _zoo(code)


@update("8aa06d2652bd", "prioritized_replay_dqn.py", "83462b103e", "DQN, priorities", FUNCTION, RIGHT, READ, NINETEENTH)
def priorities_8aa06d(code: Any) -> Report:
    return _zoo(code)


class _Frames:
    def __init__(self, frames: Any) -> None:
        self.frames = frames

    def get_frames(self) -> Any:
        return self.frames


def _atari(code: Any, kind: str) -> Report:
    m = code.module("model/model.py")
    m.PytorchLazyFrames = _Frames
    env = env_of(5, **FOUR)
    env.observation_space = SimpleNamespace(shape=(4, 48, 48), sample=lambda: np.zeros((4, 48, 48), np.float32))

    def make():
        net = m.DuelingDQN if kind == "dueling" else m.Network
        online, target = net(env, "cpu", kind), net(env, "cpu", kind)
        target.load_state_dict(online.state_dict())
        return SimpleNamespace(online=online, target=target, optimizer=torch.optim.Adam(online.parameters(), lr=5e-5))

    def learn(agent, b):
        rows = [(_Frames(t.obs), t.action, t.reward, t.done, _Frames(t.next_obs)) for t in b.transitions]
        loss = agent.online.criterion(rows, agent.target)
        agent.optimizer.zero_grad()
        loss.backward()
        agent.optimizer.step()

    def sync(agent):
        agent.target.load_state_dict(agent.online.state_dict())

    return examine(make, update=learn, sync=sync, obs=(4, 48, 48), **FOUR)


@update("d593b3cb4d34", "model/model.py", "01afdd2292", "DQN, images", FUNCTION, RIGHT, READ, NINETEENTH)
def dqn_d593b3(code: Any) -> Report:
    return _atari(code, "base")


@update("d593b3cb4d34", "model/model.py", "01afdd2292", "double DQN, images", FUNCTION, RIGHT, READ, NINETEENTH)
def ddqn_d593b3(code: Any) -> Report:
    return _atari(code, "double")


@update("d593b3cb4d34", "model/model.py", "01afdd2292", "dueling double DQN", FUNCTION, RIGHT, READ, NINETEENTH)
def dueling_d593b3(code: Any) -> Report:
    return _atari(code, "dueling")


def _ragged(rows: Any) -> np.ndarray:
    """An array of objects, as NumPy made it of rows of different kinds before 1.24."""
    try:
        return np.array(rows)
    except ValueError:
        made = np.empty((len(rows), len(rows[0])), object)
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                made[i, j] = value
        return made


@update(
    "774784eab625",
    "algorithms/dqn.py",
    "6b54a3a845",
    "double DQN, batch norm",
    OWN,
    ("ends-left-out", "polyak-swapped"),
    "read: the prediction, too, is multiplied by 1 - done, so that terminated rows have no gradient; tau is 0.99",
    NINETEENTH,
)
def ddqn_774784(code: Any) -> Report:
    m = code.module(dotted="algorithms.dqn")
    vars(sys.modules["algorithms.utils.replay_buffer"])["np"] = SimpleNamespace(array=_ragged, random=np.random)
    return examine(
        lambda: m.DQN(OldEnv(env_of(5, **FOUR))),
        lambda agent, t: agent.buffer.add(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda agent: agent.update(1, 10, 64, 1e-3, 0.99, 0.99, 1.0),
        **FOUR,
    )


@update("a0969cff0fc2", "src/dqn.py", "72a7dfc251", "DQN", FUNCTION, RIGHT, LOOSE, NINETEENTH)
def dqn_a0969c(code: Any) -> Report:
    m = code.module()

    def make():
        q, target = m.Qnet(), m.Qnet()
        target.load_state_dict(q.state_dict())
        adam = torch.optim.Adam(q.parameters(), lr=5e-4)
        return SimpleNamespace(q=q, target=target, memory=m.ReplayBuffer(), optimizer=adam)

    return examine(
        make,
        lambda agent, t: agent.memory.put((t.obs, t.action, t.reward, t.next_obs, t.mask)),
        lambda agent: m.train(agent.q, agent.target, agent.memory, agent.optimizer),
        sync=lambda agent: agent.target.load_state_dict(agent.q.state_dict()),
        obs=4,
        n_actions=2,
    )
