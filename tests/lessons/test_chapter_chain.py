"""Chapter 1, the lesson: its anatomy, its formulas beside code and its quoted facts.

The functions under test are the lesson's own solution cells, so a formula of the prose and the code below it
cannot drift apart. Nothing here starts a kernel.
"""

from __future__ import annotations

import re
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from nbformat import NotebookNode

from grader.notebooks.predictions import calls, questions
from gradschool.check.api import check_here
from gradschool.core.exercise import find, in_chapter
from gradschool.core.numerics import central_differences
from gradschool.lessons.clinics import chain as chain_clinic
from gradschool.lessons.explorables.chain import explore_chain
from gradschool.lessons.figures import plots_chain
from gradschool.rl.nets.torch_mlp import tanh_net
from tests.support.lesson_cells import (
    assert_each_check_calls_its_function,
    cells_of,
    chain_lesson,
    marked,
)

SOURCE = Path(__file__).parents[2] / "solutions/01-loss-as-chain-rule/loss_as_chain_rule.md"
EXERCISES = [exercise.id for exercise in in_chapter("chain")]


@pytest.fixture(scope="module")
def cells() -> list[NotebookNode]:
    return cells_of(SOURCE)


@pytest.fixture(scope="module")
def lesson(cells: list[NotebookNode]) -> SimpleNamespace:
    return chain_lesson(cells)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)


# -- anatomy --------------------------------------------------------------------------------------------------


def test_every_exercise_stands_once_in_the_bank_s_order_with_its_check(cells: list[NotebookNode]) -> None:
    assert marked(cells, "exercise") == EXERCISES
    assert_each_check_calls_its_function(cells)


def sections(cells: list[NotebookNode]) -> dict[str, tuple[str, str]]:
    """For each exercise the Markdown between the stub before and its own, and from there to the next stub."""
    text, parts, order = "", [], []
    for cell in cells:
        if "exercise" in cell.metadata:
            parts.append(text)
            order.append(cell.metadata["exercise"])
            text = ""
        elif cell.cell_type == "markdown":
            text += cell.source + "\n"
    parts.append(text)
    return {name: (parts[k], parts[k + 1]) for k, name in enumerate(order)}


@pytest.mark.parametrize("name", EXERCISES)
def test_every_exercise_has_a_card_before_and_three_hints_after(cells: list[NotebookNode], name: str) -> None:
    before, after = sections(cells)[name]
    assert re.search(
        rf"\*\*Exercise `{re.escape(name)}`\*\*.*difficulty [●○]{{3}} · importance [●○]{{3}} · \d+ minutes", before
    )
    assert re.findall(r"<summary>Hint (\d): (\w+)", after)[:3] == [("1", "sketch"), ("2", "shapes"), ("3", "almost")]
    assert len(re.findall(r"<summary>Hint", after)) == 3


@pytest.mark.parametrize("name", EXERCISES)
def test_every_stub_shows_its_signature_and_its_shapes_outside_of_the_solution(
    cells: list[NotebookNode], name: str
) -> None:
    source = next(c.source for c in cells if c.metadata.get("exercise") == name)
    stub = source.partition("### BEGIN SOLUTION")[0]
    function = name.partition(".")[2]
    arguments = re.search(rf"{function}\((.*?)\)", find(name).signature).group(1).split(", ")
    declared = re.search(rf"def {function}\((.*?)\)\s*->", stub, re.DOTALL).group(1)
    assert re.findall(r"(\w+):", declared) == arguments
    assert "Returns" in stub
    assert not re.search(r"^(from|import) ", source, re.MULTILINE)  # a later cell would need what this one imports
    assert source.rstrip().endswith("### END SOLUTION")


def test_each_prediction_is_kept_and_looked_back_at_and_the_minutes_add_up(cells: list[NotebookNode]) -> None:
    prose = "\n".join(c.source for c in cells if c.cell_type == "markdown")
    asked = questions(cells)
    assert len(asked) >= 14
    assert [c.name for c in calls(cells) if c.function == "calibration"] == ["chain"]
    assert prose.count("**Reconcile.**") >= 11
    said = int(re.search(r"about (\d+) minutes at the exercises", prose)[1])
    cards = sum(map(int, re.findall(r"importance [●○]{3} · (\d+) minutes", prose)))
    assert abs(said - cards) <= 10
    assert "2-dqn-on-taxi" in prose
    assert "3-ddpg-on-pendulum" in prose


