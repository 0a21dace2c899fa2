"""The sentences of a diagnosis, made of the words of its formula and of its condition."""

from __future__ import annotations

from collections.abc import Sequence

from gradschool.diagnosis.evidence import Part
from gradschool.diagnosis.hypotheses.formulas import Formula, Match
from gradschool.diagnosis.hypotheses.patterns import lower
from gradschool.diagnosis.hypotheses.places import Place

# What to ask oneself next, by the name of a factor: open questions, since the number does not tell the cause.
QUESTIONS = {
    "twice": "Is a factor 1/2 missing, or is something counted twice?",
    "half": "Is there a factor 1/2 too many?",
    "minus-twice": "A sign is turned round; is a factor 1/2 missing too?",
    "minus-half": "A sign is turned round; is there a factor 1/2 too many as well?",
    "times-B": "Is a sum taken where a mean is asked for?",
    "over-B": "Is there one division by B too many?",
    "minus-times-B": "A sign is turned round; is a sum taken where a mean is asked for?",
    "minus-over-B": "A sign is turned round; is there one division by B too many?",
}


def listed(names: Sequence[str]) -> str:
    """Return names as a list in a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def formula_sentence(part: Part, formula: Formula, fit: Match, at: Place | None) -> tuple[str, str]:
    """Return the name and the sentence for a formula that fits."""
    says = f"{fit.factor} {formula.says}" if fit.factor else formula.says
    question = QUESTIONS.get(fit.factor_name, "") if formula.name == "right" else ""
    if formula.name == "right":
        name = fit.factor_name
    else:
        name = f"{formula.name}-{fit.factor_name}" if fit.factor_name else formula.name
    if formula.name == "step":
        return _step_sentence(formula, fit)
    if formula.name == "changed-step":
        return name, f"The step from `{formula.key[1]}` is {says}."
    if formula.name == "portion":
        zero = f"{part.what} is what it should be with {formula.says} at 0"
        return f"portion-{fit.factor_name}", f"{zero}, plus {fit.factor} what {formula.says} should add to that."
    if formula.name == "other-loss":
        return _loss_sentence(part, formula, fit)
    if formula.name == "term":
        return _term_sentence(part, formula, fit)
    if "B" in fit.factor_name.split("-"):
        says += " (B is the batch size)"
    if fit.everywhere:
        wanted = ", and should not be" if formula.name == "zero" else ""
        return name, f"{part.what} is {says}{wanted}.{' ' + question if question else ''}"
    if formula.name == "zero":
        says = "0"
    if at and at.exact:
        return name, f"Where {at.condition.says}, {lower(part.what)} is {says}; everywhere else it is right."
    where = f" That happens only where {at.condition.says}." if at else ""
    return name, f"Wherever {lower(part.what)} is wrong, it is {says}.{where}"


def _step_sentence(formula: Formula, fit: Match) -> tuple[str, str]:
    if fit.factor_name == "sign":
        return "opposite-step", f"{formula.says} is as long as it should be, and points the opposite way."
    question = QUESTIONS.get(fit.factor_name, "")
    said = f"{formula.says} is {fit.factor or 'exactly'} what it should be."
    return f"step-{fit.factor_name}", f"{said} {question}" if question else said


def _loss_sentence(part: Part, formula: Formula, fit: Match) -> tuple[str, str]:
    times, start = f"{fit.factor} " if fit.factor else "", part.exercise.steps.get(part.label)
    name = f"{formula.name}-{fit.factor_name}" if fit.factor_name else formula.name
    if start is None:
        return name, f"{part.what} is {times}what {formula.says}."
    return name, f"{part.what} is reached from `{start}` by {times}the step that {formula.says}."


def _term_sentence(part: Part, formula: Formula, fit: Match) -> tuple[str, str]:
    if not fit.factor:
        return "term-too-many", f"{part.what} is too large by exactly {formula.says}, in every entry."
    if fit.factor_name == "sign":
        return "term-missing", f"{part.what} is too small by exactly {formula.says}, in every entry."
    said = f"{part.what} is what it should be plus {fit.factor} {formula.says}"
    if formula.key[0] == "right+start" and not str(formula.key[1]).startswith("target"):
        said += ", as weight decay, or a penalty on the weights in the loss, adds"
    return f"term-{fit.factor_name}", f"{said}."


def place_sentence(part: Part, at: Place) -> tuple[str, str]:
    """Return the name and the sentence for where an answer is wrong."""
    off, where = _switched_off(at), _told_apart(at.condition.says, part.label)
    key = "-".join(str(k).replace(" ", "-") for k in at.condition.key if isinstance(k, str) and k != "&")
    if at.condition.key[0] == "row":
        key = f"rows-{at.condition.key[1]}".replace(" ", "-")
    if part.label in part.exercise.networks_in and at.condition.key == ("not-first", "row"):
        said = "is right after the first update of an agent and wrong after later ones: what is carried over?"
        return f"wrong-only-where-{key}", f"{part.what} {said}"
    if off:
        name = f"wrong-where-{key}" if at.exact else f"wrong-only-where-{key}"
        return name, f"{part.what} is right where {off}: what is wrong is the part that {_these(off)} off."
    if at.condition.key[0] == "not-value" and not at.exact:
        _, option, value = at.condition.key
        says = f"is right where `{option}` is {value}; with other values it can be wrong."
        return f"wrong-only-where-{key}", f"{part.what} {says}"
    if right := _right_values(at):
        return f"wrong-only-where-{key}", f"{part.what} is right where {right}; with other values it can be wrong."
    if at.exact:
        return f"wrong-where-{key}", f"{part.what} is wrong exactly where {where}."
    return f"wrong-only-where-{key}", f"{part.what} is right except where {where}."


def _told_apart(says: str, label: str) -> str:
    """Return the words of a place, which an input of the answer's own name is in, as `theta` before a step and after.

    >>> _told_apart("`theta` is not 0", "theta")
    'the `theta` that is handed over is not 0'
    """
    return says.replace(f"`{label}`", f"the `{label}` that is handed over") if label else says


def _switched_off(at: Place) -> str:
    """Return where an answer is right that is wrong where a flag is off, and an option is not 0; "" of other places."""
    key = at.condition.key
    if key[0] == "no-flag":
        return f"`{key[1]}` is on"
    if key[:2] == ("and", "no-flag") and key[4:5] == ("not-value",) and key[-1] == 0:
        return f"`{key[2]}` is on or `{key[5]}` is 0"
    return ""


def _right_values(at: Place) -> str:
    """Return where an answer is right that is wrong where neither of two options has a value; "" of other places."""
    key = at.condition.key
    if at.exact or len(key) != 8 or (key[0], key[1], key[5]) != ("and", "not-value", "not-value"):
        return ""
    _, _, one, a, _, _, other, b = key
    return f"`{one}` is {a} or {b}" if one == other else f"`{one}` is {a} or `{other}` is {b}"


def switched_by(at: Place) -> str | None:
    """Return the flag of a place that says what a flag switches off; None of other places."""
    return str(at.condition.key[1 if at.condition.key[0] == "no-flag" else 2]) if _switched_off(at) else None


def _these(off: str) -> str:
    return "these two switch" if " or " in off else "it switches"
