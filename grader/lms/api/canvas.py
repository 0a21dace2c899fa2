"""A course of Canvas, over its REST API and the library canvasapi.

The token is a header of each request, so it is in no address. A mark and a page of feedback go in one request: the page
is uploaded first, in three steps, and hangs nowhere until the submission's PUT names its number.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from canvasapi import exceptions
from canvasapi.assignment import Assignment as CanvasAssignment
from canvasapi.course import Course
from canvasapi.requester import Requester
from canvasapi.submission import Submission
from canvasapi.upload import Uploader

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
from grader.lms.timestamps import parse_utc

COMMENT = "Feedback on your notebook is in the attached page."


class CanvasCourse:
    """A course of Canvas; ``number`` is the one in its address, ``/courses/NUMBER``."""

    kind, name = "canvas", "Canvas"

    def __init__(self, url: str, course: str, token: Token, sleep: Sleep) -> None:
        logging.getLogger("canvasapi").setLevel(logging.WARNING)  # below that it logs headers and contents
        self.url, self.course, self._token = url, course, token
        self._requester = Requester(url, token.reveal())
        self._requester._session = session(lambda request: request.method in ("GET", "HEAD"), sleep)
        self._course = Course(self._requester, {"id": course})

    def students(self) -> list[Student]:
        """Return all students of the course."""
        with self._told():
            return [_student(user) for user in self._course.get_users(enrollment_type=["student"])]

    def assignments(self) -> list[Assignment]:
        """Return all assignments of the course."""
        with self._told():
            return [_assignment(found) for found in self._course.get_assignments()]

    def handed_in(self, assignment: Assignment) -> tuple[list[HandedInFile], list[str]]:
        """Return the files of each student's latest submission; what is no file, such as typed text, is left out."""
        with self._told():
            found = [(s, list(_files(s))) for s in self._submissions(assignment)]
            typed = [str(s.user_id) for s, files in found if not files and getattr(s, "submitted_at", None)]
        return [file for _, files in found for file in files], [without_file(student) for student in typed]

    def read(self, file: HandedInFile, most: int) -> bytes:
        """Return a file's content; a storage on another host gets no token."""
        headers = {"Authorization": f"Bearer {self._token.reveal()}"} if same_host(file.url, self.url) else {}
        with self._told():
            response = self._requester._session.get(file.url, headers=headers, stream=True)
            if response.status_code != 200:
                raise GraderError(f"Canvas does not give the file (HTTP {response.status_code}).")
            return content_of(response, most)

    def standings(self, assignment: Assignment) -> dict[str, Standing]:
        """Return marks and files by student's number."""
        with self._told():
            return {str(found.user_id): _standing(found) for found in self._submissions(assignment)}

    def standing(self, assignment: Assignment, student: str) -> Standing:
        """Return all that Canvas has for one student."""
        with self._told():
            return _standing(self._assignment(assignment).get_submission(student, include=["submission_comments"]))

    def send(self, assignment: Assignment, student: str, mark: float, page: Page | None, before: Standing) -> None:
        """Enter a mark, with the page as a comment's file."""
        about = {"course_id": self.course, "assignment_id": assignment.number, "user_id": student}
        with self._told():
            submission = Submission(self._requester, about)
            said = {"comment": {"text_comment": COMMENT, "file_ids": [self._upload(about, page)]}} if page else {}
            submission.edit(submission={"posted_grade": f"{mark:g}"}, **said)

    def _assignment(self, assignment: Assignment) -> CanvasAssignment:
        return CanvasAssignment(self._requester, {"id": assignment.number, "course_id": self.course})

    def _submissions(self, assignment: Assignment) -> Iterator[Any]:
        yield from self._assignment(assignment).get_submissions(include=["submission_comments"])

    def _upload(self, about: dict[str, str], page: Page) -> int:
        """Upload a page and return its number; canvasapi takes the name from a file."""
        path = "courses/{course_id}/assignments/{assignment_id}/submissions/{user_id}/comments/files".format(**about)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / page.name
            file.write_bytes(page.content)
            done, answer = Uploader(self._requester, path, str(file)).start()
        if not done:
            raise Unavailable("Canvas did not take the feedback page.")
        return int(answer["id"])

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say in one sentence what Canvas refuses, without its own words: they may repeat what was sent."""
        try:
            yield
        except (exceptions.InvalidAccessToken, exceptions.Unauthorized):
            raise LmsError(
                "Canvas does not accept the token: make a new one (Account, Settings, New Access Token)."
            ) from None
        except exceptions.Forbidden:
            raise LmsError(f"Canvas does not let this token do that in course {self.course}.") from None
        except exceptions.ResourceDoesNotExist:
            raise LmsError(f"Canvas has no course {self.course}, or not this part of it, for this token.") from None
        except (exceptions.BadRequest, exceptions.UnprocessableEntity, exceptions.Conflict) as error:
            raise LmsError(f"Canvas refuses the request ({type(error).__name__}).") from None
        except exceptions.RateLimitExceeded:
            raise Unavailable("Canvas asks for fewer requests: run the same command again later.") from None
        except exceptions.CanvasException as error:
            status = str(error).rpartition("status code ")[2]
            raise Unavailable(f"Canvas answers with an error (HTTP {status[:3]}): run the command again.") from None
        except requests.JSONDecodeError:
            raise LmsError(f"{self.url} does not answer as Canvas does: is the address right?") from None
        except requests.RequestException:
            raise Unavailable(f"{self.url} does not answer: run the same command again.") from None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise LmsError(f"Canvas's answer has another form than expected ({type(error).__name__}).") from None


def _student(user: Any) -> Student:
    logins = (getattr(user, name, None) for name in ("login_id", "sis_user_id", "email"))
    name = getattr(user, "sortable_name", None) or getattr(user, "name", "")
    return Student(str(user.id), str(name), tuple(str(login) for login in logins if login))


def _assignment(found: Any) -> Assignment:
    points = getattr(found, "points_possible", None)
    anonymous = getattr(found, "anonymize_students", False) or getattr(found, "moderated_grading", False)
    trouble = "its marking is anonymous or moderated: use `collect` and `export`" if anonymous else ""
    return Assignment(str(found.id), str(found.name), None if points is None else float(points), trouble)


def _files(submission: Any) -> Iterator[HandedInFile]:
    time = getattr(submission, "submitted_at", None)
    for attached in submission.attachments:
        yield HandedInFile(
            str(submission.user_id),
            str(getattr(attached, "display_name", None) or getattr(attached, "filename", "")),
            int(attached.size),
            str(attached.url),
            version=str(attached.id),
            number=str(attached.id),
            submitted=parse_utc(time) if time else None,
            late=bool(getattr(submission, "late", False)),
        )


def _standing(found: Any) -> Standing:
    """Return a submission's mark, as it was entered: a late policy's deduction is Canvas's own."""
    entered = getattr(found, "entered_score", None)
    score = entered if entered is not None else getattr(found, "score", None)
    comments = getattr(found, "submission_comments", None) or []
    names = {str(a.get("display_name", "")) for c in comments for a in c.get("attachments") or []}
    excused = "the student is excused" if getattr(found, "excused", False) else ""
    return Standing(None if score is None else float(score), frozenset(names), others=excused)
