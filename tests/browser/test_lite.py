"""The lessons as a JupyterLite site, in Chromium without a network: the first card, work that is kept, the buttons."""

from __future__ import annotations

import functools
import json
import re
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from os import PathLike
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from grader.course import ROOT, CourseDirectory, lessons
from grader.errors import GraderError
from grader.publish.lite import lite
from grader.publish.lite_parts import Parts, bring
from tests.support.browser import OWN, PATIENCE, POLLING, chromium, shoot
from tests.support.programs import cannot

pytestmark = pytest.mark.slow

CHAPTER = "01-loss-as-chain-rule/loss_as_chain_rule.ipynb"
REPOSITORY = "school/grad"


class _Quiet(SimpleHTTPRequestHandler):
    def guess_type(self, path: str | PathLike[str]) -> str:
        kinds = {".mjs": "text/javascript", ".wasm": "application/wasm"}
        return kinds.get(Path(path).suffix) or super().guess_type(path)

    def log_message(self, *_: object) -> None:
        pass


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a page that is left breaks off what it was loading."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder as any web server would; yield its address."""
    server = _Server(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def parts() -> Parts:
    try:
        return bring(ROOT / "build" / "lite" / "parts", offline=True)
    except GraderError as missing:
        return cannot(str(missing))


@pytest.fixture(scope="module")
def site(parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> Path:
    to = tmp_path_factory.mktemp("lite") / "site"
    course = CourseDirectory(work=to.parent, release=ROOT / "course")
    lite(course, lessons(), to, parts, repository=REPOSITORY)
    config = to / "jupyter-lite.json"
    settings = json.loads(config.read_text())
    settings["jupyter-config-data"]["exposeAppInBrowser"] = True  # the test asks the page what its kernel is doing
    config.write_text(json.dumps(settings))
    return to


def test_the_site_holds_what_a_student_installs_and_nothing_of_the_grader(site: Path) -> None:
    files = [f.relative_to(site).as_posix() for f in site.rglob("*") if f.is_file()]
    assert sorted(f for f in files if f.endswith(".ipynb") and f.startswith("files/")) == [
        f"files/{c.assignment_id}/{c.notebook}.ipynb" for c in lessons() if c.key in ("chain", "dqn", "ddpg", "next")
    ]
    for wheel in (site / "wheels").glob("*.whl"):
        inside = zipfile.ZipFile(wheel).namelist()
        assert not [name for name in inside if name.split("/")[0] in ("grader", "solutions", "tests")]
    assert not [name for name in files if "solution" in name or name.endswith(".map")]
    for chapter in (site / "files").rglob("*.ipynb"):
        released = ROOT / "course" / chapter.relative_to(site / "files")
        assert chapter.read_bytes() == released.read_bytes()


ACTIVE = "window.jupyterapp?.shell.currentWidget"
IDLE = f"""() => {{
    const panel = {ACTIVE}, kernel = panel?.context?.sessionContext?.session?.kernel;
    return kernel?.status === 'idle'
        && ![...panel.node.querySelectorAll('.jp-InputPrompt')].some(p => p.textContent.includes('*'));
}}"""
RUN = f"""async text => {{
    const run = name => window.jupyterapp.commands.execute('notebook:' + name), book = {ACTIVE}.content;
    await run('insert-cell-below');
    book.activeCell.model.sharedModel.setSource(text);
    await run('run-cell');
}}"""
FIRST = f"""() => {{
    const book = {ACTIVE}.content;
    book.activeCellIndex = book.widgets.findIndex(cell => cell.model.type === 'code');
}}"""
KEPT = f"() => {ACTIVE}?.content?.model?.sharedModel.cells.some(cell => cell.source.includes('my_own_line'))"


def opened(page: Page, address: str) -> None:
    page.goto(f"{address}/lab/index.html?path={CHAPTER}")
    page.wait_for_function(IDLE, timeout=3 * PATIENCE, polling=POLLING)


def run(page: Page, text: str) -> Locator:
    """Run a new cell with this text, and return the place below it, where what it shows comes."""
    page.evaluate(RUN, text)
    page.wait_for_function(IDLE, timeout=PATIENCE, polling=POLLING)
    return page.locator(".jp-Cell.jp-mod-active .jp-Cell-outputArea")


def run_two_cells(page: Page) -> None:
    """Run the lesson's first cell, which prepares the page's Python, and its imports."""
    page.evaluate(FIRST)
    for _ in range(2):
        page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')")
        page.wait_for_function(IDLE, timeout=PATIENCE, polling=POLLING)


def test_a_lesson_runs_in_the_browser_without_a_network(site: Path) -> None:
    asked: list[str] = []
    misfits: list[str] = []  # extensions that were built for another JupyterLab: the browser's console tells

    def only_own(route: Route) -> None:
        if OWN.match(route.request.url):
            route.continue_()
        else:
            asked.append(route.request.url)
            route.abort()

    with served(site) as address, chromium() as browser:
        context = browser.new_context(viewport={"width": 1300, "height": 1000}, accept_downloads=True)
        context.set_default_timeout(PATIENCE)
        context.route("**/*", only_own)
        page = context.new_page()
        page.on("console", lambda said: misfits.append(said.text) if "atisf" in said.text else None)
        began = time.perf_counter()
        opened(page, address)
        run_two_cells(page)
        wrong = run(page, 'check("chain.l2_gradient", lambda p, l: (p - l) / len(p))')
        expect(wrong).to_contain_text("chain.l2_gradient: not yet")
        expect(wrong).to_contain_text("The result is 1/n of what it should be.")
        first_card = time.perf_counter() - began
        began = time.perf_counter()
        right = run(page, 'check("chain.l2_gradient", lambda p, l: p - l)')
        expect(right).to_contain_text("chain.l2_gradient: passed")
        print(f"first card after {first_card:.1f} s, the next after {time.perf_counter() - began:.1f} s")
        shoot(page, "lite-card")
        _what_lives(page)
        _what_needs_torch(page)
        _what_is_kept(page, address)
        context.close()
    assert not asked, asked
    assert not misfits, misfits  # "Unsatisfied version", "No satisfying version"


def _of_the_lesson(beginning: str) -> str:
    """Return the lesson's own cell in which a line begins so."""
    cells = json.loads((ROOT / "course" / CHAPTER).read_text())["cells"]
    texts = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return next(text for text in texts if f"\n{beginning}" in f"\n{text}")


def _what_lives(page: Page) -> None:
    """A live figure follows its slider; a guess goes to the page's Python and comes back as kept."""
    expect(run(page, _of_the_lesson("explore_chain("))).to_contain_text("As in the text: p = 5, L = 2")
    cell = page.locator(".jp-Cell.jp-mod-active")
    cell.locator("input[type=range]").first.fill("3.25")
    expect(cell.get_by_text("w = 3.25")).to_be_visible()
    shoot(page, "lite-live")
    run(page, _of_the_lesson("predict("))
    first = page.locator(".jp-Cell.jp-mod-active")
    first.get_by_label("Your number").first.fill("4")
    first.get_by_role("button", name="Keep my prediction").first.click()
    expect(first.get_by_text("Your prediction: 4.")).to_be_visible()


def _what_needs_torch(page: Page) -> None:
    card = run(page, 'check("chain.inject_gradient", lambda net, X, G: None)')
    expect(card).to_contain_text("PyTorch does not run in the browser")
    colab = re.compile(re.escape(f"/github/{REPOSITORY}/blob/HEAD/course/{CHAPTER}"))
    expect(card.locator("a", has_text="Open on Colab")).to_have_attribute("href", colab)
    said = run(page, "torch.tensor([1.0])")
    expect(said).to_contain_text("this cell uses torch.tensor")
    assert said.inner_text().count("\n") < 3
    expect(run(page, 'progress("chain")')).to_contain_text("1 of 14 exercises")


def _what_is_kept(page: Page, address: str) -> None:
    """The notebook is there on the next visit; the buttons give what was kept, and after a reset the first one."""
    run(page, "my_own_line = 1")
    page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    page.goto(f"{address}/lab/index.html?path={CHAPTER}")
    page.wait_for_function(KEPT)  # the next visit
    page.goto(address)
    first = page.locator("tr", has_text="Loss as chain rule")
    with page.expect_download() as kept:
        first.get_by_role("button", name="Download").click()
    assert "my_own_line" in Path(kept.value.path()).read_text()
    expect(page.get_by_role("status")).to_contain_text("as you saved it last")
    shoot(page, "lite-page")
    page.once("dialog", lambda dialog: dialog.accept())
    first.get_by_role("button", name="Reset").click()
    expect(page.get_by_role("status")).to_contain_text("as it was at first")
    with page.expect_download() as fresh:
        first.get_by_role("button", name="Download").click()
    released = json.loads((ROOT / "course" / CHAPTER).read_text())
    assert json.loads(Path(fresh.value.path()).read_text()) == released
