"""In a real browser: a student opens each chapter in JupyterLab, gets it wrong, reads why, mends it, validates."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, expect

from grader.course import ROOT, chapter
from grader.notebooks.source import source_notebook
from gradschool.check.api import check_here
from gradschool.core.exercise import find, in_chapter
from tests.support.axe import serious
from tests.support.browser import Lesson, chromium, contrast, jupyterlab, pictures_are_read, shoot, watched_page

pytestmark = pytest.mark.slow


class Slip(NamedTuple):
    """A mistake that students make: the answer, the name of the mistake, and the two texts that mend it."""

    exercise: str
    wrong: str
    mistake: str
    mend: tuple[str, str]
    numbers: bool = True  # whether there are wrong numbers to be shown

    @property
    def right(self) -> str:
        """The answer with the mistake mended."""
        assert self.mend[0] in self.wrong
        return self.wrong.replace(*self.mend)

    @property
    def hint(self) -> str:
        """The sentence for this mistake, as a page shows it; tests of the checks pin it to the letter."""
        exercise = find(self.exercise)
        names: dict[str, Any] = {"np": np}
        exec(self.wrong, names)
        report = check_here(exercise, names[exercise.function])
        assert report.mistake == self.mistake
        return report.hint.replace("`", "")


class Picture(NamedTuple):
    """A cell that draws the student's own gradients: what must be written before, and the switches to turn."""

    cell: str
    needs: tuple[str, ...] = ()
    choice: str = ""
    checkbox: str = ""
    button: str = ""
    slider: str = ""


