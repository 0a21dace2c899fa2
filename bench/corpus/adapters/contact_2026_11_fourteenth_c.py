"""Updates met first in the fourteenth round of November 2026, drawn at random: SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import BATCH, BOX, DICT, FOURTEENTH, ONE, OWN, PASSED, READ, SWEPT
from bench.corpus.adapters.contact_2026_11_fourteenth_b import Buffer, hyperparameters
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine

ENV = env_of(5, **ONE)
CPU = torch.device("cpu")


@update("13ea6c828e0a", "src/sac/agent.py", "4f129264aa", "SAC", OWN, RIGHT, READ, FOURTEENTH)
def sac_13ea6c(code: Any) -> Report:
    m = code.module(dotted="src.sac.agent")
    env = SimpleNamespace(get_dimensions=lambda: (3, 5))

    def learn(agent):
        agent.optimize_q_networks()
        agent.polyak_update(agent.qnet1, agent.qnet1_target)
        agent.polyak_update(agent.qnet2, agent.qnet2_target)
        agent.optimize_actor_network()

    return examine(
        lambda: m.SACAgent(env, hyperparameters(log_std_min=-5, log_std_max=2)),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        learn,
        **ONE,
    )


@update(
    "97772c7421de",
    "SAC/agent/SAC_agent.py",
    "af6e190188",
    "SAC with a state value",
    BATCH,
    ("broadcast|several-labels|bootstrap-averaged|entropy-averaged",),
    "read: ends and log pi of shape (B,) meet values of shape (B, 1) in the state value's label, which has a mask",
    FOURTEENTH,
)
def sac_97772c(code: Any) -> Report:
    code.root /= "SAC"
    m = code.module(dotted="agent.SAC_agent")

    def learn(agent, b):
        obs, action, reward, after, done = b.tensors()
        agent.update(
            {"observations": obs, "actions": action, "rewards": reward, "next_observations": after, "dones": done}
        )

    return examine(lambda: m.Agent(5, 3), update=learn, **ONE)


@update("df9995ac4444", "sac_torch.py", "338db44b65", "SAC with a state value", OWN, RIGHT, SWEPT, FOURTEENTH)
def sac_df9995(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(input_dims=5, env=BOX, n_actions=3, max_size=5000, batch_size=32),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("cc775ca64998", "sac_torch.py", "00c4a900f4", "SAC with a state value", OWN, RIGHT, SWEPT, FOURTEENTH)
def sac_cc775c(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(input_dims=[5], env=BOX, n_actions=3, max_size=5000, batch_size=32),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("65ddea548eab", "SAC/SAC.py", "4397d56a32", "SAC", PASSED, RIGHT, READ, FOURTEENTH)
def sac_65ddea(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(agent=m.SAC(5, 3), buffer=Buffer()),
        lambda x, t: x.buffer.append((t.obs, t.action, t.next_obs, t.reward, t.mask)),
        lambda x: x.agent.train(x.buffer, 32),
        **ONE,
    )


@update("65ddea548eab", "SAC/SAC_adjusted_temperature.py", "4397d56a32", "SAC", PASSED, RIGHT, READ, FOURTEENTH)
def tuned_sac_65ddea(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(agent=m.SAC(5, 3), buffer=Buffer()),
        lambda x, t: x.buffer.append((t.obs, t.action, t.next_obs, t.reward, t.mask)),
        lambda x: x.agent.train(x.buffer, 32),
        **ONE,
    )


@update("56cd7450f4ff", "SoftActorCritic/soft_actor_critic.py", "f4f68c2a72", "SAC", OWN, RIGHT, READ, FOURTEENTH)
def sac_56cd74(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SacAgent(ENV.observation_space, SimpleNamespace(shape=(6,)), batch_size=32, buffer_size=5000),
        lambda agent, t: agent.store_transition((t.obs, t.action, t.reward, t.next_obs, t.done)),
        lambda agent: agent.update(),
        **ONE,
    )


@update(
    "11323810fa3f",
    "SAC.py",
    "f4fc3b1736",
    "SAC",
    DICT,
    ("log-prob-correction",),
    "read: log pi's correction takes the tanh of an action that is a tanh already",
    FOURTEENTH,
)
def sac_113238(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACContinuous(5, 64, 1, 1.0, 1e-3, 1e-3, 1e-3, -1, 0.005, 0.99, CPU),
        update=lambda agent, b: agent.update(b.as_dict()),
        low=[-1.0],
        high=[1.0],
    )


@update(
    "128ec6d7e9ff",
    "sac_torch.py",
    "746f36a705",
    "SAC with a state value, discrete actions as ones among zeros",
    OWN,
    ("actor-not-q|actor-detached",),
    "read: draws carry no gradient, so that the critics' values say nothing to the actor",
    FOURTEENTH,
)
def sac_128ec6(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(
            input_dims=(5,),
            env=SimpleNamespace(action_space=SimpleNamespace(n=4)),
            n_actions=4,
            max_size=5000,
            batch_size=32,
        ),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update(
    "9452a5dd956f",
    "sac_agent.py",
    "796c6a1bb2",
    "SAC without entropy",
    PASSED,
    ("mask-missing",),
    "read: no end of an episode is stored",
    FOURTEENTH,
)
def sac_9452a5(code: Any) -> Report:
    m = code.module()

    class Memory(list):
        def sample(self, n):
            s, a, r, after = (
                torch.tensor(np.array(x), dtype=torch.float32) for x in zip(*random.choices(self, k=n), strict=True)
            )
            return s, a, r, after

    return examine(
        lambda: SimpleNamespace(agent=m.SACAgent(5, 3), buffer=Memory()),
        lambda x, t: x.buffer.append((t.obs, t.action, t.reward, t.next_obs)),
        lambda x: x.agent.update(x.buffer, 32),
        **ONE,
    )


@update("758d76fe4e2a", "sac_torch.py", "c825f35b13", "SAC", BATCH, RIGHT, SWEPT, FOURTEENTH)
def sac_758d76(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SAC(5, 3, [-1.0] * 3, [1.0] * 3),
        update=lambda agent, b: agent.train_on_batch(b.tensors(column=True)),
        **ONE,
    )


@update(
    "2de32ed35a8b",
    "src/maze3D_game/rl_models/sac_discrete_agent.py",
    "f41ad227c7",
    "discrete SAC",
    OWN,
    ("in-place",),
    "read: the policy's loss goes back through critics that have taken their steps by then",
    FOURTEENTH,
)
def sac_2de32e(code: Any) -> Report:
    code.root /= "src/maze3D_game"
    m = code.module(dotted="rl_models.sac_discrete_agent")
    return examine(
        lambda: m.DiscreteSACAgent(input_dims=[5], n_actions=4, buffer_max_size=5000),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: (agent.learn(), agent.soft_update_target()),
        n_actions=4,
    )


@update("ce63f2517e7f", "SAC/agent.py", "fa5e60fd19", "SAC", OWN, RIGHT, READ, FOURTEENTH)
def sac_ce63f2(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.SACController(5, 1),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action[0], t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(),
        low=[-24.0],
        high=[24.0],
    )


@update("d31e5e919c39", "phase1/agent.py", "201cab7452", "SAC", DICT, RIGHT, READ, FOURTEENTH)
def sac_d31e5e(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SAC(5, 64, 3, 1.0, 1e-3, 1e-3, 1e-3, -3, 0.005, 0.99, CPU),
        update=lambda agent, b: agent.update(b.as_dict()),
        **ONE,
    )


@update("d31e5e919c39", "phase2/SAC /agent.py", "201cab7452", "SAC", BATCH, RIGHT, READ, FOURTEENTH)
def second_sac_d31e5e(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SAC(5, 3, 0.005, 64, 1e-3, CPU),
        update=lambda agent, b: agent.learn(b.tensors(column=True)),
        **ONE,
    )


@update("3c496dc6b99f", "src/sac_agent.py", "6ec4ca7b1e", "SAC", BATCH, RIGHT, READ, FOURTEENTH)
def sac_3c496d(code: Any) -> Report:
    m = code.module()

    def learn(agent, b):
        obs, actions, rewards, after, done = b.tensors(column=True)
        agent.update({"obs": obs, "actions": actions, "rewards": rewards, "next_obs": after, "dones": done})

    return examine(lambda: m.SACAgent(5, 3), update=learn, **ONE)
