"""The drawings of gradients in a notebook: still pictures without a reader, live figures with one."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import IPython.display
import pytest

from gradschool.core import interactive
from gradschool.lessons.figures import backprop_stepper, flow
from gradschool.lessons.live_figures import show
from gradschool.lessons.live_figures.show import LiveFigure
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
def page(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is displayed, in order."""
    seen: list[Any] = []
    monkeypatch.setattr(IPython.display, "display", lambda data, **how: seen.append(data))
    return seen


LESSONS: dict[str, Callable[[], None]] = {
    "chain": lambda: flow.chain(mlp_backward),
    "dqn": lambda: flow.dqn(semi_gradient, residual_gradient),
    "ddpg": lambda: flow.ddpg(actor_loss_direct, actor_step),
    "stepper": lambda: backprop_stepper.backward_steps(linear_vjp, tanh_vjp),
}


@pytest.mark.parametrize("lesson", LESSONS)
def test_without_a_reader_one_still_picture_and_no_widget(lesson: str, page: list[Any]) -> None:
    LESSONS[lesson]()
    (picture,) = [data for data in page if isinstance(data, dict)]
    assert "image/png" in picture
    assert "application/vnd.jupyter.widget-view+json" not in picture
    assert all(word in picture["text/plain"] for word in ("Units and edges", "carr"))


@pytest.mark.parametrize("lesson", LESSONS)
def test_with_a_reader_a_live_figure_that_holds_every_choice(
    lesson: str, page: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, Any]] = []
    monkeypatch.setattr(show, "is_interactive", lambda: True)
    monkeypatch.setattr(LiveFigure, "_show_widget", lambda self: made.append((self.module, self.data)) or True)
    LESSONS[lesson]()
    ((module, data),) = made
    assert module == "flow_graph"
    assert not page
    assert len(data["states"]) == {"chain": 6, "dqn": 16, "ddpg": 5, "stepper": 6}[lesson]
    assert len({str(state) for state in data["states"].values()}) == len(data["states"])


@pytest.mark.parametrize("lesson", ["chain", "dqn", "ddpg", "stepper"])
def test_a_stub_is_answered_with_a_kind_sentence(lesson: str, page: list[Any], capsys: pytest.CaptureFixture) -> None:
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
    assert not interactive.is_interactive()  # no kernel at all
    kernel({"code": "", "allow_stdin": True})
    assert interactive.is_interactive()
    monkeypatch.setenv("GRADSCHOOL_JUDGE_SOCKET", "/nowhere")
    assert not interactive.is_interactive()
    monkeypatch.delenv("GRADSCHOOL_JUDGE_SOCKET")
    for content in ({"code": "", "allow_stdin": False}, {}, None):
        kernel(content)
        assert not interactive.is_interactive()
