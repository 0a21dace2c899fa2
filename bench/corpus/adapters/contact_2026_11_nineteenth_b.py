"""Updates met first in the nineteenth round of November 2026, drawn at random: DDPG, TD3 and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from bench.corpus.adapters.common import BATCH, DICT, FUNCTION, LOOP, LOOSE, NINETEENTH, ONE, OWN, PASSED, READ
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine, watch

SINGLE: dict[str, Any] = {"low": [-2.0], "high": [2.0]}
BOUNDED = "read: the critic ends in the mean of outputs that are behind a ReLU"
TWICE = "read: the correction of log pi takes the tanh of what is a tanh already"


@update("eb3e9805733a", "ddpg.py", "df7704bfd6", "DDPG", DICT, RIGHT, LOOSE, NINETEENTH)
def ddpg_eb3e98(code: Any) -> Report:
    m = code.module(stop="num_episodes")
    return examine(
        lambda: m.DDPG(5, 64, 1, 2.0, 0.01, 1e-3, 1e-3, 0.005, 0.98, "cpu"),
        update=lambda agent, b: agent.update(b.as_dict()),
        **SINGLE,
    )


def _book(code: Any, kind: str, entropy: float, *bound: float, **actions: Any) -> Report:
    m = code.module(stop="num_episodes")
    vars(m)["target_entropy"] = entropy
    n = actions.get("n_actions", 1)
    return examine(
        lambda: getattr(m, kind)(5, 64, n, *bound, 1e-3, 1e-3, 1e-3, entropy, 0.005, 0.98, "cpu"),
        update=lambda agent, b: agent.update(b.as_dict()),
        **actions,
    )


@update("eb3e9805733a", "sac.py", "df7704bfd6", "SAC", DICT, ("log-prob-correction",), TWICE, NINETEENTH)
def sac_eb3e98(code: Any) -> Report:
    return _book(code, "SACContinuous", -1.0, 2.0, **SINGLE)


@update(
    "eb3e9805733a",
    "sac.py",
    "df7704bfd6",
    "discrete SAC",
    DICT,
    ("temperature-unreachable",),
    "read: the target entropy is -1, and a policy over discrete actions has none below 0",
    NINETEENTH,
)
def discrete_eb3e98(code: Any) -> Report:
    return _book(code, "SAC", -1.0, n_actions=4)


@update(
    "eb3e9805733a",
    "goal_oriented_reinforcement_learning.py",
    "df7704bfd6",
    "DDPG with goals",
    DICT,
    RIGHT,
    LOOSE,
    NINETEENTH,
)
def goals_eb3e98(code: Any) -> Report:
    m = code.module(stop="actor_lr = ")
    return examine(
        lambda: m.DDPG(5, 64, 3, 1.0, 1e-3, 1e-3, 0.1, 0.005, 0.98, "cpu"),
        update=lambda agent, b: agent.update(b.as_dict()),
        **ONE,
    )


@update("8aa06d2652bd", "ddpg.py", "83462b103e", "DDPG", FUNCTION, RIGHT, READ, NINETEENTH)
def ddpg_8aa06d(code: Any) -> Report:
    def make():
        text = 'env = gym.make("RoboschoolInvertedDoublePendulum-v1")'
        return code.module(
            stop="steps_done = 0", given=env_of(5, **ONE), change=lambda read: read.replace(text, "env = given")
        )

    def feed(m, t):
        if not hasattr(m, "memory"):
            m.memory = m.replay_memory.ReplayMemory(5000)
        one = lambda x: torch.tensor([float(x)])  # noqa: E731
        obs, action, after = (torch.from_numpy(x) for x in (t.obs, t.action, t.next_obs))
        m.memory.push(obs, action, one(t.reward), after, one(t.done))

    return examine(make, feed, lambda m: m.optimize_model(m.memory, 32), **ONE)


@update(
    "53cd12682f9a",
    "src/agents/sac_agent.py",
    "6cdcf4ee11",
    "SAC",
    BATCH,
    ("actor-entropy-weight",),
    "read: the actor's loss detaches log pi and subtracts the entropy once, not times the temperature of the label",
    NINETEENTH,
)
def sac_53cd12(code: Any) -> Report:
    sys.path.insert(0, str(code.root / "src"))
    m, nets = code.module(dotted="agents.sac_agent"), code.module("src/networks/critics.py")
    policies = code.module("src/networks/policies.py")

    def make():
        same = lambda o: torch.optim.lr_scheduler.ConstantLR(o, factor=1.0)  # noqa: E731
        adam = lambda p: torch.optim.Adam(p, lr=3e-4)  # noqa: E731
        actor = lambda _, n: policies.MLPPolicy(n, 5, False, 2, 64, use_tanh=True, state_dependent_std=True)  # noqa: E731
        critic = lambda _, n: nets.StateActionCritic(5, n, 2, 64)  # noqa: E731
        told = {"num_critic_networks": 2, "target_critic_backup_type": "min", "use_entropy_bonus": True}
        more = {"temperature": 0.1, "auto_tune_temperature": True, "soft_target_update_rate": 0.005}
        return m.SoftActorCritic((5,), 3, actor, adam, same, critic, adam, same, 0.99, **told, **more)

    return examine(make, update=lambda agent, b: agent.update(*b.tensors(), 0), **ONE)


@update(
    "57fe330280c7",
    "src/TD3/agent.py",
    "2dee2da9be",
    "TD3",
    OWN,
    RIGHT,
    "read; one number is the noise of all rows; label not detached, fills the target's .grad alone",
    NINETEENTH,
)
def td3_57fe33(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.Agent(1e-3, 1e-3, (5,), 0.005, env_of(5, **ONE), n_actions=3, batch_size=32, max_size=5000),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        **ONE,
    )


def _batches(code: Any, kind: str, path: str) -> Report:
    m = code.module(path)

    def learn(agent, b):
        names = ("states", "actions", "rewards", "next_states", "dones")
        batch = SimpleNamespace(**dict(zip(names, b.tensors(column=True), strict=True)))
        agent.update(lambda: batch)

    return examine(lambda: getattr(m, kind)(5, 3, device="cpu"), update=learn, **ONE)


@update("f13df2d11c89", "src/sac.py", "0fa027237b", "SAC", BATCH, RIGHT, READ, NINETEENTH)
def sac_f13df2(code: Any) -> Report:
    return _batches(code, "SAC", "src/sac.py")


@update(
    "f13df2d11c89",
    "src/crossq.py",
    "0fa027237b",
    "CrossQ",
    BATCH,
    RIGHT,
    "read; no target network and s beside s' in one batch, by choice",
    NINETEENTH,
)
def crossq_f13df2(code: Any) -> Report:
    return _batches(code, "CrossQ", "src/crossq.py")


@update(
    "027b18b434b5",
    "src/crossq/crossq.py",
    "996a68ae42",
    "CrossQ",
    OWN,
    RIGHT,
    "read; no target network and s beside s' in one batch, by choice",
    NINETEENTH,
)
def crossq_027b18(code: Any) -> Report:
    m = code.module(dotted="src.crossq.crossq")
    config = m.CrossQAgentConfig(device="cpu", q_hidden_dim=64, policy_hidden_dim=64)

    def learn(agent, b):
        names = ("observations", "actions", "rewards", "next_observations", "dones")
        batch = SimpleNamespace(**dict(zip(names, b.tensors(column=True), strict=True)))
        agent.buffer = SimpleNamespace(sample=lambda _: batch)
        agent.learn(True, compute_logs=False)

    low, high = -np.ones(3, np.float32), np.ones(3, np.float32)
    return examine(lambda: m.CrossQAgent(config, 5, 3, low, high, None), update=learn, **ONE)


@update(
    "a0969cff0fc2",
    "src/ddpg.py",
    "72a7dfc251",
    "DDPG",
    FUNCTION,
    ("mask-missing",),
    "read: the ends are drawn from the buffer and not used",
    NINETEENTH,
)
def ddpg_a0969c(code: Any) -> Report:
    m = code.module()

    def make():
        mu, mu_target, q, q_target = m.MuNet(), m.MuNet(), m.QNet(), m.QNet()
        adam = [torch.optim.Adam(net.parameters(), lr=1e-3) for net in (q, mu)]
        return [mu, mu_target, q, q_target, m.ReplayBuffer(), *adam]

    def learn(agent):
        m.train(*agent)
        m.soft_update(agent[0], agent[1])
        m.soft_update(agent[2], agent[3])

    def feed(agent, t):
        agent[4].put((t.obs, float(t.action[0]), t.reward, t.next_obs, t.done))

    return examine(make, feed, learn, obs=3, **SINGLE)


@update(
    "a0969cff0fc2",
    "src/sac.py",
    "72a7dfc251",
    "SAC, rewards standardized",
    PASSED,
    ("in-place",),
    "read: the actor's loss is made before the critics' steps and differentiated after them",
    NINETEENTH,
)
def sac_a0969c(code: Any) -> Report:
    m = code.module()
    told = {"saved_path": ".", "render": False, "gamma": 0.99, "tau": 0.005, "alpha": 0.2, "replay_size": 5000}
    more = {"start_steps": 0, "batch_size": 32, "updates_per_step": 1, "num_steps": 1, "target_update_interval": 1}
    rest = {"automatic_entropy_tuning": True, "device": "cpu", "hidden_size": 64, "lr": 3e-4}

    def make():
        agent = m.SAC(5, env_of(5, **ONE).action_space, SimpleNamespace(**told, **more, **rest))
        agent.memory = m.ReplayBuffer(5000)
        return agent

    return examine(
        make,
        lambda agent, t: agent.memory.push(*t.as_tuple()),
        lambda agent: agent.update_parameters(agent.memory, 32, 0),
        **ONE,
    )


class _Unity:
    """An environment of one agent with the methods of the repository's own."""

    def __init__(self, env: Any) -> None:
        self.env = env

    def get_action_dim(self) -> int:
        return 3

    def get_num_agents(self) -> int:
        return 1

    def reset(self, **_: Any) -> Any:
        return self.env.reset()[0][None]

    def step(self, action: Any) -> Any:
        obs, reward, terminated, truncated, _ = self.env.step(np.asarray(action, np.float32).reshape(3))
        return obs[None], [reward], [terminated or truncated]


