"""Updates met first in November 2026, drawn at random: owners a to m, DDPG and TD3.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bench.corpus.adapters.common import DICT, FIRST, ONE, OWN, PASSED, READ, TWO
from bench.corpus.registry import RIGHT, update
from gradexaminer import Report, examine, watch


@update("3598ec58ff2b", "DDPG.py", "40ad4830a7", "DDPG", OWN, RIGHT, READ, FIRST)
def ddpg_3598ec(code: Any) -> Report:
    m = code.module(definitions=True)
    m.args.update_iteration, m.args.batch_size = 1, 40
    return examine(
        lambda: m.DDPG(5, 3, 2.0),
        lambda agent, t: agent.replay_buffer.push((t.obs, t.next_obs, t.action, t.reward, float(t.done))),
        lambda agent: agent.update(),
        **TWO,
    )


TORCS = ("critic-width", "partly-updated", "critic-moved-by-actor|actor-gradient-left|optimizer-elsewhere")


@update(
    "435afe7a37f5",
    "ddpg.py",
    "cf9d8bc5bc",
    "DDPG",
    "function with everything inside",
    TORCS,
    "read: a critic with one output per action; only the first row of each target weight follows; "
    "the critic's optimizer steps after the actor's loss and the actor's never does",
    FIRST,
)
def ddpg_435afe(code: Any) -> Report:
    class Torcs:
        def __init__(self, env):
            self.env = env

        def reset(self, relaunch=False):
            return self.seen(self.env.reset()[0])

        def step(self, action):
            obs, reward, terminated, _, info = self.env.step(action)
            return self.seen(obs), reward, terminated, info

        def seen(self, o):
            ob = SimpleNamespace(angle=o[:1], track=o[1:20], trackPos=o[20:21], rpm=o[28:])
            ob.speedX, ob.speedY, ob.speedZ = o[21:22], o[22:23], o[23:24]
            ob.wheelSpinVel = o[24:28].astype("float64") * 100.0
            return ob

    def run(make):
        for name in ("ActorNetwork.py", "CriticNetwork.py"):
            code.module(name, change=lambda text: text.replace('"cuda:0"', '"cpu"'))
        m = code.module(change=lambda text: text.replace("'cuda:0'", "'cpu'"), stop="__main__")
        m.TorcsEnv = lambda **_: Torcs(make())
        m.OU = SimpleNamespace(
            function=lambda *_: 0.0
        )  # its own returns arrays, which NumPy no longer takes for numbers
        m.playGame(1)

    return watch(run, obs=29, low=[-1.0, 0.0, 0.0], high=[1.0, 1.0, 1.0])


@update("75695ada2617", "td3.py", "02f377bec3", "TD3", OWN, RIGHT, READ, FIRST)
def td3_75695a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3(5, 3, 1e-3, 1e-3, "cpu", 1.0),
        lambda agent, t: agent.buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.train(40),
        **ONE,
    )


@update("b41bac701f5f", "ddpg_agent.py", "680e923c76", "DDPG", OWN, RIGHT, READ, FIRST)
def ddpg_b41bac(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPGAgent(5, 3),
        lambda agent, t: agent.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        **ONE,
    )


@update("1417fb6ac982", "ddpg_agent.py", "cd6ae488e1", "DDPG", OWN, RIGHT, READ, FIRST)
def ddpg_1417fb(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 3, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), m.GAMMA),
        **ONE,
    )


@update(
    "4af2e58ac433",
    "ddpg.py",
    "0727d55b77",
    "DDPG",
    OWN,
    ("mask-missing",),
    "read: done is sampled and not used",
    FIRST,
)
def ddpg_4af2e5(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPGagent(None),
        lambda agent, t: agent.memory.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(40),
        obs=2,
        low=[-1.0],
        high=[1.0],
    )


@update("7ca6618a283c", "td3_agent.py", "28b7581733", "TD3", PASSED, RIGHT, READ, FIRST)
def td3_7ca661(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(policy=m.TD3(5, 3, 2.0), buffer=m.ReplayBuffer(5, 3)),
        lambda both, t: both.buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda both: both.policy.train(both.buffer, 40),
        **TWO,
    )


@update(
    "eccf788818d9",
    "DDPG.py",
    "888b13f69a",
    "DDPG",
    PASSED,
    ("actor-sign",),
    "read: the actor's loss is +Q; the rewards of its environments are not costs",
    FIRST,
)
def ddpg_eccf78(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(policy=m.DDPG(5, 3, 2.0), buffer=m.ReplayBuffer(5, 3)),
        lambda both, t: both.buffer.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda both: both.policy.learn(both.buffer),
        **TWO,
    )


@update("ae7e5c62dd00", "ddpg_agent.py", "d306849084", "DDPG", "agent object, buffer given to it", RIGHT, READ, FIRST)
def ddpg_ae7e5c(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 3, m.ReplayBuffer(3, 10000, 64, 0), 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), m.GAMMA),
        **ONE,
    )


@update("8f25491683db", "DDPG.py", "cc509488ab", "DDPG", DICT, RIGHT, READ, FIRST)
def ddpg_8f2549(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPGAgent(5, 64, 2, 1.0, 0.1, 1e-3, 1e-3, 0.01, 0.99, "cpu"),
        update=lambda agent, batch: agent.update(batch.as_dict()),
        low=[-1.0, -1.0],
        high=[1.0, 1.0],
    )


@update(
    "67093cc78d96",
    "td3_agent.py",
    "5a62f31d94",
    "TD3",
    PASSED,
    ("critic-other-action",),
    "read: on the CPU, FloatTensor shares the memory of float32 actions, and normal_() overwrites them with noise",
    FIRST,
)
def td3_67093c(code: Any) -> Report:
    m, buffers = code.module(), code.module("replay_memory.py")
    return examine(
        lambda: SimpleNamespace(policy=m.TD3(5, 3, 2.0, 64), buffer=buffers.ReplayBuffer()),
        lambda both, t: both.buffer.add((t.obs, t.next_obs, t.action, t.reward, float(t.done))),
        lambda both: both.policy.train(both.buffer, 1, 40),
        **TWO,
    )


@update("973634ed1fca", "ddpg_agent.py", "5a9942288d", "DDPG", OWN, RIGHT, READ, FIRST)
def ddpg_973634(code: Any) -> Report:
    m = code.module()
    code.enter()  # the agent begins with the weights that lie beside it, for 24 numbers and 2 actions
    return examine(
        lambda: m.Agent(24, 2, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), m.GAMMA),
        obs=24,
        low=[-1.0] * 2,
        high=[1.0] * 2,
    )


@update("081f97a054c6", "TD3.py", "ba74cc1a6c", "TD3", PASSED, RIGHT, "read: the actor climbs Q2, by choice", FIRST)
def td3_081f97(code: Any) -> Report:
    m, utils = code.module(), code.module("utils.py")
    return examine(
        lambda: SimpleNamespace(policy=m.TD3(5, 3, 2.0), buffer=utils.ReplayBuffer()),
        lambda both, t: both.buffer.add(t.obs, t.next_obs, t.action, t.reward, float(t.done)),
        lambda both: both.policy.train(1, both.buffer, 0.005, 40),
        **TWO,
    )


@update("8e4dc60eb477", "td3_agent.py", "4a4294f8ab", "TD3", OWN, RIGHT, "read: actions stored in [0, 1]", FIRST)
def td3_8e4dc6(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 3, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), m.GAMMA),
        low=[0.0] * 3,
        high=[1.0] * 3,
    )


@update("9bc9ad383b88", "td3_agent.py", "e3051f2e94", "TD3", OWN, RIGHT, READ, FIRST)
def td3_9bc9ad(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3Agent([5], 3, 0.005, 0.99, 1000, 64, 64, 40, 1e-3, 1e-3),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("ba3e1c297741", "td3.py", "589b0e8b8f", "TD3", PASSED, RIGHT, "read: not_done is what is stored", FIRST)
def td3_ba3e1c(code: Any) -> Report:
    m, parts = code.module(), code.module("ActorCritic.py")
    return examine(
        lambda: SimpleNamespace(policy=m.TD3(5, 3, 2.0), buffer=parts.ReplayBuffer(1000)),
        lambda both, t: both.buffer.add(t.obs, t.action, t.next_obs, t.reward, 1.0 - t.done),
        lambda both: both.policy.train(both.buffer, 40),
        **TWO,
    )


@update("b312dc51071b", "ddpg_agent.py", "cd20ada0f4", "DDPG", OWN, RIGHT, READ, FIRST)
def ddpg_b312dc(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 3, 0),
        lambda agent, t: agent.step(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.init_learn(),
        **ONE,
    )
