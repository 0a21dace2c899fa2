"""The drawings of the student's own gradients: the numbers are the student's, and width and color are the numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from gradschool.core.numerics import central_differences
from gradschool.lessons.figures import backprop_stepper
from gradschool.lessons.figures.flow import chain_graph, chain_net, ddpg_graph, dqn_graph
from gradschool.lessons.figures.graph import Edge, Graph, Node, draw, strength
from gradschool.lessons.figures.palette import BLOCKED, INK, LEAK, TAKEN
from tests.support.lesson_functions import (
    actor_loss_direct,
    actor_step,
    careless_step,
    linear_vjp,
    mlp_backward,
    residual_gradient,
    semi_gradient,
    tanh_vjp,
)


def weights(graph: Graph, start: str, end: str, shape: tuple[int, int]) -> np.ndarray:
    """The numbers on the edges between two columns, (n_in, n_out)."""
    on = {(e.start, e.end): e.gradient for e in graph.edges}
    return np.array([[on[f"{start}{i + 1}", f"{end}{j + 1}"] for j in range(shape[1])] for i in range(shape[0])])


# -- chapter 1 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outputs", ["both", "y1", "y2"])
def test_the_chain_s_edges_carry_the_true_gradients(outputs: str) -> None:
    W1, b1, W2, b2, X, G = chain_net()
    G = G * {"both": [1, 1], "y1": [1, 0], "y2": [0, 1]}[outputs]

    def loss(W1: np.ndarray, W2: np.ndarray) -> float:
        return float(np.sum(G * (np.tanh(X @ W1.T + b1) @ W2.T + b2)))

    graph = chain_graph(mlp_backward, outputs)
    np.testing.assert_allclose(
        weights(graph, "x", "h", (2, 3)).T, central_differences(lambda v: loss(v, W2), W1), atol=1e-8
    )
    np.testing.assert_allclose(
        weights(graph, "h", "y", (3, 2)).T, central_differences(lambda v: loss(W1, v), W2), atol=1e-8
    )


def test_what_is_drawn_is_the_student_s_own_gradient_even_a_wrong_one() -> None:
    wrong = chain_graph(lambda *a: tuple(2 * g for g in mlp_backward(*a)))
    right = chain_graph(mlp_backward)
    np.testing.assert_allclose(weights(wrong, "h", "y", (3, 2)), 2 * weights(right, "h", "y", (3, 2)))


def test_a_cut_blocks_the_first_layer_alone() -> None:
    edges = {(e.start, e.end): e for e in chain_graph(mlp_backward, cut=True).edges}
    assert {e.shown for (start, _), e in edges.items() if start.startswith("x")} == {"blocked"}
    assert {e.shown for (start, _), e in edges.items() if start.startswith("h")} == {"flow"}


# -- chapter 2 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", range(4))
def test_with_the_label_held_one_weight_moves_and_the_target_network_is_blocked(action: int) -> None:
    graph = dqn_graph(semi_gradient, residual_gradient, action)
    table = [(e.start, e.end) for e in graph.edges if e.start.startswith("s") and e.shown == "flow"]
    assert table == [("s2", f"q{action + 1}")]
    assert [e.shown for e in graph.edges if e.end == "t"] == ["blocked"]
    assert not [e for e in graph.edges if e.shown == "leak"]


@pytest.mark.parametrize("action", range(4))
def test_without_it_the_state_where_one_landed_moves_too(action: int) -> None:
    graph = dqn_graph(semi_gradient, residual_gradient, action, detached=False)
    table = {e.start: e for e in graph.edges if e.start.startswith("s") and e.gradient}
    assert (table["s2"].shown, table["s3"].shown) == ("flow", "leak")
    assert table["s3"].gradient == pytest.approx(-0.9 * table["s2"].gradient)
    (through,) = [e for e in graph.edges if e.start == "y"]
    assert through.gradient == pytest.approx(table["s3"].gradient)
    assert "Leaking" in graph.in_words


def test_at_the_end_of_an_episode_both_are_one() -> None:
    held, open_ = (dqn_graph(semi_gradient, residual_gradient, 2, True, d) for d in (True, False))
    np.testing.assert_array_equal(weights(held, "s", "q", (4, 4)), weights(open_, "s", "q", (4, 4)))
    assert not [e for e in open_.edges if e.shown in ("leak", "blocked")]


# -- chapter 3 ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "actor", "critic"),
    [
        ("careless", True, True),
        ("asked", True, False),
        ("no_grad", False, False),
        ("detached", False, True),
        ("yours", True, False),
    ],
)
def test_whom_each_way_reaches(way: str, actor: bool, critic: bool) -> None:
    graph = ddpg_graph(actor_loss_direct, actor_step, way)
    assert any(e.shown == "flow" for e in graph.edges) == actor
    (into_q,) = (e for e in graph.edges if (e.start, e.end) == ("Q", "J"))
    assert into_q.shown == ("flow" if actor else "leak" if critic else "blocked"), "never as if it carried none"
    assert any(e.shown == "leak" for e in graph.edges) == critic
    assert any(e.shown == "blocked" for e in graph.edges) == (way == "no_grad")
    assert (graph.nodes["Q"].kind == "flow") == (actor and not critic)  # the path through the critic is open


def test_a_step_that_leaves_gradients_in_the_critic_shows_its_leak() -> None:
    yours, asked = (
        ddpg_graph(actor_loss_direct, step, way) for step, way in ((careless_step, "yours"), (actor_step, "asked"))
    )
    assert any(e.shown == "leak" for e in yours.edges)
    on = [{(e.start, e.end): e.gradient for e in g.edges if e.kind == "flow"} for g in (yours, asked)]
    assert on[0] == pytest.approx(on[1])


# -- the drawing ----------------------------------------------------------------------------------------------


def three_edges() -> Graph:
    nodes = {name: Node((x, y), name) for name, x, y in (("a", 0, 1), ("b", 0, 0.5), ("c", 0, 0), ("d", 1, 0.5))}
    edges = Edge("a", "d", -2.0), Edge("b", "d", 1.0, "leak"), Edge("c", "d", 0.0), Edge("d", "a", 0.0, "blocked")
    return Graph("toy", nodes, edges, "a toy.")


def test_width_and_color_are_the_numbers() -> None:
    lines = draw([three_edges()]).axes[0].lines
    width = {to_rgb(line.get_color()): line.get_linewidth() for line in lines}
    assert width[to_rgb(TAKEN)] == pytest.approx(5.5)  # the largest: full width, full color
    assert width[strength(LEAK, 0.5)] == pytest.approx(0.9 + 4.6 / 2)
    assert width[to_rgb(INK)] == width[to_rgb(BLOCKED)] == pytest.approx(0.9)
    assert {text.get_text() for text in draw([three_edges()]).axes[0].texts} >= {"-2.00", "+1.00", "✕"}
    halved = draw([three_edges()], most=4.0).axes[0].lines
    assert max(line.get_linewidth() for line in halved) == pytest.approx(0.9 + 4.6 / 2)


def test_the_words_hold_every_number() -> None:
    words = draw([three_edges()]).alt
    for said in ("a to d -2", "Leaking: b to d +1", "1 edge carries none", "Blocked: d to a"):
        assert said in words


# -- the stepper ----------------------------------------------------------------------------------------------


def test_the_walk_ends_at_the_whole_backward_pass() -> None:
    found = backprop_stepper.walk(linear_vjp, tanh_vjp)
    arrays = [torch.tensor(v, requires_grad=True) for v in chain_net()[:5]]
    W1, b1, W2, b2, X = arrays
    (torch.tanh(X @ W1.T + b1) @ W2.T + b2).backward(torch.tensor(chain_net()[5]))
    for name, leaf in (("W1", W1), ("W2", W2), ("at_x", X)):
        np.testing.assert_allclose(found[name], leaf.grad.numpy().reshape(found[name].shape), rtol=1e-12)


def test_each_step_shows_what_the_walk_has_reached_and_no_more() -> None:
    found = backprop_stepper.walk(linear_vjp, tanh_vjp)
    framed = [
        {name[0] for name, node in backprop_stepper.step_graph(found, step).nodes.items() if node.kind == "flow"}
        for step in range(1, 7)
    ]
    assert framed == [set(), {"y"}, {"y"}, {"y", "h"}, {"y", "h", "z"}, {"y", "h", "z", "x"}]
    wide = [{e.start[0] for e in backprop_stepper.step_graph(found, k).edges if e.shown == "flow"} for k in range(1, 7)]
    assert wide == [set(), set(), {"h"}, {"h"}, {"h", "z"}, {"h", "z", "x"}]
