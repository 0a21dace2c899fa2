"""Updates met first in the thirteenth round of November 2026, drawn at random: DQN and its relatives.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import nn

from bench.corpus.adapters.common import FUNCTION, LOOP, LOOSE, NO_TARGET, OWN, READ, SCRIPT, THIRTEENTH
from bench.corpus.registry import OUTSIDE, RIGHT, update
from bench.corpus.stubs import Anything, StandIn, env_of
from gradexaminer import Report, examine, watch

FRAMES: dict[str, Any] = {"obs": (4, 84, 84), "image": True, "n_actions": 4}
ENV = env_of(5, n_actions=4)
CPU = torch.device("cpu")
LIMITS = "read: a time limit is stored as an end"


class Net(nn.Sequential):
    """What a program that is handed its network makes itself."""

    def __init__(self) -> None:
        super().__init__(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 4))
        self.device, self.optimizer = CPU, torch.optim.Adam(self.parameters())


def net() -> nn.Module:
    """A network without an optimizer of its own."""
    return nn.Sequential(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 4))


@update("9d9fe33cf73b", "lunar_lander_dqn.py", "de7b0041e3", "DQN", FUNCTION, RIGHT, READ, THIRTEENTH)
def dqn_9d9fe3(code: Any) -> Report:
    m = code.module()

    def make():
        m.policy_net, m.target_net, m.memory = m.DQN(5, 4), m.DQN(5, 4), m.ReplayMemory(5000)
        m.optimizer = torch.optim.AdamW(m.policy_net.parameters(), lr=3e-4)
        return vars(m)

    return examine(
        make,
        lambda x, t: m.memory.push(*t.as_tensors(none_at_end=True)),
        lambda x: m.optimize_model(),
        sync=lambda x: m.target_net.load_state_dict(m.policy_net.state_dict()),
        n_actions=4,
    )


@update("044307564979", "dqn.py", "037a640bbc", "DQN, no target, row by row", OWN, RIGHT, NO_TARGET, THIRTEENTH)
def dqn_044307(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(agent=m.DQN(5, 4), memory=[]),
        lambda x, t: x.memory.append((t.obs.tolist(), t.action, t.next_obs.tolist(), t.reward, t.done)),
        lambda x: x.agent.replay(x.memory, 32, 0.99),
        n_actions=4,
    )


@update("044307564979", "dqn.py", "037a640bbc", "DQN with target, row by row", OWN, RIGHT, READ, THIRTEENTH)
def target_dqn_044307(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(agent=m.Double_DQN(5, 4, 50, 1e-3), memory=[]),
        lambda x, t: x.memory.append((t.obs.tolist(), t.action, t.next_obs.tolist(), t.reward, t.done)),
        lambda x: x.agent.replay(x.memory, 32, 0.99),
        sync=lambda x: x.agent.copy_target(),
        n_actions=4,
    )


def _shorter(text: str) -> str:
    return text.replace('input("', 'str("').replace("LEARNING_STARTS = 10000", "LEARNING_STARTS = 200")


@update(
    "079c9144dc5f",
    "lunar_lander_dqn.py",
    "d3d4f09d14",
    "DQN, no target",
    SCRIPT,
    ("mask-truncated",),
    LIMITS,
    THIRTEENTH,
)
def dqn_079c91(code: Any) -> Report:
    return watch(lambda make: code.run(make, change=_shorter), n_actions=4)


@update("079c9144dc5f", "lunar_lander_dqn_td.py", "d3d4f09d14", "DQN", SCRIPT, ("mask-truncated",), LIMITS, THIRTEENTH)
def target_dqn_079c91(code: Any) -> Report:
    return watch(lambda make: code.run(make, change=_shorter), n_actions=4)


@update(
    "6ffb1e9c231a",
    "dqn_torch.py",
    "402ec319c6",
    "DQN, no target",
    OWN,
    ("bootstrap-gradient",),
    "read: the label is not detached, and there is no other network",
    THIRTEENTH,
)
def dqn_6ffb1e(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(0.99, 1.0, 1e-3, [5], 32, 4),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update("598a12bb5ea6", "dqn_taxi.py", "e60bd3120b", "DQN on Taxi", OWN, RIGHT, READ, THIRTEENTH)
def dqn_598a12(code: Any) -> Report:
    m = code.module()
    m.one_hot_state = lambda s, _: torch.from_numpy(s)
    return examine(
        lambda: m.DQNAgent(5, 4, m.Config(batch_size=32)),
        lambda agent, t: agent.store(*t.as_tuple()),
        lambda agent: agent.train_step(),
        sync=lambda agent: agent.update_target(),
        n_actions=4,
    )


@update(
    "11cf0c488f99",
    "Prioritized_Experience_Replay/DQN.py",
    "ade319917a",
    "DQN, priorities",
    OWN,
    ("batch-max", "weights-averaged"),
    "read: one largest value of the whole batch; weights times the mean loss",
    THIRTEENTH,
)
def dqn_11cf0c(code: Any) -> Report:
    m = code.module(change=lambda text: text.replace("done.cpu().item()])", "done.cpu().item()], dtype=object)"))
    return examine(
        lambda: m.Agent(5, 4, 1e-3, 0.99, 1.0, 0.1, 0.1, 100, 4, 5000, 32, 0.6, 0.4, 1e-3),
        lambda agent, t: agent.append_sample(*t.as_tuple()),
        lambda agent: agent.train(4),
        n_actions=4,
    )


@update("29670ea0e57a", "dqn_agent.py", "f8576ecc62", "DQN on images", OWN, RIGHT, LOOSE, THIRTEENTH)
def dqn_29670e(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQNAgent(0.99, 1.0, 1e-4, 4, (4, 84, 84), 600, 32, replace=4, algo="x", env_name="y"),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        **FRAMES,
    )


@update("d05a8d198e9d", "cartpole_dqn.py", "e297c6d827", "DQN", SCRIPT, ("mask-truncated",), LIMITS, THIRTEENTH)
def dqn_d05a8d(code: Any) -> Report:
    def run(make):
        m = code.module()
        m.gym.make = make
        m.train_dqn()

    return watch(run, n_actions=4)


NO_ENDS = "read: no end of an episode is stored"


@update(
    "747bacf5499c", "dqn_per.py", "ff5dd14050", "double DQN, priorities", OWN, ("mask-missing",), NO_ENDS, THIRTEENTH
)
def dqn_per_747bac(code: Any) -> Report:
    code.module("replay.py", change=lambda text: text.replace("clipped_errors, self", "clipped_errors.ravel(), self"))
    m = code.module()
    return examine(
        lambda: m.DQN_PER(4, 5, memory_size=64, replace_target_iter=4, prioritized=True, doubled_q=True),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update("747bacf5499c", "dqn_per.py", "ff5dd14050", "DQN", OWN, ("mask-missing",), NO_ENDS, THIRTEENTH)
def dqn_747bac(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN_PER(4, 5, memory_size=64, replace_target_iter=4, prioritized=False, doubled_q=False),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update("6250425d24a7", "DDQN/DDQN.py", "0919d33bc7", "double DQN", FUNCTION, RIGHT, READ, THIRTEENTH)
def ddqn_625042(code: Any) -> Report:
    m = code.module()

    def make():
        x = SimpleNamespace(q=m.QNetwork(5, 4), target=m.QNetwork(5, 4), buffer=m.ReplayBuffer())
        x.optimizer = torch.optim.Adam(x.q.parameters())
        return x

    return examine(
        make,
        lambda x, t: x.buffer.add(*t.as_tuple()),
        lambda x: m.ddqn_update(x.q, x.target, x.optimizer, x.buffer, 32, 0.99, "cpu"),
        sync=lambda x: x.target.load_state_dict(x.q.state_dict()),
        n_actions=4,
    )


@update("c5f27b730384", "DQN_Agent.py", "b42ff0e1df", "DQN", OWN, ("mask-missing",), NO_ENDS, THIRTEENTH)
def dqn_c5f27b(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(5, 4, 64, memory_size=64, replace_target_iter=4),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update(
    "f3722a1d328b",
    "frozen_lake_dqn.py",
    "2139d5220c",
    "DQN on FrozenLake, row by row",
    FUNCTION,
    ("untaken",),
    "read: labels of actions that were not taken are the target network's values",
    THIRTEENTH,
)
def dqn_f3722a(code: Any) -> Report:
    m = code.module(definitions=True)
    m.FrozenLakeDQL.state_to_dqn_input = lambda self, s, _: torch.from_numpy(s)

    def make():
        x = SimpleNamespace(
            agent=m.FrozenLakeDQL(), policy=m.DQN(5, 5, 4), target=m.DQN(5, 5, 4), memory=m.ReplayMemory(5000)
        )
        x.agent.optimizer = torch.optim.Adam(x.policy.parameters(), lr=1e-3)
        return x

    return examine(
        make,
        lambda x, t: x.memory.append((t.obs, t.action, t.next_obs, t.reward, t.done)),
        lambda x: x.agent.optimize(x.memory.sample(32), x.policy, x.target),
        sync=lambda x: x.target.load_state_dict(x.policy.state_dict()),
        n_actions=4,
    )


@update("34f87a88922e", "student_assignment_dqn.py", "34ee668231", "DQN", OWN, RIGHT, READ, THIRTEENTH)
def dqn_34f87a(code: Any) -> Report:
    m = code.module(stop="env = gymnasium")
    return examine(
        lambda: m.DQNAgent(5, 4),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.replay(),
        sync=lambda agent: agent.update_target_model(),
        n_actions=4,
    )


@update("521d9ba8f50b", "rftorch/agents/dqn.py", "951025e949", "double DQN", OWN, RIGHT, LOOSE, THIRTEENTH)
def ddqn_521d9b(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(agent=m.DQNAgent(Net(), (5,), 4, tau=4, mem_size=5000, batch_size=32), last=[]),
        lambda x, t: x.last.append(t.as_tuple()) or x.agent.buffer.save_memory(*t.as_tuple()),
        lambda x: x.agent.step(*x.last[-1]),
        n_actions=4,
    )


@update(
    "521d9ba8f50b",
    "rftorch/agents/dqn.py",
    "951025e949",
    "DQN, no target",
    OWN,
    ("bootstrap-gradient",),
    "read: with the default tau of 1 there is no other network, and the label is not detached",
    THIRTEENTH,
)
def dqn_521d9b(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: SimpleNamespace(agent=m.DQNAgent(Net(), (5,), 4, mem_size=5000, batch_size=32), last=[]),
        lambda x, t: x.last.append(t.as_tuple()) or x.agent.buffer.save_memory(*t.as_tuple()),
        lambda x: x.agent.step(*x.last[-1]),
        n_actions=4,
    )


@update("8187da6df691", "cartpole_dddqn.py", "4b107a0f31", "dueling double DQN", FUNCTION, RIGHT, READ, THIRTEENTH)
def dueling_8187da(code: Any) -> Report:
    def make():
        return vars(code.module(definitions=True, change=lambda s: s.replace("gym.make(ENV_NAME)", "ENV"), ENV=ENV))

    return examine(
        make,
        lambda names, t: names["replay_mem"].append(t.as_tuple()),
        lambda names: names["optimize"](),
        sync=lambda names: names["target_net"].load_state_dict(names["policy_net"].state_dict()),
        n_actions=4,
    )


@update(
    "8187da6df691",
    "cartpole_dqn_wo_target_net.py",
    "4b107a0f31",
    "DQN, no target",
    FUNCTION,
    RIGHT,
    NO_TARGET,
    THIRTEENTH,
)
def dqn_8187da(code: Any) -> Report:
    def make():
        return vars(code.module(definitions=True, change=lambda s: s.replace("gym.make(ENV_NAME)", "ENV"), ENV=ENV))

    return examine(
        make, lambda names, t: names["replay_mem"].append(t.as_tuple()), lambda names: names["optimize"](), n_actions=4
    )


@update("4a521b6b23cf", "prioritised_dqn_agent.py", "d2b4731ed1", "DQN, priorities", OWN, RIGHT, LOOSE, THIRTEENTH)
def dqn_per_4a521b(code: Any) -> Report:
    m = code.module()
    m.recordclass = lambda *_, field_names: (
        lambda *values: SimpleNamespace(**dict(zip(field_names, values, strict=True)))
    )
    return examine(
        lambda: m.Agent(5, 4, 0),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        n_actions=4,
    )


@update(
    "d7baf0f0b2db",
    "dqn_agent_perbuffer.py",
    "53277185b6",
    "DQN, priorities",
    OWN,
    RIGHT,
    "read; weights are squared with the errors",
    THIRTEENTH,
)
def dqn_per_d7baf0(code: Any) -> Report:
    m = code.module(change=lambda text: text.replace("data.numpy()", "data.numpy().astype(float)"))
    return examine(
        lambda: m.Agent(5, 4, 0),
        lambda agent, t: agent.memory.add(*t.as_tuple(), 1.0),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        n_actions=4,
    )


@update("600c7f7aaa40", "cartpole_dqn.py", "b58f5c1541", "DQN", LOOP, ("mask-truncated",), LIMITS, THIRTEENTH)
def dqn_600c7f(code: Any) -> Report:
    m = code.module()
    return watch(
        lambda make: m.running_DQL(
            make(), 100, 500, batch_size=32, warmup_steps=100, record_video=False, verbose=False
        ),
        n_actions=4,
    )


@update(
    "e126f8dc6c72", "Pendulum_DQN/pendulum_dqn.py", "abcabe0e86", "DQN, binned actions", OWN, RIGHT, READ, THIRTEENTH
)
def dqn_e126f8(code: Any) -> Report:
    m = code.module(stop="__main__")
    return examine(
        m.DQNAgent,
        lambda agent, t: agent.memory.put(t.as_tuple()),
        lambda agent: agent.train_agent(),
        n_actions=9,
    )


@update("6b4a9f6055ff", "DQN/agent.py", "6c1c2c71de", "DQN", OWN, RIGHT, READ, THIRTEENTH)
def dqn_6b4a9f(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(ENV, CPU),
        lambda agent, t: agent.rb.insert(t.as_tuple()),
        lambda agent: agent.train_step(),
        sync=lambda agent: agent.update_targetNetwork(),
        n_actions=4,
    )


@update(
    "13c24c3681f4",
    "dqn_torch.py",
    "b68642df01",
    "DQN, labels row by row",
    OWN,
    ("shared-storage|alias",),
    "read: the target is handed the online network's own weights",
    THIRTEENTH,
)
def dqn_13c24c(code: Any) -> Report:
    m = code.module(
        stop="__main__", change=lambda text: text.replace("np.amax(", "float(").replace("detach().numpy()", "max()")
    )
    m.torch.save = lambda *_: None
    return examine(
        lambda: m.DQN(5, 4),
        lambda agent, t: agent.replay_buffer(*t.as_tuple()),
        lambda agent: agent.train_model(),
        sync=lambda agent: agent.update_target_model(),
        n_actions=4,
    )


@update("633967030efa", "double_dqn_agent.py", "6e49499809", "double DQN", OWN, RIGHT, LOOSE, THIRTEENTH)
def ddqn_633967(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DoubleDQNAgent(5, 4),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.step(*agent.memory.memory[-1]),
        n_actions=4,
    )


@update("de10541f1caa", "taxi_dqn.py", "3698678d90", "DQN on Taxi, no target", FUNCTION, RIGHT, NO_TARGET, THIRTEENTH)
def dqn_de1054(code: Any) -> Report:
    m = code.module(stop="__main__")
    m.TaxiDQN.state_to_dqn_input = lambda self, states, _: torch.from_numpy(np.stack(states))

    def make():
        x = SimpleNamespace(agent=m.TaxiDQN(), net=m.DQN(5, 64, 64, 4), memory=m.ReplayMemory(5000))
        x.agent.optimizer = torch.optim.Adam(x.net.parameters())
        return x

    return examine(
        make,
        lambda x, t: x.memory.append((t.obs, t.action, t.next_obs, t.reward, t.done)),
        lambda x: x.agent.optimize(x.memory.sample(32), x.net),
        n_actions=4,
    )


@update(
    "aa83926202d2",
    "cartpole_dqn.py",
    "0a77407ad9",
    "DQN, no target",
    OWN,
    ("bootstrap-gradient",),
    "read: labels are written into a copy of the prediction, with their gradient",
    THIRTEENTH,
)
def dqn_aa8392(code: Any) -> Report:
    m = code.module(stop="__main__")
    return examine(
        lambda: m.DQN(5, 128, 4),
        lambda agent, t: agent.remember((t.obs[None], t.action, t.reward, t.next_obs[None], t.truncated, t.terminated)),
        lambda agent: agent.replay(),
        n_actions=4,
    )


@update(
    "c9e6384fc69e",
    "double_dqn_agent.py",
    "53aef19500",
    "double DQN",
    OWN,
    ("broadcast|bootstrap-averaged",),
    "read: rewards of shape (B, 1) meet values of shape (B,), so that each row learns from the mean of all",
    THIRTEENTH,
)
def ddqn_c9e638(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(None, 5, 4, 0),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.step(*agent.memory.memory[-1]),
        n_actions=4,
    )


@update("b619094310c9", "cartpole_dqn.py", "2fe5e7afff", "DQN", OWN, RIGHT, READ, THIRTEENTH)
def dqn_b61909(code: Any) -> Report:
    m = code.module(
        stop="num_episodes",
        change=lambda s: s.replace("gym.make('CartPole-v1')", "ENV").replace('gym.make("CartPole-v1")', "ENV"),
        ENV=ENV,
    )
    return examine(
        m.DQN,
        lambda agent, t: agent.memory.append(t.as_tuple()),
        lambda agent: agent.replay(),
        sync=lambda agent: agent.update_target_model(),
        n_actions=4,
    )


@update(
    "f31913e2bd55",
    "dqn_torch.py",
    "9956978d86",
    "DQN",
    OWN,
    ("mask-on-reward",),
    "read: the mask multiplies the reward, too",
    THIRTEENTH,
)
def dqn_f31913(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(input_dims=[5], n_actions=4, max_size=5000, batch_size=32, writer=Anything()),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.model_update(1),
        sync=lambda agent: agent.target_update(),
        n_actions=4,
    )


@update("f340652fee6a", "dddqn_agent.py", "ed2065af2a", "dueling double DQN", OWN, RIGHT, READ, THIRTEENTH)
def dueling_f34065(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.dddqnAgent(5, 4, 0),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.step(*agent.memory.memory[-1]),
        n_actions=4,
    )


@update("f340652fee6a", "double_dqn_agent.py", "ed2065af2a", "double DQN", OWN, RIGHT, READ, THIRTEENTH)
def ddqn_f34065(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.doubleDqnAgent(5, 4, 0),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.step(*agent.memory.memory[-1]),
        n_actions=4,
    )


@update("2f67da0ce1f2", "double_dqn_agent.py", "6425d6d24e", "dueling double DQN", OWN, RIGHT, READ, THIRTEENTH)
def dueling_2f67da(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 4, 0),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.step(*agent.memory.memory[-1]),
        n_actions=4,
    )


@update(
    "24bdf31794bf",
    "DQN/DQNAgent.py",
    "dc500a0cc2",
    "DQN",
    OWN,
    ("output-bounded",),
    "read: the values end in a ReLU",
    THIRTEENTH,
)
def dqn_24bdf3(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(0.99, 1.0, 1e-3, (5,), 32, 4, fc1=64, fc2=64),
        lambda agent, t: agent.store_actions(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.learn(),
        sync=lambda agent: agent.train_targetnet(),
        n_actions=4,
    )


@update("fc25ae6465fa", "DQN/DQN.py", "bc5da67342", "DQN", OWN, RIGHT, READ, THIRTEENTH)
def dqn_fc25ae(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DQN(5, 4),
        lambda agent, t: agent.consume_transition((t.obs, t.action, t.next_obs, t.reward, t.done)),
        lambda agent: agent.train_step(agent.sample_batch()),
        sync=lambda agent: agent.update_target_network(),
        n_actions=4,
    )


@update("359c7c2c6237", "DQN/agent_class.py", "d9cba2d631", "DQN, no target", OWN, RIGHT, NO_TARGET, THIRTEENTH)
def dqn_359c7c(code: Any) -> Report:
    m = code.module(path="DQN/agent_class.py")
    return examine(
        lambda: m.Agent(1e-3, (5,), 4, batch_size=32),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        n_actions=4,
    )


@update("e81db539fe2d", "pytorch/agent.py", "9fd7a2d8d2", "DQN on Taxi, embedded states", OWN, RIGHT, LOOSE, THIRTEENTH)
def dqn_e81db5(code: Any) -> Report:
    m, model = code.module(), code.module("pytorch/model.py")
    model.nn.Embedding = lambda *_: nn.Linear(5, 4)

    def make():
        agent = m.QAgent(
            SimpleNamespace(action_space=ENV.action_space, seed=int),
            0,
            code.root / "pytorch/config_pytorch.yaml",
            model.DQN,
        )
        agent.compile()
        agent.memory, agent.loss = m.ReplayMemory(5000), agent._get_loss()
        return agent

    return examine(
        make,
        lambda agent, t: agent._remember(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent._train_model(),
        sync=lambda agent: agent._update_target(),
        n_actions=4,
    )


def with_writer(agent: Any) -> Any:
    """What its training loop gives to the agent."""
    agent.writer = Anything()
    return agent


KEPT = {
    "obs_processing_func": None,
    "memory_buffer_size": 5000,
    "batch_size": 32,
    "learning_rate": 1e-3,
    "gamma": 0.99,
    "epsilon_i": 1.0,
}
KEPT |= {"epsilon_f": 0.1, "epsilon_anneal_time": 100, "epsilon_decay": 0.99, "episode_block": 10}


@update(
    "b113af70225e",
    "dqn_agent.py",
    "d2c660350e",
    "DQN",
    OWN,
    ("alias", "mask-on-reward"),
    "read: online and target network are one object; the mask multiplies the reward, too",
    THIRTEENTH,
)
def dqn_b113af(code: Any) -> Report:
    sys.modules["mario_utils"] = StandIn("mario_utils")
    m = code.module()
    return examine(
        lambda: with_writer(m.DQNAgent(ENV, net(), **KEPT)),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda agent: agent.update_weights(100),
        n_actions=4,
    )


@update(
    "b113af70225e",
    "double_dqn_agent.py",
    "d2c660350e",
    "DQN, two networks by turns",
    OWN,
    ("mask-on-reward",),
    "read: the mask multiplies the reward, too",
    THIRTEENTH,
)
def ddqn_b113af(code: Any) -> Report:
    sys.modules["mario_utils"] = StandIn("mario_utils")
    m = code.module()
    return examine(
        lambda: with_writer(m.DoubleDQNAgent(ENV, net(), net(), **KEPT, sync_target=100)),
        lambda agent, t: agent.memory.add(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda agent: agent.update_weights(1),
        n_actions=4,
    )


@update("78f52076b6f4", "DoubleDQN/agent.py", "84e3be15a2", "double DQN", OWN, RIGHT, LOOSE, THIRTEENTH)
def ddqn_78f520(code: Any) -> Report:
    m = code.module()
    told = {"device": "cpu", "gamma": 0.99, "batch_size": 32, "hidden_dim": 64, "lr": 1e-3, "memory_capacity": 5000}
    return examine(
        lambda: m.DoubleDQN(SimpleNamespace(**told, epsilon_start=1, epsilon_end=0, epsilon_decay=1), 5, 4),
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update(),
        sync=lambda agent: agent.target_net.load_state_dict(agent.policy_net.state_dict()),
        n_actions=4,
    )


@update("5b42cef60940", "DQN/dqn.py", "b14e902537", "double DQN", OWN, RIGHT, LOOSE, THIRTEENTH)
def ddqn_5b42ce(code: Any) -> Report:
    m = code.module()

    def feed(agent, t):
        state, action, after, reward = t.as_tensors()
        agent.memory.push((state, action, reward, after, torch.tensor([float(t.done)])))

    return examine(
        lambda: m.DQN(5, 64, 4, 32),
        feed,
        lambda agent: agent.train_net(),
        sync=lambda agent: agent.hard_load_dict(),
        n_actions=4,
    )


@update("3810dead1731", "dqn_final.py", "9d1a040193", "double DQN", OWN, RIGHT, READ, THIRTEENTH)
def ddqn_3810de(code: Any) -> Report:
    m = code.module(definitions=True, change=lambda s: s.replace("gym.make(", "str("))

    def feed(agent, t):
        agent.memory.push(*t.as_tensors(none_at_end=True), t.done)

    return examine(lambda: m.Agent(5, 4), feed, lambda agent: agent.optimize_model(), n_actions=4)


@update(
    "861a6376e0e9", "QuantileRegDQN/agent.py", "82599123f1", "quantile regression DQN", OWN, OUTSIDE, READ, THIRTEENTH
)
def quantile_861a63(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(5, 4),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        n_actions=4,
    )
