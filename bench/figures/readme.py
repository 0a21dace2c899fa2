"""README's chart: its picture, and the lines that show it, both made from the record of a class's grading."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.figures.charts import as_svg, speed_of_grading
from bench.figures.results import ROOT

PICTURE = "docs/_static/grading-speed.svg"
BEGIN, END = "<!-- chart of grading speed: written by `make figures` -->", "<!-- end of chart -->"


def write(found: Mapping[str, Any], root: Path = ROOT) -> None:
    """Write the picture and README's lines about it."""
    readme = root / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(with_chart(text, found), encoding="utf-8")
    if "class" in found:
        (root / PICTURE).write_text(as_svg(speed_of_grading(found)), encoding="utf-8")


def with_chart(text: str, found: Mapping[str, Any]) -> str:
    """Return README's text with the chart of this record between the two comments; nothing there without a record.

    Raises
    ------
    ValueError
        If the comments are missing.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md lacks the comments {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{_lines(found)}{END}{after}"


def _lines(found: Mapping[str, Any]) -> str:
    if "class" not in found:
        return ""
    chart, record = speed_of_grading(found), found["class"]
    first, *others = chart.bars
    peers = [bar for bar in others if not bar.is_ours]
    said = " and ".join(f"{first.value / bar.value:.0f} times as many as {bar.label}" for bar in peers)
    return (
        f"![{chart.words}]({PICTURE})\n\n{first.label} grades {first.text} notebooks a minute on "
        f"{record['machine']['cores']} cores, {said} ({record['date']}; `make figures` measures it again).\n"
    )
