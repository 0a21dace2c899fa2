"""The journal of what was fetched and sent: a kill in the middle of a line costs that line and no other."""

from __future__ import annotations

from pathlib import Path

from grader.lms.api.journal import NAME, Journal


def test_a_line_that_was_cut_off_swallows_no_other(tmp_path: Path) -> None:
    Journal(tmp_path).add_file("a.ipynb", "1")
    with (tmp_path / NAME).open("ab") as killed:
        killed.write(b'{"fetched": "b.ipynb", "vers')
    journal = Journal(tmp_path)
    journal.add_mark("900", "12001", 5.5, "page.html")
    journal.add_file("c.ipynb", "3")
    again = Journal(tmp_path)
    assert again.fetched == {"a.ipynb": "1", "c.ipynb": "3"}
    assert (again.sent, again.pages) == ({("900", "12001"): 5.5}, {("900", "12001"): "page.html"})
    assert (tmp_path / NAME).read_bytes().count(b"\n") == 4
