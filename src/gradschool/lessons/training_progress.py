"""Training that a reader can watch and stop: a bar and a curve while agents learn, and what is done so far is kept.

Where no person looks on (a script, Validate, grading) nothing is shown and an interrupt is an interrupt. The picture is
a few lines of SVG rather than a matplotlib figure, so that a redraw costs well under a millisecond.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from gradschool.core.interactive import is_interactive
from gradschool.lessons.figures.palette import INK, RIGHT, TAKEN

PAUSE = 0.3  # seconds between two redraws, and before the first: short work shows nothing
WIDTH, HEIGHT = 420, 110
MARGIN = 24  # to the right of the curves: training that goes on does not look as if it had ended
Curve = tuple[Sequence[float], Sequence[float]]  # env steps, values


@dataclass
class TrainingMonitor:
    """One picture of training in progress.

    Parameters
    ----------
    what
        What is being done, as in "20 runs".
    measure
        What the curve shows, as in "mean return".
    live
        Whether a person looks on; otherwise nothing is drawn.
    clock
        Tells the seconds.
    """

    what: str
    measure: str
    live: bool = True
    clock: Callable[[], float] = time.monotonic
    redraws: int = 0
    _handle: Any = None
    _begun: float = 0.0
    _last: float = 0.0
    _finished: list[Curve] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._begun = self._last = self.clock()

    def at(self, share: float, curve: Callable[[], Curve]) -> None:
        """Redraw if it is time: training is this far (0 to 1). ``curve()`` is called only for a redraw."""
        if not self.live or self.clock() - self._last < PAUSE:
            return
        self._put(picture(self.what, self.measure, share, self._finished, curve(), self.clock() - self._begun))
        self._last = self.clock()
        self.redraws += 1

    def finished(self, curve: Curve) -> None:
        """Keep the curve of one of several runs that is through, in gray."""
        self._finished.append(curve)

    def close(self, words: str) -> None:
        """Leave one line in the place of the picture, if there was one."""
        if self._handle is not None:
            self._put(f"<div>{escape(words)} ({self.clock() - self._begun:.1f} s)</div>")

    def _put(self, html: str) -> None:
        from IPython.display import HTML, display

        if self._handle is None:
            self._handle = display(HTML(html), display_id=True)
        else:
            self._handle.update(HTML(html))


@contextmanager
def monitor(what: str, measure: str) -> Iterator[TrainingMonitor]:
    """Show what is trained inside this block, if a person looks on; one line is left of it."""
    progress = TrainingMonitor(what, measure, live=is_interactive())
    try:
        yield progress
    except BaseException:
        progress.close(f"{what}: stopped")
        raise
    progress.close(progress.what)


def report_interrupt(progress: TrainingMonitor, done: int, of: int) -> None:
    """Say on an interrupt what there is; where no person looks on, or there is nothing, raise it again."""
    if not progress.live or done == 0:
        raise
    progress.what = f"stopped after {done} of {of}"
    print(f"Interrupted: {done} of {of} runs are kept, and what follows uses those.")


def picture(
    what: str, measure: str, share: float, finished: Sequence[Curve], current: Curve, seconds: float = 0.0
) -> str:
    """Draw a bar and the curves so far as HTML without scripts: finished runs gray, the current one in color."""
    percent = int(100 * min(max(share, 0.0), 1.0))
    words = f"{what}: {percent} %, {seconds:.0f} s so far"
    bar = (
        f'<div role="progressbar" aria-valuenow="{percent}" aria-valuemin="0" aria-valuemax="100" '
        f'aria-label="{escape(what)}" style="width:{WIDTH}px;border:1px solid {INK};border-radius:3px">'
        f'<div style="width:{percent}%;height:8px;background:{RIGHT}"></div></div>'
    )
    stop = "Interrupt the kernel to stop; what there is will be kept."
    return f"<div><div>{escape(words)}. {stop}</div>{bar}{_curves(measure, finished, current)}</div>"


def _curves(measure: str, finished: Sequence[Curve], current: Curve) -> str:
    curves = [(INK, 1.0, c) for c in finished[-20:]] + [(TAKEN, 2.2, current)]
    points = [np.array(c, float) for _, _, c in curves if len(c[0])]
    if not points:
        return ""
    x, y = (np.concatenate([p[k] for p in points]) for k in (0, 1))
    finite = y[np.isfinite(y)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    lines = "".join(
        f'<polyline fill="none" stroke="{color}" stroke-width="{width}" points="{_points(c, x.max(), low, high)}"/>'
        for color, width, c in curves
    )
    last = f"{current[1][-1]:.4g}" if len(current[1]) else "none yet"
    text = f'font-size="11" fill="{INK}"'
    here = _points(current, x.max(), low, high).rpartition(" ")[2].split(",")
    dot = f'<circle cx="{here[0]}" cy="{here[1]}" r="3.5" fill="{TAKEN}"/>' if len(here) == 2 else ""
    return (
        f'<svg role="img" aria-label="{escape(measure)}, last {last}" width="{WIDTH}" height="{HEIGHT}">{lines}{dot}'
        f'<text x="2" y="11" {text}>{escape(measure)}: {high:.4g}</text>'
        f'<text x="2" y="{HEIGHT - 2}" {text}>{low:.4g}</text></svg>'
    )


def _points(curve: Curve, end: float, low: float, high: float) -> str:
    span = (high - low) or 1.0
    return " ".join(
        f"{(WIDTH - MARGIN) * x / (end or 1.0):.1f},{16 + (HEIGHT - 32) * (1 - (y - low) / span):.1f}"
        for x, y in zip(*curve, strict=True)
        if np.isfinite(y)
    )
