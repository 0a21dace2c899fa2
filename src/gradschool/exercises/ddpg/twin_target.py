"""Inputs and oracle of ``ddpg.twin_target``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradschool.core.exercise import Args, Case, Rng
from gradschool.core.numerics import Array
from gradschool.exercises._otherwise import Otherwise
from gradschool.exercises.axes import Axes, some
from gradschool.exercises.ddpg._axes import BATCH, FLAGS, GAMMA, RANGES, REWARDS, layouts
from gradschool.exercises.ddpg._losses import targets
from gradschool.exercises.ddpg._setups import GAMMAS, setup_cases, squash_oracle
from gradschool.exercises.ddpg.adapters import net_of
from gradschool.exercises.ordinary import with_ordinary_twins

# The noise in units of its clip: beyond it upwards and downwards, and within it.
NOISE = (2.7, 0.5, -2.4, -0.4, 0.9, -1.3)
AXES: Axes = {
    **BATCH,
    **FLAGS,
    **RANGES,
    **GAMMA,
    **REWARDS,
    **layouts("target_actor"),
    **layouts("target_critic"),
    "noise beyond its clip, up": some(lambda a: live(a)[:, None] & (a["noise"] > a["noise_clip"])),
    "noise beyond its clip, down": some(lambda a: live(a)[:, None] & (a["noise"] < -a["noise_clip"])),
    "noise beyond twice its clip": some(lambda a: live(a)[:, None] & (np.abs(a["noise"]) > 2 * a["noise_clip"])),
    "noise within its clip": some(lambda a: live(a)[:, None] & (np.abs(a["noise"]) < a["noise_clip"])),
    "a noisy action beyond the range, up": some(lambda a: live(a)[:, None] & (noisy_actions(a) > a["high"])),
    "a noisy action beyond the range, down": some(lambda a: live(a)[:, None] & (noisy_actions(a) < a["low"])),
    "the first critic promises less in one row, the second in another": some(
        lambda a: np.ptp(np.sign((promises(a)[0] - promises(a)[1])[live(a)])) == 2 if live(a).sum() > 1 else False
    ),
}


def cases(rng: Rng) -> list[Case]:
    """A batch, the target actor, two target critics, and smoothing noise (B, A), some of it beyond its clip (A,).

    Some noisy actions leave the range on either side, and in some rows that go on the first critic promises less, in
    others the second.
    """
    names = ("batch", "target_actor", "target_critic", "target_critic_2", "low", "high")
    drawn = setup_cases(rng, *names)
    found = [
        Case(c.name, smoothed(rng, c.args, gamma), c.edge, c.sizes, c.rows)
        for c, gamma in zip(drawn, GAMMAS, strict=True)
    ]
    return with_ordinary_twins(found)


def smoothed(rng: Rng, parts: Args, gamma: float) -> dict[str, Any]:
    """The parts with gamma, noise and its clip; drawn until actions leave the range, then the critics are balanced."""
    B, A = parts["batch"]["action"].shape
    clip = 0.25 * (parts["high"] - parts["low"])
    share = np.resize(NOISE, B * A).reshape(B, A)
    a = {**parts, "gamma": gamma, "noise": rng.permutation(share.ravel()).reshape(B, A) * clip, "noise_clip": clip}
    if live(a).sum() > 1:
        push_out(a)
        balance(a)
    return a


def live(a: Args) -> Array:
    """Mask (B,) of the rows in which the world goes on."""
    return np.asarray(a["batch"]["terminated"] == 0)


def noisy_actions(a: Args) -> Array:
    """mu'(s') plus the clipped noise, (B, A), before it is put back into the range."""
    own = squash_oracle(net_of(a["target_actor"])(a["batch"]["next_obs"]), a["low"], a["high"])
    noisy: Array = own + np.clip(a["noise"], -a["noise_clip"], a["noise_clip"])
    return noisy


def push_out(a: Args) -> None:
    """Spread the target actor's first output, and set its noise, so that some rows leave the range on each side."""
    net, rows = net_of(a["target_actor"]), np.flatnonzero(live(a))
    z = net(a["batch"]["next_obs"])[rows, 0]
    top, bottom = rows[z.argmax()], rows[z.argmin()]
    factor = 2.0 / (z.max() - z.min())
    net.weights[-1][:, 0] *= factor
    net.biases[-1][0] = factor * (net.biases[-1][0] - 0.5 * (z.max() + z.min()))
    a["noise"][[top, bottom], 0] = np.array([NOISE[0], NOISE[2]]) * a["noise_clip"][0]


