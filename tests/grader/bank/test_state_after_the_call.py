"""What a torch exercise leaves behind: weights, flags, modes, the batch and the optimizer are compared after a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from grader.audit.known_mistakes import judged
from grader.bank.entry import Variant
from grader.bank.registry import find_entry
from grader.judging.examine import examine
from gradschool.check.api import check_here
from gradschool.core.calling import call_twice
from gradschool.core.compare import Attempt
from gradschool.core.numerics import TOLERANCES
from gradschool.core.plain_data import part_of

Tamper = Callable[..., None]


def wrong_parts(exercise_id: str, answer: Callable[..., Any]) -> set[str]:
    """The parts of the answer that are wrong in some case of the judge's."""
    entry = find_entry(exercise_id)

    def parts() -> Iterator[str]:
        for case, right in entry.questions(1):
            t = Attempt(case, right, call_twice(entry.exercise, answer, case.args), (), TOLERANCES[entry.tolerance])
            assert not t.raised, t.raised
            assert not t.structure, t.structure
            yield from (part_of(c.label) for c in t.comparisons if c.form or c.is_wrong)

    return set(parts())


def then(exercise_id: str, tamper: Tamper) -> Callable[..., Any]:
    """The reference, with something done to its arguments afterwards."""
    reference = find_entry(exercise_id).reference

    def answer(*args: Any) -> Any:
        found = reference(*args)
        tamper(*args)
        return found

    return answer


def weights_moved(net: torch.nn.Module) -> None:
    next(net.parameters()).data.view(-1)[0] += 1e-9  # `data`: autograd is not to notice


def grad_left(net: torch.nn.Module) -> None:
    next(net.parameters()).grad = torch.full_like(next(net.parameters()), 1e-6)


def frozen(net: torch.nn.Module) -> None:
    next(net.parameters()).requires_grad_(False)


def in_eval(net: torch.nn.Module) -> None:
    list(net.modules())[-1].eval()


def buffer_moved(net: torch.nn.Module) -> None:
    next(net.buffers()).mul_(1 + 1e-6)


NETWORKS: list[tuple[str, Tamper]] = [
    ("critic_weights", lambda actor, critic, batch: weights_moved(critic)),
    ("critic_requires_grad", lambda actor, critic, batch: frozen(critic)),
    ("critic_training", lambda actor, critic, batch: in_eval(critic)),
    ("actor_training", lambda actor, critic, batch: in_eval(actor)),
    ("actor_buffers", lambda actor, critic, batch: buffer_moved(actor)),
    *(
        (f"batch_after.{name}", lambda actor, critic, batch, name=name: getattr(batch, name).data.add_(1e-6))
        for name in ("obs", "action", "reward", "next_obs", "terminated", "truncated")
    ),
    ("batch_requires_grad", lambda actor, critic, batch: batch.obs.requires_grad_(True)),
]
LOSSES = ("ddpg.actor_loss_surrogate", "ddpg.actor_loss_direct", "ddpg.actor_grad_outputs")


@pytest.mark.parametrize("exercise_id", LOSSES)
@pytest.mark.parametrize(("part", "tamper"), NETWORKS, ids=[part for part, _ in NETWORKS])
def test_what_a_loss_of_the_actor_changes_besides_is_named(exercise_id: str, part: str, tamper: Tamper) -> None:
    """Nothing else is; but a graph that goes back through `obs` gives another gradient once `obs` has changed."""
    found = wrong_parts(exercise_id, then(exercise_id, tamper))
    assert found - ({"actor_gradient"} if part == "batch_after.obs" else set()) == {part}


@pytest.mark.parametrize("exercise_id", LOSSES)
def test_the_actor_itself_stays_as_it_was(exercise_id: str) -> None:
    assert "actor_weights" in wrong_parts(exercise_id, then(exercise_id, lambda actor, *_: weights_moved(actor)))


@pytest.mark.parametrize("exercise_id", LOSSES[1:])
@pytest.mark.parametrize(("part", "which"), [("actor_grad_field", 0), ("critic_gradient", 1)])
def test_what_is_left_in_grad_is_named(exercise_id: str, part: str, which: int) -> None:
    assert wrong_parts(exercise_id, then(exercise_id, lambda *args: grad_left(args[which]))) == {part}


