"""What is asked with one input changed: within a time, never twice, and harmless."""

from __future__ import annotations

import numpy as np
import pytest

from gradschool.diagnosis import sensitivity as probing
from gradschool.diagnosis.patterns import UNEXPLAINED
from gradschool.diagnosis.sensitivity import moved, unchanged
from tests.support.two_inputs import hint


def test_a_function_that_fails_on_changed_inputs_harms_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[bytes] = []

    def moody(x: np.ndarray, w: np.ndarray) -> np.ndarray:
        if x.tobytes() + w.tobytes() not in seen:
            if len(seen) >= 2:
                print("noise")
                raise SystemExit(3)
            seen.append(x.tobytes() + w.tobytes())
        return 2 - np.sin(x * w + np.cos(9 * x))

    name, sentence = hint(lambda x, w: np.sin(x * w), moody)
    assert name in {*UNEXPLAINED, "lengths"}
    assert sentence
    assert capsys.readouterr().out == ""


def test_no_question_is_asked_once_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def wrong(x: np.ndarray, w: np.ndarray) -> np.ndarray:
        asked.append(1)
        return np.sin(x) + 0.1

    for name in ("CPU_SECONDS", "SECONDS"):
        asked.clear()
        with monkeypatch.context() as m:
            m.setattr(probing, name, -1.0)
            assert hint(lambda x, w: np.sin(x * w), wrong)[0] != "ignored"
        assert len(asked) == 4


def test_nothing_is_asked_twice() -> None:
    asked: list[bytes] = []

    def wrong(x: np.ndarray, w: np.ndarray) -> np.ndarray:
        asked.append(x.tobytes() + w.tobytes())
        return np.exp(x + w) * (2 + np.sin(np.exp(x * w)))

    hint(lambda x, w: np.exp(x + w), wrong)
    assert len(asked[4:]) == len(set(asked[4:])) > 5


def test_between_still_and_moved_nothing_is_claimed() -> None:
    x = np.array([1.0, -2.0])
    for by, verdict in ((0.0, (True, False)), (1e-7, (False, False)), (1e-4, (False, True))):
        assert (unchanged(x + by, x), moved(x + by, x)) == verdict
