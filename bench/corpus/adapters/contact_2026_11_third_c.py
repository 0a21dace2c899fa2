"""Updates met first in a third round of November 2026, drawn at random: DDPG, TD3 and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import BATCH, NOTEBOOK, ONE, OWN, PASSED, READ, SCRIPT, THIRD, TWO
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import Anything, TensorVector, env_of
from gradexaminer import Report, examine, watch


@update(
    "27f73f5ff7e2",
    "sac.ipynb",
    "dde4af62dc",
    "SAC",
    NOTEBOOK,
    ("broadcast|entropy-averaged",),
    "read: log pi of shape (B,) meets values of shape (B, 1) in the label, which becomes (B, B)",
    THIRD,
)
def sac_27f73f(code: Any) -> Report:
    m = code.module(definitions=True, n_obs=5, n_act=3)

    def make():
        agent = m.SAC(m.Actor(5, 3), [m.Critic(8) for _ in range(4)], m.ReplayBuffer(5, 3, 5000))
        agent.alpha = 0.2
        return agent

    def update_once(agent):
        batch = agent.replay_buffer.sample(64)
        agent._update_critic(batch), agent._update_actor(batch), agent._update_critic_target()

    return examine(
        make,
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        update_once,
        **ONE,
    )


@update(
    "3312fc18b522",
    "algos/sac.py",
    "e806015733",
    "SAC, one action",
    OWN,
    RIGHT,
    "read; rewards are standardized over the batch, by choice",
    THIRD,
)
def sac_3312fc(code: Any) -> Report:
    m = code.module(change=lambda text: text.replace("algo.utils", "utils"))
    return examine(
        lambda: m.SAC(5, 1, 1.0),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train(64),
        low=[-1.0],
        high=[1.0],
    )


@update("dd6d779748bf", "algorithms/td3.py", "abdd669b0f", "TD3", OWN, RIGHT, READ, THIRD)
def td3_dd6d77(code: Any) -> Report:
    m = code.module()
    sizes = (64, 64, 64, 1e-3, 1e-3, "cpu")
    return examine(
        lambda: m.TD3Agent(5000, 5, 3, -2.0, 2.0, 0.1, 0.2, 0.5, 0.995, 0.995, 0.99, *sizes),
        lambda agent, t: agent.push(
            SimpleNamespace(
                state=t.obs, action=t.action, next_state=t.next_obs, reward=np.array(t.reward), terminated=t.done
            )
        ),
        lambda agent: agent.update(),
        **TWO,
    )


@update("a06019f21064", "algorithms/ddpg.py", "09dcc575b4", "DDPG", PASSED, RIGHT, READ, THIRD)
def ddpg_a06019(code: Any) -> Report:
    m, buffers = code.module(), code.module("buffers.py")
    return examine(
        lambda: SimpleNamespace(policy=m.DDPG(5, 3, 2.0), buffer=buffers.ReplayBuffer()),
        lambda x, t: x.buffer.push((t.obs, t.next_obs, t.action, t.reward, float(t.done))),
        lambda x: x.policy.update(x.buffer, 40),
        **TWO,
    )


@update(
    "9eb0fcd23cca",
    "algorithms/ddpg.py",
    "9d914f2f04",
    "DDPG",
    OWN,
    ("mask-inverted", "bootstrap-standardized"),
    "read: the bootstrap is multiplied by done, and standardized over the batch",
    THIRD,
)
def ddpg_9eb0fc(code: Any) -> Report:
    m = code.module()
    m.Logger, p = lambda *_: None, m.preprocess_transition
    return examine(
        lambda: m.DDPGAgent(None, 5, 3),
        lambda agent, t: agent.memory.update(p(t.obs), p(t.action), p(t.reward), p(t.next_obs), p(float(t.done))),
        lambda agent: agent.update_models(*agent.memory.sample(32)),
        **ONE,
    )


@update(
    "1a53a32c2c77",
    "algorithms/td3.py",
    "685c04f39e",
    "TD3",
    SCRIPT,
    ("mask-truncated",),
    "read: terminations or truncations are stored as done",
    THIRD,
)
def td3_1a53a3(code: Any) -> Report:
    told = ("--num-envs", "1", "--learning-starts", "200")
    return watch(lambda make: code.run(lambda *_, **__: TensorVector(make()), *told), **TWO)


@update(
    "1a53a32c2c77",
    "algorithms/sac.py",
    "685c04f39e",
    "SAC",
    SCRIPT,
    ("mask-truncated",),
    "read: terminations or truncations are stored as done",
    THIRD,
)
def sac_1a53a3(code: Any) -> Report:
    told = ("--num-envs", "1", "--learning-starts", "200")
    return watch(
        lambda make: code.run(
            lambda *_, **__: TensorVector(make()),
            *told,
            change=lambda text: text.replace('device("cuda")', 'device("cpu")'),
        ),
        **ONE,
    )


@update(
    "b188f0dfe2a3",
    "ddpg_pendulum.py",
    "ab90b41628",
    "DDPG",
    PASSED,
    ("action-units|target-action-units|target-action-parameters",),
    "read: the target action lacks the factor 2 that the actor's action has",
    THIRD,
)
def ddpg_b188f0(code: Any) -> Report:
    m = code.module(stop="memory = ReplayBuffer()")
    return examine(
        lambda: SimpleNamespace(policy=m.DDPG(3, 1, 2.0), buffer=m.ReplayBuffer()),
        lambda x, t: x.buffer.add((t.obs, t.action, t.reward, t.next_obs, t.mask)),
        lambda x: x.policy.train(x.buffer, 1),
        obs=3,
        low=[-2.0],
        high=[2.0],
    )


@update("0b45fe4015e7", "src/agents/sac.py", "8b12807544", "SAC", BATCH, RIGHT, READ, THIRD)
def sac_0b45fe(code: Any) -> Report:
    m, buffers = code.module(dotted="src.agents.sac"), code.module(dotted="src.utils.buffer")
    env = env_of(5, **TWO)
    return examine(
        lambda: SimpleNamespace(
            agent=m.SACAgent(env.observation_space, env.action_space), buffer=buffers.ReplayBuffer(5000, (5,), (3,))
        ),
        lambda x, t: x.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x.agent._update(x.buffer.sample(64)),
        **TWO,
    )


@update("0b45fe4015e7", "src/agents/td3.py", "8b12807544", "TD3", BATCH, RIGHT, READ, THIRD)
def td3_0b45fe(code: Any) -> Report:
    m, buffers = code.module(dotted="src.agents.td3"), code.module(dotted="src.utils.buffer")
    env = env_of(5, **TWO)
    return examine(
        lambda: SimpleNamespace(
            agent=m.TD3Agent(env.observation_space, env.action_space), buffer=buffers.ReplayBuffer(5000, (5,), (3,))
        ),
        lambda x, t: x.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x.agent._update(x.buffer.sample(64)),
        **TWO,
    )


@update(
    "7f3e61acf4d4",
    "sac.ipynb",
    "bb8dba1317",
    "SAC with V",
    NOTEBOOK,
    RIGHT,
    "read; its loop stores s' in place of s, which is not run here; one draw of noise serves the whole batch",
    THIRD,
)
def sac_7f3e61(code: Any) -> Report:
    env = SimpleNamespace(action_dim=3, state_dim=5)
    sys.modules["dta"] = sys.modules["dta.dta_env"] = SimpleNamespace(dta_env=lambda **_: env)  # type: ignore[assignment]
    m = code.module(definitions=True)
    return examine(
        lambda: vars(m),
        lambda x, t: x["replay_buffer"].push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: x["update"](64),
        **ONE,
    )


@update(
    "4aff0d493135",
    "sac.ipynb",
    "129c4adcdf",
    "SAC, one action",
    NOTEBOOK,
    ("actor-gradient-left",),
    "read: the critics' gradients of the actor's loss are zeroed after the critics' next step",
    THIRD,
)
def sac_4aff0d(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.SAC(5, 1),
        lambda agent, t: agent.memory.append([t.obs, t.action, t.reward, float(t.done), t.next_obs]),
        lambda agent: agent.fit(*agent.memory.pop()),
        low=[-1.0],
        high=[1.0],
    )


@update(
    "92c254dbe019",
    "algos/sac.py",
    "16f7f7c16a",
    "discrete SAC with V, likelihood ratio",
    PASSED,
    RIGHT,
    "read; examined with one head; V learns from 3/4 of the smaller and 1/4 of the larger Q; numbers of 64 bits",
    THIRD,
)
def sac_92c254(code: Any) -> Report:
    m, buffers = code.module(dotted="algos.sac"), code.module(dotted="algos.replay")
    tensor = torch.tensor
    algo = {"lr": 1e-3, "smooth": 0.99, "discount": 0.99, "alpha": 0.2, "batch_size": 40}
    config = {"seed": 0, "algo": {**algo, "dims_hidden_neurons": (64, 64)}}
    return examine(
        lambda: SimpleNamespace(
            agent=m.Agent(config, SimpleNamespace(dim_state=5, dims_action=(4,))), buffer=buffers.ReplayBuffer(5000, 0)
        ),
        lambda x, t: x.buffer.add(
            tensor(t.obs).double(), tensor([t.action]), tensor([t.reward]).double(), tensor(t.next_obs).double(), t.done
        ),
        lambda x: x.agent.update(x.buffer),
        n_actions=4,
    )


@update(
    "fdb172cee1dc",
    "algos/sac.py",
    "172bf7ec43",
    "SAC",
    BATCH,
    ("in-place",),
    "read: the actor's loss is built before the critic's step and differentiated after it; torch refuses since 1.5",
    THIRD,
)
def sac_fdb172(code: Any) -> Report:
    m, parts = code.module(), code.module("models/constructor.py")
    args = SimpleNamespace(gamma=0.99, tau=0.005, alpha=0.2, writer=Anything(), target_update_interval=1)
    args.__dict__.update(critic_lr=1e-3, actor_lr=1e-3, action_dim=3)

    def update_once(agent, b):
        r, d = torch.tensor(b.reward)[:, None], torch.tensor(b.done)[:, None]
        s, s2, a = map(torch.tensor, (b.obs, b.next_obs, b.action))
        agent.update_parameters(s, s2, a, r, d)

    return examine(lambda: m.SAC(args, parts.ModelConstructor(5, 3, 64)), update=update_once, **ONE)