def in_group(**settings: Any) -> Tamper:
    def tamper(actor: Any, critic: Any, optimizer: Any, batch: Any) -> None:
        optimizer.param_groups[0].update(settings)

    return tamper


STEPS: list[tuple[str, Tamper]] = [
    *((part, lambda a, c, o, b, do=do: do(a, c, b)) for part, do in NETWORKS if part != "batch_requires_grad"),
    ("critic_gradient", lambda actor, critic, optimizer, batch: grad_left(critic)),
    ("actor_requires_grad", lambda actor, critic, optimizer, batch: frozen(actor)),
    ("optimizer_settings.weight_decay", in_group(weight_decay=0.1)),
    ("optimizer_settings.lr", in_group(lr=0.01)),
    ("optimizer_settings.parameters", lambda a, c, o, b: o.add_param_group({"params": [torch.ones(1)]})),
    ("optimizer_state.momentum_buffer", lambda a, c, o, b: [s.pop("momentum_buffer", 0) for s in o.state.values()]),
    ("optimizer_state.step", lambda a, c, o, b: [s["step"].add_(1) for s in o.state.values() if "step" in s]),
]


@pytest.mark.parametrize(("part", "tamper"), STEPS, ids=[part for part, _ in STEPS])
def test_what_a_step_of_the_actor_changes_besides_is_named(part: str, tamper: Tamper) -> None:
    def answer(actor: Any, critic: Any, optimizer: Any, batch: Any) -> None:
        actor.requires_grad_(True)
        then("ddpg.actor_step", tamper)(actor, critic, optimizer, batch)

    assert part in wrong_parts("ddpg.actor_step", answer)


def plus(at: int, flag: bool = False) -> Tamper:
    def tamper(*args: Any) -> None:
        if flag:
            args[at].requires_grad_(not args[at].requires_grad)
        else:
            args[at].data.add_(1)

    return tamper


LABELS = [
    *(("W_after", plus(0)), ("W_target_after", plus(1)), ("requires_grad_after", plus(1, flag=True))),
    *(
        (f"batch_after.{key}", plus(k))
        for k, key in enumerate(("state", "action", "reward", "next_state", "terminated"), 2)
    ),
    ("batch_requires_grad", plus(4, flag=True)),
]


@pytest.mark.parametrize(("part", "tamper"), LABELS, ids=[part for part, _ in LABELS])
def test_what_torch_loss_changes_besides_is_named(part: str, tamper: Tamper) -> None:
    """Indices that are moved while the graph holds them make its backward pass raise: they are cloned first."""

    def answer(W: Any, W_target: Any, *rest: Any) -> Any:
        held = [x.clone() if torch.is_tensor(x) else x for x in rest]
        loss = find_entry("dqn.torch_loss").reference(W, W_target, *held)
        tamper(W, W_target, *rest)
        return loss

    assert part in wrong_parts("dqn.torch_loss", answer)


INJECTED = [
    ("net_weights", lambda net, X, G: weights_moved(net)),
    ("net_requires_grad", lambda net, X, G: net[2].requires_grad_(False) and None),
    ("net_training", lambda net, X, G: in_eval(net)),
    ("X_after", lambda net, X, G: X.add_(1e-6)),
    ("G_after", lambda net, X, G: G.data.add_(1e-6)),
    ("inputs_require_grad", lambda net, X, G: X.requires_grad_(True)),
]


@pytest.mark.parametrize(("part", "tamper"), INJECTED, ids=[part for part, _ in INJECTED])
def test_what_inject_gradient_changes_besides_is_named(part: str, tamper: Tamper) -> None:
    def answer(net: Any, X: Any, G: Any) -> Any:
        net.requires_grad_(True)
        X.requires_grad_(False)
        return then("chain.inject_gradient", tamper)(net, X, G)

    assert part in wrong_parts("chain.inject_gradient", answer)


TORCH = (*LOSSES, "ddpg.actor_step", "dqn.torch_loss", "chain.inject_gradient")


@pytest.mark.parametrize("exercise_id", TORCH)
def test_the_reference_leaves_everything_as_it_was(exercise_id: str) -> None:
    assert wrong_parts(exercise_id, find_entry(exercise_id).reference) == set()


