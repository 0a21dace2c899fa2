"""Canvas on loopback, as far as a course's users, assignments, submissions and uploads go."""

from __future__ import annotations

import re
from typing import Any

from tests.support.fake_lms import TOKEN, Answer, Asked, FakeLms

AT_ONCE = 2  # on a page, so that a class of four has several


class FakeCanvas(FakeLms):
    """One course, number 77, with one assignment, number 900."""

    def __init__(self) -> None:
        super().__init__()
        self.users: list[dict[str, Any]] = []
        self.contents: dict[str, bytes] = {}
        self.submissions: dict[str, dict[str, Any]] = {}
        self.assignment = {"id": 900, "name": "Loss as chain rule", "points_possible": 60.0, "course_id": 77}
        self.uploads: dict[str, tuple[str, bytes]] = {}

    def add(
        self, number: int, name: str, login: str, file: str = "", content: bytes = b"", size: int | None = None
    ) -> None:
        """Enroll a student who may have handed in a file."""
        self.users.append({"id": number, "name": name, "sortable_name": name, "login_id": login})
        attached = []
        if file:
            key = str(60000 + number)
            self.contents[key] = content
            url = f"{self.url}/files/{key}/download?download_frd=1&verifier=abc"
            attached = [
                {"id": int(key), "display_name": file, "filename": file, "url": url, "content-type": "application/json",
                 "size": len(content) if size is None else size}
            ]  # fmt: skip
        self.submissions[str(number)] = {
            "id": 5000 + number, "user_id": number, "assignment_id": 900, "attempt": 1 if file else None, "late": False,
            "submitted_at": "2026-11-20T22:59:00Z" if file else None, "score": None, "entered_score": None,
            "grade": None, "workflow_state": "submitted" if file else "unsubmitted", "excused": False,
            "submission_comments": [], **({"attachments": attached} if attached else {}),
        }  # fmt: skip

    def mark_of(self, number: int) -> float | None:
        found: float | None = self.submissions[str(number)]["entered_score"]
        return found

    def files_of(self, number: int) -> list[str]:
        """The names of the files that comments gave back to a student."""
        comments = self.submissions[str(number)]["submission_comments"]
        return [a["display_name"] for c in comments for a in c["attachments"]]

    def answer(self, asked: Asked) -> Answer:
        if asked.path.startswith("/files/"):
            return Answer(raw=self.contents[asked.path.split("/")[2]])
        if asked.path == "/upload":
            return self._taken(asked)
        if asked.path.endswith("/create_success"):
            key = asked.path.split("/")[4]
            return Answer(body={"id": int(key), "display_name": self.uploads[key][0], "url": f"{self.url}/files/{key}"})
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"errors": [{"message": "Invalid access token."}]}, {"WWW-Authenticate": "Bearer"})
        return self._api(asked)

    def _api(self, asked: Asked) -> Answer:
        course = "/api/v1/courses/77"
        one = re.fullmatch(rf"{course}/assignments/900/submissions/(\d+)(/comments/files)?", asked.path)
        if asked.path == f"{course}/search_users":
            return self._page(asked, self.users)
        if asked.path == f"{course}/assignments":
            return self._page(asked, [self.assignment])
        if asked.path == f"{course}/assignments/900/submissions":
            return self._page(asked, list(self.submissions.values()))
        if one is None or one[1] not in self.submissions:
            return Answer(404, {"errors": [{"message": "The specified resource does not exist."}]})
        if asked.method == "GET":
            return Answer(body=self.submissions[one[1]])
        self.writes.append(f"{asked.method} {asked.path}")
        return self._upload(asked) if one[2] else self._graded(self.submissions[one[1]], asked)

    def _page(self, asked: Asked, some: list[dict[str, Any]]) -> Answer:
        page = int(asked.get("page", "1"))
        more = page * AT_ONCE < len(some)
        link = {"Link": f'<{self.url}{asked.path}?page={page + 1}>; rel="next"'} if more else {}
        quota = {"X-Rate-Limit-Remaining": "600.0", "X-Request-Cost": "0.1"}
        return Answer(body=some[(page - 1) * AT_ONCE : page * AT_ONCE], headers={**quota, **link})

    def _upload(self, asked: Asked) -> Answer:
        """Step 1: a name and a size, for which there is an address."""
        key = str(80000 + len(self.uploads))
        self.uploads[key] = (asked.get("name"), b"")
        return Answer(body={"upload_url": f"{self.url}/upload", "file_param": "file", "upload_params": {"key": key}})

    def _taken(self, asked: Asked) -> Answer:
        """Step 2: the content, without the token; step 3 is where the answer sends on to."""
        assert "authorization" not in asked.headers
        key = asked.get("key")
        self.uploads[key] = (self.uploads[key][0], asked.files["file"][1])
        return Answer(303, None, {"Location": f"{self.url}/api/v1/files/{key}/create_success?uuid=x"})

    def _graded(self, submission: dict[str, Any], asked: Asked) -> Answer:
        if asked.get("submission[posted_grade]"):
            mark = float(asked.get("submission[posted_grade]"))
            submission.update(entered_score=mark, score=mark, grade=f"{mark:g}", workflow_state="graded")
        keys = asked.form.get("comment[file_ids][]", [])
        if keys or asked.get("comment[text_comment]"):
            attached = [{"id": int(k), "display_name": self.uploads[k][0]} for k in keys]
            submission["submission_comments"].append(
                {"comment": asked.get("comment[text_comment]"), "attachments": attached}
            )
        return Answer(body=submission)
