"""The parts of a figure with several columns: each holds its panels whole, and nothing of another's."""

from __future__ import annotations

import base64
import re
from itertools import pairwise

import pytest

from grader.publish.phone_figures import cut_out, with_stacked_parts
from gradschool.lessons.figures.figure import LessonFigure, new_panels
from gradschool.lessons.figures.panels import MARGIN, WIDEST, parts


def drawn(rows: int, columns: int, *, legend: bool = False, beside: bool = False) -> LessonFigure:
    fig, panels = new_panels(rows, columns, (3.0 * columns, 3.0), squeeze=False)
    for k, axes in enumerate(panels.flat):
        axes.plot([0, 1], [0, 10**k], label=f"line {k}")
        axes.set(title=f"panel {k}", xlabel="a step", ylabel="a return")
    if legend:
        fig.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center")
    if beside:
        fig.supylabel("of all panels")
    return fig.described("Some lines.")


def test_a_figure_with_one_column_has_no_parts() -> None:
    assert parts(drawn(1, 1)) == []
    assert parts(drawn(2, 1)) == []
    assert "data-parts" not in drawn(2, 1).html()


@pytest.mark.parametrize(("rows", "columns"), [(1, 2), (2, 2), (1, 3)])
def test_each_column_is_a_part_and_holds_its_panels_whole(rows: int, columns: int) -> None:
    fig = drawn(rows, columns, beside=True)
    found = parts(fig)
    assert len(found) == columns
    fig.draw_without_rendering()
    for k, axes in enumerate(fig.axes):
        box = axes.get_tightbbox().transformed(fig.transFigure.inverted())
        inside = [p.x <= max(box.x0, 0) and box.x1 <= p.x + p.width + 1e-9 for p in found]
        assert [j for j, is_in in enumerate(inside) if is_in] == [k % columns]
        part = found[k % columns]
        assert part.y <= 1 - box.y1 + 1e-9
        assert 1 - box.y0 <= part.y + part.height + 1e-9
    for left, right in pairwise(found):
        assert left.x + left.width <= right.x + 3 * MARGIN
    label = fig.texts[0].get_window_extent().transformed(fig.transFigure.inverted()) if fig.texts else None
    assert label is None or found[0].x <= label.x0


def test_the_legend_of_all_panels_is_the_last_part() -> None:
    *columns, legend = parts(drawn(1, 3, legend=True))
    assert len(columns) == 3
    assert all(legend.y >= column.y + column.height - 3 * MARGIN for column in columns)


def test_a_color_bar_stays_with_its_panel_and_small_pictures_side_by_side() -> None:
    fig, (left, right) = new_panels(1, 2, (9.0, 4.2))
    right.plot([1, 2])
    bar = fig.colorbar(left.imshow([[0.0, 1.0]]), ax=left, label="Q")
    surface, slices = parts(fig)
    end = bar.ax.get_tightbbox().transformed(fig.transFigure.inverted()).x1
    assert end <= surface.x + surface.width <= slices.x + 3 * MARGIN
    fig, _ = new_panels(1, 8, (9.0, 1.5))
    strip = parts(fig)
    assert 1 < len(strip) < 8
    assert all(9.0 * part.width < WIDEST + 0.1 for part in strip)
    assert parts(new_panels(1, 2, (4.0, 2.0))[0]) == []


def test_a_page_gets_each_part_as_a_picture_of_its_own_beside_the_whole() -> None:
    fig = drawn(1, 2)
    html = with_stacked_parts(fig.html())
    whole, *small = re.findall(r'<img [^>]*width="(\d+)" height="(\d+)"[^>]*base64,([^"]+)"', html)
    assert len(small) == 2
    assert re.findall(r'alt="([^"]*)"', html) == [
        "Some lines.",
        "Part 1 of 2 of one figure. Some lines.",
        "Part 2 of 2 of one figure.",
    ]
    for part, (width, height, data) in zip(parts(fig), small, strict=True):
        svg = base64.b64decode(data).decode()
        x, y, w, h = (float(n) for n in re.search(r'viewBox="([^"]+)"', svg)[1].split())
        place = (part.x * 432, part.y * 216, part.width * 432, part.height * 216)
        assert (x, y, w, h) == pytest.approx(place, abs=0.05)  # shares have four digits
        assert int(width) / int(height) == pytest.approx(w / h, rel=0.02)
        assert int(width) < int(whole[0])
        assert svg.count("viewBox") == 1
    assert with_stacked_parts(drawn(1, 1).html()) == drawn(1, 1).html()


def test_an_svg_without_a_size_is_refused() -> None:
    with pytest.raises(ValueError, match="begins with its size"):
        cut_out(b"<svg></svg>", parts(drawn(1, 2))[0])
