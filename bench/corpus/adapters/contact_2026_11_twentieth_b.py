"""Updates met first in the twentieth round of November 2026, drawn at random: DDPG, TD3 and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import numpy as np
import torch

from bench.corpus.adapters.common import BATCH, LOOSE, ONE, OWN, PASSED, READ, TWENTIETH, TWO
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine

FOUR: dict[str, Any] = {"n_actions": 4}
SINGLE: dict[str, Any] = {"low": [-2.0], "high": [2.0]}


def _module(code: Any) -> Any:
    """The file, with the folders that it makes beside itself left out."""
    sys.modules["confs.path_conf"] = MagicMock(system_rl_model_dir="", system_model_dir="")
    return code.module()


@update("c4123a858950", "rl/ddpg.py", "349def2ff6", "DDPG", PASSED, RIGHT, READ, TWENTIETH)
def ddpg_c4123a(code: Any) -> Report:
    m = _module(code)
    return examine(
        lambda: SimpleNamespace(agent=m.DDPG(5, 3, 2.0), buffer=m.ReplayBuffer()),
        lambda x, t: x.buffer.add((t.obs, t.next_obs, t.action, t.reward, float(t.done))),
        lambda x: x.agent.train(x.buffer, 1, 32),
        **TWO,
    )


def _fun_sac(code: Any, kind: str, spaces: dict[str, Any]) -> Report:
    m = _module(code)
    m.gym.make = lambda name: env_of(5, **spaces)
    m.SACAgent.load_model = lambda self: None

    def learn(agent, b):
        for t in b.transitions:
            agent.update(t.obs, np.atleast_1d(t.action), t.reward, t.next_obs, 0.0, t.done)

    return examine(lambda: m.SACAgent("any", kind), update=learn, **spaces)


@update("c4123a858950", "rl/sac.py", "349def2ff6", "SAC, one row at a time", BATCH, RIGHT, READ, TWENTIETH)
def sac_c4123a(code: Any) -> Report:
    return _fun_sac(code, "continuous", ONE)


@update(
    "c4123a858950",
    "rl/sac.py",
    "349def2ff6",
    "discrete SAC, one row at a time, Q(s, a) of an action's number",
    BATCH,
    ("actor-detached|actor-not-q",),
    "read: the number of the action that was drawn carries no gradient, so that the actor learns its entropy alone",
    TWENTIETH,
)
def discrete_c4123a(code: Any) -> Report:
    return _fun_sac(code, "discrete", FOUR)


@update(
    "19de56b3513b",
    "agent/sac.py",
    "7ae6cdf735",
    "discrete SAC",
    BATCH,
    ("target-unasked|td-online", "temperature-unreachable"),
    "read: labels come from the trained critics, the target network is only written; the target entropy is -1",
    TWENTIETH,
)
def discrete_19de56(code: Any) -> Report:
    m, nets = code.module(), code.module("network/actor_2qnet.py")

    def make():
        model = code.module("model/model.py").Model(
            nets.Actor2QNet(5, 4), optimizer={"type": "adam", "params": {"lr": 1e-3}}
        )
        return m.SAC(model)

    return examine(make, update=lambda agent, b: agent.train(b.tensors()), **FOUR)


@update("9a90420cecc9", "agent/ddpg.py", "67871b0cef", "DDPG", OWN, RIGHT, LOOSE, TWENTIETH)
def ddpg_9a9042(code: Any) -> Report:
    m = code.module(dotted="agent.ddpg")

    def make():
        agent = m.DDPGAgent("cpu")
        agent.buffer.batch_size = 32
        return agent

    def feed(agent, t):
        one = lambda x: torch.tensor([float(x)])  # noqa: E731
        row = (torch.from_numpy(t.obs), torch.from_numpy(t.action), one(t.reward), torch.from_numpy(t.next_obs))
        agent.last = t
        agent.buffer.add(*row, one(t.done))

    def learn(agent):
        t = agent.last
        agent.buffer.buffer.pop()
        agent.step(t.obs, t.action, t.reward, t.next_obs, t.done)

    return examine(make, feed, learn, obs=3, **SINGLE)


def _machine(code: Any, dotted: str, kind: str, *told: float) -> Report:
    m = code.module(dotted=dotted)
    return examine(
        lambda: getattr(m, kind)(env_of(5, **TWO), 0.99, 0.001, 0.001, 32, 5000, 0.1, 0.99, *told),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda agent: agent.train(),
        **TWO,
    )


@update("4e2820348d35", "agents/ddpg.py", "1fd60908f7", "DDPG", OWN, RIGHT, LOOSE, TWENTIETH)
def ddpg_4e2820(code: Any) -> Report:
    return _machine(code, "agents.ddpg", "DDPGAgent", 0.995)


@update(
    "4e2820348d35",
    "agents/td3.py",
    "1fd60908f7",
    "TD3",
    OWN,
    ("target-noise-biased",),
    "read: the noise of the target action is uniform between 0 and 1, so that it is never negative",
    TWENTIETH,
)
def td3_4e2820(code: Any) -> Report:
    return _machine(code, "agents.td3", "TD3Agent", 2, 0.2, 0.5, 0.995)


@update("5be45d002095", "agents/td3.py", "026ea49e34", "TD3", OWN, RIGHT, READ, TWENTIETH)
def td3_5be45d(code: Any) -> Report:
    m = code.module()
    told = {"GAMMA": 0.99, "TAU": 0.005, "POLICY_NOISE": 0.2, "NOISE_CLIP": 0.5, "POLICY_FREQ": 2}
    more = {"BATCH_SIZE": 32, "LR": 1e-3, "BUFFER_SIZE": 5000}
    return examine(
        lambda: m.TD3Agent(5, 3, 2.0, SimpleNamespace(**told, **more), "cpu"),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.train_step(),
        **TWO,
    )


@update("8b553998bb31", "rl/ddpg.py", "a1942bfde2", "DDPG", OWN, RIGHT, READ, TWENTIETH)
def ddpg_8b5539(code: Any) -> Report:
    m, nets = code.module(dotted="rl.ddpg"), code.module("continuous cartpole/ddpg/ddpg.py")

    def make():
        actor, critic = {"input_size": 5, "output_size": 3}, {"obs_size": 5, "act_size": 3}
        sizes = {"mem_size": 5000, "obs_size": 5, "act_size": 3, "tau": 0.01, "eps": 0.1, "gamma": 0.99}
        rates = {"actor_lr": 1e-3, "critic_lr": 1e-3, "eps_decay": 0.99}
        parts = {"actor": nets.Actor, "actorkwargs": actor, "critic": nets.Critic, "critickwargs": critic}
        return m.DDPGAgent(**sizes, **rates, **parts)

    def feed(agent, t):
        obs, after, action = (torch.from_numpy(x) for x in (t.obs, t.next_obs, t.action))
        agent._buffer.save_state(obs, after, action, t.reward, t.done)

    return examine(make, feed, lambda agent: agent.train(32, 1), **ONE)


def _aigym(code: Any, kind: str, agent: str, policy: Any, **told: Any) -> Report:
    m, agents, nets = code.module(), code.module("rl/agents.py"), code.module("rl/models.py")
    bounds = {"low": -torch.ones(3), "high": torch.ones(3)}

    def make():
        q = [nets.SplitFFN(input_dim=8, output_dim=1) for _ in range(2)]
        made = getattr(agents, agent)(policy(nets), 5, 3, q_network=q[0], double_q_network=q[1], **bounds)
        both = [*q[0].parameters(), *q[1].parameters()]
        adam = torch.optim.Adam
        extra = {}
        if told:
            log_alpha = torch.zeros(1, requires_grad=True)
            extra = {"log_alpha": log_alpha, "log_alpha_optimizer": adam([log_alpha], lr=1e-3)}
        return getattr(m, kind)(made, adam(both, lr=1e-3), adam(made.policy_network.parameters(), lr=1e-3), **extra)

    def learn(agent, b):
        names = ("state", "action", "reward", "next_state", "done")
        rows = dict(zip(names, b.tensors(column=True), strict=True))
        agent.step(rows, *((0.2,) if kind == "TD3Optimizer" else ()))
        if kind == "DDPGOptimizer":
            agent.polyak_update()

    return examine(make, update=learn, **ONE)


def _tanh(nets: Any) -> Any:
    return nets.FeedForwardNetwork(5, 3, tanh=True)


@update("e2738e4de9ba", "rl/ddpg.py", "c481cb48fe", "DDPG", BATCH, RIGHT, READ, TWENTIETH)
def ddpg_e2738e(code: Any) -> Report:
    return _aigym(code, "DDPGOptimizer", "DPGAgent", _tanh)


@update("e2738e4de9ba", "rl/td3.py", "c481cb48fe", "TD3", BATCH, RIGHT, READ, TWENTIETH)
def td3_e2738e(code: Any) -> Report:
    return _aigym(code, "TD3Optimizer", "DPGAgent", _tanh)


@update(
    "e2738e4de9ba",
    "rl/sac.py",
    "c481cb48fe",
    "SAC",
    BATCH,
    ("log-prob-uncorrected", "several-labels|broadcast", "temperature-unreachable|temperature-target"),
    "read: log pi lacks the tanh's correction and is not summed over the actions; the target entropy is positive",
    TWENTIETH,
)
def sac_e2738e(code: Any) -> Report:
    return _aigym(code, "SACOptimizer", "SACAgent", lambda nets: nets.SoftActor(5, 3), temperature=True)


def _deep_rl(code: Any, dotted: str, actions: dict[str, Any], **told: Any) -> Report:
    m = code.module(dotted=dotted)

    def learn(agent):
        agent.steps += 1
        agent.train_model()

    return examine(
        lambda: m.Agent(None, None, "cpu", 5, 3, float(actions["high"][0]), batch_size=32, **told),
        lambda agent, t: agent.replay_buffer.add(*t.as_tuple()),
        learn,
        **actions,
    )


@update("0e8ebc6ec5c7", "agents/ddpg.py", "99237862c0", "DDPG", OWN, RIGHT, READ, TWENTIETH)
def ddpg_0e8ebc(code: Any) -> Report:
    return _deep_rl(code, "agents.ddpg", TWO)


@update("0e8ebc6ec5c7", "agents/td3.py", "99237862c0", "TD3", OWN, RIGHT, READ, TWENTIETH)
def td3_0e8ebc(code: Any) -> Report:
    return _deep_rl(code, "agents.td3", TWO)


@update("0e8ebc6ec5c7", "agents/sac.py", "99237862c0", "SAC", OWN, RIGHT, READ, TWENTIETH)
def sac_0e8ebc(code: Any) -> Report:
    return _deep_rl(code, "agents.sac", ONE, automatic_entropy_tuning=True)


@update("6d5d5c221d5f", "agents/ddpg.py", "134b10dc55", "DDPG", OWN, RIGHT, READ, TWENTIETH)
def ddpg_6d5d5c(code: Any) -> Report:
    return _deep_rl(code, "agents.ddpg", TWO)


@update("6d5d5c221d5f", "agents/td3.py", "134b10dc55", "TD3", OWN, RIGHT, READ, TWENTIETH)
def td3_6d5d5c(code: Any) -> Report:
    return _deep_rl(code, "agents.td3", TWO)


@update(
    "6d5d5c221d5f",
    "agents/sac.py",
    "134b10dc55",
    "SAC",
    OWN,
    ("log-prob-other-action",),
    "read: the policy returns its mean as the action, and log pi of another one that was drawn",
    TWENTIETH,
)
def sac_6d5d5c(code: Any) -> Report:
    return _deep_rl(code, "agents.sac", ONE, automatic_entropy_tuning=True)


def _homeostatic(code: Any, dotted: str, kind: str) -> Report:
    m = code.module(dotted=dotted)
    m.Config.BATCH_SIZE, m.Config.BUFFER_SIZE = 32, 5000
    return examine(
        lambda: getattr(m, kind)(5, 3, "cpu"),
        lambda agent, t: agent.replay_buffer.add(*t.as_tuple()),
        lambda agent: agent.update(),
        **ONE,
    )


@update("4cd1b77fa685", "agents/ddpg.py", "7aeb166093", "DDPG, priorities", OWN, RIGHT, READ, TWENTIETH)
def ddpg_4cd1b7(code: Any) -> Report:
    return _homeostatic(code, "agents.ddpg", "DDPGAgent")


@update("4cd1b77fa685", "agents/td3.py", "7aeb166093", "TD3, priorities", OWN, RIGHT, READ, TWENTIETH)
def td3_4cd1b7(code: Any) -> Report:
    return _homeostatic(code, "agents.td3", "TD3Agent")


@update("ee3d423a4faa", "rl/ddpg.py", "8541272272", "DDPG", OWN, RIGHT, READ, TWENTIETH)
def ddpg_ee3d42(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPG(5, 3, 64, 5000, 32, 1e-3, 1e-3, 0.005, 0.99),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


def _projekt(code: Any, dotted: str, kind: str, names: str) -> Report:
    m = code.module(dotted=dotted)
    actors, critics = code.module("networks/actor.py"), code.module("networks/critic.py")
    buffers = code.module("replay_buffer/replay_buffer.py")
    sizes = {"obs_dim": 5, "goal_dim": 0, "action_dim": 3, "act_limit": 1.0}
    told = {"gamma": 0.99, "tau": 0.005, "batch_size": 32, "her": False}

    def make():
        nets = {c: actors.Actor(sizes, False, [64, 64], stochastic_policy=False) for c in "aA"}
        nets |= {c: critics.Critic(sizes, False, [64, 64]) for c in "cdCD"}
        adams = [torch.optim.Adam(nets[c].parameters(), lr=1e-3) for c in names if c in "acd"]
        return getattr(m, kind)(*[nets[c] for c in names], buffers.ReplayBuffer(5, 3, 1, 5000), told, *adams, 1.0)

    return examine(
        make,
        lambda agent, t: agent.replay_buffer.store(t.obs, t.next_obs, t.action, t.reward, 0, t.done, 0),
        lambda agent: agent.update(),
        **ONE,
    )


@update("2dd3bf533934", "agents/ddpg.py", "1722356433", "DDPG", OWN, RIGHT, READ, TWENTIETH)
def ddpg_2dd3bf(code: Any) -> Report:
    return _projekt(code, "agents.ddpg", "DDPGAgent", "acAC")


@update("2dd3bf533934", "agents/td3.py", "1722356433", "TD3", OWN, RIGHT, READ, TWENTIETH)
def td3_2dd3bf(code: Any) -> Report:
    return _projekt(code, "agents.td3", "TD3Agent", "acdACD")


@update("2dd3bf533934", "agents/sac.py", "1722356433", "SAC, goals", OWN, RIGHT, READ, TWENTIETH)
def sac_2dd3bf(code: Any) -> Report:
    m = code.module(dotted="agents.sac")
    actors, critics = code.module("networks/actor.py"), code.module("networks/critic.py")
    buffers = code.module("replay_buffer/replay_buffer.py")
    sizes = {"obs_dim": 5, "goal_dim": 0, "action_dim": 3, "act_limit": 1.0}
    told = {"gamma": 0.99, "tau": 0.005, "batch_size": 32, "automatic_entropy_tuning": True}

    def make():
        actor, nets = actors.Actor(sizes, True, [64, 64]), [critics.Critic(sizes, True, [64, 64]) for _ in range(4)]
        adams = [torch.optim.Adam(net.parameters(), lr=1e-3) for net in (actor, *nets[:2])]
        return m.SACAgent(actor, *nets, buffers.ReplayBuffer(5, 3, 0, 5000), told, *adams)

    return examine(
        make,
        lambda agent, t: agent.replay_buffer.store(t.obs, t.next_obs, t.action, t.reward, t.obs[:0], t.done, 0),
        lambda agent: agent.update(),
        **ONE,
    )


@update("78c3111e671f", "agent/sac.py", "1e7fb5ead2", "SAC", OWN, RIGHT, READ, TWENTIETH)
def sac_78c311(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.SACAgent(5, 3, (64, 64), batch_size=32, warmup_steps=32),
        lambda agent, t: agent.store(m.Transition(t.obs, t.action, t.reward, t.next_obs, t.terminated, t.truncated)),
        lambda agent: agent.update(),
        **ONE,
    )


def _garage(code: Any, dotted: str, kind: str, name: str, *step: int) -> Report:
    import yaml

    m = code.module(dotted=dotted)
    folder = code.root / "experiments" / name.lower()
    read = yaml.safe_load(next(folder.glob("*.y*ml")).read_text())
    told = {**read["shared"], **read[name], "device": "cpu", "hid_layers": [64, 64], "batch_size": 32}
    return examine(
        lambda: getattr(m, kind)(told, 5, 3, 1.0),
        lambda agent, t: agent.store_transition(*t.as_tuple()),
        lambda agent: agent.learn(*step),
        **ONE,
    )


@update("a8172296488a", "agents/ddpg.py", "cbb61ee45b", "DDPG, layer norm", OWN, RIGHT, READ, TWENTIETH)
def ddpg_a81722(code: Any) -> Report:
    return _garage(code, "agents.ddpg", "DDPG", "DDPG")


@update("a8172296488a", "agents/td3.py", "cbb61ee45b", "TD3, layer norm", OWN, RIGHT, READ, TWENTIETH)
def td3_a81722(code: Any) -> Report:
    return _garage(code, "agents.td3", "TD3", "TD3", 0)


@update(
    "a8172296488a",
    "agents/sac2.py",
    "cbb61ee45b",
    "SAC, layer norm, a target of the policy",
    OWN,
    ("entropy-unmasked",),
    "read: the label's entropy stands outside of gamma and of the mask of ends",
    TWENTIETH,
)
def sac_a81722(code: Any) -> Report:
    return _garage(code, "agents.sac2", "SAC2", "SAC2", 0)


@update("c93ae545a543", "agent/sac.py", "d18a7e5e71", "SAC", BATCH, RIGHT, READ, TWENTIETH)
def sac_c93ae5(code: Any) -> Report:
    m = code.module(dotted="agent.sac")
    space = env_of(5, **TWO).action_space

    def learn(agent, b):
        o, a, r, after, d = b.tensors(column=True)
        agent.learn(o, a, r, after, d)

    return examine(
        lambda: m.SACAgent((5,), [64, 64], 3, space, 1e-3, 1e-3, target_entropy=None, device="cpu"), update=learn, **TWO
    )


@update("a0557fa2656b", "agent/sac.py", "476bc5a26e", "SAC", PASSED, RIGHT, READ, TWENTIETH)
def sac_a0557f(code: Any) -> Report:
    package = ModuleType("ModelBasedRL")
    package.__path__ = [str(code.root)]
    sys.modules["ModelBasedRL"] = package
    m, buffers = code.module(), code.module("buffer/trans_buffer.py")
    sizes = {"o_dim": 5, "a_dim": 3, "policy_hidden_layers": [64, 64], "value_hidden_layers": [64, 64]}
    model = {**sizes, "policy_logstd_min": -20, "policy_logstd_max": 2}
    told = {"lr": 1e-3, "gamma": 0.99, "tau": 0.005, "batch_size": 32, "initial_alpha": 1, "train_policy_delay": 1}

    def make():
        agent = m.SAC({**told, "model_config": model, "device": "cpu"})
        return SimpleNamespace(agent=agent, buffer=buffers.Buffer(5000))

    return examine(
        make,
        lambda x, t: x.buffer.data.append((t.obs, t.action, t.reward, t.done, t.next_obs)),
        lambda x: x.agent.train_ac(x.buffer),
        **ONE,
    )


@update(
    "415e5e44c29e",
    "agent/sac.py",
    "69c6bb6b33",
    "SAC",
    BATCH,
    ("log-prob-other-action|log-prob-uncorrected",),
    "read: log pi is made from noise that no action has, without the tanh's correction; one number is the noise of all",
    TWENTIETH,
)
def sac_415e5e(code: Any) -> Report:
    m = code.module(dotted="agent.sac")
    sizes = {"s_dim": 5, "a_dim": (3,), "Q_hidden_dims": (64,), "policy_hidden_dims": (64,), "gamma": 0.99, "tau": 0.01}
    rates = {"actor_lr": 1e-3, "Q1_lr": 1e-3, "Q2_lr": 1e-3, "alpha_lr": 1e-4, "epsilon": 1e-6, "critic_tau": 0.005}
    betas = dict.fromkeys(("actor_betas", "critic_betas", "alpha_betas"), (0.9, 0.999))
    more = {"log_std_bounds": (-10, 2), "alpha": 0.01, "init_temperature": 0.1, "learnable_temperature": True}

    def learn(agent, b):
        o, a, r, after, d = b.tensors(column=True)
        agent.update_SAC(o, r, a, after, d)

    return examine(lambda: m.SAC(**sizes, **rates, **betas, **more), update=learn, **ONE)


@update(
    "3904cb42e952",
    "agents/td3.py",
    "20c4ac8aa4",
    "TD3, unfinished",
    OWN,
    ("reward-missing|no-bootstrap|unexplained", "actor-still"),
    "read: the critics' loss is the mean of their outputs, without a label; the actor is never trained",
    TWENTIETH,
)
def td3_3904cb(code: Any) -> Report:
    m = code.module(dotted="agents.td3")
    return examine(
        lambda: m.TD3Agent({"device": "cpu", "obs_dim": 5, "act_dim": 3}),
        lambda agent, t: agent.buffer.add(*t.as_tuple()),
        lambda agent: agent.update(32),
        **ONE,
    )


@update("cee955ec1a8e", "rl/sac.py", "95b2f56e0b", "SAC, images", OWN, RIGHT, READ, TWENTIETH)
def sac_cee955(code: Any) -> Report:
    m = code.module()
    space = env_of(5, **ONE).action_space
    env = SimpleNamespace(observation_space=SimpleNamespace(shape=(44, 44, 3)), action_space=space)

    def feed(agent, t):
        obs, action, after, _ = t.as_tensors()
        agent.replay_buffer.push(obs, action, t.reward, after, t.done)

    return examine(
        lambda: m.SACAgent(env, batch_size=32, buffer_size=500),
        feed,
        lambda agent: agent.update_policy(),
        obs=(3, 44, 44),
        **ONE,
    )
