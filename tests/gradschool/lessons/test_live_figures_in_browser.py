"""Live figures in a plain page: they show what Python computes, by mouse, by keyboard and for a screen reader."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from grader.bank.registry import find_entry
from grader.course import chapter
from grader.notebooks.source import source_notebook
from gradschool.lessons.explorables.chain import LIMITS
from gradschool.lessons.explorables.critic import critic_data
from gradschool.lessons.explorables.transition import transition_data
from gradschool.lessons.figures import backprop_stepper, flow, flow_ddpg, flow_next
from gradschool.lessons.live_figures.page import as_html
from gradschool.lessons.live_figures.show import LiveFigure, plain
from tests.support.axe import serious
from tests.support.browser import SHOTS, chromium, fits, watched_page
from tests.support.lesson_functions import linear_vjp, tanh_vjp

pytestmark = pytest.mark.slow


PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Live figures</title><style>body {{ background: #fff }}
@media (prefers-color-scheme: dark) {{ body {{ background: #131416; color: #eee }} }}</style>
<main><h1>Live figures</h1>{}</main></html>"""


def chain_cell(**numbers: float) -> tuple[LiveFigure, dict[str, float], dict[str, float]]:
    """Run the lesson's own cell for these numbers: its figure, all values, all gradients."""
    (cell,) = [c.source for c in source_notebook(chapter("chain")).cells if c.source.startswith("w, x, b, l = ")]
    first, _, rest = cell.partition("\n")
    assert first == "w, x, b, l = 3.0, 2.0, -1.0, 3.0"
    names: dict[str, Any] = {}
    lines = rest.replace("explore_chain(", "figure = explore_chain(")
    exec(f"from gradschool.lessons.explorables.chain import explore_chain\n{lines}", names | numbers, names)
    values = numbers | {name: names[name] for name in ("u", "p", "r", "L")}
    return names["figure"], values, names["bar"]


def critic_figure() -> LiveFigure:
    """A critic whose numbers are known: Q = -(a - 0.5)^2 at every angle."""

    def q_and_slope(obs: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return -((action[:, 0] - 0.5) ** 2), -2 * (action - 0.5)

    functions = (find_entry(f"ddpg.{name}").reference for name in ("squash_vjp", "invert_gradients"))
    return LiveFigure("critic", critic_data(q_and_slope, lambda obs: 0.5 + 0 * obs[:, :1], *functions), None)  # type: ignore[arg-type]


def stepper_figure() -> LiveFigure:
    made: list[LiveFigure] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LiveFigure, "show", lambda self: made.append(self))
        backprop_stepper.backward_steps(linear_vjp, tanh_vjp)
    return made[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All four kinds of live figures on one page."""
    functions = (find_entry(f"dqn.{name}").reference for name in ("td_target", "output_gradient"))
    chain, *_ = chain_cell(w=3.0, x=2.0, b=-1.0, l=3.0)
    transition = LiveFigure("transition", transition_data(*functions), None)  # type: ignore[arg-type]
    figures = [chain, transition, critic_figure(), stepper_figure()]
    saved = [json.loads(json.dumps(plain(f.data), sort_keys=True)) for f in figures]  # as a notebook keeps it
    parts = [as_html({"module": f.module, "data": d}, "<p>still</p>") for f, d in zip(figures, saved, strict=True)]
    to = tmp_path_factory.mktemp("live") / "page.html"
    to.write_text(PAGE.format("".join(parts)), encoding="utf-8")
    return to


@pytest.fixture(scope="module")
def page(browser: Browser, file: Path) -> Iterator[Page]:
    with watched_page(browser) as opened:
        opened.goto(file.as_uri())
        yield opened


def figure(page: Page, name: str) -> Locator:
    return page.locator(f'[data-live-figure="{name}"] .live-figure')


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_serious_and_it_fits_a_phone(page: Page, scheme: Any, width: int) -> None:
    page.emulate_media(color_scheme=scheme)
    page.reload()
    expect(page.locator(".live-figure")).to_have_count(4)
    fits(page, width)
    assert serious(page) == []
    page.screenshot(path=SHOTS / f"live-figures-{scheme}-{width}.png", full_page=True)


def every_choice(draw: Callable[[], None]) -> list[LiveFigure]:
    """A graph's figure once for each choice of its controls."""
    made: list[LiveFigure] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LiveFigure, "show", lambda self: made.append(self))
        draw()
    (figure,) = made
    names = [control["name"] for control in figure.data["controls"]]
    firsts = [dict(zip(names, state.split("|"), strict=True)) for state in figure.data["states"]]
    return [LiveFigure(figure.module, {**figure.data, "first": first}, None) for first in firsts]  # type: ignore[arg-type]


