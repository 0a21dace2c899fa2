"""Chapter 3, the lesson: its anatomy, its formulas beside code, its quoted facts, its bank, its clinic and its figures.

The functions under test are the lesson's own solution cells. Nothing here starts a kernel.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from nbformat import NotebookNode

from grader.bank.registry import entries
from gradschool.check.api import check_here
from gradschool.core.exercise import find, in_chapter
from gradschool.core.numerics import central_differences
from gradschool.exercises.ddpg import FAULTS
from gradschool.exercises.ddpg._setups import is_fit, random_setup
from gradschool.exercises.ddpg.adapters import batch_of, net_of
from gradschool.lessons.clinics import ddpg
from gradschool.lessons.clinics.faults.ddpg import faults
from gradschool.lessons.ddpg_experiments import (
    exploit_critic,
    implementations_table,
    summary,
    train_own,
    train_seeds,
)
from gradschool.lessons.figures import pendulum_animation, plots_ddpg, plots_two_state
from gradschool.rl.ddpg.agent import Batch, ReferenceAgent, Settings, StudentFunctions
from gradschool.rl.ddpg.training import train
from gradschool.rl.envs import two_state_mdp as two_state
from gradschool.rl.nets.actor_critic import TorchActor, TorchCritic, flat_gradient
from gradschool.rl.nets.mlp import MLP
from tests.support.lesson_cells import assert_each_check_calls_its_function, cells_of, marked, names_of

SOURCE = Path(__file__).parents[2] / "solutions/03-ddpg-on-pendulum/ddpg_on_pendulum.md"
EXERCISES = [exercise.id for exercise in in_chapter("ddpg")]
RECORDED = json.loads((Path(__file__).parents[2] / "bench" / "ddpg_lesson.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def cells() -> list[NotebookNode]:
    return cells_of(SOURCE)


@pytest.fixture(scope="module")
def lesson(cells: list[NotebookNode]) -> SimpleNamespace:
    """The names that the locked and the exercise cells define."""
    return SimpleNamespace(**names_of(cells))


@pytest.fixture(scope="module")
def mine(lesson: SimpleNamespace) -> StudentFunctions:
    names = ("squash", "critic_target", "critic_gradient", "action_gradient", "actor_gradient_vjp", "polyak")
    return StudentFunctions(*(getattr(lesson, name) for name in names), twin_target=lesson.twin_target)


@pytest.fixture(scope="module")
def parts() -> dict[str, Any]:
    """A world with A = 3, as plain data."""
    return random_setup(np.random.default_rng(4), 12, 3)


# -- anatomy --------------------------------------------------------------------------------------------------


def test_every_exercise_stands_once_in_the_bank_s_order_with_its_check(cells: list[NotebookNode]) -> None:
    assert list(entries("ddpg")) == EXERCISES
    assert sorted(marked(cells, "exercise")) == sorted(EXERCISES)
    assert_each_check_calls_its_function(cells)


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_has_a_card_a_stub_with_shapes_and_three_hints(cells: list[NotebookNode], name: str) -> None:
    at = next(k for k, c in enumerate(cells) if c.metadata.get("exercise") == name)
    card = cells[at - 1].source
    assert re.search(rf"\*\*Exercise `{name}`\*\* · difficulty [●○]{{3}} · importance [●○]{{3}} · \d+ minutes", card)
    stub = cells[at].source.partition("### BEGIN SOLUTION")[0]
    declared = re.search(r"def \w+\((.*?)\)\s*->", stub, re.DOTALL)
    listed = re.search(r"\w+\((.*?)\)", find(name).signature)
    assert declared
    assert listed
    assert re.findall(r"(\w+):", declared.group(1)) == [a for a in listed.group(1).split(", ") if a]
    after = next(c.source for c in cells[at + 1 :] if c.cell_type == "markdown")
    hints = re.findall(r"<summary>Hint (\d): (\w+)", after)
    assert hints[:3] == [("1", "sketch"), ("2", "shapes"), ("3", "almost")], name


def test_each_prediction_is_looked_back_at_and_the_minutes_fit(cells: list[NotebookNode]) -> None:
    prose = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    code = "\n".join(c.source for c in cells if c.cell_type == "code")
    asked, measured = (
        {m[1]: m.start() for m in re.finditer(rf'\b{call}\(\s*"(ddpg\.[^"]+)"', code)}
        for call in ("predict", "reconcile")
    )
    assert len(asked) == len(re.findall(r"\bpredict\(", code)) >= 12
    assert len(measured) == len(re.findall(r"\breconcile\(", code))
    assert set(asked) == set(measured)
    assert all(asked[name] < measured[name] for name in asked)
    assert 'calibration("ddpg")' in code
    assert prose.count("**Reconcile") >= 12
    minutes = sum(map(int, re.findall(r"· (\d+) minutes", prose)))
    assert 150 <= minutes <= 190
    assert f"about {round(minutes, -1)} minutes for the exercises" in prose


def test_what_draws_or_trains_is_an_experiment_and_the_reflection_has_its_scheme(cells: list[NotebookNode]) -> None:
    for cell in cells:
        if cell.cell_type == "code" and not {"locked", "exercise", "check"} & set(cell.metadata):
            assert "experiment" in cell.metadata["tags"], cell.source
    at = next(k for k, c in enumerate(cells) if c.metadata.get("reflection") == "ddpg.reflection")
    assert cells[at].metadata["points"] == 6
    assert cells[at + 1].metadata["tags"] == ["instructor"]


# -- the bank -------------------------------------------------------------------------------------------------


def test_every_planned_exercise_is_there_and_five_other_ways_of_the_actors_step() -> None:
    assert len(entries("ddpg")) == 16
    assert len(entries("ddpg")["ddpg.actor_step"].alternatives) >= 5


def test_every_misconception_of_part_c_that_a_function_can_have_has_a_mutant() -> None:
    known = {c for e in entries("ddpg").values() for m in e.mutants for c in m.misconception_id.split(", ")}
    curves_only = {"c21"}  # swapped step sizes: a setting, no function's fault
    assert {f"c{n}" for n in range(1, 23)} - known == curves_only


@pytest.mark.parametrize("name", EXERCISES)
def test_the_lesson_s_own_solution_passes_its_check(lesson: SimpleNamespace, name: str) -> None:
    report = check_here(find(name), getattr(lesson, find(name).function))
    assert report.passed, report.hint


def test_fixtures_are_not_degenerate(parts: dict[str, Any]) -> None:
    batch = batch_of(parts["batch"])
    kinds = set(zip(batch.terminated, batch.truncated, strict=True))
    assert kinds == {(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)}
    assert is_fit(parts)
    flat_critic = {**parts["critic"], "flat": np.zeros_like(parts["critic"]["flat"])}
    assert not is_fit({**parts, "critic": flat_critic})
    assert not np.allclose((parts["high"] - parts["low"]) / 2, 1.0)


# -- formulas beside the code that is them --------------------------------------------------------------------


def implementations(lesson: SimpleNamespace, parts: dict[str, Any]) -> dict[str, Callable[[], np.ndarray]]:
    """The five implementations on one set of inputs, each to a flat gradient."""
    low, high, batch = parts["low"], parts["high"], batch_of(parts["batch"])
    actor, critic = net_of(parts["actor"]), net_of(parts["critic"])
    torch_actor, torch_critic = TorchActor(actor, low, high), TorchCritic(critic)
    tensors = Batch(*(torch.tensor(x) for x in batch))
    parameters = list(torch_actor.parameters())

    def slope() -> np.ndarray:
        return lesson.action_gradient(actor, critic, batch, low, high)

    def of(loss: Callable[..., torch.Tensor]) -> np.ndarray:
        return flat_gradient(torch.autograd.grad(loss(torch_actor, torch_critic, tensors), parameters))

    return {
        "jacobian": lambda: lesson.actor_gradient_jacobian(actor, batch, slope(), low, high),
        "vjp": lambda: lesson.actor_gradient_vjp(actor, batch, slope(), low, high),
        "surrogate": lambda: of(lesson.actor_loss_surrogate),
        "grad_outputs": lambda: flat_gradient(lesson.actor_grad_outputs(torch_actor, torch_critic, tensors)),
        "direct": lambda: of(lesson.actor_loss_direct),
        "quadcopter": lambda: of(lesson.quadcopter_loss),
    }


def test_five_implementations_agree_with_the_gradient_of_minus_mean_q(
    lesson: SimpleNamespace, parts: dict[str, Any]
) -> None:
    found = {name: gradient() for name, gradient in implementations(lesson, parts).items()}
    sizes, low, high = net_of(parts["actor"]).sizes, parts["low"], parts["high"]
    obs, critic = parts["batch"]["obs"], net_of(parts["critic"])

    def loss(flat: np.ndarray) -> float:
        action = lesson.squash(MLP(sizes, flat=flat)(obs), low, high)
        return -float(critic(np.concatenate([obs, action], axis=1)).mean())

    np.testing.assert_allclose(found["vjp"], central_differences(loss, parts["actor"]["flat"]), rtol=1e-5, atol=1e-8)
    for name in ("jacobian", "surrogate", "grad_outputs", "direct"):
        np.testing.assert_allclose(found[name], found["vjp"], rtol=0, atol=1e-10 * np.abs(found["vjp"]).max())
    assert not np.allclose(3 * found["quadcopter"], found["vjp"], rtol=1e-2)  # the 1/A alone does not fix it


def test_the_quadcopters_loss_pushes_up_where_the_truth_is_down(lesson: SimpleNamespace) -> None:
    mu = torch.ones(1, 1, requires_grad=True)
    hill = lambda obs, action: -((action[:, 0] - 0.5) ** 2)  # noqa: E731
    batch = Batch(*(torch.zeros(1, 1) for _ in range(6)))
    for loss, slope in ((lesson.quadcopter_loss, -1.0), (lesson.actor_loss_surrogate, +1.0)):
        (found,) = torch.autograd.grad(loss(lambda obs: mu, hill, batch), mu)
        assert found.item() == pytest.approx(slope)  # descent goes the other way


def test_numbers_that_the_prose_predicts(lesson: SimpleNamespace) -> None:
    one, three, zero = np.ones((1, 1)), np.full((1, 1), 3.0), np.zeros((1, 1))
    assert lesson.squash(zero, one[0], three[0]).item() == 2.0
    assert lesson.squash_vjp(zero, one, one[0], three[0]).item() == 1.0
    assert lesson.squash_vjp(zero, one, -2 * one[0], 2 * one[0]).item() == 2.0
    assert 1 - np.tanh(3.0) ** 2 == pytest.approx(0.01, abs=1e-3)
    wall = (one, -2 * one[0], 2 * one[0])
    assert lesson.invert_gradients(one, *wall).item() == 0.25
    assert lesson.invert_gradients(-one, *wall).item() == -0.75
    n = MLP((3, 64, 64, 3), np.random.default_rng(0)).n_params
    assert (n, 64 * 3 * n) == (4_611, 885_312)


def printed_by(cells: list[NotebookNode], capsys: pytest.CaptureFixture[str], *beginnings: str) -> str:
    """What these experiment cells print, run in order after the lesson's locked and exercise cells."""
    names = names_of(cells) | {"reconcile": lambda *_: None}
    for beginning in beginnings:
        exec(next(c.source for c in cells if c.source.startswith(beginning)), names)
    return capsys.readouterr().out