@update(
    "6d5df911fc99",
    "src/ddpg.py",
    "4d8ed41e29",
    "DDPG",
    LOOP,
    ("critic-other-action", "mask-truncated"),
    "read: the action without its noise is stored; a time limit is stored as an end",
    NINETEENTH,
)
def ddpg_6d5df9(code: Any) -> Report:
    m, nets = code.module(dotted="src.ddpg"), code.module("src/models.py")

    def run(make):
        sizes = {"hidden_size": [64, 32], "state_dim": 5, "action_dim": 3}
        told = {"buffer_size": 5000, "minibatch_size": 32, "seed": 0, "device": "cpu", "actor_lr": 1e-3}
        rest = {"critic_lr": 1e-3, "discount": 0.99, "tau": 0.005}
        agent, target = nets.SimpleDDPGAgent(**sizes), nets.SimpleDDPGAgent(**sizes)
        m.DDPG(agent=agent, target_agent=target, **told, **rest).train(_Unity(make()), 1000)

    return watch(run, obs=5, **ONE)


def _parts(obs: np.ndarray) -> dict[str, np.ndarray]:
    return {"task_field": obs[:2], "agents": obs[2:3], "task_id": obs[3:4], "global_info": obs[4:]}


def _fields(code: Any, path: str, kind: str) -> Report:
    m, policies = code.module(path), code.module("policies/mlp_policy.py")
    env = env_of(5, **ONE)
    sizes = {name: SimpleNamespace(shape=part.shape) for name, part in _parts(np.zeros(5)).items()}
    first = {name: part[None] for name, part in _parts(np.zeros(5, np.float32)).items()}
    batch = SimpleNamespace(reset=lambda: (first, {}), envs=[env], num_envs=1)
    told = {"learning_rate": 3e-4, "replay_size": 5000, "batch_size": 32, "gamma": 0.99, "tau": 0.005}
    config = {**told, "policy_noise": 0.2, "noise_clip": 0.5, "policy_delay": 2, "warmup_steps": 0}
    return examine(
        lambda: getattr(m, kind)(batch, policies.MLPPolicy(sizes, env.action_space, [64, 64]), config, "cpu"),
        lambda agent, t: agent.replay.add(_parts(t.obs), t.action, t.reward, _parts(t.next_obs), t.done),
        lambda agent: agent._update_once(),
        **ONE,
    )


