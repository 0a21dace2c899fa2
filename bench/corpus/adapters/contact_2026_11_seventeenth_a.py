"""Updates met first in the seventeenth round of November 2026, drawn at random: DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import copy
import os
import random
from types import SimpleNamespace
from typing import Any

import torch

from bench.corpus.adapters.common import DICT, FUNCTION, LOOP, LOOSE, OWN, READ, SCRIPT, SEVENTEENTH
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine, watch

FOUR: dict[str, Any] = {"n_actions": 4}
ENV = env_of(5, **FOUR)
ENDS = "read: the end of an episode is not stored"
OTHERS = "read: the label's gradient moves the network itself, which has no target by default"
WHOLE = "read: the network subtracts the mean advantage of the whole batch"


def _normal(code: Any, dotted: str, kind: str) -> Report:
    m = code.module(dotted=dotted)
    env = SimpleNamespace(action_space=SimpleNamespace(n=4), reset=lambda: (range(5), {}))

    def feed(agent, t):
        told = torch.tensor(t.action), torch.tensor(t.reward), agent.normalize_state(t.next_obs)
        agent.buffer.add((agent.normalize_state(t.obs), *told, torch.tensor(t.done).float()))

    return examine(
        lambda: getattr(m, kind)(env, False, 5000, 32, 1),
        feed,
        lambda agent: agent.experience_replay(),
        sync=lambda agent: agent.target.load_state_dict(agent.model.state_dict()),
        **FOUR,
    )


@update("8f4d023e0654", "DQN/dqn.py", "7a2f9ca076", "DQN", OWN, RIGHT, READ, SEVENTEENTH)
def dqn_8f4d02(code: Any) -> Report:
    return _normal(code, "DQN.dqn", "DQN")


@update("8f4d023e0654", "DQN/ddqn.py", "7a2f9ca076", "double DQN", OWN, RIGHT, READ, SEVENTEENTH)
def ddqn_8f4d02(code: Any) -> Report:
    return _normal(code, "DQN.ddqn", "DDQN")


@update("8f4d023e0654", "DQN/dddqn.py", "7a2f9ca076", "dueling double DQN", OWN, RIGHT, READ, SEVENTEENTH)
def dueling_8f4d02(code: Any) -> Report:
    return _normal(code, "DQN.dddqn", "DDDQN")


@update("b112ae9e5092", "DQN/DQN.py", "c85d63316b", "DQN without activations", DICT, RIGHT, LOOSE, SEVENTEENTH)
def dqn_b112ae(code: Any) -> Report:
    m = code.module()

    def learn(agent, b):
        told = {"state": b.obs, "actions": b.action, "rewards": b.reward, "next_state": b.next_obs, "dones": b.done}
        agent.update(told)

    return examine(lambda: m.DQN(5, 64, 4, 1e-3, 0.98, 0.9, 5, "cpu"), update=learn, **FOUR)


def _skeleton(code: Any, **options: Any) -> Report:
    m = code.module()

    def learn(agent):
        agent.opt.zero_grad()
        agent.compute_msbe_loss().backward()
        agent.opt.step()

    def sync(agent):
        if agent.use_target_network:
            agent.target_net.load_state_dict(agent.net.state_dict())

    return examine(
        lambda: m.DQN(ENV, **options), lambda agent, t: agent.replay_buffer.put(*t.as_tuple()), learn, sync=sync, **FOUR
    )


@update(
    "0478f79199f8",
    "DQN/dqn.py",
    "61790db02d",
    "DQN, no target",
    LOOP,
    ("bootstrap-gradient",),
    OTHERS,
    SEVENTEENTH,
)
def dqn_0478f7(code: Any) -> Report:
    return _skeleton(code)


@update("0478f79199f8", "DQN/dqn.py", "61790db02d", "DQN", LOOP, RIGHT, LOOSE, SEVENTEENTH)
def target_0478f7(code: Any) -> Report:
    return _skeleton(code, use_target_network=True)


@update(
    "92d16cc798bc",
    "DQN/dqn.py",
    "63d17af966",
    "DQN, no target",
    OWN,
    ("bootstrap-gradient",),
    "read: the label's gradient moves the network itself, which has no target",
    SEVENTEENTH,
)
def dqn_92d16c(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(0.99, 1.0, 1e-3, [5], 32, 4, 5000),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        **FOUR,
    )


@update("92d16cc798bc", "atari/dqn_agent.py", "63d17af966", "DQN, images", OWN, RIGHT, LOOSE, SEVENTEENTH)
def atari_92d16c(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(0.99, 1.0, 1e-4, 4, (4, 44, 44), 600, 32, replace=5, algo="dqn", env_name="game"),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        obs=(4, 44, 44),
        **FOUR,
    )


@update("cf89e9ff3669", "DQN/trainer.py", "2104085c7a", "DQN, agent is the network", LOOP, RIGHT, READ, SEVENTEENTH)
def dqn_cf89e9(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(agent=m.DQN(5000, "cpu"), target=m.DQN(1, "cpu")),
        lambda x, t: x.agent.input_data((t.obs, t.action, t.reward, t.next_obs, int(t.done))),
        lambda x: x.agent.train(32, x.target),
        sync=lambda x: setattr(x, "target", copy.deepcopy(x.agent)),
        obs=4,
        n_actions=2,
    )


@update("5902d261ac23", "DDQN/DDQN.py", "3b056ffdc4", "double DQN", DICT, RIGHT, LOOSE, SEVENTEENTH)
def ddqn_5902d2(code: Any) -> Report:
    m = code.module(definitions=True, env=ENV)
    return examine(
        lambda: m.DDQN(5, 4, 64, 1e-3, 0.98, [0.2, 0.01, 0.01], 5, "cpu"),
        update=lambda agent, b: agent.learn(b.as_dict()),
        **FOUR,
    )


def _brain(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(5, 64, 4, 1e-3, 0.98, 0.9, 0.1, 0.01, 5, "cpu"),
        update=lambda agent, b: agent.learn(b.as_dict()),
        **FOUR,
    )


@update("5902d261ac23", "DQN/DQN_brain.py", "3b056ffdc4", "DQN", DICT, RIGHT, LOOSE, SEVENTEENTH)
def dqn_5902d2(code: Any) -> Report:
    return _brain(code)


@update("5902d261ac23", "DUDQN/duDQN_brain.py", "3b056ffdc4", "dueling DQN", DICT, RIGHT, LOOSE, SEVENTEENTH)
def dueling_5902d2(code: Any) -> Report:
    return _brain(code)


@update(
    "f0535cae0173",
    "DQNAgent.py",
    "79f129f7a4",
    "dueling DQN",
    OWN,
    ("output-bounded",),
    "read: value and advantage are behind a ReLU, so that the mean of Q over the actions is never negative",
    SEVENTEENTH,
)
def dueling_f0535c(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.BananaCollector(5, 4, 0),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        **FOUR,
    )


def _pole(code: Any, kind: str, learn: Any) -> Report:
    m = code.module()

    def feed(agent, t):
        told = torch.tensor([[t.action]]), torch.tensor([t.reward]).float(), torch.tensor(t.next_obs)[None]
        agent.memory_buffer.push_new_experience(torch.tensor(t.obs)[None], *told)

    def sync(agent):
        if hasattr(agent, "target_net"):
            agent.target_net.load_state_dict(agent.policy_net.state_dict())

    return examine(lambda: getattr(m, kind)(ENV, 1, -100, batch_size=32), feed, learn, sync=sync, **FOUR)


@update("f94bf6f4382b", "DQN/DQN.py", "8853f2447d", "DQN", LOOP, ("mask-missing",), ENDS, SEVENTEENTH)
def dqn_f94bf6(code: Any) -> Report:
    return _pole(code, "DQN", lambda agent: agent.update_model(agent.get_loss()))


@update(
    "f94bf6f4382b",
    "DQN/DDQN.py",
    "8853f2447d",
    "two DQNs, each with the other's maximum",
    LOOP,
    ("mask-missing",),
    ENDS,
    SEVENTEENTH,
)
def crossed_f94bf6(code: Any) -> Report:
    def learn(agent):
        first = random.random() < 0.5
        agent.update_model(agent.get_loss(first), first)

    return _pole(code, "DDQN", learn)


@update(
    "f94bf6f4382b",
    "DQN/Dueling_DQN.py",
    "8853f2447d",
    "dueling DQN",
    LOOP,
    ("advantage-averaged", "mask-missing"),
    "read: the mean advantage is the whole batch's; the end of an episode is not stored",
    SEVENTEENTH,
)
def dueling_f94bf6(code: Any) -> Report:
    return _pole(code, "Dueling_DQN", lambda agent: agent.update_model(agent.get_loss()))


@update(
    "f94bf6f4382b",
    "DQN/PrioritizedExperienceReplay_DQN.py",
    "8853f2447d",
    "DQN, priorities",
    LOOP,
    ("weights-averaged", "mask-missing"),
    "read: the weights multiply the mean loss; the end of an episode is not stored",
    SEVENTEENTH,
)
def priorities_f94bf6(code: Any) -> Report:
    return _pole(code, "PER_DQN", lambda agent: agent.update_model(agent.get_loss_and_update_priority()))


@update("ec7ff28d1de9", "DQN/train.py", "82a100cfe7", "DQN", FUNCTION, RIGHT, READ, SEVENTEENTH)
def dqn_ec7ff2(code: Any) -> Report:
    def make():
        names = {"env": SimpleNamespace(reset=lambda: range(5))}
        return vars(code.module(definitions=True, change=lambda text: text.replace("env = E", "_ = E"), **names))

    return examine(
        make,
        lambda names, t: names["memory"].push(*t.as_tuple()),
        lambda names: names["optimize_model"](),
        sync=lambda names: names["target_net"].load_state_dict(names["policy_net"].state_dict()),
        n_actions=5,
    )


def _today(text: str) -> str:
    return text.replace("Taxi-v3", "Taxi-v4")


@update(
    "4bae68f5da86",
    "DQN/DQN_Train.py",
    "27bda0d0cc",
    "DQN on numbered states, embedding",
    OWN,
    RIGHT,
    LOOSE,
    SEVENTEENTH,
)
def taxi_4bae68(code: Any) -> Report:
    code.module("DQN/DQN_Play.py", change=_today)
    m = code.module(change=_today)

    def make():
        spaces = {"action_space": SimpleNamespace(n=4), "observation_space": SimpleNamespace(n=3000)}
        agent = m.TrainingAgent(env=SimpleNamespace(**spaces), batch_size=32)
        agent.compile()
        agent.memory, agent.loss = m.ReplayMemory(5000), m.F.smooth_l1_loss
        return agent

    return examine(
        make,
        lambda agent, t: agent._remember(int(t.obs), t.action, int(t.next_obs), float(t.reward), t.done),
        lambda agent: agent._train_model(),
        sync=lambda agent: agent._update_target(),
        n_states=3000,
        **FOUR,
    )


@update(
    "23fe6b3bf44c",
    "DQN/DQN.py",
    "2341caee9b",
    "DQN",
    SCRIPT,
    ("mask-truncated",),
    "read: a time limit is stored as an end; the label is not detached, which fills the target's .grad alone",
    SEVENTEENTH,
)
def dqn_23fe6b(code: Any) -> Report:
    return watch(lambda make: code.run(make), obs=4, n_actions=2)


@update("e01c76b6f615", "DQN/dqn.py", "8501fc5a99", "DQN, images", OWN, RIGHT, READ, SEVENTEENTH)
def dqn_e01c76(code: Any) -> Report:
    m = code.module()

    def feed(agent, t):
        agent.store_experience(torch.tensor(t.obs), t.action, t.reward, int(t.done), torch.tensor(t.next_obs))

    return examine(
        lambda: m.agent(1.0, 0.0, 0.1, 0.99, 1e-4, 4, 600, 32, 5, ENV),
        feed,
        lambda agent: agent.learn_with_experience_replay(),
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
        obs=(1, 84, 84),
        **FOUR,
    )


@update("f296ca462b07", "DQN/agent1.py", "9fb66addaa", "DQN", FUNCTION, RIGHT, READ, SEVENTEENTH)
def dqn_f296ca(code: Any) -> Report:
    m = code.module()
    os.chdir(code.root / "DQN")

    def make():
        x = SimpleNamespace(agent=m.Agent("flappybird1"), policy=m.DQN(5, 4), target=m.DQN(5, 4))
        x.agent.optimizer, x.memory = torch.optim.Adam(x.policy.parameters()), m.ReplayMemory(5000)
        return x

    def feed(x, t):
        told = torch.tensor(t.obs), torch.tensor(t.action), torch.tensor(t.next_obs), torch.tensor(t.reward).float()
        x.memory.append((*told, t.done))

    return examine(
        make,
        feed,
        lambda x: x.agent.optimize(x.memory.sample(32), x.policy, x.target),
        sync=lambda x: x.target.load_state_dict(x.policy.state_dict()),
        **FOUR,
    )


def _trader(code: Any, kind: str, **options: Any) -> Report:
    m = code.module(**options)
    return examine(
        lambda: getattr(m, kind)(5, 4, m.Config()),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(),
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
        **FOUR,
    )


@update("beea3536c065", "DQN/DQN.py", "9e52f73763", "DQN", OWN, RIGHT, READ, SEVENTEENTH)
def dqn_beea35(code: Any) -> Report:
    return _trader(code, "DQN")


@update("beea3536c065", "DDQN/DDQN.py", "9e52f73763", "double DQN", OWN, RIGHT, READ, SEVENTEENTH)
def ddqn_beea35(code: Any) -> Report:
    return _trader(code, "DDQN")


@update("beea3536c065", "Dueling/duelingDQN.py", "9e52f73763", "dueling DQN", OWN, RIGHT, READ, SEVENTEENTH)
def dueling_beea35(code: Any) -> Report:
    return _trader(code, "duelingDQN")


@update(
    "beea3536c065",
    "Prioritized/prioDQN.py",
    "9e52f73763",
    "DQN, priorities",
    OWN,
    RIGHT,
    "read; weights have shape (B, 1) after the first update, in which all are 1; corrected",
    SEVENTEENTH,
)
def priorities_beea35(code: Any) -> Report:
    return _trader(code, "prioDQN", dotted="Prioritized.prioDQN")


def _chapter(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.Agent(5, 4),
        lambda agent, t: agent.memorize(*t.as_tensors(none_at_end=True)),
        lambda agent: agent.update_q_function(),
        sync=lambda agent: agent.update_target_q_function(),
        **FOUR,
    )


@update("42c2410f1fd3", "DDQN/ddqn.py", "4a4373a052", "double DQN", OWN, RIGHT, READ, SEVENTEENTH)
def ddqn_42c241(code: Any) -> Report:
    return _chapter(code)


@update(
    "42c2410f1fd3",
    "Dueling Network/dueling_network.py",
    "4a4373a052",
    "dueling double DQN",
    OWN,
    RIGHT,
    READ,
    SEVENTEENTH,
)
def dueling_42c241(code: Any) -> Report:
    return _chapter(code)


def _plain(code: Any, kind: str) -> Report:
    m = code.module()
    return examine(
        lambda: getattr(m, kind)(4, 5, 1e-3, 32, 1.0, 1e-3, 0.99, 5000, 5, "cpu"),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        **FOUR,
    )


@update("97aeb6cf0a38", "DQN/dqn.py", "c53ac621ca", "DQN", OWN, RIGHT, READ, SEVENTEENTH)
def dqn_97aeb6(code: Any) -> Report:
    return _plain(code, "DQN")


@update("97aeb6cf0a38", "DoubleDQN/double_dqn.py", "c53ac621ca", "double DQN", OWN, RIGHT, LOOSE, SEVENTEENTH)
def ddqn_97aeb6(code: Any) -> Report:
    return _plain(code, "DoubleDQN")


@update(
    "97aeb6cf0a38",
    "DuelingDQN/dueling_dqn.py",
    "c53ac621ca",
    "dueling DQN",
    OWN,
    ("advantage-averaged",),
    WHOLE,
    SEVENTEENTH,
)
def dueling_97aeb6(code: Any) -> Report:
    return _plain(code, "DuelingDQN")


@update(
    "97aeb6cf0a38", "D3QN/d3qn.py", "c53ac621ca", "dueling double DQN", OWN, ("advantage-averaged",), WHOLE, SEVENTEENTH
)
def d3qn_97aeb6(code: Any) -> Report:
    return _plain(code, "D3QN")


def _course(code: Any, kind: str, network: str) -> Report:
    m, nets = code.module(), code.module("nn_structures.py")

    def make():
        q, target = (getattr(nets, network)([5], 4, 1e-3, "none") for _ in range(2))
        return getattr(m, kind)(1.0, 0.99, 0.1, 0.99, [5], 4, q, target, 5, 32, 5000)

    return examine(make, lambda agent, t: agent.memory.remember(*t.as_tuple()), lambda agent: agent.learn(), **FOUR)


@update("52301441ebb3", "agents.py", "deb7d7e82c", "DQN", OWN, RIGHT, LOOSE, SEVENTEENTH)
def dqn_523014(code: Any) -> Report:
    return _course(code, "DeepQAgent", "NeuralNet")


@update("52301441ebb3", "agents.py", "deb7d7e82c", "double DQN", OWN, RIGHT, LOOSE, SEVENTEENTH)
def ddqn_523014(code: Any) -> Report:
    return _course(code, "DoubleDeepQAgent", "NeuralNet")


@update("52301441ebb3", "agents.py", "deb7d7e82c", "dueling DQN, joined outside", OWN, RIGHT, LOOSE, SEVENTEENTH)
def dueling_523014(code: Any) -> Report:
    return _course(code, "DuelingDeepQAgent", "DuelingNeuralNet")


@update("52301441ebb3", "agents.py", "deb7d7e82c", "dueling double DQN, joined outside", OWN, RIGHT, LOOSE, SEVENTEENTH)
def d3qn_523014(code: Any) -> Report:
    return _course(code, "DuelingDoubleDeepQAgent", "DuelingNeuralNet")


@update(
    "b5f3064a0483",
    "pongV1.py",
    "9a497d97c0",
    "dueling double DQN, images, priorities",
    FUNCTION,
    ("nothing-learned|no-step|script-learned-nothing|crashed",),
    "read: rows are transposed twice; the error is caught, and no step is ever taken",
    SEVENTEENTH,
)
def pong_b5f306(code: Any) -> Report:
    def learn(names):
        told = (names[name] for name in ("agent", "target_agent", "memory", "optimizer"))
        names["train_dqn"](*told, 0.4)

    return examine(
        lambda: vars(code.module(definitions=True, env=ENV)),
        lambda names, t: names["memory"].add(t.as_tuple(), abs(t.reward)),
        learn,
        sync=lambda names: names["target_agent"].load_state_dict(names["agent"].state_dict()),
        obs=(4, 84, 84),
        **FOUR,
    )


@update("d42d47ab45bf", "DQN/DQN_cartpole.py", "9d081b6b2e", "DQN", OWN, RIGHT, READ, SEVENTEENTH)
def dqn_d42d47(code: Any) -> Report:
    m = code.module(definitions=True)
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.replay(),
        sync=lambda agent: agent.update_target(),
        **FOUR,
    )


@update("5f0f300ee9c8", "DQN/DQN.py", "74cf0512af", "DQN", OWN, RIGHT, READ, SEVENTEENTH)
def dqn_5f0f30(code: Any) -> Report:
    m = code.module(change=lambda text: text.replace("import gridworld\n", ""))
    options = SimpleNamespace(fromFile=None, featExtractor=lambda _env: None, maxLengthTrain=500)
    return examine(
        lambda: m.RandomAgent(ENV, options),
        lambda agent, t: agent.store(t.obs, t.action, t.next_obs, t.reward, t.done, 1),
        lambda agent: agent.learn(),
        **FOUR,
    )


@update("746afe76e06d", "algos/dqn.py", "cf2bc52387", "DQN", LOOP, RIGHT, READ, SEVENTEENTH)
def dqn_746afe(code: Any) -> Report:
    m = code.module(dotted="algos.dqn")
    few = {"learning_starts": 200, "batch_size": 32}

    def run(make):
        env = make()
        env.spec = SimpleNamespace(id="made-up")
        m.train(env, few, 0, 20000, "logs")

    return watch(run, **FOUR)