def test_numbers_of_the_quadcopters_loss(cells: list[NotebookNode], capsys: pytest.CaptureFixture[str]) -> None:
    prose = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    shown = printed_by(cells, capsys, "rng = np.random.default_rng(3)", "parameters = list(torch_actor.parameters())")
    (found, cosine), (fixed, right) = re.findall(r"length ([\d.]+) of the truth, cosine ([+\d.]+)", shown)
    assert fixed == "0.333"
    assert right == "+1.000"
    assert f"the cosine is {cosine.removeprefix('+')}" in prose
    assert f"the factor {found} that was printed" in prose
    assert f"the gradient is {float(found) / float(fixed):.3f} times as long" in prose


def test_numbers_of_the_two_state_problem(cells: list[NotebookNode], capsys: pytest.CaptureFixture[str]) -> None:
    prose = "\n".join(c.source for c in cells if c.cell_type == "markdown").replace("\N{MINUS SIGN}", "-")
    shown = printed_by(cells, capsys, "theta, h = 0.5, 1e-5")
    numbers = re.findall(r": +([+-]\d+\.\d{4})$", shown, re.MULTILINE)
    true, own, replayed, dropped, off_policy = numbers
    assert true == own
    assert f"{true} both times" in prose
    assert f"the same expression gives {replayed}" in prose
    assert (
        f"The dropped term is {dropped}, and both together are the gradient of $\\sum_s d(s)V(s)$, {off_policy}"
        in prose
    )
    older, own_states = two_state.replay_distribution(), two_state.replay_distribution(0.5)
    assert f"was in state 0 for {older[0]:.0%}".replace("%", " %") in prose
    assert f"the step is {two_state.frozen_critic_gradient(0.5, own_states):.2f}, with the right sign" in prose
    assert f"{true} becomes {float(true) / 10:.2f}" in prose
    best = plots_two_state.stopping_point(plots_two_state.on_own_states)
    replayed_end = plots_two_state.stopping_point(plots_two_state.on_replayed_states)
    ends = f"stops at $\\theta={replayed_end:.2f}$, where J is {two_state.expected_return(replayed_end):.2f}"
    assert ends in prose
    assert f"the optimum is $\\theta={best:.2f}$ with J = {two_state.expected_return(best):.2f}" in prose


