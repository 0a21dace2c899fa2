"""CPU seconds of `check` in a lesson: every exercise with its right answer and with each known mistake of the bank.

    python bench/check_seconds.py [--chapters dqn ddpg] [--only agent] [--slowest 10] [--profile EXERCISE:MISTAKE]

What is measured is what a student waits for after pressing Shift-Enter: inputs, oracle, the student's function, the
diagnosis and the card, with everything imported, and with nothing kept of an earlier check of the same exercise.
Threads are as in a lesson, and all count. The exit status is 1 if a check takes longer than 0.3 CPU seconds.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from grader.bank.entry import Entry
from grader.bank.registry import entries
from gradschool.check.api import check_here
from gradschool.check.card import as_html
from gradschool.core.exercise import CHAPTERS, Answer, Exercise
from gradschool.diagnosis.evidence import fresh_cases

BOUND = 0.3  # CPU seconds
REFERENCE = "right"


@dataclass(frozen=True)
class Check:
    """One check: of which answer to which exercise, what it cost, and the name of the mistake that it found."""

    exercise: str
    answer: str
    cpu: float
    told: str


def checked(exercise: Exercise, name: str, answer: Answer) -> Check:
    """Check an answer as a lesson does, with no inputs kept from the check before."""
    fresh_cases.cache_clear()
    started = time.process_time()
    report = check_here(exercise, answer)
    as_html(report)
    return Check(exercise.id, name, time.process_time() - started, report.mistake)


def answers(entry: Entry) -> Iterator[tuple[str, Answer]]:
    """The right answer, then each known mistake."""
    yield REFERENCE, entry.reference
    yield from ((mutant.name, mutant.fresh()) for mutant in entry.mutants)


def checks_of(entry: Entry) -> list[Check]:
    """The checks of one exercise; the first one, which imports, is not among them."""
    checked(entry.exercise, REFERENCE, entry.reference)
    return [checked(entry.exercise, name, answer) for name, answer in answers(entry)]


def table(checks: Sequence[Check]) -> str:
    """One line for each exercise: its right answer, and the median and the worst of its mistakes."""
    lines = ["| exercise | right | mistakes | median | worst | which |", "|---|---|---|---|---|---|"]
    for exercise in dict.fromkeys(c.exercise for c in checks):
        right, *wrong = (c for c in checks if c.exercise == exercise)
        worst = max(wrong, key=lambda c: c.cpu)
        median = statistics.median(c.cpu for c in wrong)
        lines.append(
            f"| {exercise} | {right.cpu:.3f} | {len(wrong)} | {median:.3f} | {worst.cpu:.3f} | {worst.answer} |"
        )
    return "\n".join(lines)


def slowest(checks: Sequence[Check], count: int) -> str:
    """The slowest checks, each with what it said."""
    some = sorted(checks, key=lambda c: -c.cpu)[:count]
    return "\n".join(f"{c.cpu:6.3f} s  {c.exercise}: {c.answer} (told {c.told or 'right'})" for c in some)


def profile(name: str) -> None:
    """Print where the time of one check goes; ``name`` is EXERCISE:MISTAKE."""
    exercise_id, _, wanted = name.partition(":")
    entry = entries(exercise_id.partition(".")[0])[exercise_id]
    checked(entry.exercise, REFERENCE, entry.reference)
    answer = dict(answers(entry))[wanted or REFERENCE]
    fresh_cases.cache_clear()
    profiler = cProfile.Profile(time.process_time)
    profiler.runcall(check_here, entry.exercise, answer)
    pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)


def main() -> int:
    """Measure, print the table, and return 1 where a check is over the bound."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chapters", nargs="*", default=list(CHAPTERS), help="which of them")
    parser.add_argument("--only", default="", help="exercises whose ids hold this")
    parser.add_argument("--slowest", type=int, default=10, help="how many checks to list")
    parser.add_argument("--profile", help="EXERCISE:MISTAKE: where the time of this check goes, and no table")
    parser.add_argument("--json", help="write every check to this file")
    options = parser.parse_args()
    if options.profile:
        profile(options.profile)
        return 0
    wanted = [e for part in options.chapters for name, e in entries(part).items() if options.only in name]
    checks = [check for entry in wanted for check in checks_of(entry)]
    over = [c for c in checks if c.cpu > BOUND]
    print(table(checks), "", slowest(checks, options.slowest), "", sep="\n")
    print(
        f"{len(checks)} checks, {len(over)} above {BOUND} CPU s; median {statistics.median(c.cpu for c in checks):.3f}"
    )
    if options.json:
        Path(options.json).write_text(json.dumps([asdict(c) for c in checks], indent=1), encoding="utf-8")
    return int(bool(over))


if __name__ == "__main__":
    sys.exit(main())
