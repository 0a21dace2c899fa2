"""Updates met first in the twenty-second round of November 2026, drawn at random: DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from bench.corpus.adapters.common import BATCH, FUNCTION, LOOP, OWN, READ, SCRIPT, TWENTY_SECOND
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import OldEnv, env_of
from gradexaminer import Report, examine, watch

FOUR: dict[str, Any] = {"n_actions": 4}
FRAMES: dict[str, Any] = {"obs": (4, 84, 84), "n_actions": 4}
LIMITED = "read: a time limit is stored as an end"
NO_ENDS = "read: no end is stored"
GRADLESS = "read: the predictions are copied into a new tensor, so that no network gets a gradient"
UNDETACHED = "read: no target network, and the label is not detached"
WHOLE_BATCH = "read: the advantages' mean is that of the whole batch"


@update(
    "b45db587a765",
    "dqn/trainer.py",
    "270cdf67ad",
    "DQN, dropout",
    OWN,
    ("broadcast",),
    "read: rewards of shape (B, 1) meet ends of shape (B,)",
    TWENTY_SECOND,
)
def dqn_b45db5(code: Any) -> Report:
    m = code.module()

    def make():
        x = object.__new__(m.Trainer)
        x.policy_net, x.target_net, x.memory = (
            m.DQN(None, [3, 64, 64], 4),
            m.DQN(None, [3, 64, 64], 4),
            m.ReplayMemory(5000),
        )
        x.optimizer, x.device = torch.optim.Adam(x.policy_net.parameters(), lr=1e-4), "cpu"
        return x

    def feed(x, t):
        x.memory.push(*map(torch.tensor, (t.obs, [[t.action]], [t.reward], t.next_obs, [t.done])))

    return examine(make, feed, lambda x: x.optimize_model(), obs=(3, 64, 64), n_actions=4)


@update(
    "6dc99a87da7c",
    "DQN/train.py",
    "473323f08b",
    "DQN",
    FUNCTION,
    ("broadcast",),
    "read: rewards of shape (B, 1) meet values of shape (B,)",
    TWENTY_SECOND,
)
def dqn_6dc99a(code: Any) -> Report:
    m = code.module()

    def make():
        q, target = (m.Qnetwork(5, 4, 64, 64, 1e-3) for _ in range(2))
        return m.Agent(q, target, m.ReplayMemory(5000), 32, 0.99)

    return examine(
        make,
        lambda agent, t: agent.replay_memory.add(m.SARSD(*t.as_tuple())),
        lambda agent: m.train(agent, 0.99, [0.0], env_of(5, **FOUR)),
        sync=lambda agent: agent.target_network.load_state_dict(agent.q_network.state_dict()),
        **FOUR,
    )


@update("b6566b8a8d2f", "DQN/train.py", "7da6f94f65", "DQN", SCRIPT, ("mask-truncated",), LIMITED, TWENTY_SECOND)
def dqn_b6566b(code: Any) -> Report:
    return watch(code.run, **FOUR)


@update(
    "b6566b8a8d2f",
    "Double DQN/train.py",
    "7da6f94f65",
    "double DQN",
    SCRIPT,
    ("argmax-of-s", "mask-truncated"),
    LIMITED + "; the action is the best one in s",
    TWENTY_SECOND,
)
def ddqn_b6566b(code: Any) -> Report:
    return watch(code.run, **FOUR)


@update(
    "b6566b8a8d2f",
    "Dueling DQN/train.py",
    "7da6f94f65",
    "dueling DQN",
    SCRIPT,
    ("mask-truncated",),
    LIMITED,
    TWENTY_SECOND,
)
def dueling_b6566b(code: Any) -> Report:
    return watch(code.run, **FOUR)


@update(
    "b6566b8a8d2f", "PER/train.py", "7da6f94f65", "DQN, priorities", SCRIPT, ("mask-truncated",), LIMITED, TWENTY_SECOND
)
def per_b6566b(code: Any) -> Report:
    return watch(code.run, **FOUR)


@update(
    "a18bcfb1f26a",
    "DQN/main.py",
    "1845539bf1",
    "DQN, no target network",
    SCRIPT,
    ("detached",),
    GRADLESS,
    TWENTY_SECOND,
)
def dqn_a18bcf(code: Any) -> Report:
    return watch(lambda make: code.run(lambda *a, **k: OldEnv(make())), obs=4, n_actions=2)


@update(
    "3e5d59d97a45",
    "DQN/agents.py",
    "c03bcb4f4d",
    "DQN, one row at a time",
    BATCH,
    ("bootstrap-gradient",),
    UNDETACHED,
    TWENTY_SECOND,
)
def dqn_3e5d59(code: Any) -> Report:
    m, nets = code.module(), code.module("DQN/module.py")

    def make():
        q = nets.DQN(5, 4)
        return SimpleNamespace(agent=m.DQNAgent(q, torch.optim.Adam(q.parameters(), lr=1e-3), 4, 0.9), rows=[])

    def learn(x):
        t = x.rows.pop()
        x.agent.learn(torch.tensor(t.obs), t.action, t.reward, torch.tensor(t.next_obs), t.done)

    return examine(make, lambda x, t: x.rows.append(t), learn, **FOUR)


@update(
    "3e5d59d97a45",
    "DQN_replay_buffer/agents.py",
    "c03bcb4f4d",
    "DQN",
    OWN,
    ("bootstrap-gradient",),
    UNDETACHED,
    TWENTY_SECOND,
)
def replay_3e5d59(code: Any) -> Report:
    m, nets = code.module(), code.module("DQN_replay_buffer/module.py")
    rows = code.module("DQN_replay_buffer/replay_buffer.py")

    def make():
        q = nets.DQN(5, 4)
        return m.DQNAgent(q, torch.optim.Adam(q.parameters(), lr=1e-3), 4, 0.9, 0.1, 32, rows.ReplayBuffer(5000), 32, 1)

    return examine(
        make,
        lambda agent, t: agent.rb.append(t.as_tuple()),
        lambda agent: agent.learn_batch(*agent.rb.sample(32)),
        **FOUR,
    )


def _frames(code: Any, **told: bool) -> Report:
    m = code.module()

    def make():
        agent = m.DQNAgent((4, 84, 84), 4, use_conv=True, **told)
        agent.batch_size = agent.replay_buffer_size = 32
        return agent

    return examine(make, lambda agent, t: agent.remember(*t.as_tuple()[:4]), lambda agent: agent.learn(), **FRAMES)


@update("458c19d60985", "DQN/agent.py", "2f8be55828", "DQN, images", OWN, ("mask-missing",), NO_ENDS, TWENTY_SECOND)
def dqn_458c19(code: Any) -> Report:
    return _frames(code)


@update(
    "458c19d60985",
    "DQN/agent.py",
    "2f8be55828",
    "dueling DQN, images",
    OWN,
    ("mask-missing", "advantage-averaged"),
    NO_ENDS + "; the advantages' mean is that of the whole batch",
    TWENTY_SECOND,
)
def dueling_458c19(code: Any) -> Report:
    return _frames(code, dueling=True)


@update(
    "b9a2ddcce1a0", "DQN/agent_dqn.py", "81b1829960", "DQN, images", BATCH, ("mask-missing",), NO_ENDS, TWENTY_SECOND
)
def dqn_b9a2dd(code: Any) -> Report:
    m = code.module()

    def learn(agent, b):
        m.BATCH_SIZE = len(b)
        for t in b.transitions:
            obs, action, after, reward = t.as_tensors()
            agent.push(obs, action[0], reward, after)
        agent.optimize()

    return examine(
        lambda: m.Agent_DQN(env_of(5, **FOUR), SimpleNamespace(test_dqn=False)),
        update=learn,
        sync=lambda agent: agent.Q_cap.load_state_dict(agent.Q.state_dict()),
        **FRAMES,
    )


@update("6d1423c26aea", "DQN/network.py", "5f744c37e9", "double DQN", OWN, RIGHT, READ, TWENTY_SECOND)
def ddqn_6d1423(code: Any) -> Report:
    m = code.module()

    def make():
        x = SimpleNamespace(agent=m.Agent(5, 4, 5000), target=m.Agent(5, 4, 5000))
        x.adam = torch.optim.RMSprop(x.agent.net.parameters(), lr=1e-3)
        return x

    def feed(x, t):
        x.agent.add_replay(*t.as_tuple())
        _ = x.agent.is_full  # which counts the rows

    return examine(
        make,
        feed,
        lambda x: x.agent.optimize(x.adam, x.target, 32),
        sync=lambda x: x.target.net.load_state_dict(x.agent.net.state_dict()),
        **FOUR,
    )


@update("8d3995ce45ce", "DQN/DeepQ.py", "fdd3435784", "DQN, images", OWN, RIGHT, READ, TWENTY_SECOND)
def dqn_8d3995(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN((4, 84, 84), 4, ExperienceReplay_memory=500),
        lambda agent, t: agent.buffer.push(t.obs, [t.action], [t.reward], t.next_obs, [t.done]),
        lambda agent: agent.learn(),
        sync=lambda agent: agent.target_network.load_state_dict(agent.network.state_dict()),
        **FRAMES,
    )


def _loop(code: Any, kind: str) -> Report:
    m = code.module()

    def make_env(make):
        env = OldEnv(make(), time_limit_is_done=False)
        env._max_episode_steps = 10**9
        return env

    def run(make):
        m.gym.make = lambda *a, **k: make_env(make)
        getattr(m, kind)(buffer_size=64, update_every=2, batch_size=32).learn()

    return watch(run, **FOUR)


@update("72039f1a4ed0", "DQN/dqn.py", "7389f7b9e4", "DQN", LOOP, RIGHT, READ, TWENTY_SECOND)
def dqn_72039f(code: Any) -> Report:
    return _loop(code, "DQN")


@update("72039f1a4ed0", "DDQN/ddqn.py", "7389f7b9e4", "double DQN", LOOP, RIGHT, READ, TWENTY_SECOND)
def ddqn_72039f(code: Any) -> Report:
    return _loop(code, "DDQN")


@update(
    "72039f1a4ed0", "DuellingDQN/duelling_dqn.py", "7389f7b9e4", "dueling double DQN", LOOP, RIGHT, READ, TWENTY_SECOND
)
def dueling_72039f(code: Any) -> Report:
    return _loop(code, "DuellingDQN")


@update("06488be1e02c", "DQN/dqn_agent.py", "a6d2057e7a", "DQN, one-hot", OWN, RIGHT, READ, TWENTY_SECOND)
def dqn_06488b(code: Any) -> Report:
    m = code.module()
    spaces = SimpleNamespace(action_space=SimpleNamespace(n=4), observation_space=SimpleNamespace(n=5))
    return examine(
        lambda: m.DQNAgent(spaces, 1.0, 0.1, 0.99, 3, 1e-3, 0.93, 5000),
        lambda agent, t: agent.replay_memory.store(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.learn(32, False),
        sync=lambda agent: agent.hard_update(),
        **FOUR,
    )


@update(
    "fd0d5377dd1e", "DQN/dqn_model.py", "402400b018", "DQN, images", BATCH, ("mask-missing",), NO_ENDS, TWENTY_SECOND
)
def dqn_fd0d53(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(),
        update=lambda x, b: x.optimize(torch.tensor(b.obs), list(b.action), list(b.reward), torch.tensor(b.next_obs)),
        sync=lambda x: x.target.load_state_dict(x.agent.state_dict()),
        obs=(5, 96, 96),
        n_actions=5,
    )


def _cartpole(code: Any, learn: Any) -> Report:
    m = code.module(definitions=True)

    def make():
        m.policy_net, m.target_net, m.memory = m.DQN(4, 2), m.DQN(4, 2), m.ReplayMemory(5000)
        m.optimizer = torch.optim.RMSprop(m.policy_net.parameters())
        return m

    return examine(
        make,
        lambda m, t: m.memory.push(t.obs, t.action, t.reward, t.next_obs, t.done),
        learn,
        sync=lambda m: m.target_net.load_state_dict(m.policy_net.state_dict()),
        obs=4,
        n_actions=2,
    )


@update(
    "76be0291c22b",
    "DQN/main.py",
    "f89732e673",
    "DQN",
    FUNCTION,
    ("mask-inverted",),
    "read: the bootstrap is multiplied by done",
    TWENTY_SECOND,
)
def dqn_76be02(code: Any) -> Report:
    return _cartpole(code, lambda m: m.optimize_model())


@update(
    "76be0291c22b",
    "DQN/dqn_main2013.py",
    "f89732e673",
    "DQN, no target network",
    FUNCTION,
    ("batch-max", "bootstrap-sign"),
    "read: the maximum is the batch's, and `~done` of a bool is -1 or -2",
    TWENTY_SECOND,
)
def early_76be02(code: Any) -> Report:
    m = code.module(definitions=True)

    def make():
        m.model = m.qnet(4, 2)
        m.optimizer = torch.optim.Adam(m.model.parameters(), lr=1e-3)
        return m

    def learn(m, b):
        m.train_minibatch([(t.obs, t.action, t.reward, t.next_obs, bool(t.done)) for t in b.transitions])

    return examine(make, update=learn, obs=4, n_actions=2)


@update("b4a2694fde17", "DQN/train.py", "df537cf477", "DQN, images", OWN, RIGHT, READ, TWENTY_SECOND)
def dqn_b4a269(code: Any) -> Report:
    m = code.module(change=lambda text: text.replace("from torchvision.utils import torch", "import torch"))

    def feed(x, t):
        x.memory_replay.push(*map(torch.tensor, (t.obs, t.action, t.next_obs, t.reward)), t.done)

    return examine(
        lambda: m.Trainer(None, m.DQN(4, 4), m.DQN(4, 4)),
        feed,
        lambda x: x._optimize(),
        sync=lambda x: x.target_net.load_state_dict(x.policy_net.state_dict()),
        obs=(4, 80, 96),
        n_actions=4,
    )


@update("439a140c5aee", "dqn/trainerDQN.py", "92c861d402", "DQN", BATCH, ("detached",), GRADLESS, TWENTY_SECOND)
def dqn_439a14(code: Any) -> Report:
    m, nets = code.module(dotted="dqn.trainerDQN"), code.module("dqn/mlp.py")

    def make():
        x = SimpleNamespace(model=nets.MLP(), model_TDtarget=nets.MLP())
        x.trainer = m.TrainerDQN(x.model, 32, 1e-3, 0.99)
        return x

    def learn(x, b):
        rows = [t.as_tensors(none_at_end=True) for t in b.transitions]
        x.memory_buffer, x.trainer.batch_size = rows, len(rows)
        x.sampleTrajectory = lambda n: [(o, int(a), float(r), after) for o, a, after, r in rows]
        x.trainer.train(x)

    return examine(
        make,
        update=learn,
        sync=lambda x: x.model_TDtarget.load_state_dict(x.model.state_dict()),
        obs=12,
        n_actions=6,
    )


@update("2b978b1ec732", "DQN/agents.py", "00dae44c75", "DQN", OWN, ("bootstrap-gradient",), UNDETACHED, TWENTY_SECOND)
def dqn_2b978b(code: Any) -> Report:
    m, nets = code.module(), code.module("DQN/modules.py")
    rows = code.module("DQN/replay_buffer.py")

    def make():
        q = nets.MLP(5, 4)
        return m.DQNAgent(q, torch.optim.Adam(q.parameters(), lr=1e-3), 4, rows.ReplayBuffer(5000, 1), 32, 32)

    return examine(
        make,
        lambda agent, t: agent.rb.append(t.as_tuple()),
        lambda agent: agent.learn_batch(*agent.rb.sample(32)),
        **FOUR,
    )


@update("b340f3e71296", "DQN/dqn_agent.py", "fb75c4400c", "DQN, no target network", OWN, RIGHT, READ, TWENTY_SECOND)
def dqn_b340f3(code: Any) -> Report:
    m = code.module()
    m.plt.show = lambda: None
    return examine(
        lambda: m.DQNAgent(5, 4, replay_buffer_size=64),
        lambda agent, t: agent.add_to_replay_buffer(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.train(epochs=1),
        **FOUR,
    )


def _parl(code: Any, folder: str, kind: str, net: str) -> Report:
    algorithm, agent = code.module(f"{folder}/algo.py"), code.module(f"{folder}/agent.py")
    nets, rows = code.module(f"{folder}/model.py"), code.module(f"{folder}/replay_memory.py")

    def make():
        learner = getattr(algorithm, kind)(getattr(nets, net)(5, 4), gamma=0.99, lr=1e-3)
        x = SimpleNamespace(agent=agent.Agent(learner, 4), rows=rows.ReplayMemory(5000))
        x.agent.update_target_steps = 3
        return x

    return examine(
        make,
        lambda x, t: x.rows.append(t.as_tuple()),
        lambda x: x.agent.learn(*x.rows.sample(32)),
        **FOUR,
    )


@update("4b55b5c02616", "DQN/algo.py", "763b31ebac", "DQN", OWN, RIGHT, READ, TWENTY_SECOND)
def dqn_4b55b5(code: Any) -> Report:
    return _parl(code, "DQN", "DQN", "Net")


@update("4b55b5c02616", "Double_DQN/algo.py", "763b31ebac", "double DQN", OWN, RIGHT, READ, TWENTY_SECOND)
def ddqn_4b55b5(code: Any) -> Report:
    return _parl(code, "Double_DQN", "Double_DQN", "Net")


@update(
    "4b55b5c02616",
    "Dueling_DQN/algo.py",
    "763b31ebac",
    "dueling DQN",
    OWN,
    ("advantage-averaged",),
    WHOLE_BATCH,
    TWENTY_SECOND,
)
def dueling_4b55b5(code: Any) -> Report:
    return _parl(code, "Dueling_DQN", "Dueling_DQN", "VANet")


def _notebook(code: Any, kind: str) -> Report:
    m = code.module(stop="agent = train")
    return examine(
        lambda: getattr(m, kind)(5, 4),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(1),
        sync=lambda agent: agent.target_network.load_state_dict(agent.q_network.state_dict()),
        **FOUR,
    )


@update("65ebe7161448", "DQN.ipynb", "cca90ff6be", "DQN", OWN, RIGHT, READ, TWENTY_SECOND)
def dqn_65ebe7(code: Any) -> Report:
    return _notebook(code, "DQNAgent")


@update("65ebe7161448", "Double-DQN.ipynb", "cca90ff6be", "double DQN", OWN, RIGHT, READ, TWENTY_SECOND)
def ddqn_65ebe7(code: Any) -> Report:
    return _notebook(code, "DoubleDQNAgent")


def _replayed(code: Any) -> Report:
    m = code.module(stop="env_name = ")
    return examine(
        lambda: m.DDQNAgent(5, 4, 0),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        **FOUR,
    )


OWN_ACTION = "read: the label takes the value of s' at the action that the batch took in s"


@update(
    "ed74b9a7ab52",
    "DDQN_CartPole.ipynb",
    "d719250313",
    "double DQN",
    OWN,
    ("replayed-action",),
    OWN_ACTION,
    TWENTY_SECOND,
)
def ddqn_ed74b9(code: Any) -> Report:
    return _replayed(code)


@update(
    "ed74b9a7ab52",
    "D3QN_CartPole.ipynb",
    "d719250313",
    "dueling double DQN",
    OWN,
    ("replayed-action",),
    OWN_ACTION,
    TWENTY_SECOND,
)
def d3qn_ed74b9(code: Any) -> Report:
    return _replayed(code)


def _info(code: Any, kind: str) -> Report:
    m = code.module()
    return examine(
        lambda: getattr(m, kind)(5, 4, 0, "info"),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        **FOUR,
    )


@update(
    "29ffcda76367",
    "DQN/ddqn_agent.py",
    "bbc99952d5",
    "double DQN",
    OWN,
    ("argmax-of-s",),
    "read: the action is the best one in s",
    TWENTY_SECOND,
)
def ddqn_29ffcd(code: Any) -> Report:
    return _info(code, "DoubleDQNAgent")


@update(
    "29ffcda76367",
    "DQN/duelingdqn_agent.py",
    "bbc99952d5",
    "dueling DQN",
    OWN,
    ("advantage-averaged",),
    WHOLE_BATCH,
    TWENTY_SECOND,
)
def dueling_29ffcd(code: Any) -> Report:
    return _info(code, "DuelingDQNAgent")


@update(
    "50a648922dcc",
    "dqn/trainer.py",
    "f9066eb046",
    "DQN, images, batch norm",
    BATCH,
    ("mask-missing",),
    "read: the ends of the batch are not used",
    TWENTY_SECOND,
)
def dqn_50a648(code: Any) -> Report:
    m, agents = code.module(dotted="dqn.trainer"), code.module(dotted="dqn.agent")
    told = SimpleNamespace(history_length=4, in_width=84, in_height=84, cnn_archi=[(16, 8, 4), (32, 4, 2)])
    told.fc_archi, told.output_size, told.df = [128], 4, 0.99

    def make():
        x = object.__new__(m.Trainer)
        x.config, x.agent, x.loss = told, agents.DQNAgent(told), torch.nn.functional.smooth_l1_loss
        x.optim = torch.optim.RMSprop(x.agent.model.parameters(), lr=1e-3)
        x.total_loss = x.total_q = x.update_cnt = 0
        return x

    def learn(x, b):
        told.batch_size = len(b)
        rows = (b.obs, b.action[:, None], b.reward, b.next_obs, b.done)
        x.memory = SimpleNamespace(get_batch=lambda: [r.copy() for r in rows])
        x.experience_replay()

    return examine(make, update=learn, sync=lambda x: x.agent.update_fixed_target(), **FRAMES)


@update("b4500422674d", "src/DQN.py", "9c355a5d2c", "DQN", OWN, RIGHT, READ, TWENTY_SECOND)
def dqn_b45004(code: Any) -> Report:
    m = code.module()

    def feed(agent, t):
        agent.last = t

    def learn(agent):
        t = agent.last
        agent.update(t.obs, t.reward, t.action, t.next_obs, t.done)

    def keep(agent, t):
        agent.buffer.add(t.obs, t.reward, t.action, t.next_obs, t.done)
        feed(agent, t)

    return examine(
        lambda: m.DQNAgent(5, 4, 64, 32, 1e-3, 100), keep, learn, sync=lambda agent: agent.sync_target(), **FOUR
    )


def _pairs(code: Any, *, is_double: bool) -> Report:
    m, kept = code.module("dqn_trainer.py"), code.module("data.py")
    net = {"in_size": 5, "out_size": 4, "reward_decay": 0.99, "layers": [64, 64], "dropout": 0.0}
    told = {"is_double": is_double, "fp16": False, "batch_size": 32, "n_local_steps": 1000}
    told["model_update"] = {"n_steps": 10**9, "type": "hard"}

    def make():
        x = object.__new__(m.DqnTrainer)
        x.cfg, x.device = {"training": told, "model": net}, "cpu"
        x.model, x.target_model = m.CriticModel.build_model(net).eval(), m.CriticModel.build_model(net)
        x.optimizer = torch.optim.Adam(x.target_model.parameters(), lr=1e-3)
        x.log_writer, x._training_data = SimpleNamespace(step=1), m.TrainingData(0, m.BatchValueList())
        x._training_data.progress_bar, x._get_eps_greedy_coef = m.tqdm(disable=True), lambda: 0.1
        return x

    def learn(x, b):
        told["n_local_steps"] = 10**9
        action, reward = torch.tensor(b.action)[:, None], torch.tensor(b.reward)[:, None]
        now, after = (kept.RecordArray(torch.tensor(s).reshape(-1, 2, 5), action, reward) for s in (b.obs, b.next_obs))
        x.replay_buffer = SimpleNamespace(
            sample_batch_indices=lambda n: None, get_seq_batch=lambda *_: (now, after, torch.tensor(b.done > 0))
        )
        x.train_step()

    return examine(make, update=learn, sync=lambda x: x._hard_model_update(), obs=10, n_actions=4)


COPY = "read: `values[mask][:] = 0` writes into a copy, so that no end is masked"


@update("6378b64571d1", "dqn_trainer.py", "ed3cf29417", "DQN", BATCH, ("mask-missing",), COPY, TWENTY_SECOND)
def dqn_6378b6(code: Any) -> Report:
    return _pairs(code, is_double=False)


@update(
    "6378b64571d1",
    "dqn_trainer.py",
    "ed3cf29417",
    "double DQN",
    BATCH,
    ("mask-missing", "one-bootstrap"),
    COPY + "; the values are those of the batch's first row",
    TWENTY_SECOND,
)
def ddqn_6378b6(code: Any) -> Report:
    return _pairs(code, is_double=True)
