"""A call of a student's function: what is printed, raised and changed, and nothing that gets out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradschool.core import calling
from gradschool.core.calling import MAX_PRINTED, Raised, Reply, call_twice
from tests.support.toy_exercise import TOY


def reply_of(answer: Callable[..., Any]) -> Reply:
    """The reply to the first toy case."""
    return call_twice(TOY, answer, {"x": np.arange(3.0), "k": 3})


def test_what_is_printed_is_kept_from_the_first_call_and_is_bounded(capfd: pytest.CaptureFixture[str]) -> None:
    import sys
    import warnings

    def chatty(x: np.ndarray, k: int) -> np.ndarray:
        print("out")
        print("err \x1b[31m", file=sys.stderr)
        warnings.warn("careful", stacklevel=1)
        return np.log(0 * x) * 0 + k * x / 0

    reply = reply_of(chatty)
    assert reply.printed == "out\nerr �[31m\n"
    assert capfd.readouterr() == ("", "")
    assert len(reply_of(lambda x, k: print("x" * 10**7)).printed) == MAX_PRINTED


def test_a_function_of_other_parameters_is_told_how_it_is_called() -> None:
    """Not one whose own line makes the call that does not fit."""
    namespace: dict[str, Callable[..., Any]] = {}
    exec("def toy(x):\n    return x\ndef inner(x, k):\n    return toy(x, k)", namespace)
    asked = " (it is called as toy(x, k))"
    for name, ends in (("toy", asked), ("inner", "line 2 of inner)")):
        raised = reply_of(namespace[name]).first
        assert isinstance(raised, Raised)
        assert raised.message.startswith("toy() takes 1 positional argument but 2 were given")
        assert raised.message.endswith(ends)


def test_a_function_that_closes_its_output_closes_it_for_nobody() -> None:
    import sys

    def closes(x: np.ndarray, k: int) -> np.ndarray:
        print("before")
        sys.stdout.close()
        return k * x

    reply = reply_of(closes)
    assert np.array_equal(reply.second, [0, 3, 6])
    assert reply.printed == "before\n"
    assert not sys.stdout.closed


def test_whatever_is_raised_is_reported_with_its_line() -> None:
    def leaves_for_good(x: np.ndarray, k: int) -> np.ndarray:
        exit()

    def slips(x: np.ndarray, k: int) -> np.ndarray:
        y = k * x
        return y[7]

    assert reply_of(leaves_for_good).first == Raised("SystemExit", "None (line 2 of leaves_for_good)")
    assert reply_of(slips).first.message == (
        "index 7 is out of bounds for axis 0 with size 3 (line 3 of slips, `y[7]`: y is (3,))"
    )
    assert reply_of(np.linalg.inv).first.type == "TypeError"


def test_an_interrupt_from_the_keyboard_gets_through() -> None:
    def interrupted(x: np.ndarray, k: int) -> np.ndarray:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reply_of(interrupted)


@pytest.mark.parametrize("kind", [RuntimeError, SystemExit])
def test_an_exception_that_raises_when_it_is_read(kind: type[BaseException]) -> None:
    class Sulky(Exception):
        def __str__(self) -> str:
            raise kind

    def sulks(x: np.ndarray, k: int) -> np.ndarray:
        raise Sulky

    assert (reply_of(sulks).first.type, reply_of(sulks).first.message) == ("Sulky", "line 2 of sulks")


def test_a_long_and_strange_message_is_cut_and_cleaned() -> None:
    def shouts(x: np.ndarray, k: int) -> np.ndarray:
        raise ValueError("\ud800" + "x" * 10**6)

    message = reply_of(shouts).first.message
    assert message.startswith("�xxx")
    assert len(message) < 500


def test_inputs_are_fresh_for_each_call_and_compared_after_the_first() -> None:
    seen = []

    def looks(x: np.ndarray, k: int) -> np.ndarray:
        seen.append(x.copy())
        x[:] = 9
        return x

    reply = reply_of(looks)
    assert np.array_equal(seen[0], seen[1])
    assert np.array_equal(reply.inputs["x"], [9, 9, 9])


def test_a_process_that_denies_a_change_shows_it_in_the_second_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a kernel says of its own inputs may be false; then the second call is made on the very same arrays."""

    def in_place(x: np.ndarray, k: int) -> np.ndarray:
        x *= k
        return x

    told = reply_of(in_place)
    assert np.array_equal(told.second, [0, 3, 6])
    assert isinstance(told.inputs, dict)
    assert np.array_equal(told.inputs["x"], [0, 3, 6])
    true, before = calling.to_plain, calling.to_plain({"x": np.arange(3.0), "k": 3})
    monkeypatch.setattr(calling, "to_plain", lambda value: before if isinstance(value, dict) else true(value))
    denied = reply_of(in_place)
    assert denied.inputs is before
    assert np.array_equal(denied.first, [0, 3, 6])
    assert np.array_equal(denied.second, [0, 9, 18])


def test_inputs_that_were_left_alone_are_handed_in_again() -> None:
    seen = []

    def looks(x: np.ndarray, k: int) -> np.ndarray:
        seen.append(x)
        return k * x

    reply_of(looks)
    assert seen[0] is seen[1]