def test_training_results_in_the_text_are_those_that_were_recorded(cells: list[NotebookNode]) -> None:
    """`python -m bench.ddpg_lesson` runs the lesson's own cells; what it printed is in bench/ddpg_lesson.json."""
    prose = "\n".join(c.source for c in cells if c.cell_type == "markdown").replace("\N{MINUS SIGN}", "-")
    bounds, ablations, errors = RECORDED["bounds"], RECORDED["ablations"], RECORDED["errors"]
    first = ", ".join(f"{name.removesuffix(' (tanh)')} {b['solved']} of {b['of']}" for name, b in bounds.items())
    assert f"When this was written: {first}." in prose
    all_seeds = RECORDED["section 8"]
    assert f"{all_seeds['solved']} of {all_seeds['of']}, each after about a tenth of a second" in prose
    assert all_seeds["cpu_seconds_to"] < 0.25
    alone = ablations["no target networks"]
    assert f"nearly every seed fails ({alone['of'] - alone['solved']} of {alone['of']} when this was written)" in prose
    assert ablations["no noise"]["solved"] == ablations["no noise"]["of"]  # "all seeds still solve the task"
    right, wrong = (ablations[f"cut after 20 steps, truncation is {what}"] for what in ("truncation", "termination"))
    assert f"most agents ({right['solved']} of {right['of']}) learn" in prose
    assert wrong["solved"] == 0  # "none does"
    long = ablations["cut after 200 steps, truncation is termination"]
    assert long["solved"] >= long["of"] - 1  # "the return hardly changes"
    ddpg_error, td3_error = errors["DDPG"], errors["TD3"]
    starts = f"after {ddpg_error['first_at']:,} steps still by about {round(ddpg_error['first_median'], -1):.0f} and"
    assert f"{starts} {round(td3_error['first_median'], -1):.0f}" in prose
    assert "the true discounted return is about -140" in prose
    assert all(round(found["first_true_median"], -1) == -140 for found in errors.values())
    assert ddpg_error["above"] == ddpg_error["of"]
    assert td3_error["above"] == 0
    for found in (ddpg_error, td3_error):
        size = f"by {found['least']:.0f} to {found['most']:.0f} (median {abs(found['median']):g}"
        assert f"{size}; the true return is about {found['true_median']:.0f}" in prose, size
    assert f"on {ddpg_error['below_zero_in_the_middle']} of {ddpg_error['of']} seeds" in prose
    returns = f"DDPG ends at about {all_seeds['median']:.0f}, TD3 at about {RECORDED['TD3']['median']:.0f}"
    assert returns in prose
    assert RECORDED["TD3"]["solved"] == RECORDED["TD3"]["of"] == all_seeds["solved"]
    assert sum(run["worst"] < -200 for run in RECORDED["clinic"].values()) == 2  # "The curves identify two of six"
    own = RECORDED["own"]
    assert f"all three seeds ended above -200, at {own['worst']:.0f} to {own['best']:.0f}" in prose


