"""Chapter 5, the lesson: its anatomy, its predictions and quoted numbers as its own cells measure them, its figures.

The lesson runs once, in this process, on its own solution cells. Nothing here starts a kernel.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from nbformat import NotebookNode

from grader.bank.registry import entries, find_entry
from grader.course import chapter
from gradschool.check.api import check_here
from gradschool.core.calling import call_twice
from gradschool.core.compare import same
from gradschool.core.exercise import AnswerUnusable, find, in_chapter
from gradschool.core.numerics import TOLERANCES
from gradschool.core.plain_data import to_plain
from gradschool.exercises.next.adapters import two_losses
from gradschool.exercises.next.sac_gradient import before_tanh
from gradschool.lessons.figures import flow, flow_next
from gradschool.lessons.figures.figure import LessonFigure
from gradschool.lessons.figures.graph import Graph
from tests.support.lesson_cells import assert_each_check_calls_its_function, cells_of, marked, names_of

EXERCISES = [exercise.id for exercise in in_chapter("next")]


@pytest.fixture(scope="module")
def cells() -> list[NotebookNode]:
    return cells_of(chapter("next").source)


@pytest.fixture(scope="module")
def prose(cells: list[NotebookNode]) -> str:
    return "\n".join(c.source for c in cells if c.cell_type == "markdown")


@pytest.fixture(scope="module")
def ran(cells: list[NotebookNode], tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """The lesson's names after all of its cells but those that write files, what was measured, and its figures."""
    names = names_of(cells)
    measured: dict[str, Any] = {}
    figures: list[LessonFigure] = []
    names["reconcile"] = lambda name, value: measured.setdefault(name, value)
    names["hand_in"] = names["progress"] = lambda part: None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LessonFigure, "put", lambda self, instead_of=None: figures.append(self))
        for cell in cells:
            if "experiment" in cell.metadata.get("tags", []):
                *before, last = cell.source.rpartition("\nplots_next.")
                exec("".join(before[:1]) or last, names)
                if before[1]:
                    figures.append(eval("plots_next." + last, names))
    return SimpleNamespace(**names, measured=measured, figures=figures)


def mistake(exercise_id: str, name: str) -> Callable[..., Any]:
    return next(m for m in find_entry(exercise_id).mutants if m.name == name).fresh()


# -- anatomy --------------------------------------------------------------------------------------------------


def test_every_exercise_stands_once_in_the_bank_s_order_with_its_check(cells: list[NotebookNode]) -> None:
    assert list(entries("next")) == marked(cells, "exercise") == EXERCISES
    assert_each_check_calls_its_function(cells)


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_has_a_card_and_three_hints_of_which_none_is_the_code(
    cells: list[NotebookNode], name: str
) -> None:
    at = next(k for k, c in enumerate(cells) if c.metadata.get("exercise") == name)
    assert re.search(
        rf"\*\*Exercise `{name}`\*\* · difficulty [●○]{{3}} · importance [●○]{{3}} · \d+ minutes", cells[at - 1].source
    )
    after = next(c.source for c in cells[at + 1 :] if c.cell_type == "markdown")
    hints = re.split(r"<details><summary>Hint \d: ", after)[1:]
    assert [hint.split("<")[0] for hint in hints] == ["sketch", "shapes", "test yourself"]
    solution = cells[at].source.partition("### BEGIN SOLUTION")[2].partition("### END")[0]
    lines = [line.strip() for line in solution.splitlines() if len(line.strip()) > 20]
    assert lines
    assert not [line for line in lines if line in after]


def test_the_minutes_that_are_said_are_those_of_the_cards(prose: str) -> None:
    on_cards = sum(map(int, re.findall(r"· (\d+) minutes", prose)))
    assert f"{on_cards} at the exercises" in prose


def test_the_points_and_the_number_of_known_mistakes() -> None:
    assert {i.partition(".")[2]: e.points for i, e in entries("next").items()} == {
        "two_estimators": 4,
        "sac_gradient": 6,
        "ppo_gradient": 4,
        "td3_losses": 6,
    }
    assert all(8 <= len(e.mutants) <= 15 and 3 <= len(e.alternatives) <= 5 for e in entries("next").values())


@pytest.mark.parametrize("name", EXERCISES)
def test_the_lesson_s_own_solution_passes_its_check(cells: list[NotebookNode], name: str) -> None:
    report = check_here(find(name), names_of(cells)[find(name).function])
    assert report.passed, report.hint


# -- what the lesson says, as its cells measure it --------------------------------------------------------------


def test_the_predictions_are_measured_as_the_text_tells(ran: SimpleNamespace) -> None:
    told = {
        "next.constant-added": "only the score function's grows",
        "next.far-out": "about -13.8",
        "next.log-prob-detached": "it shrinks toward 0",
        "next.bad-and-likelier": "positive: descent makes it less likely",
        "next.actor-loss-reaches": "the actor's and critic 1's",
    }
    numbers = {"next.variance-ratio": 87 / 4, "next.ratios-outside": 21}
    assert {name: ran.measured[name] for name in told} == told
    assert set(ran.measured) == {*told, *numbers}
    for name, value in numbers.items():
        assert ran.measured[name] == pytest.approx(value, rel=0.05)


def test_the_means_of_both_estimators_are_the_exact_gradient(ran: SimpleNamespace) -> None:
    for estimates in (ran.score, ran.path):
        error = estimates.std(axis=0) / np.sqrt(len(estimates))
        assert np.all(np.abs(estimates.mean(axis=0) - [4, -2]) < 3 * error)
    biased = mistake("next.two_estimators", "normalizer-forgotten")
    x = np.random.default_rng(0).normal(size=100_000)
    wrong = biased(x, -((x - 2) ** 2), -2 * (x - 2), 0.0, 1.0)[0]
    assert np.abs(wrong.mean(axis=0) - [4, -2])[1] > 10 * wrong.std(axis=0)[1] / np.sqrt(len(x))


