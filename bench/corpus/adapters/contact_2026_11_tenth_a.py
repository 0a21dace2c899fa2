"""Updates met first in the tenth round of November 2026, drawn at random: DDPG, TD3 and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bench.corpus.adapters.common import BOX, DICT, LOOSE, ONE, OWN, PASSED, READ, TENTH
from bench.corpus.registry import RIGHT, update
from gradexaminer import Report, examine

SPACE = BOX.action_space


@update(
    "b08cb85b997d",
    "agent/ddpg_agent.py",
    "bac72378b9",
    "DDPG",
    DICT,
    ("mask-missing",),
    "read: the end of an episode is not stored",
    TENTH,
)
def ddpg_b08cb8(code: Any) -> Report:
    m = code.module(dotted="agent.ddpg_agent")

    def learn(agent, b):
        o, a, r, o2, _ = b.tensors(column=True)
        agent.update_policy({"state": o, "action": a, "reward": r, "next_state": o2})

    return examine(
        lambda: m.DeepDeterministicPolicyGradient(5, 3, learning_rate=1e-3, discount_factor=0.99, tau=0.01),
        update=learn,
        **ONE,
    )


@update("88b9682cda57", "agent/ddpg_agent.py", "7ffa50aef2", "DDPG", OWN, RIGHT, READ, TENTH)
def ddpg_88b968(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPGAgent(5, 3, 1.0),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        sync=lambda agent: agent.update_target_net(),
        **ONE,
    )


@update("c6a5abff958f", "agents/sac.py", "2d126018fc", "discrete SAC, twins in one module", OWN, RIGHT, READ, TENTH)
def sac_c6a5ab(code: Any) -> Report:
    m = code.module(dotted="agents.sac")
    return examine(
        lambda: m.SACAgent(5, 4, "cpu", {}),
        lambda agent, t: agent.memory.append((t.obs, t.action, t.reward, t.next_obs, t.done)),
        lambda agent: agent.update(*agent.memory[-1]),
        n_actions=4,
    )


@update("7a69de0b5d93", "agent/ddpg_agent.py", "c1a4a41985", "DDPG", PASSED, RIGHT, READ, TENTH)
def ddpg_7a69de(code: Any) -> Report:
    m, memory = code.module(dotted="agent.ddpg_agent"), code.module("agent/memory.py")
    return examine(
        lambda: SimpleNamespace(agent=m.DDPGAgent(5, 3), buffer=memory.ReplayBuffer(5, 3, 5000)),
        lambda x, t: x.buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda x: x.agent.train(x.buffer, 32),
        **ONE,
    )


@update("7a69de0b5d93", "agent/td3_agent.py", "c1a4a41985", "TD3, twins in one module", PASSED, RIGHT, READ, TENTH)
def td3_7a69de(code: Any) -> Report:
    m, memory = code.module(dotted="agent.td3_agent"), code.module("agent/memory.py")
    return examine(
        lambda: SimpleNamespace(agent=m.TD3Agent(5, 3), buffer=memory.ReplayBuffer(5, 3, 5000)),
        lambda x, t: x.buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda x: x.agent.train(x.buffer, 32),
        **ONE,
    )


@update("7a69de0b5d93", "agent/sac_agent.py", "c1a4a41985", "SAC", PASSED, RIGHT, READ, TENTH)
def sac_7a69de(code: Any) -> Report:
    m, memory = code.module(dotted="agent.sac_agent"), code.module("agent/memory.py")
    return examine(
        lambda: SimpleNamespace(agent=m.SACAgent(5, 3), buffer=memory.ReplayBuffer(5, 3, 5000)),
        lambda x, t: x.buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda x: x.agent.train(x.buffer, 32),
        **ONE,
    )


@update(
    "b573be933dc4",
    "agent/ddpg_agent.py",
    "347ea4ecf8",
    "DDPG, a penalty on the weights",
    OWN,
    ("action-units|target-action-units",),
    "read: the bounds are exchanged, so that the critic is shown 2 minus the actor's action",
    TENTH,
)
def ddpg_b573be(code: Any) -> Report:
    m = code.module(dotted="agent.ddpg_agent")
    return examine(
        lambda: m.Agent(1e-3, 1e-3, (5,), 0.01, BOX, n_actions=3, max_size=5000, fc1_dim=64, fc2_dim=64, batch_size=32),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("047131f55b84", "agents/sac.py", "542f2e9cf7", "SAC, clamped labels, a goal", DICT, RIGHT, READ, TENTH)
def sac_047131(code: Any) -> Report:
    m = code.module(dotted="agents.sac")

    def learn(agent, b):
        o, a, r, o2, d = b.tensors()
        agent.update({"obs": o, "next_obs": o2, "actions": a, "desired_goal": o[:, :2], "rewards": r, "dones": d})

    return examine(lambda: m.SACAgent(5, 2, 3, SPACE.low, SPACE.high, 64, device="cpu"), update=learn, **ONE)


@update("504414888d62", "agents/sac.py", "99f758b857", "SAC, twins in one module", PASSED, RIGHT, READ, TENTH)
def sac_504414(code: Any) -> Report:
    m, memory = code.module(dotted="agents.sac"), code.module("utils/replay_memory.py")
    told = {"gamma": 0.99, "tau": 0.005, "alpha": 0.2, "policy": "Gaussian", "target_update_interval": 1, "lr": 3e-4}
    args = SimpleNamespace(**told, automatic_entropy_tuning=True, cuda=False, hidden_size=64)
    return examine(
        lambda: SimpleNamespace(agent=m.SAC(5, SPACE, args), memory=memory.ReplayMemory(5000, 0)),
        lambda x, t: x.memory.push(t.obs, t.action, t.reward, t.next_obs, t.mask),
        lambda x: x.agent.update_parameters(x.memory, 32, 0),
        **ONE,
    )


PARC = {
    "buffer_size": 5000,
    "batch_size": 32,
    "gamma": 0.99,
    "tau": 0.01,
    "start_steps": 0,
    "expl_noise": 0.1,
    "lr": 1e-3,
}


@update("09600ebe30fb", "ddpg/ddpg.py", "973ac00bda", "DDPG", OWN, RIGHT, READ, TENTH)
def ddpg_09600e(code: Any) -> Report:
    m = code.module()
    args = SimpleNamespace(**PARC, cuda=False, hidden_size=64)
    return examine(
        lambda: m.DDPG(5, 3, SPACE, args),
        lambda agent, t: agent.step(t.obs, t.action, t.reward, t.next_obs, t.mask),
        lambda agent: agent.update(),
        **ONE,
    )


@update("09600ebe30fb", "td3/td3.py", "973ac00bda", "TD3, twins in one module", OWN, RIGHT, READ, TENTH)
def td3_09600e(code: Any) -> Report:
    m = code.module()
    args = SimpleNamespace(**PARC, cuda=False, hidden_size=64)
    return examine(
        lambda: m.TD3(5, 3, SPACE, args),
        lambda agent, t: agent.step(t.obs, t.action, t.reward, t.next_obs, t.mask),
        lambda agent: agent.update(),
        **ONE,
    )


@update("09600ebe30fb", "dqn/dqn.py", "973ac00bda", "DQN", OWN, RIGHT, READ, TENTH)
def dqn_09600e(code: Any) -> Report:
    m = code.module()
    args = SimpleNamespace(**PARC, cuda=False, hidden_size=64, eps_decays=100, eps_min=0.1)
    return examine(
        lambda: m.DQN(5, 4, None, args),
        lambda agent, t: agent.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.mask),
        lambda agent: agent.update(),
        n_actions=4,
    )


@update("fa2fe70e2d62", "td3/td3.py", "82632a11c4", "TD3, twins in one module", PASSED, RIGHT, READ, TENTH)
def td3_fa2fe7(code: Any) -> Report:
    m, memory = code.module(), code.module("td3/replay_buffer.py")
    return examine(
        lambda: SimpleNamespace(agent=m.TD3(5, 3, 64, 64, 1.0), buffer=memory.ReplayBuffer(5, 3, 5000)),
        lambda x, t: x.buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda x: x.agent.train(x.buffer, 32),
        **ONE,
    )


@update("0dd3c709a803", "td3/td3.py", "28a6389f37", "TD3, twins in one module", PASSED, RIGHT, READ, TENTH)
def td3_0dd3c7(code: Any) -> Report:
    m = code.module(change=lambda s: s.replace("reload(h_env)", ""))
    return examine(
        lambda: SimpleNamespace(agent=m.TD3(5, 3, 1.0, "cpu"), buffer=m.ReplayBuffer(5000)),
        lambda x, t: x.buffer.add(t.obs, t.action, t.reward, t.next_obs, float(t.done)),
        lambda x: x.agent.train(x.buffer, 32),
        **ONE,
    )


@update(
    "536247ec01d0",
    "TD3_agent.py",
    "7c8cc495b9",
    "TD3",
    OWN,
    RIGHT,
    "read; the target action is not clamped after its noise",
    TENTH,
)
def td3_536247(code: Any) -> Report:
    m = code.module()
    brain = SimpleNamespace(vector_observation_space_size=5, vector_action_space_size=3)

    def learn(agent):
        agent.iteration += 1
        agent.learn(agent.memory.sample(), 0.99)

    return examine(
        lambda: m.Agent(SimpleNamespace(brain_names=["b"], brains={"b": brain})),
        lambda agent, t: agent.memory.add([t.obs], [t.action], [t.reward], [t.next_obs], [t.done]),
        learn,
        **ONE,
    )


@update(
    "dc7b9f5b6bb6",
    "td3/td3.py",
    "ed56137ab9",
    "TD3, twins in one module",
    OWN,
    RIGHT,
    READ,
    TENTH,
)
def td3_dc7b9f(code: Any) -> Report:
    m = code.module(change=lambda s: s.replace("from TD3.", "from "))
    return examine(
        lambda: m.TD3Agent(5, 3, 1.0, use_priority=False, train_iter=1, batch_size=32),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        **ONE,
    )


@update(
    "54abb1545602",
    "TD3_agent.py",
    "3d2feeb278",
    "TD3, twins in one module",
    OWN,
    ("mask-missing",),
    "read: ends are sampled, and not used",
    TENTH,
)
def td3_54abb1(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3(1e-3, 1e-3, 2, 1, 3, *[32] * 8, "/tmp/", batch_size=32, update_actor_interval=2),
        lambda agent, t: agent.remember(
            t.obs.reshape(2, 1, 3), t.action, t.reward, t.next_obs.reshape(2, 1, 3), t.done
        ),
        lambda agent: agent.learn(),
        obs=6,
        low=[0.0] * 3,
        high=[1.0] * 3,
    )


@update("0d0c2d323adb", "ddpg/ddpg.py", "d034b3a7c6", "DDPG", DICT, RIGHT, LOOSE, TENTH)
def ddpg_0d0c2d(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPG(5, 64, 3, 1.0, 0.1, 1e-3, 1e-3, 0.01, 0.99, "cpu"),
        update=lambda agent, b: agent.update(b.as_dict()),
        **ONE,
    )


@update("0d0c2d323adb", "td3/td3.py", "d034b3a7c6", "TD3", DICT, RIGHT, READ, TENTH)
def td3_0d0c2d(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3(5, 64, 3, 1.0, 1e-3, 1e-3, 0.1, 0.99, 0.01, "cpu"),
        update=lambda agent, b: agent.update(b.as_dict()),
        **ONE,
    )


@update(
    "0d0c2d323adb",
    "sac/SAC.py",
    "d034b3a7c6",
    "SAC, actions in [0, 1]",
    DICT,
    ("log-prob-correction",),
    "read: log pi is corrected by the tanh of the action, which is a tanh already",
    TENTH,
)
def sac_0d0c2d(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SAC(5, 64, 3, 1.0, 1e-3, 1e-3, 1e-3, -3.0, 0.01, 0.99, "cpu"),
        update=lambda agent, b: agent.update(b.as_dict()),
        low=[0.0] * 3,
        high=[1.0] * 3,
    )


@update("ca2966e042b2", "ccontrol/agent/ddpg_agent.py", "40a443ea2c", "DDPG", OWN, RIGHT, LOOSE, TENTH)
def ddpg_ca2966(code: Any) -> Report:
    m = code.module(dotted="ccontrol.agent.ddpg_agent")
    told = code.module(dotted="ccontrol.config").DDPG_configuration(batch_size=32)
    context = SimpleNamespace(state_size=5, action_size=3, action_min=-1, action_max=1)
    return examine(
        lambda: m.DDPG_agent(context, told),
        lambda agent, t: agent.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )
