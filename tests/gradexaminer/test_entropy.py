"""Entropy in labels and actor losses: log pi, densities written out, and what only looks like one."""

from __future__ import annotations

import numpy as np
import pytest

from gradexaminer import examine
from gradexaminer.analysis.critic.candidates import Candidate
from gradexaminer.analysis.critic.evidence import Label
from gradexaminer.analysis.critic.shifted import of_log_pi
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn, examine_range, told
from tests.gradexaminer.faults_rare import LOG_PI_OF_EACH
from tests.gradexaminer.sources import TANH, changed
from tests.gradexaminer.styles_sac import DISCRETE_SAC

SEEDS = (0, 1, 2)
RIGHT = "nothing to object to"


@pytest.mark.parametrize(
    ("temperatures", "said"), [((0.2, 0.2, 0.2), 0.2), ((0.2, 0.3, 0.1), None), ((0.2, 0.2), None)]
)
def test_a_shift_is_of_log_pi_where_its_factor_is_the_same_in_every_update(temperatures, said):
    rng, found = np.random.default_rng(0), []
    for alpha in temperatures:
        log_pi = rng.normal(size=8) - 3
        value = Candidate("target critic", rng.normal(size=8), np.ones(8, bool), entropy={"log pi": log_pi})
        shift = -0.99 * alpha * float(log_pi.mean())
        found.append(Label(value, "live", "plain", 2.0, 0.99, 1.0, 0.0, "", shift, "squared", np.nan, "shifted"))
    assert of_log_pi(found) == (pytest.approx(said) if said else None)


def test_mean_and_spread_of_one_action_are_no_state_value_and_no_log_pi(load):
    outside = [
        ("mu, log_pi = self.policy.sample(s)", "mu, log_pi = sampled(self.policy, s)"),
        ("a2, log_pi2 = self.policy.sample(s2)", "a2, log_pi2 = sampled(self.policy, s2)"),
    ]
    text = (
        changed(sources.SAC, outside)
        + """

def sampled(policy, s):
    mean, log_std = policy(s)
    u = mean + log_std.exp() * torch.randn_like(mean)
    log_pi = torch.distributions.Normal(mean, log_std.exp()).log_prob(u) - torch.log(1 - torch.tanh(u) ** 2 + 1e-6)
    return torch.tanh(u), log_pi.sum(1, keepdim=True)
"""
    )
    m = load(text)
    report = examine(
        lambda: m.Agent(5, 1),
        lambda agent, t: agent.buffer.add(*t.as_tuple()),
        lambda agent: agent.learn(),
        low=[-1.0],
        high=[1.0],
    )
    assert not report.codes, str(report)


_DENSITY = "-0.5 * ((u - mean) / log_std.exp()) ** 2 - log_std - 0.5 * np.log(2 * np.pi)"
_WRITTEN_OUT = [
    (
        "normal = Normal(mean, log_std.exp())\n        u = normal.rsample()",
        "u = mean + log_std.exp() * torch.randn_like(mean)",
    ),
    ("normal.log_prob(u)", _DENSITY),
    (
        "    def sample(self, s):\n        mean, log_std = self(s)\n",
        "def draw(policy, s):\n    if True:\n        mean, log_std = policy(s)\n",
    ),
    ("self.policy.sample(s2)", "draw(self.policy, s2)"),
    ("self.policy.sample(s)", "draw(self.policy, s)"),
]


def test_a_normal_density_that_is_written_out_is_an_entropy_term(load):
    """Its temperature is not examined; the label is."""
    report = examine_continuous(load(changed(sources.SAC, _WRITTEN_OUT)))
    assert not report.codes, str(report)
    assert any("minus alpha log pi, alpha 0.2" in text for text in report.conventions), str(report)


