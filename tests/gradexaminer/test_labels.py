"""The critic's labels: bounds, noise on the target action, several critics, and how certain a coefficient is."""

from __future__ import annotations

import numpy as np
import pytest

from gradexaminer.analysis.critic import label
from gradexaminer.analysis.critic.candidates import Candidate
from gradexaminer.analysis.critic.curved import _stand_for_a_term
from gradexaminer.analysis.critic.evidence import Evidence
from gradexaminer.analysis.reading.fits import fit
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn, told
from tests.gradexaminer.sources import TD3, Q, V, Y, changed
from tests.gradexaminer.styles_sac import DISCRETE_RIGHT, DISCRETE_SAC

SEEDS = (0, 1, 2)
RIGHT = "nothing to object to"


def test_mixed_labels_that_are_masked_lack_no_mask(load):
    broadcast = [(Q, "q = self.net(s).gather(1, a[:, None])")]
    assert examine_dqn(load(changed(sources.DQN, broadcast))).codes == {"broadcast"}
    report = examine_dqn(load(changed(sources.DQN, [*broadcast, (Y, "y = r + self.gamma * v")])))
    assert report.codes == {"broadcast", "mask-missing"}, str(report)


def test_an_update_with_most_rows_beyond_hubers_bend_is_explained_without_a_search(monkeypatch):
    """Three rows of 32 are too few for a fit; the known loss on the right label explains all 32 at once."""
    searched = []
    monkeypatch.setattr(label, "_departures", lambda *x: searched.append(x) or iter(()))
    rng = np.random.default_rng(0)
    q, reward, value = rng.normal(size=(3, 32))
    terminated, error = np.arange(32.0) % 4 == 0, rng.choice([-2.0, 2.0], 32)
    error[:3] = 0.1, -0.2, 0.3
    q = reward + 0.99 * ~terminated * value + error
    e = Evidence(np.clip(error, -1, 1) / 32, q, reward, terminated.astype(float), np.zeros(32), (0.99,))
    (found,) = label.explain(e, [Candidate("max of the target network", value, np.ones(32, bool))])
    assert "most rows beyond" in found.loss
    assert searched == []


def test_a_part_of_a_fit_that_is_rounding_has_no_sign():
    rng = np.random.default_rng(0)
    x, noise, z = rng.normal(size=(3, 60))
    found = fit(x + 1e-7 * noise, {"x": x, "z": z}, np.ones(60, bool))
    assert found.exact
    assert found.resolves("x")
    assert found.coefficients["z"] != 0
    assert not found.resolves("z")
    assert fit(x + 1e-3 * z, {"x": x, "z": z}, np.ones(60, bool)).resolves("z")


def test_a_stored_action_with_noise_in_the_label_is_named(load):
    module = load(changed(sources.TD3, [(sources._A2, "a2 = a")]))
    for seed in SEEDS:
        assert examine_continuous(module, seed).codes == {"target-action-replayed"}


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


_EXPECTED = "(torch.min(self.q1_target(s2), self.q2_target(s2)) - alpha * log_pi2)"


def test_a_discrete_label_without_entropy_still_weighs_the_values(load):
    module = load(changed(DISCRETE_SAC, [(_EXPECTED, "torch.min(self.q1_target(s2), self.q2_target(s2))")]))
    for seed in SEEDS:
        assert "policy-left-out" not in examine_dqn(module, seed).codes


def test_the_first_of_sorted_outputs_is_the_largest(load):
    """The right twin of a label that takes one and the same output for all rows."""
    module = load(changed(sources.DQN, [(sources.V, "v = self.target(s2).sort(1, descending=True).values[:, 0]")]))
    wrong = load(changed(sources.DQN, [(sources.V, "v = self.target(s2)[:, 0]")]))
    for seed in SEEDS:
        assert not examine_dqn(module, seed).codes
        assert examine_dqn(wrong, seed).codes == {"fixed-output"}


