"""Whole updates of DDPG, judged by the weights that they leave: what is read from them, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from grader.bank.registry import find_entry
from grader.judging.examine import examine
from gradschool.check.api import check_here
from gradschool.core.calling import call_raw, call_twice
from gradschool.core.exercise import AnswerUnusable, Case
from gradschool.core.report import Report
from gradschool.exercises.ddpg import agent

ENTRY = find_entry("ddpg.agent")
READ = ENTRY.exercise.read
NETS = ("actor", "critic", "target_actor", "target_critic")


def case() -> Case:
    return ENTRY.exercise.cases(np.random.default_rng(5))[0]


def raw(answer: Callable[..., Any], of: Case) -> dict[str, np.ndarray]:
    found = call_raw(ENTRY.exercise, answer, of.args).first
    assert isinstance(found, dict)
    return found  # type: ignore[return-value]


def named(name: str) -> Callable[..., Any]:
    return next(v for v in [*ENTRY.mutants, *ENTRY.alternatives] if v.name == name).fresh()


def judged(answer: Callable[..., Any]) -> Report:
    return examine(ENTRY, lambda args: call_twice(ENTRY.exercise, answer, args), 7)


def test_only_weights_and_counts_of_steps_leave_the_kernel() -> None:
    c = case()
    found = raw(ENTRY.reference, c)
    assert all(np.array_equal(found.pop(f"{name}_optimizer_steps"), [1, 1]) for name in ("actor", "critic"))
    assert {name: x.shape for name, x in found.items()} == {name: (2, len(c.args["first"][name])) for name in NETS}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("update_with_sums", "critic: squared error (factor 1), target networks at s', gamma 0.8"),
        ("update_with_sums", "actor: sum over the batch, the critic after its step"),
        ("update_with_the_actor_first", "actor: mean over the batch, the critic before its step"),
        ("update_by_grad_outputs", "the critic before its step; targets: tau 0.1, online weights of after the step"),
        ("update_blends_before_both_steps", "tau 0.1, online weights of before the step"),
        ("gamma-missing", "target networks at s' unless terminated: y = 1 r + 1 v"),
        ("online-critic-in-label", "online critic at the target actor's action unless terminated"),
        ("actor-at-replay-action", "the critic after its step, at the action of the replay"),
        ("mean-over-actions", "actor: mean over the batch and mean over the actions, the critic after its step"),
        ("copied", "targets: tau 1, online weights of after the step"),
        ("never-blended", "targets: tau 0,"),
    ],
)
def test_conventions_and_faults_are_read_from_the_weights_alone(name: str, words: str) -> None:
    assert READ is not None
    c = case()
    assert words in READ(c.args, raw(named(name), c)).words


def test_each_mistake_costs_the_parts_that_it_touches() -> None:
    """Four shares of a quarter; a tenth of one that is wrong throughout is for its form."""
    expected = {
        "no-terminal-mask": 0.9,  # edge cases of two shares
        "actor-descends": 0.55,
        "critic-climbs": 0.55,
        "copied": 0.775,
        "stale-critic-gradient": 0.775,
        "not-a-gradient": 0.0,
        "nothing-moves": 0.0,
    }
    for name, fraction in expected.items():
        report = judged(named(name))
        assert (report.mistake, report.fraction) == (name, pytest.approx(fraction))


def test_a_fault_has_its_name_in_another_convention_too() -> None:
    text = next(m for m in ENTRY.mutants if m.name == "actor-descends").source
    space: dict[str, Any] = {"torch": torch}
    exec(text.replace(".mean()", ".sum()"), space)
    report = judged(space["whole_update"])
    assert (report.mistake, report.fraction) == ("actor-descends", pytest.approx(0.55))


@pytest.mark.parametrize("net", ["actor", "critic"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda x: np.full_like(x, np.nan), "NaN or infinite"),
        (lambda x: x[:, 1:], "shapes"),
        (lambda x: x.astype(np.float32), "shapes"),
        (lambda x: x + 1e-4 * np.random.default_rng(0).normal(size=x.shape), "not -lr times"),
        (lambda x: 1.0001 * x, "times the weights themselves"),
    ],
)
def test_weights_that_no_step_leaves_are_refused(net: str, change: Callable[[Any], Any], said: str) -> None:
    c = case()
    right = raw(ENTRY.reference, c)
    assert READ is not None
    READ(c.args, right)  # the right ones are read
    with pytest.raises(AnswerUnusable, match=said):
        READ(c.args, {**right, net: change(right[net])})
    with pytest.raises(AnswerUnusable, match="and nothing else"):
        READ(c.args, {name: right[name] for name in NETS if name != net})


def test_a_gradient_of_no_known_formula_earns_what_else_is_right() -> None:
    def pushed(actor: Any, critic: Any, *rest: Any) -> None:
        actor_optimizer, batch = rest[2], rest[4]
        stepped, actor_optimizer.step = actor_optimizer.step, lambda: None
        ENTRY.reference(actor, critic, *rest)
        actor_optimizer.step = stepped
        actor_optimizer.zero_grad()
        actor(batch.obs).mean().backward()
        actor_optimizer.step()

    report = judged(pushed)
    assert report.fraction == pytest.approx(0.55)
    assert report.hint.startswith("`critic_step`, `nothing_else` and `target_nets` are right")


def test_check_shows_what_the_examiner_reads_and_it_is_no_mark() -> None:
    right = check_here(ENTRY.exercise, ENTRY.reference)
    assert right.passed
    assert any(note.startswith("Read from six updates") for note in right.notes)
    assert all("Examiner, fault" not in note for note in right.notes)
    wrong = check_here(ENTRY.exercise, named("stale-critic-gradient"))
    assert "six updates were read" in wrong.experiment, wrong.hint
    assert "critic" in wrong.hint


def test_networks_are_drawn_a_few_times_and_not_until_all_outputs_happen_to_be_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With six outputs and a row far out, seven hundred draws were needed, and took most of a judgment's time."""
    drawn: list[tuple[int, ...]] = []
    draw = agent.drawn_net
    monkeypatch.setattr(agent, "drawn_net", lambda rng, sizes, *x: drawn.append(sizes) or draw(rng, sizes, *x))
    cases = [c for seed in range(3) for c in ENTRY.exercise.cases(np.random.default_rng(seed))]
    assert len(drawn) < 3 * 4 * 2 * len(cases)
    outputs = [
        np.abs(agent.Nets.of(c.args, k).actor(c.args[k]["batch"]["obs"])).max() for c in cases for k in agent.CALLS
    ]
    assert max(outputs) < agent.FLAT


def test_a_slope_that_moves_with_the_action_is_not_a_constant() -> None:
    """-(slope * mu) is -Q to first order only where the slope is held: a critic of steps alone would not show it."""

    def moving(actor: Any, critic: Any, *rest: Any) -> None:
        actor_optimizer, batch = rest[2], rest[4]

        def loss(held: bool) -> Any:
            pi = actor(batch.obs)
            slope = torch.autograd.grad(critic(batch.obs, pi).sum(), pi, create_graph=not held, retain_graph=True)[0]
            return -(slope * pi).sum(dim=1).mean()

        stepped, actor_optimizer.step = actor_optimizer.step, lambda: None
        ENTRY.reference(actor, critic, *rest)
        actor_optimizer.step = stepped
        actor_optimizer.zero_grad()
        loss(held=moving.held).backward()
        actor_optimizer.step()

    moving.held = True  # type: ignore[attr-defined]
    assert judged(moving).passed
    moving.held = False  # type: ignore[attr-defined]
    assert not judged(moving).passed