def test_a_constant_added_to_q_changes_no_gradient(lesson: SimpleNamespace, parts: dict[str, Any]) -> None:
    higher = {**parts["critic"], "flat": parts["critic"]["flat"].copy()}
    higher["flat"][-1] += 1000.0  # the output's bias
    found = [implementations(lesson, {**parts, "critic": c})["direct"]() for c in (parts["critic"], higher)]
    np.testing.assert_allclose(*found, rtol=1e-9)


def test_a_critic_that_is_moved_praises_everybody() -> None:
    critic = MLP((4, 16, 1), np.random.default_rng(0))
    cast = {"a": lambda obs: np.full((len(obs), 1), 2.0), "b": lambda obs: -2 * np.sign(obs[:, 1:2])}
    before = critic.flat.copy()
    said = exploit_critic(critic, cast, student="a", steps=30)
    assert all((np.diff(said[name]) > 0).all() for name in cast)
    np.testing.assert_array_equal(critic.flat, before)  # a copy was moved


def test_tables_say_what_was_measured(lesson: SimpleNamespace, mine: StudentFunctions, parts: dict[str, Any]) -> None:
    some = dict(list(implementations(lesson, parts).items())[1:3])
    table = implementations_table(some, against="vjp")
    assert re.search(r"\| vjp \| 0\.0e\+00 \| \d+\.\d\d \|", table)
    runs = train_seeds(mine, Settings(env_steps=1_200, evaluate_every=600), range(2))
    assert "| x | 0 of 2 |" in summary({"x": runs})
    assert "not reached" in summary({"x": runs})
    assert "CPU" not in summary({"x": train_seeds(mine, Settings(env_steps=1_200, evaluate_every=0), range(2))})


