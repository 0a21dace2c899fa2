"""`gradschool doctor`: each trouble is one clear sentence, and what can be mended is mended by the command it names."""

from __future__ import annotations

import gc
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel

from grader.course import ROOT
from gradschool.student import environment_check, packages, setup_cell
from gradschool.student.environment_check import as_text, examine, report
from gradschool.student.packages import CheckItem


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log of checks of its own, and no other Python asked; `test_the_command_answers_in_ascii` asks for real."""
    monkeypatch.setenv("GRADSCHOOL_STATE_FILE", str(tmp_path / "state" / "progress.jsonl"))
    monkeypatch.setattr(packages, "import_failures", none_fails)


REALLY_ASK = packages.import_failures


def none_fails(_: Sequence[str]) -> dict[str, str]:
    """Every package can be imported: no other Python is asked."""
    return {}


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
    found = list(packages.packages(none_fails))
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
    assert bad(list(packages.packages(none_fails))) == []


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
    assert found.sentence == "Jupyter has no kernel named python3, which the lessons need."
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
    assert found.remedy[:5] == (sys.executable, "-m", "pip", "install", "--force-reinstall")
    assert found.remedy[-1] == "matplotlib>=3.9"
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
        "JupyterLab lacks the Validate button (@jupyter/nbgrader).",
        "JupyterLab has the Validate button (@jupyter/nbgrader) switched off.",
        "JupyterLab lacks the lessons' buttons and fields (@jupyter-widgets/jupyterlab-manager).",
        "JupyterLab lacks the live figures (anywidget).",
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
    text = file.read_text(encoding="utf-8")
    assert "from gradschool.rl.nets.torch_mlp import tanh_net" in text
    text = text.replace(
        "from gradschool.rl.nets.torch_mlp import tanh_net", "from gradschool.rl.nets.torch_mlp import relu_net"
    )
    file.write_text(encoding="utf-8", data=text.replace('check(\\"chain.relu_vjp\\"', 'check(\\"chain.gelu_vjp\\"'))
    (wrong,) = bad(list(environment_check.lessons(tmp_path / "course")))
    assert "chain.gelu_vjp, gradschool.rl.nets.torch_mlp.relu_net, which gradschool" in wrong
    assert "No lessons in" in bad(list(environment_check.lessons(tmp_path)))[0]


def test_another_gradschool_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert bad(list(packages.imported_from())) == []
    (tmp_path / "gradschool" / "course").mkdir(parents=True)  # the unpacked release: harmless
    assert bad(list(packages.imported_from())) == []
    (tmp_path / "gradschool.py").touch()
    assert "hides the package from notebooks" in bad(list(packages.imported_from()))[0]


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
    assert "2 to fix; `gradschool doctor --fix` runs the commands above." in capsys.readouterr().out
    assert report(fix=True, run=run) == 0
    assert ran == [("mend", "it")]
    assert capsys.readouterr().out.splitlines()[0] == "Fixing: mend it"
    state["mended"] = False
    assert report(fix=True, run=lambda _: 1) == 1
    assert "that did not work" in capsys.readouterr().out


def test_a_look_that_breaks_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Path) -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr(environment_check, "kernel_imports", broken)
    found = examine(str(ROOT / "course"))
    assert bad(found) == ["Looking further failed: RuntimeError: odd"]
    assert len(found) > 8


def old_gymnasium(monkeypatch: pytest.MonkeyPatch, version: str = "1.2.3") -> None:
    """Gymnasium of another version than asked for is installed, until pip has run."""
    real = importlib.metadata.version
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version if name == "gymnasium" else real(name))


@pytest.mark.parametrize("file", sorted((ROOT / "course").glob("*/*.ipynb")), ids=lambda f: f.parent.name)
def test_the_first_cell_installs_the_release_where_it_is_missing_and_else_does_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    cells = [c for c in json.loads(file.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]
    assert cells[0]["metadata"]["nbgrader"]["grade_id"] == "setup"
    assert cells[0]["metadata"]["nbgrader"]["locked"]
    source = "".join(cells[0]["source"])
    ran: list[Sequence[str]] = []
    monkeypatch.setattr(subprocess, "call", lambda command: ran.append(command) or 0)
    exec(source, {})
    assert (ran, capsys.readouterr().out) == ([], "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    exec(source, {})
    assert [command[-2:] for command in ran] == [["--no-deps", "gradschool.zip"]]
    assert capsys.readouterr().out == "Grad School is installed.\n"
    monkeypatch.setattr(subprocess, "call", lambda command: 1)
    exec(source, {})
    assert "Put gradschool.zip beside this notebook" in capsys.readouterr().out


def test_the_first_cell_asks_for_the_bounds_where_an_older_version_is_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """On Colab: the old Gymnasium is replaced, and a kernel that has imported it must be restarted."""
    old_gymnasium(monkeypatch)
    ran: list[Sequence[str]] = []
    monkeypatch.setitem(sys.modules, "gymnasium", sys)

    def pip(command: Sequence[str]) -> int:
        ran.append(command)
        old_gymnasium(monkeypatch, "1.3.0")
        return 0

    setup_cell.complete(installed_now=True, run=pip)
    assert [command[5:] for command in ran] == [("gymnasium[classic-control,toy-text]>=1.3",)]
    said = capsys.readouterr().out
    assert "gymnasium 1.2.3 is installed, and >=1.3 is needed." in said
    assert "Installed gymnasium 1.3.0. This kernel still uses the earlier gymnasium. Restart the kernel now" in said
    old_gymnasium(monkeypatch)
    monkeypatch.delitem(sys.modules, "gymnasium")
    setup_cell.complete(installed_now=True, run=pip)
    assert "Installed gymnasium 1.3.0. Grad School is installed." in capsys.readouterr().out
    old_gymnasium(monkeypatch)
    setup_cell.complete(installed_now=True, run=lambda _: 1)
    assert "could not be installed" in capsys.readouterr().out


def test_elsewhere_the_first_cell_installs_nothing_and_names_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    old_gymnasium(monkeypatch)
    monkeypatch.setattr(setup_cell, "is_interactive", lambda: True)
    setup_cell.complete(run=lambda _: pytest.fail("installed something"))
    said = capsys.readouterr().out
    assert "gymnasium 1.2.3 is installed, and >=1.3 is needed." in said
    assert "-m gradschool doctor --fix` mends it." in said


def test_where_all_is_well_the_first_cell_imports_torch_and_garbage_is_collected_again() -> None:
    program = "import gc, sys; from gradschool.student import setup_cell; setup_cell.complete()"
    asked = f"{program}; print('torch' in sys.modules, gc.isenabled(), gc.get_freeze_count() > 10_000)"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True True True\n", "")


def test_a_torch_that_is_broken_is_told_by_the_cell_that_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch")
    monkeypatch.setattr(
        setup_cell.importlib, "import_module", lambda name: pytest.fail(name) if gc.isenabled() else 1 / 0
    )
    setup_cell.import_torch()
    assert gc.isenabled()


def test_a_package_that_is_installed_and_broken_is_not_good() -> None:
    found = list(packages.packages(lambda names: {"torch": "ImportError: libcudart.so.12: cannot open"}))
    assert bad(found)[0].startswith("torch ")
    assert "is installed and cannot be imported (ImportError: libcudart.so.12" in bad(found)[0]
    (remedy,) = [f.remedy for f in found if not f.good]
    assert remedy[4:] == ("--force-reinstall", "--no-cache-dir", "torch>=2.4")
    assert not any("torch" in f.sentence for f in found if f.good)


def test_packages_are_asked_for_only_where_no_kernel_has_imported_them(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {"torch": "ImportError: libcudart.so.12: cannot open"}
    monkeypatch.setattr(packages, "import_failures", lambda names: broken)
    for kernels, expected in ((CheckItem(True, "Kernels do."), []), (CheckItem(False, "No."), ["No.", "torch"])):
        monkeypatch.setattr(environment_check, "kernel_imports", lambda _, found=kernels: iter((found,)))
        said = bad(examine(str(ROOT / "course")))
        assert sorted(sentence.partition(" ")[0] for sentence in said) == expected


def test_a_python_of_its_own_is_asked_what_can_be_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_here.py").write_text("raise OSError('a library ä')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    failed = REALLY_ASK(["json", "broken_here", "gone_here"])
    assert failed["broken_here"] == "OSError: a library ä"
    assert set(failed) == {"broken_here", "gone_here"}


def test_gradschool_is_never_asked_of_an_index() -> None:
    """A package of that name on an index would be somebody else's."""
    sentence = "cannot import gradschool.check (ModuleNotFoundError: No module named 'gradschool')"
    assert packages.remedy_for("gradschool", sentence, sys.executable)[4:] == ("-e", f"{ROOT}[lessons]")


