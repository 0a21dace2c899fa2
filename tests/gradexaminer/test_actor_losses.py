"""What an actor's loss asks of the critic, and what is held against it."""

from __future__ import annotations

import pytest

from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn, examine_range, told
from tests.gradexaminer.sources import SAC, changed
from tests.gradexaminer.styles_sac import DISCRETE_SAC

SEEDS = (0, 1, 2)
RIGHT = "nothing to object to"
_POLICY_LOSS = "        actor_loss = (pi * (alpha * log_pi - q)).sum(1).mean()\n"
_ALPHA = "        alpha_loss" + DISCRETE_SAC.partition("        alpha_loss")[2].partition("        for net")[0]
LOG_PI_NOT_DETACHED = [
    (_ALPHA, ""),
    (
        _POLICY_LOSS,
        _POLICY_LOSS + _ALPHA.replace(").detach()", ")").replace("backward()", "backward(retain_graph=True)"),
    ),
]


def test_six_actions_with_a_wrong_sign_are_named(load):
    module = load(changed(sources.TD3, [(sources._ACTOR, sources._ACTOR.replace("-self", "self"))]))
    for seed in SEEDS:
        assert examine_range(module, seed, 1.0, 6).codes == {"actor-sign"}


def test_a_temperature_whose_loss_reaches_the_policy_is_no_actors_loss(load):
    """A `zero_grad` follows before the policy's own backward pass, so no step applies it."""
    module = load(changed(DISCRETE_SAC, LOG_PI_NOT_DETACHED))
    for seed in SEEDS:
        report = examine_dqn(module, seed)
        assert report.verdict == "nothing to object to", str(report)


def test_without_a_known_critic_nothing_is_said_against_an_actor(load):
    """The critic's own loss, shown the actor's actions, looks like an actor's."""
    shown = [(sources._LOSS, sources._LOSS.replace("(s, a)", "(s, self.actor(s))"))]
    report = examine_continuous(load(changed(sources.TD3, shown)))
    assert not report.codes, str(report)


def test_a_discrete_actor_at_next_states_is_told(load):
    policy = ("logits = self.policy(s)", "logits = self.policy(s2)")
    critics = ("q = torch.min(self.q1(s), self.q2(s))", "q = torch.min(self.q1(s2), self.q2(s2))")
    text = changed(DISCRETE_SAC, [policy, critics])
    for seed in SEEDS:
        assert told(examine_dqn(load(text), seed)) == [("suspicion", "actor-next-state")]


def test_a_label_without_the_entropy_that_a_discrete_actor_seeks_is_noted(load):
    text = changed(DISCRETE_SAC, [(" - alpha * log_pi2", "")])
    report = examine_dqn(load(text))
    assert [(f.level, f.code) for f in report.findings] == [("note", "label-entropy-missing")], str(report)


ACTOR = "actor_loss = -self.q1(s, self.actor(s)).mean()"
SIZE = "size = 1 / self.q1(s, self.actor(s)).abs().mean().detach()"


def test_an_actor_that_is_kept_near_the_stored_actions_is_asked_three_times(load):
    cloned = f"{SIZE}; actor_loss = -(size * self.q1(s, self.actor(s)) - (self.actor(s) - a) ** 2).mean()"
    right = load(changed(sources.TD3, [(ACTOR, cloned)]))
    wrong = load(changed(sources.TD3, [(ACTOR, cloned.replace("* self.q1(s, self.actor(s))", "* self.q1(s, a)"))]))
    for seed in SEEDS:
        assert examine_continuous(right, seed).verdict == RIGHT
        assert ("fault", "actor-replayed") in told(examine_continuous(wrong, seed))


RATIO = [
    ("u = normal.rsample()", "u = normal.sample()"),
    ("(alpha * log_pi - torch.min(self.q1(s, mu), self.q2(s, mu)))", "(log_pi * (alpha * log_pi - q).detach())"),
    ("        actor_loss", "        q = torch.min(self.q1(s, mu), self.q2(s, mu))\n        actor_loss"),
]
LOG_PI_TIMES = "log_pi * (alpha * log_pi - q)"


@pytest.mark.parametrize(
    ("times", "fault"),
    [
        ("log_pi * (alpha * log_pi - self.q1(s, mu))", ""),
        ("log_pi * (alpha * log_pi - q + q.mean())", ""),
        ("log_pi * (alpha * log_pi + q)", "actor-sign"),
        ("log_pi * (-alpha * log_pi - q)", "actor-entropy-sign"),
    ],
)
def test_an_actor_that_learns_from_log_pi_times_a_number_is_examined(load, times, fault):
    agent = load(changed(SAC, [*RATIO, (LOG_PI_TIMES, times)]))
    for seed in SEEDS:
        report = examine_continuous(agent, seed)
        assert told(report) == ([("fault", fault)] if fault else []), str(report)
        assert any("likelihood ratio" in x for x in report.conventions)


def test_an_actor_that_learns_from_log_pi_times_another_number_is_not_seen(load):
    agent = load(changed(SAC, [*RATIO, (LOG_PI_TIMES, "log_pi * (q**2)")]))
    assert told(examine_continuous(agent, 0)) == [("not seen", "actor-not-seen")]


_BY_HAND = (
    "at = mu.detach().requires_grad_()\n"
    "        slope = torch.autograd.grad(torch.min(self.q1(s, at), self.q2(s, at)).sum(), at)[0]\n"
    "        actor_loss = (alpha * log_pi - (slope * mu).sum(1, keepdim=True)).mean()"
)
_WEIGHTED = (
    "q = torch.min(self.q1(s, mu), self.q2(s, mu)).detach()\n        actor_loss = (torch.softmax(q, 0) * log_pi).sum()"
)


@pytest.mark.parametrize("loss", [_BY_HAND, _WEIGHTED])
def test_an_actor_whose_values_count_without_a_gradient_of_their_own_is_not_called_detached(loss, load):
    module = load(changed(SAC, [(sources._SA, loss)]))
    for seed in SEEDS:
        assert "actor-detached" not in examine_continuous(module, seed).codes
