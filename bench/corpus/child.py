"""Runs one entry twice and answers with what the examiner said; the second time, everything is warm."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.corpus import stubs
from bench.corpus.adapters import load
from bench.corpus.code import Code
from bench.corpus.registry import Entry

if TYPE_CHECKING:
    from gradexaminer import Report


def main() -> None:
    """`python -m bench.corpus.child NAME FOLDER SECONDS MODULE...`: one line of JSON on standard output."""
    name, folder, seconds, *modules = sys.argv[1:]
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
    entry = load(modules)[name]
    try:
        said = run(entry, Path(folder))
    except (Exception, SystemExit) as error:  # a stranger's file may raise anything
        said = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()[-2000:]}
    json.dump(said, answer)
    answer.close()


def run(entry: Entry, folder: Path) -> dict[str, Any]:
    """Both examinations of an entry, whose checkout is `folder`."""
    import torch

    import gradexaminer

    torch.set_num_threads(1)
    stubs.install(folder)
    with contextlib.redirect_stdout(sys.stderr):
        cold = entry.run(Code(folder, entry.path))
        again = Code(folder, entry.path)  # looks through all modules that were imported, and is no part of it
        began = time.process_time()
        warm = entry.run(again)
        cpu = 1000 * (time.process_time() - began)
    return {
        "findings": findings_of(cold),
        "conventions": cold.conventions,
        "cold_ms": cold.milliseconds,
        "ms": warm.milliseconds,
        "cpu_ms": cpu,
        "stood_in": sorted(stubs.STOOD_IN),
        "engine": str(Path(gradexaminer.__file__).parent),
    }


def findings_of(report: Report) -> list[dict[str, str]]:
    """What the examiner said, as plain data."""
    return [{"level": f.level, "code": f.code, "text": str(f.sentence)} for f in report.findings]


if __name__ == "__main__":
    main()
