"""Has a stranger's agent update a few times on crafted transitions, each time with fresh weights, and records it."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from gradexaminer.files import CELL
from gradexaminer.recording.asked import chosen
from gradexaminer.recording.discovery import Found, discover
from gradexaminer.recording.intervals import bring_forward
from gradexaminer.recording.made_anew import put_back
from gradexaminer.recording.missing import class_that_lacks, is_of_caller
from gradexaminer.recording.recorder import Recorder
from gradexaminer.recording.rows import index_of
from gradexaminer.recording.scramble import scramble
from gradexaminer.recording.trace import Update
from gradexaminer.recording.wrapping import not_compiled
from gradexaminer.transitions import Batch, NoMoreStatesError, Spaces, Transition, make_transitions

SIZES = (64, 128, 256, 512, 1200, 2600, 5200)  # transitions to feed, until an update has something to learn from
MOST_AFTER_ERROR = 1200  # transitions to feed to an update that raises before it has learned
FRESH = 16  # transitions fed before each update: a prioritized buffer gives all new ones the same weight
FEWEST_FRESH = 4  # where an update learns from fewer rows
CALLS = 5  # calls of `update` with each size: many learn only every fourth time
BATCH = 48  # rows, where the update takes its batch as an argument
UPDATES = 6  # recorded, if the actor is among them
SLOW_UPDATES = 3  # recorded of networks of images and of loops over rows, which take long
MOST_UPDATES = 16  # recorded, where the actor is trained only now and then
ENOUGH_ROWS = 64  # that a critic learned from in all updates together; smaller batches need more updates
MOST_SMALL_UPDATES = 64  # recorded, where a batch is of a few rows or of one
IN_PLACE = "modified by an inplace operation"  # in PyTorch's error
PATIENCE = 1.0  # CPU seconds of further updates, unrecorded, for a target network that has not moved
ASKED, DRAWS = 16, 6  # observations for which the agent itself chooses, with so many draws of weights
LEAST_WAIT = 40  # further updates, however long they take
MOST_WAIT = 400


@dataclass(frozen=True)
class Doors:
    """How to reach a stranger's agent.

    Attributes
    ----------
    make : callable
        Returns the agent: an object, a dict of globals, or anything else that `feed` and `update` understand.
    update : callable
        `update(agent)`, or `update(agent, batch)` where `feed` is None: learn once.
    feed : callable or None
        `feed(agent, transition)`: store one transition.
    sync : callable or None
        `sync(agent)`: copies the target, where the training loop does that.
    """

    make: Callable[[], Any]
    update: Callable[..., Any]
    feed: Callable[[Any, Transition], Any] | None = None
    sync: Callable[[Any], Any] | None = None


@dataclass
class Observed:
    """What was seen.

    Attributes
    ----------
    updates : list of Update
        Those in which there was a backward pass or a step.
    storage : dict of str to frozenset of int
        Memory addresses of each network's parameters.
    moved_later : set of int
        Parameters, by id, that no recorded update changed and a later one did.
    became : set of (int, int)
        Parameters, by id, that learn, each with one that stays as it is and that it equals after a later update.
    actors : dict of str to bool
        Networks that are known to choose actions, or not to.
    transformed : bool
        Whether networks were called inside of `torch.func` in updates that had no backward pass.
    memory : dict
        What was worked out from this record already.
    started : bool
        Whether a first call of `update`, which is not among `updates`, had a backward pass or a step.
    choices : callable
        Actions that the agent itself chooses, by the name of its method; none where a script is watched.
    fresh : bool
        Whether the examiner drew weights anew between updates.
    policies : dict of str to bool
        Networks that are known to give probabilities of discrete actions, or not to.
    error : str
        Why there is no more; empty when all went well.
    lacks : str
        The class of the program whose attribute was missing, where nothing sets it.
    used_up : bool
        Whether states are numbers, and all of them were handed out.
    ended : bool
        Whether a script came to its own end.
    refilled : bool
        Whether an update empties its buffer, so that as many transitions were stored before each as before the first.
    gone : bool
        Whether every gradient of the update that raised an error was gone by then, and no step had been taken.
    unreached : int
        Backward passes of the update that raised an error, if none of them reached a parameter.
    whole : dict of int to str
        Ends of transitions that networks were shown without the digits behind the point, and how.
    unknown : list of ndarray of shape (R, K)
        Inputs of the size of observations that are none that was handed out, of the first updates.
    ways : dict of int to set of bool
        Ends of transitions that networks were shown, and whether as they were handed out or rescaled.
    batch_given : bool
        Whether the update takes its batch as an argument.
    """

    found: Found
    transitions: dict[int, Transition]
    spaces: Spaces
    updates: list[Update] = field(default_factory=list)
    storage: dict[str, frozenset[int]] = field(default_factory=dict)
    moved_later: set[int] = field(default_factory=set)
    became: set[tuple[int, int]] = field(default_factory=set)
    actors: dict[str, bool] = field(default_factory=dict)
    memory: dict[Any, Any] = field(default_factory=dict)
    policies: dict[str, bool] = field(default_factory=dict)
    calls: int = 0
    transformed: bool = False
    started: bool = False
    choices: Callable[[], dict[str, np.ndarray]] = dict
    fresh: bool = False
    error: str = ""
    error_type: str = ""
    lacks: str = ""
    gone: bool = False
    unreached: int = 0
    whole: dict[int, str] = field(default_factory=dict)
    unknown: list[np.ndarray] = field(default_factory=list)
    ways: dict[int, set[bool]] = field(default_factory=dict)
    used_up: bool = False
    ended: bool = False
    refilled: bool = False
    batch_given: bool = False

    @property
    def broken(self) -> bool:
        """Whether the examiner itself may have caused the error, having drawn weights anew that a graph still held."""
        return self.fresh and IN_PLACE in self.error


def observe(doors: Doors, spaces: Spaces, seed: int, patience: float = PATIENCE) -> Observed:
    """Record updates, each with fresh weights; with its own weights an agent whose graph lasts from call to call."""
    seen = Observer(doors, spaces, seed, patience).observe()
    return Observer(doors, spaces, seed, patience, fresh=False).observe() if seen.broken else seen


class Observer:
    """Makes the agent, feeds it and has it update."""

    def __init__(
        self, doors: Doors, spaces: Spaces, seed: int, patience: float = PATIENCE, *, fresh: bool = True
    ) -> None:
        self.doors, self.spaces, self.patience, self.fresh = doors, spaces, patience, fresh
        self.rng = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)
        self.rows = index_of(spaces)
        self.fed = 0
        self.number = 0
        self.last: list[Transition] = []
        self.agent = doors.make()
        self.found = discover(self.agent, doors.update)
        self.seen = Observed(self.found, {}, spaces, batch_given=doors.feed is None, whole=self.rows.whole)
        self.seen.unknown, self.seen.ways = self.rows.unknown, self.rows.ways
        self.recorder = Recorder(self.found, self.rows)

    def observe(self) -> Observed:
        """Record updates until the actor, too, has been seen, or patience ends."""
        try:
            with one_thread(), not_compiled():
                self._observe()
        except NoMoreStatesError:
            self.seen.used_up = True
        except Exception as error:  # a stranger's code may raise anything
            self.seen.error_type = type(error).__name__
            callers = is_of_caller(error, self.doors.feed, self.doors.update)
            self.seen.error, self.seen.lacks = told(error), "" if callers else class_that_lacks(error)
            self.seen.gone = gradients_are_gone(self.recorder.update, self.found)
            self.seen.unreached = backwards_in_vain(self.recorder.update)
        self.found.aliases += discover(self.agent, self.doors.update).aliases
        self.seen.storage = self.found.storage()
        if self.spaces.continuous:
            self.seen.choices = self._choices
        return self.seen

    def _choices(self) -> dict[str, np.ndarray]:
        """Each time with other weights, as one draw of them leads to one side of the range alone."""
        known = [self.seen.transitions[i].obs for i in sorted(self.seen.transitions)[-ASKED:]]
        given = []
        with one_thread():
            for _ in range(DRAWS):
                scramble(self.found.modules.values(), self.generator, input_scale=self.rows.input_scale)
                given.append(chosen(self.agent, known, self.spaces.action_size))
        return {name: np.concatenate([x[name] for x in given]) for name in given[0] if all(name in x for x in given)}

    def _observe(self) -> None:
        with self.recorder.kept():
            self.seen.started = self._start()
            if self.seen.started:
                self._record_all()
        if self.seen.started:
            self._wait_for_targets()

    def _start(self) -> bool:
        """Feed until an update has a backward pass."""
        for size in SIZES if self.doors.feed else SIZES[:1]:
            self._feed_up_to(size)
            try:
                if any(learned(self._update(recorded=True)) for _ in range(CALLS)):
                    self._rediscover()
                    return True
                if self.recorder.update.transformed:
                    self.seen.transformed = True
                    return False
            except Exception:  # a batch larger than what is stored, mostly
                if self.doors.feed is None or size >= MOST_AFTER_ERROR or learned(self.recorder.update):
                    raise
        return False

    def _rediscover(self) -> None:
        for path, module in discover(self.agent, self.doors.update).modules.items():
            self.found.add_module(path, module)

    def _feed_up_to(self, size: int) -> None:
        if self.doors.feed is None or size <= self.fed:
            return
        for t in self._new(size - self.fed):
            self.doors.feed(self.agent, t)
        self.fed = size

    def _feed_one_more(self) -> None:
        """Where what is learned is not looked at: any transition will do, if there is no other state left."""
        try:
            self._feed_up_to(self.fed + 1)
        except NoMoreStatesError:
            if self.doors.feed:
                self.doors.feed(self.agent, self.last[-1])

    def _new(self, n: int) -> list[Transition]:
        made = make_transitions(self.spaces, n, self.rng, first=len(self.seen.transitions))
        self.seen.transitions.update({t.index: t for t in made})
        self.rows.add(made)
        self.last = made
        return made

    def _update(self, *, recorded: bool) -> Update:
        self.number += 1
        if not recorded:  # what it learns from is not looked at: the last batch will do
            self.doors.update(*([self.agent] if self.doors.feed else [self.agent, Batch(self.last)]))
            put_back(self.agent, self.found)
            return Update(self.number)
        arguments = [self.agent] if self.doors.feed else [self.agent, Batch(self._new(BATCH))]
        with self.recorder.recording(self.number) as update:
            self.doors.update(*arguments)
            if self.doors.sync:
                self.doors.sync(self.agent)
            put_back(self.agent, self.found)
        return update

    def _record_all(self) -> None:
        first, idle = self.fed, 0
        for _ in range(4 * MOST_UPDATES):
            self.seen.refilled |= idle >= CALLS  # an update that empties its buffer
            last = self.seen.updates[-1:]
            fresh = min([FRESH, *(max(FEWEST_FRESH, rows_learned(u)) for u in last)])
            self._feed_up_to(self.fed + (first if self.seen.refilled else fresh))
            if self.fresh:
                scramble(self.found.modules.values(), self.generator, input_scale=self.rows.input_scale)
                self.recorder.numbers.move(self.found.parameters(), rows_learned(self.recorder.update))
                self.seen.fresh = True
            update = self._update(recorded=True)
            idle = 0 if learned(update) else idle + 1
            if learned(update):
                self.seen.updates.append(update)
            if enough(self.seen.updates, self.spaces):
                return

    def _wait_for_targets(self) -> None:
        """Update on, without recording, as long as a network that never had a gradient has not moved."""
        parameters = {id(p): p for p in self.found.parameters()}
        still = [key for key in parameters if not any(moved(u, key) for u in self.seen.updates)]
        waiting = {key: parameters[key].detach().clone() for key in still}

        def is_settled() -> bool:
            self.seen.calls += 1
            self._feed_one_more()  # some count what they store, and copy by that
            self._update(recorded=False)
            changed = {k for k in waiting if not torch.equal(waiting[k], parameters[k].detach())}
            self.seen.moved_later |= changed
            self.seen.became |= _equal_pairs(parameters, set(parameters) - set(still), set(waiting) - changed)
            for key in changed:
                del waiting[key]
            return not waiting

        end = time.process_time() + self.patience
        while waiting and self.seen.calls < LEAST_WAIT:
            is_settled()
        if waiting and bring_forward([self.agent, self.doors.update], is_settled):
            return
        try:
            while waiting and self.seen.calls < MOST_WAIT and time.process_time() < end:
                is_settled()
        except Exception as error:  # what was set forward and back may have left something behind
            if class_that_lacks(error):
                raise


def _equal_pairs(parameters: dict[int, torch.nn.Parameter], moving: set[int], still: set[int]) -> set[tuple[int, int]]:
    """Which of the parameters that learn are equal to which of those that stay, biases of 0 aside."""
    kept = [(key, parameters[key].detach()) for key in still if parameters[key].any()]
    pairs = ((one, parameters[one].detach(), key, x) for one in moving for key, x in kept)
    return {(one, key) for one, y, key, x in pairs if y.shape == x.shape and torch.equal(y, x)}


@contextmanager
def one_thread() -> Iterator[None]:
    """Networks as small as these are slower on several threads, and much slower on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def moved(update: Update, parameter: int) -> bool:
    """Whether an update changed a parameter."""
    before, after = update.before.get(parameter), update.after.get(parameter)
    return before is not None and after is not None and not np.array_equal(before, after)


