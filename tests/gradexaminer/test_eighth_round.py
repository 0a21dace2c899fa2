"""Weights lent to a network, broadcasts by their names, ensembles in one tensor, and one report for one program."""

from __future__ import annotations

import pytest

from gradexaminer import examine
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn, seed_all
from tests.gradexaminer.sources import changed

SEEDS = (0, 1, 2)
CALL = "torch.func.functional_call"
TARGET_IN_A_DICT = [
    ("self.net, self.target = Net(o, a), Net(o, a)", "self.net = Net(o, a)"),
    (
        "self.target.load_state_dict(self.net.state_dict())",
        "self.target = {k: p.detach().clone() for k, p in self.net.named_parameters()}",
    ),
    (sources.V, f"v = {CALL}(self.net, self.target, (s2,)).max(1).values"),
    ("zip(self.target.parameters(), self.net.parameters())", "zip(self.target.values(), self.net.parameters())"),
]
NEW_DICT = [
    *TARGET_IN_A_DICT,
    (
        "        for t, p in zip(self.target.values(), self.net.parameters()):\n            " + sources.SYNC,
        "        self.target = {k: self.tau * p.detach() + (1 - self.tau) * self.target[k]\n"
        "                       for k, p in self.net.named_parameters()}",
    ),
]
BOTH_IN_DICTS = [
    (
        "self.net, self.target = Net(o, a), Net(o, a)",
        "self.net = Net(o, a)\n        given = self.net.named_parameters\n"
        "        self.params = {k: p.detach().clone().requires_grad_() for k, p in given()}\n"
        "        self.target_params = {k: p.detach().clone() for k, p in given()}",
    ),
    ("torch.optim.Adam(self.net.parameters()", "torch.optim.Adam(self.params.values()"),
    ("self.net(s)", f"{CALL}(self.net, self.params, (s,))"),
    (sources.V, f"v = {CALL}(self.net, self.target_params, (s2,)).max(1).values"),
    (
        "zip(self.target.parameters(), self.net.parameters())",
        "zip(self.target_params.values(), self.params.values())",
    ),
    (sources.COPY, "self.optimizer"),
]
OF_A_TARGET_NETWORK = [
    (sources.V, f"v = {CALL}(self.net, dict(self.target.named_parameters()), (s2,)).max(1).values"),
]
ACTOR_CRITIC_IN_DICTS = [
    (
        "(copy.deepcopy(x) for x in (self.actor, self.q1, self.q2))",
        "({k: p.detach().clone() for k, p in x.named_parameters()} for x in (self.actor, self.q1, self.q2))",
    ),
    ("self.actor_target(s2)", f"{CALL}(self.actor, self.actor_target, (s2,))"),
    ("self.q1_target(s2, a2)", f"{CALL}(self.q1, self.q1_target, (s2, a2))"),
    ("self.q2_target(s2, a2)", f"{CALL}(self.q2, self.q2_target, (s2, a2))"),
    ("target.parameters())", "target.values())"),
]
SOFT = "soft update, tau"


@pytest.mark.parametrize("changes", [TARGET_IN_A_DICT, BOTH_IN_DICTS, OF_A_TARGET_NETWORK])
def test_weights_in_a_dict_are_a_network(changes, load):
    for seed in SEEDS:
        report = examine_dqn(load(changed(sources.DQN, changes)), seed)
        assert report.verdict == "nothing to object to", str(report)
        assert "max of the target network" in str(report)
        assert SOFT in str(report)


@pytest.mark.parametrize("changes", [TARGET_IN_A_DICT, BOTH_IN_DICTS, NEW_DICT])
def test_a_fault_beside_weights_in_a_dict_is_named(changes, load):
    wrong = [*changes, ("* (1 - d) * v", "* v")]
    assert examine_dqn(load(changed(sources.DQN, wrong))).codes == {"mask-missing"}


