"""Networks wherever a program holds them: what is found, what is a target, and what is none."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradexaminer import examine
from gradexaminer.recording.discovery import is_container
from gradexaminer.recording.wrapping import wrap_instances
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_changed, examine_continuous, examine_dqn, seed_all, told
from tests.gradexaminer.sources import DQN, changed

SEEDS = (0, 1, 2)
RIGHT = "nothing to object to"
GLOBALS = (
    sources.DQN
    + """

net, target = Net(5, 4), Net(5, 4)
optimizer, memory = torch.optim.Adam(net.parameters(), 1e-3), []


def learn():
    rows = random.sample(memory, 32)
    s, a, r, s2, d = (torch.as_tensor(np.array(x)) for x in zip(*rows))
    with torch.no_grad():
        y = r.float() + 0.99 * (1 - d.float()) * target(s2).max(1).values
    loss = F.mse_loss(net(s).gather(1, a[:, None]).squeeze(1), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    target.load_state_dict(net.state_dict())
"""
)


def test_a_network_that_is_reached_in_two_ways_is_no_alias(load):
    m = load(GLOBALS)
    report = examine(
        lambda: vars(m), lambda x, t: x["memory"].append(t.as_tuple()), lambda x: x["learn"](), n_actions=4
    )
    assert report.verdict == "nothing to object to", str(report)


def test_an_alias_of_another_name_is_one(load):
    m = load(GLOBALS.replace("net, target = Net(5, 4), Net(5, 4)", "net = target = Net(5, 4)"))
    report = examine(
        lambda: vars(m), lambda x, t: x["memory"].append(t.as_tuple()), lambda x: x["learn"](), n_actions=4
    )
    assert "alias" in report.codes, str(report)


AROUND = '''
import copy
import random

import torch
import torch.nn.functional as F
from torch import nn


class Both(nn.Module):
    """Holds every network; its forward does nothing."""

    def __init__(self):
        super().__init__()
        self.policy = nn.Sequential(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 2), nn.Tanh())
        self.q = nn.Sequential(nn.Linear(7, 64), nn.ReLU(), nn.Linear(64, 1))
        self.policy_targ, self.q_targ = copy.deepcopy(self.policy), copy.deepcopy(self.q)
        self.steps = [torch.optim.Adam(x.parameters(), 1e-3) for x in (self.q, self.policy)]

    def forward(self, x):
        pass

    def act(self, s):
        return 2 * self.policy(s)

    def target_act(self, s):
        return 2 * self.policy_targ(s)

    def value(self, s, a):
        return self.q(torch.cat([s, a], 1))

    def learn(self, memory):
        s, a, r, s2, d = (torch.as_tensor([list(x) if hasattr(x, "__len__") else [float(x)] for x in xs]).float()
                          for xs in zip(*random.sample(memory, 64)))
        y = r + 0.99 * (1 - d) * self.q_targ(torch.cat([s2, self.target_act(s2)], 1)).detach()
        for step, loss in zip(self.steps, (lambda: F.mse_loss(self.value(s, a), y),
                                           lambda: -self.value(s, self.act(s)).mean())):
            step.zero_grad()
            loss().backward()
            step.step()
        for net, target in ((self.q, self.q_targ), (self.policy, self.policy_targ)):
            for p, t in zip(net.parameters(), target.parameters()):
                t.data.lerp_(p.data, 0.01)
'''


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [("", "", set()), ("return 2 * self.policy_targ(s)", "return self.policy_targ(s)", {"target-action-units"})],
    ids=["right", "target action without its factor"],
)
def test_a_module_whose_forward_does_nothing_holds_networks(old, new, codes, load):
    m = load(AROUND.replace(old, new))
    x = (m.Both(), [])
    report = examine(
        lambda: x, lambda x, t: x[1].append(t.as_tuple()), lambda x: x[0].learn(x[1]), low=[-2.0] * 2, high=[2.0] * 2
    )
    assert report.codes == codes, str(report)


CLOSURE = """    def __init__(self, o, a):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(o, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.value, self.head = nn.Linear(64, 1), nn.Linear(64, a)

        def forward(x):
            x = self.body(x)
            a = self.head(x)
            return self.value(x) + a - {mean}

        self.forward = forward
"""
PLAIN = sources.DQN[sources.DQN.index("    def __init__(self, o, a)") : sources.DQN.index("\n\nclass Agent")]


@pytest.mark.parametrize(
    ("mean", "codes"), [("a.mean(1, keepdim=True)", set()), ("a.mean()", {"advantage-averaged"})], ids=["row", "batch"]
)
def test_a_forward_that_the_constructor_defines(mean, codes, load):
    report = examine_changed(load, (PLAIN, CLOSURE.format(mean=mean)))
    assert report.codes == codes, str(report)


def test_a_recorded_network_of_pytorchs_own_class_is_no_container():
    net = nn.Sequential(nn.Sequential(nn.Linear(5, 64), nn.ReLU()), nn.Linear(64, 4))
    with ExitStack() as stack:
        wrap_instances([net], lambda it, _name, method, args, kwargs: method(it, *args, **kwargs), stack)
        assert not is_container(net)
        assert net(torch.zeros(2, 5)).shape == (2, 4)
    assert "forward" not in vars(net)


FEATURES = [
    (
        "class Actor(nn.Module):",
        "class Features(nn.Module):\n    def __init__(self, o):\n        super().__init__()\n"
        "        self.l1, self.l2, self.drop = nn.Linear(o, 32), nn.Linear(32, 12), nn.Dropout(0.1)\n\n"
        "    def forward(self, s):\n        return torch.tanh(self.l2(self.drop(F.relu(self.l1(s)))))\n\n\n"
        "class Actor(nn.Module):",
    ),
    ("def forward(self, s, a):", "def forward(self, x):"),
    ("self.l1(torch.cat([s, a], 1))", "self.l1(x)"),
    (
        "self.actor, self.q1, self.q2 = Actor(o, a), Critic(o, a), Critic(o, a)",
        "self.features, self.actor, self.q1 = Features(o), Actor(12, a), Critic(12, a)",
    ),
    (
        "self.actor_target, self.q1_target, self.q2_target = (",
        "self.features_target = copy.deepcopy(self.features)\n        self.actor_target, self.q1_target = (",
    ),
    (
        "(self.actor, self.q1, self.q2))",
        "(self.actor, self.q1))",
    ),
    ("[*self.q1.parameters(), *self.q2.parameters()]", "[*self.features.parameters(), *self.q1.parameters()]"),
    ("a2 = self.actor_target(s2)\n", "h2 = self.features_target(s2)\n            a2 = self.actor_target(h2)\n"),
    (
        "torch.min(self.q1_target(s2, a2), self.q2_target(s2, a2))",
        "self.q1_target(torch.cat([h2, a2], 1))",
    ),
    (
        "F.mse_loss(self.q1(s, a), y) + F.mse_loss(self.q2(s, a), y)",
        "F.mse_loss(self.q1(torch.cat([self.features(s), a], 1)), y)",
    ),
    (
        "actor_loss = -self.q1(s, self.actor(s)).mean()",
        "h = self.features(s).detach()\n            actor_loss = -self.q1(torch.cat([h, self.actor(h)], 1)).mean()",
    ),
    ("self.soft(self.q2, self.q2_target)", "self.soft(self.features, self.features_target)"),
]
FEATURE_FAULTS = {
    "actor-sign": ("= -self.q1(torch", "= self.q1(torch"),
    "mask-missing": ("* (1 - d) * v", "* v"),
    "actor-replayed": ("self.actor(h)], 1)).mean", "a], 1)).mean"),
}


def test_features_that_are_learned_beside_a_stored_action_are_the_critics(load):
    """The joined input carries a gradient; the action in it does not."""
    module = load(changed(sources.TD3, FEATURES))
    for seed in SEEDS:
        report = examine_continuous(module, seed)
        assert report.verdict == "nothing to object to", str(report)


@pytest.mark.parametrize("code", FEATURE_FAULTS)
def test_a_fault_behind_such_features_is_named(code, load):
    module = load(changed(sources.TD3, [*FEATURES, FEATURE_FAULTS[code]]))
    for seed in SEEDS:
        assert examine_continuous(module, seed).codes == {code}


def test_a_critic_that_no_optimizer_holds_is_not_called_a_target(load):
    third = [
        (
            "self.actor, self.q1, self.q2 = Actor(o, a), Critic(o, a), Critic(o, a)",
            "self.actor, self.q1, self.q2, self.q3 = Actor(o, a), Critic(o, a), Critic(o, a), Critic(o, a)\n"
            "        self.q3_target = copy.deepcopy(self.q3)",
        ),
        (sources._LOSS, sources._LOSS + " + F.mse_loss(self.q3(s, a), y)"),
        (
            sources._ACTOR,
            "mu = self.actor(s)\n"
            "            actor_loss = -(self.q1(s, mu) + self.q2(s, mu) + self.q3(s, mu)).mean() / 3",
        ),
        (sources._V, sources._V.replace("torch.min(", "torch.min(self.q3_target(s2, a2), torch.min(") + ")"),
        (
            "            self.soft(self.q2, self.q2_target)",
            "            self.soft(self.q2, self.q2_target)\n            self.soft(self.q3, self.q3_target)",
        ),
    ]
    held = ("*self.q2.parameters()]", "*self.q2.parameters(), *self.q3.parameters()]")
    assert examine_continuous(load(changed(sources.TD3, third))).codes == {"optimizer-elsewhere"}
    assert not examine_continuous(load(changed(sources.TD3, [*third, held]))).codes


BOTH_INSIDE = [
    (
        "class Agent:",
        "class Both(nn.Module):\n    def __init__(self, o, a):\n        super().__init__()\n"
        "        self.online = nn.Sequential(nn.Linear(o, 64), nn.ReLU(), nn.Linear(64, a))\n"
        "        self.target = copy.deepcopy(self.online)\n        self.target.requires_grad_(False)\n\n"
        "    def forward(self, x, which):\n        return getattr(self, which)(x)\n\n\nclass Agent:",
    ),
    ("self.net, self.target = Net(o, a), Net(o, a)", "self.net = Both(o, a)"),
    ("        self.target.load_state_dict(self.net.state_dict())\n", ""),
    ("self.net(s).gather", "self.net(s, 'online').gather"),
    (
        sources.V,
        "best = self.net(s2, 'online').argmax(1, keepdim=True)\n"
        "            v = self.net(s2, 'target').gather(1, best).squeeze(1)",
    ),
    (
        "zip(self.target.parameters(), self.net.parameters())",
        "zip(self.net.target.parameters(), self.net.online.parameters())",
    ),
]


def test_a_target_inside_of_the_same_module_is_told_from_the_online_network(load):
    module = load(changed(sources.DQN, BOTH_INSIDE))
    wrong = load(changed(sources.DQN, [*BOTH_INSIDE, ("self.net(s2, 'target')", "self.net(s2, 'online')")]))
    for seed in SEEDS:
        report = examine_dqn(module, seed)
        assert report.verdict == "nothing to object to", str(report)
        assert "double DQN" in report.conventions
        assert examine_dqn(wrong, seed).codes == {"td-online"}


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


OWN_LAYERS = """
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
    right = load(changed(sources.SAC, [("class Q(nn.Module):", OWN_LAYERS), (net, own)]))
    for seed in SEEDS:
        assert examine_continuous(right, seed).verdict == RIGHT


class Scripted:
    """A DDPG whose networks are scripted."""

    def __init__(self) -> None:
        make = lambda i, o: torch.jit.script(nn.Sequential(nn.Linear(i, 32), nn.ReLU(), nn.Linear(32, o)))  # noqa: E731
        self.actor, self.actor_target, self.critic, self.critic_target = make(5, 3), make(5, 3), make(8, 1), make(8, 1)
        self.actor_optim = torch.optim.Adam(self.actor.parameters(), 1e-3)
        self.critic_optim = torch.optim.Adam(self.critic.parameters(), 1e-3)
        self.gamma = 0.99

    def learn(self, batch, masked: bool = True) -> None:
        s, a, r, s2, d = batch.tensors(column=True)
        with torch.no_grad():
            v = self.critic_target(torch.cat([s2, torch.tanh(self.actor_target(s2))], 1))
        loss = F.mse_loss(self.critic(torch.cat([s, a], 1)), r + self.gamma * (1 - d * masked) * v)
        self.critic_optim.zero_grad()
        loss.backward()
        self.critic_optim.step()
        loss = -self.critic(torch.cat([s, torch.tanh(self.actor(s))], 1)).mean()
        self.actor_optim.zero_grad()
        loss.backward()
        self.actor_optim.step()
        for one, target in ((self.actor, self.actor_target), (self.critic, self.critic_target)):
            for p, t in zip(one.parameters(), target.parameters(), strict=True):
                t.data.copy_(0.005 * p.data + 0.995 * t.data)


@pytest.mark.parametrize("masked", [True, False])
def test_scripted_networks_are_examined_as_they_are(masked):
    seed_all(0)
    report = examine(Scripted, update=lambda agent, b: agent.learn(b, masked), low=[-1.0] * 3, high=[1.0] * 3)
    assert told(report) == ([] if masked else [("fault", "mask-missing")])


NET = DQN[DQN.index("class Net(") : DQN.index("class Agent")]
SEQUENTIAL = """class Net(nn.Sequential):
    def __init__(self, o, a):
        super().__init__(nn.Linear(o, 64), nn.ReLU(), nn.Linear(64, a))


"""
ASKED = [
    (NET, SEQUENTIAL),
    ("q = self.net(s)", "q = self.net.forward(s)"),
    ("self.target(s2)", "self.target.forward(s2)"),
]


@pytest.mark.parametrize("changes", [ASKED[:1], ASKED], ids=["called", "by its forward"])
def test_a_network_that_is_a_sequential_of_its_own_class_is_seen(load, changes):
    right, wrong = load(changed(DQN, changes)), load(changed(DQN, [*changes, ("* (1 - d) *", "*")]))
    for seed in SEEDS:
        assert examine_dqn(right, seed).verdict == RIGHT
        assert told(examine_dqn(wrong, seed)) == [("fault", "mask-missing")]


def test_a_network_with_more_outputs_than_actions_asks_for_their_number(load):
    module = load(sources.DQN)
    report = examine(
        lambda: module.Agent(5, 6),
        lambda agent, t: agent.remember(*t.as_tuple()),
        lambda agent: agent.learn(),
        n_actions=4,
    )
    (found,) = report.of("not seen")
    assert (found.code, found.evidence) == (
        "critic-not-seen",
        "agent.net returns 6 numbers for each state, and n_actions is 4: try n_actions=6",
    )


_HEADS = "self.mean(h), self.log_std(h).clamp(-5, 2)"
WITHOUT_FORWARD = [
    (f"    def forward(self, s):\n        h = self.body(s)\n        return {_HEADS}\n", ""),
    ("mean, log_std = self(s)", f"h = self.body(s)\n        mean, log_std = {_HEADS}"),
]


def test_heads_on_a_trunk_are_one_network_without_a_forward_of_its_own(load):
    def examined(changes, seed):
        agent = load(changed(sources.SAC, [*WITHOUT_FORWARD, ("o=5, a=3", "o=5, a=1"), *changes])).Agent
        seed_all(seed)
        return examine(
            agent,
            lambda one, t: one.buffer.add(*t.as_tuple()),
            lambda one: one.learn(),
            low=[-1.0],
            high=[1.0],
            seed=seed,
        )

    for seed in SEEDS:
        assert examined([], seed).verdict == RIGHT
        assert told(examined([("- alpha * log_pi2", "+ alpha * log_pi2")], seed)) == [("fault", "entropy-sign")]
