"""Support for browser tests: Debian's Chromium, a JupyterLab of their own, and the steps that a person takes in it.

A page that ends with errors on its console fails its test. Screenshots go to build/screenshots, to be looked at.
Tests wait for states and never for a while: a busy machine makes them slow, and does not make them fail. `PATIENCE` is
how long a state that never comes is waited for.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as TooLate

from grader.course import ROOT
from tests.support.programs import needs

BIN = Path(sys.executable).parent
PATIENCE = 180_000  # milliseconds
# Milliseconds between two looks at a state. Else the page looks before each of its frames, sixty times a second, and
# draws them: a notebook that waits for its kernel takes a whole core.
POLLING = 100
expect.set_options(timeout=PATIENCE)
SHOTS = ROOT / "build" / "screenshots"
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
# What `make lab` switches off: the news' pop-up stands in a student's way, and both ask the net.
SWITCHED_OFF = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}

OWN = re.compile(r"(https?|wss?)://(localhost|127\.0\.0\.1)[:/]|file:|data:|blob:|about:")
# Errors that are not ours, each with its reason. Anything else on the console fails a test.
ALLOWED: dict[str, str] = {}


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium without a window; where there is none, skip the test, or in CI fail it."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        needs(NAMES[0])
    SHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=FLAGS, timeout=PATIENCE)
        yield opened
        opened.close()


@contextmanager
def watched_page(browser: Browser, **settings: object) -> Iterator[Page]:
    """Open a page; in the end, fail if it wrote an error to its console, a script failed or it asked the net."""
    context = browser.new_context(viewport={"width": 1300, "height": 1000}, **settings)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    opened, errors = context.new_page(), []
    opened.on("console", lambda m: errors.append(f"{m.text} [{m.location['url']}]") if m.type == "error" else None)
    opened.on("pageerror", lambda e: errors.append(str(e)))
    opened.on("request", lambda r: None if OWN.match(r.url) else errors.append(f"asks {r.url}"))
    yield opened
    context.close()
    unexpected = [e for e in errors if not any(known in e for known in ALLOWED)]
    assert not unexpected, unexpected


def shoot(page: Page, name: str) -> None:
    """Save a screenshot of the page as it stands."""
    page.screenshot(path=SHOTS / f"{name}.png")


def pictures_are_read(pictures: Locator) -> None:
    """Wait until the browser knows every picture's size. A picture out of sight never completes: it loads lazily."""
    for picture in pictures.all():
        expect(picture).not_to_have_js_property("naturalWidth", 0)


# A figure sees its new width one frame later, and is drawn for it in the frame after that.
DRAWN = "() => new Promise(done => { const on = n => n ? requestAnimationFrame(() => on(n - 1)) : done(); on(3); })"
FITS = "width => innerWidth === width && document.documentElement.scrollWidth <= width"


def fits(page: Page, width: int, height: int = 900) -> None:
    """Make the window so wide, and wait until figures are drawn for it and nothing is wider than it."""
    page.set_viewport_size({"width": width, "height": height})
    page.evaluate(DRAWN)
    page.wait_for_function(FITS, arg=width)


@contextmanager
def jupyterlab(folder: Path, cwd: Path, **env: str) -> Iterator[str]:
    """Start JupyterLab on a free port, with settings of its own; yield its address."""
    with closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    words = ["lab", "--allow-root", "--no-browser", f"--notebook-dir={folder}", f"--port={port}"]
    words += ["--ServerApp.port_retries=0", "--IdentityProvider.token=t", "--LabApp.expose_app_in_browser=True"]
    with tempfile.TemporaryDirectory() as config:
        (labconfig := Path(config) / "labconfig").mkdir()
        (labconfig / "page_config.json").write_text(json.dumps(SWITCHED_OFF))
        own = {
            **os.environ,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "JUPYTER_CONFIG_DIR": config,
            "JUPYTERLAB_SETTINGS_DIR": f"{config}/settings",
            "JUPYTERLAB_WORKSPACES_DIR": f"{config}/workspaces",
            "GRADSCHOOL_STATE_FILE": f"{config}/progress",
            **env,
        }
        quiet = subprocess.DEVNULL
        server = subprocess.Popen([BIN / "jupyter", *words], cwd=cwd, env=own, stdout=quiet, stderr=quiet)
        try:
            _wait_for(f"http://localhost:{port}/api/status?token=t", server)
            yield f"http://localhost:{port}"
        finally:
            server.terminate()
            try:
                server.wait(PATIENCE / 1000)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < until:
        assert server.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(url, timeout=30):
                return
        except OSError:
            time.sleep(0.25)
    raise AssertionError("the server does not answer")


