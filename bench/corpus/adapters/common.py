"""What the adapters share: rounds, how updates are packaged, evidence of many verdicts, and bounds of actions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

FIRST, SECOND, THIRD = "first contact 2026-11", "second contact 2026-11", "third contact 2026-11"
FOURTH, FIFTH = "fourth contact 2026-11", "fifth contact 2026-11"
SIXTH, SEVENTH, EIGHTH = "sixth contact 2026-11", "seventh contact 2026-11", "eighth contact 2026-11"
NINTH, TENTH, ELEVENTH = "ninth contact 2026-11", "tenth contact 2026-11", "eleventh contact 2026-11"
TWELFTH, THIRTEENTH = "twelfth contact 2026-11", "thirteenth contact 2026-11"
FOURTEENTH, FIFTEENTH = "fourteenth contact 2026-11", "fifteenth contact 2026-11"
SIXTEENTH, SEVENTEENTH = "sixteenth contact 2026-11", "seventeenth contact 2026-11"
EIGHTEENTH, NINETEENTH = "eighteenth contact 2026-11", "nineteenth contact 2026-11"
TWENTIETH, TWENTY_FIRST = "twentieth contact 2026-11", "twenty-first contact 2026-11"
TWENTY_SECOND, TWENTY_THIRD = "twenty-second contact 2026-11", "twenty-third contact 2026-11"

OWN, PASSED, BATCH = "agent object with buffer", "method, buffer passed in", "method, batch passed in"
DICT = "agent.update(transition_dict)"
FUNCTION = "function, networks and optimizer passed in"
LOOP, SCRIPT, NOTEBOOK = "training loop", "script", "notebook"

READ = "read"
LOOSE = "read; the label is not detached, which fills the target's .grad alone"
SWEPT = "read; labels are not detached, and what they fill is zeroed before its step"
NO_TARGET = "read; no target network, by choice"
EXPLAINED = "read; every examined batch is explained by the plain formula"

ONE: dict[str, Any] = {"low": [-1.0] * 3, "high": [1.0] * 3}
TWO: dict[str, Any] = {"low": [-2.0] * 3, "high": [2.0] * 3}

_BOX = SimpleNamespace(low=-np.ones(3, np.float32), high=np.ones(3, np.float32), shape=(3,))
BOX = SimpleNamespace(action_space=_BOX)  # what some agents ask their environment for
