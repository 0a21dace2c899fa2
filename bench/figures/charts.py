"""Bar charts of the records in ``bench/results``: as HTML for the site, as SVG for README. No number is typed here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any, NamedTuple

BLUE, GRAY, WIDTH, LEFT, ROW = "#0072B2", "#767676", 720, 240, 34
OURS = "Grad School"


class Bar(NamedTuple):
    """One bar: its label, its length, and the number beside it as text."""

    label: str
    value: float
    text: str
    is_ours: bool = True


class Chart(NamedTuple):
    """A chart: what its bars measure, the bars, the length of a full one, and the record that it was drawn from."""

    title: str
    bars: list[Bar]
    full: float
    record: Mapping[str, Any]

    @property
    def words(self) -> str:
        """The chart as one sentence, for a screen reader."""
        return f"{self.title}. " + "; ".join(f"{bar.label}: {bar.text}" for bar in self.bars) + "."


def _chart(title: str, bars: list[Bar], record: Mapping[str, Any], full: float = 0.0) -> Chart:
    return Chart(title, bars, full or max(bar.value for bar in bars), record)


def speed_of_grading(found: Mapping[str, Any]) -> Chart:
    """Notebooks a minute; the row of cold kernels, which is about one chapter, is left out."""
    runs = [run for run in found["class"]["result"] if "chapter" not in run["who"]]
    rates = [(run["who"], run["notebooks"] / run["seconds"] * 60) for run in runs]
    bars = [Bar(who, rate, f"{rate:.0f}", who.startswith(OURS)) for who, rate in rates]
    return _chart("Notebooks graded in a minute, the same checks", bars, found["class"])


def _seconds(title: str, named: list[tuple[str, float]], record: Mapping[str, Any]) -> Chart:
    bars = [Bar(name, s, f"{s:.2g} s" if s < 10 else f"{s:.0f} s", not name.startswith("Stable")) for name, s in named]
    return _chart(title, bars, record)


def dqn_training(found: Mapping[str, Any]) -> Chart:
    """CPU seconds of DQN on Taxi."""
    rows = [row for row in found["dqn"]["result"] if row["name"].startswith(("gradschool, student", "Stable"))]
    named = [(row["name"].replace("gradschool", OURS), row["median_seconds"]) for row in rows]
    return _seconds("CPU seconds until DQN solves Taxi, median", named, found["dqn"])


def ddpg_training(found: Mapping[str, Any]) -> Chart:
    """CPU seconds of DDPG on Pendulum."""
    names = {
        "reference": f"{OURS}, the lesson's functions",
        "fused": f"{OURS}, fused",
        "sb3-64x64": "Stable-Baselines3, same networks",
    }
    result = found["ddpg"]["result"]
    named = [(label, result[name]["median_seconds"]) for name, label in names.items()]
    return _seconds("CPU seconds until DDPG reaches -200 on Pendulum, median", named, found["ddpg"])


def known_mistakes(found: Mapping[str, Any]) -> Chart:
    """What the grader does with the mistakes and the alternative solutions of the bank."""
    r = found["audit"]["result"]
    rows = (
        ("known mistakes caught", r["killed"], r["mutants"]),
        ("known mistakes named", r["named"], r["mutants"]),
        ("alternative solutions accepted", r["accepted"], r["alternatives"]),
    )
    bars = [Bar(label, part / whole, f"{part} of {whole}") for label, part, whole in rows]
    return _chart("The grader on known answers", bars, found["audit"], full=1.0)


def _attacks(found: Mapping[str, Any], name: str, who: str) -> Chart:
    r = found[name]["result"]
    bar = Bar(who, r["breaks"] / r["attacks"], f"{r['breaks']} of {r['attacks']}", who.startswith(OURS))
    return _chart("Hostile notebooks that gained or broke something", [bar], found[name], full=1.0)


def attacks(found: Mapping[str, Any]) -> Chart:
    """The red team on this grader."""
    return _attacks(found, "redteam", OURS)


def attacks_on_stock(found: Mapping[str, Any]) -> Chart:
    """The red team on stock nbgrader."""
    return _attacks(found, "redteam-stock", "stock nbgrader")


CHARTS: dict[str, Callable[[Mapping[str, Any]], Chart]] = {
    "class": speed_of_grading,
    "dqn": dqn_training,
    "ddpg": ddpg_training,
    "audit": known_mistakes,
    "redteam": attacks,
    "redteam-stock": attacks_on_stock,
}


def as_html(found: Mapping[str, Any]) -> str:
    """Return every chart that has a record, as tables whose bars follow the page's colors; "" without any record."""
    charts = [make(found) for name, make in CHARTS.items() if name in found]
    return f'<div class="charts">{"".join(_table(chart) for chart in charts)}</div>' if charts else ""


def _table(chart: Chart) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(bar.label)}</th><td>{_bar(bar, chart.full)}</td><td>{escape(bar.text)}</td></tr>'
        for bar in chart.bars
    )
    record, machine = chart.record, chart.record["machine"]
    where = f"{record['date']}, {machine['cores']} cores, commit {record['commit']}"
    made = f"Measured again by <code>{escape(record['command'])}</code> ({escape(where)})"
    table = f'<table class="chart"><caption>{escape(chart.title)}</caption><tbody>{rows}</tbody></table>'
    return f"<div>{table}<p>{made}</p></div>"


def _bar(bar: Bar, full: float) -> str:
    """Return the bar; nothing for 0, which even the shortest bar would belie."""
    kind = "bar" if bar.is_ours else "bar other"
    return f'<span class="{kind}" style="width:{100 * bar.value / full:.1f}%"></span>' if bar.value else ""


def as_svg(chart: Chart) -> str:
    """Return a chart as a picture that follows the reader's light or dark scheme."""
    height = 44 + ROW * len(chart.bars)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<title>{escape(chart.words)}</title>",
        "<style>text{font:16px system-ui,sans-serif;fill:#1f2328}.t{font-weight:600}"
        "@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>",
        f'<text class="t" x="0" y="22">{escape(chart.title)}</text>',
    ]
    for k, bar in enumerate(chart.bars):
        y, length = 40 + ROW * k, (WIDTH - LEFT - 70) * bar.value / chart.full
        color = BLUE if bar.is_ours else GRAY
        parts += [
            f'<text x="{LEFT - 10}" y="{y + 17}" text-anchor="end">{escape(bar.label)}</text>',
            f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="24" rx="3" fill="{color}"/>',
            f'<text x="{LEFT + length + 8:.1f}" y="{y + 17}">{escape(bar.text)}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])
