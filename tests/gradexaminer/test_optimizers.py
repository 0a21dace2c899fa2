"""Optimizers and backward passes: weights that no step reaches, gradients that come too late."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gradexaminer import watch
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn, told
from tests.gradexaminer.sources import TD3, changed

SEEDS = (0, 1, 2)
RIGHT = "nothing to object to"


def test_a_twin_whose_gradient_arrives_after_the_step_is_untrained(load):
    """Both heads are one module's; a second optimizer, of a critic that nobody asks, steps after the second loss."""
    apart = (
        sources._LOSS
        + "\n        self.q_optimizer.zero_grad()\n        loss.backward()\n        self.q_optimizer.step()\n"
    )
    first = "q1, q2 = self.twins(s, a)\n        loss = F.mse_loss(q1, y)\n        loss2 = F.mse_loss(q2, y)\n"
    step = "        self.q_optimizer.zero_grad()\n        loss.backward()\n        self.q_optimizer.step()\n"
    twins = (
        "class Twins(nn.Module):\n    def __init__(self, q1, q2):\n        super().__init__()\n"
        "        self.q1, self.q2 = q1, q2\n\n    def forward(self, s, a):\n"
        "        return self.q1(s, a), self.q2(s, a)\n\n\nclass Buffer:"
    )
    module_of_both = [
        ("class Buffer:", twins),
        (
            "        self.buffer, self.gamma",
            "        self.twins = Twins(self.q1, self.q2)\n"
            "        self.twins_target = Twins(self.q1_target, self.q2_target)\n        self.buffer, self.gamma",
        ),
        (sources._V, "v = torch.min(*self.twins_target(s2, a2))"),
    ]
    left = load(changed(sources.TD3, [*module_of_both, (apart, first + step + "        loss2.backward()\n")]))
    right = load(changed(sources.TD3, [*module_of_both, (apart, first + "        loss = loss + loss2\n" + step)]))
    for seed in SEEDS:
        assert examine_continuous(left, seed).codes == {"twin-untrained"}
        assert not examine_continuous(right, seed).codes


_LAST = "self.l3(F.relu(self.l2(F.relu(self.l1(torch.cat([s, a], 1))))))"
BY_HAND = "self.l3(F.relu(h @ self.l2.weight{} + self.l2.bias{}))"


@pytest.mark.parametrize("way", [".data.t()", ".t()"])
def test_weights_that_are_read_without_a_graph_are_suspected(way, load):
    told = {"partly-trained"} if "data" in way else set()
    body = "h = F.relu(self.l1(torch.cat([s, a], 1)))\n        return " + BY_HAND.format(way, ".data" if told else "")
    module = load(changed(sources.TD3, [(f"return {_LAST}", body)]))
    for seed in SEEDS:
        assert examine_continuous(module, seed).codes == told


def test_a_gradient_that_is_used_after_zero_grad_is_named(load):
    """PyTorch sets gradients to None, so that a clamp of them raises an error."""
    zero, rest = "        self.optimizer.zero_grad()\n", "        loss.backward()\n"
    clamp = "        for p in self.net.parameters():\n            p.grad.data.clamp_(-1, 1)\n"
    late = load(changed(sources.DQN, [(zero + rest, rest + zero + clamp)]))
    right = load(changed(sources.DQN, [(zero + rest, zero + rest + clamp)]))
    assert examine_dqn(late).codes == {"zeroed-before-step"}
    assert not examine_dqn(right).codes


def without_a_replay(make, *, masked: bool) -> None:
    """Learn from each step's own value, which is kept from when the action was chosen, in groups of 16."""
    env = make()
    q = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 3))
    optimizer = torch.optim.Adam(q.parameters(), 1e-3)
    s, loss, n = env.reset()[0], 0.0, 0
    while True:
        values = q(torch.from_numpy(s))
        a = int(values.argmax())
        s2, r, terminated, truncated, _ = env.step(a)
        with torch.no_grad():
            after = q(torch.from_numpy(s2)).max()
        loss, n = loss + (r + 0.99 * (1 - terminated * masked) * after - values[a]) ** 2, n + 1
        if n % 16 == 0:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss = 0.0
        s = env.reset()[0] if terminated or truncated else s2


@pytest.mark.parametrize("masked", [True, False])
def test_a_graph_that_lasts_from_step_to_step_is_not_broken_by_fresh_weights(masked):
    pytest.importorskip("gymnasium")
    for seed in SEEDS:
        report = watch(lambda make: without_a_replay(make, masked=masked), n_actions=3, obs=4, seed=seed)
        assert told(report) == ([] if masked else [("fault", "mask-missing")])


TWO = """
class Two(nn.Module):
    def __init__(self, o, a):
        super().__init__()
        self.one, self.other = Q(o, a), Q(o, a)

    def forward(self, s, a):
        return self.one(s, a), self.other(s, a)


class Agent:
    def __init__(self, o=5, a=3):
        self.policy, self.q, self.q_target = Policy(o, a), Two(o, a), Two(o, a)
        self.q_target.load_state_dict(self.q.state_dict())
        self.policy_optimizer = torch.optim.Adam(self.policy.parameters(), 3e-4)
        self.q_optimizer = torch.optim.Adam(self.q.{}parameters(), 3e-4)
        self.buffer, self.gamma, self.tau = Buffer(5000, o, a), 0.99, 0.005

    def learn(self, batch=64):
        s, a, r, s2, d = self.buffer.sample(batch)
        with torch.no_grad():
            a2, log_pi2 = self.policy.sample(s2)
            y = r + self.gamma * (1 - d) * (torch.min(*self.q_target(s2, a2)) - 0.2 * log_pi2)
        loss = sum(F.mse_loss(q, y) for q in self.q(s, a))
        self.q_optimizer.zero_grad()
        loss.backward()
        self.q_optimizer.step()
        mu, log_pi = self.policy.sample(s)
        actor_loss = (0.2 * log_pi - torch.min(*self.q(s, mu))).mean()
        self.policy_optimizer.zero_grad()
        actor_loss.backward()
        self.policy_optimizer.step()
        for p, t in zip(self.q.parameters(), self.q_target.parameters()):
            t.data.copy_(self.tau * p.data + (1 - self.tau) * t.data)
"""


def test_a_twin_within_one_module_that_no_optimizer_holds_is_named(load):
    start = sources.SAC.index("class Agent")
    right, wrong = (load(sources.SAC[:start] + TWO.format(part)) for part in ("", "one."))
    for seed in SEEDS:
        assert examine_continuous(right, seed).verdict == RIGHT
        assert ("fault", "twin-untrained") in told(examine_continuous(wrong, seed))
        assert not any(code == "partly-trained" for _, code in told(examine_continuous(wrong, seed)))


TWINS = "F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y)"
LEARN = f"""        loss = {TWINS}
        self.q_optimizer.zero_grad()
        loss.backward()
        self.q_optimizer.step()
"""
LAZY = """        losses = F.mse_loss(self.q1(s, a), y), F.mse_loss(self.q2(s, a), y)
        map(lambda loss: (self.q_optimizer.zero_grad(), loss.backward(), self.q_optimizer.step()), losses)
"""


def test_critics_whose_loss_never_goes_backward_are_named(load):
    lazy, logged = (
        load(changed(TD3, [(LEARN, LAZY)])),
        load(changed(TD3, [(LEARN, f"{LEARN}        (0 * {TWINS}).item()\n")])),
    )
    for seed in SEEDS:
        assert told(examine_continuous(lazy, seed)) == [("fault", "critic-untrained")]
        assert examine_continuous(logged, seed).verdict == RIGHT  # asked once more, for a chart
