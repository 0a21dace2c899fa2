"""Chapter 4: how a fixed agent learns on one set of inputs, and what a student's test says of recorded agents.

An agent is built on small networks in float64, with plain SGD, and asked for its weights after one update or several.
A test is handed agents whose updates were recorded: their weights before and after are numbers, so that no code of an
agent, right or wrong, is in the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradschool.core.exercise import Answer, AnswerUnusable, Args
from gradschool.core.numerics import Array

PARTS = ("first", "second", "third")  # one planted fault each, in the order of the file
TOGETHER = 3  # updates of the agent as a whole
NEVER = 1000  # more updates than anybody asks for
LIMIT = 2.0  # of the pendulum's motor
LOUD = 100.0  # noise that goes beyond it
NOISY = 4  # calls with it, for one observation: one in 63 stays within the limits by chance, four together never do
QUIET = 1e-3  # noise that the limits do not cut
DRAWN = 150  # actions with it: their mean and spread are beyond these bounds by chance in one of 10 billion looks
SPREAD, SHIFT = (0.65, 1.4), 0.55  # of the noise that was asked for
# Calls for one observation: one of three actions that is drawn at random is not the best one every time (2e-7). With 8
# calls it was now and then, and a known mistake was called by another name in one of sixty examinations.
DRAWS = 14
ASKED = 2  # observations of a batch to act on, at most: other batches have others
FEW, MANY = 30, 120  # calls in which each of up to five actions that are drawn at random comes; at least, and at most


def taxi_dqn(answer: Answer, a: Args) -> dict[str, Any]:
    """Have TaxiAgent learn: once, twice where no episode ends, up to a copy of the network, up to two; then act."""
    from gradschool.lessons.lab import small

    batches = small.batches_of(a["batches"], a["q_net"].shape[0])
    going_on = [small.without_ends(batch) for batch in batches]

    def agent(sync_every: int, load: bool = True) -> Any:
        return small.taxi(answer, a["q_net"], a["target_net"], a["gamma"], sync_every, load=load)

    one, two, copied, whole = agent(NEVER), agent(NEVER), agent(1), agent(2)
    one.learn(batches[0])
    two.learn(going_on[0])
    two.learn(going_on[1])
    copied.learn(going_on[0])
    small.move(copied.q_net)
    seen = _after_each(whole, batches, ("q_net", "target_net"), small.table)
    idle = agent(NEVER, load=False)
    starts_alike = _start_alike(idle, "q_net")
    return {
        "one_update": small.table(one.q_net),
        "two_updates": small.table(two.q_net),
        "copied_target": small.table(copied.target_net),
        "all_updates": seen,
        "acts": _acts(idle, batches[0][0], lambda obs: _is_greedy(idle, obs)),
        "starts_alike": starts_alike,
    }


def cartpole_dqn(answer: Answer, a: Args) -> dict[str, Any]:
    """Have CartPoleAgent learn: where s' is s, without discount, where all episodes end, and three times."""
    from gradschool.lessons.lab import small

    batches = small.batches_of(a["batches"])

    def agent(gamma: float, load: bool = True) -> Any:
        return small.cartpole(answer, a["q_net"], a["target_net"], gamma, a["tau"], load=load)

    discounted, undiscounted, followed, whole = agent(a["gamma"]), agent(1.0), agent(a["gamma"]), agent(a["gamma"])
    obs, action, reward, _, done = batches[0]
    discounted.learn((obs, action, reward, obs.clone(), done))
    undiscounted.learn(batches[1])
    followed.learn(small.with_ends(batches[2]))
    idle = agent(1.0, load=False)
    starts_alike = _start_alike(idle, "q_net")
    return {
        "discounted": small.flat(discounted.q_net),
        "next_action": small.flat(undiscounted.q_net),
        "target_net": small.flat(followed.target_net),
        "all_updates": _after_each(whole, batches[:TOGETHER], ("q_net", "target_net"), small.flat),
        "acts": _acts(idle, batches[0][0], lambda obs: _is_greedy(idle, obs, 0.0)),
        "explores": _acts(idle, batches[0][0][:1], lambda obs: _random_at_1(idle, obs)),
        "starts_alike": starts_alike,
    }


def _start_alike(agent: Any, *names: str) -> Array:
    """Return whether each target network begins with the weights of the network of this name."""
    from gradschool.lessons.lab import small

    pairs = [(getattr(agent, name), getattr(agent, f"target_{name.removeprefix('q_')}")) for name in names]
    return np.array([small.alike(*pair) for pair in pairs])


