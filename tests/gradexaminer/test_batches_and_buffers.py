"""Rows known again in a batch: rings, mirrored rows, exchanged actions, rescaled entries."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from gradexaminer import examine, watch
from gradexaminer.recording.rows import HERE, NEXT, RowIndex
from gradexaminer.transitions import Spaces, make_transitions
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn, told
from tests.gradexaminer.sources import changed

SEEDS = (0, 1, 2)


def test_rows_of_a_running_environment_whose_entries_were_rescaled():
    made = make_transitions(Spaces((5,), 4), 60, np.random.default_rng(0))
    index = RowIndex(5)
    for k, (t, later) in enumerate(pairwise(made)):
        index.also(k, HERE, t.obs)
        index.also(k, NEXT, later.obs)  # one value stands for both, so that it is known twice
    seen = np.stack([t.obs for t in made[:20]]) * np.array([1, 1, 1, 1, 1 / 24], np.float32)
    keys = index.find(seen)
    assert keys is not None
    assert keys.index.tolist() == list(range(20))


SKIPPED = [
    *sources._DDPG,
    (sources._ACTOR, sources._SLOPE.format(at="mu", loss="-(slope * mu).sum(1).mean()")),
    ("        i = self.n % len(self.s)\n", "        self.n += self.n == 0\n        i = self.n % len(self.s)\n"),
    ("min(self.n, len(self.s)), k)", "min(self.n, len(self.s)), k)\n        i[0] = 0"),
]
RING = [
    (
        "class Agent:",
        "class Ring:\n    def __init__(self, size=100000):\n        self.size, self.rows, self.place = size, [], 0\n\n"
        "    def append(self, row):\n        if len(self.rows) < self.size: self.rows.append(None)\n"
        "        self.rows[self.place] = row\n        self.place = (self.place + 1) % self.size\n\n\nclass Agent:",
    ),
    ("self.memory = deque(maxlen=10000)", "self.memory, self.copy_every = Ring(), 5000"),
    ("random.sample(self.memory,", "random.sample(self.memory.rows,"),
    ("len(self.memory)", "len(self.memory.rows)"),
    ("        self.sync()\n", ""),
]


def test_a_row_that_was_never_stored_leaves_the_others(load):
    """A ring buffer whose first row is zeros until it wraps."""
    module = load(changed(sources.TD3, SKIPPED))
    for seed in SEEDS:
        report = examine_continuous(module, seed)
        assert not report.codes, str(report)
        assert report.verdict == "nothing to object to", str(report)
    behind = load(changed(sources.TD3, [*SKIPPED, ("-(slope * mu)", "(slope * mu)")]))
    assert examine_continuous(behind).codes == {"actor-sign"}


def test_a_ring_in_a_list_is_not_set_forward(load):
    report = examine_dqn(load(changed(sources.DQN, RING)))
    assert [(f.level, f.code) for f in report.findings] == [("not seen", "target-not-seen")], str(report)


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


@pytest.mark.parametrize(("kind", "codes"), [("np.float64", set()), ("np.int32", {"actions-rounded"})])
def test_actions_in_a_buffer_of_another_type_are_rounded_only_by_whole_numbers(kind, codes, load):
    stored = [("np.zeros((size, a), np.float32)", f"np.zeros((size, a), {kind})"), ("(x[i])", "(x[i]).float()")]
    module = load(changed(sources.TD3, stored))
    for seed in SEEDS:
        assert examine_continuous(module, seed).codes == codes


def frames_in_a_ring(make, *, mask: str) -> None:
    """A replay that stores each observation once: the next one is that of the row stored after."""
    env, q, target, rng = make(), nn.Linear(4, 3), nn.Linear(4, 3), np.random.default_rng(0)
    optimizer, rows = torch.optim.Adam(q.parameters(), 1e-3), []
    s = env.reset()[0]
    for step in range(10**6):
        a = int(env.action_space.sample())
        s2, r, terminated, truncated, _ = env.step(a)
        rows.append((s, a, r, float(terminated), float(truncated)))
        s = env.reset()[0] if terminated or truncated else s2
        if len(rows) < 200:
            continue
        drawn = rng.integers(len(rows) - 1, size=32)
        now, after = torch.from_numpy(np.stack([rows[i][0] for i in drawn])), np.stack([rows[i + 1][0] for i in drawn])
        action, reward, ended, cut = (torch.tensor([rows[i][k] for i in drawn]) for k in range(1, 5))
        keep = {"both": (1 - ended) * (1 - cut), "none": torch.ones(32)}[mask]
        with torch.no_grad():
            y = reward + 0.99 * keep * target(torch.from_numpy(after)).max(1).values
        loss = F.mse_loss(q(now).gather(1, action[:, None])[:, 0], y.float())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 4 == 0:
            target.load_state_dict(q.state_dict())


@pytest.mark.parametrize(("mask", "code"), [("both", "mask-truncated"), ("none", "mask-missing")])
def test_next_states_that_are_the_rows_stored_after_are_known_again(mask, code):
    pytest.importorskip("gymnasium")
    for seed in SEEDS:
        report = watch(lambda make: frames_in_a_ring(make, mask=mask), n_actions=3, obs=4, seed=seed)
        assert ("fault", code) in told(report), str(report)
        assert not any(c == "unexplained" for _, c in told(report))


@pytest.mark.parametrize("ended", ["terminated", "truncated"])
def test_an_update_that_is_told_of_time_limits_may_not_take_them_for_ends(ended, load):
    flag = {"terminated": "done", "truncated": "done or cut"}[ended]
    stored = "s2, done):\n        self.memory.append((s, a, r, s2, done))"
    with_limits = f"s2, done, cut):\n        self.memory.append((s, a, r, s2, {flag}))"
    module = load(changed(sources.DQN, [(stored, with_limits)]))
    for seed in SEEDS:
        report = examine(
            module.Agent,
            lambda agent, t: agent.remember(*t.as_tuple(), t.truncated),
            lambda agent: agent.learn(),
            n_actions=4,
            seed=seed,
        )
        assert told(report) == [("fault", "mask-truncated")] * (ended == "truncated"), str(report)


def test_a_row_of_a_running_environment_has_two_names():
    rows = RowIndex(2)
    first, second = np.array([1.0, 2.0], np.float32), np.array([3.0, 4.0], np.float32)
    rows.also(0, NEXT, first)
    assert not rows.doubled
    rows.also(1, HERE, first)
    rows.also(1, NEXT, second)
    keys = rows.find(first[None])
    assert keys is not None
    other = rows.other_end(keys, NEXT)
    assert other is not None
    assert (other.index[0], other.end[0]) == (0, NEXT)
    alone = rows.find(second[None])
    assert alone is not None
    assert rows.other_end(alone, HERE) is None


CLEAR = "self.memory.clear()\n"
EMPTIED = [
    ("        self.sync()\n", f"        self.sync()\n        {CLEAR}"),
    ("            return\n", f"            {CLEAR}            return\n"),
]


def test_a_buffer_that_each_update_empties_is_filled_again(load):
    right, wrong = load(changed(sources.DQN, EMPTIED)), load(changed(sources.DQN, [*EMPTIED, ("* (1 - d) * v", "* v")]))
    for seed in SEEDS:
        assert examine_dqn(right, seed).verdict == "nothing to object to"
        assert told(examine_dqn(wrong, seed)) == [("fault", "mask-missing")]


def test_an_unknown_loss_over_a_buffer_that_is_emptied_is_not_judged(load):
    other = load(changed(sources.DQN, [*EMPTIED, (sources.LOSS, "loss = (q.exp() * y.tanh()).mean()")]))
    report = examine_dqn(other)
    assert told(report) == [("not seen", "nothing-learned")]
    assert "anew before each update: an update empties its buffer" in report.findings[0].evidence


def test_sac_that_learns_from_one_row_after_the_other_is_right(load):
    """Its targets follow in each of many steps of one call, and each row was asked about with other weights."""
    text = "def learn(self, batch=64):\n        s, a, r, s2, d = self.buffer.sample(batch)"
    module = load(changed(sources.SAC, [(text, "def learn(self, s, a, r, s2, d):")]))

    def learn(agent, batch):
        rows = batch.tensors(column=True)
        for i in range(12):
            agent.learn(*(x[i : i + 1] for x in rows))

    report = examine(module.Agent, update=learn, low=[-1.0] * 3, high=[1.0] * 3)
    assert not report.of("fault"), str(report)
    assert not report.of("suspicion"), str(report)