def test_commands_can_be_pasted_into_a_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without quotes a shell would make a file named =1.3; with them it sees the words that were meant."""
    words = [sys.executable, "-c", "import sys; print(sys.argv[1:])", "gymnasium[toy-text]>=1.3", "a b"]
    ill = CheckItem(False, "Old.", tuple(words))
    line = as_text([ill]).splitlines()[1].strip()
    done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "['gymnasium[toy-text]>=1.3', 'a b']"
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(packages.os, "name", "nt")
    assert packages.shell_line(["pip", "install", "numpy>=2.0"]) == 'pip install "numpy>=2.0"'


def test_what_cannot_be_read_is_not_well(tmp_path: Path) -> None:
    lesson = tmp_path / "course" / "01-loss-as-chain-rule" / "lesson.ipynb"
    lesson.parent.mkdir(parents=True)
    for content in (b"{", b"[]", '{"cells": []}'.encode("utf-16"), b'{"x": "\xff"}'):
        lesson.write_bytes(content)
        (said,) = bad(list(environment_check.lessons(tmp_path / "course")))
        assert f"{lesson} cannot be read: it" in said
    lesson.write_bytes(b'\xef\xbb\xbf{"cells": []}')
    assert bad(list(environment_check.lessons(tmp_path / "course"))) == []


def test_a_lesson_of_another_release_is_not_well(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "course" / "01-loss-as-chain-rule", tmp_path / "01-loss-as-chain-rule")
    (file,) = tmp_path.glob("*/*.ipynb")
    notebook = json.loads(file.read_text(encoding="utf-8"))
    notebook["metadata"]["gradschool_lesson"]["release"] = "0123456789abcdef"
    file.write_text(json.dumps(notebook), encoding="utf-8")
    (said,) = bad(list(environment_check.lessons(tmp_path)))
    assert "is of another release than this gradschool" in said


def test_lessons_of_one_checkout_with_the_package_of_another(tmp_path: Path) -> None:
    (tmp_path / "src" / "gradschool").mkdir(parents=True)
    (tmp_path / "src" / "gradschool" / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "gradschool"\n', encoding="utf-8")
    (said,) = bad(list(packages.imported_from(tmp_path / "course")))
    assert f"The lessons stand in {tmp_path}" in said
    assert bad(list(packages.imported_from(ROOT / "course"))) == []


def test_a_missing_library_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'jupyter_client'", name="jupyter_client")

    monkeypatch.setattr(environment_check, "kernel", gone)
    monkeypatch.setattr(environment_check, "kernel_imports", gone)
    monkeypatch.setattr(environment_check, "packages", lambda _: iter(()))
    assert bad(examine(str(ROOT / "course"))) == [
        "jupyter_client is missing, so that not everything could be looked at."
    ]


@pytest.mark.slow
def test_the_command_answers_in_ascii() -> None:
    """A terminal and a disk whose encoding is ASCII: the lessons are read as UTF-8 all the same."""
    env = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    command = [sys.executable, "-m", "gradschool", "doctor", "--course", str(ROOT / "course")]
    done = subprocess.run(command, capture_output=True, env=env)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode("ascii").rstrip().endswith("All is well.")
