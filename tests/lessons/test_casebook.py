"""The casebook: its code runs, and each case measures what its text says of it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch

from grader.course import ROOT, CourseDirectory, lessons
from grader.notebooks.predictions import calls, faults, questions
from grader.notebooks.source import source_notebook
from grader.publish.build import stale
from gradschool.lessons.compare_gradients import WORDS, Comparison, compare_gradients

(CASEBOOK,) = (c for c in lessons() if c.key == "casebook")
# What the text says of each case: the word, and the ratio where it names one.
SAID: dict[str, tuple[str, float | None]] = {
    "keras_fit": ("rescaled", 2 / 4),
    "quadcopter": ("rescaled", 1 / 4),
    "emami": ("rescaled", 8),
    "baselines": ("right", 1),
    "backward": ("leaking", 1),
    "gradient_as_loss": ("misdirected", None),
    "frozen": ("right", 1),
    "no_grad": ("absent", 0),
    "batch_twice": ("rescaled", 1 / 8),
    "the_sum": ("rescaled", 8),
    "none_gradient": ("absent", 0),
    "ones_gradient": ("misdirected", None),
    "target_actor": ("misdirected", None),
}


@pytest.fixture(scope="module")
def names() -> dict[str, Any]:
    """What the notebook's cells define, run from the top; torch's settings are put back."""
    dtype, threads = torch.get_default_dtype(), torch.get_num_threads()
    printed: list[str] = []
    found: dict[str, Any] = {"printed": printed, "print": lambda *words: printed.append(" ".join(map(str, words)))}
    try:
        for cell in source_notebook(CASEBOOK).cells:
            if cell.cell_type == "code":
                exec(cell.source, found)
    finally:
        torch.set_default_dtype(dtype)
        torch.set_num_threads(threads)
    return found


@pytest.mark.parametrize("case", SAID)
def test_each_case_measures_what_its_text_says(case: str, names: dict[str, Any]) -> None:
    word, ratio = SAID[case]
    assert names[case].word == word
    assert ratio is None or names[case].ratio == pytest.approx(ratio)


def test_every_comparison_of_the_notebook_is_listed_here(names: dict[str, Any]) -> None:
    assert {name for name, value in names.items() if isinstance(value, Comparison)} == set(SAID)


def test_the_examiner_says_what_the_text_says_it_does(names: dict[str, Any]) -> None:
    said = "\n".join(names["printed"])
    assert "actor-mean-over-actions" in said
    assert "weights adding up to" in said
    assert "one-target-never" in said
    assert said.count("[fault]") == 1


def test_the_ones_do_not_notice_the_critic(names: dict[str, Any]) -> None:
    other = compare_gradients(names["with_ones"](), names["negated"])
    assert other.cosine == pytest.approx(-names["ones_gradient"].cosine)


def test_training_by_k_function_returns_nothing_and_changes_the_actor_alone(names: dict[str, Any]) -> None:
    assert names["returned"] == []
    assert names["changed"]
    assert not any(m.any() for m in names["critic_moved"])


def test_each_prediction_offers_the_five_words_or_says_what_it_offers() -> None:
    cells = source_notebook(CASEBOOK).cells
    assert faults("casebook", cells) == []
    asked = questions(cells)
    assert len(asked) == len([c for c in calls(cells) if c.function == "predict"]) == 14
    others = {name for name, q in asked.items() if q.options != WORDS}
    assert others == {"casebook.empty-outputs", "casebook.quadcopter-ratio"}


def test_each_case_names_its_source() -> None:
    sections = re.split(r"^## ", CASEBOOK.source.read_text(encoding="utf-8"), flags=re.MULTILINE)
    cases = [s for s in sections if re.match(r"\d", s)]
    assert len(cases) == 9
    assert not [s[:30] for s in cases if not re.search(r"\*Source:\*.*?\]\(https://", s, re.DOTALL)]


def vectors(*rows: list[float] | None) -> list[torch.Tensor | None]:
    return [None if row is None else torch.tensor(row) for row in rows]


@pytest.mark.parametrize(
    ("found", "elsewhere", "word"),
    [
        (vectors([1.0, 2.0], [3.0]), [], "right"),
        (vectors([1.0, 2.0], [3.0]), vectors(None, [0.0]), "right"),
        (vectors([1.0, 2.0], [3.0]), vectors(None, [0.1]), "leaking"),
        (vectors([2.0, 4.0], [6.0]), [], "rescaled"),
        (vectors([-1.0, -2.0], [-3.0]), [], "misdirected"),
        (vectors([1.0, 2.0], None), [], "misdirected"),
        (vectors([0.0, 0.0], None), [], "absent"),
    ],
)
def test_the_five_words(found: list[torch.Tensor | None], elsewhere: list[torch.Tensor | None], word: str) -> None:
    right: Any = vectors([1.0, 2.0], [3.0])
    assert compare_gradients(found, right, elsewhere).word == word


def test_the_released_notebook_is_what_the_source_builds() -> None:
    assert stale([CASEBOOK], CourseDirectory(ROOT / "build", ROOT / "course")) == []
