"""Does every lesson run on the oldest and on the newest versions of its packages? `make versions`.

For each set an environment of its own under build/versions: the student package with its packages at their lower bounds
(``oldest``) or as new as can be had (``newest``), within constraints.txt. In it every chapter's solution notebook is
run by that environment's kernel, training and figures too (``--quick``: without), and every check must say "passed".
Last, what Binder would do (postBuild) is done there, and nbgrader's Validate must be all that is left of its pages.

A lower bound that a package index does not have is said in the report, and stands for nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from grader.course import Chapter, chapter, chapters  # noqa: E402
from grader.notebooks.source import EXPERIMENT_TAG, source_notebook  # noqa: E402

FOLDER = ROOT / "build" / "versions"
PIP = ("--quiet", "--disable-pip-version-check", "-c", str(ROOT / "constraints.txt"))
REQUIREMENT = re.compile(r"(?P<name>[\w-]+)(?P<extras>\[[^\]]*\])?>=(?P<bound>[\d.]+)")
# Run by the environment's own Python, which knows nothing of the grader.
RUN = """
import sys, nbformat
from nbclient import NotebookClient
notebook = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(notebook, timeout=900, kernel_name="python3").execute()
checks = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") and c.source.startswith("check(")]
said = ["".join(o.get("data", {}).get("text/plain", o.get("text", "")) for o in c.outputs) for c in checks]
wrong = [c.source for c, text in zip(checks, said) if ": passed" not in text]
sys.exit(f"not passed: {wrong}" if wrong or not checks else 0)
"""
VERSIONS = "import sys, importlib.metadata as m; print(' '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
KERNEL = "import jupyter_client as j; print(j.KernelManager(kernel_name='python3').format_kernel_cmd()[0])"


def bounds() -> dict[str, tuple[str, str]]:
    """What pyproject.toml asks for: name -> (extras, lower bound)."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["lessons"]]
    return {m["name"]: (m["extras"] or "", m["bound"]) for m in map(REQUIREMENT.fullmatch, asked) if m}


def pins(which: str, fixed: dict[str, str]) -> list[str]:
    """What to ask pip for. ``fixed`` are versions of constraints.txt: a bound below them cannot be had beside it."""
    if which == "newest":
        return [f"{name}{extras}" for name, (extras, _) in bounds().items()]
    return [f"{n}{extras}=={fixed.get(n, bound)}" for n, (extras, bound) in bounds().items()]


def constraints() -> dict[str, str]:
    """constraints.txt: name -> version."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))


def make_environment(which: str) -> Path:
    """An environment with this set, or the one that an earlier run made of the same; its Python."""
    return installed(which, sys.executable, [*PIP, "-e", f"{ROOT}[lessons]", *pins(which, constraints())])


def installed(name: str, base: str, asked: Sequence[str], also: Sequence[str] = ()) -> Path:
    """An environment of the Python ``base`` with what pip is asked for, or an earlier run's of the same; its Python.

    ``also`` is what the environment depends on besides, such as the text of a file that is named.
    """
    python, stamp = FOLDER / name / "bin" / "python", FOLDER / name / "asked-for"
    wanted = "\n".join([*asked, *also])
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    subprocess.run([base, "-m", "venv", "--clear", str(FOLDER / name)], check=True)
    done = subprocess.run([str(python), "-m", "pip", "install", *asked], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name}: pip could not install this set:\n{done.stderr.strip()[-2000:]}")
    stamp.write_text(wanted, encoding="utf-8")
    return python


def run_chapter(python: Path, lesson: Chapter, quick: bool) -> str:
    """Run one chapter's solution in this environment: "" if all is well, else what went wrong."""
    notebook = source_notebook(lesson)
    if quick:
        notebook.cells = [c for c in notebook.cells if EXPERIMENT_TAG not in c.metadata.get("tags", [])]
    file = python.parents[1] / f"{lesson.notebook}.ipynb"
    file.write_text(json.dumps(notebook), encoding="utf-8")
    done = subprocess.run([str(python), "-c", RUN, str(file)], capture_output=True, text=True, cwd=file.parent)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it failed"])[-1][:300]


def run_chapters(python: Path, lessons: Iterable[Chapter], quick: bool) -> bool:
    """Run chapters in this environment and print a line for each; whether all passed."""
    healthy = True
    for one in lessons:
        start, cpu = time.monotonic(), children_cpu()
        trouble = run_chapter(python, one, quick)
        healthy &= not trouble
        took = f"{time.monotonic() - start:.0f} s, {children_cpu() - cpu:.0f} s of CPU"
        print(f"  {'FAIL' if trouble else 'pass'} {one.assignment_id} in {took} {trouble}", flush=True)
    return healthy


def said_by(python: Path, program: str, *words: str) -> str:
    """What a line of Python says in this environment."""
    return subprocess.run(
        [str(python), "-c", program, *words], capture_output=True, text=True, check=True
    ).stdout.strip()


def as_on_binder(python: Path) -> str:
    """Run postBuild in this environment: "" if Validate stays and the instructor's pages go, else what went wrong."""
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "JUPYTER_CONFIG_DIR": str(python.parents[1] / "no-config")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, capture_output=True, text=True, env=env, cwd=ROOT)

    done = run(str(ROOT / "postBuild"))
    if done.returncode:
        return f"postBuild: {(done.stdout + done.stderr).strip()[-300:]}"
    listed = run("jupyter", "server", "extension", "list")
    stands = dict(
        re.findall(r"nbgrader\.server_extensions\.(\w+) \S*(enabled|disabled)", listed.stdout + listed.stderr)
    )
    return (
        "" if stands.get("validate_assignment") == "enabled" and stands.get("formgrader") != "enabled" else str(stands)
    )


def children_cpu() -> float:
    """CPU seconds of all that this process has started and waited for: on a busy machine the clock says little."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def try_set(which: str, asked: Sequence[Chapter], quick: bool) -> bool:
    """Make one set and try these chapters in it; whether all of it passed."""
    start = time.monotonic()
    python = make_environment(which)
    assert said_by(python, KERNEL).startswith(str(FOLDER / which)), "the kernel is another environment's"
    print(
        f"{which}: {said_by(python, VERSIONS, *bounds())} (installed in {time.monotonic() - start:.0f} s)", flush=True
    )
    if which == "oldest":
        for name, version in constraints().items():
            if name in bounds() and bounds()[name][1] != version:
                print(
                    f"  {name}: constraints.txt holds it at {version}, so its bound {bounds()[name][1]} was not tried"
                )
    healthy = run_chapters(python, asked, quick)
    trouble = as_on_binder(python)
    print(f"  {'FAIL' if trouble else 'pass'} postBuild {trouble}", flush=True)
    return healthy and not trouble


def main() -> int:
    """Try the sets that were asked for; 1 if a chapter failed on one of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sets", nargs="*", default=["oldest", "newest"], help="oldest, newest (default: both)")
    parser.add_argument("--quick", action="store_true", help="leave out cells that train or draw")
    parser.add_argument("--chapter", help="one chapter alone, by its folder, its number or its part")
    asked = parser.parse_args()
    lessons = [chapter(asked.chapter)] if asked.chapter else list(chapters())
    return 0 if sum(not try_set(which, lessons, asked.quick) for which in asked.sets) == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
