"""What was seen during one update: calls of networks, backward passes, optimizers' steps. Copies only, no graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch.nn import Module

    from gradexaminer.recording.clips import Clip
    from gradexaminer.recording.rows import Keys

MOST_BETWEEN = 8  # weights that are kept between the steps of one update


@dataclass(eq=False)
class Call:
    """One call of a network, or of a method of one.

    Attributes
    ----------
    time : int
        Position among all events of the update.
    network : str
        Where the network was found.
    ancestors : tuple of int
        Times of the calls that it was made in; empty when called from outside of any network.
    keys : Keys
        Which transitions the rows of its input are.
    extra : list of ndarray of shape (R, K)
        Its further inputs, such as actions.
    outputs : list of ndarray
        What it returned, float64.
    gradients : dict of (int, int) to ndarray
        d loss / d output, by backward pass and output.
    extra_gradients : dict of (int, int) to ndarray
        d loss / d further input, likewise.
    slopes : list of list of ndarray or None
        d (sum of an output) / d further input, by output, then by input; empty where no input carried a gradient.
    graph : bool
        Whether the first output was part of a graph.
    line : tuple of (str, int)
        File and line of the program that made the call.
    last : tuple of str
        The operation that each output came from, such as `Tanh`; empty without a graph.
    coarse : bool
        Whether an output has 16 bits, whose rounding hides which formula was used.
    fed : bool
        Whether a row of its output was an input of another network, as an encoder's features are.
    part : bool
        Whether another call stands for this one, joined with a second one.
    trains : bool
        Whether a parameter of the network carried a gradient when it was called; not, where it was frozen.
    behind : frozenset of int
        Parameters of which its weights were made, in a graph that they keep; see :mod:`gradexaminer.recording.history`.
    leaves : tuple of frozenset of int
        Where it returned several outputs in a graph: the parameters that each of them depends on.
    held : list of ndarray
        Where it returned an object, such as a distribution: the tensors with an entry for each row that it shows.
    """

    time: int
    ancestors: tuple[int, ...]
    network: str
    method: str
    keys: Keys
    extra: list[np.ndarray]
    outputs: list[np.ndarray]
    parameters: frozenset[int]
    graph: bool
    extra_graph: list[bool]
    slopes: list[list[np.ndarray | None]]
    distribution: bool = False
    line: tuple[str, int] = ("", 0)
    last: tuple[str, ...] = ()
    coarse: bool = False
    fed: bool = False
    part: bool = False
    trains: bool = True
    behind: frozenset[int] = frozenset()
    leaves: tuple[frozenset[int], ...] = ()
    held: list[np.ndarray] = field(default_factory=list)
    gradients: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)
    extra_gradients: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)

    @property
    def returned(self) -> list[np.ndarray]:
        """Its outputs, and after them what a returned object shows."""
        return [*self.outputs, *self.held]

    @property
    def learns(self) -> bool:
        """Whether some backward pass sent a gradient to an output."""
        return any(np.any(g) for g in self.gradients.values())

    def gradient(self, backward: int, output: int = 0) -> np.ndarray | None:
        """D loss / d output in one backward pass; None where there was none."""
        return self.gradients.get((backward, output))


@dataclass(eq=False)
class LogProb:
    """What a distribution returned: `log_prob` of `of`, or a sample, and a normal one's mean and deviation for each."""

    time: int
    method: str
    value: np.ndarray
    of: np.ndarray | None
    gradients: dict[tuple[int, int], np.ndarray] = field(default_factory=dict)
    moments: tuple[np.ndarray, np.ndarray] | None = None


@dataclass(eq=False)
class Backward:
    """One backward pass.

    Attributes
    ----------
    number : int
        Counts through the whole examination.
    value : float
        The loss.
    probe : bool
        Whether it only asked for a slope, with `torch.autograd.grad`, and not for gradients of parameters.
    reached : set of int
        Parameters, by id, into whose `.grad` it wrote.
    left : dict of int to tuple of int
        For each of these, the earlier passes whose gradients still lay in `.grad` when it began.
    weights : tuple of ndarray
        What the loss was multiplied by that has one number for each row; see
        :mod:`gradexaminer.recording.row_weights`.
    """

    number: int
    time: int
    value: float
    probe: bool = False
    reached: set[int] = field(default_factory=set)
    left: dict[int, tuple[int, ...]] = field(default_factory=dict)
    weights: tuple[np.ndarray, ...] = ()


