"""In a real browser without scripts: the card alone, as VS Code, the classic notebook and a saved page show it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from gradschool.check.api import check_here
from gradschool.check.card import as_html
from gradschool.core.exercise import find
from tests.support.browser import chromium, contrast, shoot, watched_page

pytestmark = pytest.mark.slow

# How three front ends set a page: colors of ground and text, and a font.
HOMES = {
    "vscode-dark": "background:#1e1e1e;color:#cccccc;font:13px 'Segoe WPC','Segoe UI',sans-serif",
    "vscode-light": "background:#ffffff;color:#3b3b3b;font:13px 'Segoe WPC','Segoe UI',sans-serif",
    "vscode-high-contrast": "background:#000000;color:#ffffff;font:13px 'Segoe WPC','Segoe UI',sans-serif",
    "classic": "background:#ffffff;color:#000000;font:14px Helvetica Neue,Helvetica,Arial,sans-serif",
}


def untaken_to_zero(q, action, y):  # type: ignore[no-untyped-def]
    g = (q - np.where(np.arange(q.shape[1]) == action[:, None], y[:, None], 0.0)) / len(q)
    print("<b>a student's own line</b>")
    return g


def right(q, action, y):  # type: ignore[no-untyped-def]
    g = np.zeros_like(q)
    rows = np.arange(len(q))
    g[rows, action] = (q[rows, action] - y) / len(q)
    return g


def raises(q, action, y):  # type: ignore[no-untyped-def]
    raise KeyError("<script>document.title = 'harm'</script>")


def unwritten(q, action, y):  # type: ignore[no-untyped-def]
    raise NotImplementedError


ANSWERS = (untaken_to_zero, right, raises, unwritten)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(params=HOMES)
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    """All four kinds of card below each other, in one front end's colors."""
    cards = "".join(as_html(check_here(find("dqn.output_gradient"), answer)) for answer in ANSWERS)
    with watched_page(browser, java_script_enabled=False) as opened:
        asked: list[str] = []
        opened.on("request", lambda r: asked.append(r.url))
        opened.set_content(f'<html lang=en><body style="{HOMES[request.param]};margin:12px">{cards}</body></html>')
        yield opened
        assert asked == [], "a card stands on its own"
        shoot(opened, f"card-{request.param}")


def test_a_card_needs_no_script_and_reads_well_everywhere(page: Page) -> None:
    wrong, passed, raised, open_yet = (page.locator("[role=group]").nth(k) for k in range(4))
    expect(wrong).to_contain_text("not yet")
    expect(passed).to_contain_text("passed")
    expect(raised).to_contain_text("KeyError")
    expect(open_yet).to_contain_text("not written yet")
    for card in (wrong, passed, raised, open_yet):
        assert contrast(card) >= 4.5
        box = card.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 1300
    assert page.title() == ""
    assert page.locator("script").count() == 0


def test_what_is_folded_opens_with_the_keyboard(page: Page) -> None:
    inputs = page.locator("details", has_text="The inputs of this example").first
    expect(inputs.locator("pre")).to_be_hidden()
    inputs.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(inputs.locator("pre")).to_be_visible()
    expect(page.locator("details", has_text="Your function printed").first).to_contain_text(
        "<b>a student's own line</b>"
    )


@pytest.mark.parametrize(
    ("style", "least"),
    [
        ("color:#000000", 21.0),
        ("color:#767676", 4.54),
        ("color:rgba(0,0,0,.5)", 3.98),
        ("opacity:.5;color:#000000", 3.98),
        ("background:#000080;color:#0000ff", 1.88),
        ("background:rgba(0,0,0,.4);color:#000000", 7.37),  # over white: #999999
    ],
)
def test_contrast_is_that_of_wcag(browser: Browser, style: str, least: float) -> None:
    with watched_page(browser) as page:
        page.set_content(f'<body style="background:#fff"><div style="{style}">ink</div></body>')
        assert contrast(page.locator("body")) == pytest.approx(least, abs=0.03)  # a canvas keeps 8 bits


@pytest.mark.parametrize(
    ("event", "script"),
    [("console", "console.error('lost')"), ("pageerror", "setTimeout(() => { throw Error('lost') })")],
)
def test_an_error_on_the_console_fails_its_test(
    browser: Browser, event: Literal["console", "pageerror"], script: str
) -> None:
    def visit() -> None:
        with watched_page(browser) as page:
            page.set_content("<p>quiet</p>")
            with page.expect_event(event):
                page.evaluate(script)

    with pytest.raises(AssertionError, match="lost"):
        visit()


def test_asking_the_net_for_anything_fails_its_test(browser: Browser) -> None:
    """Even where the net is there and answers: the address alone is enough."""

    def visit() -> None:
        with watched_page(browser) as page:
            page.route("**", lambda route: route.fulfill(body="hello"))
            with page.expect_request("https://example.org/**"):
                page.set_content('<img src="https://example.org/picture.png" alt="">')

    with pytest.raises(AssertionError, match=r"asks https://example\.org"):
        visit()
