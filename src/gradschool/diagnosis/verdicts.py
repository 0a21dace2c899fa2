"""What a student's test says of agents that are right, and of agents with one fault each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

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


def _missed(seen: Sequence[str], missed: Sequence[str]) -> str:
    def faults(names: Sequence[str]) -> str:
        return f"the {' and the '.join(names)} fault"

    sees = f", and saw {faults(seen)}" if seen else ""
    return f"Your test passed every right agent{sees}. It also passed agents with {faults(missed)}."


def _of_flags(p: Part) -> bool:
    return all(c.of_arrays and c.expected.dtype.kind == "b" for c in p.comparisons)  # type: ignore[union-attr]


def _joined(arrays: Sequence[Array]) -> Array:
    return np.concatenate([np.ravel(x) for x in arrays]).astype(bool)
