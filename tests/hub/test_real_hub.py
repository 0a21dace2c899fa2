"""A course on a real JupyterHub, by its REST API: from the release to feedback, between OS users.

The tests of this file are one course's week and follow on each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from grader import sample_class
from grader.course import EXCHANGE_FILES, Chapter, CourseDirectory
from tests.support import hub as hubs
from tests.support.browser import chromium, shoot, watched_page
from tests.support.hub import COURSE, GRADER, Hub

pytestmark = pytest.mark.slow

PROBE = "try:\n    open({file!r}, 'w').write('out')\nexcept OSError:\n    pass\n\n"


@pytest.fixture(scope="module")
def hub(built: CourseDirectory) -> Iterator[Hub]:
    """A hub on which both students' servers have started."""
    with hubs.running(built) as found:
        for student in ("ada", "ben"):
            found.start_server(student)
        for student in ("ada", "ben"):
            found.wait_for_server(student)
        yield found


def lesson(chain: Chapter) -> str:
    return f"{COURSE}/{chain.assignment_id}/{chain.notebook}.ipynb"


def act(hub: Hub, student: str, action: str, chain: Chapter) -> list[dict[str, Any]]:
    """A student presses a button of the Assignment List; what it lists then."""
    what = {"course_id": COURSE, "assignment_id": chain.assignment_id}
    listed = hub.get(student, f"/user/{student}/assignments/{action}", what)
    assert listed["success"], f"{listed['value']}\n{hub.log()}"
    return list(listed["value"])


def submission(listed: list[dict[str, Any]]) -> dict[str, Any]:
    (found,) = [s for a in listed if a["status"] == "submitted" for s in a["submissions"]]
    return dict(found)


def test_the_formgrader_is_for_instructors_in_a_tab_of_its_own(hub: Hub) -> None:
    page = f"/services/{COURSE}/formgrader/manage_assignments"
    status, headers, text = hub.ask("grace", page)
    assert (status, "Manage Assignments" in text) == (200, True)
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], "then JupyterLab's tab could show it"
    assert hub.ask("ada", page)[0] == 403
    assert hub.ask("ada", "/user/ada/formgrader/manage_assignments")[0] == 404
    assert hub.ask("ben", "/user/ada/api/contents")[0] == 403


def test_an_instructor_opens_the_formgrader_from_the_hubs_own_page(hub: Hub, chain: Chapter) -> None:
    """In Chromium: log in, *Services*, the course; nothing of another address is asked for, and no script fails."""
    with chromium() as browser, watched_page(browser) as page:
        page.goto(f"{hub.base}/hub/login?next=%2Fhub%2Fhome")
        page.get_by_label("Username").fill("grace")
        page.get_by_label("Password").fill("any")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Services").or_(page.get_by_role("link", name="Services")).click()
        page.get_by_role("link", name=COURSE).click()
        row = page.get_by_role("row").filter(has=page.get_by_role("link", name=chain.assignment_id, exact=True))
        expect(row).to_be_visible()
        assert page.url == f"{hub.base}/services/{COURSE}/formgrader/manage_assignments"
        page.get_by_role("link", name="Manage Students").click()
        expect(page.get_by_role("heading", name="Manage Students")).to_be_visible()
        shoot(page, "hub-formgrader")


def test_students_fetch_what_was_released(hub: Hub, chain: Chapter) -> None:
    hub.formgrader(f"assignment/{chain.assignment_id}/release")
    for student in ("ada", "ben"):
        (listed,) = act(hub, student, "fetch", chain)
        assert (listed["course_id"], listed["status"]) == (COURSE, "fetched")
        assert hub.get(student, f"/user/{student}/api/contents/{lesson(chain)}")["type"] == "notebook"


def test_a_student_of_no_group_sees_no_course(hub: Hub, chain: Chapter) -> None:
    hub.get("tests", f"/hub/api/groups/nbgrader-{COURSE}/users", {"users": ["ben"]}, method="DELETE")
    assert hub.get("ben", f"/user/ben/assignments?course_id={COURSE}")["value"] == []
    hub.get("tests", f"/hub/api/groups/nbgrader-{COURSE}/users", {"users": ["ben"]})
    assert len(hub.get("ben", f"/user/ben/assignments?course_id={COURSE}")["value"]) == 1


def test_students_submit(hub: Hub, built: CourseDirectory, chain: Chapter) -> None:
    solved, probe = sample_class.solutions(chain), PROBE.format(file=str(hub.world / "open" / "proof"))
    right = sample_class.filled(sample_class.released(built, chain), chain, lambda e: probe + solved(e))
    whole = {"type": "notebook", "format": "json", "content": right}
    hub.get("ada", f"/user/ada/api/contents/{lesson(chain)}", whole, method="PUT")
    for student in ("ada", "ben"):
        found = submission(act(hub, student, "submit", chain))
        assert found["student_id"] == student
        assert not found["has_exchange_feedback"]


def test_submissions_are_closed_to_other_students(hub: Hub) -> None:
    for folder in (hub.exchange / COURSE / "inbound", hub.checkout / "solutions", hub.world / "home" / "ada"):
        assert hub.as_user("ben", "ls", str(folder)).returncode != 0, folder
    assert hub.as_user(GRADER, "ls", str(hub.exchange / COURSE / "inbound")).returncode == 0


def test_the_formgrader_collects_and_grades_in_the_sandbox(hub: Hub, chain: Chapter) -> None:
    hub.formgrader(f"assignment/{chain.assignment_id}/collect")
    for student in ("ada", "ben"):
        beside = hub.checkout / "build" / "submitted" / student / chain.assignment_id
        assert {f.name for f in beside.iterdir()} == {f"{chain.notebook}.ipynb", *EXCHANGE_FILES}
    hub.formgrader(f"submission/{chain.assignment_id}/ada/autograde")
    found = hub.get("grace", f"/services/{COURSE}/formgrader/api/submission/{chain.assignment_id}/ada")
    assert found["autograded"]
    assert found["code_score"] == found["max_code_score"] > 0
    assert not (hub.world / "open" / "proof").exists(), "Ada's code wrote to the machine"
    assert hub.as_user(GRADER, "touch", str(hub.world / "open" / "proof")).returncode == 0, "nobody could have"


def test_only_its_student_gets_the_feedback(hub: Hub, chain: Chapter) -> None:
    hub.formgrader(f"assignment/{chain.assignment_id}/generate_feedback")
    hub.formgrader(f"assignment/{chain.assignment_id}/release_feedback")
    assert hub.as_user("ben", "ls", str(hub.exchange / COURSE / "feedback")).returncode != 0
    found = {who: submission(act(hub, who, "fetch_feedback", chain)) for who in ("ada", "ben")}
    assert (found["ada"]["has_local_feedback"], found["ben"]["has_local_feedback"]) == (True, False)
    page = f"{found['ada']['local_feedback_path']}/{chain.notebook}.html"
    text = hub.get("ada", f"/user/ada/api/contents/{page}?type=file&format=text")["content"]
    assert "WITHOUT a sandbox" not in text
    assert "passed" in text