ACTIVE_MODEL = "window.jupyterapp.shell.currentWidget.content.activeCell.model"


class Lesson:
    """A notebook open in JupyterLab, and what a student does in it.

    A cell is named by its grade_id or by the beginning of its text.
    """

    def __init__(self, page: Page, address: str, path: str) -> None:
        self.page = page
        page.goto(f"{address}/lab/tree/{path}?token=t&reset")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.wait_until_idle()

    def wait_until_idle(self) -> None:
        """Wait until the kernel is there and has nothing to do, and no cell waits for its turn."""
        self.page.wait_for_function(
            """() => {
                const panel = window.jupyterapp.shell.currentWidget;
                const kernel = panel?.context?.sessionContext?.session?.kernel;
                const prompts = [...panel.node.querySelectorAll('.jp-InputPrompt')];
                const waits = prompts.some(p => p.textContent.includes('*'));
                return kernel?.status === 'idle' && !waits;
            }""",
            timeout=3 * PATIENCE,
            polling=POLLING,
        )

    def do(self, command: str, **args: object) -> None:
        """Run one of JupyterLab's commands, as its menu does."""
        self.page.evaluate("([name, args]) => window.jupyterapp.commands.execute(name, args)", [command, args])

    def go_to(self, cell: str) -> None:
        """Make a cell the active one and bring it into view."""
        found = self.page.evaluate(
            """name => {
                const nb = window.jupyterapp.shell.currentWidget.content;
                const at = nb.widgets.findIndex(c => (c.model.getMetadata('nbgrader') || {}).grade_id === name
                                                     || c.model.sharedModel.getSource().startsWith(name));
                nb.activeCellIndex = at;
                nb.deselectAll();
                return at < 0 ? -1 : nb.scrollToItem(at, 'center').then(() => at);
            }""",
            cell,
        )
        assert found >= 0, f"no cell {cell} in this notebook"

    def holds(self, cell: str, text: str) -> bool:
        """Return whether a cell's text is this one."""
        self.go_to(cell)
        return bool(self.page.evaluate(f"text => {ACTIVE_MODEL}.sharedModel.getSource() === text", text))

    def save(self) -> None:
        """Save the notebook and wait until it is saved."""
        self.do("docmanager:save")
        self.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")

    def run(self, cell: str) -> None:
        """Run one cell, as Ctrl-Enter does, and wait for it."""
        self.go_to(cell)
        self.do("notebook:run-cell")
        self.wait_until_idle()

    def run_above(self, cell: str) -> None:
        """Run everything above a cell, in order."""
        self.go_to(cell)
        self.do("notebook:run-all-above")
        self.wait_until_idle()

    def write(self, cell: str, text: str, *, wait: bool = True) -> None:
        """Replace a cell's text by typing, with the keyboard alone, and run it."""
        self.go_to(cell)
        for _ in range(12):  # on a busy machine the editor gets the keyboard late, and what is typed before is lost
            with suppress(TooLate):
                self._type(text)
                break
        else:
            raise AssertionError(f"the editor of {cell} does not take what is typed")
        before = self.page.evaluate(f"() => {ACTIVE_MODEL}.executionCount ?? null")
        self.page.keyboard.press("Control+Enter")
        if wait:  # a key says nothing of when its command has begun
            count = f"[null, undefined, n].includes({ACTIVE_MODEL}.executionCount)"
            has_run = f"n => {ACTIVE_MODEL}.type !== 'code' || !{count}"
            self.page.wait_for_function(has_run, arg=before)
            self.wait_until_idle()

    def _type(self, text: str) -> None:
        """Replace the active cell's text by this one; raise TooLate if what is typed does not get there."""
        self.do("notebook:enter-edit-mode")
        has_focus = "() => document.activeElement?.closest('.jp-Cell.jp-mod-active .cm-content')"
        self.page.wait_for_function(has_focus, timeout=15_000)
        keys = self.page.keyboard
        keys.press("Control+a")
        keys.press("Delete")
        keys.insert_text(text)
        self.page.wait_for_function(
            f"text => {ACTIVE_MODEL}.sharedModel.getSource() === text", arg=text, timeout=15_000
        )

    def answer(self, exercise: str, text: str) -> Locator:
        """Write an answer, run it and its check; return the card that comes."""
        name = exercise.replace(".", "-").replace("_", "-")
        self.write(f"{name}-solution", text)
        self.run(name)
        card = self.card(exercise)
        card.scroll_into_view_if_needed()
        return card

    def card(self, exercise: str) -> Locator:
        """Return the card of an exercise's check."""
        return self.page.locator(f"[aria-label='check of {exercise}']")

    def active_index(self) -> tuple[int, int]:
        """Return which cell is the active one, and how many there are."""
        index, count = self.page.evaluate(
            "(({activeCellIndex, widgets}) => [activeCellIndex, widgets.length])"
            "(window.jupyterapp.shell.currentWidget.content)"
        )
        return index, count

    def active_output(self) -> Locator:
        """Return the output area of the active cell."""
        return self.page.locator(".jp-Notebook-cell.jp-mod-active .jp-Cell-outputArea")

    def validate(self) -> Locator:
        """Press nbgrader's Validate; return its dialog."""
        self.do("docmanager:save")
        self.page.get_by_role("button", name="Validate").click()
        dialog = self.page.locator(".jp-Dialog").filter(has_text="Validation")
        expect(dialog).to_be_visible(timeout=3 * PATIENCE)  # the whole notebook is run
        return dialog

    def theme(self, name: str) -> None:
        """Switch to a theme of JupyterLab's: "JupyterLab Light" or "JupyterLab Dark"."""
        self.do("apputils:change-theme", theme=name)
        self.page.wait_for_selector(f"body[data-jp-theme-name='{name}']", state="attached")