def test_the_answers_stand_first_in_three_sentences(cells: list[NotebookNode]) -> None:
    box = re.search(r"^> \*\*The answers first\.\*\* (.+)$", cells[0].source, re.MULTILINE)[1]
    assert cells[0].source.index(box) < cells[0].source.index("Three forum questions")
    assert len(re.findall(r"[.?!](?= [A-Z`]|$)", box)) == 3
    assert all(f"(question {k}" in box for k in (1, 2, 3))


def test_what_draws_or_trains_is_an_experiment_and_the_reflection_has_its_scheme(cells: list[NotebookNode]) -> None:
    for cell in cells:
        if cell.cell_type == "code" and not {"locked", "exercise", "check"} & set(cell.metadata):
            assert "experiment" in cell.metadata["tags"], cell.source
    at = next(k for k, c in enumerate(cells) if c.metadata.get("reflection") == "chain.reflection")
    assert cells[at].metadata["points"] == 6
    assert cells[at + 1].metadata["tags"] == ["instructor"]


# -- formulas beside the code that is them --------------------------------------------------------------------


@pytest.mark.parametrize("name", EXERCISES)
def test_the_lesson_s_own_solution_passes_its_check(lesson: SimpleNamespace, name: str) -> None:
    report = check_here(find(name), getattr(lesson, name.partition(".")[2]))
    assert report.passed, report.hint


def test_local_derivatives_multiply_to_the_gradients_of_the_first_picture(cells: list[NotebookNode]) -> None:
    source = next(c.source for c in cells if "explore_chain(" in c.source and "bar[" in c.source)
    names: dict = {"explore_chain": explore_chain}
    exec(source, names)
    loss = lambda v: 0.5 * (v[0] * v[1] + v[2] - v[3]) ** 2  # noqa: E731  w, x, b, l
    measured = central_differences(loss, np.array([3.0, 2.0, -1.0, 3.0]))
    assert [names["bar"][k] for k in "wxbl"] == pytest.approx(measured, abs=1e-8)


def test_a_central_difference_errs_by_h_squared_a_one_sided_one_by_h(lesson: SimpleNamespace) -> None:
    x, f = np.array([1.0]), lambda x: float(np.exp(x[0]))
    for h in (1e-2, 1e-3):
        central = lesson.numerical_gradient(f, x, h)[0] - np.e
        assert central == pytest.approx(h**2 / 6 * np.e, rel=1e-2)
        assert (f(x + h) - f(x)) / h - np.e == pytest.approx(h / 2 * np.e, rel=1e-2)


def test_the_best_step_is_where_the_lesson_says(lesson: SimpleNamespace) -> None:
    assert np.cbrt(3 * np.finfo(float).eps) == pytest.approx(1e-5, rel=0.2)
    steps = 10.0 ** -np.arange(0, 15.5, 0.5)
    error = [abs(lesson.numerical_gradient(lambda x: float(np.exp(x[0])), np.ones(1), h)[0] / np.e - 1) for h in steps]
    assert -np.log10(min(error)) == pytest.approx(11, abs=1)  # "about eleven digits"
    assert 1e-7 < steps[int(np.argmin(error))] < 1e-4
    assert min(error) < 1e-10  # about ten digits
    assert error[0] > 0.1  # too long
    assert max(error[-3:]) > 1e-3  # too few digits left
    assert np.log10(np.finfo(np.float32).eps / np.finfo(np.float64).eps) == pytest.approx(8.7, abs=0.1)  # "nearly nine"


def test_both_papers_orders_and_the_product_without_a_jacobian_are_one_number(
    lesson: SimpleNamespace, rng: np.random.Generator
) -> None:
    W, b, x, g = rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=2), rng.normal(size=3)
    J = lesson.linear_jacobian(W, b, x)
    dpg_2014, ddpg_2015 = J.T @ g[:, None], g[None, :] @ J
    assert (dpg_2014.shape, ddpg_2015.shape) == ((6, 1), (1, 6))
    for product in (dpg_2014.ravel(), ddpg_2015.ravel(), lesson.linear_vjp(W, b, x, g)[0].ravel()):
        np.testing.assert_allclose(product, lesson.jacobian_product(J, g), rtol=1e-14)