def test_a_new_dict_each_time_is_not_accused(load):
    for seed in SEEDS:
        report = examine_dqn(load(changed(sources.DQN, NEW_DICT)), seed)
        assert not report.codes, str(report)


def test_target_actor_and_critics_in_dicts_are_recognized(load):
    for seed in SEEDS:
        report = examine_continuous(load(changed(sources.TD3, ACTOR_CRITIC_IN_DICTS)), seed)
        assert report.verdict == "nothing to object to", str(report)
        assert str(report).count("smallest of 2 target critics") == 1
    wrong = load(changed(sources.TD3, [*ACTOR_CRITIC_IN_DICTS, ("actor_loss = -self", "actor_loss = self")]))
    assert examine_continuous(wrong).codes == {"actor-sign"}


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


def test_weights_that_meet_errors_of_another_shape_are_suspected(load):
    averaged = load(changed(sources.DQN, [(sources.LOSS, AVERAGED)]))
    own = load(changed(sources.DQN, [(sources.LOSS, AVERAGED.replace("(32, 1)", "32"))]))
    alike = load(changed(sources.DQN, [(sources.LOSS, AVERAGED.replace("rand", "ones"))]))
    for seed in SEEDS:
        assert examine_dqn(averaged, seed).codes == {"weights-averaged"}
        assert not examine_dqn(own, seed).codes
        assert not examine_dqn(alike, seed).codes


@pytest.mark.parametrize(
    ("low", "squash", "codes"),
    [(0.0, "torch.tanh", {"action-units"}), (0.0, "torch.sigmoid", set()), (-1.0, "torch.tanh", set())],
)
def test_an_actor_that_reaches_beyond_the_stored_actions_is_suspected(low, squash, codes, load):
    module = load(changed(sources.TD3, [("torch.tanh", squash), ("clamp(-1, 1)", f"clamp({low}, 1)")]))
    for seed in SEEDS:
        report = examine(
            lambda: module.Agent(5, 3),
            lambda agent, t: agent.buffer.add(*t.as_tuple()),
            lambda agent: agent.learn(),
            low=[low] * 3,
            high=[1.0] * 3,
            seed=seed,
        )
        assert report.codes == codes, str(report)


def test_a_stored_action_with_noise_in_the_label_is_named(load):
    module = load(changed(sources.TD3, [(sources._A2, "a2 = a")]))
    for seed in SEEDS:
        assert examine_continuous(module, seed).codes == {"target-action-replayed"}


ENSEMBLE = [
    (
        "nn.Linear(o + a, 64), nn.Linear(64, 64), nn.Linear(64, 1)",
        "(nn.Parameter(torch.randn(4, i, k) * 0.1) for i, k in ((o + a, 64), (64, 64), (64, 1)))",
    ),
    (
        "return self.l3(F.relu(self.l2(F.relu(self.l1(torch.cat([s, a], 1))))))",
        "x = torch.cat([s, a], 1).expand(4, -1, -1)\n        return F.relu(F.relu(x @ self.l1) @ self.l2) @ self.l3",
    ),
    *(change for change in sources._DDPG if change[0] not in {sources._V, sources._LOSS, "delay=2, noise=0.2"}),
    (sources._V, "v = self.q1_target(s2, a2).min(0).values"),
    (sources._LOSS, "loss = ((self.q1(s, a) - y) ** 2).mean(1).sum()"),
    (sources._ACTOR, "actor_loss = -self.q1(s, self.actor(s)).mean()"),
]
ENSEMBLE_FAULTS = {
    "mask-missing": ("* (1 - d) * v", "* v"),
    "max-of-twins": (".min(0).values", ".max(0).values"),
    "actor-sign": ("actor_loss = -self", "actor_loss = self"),
}


def test_an_ensemble_in_one_tensor_is_several_critics(load):
    module = load(changed(sources.TD3, ENSEMBLE))
    flat = load(changed(sources.TD3, [*ENSEMBLE, ("@ self.l3", "@ self.l3 + 0 * x[:, :, :1]"), ("- y)", "- y[None])")]))
    for seed in SEEDS:
        for one in (module, flat):
            report = examine_continuous(one, seed)
            assert report.verdict == "nothing to object to", str(report)
            assert "smallest of 4 target critics" in str(report)