# -- the clinic -----------------------------------------------------------------------------------------------


def differences(found: ddpg.Record, right: ddpg.Record) -> set[str]:
    """Which comparisons of two records tell them apart: those that a student is asked to find."""
    batch = ddpg.fixed_batch(0)
    over, cut = batch.terminated == 1, batch.truncated == 1
    off = ~np.isclose(found.y, right.y)
    g, g0 = found.actor_gradient, right.actor_gradient
    lengths = float(np.linalg.norm(g)), float(np.linalg.norm(g0))
    shown = {
        "labels of ordinary rows": off[~over & ~cut].any(),
        "labels of truncated rows": off[cut & ~over].any(),
        "labels of terminated rows": off[over].any(),
        "slope": not np.allclose(found.dq_da, right.dq_da),
        "length of the actor's gradient": not np.isclose(*lengths),
        "direction of the actor's gradient": not np.isclose(g @ g0, lengths[0] * lengths[1]) or not lengths[0],
        "critic's first gradient": not np.allclose(found.critic_gradient_1, right.critic_gradient_1),
        "critic's second gradient": not np.allclose(found.critic_gradient_2, right.critic_gradient_2),
    }
    return {name for name, differs in shown.items() if differs}


def test_every_broken_run_shows_its_own_fault_and_no_other(lesson: SimpleNamespace, mine: StudentFunctions) -> None:
    diagnosis = lesson.clinic()
    healthy = ddpg.record(mine, mine)
    np.testing.assert_array_equal(healthy.critic_gradient_1, healthy.critic_gradient_2)
    signs = {
        "time-limit-terminal": {"labels of truncated rows"},
        "target-unscaled": {"labels of ordinary rows", "labels of truncated rows"},
        "detached-action": {"length of the actor's gradient", "direction of the actor's gradient"},
        "mean-over-actions": {"length of the actor's gradient"},
        "replay-action": {"slope"},
        "critic-climbs": {"critic's second gradient"},
    }
    for letter, fault in diagnosis.items():
        found = ddpg.record(ddpg.faulty_functions(letter, mine), mine)
        assert differences(found, healthy) == signs[fault], letter
    assert diagnosis == faults()
    assert set(signs) < set(FAULTS)


