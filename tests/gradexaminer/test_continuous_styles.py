"""One-line faults of TD3, DDPG and SAC in other people's styles, each beside what looks like it and is right."""

from __future__ import annotations

import pytest

from tests.gradexaminer.conftest import examine_continuous, examine_dqn, examine_range, told
from tests.gradexaminer.sources import _ACTOR, _LOSS, _V, DQN, SAC, TANH, TD3, changed
from tests.gradexaminer.styles import Changes
from tests.gradexaminer.styles_sac import DISCRETE_SAC

SEEDS = (0, 1, 2)
RIGHT = "nothing to object to"
NOISE = "(torch.randn_like(a2) * self.noise).clamp(-0.5, 0.5)"
SMOOTHED = f"a2 = (a2 + {NOISE}).clamp(-1, 1)"
CRITIC_STEP = "        loss.backward()\n        self.q_optimizer.step()\n"
CLIP = "        nn.utils.clip_grad_norm_([*self.q1.parameters(), *self.q2.parameters()], 0.5)\n"
ALPHA = "alpha = self.log_alpha.exp().detach() * 0.2"
ALPHA_STEP = "        self.alpha_optimizer.step()\n"
FIRST, SECOND = "F.mse_loss(self.q1(s, a), y)", "F.mse_loss(self.q2(s, a), y)"


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("error-not-squared", [(FIRST, "(self.q1(s, a) - y).mean()")]),
        ("error-averaged", [(SECOND, "(self.q2(s, a) - y).mean() ** 2")]),
    ],
)
def test_one_critic_of_two_whose_rows_get_one_gradient(code: str, changes: Changes, load):
    module = load(changed(TD3, changes))
    for seed in SEEDS:
        assert told(examine_continuous(module, seed)) == [("fault", code)]


@pytest.mark.parametrize(
    "step",
    [
        CLIP + CRITIC_STEP,
        CRITIC_STEP + CLIP,
        CRITIC_STEP.replace(
            "        self",
            CLIP.replace("[*self.q1.parameters(), *self.q2.parameters()]", "self.q1_target.parameters()")
            + "        self",
        ),
        CRITIC_STEP.replace(
            "        self",
            CLIP.replace("[*self.q1.parameters(), *self.q2.parameters()]", "self.actor.parameters()") + "        self",
        ),
        CRITIC_STEP + CLIP.replace("norm", "value"),
    ],
    ids=["before the backward pass", "after the step", "the target's", "the actor's", "values, after the step"],
)
def test_clipping_that_no_step_applies_is_named(step: str, load):
    module = load(changed(TD3, [(CRITIC_STEP, step)]))
    for seed in SEEDS:
        assert told(examine_continuous(module, seed)) == [("fault", "clip-without-effect")]


def test_clipping_that_a_step_applies_is_right(load):
    """That of gradients which several passes leave, of a whole agent's, and of a single number, are."""
    each = CRITIC_STEP.replace("        self", CLIP + "        self")
    whole = each.replace("*self.q2.parameters()]", "*self.q2.parameters(), *self.q1_target.parameters()]")
    for changes in ([(CRITIC_STEP, each)], [(CRITIC_STEP, whole)]):
        assert examine_continuous(load(changed(TD3, changes))).verdict == RIGHT
    kept = [
        (
            "        self.optimizer.zero_grad()\n        loss.backward()\n        self.optimizer.step()\n",
            """        loss.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 0.5)
        self.n = getattr(self, "n", 0) + 1
        if self.n % 2 == 0:
            self.optimizer.step()
            self.optimizer.zero_grad()
""",
        ),
    ]
    assert "clip-without-effect" not in examine_dqn(load(changed(DQN, kept))).codes
    number = ALPHA_STEP.replace("        self", "        nn.utils.clip_grad_norm_([self.log_alpha], 9.0)\n        self")
    assert examine_continuous(load(changed(SAC, [(ALPHA_STEP, number)]))).verdict == RIGHT


