"""A course of Moodle, over its web services (REST, answers in JSON).

Moodle takes the token in a request's address or in its body (``webservice/rest/locallib.php`` reads ``$_REQUEST``,
``webservice/pluginfile.php`` and ``upload.php`` use ``required_param``). Here it is always in the body, so it is in no
address, no server's log and no error message; and a redirect is not followed, which would carry it along.

A mark is entered by ``mod_assign_save_grade``, which replaces the comment and the files of the feedback. So what a
person wrote there is looked up first (:class:`~grader.lms.api.interface.Standing`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from grader.errors import GraderError
from grader.lms.api.interface import (
    Assignment,
    HandedInFile,
    LmsError,
    Page,
    Standing,
    Student,
    Unavailable,
    without_file,
)
from grader.lms.api.session import Sleep, content_of, same_host, session
from grader.lms.api.token import Token
from grader.text import plain

STUDENTS_AT_ONCE = 100
STAFF = {"teacher", "editingteacher", "manager", "coursecreator"}
HTML = 1  # Moodle's FORMAT_HTML
OWN_PAGE = re.compile(r"-[0-9a-f]{8}\.html$")  # as grader.lms.api.push names a page
BAD_TOKEN = ("invalidtoken", "accessexception")
NO_RIGHT = ("nopermissions", "requireloginerror", "errorcoursecontextnotvalid", "invalidrecord")


class MoodleCourse:
    """A course of Moodle; ``course`` is the number in its address, ``/course/view.php?id=NUMBER``."""

    kind, name = "moodle", "Moodle"

    def __init__(self, url: str, course: str, token: Token, sleep: Sleep) -> None:
        self.url, self.course, self._token = url, course, token
        self._reading = session(lambda request: True, sleep)
        self._writing = session(lambda request: False, sleep)

    def students(self) -> list[Student]:
        """Return everybody in the course who is not of its staff, page by page, until one is empty.

        A page may be short before the end: Moodle leaves out whom the token's owner may not see.
        """
        found: list[Student] = []
        for start in range(0, 10**6, STUDENTS_AT_ONCE):
            pages = [("limitfrom", start), ("limitnumber", STUDENTS_AT_ONCE), ("sortby", "id")]
            options = [{"name": name, "value": value} for name, value in pages]
            users = self._call("core_enrol_get_enrolled_users", {"courseid": self.course, "options": options})
            if not users:
                break
            with self._read_right():
                found += [_student(u) for u in users if not STAFF & {r["shortname"] for r in u.get("roles", [])}]
        return found

    def assignments(self) -> list[Assignment]:
        """Return all assignments of the course."""
        answer = self._call("mod_assign_get_assignments", {"courseids": [self.course]})
        with self._read_right():
            if not answer["courses"]:
                raise LmsError(f"Moodle has no course {self.course} that the token's owner is enrolled in.")
            return [_assignment(found) for found in answer["courses"][0]["assignments"]]

    def handed_in(self, assignment: Assignment) -> tuple[list[HandedInFile], list[str]]:
        """Return the files of each student's latest submission; a draft is left out, and said to be."""
        answer = self._call("mod_assign_get_submissions", {"assignmentids": [assignment.number]})
        with self._read_right():
            latest: dict[str, Mapping[str, Any]] = {}
            for submission in (s for found in answer["assignments"] for s in found["submissions"]):
                known = latest.get(str(submission["userid"]))
                if known is None or submission["attemptnumber"] >= known["attemptnumber"]:
                    latest[str(submission["userid"])] = submission
            found = [(student, s["status"], list(_files(s))) for student, s in sorted(latest.items())]
        files = [f for _, status, some in found if status == "submitted" for f in some]
        drafts = [student for student, status, some in found if status == "draft" and some]
        empty = [without_file(student) for student, status, some in found if status == "submitted" and not some]
        return files, [*empty, *(f"student number {student} has a draft that was not submitted" for student in drafts)]

    def read(self, file: HandedInFile, most: int) -> bytes:
        """Return a file's content."""
        if not same_host(file.url, self.url):
            raise GraderError("lies on another host, which must not get the token.")
        address = urlsplit(file.url)._replace(query="", fragment="").geturl()
        with self._told():
            response = self._reading.post(
                address, data={"token": self._token.reveal()}, stream=True, allow_redirects=False
            )
            self._check(response)
            content = content_of(response, most)
        if "json" in response.headers.get("Content-Type", "") and b'"errorcode"' in content[:2000]:
            raise LmsError("Moodle does not give the files: the token's service must allow downloads.")
        return content

    def standings(self, assignment: Assignment) -> dict[str, Standing]:
        """Return the marks by student's number; Moodle lists no feedback files."""
        answer = self._call("mod_assign_get_grades", {"assignmentids": [assignment.number]})
        with self._read_right():
            grades = [grade for found in answer["assignments"] for grade in found["grades"]]
            return {str(grade["userid"]): Standing(_mark(grade["grade"])) for grade in grades}

    def standing(self, assignment: Assignment, student: str) -> Standing:
        """Return the mark, the comment and the files of one student's feedback."""
        answer = self._call("mod_assign_get_submission_status", {"assignid": assignment.number, "userid": student})
        with self._read_right():
            return _standing(answer.get("feedback") or {})

    def send(self, assignment: Assignment, student: str, mark: float, page: Page | None, before: Standing) -> None:
        """Enter a mark, with the page as a feedback file; a comment that is there stays."""
        data: dict[str, Any] = {"assignfeedbackcomments_editor": {"text": before.comment, "format": HTML}}
        if page:
            data["files_filemanager"] = self._upload(page)
        about = {"assignmentid": assignment.number, "userid": student, "grade": f"{mark:g}", "attemptnumber": -1}
        asked = {**about, "addattempt": 0, "workflowstate": "", "applytoall": 0, "plugindata": data}
        self._call("mod_assign_save_grade", asked, writes=True)

    def _upload(self, page: Page) -> int:
        """Put a page into a new draft area, and return the area's number; no student sees it there."""
        form = {"token": self._token.reveal(), "filearea": "draft", "itemid": "0"}
        with self._told():
            response = self._writing.post(
                f"{self.url}/webservice/upload.php",
                data=form,
                files={"file_1": (page.name, page.content, "text/html")},
                allow_redirects=False,
            )
            answer = self._answer(response)
            if not answer or "itemid" not in answer[0]:
                raise LmsError("Moodle does not take the feedback page: is it larger than the site allows?")
            return int(answer[0]["itemid"])

    def _call(self, function: str, arguments: Mapping[str, Any], writes: bool = False) -> Any:
        """Call a function of the web service, and return its answer."""
        form = {"wstoken": self._token.reveal(), "wsfunction": function, "moodlewsrestformat": "json"}
        with self._told():
            response = (self._writing if writes else self._reading).post(
                f"{self.url}/webservice/rest/server.php",
                data={**form, **dict(_flat("", arguments))},
                allow_redirects=False,
            )
            return self._answer(response)

    def _answer(self, response: Any) -> Any:
        self._check(response)
        answer = response.json()
        if isinstance(answer, dict) and "errorcode" in answer:
            code = plain(answer["errorcode"], 60)
            if code in BAD_TOKEN:
                raise LmsError(
                    "Moodle does not accept the token, or its service lacks this function: make a new one "
                    "(Preferences, Security keys), or ask the site's administrator."
                )
            if code in NO_RIGHT:
                raise LmsError(f"Moodle does not let this token do that in course {self.course} ({code}).")
            raise LmsError(f"Moodle refuses the request ({code}).")
        return answer

    def _check(self, response: Any) -> None:
        """Raise LmsError unless the answer is 200; a redirect would carry the token on."""
        status = response.status_code
        if 300 <= status < 400:
            raise LmsError(f"{self.url} sends on to another address: give the site's own, as the browser shows it.")
        if status >= 500 or status == 429:
            raise Unavailable(f"Moodle answers with an error (HTTP {status}): run the same command again.")
        if status != 200:
            raise LmsError(f"Moodle refuses the request (HTTP {status}): are its web services switched on?")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in one sentence why there is no answer, without the library's words."""
        try:
            yield
        except requests.JSONDecodeError:
            raise LmsError(f"{self.url} does not answer as Moodle does: is the address right?") from None
        except requests.RequestException:
            raise Unavailable(f"{self.url} does not answer: run the same command again.") from None

    @contextmanager
    def _read_right(self) -> Iterator[None]:
        try:
            yield
        except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
            raise LmsError(f"Moodle's answer has another form than expected ({type(error).__name__}).") from None


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield arguments as Moodle's forms have them: ``options[0][name]``."""
    if isinstance(value, Mapping):
        items: Sequence[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    else:
        yield name, value
        return
    for key, part in items:
        yield from _flat(f"{name}[{key}]" if name else str(key), part)


def _student(user: Mapping[str, Any]) -> Student:
    """Return a student; the number alone is no login, for `collect` may have used an assignment's number as one."""
    logins = [str(user[name]) for name in ("idnumber", "username", "email") if user.get(name)]
    return Student(str(user["id"]), str(user["fullname"]), (*logins, f"user-{user['id']}"))


def _assignment(found: Mapping[str, Any]) -> Assignment:
    reasons = {
        "hands in by groups": found.get("teamsubmission"),
        "is marked anonymously": found.get("blindmarking") and not found.get("revealidentities"),
        "uses a marking workflow": found.get("markingworkflow"),
        "is marked on a scale": int(found["grade"]) < 0,
    }
    trouble = next((f"it {reason}: use `collect` and `export`" for reason, so in reasons.items() if so), "")
    feedback = {c["plugin"] for c in found.get("configs", []) if c["subtype"] == "assignfeedback"}
    return Assignment(str(found["id"]), str(found["name"]), float(found["grade"]), trouble, "file" in feedback)


def _files(submission: Mapping[str, Any]) -> Iterator[HandedInFile]:
    areas = [a for p in submission.get("plugins", []) if p["type"] == "file" for a in p.get("fileareas", [])]
    for file in (f for a in areas if a["area"] == "submission_files" for f in a.get("files", [])):
        version = f"{submission['attemptnumber']} {file['timemodified']} {file['filesize']} {file.get('filepath', '')}"
        yield HandedInFile(
            str(submission["userid"]),
            str(file["filename"]),
            int(file["filesize"]),
            str(file["fileurl"]),
            version,
            submitted=datetime.fromtimestamp(int(submission["timemodified"]), UTC).replace(tzinfo=None),
        )


def _mark(grade: Any) -> float | None:
    """Return a grade; -1 stands for none."""
    value = float(grade) if grade not in (None, "") else -1.0
    return None if value < 0 else value


def _standing(feedback: Mapping[str, Any]) -> Standing:
    plugins = {p["type"]: p for p in feedback.get("plugins") or []}
    comment = "".join(f["text"] for f in plugins.get("comments", {}).get("editorfields", []) if f["name"] == "comments")
    areas = plugins.get("file", {}).get("fileareas", [])
    files = frozenset(str(f["filename"]) for a in areas if a["area"] == "feedback_files" for f in a.get("files", []))
    others = [name for name in sorted(files) if not OWN_PAGE.search(name)]
    said = "a person's file is among the feedback" if others else "a person wrote a comment" if comment.strip() else ""
    grade = (feedback.get("grade") or {}).get("grade")
    return Standing(_mark(grade), files, said, comment)