# The smallest contrast (WCAG 2, from 1 to 21) between the text in an element and what lies behind it.
CONTRAST = """root => {
    const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
    const parse = c => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1);
                         const d = canvas.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255]; };
    const over = (top, below) => below.map((v, i) => i < 3 ? top[3] * top[i] + (1 - top[3]) * v : 1);
    const behind = e => { if (!e) return [255, 255, 255, 1]; const c = parse(getComputedStyle(e).backgroundColor);
                          return c[3] > 0.99 ? c : over(c, behind(e.parentElement)); };
    const light = c => [0.2126, 0.7152, 0.0722].reduce((sum, k, i) => { const v = c[i] / 255;
                       return sum + k * (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); }, 0);
    let least = 21;
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        if (!walk.currentNode.textContent.trim()) continue;
        const e = walk.currentNode.parentElement, ground = behind(e), ink = parse(getComputedStyle(e).color);
        let seen = ink[3];
        for (let up = e; up; up = up.parentElement) seen *= getComputedStyle(up).opacity;
        const mixed = ink.map((v, i) => seen * v + (1 - seen) * ground[i]);
        const [a, b] = [light(mixed), light(ground)].sort((x, y) => y - x);
        least = Math.min(least, (a + 0.05) / (b + 0.05));
    }
    return least;
}"""


def contrast(element: Locator) -> float:
    """Return the smallest contrast between an element's text and its ground; 4.5 is enough for everybody."""
    return float(element.evaluate(CONTRAST))


# What the keyboard is at: how it looks, and whether a person who looks at the page sees that.
FOCUS = """() => {
    const e = document.activeElement, s = getComputedStyle(e), box = e.getBoundingClientRect();
    const ringed = (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none';
    const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    return {what: `${e.tagName} ${e.className} ${e.textContent.trim().slice(0, 40)}`,
            seen: e !== document.body && ringed && inside && box.width > 0 && box.height > 0};
}"""


def tab_to(page: Page, wanted: str, most: int = 150) -> int:
    """Press Tab until an element that matches the selector has the focus; return how many times.

    At every stop, the element with the focus must be on the screen and have a visible ring.
    """
    for stop in range(1, most + 1):
        page.keyboard.press("Tab")
        try:  # pages glide to it, and some things slide in
            page.wait_for_function(f"({FOCUS})().seen")
        except TooLate:
            raise AssertionError(page.evaluate(FOCUS)) from None
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            return stop
    raise AssertionError(f"{most} presses of Tab do not lead to {wanted}")
