"""Weights that keep their copy's graph, shallow copies, bodies that see the action, and words that were not true."""

from __future__ import annotations

import pytest

from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn
from tests.gradexaminer.faults_rare import LOG_PI_OF_EACH
from tests.gradexaminer.sources import changed
from tests.gradexaminer.styles_sac import DISCRETE_SAC

SEEDS = (0, 1, 2)

IN_PLACE = [(sources.SYNC, "t.detach_()\n            t.copy_(self.tau * p + (1 - self.tau) * t)")]
ATTACHED = [*IN_PLACE, (sources.NO_GRAD, "if True:")]


def test_a_gradient_through_weights_that_keep_their_copys_graph_is_named(load):
    wrong, right = load(changed(sources.DQN, ATTACHED)), load(changed(sources.DQN, IN_PLACE))
    plain = load(changed(sources.DQN, ATTACHED[1:]))
    for seed in SEEDS:
        assert examine_dqn(wrong, seed).codes == {"bootstrap-gradient"}
        assert not examine_dqn(right, seed).codes
        assert not examine_dqn(plain, seed).codes  # the target's own `.grad` fills, and nothing comes of it


SECOND = [
    (
        "self.net, self.target = Net(o, a), Net(o, a)",
        "self.net = Net(o, a)\n        self.target = copy.deepcopy(self.net)",
    ),
    (
        "        for t, p in zip(self.target.parameters(), self.net.parameters()):\n            " + sources.SYNC,
        "        new, old = self.net.state_dict(), self.target.state_dict()\n"
        "        self.target.load_state_dict({k: self.tau * new[k] + (1 - self.tau) * old[k] for k in new})",
    ),
]


def test_a_shallow_copy_shares_its_memory_whatever_it_is_called(load):
    deep = changed(sources.DQN, SECOND).replace("self.target", "self.slow")
    shallow = deep.replace("copy.deepcopy", "copy.copy")
    for seed in SEEDS:
        assert examine_dqn(load(shallow), seed).codes == {"shared-storage"}
        assert not examine_dqn(load(deep), seed).codes


WITH_A_TARGET_ACTOR = [
    (
        "        self.policy_optimizer",
        "        self.policy_target = copy.deepcopy(self.policy)\n        self.policy_optimizer",
    ),
    ("in ((self.q1, ", "in ((self.policy, self.policy_target), (self.q1, "),
]


def test_the_online_policy_chooses_in_sacs_label_also_beside_a_copy_of_it(load):
    for seed in SEEDS:
        report = examine_continuous(load(changed(sources.SAC, WITH_A_TARGET_ACTOR)), seed)
        assert report.verdict == "nothing to object to", str(report)


IN_TWO_PARTS = [
    (
        "class Critic(nn.Module):\n",
        "class Body(nn.Module):\n"
        "    def __init__(self, o):\n"
        "        super().__init__()\n"
        "        self.l1, self.l2 = nn.Linear(o, 64), nn.Linear(64, 64)\n\n"
        "    def forward(self, x):\n"
        "        return F.relu(self.l2(F.relu(self.l1(x))))\n\n\n"
        "class Critic(nn.Module):\n",
    ),
    (
        "self.l1, self.l2, self.l3 = nn.Linear(o + a, 64), nn.Linear(64, 64), nn.Linear(64, 1)",
        "self.body, self.head = Body(o + a), nn.Linear(64, 1)",
    ),
    ("def forward(self, s, a)", "def value(self, s, a)"),
    (
        "return self.l3(F.relu(self.l2(F.relu(self.l1(torch.cat([s, a], 1))))))",
        "return self.head(self.body(torch.cat([s, a], 1)))",
    ),
]
FAULTS_IN_PARTS = {
    "mask-missing": ("* (1 - d) * v", "* v"),
    "actor-sign": ("actor_loss = -self", "actor_loss = self"),
    "target-action-state": ("a2 = self.actor_target(s2)", "a2 = self.actor_target(s)"),
}


def of_parts(*changes: tuple[str, str]) -> str:
    """A TD3 whose critics have no `forward`: a body is shown state and action, and a head its features."""
    text = changed(sources.TD3, [*IN_TWO_PARTS, *changes])
    for critic in ("self.q1", "self.q2", "self.q1_target", "self.q2_target"):
        text = text.replace(f"{critic}(s", f"{critic}.value(s")
    return text


def test_a_body_that_is_shown_the_action_and_its_head_are_one_critic(load):
    module = load(of_parts())
    for seed in SEEDS:
        report = examine_continuous(module, seed)
        assert report.verdict == "nothing to object to", str(report)
        assert "smallest of 2 target critics" in str(report)
        assert "mean of -Q" in str(report)


@pytest.mark.parametrize("code", FAULTS_IN_PARTS)
def test_a_fault_of_a_critic_in_parts_is_named(code, load):
    module = load(of_parts(FAULTS_IN_PARTS[code]))
    for seed in SEEDS:
        assert code in examine_continuous(module, seed).codes


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


LOOKED_AT = [
    (
        "self.net, self.target = Net(o, a), Net(o, a)",
        "self.net, self.target, self.copy = Net(o, a), Net(o, a), Net(o, a)",
    ),
    (
        "        self.sync()\n",
        "        self.sync()\n"
        "        self.copy.load_state_dict(self.net.state_dict())\n"
        "        self.copy.zero_grad()\n"
        "        (3e-4 * v * self.copy(s).gather(1, a[:, None]).squeeze(1)).mean().backward()\n",
    ),
]


def test_a_copy_whose_gradient_is_looked_at_is_no_critic(load):
    for seed in SEEDS:
        assert not examine_dqn(load(changed(sources.DQN, LOOKED_AT)), seed).codes
    wrong = load(changed(sources.DQN, [*LOOKED_AT, ("* (1 - d) * v", "* v")]))
    assert examine_dqn(wrong).codes == {"mask-missing"}


_EXPECTED = "(torch.min(self.q1_target(s2), self.q2_target(s2)) - alpha * log_pi2)"


def test_a_discrete_label_without_entropy_still_weighs_the_values(load):
    module = load(changed(DISCRETE_SAC, [(_EXPECTED, "torch.min(self.q1_target(s2), self.q2_target(s2))")]))
    for seed in SEEDS:
        assert "policy-left-out" not in examine_dqn(module, seed).codes


def test_a_discrete_actor_at_next_states_is_told(load):
    text = DISCRETE_SAC.replace("self.policy(s)", "self.policy(s2)")
    assert text != DISCRETE_SAC
    for seed in SEEDS:
        assert "actor-next-state" in examine_dqn(load(text), seed).codes


def test_the_first_of_sorted_outputs_is_the_largest(load):
    """The right twin of a label that takes one and the same output for all rows."""
    module = load(changed(sources.DQN, [(sources.V, "v = self.target(s2).sort(1, descending=True).values[:, 0]")]))
    wrong = load(changed(sources.DQN, [(sources.V, "v = self.target(s2)[:, 0]")]))
    for seed in SEEDS:
        assert not examine_dqn(module, seed).codes
        assert examine_dqn(wrong, seed).codes == {"fixed-output"}


@pytest.mark.parametrize(("kind", "codes"), [("np.float64", set()), ("np.int32", {"actions-rounded"})])
def test_actions_in_a_buffer_of_another_type_are_rounded_only_by_whole_numbers(kind, codes, load):
    stored = [("np.zeros((size, a), np.float32)", f"np.zeros((size, a), {kind})"), ("(x[i])", "(x[i]).float()")]
    module = load(changed(sources.TD3, stored))
    for seed in SEEDS:
        assert examine_continuous(module, seed).codes == codes
