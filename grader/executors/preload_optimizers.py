"""All of :mod:`grader.executors.preload`, and what torch's optimizers import for a second at their first step."""

from __future__ import annotations

import gc
import importlib

importlib.import_module("grader.executors.preload")
gc.disable()
importlib.import_module("torch._dynamo")
gc.freeze()
gc.enable()