SHARES = [
    *sources._DDPG,
    (TANH, TANH.replace("torch.tanh", "(lambda x: F.softmax(x[:, None], -1))")),
    ("a2 = self.actor_target(s2)", "a2 = self.actor_target(s2)[:, 0]"),
    (
        sources._ACTOR,
        "mu = self.actor(s)\n            h = -(mu * torch.log(mu + 1e-7)).sum(-1).mean()\n"
        "            actor_loss = -self.q1(s, mu[:, 0]).mean() - self.log_alpha.exp().detach() * h",
    ),
    (
        "            self.actor_optimizer.step()\n",
        "            self.actor_optimizer.step()\n            self.tempered(h)\n",
    ),
    (
        "    def soft(self",
        "    def tempered(self, h):\n        loss = self.log_alpha * (h - 0.8).detach()\n"
        "        self.alpha_optimizer.zero_grad()\n        loss.backward()\n        self.alpha_optimizer.step()\n\n"
        "    def soft(self",
    ),
    (
        "self.actor_optimizer = ",
        "self.log_alpha = torch.zeros((), requires_grad=True)\n"
        "        self.alpha_optimizer = torch.optim.Adam([self.log_alpha], 1e-3)\n        self.actor_optimizer = ",
    ),
]
SHARES_FAULTS = {
    "actor-entropy-sign": ("- self.log_alpha.exp()", "+ self.log_alpha.exp()"),
    "temperature-sign": ("self.log_alpha * (h - 0.8)", "self.log_alpha * (0.8 - h)"),
    "actor-sign": ("= -self.q1(s, mu[:, 0])", "= self.q1(s, mu[:, 0])"),
}


def test_the_entropy_of_an_action_of_shares_is_read(load):
    module = load(changed(sources.TD3, SHARES))
    for seed in SEEDS:
        report = examine_range(module, seed, 1.0, low=0.0)
        assert report.verdict == "nothing to object to", str(report)
        assert "actor: entropy bonus of the action's shares, alpha 1" in report.conventions, str(report)
        assert "temperature: learned, target entropy 0.8" in report.conventions, str(report)


@pytest.mark.parametrize("code", SHARES_FAULTS)
def test_a_wrong_sign_beside_shares_is_named(code, load):
    module = load(changed(sources.TD3, [*SHARES, SHARES_FAULTS[code]]))
    for seed in SEEDS:
        assert examine_range(module, seed, 1.0, low=0.0).codes == {code}


BY_HAND = [
    ("F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y)", "sum(((q(s, a) - y) ** 2).mean() for q in qs)"),
    ("alpha = self.log_alpha.exp().detach() * 0.2", "alpha, qs = self.log_alpha.exp().detach(), (self.q1, self.q2)"),
]
SUMMED = "log_pi = (normal.log_prob(u) - torch.log(1 - a.pow(2) + 1e-6)).sum(1, keepdim=True)"


def test_log_pi_that_is_not_summed_is_told_without_a_warning_of_pytorchs(load):
    wrong = load(changed(sources.SAC, [*BY_HAND, (SUMMED, LOG_PI_OF_EACH)]))
    right = load(changed(sources.SAC, BY_HAND))
    for seed in SEEDS:
        assert "several-labels" in examine_continuous(wrong, seed).codes
        assert not examine_continuous(right, seed).codes


NARROW = [("a = torch.tanh(u)", "a = u"), ("clamp(-5, 2)", "clamp(-5, -1)")]


def test_log_pi_of_a_tanh_that_is_not_applied_is_told(load):
    unapplied = load(changed(sources.SAC, [*NARROW, ("1 - a.pow(2) + 1e-6", "1 - torch.tanh(u).pow(2)")]))
    without = load(changed(sources.SAC, [*NARROW, (" - torch.log(1 - a.pow(2) + 1e-6)", "")]))
    for seed in SEEDS:
        assert "log-prob-other-action" in examine_continuous(unapplied, seed).codes
        assert "log-prob-other-action" not in examine_continuous(without, seed).codes


EXACT, ROUGH = "2 * (np.log(2) - u - F.softplus(-2 * u))", "torch.log(1 - a.pow(2) + 1e-3)"


def test_a_large_number_in_the_logarithm_of_the_tanhs_slope_is_known(load):
    outside = changed(sources.SAC, sources.SAC_RIGHT["policy returns a distribution"])
    right = load(changed(outside, [(EXACT, ROUGH)]))
    for seed in SEEDS:
        assert examine_continuous(right, seed).verdict == RIGHT


