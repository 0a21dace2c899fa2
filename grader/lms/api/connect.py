"""Opening a course of an LMS: its address, its number, and a token that no command line has."""

from __future__ import annotations

import time

from grader.lms.api.interface import Lms, LmsError
from grader.lms.api.session import Sleep, checked_url
from grader.lms.api.token import find_token


def connect(kind: str, url: str, course: str, sleep: Sleep = time.sleep) -> Lms:
    """Return the course with this number; nothing is asked yet.

    Raises
    ------
    LmsError
        If the address or number is none, there is no token, or the libraries are not installed.
    """
    address = checked_url(url)
    if not course.isascii() or not course.isdigit():
        raise LmsError(f"{course[:40]!r} is no course's number: it stands in the course's address in the browser.")
    token = find_token(kind, address)
    try:
        if kind == "canvas":
            from grader.lms.api.canvas import CanvasCourse

            return CanvasCourse(address, course, token, sleep)
        from grader.lms.api.moodle import MoodleCourse

        return MoodleCourse(address, course, token, sleep)
    except ModuleNotFoundError as error:
        raise LmsError(f"{error.name} is missing: run `pip install -e '.[lms]'`.") from error
