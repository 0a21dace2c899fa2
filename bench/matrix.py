"""Do the chapters run on every Python that is promised, with the versions of `constraints/`? `make matrix`.

For each Python an environment of its own under build/versions, with the compiled constraints for it. In it every
chapter's solution is run by that environment's kernel, without the cells that train or draw unless ``--all``, and
every check must say "passed". A Python that is not on this machine was not tried, which counts as a failure.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.versions import KERNEL, VERSIONS, bounds, installed, run_chapters, said_by  # noqa: E402
from grader.course import Chapter, chapter, chapters  # noqa: E402

PYTHONS = ("python3.11", "python3.12", "python3.13")
NUMBER = "import sys; print('%d%d' % sys.version_info[:2])"


def constraints_for(number: str) -> Path:
    """Return the compiled constraints of a Python such as "312"; SystemExit if there are none."""
    file = ROOT / "constraints" / f"py{number}.txt"
    if not file.is_file():
        raise SystemExit(f"There is no {file.relative_to(ROOT)}: run `make constraints` first.")
    return file


def make_environment(python: str) -> Path:
    """Make an environment of this Python with its constraints, or take an earlier run's; return its Python."""
    number = said_by(Path(python), NUMBER)
    held = constraints_for(number)
    asked = ["--quiet", "--disable-pip-version-check", "-c", str(held), "-e", f"{ROOT}[lessons]"]
    return installed(f"py{number}", python, asked, also=[held.read_text(encoding="utf-8")])


def try_python(python: str, lessons: Iterable[Chapter], quick: bool) -> bool:
    """Run the chapters on one Python and print a line for each; return whether all passed."""
    found = shutil.which(python)
    if found is None:
        print(f"{python}: not on this machine, so not tried", flush=True)
        return False
    own = make_environment(found)
    assert said_by(own, KERNEL).startswith(str(own.parents[1])), "the kernel is another environment's"
    print(f"Python {said_by(own, 'import platform; print(platform.python_version())')}: ", end="")
    print(said_by(own, VERSIONS, *bounds()), flush=True)
    return run_chapters(own, lessons, quick)


def main(words: list[str] | None = None) -> int:
    """Try the Pythons that are named; 1 if a chapter failed on one of them, or if one is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pythons", nargs="*", default=list(PYTHONS), help=f"default: {', '.join(PYTHONS)}")
    parser.add_argument("--all", action="store_true", help="also run the cells that train or draw")
    parser.add_argument("--chapter", help="one chapter alone, by its folder, its number or its part")
    asked = parser.parse_args(words)
    lessons = [chapter(asked.chapter)] if asked.chapter else list(chapters())
    failed = sum(not try_python(python, lessons, not asked.all) for python in asked.pythons)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
