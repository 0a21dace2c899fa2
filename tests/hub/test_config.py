"""The hub's configuration: it adds the courses, keeps what is there, and refuses a wrong file in one sentence."""

from __future__ import annotations

import json
import pwd
from pathlib import Path
from typing import Any

import pytest
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from grader.course import ROOT
from hub import jupyterhub_config as kit

EXAMPLE = json.loads((ROOT / "hub" / "courses.example.json").read_text(encoding="utf-8"))
OTHERS = {"services": [{"name": "other"}], "load_roles": [{"name": "other"}], "load_groups": {"other": {"users": []}}}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout as the page says: set up, its user's own, closed to others."""
    folder = tmp_path / "checkout"
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "jupyterhub-singleuser").touch()
    folder.chmod(0o700)
    return folder


@pytest.fixture
def courses(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The example's course with this checkout."""
    (course,) = EXAMPLE["courses"].values()
    course = {**course, "checkout": str(checkout), "user": checkout.owner()}
    written = {**EXAMPLE, "courses": {"rl-2027": course}}
    (tmp_path / "courses.json").write_text(json.dumps(written))
    monkeypatch.setenv("GRADSCHOOL_COURSES", str(tmp_path / "courses.json"))
    return written


def loaded(tmp_path: Path, before: str) -> Config:
    """The configuration that a hub reads: its own lines, then ours."""
    ours = ROOT / "hub" / "jupyterhub_config.py"
    (tmp_path / "own.py").write_text(f"c = get_config()\n{before}\nload_subconfig({str(ours)!r})\n")
    return PyFileConfigLoader("own.py", path=str(tmp_path)).load_config()


def test_a_course_is_added_to_what_a_hub_has(courses: dict[str, Any], tmp_path: Path) -> None:
    others = "".join(f"c.JupyterHub.{k} = {v!r}\n" for k, v in OTHERS.items())
    others += "c.Authenticator.allowed_users = {'other'}\nc.Spawner.environment = {'OTHER': '1'}\n"
    c = loaded(tmp_path, others)
    assert [s["name"] for s in c.JupyterHub.services] == ["other", "rl-2027"]
    assert [r["name"] for r in c.JupyterHub.load_roles] == ["other", "formgrade-rl-2027", "server"]
    assert c.JupyterHub.load_groups == {
        "other": {"users": []},
        "formgrade-rl-2027": {"users": ["grace"]},
        "nbgrader-rl-2027": {"users": ["ada", "ben"]},
    }
    assert c.Authenticator.allowed_users == {"other", "grace", "ada", "ben"}
    assert c.Spawner.environment["OTHER"] == "1"
    assert c.Spawner.environment["GRADSCHOOL_EXCHANGE"] == courses["exchange"]


def test_only_the_courses_instructors_reach_its_formgrader(courses: dict[str, Any], tmp_path: Path) -> None:
    roles = loaded(tmp_path, "").JupyterHub.load_roles.get_value([])
    assert roles[0] == {
        "name": "formgrade-rl-2027",
        "groups": ["formgrade-rl-2027"],
        "scopes": ["access:services!service=rl-2027"],
    }


BROKEN = {
    "no JSON": ("{", "is not JSON"),
    "a list": ([], "is not an object with exchange, student_settings, courses"),
    "no exchange": ({"student_settings": "", "courses": {}}, "lacks 'exchange'"),
    "a typing error": ({**EXAMPLE, "course": {}}, "has 'course', which is none of"),
    "a course's name": ({**EXAMPLE, "courses": {"RL 1": {}}}, "names a course 'RL 1'"),
    "a port as text": (
        {**EXAMPLE, "courses": {"rl-1": {**EXAMPLE["courses"]["rl-2027"], "port": "9901"}}},
        "rl-1: has another type of 'port'",
    ),
    "one port twice": ({**EXAMPLE, "courses": dict.fromkeys(("rl-1", "rl-2"), EXAMPLE["courses"]["rl-2027"])}, "port"),
}


@pytest.mark.parametrize(("content", "sentence"), BROKEN.values(), ids=BROKEN)
def test_a_wrong_file_ends_the_start_with_a_sentence(content: Any, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "courses.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    with pytest.raises(SystemExit, match=f"^gradschool: .*{sentence}.*\\.$"):
        kit.read_courses(file)


def test_a_missing_file_names_the_example(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"begin with hub/courses\.example\.json"):
        kit.read_courses(tmp_path / "courses.json")


def test_an_open_checkout_is_refused(checkout: Path, courses: dict[str, Any], tmp_path: Path) -> None:
    checkout.chmod(0o750)
    with pytest.raises(SystemExit, match=r"other users can enter .* run `chmod 700"):
        loaded(tmp_path, "")


def test_a_checkout_of_another_user_is_refused(checkout: Path) -> None:
    other = next(u.pw_name for u in pwd.getpwall() if u.pw_name != checkout.owner())
    with pytest.raises(SystemExit, match=f"belongs to {checkout.owner()}; run `chown -R {other}"):
        kit.require_closed(Path("courses.json"), "rl-1", checkout, other)


def test_a_checkout_that_is_not_set_up_is_refused(checkout: Path) -> None:
    (checkout / ".venv" / "bin" / "jupyterhub-singleuser").unlink()
    with pytest.raises(SystemExit, match="run `make setup` there"):
        kit.require_closed(Path("courses.json"), "rl-1", checkout, checkout.owner())