@pytest.mark.parametrize(
    ("code", "noise"),
    [
        ("target-noise-biased", NOISE.replace("-0.5, 0.5", "0, 0.5")),
        ("target-noise-biased", NOISE.replace("-0.5, 0.5", "max=0")),
    ],
)
def test_noise_of_one_side_is_named(code: str, noise: str, load):
    module = load(changed(TD3, [(NOISE, noise)]))
    for seed in SEEDS:
        assert examine_continuous(module, seed).codes == {code}


@pytest.mark.parametrize("shape", ["randn(1)", "randn_like(a2[:1])", "randn_like(a2[:, :1])"])
def test_noise_that_a_batch_or_a_row_shares_is_noted_and_right(shape: str, load):
    module = load(changed(TD3, [(NOISE, NOISE.replace("randn_like(a2)", shape))]))
    for seed in SEEDS:
        report = examine_continuous(module, seed)
        assert report.verdict == RIGHT
        assert [(f.level, f.code) for f in report.findings] == [("note", "target-noise-shared")]


@pytest.mark.parametrize(
    ("code", "high", "changes"),
    [
        ("target-action-reshaped", 1.0, [(SMOOTHED, f"a2 = torch.tanh(a2 + {NOISE})")]),
        ("target-action-reshaped", 2.0, [(SMOOTHED, f"a2 = 2 * torch.tanh(a2 + {NOISE})")]),
        ("target-action-units", 2.0, [(SMOOTHED, f"a2 = (2 * a2 + {NOISE}).clamp(-2, 2)")]),
        ("target-action-units", 2.0, [(_ACTOR, _ACTOR.replace("self.actor(s)", "2 * self.actor(s)"))]),
    ],
)
def test_target_actions_with_noise_beside_those_of_the_actors_loss(code: str, high: float, changes: Changes, load):
    wide = [
        (TANH, f"{high} * {TANH}"),
        ("nn.Linear(64, a)\n\n    def forward(self, s):", "nn.Linear(64, a)\n\n    def forward(self, s):"),
        (".clamp(-1, 1)", f".clamp(-{high}, {high})"),
    ]
    last = [(old.replace(".clamp(-1, 1)", f".clamp(-{high}, {high})"), new) for old, new in changes]
    module = load(changed(changed(TD3, wide), last))
    for seed in SEEDS:
        assert examine_range(module, seed, high).codes == {code}
    assert examine_range(load(changed(TD3, wide)), 0, high).verdict == RIGHT


def test_a_label_that_is_asked_at_s_is_no_actors_loss(load):
    """Without `no_grad`, its gradient goes on through the target critic's action to the target actor."""
    at_s = [
        ("with torch.no_grad():", "if True:"),
        ("self.actor_target(s2)", "self.actor_target(s)"),
        (_V, _V.replace("s2", "s")),
    ]
    module = load(changed(TD3, at_s))
    for seed in SEEDS:
        assert not examine_continuous(module, seed).codes & {"actor-sign", "actor-target-critic", "actor-not-q"}


def test_a_critic_that_never_learns_is_no_target(load):
    """The actor's loss goes through the smaller of two critics, one of which has no loss."""
    both = "torch.min(self.q1(s, mu), self.q2(s, mu))"
    module = load(
        changed(TD3, [(_LOSS, f"loss = {FIRST}"), (_ACTOR, f"mu = self.actor(s); actor_loss = -{both}.mean()")])
    )
    for seed in SEEDS:
        assert told(examine_continuous(module, seed)) == [("fault", "twin-untrained")]


def test_a_learning_rate_of_0_leaves_no_twin_behind(load):
    module = load(changed(TD3, [("*self.q2.parameters()], 1e-3)", "*self.q2.parameters()], 0.0)")]))
    assert told(examine_continuous(module)) == [("fault", "online-still")]


def test_sac_without_an_entropy_in_its_label_asks_the_online_policy(load):
    """A target policy that is kept beside the target critics is no reason to ask it."""
    kept = [
        (
            "        self.policy_optimizer =",
            "        self.policy_target = copy.deepcopy(self.policy)\n        self.policy_optimizer =",
        )
    ]
    without = [*kept, (" - alpha * log_pi2", "")]
    for seed in SEEDS:
        report = examine_continuous(load(changed(SAC, without)), seed)
        assert "target-action-online" not in report.codes, str(report)


