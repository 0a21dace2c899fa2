"""Updates met first in November 2026, drawn at random: owners n to z and digits, DQN.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import FIRST, FUNCTION, OWN, READ
from bench.corpus.registry import RIGHT, update
from gradexaminer import Report, examine


@update(
    "749736bc83f2",
    "DQN_agent.py",
    "2941121505",
    "DQN",
    OWN,
    ("mask-missing",),
    "read: no end can be stored; also, the soft update writes into a throw-away dict",
    FIRST,
)
def dqn_749736(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(0.8, 1e-3, 4, 5, 5000, 32, 0.2, 0.001, replace=4),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.index % 2),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update("d8941e272187", "rl/dqn.py", "ac1351f169", "double DQN", OWN, RIGHT, READ, FIRST)
def ddqn_d8941e(code: Any) -> Report:
    m = code.module(dotted="rl.dqn")
    space, choice = SimpleNamespace(shape=(5,)), SimpleNamespace(n=4)
    return examine(
        lambda: m.DQN(space, choice, 5000, 64, 1e-3, 0.99, 100, 0.1, "cpu", double_dqn=True),
        lambda agent, t: agent.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(agent.buffer.sample(64)),
        sync=lambda agent: agent.sync_target(),
        n_actions=4,
    )


@update(
    "c0cb465ae743", "ddqn_agent.py", "33b17f778c", "dueling double DQN, live rows alone asked", OWN, RIGHT, READ, FIRST
)
def ddqn_c0cb46(code: Any) -> Report:
    m = code.module()
    tensor = torch.tensor
    return examine(
        lambda: m.DDQNAgent(5, 4, buffer_size=5000),
        lambda agent, t: agent.push_experience(
            tensor(t.obs), tensor(t.action), tensor(t.reward), tensor(t.next_obs), t.done
        ),
        lambda agent: agent.optimize_model(),
        sync=lambda agent: agent.update_target_network(),
        n_actions=4,
    )


@update(
    "125ae97f23e1", "double_dqn.py", "29304b66cd", "double DQN, linear in the observation", FUNCTION, RIGHT, READ, FIRST
)
def ddqn_125ae9(code: Any) -> Report:
    m = code.module()

    def update_once(x: Any) -> None:
        loss = m.sample_batch_and_calculate_loss(x.model, x.buffer, 64, 0.94)
        x.model.optimizer.zero_grad()
        loss.backward()
        x.model.optimizer.step()

    return examine(
        lambda: SimpleNamespace(model=m.DoubleQLearningModel("cpu", 5, 4, 1e-3), buffer=m.ExperienceReplay("cpu", 5)),
        lambda x, t: x.buffer.add(SimpleNamespace(s=t.obs, a=t.action, r=t.reward, next_s=t.next_obs, t=not t.done)),
        update_once,
        sync=lambda x: x.model.update_target_network(),
        n_actions=4,
    )


@update(
    "845315d02108",
    "train-code/ddqn_agent.py",
    "375a9b7454",
    "double DQN, images",
    OWN,
    RIGHT,
    "read; the label is not detached, which fills the target's .grad alone",
    FIRST,
)
def ddqn_845315(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDQNAgent(0.99, 1.0, 1e-4, 4, (4, 84, 84), 2000, 32, replace=4, algo="", env_name=""),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        n_actions=4,
        obs=(4, 84, 84),
        image=True,
    )


@update("dcae2c845991", "ddqn_agent.py", "17eff0e080", "double DQN", FUNCTION, RIGHT, READ, FIRST)
def ddqn_dcae2c(code: Any) -> Report:
    m = code.module(definitions=True, stop="with open")
    m = code.module(
        change=lambda text: text.replace("json.load(f)", "{}").replace("open('config.json', 'r')", "open('/dev/null')")
    )

    def make() -> Any:
        net = m.QNetwork(5, 4)
        return SimpleNamespace(
            net=net, target=m.QNetwork(5, 4), optimizer=torch.optim.Adam(net.parameters()), buffer=m.ReplayBuffer(5000)
        )

    return examine(
        make,
        lambda x, t: x.buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda x: m.update(x.net, x.target, x.optimizer, x.buffer),
        sync=lambda x: x.target.load_state_dict(x.net.state_dict()),
        n_actions=4,
    )


@update(
    "0c4c61984cb0",
    "rl/dqn.py",
    "d44c5b058b",
    "double DQN",
    "agent.train(batch)",
    RIGHT,
    "read; the label is not detached, which fills the target's .grad alone",
    FIRST,
)
def ddqn_0c4c61(code: Any) -> Report:
    m = code.module(dotted="rl.dqn")
    return examine(
        lambda: m.Agent(m.MLP((5, 32, 32, 4)), 1e-3, 4, 0.99, 0.99),
        update=lambda agent, b: agent.train((b.obs, b.action, b.reward, b.done.astype("float32"), b.next_obs)),
        sync=lambda agent: agent.target_update(),
        n_actions=4,
    )


@update(
    "1130a603ea65",
    "ddqn_agent.py",
    "6e6100d0f0",
    "double DQN, next state None at the end",
    OWN,
    RIGHT,
    "read; the label is not detached, which fills the target's .grad alone",
    FIRST,
)
def ddqn_1130a6(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDQNAgent(5, 4, {}),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(),
        sync=lambda agent: agent.update_target(),
        n_actions=4,
    )


@update("f2f724c8a689", "ddqn_agent.py", "7f045dcddb", "double DQN", OWN, RIGHT, READ, FIRST)
def ddqn_f2f724(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDQNAgent(5, 4),
        lambda agent, t: agent.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.update(),
        n_actions=4,
    )


@update(
    "b1ba905dafce",
    "duelingDQN/dueling_ddqn.py",
    "902c63159c",
    "dueling DQN",
    OWN,
    ("bootstrap-gradient", "mask-missing", "advantage-averaged"),
    "read: one network, Q(s') not detached; dones are not used; a later engine named the mean advantage of the batch",
    FIRST,
)
def dqn_b1ba90(code: Any) -> Report:
    m = code.module()
    env = SimpleNamespace(observation_space=np.zeros(5), action_space=SimpleNamespace(n=4))
    return examine(
        lambda: m.DuelingAgent(env, use_conv=False),
        lambda agent, t: agent.replay_buffer.append((t.obs, t.action, t.reward, t.next_obs, t.done)),
        lambda agent: agent.update(64),
        n_actions=4,
    )


@update(
    "70771d9dcea8",
    "ddqn_agent.py",
    "62c6a98f6d",
    "DQN (called double)",
    OWN,
    ("advantage-averaged",),
    "first read as right; the network subtracts the mean advantage of the whole batch, which a later engine named",
    FIRST,
)
def dqn_70771d(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        n_actions=4,
    )
