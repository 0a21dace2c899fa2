"""A part of a batch that stands in another order than its rows is named, and nothing else is."""

from __future__ import annotations

import pytest

from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn
from tests.gradexaminer.sources import changed

SEEDS = (0, 1, 2)
_SAMPLE = "s, a, r, s2, d = self.sample()\n        q ="
_TD3_SAMPLE = "s, a, r, s2, d = self.buffer.sample(batch)\n"
_HUBER = (sources.LOSS, "loss = F.smooth_l1_loss(q, y)")


def shuffled(what: str) -> list[tuple[str, str]]:
    return [
        (_SAMPLE, f"s, a, r, s2, d = self.sample()\n        {what} = {what}[torch.randperm(len({what}))]\n        q =")
    ]


SHUFFLED = {
    "rewards": shuffled("r"),
    "next states": shuffled("s2"),
    "flags": shuffled("d"),
    "values": [(sources.V, f"{sources.V}[torch.randperm(self.batch)]")],
    "rewards, Huber": [*shuffled("r"), _HUBER],
    "next states, Huber": [*shuffled("s2"), _HUBER],
    "next states of other transitions": [(sources.V, "v = self.target(self.sample()[3]).max(1).values")],
}


@pytest.mark.parametrize("name", SHUFFLED)
def test_a_part_of_the_batch_in_another_order_is_named(name, load):
    module = load(changed(sources.DQN, SHUFFLED[name]))
    for seed in SEEDS:
        report = examine_dqn(module, seed)
        assert report.codes == {"rows-misaligned"}, str(report)


def test_next_states_with_their_flags_in_another_order_lack_no_mask(load):
    both = "order = torch.randperm(self.batch)\n        s2, d = s2[order], d[order]\n        q ="
    report = examine_dqn(load(changed(sources.DQN, [(_SAMPLE, _SAMPLE[: -len("q =")] + both)])))
    assert report.codes == {"rows-misaligned"}, str(report)


@pytest.mark.parametrize("what", ["r", "s2", "d"])
def test_twin_critics_of_shuffled_rows(what, load):
    order = f"        {what} = {what}[torch.randperm(batch)]\n"
    module = load(changed(sources.TD3, [(_TD3_SAMPLE, _TD3_SAMPLE + order)]))
    for seed in SEEDS:
        report = examine_continuous(module, seed)
        assert report.codes == {"rows-misaligned"}, str(report)


_APART = (_SAMPLE, "s, a, r, s2, d = (self.sample()[k] for k in range(5))\n        q =")
_ONLINE = [
    (sources.NO_GRAD, "if True:"),
    (sources.V, "v = self.net(s2).max(1).values"),
    ("self.net, self.target = Net(o, a), Net(o, a)", "self.net = Net(o, a)"),
    (sources.COPY, "self.optimizer"),
    ("        self.sync()\n", ""),
]
DRAWN_APART = {
    "all parts": ([_APART], {"rows-misaligned"}),
    "all parts, Huber": ([_APART, _HUBER], {"rows-misaligned"}),
    "all parts, and the loss is climbed": (
        [_APART, (sources.LOSS, "loss = -F.mse_loss(q, y)")],
        {"rows-misaligned", "ascent"},
    ),
    "all parts, and the label is not detached": ([_APART, *_ONLINE], {"rows-misaligned", "bootstrap-gradient"}),
    "rewards alone": (
        [(_SAMPLE, "s, a, r, s2, d = self.sample()\n        r = self.sample()[2]\n        q =")],
        {"rows-misaligned"},
    ),
    "states with their actions": (
        [(_SAMPLE, "(s, a, *_), (*_, r, s2, d) = self.sample(), self.sample()\n        q =")],
        {"rows-misaligned"},
    ),
}


@pytest.mark.parametrize("name", DRAWN_APART)
def test_parts_that_are_drawn_one_by_one_are_named(name, load):
    changes, codes = DRAWN_APART[name]
    report = examine_dqn(load(changed(sources.DQN, changes)))
    assert report.codes == codes, str(report)


def test_parts_of_a_td3_batch_that_are_drawn_one_by_one(load):
    apart = "s, a, r, s2, d = (self.buffer.sample(batch)[k] for k in range(5))\n"
    report = examine_continuous(load(changed(sources.TD3, [(_TD3_SAMPLE, apart)])))
    assert report.codes == {"rows-misaligned"}, str(report)


def test_a_copy_that_predicts_is_read_where_the_trained_network_gives_the_label(load):
    swapped = [
        (sources.Q, "q = self.target(s).gather(1, a[:, None]).squeeze(1)"),
        (sources.NO_GRAD, "if True:"),
        (sources.V, "v = self.net(s2).max(1).values"),
        ("        self.sync()\n", "        self.target.load_state_dict(self.net.state_dict())\n"),
    ]
    report = examine_dqn(load(changed(sources.DQN, swapped)))
    assert report.codes == {"bootstrap-gradient", "td-online"}, str(report)
    apart = tuple(x.replace("q =", y) for x, y in zip(_APART, swapped[0], strict=True))
    report = examine_dqn(load(changed(sources.DQN, [*swapped[1:], apart])))
    assert report.codes == {"bootstrap-gradient", "rows-misaligned"}, str(report)
