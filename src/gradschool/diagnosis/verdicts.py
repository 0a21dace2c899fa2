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
    """Return the name and the sentence of a test that says the same of every agent, or fails right ones."""
    if passes.all():
        return "passes-everything", "Your test passes every agent, right or wrong: which assert fails for a wrong one?"
    if not passes.any():
        return "fails-everything", "Your test fails every agent, also every right one: try it on your fixed class."
    if not passes[right].any():
        return "fails-right-agents", "Your test fails every right agent: try it on your fixed class."
    if not passes[right].all():
        return "fails-right-agents", "Your test fails some right agents, and passes others: what do these differ in?"
    return "", ""


def _missed(seen: Sequence[str], missed: Sequence[str]) -> str:
    def faults(names: Sequence[str]) -> str:
        return f"the {' and the '.join(names)} fault"

    sees = f", and sees {faults(seen)}" if seen else ""
    return f"Your test passes every right agent{sees}. It also passes agents with {faults(missed)}."


def _of_flags(p: Part) -> bool:
    return all(c.of_arrays and c.expected.dtype.kind == "b" for c in p.comparisons)  # type: ignore[union-attr]


def _joined(arrays: Sequence[Array]) -> Array:
    return np.concatenate([np.ravel(x) for x in arrays]).astype(bool)