def test_a_jacobian_of_width_100_is_99_percent_zeros_and_costs_n_times_the_memory(lesson: SimpleNamespace) -> None:
    assert np.mean(lesson.linear_jacobian(np.ones((100, 100)), np.ones(100), np.ones(100)) == 0) == 0.99
    n = 64
    W, v = np.ones((n, n)), np.ones(n)
    ways = (lambda: lesson.linear_jacobian(W, v, v), lambda: lesson.linear_vjp(W, v, v, v))
    peaks = []
    for way in ways:
        tracemalloc.start()
        way()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[0] / peaks[1] == pytest.approx(21, rel=0.15)  # as the text says


def test_three_saturated_tanh_units_leave_less_than_a_thousandth(lesson: SimpleNamespace) -> None:
    two, g = np.array([2.0]), np.array([1.0])
    for _ in range(3):
        g = lesson.tanh_vjp(two, g)
    assert 0 < g[0] < 1e-3


def test_the_closed_form_of_section_6_is_what_torch_finds(lesson: SimpleNamespace, rng: np.random.Generator) -> None:
    W1, b1, W2, _ = arrays = [rng.normal(size=s) for s in ((4, 3), (4,), (2, 4), (2,))]
    X, G = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    H = np.tanh(X @ W1.T + b1)
    Delta = (G @ W2) * (1 - H**2)
    closed = (Delta.T @ X, Delta.sum(axis=0), G.T @ H, G.sum(axis=0), Delta @ W1)
    leaves = [torch.tensor(a, requires_grad=True) for a in (*arrays, X)]
    w1, c1, w2, c2, x = leaves
    witness = torch.autograd.grad(torch.tanh(x @ w1.T + c1) @ w2.T + c2, leaves, torch.tensor(G))
    for formula, answer, seen in zip(closed, lesson.mlp_backward(*arrays, X, G), witness, strict=True):
        np.testing.assert_allclose(answer, formula, rtol=1e-12)
        np.testing.assert_allclose(answer, seen.numpy(), rtol=1e-10, atol=1e-14)


def test_twice_the_batch_doubles_a_sum_and_leaves_a_mean(lesson: SimpleNamespace, rng: np.random.Generator) -> None:
    net = [rng.normal(size=s) for s in ((4, 2), (4,), (1, 4), (1,))]
    X, l = rng.normal(size=(3, 2)), rng.normal(size=3)
    XX, ll = np.tile(X, (2, 1)), np.tile(l, 2)
    mean = lambda X, l: lesson.mlp_backward(*net, X, lesson.batch_mean_gradient(lesson.mlp(*net, X), l))[0]  # noqa: E731
    total = lambda X, l: lesson.mlp_backward(*net, X, lesson.mlp(*net, X) - l[:, None])[0]  # noqa: E731
    np.testing.assert_allclose(mean(XX, ll), mean(X, l), rtol=1e-10)
    np.testing.assert_allclose(total(XX, ll), 2 * total(X, l), rtol=1e-10)


def test_two_uses_of_one_matrix_add_up(lesson: SimpleNamespace, rng: np.random.Generator) -> None:
    W, x, g = rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=3)
    of_A = central_differences(lambda A: float(g @ (W @ np.tanh(A @ x))), W)
    of_B = central_differences(lambda B: float(g @ (B @ np.tanh(W @ x))), W)
    np.testing.assert_allclose(lesson.shared_paths(W, x, g), of_A + of_B, rtol=1e-6, atol=1e-9)


def test_three_ways_to_inject_agree_and_a_silent_output_moves_only_what_it_shares(
    lesson: SimpleNamespace, rng: np.random.Generator
) -> None:
    arrays = [rng.normal(size=s) for s in ((3, 2), (3,), (2, 3), (2,))]
    X, G = rng.normal(size=(5, 2)), rng.normal(size=(5, 2))
    G[:, 0] = 0
    by_hand = lesson.mlp_backward(*arrays, X, G)[:4]
    for way in lesson.inject_gradient(tanh_net(*arrays), torch.tensor(X), torch.tensor(G)):
        for mine, theirs in zip(by_hand, way, strict=True):
            np.testing.assert_allclose(mine, theirs.numpy(), rtol=1e-10, atol=1e-14)
    assert not by_hand[2][0].any()  # the silent output's row of W2
    assert by_hand[0].all()  # the layer that both outputs share


