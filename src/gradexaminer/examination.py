"""The door for agents: record a few updates, then say what they do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradexaminer.analysis import critic, steps, targets
from gradexaminer.analysis.actions import online_parameters
from gradexaminer.analysis.actor import examine_actor
from gradexaminer.analysis.discrete_actor import examine_discrete_actor
from gradexaminer.analysis.leaks import examine_leaks
from gradexaminer.analysis.scope import examine_scope
from gradexaminer.analysis.temperature import examine_temperature
from gradexaminer.findings import FAULT, NOT_SEEN, Report
from gradexaminer.recording.observe import Doors, Observed, Observer
from gradexaminer.transitions import Spaces, Transition

DETACHED = ("does not require grad", "element 0 of tensors does not require grad")


def examine(
    make: Callable[[], Any],
    feed: Callable[[Any, Transition], Any] | None = None,
    update: Callable[..., Any] | None = None,
    *,
    n_actions: int | None = None,
    low: Sequence[float] | None = None,
    high: Sequence[float] | None = None,
    obs: int | tuple[int, ...] = 5,
    image: bool = False,
    sync: Callable[[Any], Any] | None = None,
    seed: int = 0,
) -> Report:
    """Have an agent learn from crafted transitions, and say what its gradients are.

    Parameters
    ----------
    make : callable
        Returns the agent, built for `obs` and the actions given below.
    feed : callable, optional
        `feed(agent, transition)` stores one :class:`Transition`. Without it, `update` is handed a :class:`Batch`.
    update : callable
        `update(agent)` or `update(agent, batch)`: learn once.
    n_actions : int, optional
        Number of discrete actions. Otherwise give `low` and `high`, the bounds of continuous ones.
    obs : int or tuple of int
        Shape of one observation.
    image : bool
        Observations are whole numbers from 0 to 255, uint8.
    sync : callable, optional
        `sync(agent)` copies the target network, where the training loop does that.
    seed : int
        Of the transitions and of the weights.

    Returns
    -------
    Report
        Conventions, findings, and what was not seen.

    Raises
    ------
    ValueError
        If `update` is missing, or neither or both kinds of actions were described.
    """
    if update is None:
        raise ValueError("examine needs update=...: a function that has the agent learn once")
    began = time.perf_counter()
    spaces = spaces_of(n_actions, low, high, obs, image=image)
    seen = Observer(Doors(make, update, feed, sync), spaces, seed).observe()
    report = conclude(seen)
    report.milliseconds = 1000 * (time.perf_counter() - began)
    return report


def spaces_of(n_actions: int | None, low: Any, high: Any, obs: int | tuple[int, ...], *, image: bool) -> Spaces:
    """What an agent was built for, from the arguments of :func:`examine`; a `ValueError` says what is missing."""
    shape = (obs,) if isinstance(obs, int) else tuple(obs)
    if n_actions is not None and low is None and high is None:
        return Spaces(shape, n_actions, image=image)
    if n_actions is None and low is not None and high is not None:
        return Spaces(shape, None, np.asarray(low, np.float32), np.asarray(high, np.float32), image)
    raise ValueError(
        "describe the actions: n_actions=4 for discrete ones, or low=[-1, -1], high=[1, 1] for continuous ones"
    )


def conclude(seen: Observed, *, truncation_seen: bool = False) -> Report:
    """Say what was observed.

    Where the whole training loop ran (`truncation_seen`), a label without bootstrap in truncated rows is a fault: the
    loop stored the wrong flag. Otherwise it is what the adapter stored.
    """
    report = Report(updates=len(seen.updates), discrete=not seen.spaces.continuous)
    if seen.error:
        _say_error(seen, report)
    if not seen.updates:
        if not seen.error:
            report.add(NOT_SEEN, "nothing-learned", "", _what_was_tried(seen))
        return report.settle()
    views, inside = examine_scope(seen, critic.critics(seen), report)
    if not inside:
        return report.settle()
    online = online_parameters(seen)
    targets.examine_overwritten(seen, online, report)
    targets.examine_targets(seen, online, report)
    steps.examine_steps(seen, report)
    examine_leaks(seen, report)
    critic.examine_critics(seen, views, online, report, truncation_seen=truncation_seen)
    if not views and not any(f.code == "out-of-scope" for f in report.findings):
        report.add(NOT_SEEN, "critic-not-seen")
    if seen.spaces.continuous:
        examine_actor(seen, online, report)
    else:
        examine_discrete_actor(seen, online, report)
    examine_temperature(seen, report)
    return report.settle()


def _what_was_tried(seen: Observed) -> str:
    handed = f"{len(seen.transitions)} transitions were handed out"
    if not seen.started:
        return handed
    emptied = "as where an update empties its buffer (on-policy agents are not examined)"
    return f"{handed}; the first call learned from them and no later one did, {emptied}"


def _say_error(seen: Observed, report: Report) -> None:
    if any(words in seen.error for words in DETACHED):
        report.add(FAULT, "detached", "", seen.error)
    elif "modified by an inplace operation" in seen.error:
        report.add(FAULT, "in-place", "", seen.error)
    else:
        report.add(NOT_SEEN, "crashed", "", seen.error)