def promises(a: Args) -> Array:
    """Q'(s', a') of both critics, (2, B)."""
    action = np.clip(noisy_actions(a), a["low"], a["high"])
    x = np.concatenate([a["batch"]["next_obs"], action], axis=1)
    return np.stack([net_of(a[name])(x)[:, 0] for name in ("target_critic", "target_critic_2")])


def balance(a: Args) -> None:
    """Shift the second critic so that each of the two promises less in some of the rows that go on."""
    one, two = promises(a)
    apart = np.sort((one - two)[live(a)])
    middle = len(apart) // 2
    net_of(a["target_critic_2"]).biases[-1][0] += 0.5 * (apart[middle - 1] + apart[middle])


def oracle(a: Args) -> Array:
    """The smaller promise at the jittered action, both the jitter and the action kept in range."""

    def move(action: Array) -> Array:
        jitter = np.maximum(np.minimum(a["noise"], a["noise_clip"]), -a["noise_clip"])
        return np.asarray(np.maximum(np.minimum(action + jitter, a["high"]), a["low"]))

    return targets(a, ["target_critic", "target_critic_2"], move)


def otherwise(a: Args) -> Otherwise:
    """Other jitters, and other bounds of the jittered action."""
    noise, most, low, high = a["noise"], a["noise_clip"], a["low"], a["high"]
    jitter = np.clip(noise, -most, most)

    def with_moves(move: Callable[[Array], Array]) -> Callable[[], Array]:
        return lambda: targets(a, ["target_critic", "target_critic_2"], move)

    one, two = promises(a)
    clean = np.concatenate(
        [a["batch"]["next_obs"], squash_oracle(net_of(a["target_actor"])(a["batch"]["next_obs"]), low, high)], axis=1
    )
    goes_on = a["gamma"] * (a["batch"]["terminated"] == 0)

    def label(q: Array) -> Callable[[], Array]:
        return lambda: np.asarray(a["batch"]["reward"] + goes_on * q)

    return {
        "what it would be with the estimate that is closer to 0 instead of the smaller one": label(
            np.where(np.abs(one) < np.abs(two), one, two)
        ),
        "what it would be with the estimate that is farther from 0 instead of the smaller one": label(
            np.where(np.abs(one) < np.abs(two), two, one)
        ),
        "what it would be if the first critic alone were asked about the noisy action, the other not": (
            label(np.minimum(one, net_of(a["target_critic_2"])(clean)[:, 0]))
        ),
        "what it would be with noise beyond `noise_clip` dropped, not cut": with_moves(
            lambda own: np.clip(own + np.where(np.abs(noise) <= most, noise, 0.0), low, high)
        ),
        "what it would be with negative noise dropped": with_moves(
            lambda own: np.clip(own + np.clip(noise, 0, most), low, high)
        ),
        "what it would be with the noise of both signs made positive": with_moves(
            lambda own: np.clip(own + np.abs(jitter), low, high)
        ),
        "what it would be if all motors were kept within the limits of the first one": with_moves(
            lambda own: np.clip(own + jitter, low[0], high[0])
        ),
        "what it would be if all motors were kept within the narrowest limits": with_moves(
            lambda own: np.clip(own + jitter, low.max(), high.min())
        ),
        "what it would be if all motors were kept within the widest limits": with_moves(
            lambda own: np.clip(own + jitter, low.min(), high.max())
        ),
        "what it would be if actions were kept within -1 and 1": with_moves(lambda own: np.clip(own + jitter, -1, 1)),
        "what it would be if only the upper limit of the action were kept": with_moves(
            lambda own: np.minimum(own + jitter, high)
        ),
    }
