"""The programs on the page "One gradient in five libraries", copied and run in a process of its own.

JAX's double precision and Keras's backend are settings of a whole process, which is why.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from grader.course import ROOT

PAGE = ROOT / "docs" / "rosetta.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
RUN = """
import json, sys
import numpy as np
*blocks, comparison = json.load(sys.stdin)
names = {}
for block in blocks:
    exec(block, names)
exec(comparison, names)
caught = []
for found in (names["dqn"], names["ddpg"]):
    for name, gradient in found.items():
        right, gradient[2] = gradient[2], gradient[2] * (1 + 1e-5)
        try:
            exec(comparison, names)
        except AssertionError:
            caught.append(name)
        gradient[2] = right
print(json.dumps([list(names["dqn"]), list(names["ddpg"]), caught]))
"""


@pytest.mark.slow
@pytest.mark.skipif(not all(map(find_spec, ("jax", "keras"))), reason="JAX or Keras is not installed")
def test_the_programs_of_the_page_agree_and_the_last_one_would_notice_a_difference() -> None:
    env = {**os.environ, "KERAS_BACKEND": "jax", "OMP_NUM_THREADS": "1"}
    program = [sys.executable, "-c", RUN]
    done = subprocess.run(program, input=json.dumps(PROGRAMS), env=env, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    dqn, ddpg, caught = json.loads(done.stdout.splitlines()[-1])
    assert dqn == ["NumPy", "PyTorch", "torch.func", "JAX", "Keras 3, fit recipe", "Keras 3, own loss"]
    assert ddpg == ["NumPy", "PyTorch", "PyTorch, surrogate", "torch.func", "JAX", "Keras 3, surrogate"]
    assert caught == [*dqn, *ddpg]
