"""What runs a stranger's code: a process of its own, that reads one request and answers with one report.

Never imported by the command line's own process. What the stranger's code prints goes nowhere: it may be without end.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import inspect
import json
import os
import runpy  # noqa: TID251  # this process exists to run a stranger's script
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAME = "examined"
MOST_LETTERS = 400  # of an exception's text
MOST_BYTES = 100_000_000  # of a file that it writes


class AdapterError(Exception):
    """The file does not say what is to be examined; its text says what is missing."""


def main() -> None:
    """Answer the request on standard input."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    request = json.load(sys.stdin)
    _limit(int(request["seconds"]))
    try:
        said = _run(request)
    except SystemExit as end:
        said = {"error": f"it ended itself with status {end.code}"}
    except AdapterError as error:
        said = {"error": str(error)}
    except Exception as error:  # a stranger's file may raise anything
        said = {"error": _in_a_line(error)}
    json.dump(said, answer)
    answer.close()


def _in_a_line(error: Exception) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split())[:MOST_LETTERS]
    missing = isinstance(error, ModuleNotFoundError)
    return f"{text}; install it for {sys.executable}, which runs the file" if missing else text


def _limit(seconds: int) -> None:
    """CPU seconds and the size of files, where the system can limit them."""
    if importlib.util.find_spec("resource") is None:  # Windows
        return
    system = vars(importlib.import_module("resource"))
    for name, soft, hard in (("CPU", seconds, seconds + 5), ("FSIZE", MOST_BYTES, MOST_BYTES), ("CORE", 0, 0)):
        system["setrlimit"](system[f"RLIMIT_{name}"], (soft, hard))


def _run(request: dict[str, Any]) -> dict[str, Any]:
    gc.disable()  # nothing of an import is garbage, and looking for some takes a third of the time
    import torch

    from gradexaminer import examine, watch

    gc.freeze()
    gc.enable()
    torch.set_num_threads(1)
    path = Path(request["file"])
    sys.path.insert(0, str(path.parent))
    if request["script"]:
        report = watch(lambda make: _script(path, make), **request["spaces"], seed=request["seed"])
    else:
        report = examine(**{"seed": request["seed"], **_arguments(path, request["object"])})
    return report.as_dict()


def _script(path: Path, make: Any) -> None:
    """Run a file as `__main__`, every `make` of Gymnasium's replaced."""
    for name in ("gymnasium", "gym"):
        if importlib.util.find_spec(name) is not None:
            importlib.import_module(name).make = make  # type: ignore[attr-defined]
    sys.argv = [str(path)]
    runpy.run_path(str(path), run_name="__main__")


def _arguments(path: Path, name: str) -> dict[str, Any]:
    from gradexaminer import examine

    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise AdapterError("it is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    found = getattr(module, name or NAME, None)
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
