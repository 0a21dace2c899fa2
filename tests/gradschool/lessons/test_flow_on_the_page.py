"""The drawings of gradients in a notebook: still pictures without a reader, pictures that follow controls with one."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import IPython.display
import pytest

from gradschool.lessons import notebook_ui
from gradschool.lessons.figures import backprop_stepper, flow
from gradschool.lessons.figures.figure import LessonFigure
from tests.support.lesson_functions import (
    actor_loss_direct,
    actor_step,
    linear_vjp,
    mlp_backward,
    residual_gradient,
    semi_gradient,
    tanh_vjp,
)


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What is displayed, in order: ("new", data) and ("again", data)."""
    seen: list[tuple[str, Any]] = []

    def display(data: Any, **how: Any) -> Any:
        seen.append(("new", data))
        return SimpleNamespace(update=lambda data, **how: seen.append(("again", data)))

    monkeypatch.setattr(IPython.display, "display", display)
    return seen


def pictures(page: list[tuple[str, Any]]) -> list[str]:
    return [how for how, data in page if isinstance(data, dict) and "image/png" in data]


LESSONS: dict[str, Callable[[], None]] = {
    "chain": lambda: flow.chain(mlp_backward),
    "dqn": lambda: flow.dqn(semi_gradient, residual_gradient),
    "ddpg": lambda: flow.ddpg(actor_loss_direct, actor_step),
    "stepper": lambda: backprop_stepper.backward_steps(linear_vjp, tanh_vjp),
}


@pytest.mark.parametrize("lesson", LESSONS)
def test_without_a_reader_one_still_picture_and_no_widget(lesson: str, page: list[tuple[str, Any]]) -> None:
    LESSONS[lesson]()
    assert pictures(page) == ["new"]
    assert not [
        data for _, data in page if isinstance(data, dict) and "application/vnd.jupyter.widget-view+json" in data
    ]
    assert all(
        word in next(d for _, d in page if isinstance(d, dict))["text/plain"] for word in ("Units and edges", "carr")
    )


@pytest.mark.parametrize("lesson", LESSONS)
def test_with_a_reader_the_picture_follows_every_control(
    lesson: str, page: list[tuple[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebook_ui, "is_interactive", lambda: True)
    made: dict[str, Any] = {}
    real = notebook_ui._made
    monkeypatch.setattr(notebook_ui, "_made", lambda controls: made.update(real(controls)) or made)
    LESSONS[lesson]()
    assert pictures(page) == ["new"]
    assert "application/vnd.jupyter.widget-view+json" in page[0][1]
    for name, widget in made.items():
        if name.startswith("_"):
            continue
        before = len(pictures(page))
        options = getattr(widget, "options", None)
        widget.value = options[-1][1] if options else (not widget.value if isinstance(widget.value, bool) else 3)
        assert pictures(page)[before:] == ["again"], name


@pytest.mark.parametrize("lesson", ["chain", "dqn", "ddpg", "stepper"])
def test_a_stub_is_answered_with_a_kind_sentence(
    lesson: str, page: list[tuple[str, Any]], capsys: pytest.CaptureFixture
) -> None:
    def stub(*args: Any) -> Any:
        raise NotImplementedError

    def broken(*args: Any) -> Any:
        return 7

    shows = {
        "chain": (flow.chain, 1),
        "dqn": (flow.dqn, 2),
        "ddpg": (flow.ddpg, 2),
        "stepper": (backprop_stepper.backward_steps, 2),
    }
    show, count = shows[lesson]
    show(*[stub] * count)  # type: ignore[operator]
    assert "Write it, check it, and run this cell again." in capsys.readouterr().out
    show(*[broken] * count)  # type: ignore[operator]
    assert "which raised" in capsys.readouterr().out
    assert not page


def test_a_front_end_is_told_by_its_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    def kernel(content: Any) -> None:
        shell = SimpleNamespace(kernel=SimpleNamespace(get_parent=lambda: {"content": content}))
        monkeypatch.setattr("IPython.get_ipython", lambda: shell)

    monkeypatch.delenv("GRADSCHOOL_JUDGE_SOCKET", raising=False)
    assert not notebook_ui.is_interactive()  # no kernel at all
    kernel({"code": "", "allow_stdin": True})
    assert notebook_ui.is_interactive()
    monkeypatch.setenv("GRADSCHOOL_JUDGE_SOCKET", "/nowhere")
    assert not notebook_ui.is_interactive()
    monkeypatch.delenv("GRADSCHOOL_JUDGE_SOCKET")
    for content in ({"code": "", "allow_stdin": False}, {}, None):
        kernel(content)
        assert not notebook_ui.is_interactive()


def test_a_figure_put_again_replaces_picture_and_words(page: list[tuple[str, Any]]) -> None:
    figure = LessonFigure()
    figure.alt = "one"
    handles = figure.put()
    figure.alt = "two"
    figure.put(handles)
    assert [how for how, _ in page] == ["new", "new", "again", "again"]
    assert page[2][1]["text/plain"] == "two"