def test_who_moves_the_hill_claims_more_and_stands_lower(cells: list[NotebookNode], lesson: SimpleNamespace) -> None:
    source = next(c.source for c in cells if "plots_chain.two_climbs" in c.source)
    names: dict = {"np": np, "plots_chain": plots_chain, "maximise": lesson.maximise, "print": lambda *_: None}
    exec(source, names)
    hill, fixed, moved = names["score"], names["fixed"][-1], names["moved"][-1]
    assert fixed == pytest.approx([0, 0], abs=1e-3)
    assert (hill(*moved), hill(moved[0], 0.0)) == pytest.approx((3.6, -5.3), abs=0.05)  # as the text says
    assert hill(*moved) > 3 > hill(*fixed)
    assert hill(moved[0], 0.0) < hill(-2.0, 0.0) < hill(*fixed)  # worse than where both began
    a = np.array([0.7])
    assert names["slopes"](a, np.array([0.2]))[0] == pytest.approx(central_differences(lambda a: hill(a, 0.2), a)[0])
    in_phi = central_differences(lambda phi: hill(0.7, phi), np.array([0.2]))
    assert names["slopes"](0.7, 0.2)[1] == pytest.approx(in_phi.item())


def test_adam_s_first_step_is_lr_and_a_constant_factor_is_hidden(
    lesson: SimpleNamespace, rng: np.random.Generator
) -> None:
    theta, grads = rng.normal(size=4), rng.normal(size=(30, 4))

    def route(factor: float) -> Iterator[np.ndarray]:
        at, m, v = theta, np.zeros(4), np.zeros(4)
        for t, grad in enumerate(grads, start=1):
            at, m, v = lesson.adam_step(at, factor * grad, m, v, t, 0.01, 0.9, 0.999, 1e-8)
            yield at

    right = np.array(list(route(1.0)))
    np.testing.assert_allclose(np.abs(right[0] - theta), 0.01, rtol=1e-6)
    for factor in (6.0, 1 / 6):
        np.testing.assert_allclose(np.array(list(route(factor))), right, rtol=1e-4)
        stepped = lesson.sgd_step([theta], [factor * grads[0]], 0.01)[0] - theta
        np.testing.assert_allclose(stepped, -factor * 0.01 * grads[0])


# -- what is measured in the lesson ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def session(cells: list[NotebookNode], lesson: SimpleNamespace) -> SimpleNamespace:
    """The names after all experiments but the pictures, with what each printed by `reconcile` beside them."""
    names: dict = {**vars(lesson), "reconciled": {}}
    names |= dict.fromkeys(("predict", "calibration", "progress", "hand_in"), lambda *_, **__: None)
    names["reconcile"] = names["reconciled"].__setitem__
    names["print"] = lambda *_: None
    for cell in cells:
        if cell.metadata.get("tags") == ["experiment"]:
            pictures = ("plots_chain.", "explore_chain(", "backprop", "flow.")
            lines = [line for line in cell.source.splitlines() if not line.startswith(pictures)]
            exec("\n".join(lines), names)
    return SimpleNamespace(**names)


def test_every_prediction_is_measured_as_the_text_says(cells: list[NotebookNode], session: SimpleNamespace) -> None:
    found = session.reconciled
    assert set(found) == set(questions(cells))
    numbers = {
        "chain.step-past-label": 4,
        "chain.step-wrong-sign": 6,
        "chain.jacobian-zeros": 99,
        "chain.gradient-into-v": 48,
    }
    assert {name: found[name] for name in numbers} == numbers
    assert 1 < found["chain.digits-at-tiny-step"] < 4
    assert found["chain.jacobian-memory"] == pytest.approx(64, rel=0.1)  # as the text says
    assert 0 < found["chain.three-saturated-tanh"] < 1e-3  # "less than a thousandth"
    assert found["chain.broadcast-learns"] == "one constant: the mean label"
    assert found["chain.overwritten-path"] == "the first use, w x"
    assert found["chain.two-climbs"] == "both together reports more, a alone is better"
    assert found["chain.hidden-factor"] == "SGD's"
    assert found["chain.clipped-factor"] == ["times 6", "times 1 (right)", "times 1/6"]


