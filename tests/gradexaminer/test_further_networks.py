"""Networks beside critics and actor, and inputs beside states: right agents are left in peace, wrong ones are named."""

from __future__ import annotations

import pytest

from gradexaminer import examine
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_changed, examine_continuous, examine_dqn, told
from tests.gradexaminer.sources import _ACTOR, _LOSS, SAC, TD3, V, Y, changed
from tests.gradexaminer.styles_models import (
    BESIDE_DQN,
    CHANGED,
    GOALS,
    MODELS,
    OF_NEXT,
    OF_STORED,
    STATE_VALUE,
    changed_states,
    with_model,
)

SEEDS = (0, 1, 2)
KEPT = "self.memory.append((s, a, r, s2, done))"
BODY = "nn.Sequential(nn.Linear(o, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())"
LAZY = BODY.replace("nn.Linear(o, 64)", "nn.LazyLinear(64)")


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_the_environment_is_no_critic(name, load):
    module = load(changed(TD3, MODELS[name]))
    for seed in SEEDS:
        report = examine_continuous(module, seed)
        assert report.verdict == "nothing to object to", str(report)
        assert any("as a model of the environment" in said for said in report.conventions)


@pytest.mark.parametrize("name", BESIDE_DQN)
def test_a_model_beside_a_q_network_is_left_in_peace(name, load):
    report = examine_dqn(load(changed(sources.DQN, BESIDE_DQN[name])))
    assert report.verdict == "nothing to object to", str(report)


def test_a_reward_in_the_place_of_a_label_is_still_a_fault(load):
    assert told(examine_changed(load, (Y, "y = r"))) == [("fault", "no-bootstrap")]


def test_a_twin_without_a_bootstrap_is_no_model(load):
    alone = [("F.mse_loss(self.q2(s, a), y)", "F.mse_loss(self.q2(s, a), r)")]
    assert ("fault", "no-bootstrap") in told(examine_continuous(load(changed(TD3, alone))))


def test_a_fault_beside_a_model_is_named(load):
    wrong = [*with_model("o", "x - s2"), (Y, "y = r + self.gamma * v")]
    assert told(examine_continuous(load(changed(TD3, wrong)))) == [("fault", "mask-missing")]


def test_a_state_value_is_read(load):
    report = examine_continuous(load(changed(SAC, STATE_VALUE)))
    assert report.verdict == "nothing to object to", str(report)


@pytest.mark.parametrize("more", [[], [OF_NEXT]])
def test_a_state_value_of_stored_actions_is_named(more, load):
    module = load(changed(SAC, [*STATE_VALUE, OF_STORED, *more]))
    for seed in SEEDS:
        assert told(examine_continuous(module, seed)) == [("fault", "state-value-replayed")]


def test_a_state_value_of_stored_actions_without_log_pi_may_be_meant(load):
    changes = [*STATE_VALUE, OF_STORED, (" - alpha * log_pi1", "")]
    assert ("suspicion", "state-value-replayed") in told(examine_continuous(load(changed(SAC, changes))))


def test_an_actor_that_is_shown_a_goal_is_seen(load):
    module = load(changed(TD3, GOALS))
    for seed in SEEDS:
        report = examine_continuous(module, seed)
        assert report.verdict == "nothing to object to", str(report)
        assert any("target policy smoothing" in said for said in report.conventions)


def test_faults_of_an_actor_that_is_shown_a_goal_are_named(load):
    wrong = [*GOALS, ("self.actor_target(s2, goal)", "self.actor_target(s, goal)")]
    assert "target-action-state" in examine_continuous(load(changed(TD3, wrong))).codes
    wrong = [*GOALS, ("a2 = self.actor_target(s2, goal)", "a2 = self.actor(s2, goal)")]
    assert "target-action-online" in examine_continuous(load(changed(TD3, wrong))).codes


@pytest.mark.parametrize("how", CHANGED)
def test_next_states_that_are_changed_for_the_critics_are_named(how, load):
    report = examine_continuous(load(changed(TD3, changed_states(CHANGED[how]))))
    assert told(report) == [("fault", "states-changed")], str(report)


RESCALED = ["(s2 - s2.mean(0)) / s2.std(0)", "s2 / 255", "2 * s2"]


@pytest.mark.parametrize("how", ["s2 + 0.1 * torch.randn_like(s2)", "s2.clamp(-0.8, 0.8)", *RESCALED])
def test_next_states_that_are_changed_for_a_q_network_are_named(how, load):
    report = examine_changed(load, (V, V.replace("(s2)", f"({how})")))
    assert told(report) == [("fault", "states-changed")], str(report)


def test_states_that_are_changed_for_the_prediction_are_named(load):
    report = examine_changed(load, ("self.net(s)", "self.net(s + 0.1 * torch.randn_like(s))"))
    assert told(report) == [("fault", "states-changed")], str(report)
    noisy = [("self.q1(s, a), y", "self.q1(x, a), y"), ("self.q2(s, a), y", "self.q2(x, a), y")]
    noisy += [
        (
            "        loss = F.mse_loss(self.q1(x",
            "        x = s + 0.1 * torch.randn_like(s)\n        loss = F.mse_loss(self.q1(x",
        )
    ]
    report = examine_continuous(load(changed(TD3, noisy)))
    assert told(report) == [("fault", "states-changed")], str(report)


