"""Shapes of public updates that were met at random, in our own words: right ones are clean, their faults are named."""

from __future__ import annotations

import pytest

from gradexaminer import examine
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn, seed_all
from tests.gradexaminer.sources import COPY, V, changed

# The first SAC: a state value learns from the critics, the critics from the state value's target; no label is detached.
WITH_V = (
    sources.SAC[: sources.SAC.index("class Agent")]
    + """
class Value(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(o, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, s):
        return self.net(s)


class Agent:
    def __init__(self, o=5, a=3):
        self.policy, self.q1, self.q2 = Policy(o, a), Q(o, a), Q(o, a)
        self.value, self.value_target = Value(o), Value(o)
        nets = (self.policy, self.q1, self.q2, self.value)
        self.optimizers = [torch.optim.Adam(net.parameters(), 3e-4) for net in nets]
        self.buffer, self.gamma, self.tau = Buffer(5000, o, a), 0.99, 0.005

    def smaller(self, s, a):
        return torch.min(self.q1(s, a), self.q2(s, a))

    def step(self, which, loss):
        for i in which:
            self.optimizers[i].zero_grad()
        loss.backward(retain_graph=True)
        for i in which:
            self.optimizers[i].step()

    def learn(self, batch=64):
        s, a, r, s2, d = self.buffer.sample(batch)
        v2 = self.value_target(s2)
        mu, log_pi = self.policy.sample(s)
        y = self.smaller(s, mu) - log_pi
        self.step([3], F.mse_loss(self.value(s), y))
        mu, log_pi = self.policy.sample(s)
        self.step([0], (log_pi - self.smaller(s, mu)).mean())
        y = r + self.gamma * (1 - d) * v2
        self.step([1, 2], F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y))
        for p, t in zip(self.value.parameters(), self.value_target.parameters()):
            t.data.copy_(self.tau * p.data + (1 - self.tau) * t.data)
"""
)
LABEL = "y = self.smaller(s, mu) - log_pi\n"


@pytest.mark.parametrize(
    "changes",
    [
        [],
        [(LABEL, "y = (self.smaller(s, mu) - log_pi).detach()\n")],
        [(LABEL, "y = self.smaller(s, mu) - 0.2 * log_pi\n")],
        [("mse_loss(self.value(s), y)", "smooth_l1_loss(self.value(s), y, beta=1e6)")],
    ],
    ids=["not detached", "detached", "with a temperature", "another factor"],
)
def test_a_state_value_is_not_accused_of_having_no_reward(changes, load):
    report = examine_continuous(load(changed(WITH_V, changes)))
    assert not report.codes, str(report)
    assert any(
        text.startswith("state value agent.value: smallest of 2 online critics minus") for text in report.conventions
    )


def test_a_state_value_may_learn_from_a_weighted_mean_of_two_critics(load):
    both = "y = 0.75 * self.smaller(s, mu) + 0.25 * torch.max(self.q1(s, mu), self.q2(s, mu)) - log_pi\n"
    report = examine_continuous(load(changed(WITH_V, [(LABEL, both)])))
    assert not report.codes, str(report)
    assert any("0.75 of the smaller and 0.25 of the larger" in text for text in report.conventions)


@pytest.mark.parametrize("label", [LABEL, "y = self.smaller(s, mu)\n"], ids=["with log pi", "without"])
def test_a_label_without_an_entropy_beside_an_actor_with_one_is_noted(label, load):
    report = examine_continuous(load(changed(WITH_V, [(LABEL, label)])))
    assert not report.codes, str(report)
    assert ("label-entropy-missing" in {f.code for f in report.findings}) == (label != LABEL)


@pytest.mark.parametrize("share", [1.25, 0.5])
def test_weights_beyond_those_of_a_mean_stay_unexplained(share, load):
    """1.25 of the smaller and -0.25 of the larger, and 0.5 and 0.25: neither is a weighted mean."""
    larger = "torch.max(self.q1(s, mu), self.q2(s, mu))"
    both = f"y = {share} * self.smaller(s, mu) + {0.25 if share < 1 else -0.25} * {larger} - log_pi\n"
    report = examine_continuous(load(changed(WITH_V, [(LABEL, both)])))
    assert report.codes == {"unexplained"}, str(report)


