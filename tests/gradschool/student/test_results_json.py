"""What exercises earned as Gradescope and Classroom 50 read it, each by its own published contract."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gradschool.student import results_json
from gradschool.student.results_json import Earned, classroom50, gradescope

FOUND = [
    Earned("Warm-up", 2.0, 2.0, "right", passed=True, counted=False),
    Earned("Relu", 1.85, 2.0, "not met: edge", passed=False),
    Earned("Sum", 3.0, 3.0),
]
RUNNER = {
    "CLASSROOM": "rl",
    "ASSIGNMENT": "chain",
    "SUBMISSION_TAG": "submit/2026-06-01T14-32-05Z-a1b2c3d",
    "COMMIT_URL": "https://git.example/c",
    "RELEASE_URL": "https://git.example/r",
    "OWNER": "ada",
}
TEXT = {"type": "string", "minLength": 1}
WHOLE = {"type": "integer", "minimum": 0}
TEST = {
    "type": "object",
    "required": ["test-name", "passed", "score", "max-score"],
    "properties": {"test-name": TEXT, "passed": {"type": "boolean"}, "score": WHOLE, "max-score": WHOLE},
}
CONTRACT = {  # of classroom50/result/v1, as its wiki describes it
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "schema": {"const": "classroom50/result/v1"},
        **dict.fromkeys(("classroom", "assignment", "owner", "commit", "release", "review"), TEXT),
        "assignment_type": {"enum": ["individual", "group"]},
        "submission": {"type": "string", "pattern": "^submit/"},
        "datetime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
        "score": WHOLE,
        "max-score": WHOLE,
        "tests": {"type": "array", "items": TEST},
    },
}
CONTRACT["required"] = list(CONTRACT["properties"])
FORMATS = {"text", "simple_format", "html", "md", "ansi"}
OF_TESTS = {"score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags"}
OF_ALL = {"score", "execution_time", "output", "tests", "leaderboard"}
OF_ALL |= {"output_format", "test_output_format", "test_name_format", "visibility", "stdout_visibility", "extra_data"}


def faults_of_gradescope(results: dict[str, Any]) -> list[str]:
    """Return in what these results are not as Gradescope's specifications say."""
    tests = results["tests"]
    marked = [t for t in tests if "score" in t]
    found = ["unknown key"] if set(results) - OF_ALL else []
    found += ["unknown key of a test" for t in tests if set(t) - OF_TESTS - {"visibility", "extra_data"}]
    found += ["no such format" for name in results if name.endswith("_format") and results[name] not in FORMATS]
    found += ["no such visibility" for n in ("visibility", "stdout_visibility") if results[n] not in VISIBLE]
    found += ["no such status" for t in tests if t["status"] not in ("passed", "failed")]
    found += ["more than there is" for t in marked if not 0 <= t["score"] <= t["max_score"]]
    return found + (["another sum"] if not math.isclose(results["score"], sum(t["score"] for t in marked)) else [])


VISIBLE = {"visible", "hidden", "after_due_date", "after_published"}


def test_gradescope_reads_points_sentences_and_what_only_instructors_see() -> None:
    results = gradescope(FOUND, "All of it.", "after_due_date", 41.6, {"grader": "abc"})
    assert faults_of_gradescope(json.loads(json.dumps(results))) == []
    assert (results["score"], results["execution_time"], results["stdout_visibility"]) == (4.85, 42, "hidden")
    warm_up, relu, _ = results["tests"]
    assert "score" not in warm_up
    assert warm_up["status"] == "passed"
    assert relu == {
        "name": "Relu", "number": "2", "output": "not met: edge", "score": 1.85, "max_score": 2.0, "status": "failed"
    }  # fmt: skip
    assert set(results_json.VISIBILITIES) == VISIBLE


@pytest.mark.parametrize(
    "broken", [{"visibility": "later"}, {"score": 9.0}, {"points": 1}, {"output_format": "latex"}], ids=str
)
def test_what_gradescope_would_not_read_is_noticed(broken: dict[str, Any]) -> None:
    assert faults_of_gradescope({**gradescope(FOUND), **broken})


def test_an_unknown_visibility_is_refused() -> None:
    with pytest.raises(ValueError, match="after_published, hidden"):
        gradescope(FOUND, visibility="sometimes")


def test_classroom50_gets_whole_numbers_and_who_submitted_what() -> None:
    when = datetime(2026, 6, 1, 14, 32, 1, tzinfo=UTC)
    result = json.loads(json.dumps(classroom50(FOUND, RUNNER, when)))
    Draft202012Validator(CONTRACT).validate(result)
    assert (result["score"], result["max-score"]) == (485, 500)
    assert [t["score"] for t in result["tests"]] == [0, 185, 300]
    assert (result["datetime"], result["owner"]) == ("2026-06-01T14:32:01Z", "ada")


@pytest.mark.parametrize("broken", [{"score": 1.5}, {"submission": "main"}, {"owner": ""}, {"extra": 1}], ids=str)
def test_what_classroom50_would_not_read_is_noticed(broken: dict[str, Any]) -> None:
    assert list(Draft202012Validator(CONTRACT).iter_errors({**classroom50(FOUND, RUNNER), **broken}))


def test_without_its_runner_the_variables_that_are_missing_are_named() -> None:
    with pytest.raises(ValueError, match="CLASSROOM, ASSIGNMENT, SUBMISSION_TAG"):
        classroom50(FOUND, {})


def test_results_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    results_json.write({"score": 1.0}, file)
    with pytest.raises(ValueError, match="JSON"):
        results_json.write({"score": math.nan}, file)
    assert json.loads(file.read_text()) == {"score": 1.0}
    assert list(tmp_path.iterdir()) == [file]
