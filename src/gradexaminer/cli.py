"""`gradexaminer FILE[:NAME]`: examine an agent from a terminal."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from gradexaminer.findings import FAULT, NOT_SEEN, SUSPICION, Report
from gradexaminer.page import footer
from gradexaminer.running.apart import CannotExamineError, examine_file

STATUS = {"nothing to object to": 0, FAULT: 1, SUSPICION: 3, NOT_SEEN: 4}
CANNOT = 2


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit status: 0 nothing to object to, 1 fault, 2 not run, 3 suspicion, 4 not seen."""
    parser = _parser()
    own, its = _parted(sys.argv[1:] if arguments is None else arguments)
    asked = parser.parse_args(own)
    file, _, name = asked.file.rpartition(":")
    if not file or not name.isidentifier():  # no name, or the drive of a Windows path
        file, name = asked.file, ""
    if (asked.low is None) is not (asked.high is None):
        parser.error("--low and --high go together: --low -1 -1 --high 1 1")
    spaces = {
        "n_actions": asked.n_actions,
        "low": asked.low,
        "high": asked.high,
        "obs": asked.obs,
        "image": asked.image or None,
        "n_states": asked.n_states,
    }
    request = {
        "file": file,
        "object": name,
        "script": asked.script,
        "spaces": spaces,
        "seed": asked.seed,
        "seconds": asked.seconds,
        "arguments": its,
    }
    try:
        said = examine_file(request, sandbox=not asked.no_sandbox)
    except CannotExamineError as error:
        print(f"gradexaminer: {error}", file=sys.stderr)
        return CANNOT
    print(json.dumps(said, indent=2) if asked.json else _as_text(said))
    if asked.html is not None and not _written(asked.html, Report.from_dict(said).as_html(lessons=asked.lessons)):
        return CANNOT
    return STATUS[said["verdict"]]


def _parted(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Return this command's arguments and, after the first `--`, those of the script.

    >>> _parted(["train.py", "--seed", "1", "--", "--env", "CartPole-v1"])
    (['train.py', '--seed', '1'], ['--env', 'CartPole-v1'])
    """
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at + 1 :]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gradexaminer",
        usage="%(prog)s [options] FILE[:NAME] [-- arguments of the script]",
        description="Examine a DQN, DDPG, TD3 or SAC update, and report its convention and its faults.",
        epilog="Exit status: 0 no fault found, 1 fault, 2 could not be run, 3 suspicion, 4 not seen.",
    )
    parser.add_argument(
        "file",
        metavar="FILE[:NAME]",
        help="a Python file or notebook: a training script, which runs in a made-up environment, or one with "
        "examined = dict(make=..., feed=..., update=..., ...)",
    )
    parser.add_argument(
        "--script", action="store_true", help="FILE is a training script, although it has something named examined"
    )
    parser.add_argument(
        "--n-actions", type=int, help="a script's number of discrete actions (default: that of its environment)"
    )
    parser.add_argument(
        "--low", type=float, nargs="+", help="lower bounds of a script's continuous action, one number per entry"
    )
    parser.add_argument("--high", type=float, nargs="+", help="upper bounds of a script's continuous action")
    parser.add_argument(
        "--obs", type=int, help="a script's number of entries of an observation (default: that of its environment)"
    )
    parser.add_argument(
        "--n-states", type=int, help="a script's number of states, if an observation is the number of one"
    )
    parser.add_argument(
        "--image", action="store_true", help="a script's observations are images, with integers from 0 to 255"
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of the random numbers (default 0)")
    parser.add_argument("--seconds", type=int, default=60, help="limit on the CPU seconds of the code (default 60)")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--html", type=Path, metavar="FILE", help="also write the report as an HTML page with pictures")
    parser.add_argument(
        "--lessons",
        default="",
        metavar="ADDRESS",
        help="with --html: address of the course's website, for links to its sections",
    )
    parser.add_argument("--no-sandbox", action="store_true", help="do not use bubblewrap, even where it is installed")
    return parser


def _written(file: Path, page: str) -> bool:
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        print(f"gradexaminer: {file} cannot be written: {error.strerror or error}", file=sys.stderr)
        return False
    return True


def _as_text(said: dict[str, Any]) -> str:
    return f"{Report.from_dict(said).as_text(lessons=True)}\n{footer(said)}"
