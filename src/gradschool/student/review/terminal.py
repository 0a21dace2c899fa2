"""`gradschool review`: today's questions in a terminal, each answer kept as soon as it is given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np

from gradschool.lessons.predictions.question import NotAGuess, read_number
from gradschool.student.review import questions, schedule
from gradschool.student.review.questions import Question

LOCAL = "From your own checks and predictions, which are on this computer only. Nothing is sent."
HELP = "Answer with a number. Enter alone shows the answer, q ends the review."


def review(read: Callable[[str], str] = input, say: Callable[[str], None] = print, seed: int | None = None) -> int:
    """Ask today's questions, and return the exit status.

    Parameters
    ----------
    read
        Asks for a line; EOFError and KeyboardInterrupt end the review, and what was answered is kept.
    say
        Shows a line.
    seed
        Fixes the numbers of the questions, for a test.
    """
    found = schedule.moments()
    today = schedule.due(found)
    say(LOCAL)
    if not today:
        say(nothing(found))
        return 0
    say(HELP)
    rng = np.random.default_rng(seed)
    right = asked = 0
    for number, item in enumerate(today, 1):
        question = questions.make(item.topic, rng)
        say(f"\n{number} of {len(today)} ({item.topic})\n{question.text}")
        verdict = _asked(question, read, say)
        if verdict is None:
            break
        asked += 1
        right += verdict
        if not schedule.keep(item.topic, verdict):
            say(f"This answer could not be kept: {schedule.file()} cannot be written.")
    say(f"\n{right} of {asked} right. {_after(schedule.moments())}")
    return 0


def _asked(question: Question, read: Callable[[str], str], say: Callable[[str], None]) -> bool | None:
    """Ask until there is a number, and tell what is right; None if the student wants to stop."""
    while True:
        try:
            line = read("> ").strip()
        except (EOFError, KeyboardInterrupt):
            return None
        if line.lower() in ("q", "quit"):
            return None
        try:
            number = read_number(line) if line else None
        except NotAGuess as error:
            say(str(error))
            continue
        right = number is not None and question.is_right(number)
        say(f"{'Right' if right else f'The answer is {question.answer:.4g}'}. {question.rule}")
        return right


def nothing(found: list[schedule.Moment]) -> str:
    """Say why there is no question today."""
    if not found:
        return "There is nothing to review yet: questions come from checks that failed and predictions that were off."
    if any(m.reviewed and schedule.day_of(m.at) == date.today().toordinal() for m in found):
        return f"That is all for today. {_after(found)}"
    return f"Nothing is due today. {_after(found)}"


def _after(found: list[schedule.Moment]) -> str:
    """Say when the next question comes."""
    following = schedule.next_day(found)
    if following is None:
        return "No question is waiting."
    tomorrow = date.today().toordinal() + 1
    return f"The next question is due on {date.fromordinal(max(following, tomorrow)):%Y-%m-%d}."
