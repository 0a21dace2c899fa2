"""Commands for students: your progress, a review, packing a notebook to submit it, and checking the installation."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(words: Sequence[str] | None = None) -> int:
    """Run `gradschool status`, `review`, `hand-in` or `doctor`, and return the exit code.

    Parameters
    ----------
    words
        The command line without the program's name; by default that of this process.
    """
    parser = argparse.ArgumentParser(prog="gradschool", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser(
        "status", help="show which exercises pass and the minutes each took, from this computer's records only"
    )
    commands.add_parser(
        "review", help="five questions a day about what you once got wrong, with new numbers; local only"
    )
    doctor = commands.add_parser("doctor", help="check this installation and report problems")
    doctor.add_argument("--fix", action="store_true", help="fix the problems that can be fixed")
    doctor.add_argument("--course", default="course", help="the folder with the lessons")
    packing = commands.add_parser("hand-in", help="check a notebook as the grader will, and pack it for upload")
    packing.add_argument("what", nargs="?", default="", help="a chapter's number, or a notebook's file")
    packing.add_argument("--no-checks", action="store_true", help="pack it without running its checks")
    packing.add_argument("--anyway", action="store_true", help="pack it even if the file seems older than what you ran")
    packing.add_argument(
        "--with-predictions", action="store_true", help="add the chapter's predictions; no mark depends on them"
    )
    asked = parser.parse_args(words)
    make_printable()
    if asked.command is None:
        parser.print_help()
        return 2
    if asked.command == "status":
        from gradschool.student import progress

        print(progress.all_chapters())
        return 0
    if asked.command == "review":
        from gradschool.student.review.terminal import review

        return review()
    if asked.command == "hand-in":
        from gradschool.student.hand_in.command import hand_in

        how = {"checks": not asked.no_checks, "anyway": asked.anyway, "with_predictions": asked.with_predictions}
        return hand_in(asked.what, **how)
    from gradschool.student.environment_check import report

    return report(asked.course, fix=asked.fix)


def make_printable() -> None:
    """Have what the terminal's encoding lacks printed as a question mark; without this it would end the command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
