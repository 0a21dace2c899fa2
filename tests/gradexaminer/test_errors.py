"""Errors in the course of an examination: whose they are, and what they leave open."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gradexaminer import examination
from gradexaminer.recording.missing import class_that_lacks
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_continuous, examine_dqn
from tests.gradexaminer.faults_rare import _KEEP
from tests.gradexaminer.sources import LOSS, Y, changed


def test_an_attribute_that_nothing_sets_is_the_programs_own_fault(load):
    read = [(Y, "y = r + self.discount * (1 - d) * v")]
    report = examine_dqn(load(changed(sources.DQN, read)))
    assert [(f.level, f.code) for f in report.findings] == [("fault", "crashed")], str(report)
    later = "\n\ndef make():\n    agent = Agent()\n    agent.discount = 0.9\n    return agent\n"
    report = examine_dqn(load(changed(sources.DQN, read) + later))
    assert [(f.level, f.code) for f in report.findings] == [("not seen", "crashed")], str(report)


def test_objects_of_the_caller_lack_nothing():
    with pytest.raises(AttributeError) as error:
        _ = SimpleNamespace().discount
    assert class_that_lacks(error.value) == ""


def test_an_error_that_our_own_change_caused_is_none_of_the_programs(load):
    """The counter that chooses the row lies in the agent, beside its networks."""
    inside = [
        ("self.memory = deque(maxlen=10000)", "self.memory, self.place, self.copy_every = [], 0, 5000"),
        (
            _KEEP,
            "self.memory.append(None)\n        self.memory[self.place] = (s, a, r, s2, done)\n        self.place += 1",
        ),
        ("        self.sync()\n", ""),
    ]
    report = examine_dqn(load(changed(sources.DQN, inside)))
    assert [(f.level, f.code) for f in report.findings] == [("not seen", "target-not-seen")], str(report)


@pytest.mark.parametrize(
    "use",
    [
        "torch.nn.utils.clip_grad_value_(ps, 100)",
        "[p.grad.data.clamp_(-1, 1) for p in ps]",
        "sum(p.grad.norm() for p in ps)",
    ],
    ids=["clip", "clamp", "norm"],
)
def test_an_error_after_a_loss_that_reaches_no_weight_is_that_of_the_loss(use, load):
    lost = "loss = torch.tensor(F.mse_loss(q, y).item(), requires_grad=True)"
    step = f"loss.backward()\n        ps = list(self.net.parameters())\n        {use}\n        self.optimizer.step()"
    report = examine_dqn(
        load(changed(sources.DQN, [(LOSS, lost), ("loss.backward()\n        self.optimizer.step()", step)]))
    )
    assert report.codes == {"detached"}, str(report)


def test_an_error_of_the_examiners_own_leaves_one_question_open(load, monkeypatch):
    def fails(*_args):
        raise KeyError(-1)

    monkeypatch.setattr(examination, "examine_actor", fails)
    module = load(changed(sources.TD3, [("* (1 - d) * v", "* v")]))
    with pytest.raises(KeyError):
        examine_continuous(module)
    monkeypatch.delenv(examination.ERRORS)
    report = examine_continuous(module)
    assert report.codes == {"mask-missing"}, str(report)
    (left,) = [f for f in report.of("not seen") if f.code == "question-open"]
    assert left.evidence == "how the actor learns: KeyError: -1"