OUTPUT_GRADIENT = """def output_gradient(q, action, y):
    g = np.zeros_like(q)
    rows = np.arange(len(q))
    g[rows, action] = (q[rows, action] - y) / q.size
    return g
"""
TD_TARGET = """def td_target(reward, q_next, terminated, truncated, gamma):
    return reward + gamma * (1.0 - (terminated | truncated)) * q_next.max(axis=1)
"""
TANH_VJP = """def tanh_vjp(z, g):
    return g * (1 - np.tanh(z))
"""
SQUASH = """def squash(z, low, high):
    return high * (np.tanh(z) + 1) / 2
"""
SQUASH_VJP = """def squash_vjp(z, g, low, high):
    return -g * (high - low) / 2 * (1 - np.tanh(z) ** 2)
"""
STORIES = {
    "chain": (
        "chain-l2-gradient-solution",
        [
            Slip(
                "chain.l2_gradient",
                "def l2_gradient(p, l):\n    return l - p\n",
                "sign",
                ("l - p", "p - l"),
            ),
            Slip(
                "chain.tanh_vjp",
                TANH_VJP,
                "otherwise",
                ("(z))", "(z) ** 2)"),
            ),
        ],
        [
            Picture("backprop_stepper.backward_steps(", ("chain-linear-vjp", "chain-tanh-vjp"), button="Next"),
            Picture("flow.chain(", ("chain-mlp-backward",), choice="output 1", checkbox="detach H"),
            Picture("w, x, b, l = ", slider="w"),
        ],
    ),
    "dqn": (
        "dqn-one-hot-solution",
        [
            Slip(
                "dqn.td_target",
                TD_TARGET,
                "as-if",
                ("(terminated | truncated)", "terminated"),
            ),
            Slip(
                "dqn.output_gradient",
                OUTPUT_GRADIENT,
                "over-A",
                ("q.size", "len(q)"),
            ),
        ],
        [
            Picture(
                "flow.dqn(",
                ("dqn-weight-gradient", "dqn-semi-gradient", "dqn-residual-gradient"),
                choice="south",
                checkbox="the episode ends",
            ),
            Picture(
                "explore_transition(",
                ("dqn-td-target", "dqn-output-gradient"),
                choice="pick up",
                checkbox="hold the target constant (detach)",
            ),
        ],
    ),
    "ddpg": (
        "ddpg-squash-solution",
        [
            Slip(
                "ddpg.squash",
                SQUASH,
                "as-if",
                ("high * ", "low + (high - low) * "),
            ),
            Slip("ddpg.squash_vjp", SQUASH_VJP, "sign", ("-g", "g")),
            Slip(
                "ddpg.polyak",
                "def polyak(target, online, tau):\n    target += tau * (online - target)\n    return target\n",
                "inputs-modified",
                ("target += tau", "target = target + tau"),
                numbers=False,
            ),
        ],
        [
            Picture("flow.ddpg(", ("ddpg-actor-loss-direct", "ddpg-actor-step"), choice="Q under no_grad"),
            Picture("explore_critic(", ("ddpg-squash-vjp", "ddpg-invert-gradients"), slider="torque a"),
        ],
    ),
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A student's JupyterLab on the course as it is handed out."""
    course = tmp_path_factory.mktemp("student") / "course"
    shutil.copytree(ROOT / "course", course)
    with jupyterlab(course, course, JUPYTER_CONFIG_PATH=str(ROOT / "grader" / "publish" / "student_lab")) as address:
        yield address


@pytest.fixture(scope="module", params=STORIES)
def part(request: pytest.FixtureRequest) -> str:
    """A chapter."""
    return request.param


@pytest.fixture(scope="module")
def lesson(lab: str, browser: Browser, part: str) -> Iterator[Lesson]:
    """A chapter, open in JupyterLab, run from its top to its first exercise. No errors on the console in the end."""
    about = chapter(part)
    with watched_page(browser) as page:
        opened = Lesson(page, lab, f"{about.assignment_id}/{about.notebook}.ipynb")
        opened.run_above(STORIES[part][0])
        yield opened
        opened.do("kernelmenu:shutdown")


def solution(part: str, name: str) -> str:
    """The instructor's own text for a cell."""
    cells = source_notebook(chapter(part)).cells
    return next(c.source for c in cells if c.metadata.get("nbgrader", {}).get("grade_id") == name)


def test_a_students_jupyterlab_has_no_pages_for_instructors(lesson: Lesson, part: str) -> None:
    """As `make lab` starts it: the Validate button alone is left of nbgrader."""
    expect(lesson.page.get_by_role("button", name="Validate")).to_be_visible()
    menus = lesson.page.locator(".lm-MenuBar-itemLabel")
    expect(menus.filter(has_text="Help")).to_be_visible()  # the last: by now the others are there
    expect(menus.filter(has_text="Nbgrader")).to_have_count(0)
    commands = lesson.page.evaluate("window.jupyterapp.commands.listCommands()")
    assert not [c for c in commands if "formgrader" in c or "create-assignment" in c]


def test_figures_come_with_their_words(lesson: Lesson, part: str) -> None:
    pictures = lesson.page.locator(".jp-OutputArea-output img")  # a live figure stands in place of its still picture
    shown = lesson.page.locator(".jp-OutputArea-output :is(img, .live-figure)").filter(visible=True)
    expect(shown.first).to_be_visible()
    pictures_are_read(pictures)
    found = pictures.evaluate_all("all => all.map(i => [i.naturalWidth, i.alt.length])")
    assert all(width > 100 and words > 40 for width, words in found), found
    expect(lesson.page.locator("summary", has_text="The figure in words")).to_have_count(len(found))
    shown.first.scroll_into_view_if_needed()
    shoot(lesson.page, f"student-{part}-picture")


def test_a_wrong_answer_is_told_its_own_fault_and_turns_green(lesson: Lesson, part: str) -> None:
    for slip in STORIES[part][1]:
        card = lesson.answer(slip.exercise, slip.wrong)
        expect(card).to_contain_text("not yet")
        expect(card).to_contain_text(slip.hint)
        expect(card.locator("td", has_text="✗")).not_to_have_count(0 if slip.numbers else 1)
    for theme in ("JupyterLab Dark", "JupyterLab Light"):  # for all cards at once: another theme takes seconds
        lesson.theme(theme)
        for slip in STORIES[part][1]:
            card = lesson.card(slip.exercise)
            card.scroll_into_view_if_needed()
            assert contrast(card) >= 4.5, (slip.exercise, theme)
            assert serious(lesson.page, f"[aria-label='check of {slip.exercise}']") == [], (slip.exercise, theme)
            shoot(lesson.page, f"student-{slip.exercise}-wrong-{theme.split()[1].lower()}")
    keys_stay_on_a_summary(lesson, lesson.card(STORIES[part][1][0].exercise))
    for slip in STORIES[part][1]:
        card = lesson.answer(slip.exercise, slip.right)
        expect(card).to_contain_text("passed")
        assert contrast(card) >= 4.5
    shoot(lesson.page, f"student-{part}-right")


def keys_stay_on_a_summary(lesson: Lesson, card: Locator) -> None:
    """Enter opens what is folded in a card, and no arrow key leads the notebook to another cell."""
    details, summary = card.locator("details").last, card.locator("summary").last
    summary.focus()
    cell = lesson.active_index()  # the card's own
    expect(details).to_have_js_property("open", False)
    for key in ("ArrowDown", "b"):
        lesson.page.keyboard.press(key)
    lesson.page.keyboard.press("Enter")
    expect(details).to_have_js_property("open", True)
    expect(summary).to_be_focused()
    assert lesson.active_index() == cell


def test_live_figures_follow_the_keyboard_and_the_notebook_does_not(lesson: Lesson, part: str) -> None:
    for number, picture in enumerate(STORIES[part][2]):
        for name in picture.needs:
            lesson.write(f"{name}-solution", solution(part, f"{name}-solution"))
        lesson.run(picture.cell)
        cell, figure = lesson.active_index(), lesson.active_output().locator(".live-figure")
        says = [spoken(figure)]
        for role, name, key in (
            ("button", picture.button, "Enter"),
            ("radio", picture.choice, "Space"),
            ("checkbox", picture.checkbox, "Space"),
            ("slider", picture.slider, "ArrowDown"),
            ("slider", picture.slider, "ArrowLeft"),
        ):
            if name:
                control = figure.get_by_role(role, name=name, exact=True)  # type: ignore[arg-type]
                control.focus()
                lesson.page.keyboard.press(key)
                expect(figure.get_by_role("status")).not_to_have_text(says[-1])
                expect(control).to_be_focused()
                says.append(spoken(figure))
        for letter in "dba":  # JupyterLab's shortcuts: twice d deletes a cell, b and a add one
            lesson.page.keyboard.press(letter)
        assert len(set(says)) == len(says) >= 2
        assert lesson.active_index() == cell
        shoot(lesson.page, f"student-{part}-flow-{number}")
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        lesson.theme(theme)
        assert serious(lesson.page, ".jp-mod-active .live-figure") == [], theme
        shoot(lesson.page, f"student-{part}-live-{theme.split()[1].lower()}")


def spoken(figure: Locator) -> str:
    """The sentence that a screen reader is told."""
    expect(figure.locator("svg").first).to_be_visible()
    return figure.get_by_role("status").inner_text()


def answer_all(lesson: Lesson, part: str) -> None:
    """Write the right answers that do not stand there yet, and run their checks."""
    for slip in STORIES[part][1]:
        if not lesson.holds(f"{slip.exercise.replace('.', '-').replace('_', '-')}-solution", slip.right):
            lesson.answer(slip.exercise, slip.right)
        expect(lesson.card(slip.exercise)).to_contain_text("passed")


def test_progress_knows_what_has_passed(lesson: Lesson, part: str) -> None:
    answer_all(lesson, part)
    lesson.run("progress(")
    output = lesson.active_output()
    expect(output).to_contain_text(f"{len(STORIES[part][1])} of {len(in_chapter(part))} exercises of this chapter pass")
    for slip in STORIES[part][1]:
        row = output.get_by_role("row", name=re.compile(rf"^{re.escape(slip.exercise)}\s"))
        expect(row).to_contain_text("passed")
    assert contrast(output.locator(".jp-RenderedHTMLCommon").first) >= 4.5
    shoot(lesson.page, f"student-{part}-progress")


# An answer that raises, with the longest kind of hint: what was raised, the shapes, and what that means.
LONG = "def linear_vjp(W, b, x, g):\n    return W @ g, g, x\n"
# Everything in Validate's window that is cut at its right side or scrolls sideways.
CUT = """dialog => {
  const most = dialog.querySelector('.jp-Dialog-content').getBoundingClientRect().right;
  return [...dialog.querySelectorAll('pre, p, .jp-RenderedText')].filter(
    e => e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > most).map(e => e.textContent);
}"""


def test_validate_names_what_is_open_and_nothing_else(lesson: Lesson, part: str) -> None:
    answer_all(lesson, part)
    if part == "chain":
        lesson.write("chain-linear-vjp-solution", LONG)
    dialog = lesson.validate()
    expect(dialog).to_contain_text("Not written yet")
    shoot(lesson.page, f"student-{part}-validate")
    assert dialog.evaluate(CUT) == []
    if part == "chain":
        said = dialog.locator("pre", has_text="CheckFailed: chain.linear_vjp")
        expect(said).to_contain_text("W @ g: W is (3, 2), g is (3,)")
        expect(said).to_contain_text(re.compile(r"different from \d\)\.\s*$"))
        expect(said.locator(".ansi-bold").first).to_have_text("W @ g")  # and no backticks
        said.scroll_into_view_if_needed()
        shoot(lesson.page, "student-validate-long-hint")
    for slip in STORIES[part][1]:
        expect(dialog).not_to_contain_text(f'check("{slip.exercise}"')
    dialog.get_by_role("button", name="Ok").click()
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize("part", ["chain"], indirect=True)
def test_the_button_at_the_end_packs_what_is_saved(lesson: Lesson, part: str) -> None:
    lesson.do("docmanager:toggle-autosave")  # off: only what the test saves is saved
    answer_all(lesson, part)
    lesson.save()
    lesson.write("chain-sgd-step-solution", "def sgd_step(params, grads, lr):\n    return params\n")
    lesson.run("hand_in(")
    output, button = lesson.active_output(), lesson.active_output().get_by_role("button")
    button.click()
    expect(output).to_contain_text("sgd_step is not what you last ran. Save the notebook (Ctrl+S")
    lesson.save()
    button.click()
    expect(output).to_contain_text("Packed loss_as_chain_rule.ipynb")
    for slip in STORIES[part][1]:
        expect(output).to_contain_text(re.compile(rf"\[x\] {re.escape(slip.exercise)} +passes"))
    expect(output).to_contain_text(re.compile(r"\[ \] chain\.sgd_step +not yet"))
    expect(output.get_by_role("link")).to_have_text("hand-in-01-loss-as-chain-rule.zip")
    shoot(lesson.page, "student-hand-in")


BY_KEYBOARD = """# by keyboard
from gradschool.lessons.predictions import predict
predict("dqn.by-keyboard", "Which?", choices=["left", "right"])
predict("dqn.typed", "How many?", number=True)"""


@pytest.mark.parametrize("part", ["dqn"], indirect=True)
def test_a_prediction_is_entered_by_keyboard_and_shown_again(lesson: Lesson, part: str) -> None:
    lesson.write("yours =", BY_KEYBOARD)
    output, keys = lesson.active_output(), lesson.page.keyboard
    expect(output.get_by_role("listitem")).to_have_text([re.compile("^a.left$"), re.compile("^b.right$")])
    output.get_by_role("button", name="a", exact=True).focus()
    for key in ("Space", "Tab", "Space", "Tab", "Space"):  # a, then b chosen; to the button that keeps it
        keys.press(key)
    expect(output).to_contain_text("Your prediction: right.")
    output.get_by_label("Your number:").focus()
    keys.type("1/4")
    for key in ("Tab", "Space"):
        keys.press(key)
    expect(output).to_contain_text("Your prediction: 0.25.")
    shoot(lesson.page, "student-prediction")
    lesson.run("# by keyboard")
    expect(output.get_by_role("status")).to_have_text(["Your prediction: right.", "Your prediction: 0.25."])
    lesson.write("# by keyboard", "yours = {}")


@pytest.mark.parametrize("part", ["dqn"], indirect=True)
def test_training_is_watched_and_stopped_and_what_is_there_is_kept(lesson: Lesson, part: str) -> None:
    for name in ("td-target", "output-gradient", "weight-gradient", "epsilon-greedy"):
        lesson.write(f"dqn-{name}-solution", solution(part, f"dqn-{name}-solution"))
    lesson.run("model = taxi.taxi_model()")
    many = "mine = train_seeds(train_table, functions, model, Settings(), range(2000))\nprint(len(mine), verdict(mine))"
    lesson.write("yours =", many, wait=False)
    output = lesson.active_output()
    expect(output.get_by_role("progressbar")).to_be_visible()
    expect(output.locator("polyline").nth(1)).to_be_attached()  # a run is through: its gray curve and the next one's
    shoot(lesson.page, "student-training")
    lesson.do("notebook:interrupt-kernel")
    expect(output).to_contain_text("2000 runs are kept")
    expect(output).to_contain_text("runs end exactly optimal")
    expect(output).not_to_contain_text("Traceback")
    lesson.wait_until_idle()
    shoot(lesson.page, "student-training-stopped")
    lesson.write("mine = train_seeds", "yours = {}")  # so that nothing else runs it again