def test_what_was_measured_can_be_answered(cells: list[NotebookNode], session: SimpleNamespace) -> None:
    for name, asked in questions(cells).items():
        value = session.reconciled[name]
        kind = "choice" if isinstance(value, str) else "ranking" if isinstance(value, list) else "number"
        assert kind == asked.kind, name
        assert {value} <= set(asked.options) if kind == "choice" else True
        assert sorted(value) == sorted(asked.options) if kind == "ranking" else True


def test_plain_adam_hides_a_factor_that_clipping_and_weight_decay_show(session: SimpleNamespace) -> None:
    plain, clipped, decayed = session.final.values()
    assert plain == pytest.approx([plain[0]] * 3, rel=1e-4)
    for losses in (clipped, decayed):
        assert losses[1] < losses[0] < losses[2]  # the wrong factor 6 ends lowest
        assert losses[2] > 2 * losses[0]
        assert losses[1] < losses[0] / 5
    for change, by_torch in ((session.clipped, clip_by_torch), (session.decayed, decay_by_torch)):
        params, grads = session.fresh_net(), [3 * theta for theta in session.fresh_net(1)]
        for mine, theirs in zip(change(grads, params), by_torch(grads, params), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5)


def clip_by_torch(grads: list[np.ndarray], params: list[np.ndarray]) -> list[np.ndarray]:
    leaves = [torch.tensor(p) for p in params]
    for leaf, grad in zip(leaves, grads, strict=True):
        leaf.grad = torch.tensor(grad)
    torch.nn.utils.clip_grad_norm_(leaves, 0.5)
    return [leaf.grad.numpy() for leaf in leaves]


def decay_by_torch(grads: list[np.ndarray], params: list[np.ndarray]) -> list[np.ndarray]:
    """What SGD with weight decay steps by: Adam of torch adds the same before its means."""
    leaves = [torch.tensor(p, requires_grad=True) for p in params]
    for leaf, grad in zip(leaves, grads, strict=True):
        leaf.grad = torch.tensor(grad)
    torch.optim.SGD(leaves, lr=1.0, weight_decay=0.01).step()
    return [p - leaf.detach().numpy() for p, leaf in zip(params, leaves, strict=True)]


def test_backward_fills_every_leaf_and_autograd_grad_only_those_asked_for(session: SimpleNamespace) -> None:
    assert session.only_a.item() == session.a.grad.item() == -2
    assert session.phi.grad.item() == 1
    session.a.grad = session.phi.grad = None
    torch.autograd.grad(session.frozen_loss(), (session.a,))
    assert session.a.grad is session.phi.grad is None


def test_the_worked_step_leaks_as_its_table_says(session: SimpleNamespace) -> None:
    w, v = session.w, session.v
    for detached, wanted in ((True, (60, None)), (False, (60, 24))):
        in_w, in_v = torch.autograd.grad(session.surrogate(detached), (w, v), allow_unused=True)
        assert (in_w.item(), in_v if in_v is None else in_v.item()) == wanted
    assert (w.grad.item(), v.grad.item()) == (120, 48)


def test_the_clinic_s_bugs_are_among_the_choices_and_b_stops_at_the_labels_variance(
    cells: list[NotebookNode], session: SimpleNamespace
) -> None:
    asked = questions(cells)
    lists = [asked[f"chain.bug-of-{letter.lower()}"].options for letter in chain_clinic.LETTERS]
    assert len(set(lists)) == 1
    assert set(chain_clinic.BUGS.values()) < set(lists[0])
    last = session.runs_by_letter["B"][0][-1]
    assert last == pytest.approx(np.var(session.labels) / 2, rel=0.02)
    assert np.var(session.labels) / 2 == pytest.approx(0.25, abs=0.02)
    assert session.runs_by_letter["A"][0][-1] > 1000  # SGD diverges
    assert session.runs_by_letter["D"][0][-1] < session.runs_by_letter["D"][0][0] / 2  # the loss falls
