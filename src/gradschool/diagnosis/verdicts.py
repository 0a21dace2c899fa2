"""What a student's test says of agents that are right, and of agents with one fault each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from gradschool.core.exercise import Args
from gradschool.core.numerics import Array
from gradschool.core.report import Claim, Diagnosis
from gradschool.diagnosis.evidence import Part


def verdicts(parts: Mapping[str, Sequence[Part]]) -> Diagnosis | None:
    """Recognize a test that passes, or fails, agents which it should not.

    Parameters
    ----------
    parts
        Of each fault, by its name: whether the test passes the agents that are right or have this fault.

    Returns
    -------
    Diagnosis or None
        None of an answer that is no such test.
    """
    if not parts or not all(_of_flags(p) for ps in parts.values() for p in ps):
        return None
    passes = {fault: _joined([p.got for p in ps]) for fault, ps in parts.items()}
    right = {fault: _joined([p.right for p in ps]) for fault, ps in parts.items()}
    name, said = _told(np.concatenate([*passes.values()]), np.concatenate([*right.values()]))
    name, said = (_of_other_sizes(parts) if name == "fails-right-agents" else None) or (name, said)
    missed = [fault for fault in parts if (passes[fault] & ~right[fault]).any()]
    if not name and missed:
        name, said = "misses-faults", _missed([f for f in parts if f not in missed], missed)
    details = (name, *(missed if name == "misses-faults" else ()))
    agents = sum(x.size for x in right.values())
    return Diagnosis(name, said, Claim("verdicts", "", details), f"run on {agents} recorded agents") if name else None


def _told(passes: Array, right: Array) -> tuple[str, str]:
    """Return the name and the sentence of a test that passes every agent, or fails right ones; "" of others.

    What is said is what was seen: with other batches a test may fail another share of them.
    """
    if passes.all():
        said = "Your test passed every recorded agent, right or wrong: which assert fails for a wrong one?"
        return "passes-everything", said
    failed, of = int((~passes[right]).sum()), int(right.sum())
    name = "fails-right-agents" if passes.any() else "fails-everything"
    how_many = "every recorded agent" if failed == of else f"{failed} of {of} recorded agents"
    return (
        (name, f"Your test failed {how_many} that {'is' if failed == of else 'are'} right: try it on your fixed class.")
        if failed
        else ("", "")
    )


def _of_other_sizes(parts: Mapping[str, Sequence[Part]]) -> tuple[str, str] | None:
    """Return the name and the sentence of a test that the length of the batches alone decides on; None of others."""
    passes: dict[int, set[bool]] = {}
    for p in (p for ps in parts.values() for p in ps):
        seen = _joined([p.got])[_joined([p.right])]
        passes.setdefault(_length(p.case.args), set()).update(map(bool, seen))
    passed, failed = (sorted(B for B, seen in passes.items() if seen == {how}) for how in (True, False))
    if not passed or not failed or any(len(seen) == 2 for seen in passes.values()):
        return None
    said = f"Your test passed every right agent with batches of {_rows(passed)}, and failed every one with batches of "
    return "fails-other-sizes", f"{said}{_rows(failed)}: which line depends on a size?"


def _length(args: Args) -> int:
    """Return the number of rows in a batch of the recorded agents; 0 of other inputs."""
    batches = args.get("batches")
    return int(np.shape(next(iter(batches.values())))[2]) if isinstance(batches, Mapping) else 0


def _rows(sizes: Sequence[int]) -> str:
    *most, last = map(str, sizes)
    return f"{', '.join(most)} or {last} rows" if most else "1 row" if last == "1" else f"{last} rows"


def _missed(seen: Sequence[str], missed: Sequence[str]) -> str:
    def faults(names: Sequence[str]) -> str:
        return f"the {' and the '.join(names)} fault"

    sees = f", and saw {faults(seen)}" if seen else ""
    return f"Your test passed every right agent{sees}. It also passed agents with {faults(missed)}."


def _of_flags(p: Part) -> bool:
    return all(c.of_arrays and c.expected.dtype.kind == "b" for c in p.comparisons)  # type: ignore[union-attr]


def _joined(arrays: Sequence[Array]) -> Array:
    return np.concatenate([np.ravel(x) for x in arrays]).astype(bool)
