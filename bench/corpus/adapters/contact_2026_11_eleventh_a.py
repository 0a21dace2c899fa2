"""Updates met first in the eleventh round of November 2026, drawn at random: TD3 and DDPG.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import torch

from bench.corpus.adapters.common import BATCH, BOX, ELEVENTH, LOOP, LOOSE, ONE, OWN, PASSED, READ, TWO
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import Anything, OldEnv, env_of
from gradexaminer import Report, examine, watch

SPACE = BOX.action_space
OLD_DONE = "read: the old Gym's done, with time limits in it, is stored"


@update(
    "4d1155e61087",
    "td3/td3.py",
    "b34e5711fb",
    "TD3, one noise for a batch",
    LOOP,
    ("mask-truncated",),
    OLD_DONE,
    ELEVENTH,
)
def td3_4d1155(code: Any) -> Report:
    def run(make):
        m, env = code.module(), OldEnv(make())
        agent = m.TD3Agent(5, 3, 0.1, -1.0, 1.0, 0.2, 0.5)
        m.train(agent, env, buffer_size=5000, batch_size=32, start_steps=200, min_steps_update=1)

    return watch(run, **ONE)


@update("4d1155e61087", "ddpg/ddpg.py", "b34e5711fb", "DDPG", LOOP, ("mask-truncated",), OLD_DONE, ELEVENTH)
def ddpg_4d1155(code: Any) -> Report:
    def run(make):
        m, env = code.module(), OldEnv(make())
        agent = m.DDPGAgent(5, 3, 0.1, -1.0, 1.0)
        m.train(agent, env, buffer_size=5000, batch_size=32, start_steps=200, min_steps_update=1)

    return watch(run, **ONE)


@update(
    "fc2b6c154c30",
    "td3/td3.py",
    "fc75f4d79c",
    "TD3, observations normalized by the batch",
    PASSED,
    RIGHT,
    LOOSE,
    ELEVENTH,
)
def td3_fc2b6c(code: Any) -> Report:
    norm = code.module("td3/obsnormaliser.py", change=lambda s: s.replace("'cuda'", "'cpu'"))
    nets, m = code.module("td3/networks.py"), code.module()
    names = "observations", "actions", "rewards", "next_observations", "terminals"

    def make():
        q, pi = (lambda: nets.QvalueNetwork([64, 64], 8)), (lambda: nets.PolicyNetwork([64, 64], 3, 5))
        return m.TD3(
            q(), q(), q(), q(), pi(), pi(), 0.005, 5, norm.ObservationNormaliser(5, device="cpu"), device="cpu"
        )

    def learn(agent, b):
        batch = dict(zip(names, (x.numpy() for x in b.tensors(column=True)), strict=True))
        agent.train(SimpleNamespace(random_batch=lambda _n: batch), 1)

    return examine(make, update=learn, **ONE)


@update(
    "fc2b6c154c30",
    "ddpg/ddpg.py",
    "fc75f4d79c",
    "DDPG",
    PASSED,
    ("mask-missing",),
    "read: ends are sampled, and not used",
    ELEVENTH,
)
def ddpg_fc2b6c(code: Any) -> Report:
    nets, m = code.module("ddpg/networks.py"), code.module()
    names = "observations", "actions", "rewards", "next_observations", "terminals"

    def make():
        q, pi = (lambda: nets.QvalueNetwork([64, 64], 8)), (lambda: nets.PolicyNetwork([64, 64], 3, 5))
        return m.DDPG(q(), q(), pi(), pi(), 0.005, device="cpu")

    def learn(agent, b):
        batch = dict(zip(names, (x.numpy() for x in b.tensors(column=True)), strict=True))
        agent.train(SimpleNamespace(random_batch=lambda _n: batch))

    return examine(make, update=learn, **ONE)


@update("c29f060dba7e", "TD3_agent.py", "6d5d75d330", "TD3, twins in one module", OWN, RIGHT, READ, ELEVENTH)
def td3_c29f06(code: Any) -> Report:
    m = code.module(change=lambda s: s.replace("int(1e6)", "5000"))
    told = {
        "state_dim": 5,
        "action_dim": 3,
        "max_action": 1.0,
        "net_width": 64,
        "a_lr": 1e-3,
        "c_lr": 1e-3,
        "gamma": 0.99,
    }
    return examine(
        lambda: m.TD3_agent(**told, batch_size=32, delay_freq=1, explore_noise=0.1, dvc=torch.device("cpu")),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train(),
        **ONE,
    )


@update(
    "f6822ae4fbb0",
    "td3/td3.py",
    "ec2eaa0013",
    "TD3",
    LOOP,
    ("target-noise-biased",),
    "read: the noise of the target action is uniform between 0 and its scale, and so never negative",
    ELEVENTH,
)
def td3_f6822a(code: Any) -> Report:
    def run(make):
        m = code.module(dotted="td3.td3")
        told = {
            "steps_per_epoch": 10**6,
            "replay_size": 5000,
            "batch_size": 32,
            "start_steps": 200,
            "update_after": 200,
        }
        m.td3(lambda: OldEnv(make(), time_limit_is_done=False), "x", **told, update_every=2)

    return watch(run, **ONE)


@update(
    "b7c022fb01f4",
    "td3/td3_agent.py",
    "abb6f21edf",
    "TD3, twins in one module",
    OWN,
    RIGHT,
    "read; as its program makes it, without priorities",
    ELEVENTH,
)
def td3_b7c022(code: Any) -> Report:
    m = code.module(dotted="td3.td3_agent")
    both = env_of(5, low=[-1.0] * 6, high=[1.0] * 6)  # of two players, half of which is the agent's
    told = {
        "use_PER": False,
        "batch_size": 32,
        "buffer_size": 4096,
        "hidden_dim_critic": [64],
        "hidden_dim_actor": [64],
    }
    return examine(
        lambda: m.TD3Agent(both.observation_space, both.action_space, "cpu", told),
        lambda agent, t: agent.store_transition((t.obs, t.action, t.reward, t.next_obs, t.done)),
        lambda agent: agent.train(1),
        **ONE,
    )


@update(
    "95412dd4c97b",
    "td3/td3.py",
    "97690f82e4",
    "TD3, twins in one module",
    PASSED,
    ("wrong-state", "mask-inverted", "actor-detached"),
    "read: the target critic is shown s, the flag of an end multiplies its value, and the actor's action is detached",
    ELEVENTH,
)
def td3_95412d(code: Any) -> Report:
    sys.modules["file_names"] = Anything()  # type: ignore[assignment]
    m = code.module(change=lambda s: s.replace("'cuda'", "'cpu'").replace("td3.", ""))
    m.cons.BATCH_SIZE, m.cons.report = 32, Anything()
    memory = code.module("td3/experience/replay_buffer.py", change=lambda s: s.replace("td3.", ""))
    return examine(
        lambda: SimpleNamespace(agent=m.TD3("cooperative"), buffer=memory.ReplayBuffer()),
        lambda x, t: x.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x.agent.train(x.buffer, 1),
        obs=14,
        low=[-0.2] * 14,
        high=[0.2] * 14,
    )


@update(
    "1bc688853831",
    "TD3_agent.py",
    "03551d83ad",
    "TD3",
    OWN,
    ("target-noise-biased",),
    "read: the target action's noise is a process with positive increments alone, which settles at 0.5",
    ELEVENTH,
)
def td3_1bc688(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3(5, 3, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99, 1),
        **ONE,
    )


@update("1bc688853831", "DDPG_Agent.py", "03551d83ad", "DDPG", OWN, RIGHT, LOOSE, ELEVENTH)
def ddpg_1bc688(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPG_Agent(5, 3, 1, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        **ONE,
    )


@update("d304d3e18f29", "td3/td3.py", "05de280d5c", "TD3, priorities, batch normalization", OWN, RIGHT, READ, ELEVENTH)
def td3_d304d3(code: Any) -> Report:
    m = code.module()

    def learn(agent):
        agent.total_step += 1
        agent.update_model()

    return examine(
        lambda: m.TD3(4, 1, 4096, 32),
        lambda agent, t: agent.memory.store(t.obs, t.action[0], t.reward, t.next_obs, t.done),
        learn,
        obs=4,
        low=[-1.0],
        high=[1.0],
    )


@update("d304d3e18f29", "ddpg/ddpg.py", "05de280d5c", "DDPG", OWN, RIGHT, LOOSE, ELEVENTH)
def ddpg_d304d3(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPG(5, 1, 5000, 32, 1.0, 0.1),
        lambda agent, t: agent.memory.store(t.obs, t.action[0], t.reward, t.next_obs, t.done),
        lambda agent: agent.update_model(),
        low=[-1.0],
        high=[1.0],
    )


ENV = env_of(5, **ONE)
BUFFER = "common/replay_buffers"  # a file of Python without its ending


@update("5e8b422378bc", "td3/td3.py", "d7cf0726c6", "TD3", OWN, RIGHT, READ, ELEVENTH)
def td3_5e8b42(code: Any) -> Report:
    sys.modules["common.replay_buffers"] = code.module(BUFFER)
    m = code.module()
    return examine(
        lambda: m.TD3Agent(ENV, 0.99, 2, 0.005, 5000, 0.1, 0.5, 3e-4, 3e-4),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(32, agent.steps + 1),
        **ONE,
    )


@update("5e8b422378bc", "DDPG/ddpg.py", "d7cf0726c6", "DDPG, noise in the target action", OWN, RIGHT, READ, ELEVENTH)
def ddpg_5e8b42(code: Any) -> Report:
    sys.modules["common.replay_buffers"] = code.module(BUFFER)
    m = code.module()
    return examine(
        lambda: m.DDPGAgent(ENV, 0.99, 0.005, 5000, 0.1, 0.5, 3e-4, 3e-4),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(32),
        **ONE,
    )


@update("10eff7bdb3ac", "TD3_agent.py", "c49e265ce9", "TD3, behavior cloning", BATCH, RIGHT, READ, ELEVENTH)
def td3_10eff7(code: Any) -> Report:
    m = code.module()
    told = {
        "lr": 3e-4,
        "gamma": 0.99,
        "delay": 2,
        "tau": 0.005,
        "alpha": 2.5,
        "batch_size": 32,
        "save_dir": "",
        "env_name": "",
    }
    args = SimpleNamespace(**told, smoother_mu=0, smoother_sigma=0.2, smoother_clip=0.5, eval_episodes=1)
    return examine(
        lambda: m.TD3Agent(ENV.observation_space, ENV.action_space, args, "cpu"),
        update=lambda agent, b: agent.learn(b.tensors(), True),
        **ONE,
    )


@update("a20260a219bb", "td3/td3.py", "72ceba2cf7", "TD3", PASSED, RIGHT, READ, ELEVENTH)
def td3_a20260(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(
            agent=m.TD3(5, 3, 1.0, 0.005, 0.99, 0.2, 0.5, 2), buffer=m.ReplayBuffer(5000, 5, 3, "cpu")
        ),
        lambda x, t: x.buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x.agent.train(x.buffer, 32),
        **ONE,
    )


def alone(text: str) -> str:
    """Without the processes that a manager of several would start."""
    return text.replace("from .mp_utils import manager", "").replace('manager.Value("n_allocated", 0)', "None")


@update(
    "0c7198ea86eb",
    "td3/td3.py",
    "f4447c52e2",
    "TD3, twins in one module, a softmax of actions",
    OWN,
    ("twin-untrained", "polyak-swapped"),
    "read: both optimizers hold the first critic, and the online weights enter the targets with 0.995",
    ELEVENTH,
)
def td3_0c7198(code: Any) -> Report:
    tools = code.module("py_cache_emu/utils/torch_utils.py", change=alone)
    sys.modules["py_cache_emu"] = SimpleNamespace(torch_utils=tools)  # type: ignore[assignment]
    m = code.module(dotted="td3.td3")
    env = env_of(5, low=[0.0] * 3, high=[1.0] * 3)

    def learn(agent):
        agent.step_count += 1
        agent._update()

    return examine(
        lambda: m.TD3Agent(env.observation_space, env.action_space, memory_size=5000),
        lambda agent, t: agent.memory.store_transition(t.obs, t.action, t.reward, t.done, t.next_obs),
        learn,
        low=[0.0] * 3,
        high=[1.0] * 3,
    )


@update("c859d3591560", "agents/td3.py", "624987ee06", "TD3", OWN, RIGHT, READ, ELEVENTH)
def td3_c859d3(code: Any) -> Report:
    m = code.module(dotted="agents.td3")
    return examine(
        lambda: m.Agent([5], env=BOX, n_actions=[3], max_size=5000, fc1=64, fc2=64, batch_size=32, device="cpu"),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("d5a1d16af1db", "agents/ddpg.py", "d70b158a96", "DDPG", OWN, RIGHT, READ, ELEVENTH)
def ddpg_d5a1d1(code: Any) -> Report:
    m, make = code.module(dotted="agents.ddpg"), code.module(dotted="utils.utils").make_transition
    told = {
        "gamma": 0.99,
        "q_lr": 3e-4,
        "actor_lr": 3e-4,
        "soft_update_rate": 0.005,
        "hidden_dim": 64,
        "memory_size": 5000,
    }
    args = SimpleNamespace(
        **told, layer_num=3, activation_function=torch.relu, last_activation=torch.tanh, trainable_std=False
    )
    return examine(
        lambda: m.DDPG(None, "cpu", 5, 3, args, None),
        lambda agent, t: agent.put_data(make(*t.as_tuple())),
        lambda agent: agent.train_net(32, 1),
        **ONE,
    )


@update(
    "88660f87ad13",
    "agent/ddpg_agent.py",
    "cda181aca7",
    "DDPG",
    OWN,
    RIGHT,
    "read; the label is not detached, which fills the target's .grad alone; the actor ends in a clamp",
    ELEVENTH,
)
def ddpg_88660f(code: Any) -> Report:
    m = code.module(dotted="agent.ddpg_agent")
    return examine(
        lambda: m.DDPGAgent(ENV.action_space, ENV.observation_space, 0.99),
        lambda agent, t: agent.observe_step(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train(32, 1),
        **ONE,
    )


@update(
    "da512b295a5c",
    "agent_v2/ddpg_agent.py",
    "15e33d7be8",
    "DDPG",
    OWN,
    ("target-never",),
    "read: the soft update binds a name anew, and changes no network",
    ELEVENTH,
)
def ddpg_da512b(code: Any) -> Report:
    m, env = code.module(), env_of(5, low=[-1.0], high=[1.0])
    return examine(
        lambda: m.DDPGAgent(env, buffer_size=5000, batch_size=32, update_steps=1),
        lambda agent, t: agent.store_step(t.obs, float(t.action[0]), t.reward, t.next_obs, t.done),
        lambda agent: agent.train(),
        low=[-1.0],
        high=[1.0],
    )


@update(
    "148bfa0c7086",
    "agent/ddpg_agent.py",
    "09ad01cb16",
    "DDPG, noisy layers in the actor",
    PASSED,
    RIGHT,
    READ,
    ELEVENTH,
)
def ddpg_148bfa(code: Any) -> Report:
    m, memory = code.module(dotted="agent.ddpg_agent"), code.module("agent/memory.py")
    return examine(
        lambda: SimpleNamespace(agent=m.DDPGAgent(5, 3, 2.0), buffer=memory.ReplayBuffer(5, 3, 5000)),
        lambda x, t: x.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x.agent.train(x.buffer, 32),
        **TWO,
    )
