"""What the tests of this folder share: time enough, so that a busy machine changes no sentence."""

from __future__ import annotations

import pytest

from gradschool.diagnosis import evidence


@pytest.fixture(autouse=True)
def time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside other tests the same experiments take more CPU, and the clock is no measure at all."""
    monkeypatch.setattr(evidence, "CPU_SECONDS", 4.0)
    monkeypatch.setattr(evidence, "SECONDS", 60.0)
