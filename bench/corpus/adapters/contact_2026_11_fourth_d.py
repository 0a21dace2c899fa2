"""Updates met first in a fourth round of November 2026, drawn at random: further DDPG, TD3 and SAC.

Personal repositories: see :func:`bench.corpus.registry.hashed`. The verdicts were written before the examiner was run.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import torch

from bench.corpus.adapters.common import BATCH, DICT, FOURTH, LOOP, ONE, OWN, READ, TWO
from bench.corpus.registry import RIGHT, update
from bench.corpus.stubs import env_of
from gradexaminer import Report, examine, watch


@update(
    "6666faf1cfd3",
    "agents/td3.py",
    "5497548bbc",
    "TD3, observations normalized when stored",
    OWN,
    RIGHT,
    "read; running means normalize observations when they are stored, and rewards when they are sampled",
    FOURTH,
)
def td3_6666fa(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3(5, 3, buffer_size=5000, learning_starts=64, batch_size=64),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.train_step(),
        **ONE,
    )


@update("03e6ca691811", "DDPG/ddpg.py", "3c541cf500", "DDPG, images", BATCH, RIGHT, READ, FOURTH)
def ddpg_03e6ca(code: Any) -> Report:
    m = code.module(dotted="DDPG.ddpg")

    def update_once(agent, b):
        rows = {"state": torch.tensor(b.obs) / 255, "next_state": torch.tensor(b.next_obs) / 255}
        rows |= {"action": torch.tensor(b.action), "reward": torch.tensor(b.reward), "done": torch.tensor(b.done)}
        agent.update_params(SimpleNamespace(**{name: list(x.split(1)) for name, x in rows.items()}))

    return examine(
        lambda: m.DDPG(0.99, 0.001, (64, 64), 4 * 20 * 20, [0, 0, 0]),
        update=update_once,
        obs=(4, 20, 20),
        image=True,
        **ONE,
    )


@update(
    "da30ea295e95",
    "DDPG/ddpg.py",
    "2d87e6c54e",
    "DDPG",
    OWN,
    ("mask-missing",),
    "read: no end can be stored; its task, a pendulum, has none but time limits",
    FOURTH,
)
def ddpg_da30ea(code: Any) -> Report:
    m = code.module(stop="env = gym.make(ENV_NAME)")
    m.MEMORY_CAPACITY = 64
    return examine(
        lambda: m.DDPG(3, 5, 2.0),
        lambda agent, t: agent.store_transition(t.obs, t.action, t.reward, t.next_obs),
        lambda agent: agent.learn(),
        **TWO,
    )


@update("14767657b7de", "agents/td3.py", "56807e291e", "TD3", OWN, RIGHT, READ, FOURTH)
def td3_147676(code: Any) -> Report:
    m = code.module(dotted="agents.td3")
    config = m.TD3Config(hidden_sizes=[64, 64], batch_size=64, replay_capacity=5000)
    return examine(
        lambda: m.TD3(env_of(5, **ONE), config),
        lambda agent, t: agent.buffer.add(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent._update(),
        **ONE,
    )


@update(
    "fc4a6c329ef6",
    "DDPG/ddpg.py",
    "008e5097d0",
    "DDPG",
    LOOP,
    ("mask-truncated",),
    "read: terminated or truncated is stored",
    FOURTH,
)
def ddpg_fc4a6c(code: Any) -> Report:
    def run(make):
        m = code.module()
        args = SimpleNamespace(lr_policy=1e-3, lr_value=1e-3, buffer_size=5000, max_steps=10**5, warm_steps=200)
        args.__dict__.update(batch_size=64, output_dir=".", seed=0)
        m.train(args, make(), m.DDPG(5, 3, 0.99))

    return watch(run, obs=5, **TWO)


@update(
    "fc4a6c329ef6",
    "DDPG/td3.py",
    "008e5097d0",
    "TD3",
    LOOP,
    ("mask-truncated",),
    "read: terminated or truncated is stored",
    FOURTH,
)
def td3_fc4a6c(code: Any) -> Report:
    def run(make):
        m = code.module()
        args = SimpleNamespace(dim_action=3, max_action=2.0, gamma=0.99, max_steps=10**5, warmup_steps=200, lr=1e-3)
        args.__dict__.update(batch_size=32, K=2, policy_noise=0.2, noise_clip=0.5, seed=0, output_dir=".")
        m.train(args, make(), m.TD3(5, 3, 2.0))

    return watch(run, obs=5, **TWO)


@update("331d4ea32ad4", "agents/td3.py", "5df8a377b5", "TD3", OWN, RIGHT, READ, FOURTH)
def td3_331d4e(code: Any) -> Report:
    m, nets, buffers = code.module(dotted="agents.td3"), code.module("models.py"), code.module("replay_buffer.py")
    args = SimpleNamespace(algo="td3", pi_lr=1e-3, q_lr=1e-3, act_noise=0.1, train_q_iters=2, batch_size=40)
    args.__dict__.update(policy_delay=2, polyak=0.995, gamma=0.99, target_noise=0.2, noise_clip=0.5, act_limit=2.0)

    def make():
        env = env_of(5, **TWO)
        net = nets.MLPActorCriticQ(env.observation_space, env.action_space, (64, 64), algo="td3")
        return m.TD3(env, net, buffers.QLearningReplayBuffer(5000, 5, 3), None, args)

    return examine(
        make,
        lambda agent, t: agent.buffer.store(t.obs, t.reward, t.next_obs, t.done, {"a": t.action}),
        lambda agent: agent._update_networks(),
        **TWO,
    )


def _walker(b: Any) -> dict[str, Any]:
    """A batch by this repository's names."""
    ends = {"rewards": b.reward, "next_observations": b.next_obs, "dones": b.done}
    return {"observations": b.obs, "actions": b.action, **ends}


