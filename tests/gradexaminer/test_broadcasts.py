"""Shapes that broadcast in a label or a loss, by their own names."""

from __future__ import annotations

import pytest

from gradexaminer import examine
from gradexaminer.findings import FAULT, SUSPICION
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_changed, examine_continuous, examine_dqn, told
from tests.gradexaminer.sources import DQN, Q, V, Y, changed

SEEDS = (0, 1, 2)
TAKES_TENSORS = """
import copy
import torch
from torch import nn
import torch.nn.functional as F

def net(i, o, *last):
    return nn.Sequential(nn.Linear(i, 32), nn.ReLU(), nn.Linear(32, o), *last)

class Agent:
    def __init__(self, n, m):
        self.actor, self.critic = net(n, m, nn.Tanh()), net(n + m, 1)
        self.actor_target, self.critic_target = copy.deepcopy(self.actor), copy.deepcopy(self.critic)
        self.actor_opt = torch.optim.Adam(self.actor.parameters(), 1e-3)
        self.critic_opt = torch.optim.Adam(self.critic.parameters(), 1e-3)

    def learn(self, s, a, r, s2, d):
        with torch.no_grad():
            y = r + 0.98 * (1 - d) * self.critic_target(torch.cat([s2, self.actor_target(s2)], 1))
        loss = F.mse_loss(self.critic(torch.cat([s, a], 1)), y)
        self.critic_opt.zero_grad()
        loss.backward()
        self.critic_opt.step()
        loss = -self.critic(torch.cat([s, self.actor(s)], 1)).mean()
        self.actor_opt.zero_grad()
        loss.backward()
        self.actor_opt.step()
        for net, target in ((self.actor, self.actor_target), (self.critic, self.critic_target)):
            torch._foreach_lerp_(list(map(torch.Tensor.detach, target.parameters())), list(net.parameters()), 0.005)
"""


def test_values_of_the_other_shape_with_rewards_and_mask_of_theirs(load):
    """The rewards and the mask of all rows meet each row's own bootstrapped value."""
    other = (V, "v = self.target(s2).max(1, keepdim=True).values")
    loss = ("F.mse_loss(q, y)", "F.mse_loss(q[:, None], y)")
    report = examine_changed(load, other, loss)
    assert report.codes == {"broadcast"}, str(report)
    report = examine_changed(load, other, loss, (Y, "y = r[:, None] + self.gamma * (1 - d[:, None]) * v"))
    assert report.codes == set(), str(report)


HUBER = (sources.LOSS, "loss = F.smooth_l1_loss(q, y)")
OF_ONE_PART = {
    "the value": (V, "v = self.target(s2).max(1, keepdim=True).values"),
    "the value with its mask": (Y, "y = r + self.gamma * (1 - d[:, None]) * v[:, None]"),
    "the reward": (Y, "y = r[:, None] + self.gamma * (1 - d) * v"),
    "reward and mask": (Y, "y = r[:, None] + self.gamma * (1 - d[:, None]) * v"),
}


@pytest.mark.parametrize("part", OF_ONE_PART)
def test_a_part_of_another_shape_is_named_where_the_loss_is_hubers_too(part, load):
    one = load(changed(sources.DQN, [HUBER, OF_ONE_PART[part]]))
    column = load(changed(sources.DQN, [(sources.LOSS, "loss = F.smooth_l1_loss(q[:, None], y)"), OF_ONE_PART[part]]))
    for seed in SEEDS:
        assert told(examine_dqn(one, seed)) == told(examine_dqn(column, seed)) == [(FAULT, "broadcast")]


def test_rewards_of_another_size_behind_hubers_loss_are_a_convention_and_a_bound_of_the_value_no_other_order(load):
    double = load(changed(sources.DQN, [HUBER, (Y, Y.replace("r +", "2 * r +"))]))
    bounded = load(changed(sources.DQN, [HUBER, (V, f"{V}.clamp(min=0)")]))
    for seed in SEEDS:
        report = examine_dqn(double, seed)
        assert not told(report), str(report)
        assert "reward times 2" in report.conventions
        assert {code for _, code in told(examine_dqn(bounded, seed))} <= {"unexplained"}


_S_Y = "y = r + self.gamma * (1 - d) * v"
BROADCASTS = {
    "the value alone": ({"bootstrap-averaged"}, [(_S_Y, f"v = v.squeeze(1)\n            {_S_Y}")]),
    "the critics' value alone": (
        {"bootstrap-averaged"},
        [(sources._SV, sources._SV.replace(" - alpha", ".squeeze(1) - alpha"))],
    ),
    "the reward alone": ({"reward-averaged"}, [(_S_Y, _S_Y.replace("r +", "r.squeeze(1) +"))]),
    "reward and mask": (
        {"broadcast"},
        [(_S_Y, "y = r.squeeze(1) + self.gamma * (1 - d.squeeze(1)) * v")],
    ),
}


@pytest.mark.parametrize("name", BROADCASTS)
def test_a_broadcast_of_a_label_with_entropy_has_its_own_name(name, load):
    codes, changes = BROADCASTS[name]
    module = load(changed(sources.SAC, changes))
    for seed in SEEDS:
        report = examine_continuous(module, seed)
        assert report.codes == codes, str(report)


AVERAGED = "w = torch.rand(32, 1)\n        loss = (w * (q - y) ** 2).mean()"


def test_weights_that_meet_errors_of_another_shape_are_named(load):
    averaged = load(changed(sources.DQN, [(sources.LOSS, AVERAGED)]))
    own = load(changed(sources.DQN, [(sources.LOSS, AVERAGED.replace("(32, 1)", "32"))]))
    alike = load(changed(sources.DQN, [(sources.LOSS, AVERAGED.replace("rand", "ones"))]))
    for seed in SEEDS:
        assert told(examine_dqn(averaged, seed)) == [(FAULT, "weights-averaged")]
        assert not examine_dqn(own, seed).codes
        assert not examine_dqn(alike, seed).codes


