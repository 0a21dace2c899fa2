"""What a whole update did is read from its weights, and said where one sentence is true of every update."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gradschool.check.api import check_here
from gradschool.core.exercise import find
from gradschool.exercises._formulas import Rows
from gradschool.exercises._told import told_of_label, told_of_share, told_of_slope, told_of_three
from gradschool.exercises._told_losses import told_of_errors
from gradschool.exercises.ddpg._own_steps import soft_update
from gradschool.exercises.dqn import agent
from gradschool.rl.nets.mlp import MLP

RIGHT = "y = r + gamma * (max of the target network unless terminated)"
DDPG_RIGHT = "y = r + gamma * (target networks at s' unless terminated)"


def dqn_with(**parts: Any) -> Any:
    """Return an update of DQN with some of its parts replaced."""

    def label(q: Any, target_q: Any, batch: Any, gamma: float) -> Any:
        return batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(1).values

    def loss(taken: Any, y: Any) -> Any:
        return (taken - y).square().mean()

    def copy(q: Any, target_q: Any) -> None:
        target_q.load_state_dict(q.state_dict())

    use = {
        "label": label,
        "loss": loss,
        "copy": copy,
        "clip": lambda q: None,
        "clear": lambda o: o.zero_grad(),
        **parts,
    }

    def update(q: Any, target_q: Any, optimizer: Any, batch: Any, gamma: float, copy_target: bool) -> None:
        with torch.no_grad():
            y = use["label"](q, target_q, batch, gamma)
        use["clear"](optimizer)
        use["loss"](q(batch.obs).gather(1, batch.action[:, None])[:, 0], y).backward()
        use["clip"](q)
        optimizer.step()
        if copy_target:
            use["copy"](q, target_q)

    return update


def first_alone(q: Any, target_q: Any) -> None:
    next(target_q.parameters()).data.copy_(next(q.parameters()).data)


def follow(q: Any, target_q: Any) -> None:
    with torch.no_grad():
        for t, p in zip(target_q.parameters(), q.parameters(), strict=True):
            t.lerp_(p, 0.005)


def future(target_q: Any, batch: Any) -> Any:
    return target_q(batch.next_obs).max(1).values


UPDATES = {
    "the rewards clipped": (
        {"label": lambda q, t, b, gamma: b.reward.clamp(-1, 1) + gamma * (1 - b.terminated) * future(t, b)},
        f"in `first_step` the label is y = (r clipped to [-1, 1]) + {RIGHT[8:]}, not {RIGHT}.",
    ),
    "all discounted": (
        {"label": lambda q, t, b, gamma: gamma * (b.reward + (1 - b.terminated) * future(t, b))},
        f"in `first_step` the label is y = gamma * r + {RIGHT[8:]}, not {RIGHT}.",
    ),
    "two faults at once": (
        {"label": lambda q, t, b, gamma: 0.1 * b.reward + gamma * (1 - b.truncated) * future(q, b)},
        f"the label is y = 0.1 * r + gamma * (max of the online network unless truncated), not {RIGHT}.",
    ),
    "a column of rewards": (
        {
            "label": lambda q, t, b, gamma: b.reward[:, None] + gamma * (1 - b.terminated) * future(t, b),
            "loss": lambda taken, y: (taken - y).square().mean(),
        },
        "the label is y = gamma * (max of the target network unless terminated) + the mean reward of the batch, not",
    ),
    "a norm that is clipped": (
        {"clip": lambda q: torch.nn.utils.clip_grad_norm_(q.parameters(), 0.5)},
        "in `first_step` the step is another multiple of Q - y in each batch, as where the norm of a gradient is",
    ),
    "scaled by 3": (
        {"loss": lambda taken, y: 3 * (taken - y).square().mean()},
        "in `first_step` the step is 6/B times Q - y, a factor that no mean or sum of squares has",
    ),
    "half a label, learned twice": (
        {"loss": lambda taken, y: (2 * taken - y).square().mean()},
        "in `first_step` the label is y = 0.5 * r + 0.5 gamma * (max of the target network unless terminated), not y",
    ),
    "climbing": (
        {"loss": lambda taken, y: -(taken - y).square().mean()},
        "in `first_step` the step is that of y - Q, which climbs the loss.",
    ),
    "never cleared": (
        {"clear": lambda optimizer: None},
        "`second_step` applies the first call's gradient once more: `.grad` is not cleared in time.",
    ),
    "a copy of the first layer alone": (
        {"copy": first_alone},
        "with `copy_target` True `target_q` becomes `q` in some of its weights and stays as it is in the others",
    ),
    "a soft update": (
        {"copy": follow},
        "with `copy_target` True `target_q` moves 0.005 of the way to `q`, and should become `q` as the step leaves",
    ),
}


@pytest.mark.parametrize("name", UPDATES)
def test_a_wrong_update_is_told_as_it_is_read(name: str) -> None:
    parts, sentence = UPDATES[name]
    report = check_here(find("dqn.agent"), dqn_with(**parts))
    assert report.mistake == "read"
    assert sentence in report.hint


def test_of_a_right_step_nothing_is_told_that_is_wrong_of_the_right_label() -> None:
    assert check_here(find("dqn.agent"), dqn_with()).passed
    for case in agent.cases(np.random.default_rng(0)):
        rows = agent.rows_of(case.args, "first")
        says = told_of_label(rows.asked / len(rows.q), rows, "first_step", 1.0) or ()
        assert not any(f"the label is {RIGHT}" in s or "the step is" in s for s in says)


def test_a_second_call_with_another_step_size_is_not_told_to_have_a_wrong_factor() -> None:
    def halved(q: Any, target_q: Any, optimizer: Any, *rest: Any) -> None:
        dqn_with()(q, target_q, optimizer, *rest)
        for group in optimizer.param_groups:
            group["lr"] /= 2

    report = check_here(find("dqn.agent"), halved)
    assert not report.passed
    assert "no mean or sum" not in report.hint
    assert "another multiple" not in report.hint


def rows_without_ends(rng: np.random.Generator, B: int = 9) -> Rows:
    values = {"one": rng.normal(size=B), "two": rng.normal(size=B)}
    return Rows(np.eye(B), rng.normal(size=B), rng.normal(size=B), np.zeros(B), np.zeros(B), 0.8, values)


def test_what_a_batch_does_not_show_is_left_open() -> None:
    """Where no episode ends every mask may have been there, and where one row is all there is, every label."""
    rng = np.random.default_rng(1)
    rows = rows_without_ends(rng)
    says = told_of_label((rows.q - rows.reward - 0.8 * rows.values["two"]) / 9, rows, "p", 1.0)
    assert says is not None
    assert all(any(f"(two {mask})" in s for s in says) for mask in ("unless terminated", "in every row"))
    assert not any("(one " in s.split(", not")[0] for s in says)
    assert told_of_label(np.ones(1), rows_without_ends(rng, 1), "p", 1.0) is None


def test_a_share_and_a_slope_are_told_in_every_way_that_fits() -> None:
    assert told_of_share(0.19, 0.1) == ("moves tau of the way twice", "moves 0.19 of the way, not tau")
    assert told_of_share(1.0, 1.0)[:2] == ("becomes a copy of its network", "moves tau of the way twice")
    assert told_of_share(None, 0.1) == ()
    x = np.random.default_rng(2).normal(size=(6, 2))
    says = told_of_slope(x / 12, [("the slope", x), ("another", x**2)], {}, 2, 6, "actor_step")
    assert says is not None
    assert says[0] == "`actor_step` follows 1/A of the slope, not the slope"
    right = told_of_slope(x / 6, [("the slope", x)], {"a term": x**2}, 2, 6, "a")
    assert right is not None
    assert not any(s.startswith("`a` follows the slope") or "term" in s or "rows" in s for s in right)


MAX = "r + gamma * (max of the target network unless terminated)"
KEPT = f"in `first_step` the label {MAX} is kept at"


def right_label(t: Any, b: Any, gamma: float) -> Any:
    return b.reward + gamma * (1 - b.terminated) * future(t, b)


LABELS = {
    "kept below a bound": (lambda q, t, b, gamma: right_label(t, b, gamma).clamp(max=1), f"{KEPT} 1 or less"),
    "kept between bounds": (lambda q, t, b, gamma: right_label(t, b, gamma).clamp(-10, 10), f"{KEPT} 10 or less"),
    "a value kept above 0": (
        lambda q, t, b, gamma: b.reward + gamma * (1 - b.terminated) * future(t, b).clamp(min=0),
        "in `first_step` the value (max of the target network) is kept at 0 or more",
    ),
    "a part of an old value": (
        lambda q, t, b, gamma: 0.9 * right_label(t, b, gamma) + 0.1 * t(b.obs).gather(1, b.action[:, None])[:, 0],
        "y = 0.9 r + 0.9 gamma * (max of the target network unless terminated) + 0.1 * (target network at s and the "
        "action taken)",
    ),
    "an advantage": (
        lambda q, t, b, gamma: b.reward + gamma * (1 - b.terminated) * (future(t, b) - t(b.next_obs).mean(dim=1)),
        f"y = {MAX} - gamma * (mean over actions of the target network unless terminated)",
    ),
    "normalized": (
        lambda q, t, b, gamma: (y := right_label(t, b, gamma)) / (y.abs().mean() + 1.0) - y.mean(),
        "and something added in each batch, as where labels are normalized",
    ),
    "the larger of two": (
        lambda q, t, b, gamma: torch.maximum(right_label(t, b, gamma), t(b.obs).gather(1, b.action[:, None])[:, 0]),
        "the label is the larger of two: the right one and the value (target network at s and the action taken)",
    ),
    "one for all ends": (
        lambda q, t, b, gamma: torch.where(b.terminated > 0, -1.0, right_label(t, b, gamma)),
        "in `first_step` every terminated row has the label -1, whatever its reward is",
    ),
    "the smaller network's": (
        lambda q, t, b, gamma: (
            b.reward + gamma * (1 - b.terminated) * torch.minimum(t(b.next_obs), q(b.next_obs)).max(1).values
        ),
        "(max of the smaller output of both networks unless terminated), not",
    ),
}


@pytest.mark.parametrize("name", LABELS)
def test_a_label_that_no_straight_line_makes_is_told(name: str) -> None:
    label, says = LABELS[name]
    report = check_here(find("dqn.agent"), dqn_with(label=label))
    assert report.mistake == "read"
    assert says in report.hint


@pytest.mark.parametrize(("rows", "says"), [(slice(1, None), "first"), (slice(None, -1), "last")])
def test_a_loop_that_leaves_out_an_end_is_told_by_the_row_and_not_by_its_error(rows: slice, says: str) -> None:
    def loss(taken: Any, y: Any) -> Any:
        return (taken - y)[rows].square().sum() if len(y) > 1 else (taken - y).square().sum()

    report = check_here(find("dqn.agent"), dqn_with(loss=loss))
    assert f"the {says} row of the batch has no gradient" in report.hint


def kept_value(taken: Any, y: Any) -> Any:
    near = (taken.detach() / 2 + (taken - taken.detach() / 2).clamp(-0.2, 0.2) - y).square()
    return torch.maximum((taken - y).square(), near).mean()


def pinball(taken: Any, y: Any) -> Any:
    return torch.maximum(0.9 * (y - taken), 0.1 * (taken - y)).mean()


def expectile(taken: Any, y: Any) -> Any:
    return (torch.where(taken > y, 0.2, 0.8) * (taken - y).square()).mean()


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        (lambda taken, y: (taken - y).abs().mean(), "each row's gradient has one size, and only signs differ"),
        (lambda taken, y: (taken - y).pow(4).mean(), "the slope grows as |Q - y| to the power 3, not as Q - y"),
        (lambda taken, y: torch.log(torch.cosh(taken - y)).mean(), "the slope is tanh of Q - y"),
        (lambda taken, y: torch.nn.functional.smooth_l1_loss(taken, y, beta=0.1), "as smooth_l1_loss is by beta=0.1"),
        (lambda taken, y: (taken - y).square().max(), "a single row of the batch has a gradient, the one with the la"),
        (lambda taken, y: (taken - y).relu().square().mean(), "the rows whose Q is below y have no gradient"),
        (kept_value, "some rows have no gradient, and the others have the right one"),
        (pinball, "one number where Q is above y and another where Q is below, as of a quantile (pinball) loss"),
        (expectile, "the rows whose Q is above y count 0.25 times as much as those whose Q is below"),
    ],
)
def test_a_loss_that_is_no_square_is_told(loss: Any, says: str) -> None:
    report = check_here(find("dqn.agent"), dqn_with(loss=loss))
    assert says in report.hint
    assert report.fraction == pytest.approx(0.4, abs=0.1)  # the copies are right, and so is what stays 0


def test_one_gradient_for_all_rows_is_told_and_earns_nothing() -> None:
    report = check_here(find("dqn.agent"), dqn_with(loss=lambda taken, y: (taken - y).mean() ** 2))
    assert "each row has the same gradient, as where errors are averaged" in report.hint
    assert report.fraction == 0.0


def test_a_huber_loss_that_is_right_and_a_square_are_told_nothing() -> None:
    """The loss is a hypothesis as well: of gradients that it does not make it says nothing."""
    rng = np.random.default_rng(3)
    rows = rows_without_ends(rng)
    errors = rows.errors("one")
    for slope in (errors, np.clip(errors, -1.0, 1.0)):
        assert told_of_errors(slope / 9, rows, "p") == ()
    assert not any("power" in s or "tanh" in s for s in told_of_errors(rng.normal(size=9), rows, "p"))


def by_its_own_step(q: Any, target_q: Any, optimizer: Any, *rest: Any) -> None:
    """The step is made by hand, with a step size of its own."""
    optimizer_of_its_own = torch.optim.SGD(q.parameters(), lr=0.01)
    dqn_with()(q, target_q, optimizer_of_its_own, *rest)


def step_twice(optimizer: Any) -> None:
    """Both steps apply one gradient: with plain SGD that is one step on twice the loss."""
    step = optimizer.step

    def twice() -> None:
        step()
        step()

    optimizer.step = twice


def with_two_steps(q: Any, target_q: Any, optimizer: Any, *rest: Any) -> None:
    step_twice(optimizer)
    dqn_with(loss=lambda taken, y: 0.5 * (taken - y).square().mean())(q, target_q, optimizer, *rest)
    del optimizer.step


def with_its_own_optimizer(q: Any, target_q: Any, optimizer: Any, *rest: Any) -> None:
    same = torch.optim.SGD(q.parameters(), lr=optimizer.param_groups[0]["lr"])
    dqn_with()(q, target_q, same, *rest)


@pytest.mark.parametrize(
    ("update", "says", "earned"),
    [
        (by_its_own_step, "Counted: `optimizer` takes no step, and the weights are moved by something else.", 0.37),
        (with_its_own_optimizer, "Counted: `optimizer` takes no step, and the weights are moved by", 0.37),
        (with_two_steps, "Counted: `optimizer` takes 2 steps in one call, and one is asked for.", 0.4),
    ],
)
def test_one_step_of_the_optimizer_is_asked_for_and_counted(update: Any, says: str, earned: float) -> None:
    """With plain SGD the weights are those of a right update: another optimizer would show the difference."""
    report = check_here(find("dqn.agent"), update)
    assert says in report.hint
    assert report.fraction == pytest.approx(earned, abs=0.01)


def once_each(actor: Any, critic: Any) -> None:
    critic.step()
    actor.step()


def climbs_both(actor: Any, critic: Any, slow: Any, b: Any) -> Any:
    return -0.5 * (critic(b.obs, actor(b.obs)) + slow(b.obs, actor(b.obs))).mean()


def climbs_ahead(actor: Any, critic: Any, slow: Any, b: Any) -> Any:
    return -critic(b.next_obs, actor(b.next_obs)).mean()


@pytest.mark.parametrize(
    ("climb", "says"),
    [
        (climbs_both, "beside it, dQ/da of the target critic at the actor's own action: its loss has a further term"),
        (climbs_ahead, "`actor` gets a gradient at `next_obs`, where it should learn nothing"),
    ],
)
def test_a_second_critic_and_other_states_of_an_actor_are_told(climb: Any, says: str) -> None:
    def update(actor: Any, critic: Any, slow_actor: Any, slow_critic: Any, *rest: Any) -> None:
        actor_optimizer, critic_optimizer, batch, gamma, tau = rest
        one = ddpg_with(lerp, climb=lambda actor, critic, obs: climb(actor, critic, slow_critic, batch))
        one(actor, critic, slow_actor, slow_critic, actor_optimizer, critic_optimizer, batch, gamma, tau)

    assert says in check_here(find("ddpg.agent"), update).hint


def climbing(actor: Any, critic: Any, obs: Any) -> Any:
    return -critic(obs, actor(obs)).mean()


def ddpg_with(
    follow: Any, step: Any = once_each, bound: Any = lambda y, r: y, climb: Any = climbing, at: str = "next_obs"
) -> Any:
    """Return an update of DDPG whose targets follow, optimizers step or actor climbs in another way.

    ``at`` is the state at which the target critic values the next action.
    """

    def update(actor: Any, critic: Any, slow_actor: Any, slow_critic: Any, *rest: Any) -> None:
        actor_optimizer, critic_optimizer, batch, gamma, tau = rest
        with torch.no_grad():
            future = slow_critic(getattr(batch, at), slow_actor(batch.next_obs))
            y = bound(batch.reward + gamma * (1 - batch.terminated) * future, batch.reward)
        parameters = [list(net.parameters()) for net in (critic, actor)]
        losses = (critic(batch.obs, batch.action) - y).square().mean(), climb(actor, critic, batch.obs)
        for loss, params in zip(losses, parameters, strict=True):
            for p, g in zip(params, torch.autograd.grad(loss, params), strict=True):
                p.grad = g
        step(actor_optimizer, critic_optimizer)
        with torch.no_grad():
            for net, slow in ((actor, slow_actor), (critic, slow_critic)):
                for p, t in zip(net.parameters(), slow.parameters(), strict=True):
                    follow(t, p, tau)

    return update


def lerp(t: Any, p: Any, tau: float) -> None:
    t.lerp_(p, tau)


@pytest.mark.parametrize(
    ("update", "says"),
    [
        (
            ddpg_with(lerp, lambda actor, critic: (critic.step(), actor.step(), critic.step())),
            "`critic_optimizer` takes 2 steps in one call",
        ),
        (
            ddpg_with(lerp, lambda actor, critic: critic.step()),
            "Counted: `actor_optimizer` takes no step. `critic_step`",
        ),
        (ddpg_with(lambda t, p, tau: t.add_(tau * p)), "becomes 1 times itself plus tau times its network"),
        (
            ddpg_with(lambda t, p, tau: t.lerp_(p, tau if tau < 0.5 else 1.0)),
            "where it is wrong: each target network becomes a copy of its network",
        ),
        (ddpg_with(lambda t, p, tau: t.lerp_(p, tau / 2)), "each target network moves half of tau of the way"),
        (
            ddpg_with(lerp, bound=lambda y, r: y.clamp(max=r.max())),
            "is kept at the largest reward of the batch or less",
        ),
    ],
)
def test_what_an_update_of_ddpg_does_in_steps_targets_and_bounds_is_told(update: Any, says: str) -> None:
    report = check_here(find("ddpg.agent"), update)
    assert says in report.hint


def test_the_rows_with_a_flag_are_told_where_they_alone_are_wrong() -> None:
    def undiscounted(q: Any, target_q: Any, batch: Any, gamma: float) -> Any:
        factor = torch.where(batch.truncated.bool(), 1.0, gamma)
        return batch.reward + factor * (1 - batch.terminated) * target_q(batch.next_obs).max(1).values

    report = check_here(find("dqn.agent"), dqn_with(label=undiscounted))
    assert "in `first_step` only the truncated rows have a wrong gradient" in report.hint


def clip_each(q: Any) -> None:
    for p in q.parameters():
        torch.nn.utils.clip_grad_norm_([p], 0.01)


def decay(q: Any) -> None:
    for p in q.parameters():
        p.grad += 0.02 * p.detach()


@pytest.mark.parametrize(
    ("clip", "says"),
    [
        (lambda q: torch.nn.utils.clip_grad_value_(q.parameters(), 0.01), "its largest entries all have the size 0.01"),
        (clip_each, "several tensors of it have the length 0.01"),
        (decay, "a gradient at its outputs and 0.02 times the weights themselves"),
    ],
)
def test_a_step_that_is_no_gradient_is_told_by_its_sizes(clip: Any, says: str) -> None:
    report = check_here(find("dqn.agent"), dqn_with(clip=clip))
    assert report.mistake == "unusable"
    assert says in report.hint


def test_a_tiny_gradient_is_a_gradient_whatever_the_weights_are_rounded_to() -> None:
    """Weights have 16 digits, and so much less has a change of them that is far smaller."""
    report = check_here(find("dqn.agent"), dqn_with(loss=lambda taken, y: 1e-9 * (taken - y).square().mean()))
    assert report.mistake == "read"


def mean_slope(q: Any, pi: Any, b: Any) -> Any:
    (slope,) = torch.autograd.grad(q.sum(), pi, retain_graph=True)
    return -(slope.mean(dim=0, keepdim=True) * pi).sum(1).mean()


def slope_of(q: Any, pi: Any) -> Any:
    return torch.autograd.grad(q.sum(), pi, retain_graph=True)[0]


ACTORS = {
    "one slope for all rows": (mean_slope, "follows in every row the mean over the batch of dQ/da of the critic"),
    "behavior cloning": (
        lambda q, pi, b: -q.mean() + (pi - b.action).square().mean(),
        "the way from the replay's action to its own, as in behavior cloning: its loss has a further term",
    ),
    "large actions": (
        lambda q, pi, b: -q.mean() + 0.1 * pi.square().sum(1).mean(),
        "the action itself, as where large actions are penalized: its loss has a further term",
    ),
    "weights of rows": (
        lambda q, pi, b: -(q * torch.linspace(0.5, 1.5, len(q), dtype=q.dtype)).mean(),
        "but its rows do not count alike: each has a weight of its own",
    ),
    "a single row": (lambda q, pi, b: -q.max(), "in a single row of the batch"),
    "the first motor": (
        lambda q, pi, b: -(slope_of(q, pi) * pi)[:, 0].mean(),
        "in the first motor alone, and does not move for the others",
    ),
    "motors with weights": (
        lambda q, pi, b: -(slope_of(q, pi) * pi * torch.arange(1, pi.shape[1] + 1)).sum(1).mean(),
        "but the motors do not count alike: each has a weight of its own",
    ),
}


@pytest.mark.parametrize("name", ACTORS)
def test_an_actor_with_another_loss_is_told(name: str) -> None:
    loss, says = ACTORS[name]

    def update(actor: Any, critic: Any, slow_actor: Any, slow_critic: Any, *rest: Any) -> None:
        actor_optimizer, critic_optimizer, batch, gamma, tau = rest
        with torch.no_grad():
            best = slow_critic(batch.next_obs, slow_actor(batch.next_obs))
            y = batch.reward + gamma * (1 - batch.terminated) * best
        critic_optimizer.zero_grad()
        (critic(batch.obs, batch.action) - y).square().mean().backward()
        critic_optimizer.step()
        actor_optimizer.zero_grad()
        pi = actor(batch.obs)
        loss(critic(batch.obs, pi), pi, batch).backward()
        actor_optimizer.step()
        with torch.no_grad():
            for net, slow in ((actor, slow_actor), (critic, slow_critic)):
                for p, t in zip(net.parameters(), slow.parameters(), strict=True):
                    t.lerp_(p, tau)

    report = check_here(find("ddpg.agent"), update)
    assert report.mistake == "read"
    assert says in report.hint


def test_a_label_that_takes_a_reward_for_a_truth_is_not_told_as_the_reward_alone() -> None:
    """Where the reward is 0 the next state counts: "the label is y = r" would be false there."""

    def label(q: Any, t: Any, b: Any, gamma: float) -> Any:
        return torch.where(b.reward != 0, b.reward, gamma * (1 - b.terminated) * future(t, b))

    report = check_here(find("dqn.agent"), dqn_with(label=label))
    assert not report.passed
    assert "the label is y = r" not in report.hint


def test_a_mask_of_the_first_row_for_all_is_not_told_as_none() -> None:
    def label(q: Any, t: Any, b: Any, gamma: float) -> Any:
        return b.reward + gamma * (1 - b.terminated[0]) * future(t, b)

    report = check_here(find("dqn.agent"), dqn_with(label=label))
    assert "(max of the target network unless the first row of the batch is terminated), not" in report.hint


@pytest.mark.parametrize(
    ("label", "at", "says"),
    [
        (torch.maximum, lambda a: a, "y = r + gamma * (larger value of target and online critic unless terminated)"),
        (lambda slow, q: slow, torch.tanh, "dQ/da of the critic at the tanh of the actor's own action, which is squ"),
    ],
)
def test_a_larger_of_two_values_and_an_action_squashed_twice_are_told(label: Any, at: Any, says: str) -> None:
    def update(actor: Any, critic: Any, slow_actor: Any, slow_critic: Any, *rest: Any) -> None:
        actor_optimizer, critic_optimizer, batch, gamma, tau = rest
        with torch.no_grad():
            action = slow_actor(batch.next_obs)
            best = label(slow_critic(batch.next_obs, action), critic(batch.next_obs, action))
            y = batch.reward + gamma * (1 - batch.terminated) * best
        critic_optimizer.zero_grad()
        (critic(batch.obs, batch.action) - y).square().mean().backward()
        critic_optimizer.step()
        actor_optimizer.zero_grad()
        (-critic(batch.obs, at(actor(batch.obs))).mean()).backward()
        actor_optimizer.step()
        with torch.no_grad():
            for net, slow in ((actor, slow_actor), (critic, slow_critic)):
                for p, t in zip(net.parameters(), slow.parameters(), strict=True):
                    t.lerp_(p, tau)

    assert says in check_here(find("ddpg.agent"), update).hint


# -- labels and slopes that no straight line makes --------------------------------------------------------------------

BEST = "max of the target network"
OTHERWISE: dict[str, tuple[dict[str, Any], str]] = {
    "brackets that are missing": (
        {"label": lambda q, t, b, gamma: b.reward + gamma * 1 - b.terminated * future(t, b)},
        f"the label is y = r - 1 * ({BEST} in terminated rows) + gamma, not",
    ),
    "a mask of whole numbers": (
        {"label": lambda q, t, b, gamma: b.reward + gamma * (~b.terminated.long()) * future(t, b)},
        f"y = r - gamma * ({BEST} unless terminated) - 2 gamma * ({BEST} in terminated rows): `~` turns the whole",
    ),
    "a tiny threshold": (
        {"loss": lambda taken, y: torch.nn.functional.huber_loss(taken, y, delta=0.01)},
        "errors up to 0.01 count as Q - y and larger ones all alike, as in a Huber loss; its threshold should be",
    ),
    "half a batch": (
        {"loss": lambda taken, y: (taken - y)[: (len(y) + 1) // 2].square().mean()},
        "in `first_step` only the first half of the batch has a gradient.",
    ),
    "a mean over other rows": (
        {
            "label": lambda q, t, b, gamma: torch.stack(
                [b.reward + gamma * (1 - b.terminated) * future(t, b), b.terminated]
            ),
            "loss": lambda taken, y: (taken - y[0]).square().sum() / (1 - y[1]).sum().clamp(min=1),
        },
        "the sum over all rows of Q - y divided by the number of rows that go on, not by B",
    ),
    "weights of their own": (
        {"loss": lambda taken, y: ((taken - y).square() / (1 + (taken - y).detach().abs())).mean()},
        "the slope grows with |Q - y|, but not in proportion to it",
    ),
    "the first row's label": (
        {"loss": lambda taken, y: (taken - y[0]).square().mean()},
        "in `first_step` each row learns the label of the first row.",
    ),
    "half of another row's label": (
        {"loss": lambda taken, y: (taken - y).square().mean() + (taken - y.flip(0)).square().mean()},
        "each row learns the mean of its own and that of the row at its place from the end",
    ),
    "whole rewards": (
        {"label": lambda q, t, b, gamma: torch.trunc(b.reward) + gamma * (1 - b.terminated) * future(t, b)},
        "the reward is cut to whole numbers",
    ),
    "a discount for each row": (
        {
            "label": lambda q, t, b, gamma: (
                b.reward + gamma ** torch.arange(len(b.reward)) * (1 - b.terminated) * future(t, b)
            )
        },
        f"the value ({BEST}) is discounted by gamma to the power of the row's number, counted from 0",
    ),
    "a label that is squeezed": (
        {"label": lambda q, t, b, gamma: torch.asinh(b.reward + gamma * (1 - b.terminated) * future(t, b))},
        f"the label is none that r and gamma * ({BEST} unless terminated) make, but rises with their sum",
    ),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_what_no_straight_line_makes_is_told_by_its_kind(name: str) -> None:
    parts, sentence = OTHERWISE[name]
    report = check_here(find("dqn.agent"), dqn_with(**parts))
    assert sentence in report.hint


def test_rows_of_the_best_action_alone_are_some_rows_in_every_batch() -> None:
    """In some of the batches a single row has the best action, in others several."""

    def update(q: Any, target_q: Any, optimizer: Any, batch: Any, gamma: float, copy_target: bool) -> None:
        with torch.no_grad():
            y = batch.reward + gamma * (1 - batch.terminated) * target_q(batch.next_obs).max(dim=1).values
        out = q(batch.obs)
        taken = out.gather(1, batch.action[:, None]).squeeze(1)
        loss = ((taken - y).square() * (out.argmax(1) == batch.action)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if copy_target:
            target_q.load_state_dict(q.state_dict())

    assert "some rows have no gradient, and the others have the right one" in check_here(find("dqn.agent"), update).hint


def test_noise_on_a_label_is_no_curve_of_it() -> None:
    noisy = {
        "label": lambda q, t, b, gamma: (
            b.reward + gamma * (1 - b.terminated) * future(t, b) + 0.01 * torch.cos(37 * b.reward)
        )
    }
    assert "rises with" not in check_here(find("dqn.agent"), dqn_with(**noisy)).hint


def of_slopes(change: Any) -> Any:
    """Return an actor's loss that follows the slope of Q after a change of it."""

    def loss(actor: Any, critic: Any, obs: Any) -> Any:
        own = actor(obs)
        at = own.detach().requires_grad_()
        (slope,) = torch.autograd.grad(critic(obs, at).sum(), at)
        return -(change(slope, at.detach()) * own).sum(dim=1).mean()

    return loss


