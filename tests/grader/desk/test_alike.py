"""Similar answers together, and a student's text on a page: escaped, bounded, nothing hidden in it."""

from __future__ import annotations

import pytest

from grader.desk import alike
from grader.desk.alike import groups_of_code, groups_of_texts
from grader.desk.shown_text import MOST_CHARACTERS, MOST_LATEX, MOST_LINES, as_html, bounded, visible
from tests.grader.desk.hand_ins import ADAM, ADAM_COPIES

TEXT = "The gradient that arrives at the output is all that the network needs, wherever it came from."


def test_texts_with_nearly_the_same_words_come_together() -> None:
    texts = {
        "a": TEXT,
        "b": "Something else altogether, in other words, about weights that stand still.",
        "c": TEXT.upper().replace(",", " ;") + "!",
        "d": TEXT + " Nothing more.",
        "e": TEXT.replace("network", "loss").replace("output", "input").replace("came", "went"),
    }
    assert groups_of_texts(texts) == [["a", "c", "d"], ["b"], ["e"]]


def test_a_threshold_that_takes_everything_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alike, "NEAR", 0.0)
    assert len(groups_of_texts({"a": TEXT, "b": "Quite another answer to it."})) == 1
    monkeypatch.undo()
    assert len(groups_of_texts({"a": TEXT, "b": "Quite another answer to it."})) == 2


def test_short_texts_are_alike_only_if_they_are_the_same() -> None:
    assert groups_of_texts({"a": "Adam", "b": "adam.", "c": "SGD", "d": "", "e": "?!", "f": ""}) == [
        ["a", "b"],
        ["d", "f"],
        ["c"],
        ["e"],
    ]


def test_code_is_alike_but_for_names_constants_and_formatting() -> None:
    codes = {"a": ADAM["a helper for the mean"], "b": ADAM["by the book"], "c": ADAM_COPIES["renamed"]}
    assert groups_of_code(codes) == [["a", "c"], ["b"]]
    assert groups_of_code({"a": "", "b": "", "c": "# only words"}) == [["a", "b"], ["c"]]


def test_what_a_student_wrote_is_text() -> None:
    page = as_html("<script>x</script> & \"' `<b>` $<i>$ $\\href{javascript:1}{G}$ <img src=x onerror=y>")
    assert "<script" not in page
    assert "<img" not in page
    assert "<i>" not in page
    assert "<code>&lt;b&gt;</code>" in page
    assert "href" not in page.replace("\\href{javascript:1}", "")


def test_formulas_are_drawn_and_what_is_none_stays() -> None:
    page = as_html("$\\frac{1}{2}$ and $$x^2$$; it cost 5 $ and 6 $\nnot $\\nosuchthing{$")
    assert page.count("<math") == 2
    assert "it cost 5 $ and 6 $" in page
    assert as_html("`a $x$ b`") == "<code>a $x$ b</code>"
    assert "\\nosuchthing" in page


def test_characters_that_turn_a_line_round_or_cannot_be_seen_are_named() -> None:
    assert visible("a\u202eb\u200bc\x1b[31m\x00\td\r\n") == "a[U+202E]bc[U+001B][31m[U+0000]\td\n"


def test_sixty_thousand_empty_lines_and_a_long_line_are_bounded() -> None:
    text, shortened = bounded("one\n" + "\n" * 60_000 + "two")
    assert (text, shortened) == ("one\n\n\ntwo", True)
    assert bounded("one\n\n\ntwo") == ("one\n\n\ntwo", False)
    text, shortened = bounded("x" * 10**6)
    assert (len(text), shortened) == (MOST_CHARACTERS, True)
    text, shortened = bounded("line\n" * 1000)
    assert (text.count("\n") + 1, shortened) == (MOST_LINES, True)
    assert as_html("$x$ " * 5000).count("<math") == MOST_LATEX