TWO_HEADS: Changes = [
    (
        "self.l1, self.l2, self.l3 = nn.Linear(o + a, 64), nn.Linear(64, 64), nn.Linear(64, 1)",
        "self.one, self.two = One(o, a), One(o, a)",
    ),
    ("return self.l3(F.relu(self.l2(F.relu(self.l1(torch.cat([s, a], 1))))))", "return self.one(s, a), self.two(s, a)"),
    (
        "class Critic(nn.Module):",
        """class One(nn.Module):
    def __init__(self, o, a):
        super().__init__()
        self.l1, self.l2 = nn.Linear(o + a, 64), nn.Linear(64, 1)

    def forward(self, s, a):
        return self.l2(F.relu(self.l1(torch.cat([s, a], 1))))


class Critic(nn.Module):""",
    ),
    (
        "self.actor, self.q1, self.q2 = Actor(o, a), Critic(o, a), Critic(o, a)",
        "self.actor, self.q1 = Actor(o, a), Critic(o, a)",
    ),
    (
        "self.q1_target, self.q2_target = (copy.deepcopy(x) for x in (self.actor, self.q1, self.q2))",
        "self.q1_target = (copy.deepcopy(x) for x in (self.actor, self.q1))",
    ),
    ("[*self.q1.parameters(), *self.q2.parameters()]", "self.q1.parameters()"),
    (_V, "v = torch.min(*self.q1_target(s2, a2))"),
    (_LOSS, "one, two = self.q1(s, a); loss = F.mse_loss(one, y) + F.mse_loss(two, y)"),
    (_ACTOR, "actor_loss = -torch.min(*self.q1(s, self.actor(s))).mean()"),
    ("            self.soft(self.q2, self.q2_target)\n", ""),
]


def test_an_output_of_one_module_that_has_no_loss(load):
    """The actor's loss alone gives its layers a gradient."""
    right, once = changed(TD3, TWO_HEADS), "F.mse_loss(two, y)"
    assert examine_continuous(load(right)).verdict == RIGHT
    module = load(changed(right, [(once, "F.mse_loss(one, y)")]))
    for seed in SEEDS:
        assert told(examine_continuous(module, seed)) == [("fault", "twin-untrained")]


def test_two_targets_of_one_critic(load):
    one = [("self.soft(self.q1, self.q1_target)", "self.soft(self.q2, self.q1_target)")]
    discrete = [
        (
            "((self.q1, self.q1_target), (self.q2, self.q2_target))",
            "((self.q1, self.q1_target), (self.q1, self.q2_target))",
        )
    ]
    for seed in SEEDS:
        assert told(examine_continuous(load(changed(TD3, one)), seed)) == [("fault", "target-of-twin")]
        assert told(examine_dqn(load(changed(DISCRETE_SAC, discrete)), seed)) == [("fault", "target-of-twin")]


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("temperature-unused", [(ALPHA, "alpha = torch.tensor(0.2)")]),
        ("temperature-unused", [(ALPHA, f"{ALPHA}; fixed = 0.2"), ("(alpha * log_pi -", "(fixed * log_pi -")]),
        ("temperature-log", [(ALPHA, "alpha = self.log_alpha.detach()")]),
        ("temperature-log", [(ALPHA, f"{ALPHA} / 0.2"), ("- alpha * log_pi2", "- self.log_alpha * log_pi2")]),
    ],
)
def test_a_temperature_that_a_loss_does_not_use(code: str, changes: Changes, load):
    module = load(changed(SAC, changes))
    for seed in SEEDS:
        assert code in examine_continuous(module, seed).codes


