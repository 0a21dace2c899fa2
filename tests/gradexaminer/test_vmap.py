"""Ensembles whose weights stand side by side, asked through `torch.vmap`."""

from __future__ import annotations

import pytest

from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn
from tests.gradexaminer.sources import changed
from tests.gradexaminer.test_critic_shapes import ENSEMBLE_FAULTS

SEEDS = (0, 1, 2)
STACKED = [
    (
        "class Agent:\n",
        "def ensemble(one, weights, s, a):\n"
        "    ask = lambda w, s, a: torch.func.functional_call(one, w, (s, a))\n"
        "    return torch.vmap(ask, in_dims=(0, None, None))(weights, s, a)\n\n\n"
        "class Agent:\n",
    ),
    (
        "self.actor, self.q1, self.q2 = Actor(o, a), Critic(o, a), Critic(o, a)\n",
        "self.actor, critics = Actor(o, a), [Critic(o, a) for _ in range(4)]\n"
        "        self.one = copy.deepcopy(critics[0]).to('meta')\n"
        "        self.weights, _ = torch.func.stack_module_state(critics)\n"
        "        self.weights_target = {k: w.detach().clone() for k, w in self.weights.items()}\n",
    ),
    (
        "self.actor_target, self.q1_target, self.q2_target = (copy.deepcopy(x) for x in "
        "(self.actor, self.q1, self.q2))",
        "self.actor_target = copy.deepcopy(self.actor)",
    ),
    ("[*self.q1.parameters(), *self.q2.parameters()]", "self.weights.values()"),
    (sources._V, "v = ensemble(self.one, self.weights_target, s2, a2).min(0).values"),
    (sources._LOSS, "loss = ((ensemble(self.one, self.weights, s, a) - y) ** 2).mean(1).sum()"),
    ("-self.q1(s, self.actor(s)).mean()", "-ensemble(self.one, self.weights, s, self.actor(s)).mean()"),
    (
        "            self.soft(self.q1, self.q1_target)\n            self.soft(self.q2, self.q2_target)\n",
        "            for k, w in self.weights.items():\n"
        "                self.weights_target[k].mul_(1 - self.tau).add_(self.tau * w.data)\n",
    ),
]


def test_an_ensemble_through_vmap_is_several_critics(load):
    module = load(changed(sources.TD3, STACKED))
    for seed in SEEDS:
        report = examine_continuous(module, seed)
        assert report.verdict == "nothing to object to", str(report)
        assert "smallest of 4 target critics" in str(report)


FAULTS = ENSEMBLE_FAULTS | {"actor-sign": ("actor_loss = -ensemble", "actor_loss = ensemble")}


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_of_an_ensemble_through_vmap_is_named(code, load):
    module = load(changed(sources.TD3, [*STACKED, FAULTS[code]]))
    for seed in SEEDS:
        assert examine_continuous(module, seed).codes == {code}


def test_weights_in_a_list_are_an_ensemble_too(load):
    """As `functorch` hands them out: no names, and one list for each of the two ensembles."""
    text = changed(sources.TD3, STACKED)
    names = "dict(zip(dict(one.named_parameters()), w))"
    text = text.replace("(one, w, (s, a))", f"(one, {names}, (s, a))")
    text = text.replace("self.weights, s", "list(self.weights.values()), s")
    text = text.replace("self.weights_target, s", "list(self.weights_target.values()), s")
    for seed in SEEDS:
        report = examine_continuous(load(text), seed)
        assert report.verdict == "nothing to object to", str(report)
        assert "smallest of 4 target critics" in str(report)


def test_a_batch_through_vmap_is_no_ensemble(load):
    """Networks that are asked about one row at a time: those calls stay hidden, and that is said."""
    by_rows = [
        ("q = self.net(s).gather", "q = torch.vmap(lambda x: self.net(x['s']))({'s': s}).gather"),
    ]
    report = examine_dqn(load(changed(sources.DQN, by_rows)))
    assert not report.codes, str(report)
    assert report.of("not seen")