def test_the_spread_of_the_policy_is_what_the_text_quotes(ran: SimpleNamespace, prose: str) -> None:
    both, cut = ran.both[-100:].mean(), ran.cut[-100:].mean()
    assert f"the spread ends at {both:.3f}, near the {np.sqrt(0.2 / 8):.3f}" in prose
    assert f"it falls to {cut:.3f} and goes on falling" in prose
    assert ran.cut[-100:].mean() < 0.8 * ran.cut[-1000:-900].mean()


def test_rows_outside_of_the_range_outnumber_the_rows_at_rest(ran: SimpleNamespace) -> None:
    assert ran.outside[0] == ran.at_rest[0] == 0
    assert all(out > rest > 0 for out, rest in zip(ran.outside[1:], ran.at_rest[1:], strict=True))


def test_every_figure_has_its_words(ran: SimpleNamespace) -> None:
    assert len(ran.figures) == 6
    assert all(len(figure.alt) > 100 for figure in ran.figures)


# -- figures ----------------------------------------------------------------------------------------------------


def kinds(graph: Graph, **ends: str) -> set[str]:
    return {e.shown for e in graph.edges if all(getattr(e, end) == name for end, name in ends.items())}


def test_sac_s_picture_shows_which_path_a_student_s_gradient_lacks() -> None:
    right = flow.sac_graph(find_entry("next.sac_gradient").reference)
    assert kinds(right, end="q") == kinds(right, end="log_prob") == {"flow"}
    assert kinds(flow.sac_graph(mistake("next.sac_gradient", "log-prob-detached")), end="log_prob") == {"idle"}
    assert kinds(flow.sac_graph(mistake("next.sac_gradient", "action-detached")), end="q") == {"idle"}
    way = flow.sac_graph(find_entry("next.sac_gradient").reference, "action_detached")
    assert (kinds(way, end="q"), kinds(way, end="log_prob")) == ({"blocked"}, {"flow"})


def test_td3_s_picture_shows_where_each_loss_goes() -> None:
    right = find_entry("next.td3_losses").reference
    critic, actor = flow_next.td3_graph(right, "critic"), flow_next.td3_graph(right, "actor")
    assert (kinds(critic, start="loss"), kinds(critic, end="actor")) == ({"flow"}, {"idle"})
    assert kinds(actor, end="critic_1") == kinds(actor, end="actor") == {"flow"}
    assert kinds(actor, end="critic_2") == kinds(actor, start="critic_2") == {"idle"}
    smaller = flow_next.td3_graph(mistake("next.td3_losses", "smaller-critic-leads"), "actor")
    assert kinds(smaller, end="critic_2") == {"leak"}
    own = flow_next.td3_graph(mistake("next.td3_losses", "critics-at-the-actors-action"), "critic")
    assert kinds(own, end="actor") == {"leak"}


def test_a_frozen_critic_still_lies_on_the_path() -> None:
    frozen = next(v for v in find_entry("next.td3_losses").alternatives if "frozen" in v.name).fresh()
    lengths = flow_next.td3_gradients(frozen)["actor"]
    assert lengths["critic_1"] == 0
    assert min(lengths["critic_1 out"], lengths["critic_1 in"], lengths["actor"]) > 0


def unwritten(*_: Any) -> Any:
    raise NotImplementedError


def test_before_the_exercise_is_written_the_pictures_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    flow.sac(unwritten)
    flow_next.td3(unwritten)
    said = capsys.readouterr().out
    assert "sac_gradient" in said
    assert "td3_losses" in said


# -- the adapter of td3_losses ------------------------------------------------------------------------------------


def test_what_is_no_pair_of_losses_is_told_in_one_sentence() -> None:
    loss = torch.ones((), requires_grad=True) * 2
    assert two_losses([loss, loss]) == (loss, loss)
    for returned, words in (
        (loss, "should return two losses, critic_loss and actor_loss"),
        ((loss, 1.0), "should return the loss as a tensor"),
        ((loss, loss.detach()), "not connected to any parameter"),
        ((torch.ones(3, requires_grad=True) * 1, loss), "shape"),
    ):
        with pytest.raises(AnswerUnusable, match=words):
            two_losses(returned)


def test_oracle_and_reference_of_td3_agree_in_every_part() -> None:
    """Of the other exercises tests/grader/bank/test_agreement.py holds this."""
    entry = find_entry("next.td3_losses")
    for seed in range(3):
        for case, right in entry.questions(seed):
            assert same(to_plain(entry.exercise.oracle(case.args)), right, TOLERANCES[entry.tolerance]), case.name


def test_no_sample_of_sac_lies_where_torch_s_softplus_is_rounded() -> None:
    for seed in range(20):
        for case in find("next.sac_gradient").cases(np.random.default_rng(seed)):
            u = before_tanh(case.args)
            assert not np.any((u > -15) & (u < -10)), (case.name, seed)


def test_a_gradient_that_was_left_behind_is_seen() -> None:
    entry = find_entry("next.td3_losses")
    case, right = entry.questions(3)[0]
    got = call_twice(entry.exercise, mistake("next.td3_losses", "backward-inside"), case.args).first
    assert any(np.any(g) for g in got["critic_1_grad_field"])  # type: ignore[index,call-overload]
    assert not any(np.any(g) for g in right["critic_1_grad_field"])  # type: ignore[index,call-overload]