@pytest.mark.parametrize("code", ENSEMBLE_FAULTS)
def test_a_fault_of_an_ensemble_is_named(code, load):
    module = load(changed(sources.TD3, [*ENSEMBLE, ENSEMBLE_FAULTS[code]]))
    for seed in SEEDS:
        assert examine_continuous(module, seed).codes == {code}


@pytest.mark.parametrize("source", ["DQN", "TD3", "SAC"])
def test_a_program_gets_one_report_whatever_was_drawn_before(source, load):
    """The agents sample with `random`, `np.random` and `torch`, each of which stands elsewhere in each process."""
    module = load(getattr(sources, source))
    told = set()
    for before in range(8):
        seed_all(before)
        report = examine(
            lambda: module.Agent(5, 4 if source == "DQN" else 3),
            lambda agent, t: (agent.remember if source == "DQN" else agent.buffer.add)(*t.as_tuple()),
            lambda agent: agent.learn(),
            **({"n_actions": 4} if source == "DQN" else {"low": [-1.0] * 3, "high": [1.0] * 3}),
        )
        told.add(str(report))
    assert len(told) == 1
    assert not report.codes


CLIPPED = [
    (
        "        alpha_loss.backward()\n",
        "        alpha_loss.backward()\n        nn.utils.clip_grad_norm_([self.log_alpha], 0.5)\n",
    )
]


def test_a_temperature_with_a_clipped_gradient_is_read_by_its_signs(load):
    right = load(changed(sources.SAC, CLIPPED))
    wrong = load(changed(sources.SAC, [*CLIPPED, ("alpha_loss = -(", "alpha_loss = (")]))
    for seed in SEEDS:
        report = examine_continuous(right, seed)
        assert report.verdict == "nothing to object to", str(report)
        assert "temperature: learned, its gradient clipped at 0.5" in report.conventions
        assert examine_continuous(wrong, seed).codes == {"temperature-sign"}


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


_SAMPLE = "s, a, r, s2, d = self.sample()"
MIRRORED = (
    f"{_SAMPLE}\n        flip = torch.rand(32) < 0.5\n"
    "        s, s2 = torch.where(flip[:, None], s.flip(1), s), torch.where(flip[:, None], s2.flip(1), s2)\n"
    "        a = torch.where(flip, torch.tensor([1, 0, 2, 3])[a], a)"
)
MIRRORED_FAULTS = {"mask-missing": ("* (1 - d) * v", "* v"), "minimum": (".max(1).values", ".min(1).values")}


def test_rows_that_are_mirrored_with_their_actions_are_not_accused(load):
    module = load(changed(sources.DQN, [(_SAMPLE, MIRRORED)]))
    for seed in SEEDS:
        report = examine_dqn(module, seed)
        assert report.verdict == "nothing to object to", str(report)
        assert "a part of the rows is mirrored: actions 0 and 1 are exchanged" in report.conventions


@pytest.mark.parametrize("code", MIRRORED_FAULTS)
def test_a_fault_in_mirrored_rows_is_named(code, load):
    module = load(changed(sources.DQN, [(_SAMPLE, MIRRORED), MIRRORED_FAULTS[code]]))
    assert examine_dqn(module).codes == {code}


@pytest.mark.parametrize("index", ["torch.tensor([1, 0, 2, 3])[a]", "torch.tensor([1, 2, 3, 0])[a]", "a.roll(1)"])
def test_actions_that_are_exchanged_in_all_rows_or_in_no_pairs_are(index, load):
    module = load(changed(sources.DQN, [(_SAMPLE, f"{_SAMPLE}\n        a = {index}")]))
    for seed in SEEDS:
        assert "wrong-column" in examine_dqn(module, seed).codes


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
