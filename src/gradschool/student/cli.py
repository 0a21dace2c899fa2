"""`gradschool` in a terminal: how far you are, handing in, and what is wrong with the installation."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def main(words: Sequence[str] | None = None) -> int:
    """Run `gradschool status`, `gradschool hand-in` or `gradschool doctor`, and return the exit code.

    Parameters
    ----------
    words
        The command line without the program's name; by default that of this process.
    """
    parser = argparse.ArgumentParser(prog="gradschool", description=__doc__)
    commands = parser.add_subparsers(dest="command")
    commands.add_parser("status", help="which exercises pass, and the minutes each took; from this computer alone")
    doctor = commands.add_parser("doctor", help="what is wrong with this installation")
    doctor.add_argument("--fix", action="store_true", help="mend what can be mended")
    doctor.add_argument("--course", default="course", help="the folder with the lessons")
    packing = commands.add_parser("hand-in", help="check a notebook as a grader will, and pack it for uploading")
    packing.add_argument("what", nargs="?", default="", help="a chapter (1, 2, 3) or a notebook's file")
    packing.add_argument("--no-checks", action="store_true", help="pack it without running its checks")
    packing.add_argument("--anyway", action="store_true", help="also if the file seems older than what you ran")
    asked = parser.parse_args(words)
    make_printable()
    if asked.command is None:
        parser.print_help()
        return 2
    if asked.command == "status":
        from gradschool.student import progress

        print(progress.all_chapters())
        return 0
    if asked.command == "hand-in":
        from gradschool.student.hand_in.command import hand_in

        return hand_in(asked.what, checks=not asked.no_checks, anyway=asked.anyway)
    from gradschool.student.environment_check import report

    return report(asked.course, fix=asked.fix)


def make_printable() -> None:
    """Have what the terminal's encoding lacks printed as a question mark; without this it would end the command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")
