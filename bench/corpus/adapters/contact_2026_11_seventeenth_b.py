"""Updates met first in the seventeenth round of November 2026, drawn at random: DDPG, TD3 and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import DICT, FUNCTION, LOOP, ONE, OWN, PASSED, READ, SEVENTEENTH
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import Anything, OldEnv, env_of
from gradexaminer import Report, examine, watch

ENV = env_of(5, **ONE)
SINGLE: dict[str, Any] = {"low": [-1.0], "high": [1.0]}
DOUBLE: dict[str, Any] = {"low": [-2.0], "high": [2.0]}
TRIPLE: dict[str, Any] = {"low": [-3.0], "high": [3.0]}
LATE = (
    "read: the actor's loss is made before the critic's step and sent back after it, which raises an error; corrected"
)
UNITS = "read: the target actor's action is in the environment's units, the actor's is not; a ReLU ends the critics"


def _practice(code: Any, dotted: str, kind: str) -> Report:
    m = code.module(dotted=dotted)
    return watch(lambda make: getattr(m, kind)(make(), 5000, 32, 10**6).train(), **ONE)


@update("8f4d023e0654", "POLICY_OPTIM/ddpg.py", "7a2f9ca076", "DDPG", LOOP, ("in-place",), LATE, SEVENTEENTH)
def ddpg_8f4d02(code: Any) -> Report:
    return _practice(code, "POLICY_OPTIM.ddpg", "Ddpg")


@update("8f4d023e0654", "POLICY_OPTIM/td3.py", "7a2f9ca076", "TD3", LOOP, ("in-place",), LATE, SEVENTEENTH)
def td3_8f4d02(code: Any) -> Report:
    return _practice(code, "POLICY_OPTIM.td3", "Td3")


@update(
    "8f4d023e0654",
    "POLICY_OPTIM/sac.py",
    "7a2f9ca076",
    "SAC",
    LOOP,
    ("in-place",),
    LATE,
    SEVENTEENTH,
)
def sac_8f4d02(code: Any) -> Report:
    return _practice(code, "POLICY_OPTIM.sac", "Sac")


@update(
    "5902d261ac23",
    "SAC_discon/SAC.py",
    "3b056ffdc4",
    "discrete SAC",
    DICT,
    ("temperature-unreachable",),
    "read: no policy over discrete actions has the target entropy of -1",
    SEVENTEENTH,
)
def discrete_5902d2(code: Any) -> Report:
    m = code.module(definitions=True, env=env_of(5, n_actions=4))
    return examine(
        lambda: m.SAC(5, 64, 4, 1e-3, 1e-2, 1e-2, -1, 0.005, 0.98, "cpu"),
        update=lambda agent, b: agent.learn(b.as_dict()),
        n_actions=4,
    )


@update(
    "d42d47ab45bf",
    "DDPG/DDPG.py",
    "9d081b6b2e",
    "DDPG",
    OWN,
    RIGHT,
    READ,
    SEVENTEENTH,
)
def ddpg_d42d47(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.DDPG(5, 3, 1.0, 64),
        lambda agent, t: agent.reply_buffer.push(*t.as_tuple()),
        lambda agent: agent.train(32),
        **ONE,
    )


def _course(code: Any, **bounds: Any) -> Report:
    m = code.module(change=lambda text: text.replace("import gridworld\n", ""), logger=Anything())

    def make():
        options = SimpleNamespace(fromFile=None, featExtractor=lambda _env: None, maxLengthTrain=500)
        agent = m.RandomAgent(env_of(5, **bounds), options)
        agent.batch_size = 32
        return agent

    return examine(
        make,
        lambda agent, t: agent.store(t.obs, t.action, t.next_obs, t.reward, t.done, 1),
        lambda agent: agent.learn(),
        **bounds,
    )


@update(
    "5f0f300ee9c8",
    "DDPG/DDPG.py",
    "74cf0512af",
    "DDPG",
    OWN,
    ("mask-averaged|broadcast",),
    "read: a mask of shape (B,) meets values of shape (B, 1)",
    SEVENTEENTH,
)
def ddpg_5f0f30(code: Any) -> Report:
    return _course(code, **SINGLE)


@update(
    "5f0f300ee9c8",
    "SAC/SAC.py",
    "74cf0512af",
    "SAC",
    OWN,
    ("mask-averaged|broadcast", "action-units|target-action-units"),
    "read: a mask of shape (B,) meets values of shape (B, 1); stored actions are in the environment's units",
    SEVENTEENTH,
)
def sac_5f0f30(code: Any) -> Report:
    return _course(code, **DOUBLE)


def _notebook(code: Any, kind: str) -> Report:
    m = code.module()
    few = {"start_steps": 200, "update_after": 200, "update_every": 10, "batch_size": 32, "steps_per_epoch": 10**6}

    def run(make):
        env = OldEnv(make(), time_limit_is_done=False)
        getattr(m, kind)(lambda: env, ac_kwargs={"hidden_sizes": [64, 64]}, replay_size=5000, **few)

    return watch(run, **ONE)


@update("d60e828009b5", "algos/sac.py", "0181dcd0b9", "SAC", LOOP, RIGHT, READ, SEVENTEENTH)
def sac_d60e82(code: Any) -> Report:
    return _notebook(code, "sac")


@update(
    "d60e828009b5",
    "algos/td3.py",
    "0181dcd0b9",
    "TD3",
    LOOP,
    RIGHT,
    "read; the noise on the target action is not clipped, by choice",
    SEVENTEENTH,
)
def td3_d60e82(code: Any) -> Report:
    return _notebook(code, "td3")


@update("d60e828009b5", "algos/ddpg.py", "0181dcd0b9", "DDPG", LOOP, RIGHT, READ, SEVENTEENTH)
def ddpg_d60e82(code: Any) -> Report:
    return _notebook(code, "ddpg")


@update("22d5b23e9bde", "DDPG/ddpg.py", "e0e85757bb", "DDPG", LOOP, RIGHT, READ, SEVENTEENTH)
def ddpg_22d5b2(code: Any) -> Report:
    return _notebook(code, "ddpg")


@update("22d5b23e9bde", "SAC/sac.py", "e0e85757bb", "SAC", LOOP, RIGHT, READ, SEVENTEENTH)
def sac_22d5b2(code: Any) -> Report:
    return _notebook(code, "sac")


@update("22d5b23e9bde", "TD3/td3.py", "e0e85757bb", "TD3", LOOP, RIGHT, READ, SEVENTEENTH)
def td3_22d5b2(code: Any) -> Report:
    return _notebook(code, "ddpg")


@update("d23c9f048621", "ddpg/ddpg.py", "df5ecad7a2", "DDPG", OWN, RIGHT, READ, SEVENTEENTH)
def ddpg_d23c9f(code: Any) -> Report:
    m = code.module(dotted="ddpg.ddpg")
    args = SimpleNamespace(seed=0, hiddens=[64, 64], prate=1e-3, rate=1e-3, rmsize=5000, ou_theta=0.15, ou_mu=0.0)
    vars(args).update(ou_sigma=0.2, bsize=32, tau=0.01, epsilon=1000, final_epsilon=0.1)
    return examine(
        lambda: m.DDPG(5, 3, "cpu", 1, 0.99, args),
        lambda agent, t: agent.memory.append(*t.as_tuple()),
        lambda agent: agent.update_policy(),
        **ONE,
    )


def _library(agent: Any, m: Any, learn: Any, obs: int = 5, **actions: Any) -> Report:
    def feed(x, t):
        action = t.action[0] if actions == DOUBLE else t.action
        after = torch.tensor(t.next_obs)[None], torch.tensor([t.reward]).float()
        x.buffer.push(torch.tensor(t.obs)[None], torch.tensor([action]), torch.tensor([t.done]).float(), *after)

    return examine(
        lambda: SimpleNamespace(agent=agent(), buffer=m.ReplayMemory(5000)),
        feed,
        lambda x: learn(x.agent, x.buffer.sample(32)),
        obs=obs,
        **actions,
    )


@update(
    "726cb8abd833",
    "TD3/td3.py",
    "3ddab40a1d",
    "TD3",
    PASSED,
    RIGHT,
    "read; the actor's output is doubled outside it; one noise for all rows",
    SEVENTEENTH,
)
def td3_726cb8(code: Any) -> Report:
    m, space = code.module(), env_of(5, **DOUBLE).action_space
    return _library(lambda: m.TD3AGENT(5, space), m, lambda agent, batch: agent.update_parameters(batch), **DOUBLE)


@update(
    "726cb8abd833",
    "SAC/sac.py",
    "3ddab40a1d",
    "SAC with a state value",
    PASSED,
    RIGHT,
    "read; the reward is standardized over the batch, by choice",
    SEVENTEENTH,
)
def value_726cb8(code: Any) -> Report:
    m = code.module()
    return _library(
        lambda: m.SOFTACTORCRITICAGENT(5, 3, 64, 1e-3, 1e-3, 1e-3),
        m,
        lambda agent, batch: agent.update_parameter(batch, 10.0),
        **ONE,
    )


@update(
    "726cb8abd833",
    "SAC/sac_adv.py",
    "3ddab40a1d",
    "SAC",
    PASSED,
    RIGHT,
    "read; the reward is standardized over the batch, by choice",
    SEVENTEENTH,
)
def sac_726cb8(code: Any) -> Report:
    m = code.module()
    return _library(
        lambda: m.ADVSOFTACTORCRITICAGENT(5, 3, 64, 1e-3, 1e-3, 1e-3),
        m,
        lambda agent, batch: agent.update(batch, 10.0, target_entropy=-3.0),
        **ONE,
    )


@update("726cb8abd833", "SAC/sac_adv_discrete.py", "3ddab40a1d", "discrete SAC", PASSED, RIGHT, READ, SEVENTEENTH)
def discrete_726cb8(code: Any) -> Report:
    m = code.module()
    return _library(
        lambda: m.ADVSOFTACTORCRITICAGENT(64),
        m,
        lambda agent, batch: agent.update(batch, 1.0, target_entropy=m.target_entropy),
        obs=4,
        n_actions=2,
    )


@update(
    "00ef40ccd1c9",
    "TD3/td3.py",
    "fae10925cd",
    "TD3",
    PASSED,
    ("gamma-missing",),
    "read: the label has no discount; it is not detached, which fills the targets' .grad alone",
    SEVENTEENTH,
)
def td3_00ef40(code: Any) -> Report:
    m = code.module()

    def learn(x):
        x.agent.train(x.buffer, x.count)
        x.count += 1

    return examine(
        lambda: SimpleNamespace(
            agent=m.TD3(5, 3, 1.0, ENV, "cpu"), buffer=m.ExperienceReplay(5000, 32, "cpu"), count=0
        ),
        lambda x, t: x.buffer.store_transition(*t.as_tuple()),
        learn,
        **ONE,
    )


def _configured(code: Any, dotted: str) -> Report:
    m = code.module(dotted=dotted)
    few = {"learning_starts": 200, "batch_size": 32, "hidden": [64, 64]}

    def run(make):
        env = make()
        env.spec = SimpleNamespace(id="made-up")
        m.train(env, few, 0, 20000, "logs")

    return watch(run, **ONE)


@update("746afe76e06d", "algos/sac.py", "cf2bc52387", "SAC", LOOP, RIGHT, READ, SEVENTEENTH)
def sac_746afe(code: Any) -> Report:
    return _configured(code, "algos.sac")


@update("746afe76e06d", "algos/td3.py", "cf2bc52387", "TD3", LOOP, RIGHT, READ, SEVENTEENTH)
def td3_746afe(code: Any) -> Report:
    return _configured(code, "algos.td3")


@update("dbebd4a43d57", "agents/TD3/td3.py", "d5ce11f41c", "TD3", OWN, RIGHT, READ, SEVENTEENTH)
def td3_dbebd4(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3(ENV), lambda agent, t: agent.remember(*t.as_tuple()), lambda agent: agent.train(32), **ONE
    )


@update(
    "dbebd4a43d57",
    "agents/SAC/sac.py",
    "d5ce11f41c",
    "SAC",
    OWN,
    ("action-units|target-action-units",),
    "read: stored actions are in the environment's units, the policy's are not",
    SEVENTEENTH,
)
def sac_dbebd4(code: Any) -> Report:
    m, env = code.module(), env_of(5, **DOUBLE)
    return examine(
        lambda: m.SAC(env.observation_space, env.action_space),
        lambda agent, t: agent.memory.update(t.obs, t.action[0], t.reward, t.next_obs, t.done),
        lambda agent: agent.train(32),
        **DOUBLE,
    )


@update("481f8afd5bd7", "ddpg/ddpg.py", "e7f3340787", "DDPG", PASSED, RIGHT, READ, SEVENTEENTH)
def ddpg_481f8a(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(policy=m.DDPG(5, 3, 1.0), buffer=m.ReplayBuffer(5, 3, 5000)),
        lambda x, t: x.buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda x: x.policy.train(x.buffer, 32),
        **ONE,
    )


def _pendulum(code: Any, folder: str, kind: str, *bounds: Any) -> Report:
    config, m = code.module(f"{folder}/config.py").Config(*bounds), code.module()

    def learn(x):
        batch = x.buffer.sample()
        x.agent.update_q(*batch)
        x.agent.update_mu(batch[0])
        x.agent.update_target_networks()

    return examine(
        lambda: SimpleNamespace(agent=getattr(m, kind)(5, 1, config), buffer=m.ReplayBuffer(config)),
        lambda x, t: x.buffer.remember(*t.as_tuple()),
        learn,
        **TRIPLE,
    )


@update(
    "75349c1e64f4",
    "ddpg/ddpg.py",
    "e387324163",
    "DDPG",
    PASSED,
    ("target-action-units|action-units", "output-bounded"),
    UNITS,
    SEVENTEENTH,
)
def ddpg_75349c(code: Any) -> Report:
    return _pendulum(code, "ddpg", "DDPG", np.float32([3.0]))


@update(
    "75349c1e64f4",
    "td3/td3.py",
    "e387324163",
    "TD3",
    PASSED,
    ("target-action-units|action-units", "output-bounded"),
    UNITS,
    SEVENTEENTH,
)
def td3_75349c(code: Any) -> Report:
    return _pendulum(code, "td3", "TD3", np.float32([3.0]), np.float32([-3.0]))


def _cartpole(code: Any) -> Report:
    return examine(
        lambda: vars(code.module(definitions=True, env=env_of(4, **SINGLE))),
        lambda names, t: names["replay_buffer"].push(*t.as_tuple()),
        lambda names: names["update_networks"](),
        obs=4,
        **SINGLE,
    )


@update("47b8f7cb9684", "sac_cartpole.py", "473b931397", "SAC", FUNCTION, RIGHT, READ, SEVENTEENTH)
def sac_47b8f7(code: Any) -> Report:
    return _cartpole(code)


@update("47b8f7cb9684", "td3_cartpole.py", "473b931397", "TD3", FUNCTION, RIGHT, READ, SEVENTEENTH)
def td3_47b8f7(code: Any) -> Report:
    return _cartpole(code)


@update("47b8f7cb9684", "ddpg_cartpole.py", "473b931397", "DDPG", FUNCTION, RIGHT, READ, SEVENTEENTH)
def ddpg_47b8f7(code: Any) -> Report:
    return _cartpole(code)


@update("c20f4fd64fb5", "SACD/SACD.py", "97b2d7ecee", "discrete SAC", OWN, RIGHT, READ, SEVENTEENTH)
def discrete_c20f4f(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACD_agent(env_of(2, n_actions=3)),
        lambda agent, t: agent.replay_buffer.add(*t.as_tuple()),
        lambda agent: agent.train(),
        obs=2,
        n_actions=3,
    )


@update("c20f4fd64fb5", "SAC/SAC.py", "97b2d7ecee", "SAC", OWN, RIGHT, READ, SEVENTEENTH)
def sac_c20f4f(code: Any) -> Report:
    m = code.module()
    return examine(
        m.SAC_agent,
        lambda agent, t: agent.replay_buffer.add(*t.as_tuple()),
        lambda agent: agent.train(),
        obs=2,
        **SINGLE,
    )


@update(
    "b8c2dd6f64d4",
    "SAC/sac_discrete.py",
    "d3332680fc",
    "discrete SAC",
    OWN,
    ("mean-over-actions|gamma-other", "temperature-unweighted", "actor-target-critic"),
    "read: the label and the temperature's loss are means over the actions; the actor learns from the target critics",
    SEVENTEENTH,
)
def discrete_b8c2dd(code: Any) -> Report:
    m = code.module()
    told = {"batch_size": 64, "learning_rate": 3e-4, "exploration": 0, "episode": 1, "gamma": 0.99, "alpha": None}
    more = {"auto_entropy_tuning": True, "capacity": 5000, "rho": 0.995, "update_iter": 3, "update_every": 5}
    return examine(
        lambda: m.sac_discrete(env=env_of(5, n_actions=4), **told, **more, render=False, log=False),
        lambda agent, t: agent.buffer.store(*t.as_tuple()),
        lambda agent: agent.train(),
        n_actions=4,
    )


@update(
    "3e06b9998d27",
    "SAC/sac_discrete.py",
    "8fcde322f4",
    "discrete SAC",
    DICT,
    ("grads-not-zeroed", "temperature-unreachable"),
    "read: the actor's step is taken twice; no policy over discrete actions has the target entropy of -1",
    SEVENTEENTH,
)
def discrete_3e06b9(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACDiscrete(5, 64, 4, 1e-3, 1e-2, 1e-2, -1, 0.005, 0.98),
        update=lambda agent, b: agent.update(b.as_dict()),
        n_actions=4,
    )


@update("3e06b9998d27", "TD3/td3.py", "8fcde322f4", "TD3", DICT, RIGHT, READ, SEVENTEENTH)
def td3_3e06b9(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3(5, 64, 3, 1.0, 0.1, 1e-3, 1e-3, 0.005, 0.98, 2, 0.5, 0.2),
        update=lambda agent, b: agent.update(b.as_dict()),
        **ONE,
    )
