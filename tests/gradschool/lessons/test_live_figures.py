"""Live figures: their numbers are the course's, and there is a picture wherever no reader can move anything."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import IPython.display
import numpy as np
import pytest
import torch

from grader.bank.registry import find_entry
from gradschool.lessons import live_figures
from gradschool.lessons.ddpg_experiments import fused_agent
from gradschool.lessons.explorables import transition
from gradschool.lessons.explorables.chain import LIMITS, explore_chain
from gradschool.lessons.explorables.critic import ANGLES, TORQUES, critic_data, explore_critic
from gradschool.lessons.explorables.transition import explore_transition, transition_data
from gradschool.lessons.figures.figure import LessonFigure
from gradschool.lessons.figures.flow import dqn_graph
from gradschool.lessons.figures.live_graph import Control, live_graph
from gradschool.lessons.live_figures import show
from gradschool.lessons.live_figures.page import MIME, as_html
from gradschool.lessons.live_figures.show import LiveFigure, plain
from gradschool.rl.envs.pendulum import observe, pendulum_step
from tests.support.lesson_functions import residual_gradient, semi_gradient

Displayed = list[Any]
TD_TARGET, OUTPUT_GRADIENT = (find_entry(f"dqn.{name}").reference for name in ("td_target", "output_gradient"))
SQUASH_VJP, INVERT = (find_entry(f"ddpg.{name}").reference for name in ("squash_vjp", "invert_gradients"))
WIDGET = "application/vnd.jupyter.widget-view+json"


# -- one transition, 48 and 70 weights ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cases() -> dict[str, Any]:
    return transition_data(TD_TARGET, OUTPUT_GRADIENT)["cases"]


def by_autograd(layers: list[np.ndarray], targets: list[np.ndarray], action: int, flags: tuple[bool, bool]) -> Any:
    """The gradient in every weight, by torch alone."""
    terminated, detached = flags

    def outputs(weights: Any, state: int) -> Any:
        x = weights[0][state]
        return x if len(weights) == 1 else torch.relu(x) @ weights[1]

    own = [torch.tensor(w, requires_grad=True) for w in layers]
    behind = [torch.tensor(w) for w in targets] if detached else own
    best = outputs(behind, transition.TO).max()
    y = transition.REWARD + transition.GAMMA * (1 - terminated) * best
    loss = (outputs(own, transition.FROM)[action] - y) ** 2 / 2
    return [g.numpy() for g in torch.autograd.grad(loss, own)]


@pytest.mark.parametrize("terminated", [False, True])
@pytest.mark.parametrize("detached", [False, True])
@pytest.mark.parametrize("action", range(6))
def test_weights_that_light_up_are_those_with_a_gradient_by_autograd(
    cases: dict[str, Any], action: int, terminated: bool, detached: bool
) -> None:
    case = cases[f"{action}|{str(terminated).lower()}|{str(detached).lower()}"]
    for shown, (online, target) in zip(case["networks"], transition.networks(), strict=True):
        right = by_autograd(online.weights, target.weights, action, (terminated, detached))
        drawn = [np.zeros_like(g) for g in right]
        for layer, i, j, gradient, _ in shown["moved"]:
            drawn[layer][i, j] = gradient
        for d, r in zip(drawn, right, strict=True):
            np.testing.assert_allclose(d, r, atol=2e-6)
            assert (d != 0).tolist() == (abs(r) > 1e-9).tolist()


def test_it_is_one_of_48_and_six_of_70_unless_the_target_leaks(cases: dict[str, Any]) -> None:
    for name, case in cases.items():
        _, terminated, detached = name.split("|")
        counts = [(len(net["moved"]), net["of"]) for net in case["networks"]]
        leaks = terminated == "false" and detached == "false"
        assert case["leaks"] == leaks
        assert (counts == [(1, 48), (6, 70)]) != leaks
        assert " and ".join(f"{n} of {of}" for n, of in counts) in case["words"]
        assert ("leaks" in case["words"]) == leaks


def test_a_td_target_without_its_mask_is_drawn_as_it_is() -> None:
    def unmasked(r: Any, q: Any, terminated: Any, truncated: Any, gamma: float) -> Any:
        return r + gamma * q.max(axis=1)

    case = transition_data(unmasked, OUTPUT_GRADIENT)["cases"]["3|true|false"]
    assert case["leaks"]
    assert len(case["networks"][0]["moved"]) == 2


# -- the critic -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def agent() -> Any:
    return fused_agent()


def q_and_slope(agent: Any) -> Any:
    def both(obs: Any, action: Any) -> Any:
        q, cache = agent.critic.forward(np.concatenate([obs, action], axis=1))
        return q[:, 0], agent.critic.input_vjp(cache, np.ones_like(q))[:, obs.shape[1] :]

    return both


def test_the_critic_s_tables_are_its_own_values_and_the_lesson_s_functions(agent: Any) -> None:
    data = critic_data(q_and_slope(agent), agent.act, SQUASH_VJP, INVERT)
    low, high = np.array([-2.0]), np.array([2.0])
    for k, i in ((0, 3), (23, 30), (42, 20)):
        obs, a = observe(ANGLES[[k]], np.zeros(1)), TORQUES[[[i]]]
        q, slope = q_and_slope(agent)(obs, a)
        found = {name: data[name][k, i] for name in ("q", "slope", "squashed", "inverted", "speed_after")}
        right = {"q": q[0], "slope": slope[0, 0], "squashed": SQUASH_VJP(np.arctanh(a / 2), slope, low, high)[0, 0]}
        right |= {"inverted": INVERT(slope, a, low, high)[0, 0]}
        right |= {"speed_after": pendulum_step(ANGLES[[k]], np.zeros(1), a[0])[1][0]}
        assert found == pytest.approx(right, abs=1e-4)
        assert data["own"][k] == pytest.approx(agent.act(obs)[0, 0], abs=1e-4)


def test_at_a_bound_nothing_is_left_behind_tanh_and_all_of_an_inward_slope_after_inverting(agent: Any) -> None:
    data = critic_data(q_and_slope(agent), agent.act, SQUASH_VJP, INVERT)
    assert np.all(data["squashed"][:, [0, -1]] == 0)
    inward = data["slope"][:, -1] < 0
    assert inward.any()
    np.testing.assert_allclose(data["inverted"][inward, -1], data["slope"][inward, -1], atol=1e-4)
    assert np.all(data["inverted"][~inward, -1] == 0)


# -- the chain, and the graphs of gradients -------------------------------------------------------------------


def chain() -> LiveFigure:
    values = {"w": 3.0, "x": 2.0, "u": 6.0, "b": -1.0, "p": 5.0, "l": 3.0, "r": 2.0, "L": 2.0}
    local = {("w", "u"): 2.0, ("x", "u"): 3.0, ("u", "p"): 1.0, ("b", "p"): 1.0, ("p", "r"): 1.0, ("l", "r"): -1.0}
    bar = {"L": 1.0, "r": 2.0, "p": 2.0, "l": -2.0, "u": 2.0, "b": 2.0, "w": 4.0, "x": 6.0}
    return explore_chain(values, {**local, ("r", "L"): 2.0}, bar)


def test_the_chain_begins_with_the_lesson_s_numbers_and_every_prediction_fits_on_the_axis() -> None:
    data = chain().data
    assert data["start"] == {"w": 3.0, "x": 2.0, "b": -1.0, "l": 3.0}
    for name, (low, high, step) in LIMITS.items():
        assert low <= data["start"][name] <= high
        assert (data["start"][name] - low) % step == 0
    low, high = data["p_range"]
    assert all(low < w * x - 1 < high for w in LIMITS["w"][:2] for x in LIMITS["x"][:2])


def test_a_graph_of_gradients_holds_every_choice_with_its_own_numbers() -> None:
    controls = [
        Control("action", "taken action", (("south", 0), ("east", 2)), first=2),
        Control("terminated", "the episode ends"),
    ]

    def graph_of(**choice: Any) -> Any:
        return dqn_graph(semi_gradient, residual_gradient, **choice)

    data = plain(live_graph("title", graph_of, controls, LessonFigure()).data)
    assert set(data["states"]) == {"0|false", "0|true", "2|false", "2|true"}
    assert data["first"] == {"action": 2, "terminated": False}
    for action, terminated in ((0, False), (2, True)):
        graph, shown = graph_of(action=action, terminated=terminated), data["states"][f"{action}|{terminated}".lower()]
        assert shown["in_words"] == graph.in_words
        assert [(e["start"], e["end"], e["kind"]) for e in shown["edges"]] == [
            (e.start, e.end, e.shown) for e in graph.edges
        ]
        assert [e["gradient"] for e in shown["edges"]] == pytest.approx([e.gradient for e in graph.edges], abs=1e-6)
        assert not re.search(r"[$\\]", json.dumps([n["text"] for n in shown["nodes"]], ensure_ascii=False))


# -- where it is shown ----------------------------------------------------------------------------------------


@pytest.fixture
def displayed(monkeypatch: pytest.MonkeyPatch) -> Displayed:
    seen: Displayed = []
    monkeypatch.setattr(IPython.display, "display", lambda data, **_: seen.append(data))
    monkeypatch.delenv("GRADSCHOOL_JUDGE_SOCKET", raising=False)
    return seen


def test_a_program_that_runs_the_notebook_keeps_the_picture_and_the_data(displayed: Displayed) -> None:
    chain().show()
    picture, words = displayed
    assert {"image/png", "text/html", MIME} <= set(picture)
    assert picture[MIME] == {"module": "chain_graph", "data": plain(chain().data)}
    assert json.loads(json.dumps(picture[MIME])) == picture[MIME]
    assert "The figure in words" in words.data


def test_while_grading_there_is_the_picture_alone(displayed: Displayed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADSCHOOL_JUDGE_SOCKET", "/nowhere")
    chain().show()
    assert set(displayed[0]) == {"image/png", "text/html", "text/plain"}


def test_a_reader_gets_the_widget_and_the_picture_folded(displayed: Displayed, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("anywidget")
    monkeypatch.setattr(show, "is_interactive", lambda: True)
    chain().show()
    widget, folded = displayed
    assert set(widget) == {WIDGET, "text/plain"}
    assert "picture below" in widget["text/plain"]
    assert re.search(r"<details><summary [^>]*>The figure in words.*<img alt=", folded.data)


def test_without_anywidget_a_reader_gets_the_picture(displayed: Displayed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(show, "is_interactive", lambda: True)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, f"{live_figures.__name__}.widget", raising=False)
    chain().show()
    assert "image/png" in displayed[0]


@pytest.mark.parametrize(
    "explore",
    [
        lambda f: explore_transition(f, OUTPUT_GRADIENT),
        lambda f: explore_transition(TD_TARGET, f),
        lambda f: explore_critic(lambda *_: None, lambda _: None, f, INVERT),  # type: ignore[arg-type, return-value]
    ],
    ids=["td_target", "output_gradient", "squash_vjp"],
)
def test_a_stub_is_answered_with_a_kind_sentence(
    explore: Any, displayed: Displayed, capsys: pytest.CaptureFixture[str]
) -> None:
    def stub(*_: Any) -> Any:
        raise NotImplementedError

    explore(stub)
    assert "Write it, check it, and run this cell again." in capsys.readouterr().out
    assert not displayed


def test_no_text_in_the_data_can_end_the_script_of_a_page() -> None:
    page = as_html({"module": "chain_graph", "data": {"a": "</script><b>"}}, "<img>")
    assert page.count("</script>") == 2  # the data's and the module's own
    data = re.search(r'<script type="application/json">(.*?)</script>', page)
    assert data is not None
    assert json.loads(data[1]) == {"a": "</script><b>"}
    assert '<div class="live-figure-still"><img></div>' in page
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", page)


def test_numbers_that_json_does_not_know_become_none() -> None:
    assert plain({"a": np.float64("nan"), "b": [np.inf, 1.0]}) == {"a": None, "b": [None, 1.0]}
