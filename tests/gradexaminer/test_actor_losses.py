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


DRAWN = """of_s = torch.distributions.Categorical(logits=logits); drawn = of_s.sample()
        log_pi_drawn = of_s.log_prob(drawn)
        actor_loss = {}
        self.policy_optimizer.zero_grad()"""
OF_LOSS = "actor_loss = (pi * (alpha * log_pi - q)).sum(1).mean()\n        self.policy_optimizer.zero_grad()"
IN_POLICY = [  # the policy's own method draws, and returns the action and its log pi
    (
        "class Agent:",
        "class Policy(Net):\n    def forward(self, x):\n"
        "        pi = torch.distributions.Categorical(logits=super().forward(x)); drawn = pi.sample()\n"
        "        return drawn, pi.log_prob(drawn)\n\n    def logits(self, x):\n"
        "        return super().forward(x)\n\n\nclass Agent:",
    ),
    ("self.policy, self.q1, self.q2 = Net(o, a)", "self.policy, self.q1, self.q2 = Policy(o, a)"),
    ("logits2 = self.policy(s2)", "logits2 = self.policy.logits(s2)"),
    ("        logits = self.policy(s)\n        pi, log_pi = F.softmax(logits, 1), F.log_softmax(logits, 1)\n", ""),
    ("        alpha_loss = -(self.log_alpha * ((pi * log_pi).sum(1) + self.target_entropy).detach()).mean()\n", ""),
    ("        self.alpha_optimizer.zero_grad()\n        alpha_loss.backward()\n", ""),
    ("        self.alpha_optimizer.step()\n", ""),
]
OF_POLICY = "drawn, log_pi_drawn = self.policy(s)\n        actor_loss = {}\n        self.policy_optimizer.zero_grad()"
CHOSEN = "q.gather(1, drawn[:, None]).squeeze(1)"


@pytest.mark.parametrize(("more", "drawn"), [([], DRAWN), (IN_POLICY, OF_POLICY)], ids=["logits", "the action drawn"])
def test_a_policy_that_draws_its_action_gets_no_gradient_of_q(load, more, drawn):
    wrong = load(changed(DISCRETE_SAC, [*more, (OF_LOSS, drawn.format(f"(alpha * log_pi_drawn - {CHOSEN}).mean()"))]))
    ratio = load(changed(DISCRETE_SAC, [*more, (OF_LOSS, drawn.format(f"-(log_pi_drawn * {CHOSEN}).mean()"))]))
    for seed in SEEDS:
        assert told(examine_dqn(wrong, seed)) == [("fault", "actor-detached")]
        assert not examine_dqn(ratio, seed).codes


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
