"""The door for agents: record a few updates, then say what they do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from gradexaminer.analysis.actor.continuous import examine_actor
from gradexaminer.analysis.actor.discrete import examine_discrete_actor
from gradexaminer.analysis.actor.entropy_weight import examine_entropy_weight, say_actor_without, say_label_without
from gradexaminer.analysis.actor.temperature import examine_temperature
from gradexaminer.analysis.actor.temperature_use import examine_temperature_use
from gradexaminer.analysis.critic.critics import critics, examine_critics
from gradexaminer.analysis.critic.joint_loss import without_policys_share
from gradexaminer.analysis.critic.label_alone import trained_label
from gradexaminer.analysis.critic.mixed import examine_mixed
from gradexaminer.analysis.critic.no_error import say_no_error
from gradexaminer.analysis.critic.without_action import examine_without_action
from gradexaminer.analysis.critic.world_model import without_models
from gradexaminer.analysis.kind import say_kind
from gradexaminer.analysis.reading.actions import online_parameters
from gradexaminer.analysis.reading.changed_states import say_changed
from gradexaminer.analysis.reading.context import without_context
from gradexaminer.analysis.reading.heads import join_heads
from gradexaminer.analysis.reading.one_hot import with_rows_for_actions
from gradexaminer.analysis.reading.overwritten import as_stored, as_swapped
from gradexaminer.analysis.reading.rounded_states import say_rounded
from gradexaminer.analysis.scope import examine_scope
from gradexaminer.analysis.update import steps, targets
from gradexaminer.analysis.update.clipped import examine_clips
from gradexaminer.analysis.update.leaks import examine_leaks
from gradexaminer.analysis.update.nothing_learned import examine_nothing_learned
from gradexaminer.analysis.update.unreached import examine_unreached
from gradexaminer.analysis.update.unregistered import examine_unregistered
from gradexaminer.analysis.update.untrained import examine_idle_outputs, examine_untrained
from gradexaminer.findings import FAULT, NOT_SEEN, SUSPICION, Report
from gradexaminer.recording.input_size import MISMATCH, observe_as_built, size_taken
from gradexaminer.recording.observe import IN_PLACE, PATIENCE, Doors, Observed, observe
from gradexaminer.recording.seeded import seeded
from gradexaminer.transitions import Spaces, Transition

if TYPE_CHECKING:
    from gradexaminer.analysis.critic.views import CriticView

ERRORS = "GRADEXAMINER_RAISES"  # in the environment: errors of the examiner's own are raised
BY_FUNC = "its gradients are made by torch.func (updates without a backward pass are not examined)"
NO_GRADIENT = "'NoneType' object"  # of a program that uses a gradient which `zero_grad` has removed
NO_GRADIENTS = (NO_GRADIENT, "nested_tensorlist[0].empty()")  # of one that uses gradients where there are none
ARRAY = "numpy.ndarray"  # of a program that takes its batch as tensors
BATCH_ADVICE = "the batch holds NumPy arrays: `b.tensors()` are tensors, with `column=True` of shape (B, 1)"
USUAL_SIZE = 5  # numbers of an observation, unless the agent was built for others
MORE_STATES = "build the agent for more of them, as a script does that reads env.observation_space.n"
DETACHED = ("does not require grad", "element 0 of tensors does not require grad")


def examine(
    make: Callable[[], Any],
    feed: Callable[[Any, Transition], Any] | None = None,
    update: Callable[..., Any] | None = None,
    *,
    n_actions: int | None = None,
    low: Sequence[float] | None = None,
    high: Sequence[float] | None = None,
    obs: int | tuple[int, ...] | None = None,
    image: bool = False,
    n_states: int | None = None,
    sync: Callable[[Any], Any] | None = None,
    seed: int = 0,
    patience: float = PATIENCE,
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
    obs : int or tuple of int, optional
        Shape of one observation. Without it, 5 numbers, or as many as the networks' first layers take.
    image : bool
        Observations are whole numbers from 0 to 255, uint8.
    n_states : int, optional
        An observation is the number of a state, below this one. Each is handed out once, so that it tells its row:
        build the agent for a few thousand, however many its environment has.
    sync : callable, optional
        `sync(agent)` copies the target network, where the training loop does that.
    seed : int
        Of the transitions and of the weights, and of what the agent draws with `random`, `np.random` and `torch`.
    patience : float
        CPU seconds of further updates for a network that has not moved; 40 more are made in any case.

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
    spaces = spaces_of(n_actions, low, high, USUAL_SIZE if obs is None else obs, image=image, n_states=n_states)
    record = observe_as_built if obs is None and n_states is None else observe
    with seeded(seed):
        report = conclude_twice(record(Doors(make, update, feed, sync), spaces, seed, patience))
    report.milliseconds = 1000 * (time.perf_counter() - began)
    return report


def spaces_of(
    n_actions: int | None,
    low: Any,
    high: Any,
    obs: int | tuple[int, ...],
    *,
    image: bool,
    n_states: int | None = None,
) -> Spaces:
    """What an agent was built for, from the arguments of :func:`examine`; a `ValueError` says what is missing."""
    shape = () if n_states is not None else (obs,) if isinstance(obs, int) else tuple(obs)
    if n_actions is not None and low is None and high is None:
        return Spaces(shape, n_actions, image=image, n_states=n_states)
    if n_actions is None and low is not None and high is not None:
        return Spaces(shape, None, np.asarray(low, np.float32), np.asarray(high, np.float32), image, n_states)
    raise ValueError(
        "describe the actions: n_actions=4 for discrete ones, or low=[-1, -1], high=[1, 1] for continuous ones"
    )


def conclude_script(seen: Observed) -> Report:
    """Say what was observed where the whole training loop ran."""
    return conclude_twice(seen, whole_loop=True)


# Other ways to read a record that nothing explains, the fault that each would be, and what shows it.
REREAD = (
    (
        as_stored,
        "state-overwritten",
        "the rows of s are those of s', and the label's reward and action are of the transition that led there",
    ),
    (as_swapped, "states-swapped", "with s and s' exchanged, everything that is learned is what a formula says"),
)


def conclude_twice(seen: Observed, *, whole_loop: bool = False) -> Report:
    """Say what was observed; where nothing explains what is learned, read the record once more, as if s were s'.

    A loop that overwrites s with s' too early stores such rows, an update may ask for its prediction at s', and a batch
    may be unpacked with s and s' in the other order.
    """
    report = conclude(seen, whole_loop=whole_loop)
    open_codes = {"unexplained", "critic-not-seen", "rows-misaligned"}
    told = {f.code for f in report.findings}
    if not told & {*open_codes, "critic-untrained"}:
        return report
    if network := trained_label(seen):
        report.add(FAULT, "label-trained", network, "no network gets a gradient at s")
        return report.settle()
    for read, code, said in REREAD if told & open_codes else ():
        other = read(seen)
        again = conclude(other, whole_loop=whole_loop) if other else None
        if again and not open_codes & {f.code for f in again.findings}:
            again.add(FAULT, code, "", said)
            return again.settle()
    return report


def conclude(seen: Observed, *, whole_loop: bool = False) -> Report:
    """Say what was observed; with `whole_loop`, by a program that may store rewards of its own."""
    seen = without_context(with_rows_for_actions(seen))
    report = Report(updates=len(seen.updates), discrete=not seen.spaces.continuous)
    if seen.error:
        _say_error(seen, report)
    if not seen.updates:
        _say_nothing_learned(seen, report)
        return report.settle()
    say_rounded(seen, report)
    say_changed(seen, report)
    for update in seen.updates if not seen.spaces.continuous else ():
        join_heads(update, seen.spaces.n_actions or 0)
    with asking("which losses the critics are shown", report):
        seen = without_policys_share(seen, report)
    views: list[CriticView] = []
    inside = False
    with asking("which critics there are", report):
        views, inside = examine_scope(seen, without_models(seen, critics(seen), report), report)
    if inside:
        _examine_all(seen, views, report, whole_loop=whole_loop)
    if seen.refilled and not _knows_a_label(report):
        report = Report(updates=len(seen.updates), discrete=report.discrete)
        _say_nothing_learned(seen, report)
    return report.settle()


def _knows_a_label(report: Report) -> bool:
    """Whether a critic's label was read, or the agent is known to be another kind."""
    other = any(f.code == "out-of-scope" for f in report.findings)
    return other or any(said.startswith("label of") for said in report.conventions)


