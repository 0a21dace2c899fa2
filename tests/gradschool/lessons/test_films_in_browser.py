"""The films in a browser: the slider shows Python's frames, by key and for a screen reader; none plays alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from gradschool.lessons.films import pendulum, taxi
from gradschool.lessons.live_figures.page import as_html
from gradschool.lessons.live_figures.show import plain
from gradschool.rl.ddpg.agent import StudentFunctions as PendulumFunctions
from gradschool.rl.dqn.agent import Settings, StudentFunctions
from gradschool.rl.envs.taxi import taxi_model
from tests.gradschool.lessons.test_films import QUICK, functions
from tests.support.axe import serious
from tests.support.browser import SHOTS, chromium, fits, tab_to, watched_page

pytestmark = pytest.mark.slow

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Films</title><style>@media (prefers-color-scheme: dark) {{ body {{ background: #131416; color: #eee }} }}</style>
<main><h1>Films</h1>{}</main></html>"""

# Whether the critic's map shows these heights above and below its mean: by color and by opacity.
TILES_SHOW = """heights => {
  const tiles = [...document.querySelectorAll('[data-live-figure=pendulum_film] .lf-stage rect')];
  return tiles.length === heights.length && tiles.every((tile, k) => {
    const h = Math.max(-1, Math.min(1, heights[k]));
    return Math.abs(tile.style.fillOpacity - 0.7 * Math.abs(h)) < 0.002
      && tile.classList.contains(h > 0 ? 'lf-above' : 'lf-below'); }); }"""


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    """What both films show, by the name of their module."""
    agent = functions(PendulumFunctions, "ddpg")
    quick = replace(QUICK, env_steps=1_280)
    well, ill = (pendulum.record(agent, settings, 3)[1] for settings in (quick, replace(quick, tau=1.0)))
    model = taxi_model()
    frames = taxi.record(functions(StudentFunctions, "dqn"), model, Settings(), seed=0)
    films = {
        "taxi_film": taxi.film_data(model, frames),
        "pendulum_film": pendulum.film_data(well, ill, "no target networks"),
    }
    return {name: plain(film) for name, film in films.items()}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any]) -> str:
    to: Path = tmp_path_factory.mktemp("films") / "page.html"
    parts = [as_html({"module": name, "data": film}, "<p>still</p>") for name, film in data.items()]
    to.write_text(PAGE.format("".join(parts)), encoding="utf-8")
    return to.as_uri()


@pytest.fixture
def page(browser: Browser, file: str) -> Iterator[Page]:
    with watched_page(browser) as opened:
        opened.goto(file)
        yield opened


def test_the_slider_shows_the_frames_by_keyboard_with_a_sentence_for_each(page: Page, data: dict[str, Any]) -> None:
    film, frames = page.locator("[data-live-figure=taxi_film]"), data["taxi_film"]["frames"]
    says, slider = film.get_by_role("status"), film.get_by_role("slider", name="updates")
    expect(says).to_have_text(frames[0]["words"])
    tab_to(page, "input[type=range]")
    page.keyboard.press("End")
    expect(says).to_have_text(frames[-1]["words"])
    page.keyboard.press("ArrowLeft")
    expect(says).to_have_text(frames[-2]["words"])
    expect(slider).to_have_attribute("aria-valuetext", str(frames[-2]["updates"]))
    home = sum(sum(cells) for cells in frames[-2]["home"])
    expect(film.locator(".lf-stage path.lf-go:not(.lf-astray), .lf-stage text.lf-home")).to_have_count(home)
    slider.fill("0")
    expect(film.locator(".lf-stage .lf-go:not(.lf-astray)")).to_have_count(0)


def test_both_agents_are_drawn_at_the_frame_and_the_moment(page: Page, data: dict[str, Any]) -> None:
    film, runs = page.locator("[data-live-figure=pendulum_film]"), data["pendulum_film"]
    film.get_by_role("slider", name="training").fill("4")
    expect(film.get_by_role("status")).to_have_text(runs["words"][4])
    film.get_by_role("slider", name="moment of the episode").fill("0")
    for pole in (0, 1):  # both hang
        expect(film.locator(".lf-pole").nth(pole)).to_have_attribute("y2", re.compile(r"^(79\.[5-9]|80(\.[0-4]|$))"))
    last = len(runs["words"]) - 1
    film.get_by_role("slider", name="training").fill(str(last))
    maps = [np.ravel(frames[last]["tilt"]) / runs["reach"] for frames in runs["agents"]]
    assert np.abs(maps[0] - maps[1]).max() > 0.1
    page.wait_for_function(TILES_SHOW, arg=maps[0].tolist())
    film.get_by_role("radio", name="the sick agent").check()
    page.wait_for_function(TILES_SHOW, arg=maps[1].tolist())
    expect(film.get_by_role("slider", name="training")).to_have_attribute("aria-valuetext", re.compile("^1280"))


def test_it_plays_when_it_is_asked_to_and_has_no_button_where_less_motion_is_wanted(page: Page) -> None:
    film = page.locator("[data-live-figure=taxi_film]")
    slider = film.get_by_role("slider", name="updates")
    page.clock.install()  # its time, not ours: a busy machine shows the same frames
    page.reload()
    page.clock.run_for(9000)
    expect(slider).to_have_value("0")
    film.get_by_role("button", name="Play").click()
    page.clock.run_for(1000)
    expect(slider).to_have_value("4")
    film.get_by_role("button", name="Pause").click()
    expect(film.get_by_role("button", name="Play")).to_be_visible()
    page.clock.run_for(9000)
    expect(slider).to_have_value("4")
    page.emulate_media(reduced_motion="reduce")
    page.reload()
    expect(slider).to_have_value("0")
    expect(page.get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_and_both_fit_a_phone(page: Page, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    for name in ("taxi_film", "pendulum_film"):
        page.locator(f"[data-live-figure={name}] input[type=range]").first.fill("20")
    for width in (1280, 390):
        fits(page, width)
        assert serious(page) == []
        page.screenshot(path=SHOTS / f"films-{scheme}-{width}.png", full_page=True)