@pytest.mark.parametrize(
    ("new", "level", "code"),
    [
        ("y = self.smaller(s, mu) + log_pi\n", "fault", "entropy-sign"),
        ("y = self.smaller(s, mu) - log_pi.sum()\n", "fault", "entropy-averaged"),
        ("y = torch.max(self.q1(s, mu), self.q2(s, mu)) - log_pi\n", "fault", "max-of-twins"),
    ],
)
def test_what_is_wrong_with_a_state_value_is_told(new, level, code, load):
    report = examine_continuous(load(changed(WITH_V, [(LABEL, new)])))
    assert {(f.level, f.code) for f in report.findings if f.level in {"fault", "suspicion"}} == {(level, code)}, report


_LOG_PI = "log_pi = (normal.log_prob(u) - torch.log(1 - a.pow(2) + 1e-6)).sum(1, keepdim=True)"
_SOFTMAX = ("a = torch.tanh(u)", "a = torch.softmax(u, 1)")
_SIGMOID = ("a = torch.tanh(u)", "a = torch.sigmoid(u)")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ([(_LOG_PI, "log_pi = normal.log_prob(u).sum(1, keepdim=True)")], "log-prob-uncorrected"),
        ([(_LOG_PI, _LOG_PI.replace("- torch.log", "+ torch.log"))], "log-prob-correction"),
        ([(_LOG_PI, _LOG_PI.replace("log_prob(u)", "log_prob(a)"))], "log-prob-other-action"),
        ([(_LOG_PI, "log_pi = normal.entropy().sum(1, keepdim=True)")], "entropy-sign"),
        ([_SOFTMAX], "log-prob-correction"),
        ([_SOFTMAX, (_LOG_PI, "log_pi = normal.log_prob(u).sum(1, keepdim=True)")], "log-prob-uncorrected"),
        ([_SIGMOID, (_LOG_PI, _LOG_PI.replace("1 - a.pow(2)", "a * (1 - a)"))], ""),
    ],
    ids=["uncorrected", "plus", "at a", "entropy", "softmax", "softmax uncorrected", "sigmoid, right"],
)
def test_log_pi_in_a_state_value_is_that_of_the_action_shown(changes, code, load):
    report = examine_continuous(load(changed(WITH_V, changes)))
    assert {f.code for f in report.of("fault")} == ({code} if code else set()), str(report)


def test_a_state_value_beside_an_actor_that_learns_from_log_pi_is_not_accused(load):
    """Its label is not detached, so that its pass ends at the critics: in some updates at one row of one of them."""
    times = "(log_pi * (log_pi - self.smaller(s, mu) + self.value(s)).detach()).mean()"
    ratio = [("u = normal.rsample()", "u = normal.sample()"), ("(log_pi - self.smaller(s, mu)).mean()", times)]
    report = examine_continuous(load(changed(WITH_V, ratio)))
    assert not report.codes, str(report)


def test_the_critics_own_fault_is_named_beside_a_state_value(load):
    report = examine_continuous(
        load(changed(WITH_V, [("y = r + self.gamma * (1 - d) * v2", "y = r + self.gamma * v2")]))
    )
    assert report.codes == {"mask-missing"}, str(report)


def test_a_gradient_that_is_not_zeroed_is_no_swept_one(load):
    swept = "for i in which:\n            self.optimizers[i].zero_grad()\n        loss.backward"
    report = examine_continuous(load(changed(WITH_V, [(swept, "loss.backward")])))
    assert "grads-not-zeroed" in report.codes, str(report)


def test_a_target_that_follows_and_is_never_asked(load):
    report = examine_dqn(load(changed(sources.DQN, [(V, "v = self.net(s2).max(1).values")])))
    assert report.codes == {"td-online"}, str(report)


def test_no_target_network_at_all_is_a_choice(load):
    changes = [
        (V, "v = self.net(s2).max(1).values"),
        ("        self.sync()\n", ""),
        (COPY, "self.target = None\n        self.optimizer"),
    ]
    report = examine_dqn(load(changed(sources.DQN, changes)))
    assert not report.codes, str(report)
    assert {f.code for f in report.findings} == {"no-target"}


