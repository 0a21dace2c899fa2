# ruff: noqa: E402  (the number of threads is settled before NumPy is imported)
"""The examiner on published suites of faulty agents.

    python -m bench.examiner [--json] [--write] [--seeds 3] [--only taxonomy]

Every row and the right program beside it is examined with each seed; the worst outcome counts, and the median CPU time
of examinations in a process that is warm. The exit status is 1 if a right program was accused.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import json
import sys
import warnings

import torch

from bench.examiner import suites, table
from bench.examiner.rows import Examination, Result, examine_row, seeded
from gradexaminer import Report


def main() -> int:
    """Examine, print, and say whether a right program was accused."""
    options = argparse.ArgumentParser(prog="python -m bench.examiner", description=(__doc__ or "").splitlines()[0])
    options.add_argument("--seeds", type=int, default=3, help="how many seeds each program is examined with")
    options.add_argument("--only", default="", metavar="SUITE", help="one suite alone")
    options.add_argument("--json", action="store_true", help="print JSON alone")
    options.add_argument("--write", action="store_true", help="write the tables into docs/examiner-benchmarks.md")
    given = options.parse_args()
    library = suites.has_library()
    rows = [row for row in suites.rows(library=library) if given.only in {"", row.suite}]
    if not rows:
        options.error(f"there is no suite {given.only!r}, or it needs Stable-Baselines3: pip install -e '.[bench]'")
    if given.write and (given.only or not library):
        options.error("--write writes the whole page: it needs every suite, and Stable-Baselines3 for two of them")
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    known: dict[Examination, list[Report]] = {}
    seeded(rows[0].program, 0)  # what a process does for the first time is not a program's time
    results: list[Result] = [examine_row(row, range(given.seeds), known) for row in rows]
    if given.json:
        print(json.dumps(table.as_json(results), indent=1))
    else:
        print(table.as_text(results))
        if not library:
            print("RLMutation and muPRL were left out: they need Stable-Baselines3, pip install -e '.[bench]'")
    if given.write:
        table.PAGE.write_text(table.written(table.PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    wrong = table.accused(results)
    if wrong:
        print("Accused, though right: " + "; ".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
