"""Similar code: planted copies are found, answers written independently are not, short ones are said to be short."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable

import pytest

from grader.course import Chapter
from grader.desk import code_shape, similarity
from grader.desk.code_shape import shape
from grader.desk.pages import known_code
from grader.desk.questions import find_question
from grader.desk.similarity import GRAM, WINDOW, Exercise, fingerprints
from tests.grader.desk.hand_ins import ADAM, ADAM_COPIES, MLP, MLP_COPIES, SHORT


@pytest.fixture(scope="module")
def adam(chain: Chapter) -> list[str]:
    """The code of chain.adam_step that is nobody's own."""
    return known_code(find_question(chain, "chain-adam-step"))


@pytest.fixture(scope="module")
def mlp(chain: Chapter) -> list[str]:
    return known_code(find_question(chain, "chain-mlp-backward"))


def compare(answers: dict[str, str], known: Iterable[str] = ()) -> similarity.Found:
    return similarity.compare({"one": Exercise(answers, known)})


def pairs(found: similarity.Found) -> set[frozenset[str]]:
    return {frozenset((p.one, p.other)) for p in found.pairs}


@pytest.mark.parametrize("copy", ADAM_COPIES)
def test_a_copy_in_disguise_is_found_and_nothing_else(copy: str, adam: list[str]) -> None:
    found = compare({**ADAM, copy: ADAM_COPIES[copy]}, adam)
    assert pairs(found) == {frozenset(("a helper for the mean", copy))}
    assert found.pairs[0].share > 0.9


def test_three_who_share_one_answer_are_found_each_with_each(adam: list[str]) -> None:
    found = compare({**ADAM, **ADAM_COPIES}, adam)
    cluster = ["a helper for the mean", *ADAM_COPIES]
    assert pairs(found) == {frozenset((a, b)) for a in cluster for b in cluster if a < b}


def test_a_copy_of_another_exercise_is_found(mlp: list[str]) -> None:
    found = compare({**MLP, **MLP_COPIES}, mlp)
    assert pairs(found) == {frozenset(("sample by sample", "renamed loop"))}


def test_right_answers_written_independently_are_not_similar(adam: list[str], mlp: list[str]) -> None:
    for answers, known in ((ADAM, adam), (MLP, mlp)):
        found = compare(answers, known)
        assert found.pairs == ()
        assert not found.too_short


