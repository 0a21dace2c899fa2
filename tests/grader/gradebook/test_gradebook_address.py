"""A gradebook's address that does not open gets one sentence, and never shows the password."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from grader.course import CourseDirectory
from grader.errors import GraderError
from grader.gradebook.connection import open_gradebook
from tests.support.gradebooks import grader
from tests.support.postgres_server import Server

pytestmark = pytest.mark.slow

SECRET = "sesame-4711"


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("gradebook.db", "is not a URL: say sqlite:///FOLDER/gradebook.db or postgresql://USER@HOST/DATABASE"),
        (f"postgresql://ada:p@{SECRET}@127.0.0.1/x", "is not a URL"),  # an @ of the password's own
        (f"postgresql://ada:{SECRET}@127.0.0.1:http/x", "is not a URL"),
        (f"mysql://ada:{SECRET}@127.0.0.1/x", "cannot live in mysql"),
        (f"postgresql://ada:{SECRET}@127.0.0.1/", "names no database"),
        (
            f"postgresql://ada:{SECRET}@127.0.0.1:1/x?password={SECRET}",
            "No PostgreSQL answers at postgresql://ada:***@",
        ),
        ("sqlite:////no-such-folder/gradebook.db", "cannot be opened: make its folder"),
        ("sqlite://", "names no database"),
        ("sqlite:///PAPER", "holds no gradebook"),
        (f"postgresql://ada:{SECRET}@/walled?host=SERVER", "refuses the password of ada"),
        ("postgresql://ada@/walled?host=SERVER", "refuses the password of ada"),
        ("postgresql://stranger@/postgres?host=SERVER", "knows no user stranger: `createuser stranger`"),
        ("postgresql://grader@/nowhere?host=SERVER", "There is no database postgresql://grader@/nowhere: `createdb"),
        ("postgresql://guest@/postgres?host=SERVER", "guest may not make tables"),
    ],
)
def test_an_address_that_does_not_open_gets_one_sentence_and_no_password(
    address: str, sentence: str, server: Server, tmp_path: Path
) -> None:
    paper = tmp_path / "paper"
    paper.write_text("no gradebook", encoding="utf-8")
    address = address.replace("SERVER", str(server.folder)).replace("PAPER", str(paper))
    with (
        pytest.raises(GraderError) as trouble,
        open_gradebook(CourseDirectory(Path(), Path(), address)),
    ):
        pass
    assert sentence in str(trouble.value)
    assert SECRET not in str(trouble.value)
    assert "\n" not in str(trouble.value)
    assert trouble.value.__cause__ is None  # whose text might show what ours hides


def test_a_right_password_opens(server: Server) -> None:
    with open_gradebook(
        CourseDirectory(Path(), Path(), f"postgresql://ada:p%40ss/w%25rd@/walled?host={server.folder}")
    ) as book:
        assert book.course_id == "gradschool"


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with (
        pytest.raises(GraderError, match=r"pip install -e '\.\[postgres\]'"),
        open_gradebook("postgresql+psycopg://a@127.0.0.1/b"),
    ):
        pass


def test_a_command_ends_with_the_sentence_and_one(course: CourseDirectory, server: Server) -> None:
    """Whatever it is that opens the gradebook: nothing else is said, and the password nowhere."""
    closed = f"postgresql://ada:{SECRET}@/walled?host={server.folder}"
    for words in (["export", "chain", "--db", closed], ["migrate-gradebook", "--to", closed]):
        done = grader(course, *words, code=1, apart=True)
        assert done.stderr.startswith("grader: postgresql://ada:***@/walled refuses the password of ada")
        assert len(done.stderr.splitlines()) == 1
        assert SECRET not in done.stdout + done.stderr