def numpy_answer(exercise_id: str, tamper: Tamper) -> bool:
    """Whether the judge accepts the reference with something done to its arguments afterwards."""
    entry = find_entry(exercise_id)
    return examine(entry, lambda args: call_twice(entry.exercise, then(exercise_id, tamper), args), seed=2).passed


@pytest.mark.parametrize(
    ("exercise_id", "tamper"),
    [
        ("ddpg.critic_gradient", lambda critic, batch, y: critic.flat.__iadd__(1e-9)),
        ("ddpg.critic_target", lambda batch, actor, *_: actor.weights[0].__imul__(1 + 1e-9)),
        ("ddpg.critic_target", lambda batch, *_: batch.truncated.fill(1.0)),
        ("ddpg.twin_target", lambda batch, actor, critics, *_: critics[1].flat.__iadd__(1e-9)),
        ("ddpg.twin_target", lambda *args: args[6].fill(0.0)),
        ("ddpg.action_gradient", lambda actor, critic, batch, *_: batch.action.__iadd__(1e-9)),
        ("ddpg.actor_gradient_vjp", lambda actor, batch, dq_da, *_: dq_da.__imul__(-1)),
        ("ddpg.actor_gradient_jacobian", lambda actor, *_: actor.flat.__imul__(-1)),
    ],
)
def test_networks_and_batches_of_arrays_are_compared_as_inputs(exercise_id: str, tamper: Tamper) -> None:
    assert numpy_answer(exercise_id, lambda *_: None)
    assert not numpy_answer(exercise_id, tamper)


@pytest.mark.parametrize(
    ("exercise_id", "returns", "said"),
    [
        (
            "ddpg.actor_loss_surrogate",
            1.5,
            "actor_loss_surrogate should return the loss as a tensor, and returned a number",
        ),
        ("ddpg.actor_loss_direct", None, "actor_loss_direct should return the loss as a tensor, and returned None"),
        ("ddpg.actor_loss_direct", torch.ones(3), "returned a tensor of shape (3,)"),
        ("ddpg.actor_loss_surrogate", torch.ones(()), "is not connected to any parameter"),
        (
            "ddpg.actor_grad_outputs",
            None,
            "should return one gradient for each parameter of the actor, and returned None",
        ),
        ("chain.inject_gradient", ([1.0], [2.0]), "by_backward should be a list of tensors"),
    ],
)
def test_what_is_no_answer_is_told_in_words_that_are_about_it(exercise_id: str, returns: Any, said: str) -> None:
    report = check_here(find_entry(exercise_id).exercise, lambda *_: returns)
    assert said in report.hint


def test_a_hand_made_step_would_pass_if_only_plain_sgd_were_asked() -> None:
    entry = find_entry("ddpg.actor_step")
    by_hand = next(m for m in entry.mutants if m.name == "hand-made-step")
    wrong = [
        case.args["optimizer"]
        for case, right in entry.questions(3)
        if any(
            c.is_wrong
            for c in Attempt(
                case, right, call_twice(entry.exercise, by_hand.fresh(), case.args), (), TOLERANCES["exact"]
            ).comparisons
        )
    ]
    assert set(wrong) == {"SGD with momentum", "Adam"}


def test_a_mode_that_is_changed_and_put_back_is_fine() -> None:
    """Every alternative of the bank is accepted; these are the ones that change something meanwhile."""
    for exercise_id, name in (
        ("ddpg.actor_loss_surrogate", "surrogate_critic_frozen_meanwhile"),
        ("ddpg.actor_loss_direct", "direct_critic_frozen_meanwhile"),
        ("ddpg.actor_step", "step_modes_put_back"),
        ("ddpg.actor_step", "step_by_closure"),
        ("dqn.torch_loss", "torch_frozen_meanwhile"),
    ):
        entry = find_entry(exercise_id)
        answer: Variant = next(a for a in entry.alternatives if a.name == name)
        assert judged(entry, answer, seed=4).passed, name