@pytest.mark.parametrize(
    "changes",
    [
        [(ALPHA, "alpha = self.log_alpha.exp().detach()")],
        [
            (ALPHA, "alpha = getattr(self, 'alpha', 0.2)"),
            (ALPHA_STEP, ALPHA_STEP + "        self.alpha = self.log_alpha.exp().item()\n"),
        ],
        [(ALPHA, "alpha = F.softplus(self.log_alpha).detach()")],
        [("torch.zeros(1, requires_grad=True)", "torch.full((1,), -1.6, requires_grad=True)")],
        [("torch.zeros(1, requires_grad=True)", "torch.full((1,), 0.7, requires_grad=True)")],
    ],
    ids=["as it is", "renewed after its step", "behind a softplus", "begins below 1", "begins above 1"],
)
def test_a_temperature_that_both_losses_use_is_right(changes: Changes, load):
    for seed in SEEDS:
        report = examine_continuous(load(changed(SAC, changes)), seed)
        assert report.verdict in {RIGHT, "not seen"}, str(report)
        assert not report.codes


def test_a_temperature_that_is_no_logarithm_stays_above_0(load):
    """Moved below 0 it would make a right label's entropy a penalty."""
    itself = [
        (
            "self.log_alpha = torch.zeros(1, requires_grad=True)",
            "self.alpha = torch.full((1,), 0.2, requires_grad=True)",
        ),
        ("Adam([self.log_alpha]", "Adam([self.alpha]"),
        (ALPHA, "alpha = self.alpha.detach()"),
        ("-(self.log_alpha *", "-(self.alpha *"),
    ]
    for seed in SEEDS:
        assert examine_continuous(load(changed(SAC, itself)), seed).verdict == RIGHT


@pytest.mark.parametrize(
    "changes",
    [
        [("        alpha_loss.backward()\n", "")],
        [("-(self.log_alpha * (log_pi", "-(torch.ones(1, requires_grad=True) * (log_pi")],
        [("Adam([self.log_alpha]", "Adam([torch.zeros(1, requires_grad=True)]")],
    ],
    ids=["no backward pass", "another number", "another number's optimizer"],
)
def test_a_temperature_that_no_gradient_reaches(changes: Changes, load):
    for seed in SEEDS:
        assert "temperature-still" in examine_continuous(load(changed(SAC, changes)), seed).codes


def test_critics_values_that_are_added(load):
    """Beside an entropy, whose factor is read as before; their mean is a choice."""
    smaller = "torch.min(self.q1_target(s2, a2), self.q2_target(s2, a2))"
    added = "(self.q1_target(s2, a2) + self.q2_target(s2, a2))"
    for seed in SEEDS:
        assert told(examine_continuous(load(changed(SAC, [(smaller, added)])), seed)) == [("fault", "twins-summed")]
        assert examine_continuous(load(changed(SAC, [(smaller, f"{added} / 2")])), seed).verdict == RIGHT


def test_a_copy_at_every_update_is_told_and_one_after_several_steps_is_not(load):
    copied = [("t.data.copy_(self.tau * p.data + (1 - self.tau) * t.data)", "t.data.copy_(p.data)")]
    assert [f.code for f in examine_dqn(load(changed(DQN, copied))).findings] == ["target-copied"]
    twice = [
        *copied,
        (
            "    def learn(self):",
            "    def learn(self):\n        self.once(), self.once()\n        self.sync()\n\n    def once(self):",
        ),
        ("        self.sync()\n\n    def sync", "\n    def sync"),
    ]
    assert not examine_dqn(load(changed(DQN, twice))).findings


def test_a_lower_bound_of_two_critics_is_climbed_and_a_label_of_ones_own_is_not(load):
    """In one row or another, d loss / d Q of the larger critic is above 0, and the sum of both is not."""
    asked = "mu = self.actor(s); q = torch.stack([self.q1(s, mu), self.q2(s, mu)])"
    lower = load(changed(TD3, [(_ACTOR, f"{asked}; actor_loss = -(q.mean(0) - 2 * q.std(0)).mean()")]))
    label = load(changed(TD3, [(_ACTOR, "actor_loss = F.mse_loss(self.q1(s, self.actor(s)), y)")]))
    for seed in SEEDS:
        assert "actor-not-q" not in examine_continuous(lower, seed).codes
        assert told(examine_continuous(label, seed)) == [("suspicion", "actor-not-q")]
