"""Reference, known mistakes and alternative solutions of ``ddpg.clinic``."""

from __future__ import annotations

from grader.bank.entry import entry


def diagnoses():
    """What is wrong with each patient."""
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
    "Two patients have wrong labels, and you have exchanged them: look *which rows* of y differ, all of them or the truncated ones alone.",
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
    "Two patients have a wrong actor gradient from the right slope, and you have exchanged them: is its length 1/3, or 0?",
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
    "One patient asks for the slope in the wrong place, another gets the right slope and moves the critic while asking. You have exchanged them.",
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
    "One patient's labels differ only in rows that were cut by the clock. A target that looks at s would be wrong in every row.",
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
    "One patient's actor gradient has length 0. Without noise it would still have a length, and learn what it can from what it sees.",
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
    "One patient's gradient points exactly the right way and has a third of its length. A forgotten slope of tanh would turn it as well.",
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