def test_gradients_may_come_in_any_iterable() -> None:
    """The lesson says lists and tuples, and a generator of the same tensors is as right."""

    def lazily(actor: Any, critic: Any, batch: Any) -> Any:
        return (g for g in find_entry("ddpg.actor_grad_outputs").reference(actor, critic, batch))

    def both_lazily(net: Any, X: Any, G: Any) -> Any:
        return tuple((g for g in way) for way in find_entry("chain.inject_gradient").reference(net, X, G))

    for exercise_id, answer in (("ddpg.actor_grad_outputs", lazily), ("chain.inject_gradient", both_lazily)):
        assert wrong_parts(exercise_id, answer) == set()


@pytest.mark.parametrize(
    ("exercise_id", "mutant", "said"),
    [
        ("ddpg.actor_loss_surrogate", "critic-moves", "The weights of the critic are not"),
        ("ddpg.actor_loss_surrogate", "critic-left-in-eval", "The critic is not in the mode (train or eval)"),
        ("ddpg.actor_loss_surrogate", "batch-overwritten", "The batch's `action` is not"),
        (
            "ddpg.actor_loss_direct",
            "critic-left-frozen",
            "The `requires_grad` flags of the critic's parameters are not",
        ),
        ("ddpg.actor_loss_direct", "backward-inside", "The `.grad` of the actor's parameters is not"),
        ("ddpg.actor_step", "lr-changed", "The optimizer's setting `lr` is not"),
        ("ddpg.actor_step", "critic-joins-the-optimizer", "The weights of the critic are not"),
        ("dqn.torch_loss", "target-copied", "`W_target` is not"),
        ("dqn.torch_loss", "reward-overwritten", "The batch's `reward` is not"),
        ("chain.inject_gradient", "net-left-frozen", "The `requires_grad` flags of the net's parameters are not"),
    ],
)
def test_at_home_what_changed_is_said_in_words(exercise_id: str, mutant: str, said: str) -> None:
    entry = find_entry(exercise_id)
    report = check_here(entry.exercise, next(m for m in entry.mutants if m.name == mutant).fresh())
    assert report.hint.startswith(said), report.hint


def test_called_again_is_said_where_the_second_call_differs_and_not_where_both_are_wrong() -> None:
    """A surrogate that is averaged returns the same wrong numbers each time."""
    entry = find_entry("chain.inject_gradient")
    reference, calls = entry.reference, [0]

    def grows(net: Any, X: Any, G: Any) -> Any:
        calls[0] += 1
        return tuple([calls[0] * g for g in way] for way in reference(net, X, G))

    def averaged(net: Any, X: Any, G: Any) -> Any:
        by_backward, by_surrogate = reference(net, X, G)
        return by_backward, [g / len(X) for g in by_surrogate]

    assert "called_again" in wrong_parts("chain.inject_gradient", grows)
    assert wrong_parts("chain.inject_gradient", averaged) == {"surrogate"}


def test_an_older_gradient_in_the_net_may_not_enter_what_is_injected() -> None:
    """Cleared after each way and not before: right after another call of its own, and wrong after anything else."""

    def cleared_too_late(net: Any, X: Any, G: Any) -> Any:
        ways = []
        for loss in (lambda: net(X).backward(G.detach()), lambda: (net(X) * G.detach()).sum().backward()):
            loss()
            ways.append([p.grad.clone() for p in net.parameters()])
            for p in net.parameters():
                p.grad.zero_()
        return tuple(ways)

    assert wrong_parts("chain.inject_gradient", cleared_too_late) == {"beside_old_gradients"}


def test_an_older_gradient_in_the_actor_may_stay_or_go_and_may_not_enter_the_result() -> None:
    exercise = "ddpg.actor_grad_outputs"
    reference = find_entry(exercise).reference

    def cleared(actor: Any, critic: Any, batch: Any) -> Any:
        actor.zero_grad()
        return reference(actor, critic, batch)

    def added(actor: Any, critic: Any, batch: Any) -> Any:
        return tuple(g + p.grad for g, p in zip(reference(actor, critic, batch), actor.parameters(), strict=True))

    def left(actor: Any, critic: Any, batch: Any) -> Any:
        found = reference(actor, critic, batch)
        for p, g in zip(actor.parameters(), found, strict=True):
            p.grad = g.clone()
        return found

    assert wrong_parts(exercise, reference) == wrong_parts(exercise, cleared) == set()
    assert wrong_parts(exercise, added) == {"actor_gradient"}
    assert wrong_parts(exercise, left) == {"actor_grad_field"}