def gradients_are_gone(update: Update, found: Found) -> bool:
    """Whether a backward pass reached parameters, all of which have lost its gradient before any step."""
    reached = {p for b in update.backwards for p in b.reached}
    left = [p for p in found.parameters() if id(p) in reached]
    return bool(left) and not update.steps and all(p.grad is None for p in left)


def backwards_in_vain(update: Update) -> int:
    """How many backward passes ran before any step, where none of them reached a parameter."""
    ran = [b for b in update.backwards if not b.probe]
    return 0 if update.steps or any(b.reached for b in ran) else len(ran)


def learned(update: Update) -> bool:
    """Whether there was a backward pass or a step."""
    return bool(update.backwards or update.steps)


def enough(updates: list[Update], spaces: Spaces) -> bool:
    """Whether there are as many updates as the analysis needs: some of the actor, and rows enough."""
    if sum(map(rows_learned, updates)) < ENOUGH_ROWS and len(updates) < MOST_SMALL_UPDATES:
        return False
    if len(updates) >= MOST_UPDATES:
        return True
    least = SLOW_UPDATES if spaces.image or any(u.row_by_row for u in updates) else UPDATES
    return len(updates) >= least and (not spaces.continuous or actor_steps(updates) >= 2)


def rows_learned(update: Update) -> int:
    """Rows of the largest call that a gradient went through; many where none was recognized."""
    return max((len(c.keys.index) for c in update.calls if c.gradients), default=ENOUGH_ROWS)


def actor_steps(updates: list[Update]) -> int:
    """Updates in which a gradient went through the action that a critic was shown."""
    return sum(any(np.any(g) for c in u.calls for g in c.extra_gradients.values()) for u in updates)


def told(error: Exception) -> str:
    """What an error says, and the stranger's own line that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    theirs = [f for f in frames if "gradexaminer" not in f.filename and "/torch/" not in f.filename]
    if not theirs:
        return f"{type(error).__name__}: {error}"
    last = theirs[-1]
    place = last.filename if last.filename.startswith(CELL) and last.name == "<module>" else last.name
    return f"{type(error).__name__}: {error} ({place}, line {last.lineno}: {last.line})"