TINY = "torch.log(1 - a.pow(2) + 1e-8)"


def test_a_tiny_number_in_the_logarithm_is_known_where_the_tanh_is_at_its_bounds(load):
    """There, 32 bits leave that number alone: the temperature's mean of log pi is another one."""
    saturated = [(EXACT, TINY), ("Normal(self.mean(h), ", "Normal(40 * self.mean(h), ")]
    right = load(changed(changed(sources.SAC, sources.SAC_RIGHT["policy returns a distribution"]), saturated))
    for seed in SEEDS:
        report = examine_continuous(right, seed)
        assert "temperature-not-examined" not in report.codes, str(report)
        assert any(said.startswith("temperature: learned") for said in report.conventions)


ENTROPY = """
class Policy(Net):
    def entropy(self, x):
        return torch.distributions.Categorical(logits=self(x)).entropy()


class Agent:"""
RETURNED = [
    ("\nclass Agent:", ENTROPY),
    ("self.policy, self.q1, self.q2 = Net(o, a)", "self.policy, self.q1, self.q2 = Policy(o, a)"),
    ("(pi * log_pi).sum(1) + self.target_entropy", "-self.policy.entropy(s) + self.target_entropy"),
]


def test_an_entropy_that_the_policy_returns_is_not_mistaken_for_log_pi(load):
    right = load(changed(DISCRETE_SAC, RETURNED))
    wrong = load(changed(DISCRETE_SAC, [*RETURNED, ("alpha_loss = -(", "alpha_loss = (")]))
    for seed in SEEDS:
        report = examine_dqn(right, seed)
        assert report.verdict == RIGHT, str(report)
        assert any("temperature: learned" in x for x in report.conventions)
        assert told(examine_dqn(wrong, seed)) == [("fault", "temperature-sign")]


def test_an_actor_that_returns_minus_log_pi_has_an_entropy(load):
    minus = [("return a, log_pi", "return a, -log_pi"), ("- alpha * log_pi2", "+ alpha * log_pi2")]
    rest = [("(alpha * log_pi - ", "(-alpha * log_pi - "), ("(log_pi + self", "(-log_pi + self")]
    outside = changed(sources.SAC, sources.SAC_RIGHT["policy returns a distribution"])
    assert "return a, log_pi" not in outside  # there, no network returns it
    right = load(changed(sources.SAC, [*minus, *rest]))
    for seed in SEEDS:
        assert examine_continuous(right, seed).verdict == RIGHT


ACTOR = "actor_loss = (alpha * log_pi - torch.min(self.q1(s, mu), self.q2(s, mu))).mean()"
SILENT = ACTOR.replace("log_pi", "log_pi.detach()")
CLOSED = SILENT.replace(").mean()", " - 0.1 * self.policy(s)[1].sum(1, keepdim=True)).mean()")


def test_an_actor_whose_spread_follows_q_alone_lacks_an_entropy(load):
    wrong, closed = load(changed(sources.SAC, [(ACTOR, SILENT)])), load(changed(sources.SAC, [(ACTOR, CLOSED)]))
    for seed in SEEDS:
        assert told(examine_continuous(wrong, seed)) == [("fault", "actor-entropy-missing")]
        assert ("fault", "actor-entropy-missing") not in told(examine_continuous(closed, seed))


CORRECTION = "torch.log(1 - a.pow(2) + 1e-6)"
TWICE = [(CORRECTION, "torch.log(1 - torch.tanh(a).pow(2) + 1e-7)")]


def test_a_correction_that_takes_the_tanh_twice_is_named(load):
    wrong = load(changed(sources.SAC, TWICE))
    for seed in SEEDS:
        report = examine_continuous(wrong, seed)
        assert {code for _, code in told(report)} == {"log-prob-correction"}
        assert "the tanh is taken twice" in str(report)