CLAMPED = "y = (r + self.gamma * (1 - d) * v).clamp(-50.0, 0.0)"


def test_labels_that_are_clamped_are_read_and_nothing_is_held_against_them(load):
    right = load(changed(sources.DQN, [(sources.Y, CLAMPED)]))
    for seed in SEEDS:
        report = examine_dqn(right, seed)
        assert report.verdict == "nothing to object to", str(report)
        assert any("clamped at" in told for told in report.conventions)


@pytest.mark.parametrize(
    ("fault", "label"),
    [
        ("mask-missing", "y = (r + self.gamma * v).clamp(-50.0, 0.0)"),
        ("mask-on-reward", "y = ((1 - d) * (r + self.gamma * v)).clamp(-50.0, 0.0)"),
    ],
)
def test_a_fault_behind_a_clamp_is_named(load, fault, label):
    wrong = load(changed(sources.DQN, [(sources.Y, label)]))
    for seed in SEEDS:
        assert examine_dqn(wrong, seed).codes == {fault}


NOISE = "(torch.randn_like(a2) * self.noise).clamp(-0.5, 0.5)"


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


SMALL = [("self.log_alpha.exp().detach() * 0.2", "self.log_alpha.exp().detach() * 0.002")]


def test_a_temperature_of_a_thousandth_leaves_gamma_what_it_is(load):
    right = load(changed(DISCRETE_SAC, SMALL))
    wrong = load(changed(DISCRETE_SAC, [*SMALL, ("y = r + self.gamma *", "y = r + 0.97 *")]))
    for seed in SEEDS:
        report = examine_dqn(right, seed)
        assert report.verdict == RIGHT, str(report)
        assert any("minus alpha log pi" in x for x in report.conventions)
        assert told(examine_dqn(wrong, seed)) == [("fault", "gamma-other")]


def test_a_coefficient_is_as_certain_as_what_is_left_over_allows():
    rng = np.random.default_rng(0)
    x, z, rows = rng.normal(size=60), rng.normal(size=60), np.ones(60, bool)
    y = 2 * x + 3 * z + 1e-4 * rng.normal(size=60)
    found = fit(y, {"x": x, "z": z}, rows)
    assert 1e-6 < found.errors["x"] < 1e-4
    assert abs(found.coefficients["x"] - 2) < 5 * found.errors["x"]
    assert fit(y + rng.normal(size=60), {"x": x, "z": z}, rows).errors == {}


TWINS = "torch.min(self.q1_target(s2), self.q2_target(s2))"


def test_the_mean_of_two_critics_is_a_label_of_discrete_sac(load):
    mean = (TWINS, "(self.q1_target(s2) + self.q2_target(s2)) / 2")
    right, wrong = load(changed(DISCRETE_SAC, [mean])), load(changed(DISCRETE_SAC, [mean, ("(1 - d) * v", "v")]))
    for seed in SEEDS:
        assert examine_dqn(right, seed).verdict == RIGHT
        assert told(examine_dqn(wrong, seed)) == [("fault", "mask-missing")]


def test_a_label_with_an_entry_for_each_action_is_named(load):
    each = "v = pi2 * (torch.min(self.q1_target(s2), self.q2_target(s2)) - alpha * log_pi2)"
    label = ("y = r + self.gamma * (1 - d) * v", "y = (r + self.gamma * (1 - d) * v.T).T")
    loss = (
        "F.mse_loss(q1, y) + F.mse_loss(q2, y)",
        "((q1[:, None] - y) ** 2).mean() + ((q2[:, None] - y) ** 2).mean()",
    )
    wrong = load(
        changed(
            DISCRETE_SAC,
            [
                (f"{each}.sum(1)".replace("v = pi2 * (", "v = (pi2 * (", 1).replace(").sum", ")).sum"), each),
                label,
                loss,
            ],
        )
    )
    for seed in SEEDS:
        assert told(examine_dqn(wrong, seed)) == [("fault", "several-labels")]