@dataclass(eq=False)
class Step:
    """One optimizer's step.

    Attributes
    ----------
    sources : dict of int to tuple of int
        For each of its parameters that had a gradient, the backward passes that it came from.
    moved : dict of int to float
        The largest change of each parameter.
    used_before : set of int
        Parameters in whose gradient there was a part that a step of an optimizer had applied already.
    scalars : dict of int to (float, float)
        Value and gradient of each parameter that is a single number, before the step.
    turned : frozenset of int
        Parameters that climb the loss: their gradient was negated after the backward pass, or the optimizer maximizes.
    one_sided : frozenset of int
        Parameters of whose gradient a clamp left the entries of one sign only.
    """

    time: int
    optimizer: int
    kind: str
    parameters: frozenset[int]
    sources: dict[int, tuple[int, ...]]
    moved: dict[int, float]
    used_before: set[int]
    scalars: dict[int, tuple[float, float]] = field(default_factory=dict)
    turned: frozenset[int] = frozenset()
    one_sided: frozenset[int] = frozenset()

    @property
    def applied(self) -> dict[int, tuple[int, ...]]:
        """`sources` of those parameters that moved."""
        return {p: numbers for p, numbers in self.sources.items() if self.moved.get(p, 0) > 0}


@dataclass(eq=False)
class Update:
    """One update of the agent, and the weights before and after it.

    Attributes
    ----------
    read, loaded : set of str
        Networks whose `state_dict()` was asked for, and those into which one was loaded.
    walked : dict of (str, int) to set of str
        Networks whose `parameters()` were asked for, by the program's line.
    transformed : bool
        Whether networks were called inside of `torch.func`, whose gradients are not recorded.
    layers : list of (int, Module)
        Layers with weights that were called while gradients were on, in order, with the time of the outermost call.
    touched : set of int
        Layers with weights, by id, that were called at all.
    row_by_row : bool
        Whether calls about one row each were put side by side.
    between : list of dict of int to ndarray
        Where one call takes several steps: weights before the second and later steps, of the parameters that it moves.
    left_out : bool
        Whether it took more steps than weights are kept between.
    stepped : dict of int to ndarray
        Weights as the last step of an optimizer left them, of the parameters that it holds.
    clips : list of Clip
        Calls that clipped gradients.
    noise : list of LogProb
        Standard normal numbers that were drawn without a distribution.
    """

    number: int
    calls: list[Call] = field(default_factory=list)
    log_probs: list[LogProb] = field(default_factory=list)
    noise: list[LogProb] = field(default_factory=list)
    backwards: list[Backward] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    before: dict[int, np.ndarray] = field(default_factory=dict)
    after: dict[int, np.ndarray] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    loaded: set[str] = field(default_factory=set)
    walked: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    transformed: bool = False
    layers: list[tuple[int, Module]] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)
    row_by_row: bool = False
    between: list[dict[int, np.ndarray]] = field(default_factory=list)
    left_out: bool = False
    stepped: dict[int, np.ndarray] = field(default_factory=dict)
    clips: list[Clip] = field(default_factory=list)
    error: str = ""

    def keep_between(self, weights: Mapping[int, np.ndarray]) -> None:
        """Keep those of the weights before a step that an earlier step in this update moved, too."""
        moved = {p for step in self.steps for p in step.parameters}
        again = {p: w for p, w in weights.items() if p in moved}
        if not again:
            return
        if len(self.between) < MOST_BETWEEN:
            self.between.append(again)
        else:
            self.left_out = True

    def calls_with_gradient(self, backward: int) -> list[Call]:
        """Calls through whose outputs a backward pass went, the outermost of nested ones.

        A method that returns one number for many rows answers nothing: it is a loss of an agent that is a module.
        """
        through = [
            c
            for c in self.calls
            if not c.part
            and any(b == backward and g.size >= len(c.keys.index) and np.any(g) for (b, _), g in c.gradients.items())
        ]
        times = {c.time for c in through}
        return [c for c in through if not times.intersection(c.ancestors)]
