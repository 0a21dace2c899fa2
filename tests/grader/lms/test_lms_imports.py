"""Reading downloads needs no kernel: a fresh interpreter that has imported the package has loaded none."""

from __future__ import annotations

import json
import subprocess
import sys

from grader.course import ROOT

FILES = [f for f in (ROOT / "grader" / "lms").rglob("*.py") if f.stem != "__init__"]
MODULES = sorted(".".join(f.relative_to(ROOT).with_suffix("").parts) for f in FILES)
KERNELS = ("zmq", "jupyter_client", "ipykernel", "grader.execution", "grader.executors", "grader.sandbox")


def test_the_modules_of_the_lms_load_no_kernel() -> None:
    code = f"import json, sys, {', '.join(MODULES)}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = json.loads(done.stdout)
    assert set(MODULES) <= set(loaded)
    assert not [m for m in loaded for name in KERNELS if m == name or m.startswith(name + ".")]