HALVES = [
    ("self.mean, self.log_std = nn.Linear(64, a), nn.Linear(64, a)", "self.head = nn.Linear(64, 2 * a)"),
    ("        return self.mean(h), self.log_std(h).clamp(-5, 2)\n", "        return self.head(h)\n"),
    ("mean, log_std = self(s)\n", "mean, log_std = self(s).chunk(2, 1)\n        log_std = log_std.clamp({})\n"),
    (
        "normal = Normal(mean, log_std.exp())\n        u = normal.rsample()",
        "noise = torch.randn_like(mean)\n        u = mean + log_std.exp() * noise",
    ),
    ("normal.log_prob(u)", "(-0.5 * noise**2 - log_std - 0.5 * np.log(2 * np.pi))"),
    ("    def sample(self, s):\n", "    def _sample(self, s):\n"),
    ("self.policy.sample(s2)", "self.policy._sample(s2)"),
    ("self.policy.sample(s)", "self.policy._sample(s)"),
]


@pytest.mark.parametrize("bounds", ["-20, 2", "-5, 2"])
def test_log_pi_is_read_from_noise_that_the_program_draws_itself(load, bounds):
    """Its mean and spread are two halves of one output; its tanh is at its bounds in many rows."""
    halves = [(old, new.format(bounds) if "clamp(" in new else new) for old, new in HALVES]
    right, wrong = (
        load(changed(sources.SAC, halves)),
        load(changed(sources.SAC, [*halves, ("- alpha * log_pi2", "+ alpha * log_pi2")])),
    )
    for seed in SEEDS:
        report = examine_continuous(right, seed)
        assert report.verdict == RIGHT, str(report)
        assert any("minus alpha log pi, alpha 0.2" in said for said in report.conventions)
        assert any(said.startswith("temperature: learned, target entropy -3") for said in report.conventions)
        assert {code for _, code in told(examine_continuous(wrong, seed))} == {"entropy-sign"}


_RETURNED, _U = "return a, log_pi", "u = normal.rsample()"
MEAN_SHOWN = {
    "the mean behind the tanh": [(_RETURNED, "return torch.tanh(mean), log_pi")],
    "the mean, from a method": [(_RETURNED, "return torch.tanh(self(s)[0]), log_pi")],
    "noise that is drawn by hand": [
        (_U, "u = mean + log_std.exp() * torch.randn_like(mean)"),
        (_RETURNED, "return torch.tanh(mean), log_pi"),
    ],
    "an output of one layer": [
        ("return self.mean(h), self.log_std(h).clamp(-5, 2)", "return torch.cat([self.mean(h), self.log_std(h)], 1)"),
        ("mean, log_std = self(s)", "mean, log_std = self(s).clamp(-5, 2).chunk(2, 1)"),
        (_RETURNED, "return torch.tanh(mean), log_pi"),
    ],
    "no correction": [(" - torch.log(1 - a.pow(2) + 1e-6)", ""), (_RETURNED, "return torch.tanh(mean), log_pi")],
}
DRAWN_OTHERWISE = {
    "held within bounds": [
        ("a = torch.tanh(u)", "a = u.clamp(-1, 1)"),
        (" - torch.log(1 - a.pow(2) + 1e-6)", ""),
    ],
    "behind another bend": [
        ("a = torch.tanh(u)", "a = 2 * torch.sigmoid(u) - 1"),
        (" - torch.log(1 - a.pow(2) + 1e-6)", " - torch.log((1 - a.pow(2)) / 2 + 1e-6)"),
    ],
}


_SOFT = "2 * (0.6931471805599453 - {0} - F.softplus(-2 * {0}))"
SLIPS = {
    "at the tanh, of the tanh": ("normal.log_prob(a)", _SOFT.format("a"), "log-prob-other-action"),
    "at the tanh, its tanh": ("normal.log_prob(a)", "torch.log(1 - a.tanh().pow(2) + 1e-6)", "log-prob-other-action"),
    "at the tanh, added": ("normal.log_prob(a)", f"-{CORRECTION}", "log-prob-other-action"),
    "of another draw": ("normal.log_prob(normal.rsample())", CORRECTION, "log-prob-other-action"),
    "half of it": ("normal.log_prob(u)", _SOFT.format("u")[4:], "log-prob-correction"),
    "the number's sign": ("normal.log_prob(u)", _SOFT.format("u").replace("- u", "+ u"), "log-prob-correction"),
    "another softplus": ("normal.log_prob(u)", _SOFT.format("u").replace("-2 *", "2 *"), "log-prob-correction"),
    "without the square": ("normal.log_prob(u)", "torch.log(1 - a + 1e-6)", "log-prob-correction"),
    "of the mean": ("normal.log_prob(u)", "torch.log(1 - mean.tanh().pow(2) + 1e-6)", "log-prob-correction"),
    "a mean over entries": ("normal.log_prob(u)", f"{CORRECTION}.mean(1, keepdim=True) / 3", "log-prob-correction"),
    "one number for all rows": ("normal.log_prob(u)", f"{CORRECTION}.mean()", "log-prob-uncorrected"),
    "the entropy": ("normal.entropy()", "0", "entropy-sign"),
}