KNOWN_WEIGHTS = {  # no two rows have the same weight, so that the weights themselves have to be known
    "of squares": "loss = (WEIGHTS * (q - y) ** 2).mean()",
    "of squares in columns": "loss = (WEIGHTS[:, None] * ((q - y) ** 2)[:, None]).mean()",
    "of Huber's": "loss = (F.smooth_l1_loss(q, y, reduction='none') * WEIGHTS).mean()",
    "of a sum": "loss = torch.sum(F.mse_loss(q, y, reduction='none') * WEIGHTS) / 32",
    "of errors": "loss = ((q - y) * WEIGHTS).pow(2).mean()",
}
WRONG_LABELS = {
    "mask-missing": [(sources.Y, "y = r + self.gamma * v")],
    "minimum": [(sources.V, "v = self.target(s2).min(1).values")],
    "reward-sign": [(sources.Y, "y = self.gamma * (1 - d) * v - r")],
    "gamma-other": [(sources.Y, "y = r + self.gamma**2 * (1 - d) * v")],
}


@pytest.mark.parametrize("name", KNOWN_WEIGHTS)
def test_labels_are_read_behind_weights_that_no_two_rows_share(name, load):
    weighted = [(sources.LOSS, KNOWN_WEIGHTS[name].replace("WEIGHTS", "(1e-4 + torch.rand(32) ** 4)"))]
    right = load(changed(sources.DQN, weighted))
    for seed in SEEDS:
        assert examine_dqn(right, seed).verdict == "nothing to object to"
    for code, wrong in WRONG_LABELS.items():
        report = examine_dqn(load(changed(sources.DQN, [*weighted, *wrong])))
        assert told(report) == [(FAULT, code)], str(report)


MEANS = {  # a loss that is a mean already, multiplied by the rows' weights
    "squares": "loss = (torch.rand(32) * F.mse_loss(q, y)).mean()",
    "Huber's": "loss = (torch.rand(32, 1) * F.smooth_l1_loss(q, y)).mean()",
    "Huber's of each row": "loss = (torch.rand(32, 1) * F.smooth_l1_loss(q, y, reduction='none')).mean()",
}


@pytest.mark.parametrize("name", MEANS)
def test_weights_of_a_loss_that_is_a_mean_are_named_and_a_factor_of_the_whole_loss_is_suspected(name, load):
    module = load(changed(sources.DQN, [(sources.LOSS, MEANS[name])]))
    scaled = load(changed(sources.DQN, [(sources.LOSS, "loss = torch.rand(()) * F.mse_loss(q, y)")]))
    for seed in SEEDS:
        assert told(examine_dqn(module, seed)) == [(FAULT, "weights-averaged")]
        assert told(examine_dqn(scaled, seed)) == [(SUSPICION, "weights-averaged")]


def test_the_root_of_the_mean_of_squares_is_a_loss_and_no_weight(load):
    root = load(changed(sources.DQN, [(sources.LOSS, "loss = F.mse_loss(q, y).sqrt()")]))
    near = load(changed(sources.DQN, [(sources.LOSS, "loss = F.mse_loss(q, y) ** 0.6")]))
    for seed in SEEDS:
        report = examine_dqn(root, seed)
        assert not told(report), str(report)
        assert any("root of the mean of squares" in words for words in report.conventions)
        assert told(examine_dqn(near, seed)) == [(SUSPICION, "weights-averaged")]


SEVERAL = [
    (Q, "q = self.net(s).gather(1, a[:, None])"),
    (V, "v = self.target(s).max(1, keepdim=True).values"),
    (Y, "y = r + self.gamma * v"),
]


def test_rewards_of_the_other_shape_are_named_beside_other_faults(load):
    wrong, without = load(changed(DQN, SEVERAL)), load(changed(DQN, [*SEVERAL[:2], (Y, "y = self.gamma * v + 0.5")]))
    for seed in SEEDS:
        assert {code for _, code in told(examine_dqn(wrong, seed))} == {
            "wrong-state",
            "mask-missing",
            "reward-averaged",
        }
        assert "reward-missing" in {code for _, code in told(examine_dqn(without, seed))}


def test_who_makes_the_batch_is_told_of_its_shapes_and_types(load):
    """An update that takes tensors with columns is right; what was handed over may not be."""
    module = load(TAKES_TENSORS)

    def examined(batch):
        make, update = (lambda: module.Agent(5, 3)), (lambda agent, b: agent.learn(*batch(b)))
        return examine(make, update=update, low=[-1] * 3, high=[1] * 3)

    assert not examined(lambda b: b.tensors(column=True)).codes
    (fault,) = examined(lambda b: b.tensors()).of(FAULT)
    assert (fault.code, "`b.tensors(column=True)`" in fault.evidence) == ("broadcast", True)
    (crashed,) = examined(lambda b: (b.obs, b.action, b.reward, b.next_obs, b.done)).findings
    assert (crashed.code, "the batch holds NumPy arrays: `b.tensors()`" in crashed.evidence) == ("crashed", True)


def test_a_loss_of_two_slopes_is_no_broadcast(load):
    """Of a pinball loss the rows on one side look flat, and one number is left on the other: no mean of labels is."""
    pinball = ("F.mse_loss(q, y)", "torch.maximum(0.9 * (y - q), 0.1 * (q - y)).mean()")
    report = examine_changed(load, pinball)
    assert not report.codes & {"broadcast", "reward-averaged", "bootstrap-averaged"}, str(report)
