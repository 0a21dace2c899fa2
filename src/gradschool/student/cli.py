"""`gradschool` in a terminal: how far you are, and what is wrong with the installation."""

from __future__ import annotations

import argparse
from collections.abc import Sequence


def main(words: Sequence[str] | None = None) -> int:
    """Run `gradschool status` or `gradschool doctor [--fix]`, and return the exit code.

    Parameters
    ----------
    words
        The command line without the program's name; by default that of this process.
    """
    parser = argparse.ArgumentParser(prog="gradschool", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("status", help="which exercises pass, and the minutes each took; from this computer alone")
    doctor = commands.add_parser("doctor", help="what is wrong with this installation")
    doctor.add_argument("--fix", action="store_true", help="mend what can be mended")
    doctor.add_argument("--course", default="course", help="the folder with the lessons")
    asked = parser.parse_args(words)
    if asked.command == "status":
        from gradschool.student import progress

        print(progress.all_chapters())
        return 0
    from gradschool.student.environment_check import report

    return report(asked.course, fix=asked.fix)
