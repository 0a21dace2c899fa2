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
    "Two agents take one action everywhere, and their names are swapped. Compare each of their gradients with the "
    "healthy one before you name it.",
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
    "Two agents take thousands of illegal actions, and their names are swapped. Compare the columns of their heat maps: "
    "which agent gives untaken actions a gradient?",
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
    "An agent with an optimal return has a bug all the same. Which row of its gradient differs, and what ended there? "
    "Compare its largest |Q| with the largest reward, +20.",
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
    "One gradient has rows that the healthy one does not have. Are they the states that were left, or the states that "
    "were reached?",
    "b3",
)
def rows_of_the_next_state():
    return {
        "A": "exploration-ends-early",
        "B": "state-as-number",
        "C": "untaken-to-zero",
        "D": "broadcast",
        "E": "sign-flipped",
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