def test_a_target_no_layer_of_which_is_called_has_no_part_in_an_unknown_label(load):
    unknown = ("loss = F.mse_loss(q, y)", "loss = ((q - torch.sin(3 * y)) ** 2).mean()")
    online = (sources.V, "v = self.net(s2).max(1).values")
    wrong, other = load(changed(sources.DQN, [unknown, online])), load(changed(sources.DQN, [unknown]))
    for seed in SEEDS:
        assert ("fault", "td-online") in told(examine_dqn(wrong, seed))
        assert told(examine_dqn(other, seed)) == [("suspicion", "unexplained")]


TERM = "y = r + self.gamma * (1 - d) * v", "y = r + self.gamma * (1 - d) * (v + 0.005 * a2.pow(2).sum(1, keepdim=True))"


def test_a_term_of_the_rows_that_bootstrap_is_no_weight_of_rows(load):
    wrong = load(changed(TD3, [TERM]))
    for seed in SEEDS:
        assert ("suspicion", "unexplained") in told(examine_continuous(wrong, seed))


def test_weights_that_do_not_depend_on_the_bootstrap_are_weights():
    rows, bootstraps = np.arange(24), np.arange(24) >= 8
    assert _stand_for_a_term(rows, np.arange(8), bootstraps)
    assert not _stand_for_a_term(rows, np.arange(7), bootstraps)  # one ended row differs
    assert not _stand_for_a_term(rows, np.arange(16), bootstraps)  # and so do half of the others not
    assert not _stand_for_a_term(rows[4:], rows[4:8], bootstraps)  # too few have ended


FORGOTTEN = [("self.buffer, self.gamma,", "self.buffer, _,"), ("self.gamma * (1 - d)", "(1 - d)")]


def test_a_discount_of_the_file_that_nothing_reads_is_missing(load):
    wrong = load("GAMMA = 0.99\n" + changed(TD3, FORGOTTEN))
    read = (
        "GAMMA = 0.99\n"
        + changed(TD3, FORGOTTEN)
        + "\n\ndef returns(rewards):\n    return sum(GAMMA**k * r for k, r in enumerate(rewards))\n"
    )
    by_choice, elsewhere = load(changed(TD3, FORGOTTEN)), load(read)
    for seed in SEEDS:
        assert told(examine_continuous(wrong, seed)) == [("fault", "gamma-missing")]
        assert told(examine_continuous(by_choice, seed)) == told(examine_continuous(elsewhere, seed)) == []


NO_ATTRIBUTE = ("self.gamma, self.tau, self.batch = 0.99, 0.01, 32", "self.tau, self.batch = 0.01, 32")
PLACES = {  # where a discount stands that is no attribute of the agent, and its name there
    "an argument": ("gamma", [NO_ATTRIBUTE, ("    def learn(self):", "    def learn(self, gamma=0.99):")]),
    "the file, beside functions": (
        "GAMMA",
        [
            NO_ATTRIBUTE,
            ("class Agent:", "GAMMA = 0.99\n\n\nclass Agent:"),
            (
                "    def learn(self):",
                "    def learn(self):\n        learn_from(self)\n\n\ndef learn_from(self):\n    if True:",
            ),
            ("    def sync(self):", "\n\nclass Synced:\n    def sync(self):"),
            ("self.sync()", "Synced.sync(self)"),
        ],
    ),
}


@pytest.mark.parametrize(("name", "place"), PLACES.values(), ids=PLACES.keys())
def test_a_discount_among_the_variables_of_the_update_is_known(load, name, place):
    labels = {
        (): f"y = r + {name} * (1 - d) * v",
        (("fault", "gamma-missing"),): "y = r + (1 - d) * v",
        (("fault", "gamma-other"),): f"y = r + {name} ** 2 * (1 - d) * v",
    }
    for found, y in labels.items():
        report = examine_dqn(load(changed(sources.DQN, [*place, (Y, y)])))
        assert told(report) == list(found), str(report)


