"""Every figure of the course: words for who cannot see it, lines for who cannot tell colours, code out of the way."""

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
from gradschool.rl.dqn.training import Run

COURSE = Path(__file__).parents[3] / "course"
NOTEBOOKS = sorted(COURSE.glob("*/*.ipynb"))
# What is left of linear RGB for somebody without M cones (Machado, Oliveira & Fernandes 2009, severity 1).
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)


def seen(colour: str) -> np.ndarray:
    """A colour as a deuteranope sees it, linear RGB."""
    return np.clip(DEUTERANOPIA @ np.array(to_rgb(colour)) ** 2.2, 0, 1)


def test_the_accents_stay_apart_for_who_cannot_tell_red_from_green() -> None:
    accents = {"flow": palette.TAKEN, "leak": palette.LEAK, "blocked": palette.BLOCKED, "right": palette.RIGHT}
    apart = {
        (a, b): float(np.linalg.norm(seen(accents[a]) - seen(accents[b]))) for a in accents for b in accents if a < b
    }
    assert min(apart.values()) > 0.25, apart  # measured: 0.32 for leak and right; orange and green are at 0.20


def test_series_differ_by_line_as_well_as_by_colour() -> None:
    assert len(palette.LINES) == len(palette.SEQUENCE) == len(set(palette.LINES)) == len(set(palette.SEQUENCE))
    steps = [0, 1000, 2000]
    groups = {name: [Run(np.zeros((1, 1)), steps, [-200.0, 0.0, 7.0], [0, 9, 300])] for name in "abcdef"}
    axes = plots_dqn.bands(groups).axes
    for ax in axes:
        drawn: list[Any] = [line for line in ax.lines if len(line.get_xdata()) == 3]
        assert len({str(line._unscaled_dash_pattern) for line in drawn}) == 6


def test_a_picture_speaks_in_every_front_end() -> None:
    html = picture_html(b"\x89PNG", 'a "V" & more <than> that', 700)
    (alt,) = re.findall(r'alt="([^"]*)"', html)
    assert unescape(alt) == 'a "V" & more <than> that'
    (data,) = re.findall(r"base64,([^\"]+)", html)
    assert base64.b64decode(data) == b"\x89PNG"
    figure = LessonFigure(figsize=(7, 3), dpi=110)
    assert figure.png()[:4] == b"\x89PNG"


@pytest.mark.parametrize("file", NOTEBOOKS, ids=lambda f: f.parent.name)
def test_code_that_is_put_away_on_paper_is_put_away_in_jupyterlab(file: Path) -> None:
    for cell in json.loads(file.read_text())["cells"]:
        hidden = cell["metadata"].get("jupyter", {}).get("source_hidden", False)
        assert hidden == ("hide-input" in cell["metadata"].get("tags", []))


@pytest.mark.parametrize("file", [f for f in NOTEBOOKS if "lab" not in f.parent.name], ids=lambda f: f.parent.name)
def test_each_chapter_has_its_flow_and_its_progress_outside_of_grading(file: Path) -> None:
    cells = [c for c in json.loads(file.read_text())["cells"] if c["cell_type"] == "code"]
    for call in (r"^flow\.\w+\(", r"^progress\("):
        found = [c for c in cells if re.search(call, "".join(c["source"]), re.MULTILINE)]
        assert len(found) == 1
        assert "experiment" in found[0]["metadata"]["tags"]
