"""Updates met first in the eleventh round of November 2026, drawn at random: SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import torch

from bench.corpus.adapters.common import BATCH, BOX, ELEVENTH, ONE, OWN, PASSED, READ, SCRIPT, TWO
from bench.corpus.adapters.known_libraries import cleanrl
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import Anything, env_of
from gradexaminer import Report, examine, watch

SPACE = BOX.action_space
ENV = env_of(5, **ONE)
BUFFER = "common/replay_buffers"  # a file of Python without its ending


@update("5e8b422378bc", "sac/sac.py", "d7cf0726c6", "SAC", OWN, RIGHT, READ, ELEVENTH)
def sac_5e8b42(code: Any) -> Report:
    sys.modules["common.replay_buffers"] = code.module(BUFFER)
    m = code.module()
    return examine(
        lambda: m.SACAgent(ENV, 0.99, 0.005, 5000, 3e-4, 3e-4, 1),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(32),
        **ONE,
    )


@update("5e8b422378bc", "sacv2/sacv2.py", "d7cf0726c6", "SAC", OWN, RIGHT, READ, ELEVENTH)
def sacv2_5e8b42(code: Any) -> Report:
    sys.modules["common.replay_buffers"] = code.module(BUFFER)
    m = code.module()
    return examine(
        lambda: m.SACAgent(ENV, 0.99, 0.005, 5000, 3e-4, 3e-4, 1, 3e-4),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(32),
        **ONE,
    )


@update(
    "99f6298d44f1",
    "sac/sac.py",
    "d44798a6ff",
    "SAC, twins in one module",
    PASSED,
    ("in-place",),
    "read: the policy's loss is made before the critic's step, which changes what its backward pass needs",
    ELEVENTH,
)
def sac_99f629(code: Any) -> Report:
    m, memory = code.module(dotted="sac.sac"), code.module("sac/replay_memory.py")
    return examine(
        lambda: SimpleNamespace(
            agent=m.SAC(SPACE, input_dim=5, hidden_size=64, batch_size=32), memory=memory.ReplayMemory(5000)
        ),
        lambda x, t: x.memory.push(t.obs, t.action, t.reward, t.next_obs, t.mask),
        lambda x: x.agent.update_parameters(x.memory, 32, 1),
        **ONE,
    )


@update(
    "c859d3591560",
    "agents/sac.py",
    "624987ee06",
    "SAC, a state value",
    OWN,
    ("actor-entropy-missing",),
    "read: log pi is made a new tensor, which has no gradient",
    ELEVENTH,
)
def sac_c859d3(code: Any) -> Report:
    m = code.module(dotted="agents.sac")
    return examine(
        lambda: m.Agent(
            input_dims=[5], env=SimpleNamespace(action_space=SPACE), n_actions=[3], max_size=5000, batch_size=32
        ),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("0dd3c709a803", "sac/sac.py", "28a6389f37", "SAC, twins in one module", PASSED, RIGHT, READ, ELEVENTH)
def sac_0dd3c7(code: Any) -> Report:
    m, memory = code.module(), code.module("sac/memory.py")
    told = {"gamma": 0.99, "tau": 0.005, "alpha": 0.2, "policy": "Gaussian", "target_update_interval": 1, "lr": 3e-4}
    args = SimpleNamespace(**told, automatic_entropy_tuning=True, hidden_size=64)
    return examine(
        lambda: SimpleNamespace(agent=m.SAC(5, SPACE, args), memory=memory.ReplayMemory(5000)),
        lambda x, t: x.memory.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x.agent.update_parameters(x.memory, 32, 0),
        **ONE,
    )


@update(
    "914a8b9070e2",
    "agents/sac.py",
    "d05cd50385",
    "SAC",
    OWN,
    ("broadcast|reward-averaged",),
    "read: rewards and flags of shape (B,) meet values of shape (B, 1)",
    ELEVENTH,
)
def sac_914a8b(code: Any) -> Report:
    m = code.module(dotted="agents.sac")
    told = {"gamma": 0.95, "batch_size": 32, "mem_sz": 5000}
    return examine(
        lambda: m.SAC(ENV, "x", 5, hyprprms=told),
        lambda agent, t: agent.memory.add([torch.tensor(x) for x in t.as_tuple()]),
        lambda agent: agent.train(1),
        **ONE,
    )


@update(
    "914a8b9070e2",
    "agents/sac_disc.py",
    "d05cd50385",
    "discrete SAC",
    OWN,
    ("policy-left-out", "temperature-target|temperature-unreachable"),
    "read: the label sums log pi over actions without their probabilities, and no policy has so little entropy",
    ELEVENTH,
)
def sac_disc_914a8b(code: Any) -> Report:
    m = code.module(dotted="agents.sac_disc")
    return examine(
        lambda: m.SAC(env_of(5, n_actions=4), "x", 5, hyprprms={"bth_sz": 32, "mem_sz": 5000}),
        lambda agent, t: agent.memory.add([torch.tensor(x) for x in t.as_tuple()]),
        lambda agent: agent.train(1),
        n_actions=4,
    )


@update("904f2bd9a8e3", "agents/sac.py", "82be0b6693", "SAC", SCRIPT, RIGHT, READ, ELEVENTH)
def sac_904f2b(code: Any) -> Report:
    return watch(lambda make: cleanrl(code, make), **ONE)


@update(
    "68e5b37ef40d",
    "agents/sac.py",
    "6eedb9043a",
    "SAC, three steps, twins in one module",
    PASSED,
    ("n-step-discount",),
    "read: rewards of three steps are discounted, and the bootstrapped value by gamma alone",
    ELEVENTH,
)
def sac_68e5b3(code: Any) -> Report:
    m, memory = code.module(dotted="agents.sac"), code.module("buffers/off_policy_buffer.py")
    return examine(
        lambda: SimpleNamespace(agent=m.SACAgent(5, 3), buffer=memory.OffPolicyEncoderBuffer(5000, 5, 3)),
        lambda x, t: x.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x.agent.update(x.buffer, 32),
        **ONE,
    )


@update(
    "d206ed0b402a",
    "agents/sac.py",
    "fe398d272f",
    "SAC",
    OWN,
    ("action-units",),
    "read: half of one bound is taken from the other, so that actions lie between -1 and 2",
    ELEVENTH,
)
def sac_d206ed(code: Any) -> Report:
    m = code.module(dotted="agents.sac")

    class Agent(m.SAC):  # without its pictures, which need files of weights
        t, enable_logging, checkpoint_freq, _init_vae = 0, False, 0, lambda *_: None

        def _init_rnn(self, _path):
            self.rnn = SimpleNamespace(latent_dim=2, hidden_dim=3)

    def learn(agent):
        agent.t += 1
        agent.train()

    return examine(
        lambda: Agent(BOX, torch.device("cpu"), m.SACConfig(buffer_size=5000, batch_size=32)),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        learn,
        **ONE,
    )


@update(
    "dc7b9f5b6bb6",
    "sac/sac.py",
    "ed56137ab9",
    "SAC, twins in one module",
    OWN,
    RIGHT,
    READ,
    ELEVENTH,
)
def sac_dc7b9f(code: Any) -> Report:
    m = code.module()
    told = str(code.root / "sac/hyperparams.yaml")
    return examine(
        lambda: m.SAC(5, 3, 1.0, "cpu", 1, told),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.one_step_train(32),
        sync=lambda agent: agent.update_target_network(),
        **ONE,
    )


@update(
    "ad09c9fe5080",
    "robo_rl/sac/softactorcritic.py",
    "2ee06c3c75",
    "SAC, a state value",
    BATCH,
    ("in-place",),
    "the policy's loss is made before the critics' steps, which change what it needs (read as right at first)",
    ELEVENTH,
)
def sac_ad09c9(code: Any) -> Report:
    m = code.module()
    gaussian, squasher = (
        code.module("robo_rl/sac/gaussian_policy.py"),
        code.module("robo_rl/sac/squasher.py").TanhSquasher(),
    )
    names = "state", "action", "reward", "next_state", "done"

    def make():
        policy = gaussian.GaussianPolicy(5, 3, [64, 64])
        return m.SAC(3, 5, [64, 64], Anything(), torch.optim.Adam, policy=policy, td3_update_interval=2)

    def learn(agent, b):
        agent.updates = getattr(agent, "updates", 0) + 1
        batch = dict(zip(names, map(list, b.tensors(column=True)), strict=True))
        agent.policy_update(batch, agent.updates, squasher=squasher)

    return examine(make, update=learn, **ONE)


@update("24690827a1b8", "agents/sac.py", "63057431fc", "SAC on images", OWN, RIGHT, READ, ELEVENTH)
def sac_246908(code: Any) -> Report:
    m = code.module(dotted="agents.sac")
    return examine(
        lambda: m.SACAgent((4, 84, 84), 3, batch_size=32, buffer_capacity=5000),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, None, t.done),
        lambda agent: agent.update(),
        obs=(4, 84, 84),
        image=True,
        **ONE,
    )


@update(
    "95cb3b966ed0",
    "models/SAC.py",
    "8d963b9001",
    "SAC",
    OWN,
    ("action-units",),
    "read: actions are stored in the environment's units, and the policy's are shown to the critics in [-1, 1]",
    ELEVENTH,
)
def sac_95cb3b(code: Any) -> Report:
    m = code.module(dotted="models.SAC")
    return examine(
        lambda: m.SACAgent(5, 3, 64, 0.99, 3e-4, 3e-4, batch_size=32, action_low=-2.0, action_high=2.0),
        lambda agent, t: agent.store_transition(t.as_tuple()),
        lambda agent: agent.update(),
        **TWO,
    )


@update("d5a1d16af1db", "agents/sac.py", "d70b158a96", "SAC", OWN, RIGHT, READ, ELEVENTH)
def sac_d5a1d1(code: Any) -> Report:
    m, make = code.module(dotted="agents.sac"), code.module(dotted="utils.utils").make_transition
    told = {
        "gamma": 0.99,
        "q_lr": 3e-4,
        "actor_lr": 3e-4,
        "soft_update_rate": 0.005,
        "hidden_dim": 64,
        "memory_size": 5000,
    }
    nets = {"layer_num": 3, "activation_function": torch.relu, "last_activation": None, "trainable_std": True}
    args = SimpleNamespace(**told, **nets, alpha_init=0.2, alpha_lr=3e-4)
    return examine(
        lambda: m.SAC(None, "cpu", 5, 3, args),
        lambda agent, t: agent.put_data(make(*t.as_tuple())),
        lambda agent: agent.train_net(32, 1),
        **ONE,
    )


@update(
    "d754eb72a7ca",
    "agents/sac.py",
    "471a7c9838",
    "discrete SAC",
    OWN,
    ("temperature-unweighted",),
    "read: the temperature learns from the plain mean of log pi over all actions, with which it can only fall",
    ELEVENTH,
)
def sac_d754eb(code: Any) -> Report:
    m = code.module(dotted="agents.sac")
    told = {
        "gamma": 0.99,
        "tau": 0.005,
        "batch_size": 32,
        "policy_delay": 2,
        "target_entropy": "auto",
        "hidden_sizes": [64, 64],
    }
    rates = {"lr_actor": 3e-4, "lr_critic": 3e-4, "lr_alpha": 3e-4}
    return examine(
        lambda: m.SACAgent(5, 4, {**told, **rates, "buffer_size": 5000}),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.update(),
        n_actions=4,
    )


KAN = {"gamma": 0.99, "tau": 0.005, "alpha": 0.2, "policy": "Gaussian", "target_update_interval": 1, "lr": 3e-4}
KAN |= {"automatic_entropy_tuning": True, "hidden_size": 64}


@update("b1f61bd07bd6", "agents/sac.py", "db4f8a0e15", "SAC, twins in one module", PASSED, RIGHT, READ, ELEVENTH)
def sac_b1f61b(code: Any) -> Report:
    m = code.module(dotted="agents.sac")
    return examine(
        lambda: SimpleNamespace(agent=m.SAC(5, SPACE, KAN), memory=m.ReplayMemory(5000, 0)),
        lambda x, t: x.memory.push(t.obs, t.action, t.reward, t.next_obs, t.mask),
        lambda x: x.agent.update_parameters(x.memory, 32, 0),
        **ONE,
    )


@update(
    "b1f61bd07bd6", "agents/sac.py", "db4f8a0e15", "SAC, splines, twins in one module", PASSED, RIGHT, READ, ELEVENTH
)
def kansac_b1f61b(code: Any) -> Report:
    m = code.module(dotted="agents.sac")
    return examine(
        lambda: SimpleNamespace(agent=m.KANSAC(5, SPACE, KAN), memory=m.ReplayMemory(5000, 0)),
        lambda x, t: x.memory.push(t.obs, t.action, t.reward, t.next_obs, t.mask),
        lambda x: x.agent.update_parameters(x.memory, 32, 0),
        **ONE,
    )
