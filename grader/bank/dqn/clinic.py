"""Reference, known mistakes and alternative solutions of ``dqn.clinic``."""

from __future__ import annotations

from grader.bank.entry import entry


def right_names():
    """Each letter's fault."""
    return {
        "A": "exploration-ends-early",
        "B": "state-as-number",
        "C": "untaken-to-zero",
        "D": "broadcast",
        "E": "gradient-through-target",
        "F": "no-terminal-mask",
    }


clinic = entry("dqn.clinic", points=6, reference=right_names)


@clinic.mutant(
    "both-take-one-action",
    "A and B both end with one action everywhere, for different reasons. Look at the gradients: one agent's is healthy and "
    "it has no passengers to learn from, the other's moves states that were not in the batch.",
    "b16",
)
def both_take_one_action():
    return {
        "A": "state-as-number",
        "B": "exploration-ends-early",
        "C": "untaken-to-zero",
        "D": "broadcast",
        "E": "gradient-through-target",
        "F": "no-terminal-mask",
    }


@clinic.mutant(
    "both-fill-the-stand",
    "C and D both take thousands of illegal actions. Look at the gradients: in one agent columns of untaken actions are not "
    "0, in the other only the size of the taken ones is off.",
    "b11",
)
def both_fill_the_stand():
    return {
        "A": "exploration-ends-early",
        "B": "state-as-number",
        "C": "broadcast",
        "D": "untaken-to-zero",
        "E": "gradient-through-target",
        "F": "no-terminal-mask",
    }


@clinic.mutant(
    "the-well-looking-one",
    "F drives perfectly, and is ill all the same. Which row of its gradient differs, and what ended there? Compare its "
    "largest Q with +20.",
    "b7",
)
def the_well_looking_one():
    return {
        "A": "exploration-ends-early",
        "B": "state-as-number",
        "C": "untaken-to-zero",
        "D": "broadcast",
        "E": "gradient-through-target",
        "F": "step-too-large",
    }


@clinic.mutant(
    "rows-of-the-next-state",
    "E's gradient has rows that the healthy one has not. Which states are they: those that were left, or those that were "
    "reached?",
    "b3",
)
def rows_of_the_next_state():
    return {
        "A": "exploration-ends-early",
        "B": "state-as-number",
        "C": "untaken-to-zero",
        "D": "broadcast",
        "E": "sign-turned",
        "F": "no-terminal-mask",
    }


@clinic.alternative_solution
def by_zip():
    faults = (
        "exploration-ends-early",
        "state-as-number",
        "untaken-to-zero",
        "broadcast",
        "gradient-through-target",
        "no-terminal-mask",
    )
    return dict(zip("ABCDEF", faults, strict=True))


@clinic.alternative_solution
def letter_by_letter():
    found = {"F": "no-terminal-mask", "E": "gradient-through-target", "D": "broadcast"}
    found["C"] = "untaken-to-zero"
    found["B"] = "state-as-number"
    found["A"] = "exploration-ends-early"
    return found