@update("53b801a63331", "algorithms/sac.py", "55356b255e", "SAC", OWN, RIGHT, READ, NINETEENTH)
def sac_53b801(code: Any) -> Report:
    return _fields(code, "algorithms/sac.py", "SACTrainer")


@update("53b801a63331", "algorithms/td3.py", "55356b255e", "TD3", OWN, RIGHT, READ, NINETEENTH)
def td3_53b801(code: Any) -> Report:
    return _fields(code, "algorithms/td3.py", "TD3Trainer")


@update("8a0e84e5dfd2", "models/ddpg.py", "b2bee8e6d9", "DDPG", DICT, RIGHT, LOOSE, NINETEENTH)
def ddpg_8a0e84(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPG(5, 3, 8, 64, False, 1.0, 0.01, 1e-3, 1e-3, 0.005, 0.99, "cpu"),
        update=lambda agent, b: agent.update(b.as_dict()),
        **ONE,
    )


@update(
    "8a0e84e5dfd2", "models/sac_continuous.py", "b2bee8e6d9", "SAC", DICT, ("log-prob-correction",), TWICE, NINETEENTH
)
def sac_8a0e84(code: Any) -> Report:
    return _book(code, "SACContinuous", -1.0, 2.0, **SINGLE)


@update(
    "fed7ebdaca4b",
    "src/td3.py",
    "0e3dacb1ad",
    "TD3",
    OWN,
    RIGHT,
    "read; one draw is the noise of all rows",
    NINETEENTH,
)
def td3_fed7eb(code: Any) -> Report:
    m = code.module(definitions=True, change=lambda text: text.replace("from util import interrupt_handler", ""))
    told = {"memory_size": 5000, "batch_size": 32, "policy_update_freq": 2, "lr_actor": 1e-3, "lr_critic": 1e-3}

    def learn(agent):
        agent.total_steps += 1
        agent.update_model()

    return examine(
        lambda: m.TD3Agent(env_of(5, **ONE), **told, wd_actor=0, model_filename=""),
        lambda agent, t: agent.memory.store(*t.as_tuple()),
        learn,
        **ONE,
    )


