"""What exercises earned, in the JSON that others read: Gradescope's results.json and Classroom 50's result.json.

Sources: Gradescope, "Autograder Specifications" (gradescope-autograders.readthedocs.io/en/latest/specs); Classroom 50,
"Advanced Autograding", schema classroom50/result/v1 (github.com/foundation50/classroom50/wiki/Advanced-Autograding).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

VISIBILITIES = ("visible", "after_due_date", "after_published", "hidden")
HUNDREDTHS = 100  # Classroom 50 takes whole numbers alone
FROM_RUNNER = ("CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL")
MOST_OUTPUT = 4000  # characters of one test


@dataclass(frozen=True)
class Earned:
    """One exercise: its name, the points earned of those to be earned, and what its author is told.

    ``counted`` is False for a warm-up, which has no points; ``passed`` then says whether it is right.
    """

    name: str
    points: float
    most: float
    text: str = ""
    passed: bool = True
    counted: bool = True


def gradescope(
    found: Sequence[Earned],
    output: str = "",
    visibility: str = "visible",
    seconds: float | None = None,
    extra_data: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return Gradescope's results; a warm-up is a test without points that passed or failed.

    Parameters
    ----------
    found
        The exercises, in the lesson's order.
    output
        What the student is told of the whole submission.
    visibility
        When a student sees the tests: "visible", "after_due_date", "after_published" or "hidden". Standard output
        is for instructors alone.
    seconds
        How long grading took.
    extra_data
        What an instructor may want to find again; a student does not see it.
    """
    if visibility not in VISIBILITIES:
        raise ValueError(f"visibility is one of {', '.join(VISIBILITIES)}, not {visibility!r}")
    time = {} if seconds is None else {"execution_time": round(seconds)}
    return {
        "score": round(sum(e.points for e in found if e.counted), 2),
        **time,
        "output": output,
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": visibility,
        "stdout_visibility": "hidden",
        "extra_data": dict(extra_data or {}),
        "tests": [_gradescope_test(e, str(number)) for number, e in enumerate(found, 1)],
    }


def _gradescope_test(one: Earned, number: str) -> dict[str, Any]:
    marks = {"score": round(one.points, 2), "max_score": one.most} if one.counted else {}
    shown = {"name": one.name, "number": number, "output": one.text[:MOST_OUTPUT]}
    return {**shown, **marks, "status": "passed" if one.passed else "failed"}


def classroom50(found: Sequence[Earned], given: Mapping[str, str], when: datetime | None = None) -> dict[str, Any]:
    """Return Classroom 50's result, with points in hundredths: it takes whole numbers alone.

    Parameters
    ----------
    found
        The exercises, in the lesson's order.
    given
        The variables that its runner sets: who submitted what, and where that is.
    when
        The time of the submission; by default now. The runner puts the commit's own in its place.

    Raises
    ------
    ValueError
        If the runner's variables are missing.
    """
    if missing := [name for name in FROM_RUNNER if not given.get(name)]:
        raise ValueError(
            f"Classroom 50's runner sets {', '.join(missing)}, which is missing: run this from its runner."
        )
    tests = [_classroom50_test(e) for e in found]
    owner = given.get("OWNER") or given.get("USERNAME") or given.get("GITHUB_ACTOR", "")
    return {
        "schema": "classroom50/result/v1",
        "classroom": given["CLASSROOM"],
        "assignment": given["ASSIGNMENT"],
        "assignment_type": given.get("ASSIGNMENT_TYPE") or "individual",
        "owner": owner,
        "submission": given["SUBMISSION_TAG"],
        "commit": given["COMMIT_URL"],
        "release": given["RELEASE_URL"],
        "review": given.get("REVIEW_URL") or given["COMMIT_URL"],
        "datetime": (when or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "score": sum(t["score"] for t in tests),
        "max-score": sum(t["max-score"] for t in tests),
        "tests": tests,
    }


def _classroom50_test(one: Earned) -> dict[str, Any]:
    points, most = (one.points, one.most) if one.counted else (0.0, 0.0)
    whole = {"score": round(HUNDREDTHS * points), "max-score": round(HUNDREDTHS * most)}
    return {"test-name": one.name, "passed": one.passed, **whole, "output": one.text[:MOST_OUTPUT]}


def write(results: Mapping[str, Any], to: Path) -> None:
    """Write results in one step, so that no reader finds half of them; NaN is refused, as JSON has none."""
    text = json.dumps(results, indent=1, allow_nan=False)
    beside = to.with_name(f".{to.name}.{os.getpid()}")
    beside.write_text(text, encoding="utf-8")
    beside.replace(to)
