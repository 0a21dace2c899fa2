"""The package's own backward passes, agents and optimizers refuse while an answer is examined, and work otherwise."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from gradschool.core.calling import Raised, call_twice
from gradschool.core.exercise import find
from gradschool.core.numerics import central_differences, complex_step
from gradschool.core.withheld import MOST_PASSES, NotForAnswers, examined, refuse_answers
from gradschool.lessons.clinics import ddpg as ddpg_clinic
from gradschool.lessons.clinics import dqn as dqn_clinic
from gradschool.lessons.ddpg_experiments import without_squash
from gradschool.rl.ddpg.agent import Settings, StudentFunctions
from gradschool.rl.ddpg.batched import BatchedMLP, random_batch
from gradschool.rl.ddpg.fused import FusedAgent
from gradschool.rl.dqn.hidden_layer import HiddenNet
from gradschool.rl.envs import small_mdp
from gradschool.rl.nets.mlp import MLP, Adam

NET = MLP((2, 3, 1), rng=np.random.default_rng(0))
BATCHED = BatchedMLP([NET])
X = np.ones((4, 2))
HIDDEN = HiddenNet(5, 3, 4, np.random.default_rng(0))
SMALL = Settings(batch=4, hidden=(5, 4))
AGENT = FusedAgent(SMALL, np.random.default_rng(0))
BATCH = random_batch(SMALL, np.random.default_rng(1))
WHEEL = small_mdp.full_batch()
PAIRS = small_mdp.independent_pairs(WHEEL)
NOTHING = StudentFunctions(*[lambda *a: None] * 6)

TOOLS_OF_CHAPTER_3 = {
    "vjp": lambda: NET.vjp(NET.forward(X)[1], np.ones((4, 1))),
    "input_vjp": lambda: NET.input_vjp(NET.forward(X)[1], np.ones((4, 1))),
    "jacobian": lambda: NET.jacobian(X),
    "batched vjp": lambda: BATCHED.vjp(BATCHED.forward(X)[1], np.ones((4, 1))),
    "batched input_vjp": lambda: BATCHED.input_vjp(BATCHED.forward(X)[1], np.ones((4, 1))),
}
NEVER = {
    "central differences": lambda: central_differences(np.sum, np.ones(2)),
    "complex step": lambda: complex_step(np.sum, np.ones(2)),
    "Adam": lambda: Adam(2, 0.1).step(np.zeros(2), np.ones(2)),
    "hidden layer": lambda: HIDDEN.backward(HIDDEN.outputs()[1], np.ones((5, 3))),
    "fused gradients": lambda: AGENT.compute_gradients(BATCH),
    "fused target": lambda: AGENT._target(BATCH),
    "fused action": lambda: AGENT.act(BATCH.obs),
    "double sampling": lambda: small_mdp.double_sampled_gradient(np.zeros((3, 2)), WHEEL, PAIRS),
    "without squash": lambda: without_squash(NOTHING),
    "clinic of chapter 2": lambda: dqn_clinic.faulty_agent("A"),
    "clinic of chapter 3": lambda: ddpg_clinic.faulty_functions("A", NOTHING),
}


@pytest.mark.parametrize("call", [*TOOLS_OF_CHAPTER_3.values(), *NEVER.values()], ids=[*TOOLS_OF_CHAPTER_3, *NEVER])
def test_what_a_lesson_teaches_works_in_the_lesson_and_not_in_an_answer(call) -> None:
    call()
    with (
        examined("chain.mlp_backward"),
        pytest.raises(NotForAnswers, match=r"an answer to chain\.mlp_backward does not"),
    ):
        call()
    call()


@pytest.mark.parametrize("call", TOOLS_OF_CHAPTER_3.values(), ids=TOOLS_OF_CHAPTER_3)
def test_chapter_3_hands_its_networks_to_answers(call) -> None:
    with examined("ddpg.critic_gradient"):
        call()


@pytest.mark.parametrize("call", NEVER.values(), ids=NEVER)
def test_the_rest_is_for_no_answer(call) -> None:
    with examined("ddpg.critic_gradient"), pytest.raises(NotForAnswers):
        call()


def test_the_student_is_told_what_may_not_be_called() -> None:
    def tanh_vjp(z, g):
        return NET.vjp([z], g)

    found = call_twice(find("chain.tanh_vjp"), tanh_vjp, {"z": np.ones(2), "g": np.ones(2)}).first
    assert isinstance(found, Raised)
    assert found.type == "NotForAnswers"
    assert "does not call the backward pass of the course's own networks: write it out" in found.message


def test_an_answer_that_raises_leaves_the_package_usable() -> None:
    def fails(z, g):
        raise ValueError

    call_twice(find("chain.tanh_vjp"), fails, {"z": np.ones(2), "g": np.ones(2)})
    refuse_answers("anything")


def test_another_thread_is_not_refused_for_this_ones_answer() -> None:
    """The grader examines several answers at a time, and its references call these very networks."""
    with examined("chain.tanh_vjp"), ThreadPoolExecutor(1) as other:
        other.submit(refuse_answers, "anything").result()


@pytest.mark.parametrize("net", [NET, BATCHED], ids=["one", "stacked"])
def test_slopes_are_not_measured_through_the_networks(net: MLP) -> None:
    """With complex numbers, with many digits, or by hundreds of passes; row by row is nothing of the kind."""
    for odd in (complex, np.longdouble, object):
        with examined("ddpg.critic_gradient"), pytest.raises(NotForAnswers, match="float64 numbers"):
            net(X.astype(odd))
    for flat in (NET.flat.astype(complex), NET.flat.astype(np.longdouble)):
        with examined("ddpg.critic_gradient"), pytest.raises(NotForAnswers, match="float64 numbers"):
            MLP(NET.sizes, flat=flat)(X)
    with examined("ddpg.critic_gradient"):
        for _ in range(MOST_PASSES):
            net(X.astype(np.float32))
        with pytest.raises(NotForAnswers, match="more than 100 passes"):
            net(X)
    for _ in range(MOST_PASSES + 1):
        net(X)
    MLP(NET.sizes, flat=NET.flat.astype(complex))(X)  # the oracles measure so
