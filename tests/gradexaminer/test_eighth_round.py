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
