"""What the examiner of strangers' agents says of a student's update: the advice of `check`, never a mark."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gradschool.core.exercise import Advice
from gradschool.rl.nets.torch_batch import TorchBatch


def examiner_says(make: Callable[[], Any], update: Callable[[Any, Any], Any], **spaces: Any) -> Advice:
    """Return the examiner's conventions and findings as sentences; none where it is not installed.

    ``make()`` builds networks and optimizers, ``update(agent, batch)`` calls the student's function once, and
    ``spaces`` describes the actions as :func:`gradexaminer.examine` asks for it.
    """
    try:
        from gradexaminer import examine
    except ImportError:
        return Advice()
    # A student's function is handed all that it learns from: 40 updates without a word tell as much as 400.
    report = examine(make, update=update, patience=0.0, **spaces)
    lines = [f"Read from six updates: {'; '.join(report.summary)}."] if report.conventions else []
    said = [(f.level, re.sub(r"\bagent\.(?=\w)", "", f.sentence)) for f in report.findings]  # the student's names
    lines += [f"Examiner, {level}: {sentence}" for level, sentence in said if level != "fault"]
    return Advice(tuple(lines), tuple(sentence for level, sentence in said if level == "fault"))


def float_batch(batch: Any) -> TorchBatch:
    """The examiner's batch as the update expects it, in the networks' float32."""
    obs, action, reward, next_obs, _ = batch.tensors()
    terminated, truncated = (reward.new_tensor(x) for x in (batch.terminated, batch.truncated))
    return TorchBatch(obs, action, reward, next_obs, terminated, truncated)
