"""Classroom 50's runner starts this in a student's checkout. It installs what is missing and runs each check.

The score is what `check` says on a student's own machine: feedback, since this folder and its result are public.
"""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

HERE = Path(__file__).resolve().parent


def missing() -> list[str]:
    """Return the requirements of which no version is installed."""
    found = []
    for line in (HERE / "requirements.txt").read_text(encoding="utf-8").split():
        try:
            version(line.partition(">")[0].partition("[")[0])
        except PackageNotFoundError:
            found.append(line)
    return found


if __name__ == "__main__":
    if needed := missing():
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *needed], check=True)
    sys.path.insert(0, str(HERE / "package"))
    from gradschool.student.classroom50 import main

    sys.exit(main([str(HERE / "points.json")]))
