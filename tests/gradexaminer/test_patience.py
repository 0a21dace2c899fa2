"""A loop that copies its target now and then is watched until it does."""

from __future__ import annotations

import gymnasium
import pytest

from gradexaminer import watch
from tests.gradexaminer.conftest import seed_all
from tests.gradexaminer.sources import changed
from tests.gradexaminer.test_running import SCRIPT

EVERY = "            if step % 3 == 0:\n                target.load_state_dict(q.state_dict())\n"
LATE = EVERY.replace("% 3", "% 40")


@pytest.mark.parametrize(
    ("new", "codes", "waited"),
    [
        (LATE, set(), True),
        (LATE.replace("target.load_state_dict(q.", "q.load_state_dict(target."), {"online-overwritten"}, False),
        (EVERY, set(), False),
    ],
    ids=["every 40 steps", "every 40 steps, the wrong way", "every 3 steps"],
)
def test_a_copy_that_comes_late_is_seen(new, codes, waited, load, monkeypatch):
    module = load(changed(SCRIPT, [(EVERY, new)]))
    seed_all(0)

    def run(make):
        monkeypatch.setattr(gymnasium, "make", make)
        module.main()

    report = watch(run, n_actions=3, obs=4)
    assert report.codes == codes, str(report)
    assert not report.of("not seen"), str(report)
    told = [text for text in report.conventions if "a copy of" in text]
    assert any("first seen after 1" in text for text in told) is waited, str(report)