@pytest.mark.parametrize("how", ["s, s2 = s / 255, s2 / 255", "s, s2 = (x.clamp(-1, 1) for x in (s, s2))"])
def test_states_that_are_changed_at_both_ends_are_not_named(how, load):
    batch = "s, a, r, s2, d = self.sample()"
    assert "states-changed" not in examine_changed(load, (batch, f"{batch}; {how}")).codes


def test_a_policy_that_is_kept_smooth_by_noise_on_states_is_not_accused(load):
    smooth = _ACTOR + " + (self.actor(s + 0.05 * torch.randn_like(s)) - self.actor(s)).pow(2).mean()"
    report = examine_continuous(load(changed(TD3, [(_ACTOR, smooth)])))
    assert "states-changed" not in report.codes, str(report)


@pytest.mark.parametrize("last", ["softmax", "log_softmax"])
def test_a_softmax_over_the_batch_is_named(last, load):
    head = f"return F.{last}(self.head(self.body(x)), dim=0)"
    report = examine_changed(load, ("return self.head(self.body(x))", head))
    assert ("fault", "softmax-over-batch") in told(report), str(report)
    assert not report.codes & {"bootstrap-averaged", "broadcast", "reward-averaged"}


def test_a_softmax_over_actions_is_not_one_over_the_batch(load):
    report = examine_changed(load, ("return self.head(self.body(x))", "return self.head(self.body(x)).softmax(-1)"))
    assert "softmax-over-batch" not in report.codes


def test_one_number_for_all_rows_is_no_average(load):
    number = "v = self.target(torch.ones(5)).max()"
    report = examine_changed(load, (V, number), (Y, "y = r + self.gamma * v"))
    assert {"one-bootstrap", "mask-missing"} <= report.codes, str(report)
    assert "bootstrap-averaged" not in report.codes


@pytest.mark.parametrize("y", ["y = r - r.mean()", "y = (r - r.mean()) / r.std()", "y = r - 0.5", "y = 2 * r + 1"])
def test_a_number_beside_the_reward_is_no_bootstrap(y, load):
    report = examine_changed(load, (Y, y))
    assert "no-bootstrap" in report.codes, str(report)
    assert not report.codes & {"one-bootstrap", "bootstrap-averaged", "mask-missing"}, str(report)


@pytest.mark.parametrize("offset", ["before", "after"])
def test_actions_of_the_neighboring_transition_are_named(offset, load):
    if offset == "before":
        kept = "self.memory.append((s, getattr(self, 'last', a), r, s2, done))\n        self.last = a"
    else:
        kept = (
            "late = getattr(self, 'late', None)\n        if late is not None:\n"
            "            self.memory.append((late[0], a, *late[1:]))\n        self.late = (s, r, s2, done)"
        )
    for seed in SEEDS:
        report = examine_dqn(load(changed(sources.DQN, [(KEPT, kept)])), seed)
        assert ("fault", "rows-misaligned") in told(report), str(report)
        assert "wrong-column" not in report.codes


@pytest.mark.parametrize("source", ["DQN", "TD3"])
def test_lazy_layers_are_examined(source, load):
    if source == "DQN":
        report = examine_dqn(load(changed(sources.DQN, [(BODY, LAZY)])))
    else:
        right = [("nn.Linear(o, 64), nn.Linear(64, 64)", "nn.LazyLinear(64), nn.Linear(64, 64)")]
        report = examine_continuous(load(changed(TD3, right)))
    assert report.verdict == "nothing to object to", str(report)


_LAYERS = "self.l1, self.l2, self.l3 = nn.Linear(o + a, 64)"
_VALUE = "return self.l3(F.relu(self.l2(F.relu(self.l1(torch.cat([s, a], 1))))))"
FAR_ABOVE = [
    (_LAYERS, f"self.high = 0.0\n        {_LAYERS}"),
    (_VALUE, _VALUE.replace("return ", "return self.high + ")),
    (
        "        self.actor_optimizer =",
        "        self.q1.high = self.q1_target.high = 50.0\n        self.actor_optimizer =",
    ),
    (
        _ACTOR,
        "mu = self.actor(s)\n            both = torch.stack([self.q1(s, mu), self.q2(s, mu)])\n"
        "            actor_loss = -both[0].mean()",
    ),
]


def test_the_first_of_two_critics_may_be_the_larger_one_in_every_row(load):
    module = load(changed(TD3, FAR_ABOVE))
    for seed in SEEDS:
        assert "actor-max-of-twins" not in examine_continuous(module, seed).codes


def test_half_of_the_online_weights_is_a_soft_update(load):
    source = changed(TD3, [("0.98, 0.005, delay", "0.98, 0.5, delay")]).replace("self.tau", "self.share")
    for seed in SEEDS:
        report = examine_continuous(load(source), seed)
        assert report.verdict == "nothing to object to", str(report)


def test_actions_in_the_place_of_rewards_are_no_mean_reward(load):
    wrong = [
        ("(self.s, self.a, self.r, self.s2, self.d))", "(self.s, self.a, self.a, self.s2, self.d))"),
        (Y, "y = r + self.gamma * (1 - d).squeeze(1) * v.squeeze(1)"),
        (_LOSS, "loss = sum(((q(s, a).squeeze(1) - y) ** 2).mean() for q in (self.q1, self.q2))"),
    ]
    module = load(changed(TD3, wrong))
    report = examine(
        lambda: module.Agent(5, 1),
        lambda agent, t: agent.buffer.add(*t.as_tuple()),
        lambda agent: agent.learn(),
        low=[-1.0],
        high=[1.0],
    )
    assert "reward-missing" in report.codes, str(report)
    assert "reward-averaged" not in report.codes