CLIMBS = {
    "relu(Q)": (
        lambda actor, critic, obs: -torch.relu(critic(obs, actor(obs))).mean(),
        "in the rows whose Q is above 0 alone, as of relu(Q), not dQ/da",
    ),
    "a rounded action": (
        lambda actor, critic, obs: -critic(obs, (a := actor(obs)) + (a.round(decimals=1) - a).detach()).mean(),
        "dQ/da of the critic at the actor's own action rounded to 1 decimal, not dQ/da",
    ),
    "one slope for all motors": (
        of_slopes(lambda slope, at: slope.mean(dim=1, keepdim=True).expand_as(slope)),
        "`actor_step` follows in every motor the mean over the motors of dQ/da of the critic at the actor's own action",
    ),
    "inverted": (
        of_slopes(lambda slope, at: slope * torch.where(slope > 0, 1 - at, at + 1) / 2),
        "times the room that is left to -1 and 1, not dQ/da",
    ),
}


@pytest.mark.parametrize("name", CLIMBS)
def test_what_an_actor_follows_is_told(name: str) -> None:
    climb, says = CLIMBS[name]
    assert says in check_here(find("ddpg.agent"), ddpg_with(lerp, climb=climb)).hint


def test_a_value_at_s_of_the_action_that_was_chosen_in_the_next_state_is_told() -> None:
    hint = check_here(find("ddpg.agent"), ddpg_with(lerp, at="obs")).hint
    assert "y = r + gamma * (target critic at s, the action chosen in s' unless terminated), not" in hint


def last_layer_alone(q: Any) -> None:
    for p in list(q.parameters())[:-2]:
        p.grad = None


def test_layers_that_do_not_move_are_named() -> None:
    report = check_here(find("dqn.agent"), dqn_with(clip=last_layer_alone))
    assert "of its 2 layers, layer 1 does not move at all, and the rest does" in report.hint


def test_a_target_that_follows_before_the_step_and_after_it_is_told() -> None:
    """Three weights are mixed: the target's own, and those of its network before its step and after it."""
    old, before, after = np.random.default_rng(0).normal(size=(3, 20))
    tau = 0.3
    once = old + tau * (before - old)
    net, online = MLP((4, 4), flat=old), MLP((4, 4), flat=before)
    followed = soft_update(net, once + tau * (after - once), online, after)
    assert told_of_three(followed.of_three or (), tau)[0].startswith("moves tau of the way twice, once before")
    assert told_of_three(followed.of_three or (), 0.2)[0].startswith("becomes 0.49 times itself plus 0.21 times its")
