"""Shapes of the eleventh round: an actor that is asked several times in one loss, and noise that is not centered."""

from __future__ import annotations

import pytest

from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn
from tests.gradexaminer.sources import changed
from tests.gradexaminer.styles_sac import DISCRETE_SAC as DISCRETE

SEEDS = (0, 1, 2)
RIGHT = "nothing to object to"
ACTOR = "actor_loss = -self.q1(s, self.actor(s)).mean()"
SIZE = "size = 1 / self.q1(s, self.actor(s)).abs().mean().detach()"
NOISE = "(torch.randn_like(a2) * self.noise).clamp(-0.5, 0.5)"


def told(report) -> list[tuple[str, str]]:
    return [(f.level, f.code) for f in report.findings if f.level != "note"]


def test_an_actor_that_is_kept_near_the_stored_actions_is_asked_three_times(load):
    cloned = f"{SIZE}; actor_loss = -(size * self.q1(s, self.actor(s)) - (self.actor(s) - a) ** 2).mean()"
    right = load(changed(sources.TD3, [(ACTOR, cloned)]))
    wrong = load(changed(sources.TD3, [(ACTOR, cloned.replace("* self.q1(s, self.actor(s))", "* self.q1(s, a)"))]))
    for seed in SEEDS:
        assert examine_continuous(right, seed).verdict == RIGHT
        assert ("fault", "actor-replayed") in told(examine_continuous(wrong, seed))


@pytest.mark.parametrize("noise", ["torch.rand_like(a2) * self.noise", "-torch.rand(len(a2), 1) * self.noise"])
def test_noise_of_one_sign_on_the_target_action_is_named(load, noise):
    wrong = load(changed(sources.TD3, [(NOISE, f"({noise})")]))
    for seed in SEEDS:
        assert told(examine_continuous(wrong, seed)) == [("fault", "target-noise-biased")]


OF_A_BATCH = [
    ("self.noise, self.n =", "self.noise, self.x, self.n ="),
    ("delay, noise, 0\n", "delay, noise, torch.zeros(a), 0\n"),
]
PROCESS = "self.x.mul_(0.85).add_(0.2 * torch.{}(3)).clamp(-0.5, 0.5)"


def test_noise_of_whole_batches_that_drifts_away_from_0_is_told(load):
    wrong = load(changed(sources.TD3, [*OF_A_BATCH, (NOISE, PROCESS.format("rand"))]))
    for seed in SEEDS:
        assert told(examine_continuous(wrong, seed)) == [("suspicion", "target-noise-biased")]


CENTERED = {
    "one draw for a batch": "(torch.randn(3) * self.noise).clamp(-0.5, 0.5)",
    "one number for a batch": "(torch.randn(1) * self.noise).clamp(-0.5, 0.5)",
    "one draw of one sign for a batch": "torch.randn(1).sign() * 0.1",
    "uniform": "((torch.rand_like(a2) - 0.5) * self.noise)",
}


@pytest.mark.parametrize("noise", CENTERED.values(), ids=CENTERED.keys())
def test_noise_that_is_centered_is_right_however_it_is_drawn(load, noise):
    right = load(changed(sources.TD3, [(NOISE, noise)]))
    for seed in SEEDS:
        assert examine_continuous(right, seed).verdict == RIGHT


def test_a_process_around_0_is_right(load):
    right = load(changed(sources.TD3, [*OF_A_BATCH, (NOISE, PROCESS.format("randn"))]))
    for seed in SEEDS:
        assert examine_continuous(right, seed).verdict == RIGHT


def test_an_actor_at_its_lower_bound_leaves_the_noise_one_sign_and_is_right(load):
    right = load(changed(sources.TD3, [("return torch.tanh(self.l3(", "return torch.tanh(-50 + self.l3(")]))
    assert not any(code == "target-noise-biased" for _, code in told(examine_continuous(right)))