@update("62e3541394e3", "src/agents/sac_agent.py", "e48fc03584", "SAC", DICT, RIGHT, READ, FOURTH)
def sac_62e354(code: Any) -> Report:
    m = code.module(dotted="src.agents.sac_agent")
    return examine(lambda: m.SACAgent(5, 3, (64, 64)), update=lambda agent, b: agent.update(_walker(b)), **ONE)


@update("62e3541394e3", "src/agents/td3_agent.py", "e48fc03584", "TD3", DICT, RIGHT, READ, FOURTH)
def td3_62e354(code: Any) -> Report:
    m = code.module(dotted="src.agents.td3_agent")
    return examine(lambda: m.TD3Agent(5, 3, (64, 64)), update=lambda agent, b: agent.update(_walker(b)), **ONE)


@update(
    "e6132c0cd0ad",
    "SAC/sac.py",
    "95250da7da",
    "SAC",
    OWN,
    ("not-finite", "broadcast|critic-width"),
    "read: log is taken of the actions, not of pi, which is nan below 0; labels (B, A) meet values (B, 1)",
    FOURTH,
)
def sac_e6132c(code: Any) -> Report:
    m = code.module()

    def update_once(agent, b):
        agent.update_critic(b.obs, b.action, b.reward, b.next_obs, b.done)
        agent.update_actor_and_alpha(b.obs)
        agent.update_targets()

    return examine(lambda: m.SAC(5, 3), update=update_once, **ONE)


@update("3396d50b618a", "DDPG/ddpg.py", "11c03e6dd0", "DDPG", OWN, RIGHT, READ, FOURTH)
def ddpg_3396d5(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.DDPGTrainer(env_of(5, **TWO), m.Args(buffer_size=64, batch_size=64), "cpu"),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda agent: agent.train(),
        **TWO,
    )


@update(
    "3396d50b618a",
    "TD3/td3.py",
    "11c03e6dd0",
    "TD3",
    OWN,
    ("critic-moved-by-actor|optimizer-elsewhere",),
    "read: the actor's optimizer holds the critics, none the actor; the second critic's loss moves nothing",
    FOURTH,
)
def td3_3396d5(code: Any) -> Report:
    m = code.module()
    return examine(
        lambda: m.TD3Trainer(env_of(5, **TWO), m.Args(buffer_size=64, batch_size=64)),
        lambda agent, t: agent.replay_buffer.add(t.obs, t.action, t.reward, t.done, t.next_obs),
        lambda agent: agent.train(),
        **TWO,
    )