# How far the two boxes of a drawing that overlap most reach into each other, with the figure's words.
OVERLAP = """() => [...document.querySelectorAll('.live-figure')].map(figure => {
  const boxes = [...figure.querySelectorAll('rect.lf-node')].map(r => r.getBoundingClientRect());
  const into = (a, b) => Math.min(Math.min(a.right, b.right) - Math.max(a.left, b.left),
                                  Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  const pairs = boxes.flatMap((a, k) => boxes.slice(k + 1).map(b => into(a, b)));
  return [boxes.length, Math.max(...pairs), figure.querySelector('[role=status]').textContent];
})"""


@pytest.mark.parametrize("width", [1280, 390])
def test_no_two_boxes_of_a_graph_overlap_whatever_is_chosen(browser: Browser, tmp_path: Path, width: int) -> None:
    def of(name: str) -> Any:
        return find_entry(name).reference

    drawings = (
        lambda: flow.chain(of("chain.mlp_backward")),
        lambda: flow.dqn(of("dqn.semi_gradient"), of("dqn.residual_gradient")),
        lambda: flow_ddpg.ddpg(of("ddpg.actor_loss_direct"), of("ddpg.actor_step")),
        lambda: flow_next.sac(of("next.sac_gradient")),
    )
    figures = [figure for draw in drawings for figure in every_choice(draw)]
    saved = [json.loads(json.dumps(plain(f.data))) for f in figures]
    parts = [as_html({"module": f.module, "data": d}, "<p>still</p>") for f, d in zip(figures, saved, strict=True)]
    (tmp_path / "page.html").write_text(PAGE.format("".join(parts)), encoding="utf-8")
    with watched_page(browser) as page:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto((tmp_path / "page.html").as_uri())
        expect(page.locator(".live-figure .lf-node").last).to_be_visible()
        found = page.evaluate(OVERLAP)
    assert len(found) == len(figures)
    assert all(count > 2 for count, *_ in found)
    assert [f"{words}: {by:.0f} px" for _, by, words in found if by > 0] == []


# What stands in a drawing: "p = 5" and "∂L/∂p = 2", by name.
TEXTS = """figure => Object.fromEntries([...figure.querySelectorAll('text')]
  .map(t => t.textContent.replaceAll('−', '-')).filter(t => t.includes(' = '))
  .map(t => t.split(' = ')).map(([name, value]) => [name, Number(value)]))"""
DIGITS = 5.0001e-4  # three digits are shown


def test_every_value_and_gradient_of_the_chain_is_that_of_the_lesson_s_own_cell(page: Page) -> None:
    chain = figure(page, "chain_graph")
    assert chain.get_by_role("slider").evaluate_all("all => all.map(s => s.labels[0].innerText[0])") == ["w", "x", "l"]
    for numbers in ({"w": 0.25, "x": -1.0, "l": 8.0}, {"w": 4.0, "x": 3.0, "l": -4.0}, {"w": 1.5, "x": 0.0, "l": -1.0}):
        for name, value in numbers.items():
            chain.get_by_role("slider", name=name, exact=True).fill(str(value))
        _, values, bar = chain_cell(b=-1.0, **numbers)
        shown = chain.evaluate(TEXTS)
        assert {n: shown[n] for n in values} == pytest.approx(values, abs=DIGITS)
        del bar["L"]  # 1, always: where the walk begins
        assert {n: shown[f"∂L/∂{n}"] for n in bar} == pytest.approx(bar, abs=DIGITS)


def test_a_box_is_dragged_and_a_screen_reader_is_told_what_changed(page: Page) -> None:
    chain = figure(page, "chain_graph")
    chain.get_by_role("button").click()
    expect(chain.get_by_role("status")).to_have_text(re.compile("^As in the text: p = 5, L = 2"))
    box = chain.locator(".lf-grip").first.bounding_box()
    assert box is not None
    x, y = box["x"] + 20, box["y"] + 10
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 28, steps=3)  # two steps of 14 pixels down
    page.mouse.up()
    slider = chain.get_by_role("slider", name="w", exact=True)
    expect(slider).to_have_value(str(3.0 - 2 * LIMITS["w"][2]))
    expect(slider).to_have_attribute("aria-valuetext", "2.5")
    expect(chain.get_by_role("status")).to_have_text(
        re.compile("^w is now 2.5: p = 4, L = 0.5; the gradient is 1 at p")
    )


