"""Every figure of the course: words for who cannot see it, lines for who cannot tell colors, code out of the way."""

from __future__ import annotations

import base64
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from gradschool.lessons.figures import palette, plots_dqn
from gradschool.lessons.figures.figure import LessonFigure, picture_html
from gradschool.lessons.figures.themed_svg import themed_svg
from gradschool.rl.dqn.training import Run

COURSE = Path(__file__).parents[3] / "course"
NOTEBOOKS = sorted(COURSE.glob("*/*.ipynb"))
WITH_FLOW = [f for f in NOTEBOOKS if f.parent.name not in ("04-debugging-lab", "06-casebook")]  # a lab, a reading
# What is left of linear RGB for somebody without M cones (Machado, Oliveira & Fernandes 2009, severity 1).
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)


def seen(color: str) -> np.ndarray:
    """A color as a deuteranope sees it, linear RGB."""
    return np.clip(DEUTERANOPIA @ np.array(to_rgb(color)) ** 2.2, 0, 1)


def test_the_accents_stay_apart_for_who_cannot_tell_red_from_green() -> None:
    accents = {"flow": palette.TAKEN, "leak": palette.LEAK, "blocked": palette.BLOCKED, "right": palette.RIGHT}
    apart = {
        (a, b): float(np.linalg.norm(seen(accents[a]) - seen(accents[b]))) for a in accents for b in accents if a < b
    }
    assert min(apart.values()) > 0.25, apart  # measured: 0.32 for leak and right; orange and green are at 0.20


def test_series_differ_by_line_as_well_as_by_color() -> None:
    assert len(palette.LINES) == len(palette.SEQUENCE) == len(set(palette.LINES)) == len(set(palette.SEQUENCE))
    steps = [0, 1000, 2000]
    groups = {name: [Run(np.zeros((1, 1)), steps, [-200.0, 0.0, 7.0], [0, 9, 300])] for name in "abcdef"}
    axes = plots_dqn.bands(groups).axes
    for ax in axes:
        drawn: list[Any] = [line for line in ax.lines if len(line.get_xdata()) == 3]
        assert len({str(line._unscaled_dash_pattern) for line in drawn}) == 6


def test_a_picture_speaks_in_every_front_end() -> None:
    html = picture_html(b"<svg/>", 'a "V" & more <than> that', (700, 300))
    (alt,) = re.findall(r'alt="([^"]*)"', html)
    assert unescape(alt) == 'a "V" & more <than> that'
    (data,) = re.findall(r"base64,([^\"]+)", html)
    assert base64.b64decode(data) == b"<svg/>"
    assert 'width="700" height="300"' in html  # nothing below it moves when it is drawn
    figure = LessonFigure(figsize=(7, 3), dpi=110)
    assert figure.png()[:4] == b"\x89PNG"


def luminance(color: str) -> float:
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in to_rgb(color))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


@pytest.mark.parametrize("scheme", palette.SCHEMES)
def test_every_color_is_seen_on_the_ground_of_its_scheme_and_told_from_the_others(scheme: str) -> None:
    colors = palette.SCHEMES[scheme]
    ground = luminance(colors[palette.GROUND])
    contrasts = {}
    for role, color in colors.items():
        low, high = sorted((luminance(color), ground))
        contrasts[role] = (high + 0.05) / (low + 0.05)
    assert contrasts.pop(palette.GROUND) == 1
    lines_only = {palette.OTHER, palette.THIRD}  # WCAG 2: 4.5 for text, 3 for lines and marks
    assert all(value >= (3 if role in lines_only else 4.5) for role, value in contrasts.items()), contrasts
    accents = [colors[role] for role in (palette.TAKEN, palette.LEAK, palette.BLOCKED, palette.RIGHT)]
    assert min(np.linalg.norm(seen(a) - seen(b)) for a in accents for b in accents if a != b) > 0.15


def drawn(**options: Any) -> str:
    with palette.lesson_style():
        figure = LessonFigure(figsize=(3, 2))
        axes = figure.subplots()
        for color in palette.SEQUENCE:
            axes.plot([0, 1, 2], [0, 1 / 3, 1], color=color, label="a line")
        axes.imshow(np.eye(2))
        axes.legend(title="words")
    return themed_svg(figure, **options).decode()


def test_a_figure_has_no_color_but_those_of_its_schemes() -> None:
    style, picture = drawn().split("</style>", 1)
    assert set(re.findall(r"#[0-9a-fA-F]{6}", picture)) == set()
    for names in re.findall(r":root{(.*?)}", style):
        assert set(re.findall(r"var\((--c\d)\)", picture)) <= set(re.findall(r"--c\d", names))
    assert all(set(colors.values()) <= set(re.findall(r"#\w{6}", style)) for colors in palette.SCHEMES.values())
    assert "#ffd700" in drawn_with("#FFD700")  # a color that is no role stays, and would be found


def drawn_with(color: str) -> str:
    figure = LessonFigure(figsize=(1, 1))
    figure.subplots().plot([0, 1], color=color)
    return themed_svg(figure).decode()


def test_the_same_figure_is_the_same_svg_and_small() -> None:
    assert drawn() == drawn()
    assert len(drawn()) < 60_000
    assert "filter:invert" not in drawn()
    assert "image{filter:invert" in drawn(on_white=True)


def test_a_heat_map_is_dark_on_a_dark_page_and_its_numbers_have_the_colors_of_the_scheme() -> None:
    figure = plots_dqn.side_by_side({"one": np.array([[0.0, 0.1], [-1.0, 0.5]]), "other": np.eye(2)})
    assert "image{filter:invert" in themed_svg(figure, on_white=figure.on_white).decode()
    numbers = [text for axes in figure.axes for text in axes.texts]
    assert [(t.get_text(), t.get_color()) for t in numbers] == [
        *(("0.10", palette.PRINT), ("-1.00", palette.GROUND), ("0.50", palette.PRINT)),
        *(("1.00", palette.GROUND), ("1.00", palette.GROUND)),
    ]


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda f: f.parent.name)
def test_code_that_is_put_away_on_paper_is_put_away_in_jupyterlab(file: Path) -> None:
    for cell in json.loads(file.read_text())["cells"]:
        hidden = cell["metadata"].get("jupyter", {}).get("source_hidden", False)
        assert hidden == ("hide-input" in cell["metadata"].get("tags", []))


@pytest.mark.parametrize("file", WITH_FLOW, ids=lambda f: f.parent.name)
def test_each_chapter_has_its_flow_and_its_progress_outside_of_grading(file: Path) -> None:
    cells = [c for c in json.loads(file.read_text())["cells"] if c["cell_type"] == "code"]
    for call in (r"^flow\.\w+\(", r"^progress\("):
        found = [c for c in cells if re.search(call, "".join(c["source"]), re.MULTILINE)]
        assert len(found) == 1
        assert "experiment" in found[0]["metadata"]["tags"]
