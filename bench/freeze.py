"""Record what a checkout's grader says, and compare two recordings: a refactoring must change nothing.

    python bench/freeze.py class CHECKOUT TO             a made-up class with the whole bank in it
    python bench/freeze.py capture CHECKOUT CLASS TO     audit, four ways to grade the class, red team
    python bench/freeze.py compare BEFORE AFTER          what differs, and exit status 1 if anything does

Each checkout is driven through its command line in its own ``.venv``, so that the two may differ in everything but what
they say. Marks and hints are read from the graded notebooks and from the gradebook.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WAYS = ("forked", "cold", "dask", "plain")
# What a fresh draw decides, in hints that quote numbers of the fresh inputs.
NUMBERS = re.compile(r"\d+(\.\d+)?(e-?\d+)?")
FILL = """
import sys
from dataclasses import replace
from pathlib import Path
from grader import sample_class
try:
    from grader.course import chapters
    from grader.settings import Settings
    course = Settings.from_env().course_directory()
except ImportError:  # the layout before packages
    from grader.house import chapters, house
    course = house()
course = replace(course, work=Path(sys.argv[1]), db="")
for number, chapter in enumerate(chapters()):
    sample_class.fill_class(course, chapter, 12, number == 0, True)
"""


def make_class(checkout: Path, to: Path) -> None:
    """Write the class's submissions into ``to``/submitted, from a checkout's own release."""
    run(checkout, "-c", FILL, str(to))


def capture(checkout: Path, submitted: Path, to: Path) -> None:
    """Record everything; a part that is there already is not made again."""
    to.mkdir(parents=True, exist_ok=True)
    parts = {
        "audit": lambda: grader(checkout, to, "audit", "--json"),
        **{way: lambda way=way: grade(checkout, submitted, to / f"work-{way}", way) for way in WAYS},
        "redteam": lambda: attacks(checkout, to),
    }
    for name, make in parts.items():
        file = to / f"{name}.json"
        if not file.exists():
            started = time.monotonic()
            file.write_text(json.dumps(make(), indent=1, sort_keys=True))
            print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)


def grade(checkout: Path, submitted: Path, work: Path, way: str) -> dict[str, Any]:
    """Grade the class in one way; marks by cell, and each notebook's record."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(submitted, work / "submitted")
    grader(checkout, work, "build")
    if way == "plain":
        shutil.rmtree(work / "submitted" / "damaged")  # nbgrader itself stops at what is no notebook
        environment = {**variables(work), "PATH": f"{checkout / '.venv/bin'}:{os.environ['PATH']}"}
        for chapter in sorted(p.name for p in (checkout / "solutions").iterdir() if p.is_dir()):
            command = [str(checkout / ".venv/bin/nbgrader"), "autograde", chapter]
            subprocess.run(command, cwd=checkout / "grader", env=environment, capture_output=True, check=False)
    elif way == "dask":
        with cluster(checkout, work) as address:
            grader(checkout, work, "autograde", "--json", "--cluster", address)
    else:
        grader(checkout, work, "autograde", "--json", *(["--cold"] if way == "cold" else []))
    return {"marks": grader(checkout, work, "export", "--json"), "records": records(work / "autograded")}


def attacks(checkout: Path, to: Path) -> dict[str, Any]:
    """What every attack of the public suite earned, broke and was told; not the seconds that it took."""
    result: dict[str, Any] = grader(checkout, to, "redteam", "--json")
    return {**result, "outcomes": [{k: v for k, v in one.items() if k != "seconds"} for one in result["outcomes"]]}


@contextmanager
def cluster(checkout: Path, work: Path) -> Iterator[str]:
    """A scheduler and one worker on this machine, for as long as the block lasts."""
    file, environment = work / "scheduler.json", {**variables(work), "PYTHONPATH": str(checkout)}
    dask, options = str(checkout / ".venv/bin/dask"), ["--scheduler-file", str(file), "--no-dashboard"]
    programs = [["scheduler", "--port", "0", *options], ["worker", *options, "--nworkers", "2", "--nthreads", "1"]]
    running = []
    try:
        for program in programs:
            command = [dask, *program]
            running.append(subprocess.Popen(command, env=environment, cwd=checkout, stderr=subprocess.DEVNULL))
            while not file.exists():
                time.sleep(0.1)
        yield json.loads(file.read_text())["address"]
    finally:
        for process in running[::-1]:
            process.terminate()
            process.wait()


def records(folder: Path) -> dict[str, Any]:
    """Each graded notebook's record: points, the mistake's name, hint, properties, notes."""
    found = {}
    for file in sorted(folder.glob("*/*/*.ipynb")):
        record = json.loads(file.read_text())["metadata"]["gradschool"]
        found[f"{file.parent.parent.name}/{file.parent.name}"] = {k: record[k] for k in ("exercises", "notes")}
    return found


def grader(checkout: Path, work: Path, *words: str) -> Any:
    """What a command of the instructor's prints as JSON; None where it prints none."""
    text = run(checkout, "-m", "grader", *words, work=work)
    return json.loads(text[text.index(text.lstrip()[0]) :]) if text.lstrip()[:1] in ("{", "[") else None


def run(checkout: Path, *words: str, work: Path | None = None) -> str:
    """Run a checkout's Python in the checkout; its standard output."""
    command = [str(checkout / ".venv/bin/python"), *words]
    done = subprocess.run(command, cwd=checkout, env=variables(work), capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or (done.returncode == 1 and not done.stdout.strip()):
        raise SystemExit(f"{' '.join(words)[:200]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def variables(work: Path | None) -> dict[str, str]:
    """The environment of a checkout's command, with modules compiled once."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE" and not k.startswith("GRADSCHOOL_")}
    kept["OMP_NUM_THREADS"] = "1"
    return {**kept, **({"GRADSCHOOL_WORK": str(work), "GRADSCHOOL_WORK_DIR": str(work)} if work else {})}


def compare(before: Path, after: Path) -> int:
    """Print what differs, part by part; the number of differences."""
    total = 0
    for name in ("audit", *WAYS, "redteam"):
        one, other = (json.loads((folder / f"{name}.json").read_text()) for folder in (before, after))
        size, found = leaves(one), list(differences(one, other))
        drawn = [d for d in found if same_but_numbers(*d[1:])]
        real = [d for d in found if d not in drawn]
        total += len(real)
        print(f"{name}: {size} values, {len(real)} differ, {len(drawn)} differ only in numbers of the fresh inputs")
        for place, old, new in real[:20]:
            print(f"    {place}: {old!r} -> {new!r}")
    return total


def same_but_numbers(one: Any, other: Any) -> bool:
    """Whether two texts are one sentence with other numbers in it."""
    both = isinstance(one, str) and isinstance(other, str)
    return both and NUMBERS.sub("#", one) == NUMBERS.sub("#", other)


def leaves(value: Any) -> int:
    """The number of plain values in a tree."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 1 if inner is None else sum(map(leaves, inner))


def differences(one: Any, other: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every place at which two trees differ, with both values."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            yield from differences(one.get(key), other.get(key), f"{place}/{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for k, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from differences(a, b, f"{place}[{k}]")
    elif one != other:
        yield place, one, other


if __name__ == "__main__":
    what, *places = sys.argv[1:] or ["help"]
    folders = [Path(p).resolve() for p in places]
    if what == "class" and len(folders) == 2:
        make_class(*folders)
    elif what == "capture" and len(folders) == 3:
        capture(*folders)
    elif what == "compare" and len(folders) == 2:
        sys.exit(compare(*folders) > 0)
    else:
        sys.exit(__doc__)
