"""Parts of the landing page that are computed while the site is built: the live check, the pendulum, the charts."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
from docutils import nodes
from docutils.parsers.rst import Directive
from live_answers import ANSWERS, LiveAnswer
from numpy.typing import NDArray

from bench.figures.charts import as_html
from bench.figures.results import results
from gradschool.check import card
from gradschool.check.api import check_here
from gradschool.core.exercise import find
from gradschool.lessons.ddpg_experiments import fused_agent
from gradschool.rl.envs.pendulum import angles_from_hanging

SEED = 0  # of the agent
SHOWN_STEPS = 120  # of the episode's 200: the rod stands long before


class LiveCheck(Directive):
    """Buttons with mistakes, and the real check's card for each. It needs neither a server nor a script."""

    def run(self) -> list[nodes.Node]:
        """Return the buttons and the cards."""
        buttons, cards = [], []
        for number, answer in enumerate(ANSWERS):
            first = " checked" if number == 0 else ""
            buttons.append(
                f'<input type="radio" name="live-check" id="live-{number}"{first}>'
                f'<label for="live-{number}">{escape(answer.label)}</label>'
            )
            cards.append(f'<div class="live-card">{_card(answer)}</div>')
        shown = "".join(
            f".live-check:has(#live-{k}:checked) .live-card:nth-child({k + 1}){{display:block}}"
            for k in range(len(cards))
        )
        whole = (
            f"<style>{shown}</style>"
            '<fieldset class="live-check"><legend>Choose a mistake, and read what the check says of it</legend>'
            f'{"".join(buttons)}<div class="live-cards" aria-live="polite">{"".join(cards)}</div></fieldset>'
        )
        return [nodes.raw("", whole, format="html")]


def _card(answer: LiveAnswer) -> str:
    report = check_here(find(answer.exercise), answer.function)
    if report.passed:
        raise ValueError(f"the check passes {answer.function.__name__}, which the landing page calls a mistake")
    return f"<p>The mistake: {escape((answer.function.__doc__ or '').strip())}</p>{card.as_html(report)}"


class SwingUp(Directive):
    """A trained DDPG actor's episode as an animated drawing; it stands still where the reader asks for less motion."""

    def run(self) -> list[nodes.Node]:
        """Return the drawing."""
        angles = -np.degrees(swing_up_angles())  # Gymnasium counts counterclockwise, CSS clockwise
        stops = "".join(
            f"{100 * k / (len(angles) - 1):.2f}%{{transform:rotate({angle:.1f}deg)}}" for k, angle in enumerate(angles)
        )
        seconds = 0.05 * len(angles)
        style = (
            f"@keyframes swing-up{{{stops}}}.swing-up .rod{{transform:rotate(0deg)}}"
            "@media (prefers-reduced-motion:no-preference){.swing-up .rod{"
            f"animation:swing-up {seconds:.1f}s linear infinite}}}}"
        )
        words = "A pendulum swings up from hanging and stands: one episode of an actor trained as in chapter 3."
        drawing = (
            '<figure class="swing-up"><svg viewBox="-60 -60 120 120" role="img" '
            f'aria-label="{words}"><style>{style}</style>'
            '<g class="rod"><rect x="-5" y="-50" width="10" height="55" rx="5"/></g><circle r="3"/></svg>'
            "<figcaption>DDPG on Pendulum, trained as in chapter 3</figcaption></figure>"
        )
        return [nodes.raw("", drawing, format="html")]


class Measured(Directive):
    """The charts of the measured figures, drawn from the files in ``bench/results``."""

    def run(self) -> list[nodes.Node]:
        """Return the charts; nothing where nothing has been recorded."""
        return [nodes.raw("", charts, format="html")] if (charts := as_html(results())) else []


def swing_up_angles() -> NDArray[np.float64]:
    """Return the rod's angles in radians, 0 upright, step after step of one episode that starts hanging."""
    return angles_from_hanging(fused_agent(SEED).act, SHOWN_STEPS)


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_directive("live-check", LiveCheck)
    app.add_directive("swing-up", SwingUp)
    app.add_directive("measured", Measured)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
