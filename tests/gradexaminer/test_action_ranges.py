"""The actor's range beside the range of the actions that its critic learns from."""

from __future__ import annotations

import pytest

from gradexaminer import examine
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_range, seed_all, told
from tests.gradexaminer.sources import TANH, changed

SEEDS = (0, 1, 2)
_ADDED = "self.s[i], self.a[i], self.r[i], self.s2[i], self.d[i] = s, a,"
UNITS = {
    "stored actions divided, the actor's not": (
        {"high": 0.2},
        sources.SAC,
        [(_ADDED, _ADDED.replace(" a,", " a / 0.2,")), ("return a, log_pi", "return 0.2 * a, log_pi")],
    ),
    "the environment's actions stored, the actor's shown": ({"high": 2.0}, sources.TD3, sources._DDPG),
}
SAME_UNITS = {
    "stored actions divided, the actor's shown so": ({"high": 0.2}, [(_ADDED, _ADDED.replace(" a,", " a / 0.2,"))]),
    "the actor's actions multiplied": (
        {"high": 2.0},
        [(TANH, f"2 * {TANH}"), ("clamp(-1, 1)", "clamp(-2, 2)")],
    ),
    "stored actions divided, six rows in a batch": (
        {"high": 2.0},
        [(_ADDED, _ADDED.replace(" a,", " a / 2,")), ("batch=40", "batch=6")],
    ),
    "six actions": ({"high": 1.0, "size": 6}, []),
    "six actions, not squashed": (
        {"high": 5.0, "size": 6},
        [(TANH, TANH.replace("torch.tanh", "")), ("clamp(-1, 1)", "clamp(-5, 5)")],
    ),
}


@pytest.mark.parametrize("name", UNITS)
def test_an_actor_that_reaches_a_part_of_what_the_critic_learns_from_is_suspected(name, load):
    spaces, source, changes = UNITS[name]
    module = load(changed(source, changes))
    for seed in SEEDS:
        found = examine_range(module, seed, **spaces).of("suspicion")
        assert [f.code for f in found] == ["action-units"]


@pytest.mark.parametrize("name", SAME_UNITS)
def test_an_actor_in_the_critics_units_is_not_suspected(name, load):
    """Six actions that a network returned are no features: they stand beside an observation."""
    spaces, changes = SAME_UNITS[name]
    module = load(changed(sources.TD3, changes))
    for seed in SEEDS:
        report = examine_range(module, seed, **spaces)
        assert report.verdict == "nothing to object to", str(report)


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


BESIDE = [
    ("return torch.tanh(", "return 2.2 - torch.tanh("),
    (".clamp(-0.5, 0.5)).clamp(-1, 1)", ".clamp(-0.5, 0.5))"),
]
WITHOUT_A_BOUND = [("return torch.tanh(", "return 50 * ("), BESIDE[1]]


def test_an_actor_whose_range_lies_beside_the_critics_is_told(load):
    wrong, wide = load(changed(sources.TD3, BESIDE)), load(changed(sources.TD3, WITHOUT_A_BOUND))
    for seed in SEEDS:
        report = examine_continuous(wrong, seed)
        assert [(f.level, f.code) for f in report.findings if f.level != "note"] == [("suspicion", "action-units")]
        assert examine_continuous(wide, seed).verdict == "nothing to object to"


WIDE = ("return a, log_pi", "return a * {} + {}, log_pi")


def wide(half: float, middle: float) -> tuple[str, str]:
    return WIDE[0], WIDE[1].format(half, middle)


def test_a_policy_whose_tanh_is_scaled_beyond_the_actions_is_told(load):
    wrong, narrow = load(changed(sources.SAC, [wide(1.5, 0.5)])), load(changed(sources.SAC, [wide(1.05, 0.0)]))
    for seed in SEEDS:
        assert told(examine_continuous(wrong, seed)) == [("suspicion", "action-units")]
        assert told(examine_continuous(narrow, seed)) == []


SELECT = """
    def select_action(self, state):
        a, _ = self.policy.sample(torch.from_numpy(state)[None])
        return (a * {}).detach().numpy()[0]

    def learn"""


