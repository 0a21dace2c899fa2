"""What is measured, by which command, and the file in which the result is kept."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "bench" / "results"
FILE = "FILE"  # in a command: the path of a temporary file that it writes its JSON to


class Measurement(NamedTuple):
    """A command that measures: its words after ``python``, and what of its JSON is kept."""

    words: tuple[str, ...]
    kept: Callable[[Any], Any]

    @property
    def command(self) -> str:
        """The command as a reader types it."""
        return " ".join(("python", *(word for word in self.words if word not in ("--json", "-", FILE))))


def _dqn(found: Any) -> Any:
    keys = ("name", "reached", "runs", "median_seconds")
    return [{key: row[key] for key in keys} for row in found["rows"]]


def _ddpg(found: Any) -> Any:
    return {
        name: {"runs": len(runs), "median_seconds": float(np.median([run["seconds"] for run in runs]))}
        for name, runs in found.items()
    }


def _class(found: Any) -> Any:
    """The five ways to grade; the rows on how the cost grows are left to the command's own table."""
    return [{key: run[key] for key in ("who", "notebooks", "seconds")} for run in found[:5]]


def _attacks(found: Any) -> Any:
    return {"attacks": found["attacks"], "breaks": len(found["breaks"])}


def _audit(found: Any) -> Any:
    return {key: found[key] for key in ("exercises", "mutants", "killed", "named", "alternatives", "accepted")}


MEASUREMENTS = {
    "class": Measurement(("bench/bench_class.py", "--json", FILE), _class),
    "dqn": Measurement(("bench/bench_dqn.py", "--json"), _dqn),
    "ddpg": Measurement(("bench/bench_ddpg.py", "--json", "-"), _ddpg),
    "audit": Measurement(("-m", "grader", "audit", "--json"), _audit),
    "redteam": Measurement(("-m", "grader", "redteam", "--json"), _attacks),
    "redteam-stock": Measurement(("-m", "grader", "redteam", "--stock", "--json"), _attacks),
}


def measure(name: str, folder: Path = FOLDER) -> Path:
    """Run a measurement's command and write what it found to its file.

    Raises
    ------
    RuntimeError
        With the command's last lines, if it prints no JSON. Nothing is written then.
    """
    wanted, circumstances = MEASUREMENTS[name], _circumstances()  # the commit that is measured, not one made meanwhile
    with tempfile.TemporaryDirectory() as place:
        to = Path(place) / "found.json"
        words = [str(to) if word == FILE else word for word in wanted.words]
        run = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True, check=False)
        text = to.read_text(encoding="utf-8") if to.exists() else run.stdout
    try:
        kept = wanted.kept(json.loads(text))
    except (ValueError, KeyError, TypeError) as unusable:
        said = "\n".join((run.stderr or run.stdout).splitlines()[-5:])
        raise RuntimeError(
            f"{wanted.command} ended with {run.returncode} and without usable JSON:\n{said}"
        ) from unusable
    file = folder / f"{name}.json"
    folder.mkdir(parents=True, exist_ok=True)
    record = {"command": wanted.command, **circumstances, "result": kept}
    file.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return file


def _circumstances() -> dict[str, Any]:
    """Return the date, the commit and the machine."""
    commit = _git("rev-parse", "--short=12", "HEAD") + (
        " with changes" if _git("status", "--porcelain", "-uno") else ""
    )
    machine = {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load before": round(os.getloadavg()[0], 1),
    }
    return {"date": datetime.now(UTC).date().isoformat(), "commit": commit, "machine": machine}


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def results() -> dict[str, Any]:
    """Return every record there is, by name."""
    files = {name: FOLDER / f"{name}.json" for name in MEASUREMENTS}
    return {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items() if file.exists()}