@pytest.mark.parametrize("name", SLIPS)
def test_log_pi_that_is_no_density_of_the_drawn_number_is_named(name, load):
    density, correction, code = SLIPS[name]
    wrong = changed(sources.SAC, [(f"normal.log_prob(u) - {CORRECTION}", f"{density} - {correction}")])
    assert ("fault", code) in told(examine_continuous(load(wrong)))


DENSITIES = {
    "softplus": ("normal.log_prob(u)", _SOFT.format("u")),
    "a large number within": ("normal.log_prob(u)", "torch.log(1 - a.pow(2) + 1e-2)"),
    "held within bounds": ("normal.log_prob(u).clamp(-20, 20)", "torch.log((1 - a.pow(2)).clamp(1e-6, 1))"),
    "minus the entropy": ("-normal.entropy()", "0"),
    "of both distributions": ("torch.distributions.Independent(normal, 0).log_prob(u)", CORRECTION),
}


@pytest.mark.parametrize("name", DENSITIES)
def test_log_pi_that_is_a_density_of_the_drawn_number_is_right(name, load):
    right = changed(sources.SAC, [(f"normal.log_prob(u) - {CORRECTION}", " - ".join(DENSITIES[name]))])
    report = examine_continuous(load(right))
    assert report.verdict == RIGHT, str(report)


@pytest.mark.parametrize("name", MEAN_SHOWN)
def test_critics_that_are_shown_a_mean_beside_log_pi_of_a_drawn_number_are_named(name, load):
    report = examine_continuous(load(changed(sources.SAC, MEAN_SHOWN[name])))
    assert ("fault", "log-prob-other-action") in told(report), str(report)


@pytest.mark.parametrize("name", DRAWN_OTHERWISE)
def test_actions_that_are_made_of_the_drawn_number_are_its_own(name, load):
    report = examine_continuous(load(changed(sources.SAC, DRAWN_OTHERWISE[name])))
    assert "log-prob-other-action" not in report.codes, str(report)


_OUTSIDE = changed(sources.SAC, sources.SAC_RIGHT["policy returns a distribution"])
SCALED = {
    "a millionth added": "torch.log(2 * (1 - torch.tanh(u).pow(2)) + 1e-6)",
    "the smallest step of 32 bits added": "torch.log(2 * (1 - torch.tanh(u).pow(2)) + torch.finfo(torch.float32).eps)",
    "exact": f"({EXACT} + np.log(2))",
}


@pytest.mark.parametrize("name", SCALED)
def test_a_factor_of_the_action_within_the_tanhs_slope_is_known(name, load):
    """The policy returns a distribution, and the agent computes log pi of an action between -2 and 2."""
    right = load(changed(_OUTSIDE, [(EXACT, SCALED[name]), ("a = torch.tanh(u)", "a = 2 * torch.tanh(u)")]))
    for seed in SEEDS:
        report = examine_range(right, seed, 2.0)
        assert report.verdict == RIGHT, str(report)
        assert any(said.startswith("label of") and "alpha log pi" in said for said in report.conventions)


def test_a_scale_within_the_tanhs_slope_is_no_other_correction_at_the_tanhs_bounds(load):
    scaled = "torch.log(2 * (1 - torch.tanh(u).pow(2)) + 1e-6)"
    wide = [("return self.mean(h),", "return 8 * self.mean(h),"), ("a = torch.tanh(u)", "a = 2 * torch.tanh(u)")]
    report = examine_range(load(changed(sources.SAC, [*wide, (CORRECTION, scaled)])), 0, 2.0)
    assert report.verdict == RIGHT, str(report)


