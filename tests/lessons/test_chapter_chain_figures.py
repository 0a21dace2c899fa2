"""Chapter 1, the lesson: its clinic and its figures, on the lesson's own solution cells."""

from __future__ import annotations

from html import escape
from pathlib import Path
from types import SimpleNamespace

import matplotlib.image
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text
from nbformat import NotebookNode

from gradschool.lessons.clinics import chain
from gradschool.lessons.figures import plots_chain
from gradschool.lessons.figures.figure import LessonFigure
from gradschool.lessons.figures.palette import GROUND, INK, PRINT, SEQUENCE
from tests.support.lesson_cells import cells_of, chain_lesson

SOURCE = Path(__file__).parents[2] / "solutions/01-loss-as-chain-rule/loss_as_chain_rule.md"


@pytest.fixture(scope="module")
def cells() -> list[NotebookNode]:
    return cells_of(SOURCE)


@pytest.fixture(scope="module")
def lesson(cells: list[NotebookNode]) -> SimpleNamespace:
    return chain_lesson(cells)


# -- the clinic -----------------------------------------------------------------------------------------------


@pytest.fixture
def findings(lesson: SimpleNamespace) -> dict[str, list[list[str]]]:
    """Each run's gradients beside the right ones, on two calls."""
    rng = np.random.default_rng(0)
    params = [rng.normal(size=s) for s in ((5, 1), (5,), (1, 5), (1,))]
    X = np.linspace(-1, 1, 8)[:, None]
    l, p = np.sin(3 * X[:, 0]), lesson.mlp(*params, X)
    right = lesson.mlp_backward(*params, X, lesson.batch_mean_gradient(p, l))[:4]
    found = {}
    for name in (chain.HEALTHY, *chain.LETTERS):
        network = chain.FaultyNetwork(name, lesson.mlp_backward, lesson.batch_mean_gradient)
        found[name] = [chain.gradient_ratio(network.gradients(params, X, p, l), right) for _ in range(2)]
    return found


def test_every_faulty_network_shows_the_finding_that_its_diagnosis_names(findings: dict[str, list[list[str]]]) -> None:
    assert findings["healthy"] == [["1"] * 4] * 2
    assert findings["A"] == [["8"] * 4] * 2  # the batch size
    assert findings["B"] == [["other"] * 3 + ["1"]] * 2
    assert findings["C"] == [["1"] * 4, ["2"] * 4]  # the same net, asked twice
    assert findings["D"] == [["0", "0", "1", "1"]] * 2


def test_there_is_no_fifth_run(lesson: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="there is no run 'E': there are A, B, C, D and 'healthy'"):
        chain.FaultyNetwork("E", lesson.mlp_backward, lesson.batch_mean_gradient)


# -- figures --------------------------------------------------------------------------------------------------


def figure_cells(cells: list[NotebookNode]) -> list[str]:
    return [c.source for c in cells if c.cell_type == "code" and "plots_chain." in c.source]


@pytest.fixture(scope="module")
def figures(cells: list[NotebookNode], lesson: SimpleNamespace) -> list[LessonFigure]:
    """The figures of the experiment cells, in the lesson's order, with the solutions."""
    names = {**vars(lesson), "print": lambda *_: None}
    drawn = []
    for cell in cells:
        if cell.metadata.get("tags") != ["experiment"]:
            continue
        body, _, last = cell.source.rstrip().rpartition("\n")
        exec(body if last.startswith("plots_chain.") else cell.source, names)
        if last.startswith("plots_chain."):
            drawn.append(eval(last, names))
    return drawn


def test_every_figure_is_drawn_and_carries_its_words(cells: list[NotebookNode], figures: list[LessonFigure]) -> None:
    assert len(figures) == len(figure_cells(cells)) == 9
    for figure in figures:
        assert isinstance(figure, LessonFigure)
        assert len(figure.alt) > 100
        assert "nan" not in figure.alt
        assert len(figure.axes) >= 1
    assert len({figure.alt for figure in figures}) == 9


def test_figures_are_transparent_pictures_and_speak_when_shown(
    figures: list[LessonFigure], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "figure.png").write_bytes(figures[0].png())
    pixels = matplotlib.image.imread(tmp_path / "figure.png")
    assert pixels.shape[2] == 4
    assert pixels[0, 0, 3] == 0  # nothing behind the drawing
    assert pixels[..., 3].max() == 1
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **more: shown.append((data, more)))
    figures[0]._ipython_display_()
    (bundle, more), (words, _) = shown
    assert bundle["text/plain"] == more["metadata"]["image/png"]["alt"] == figures[0].alt
    assert f'<img alt="{escape(figures[0].alt, quote=True)}"' in bundle["text/html"]  # JupyterLab reads no other
    assert "<details>" in words.data


def test_the_words_follow_the_numbers() -> None:
    one = plots_chain.two_paths({"w": 0.5, "x": 2.0, "z": 1.0, "h": 0.76, "y": 0.38}, 0.42, 0.76)
    other = plots_chain.two_paths({"w": 0.5, "x": 2.0, "z": 1.0, "h": 0.76, "y": 0.38}, 0.42, 0.1)
    assert "1.18" in one.alt
    assert "0.52" in other.alt


def test_lines_and_words_keep_to_the_palette(figures: list[LessonFigure]) -> None:
    lines = {line.get_color() for figure in figures for ax in figure.axes for line in ax.lines}
    assert lines <= {*SEQUENCE, INK}
    words = {to_hex(text.get_color()).upper() for figure in figures for text in figure.findobj(Text) if text.get_text()}
    assert words <= {*SEQUENCE, INK, GROUND, PRINT}  # the last two stand on the boxes of a heat map