WIDE = ("return a, log_pi", "return a * {} + {}, log_pi")


def wide(half: float, middle: float) -> tuple[str, str]:
    return WIDE[0], WIDE[1].format(half, middle)


def test_a_policy_whose_tanh_is_scaled_beyond_the_actions_is_told(load):
    wrong, narrow = load(changed(sources.SAC, [wide(1.5, 0.5)])), load(changed(sources.SAC, [wide(1.05, 0.0)]))
    for seed in SEEDS:
        assert told(examine_continuous(wrong, seed)) == [("suspicion", "action-units")]
        assert told(examine_continuous(narrow, seed)) == []


EXACT, ROUGH = "2 * (np.log(2) - u - F.softplus(-2 * u))", "torch.log(1 - a.pow(2) + 1e-3)"


def test_a_large_number_in_the_logarithm_of_the_tanhs_slope_is_known(load):
    outside = changed(sources.SAC, sources.SAC_RIGHT["policy returns a distribution"])
    right = load(changed(outside, [(EXACT, ROUGH)]))
    for seed in SEEDS:
        assert examine_continuous(right, seed).verdict == RIGHT


MEAN = "(pi * log_pi).sum(1)"
TARGET = "+ self.target_entropy"


def test_a_temperature_that_learns_from_all_actions_alike_is_named(load):
    wrong = load(changed(DISCRETE, [(MEAN, "log_pi.mean(1)")]))
    for seed in SEEDS:
        assert told(examine_dqn(wrong, seed)) == [("fault", "temperature-unweighted")]


@pytest.mark.parametrize("target", ["- 4", "+ 1.5"])
def test_a_target_entropy_that_no_policy_over_four_actions_has_is_suspected(load, target):
    wrong = load(changed(DISCRETE, [(TARGET, target)]))
    for seed in SEEDS:
        assert told(examine_dqn(wrong, seed)) == [("suspicion", "temperature-unreachable")]


def test_a_temperature_that_learns_in_every_other_update_is_examined(load):
    step = "        self.alpha_optimizer.step()\n"
    delayed = "        self.k = getattr(self, 'k', 0) + 1\n        if self.k % 2: self.alpha_optimizer.step()\n"
    wrong = load(changed(DISCRETE, [(MEAN, "log_pi.mean(1)"), (step, delayed)]))
    right = load(changed(DISCRETE, [(step, delayed)]))
    assert told(examine_dqn(wrong)) == [("fault", "temperature-unweighted")]
    assert any("temperature: learned" in said for said in examine_dqn(right).conventions)


SOFT = "t.data.mul_(1 - self.tau).add_(self.tau * p.data)"


def test_a_soft_update_that_binds_a_name_anew_is_told(load):
    wrong = load(changed(sources.TD3, [(SOFT, "t = (1 - self.tau) * t + self.tau * p")]))
    left_to_the_loop = load(
        changed(
            sources.TD3,
            [("for p, t in zip(net.parameters(), target.parameters()):", "for p in net.parameters():"), (SOFT, "pass")],
        )
    )
    for seed in SEEDS:
        assert told(examine_continuous(wrong, seed)) == [("suspicion", "target-never")]
        assert {code for _, code in told(examine_continuous(left_to_the_loop, seed))} == {"target-not-seen"}


LAYERS = """
class Layer(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.inner = nn.Linear(i, o)

    def forward(self, x):
        return self.inner(x)


class Q(nn.Module):"""


def test_layers_of_the_programs_own_within_a_critic_are_no_critics(load):
    net = "nn.Linear(o + a, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1)"
    own = "Layer(o + a, 32), nn.ReLU(), Layer(32, 32), nn.ReLU(), nn.Linear(32, 1)"
    right = load(changed(sources.SAC, [("class Q(nn.Module):", LAYERS), (net, own)]))
    for seed in SEEDS:
        assert examine_continuous(right, seed).verdict == RIGHT