OUTSIDE = {
    "half of it": (EXACT, f"0.5 * {EXACT}", "log-prob-correction"),
    "added": (f"- {EXACT}", f"+ {EXACT}", "log-prob-correction"),
    "without the square": (EXACT, "torch.log(1 - torch.tanh(u) + 1e-6)", "log-prob-correction"),
    "at the tanh": ("log_prob(u)", "log_prob(torch.tanh(u))", "log-prob-other-action"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_slip_of_log_pi_outside_of_the_policy_is_named(name, load):
    old, new, code = OUTSIDE[name]
    assert ("fault", code) in told(examine_continuous(load(changed(_OUTSIDE, [(old, new)]))))


PLAIN = [("a = torch.tanh(u)", "a = u"), ("clamp(-5, 2)", "clamp(-5, -1)"), (" - torch.log(1 - a.pow(2) + 1e-6)", "")]


@pytest.mark.parametrize("loss", ["mse_loss", "smooth_l1_loss"])
def test_entropy_of_an_unsquashed_distribution_beside_the_mask_is_named(loss, load):
    value = "v = torch.min(self.q1_target(s2, a2), self.q2_target(s2, a2))"
    label = "y = r + self.gamma * (1 - d) * v"
    squared = "F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y)"
    outside = [
        ("a2, log_pi2 = self.policy.sample(s2)", "normal = Normal(*self.policy(s2))\n            a2 = normal.sample()"),
        (f"{value} - alpha * log_pi2", f"{value}\n            log_pi2 = normal.log_prob(a2).sum(1, keepdim=True)"),
        ("self.log_std(h).clamp(-5, 2)", "self.log_std(h).clamp(-5, -1).exp()"),
        ("normal = Normal(mean, log_std.exp())", "normal = Normal(mean, log_std)"),
        (squared, squared.replace("mse_loss", loss)),
        *(PLAIN[i] for i in (0, 2)),
    ]
    right, wrong = f"{label.replace('* v', '* (v - alpha * log_pi2)')}", f"{label} - alpha * log_pi2"
    assert examine_continuous(load(changed(sources.SAC, [*outside, (label, right)]))).verdict == RIGHT
    report = examine_continuous(load(changed(sources.SAC, [*outside, (label, wrong)])))
    assert ("fault", "entropy-unmasked") in told(report), str(report)


UNMASKED = {
    "beside the mask": (
        "v = torch.min(self.q1_target(s2, a2), self.q2_target(s2, a2))",
        "(1 - d) * v - alpha * log_pi2",
    ),
    "discounted beside the mask": (
        "v = torch.min(self.q1_target(s2, a2), self.q2_target(s2, a2))",
        "(1 - d) * v - self.gamma * alpha * log_pi2",
    ),
}


@pytest.mark.parametrize("name", UNMASKED)
def test_entropy_of_a_distribution_beside_the_mask_is_named(name, load):
    value, label = UNMASKED[name]
    changes = [
        (f"{value} - alpha * log_pi2", value),
        ("y = r + self.gamma * (1 - d) * v", f"y = r + self.gamma * {label}"),
    ]
    report = examine_continuous(load(changed(_OUTSIDE, changes)))
    assert told(report) == [("fault", "entropy-unmasked")], str(report)


FLAT = [("- alpha * log_pi2\n", "- alpha * log_pi2[:, 0]\n"), ("(1 - d) * v\n", "(1 - d[:, 0]) * v\n")]


def test_a_label_that_one_broadcast_averages_but_for_the_values_is_told_once(load):
    """Rewards and log pi are in the number that all rows have: no reward is missing."""
    averaged = load(changed(sources.SAC, [*FLAT, ("y = r + self", "y = r[:, 0] + self")]))
    missing = load(changed(sources.SAC, [("y = r + self", "y = self"), FLAT[1]]))
    for seed in SEEDS:
        assert told(examine_continuous(averaged, seed)) == [("fault", "mask-averaged")]
        assert "reward-missing" in examine_continuous(missing, seed).codes