def test_the_critic_that_climbs_is_torch_without_zero_grad(
    lesson: SimpleNamespace, mine: StudentFunctions, parts: dict[str, Any]
) -> None:
    """The planted fault equals what torch leaves in the critic when nothing clears it after the actor's backward."""
    letter = next(k for k, fault in lesson.clinic().items() if fault == "critic-climbs")
    broken = ddpg.faulty_functions(letter, mine)
    low, high, batch = parts["low"], parts["high"], batch_of(parts["batch"])
    actor, critic = net_of(parts["actor"]), net_of(parts["critic"])
    y = np.linspace(-1.0, 1.0, len(batch.reward))
    broken.action_gradient(actor, critic, batch, low, high)
    found = broken.critic_gradient(critic, batch, y)

    torch_critic, tensors = TorchCritic(critic), Batch(*(torch.tensor(x) for x in batch))
    lesson.actor_loss_direct(TorchActor(actor, low, high), torch_critic, tensors).backward()
    (0.5 * (torch_critic(tensors.obs, tensors.action) - torch.tensor(y)).square().mean()).backward()
    left = [p.grad for p in torch_critic.parameters() if p.grad is not None]
    np.testing.assert_allclose(found, flat_gradient(left), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        broken.critic_gradient(critic, batch, y), mine.critic_gradient(critic, batch, y), rtol=1e-9, atol=1e-12
    )


def test_the_check_of_the_clinic_knows_a_wrong_name_and_an_unknown_one(lesson: SimpleNamespace) -> None:
    wrong = {**lesson.clinic(), "A": "sign"}
    report = check_here(find("ddpg.clinic"), lambda: wrong)
    assert not report.passed
    assert report.fraction == pytest.approx(5 / 6, abs=1e-5)  # each diagnosis earns its share
    assert report.hint == "1 of the 6 answers is not right yet."
    report = check_here(find("ddpg.clinic"), lambda: {**wrong, "A": "flu"})
    assert not report.passed
    assert "flu" in str(report)


# -- figures --------------------------------------------------------------------------------------------------