@update(
    "bbc7c6a425bc",
    "src/ddpg.py",
    "d7a5827286",
    "DDPG",
    LOOP,
    ("output-bounded", "partly-trained", "mask-truncated"),
    BOUNDED + "; the convolutions' outputs become plain numbers; a time limit is stored as an end",
    NINETEENTH,
)
def ddpg_bbc7c6(code: Any) -> Report:
    sys.path.insert(0, str(code.root / "src"))
    m = code.module(change=lambda text: text.replace('raise Exception("cuda not found!")', "pass"))
    actors, critics = code.module("src/neural_network/actor_nn.py"), code.module("src/neural_network/critic_nn.py")
    told = {"tau": 0.005, "discount": 0.99, "bsize": 32, "prate": 1e-3, "rmsize": 5000, "window_length": 1}
    args = SimpleNamespace(**told, ou_theta=0.15, ou_mu=0.0, ou_sigma=0.2)
    sizes = {"hidden_layers": [64, 32], "kernel_sizes": [1]}

    def run(make):
        env = make()
        nets = [net(5, 4, 3, 4, **sizes) for net in (actors.Actor, critics.Critic) * 2]
        agent = m.DDPG(env, *nets, np.zeros((4, 3, 1, 1, 1)), args)
        for _ in range(1000):
            obs, done = env.reset()[0], False
            agent.reset(obs)
            while not done:
                obs, reward, terminated, truncated, _ = env.step(agent.select_action(obs).astype(np.float32))
                done = terminated or truncated
                agent.observe(reward, obs, done)
                if agent.memory.nb_entries > 64:
                    agent.update_policy()

    return watch(run, obs=5, low=[-1.0] * 4, high=[1.0] * 4)


@update("2c7799bd8ba4", "src/sac.py", "3c4ed51cee", "SAC", BATCH, RIGHT, READ, NINETEENTH)
def sac_2c7799(code: Any) -> Report:
    m = code.module(dotted="src.sac")
    vars(m)["os"] = SimpleNamespace(mkdir=lambda _: None)

    def learn(agent, b):
        agent.update(dict(zip(("obs", "act", "rew", "obs2", "done"), b.tensors(), strict=True)))

    return examine(lambda: m.SAC(env_of(5, **ONE), "", seed=0, replay_size=100), update=learn, **ONE)


