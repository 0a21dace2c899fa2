"""In a real browser: check and Validate in JupyterLab; the button and hand marking in the formgrader."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import Browser, Page, expect, sync_playwright

from grader import sample_class
from grader.bank import entries
from grader.house import ROOT, Chapter, House

pytestmark = pytest.mark.slow

BIN = Path(sys.executable).parent
CHROMIUM = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
SHOTS = ROOT / "build" / "screenshots"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    SHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page; afterwards, nothing may have been written to its console as an error."""
    opened = browser.new_page(viewport={"width": 1300, "height": 1000})
    errors: list[str] = []
    opened.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda e: errors.append(str(e)))
    yield opened
    opened.close()
    # nbgrader's own page fetches MathJax from the net, which a machine without one cannot: no error of ours
    assert [e for e in errors if "ERR_NAME_NOT_RESOLVED" not in e and "MathJax" not in e] == []


def serve(folder: Path, cwd: Path, **env: str) -> Iterator[str]:
    """JupyterLab on a free port; yields its address with a query that lets the browser in."""
    with closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    words = [
        "lab",
        "--allow-root",
        "--no-browser",
        f"--notebook-dir={folder}",
        f"--port={port}",
        "--ServerApp.port_retries=0",
    ]
    words += ["--IdentityProvider.token=t", "--LabApp.expose_app_in_browser=True"]
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    config = tempfile.mkdtemp()
    own = {**os.environ, "PATH": path, "JUPYTER_CONFIG_DIR": config, **env}
    server = subprocess.Popen(
        [BIN / "jupyter", *words], cwd=cwd, env=own, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    address = f"http://localhost:{port}"
    try:
        _wait_for(f"{address}/api/status?token=t", server)
        yield address
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(config)


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        assert server.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.25)
    raise AssertionError("the server did not answer within a minute")


@pytest.fixture
def lab(built: House, chain: Chapter, tmp_path: Path) -> Iterator[str]:
    shutil.copytree(built.release, tmp_path / "course")
    yield from serve(tmp_path / "course", tmp_path / "course")


IN_LAB = "(() => {{ const nb = window.jupyterapp.shell.currentWidget.content; {} }})()"
FIND = "const at = nb.widgets.findIndex(c => (c.model.getMetadata('nbgrader') || {{}}).grade_id === '{name}');"


def write_and_run(page: Page, name: str, text: str | None = None) -> None:
    """Put text into a cell (as typing would) and run it (as Shift-Enter would)."""
    set_text = f"nb.widgets[at].model.sharedModel.setSource({text!r});" if text else ""
    page.evaluate(IN_LAB.format(FIND.format(name=name) + set_text + "nb.activeCellIndex = at;"))
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")


def card(page: Page, exercise: str):  # type: ignore[no-untyped-def]
    return page.locator(f"[aria-label='check of {exercise}']")


def test_a_student_gets_it_wrong_reads_why_mends_it_and_validates(lab: str, page: Page, chain: Chapter) -> None:
    page.goto(f"{lab}/lab/tree/{chain.name}/{chain.notebook}.ipynb?token=t&reset")
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function(
        "window.jupyterapp.shell.currentWidget?.context?.sessionContext?.session?.kernel?.status === 'idle'"
    )
    write_and_run(page, "imports")
    write_and_run(page, "chain-l2-gradient-solution", "def l2_gradient(p, l):\n    return l - p\n")
    write_and_run(page, "chain-l2-gradient")
    found = card(page, "chain.l2_gradient")
    expect(found).to_contain_text("not yet", timeout=60_000)
    expect(found).to_contain_text("the negative of what it should be")
    expect(found.locator("td").first).to_be_visible()
    page.screenshot(path=SHOTS / "student-wrong.png")
    write_and_run(page, "chain-l2-gradient-solution", "def l2_gradient(p, l):\n    return p - l\n")
    write_and_run(page, "chain-l2-gradient")
    expect(card(page, "chain.l2_gradient")).to_contain_text("passed", timeout=30_000)
    page.screenshot(path=SHOTS / "student-right.png")
    page.get_by_role("button", name="Validate").click()
    dialog = page.locator(".jp-Dialog").filter(has_text="Validation")
    expect(dialog).to_be_visible(timeout=120_000)
    expect(dialog).to_contain_text("chain.numerical_gradient")
    expect(dialog).not_to_contain_text('check("chain.l2_gradient"')
    page.screenshot(path=SHOTS / "student-validate.png")


@pytest.fixture
def desk(house: House, chain: Chapter) -> Iterator[tuple[str, House]]:
    """The formgrader on a class of which nothing has been graded."""
    sample_class.fill_class(house, chain, mistaken=1)
    for student in ("alternative", "alternative-2", "endless", "crash", "chatty", "damaged", "renamed", "untouched"):
        shutil.rmtree(house.submitted / student)
    file = house.notebook_path(house.submitted, "perfect", chain)
    notebook = nbformat.read(file, as_version=4)
    reflection = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "chain-reflection")
    reflection.source = "A gradient is how a loss asks.\n\n<script>window.harm = 1</script>"
    nbformat.write(notebook, file)
    env = {"GRADSCHOOL_WORK": str(house.work), "GRADSCHOOL_RELEASE": str(house.release)}
    for address in serve(ROOT, ROOT / "grader", **env):
        yield address, house


def test_the_formgraders_button_gives_the_same_marks_and_a_reflection_is_marked_by_hand(
    desk: tuple[str, House], page: Page, chain: Chapter
) -> None:
    address, house = desk
    page.goto(f"{address}/formgrader/manage_assignments?token=t")
    expect(page.get_by_text(chain.name).first).to_be_visible(timeout=30_000)
    page.goto(f"{address}/formgrader/manage_submissions/{chain.name}")
    for student in ("perfect", "mistaken-1"):
        row = page.locator("tr", has=page.get_by_text(student, exact=True))
        row.locator(".autograde a").click()
        expect(page.locator(".modal-dialog")).to_contain_text("Successfully", timeout=120_000)
        page.locator(".modal-dialog button", has_text="OK").click()
        expect(page.locator(".modal-dialog")).to_have_count(0)
    page.screenshot(path=SHOTS / "formgrader-autograded.png")
    with Gradebook(house.db_url) as gradebook:
        marks = {
            s.student_id: {g.name: g.auto_score for g in s.notebooks[0].grades}
            for s in gradebook.assignment_submissions(chain.name)
        }
        submitted = gradebook.find_submission_notebook(chain.notebook, chain.name, "perfect").id
    full = {e.exercise.grade_id: e.points for e in entries("chain").values()}
    assert marks["perfect"] == {**full, "chain-reflection": None}
    assert 0 < sum(v or 0 for v in marks["mistaken-1"].values()) < 0.2 * sum(full.values())
    page.goto(f"{address}/formgrader/submissions/{submitted}/")
    expect(page.get_by_text("Marking scheme").first).to_be_visible(timeout=30_000)
    page.wait_for_timeout(2000)  # the page fetches the marks there are, and would write over ours
    score = page.locator("#chain-reflection input.score, input.score[id]").last
    score.fill("5")
    score.press("Tab")
    page.wait_for_timeout(1500)
    page.screenshot(path=SHOTS / "formgrader-reflection.png")
    assert page.evaluate("window.harm") is None
    with Gradebook(house.db_url) as gradebook:
        assert gradebook.find_grade("chain-reflection", chain.notebook, chain.name, "perfect").manual_score == 5
