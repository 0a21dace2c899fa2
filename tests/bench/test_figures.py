"""The charts: each number in them is from a record, and README shows what its record says."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench.figures import badges, card_picture, charts, readme, results
from bench.figures.results import MEASUREMENTS, Measurement, measure
from grader.course import ROOT

PRINTED: dict[str, Any] = {
    "class": [
        {"who": "Grad School", "notebooks": 120, "seconds": 60.0, "cpu": 1.0},
        {"who": "Grad School, hardest class", "notebooks": 120, "seconds": 120.0},
        {"who": "Grad School, cold kernels, chapter 1", "notebooks": 40, "seconds": 60.0},
        {"who": "stock nbgrader", "notebooks": 6, "seconds": 30.0},
        {"who": "otter-grader, otter run", "notebooks": 6, "seconds": 45.0},
        {"who": "10 submissions", "notebooks": 10, "seconds": 5.0},
    ],
    "dqn": {
        "rows": [
            {"name": name, "reached": 3, "runs": 3, "median_seconds": s, "max_seconds": 9.0}
            for name, s in (
                ("gradschool, student's functions", 0.25),
                ("the same loop in eager torch", 4.0),
                ("Stable-Baselines3 DQN, linear", 125.0),
            )
        ]
    },
    "ddpg": {
        name: [{"seconds": s}, {"seconds": s + 2}] for name, s in (("fused", 1), ("reference", 2), ("sb3-64x64", 99))
    },
    "audit": {
        "exercises": 3,
        "mutants": 8,
        "killed": 7,
        "named": 6,
        "alternatives": 5,
        "accepted": 5,
        "survivors": ["x"],
    },
    "redteam": {"attacks": 9, "breaks": []},
    "redteam-stock": {"attacks": 9, "breaks": ["one", "two"]},
}
ASKED = {
    "class": ["120", "60", "12", "8"],
    "dqn": ["0.25 s", "125 s"],
    "ddpg": ["3 s", "2 s", "100 s"],
    "audit": ["7 of 8", "6 of 8", "5 of 5"],
    "redteam": ["0 of 9"],
    "redteam-stock": ["2 of 9"],
}
MACHINE = {"date": "2026-01-02", "commit": "abc", "machine": {"cores": 2}}
FOUND = {
    name: {"command": MEASUREMENTS[name].command, **MACHINE, "result": MEASUREMENTS[name].kept(printed)}
    for name, printed in PRINTED.items()
}


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_a_chart_shows_what_its_command_printed(name: str) -> None:
    chart = charts.CHARTS[name](FOUND)
    assert [bar.text for bar in chart.bars] == ASKED[name]
    assert max(bar.value for bar in chart.bars) <= chart.full
    html = charts.as_html({name: FOUND[name]})
    assert re.findall(r"<td>([^<]+)</td>", html) == ASKED[name]
    assert f"<code>{MEASUREMENTS[name].command}</code> (2026-01-02, 2 cores, commit abc)" in html
    widths = [float(w) for w in re.findall(r"width:([\d.]+)%", html)]
    assert widths == [pytest.approx(100 * bar.value / chart.full, abs=0.06) for bar in chart.bars if bar.value]


def test_a_picture_has_bars_as_long_as_their_numbers() -> None:
    chart = charts.speed_of_grading(FOUND)
    picture = ElementTree.fromstring(charts.as_svg(chart))
    lengths = [float(e.attrib["width"]) for e in picture.iter() if e.tag.endswith("rect")]
    assert [length / lengths[0] for length in lengths] == pytest.approx([1, 0.5, 0.1, 1 / 15], abs=0.001)
    assert "prefers-color-scheme:dark" in charts.as_svg(chart)
    assert "stock nbgrader: 12" in chart.words


def test_readme_shows_what_its_record_says() -> None:
    kept = results.results()
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text == readme.with_chart(text, kept), "run `python -m bench.figures --draw`"
    picture = ROOT / readme.PICTURE
    assert picture.exists() == ("class" in kept)
    if "class" in kept:
        assert picture.read_text(encoding="utf-8") == charts.as_svg(charts.speed_of_grading(kept))


def test_readme_and_picture_follow_the_record(tmp_path: Path) -> None:
    (tmp_path / "docs/_static").mkdir(parents=True)
    (tmp_path / "README.md").write_text(f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n", encoding="utf-8")
    readme.write(FOUND, tmp_path)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "grades 120 notebooks a minute on 2 cores, 10 times as many as stock nbgrader and 15 times" in text
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert (tmp_path / readme.PICTURE).read_text(encoding="utf-8") == charts.as_svg(charts.speed_of_grading(FOUND))
    with pytest.raises(ValueError, match="lacks the comments"):
        readme.with_chart("nothing", FOUND)


def test_each_record_there_is_says_where_it_comes_from() -> None:
    for name, record in results.results().items():
        assert record["command"] == MEASUREMENTS[name].command
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", record["date"])
        assert record["commit"]
        assert record["machine"]["cores"] >= 1


def measurement(code: str) -> Measurement:
    return Measurement(("-c", code, results.FILE), lambda found: found["kept"])


def test_a_result_is_what_the_command_printed_or_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed, wrote = "print('{\"kept\": 5}')", "import sys; open(sys.argv[1], 'w').write('{\"kept\": 6}')"
    for code, kept in ((printed, 5), (wrote, 6)):
        monkeypatch.setitem(MEASUREMENTS, "toy", measurement(code))
        record = json.loads(measure("toy", tmp_path).read_text(encoding="utf-8"))
        assert record["result"] == kept
        assert record["machine"]["python"] == ".".join(map(str, sys.version_info[:3]))


@pytest.mark.parametrize("code", ["print('no JSON')", "print('{}')", "raise SystemExit('broken')"])
def test_a_command_without_a_result_writes_nothing(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MEASUREMENTS, "toy", measurement(code))
    with pytest.raises(RuntimeError, match="without usable JSON"):
        measure("toy", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_badges_say_what_is_so(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert badges.in_readme(text) == badges.line(), "run `python -m bench.figures --draw` and put the line into README"
    for name, said in badges.badges().items():
        assert (ROOT / badges.FOLDER / name).read_text(encoding="utf-8") == badges.as_svg(*said)
    (tmp_path / "constraints").mkdir()
    untried = ("constraints/py316.txt", "# Resolved alone: nothing has run on this Python.\n")
    for file, content in (
        ("constraints/py39.txt", ""),
        ("constraints/py315.txt", ""),
        untried,
        ("LICENSE", "ISC License"),
    ):
        (tmp_path / file).write_text(content, encoding="utf-8")
    assert badges.badges(tmp_path) == {
        "badge-python.svg": ("Python", "3.9 | 3.15"),
        "badge-license.svg": ("code", "ISC"),
    }


@pytest.mark.parametrize("scheme", card_picture.FILES)
def test_readmes_picture_shows_todays_card(scheme: str, tmp_path: Path) -> None:
    name = card_picture.FILES[scheme]
    assert card_picture.made_of(ROOT / name) == card_picture.digest(scheme), "run `python -m bench.figures --draw`"
    assert f'"{name}"' in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "The result is 1/A of what it should be." in card_picture.page(scheme)
    old = (ROOT / name).read_bytes().replace(card_picture.digest(scheme).encode(), b"0" * 64)
    (tmp_path / "old.png").write_bytes(old)
    assert card_picture.made_of(tmp_path / "old.png") == "0" * 64
    assert card_picture.made_of(tmp_path / "none.png") == ""
