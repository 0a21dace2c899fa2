"""The class report's figures: SVG that takes its ink from the page, so that it reads on light, dark and paper."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.ticker import MaxNLocator, PercentFormatter

from grader.publish.class_report.data import ChapterFacts, ExerciseFacts, Misconception
from gradschool.lessons.figures.figure import LessonFigure
from gradschool.lessons.figures.palette import INK, RIGHT, TAKEN, lesson_style

WIDTH = 7.0  # inches, as in the lessons
ROW = 0.3  # inches for one bar
BINS = np.linspace(0, 1, 11)
SVG_STYLE: Any = {"svg.fonttype": "none", "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans", "sans-serif"]}


def _students(n: int) -> str:
    return f"{n} student" if n == 1 else f"{n} students"


def distribution(shares: Sequence[float]) -> tuple[LessonFigure, list[int]]:
    """Draw how many students have how much of the points, in steps of a tenth; return the figure and the counts."""
    counts = np.histogram(np.clip(shares, 0, 1), BINS)[0]
    with lesson_style():
        figure = LessonFigure(figsize=(WIDTH, 2.2), layout="constrained")
        ax = figure.subplots()
        bars = ax.bar(BINS[:-1] + 0.05, counts, width=0.092, color=RIGHT)
        ax.bar_label(bars, [str(c) if c else "" for c in counts], padding=2, color=INK)
        ax.set(xlabel="share of the points marked so far", ylabel="students", xlim=(0, 1), xticks=BINS)
        ax.set_ylim(0, max(counts.max() * 1.35, 1))
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        ax.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        middle = float(np.median(shares))
        ax.axvline(middle, color=TAKEN, linewidth=2, linestyle="--")
        side: dict[str, Any] = (
            {"ha": "left", "xytext": (5, -3)} if middle < 0.85 else {"ha": "right", "xytext": (-5, -3)}
        )
        ax.annotate(
            "median", (middle, 1), xycoords=("data", "axes fraction"), textcoords="offset points", va="top", **side
        )
    most = int(counts.argmax())
    figure.alt = (
        f"Histogram of {_students(len(shares))}. The median, a dashed line, is {np.median(shares):.0%} of the points; "
        f"the fullest bar is {BINS[most]:.0%} to {BINS[most + 1]:.0%} with {_students(int(counts[most]))}."
    )
    return figure, [int(c) for c in counts]


def by_exercise(found: Sequence[ExerciseFacts]) -> LessonFigure:
    """Draw, for each exercise, the mean share of the points and the share of students with all of them."""
    names = [e.exercise.partition(".")[2] for e in found]
    with lesson_style():
        figure = LessonFigure(figsize=(WIDTH, ROW * len(found) + 1.0), layout="constrained")
        ax = figure.subplots()
        at = np.arange(len(found))
        ax.barh(at, [e.mean for e in found], height=0.62, color=RIGHT, label="mean share of the points")
        ax.plot(
            [e.passed for e in found],
            at,
            "D",
            color=TAKEN,
            markeredgecolor="white",
            markersize=7,
            label="students with all points",
            clip_on=False,
        )
        ax.set(yticks=at, yticklabels=names, xlim=(0, 1), ylim=(len(found) - 0.5, -0.5))
        ax.xaxis.set_major_formatter(PercentFormatter(1))
        ax.tick_params(axis="y", length=0)
        figure.legend(loc="outside upper left", ncols=2)
    hardest = min(found, key=lambda e: (e.passed, e.mean))
    figure.alt = (
        f"Bars for {len(found)} exercises, in the lesson's order. Fewest students have all points in "
        f"{hardest.exercise}: {hardest.passed:.0%}."
    )
    return figure


def by_mistake(found: Sequence[Misconception]) -> LessonFigure:
    """Draw, for each mistake, how many students made it."""
    names = [f"{m.exercise.partition('.')[2]}: {m.name}" for m in found]
    with lesson_style():
        figure = LessonFigure(figsize=(WIDTH, ROW * len(found) + 0.7), layout="constrained")
        ax = figure.subplots()
        at = np.arange(len(found))
        bars = ax.barh(at, [len(m.students) for m in found], height=0.62, color=TAKEN)
        ax.bar_label(bars, padding=3, color=INK)
        ax.set(yticks=at, yticklabels=names, ylim=(len(found) - 0.5, -0.5), xlabel="students")
        ax.set_xlim(0, max(len(m.students) for m in found) * 1.08)
        ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        ax.tick_params(axis="y", length=0)
    figure.alt = (
        f"Bars for the {len(found)} most frequent mistakes. The first is {found[0].name} in {found[0].exercise}, made "
        f"by {_students(len(found[0].students))}."
    )
    return figure


def svg(figure: LessonFigure, name: str) -> str:
    """Return the figure as an SVG element labeled by its words, in the page's color; the same bytes every time."""
    buffer = io.StringIO()
    with lesson_style(), mpl.rc_context({**SVG_STYLE, "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, facecolor="none")
    text = re.sub(r"(?s)^.*?(?=<svg)", "", buffer.getvalue())
    text = re.sub(r"(?s)\s*<metadata>.*?</metadata>", "", text)
    text = text.replace(INK, "currentColor").replace(INK.lower(), "currentColor")
    text = re.sub(r'\bid="', f'id="{name}-', text)  # one page holds many figures
    text = re.sub(r'(url\(#|href="#)', rf"\g<1>{name}-", text)
    return re.sub(r"<svg\b", f'<svg role="img" aria-labelledby="{name}-words"', text, count=1)


def chapter_figures(
    found: ChapterFacts, most: int
) -> tuple[LessonFigure, list[int], LessonFigure, LessonFigure | None]:
    """The three figures of a chapter, and the counts of the first."""
    spread, counts = distribution(found.shares)
    mistakes = found.mistakes[:most]
    return spread, counts, by_exercise(found.exercises), by_mistake(mistakes) if mistakes else None
