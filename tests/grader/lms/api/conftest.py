"""A course of Canvas and one of Moodle, each a made-up server on loopback, and the times that a run slept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grader.lms.api.connect import connect
from grader.lms.api.interface import Lms
from tests.support.fake_canvas import FakeCanvas
from tests.support.fake_lms import TOKEN, serving
from tests.support.fake_moodle import FakeMoodle
from tests.support.lms_class import by

CLASS = ("Curie, Marie", "李, 明", "O'Neill-Smith, Zoë", "de la Cruz, Ana")


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def canvas(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCanvas]:
    monkeypatch.setenv("GRADSCHOOL_CANVAS_TOKEN", TOKEN)
    fake = FakeCanvas()
    with serving(fake):
        yield fake


@pytest.fixture
def lms(canvas: FakeCanvas, slept: list[float]) -> Lms:
    return connect("canvas", canvas.url, "77", slept.append)


@pytest.fixture
def class_of_four(canvas: FakeCanvas, blank: bytes) -> None:
    for i, name in enumerate(CLASS):
        canvas.add(12001 + i, name, f"s{i}", "loss_as_chain_rule.ipynb", by(blank, name))


@pytest.fixture
def moodle(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMoodle]:
    monkeypatch.setenv("GRADSCHOOL_MOODLE_TOKEN", TOKEN)
    fake = FakeMoodle()
    with serving(fake):
        fake.add(9, "Prof. Teacher", "prof", role="editingteacher")
        for i, name in enumerate(["Marie Curie", "李 明", "Zoë O'Neill-Smith"]):
            fake.add(501 + i, name, f"s{i}")
        yield fake


@pytest.fixture
def site(moodle: FakeMoodle, slept: list[float]) -> Lms:
    return connect("moodle", moodle.url, "77", slept.append)