def _is_greedy(agent: Any, obs: Any, *epsilon: float) -> bool:
    """Whether an agent takes the best action every time."""
    return {int(agent.act(obs, *epsilon)) for _ in range(DRAWS)} == {_best(agent.q_net, obs)}


def _random_at_1(agent: Any, obs: Any) -> bool:
    """Whether an agent takes every action now and then, and no others, where epsilon is 1."""
    every = set(range(len(agent.q_net(obs))))
    taken: set[int] = set()
    for k in range(MANY):
        if k >= FEW and taken >= every:
            break
        taken.add(int(agent.act(obs, 1.0)))
    return taken == every


def _best(net: Any, obs: Any) -> int:
    """The action with the largest output."""
    return int(net(obs).argmax())


def _acts(agent: Any, observations: Any, holds: Callable[[Any], bool]) -> Array:
    """Return for the first observations whether ``act`` does what it should; an agent without one is not asked."""

    def one(obs: Any) -> bool:
        try:
            return holds(obs)
        except Exception:  # it is wrong about this one observation, whatever its error is
            return False

    return np.array([not hasattr(agent, "act") or one(obs) for obs in observations[:ASKED]])


NETS = ("actor", "critic", "target_actor", "target_critic")


def nets_of(a: Args) -> dict[str, dict[str, Any]]:
    """The four networks of a case, its critics with what it says of their shape."""
    return {name: {**a[name], "curved": a["curved"] and name.endswith("critic")} for name in NETS}


def pendulum_ddpg(answer: Answer, a: Args) -> dict[str, Any]:
    """Have PendulumAgent learn: the critic alone, the actor alone, both where all episodes end, and three times."""
    from gradschool.lessons.lab import small

    batches = small.batches_of(a["batches"])

    def agent(load: bool = True) -> Any:
        return small.pendulum(answer, nets_of(a), a["gamma"], a["tau"], load=load)

    judged, acted, both, whole = agent(), agent(), agent(), agent()
    judged.learn_critic(*batches[0])
    acted.learn_actor(*batches[1][:2])
    both.learn(small.with_ends(batches[2]))
    idle = agent(load=False)
    starts_alike = _start_alike(idle, "actor", "critic")
    return {
        "critic_after_both": small.flat(both.critic),
        "actor_step": small.flat(acted.actor),
        "critic_step": small.flat(judged.critic),
        "all_updates": _after_each(whole, batches[:TOGETHER], NETS, small.flat),
        "acts_within_limits": _acts(idle, batches[0][0], lambda obs: _within_limits(idle, obs)),
        "adds_noise": _acts(idle, _inmost(idle.actor, batches[0][0]), lambda obs: _adds_noise(idle, obs)),
        "starts_alike": starts_alike,
    }


def _within_limits(agent: Any, obs: Any) -> bool:
    """Whether an agent takes the actor's action where there is no noise, and stays within the limits where there is."""
    import torch

    wanted = agent.actor(obs).clamp(-LIMIT, LIMIT)
    noisy = [np.abs(np.asarray(agent.act(obs, LOUD))).max() for _ in range(NOISY)]
    return max(noisy) <= LIMIT and bool(torch.allclose(torch.as_tensor(agent.act(obs), dtype=wanted.dtype), wanted))


def _inmost(actor: Any, observations: Any) -> Any:
    """The one observation, as a table, whose action is farthest from the limits."""
    import torch

    with torch.no_grad():
        return observations[actor(observations).abs().amax(dim=1).argmin()][None]


def _adds_noise(agent: Any, obs: Any) -> bool:
    """Whether the noise has the size that is asked for, a mean of 0, and another number for each motor.

    Many actions are asked for at once. Where that shows no such noise, or an error, they are asked for one by one, as
    an agent is while it acts.
    """
    middle = agent.actor(obs).detach().numpy()
    if np.abs(middle).max() > LIMIT - 10 * QUIET:
        return True  # the limits would cut it

    def of_table() -> Any:
        return np.asarray(agent.act(obs.expand(DRAWN, -1), QUIET))

    def one_by_one() -> Any:
        return np.stack([np.asarray(agent.act(obs, QUIET)) for _ in range(DRAWN)])

    return _is_noise(of_table, middle) or _is_noise(one_by_one, middle)


