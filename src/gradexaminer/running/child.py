"""What runs a stranger's code: a process of its own, that reads one request and answers with one report.

Never imported by the command line's own process. What the stranger's code prints goes nowhere: it may be without end.
"""

from __future__ import annotations

import gc
import inspect
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from gradexaminer.files import FileError, Part, binds, parts_of, run_parts
from gradexaminer.findings import Report
from gradexaminer.running.ending import EnoughError, limit
from gradexaminer.running.makes import replace_makes
from gradexaminer.running.written import write_nowhere_instead

NAME = "examined"
MOST_LETTERS = 400  # of an exception's text
MOST_WATCHED = 0.7  # of the CPU seconds: what was seen until then is said
MOST_BYTES = 100_000_000  # of a file that it writes
QUIET = {  # no window is opened and waits for a click, and no logger waits for the network
    "MPLBACKEND": "Agg",
    "SDL_VIDEODRIVER": "dummy",
    "SDL_AUDIODRIVER": "dummy",
    "QT_QPA_PLATFORM": "offscreen",
    "WANDB_MODE": "disabled",
    "NEPTUNE_MODE": "debug",
}


class AdapterError(Exception):
    """The file does not say what is to be examined; its text says what is missing."""


def main() -> None:
    """Answer the request on standard input."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    request = json.load(sys.stdin)
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    limit(int(request["seconds"]), MOST_BYTES)
    try:
        said = _run(request)
    except SystemExit as end:
        said = {"error": f"it ended itself with status {end.code}", "complained": True}
    except (AdapterError, FileError) as error:
        said = {"error": str(error)}
    except EnoughError as end:
        said = {"error": str(end)}
    except Exception as error:  # a stranger's file may raise anything
        said = {"error": _in_a_line(error)}
    json.dump(said, answer)
    answer.close()


def _in_a_line(error: Exception) -> str:
    from gradexaminer.recording.observe import told

    if isinstance(error, ModuleNotFoundError):
        return f"ModuleNotFoundError: {error}; install it for {sys.executable}, which runs the file"
    return " ".join(told(error).split())[:MOST_LETTERS]


def _run(request: dict[str, Any]) -> dict[str, Any]:
    gc.disable()  # nothing of an import is garbage, and looking for some takes a third of the time
    import torch

    from gradexaminer import examine

    gc.freeze()
    gc.enable()
    torch.set_num_threads(1)
    path = Path(request["file"])
    sys.path[:0] = dict.fromkeys([str(path.parent), request["project"]])
    parts = parts_of(path)
    spaces = {name: value for name, value in request["spaces"].items() if value is not None}
    name = request["object"]
    if request["script"] or not (name or binds(parts, NAME)):
        described = {**spaces, "seed": request["seed"], "most_seconds": MOST_WATCHED * request["seconds"]}
        report = _watched([str(path), *request["arguments"]], parts, described)
    elif spaces:
        raise AdapterError(
            f"--n-actions, --low, --high, --obs and such describe a script; {name or NAME} says them itself"
        )
    else:
        report = examine(**{"seed": request["seed"], **_arguments(_run_as(path.stem, parts), name)})
    return report.as_dict()


def _watched(argv: list[str], parts: list[Part], described: dict[str, Any]) -> Report:
    from gradexaminer import watch
    from gradexaminer.running.asking_spaces import SpacesUnknownError

    try:
        return watch(lambda make: _script(argv, parts, make), **described)
    except SpacesUnknownError as unknown:
        raise AdapterError(str(unknown)) from unknown


def _script(argv: list[str], parts: list[Part], make: Any) -> None:
    """Run a file as `__main__`, every `make` of Gymnasium's replaced."""
    replace_makes(make)
    write_nowhere_instead()
    sys.argv = list(argv)
    _run_as("__main__", parts)


def _run_as(name: str, parts: list[Part]) -> dict[str, Any]:
    """Run the parts as a module of this name, which pickle and dataclasses look up; return its names."""
    module = sys.modules[name] = ModuleType(name)
    names = vars(module)
    names.update(__file__=parts[0].name if parts else name, display=lambda *_, **__: None)
    run_parts(parts, names)
    return names


def _arguments(names: dict[str, Any], name: str) -> dict[str, Any]:
    from gradexaminer import examine

    found = names.get(name or NAME)
    if not isinstance(found, Mapping):
        wanted = name or NAME
        example = f"{wanted} = dict(make=..., feed=..., update=..., n_actions=4)"
        raise AdapterError(f"it has no dict named {wanted}; write {example}, or say --script if it trains by itself")
    known = list(inspect.signature(examine).parameters)
    odd = [str(key) for key in found if key not in known]
    if odd:
        raise AdapterError(f"{name or NAME} has an entry {odd[0]}; there are {', '.join(known)}")
    for needed in ("make", "update"):
        if not callable(found.get(needed)):
            raise AdapterError(f"{name or NAME} needs {needed}=..., a function")
    return dict(found)


if __name__ == "__main__":
    main()
