"""Other names, another order of arguments, another packaging, other draws before: the same findings."""

from __future__ import annotations

import re

import pytest

from gradexaminer import examine
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_dqn, seed_all
from tests.gradexaminer.sources import changed

NAMES = {
    r"\bself\.net\b": "self.brain",
    r"\bself\.target\b": "self.frozen",
    r"\bself\.optimizer\b": "self.adam",
    r"\bself\.memory\b": "self.past",
    r"\bself\.tau\b": "self.speed",
    r"\bNet\b": "Thing",
}
TRIED = {
    "plain": (set(), []),
    **{
        name: (set(sources.DQN_FAULTS[name][0].split()), sources.DQN_FAULTS[name][1])
        for name in ("mask missing", "broadcast", "bootstrap gradient", "argmax of s", "not zeroed", "polyak swapped")
    },
}


def codes(report):
    return {f.code for f in report.findings}


@pytest.mark.parametrize("name", TRIED)
def test_renamed_attributes(name, load):
    code, changes = TRIED[name]
    source = changed(sources.DQN, changes)
    for old, new in NAMES.items():
        source = re.sub(old, new, source)
    report = examine_dqn(load(source))
    assert report.codes == code, str(report)


@pytest.mark.parametrize("name", TRIED)
def test_a_batch_handed_in_as_a_dict(name, load):
    code, changes = TRIED[name]
    source = changed(sources.DQN, changes)
    source = source.replace(
        "def learn(self):\n        if len(self.memory) < self.batch:\n            return\n", "def learn(self, b):\n"
    )
    source = source.replace(
        "s, a, r, s2, d = self.sample()",
        "s, a, r, s2, d = (torch.tensor(b[k]) for k in ('states', 'actions', 'rewards', 'next_states', 'dones'))",
    ).replace("32", "48")
    module = load(source)
    seed_all(0)
    report = examine(lambda: module.Agent(5, 4), update=lambda agent, b: agent.learn(b.as_dict()), n_actions=4)
    assert report.codes == code, str(report)


@pytest.mark.parametrize("name", TRIED)
def test_globals_and_free_functions(name, load):
    """`ns` is what a notebook's cells have defined."""
    code, changes = TRIED[name]
    module = load(
        changed(sources.DQN, changes)
        + "\n\ndef start():\n    global agent\n    agent = Agent()\n    return globals()\n"
    )
    seed_all(0)
    report = examine(
        module.start,
        lambda ns, t: ns["agent"].remember(*t.as_tuple()),
        lambda ns: ns["agent"].learn(),
        n_actions=4,
    )
    assert report.codes == code, str(report)


@pytest.mark.parametrize("name", TRIED)
def test_a_closure(name, load):
    code, changes = TRIED[name]
    module = load(
        changed(sources.DQN, changes)
        + "\n\ndef build():\n    agent = Agent()\n    return agent.remember, lambda: agent.learn()\n"
    )
    seed_all(0)
    report = examine(module.build, lambda pair, t: pair[0](*t.as_tuple()), lambda pair: pair[1](), n_actions=4)
    assert report.codes == code, str(report)


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
