"""In a real browser: a student opens each chapter in JupyterLab, gets it wrong, reads why, mends it, validates."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from browser_tools import Lesson, chromium, contrast, jupyterlab, shoot, watched_page
from playwright.sync_api import Browser, Page, expect

from grader.house import ROOT

pytestmark = pytest.mark.slow

CHAPTERS = (
    "01-loss-as-chain-rule/loss_as_chain_rule",
    "02-dqn-on-taxi/dqn_on_taxi",
    "03-ddpg-on-pendulum/ddpg_on_pendulum",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A student's JupyterLab on the course as it is handed out."""
    course = tmp_path_factory.mktemp("student") / "course"
    shutil.copytree(ROOT / "course", course)
    with jupyterlab(course, course) as address:
        yield address


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with watched_page(browser) as opened:
        yield opened


WRONG_SIGN = "def l2_gradient(p, l):\n    return l - p\n"
RIGHT_SIGN = "def l2_gradient(p, l):\n    return p - l\n"


def test_chapter_1_wrong_read_mended_validated_in_both_themes(lab: str, page: Page) -> None:
    lesson = Lesson(page, lab, f"{CHAPTERS[0]}.ipynb")
    lesson.run_above("chain-l2-gradient-solution")
    see_pictures(page, 1)
    card = lesson.answer("chain.l2_gradient", WRONG_SIGN)
    expect(card).to_contain_text("not yet")
    expect(card).to_contain_text("the negative of what it should be")
    expect(card.locator("td").first).to_be_visible()
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        lesson.theme(theme)
        assert contrast(card) >= 4.5, theme
        shoot(page, f"student-1-wrong-{theme.split()[1].lower()}")
    card = lesson.answer("chain.l2_gradient", RIGHT_SIGN)
    expect(card).to_contain_text("passed")
    assert contrast(card) >= 4.5
    shoot(page, "student-1-right")
    dialog = lesson.validate()
    expect(dialog).to_contain_text("chain.numerical_gradient")
    expect(dialog).not_to_contain_text('check("chain.l2_gradient"')
    shoot(page, "student-1-validate")


def see_pictures(page: Page, least: int) -> None:
    """At least so many figures have been drawn, each with its words for those who do not see it."""
    pictures = page.locator(".jp-OutputArea-output img")
    expect(pictures.first).to_be_visible(timeout=30_000)
    widths = pictures.evaluate_all("all => all.map(i => i.naturalWidth)")
    assert len(widths) >= least
    assert all(width > 100 for width in widths), widths
    expect(page.locator("summary", has_text="The figure in words")).to_have_count(len(widths))


MASKED_CLOCK = """def td_target(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - (terminated | truncated)) * q_next.max(axis=1)
"""
RIGHT_MASK = MASKED_CLOCK.replace("(terminated | truncated)", "terminated")
OVER_ALL = """def output_gradient(q, action, y):
    g = np.zeros_like(q)
    rows = np.arange(len(q))
    g[rows, action] = (q[rows, action] - y) / q.size
    return g
"""
OVER_BATCH = OVER_ALL.replace("q.size", "len(q)")


def test_chapter_2_each_wrong_answer_is_told_its_own_fault(lab: str, page: Page) -> None:
    lesson = Lesson(page, lab, f"{CHAPTERS[1]}.ipynb")
    lesson.run_above("dqn-one-hot-solution")
    see_pictures(page, 1)
    shoot(page, "student-2-picture")
    expect(lesson.answer("dqn.td_target", MASKED_CLOCK)).to_contain_text(
        "right except in the rows that are only truncated"
    )
    shoot(page, "student-2-wrong-target")
    expect(lesson.answer("dqn.td_target", RIGHT_MASK)).to_contain_text("passed")
    expect(lesson.answer("dqn.output_gradient", OVER_ALL)).to_contain_text("A (the number of actions) times too small")
    shoot(page, "student-2-wrong-gradient")
    expect(lesson.answer("dqn.output_gradient", OVER_BATCH)).to_contain_text("passed")
    shoot(page, "student-2-right")
    dialog = lesson.validate()
    expect(dialog).to_contain_text("dqn.one_hot")
    expect(dialog).not_to_contain_text('check("dqn.td_target"')
    shoot(page, "student-2-validate")


TURNED_BACK = """def squash_vjp(z, g, low, high):
    return -g * (high - low) / 2 * (1 - np.tanh(z) ** 2)
"""
A_ROW = """def squash_vjp(z, g, low, high):
    return (g * (high - low) / 2 * (1 - np.tanh(z) ** 2)).sum(axis=0)
"""
RIGHT_VJP = TURNED_BACK.replace("-g", "g")


def test_chapter_3_each_wrong_answer_is_told_its_own_fault(lab: str, page: Page) -> None:
    lesson = Lesson(page, lab, f"{CHAPTERS[2]}.ipynb")
    lesson.run_above("ddpg-squash-solution")
    see_pictures(page, 1)
    shoot(page, "student-3-picture")
    expect(lesson.answer("ddpg.squash_vjp", TURNED_BACK)).to_contain_text("the negative of what it should be")
    shoot(page, "student-3-wrong-sign")
    expect(lesson.answer("ddpg.squash_vjp", A_ROW)).to_contain_text("shape")
    shoot(page, "student-3-wrong-shape")
    expect(lesson.answer("ddpg.squash_vjp", RIGHT_VJP)).to_contain_text("passed")
    dialog = lesson.validate()
    expect(dialog).to_contain_text("ddpg.squash")
    expect(dialog).not_to_contain_text('check("ddpg.squash_vjp"')
    shoot(page, "student-3-validate")