def test_without_the_shape_a_renamed_copy_would_be_missed(adam: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above fails where names count."""

    def words(code: str) -> tuple[code_shape.Statement, ...]:
        lines = enumerate(code.splitlines(), 1)
        return tuple(code_shape.Statement(tuple(re.findall(r"\w+|\S", line)), n, n) for n, line in lines)

    for name in ("fingerprints", "_by_gram"):
        getattr(similarity, name).cache_clear()
    monkeypatch.setattr(similarity, "statements", words)
    found = compare({**ADAM, "renamed": ADAM_COPIES["renamed"]}, adam)
    monkeypatch.undo()
    for name in ("fingerprints", "_by_gram"):
        getattr(similarity, name).cache_clear()
    assert frozenset(("a helper for the mean", "renamed")) not in pairs(found)


def test_what_the_bank_has_is_nobodys_own(adam: list[str]) -> None:
    """Two who wrote the model answer are not similar; without the bank they would be."""
    answers = {"one": ADAM["by the book"], "two": ADAM["by the book"], **ADAM}
    assert not {p for p in pairs(compare(answers, adam)) if "one" in p}
    assert frozenset(("one", "two")) in pairs(compare({"one": answers["one"], "two": answers["two"]}))


def test_what_most_of_the_class_has_is_nobodys_own() -> None:
    idiom = ADAM_COPIES["renamed"]
    few = {**{f"other-{k}": text for k, text in enumerate(ADAM.values())}, "one": idiom}
    assert any("one" in pair for pair in pairs(compare(few)))
    many = {**few, **{f"student-{k}": idiom for k in range(20)}}
    assert not any("one" in pair for pair in pairs(compare(many)))


def test_an_exercise_of_one_line_is_too_short_to_tell(chain: Chapter) -> None:
    known = known_code(find_question(chain, "chain-l2-gradient"))
    found = compare({**SHORT, "same": SHORT["a"]}, known)
    assert found.too_short
    assert found.pairs == ()


def test_the_common_part_is_named_by_line(adam: list[str]) -> None:
    own = "\n\ndef extra(a, b):\n    return [(x * 3 if x > b else x - b) for x in sorted(a)][::-1]\n"
    code = ADAM["entry by entry"] + own
    exercise = Exercise({**ADAM, "copy": code}, adam)
    assert pairs(similarity.compare({"one": exercise})) == {frozenset(("copy", "entry by entry"))}
    lines = [code.split("\n")[n - 1] for n in exercise.lines("entry by entry", "copy")[1]]
    assert any("np.ndenumerate" in line for line in lines)
    assert not any("sorted(a)" in line for line in lines)


def test_exercises_that_say_little_say_more_together(adam: list[str], mlp: list[str]) -> None:
    """Two students whose likeness is too short in each exercise; two others who share one of them alone."""
    short = {
        "x": Exercise(
            {**SHORT, "one": "def f(a):\n    return a[::-1][1:]\n", "two": "def f(b):\n    return b[::-1][2:]\n"}
        ),
        "y": Exercise({**SHORT, "one": "g = {1: 2}[h]\nk = ~g\n", "two": "u = {3: 4}[w]\nz = ~u\n"}),
    }
    for exercise in short.values():
        assert similarity.compare({"alone": exercise}).pairs == ()
    (pair,) = similarity.compare(short).pairs
    assert ({pair.one, pair.other}, set(pair.parts)) == ({"one", "two"}, {"x", "y"})
    people = [f"student-{k}" for k in range(7)]
    both = {
        "adam": Exercise(dict(zip(people, ADAM.values(), strict=True)), adam),
        "mlp": Exercise(dict(zip(people, MLP.values(), strict=True)), mlp),
    }
    assert similarity.compare(both).pairs == ()


def test_winnowing_keeps_a_fingerprint_of_every_long_enough_common_run() -> None:
    """The guarantee of the published algorithm: GRAM + WINDOW - 1 symbols in common share a fingerprint."""
    rng = random.Random(4)
    for _ in range(200):
        shared = " + ".join(rng.choice(["a.x", "b[0]", "f(c)", "-d", "2 @ e"]) for _ in range(6))
        one = f"u = {'g(h) @ ' * rng.randrange(4)}({shared})"
        other = f"v = {'k[1] - ' * rng.randrange(4)}({shared})"
        assert sum(len(s.symbols) for s in code_shape.statements(f"({shared})")) >= GRAM + WINDOW - 1
        assert fingerprints(one) & fingerprints(other)


def test_shape_leaves_names_constants_and_formatting_out_and_keeps_what_is_done() -> None:
    assert shape("x = a + 2*b  # sum") == shape("total = (\n  7 * other + first)")
    assert shape("x += y") == shape("z = z + w")
    assert shape("np.sum(a, axis=0)") == shape("np.sum(b, axis=1)")
    assert shape("np.sum(a)") != shape("np.mean(a)")
    assert shape("a - b") != shape("a / b")
    assert shape("x[:-1] @ W") != shape("x @ W")


def test_code_that_does_not_parse_is_compared_by_its_tokens() -> None:
    broken = ADAM["entry by entry"] + "\nreturn ((\n"
    assert shape(broken) == shape(broken.replace("mean", "average"))
    for odd in ("", "\0", "(" * 5000, "\\", "'''", "x = 1\n\ty = 2\n  z", "é" * 10, "-" * 200_000 + "1"):
        compare({"one": odd, "two": odd, "three": odd})


def test_a_class_of_300_is_compared_in_time(adam: list[str]) -> None:
    rng = random.Random(1)
    lines = [line for text in (*ADAM.values(), *MLP.values()) for line in text.splitlines()[2:-1]]
    answers = {
        f"s{k}": "def f():\n" + "\n".join("    " + rng.choice(lines).strip() for _ in range(12)) for k in range(300)
    }
    answers["huge"] = "x = [" + "a + b @ c, " * 20_000 + "]"
    assert compare(answers, adam).answers == 301