def test_a_discount_that_is_added_is_missing(load):
    added = [("self.gamma * (1 - d) * v", "self.gamma + (1 - d) * v")]
    wrong, shifted = (
        load(changed(TD3, added)),
        load(changed(TD3, [("y = r + self.gamma", "y = r + 0.98 + self.gamma")])),
    )
    for seed in SEEDS:
        report = examine_continuous(wrong, seed)
        assert told(report) == [("fault", "gamma-missing")]
        assert "0.98 is added to each row's label" in str(report)
        assert told(examine_continuous(shifted, seed)) == []


COMPLEMENT = (Y, "y = r + self.gamma * ~d.long() * v")


def test_the_complement_of_whole_numbers_subtracts_the_bootstrapped_value(load):
    wrong = load(changed(sources.DQN, [COMPLEMENT]))
    for seed in SEEDS:
        report = examine_dqn(wrong, seed)
        assert told(report) == [("fault", "bootstrap-sign")], str(report)
        assert "twice that in terminated rows" in str(report)


LARGEST, AVERAGE = (V, "v = self.target(s2).max()"), (V, "v = self.target(s2).max(1).values.mean()")
INVERTED = (Y, "y = r + self.gamma * d * v")
PREFERRED = "self.net(s2).argmax(1)[None]"  # an index of shape (1, B), that is, columns of the first row


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ([LARGEST, COMPLEMENT], {"batch-max", "bootstrap-sign"}),
        ([LARGEST, INVERTED], {"batch-max", "mask-inverted"}),
        ([AVERAGE, (Y, "y = r + self.gamma * v")], {"bootstrap-averaged", "mask-missing"}),
        ([(V, f"v = self.target(s2).gather(1, {PREFERRED}).squeeze(0)")], {"rows-misaligned"}),
        ([(V, "v = self.target(s2)[-1, self.net(s2).argmax(1)]")], {"rows-misaligned"}),
    ],
    ids=["largest, complement", "largest, inverted", "mean, no mask", "first row", "last row"],
)
def test_one_number_or_one_row_for_all_is_named_beside_what_masks_it(changes, codes, load):
    report = examine_dqn(load(changed(sources.DQN, changes)))
    assert report.codes == codes, str(report)


SHARES, VALUES = "torch.softmax(self.head(self.body(x)), 1)", "return self.head(self.body(x))\n\n\nclass Agent:"
FLAT = [
    ("exp().detach() * 0.2", "exp().detach()"),
    (SHARES, SHARES.replace("self.head(", "1e-3 * self.head(")),
    (VALUES, VALUES.replace("self.head(", "3 * self.head.bias + 1e-3 * self.head(")),
]


def test_values_that_hardly_differ_beside_a_policy_that_hardly_chooses_have_one_gamma(load):
    """Nearly any value fits then, with another factor in each update; the right one alone has one factor."""
    module = load(changed(DISCRETE_SAC, [*DISCRETE_RIGHT["discrete SAC, probabilities"], *FLAT]))
    for seed in SEEDS:
        report = examine_dqn(module, seed)
        assert not report.codes, str(report)
        assert any("mean over the policy of the smaller of two networks minus" in text for text in report.conventions)


LEVEL = [
    (
        "\nclass Agent:",
        "\nclass Flat(Net):\n    def __init__(self, o, a):\n        super().__init__(o, a)\n"
        "        self.level = nn.Linear(1, a)\n\n    def forward(self, x):\n"
        "        return self.level(torch.ones(len(x), 1)) + 1e-3 * super().forward(x)\n\n\n"
        "class Even(Net):\n    def forward(self, x):\n        return 1e-3 * super().forward(x)\n\n\nclass Agent:",
    ),
    ("Net(o, a), Net(o, a), Net(o, a)", "Even(o, a), Flat(o, a), Flat(o, a)"),
]


