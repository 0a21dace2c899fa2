"""Well-known DDPG, TD3 and SAC updates."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from bench.corpus.registry import DEVELOPED, RIGHT, update
from gradexaminer import Report, examine

READ = "read; every examined batch is explained by the plain formula"
BOUNDS: dict[str, Any] = {"low": [-2.0] * 3, "high": [2.0] * 3}


@update(
    repo="sfujim/TD3",
    path="TD3.py",
    commit="34770ccdcb",
    algorithm="TD3",
    packaging="method, buffer passed in",
    verdict=RIGHT,
    evidence=READ,
    contact=DEVELOPED,
)
def sfujim_td3(code: Any) -> Report:
    m, buffers = code.module(), code.module("utils.py")
    return examine(
        lambda: SimpleNamespace(policy=m.TD3(5, 3, 2.0), buffer=buffers.ReplayBuffer(5, 3)),
        lambda both, t: both.buffer.add(t.obs, t.action, t.next_obs, t.reward, t.done),
        lambda both: both.policy.train(both.buffer, 32),
        **BOUNDS,
    )