def test_arrow_keys_choose_an_action_and_the_counts_follow_detach(page: Page) -> None:
    net = figure(page, "transition")
    captions, says = net.locator("figcaption b"), net.get_by_role("status")
    net.get_by_role("radio", name="west").focus()
    page.keyboard.press("ArrowRight")
    expect(net.get_by_role("radio", name="pick up")).to_be_checked()
    expect(captions).to_have_text(["1 of 48 weights", "6 of 70 weights"])
    expect(net.locator("line.lf-flow")).to_have_count(1 + 6)
    expect(says).to_have_text(re.compile("^pick up: 1 of 48 and 6 of 70 weights"))
    net.get_by_role("checkbox", name="hold the target constant (detach)").focus()
    page.keyboard.press("Space")
    expect(net.locator("line.lf-leak")).not_to_have_count(0)
    expect(captions.first).to_have_text("2 of 48 weights")
    expect(says).to_contain_text("leaks")
    net.get_by_role("checkbox", name="the episode ends").check()
    expect(captions).to_have_text(["1 of 48 weights", "6 of 70 weights"])


def test_the_action_is_moved_along_the_critic_by_keys_and_by_mouse(page: Page) -> None:
    critic = figure(page, "critic")
    handle, says = critic.get_by_role("slider", name="torque a"), critic.get_by_role("status")
    critic.get_by_role("button").click()  # the actor's own action: the top of Q, where the slope is 0
    expect(handle).to_have_attribute("aria-valuenow", "0.5")
    handle.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")  # a = 1: dQ/da = -1, times 2 (1 - 1/4) behind tanh, times 3/4 inverted
    expect(handle).to_have_attribute("aria-valuetext", "torque 1, Q −0.3, slope −1")
    expect(critic.locator("td")).to_have_text(["−1", "−1.5", "−0.75"])
    expect(says).to_contain_text("asks for a smaller torque")
    page.keyboard.press("End")
    expect(critic.locator("td")).to_have_text(["−3", "0", "−3"])
    box = critic.locator(".lf-drag").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"])
    expect(handle).to_have_attribute("aria-valuenow", re.compile(r"^-(0\.[1-9]|1(\.\d+)?$)"))


def test_backpropagation_goes_on_by_buttons_within_its_steps_and_plays(page: Page) -> None:
    steps = figure(page, "flow_graph")
    says, at = steps.get_by_role("status"), steps.get_by_role("slider", name="step")
    steps.get_by_role("button", name="Previous").click()
    expect(at).to_have_attribute("aria-valuetext", "1")
    for _ in range(9):
        steps.get_by_role("button", name="Next").click()
    expect(at).to_have_attribute("aria-valuetext", "6")
    expect(says).to_have_text(re.compile("^6. linear_vjp: W₁ and x"))
    page.clock.install()
    steps.get_by_role("button", name="Play").click()
    expect(at).to_have_attribute("aria-valuetext", "1")
    page.clock.run_for(2000)
    expect(at).to_have_attribute("aria-valuetext", "2")
    steps.get_by_role("button", name="Pause").click()
    page.clock.run_for(9000)
    expect(at).to_have_attribute("aria-valuetext", "2")


def test_a_module_for_a_notebook_and_the_script_of_a_page_are_the_same_code(page: Page) -> None:
    """anywidget imports the module; here as a data address, since a page may not import a file from disk."""
    from gradschool.lessons.live_figures.sources import module

    numbers = json.dumps(plain(chain_cell(w=3.0, x=2.0, b=-1.0, l=3.0)[0].data))
    made = page.evaluate(
        """async ([code, data]) => {
            const found = await import("data:text/javascript;charset=utf-8," + encodeURIComponent(code));
            const el = document.createElement("div");
            found.default.render({model: {get: () => JSON.parse(data)}, el});
            return el.querySelector("[role=status]").textContent;
        }""",
        [module("chain_graph"), numbers],
    )
    assert made == "As in the text: p = 5, L = 2; the gradient is 2 at p, 4 at w and 6 at x."