def test_a_target_that_is_mixed_with_itself_never_follows(load):
    own = "for p, t in zip(net.parameters(), target.parameters()):"
    changes = [(own, "for p, t in zip((target if net is self.q2 else net).parameters(), target.parameters()):")]
    report = examine_continuous(load(changed(sources.SAC, changes)))
    assert report.codes == {"one-target-never"}, str(report)


def test_a_target_with_a_small_tau_follows(load):
    report = examine_dqn(
        load(changed(sources.DQN, [("self.tau, self.batch = 0.99, 0.01, 32", "self.tau, self.batch = 0.99, 1e-4, 32")]))
    )
    assert report.verdict == "nothing to object to", str(report)


NOTEBOOK = """

agent, target_net, q_net = None, None, None


def start():
    global agent, target_net, q_net
    agent = Agent()
    q_net, target_net = agent.net, agent.target
    return {"agent": agent, "learn": learn, "update_target": update_target, "q_net": q_net, "target_net": target_net}


def update_target():
    return q_net, target_net


def learn():
    agent.target, agent.net = target_net, q_net
    agent.learn()
"""


def examine_notebook(load, changes):
    names = load(changed(sources.DQN + NOTEBOOK, changes))
    seed_all(0)
    return examine(
        names.start, lambda ns, t: ns["agent"].remember(*t.as_tuple()), lambda ns: ns["learn"](), n_actions=4
    )


def test_a_target_that_is_reached_as_a_global_and_through_functions_is_no_alias(load):
    report = examine_notebook(load, [])
    assert report.verdict == "nothing to object to", str(report)


def test_a_global_target_that_is_the_online_network_is_one(load):
    report = examine_notebook(load, [("= agent.net, agent.target", "= agent.net, agent.net")])
    assert report.codes == {"alias"}, str(report)


RARELY = [
    ("self.gamma, self.tau", "self.updates, self.copy_every = 0, 5000\n        self.gamma, self.tau"),
    (
        "        self.sync()\n",
        "        self.updates += 1\n"
        "        if self.updates % self.copy_every == 0:\n"
        "            self.target.load_state_dict(self.net.state_dict())\n",
    ),
]


@pytest.mark.parametrize("first", [False, True], ids=["counted before", "counted after"])
def test_a_target_that_is_copied_every_5000th_update_is_seen(first, load):
    changes = list(RARELY)
    if first:
        counted = "        self.updates += 1\n"
        changes[1] = (RARELY[1][0], RARELY[1][1].replace(counted, "") + counted)
    module = load(changed(sources.DQN, changes))
    report = examine_dqn(module)
    assert report.verdict == "nothing to object to", str(report)
    assert "agent.target: copied now and then" in report.conventions


def test_a_counter_set_forward_is_put_back_and_copies_nothing_by_itself(load):
    never = [RARELY[0], (RARELY[1][0], "        self.updates += 1\n")]
    made = []
    module = load(changed(sources.DQN, never))
    kind = module.Agent
    module.Agent = lambda *dims: made.append(kind(*dims)) or made[-1]
    report = examine_dqn(module)
    assert [(f.level, f.code) for f in report.findings] == [("not seen", "target-not-seen")], str(report)
    assert made[0].updates < 1000


@pytest.mark.parametrize("size", [300, 1000])
def test_a_batch_larger_than_what_is_stored_at_first(size, load):
    changes = [
        ("self.tau, self.batch = 0.99, 0.01, 32", f"self.tau, self.batch = 0.99, 0.01, {size}"),
        ("        if len(self.memory) < self.batch:\n            return\n", ""),
    ]
    report = examine_dqn(load(changed(sources.DQN, changes)))
    assert report.verdict == "nothing to object to", str(report)


def test_an_update_that_always_raises_says_so(load):
    report = examine_dqn(load(changed(sources.DQN, [("s, a, r, s2, d = self.sample()", "raise ValueError('always')")])))
    assert [(f.level, f.code) for f in report.findings] == [("not seen", "crashed")], str(report)


def test_a_parameter_that_nothing_trains_is_no_part_that_was_left_out(load):
    untrained = "        self.head = nn.Linear(64, a)\n"
    changes = [
        (untrained, untrained + "        self.sigma = nn.Parameter(torch.full((64,), 0.5), requires_grad=False)\n")
    ]
    report = examine_dqn(load(changed(sources.DQN, changes)))
    assert report.verdict == "nothing to object to", str(report)