def _examine_all(seen: Observed, views: list[CriticView], report: Report, *, whole_loop: bool) -> None:
    """Ask one question after the other; an error in the answer to one leaves the others."""
    online = online_parameters(seen)
    with asking("how the targets follow", report):
        targets.examine_overwritten(seen, online, report)
        targets.examine_targets(seen, online, report)
    with asking("which gradients the steps apply", report):
        steps.examine_steps(seen, report)
        examine_unregistered(seen, report)
        examine_unreached(seen, report)
        examine_untrained(seen, report)
        examine_leaks(seen, report)
        examine_clips(seen, report)
    with asking("which label each critic learns", report):
        examine_critics(seen, views, online, report, whole_loop=whole_loop)
        examine_idle_outputs(seen, views, report)
        examine_mixed(seen, views, report)
        examine_without_action(seen, views, report)
        _say_no_critic(seen, views, report)
    with asking("how the actor learns", report):
        if seen.spaces.continuous:
            alphas = _examine_actor(seen, online, report)
            examine_entropy_weight(views, alphas, seen.spaces.action_size, report)
            say_label_without(alphas, report)
            say_kind(seen, views, report)
            examine_temperature_use(seen, views, alphas, report)
        else:
            weights = examine_discrete_actor(seen, online, report)
            say_actor_without(views, weights, report)
            alphas = {number: weight.alpha for number, weight in weights.items()}
            examine_entropy_weight(views, alphas, 1, report)
            say_label_without(alphas, report)
            examine_temperature_use(seen, views, alphas, report)
    with asking("how the temperature is learned", report):
        examine_temperature(seen, report)


