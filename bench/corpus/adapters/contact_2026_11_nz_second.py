"""Updates met after a first round's mends in November 2026, drawn at random: owners n to z and digits, met second.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import ONE, OWN, PASSED, READ, SECOND
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import OldEnv
from gradexaminer import Report, examine, watch


@update(
    "7a739593c34c",
    "dqn.py",
    "da3a1de560",
    "DQN",
    "script",
    ("mask-truncated",),
    "read: done of the old Gym, with the time limit in it, is stored",
    SECOND,
)
def dqn_7a7395(code: Any) -> Report:
    torch.save = print
    return watch(lambda make: code.run(lambda *_: OldEnv(make())), n_actions=2, obs=4)


@update(
    "a55d52f70420",
    "sac.py",
    "2cebe8921c",
    "SAC with V",
    "method, batch passed in",
    ("in-place",),
    "read: the actor's loss is built before the critic's steps and differentiated after them; torch refuses since 1.5",
    SECOND,
)
def sac_a55d52(code: Any) -> Report:
    m = code.module()
    args = SimpleNamespace(
        gamma=0.99, tau=0.005, policy="Gaussian", target_update_interval=1, automatic_entropy_tuning=False
    )
    args.__dict__.update(hidden_size=64, lr=1e-3, alpha=0.2)
    return examine(
        lambda: m.SAC(5, np.zeros(3), args),
        update=lambda agent, b: agent.update_parameters(b.obs, b.action, b.reward, b.next_obs, 1 - b.done, 0),
        **ONE,
    )


@update("fdcb1f7b9fc2", "double_dqn.py", "2d271a736f", "double DQN, images", OWN, RIGHT, READ, SECOND)
def ddqn_fdcb1f(code: Any) -> Report:
    m = code.module()
    args = SimpleNamespace(lr=1e-4, memory_size=2000, eps_start=1, eps_end=0, eps_decay=1)
    return examine(
        lambda: m.DoubleDQNAgent((4, 84, 84), 4, args),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.optimize(32, 0.99),
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
        n_actions=4,
        obs=(4, 84, 84),
        image=True,
    )


@update("9dbd5416aa91", "ddpg/agent.py", "0c4b1ed086", "DDPG, label row by row", OWN, RIGHT, READ, SECOND)
def ddpg_9dbd54(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, [5], 0.005, n_actions=3, max_size=9000),
        lambda agent, t: agent.memory.push(t.obs[None], t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "9f30b0f9f94e",
    "ddpg/agent.py",
    "883164b125",
    "TD3 (called DDPG), weights of rows",
    "method, buffer passed in",
    RIGHT,
    "read; examined with equal weights and a buffer of ours",
    SECOND,
)
def td3_9f30b0(code: Any) -> Report:
    m = code.module(dotted="ddpg.agent")

    def update_once(agent: Any, b: Any) -> None:
        s, a, s2 = map(torch.tensor, (b.obs, b.action, b.next_obs))
        r, d = (torch.tensor(x).float()[:, None] for x in (b.reward, b.done))
        batch = (s, a, r, s2, d, None, None, torch.ones_like(r))
        agent.update(SimpleNamespace(has_enough=bool, sample=lambda *_: batch, update_priorities=lambda *_: None), 0)

    return examine(lambda: m.DDPGAgent(5, 3), update=update_once, **ONE)


@update("81af2c668322", "dqn_agent.py", "0f721fffd7", "DQN", OWN, RIGHT, READ, SECOND)
def dqn_81af2c(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        n_actions=4,
    )


@update("c2e488d055a8", "ddpg/agent.py", "be3d5bb00d", "DDPG, noisy layers", OWN, RIGHT, READ, SECOND)
def ddpg_c2e488(code: Any) -> Report:
    m = code.module()
    space = SimpleNamespace(shape=(3,), high=np.ones(3, "float32"), low=-np.ones(3, "float32"))
    env = SimpleNamespace(observation_space=np.zeros(5), action_space=space)
    return examine(
        lambda: m.DDPGAgent(env, "cpu", max_size=9000),
        lambda agent, t: agent.replay_buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("eabdac676237", "double_dueling_dqn.py", "6bc94aa529", "dueling double DQN", OWN, RIGHT, READ, SECOND)
def ddqn_eabdac(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.memory.append((t.obs, t.action, t.reward, t.next_obs, t.done)),
        lambda agent: agent.train(),
        n_actions=4,
    )


@update(
    "427b5cb0dd57",
    "td3_torch.py",
    "eb9ed47a56",
    "TD3",
    OWN,
    ("target-action-constant",),
    "read: min_action = -env.action_space.low, so that every target action is clamped to the upper bound",
    SECOND,
)
def td3_427b5c(code: Any) -> Report:
    m = code.module()
    env = SimpleNamespace(action_space=SimpleNamespace(high=np.ones(3, "float32"), low=-np.ones(3, "float32")))
    return examine(
        lambda: m.Agent(1e-3, 1e-3, [5], 0.005, env, n_actions=3, max_size=9000, batch_size=64),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update(
    "3406bb028838",
    "TD3/TD3.py",
    "ecd8ef1aac",
    "TD3",
    PASSED,
    ("crashed",),
    "read: self.max_action is never set on the agent",
    SECOND,
)
def td3_3406bb(code: Any) -> Report:
    m, buffers = code.module(), code.module("TD3/utils.py")
    space = SimpleNamespace(shape=(3,), high=np.ones(3, "float32"), low=-np.ones(3, "float32"))
    return examine(
        lambda: SimpleNamespace(agent=m.TD3(np.zeros(5), space), buffer=buffers.ReplayBuffer()),
        lambda x, t: x.buffer.add((t.obs, t.next_obs, t.action, t.reward, t.done)),
        lambda x: x.agent.train(x.buffer, 1, 64),
        **ONE,
    )


@update("9b569f4dc19c", "agents/td3.py", "c33eee289a", "TD3, state and action joined outside", OWN, RIGHT, READ, SECOND)
def td3_9b569f(code: Any) -> Report:
    m = code.module(dotted="agents.td3")
    space = SimpleNamespace(high=np.ones(3, "float32"), low=-np.ones(3, "float32"))
    env = SimpleNamespace(get_single_state_space=lambda: np.zeros(5), get_single_action_space=lambda: space)
    m.utils.detect_space_size = lambda x: (5,) if x is not space else (3,)

    def make() -> Any:
        agent = m.TD3(1e-3, 0.99, 0.1, 0.2, 5000, 64, 0.005, 2, 0.5, 0, 1)
        agent.logger = SimpleNamespace(log_parameters=print, timesteps_completed=0, gradient_step_complete=print)
        agent.logger.network_update, env.normalise_obs = print, False
        agent._setup(env)
        return agent

    tensor = torch.tensor
    return examine(
        make,
        lambda agent, t: agent.replay.append(
            (
                tensor(t.obs)[None],
                tensor(t.action)[None],
                tensor([t.reward]),
                tensor(t.next_obs)[None],
                tensor([float(t.done)]),
            )
        ),
        lambda agent: agent._improve(env),
        **ONE,
    )