@update(
    "da95b4291ae4",
    "src/ddpg.py",
    "126fd93062",
    "DDPG, batch norm",
    OWN,
    ("actions-rounded",),
    "the examiner named what the reader missed: sampled actions become whole numbers",
    NINETEENTH,
)
def ddpg_da95b4(code: Any) -> Report:
    m = code.module(dotted="src.ddpg")
    sizes = SimpleNamespace(vector_observation_space_size=5, vector_action_space_size=3)

    def learn(agent):
        agent.cur_t += 1
        agent.learn(agent.memory.sample())

    return examine(
        lambda: m.AgentDDPG(
            SimpleNamespace(brain_names=[0], brains=[sizes]), 0, [64, 64], [64, 64], batch_size=32, buffer_size=5000
        ),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        learn,
        **ONE,
    )


@update(
    "920aa2dc4b9a",
    "src/agent.py",
    "40c709d045",
    "DDPG",
    OWN,
    ("actions-rounded",),
    "read: sampled actions become whole numbers",
    NINETEENTH,
)
def ddpg_920aa2(code: Any) -> Report:
    m = code.module(dotted="src.agent")
    m.BATCH_SIZE = 32
    return examine(
        lambda: m.Agent(5, 3, 0),
        lambda agent, t: agent.memory.add(*t.as_tuple()),
        lambda agent: agent.learn(agent.memory.sample(), 0.99),
        **ONE,
    )


@update("be29da70c8c7", "src/manipurl/models/sac.py", "04a43a1a1c", "SAC", BATCH, RIGHT, READ, NINETEENTH)
def sac_be29da(code: Any) -> Report:
    sys.path.insert(0, str(code.root / "src"))
    vars(torch)["compile"] = lambda function: function
    m = code.module(dotted="manipurl.models.sac")

    def learn(agent, b):
        names = ("states", "actions", "rewards", "next_states", "done")
        agent.train_step(SimpleNamespace(**dict(zip(names, b.tensors(column=True), strict=True))))

    return examine(lambda: m.SACAgent(5, 3), update=learn, **ONE)


@update(
    "cd5eafee7bab",
    "Khairul_Drone/algorithms/td3.py",
    "5c35cbe3cd",
    "TD3, images",
    PASSED,
    ("partly-trained|online-still|zeroed-before-step",),
    "read: the critic gets detached features, and what the actor's loss sends to the encoder is zeroed before its step",
    NINETEENTH,
)
def td3_cd5eaf(code: Any) -> Report:
    folder = "Khairul_Drone/"
    m, memory = code.module(), code.module(folder + "algorithms/replay_buffer.py")
    nets = [code.module(f"{folder}models/{name}.py") for name in ("feature_extractor", "actor", "critic")]

    def split(obs):
        return obs[:256].reshape(16, 16), obs[256:]

    def make():
        agent = m.TD3(nets[0].DepthFeatureExtractor(), nets[1].Actor(action_dim=3), nets[2].Critic(action_dim=3))
        agent.memory = memory.ReplayBuffer(5000)
        return agent

    return examine(
        make,
        lambda agent, t: agent.memory.add(*split(t.obs), t.action, t.reward, *split(t.next_obs), t.done),
        lambda agent: agent.train(agent.memory, 32),
        obs=264,
        **ONE,
    )


@update(
    "42fa30a38839",
    "src/sac_discrete.py",
    "896cf5b5e4",
    "DDPG, called discrete SAC",
    OWN,
    ("critic-without-action|actor-still|actor-detached",),
    "read: the critic takes the action and does not use it, and the actor puts out one number of the whole batch",
    NINETEENTH,
)
def ddpg_42fa30(code: Any) -> Report:
    m = code.module(definitions=True)
    m.BATCH_SIZE = 32

    def make():
        m.ram = m.MemoryBuffer(5000)
        return m.Trainer(5, 2, 1.0, 0.5, m.ram)

    return examine(
        make,
        lambda _, t: m.ram.add(*t.as_tuple()),
        lambda agent: agent.optimizer(),
        low=[0.0, -0.5],
        high=[1.0, 0.5],
    )