def test_figures_carry_words_and_pixels(lesson: SimpleNamespace, mine: StudentFunctions) -> None:
    short = Settings(env_steps=1_200, evaluate_every=400, probe_q=True)
    runs = train_seeds(mine, short, range(2))
    agent = runs[0].agent

    def q_and_slope(obs: np.ndarray, action: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        q, cache = agent.critic.forward(np.concatenate([obs, action], axis=1))
        return q[:, 0], agent.critic.input_vjp(cache, np.ones_like(q))[:, 3:]

    said = {"steps": np.arange(3), "a": np.arange(3.0)}
    drawn = [
        plots_ddpg.critic_surface(q_and_slope, agent.act),
        plots_ddpg.learning_bands({"x": runs}),
        plots_ddpg.slopes_at_bounds(lesson.invert_gradients),
        plots_ddpg.any_actor_looks_good(said, {"a": -5.0}),
        plots_ddpg.estimated_against_true({"x": runs}),
        plots_ddpg.clinic_panels(dict.fromkeys("ABCDEF", runs), runs),
        plots_two_state.returns_and_steps(),
        pendulum_animation.episode_strip(agent.act, pictures=3),
    ]
    for figure in drawn:
        assert len(figure.alt) > 60
        assert figure.png().startswith(b"\x89PNG")
    assert "a: from 0 to 2, truly -5" in drawn[3].alt
    assert "0 of 2 seeds end at or above -200" in drawn[1].alt


def test_the_swing_up_is_gymnasiums_own_picture(lesson: SimpleNamespace) -> None:
    still = lambda obs: np.zeros((len(obs), 1))  # noqa: E731
    frames, earned, heights = pendulum_animation.episode_frames(still, pendulum_animation.HANGING, (0, 100))
    assert [f.shape for f in frames] == [(500, 500, 3)] * 2
    assert earned < -1000
    assert len(heights) == 200
    html = pendulum_animation.swing_up(still).data
    assert "does not stay upright" in html
    assert f"Return {earned:.0f}; this start is the lowest of the 100 fixed episodes" in html
    assert "stays upright from step 2 on" in pendulum_animation._ending([-1.0, 0.2] + [1.0] * 60)
    assert "does not" in pendulum_animation._ending([1.0] * 60 + [0.5] + [1.0] * 49)
    assert html.startswith("<figure><img alt=")
    assert "data:image/gif;base64" in html


def test_training_on_ones_own_update_is_the_training_of_section_8(
    lesson: SimpleNamespace, mine: StudentFunctions
) -> None:
    """The same seed, loop and formulas in torch and in NumPy give the same actor: both gradients, then both steps."""
    settings = Settings(env_steps=320, n_envs=8, learning_starts=80, batch=16, hidden=(8, 6), evaluate_every=0)

    def update(*args: Any) -> None:
        actor_optimizer = args[4]
        stepped, actor_optimizer.step = actor_optimizer.step, lambda: None
        critic = args[1]
        loss = -critic(args[6].obs, args[0](args[6].obs)).mean()
        kept = torch.autograd.grad(loss, list(args[0].parameters()))
        target_actor, target_critic, tau = args[2], args[3], args[8]
        lesson.ddpg_update(*args[:8], 0.0)  # the critic's step alone: the actor's is held back, tau is 0
        actor_optimizer.step = stepped
        for p, g in zip(args[0].parameters(), kept, strict=True):
            p.grad = g
        actor_optimizer.step()
        with torch.no_grad():
            for target, online in ((target_actor, args[0]), (target_critic, critic)):
                for old, new in zip(target.parameters(), online.parameters(), strict=True):
                    old.lerp_(new, tau)

    (own,) = train_own(update, settings, [3])
    reference = train(lambda s, rng: ReferenceAgent(mine, s, rng), settings, 3)
    untrained = train_own(lambda *_: None, settings, [3])[0]
    assert np.allclose(own.agent.actor.flat, reference.agent.actor.flat, rtol=1e-5, atol=1e-7)
    assert np.allclose(own.agent.critic.flat, reference.agent.critic.flat, rtol=1e-5, atol=1e-7)
    assert not np.allclose(untrained.agent.actor.flat, own.agent.actor.flat, atol=1e-3)
    obs = np.random.default_rng(0).normal(size=(4, 3))
    assert np.allclose(own.agent.act(obs), reference.agent.act(obs))
