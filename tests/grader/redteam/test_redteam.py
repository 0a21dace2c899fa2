"""The public suite of attacks, a part of it on stock nbgrader, and the pages that an instructor opens."""

from __future__ import annotations

import ast
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nbformat
import pytest
from typer.testing import CliRunner

from grader.cli.main import app
from grader.course import ROOT, Chapter, CourseDirectory
from grader.errors import GraderError
from grader.redteam import container, run, stock_nbgrader
from grader.redteam.harness import attacks, lesson
from tests.support.browser import PATIENCE, chromium
from tests.support.commands import grader_here
from tests.support.container import needs_root

RUNNABLE = (
    "[...document.querySelectorAll('a[href]')].map(a => a.href).filter(h => /^(javascript|data|vbscript):/i.test(h))"
)


def test_every_attack_says_what_it_tries_and_is_a_program() -> None:
    found = attacks()
    assert len(found) >= 80
    assert {a.name.split("/")[0] for a in found} == {
        "forge",
        "steal",
        "notebook",
        "resources",
        "spread",
        "browser",
        "downloads",
    }
    for attack in found:
        assert 10 < len(attack.goal) < 160, attack.name
        ast.parse(attack.text.replace("@PORT@", "1"))


def test_a_lesson_that_does_not_grade_is_trouble_and_not_a_victory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the same work without an attack earns nothing, no attack can earn more: that must not look like safety."""
    assert "check" in lesson().cells[0].source
    monkeypatch.setattr(
        run, "run_attack", lambda attack, honest, config: run.Outcome("none", "", {"chain.maximise": 0.0})
    )
    with pytest.raises(GraderError, match="nothing could be learnt"):
        run.run(["forge/nan"])


@pytest.mark.slow
def test_no_attack_has_success() -> None:
    """All of them by the command, each with a kernel of its own, several at a time."""
    command = [sys.executable, "-m", "grader", "redteam", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    found = json.loads(done.stdout)
    assert (done.returncode, found["attacks"], found["breaks"]) == (0, len(attacks()), [])


def test_the_command_runs_what_was_asked_for_and_fails_with_a_break(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Sequence[str]] = []
    outcome = {"attack": "forge/nan", "breaks": ["2 points for chain.l2_gradient, where 0.2 were earned"]}

    def broken(only: Sequence[str], *_: object) -> dict[str, Any]:
        asked.append(only)
        return {"attacks": 1, "breaks": ["forge/nan: 2 points"], "outcomes": [outcome]}

    monkeypatch.setattr(run, "run", broken)
    done = CliRunner().invoke(app, ["redteam", "--only", "forge/nan", "--only", "steal/"])
    assert (asked, done.exit_code) == ([["forge/nan", "steal/"]], 1)
    assert "break: forge/nan: 2 points" in done.stdout


@pytest.mark.slow
def test_the_same_attacks_do_have_success_elsewhere() -> None:
    """The suite can fail: three attacks that stock nbgrader falls for, each of a student of its own in one class."""
    found = stock_nbgrader.run_class(["forge/patched_numpy", "notebook/skip_tag", "steal/environment"])
    assert found["forge/patched_numpy"] == ["2 points for chain-l2-gradient"]
    assert found["notebook/skip_tag"] == ["2 points for chain-l2-gradient"]
    assert [b.partition("-")[0] for b in found["steal/environment"]] == ["CANARY"]


@pytest.mark.slow
def test_without_namespaces_a_few_attacks_reach_as_far_as_is_known() -> None:
    """In a container without Landlock: files without end are stopped, and one attack shows that others are noticed."""
    needs_root()
    found = container.attack(["resources/inodes", "steal/system_accounts"], landlock=False)
    assert (found["attacks"], found["breaks"]) == (2, [])
    assert [line.partition(":")[0] for line in found["weaker"]] == ["steal/system_accounts"]
    # Stopped by the count of files (tests/grader/sandbox/test_holdings.py), or before it by the file system itself:
    # then its function goes on and returns a wrong answer, whose form earns a tenth of two points.
    earned = found["outcomes"][0]["earned"]
    assert (earned["chain.l2_gradient"] in {0.0, 0.2}, earned["chain.maximise"]) == (True, 4.0)


def test_where_the_suite_itself_fails_in_the_container_there_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    needs_root()
    monkeypatch.setattr(container, "_fill", lambda root: None)
    with pytest.raises(GraderError, match="did not run in the container"):
        container.attack(["forge/nan"])


@pytest.fixture(scope="module")
def pages(built: CourseDirectory, chain: Chapter, tmp_path_factory: pytest.TempPathFactory) -> CourseDirectory:
    """A class of one, who tries every attack on the browser in one notebook; graded, with feedback."""
    folder = tmp_path_factory.mktemp("pages")
    shutil.copytree(built.work, folder / "work")
    shutil.copytree(built.release, folder / "course")
    course = CourseDirectory(folder / "work", folder / "course")
    notebook = nbformat.read(course.release / chain.assignment_id / f"{chain.notebook}.ipynb", as_version=4)
    for attack in attacks("browser/"):
        if attack.on_file:
            space: dict = {}
            exec(compile(attack.text, attack.name, "exec"), space)
            space["tamper"](notebook)
        else:
            notebook.cells.append(nbformat.v4.new_code_cell(attack.text))
    evil = next(a for a in attacks("browser/markdown_cells"))
    for cell in notebook.cells:
        info = cell.metadata.get("nbgrader", {})
        if info.get("solution") and cell.cell_type == "markdown":
            cell.source = (
                ast.literal_eval(evil.text.split("evil = ")[1].split("\n    notebook")[0])[2]
                + "<img src=x onerror=pwned=1>"
            )
        elif info.get("grade_id") == "chain-l2-gradient-solution":
            cell.source = attacks("browser/printed_and_raised")[0].text
        elif info.get("grade_id") == "chain-relu-vjp-solution":
            cell.source = attacks("browser/keys_and_texts")[0].text.replace("l2_gradient(p, l)", "relu_vjp(p, l)")
    file = course.notebook_path(course.submitted, "mallory", chain)
    file.parent.mkdir(parents=True)
    nbformat.write(notebook, file)
    for words in (("autograde", "chain"), ("feedback", "chain")):
        done = grader_here(*words, course=course)
        assert done.returncode == 0, done.stderr + done.stdout
    return course


def browse(urls: list[str]) -> list[str]:
    """Open pages in real Chromium and click on every link and button of a student's; what ran, if anything."""
    ran: list[str] = []

    def dismiss(dialog: Any) -> None:
        ran.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    with chromium() as browser:
        for url in urls:
            page = browser.new_page()
            page.on("dialog", dismiss)
            page.goto(url, wait_until="domcontentloaded")
            page.wait_for_load_state("load", timeout=PATIENCE)
            page.wait_for_timeout(1500)  # what hides behind a timer gets its chance as well
            bad = page.evaluate(RUNNABLE)
            ran += [f"{url}: a link to {h}" for h in bad]
            for frame in page.frames:
                if frame.evaluate("window.pwned") is not None:
                    ran.append(f"{url}: window.pwned is {frame.evaluate('window.pwned')}")
            page.close()
    return ran


