"""`gradschool doctor`: each trouble is one clear sentence, and what can be mended is mended by the command it names."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

from grader.course import ROOT
from gradschool.student import environment_check
from gradschool.student.environment_check import CheckItem, as_text, examine, report


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADSCHOOL_STATE_FILE", str(tmp_path / "state" / "progress.jsonl"))


def bad(found: Sequence[CheckItem]) -> list[str]:
    return [f.sentence for f in found if not f.good]


def test_this_installation_is_well() -> None:
    found = examine(str(ROOT / "course"))
    assert bad(found) == []
    assert len(found) >= 10
    assert as_text(found).endswith("All is well.")


def test_a_missing_and_an_old_package_are_named_with_the_command_that_mends_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name == "ipywidgets":
            raise importlib.metadata.PackageNotFoundError(name)
        return "1.26.4" if name == "numpy" else "2.9.1+cu128" if name == "torch" else real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    found = list(environment_check.packages())
    assert bad(found) == ["numpy 1.26.4 is installed, and >=2.0 is needed.", "ipywidgets is missing."]
    assert [f.remedy[-1] for f in found if not f.good] == ["numpy>=2.0", "ipywidgets>=8.1"]
    assert any("CUDA: larger than needed, and harmless" in f.sentence for f in found if f.good)


def test_extras_of_the_package_are_not_asked_of_a_student(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name in ("jupytext", "pytest", "typer"):
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert bad(list(environment_check.packages())) == []


def test_a_kernel_that_is_missing_or_another_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment_check._is_this_python(sys.executable)
    assert environment_check._is_this_python("python")
    other = tmp_path / "bin" / "python"
    other.parent.mkdir()
    other.touch()
    assert not environment_check._is_this_python(str(other))
    assert not environment_check._is_this_python(str(tmp_path / "gone" / "python"))

    def none(self: KernelSpecManager, name: str) -> None:
        raise NoSuchKernel(name)

    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", none)
    (found,) = environment_check.kernel()
    assert found.sentence == "Jupyter has no kernel named python3, which the lessons ask for."
    assert found.remedy[1:4] == ("-m", "ipykernel", "install")


def test_a_kernel_that_cannot_import_what_the_lessons_import_or_has_another_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel's own environment puts another folder before the packages, as a broken installation does."""
    for name, text in (("matplotlib", "raise ImportError('broken')"), ("gymnasium", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(text)
    course = tmp_path / "course"
    (course / "one").mkdir(parents=True)
    notebook = {"cells": [{"cell_type": "code", "source": ["import gymnasium\n", "import matplotlib.pyplot as plt"]}]}
    (course / "one" / "one.ipynb").write_text(json.dumps(notebook))
    spec = KernelSpec(argv=[sys.executable], env={"PYTHONPATH": str(tmp_path)})
    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", lambda self, name: spec)
    (found,) = environment_check.kernel_imports(course)
    assert found.sentence == "Kernels cannot import matplotlib.pyplot (ImportError: broken)."
    assert found.remedy == (sys.executable, "-m", "pip", "install", "matplotlib")
    shutil.rmtree(tmp_path / "matplotlib")
    (found,) = environment_check.kernel_imports(course)
    assert found.sentence.startswith(
        f"Kernels import gymnasium {importlib.metadata.version('gymnasium')} from {tmp_path}/gymn"
    )
    assert not found.remedy
    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", lambda self, name: KernelSpec(argv=[sys.executable]))
    (found,) = environment_check.kernel_imports(course)
    assert (found.good, found.sentence) == (True, "Kernels import what the lessons import, from where it is here.")


def test_what_jupyter_lacks_or_has_switched_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "etc"
    (config / "labconfig").mkdir(parents=True)
    switched_off = {"disabledExtensions": {"@jupyter/nbgrader": True}}
    (config / "labconfig" / "page_config.json").write_text(json.dumps(switched_off))
    (config / "jupyter_server_config.d").mkdir()
    switch = config / "jupyter_server_config.d" / "nbgrader.json"
    monkeypatch.setattr("jupyter_core.paths.jupyter_config_path", lambda: [str(config)])
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [str(tmp_path / "none")])
    assert bad(list(environment_check.extensions())) == [
        "JupyterLab lacks @jupyter/nbgrader.",
        "JupyterLab's extension @jupyter/nbgrader is switched off.",
        "JupyterLab lacks @jupyter-widgets/jupyterlab-manager.",
        "nbgrader's Validate button is not known to Jupyter.",
    ]
    for on, word in ((False, "is switched off"), (True, "is switched on")):
        switch.write_text(json.dumps({"ServerApp": {"jpserver_extensions": {environment_check.VALIDATE: on}}}))
        *_, last = environment_check.extensions()
        assert (last.good, last.sentence) == (on, f"nbgrader's Validate button {word}.")


def test_a_folder_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state").write_text("a file in the way")
    (tmp_path / "course").mkdir()
    found = list(environment_check.writable(tmp_path / "course"))
    assert [f.good for f in found] == [True, False]
    assert found[1].sentence.startswith("Progress cannot be saved in")


def test_lessons_of_another_release(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "course", tmp_path / "course")
    file = tmp_path / "course" / "01-loss-as-chain-rule" / "loss_as_chain_rule.ipynb"
    text = file.read_text()
    assert "from gradschool.rl.nets.torch_mlp import tanh_net" in text
    text = text.replace(
        "from gradschool.rl.nets.torch_mlp import tanh_net", "from gradschool.rl.nets.torch_mlp import relu_net"
    )
    file.write_text(text.replace('check(\\"chain.relu_vjp\\"', 'check(\\"chain.gelu_vjp\\"'))
    (wrong,) = bad(list(environment_check.lessons(tmp_path / "course")))
    assert "chain.gelu_vjp, gradschool.rl.nets.torch_mlp.relu_net, which gradschool" in wrong
    assert "No lessons in" in bad(list(environment_check.lessons(tmp_path)))[0]


def test_another_gradschool_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert bad(list(environment_check.imported_from())) == []
    (tmp_path / "gradschool" / "course").mkdir(parents=True)  # the unpacked release: harmless
    assert bad(list(environment_check.imported_from())) == []
    (tmp_path / "gradschool.py").touch()
    assert "hides the package from notebooks" in bad(list(environment_check.imported_from()))[0]


def test_fix_runs_each_remedy_once_and_looks_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    ill = [CheckItem(False, "One is missing.", ("mend", "it")), CheckItem(False, "So is two.", ("mend", "it"))]
    state = {"mended": False}
    monkeypatch.setattr(environment_check, "examine", lambda _: [] if state["mended"] else ill)
    ran: list[Sequence[str]] = []

    def run(command: Sequence[str]) -> int:
        ran.append(command)
        state["mended"] = True
        return 0

    assert report(fix=False, run=run) == 1
    assert ran == []
    assert "2 to mend; `gradschool doctor --fix` runs the commands above." in capsys.readouterr().out
    assert report(fix=True, run=run) == 0
    assert ran == [("mend", "it")]
    assert capsys.readouterr().out.splitlines()[0] == "Mending: mend it"
    state["mended"] = False
    assert report(fix=True, run=lambda _: 1) == 1
    assert "that did not work" in capsys.readouterr().out


def test_a_look_that_breaks_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr(environment_check, "kernel", broken)
    found = examine(str(ROOT / "course"))
    assert bad(found) == ["Looking further failed: RuntimeError: odd"]
    assert len(found) > 8


@pytest.mark.slow
def test_the_command_answers_in_a_terminal() -> None:
    command = [sys.executable, "-m", "gradschool", "doctor", "--course", str(ROOT / "course")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.rstrip().endswith("All is well.")


@pytest.mark.parametrize("file", sorted((ROOT / "course").glob("*/*.ipynb")), ids=lambda f: f.parent.name)
def test_the_first_cell_installs_the_release_where_it_is_missing_and_else_does_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    cells = [c for c in json.loads(file.read_text())["cells"] if c["cell_type"] == "code"]
    assert cells[0]["metadata"]["nbgrader"]["grade_id"] == "setup"
    assert cells[0]["metadata"]["nbgrader"]["locked"]
    source = "".join(cells[0]["source"])
    ran: list[Sequence[str]] = []
    monkeypatch.setattr(subprocess, "call", lambda command: ran.append(command) or 0)
    exec(source, {})
    assert (ran, capsys.readouterr().out) == ([], "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    exec(source, {})
    assert [command[-1] for command in ran] == ["gymnasium[classic-control,toy-text]", "gradschool.zip"]
    assert capsys.readouterr().out == "Grad School is installed.\n"
    monkeypatch.setattr(subprocess, "call", lambda command: 1)
    exec(source, {})
    assert "Put gradschool.zip beside this notebook" in capsys.readouterr().out
