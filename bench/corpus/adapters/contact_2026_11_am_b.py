"""Updates met first in November 2026, drawn at random: owners a to m, DQN and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bench.corpus.adapters.common import DICT, FIRST, ONE, OWN, PASSED, READ
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import OldEnv
from gradexaminer import Report, examine, watch


@update("a183b7ed82c8", "SAC.py", "57d65cd4d3", "discrete SAC", "agent.update(transitions)", RIGHT, READ, FIRST)
def sac_a183b7(code: Any) -> Report:
    m = code.module(stop="env_name", definitions=True)
    return examine(
        lambda: m.SAC(5, 64, 4, -1, 0.005, 0.98),
        update=lambda agent, batch: agent.update([t.as_tuple() for t in batch.transitions]),
        n_actions=4,
    )


@update(
    "0a99c42f1d2e",
    "dqn.py",
    "d85ee36725",
    "DQN",
    "optimize(batch, policy, target)",
    ("untaken",),
    "read: outputs of actions not taken are pulled to the target network's",
    FIRST,
)
def dqn_0a99c4(code: Any) -> Report:
    m = code.module(stop="__main__")
    m.frozenlakedql.state_to_dqn_input = lambda _self, state, _n: m.torch.as_tensor(state)

    def make():
        x = SimpleNamespace(agent=m.frozenlakedql(), net=m.DQN(5, 5, 4), target=m.DQN(5, 5, 4), memory=[])
        x.agent.optimizer = m.torch.optim.Adam(x.net.parameters(), lr=1e-3)
        return x

    return examine(
        make,
        lambda x, t: x.memory.append((t.obs, t.action, t.next_obs, t.reward, t.done)),
        lambda x: x.agent.optimize(m.random.sample(x.memory, 32), x.net, x.target),
        sync=lambda x: x.target.load_state_dict(x.net.state_dict()),
        n_actions=4,
    )


@update("a0324f78c5df", "sac_agent.py", "17e6316d30", "SAC", PASSED, RIGHT, READ, FIRST)
def sac_a0324f(code: Any) -> Report:
    m = code.module(stop="__main__")
    return examine(
        lambda: SimpleNamespace(agent=m.SACAgent(5, 3), buffer=m.ReplayBuffer()),
        lambda both, t: both.buffer.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda both: both.agent.update(both.buffer, 40),
        low=[-0.1] * 3,
        high=[0.1] * 3,
    )


@update(
    "f844c8dbec94",
    "sac_agent.py",
    "c4602aa107",
    "discrete SAC",
    OWN,
    ("temperature-sign",),
    "read: the temperature's loss adds the entropy and its positive goal, so that the temperature can only grow",
    FIRST,
)
def sac_f844c8(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACAgent(5, 4),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update(
    "f0b863f143a4",
    "sac.py",
    "9ec16e2b70",
    "SAC",
    DICT,
    RIGHT,
    "read; the correction of log pi inside the policy is that of a known book, and not the examiner's question",
    FIRST,
)
def sac_f0b863(code: Any) -> Report:
    m = code.module(stop="__main__")
    return examine(
        lambda: m.SACContinuous(5, 64, 1, 2.0, 1e-3, 1e-3, 1e-3, -1.0, 0.005, 0.99, "cpu"),
        update=lambda agent, batch: agent.update(batch.as_dict()),
        low=[-2.0],
        high=[2.0],
    )


@update("048f825c95d6", "SAC.py", "db9beae0c6", "SAC", PASSED, RIGHT, READ, FIRST)
def sac_048f82(code: Any) -> Report:
    m, buffers = code.module(), code.module("ReplayBuffer.py")
    return examine(
        lambda: SimpleNamespace(agent=m.SAC_Agent(5, 3), buffer=buffers.RandomBuffer(5, 3, True, 1000)),
        lambda both, t: both.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda both: both.agent.train(both.buffer),
        **ONE,
    )


@update(
    "2553c0534fc7",
    "sac.py",
    "b9734eda87",
    "SAC",
    PASSED,
    RIGHT,
    "read: (B,) meets (B, 1) in the actor's loss, whose mean is the same",
    FIRST,
)
def sac_2553c0(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: SimpleNamespace(agent=m.SAC(5, 3, 2.0), buffer=m.ReplayBuffer(5, 3)),
        lambda both, t: both.buffer.store(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda both: both.agent.update(both.buffer, 40),
        low=[-2.0] * 3,
        high=[2.0] * 3,
    )


@update(
    "05f4e6088d07",
    "dqn.py",
    "4bbf16098f",
    "DQN",
    "script, all under __main__",
    ("partly-trained|partly-updated",),
    "read: hidden layers in a Python list are in no optimizer and are not copied to the target",
    FIRST,
)
def dqn_05f4e6(code: Any) -> Report:
    class Stocks(OldEnv):
        def max_possible_profit(self):
            return 0.0

        df = prices = signal_features = SimpleNamespace(shape=())
        render_all = max_possible_profit

    return watch(
        lambda make: code.run(lambda *_args, **_kwargs: Stocks(make())),
        n_actions=2,
        obs=(4, 2),
    )


@update("1a0779557538", "dqn_agent.py", "b66b4177b2", "DQN", OWN, RIGHT, READ, FIRST)
def dqn_1a0779(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), m.GAMMA),
        n_actions=4,
    )


@update(
    "c6d1ac5c8494",
    "DQN.py",
    "2a5f67a11b",
    "DQN",
    "agent object, one row at a time",
    ("bootstrap-gradient", "output-bounded"),
    "read: the label is not detached (the result of detach() is dropped), and softmax ends the network",
    FIRST,
)
def dqn_c6d1ac(code: Any) -> Report:
    m = code.module()
    sizes = {f"{n}_layer_size": 64 for n in ("first", "second", "third")}
    rest = {"weights_path": "", "load_weights": False, "memory_size": 1000, "learning_rate": 1e-3}

    def make():
        agent = m.DQNAgent({**sizes, **rest})
        agent.optimizer = m.torch.optim.Adam(agent.parameters(), lr=1e-3)
        return agent

    return examine(
        make,
        lambda agent, t: agent.remember(t.obs, m.np.eye(60)[t.action], t.reward, t.next_obs, t.done),
        lambda agent: agent.replay_new(agent.memory, 32),
        n_actions=60,
        obs=117,
    )


@update(
    "67a87dd3152d",
    "agent2.py",
    "ec8e86fcb2",
    "SAC",
    OWN,
    RIGHT,
    "read: V-network variant; gradients that reach critics and target are zeroed or applied by nobody",
    FIRST,
)
def sac_67a87d(code: Any) -> Report:
    m = code.module()
    env = SimpleNamespace(action_space=SimpleNamespace(high=[1.0] * 3))
    return examine(
        lambda: m.Agent(input_dims=[5], env=env, n_actions=3, max_size=1000),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        **ONE,
    )


@update("df657c0671fc", "agent.py", "5e62980a2d", "DQN", "optimize(batch, policy, target)", RIGHT, READ, FIRST)
def dqn_df657c(code: Any) -> Report:
    m = code.module(stop="__main__")

    def make():
        x = SimpleNamespace(agent=m.Agent.__new__(m.Agent), net=m.DQN(5, 4), target=m.DQN(5, 4), memory=[])
        x.agent.gamma, x.agent.loss_fn = 0.99, m.nn.MSELoss()
        x.agent.optimizer = m.torch.optim.Adam(x.net.parameters(), lr=1e-3)
        return x

    def feed(x, t):
        obs, action, next_obs, reward = t.as_tensors()
        x.memory.append((obs[0], action[0, 0], next_obs[0], reward[0], t.done))

    return examine(
        make,
        feed,
        lambda x: x.agent.optimize(m.random.sample(x.memory, 40), x.net, x.target),
        sync=lambda x: x.target.load_state_dict(x.net.state_dict()),
        n_actions=4,
    )


@update("ff0e74c19611", "agent.py", "6489528b5d", "DQN", "optimize(batch, policy, target)", RIGHT, READ, FIRST)
def dqn_ff0e74(code: Any) -> Report:
    m = code.module(stop="__main__")

    def make():
        x = SimpleNamespace(agent=m.Agent.__new__(m.Agent), net=m.DQN(5, 4), target=m.DQN(5, 4), memory=[])
        x.agent.discount_factor_g, x.agent.loss_fn = 0.99, m.nn.MSELoss()
        x.agent.optimizer = m.torch.optim.Adam(x.net.parameters(), lr=1e-3)
        return x

    def feed(x, t):
        obs, action, next_obs, reward = t.as_tensors()
        x.memory.append((obs[0], action[0, 0], next_obs[0], reward[0], t.done))

    return examine(
        make,
        feed,
        lambda x: x.agent.optimize(m.random.sample(x.memory, 40), x.net, x.target),
        sync=lambda x: x.target.load_state_dict(x.net.state_dict()),
        n_actions=4,
    )


@update("56537336799c", "SAC.py", "c811d1630f", "SAC", OWN, RIGHT, "read; its loop never ends an episode", FIRST)
def sac_565373(code: Any) -> Report:
    m = code.module()
    told = {"state_dim": 5, "action_dim": 3, "net_width": 64, "a_lr": 1e-3, "c_lr": 1e-3, "dvc": "cpu"}
    rest = {"adaptive_alpha": True, "alpha": 0.2, "batch_size": 64, "gamma": 0.99}

    def feed(agent, t):
        b = agent.replay_buffer
        for kept, value in ((b.s, t.obs), (b.a, t.action), (b.r, t.reward), (b.s_next, t.next_obs), (b.dw, t.done)):
            kept[b.size] = m.torch.as_tensor(value)
        b.size += 1

    return examine(
        lambda: m.SAC_countinuous(**told, **rest),
        feed,
        lambda agent: agent.train(),
        **ONE,
    )


@update("309ebbe3f14e", "dqn_agent.py", "ea2c6b5035", "DQN", OWN, RIGHT, READ, FIRST)
def dqn_309ebb(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 4, 0),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(agent.memory.sample(), m.GAMMA),
        n_actions=4,
    )