def _is_noise(acted: Callable[[], Array], middle: Array) -> bool:
    """Whether actions (DRAWN, A) are these (A,) with independent noise of size QUIET."""
    try:
        noise = (acted().reshape(DRAWN, middle.size) - middle) / QUIET
    except Exception:  # an agent that acts on one observation alone
        return False
    apart = middle.size == 1 or bool(np.ptp(noise, axis=1).min() > 0)
    spread, shift = noise.std(axis=0), np.abs(noise.mean(axis=0))
    return apart and bool(SPREAD[0] <= spread.min() and spread.max() <= SPREAD[1] and shift.max() <= SHIFT)


def _after_each(agent: Any, batches: Sequence[Any], names: Sequence[str], read: Callable[[Any], Array]) -> Array:
    """Have the agent learn on every batch, and return all networks' weights after each update, (K, n)."""
    seen: dict[str, list[Array]] = {name: [] for name in names}
    for batch in batches:
        agent.learn(batch)
        for name in names:
            seen[name].append(read(getattr(agent, name)))
    return together({name: np.stack(found) for name, found in seen.items()})


def together(seen: Mapping[str, Array]) -> Array:
    """Put the weights of several networks after each of K updates side by side, (K, n)."""
    return np.concatenate([x.reshape(len(x), -1) for x in seen.values()], axis=1)


def weights_of(names: Sequence[str], a: Args) -> dict[str, int]:
    """Return how many weights each of these networks has, in the order in which they stand side by side."""
    return {name: int(np.size(net["flat"] if isinstance(net := a[name], Mapping) else net)) for name in names}


def taxi_test(answer: Answer, a: Args) -> dict[str, Array]:
    """Hand recorded agents on Taxi to the student's test: True where it passes."""
    from gradschool.lessons.lab import small

    def recorded(r: int) -> tuple[Any, Any]:
        batches = small.batches_of(_of_record(a["batches"], r), a["q_net"].shape[1])
        nets = {name: small.linear(a[name][r]) for name in ("q_net", "target_net")}
        after = {name: a[f"{name}_after"][r] for name in nets}
        facts = {"gamma": float(a["gamma"][r]), "sync_every": int(a["sync_every"][r])}
        return small.Recorded(nets, after, batches, small.load_table, facts), batches

    return _verdicts(answer, a, recorded)


def cartpole_test(answer: Answer, a: Args) -> dict[str, Array]:
    """Hand recorded agents on CartPole to the student's test: True where it passes."""
    from gradschool.lessons.lab import small

    def recorded(r: int) -> tuple[Any, Any]:
        batches = small.batches_of(_of_record(a["batches"], r))
        nets = {name: small.layers(a["sizes"], a[name][r]) for name in ("q_net", "target_net")}
        return _recorded(a, r, nets, batches), batches

    return _verdicts(answer, a, recorded)


def pendulum_test(answer: Answer, a: Args) -> dict[str, Array]:
    """Hand recorded agents on Pendulum to the student's test: True where it passes."""
    from gradschool.lessons.lab import small

    def recorded(r: int) -> tuple[Any, Any]:
        batches = small.batches_of(_of_record(a["batches"], r))
        nets = {
            name: (small.actor if "actor" in name else small.critic)({"sizes": a[sizes_of(name)], "flat": a[name][r]})
            for name in NETS
        }
        return _recorded(a, r, nets, batches), batches

    return _verdicts(answer, a, recorded)


def sizes_of(name: str) -> str:
    """The input that holds the sizes of a network of this name."""
    return "actor_sizes" if "actor" in name else "critic_sizes"


def _recorded(a: Args, r: int, nets: dict[str, Any], batches: Sequence[Any]) -> Any:
    from gradschool.lessons.lab import small
    from gradschool.rl.nets.actor_critic import load_flat

    after = {name: a[f"{name}_after"][r] for name in nets}
    facts = {"gamma": float(a["gamma"][r]), "tau": float(a["tau"][r])}
    return small.Recorded(nets, after, batches, load_flat, facts)


def _of_record(batches: Mapping[str, Array], r: int) -> dict[str, Array]:
    return {name: x[r] for name, x in batches.items()}


def _verdicts(answer: Answer, a: Args, recorded: Callable[[int], tuple[Any, Any]]) -> dict[str, Array]:
    """Return for each planted fault whether the test passes on each recorded agent that is right or has this fault."""
    passed = np.array([_passes(answer, *recorded(r)) for r in range(len(a["group"]))])
    return {part: passed[a["group"] == k] for k, part in enumerate(PARTS)}


def _passes(answer: Answer, agent: Any, batches: Sequence[Any]) -> bool:
    try:
        said = answer(agent, batches)
    except AssertionError:
        return False
    if said is not None:
        raise AnswerUnusable("a test should return nothing: let an assert fail where something is wrong")
    return True
