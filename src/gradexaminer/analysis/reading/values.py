"""What a critic's call says about the batch: the rows that a backward pass went through, their values and gradients."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from gradexaminer.analysis.reading.actions import is_affine
from gradexaminer.analysis.reading.dueling import as_rows, dueling_parts, joined_gradient, joined_values
from gradexaminer.analysis.reading.memory import once
from gradexaminer.analysis.reading.naf import q_output
from gradexaminer.analysis.reading.policies import is_policy, through_a_policy
from gradexaminer.recording.rows import HERE

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed
    from gradexaminer.recording.trace import Call, Update


@dataclass(frozen=True, eq=False)
class ValueRows:
    """The rows of one critic that a backward pass went through.

    Attributes
    ----------
    index : ndarray of shape (B,)
        Which transitions.
    values, gradients : ndarray of shape (B, K)
        Outputs, and d loss / d outputs; K is the number of actions, or 1.
    taken : ndarray of shape (B,)
        The column that belongs to the action that was taken.
    action : ndarray of shape (B, A) or None
        The action that the critic was shown.
    column : int
        Which of the columns that a critic of continuous actions returned.
    """

    call: Call
    output: int
    index: np.ndarray
    values: np.ndarray
    gradients: np.ndarray
    taken: np.ndarray
    action: np.ndarray | None
    column: int = 0

    @property
    def q(self) -> np.ndarray:
        """The value of the action taken, shape (B,)."""
        return np.asarray(self.values[np.arange(len(self.index)), self.taken])

    @property
    def g(self) -> np.ndarray:
        """D loss / d q, shape (B,)."""
        return np.asarray(self.gradients[np.arange(len(self.index)), self.taken])

    @property
    def untaken(self) -> np.ndarray:
        """Gradients of all other outputs, 0 at the taken one; shape (B, K)."""
        others = self.gradients.copy()
        others[np.arange(len(self.index)), self.taken] = 0
        return others


@once
def value_rows(seen: Observed, update: Update, backward: int) -> list[ValueRows]:
    """The critics' rows at s that a backward pass went through; one entry for each output of each call."""
    found = []
    calls = update.calls_with_gradient(backward)
    actors = through_a_policy(seen, calls, backward)
    for call in calls:
        if is_policy(seen, call) or call.fed:
            continue
        joined = _joined_rows(seen, call, backward)
        if joined is not None:
            found.append(joined)
            continue
        of_naf = q_output(seen, call) if seen.spaces.continuous else None
        for output in range(len(call.outputs)) if of_naf is None else (of_naf,):
            made = _rows_of(seen, update, call, output, backward)
            if made is not None:
                found += _by_column(made) if seen.spaces.continuous else [made]
    return [rows for rows in found if not np.any(rows.untaken)] if actors else found


def _by_column(rows: ValueRows) -> list[ValueRows]:
    """A critic that returns several columns for one pair of state and action, column by column."""
    wide = rows.values.shape[1]
    if wide == 1:
        return [rows]
    return [
        replace(rows, values=rows.values[:, i : i + 1], gradients=rows.gradients[:, i : i + 1], column=i)
        for i in range(wide)
        if np.any(rows.gradients[:, i])
    ]


def _is_policys(seen: Observed, update: Update, call: Call, backward: int) -> bool:
    """Whether these are a policy's mean and spread over one action, which the actor's loss went through."""
    spread = len(call.outputs) > 1 and all(x.size == len(call.keys.index) for x in call.outputs[:2])
    return spread and any(np.any(g) for c in update.calls for (b, _), g in c.extra_gradients.items() if b == backward)


def _is_log_pi(update: Update, values: np.ndarray) -> bool:
    """Whether a distribution gave these numbers as its log-probabilities, of the rows together or one by one."""
    given = [x.value.reshape(-1) for x in update.log_probs if x.method == "log_prob"]
    if any(x.size == values.size and np.allclose(x, values.reshape(-1), atol=1e-6) for x in given):
        return True
    singles = np.array([x[0] for x in given if x.size == 1])
    return update.row_by_row and bool(len(singles)) and bool(np.isin(values.reshape(-1), singles).all())


def _rows_of(seen: Observed, update: Update, call: Call, output: int, backward: int) -> ValueRows | None:
    rows = len(call.keys.index)
    gradient = call.gradient(backward, output)
    values = as_rows(call.outputs[output], rows)
    here = (call.keys.end == HERE) & (call.keys.index >= 0)
    if gradient is None or values is None or not here.any() or not np.any(gradient):
        return None
    if seen.spaces.n_actions is not None and values.shape[1] > 1 and values.shape[1] % seen.spaces.n_actions:
        return None  # features of a state
    if any(np.any(call.extra_gradients.get((backward, i), 0)) for i in range(len(call.extra))):
        return None  # the actor's loss: the gradient goes on through the action
    action = _shown_action(seen, call, here)
    if seen.spaces.n_actions is not None and values.shape[1] == 1 and action is None and _is_log_pi(update, values):
        return None
    if seen.spaces.continuous and action is None and (values.shape[1] > 1 or is_actor(seen, call)):
        return None
    if seen.spaces.continuous and action is None and _is_policys(seen, update, call, backward):
        return None
    index = call.keys.index[here]
    k = values.shape[1]
    discrete = seen.spaces.n_actions
    taken = np.array([seen.transitions[i].action for i in index]) if discrete is not None and k == discrete else None
    return ValueRows(
        call,
        output,
        index,
        values[here],
        gradient.reshape(rows, -1)[here],
        np.zeros(len(index), int) if taken is None else taken,
        action,
    )


def _joined_rows(seen: Observed, call: Call, backward: int) -> ValueRows | None:
    """The rows of a dueling network whose value and advantage are joined outside of it."""
    parts = dueling_parts(call)
    here = (call.keys.end == HERE) & (call.keys.index >= 0)
    if parts is None or seen.spaces.n_actions is None or not here.any():
        return None
    index = call.keys.index[here]
    taken = np.array([seen.transitions[int(i)].action for i in index])
    for name, values in joined_values(call).items():
        gradient = joined_gradient(call, backward, name)
        if gradient is None:
            return None
        made = ValueRows(call, -1, index, values[here], gradient[here], taken, None)
        if np.abs(made.untaken).max() < 1e-4 * np.abs(gradient).max():
            return made
    return None


def is_actor(seen: Observed, call: Call) -> bool:
    """Whether this network chooses actions: one of its outputs was shown to a critic, or a gradient came from there."""
    if call.network not in seen.actors:
        seen.actors[call.network] = any(_feeds_a_critic(seen, u, call.network) for u in seen.updates)
    return seen.actors[call.network]


def _feeds_a_critic(seen: Observed, update: Update, network: str) -> bool:
    shown = [x for c in update.calls for x in c.extra if x.shape[1] == seen.spaces.action_size]
    own = [
        as_rows(x, len(c.keys.index)) for c in update.calls if c.network == network and not c.extra for x in c.outputs
    ]
    pairs = [(a, x) for a in own for x in shown if a is not None and a.shape == x.shape]
    return any(np.allclose(a, x, atol=1e-6) or is_affine(x, a) for a, x in pairs)


def _shown_action(seen: Observed, call: Call, here: np.ndarray) -> np.ndarray | None:
    for extra in call.extra:
        if extra.shape[1] == (seen.spaces.action_size if seen.spaces.continuous else 1):
            return np.asarray(extra[here])
    return None