@contextmanager
def asking(question: str, report: Report) -> Iterator[None]:
    """Let an error of the examiner's own leave one question open, and say so.

    With `ERRORS` in the environment it is raised, as in the examiner's own tests: there it is a bug to mend.
    """
    try:
        yield
    except Exception as error:
        if os.environ.get(ERRORS):
            raise
        report.add(NOT_SEEN, "question-open", "", f"{question}: {type(error).__name__}: {error}")


def _examine_actor(seen: Observed, online: frozenset[int], report: Report) -> dict[int, float]:
    """Say how the actor learns; without a known critic, nothing against it: its loss may be another one.

    Nor where no critic uses its action: nothing leads to the actor. Returns log pi's factor in its loss, by update.
    """
    if any(f.code == "critic-without-action" for f in report.findings):
        return {}
    if not any(f.code == "critic-not-seen" for f in report.findings):
        return examine_actor(seen, online, report)
    aside = Report()
    examine_actor(seen, online, aside)
    if aside.of(FAULT) or aside.of(SUSPICION):
        report.add(NOT_SEEN, "actor-not-seen", "", "no critic is known that it could follow")
        return {}
    report.conventions += aside.conventions
    report.findings += aside.findings
    return {}


def _say_no_critic(seen: Observed, views: list[CriticView], report: Report) -> None:
    if any(f.code == "out-of-scope" for f in report.findings):
        return
    if say_no_error(seen, report, frozenset(rows.call.network for v in views for _, _, rows in v.rows)) or views:
        return
    hidden = any(u.transformed for u in seen.updates)
    if hidden or not examine_nothing_learned(seen, report):
        told = ("out-of-scope", "", BY_FUNC) if hidden else ("critic-not-seen", "", _other_number_of_actions(seen))
        report.add(NOT_SEEN, *told)


def _other_number_of_actions(seen: Observed) -> str:
    """What a network that learned has for outputs, where they are more than the discrete actions that were told of."""
    n = seen.spaces.n_actions or 0
    for call in (c for u in seen.updates for b in u.backwards for c in u.calls_with_gradient(b.number)):
        width = call.outputs[0].shape[1] if call.outputs[0].ndim == 2 and not call.extra else 0
        if width > n > 0:
            return f"{call.network} returns {width} numbers for each state, and n_actions is {n}: try n_actions={width}"
    return ""


def _say_nothing_learned(seen: Observed, report: Report) -> None:
    if seen.transformed:
        report.add(NOT_SEEN, "out-of-scope", "", BY_FUNC)
    elif not seen.error:
        report.add(NOT_SEEN, "nothing-learned", "", _what_was_tried(seen))


def _what_was_tried(seen: Observed) -> str:
    handed = f"{len(seen.transitions)} transitions were handed out"
    if seen.used_up:
        return f"{handed}, and with them all {seen.spaces.n_states} states; each is given once: {MORE_STATES}"
    if not seen.started:
        return handed
    emptied = "an update empties its buffer (on-policy agents are not examined)"
    if seen.refilled and seen.updates:
        return f"{handed}, anew before each update: {emptied}"
    return f"{handed}; the first call learned from them and no later one did, as where {emptied}"


def _say_error(seen: Observed, report: Report) -> None:
    if any(words in seen.error for words in DETACHED):
        report.add(FAULT, "detached", "", seen.error)
    elif IN_PLACE in seen.error:
        report.add(FAULT, "in-place", "", seen.error)
    elif seen.gone and NO_GRADIENT in seen.error:
        report.add(FAULT, "zeroed-before-step", "", seen.error)
    elif seen.unreached and not seen.updates and any(words in seen.error for words in NO_GRADIENTS):
        told = f"backward passes before it: {seen.unreached}, none of which reached a parameter of a network"
        report.add(FAULT, "detached", "", f"{seen.error}; {told}")
    elif seen.lacks:
        report.add(FAULT, "crashed", "", f"{seen.error}; nothing in {seen.lacks} sets it")
    else:
        report.add(NOT_SEEN, "crashed", "", f"{seen.error}{_advice(seen)}")


def _advice(seen: Observed) -> str:
    """Return what may mend an error that the examiner's own inputs cause; empty where nothing is known."""
    if seen.batch_given and ARRAY in seen.error:
        return f"; {BATCH_ADVICE}"
    size = size_taken(seen) if MISMATCH in seen.error else None
    return f"; observations of {seen.spaces.obs_shape[0]} numbers were given: try obs={size}" if size else ""
