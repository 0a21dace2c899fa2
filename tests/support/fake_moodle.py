"""Moodle on loopback, as far as the web service functions go that a course's marks need."""

from __future__ import annotations

import re
from typing import Any

from tests.support.fake_lms import TOKEN, Answer, Asked, FakeLms

AT_ONCE = 2  # of Moodle's side: fewer than asked for, as where some are hidden


class FakeMoodle(FakeLms):
    """One course, number 77, with one assignment, number 900."""

    def __init__(self) -> None:
        super().__init__()
        self.users: list[dict[str, Any]] = []
        self.contents: dict[str, bytes] = {}
        self.submissions: list[dict[str, Any]] = []
        self.grades: dict[int, str] = {}
        self.comments: dict[int, str] = {}
        self.files: dict[int, list[str]] = {}
        self.drafts: dict[int, tuple[str, bytes]] = {}
        self.assignment: dict[str, Any] = {
            "id": 900, "cmid": 41, "course": 77, "name": "Chapter 1: Loss as chain rule", "grade": 60,
            "teamsubmission": 0, "blindmarking": 0, "revealidentities": 0, "markingworkflow": 0, "duedate": 0,
            "configs": [
                {"plugin": "file", "subtype": "assignsubmission", "name": "enabled", "value": "1"},
                {"plugin": "file", "subtype": "assignfeedback", "name": "enabled", "value": "1"},
            ],
        }  # fmt: skip

    def add(self, number: int, name: str, login: str, role: str = "student") -> None:
        roles = [{"roleid": 5, "name": "", "shortname": role, "sortorder": 0}]
        email = f"{login}@uni.example"
        self.users.append({"id": number, "fullname": name, "email": email, "idnumber": login, "roles": roles})

    def hand_in(self, number: int, file: str, content: bytes, attempt: int = 0, status: str = "submitted") -> None:
        key = f"{number}-{attempt}"
        self.contents[key] = content
        listed = {
            "filename": file, "filepath": "/", "filesize": len(content), "timemodified": 1795215540 + attempt,
            "mimetype": "application/x-ipynb+json", "isexternalfile": False,
            "fileurl": f"{self.url}/webservice/pluginfile.php/55/assignsubmission_file/submission_files/{key}/x.ipynb",
        }  # fmt: skip
        area = {"area": "submission_files", "files": [listed]}
        self.submissions.append(
            {"id": 3000 + number, "userid": number, "attemptnumber": attempt, "timecreated": 1, "groupid": 0,
             "timemodified": 1795215540 + attempt, "status": status, "gradingstatus": "notgraded",
             "plugins": [{"type": "file", "name": "File submissions", "fileareas": [area]},
                         {"type": "comments", "name": "Submission comments"}]}
        )  # fmt: skip

    def answer(self, asked: Asked) -> Answer:
        assert TOKEN not in asked.path + str(asked.query), "the token is in an address"
        if (asked.get("wstoken") or asked.get("token")) != TOKEN:
            return Answer(body={"exception": "core\\exception\\moodle_exception", "errorcode": "invalidtoken",
                                "message": "Invalid token - token not found"})  # fmt: skip
        if asked.path.startswith("/webservice/pluginfile.php/"):
            return Answer(raw=self.contents[asked.path.split("/")[-2]])
        if asked.path == "/webservice/upload.php":
            self.writes.append("upload")
            name, content = asked.files["file_1"]
            self.drafts[700 + len(self.drafts)] = (name, content)
            return Answer(body=[{"itemid": 699 + len(self.drafts), "filename": name, "filearea": "draft"}])
        return Answer(body=getattr(self, asked.get("wsfunction"))(asked))

    def core_enrol_get_enrolled_users(self, asked: Asked) -> Any:
        given = {asked.get(f"options[{i}][name]"): asked.get(f"options[{i}][value]") for i in range(3)}
        assert (given["sortby"], given["limitnumber"], asked.get("courseid")) == ("id", "100", "77")
        start = int(given["limitfrom"]) // 100 * AT_ONCE
        return self.users[start : start + AT_ONCE]

    def mod_assign_get_assignments(self, asked: Asked) -> Any:
        if asked.get("courseids[0]") != "77":
            return {"courses": [], "warnings": [{"item": "course", "warningcode": "2", "message": "not enrolled"}]}
        return {"courses": [{"id": 77, "fullname": "RL", "assignments": [self.assignment]}], "warnings": []}

    def mod_assign_get_submissions(self, asked: Asked) -> Any:
        assert asked.get("assignmentids[0]") == "900"
        return {"assignments": [{"assignmentid": 900, "submissions": self.submissions}], "warnings": []}

    def mod_assign_get_grades(self, asked: Asked) -> Any:
        grades = [{"id": n, "userid": n, "attemptnumber": 0, "grader": 2, "grade": g} for n, g in self.grades.items()]
        if not grades:
            return {"assignments": [], "warnings": [{"itemid": 900, "warningcode": "3", "message": "No grades found"}]}
        return {"assignments": [{"assignmentid": 900, "grades": grades}], "warnings": []}

    def mod_assign_get_submission_status(self, asked: Asked) -> Any:
        number = int(asked.get("userid"))
        if number not in self.grades:
            return {"lastattempt": {}, "warnings": []}
        files = [{"filename": name, "filesize": 1} for name in self.files.get(number, [])]
        text = {
            "name": "comments",
            "description": "Feedback comments",
            "text": self.comments.get(number, ""),
            "format": 1,
        }
        plugins = [
            {"type": "comments", "name": "Feedback comments", "fileareas": [], "editorfields": [text]},
            {"type": "file", "name": "Feedback files", "fileareas": [{"area": "feedback_files", "files": files}]},
        ]
        grade = {"id": number, "userid": number, "grade": self.grades[number], "grader": 2}
        return {"lastattempt": {}, "feedback": {"grade": grade, "plugins": plugins}, "warnings": []}

    def mod_assign_save_grade(self, asked: Asked) -> Any:
        """Comment and files are replaced, as Moodle does; files only where a draft area is named."""
        number = int(asked.get("userid"))
        self.writes.append(f"save_grade {number}")
        needed = ("assignmentid", "grade", "attemptnumber", "addattempt", "workflowstate", "applytoall")
        assert all(name in asked.form for name in needed)
        assert re.fullmatch(r"\d+(\.\d+)?", asked.get("grade"))
        self.grades[number] = f"{float(asked.get('grade')):.5f}"
        self.comments[number] = asked.get("plugindata[assignfeedbackcomments_editor][text]")
        if area := asked.get("plugindata[files_filemanager]"):
            self.files[number] = [self.drafts[int(area)][0]]
        return None
