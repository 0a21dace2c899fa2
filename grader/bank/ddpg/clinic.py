"""Reference, known mistakes and alternative solutions of ``ddpg.clinic``."""

from __future__ import annotations

from grader.bank.entry import entry


def diagnoses():
    """The bug of each run."""
    return {
        "A": "time-limit-terminal",
        "B": "target-unscaled",
        "C": "detached-action",
        "D": "mean-over-actions",
        "E": "replay-action",
        "F": "critic-climbs",
    }


clinic = entry("ddpg.clinic", points=6, reference=diagnoses)


@clinic.mutant(
    "labels-mixed-up",
    "Two runs have wrong TD targets, and you have swapped them: check *which rows* of y differ, all that have a future or the truncated ones alone.",
)
def labels_mixed_up():
    return {
        "A": "target-unscaled",
        "B": "time-limit-terminal",
        "C": "detached-action",
        "D": "mean-over-actions",
        "E": "replay-action",
        "F": "critic-climbs",
    }


@clinic.mutant(
    "actors-mixed-up",
    "Two runs compute a wrong actor gradient from the right action gradient, and you have swapped them: is its length 1/3 of yours, or 0?",
)
def actors_mixed_up():
    return {
        "A": "time-limit-terminal",
        "B": "target-unscaled",
        "C": "mean-over-actions",
        "D": "detached-action",
        "E": "replay-action",
        "F": "critic-climbs",
    }


@clinic.mutant(
    "slopes-mixed-up",
    "One run evaluates the action gradient at the wrong action; another gets it right, and its critic's gradient differs in the second update. You have swapped them.",
)
def slopes_mixed_up():
    return {
        "A": "time-limit-terminal",
        "B": "target-unscaled",
        "C": "detached-action",
        "D": "mean-over-actions",
        "E": "critic-climbs",
        "F": "replay-action",
    }


@clinic.mutant(
    "time-limit-taken-for-s",
    "One run's TD targets differ only in rows that were truncated. A target that uses s would be wrong in every row that has a future.",
)
def time_limit_taken_for_s():
    return {
        "A": "next-state",
        "B": "target-unscaled",
        "C": "detached-action",
        "D": "mean-over-actions",
        "E": "replay-action",
        "F": "critic-climbs",
    }


@clinic.mutant(
    "frozen-taken-for-no-noise",
    "One run's actor gradient has length 0. Without exploration noise it would still have a length, and the actor would learn from the data that it has.",
)
def frozen_taken_for_no_noise():
    return {
        "A": "time-limit-terminal",
        "B": "target-unscaled",
        "C": "no-noise",
        "D": "mean-over-actions",
        "E": "replay-action",
        "F": "critic-climbs",
    }


@clinic.mutant(
    "third-taken-for-tanh",
    "One run's actor gradient has exactly the right direction and a third of the length. A missing derivative of tanh would change its direction as well.",
)
def third_taken_for_tanh():
    return {
        "A": "time-limit-terminal",
        "B": "target-unscaled",
        "C": "detached-action",
        "D": "tanh-forgotten",
        "E": "replay-action",
        "F": "critic-climbs",
    }


@clinic.alternative_solution
def letters_and_faults():
    faults = [
        "time-limit-terminal",
        "target-unscaled",
        "detached-action",
        "mean-over-actions",
        "replay-action",
        "critic-climbs",
    ]
    return dict(zip("ABCDEF", faults, strict=True))


@clinic.alternative_solution
def in_another_order():
    found = {}
    found["F"] = "critic-climbs"
    found["E"] = "replay-action"
    found["D"] = "mean-over-actions"
    found["C"] = "detached-action"
    found["B"] = "target-unscaled"
    found["A"] = "time-limit-terminal"
    return found