@pytest.mark.slow
def test_the_browser_test_itself_sees_what_runs(tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text("<img src=x onerror='window.pwned=1'><a href='javascript:1'>x</a>")
    assert len(browse([page.as_uri()])) == 2


@pytest.mark.slow
def test_feedback_runs_nothing_of_a_students(pages: CourseDirectory, chain: Chapter) -> None:
    file = pages.notebook_path(pages.feedback, "mallory", chain).with_suffix(".html")
    text = file.read_text()
    assert "window.pwned" in text, "the attacks are not on the page at all"
    assert browse([file.as_uri()]) == []


@pytest.fixture(scope="module")
def formgrader(pages: CourseDirectory) -> Iterator[str]:
    """nbgrader's own pages on that class, served by Jupyter; the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "GRADSCHOOL_WORK_DIR": str(pages.work), "GRADSCHOOL_RELEASE": str(pages.release)}
    command = [sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root", f"--port={port}"]
    command += [
        "--IdentityProvider.token=",
        "--ServerApp.disable_check_xsrf=True",
        "--ip=127.0.0.1",
        f"--notebook-dir={ROOT}",
    ]
    command += ["--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}"]
    server = subprocess.Popen(
        command, cwd=ROOT / "grader", env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(900):
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(120)


@pytest.mark.slow
def test_formgrader_runs_nothing_of_a_students(pages: CourseDirectory, chain: Chapter, formgrader: str) -> None:
    import urllib.request

    from nbgrader.api import Gradebook

    with Gradebook(pages.db_url, "gradschool") as book:
        name = book.find_submission_notebook(chain.notebook, chain.assignment_id, "mallory").id
    url = f"{formgrader}/formgrader/submissions/{name}/?index=0"
    text = urllib.request.urlopen(url).read().decode()
    assert "window.pwned" in text, "the attacks are not on the page at all: " + text[:500]
    assert browse([url]) == []
