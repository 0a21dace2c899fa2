"""Time limits of grading for tests in which everything ends by itself, however busy the machine is."""

from __future__ import annotations

from grader.execution.config import TimeLimits

PATIENT = TimeLimits(check=300.0, cell=300.0, locked=900.0, notebook=3600.0)
