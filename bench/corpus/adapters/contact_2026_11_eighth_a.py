"""Updates met first in the eighth round of November 2026, drawn at random: actors and critics.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import (
    BATCH,
    BOX,
    DICT,
    EIGHTH,
    LOOSE,
    ONE,
    OWN,
    PASSED,
    READ,
    SCRIPT,
    SWEPT,
    TWO,
)
from bench.corpus.registry import RIGHT, update
from gradexaminer import Report, examine, watch

ENDS = "read: the loop stores terminated or truncated as the end"
PENDULUM: dict[str, Any] = {"low": [-2.0], "high": [2.0], "obs": 3}


@update("24bf66e10014", "algorithms/td3.py", "0150c53f7b", "TD3", DICT, RIGHT, READ, EIGHTH)
def td3_24bf66(code: Any) -> Report:
    m = code.module(dotted="algorithms.td3")
    return examine(
        lambda: m.TD3(5, 64, 3, 2.0, 1e-3, 1e-3, 0.005, 0.98, 0.1, 0.4, 1.0, 2, "cpu"),
        update=lambda agent, b: agent.update(b.as_dict()),
        **TWO,
    )


@update("24bf66e10014", "algorithms/sac.py", "0150c53f7b", "SAC with a state value", DICT, RIGHT, READ, EIGHTH)
def sac_24bf66(code: Any) -> Report:
    m = code.module(dotted="algorithms.sac")
    return examine(
        lambda: m.SAC(5, 64, 3, torch.ones(3), 1e-3, 1e-3, 1e-3, 0.005, 0.98, "cpu"),
        update=lambda agent, b: agent.update(b.as_dict()),
        **ONE,
    )


@update("6510d209f7a7", "algorithms/td3.py", "9c6218c0dc", "TD3", SCRIPT, ("mask-truncated",), ENDS, EIGHTH)
def td3_6510d2(code: Any) -> Report:
    return watch(
        lambda make: code.run(make, "--total-timesteps", "20000", "--start-learning-timestep", "500", "--cpu"),
        **TWO,
    )


@update("6510d209f7a7", "algorithms/sac.py", "9c6218c0dc", "SAC", SCRIPT, ("mask-truncated",), ENDS, EIGHTH)
def sac_6510d2(code: Any) -> Report:
    return watch(
        lambda make: code.run(make, "--total-timesteps", "20000", "--start-learning-timestep", "500", "--cpu"),
        **TWO,
    )


@update("f18014ca37cf", "algorithms/td3.py", "409f381c4e", "TD3", OWN, RIGHT, READ, EIGHTH)
def td3_f18014(code: Any) -> Report:
    m = code.module(dotted="algorithms.td3")
    return examine(
        lambda: m.TD3Agent(5, 3, 64, buffer_size=5000, device="cpu"),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(32),
        **ONE,
    )


@update("f18014ca37cf", "algorithms/sac.py", "409f381c4e", "SAC", OWN, RIGHT, READ, EIGHTH)
def sac_f18014(code: Any) -> Report:
    m = code.module(dotted="algorithms.sac")
    return examine(
        lambda: m.SACAgent(5, 3, 64, buffer_size=5000, device="cpu"),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(32),
        **ONE,
    )


def of_columns(b: Any) -> dict[str, torch.Tensor]:
    """A batch by the names that this repository gives its columns."""
    names = ("state", "action", "reward", "next_state", "done")
    return dict(zip(names, b.tensors(column=True), strict=True))


def without_its_own(text: str) -> str:
    """The file without imports of names that its repository does not have there."""
    return re.sub(r"from (core|agents) import .*", "", text)


SPACES = (SimpleNamespace(shape=(5,)), SimpleNamespace(shape=(3,), high=np.ones(3, np.float32)))


@update(
    "5ccd854fcc8d",
    "algorithms/td3.py",
    "1f59b0c3d0",
    "TD3, one module for actor and critics",
    BATCH,
    ("twin-untrained",),
    "read: the second critic's loss is made of the first critic's values",
    EIGHTH,
)
def td3_5ccd85(code: Any) -> Report:
    m, nets = code.module(change=without_its_own), code.module("agents/ddpg_agents.py")

    def make():
        return SimpleNamespace(td3=m.TD3(nets.TD3ActorCritic(*SPACES, 64, 64), None, batch_size=32), calls=0)

    def learn(agent, b):
        agent.calls += 1
        agent.td3.update(of_columns(b), agent.calls)

    return examine(make, update=learn, **ONE)


@update("5ccd854fcc8d", "algorithms/ddpg.py", "1f59b0c3d0", "DDPG, one module", BATCH, RIGHT, READ, EIGHTH)
def ddpg_5ccd85(code: Any) -> Report:
    m, nets = code.module(change=without_its_own), code.module("agents/ddpg_agents.py")
    return examine(
        lambda: m.DDPG(nets.DDPGActorCritic(*SPACES, 64, 64), None),
        update=lambda agent, b: agent.update(of_columns(b)),
        **ONE,
    )


@update("6e3e47318654", "algorithms/td3.py", "09485bd902", "TD3", OWN, RIGHT, READ, EIGHTH)
def td3_6e3e47(code: Any) -> Report:
    m = code.module(dotted="algorithms.td3")
    return examine(
        lambda: m.TD3Agent(5, 3, batch_size=32),
        lambda agent, t: agent.buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("6e3e47318654", "algorithms/ddpg.py", "09485bd902", "DDPG", OWN, RIGHT, READ, EIGHTH)
def ddpg_6e3e47(code: Any) -> Report:
    m = code.module(dotted="algorithms.ddpg")
    return examine(
        lambda: m.DDPGAgent(5, 3, batch_size=32),
        lambda agent, t: agent.buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("5bf2d74e575c", "algorithms/td3.py", "9330108197", "TD3, label row by row", OWN, RIGHT, READ, EIGHTH)
def td3_5bf2d7(code: Any) -> Report:
    m = code.module()
    env = SimpleNamespace(data_manager=SimpleNamespace(store_path="/tmp"))
    return examine(
        lambda: m.TD3Agent(1e-4, 1e-3, 5, 0.01, env, 0.99, 3, 5000, 64, 64, 64, 64, 32),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("12440ed7332e", "algorithms/td3.py", "30a62efbab", "TD3", OWN, RIGHT, READ, EIGHTH)
def td3_12440e(code: Any) -> Report:
    m, row = code.module(dotted="algorithms.td3"), code.module(dotted="structures.transition").Transition
    kind = {"memory_size": 5000, "states_dim": 5, "actions_dim": 3, "action_min": -1.0, "action_max": 1.0, "noise": 0.1}
    more = {
        "target_noise": 0.2,
        "noise_clip": 0.5,
        "q_hidden_units": 64,
        "policy_hidden_units": 64,
        "batch_size": 32,
        "gamma": 0.98,
    }
    rates = {"q_learning_rate": 1e-3, "pi_learning_rate": 1e-3, "policy_update_delay": 2, "device": "cpu"}
    return examine(
        lambda: m.TD3Agent(**kind, **more, **rates, q_polyak=0.95, policy_polyak=0.95, her_clip=False),
        lambda agent, t: agent.push(row(t.obs, t.action, t.next_obs, np.array(t.reward), t.terminated)),
        lambda agent: agent.update(),
        **ONE,
    )


@update("12440ed7332e", "algorithms/ddpg.py", "30a62efbab", "DDPG, actions without a bound", OWN, RIGHT, READ, EIGHTH)
def ddpg_12440e(code: Any) -> Report:
    m, row = code.module(dotted="algorithms.ddpg"), code.module(dotted="structures.transition").Transition
    kind = {"memory_size": 5000, "states_dim": 5, "actions_dim": 3, "action_min": -1.0, "action_max": 1.0}
    more = {"noise_sigma": 0.1, "polyak": 0.05, "gamma": 0.98, "network_hidden_units": 64, "batch_size": 32}
    return examine(
        lambda: m.DDPG(**kind, **more, q_learning_rate=1e-3, pi_learning_rate=1e-3, device="cpu"),
        lambda agent, t: agent.push(row(t.obs, t.action, t.next_obs, np.array(t.reward), t.terminated)),
        lambda agent: agent.update(),
        **ONE,
    )


@update(
    "e5b8df3eb2f8",
    "algorithms/td3.py",
    "39022dd778",
    "TD3, twins in one module",
    PASSED,
    ("partly-trained",),
    "read: the critic multiplies with `.weight.data` of its second layers, to which no gradient comes",
    EIGHTH,
)
def td3_e5b8df(code: Any) -> Report:
    m = code.module(definitions=True, device="cpu")
    buffer = code.module("algorithms/replay_buffer.py")

    def make():
        agent = m.TD3(5, 3, 1.0, None)
        agent.buffer, agent.writer = buffer.ReplayBuffer(5000, 0), SimpleNamespace(add_scalar=lambda *_: None)
        return agent

    return examine(
        make,
        lambda agent, t: agent.buffer.add(t.obs, t.action.astype(float), t.reward, float(t.done), t.next_obs),
        lambda agent: agent.train(agent.buffer, 3, 32, 0.98),
        **ONE,
    )


@update("4f8f3a2e6bfe", "sac_torch.py", "3c761d5ce7", "SAC with a state value, temperature", OWN, RIGHT, SWEPT, EIGHTH)
def sac_4f8f3a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(input_dims=[5], env=BOX, n_actions=3, max_size=5000, batch_size=32),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("0af7113a2ceb", "sac_torch.py", "371cdd5fdb", "SAC", OWN, RIGHT, READ, EIGHTH)
def sac_0af711(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent([5], BOX, 3, max_size=5000, batch_size=32),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("cee2a48017fd", "sac_torch.py", "c95ae9ebff", "SAC", OWN, RIGHT, READ, EIGHTH)
def sac_cee2a4(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(input_dims=[5], env=BOX, n_actions=3, max_size=5000, batch_size=32),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(1),
        **ONE,
    )


@update(
    "2f5e645091f9",
    "sac_torch.py",
    "13467faf7c",
    "SAC with a state value",
    OWN,
    ("actions-rounded",),
    "considered right at first: the examiner showed that the buffer of actions holds whole numbers",
    EIGHTH,
)
def sac_2f5e64(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(input_dims=[5], env=BOX, n_actions=3, max_size=5000, batch_size=32),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "5b3d3663b370",
    "src/agents/sac.py",
    "8add8b647d",
    "SAC, penalties on the actor",
    OWN,
    RIGHT,
    "read; temporal and spatial penalties on the mean action",
    EIGHTH,
)
def sac_5b3d36(code: Any) -> Report:
    m = code.module(dotted="src.agents.sac")
    task = SimpleNamespace(state_dim=5, action_dim=3, lam_s=1.0, lam_t=1.0)
    sizes = {"hidden_dim": 64, "max_action": 1.0, "batch_size": 32, "buffer_size": 5000}
    told = SimpleNamespace(tasks={"x": task}, globals=SimpleNamespace(**sizes, lr=1e-3, gamma=0.99, tau=0.005))
    return examine(
        lambda: m.SACAgent("x", told),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.update(),
        **ONE,
    )


@update(
    "5b3d3663b370",
    "src/agents/redqsac.py",
    "8add8b647d",
    "SAC, an ensemble with dropout",
    OWN,
    RIGHT,
    "read; dropout, smallest of all critics",
    EIGHTH,
)
def redq_5b3d36(code: Any) -> Report:
    m = code.module(dotted="src.agents.redqsac")
    task = SimpleNamespace(state_dim=5, action_dim=3, lam_s=1.0, lam_t=1.0)
    sizes = {"hidden_dim": 64, "max_action": 1.0, "batch_size": 32, "buffer_size": 5000, "dropout": 0.01}
    told = SimpleNamespace(tasks={"x": task}, globals=SimpleNamespace(**sizes, lr=1e-3, gamma=0.99, tau=0.005))
    told.agents = {"redq": SimpleNamespace(q_nr=3, utd=1)}
    return examine(
        lambda: m.REDQSACAgent("redq", "x", told),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.update(),
        **ONE,
    )


@update(
    "4e4a916e98ef",
    "models/ddpg.py",
    "702349c167",
    "DDPG",
    OWN,
    ("mask-missing",),
    "read: no end can be stored",
    EIGHTH,
)
def ddpg_4e4a91(code: Any) -> Report:
    m, n = code.module(dotted="models.ddpg"), code.module("ddpg_exam.ipynb", stop="gym.make")
    adam = torch.optim.Adam

    def make():
        actor, critic = n.Actor(3, 1, 64), n.Critic(3, 1, 64)
        return m.DDPG(None, 1, actor, adam(actor.parameters()), critic, adam(critic.parameters()), act_range=(-2, 2))

    return examine(
        make,
        lambda agent, t: agent.buffer.put((t.obs, t.action, t.reward / 100, t.next_obs)),
        lambda agent: agent.update(),
        **PENDULUM,
    )


@update("4e4a916e98ef", "models/td3.py", "702349c167", "TD3", OWN, RIGHT, READ, EIGHTH)
def td3_4e4a91(code: Any) -> Report:
    m, n = code.module(dotted="models.td3"), code.module("td3_exam.ipynb", stop="gym.make")

    def make():
        nets = n.Actor(3, 1, 64), n.Critic(3, 1, 64), n.Critic(3, 1, 64)
        pairs = [x for net in nets for x in (net, torch.optim.Adam(net.parameters()))]
        return m.TD3(None, 1, *pairs, eps=0, tau=5e-3, act_noise=0.2, act_range=(-2, 2))

    return examine(
        make,
        lambda agent, t: agent.buffer.put((t.obs, t.action, t.reward / 100, t.mask, t.next_obs)),
        lambda agent: [agent.update_cri(), agent.update_act()],
        **PENDULUM,
    )


@update(
    "a3931945e6ee",
    "models/ddpg.py",
    "e016c36462",
    "DDPG",
    BATCH,
    ("actor-gradient-left",),
    "read: the actor's and the critic's backward passes follow each other, and the critic's step applies both",
    EIGHTH,
)
def ddpg_a39319(code: Any) -> Report:
    h = code.module(dotted="utils").hyperparams
    m = code.module(dotted="models.ddpg")

    def make():
        agent = m.DDPG((5,), 3, h.DDPG_Config(action_min=-torch.ones(3), action_max=torch.ones(3)))
        agent.held = [agent.make_net()]
        return agent

    def learn(agent, b):
        s, a, r, s2, d = b.tensors()
        agent.update(s, a, r, [None if end else x[None] for x, end in zip(s2, d, strict=True)], agent.held[0])

    return examine(make, update=learn, **ONE)


def rows_of(b: Any) -> list[tuple[Any, ...]]:
    """A batch as a list of transitions, whose ends are truth values."""
    return [(*row[:4], bool(row[4])) for row in zip(*b.tensors(), strict=True)]


@update(
    "4d33c2fb7cdd",
    "models/ddpg.py",
    "6c203d0b07",
    "DDPG, a penalty on the actions",
    BATCH,
    RIGHT,
    "read; soft updates by the loop",
    EIGHTH,
)
def ddpg_4d33c2(code: Any) -> Report:
    m = code.module(dotted="models.ddpg")
    return examine(
        lambda: m.DDPG(5, 3),
        update=lambda agent, b: agent.learning_step(rows_of(b)),
        sync=lambda agent: agent.update_network_parameters(),
        **ONE,
    )


@update(
    "4d33c2fb7cdd",
    "models/soft_actor_critic.py",
    "6c203d0b07",
    "SAC",
    BATCH,
    ("td-online", "entropy-unmasked"),
    "read: the label asks the online critics, and subtracts log pi in terminated rows, too",
    EIGHTH,
)
def sac_4d33c2(code: Any) -> Report:
    m = code.module(dotted="models.soft_actor_critic")
    return examine(
        lambda: m.SoftActorCritic(5, 3),
        update=lambda agent, b: agent.learning_step(rows_of(b)),
        sync=lambda agent: agent.update_network_parameters(),
        **ONE,
    )


@update(
    "e78427ea9539",
    "DDPG_agent.py",
    "7b77ecb095",
    "DDPG, Gumbel softmax shares, a table of actions",
    OWN,
    RIGHT,
    "read; the actions are shares with noise of their own",
    EIGHTH,
)
def ddpg_e78427(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPG(1e-4, 1e-3, 2, 3, 4, 64, 64, 64, 64, 64, 64, 64, 64, "/tmp/", max_size=5000, batch_size=32),
        lambda agent, t: agent.remember(t.obs, t.action.reshape(3, 4), t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        low=[0.0] * 12,
        high=[1.0] * 12,
        obs=(2, 3, 4),
    )


@update("3d21fafadd31", "DDPG_agent.py", "af84ae81e2", "DDPG", PASSED, RIGHT, READ, EIGHTH)
def ddpg_3d21fa(code: Any) -> Report:
    m, buffer = code.module(), code.module("buffer.py")

    def make():
        agent = m.DDPG(5, 3, 1.0)
        agent.buffer = buffer.ReplayBuffer(5000)
        return agent

    return examine(
        make,
        lambda agent, t: agent.buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train(agent.buffer),
        **ONE,
    )


@update("22e5913e92b0", "DDPG_agent.py", "528e92fded", "DDPG, batch normalization", OWN, RIGHT, LOOSE, EIGHTH)
def ddpg_22e591(code: Any) -> Report:
    m = code.module()
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.Agent(5, 3, 1, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        **ONE,
    )


@update(
    "546c34927e90",
    "DDPG_agent.py",
    "46a4240c8c",
    "DDPG",
    OWN,
    ("mask-missing",),
    "read: the end of an episode is sampled and not used",
    EIGHTH,
)
def ddpg_546c34(code: Any) -> Report:
    m = code.module()
    spaces = SimpleNamespace(observation_space=SimpleNamespace(shape=(3,)), action_space=SimpleNamespace(shape=(1,)))
    return examine(
        lambda: m.DDPGagent(spaces, 64),
        lambda agent, t: agent.memory.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(32),
        **PENDULUM,
    )


@update(
    "4f486d68b936",
    "models/agent.py",
    "80f50598b2",
    "DDPG, batch normalization",
    OWN,
    ("actions-rounded",),
    "considered right at first: the examiner showed that sampled actions become whole numbers (`long()`)",
    EIGHTH,
)
def ddpg_4f486d(code: Any) -> Report:
    m = code.module(dotted="models.agent")
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.Agent(5, 3, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        **ONE,
    )


@update("0d7733ac1506", "algorithms/td3.py", "dacea833a5", "TD3", SCRIPT, RIGHT, READ, EIGHTH)
def td3_0d7733(code: Any) -> Report:
    m = code.module(dotted="algorithms.td3")

    def run(make):
        m.gym.make = make
        m.train_td3("x", 0, m.TD3Config(warmup_steps=500, batch_size=32, hidden=(64, 64)))

    return watch(run, **TWO)


@update("0d7733ac1506", "algorithms/sac.py", "dacea833a5", "SAC", SCRIPT, RIGHT, READ, EIGHTH)
def sac_0d7733(code: Any) -> Report:
    m = code.module(dotted="algorithms.sac")

    def run(make):
        m.gym.make = make
        m.train_sac("x", 0, m.SACConfig(warmup_steps=500, batch_size=32, hidden=(64, 64)))

    return watch(run, **TWO)


@update("ea5e93d17baa", "agents/ddpg_agent.py", "58fb2fc5eb", "DDPG", OWN, RIGHT, LOOSE, EIGHTH)
def ddpg_ea5e93(code: Any) -> Report:
    m = code.module(dotted="agents.ddpg_agent")
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.Agent(5, 3, 1, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample()[1], 0.99),
        **ONE,
    )


@update("de4d2f49e5e2", "models/ddpg.py", "c05085c165", "DDPG", OWN, RIGHT, LOOSE, EIGHTH)
def ddpg_de4d2f(code: Any) -> Report:
    m = code.module(dotted="models.ddpg")
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.DDPGAgent(1e-3, 5, 3, "x", "/tmp", 2.0),
        lambda agent, t: agent.buffer.add(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda agent: agent.learn(),
        **TWO,
    )


@update(
    "de4d2f49e5e2",
    "models/td3.py",
    "c05085c165",
    "TD3",
    OWN,
    ("mask-inverted",),
    "read: the bootstrap is multiplied by `done`",
    EIGHTH,
)
def td3_de4d2f(code: Any) -> Report:
    m = code.module(dotted="models.td3")
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.TD3Agent(1e-3, 5, 3, "x", "/tmp", 2.0),
        lambda agent, t: agent.buffer.add(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda agent: agent.learn(),
        **TWO,
    )