@pytest.mark.parametrize(("size", "level"), [("2.0", "fault"), ("1.0", "suspicion")])
def test_what_the_agent_itself_chooses_proves_other_units(load, size, level):
    module = load(changed(sources.SAC, [("\n    def learn", SELECT.format(size))]))
    for seed in SEEDS:
        seed_all(seed)
        report = examine(
            lambda: module.Agent(5, 3),
            lambda agent, t: agent.buffer.add(*t.as_tuple()),
            lambda agent: agent.learn(),
            low=[-2.0] * 3,
            high=[2.0] * 3,
            seed=seed,
        )
        assert (level, "action-units") in told(report)


NO_NOISE = "            a2 = (a2 + (torch.randn_like(a2) * self.noise).clamp(-0.5, 0.5)).clamp(-1, 1)\n"
ONE_NOISE = "            a2 = (a2 + (torch.randn(()) * self.noise).clamp(-0.5, 0.5)).clamp(-2, 2)\n"
TWICE = ("a2 = self.actor_target(s2)", "a2 = 2 * self.actor_target(s2)")
ALSO = ("-self.q1(s, self.actor(s)).mean()", "-self.q1(s, 2 * self.actor(s)).mean()")


@pytest.mark.parametrize("noise", ["", ONE_NOISE], ids=["no noise", "one noise for all rows"])
def test_a_target_action_alone_in_the_environments_units_is_named(load, noise):
    wrong = load(changed(sources.TD3, [TWICE, (NO_NOISE, noise)]))
    right = load(changed(sources.TD3, [TWICE, ALSO, (NO_NOISE, noise)]))
    for seed in SEEDS:
        report = examine_range(wrong, seed, 2.0)
        assert "target-action-units" in {f.code for f in report.of("fault")}, str(report)
        assert not examine_range(right, seed, 2.0).codes


_TARGET = "a2 = self.actor_target(s2)"
_NOISE = "a2 = (a2 + (torch.randn_like(a2) * self.noise).clamp(-0.5, 0.5)).clamp(-1, 1)"
RESHAPED = {
    "the other sign": [(_TARGET, "a2 = -self.actor_target(s2)")],
    "a second tanh, no noise": [(_TARGET, "a2 = self.actor_target(s2).tanh()"), (_NOISE, "pass")],
    "half": [(_TARGET, "a2 = 0.5 * self.actor_target(s2)")],
    "another row": [(_TARGET, "a2 = self.actor_target(s2).flip(0)")],
    "the batch's mean": [(_TARGET, "a2 = self.actor_target(s2).mean(0, keepdim=True).expand(len(s2), -1)")],
    "entries exchanged": [(_TARGET, "a2 = self.actor_target(s2).flip(1)")],
}
SHAPED = {
    "a tanh of both": [
        ("return torch.tanh(self.l3(", "return (self.l3("),
        (_TARGET, "a2 = torch.tanh(self.actor_target(s2))"),
        ("self.q1(s, self.actor(s))", "self.q1(s, torch.tanh(self.actor(s)))"),
    ],
    "a batch's own noise": [
        (_NOISE, "noise = a.clone().normal_(0, 0.2).clamp(-0.5, 0.5)\n            a2 = (a2 + noise).clamp(-1, 1)")
    ],
    "no noise": [(_NOISE, "pass")],
}


@pytest.mark.parametrize("name", RESHAPED)
def test_a_target_action_that_is_another_function_of_the_actors_output_is_named(name, load):
    report = examine_continuous(load(changed(sources.TD3, RESHAPED[name])))
    code = "target-action-units" if name == "half" else "target-action-reshaped"  # a factor is a unit
    assert told(report) == [("fault", code)], str(report)


@pytest.mark.parametrize("name", SHAPED)
def test_a_target_action_that_is_made_as_the_actors_loss_makes_it_is_right(name, load):
    report = examine_continuous(load(changed(sources.TD3, SHAPED[name])))
    assert not told(report), str(report)