def test_where_no_value_has_one_gamma_next_states_that_hardly_differ_tell_no_label(load):
    """One number for all rows would explain them as well, and so would the value of any action."""
    for seed in SEEDS:
        report = examine_dqn(load(changed(DISCRETE_SAC, LEVEL)), seed)
        assert not report.codes, str(report)
        assert "few-rows" in {f.code for f in report.of("not seen")}, str(report)


def test_a_mean_over_the_actions_of_a_policys_values_is_not_several_labels(load):
    each = "v = (pi2 * (torch.min(self.q1_target(s2), self.q2_target(s2)) - alpha * log_pi2)).sum(1)"
    wrong = load(changed(DISCRETE_SAC, [(each, each.replace("sum", "mean"))]))
    for seed in SEEDS:
        report = examine_dqn(wrong, seed)
        assert told(report) == [("fault", "mean-over-actions")], str(report)
        assert "divided by 4 actions" in str(report)


BEHIND_A_RELU = ("return self.head(self.body(x))", "return torch.relu(self.head(self.body(x)) - 1.5)")


def test_values_of_0_in_some_updates_do_not_say_that_nothing_is_bootstrapped(load):
    for seed in SEEDS:
        assert examine_dqn(load(changed(sources.DQN, [BEHIND_A_RELU])), seed).codes == {"output-bounded"}


NOISY = "a2 = (a2 + (torch.randn_like(a2) * self.noise).clamp(-0.5, 0.5)).clamp(-1, 1)"
FORWARD = "return torch.tanh(self.l3(F.relu(self.l2(F.relu(self.l1(s))))))"
RAW = "self.l3(F.relu(self.l2(F.relu(self.l1(s)))))"
OWN_CLASS = """class Choice:
    def __init__(self, raw):
        self.raw = raw

    @property
    def {}(self):
        return torch.tanh(self.raw)


class Actor(nn.Module):"""
OBJECTS = {  # what the actor returns, and how its action is asked for
    "property": (OWN_CLASS.format("mean_action"), f"return Choice({RAW})", "mean_action"),
    "method": (OWN_CLASS.replace("    @property\n", "").format("best"), f"return Choice({RAW})", "best()"),
    "distribution": (
        "class Actor(nn.Module):",
        f"return torch.distributions.Normal(torch.tanh({RAW}), 0.1)",
        "mean",
    ),
}
AT_S2 = {
    "as it should be": "self.actor_target(s2)",
    "target-action-state": "self.actor_target(s)",
    "target-action-online": "self.actor(s2)",
}


@pytest.mark.parametrize("noise", [NOISY, ""], ids=["noise", "no noise"])
@pytest.mark.parametrize("object_", OBJECTS.values(), ids=OBJECTS.keys())
@pytest.mark.parametrize(("fault", "asked"), AT_S2.items(), ids=AT_S2.keys())
def test_target_actions_of_an_actor_that_returns_an_object_are_traced(load, fault, asked, object_, noise):
    head, returned, name = object_
    changes = [
        ("class Actor(nn.Module):", head),
        (FORWARD, returned),
        ("a2 = self.actor_target(s2)", f"a2 = {asked}.{name}"),
        (NOISY, noise),
        ("self.q1(s, self.actor(s))", f"self.q1(s, self.actor(s).{name})"),
    ]
    report = examine_continuous(load(changed(sources.TD3, changes)))
    assert told(report) == ([] if fault == "as it should be" else [("fault", fault)]), str(report)


NO_ERROR = {
    "the error itself": "(self.q1(s, a) - y).mean() + (self.q2(s, a) - y).mean()",
    "Q without a label": "self.q1(s, a).mean() + self.q2(s, a).mean()",
    "the sum of Q, upward": "-self.q1(s, a).sum() - self.q2(s, a).sum()",
}


@pytest.mark.parametrize("name", NO_ERROR)
def test_critics_whose_loss_is_linear_in_q_are_named(name, load):
    text = "F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y)"
    report = examine_continuous(load(changed(sources.TD3, [(text, NO_ERROR[name])])))
    assert ("fault", "error-not-squared") in told(report), str(report)
