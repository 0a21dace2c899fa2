"""The site's text: formulas as MathML, docstrings with their signs."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from grader.course import ROOT, Chapter, chapters

sys.path.insert(0, str(ROOT / "docs" / "_sphinx"))
from docstrings import paragraphs
from mathml import mathml, parts

LESSONS = {c.assignment_id: f"course/{c.assignment_id}/{c.notebook}.html" for c in chapters()}


def formulas(text: str) -> list[tuple[str, bool]]:
    """Every formula in a source's prose: its LaTeX, and whether it stands on a line of its own."""
    prose = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)
    found = re.finditer(r"\$\$(?P<block>.+?)\$\$|(?<![\\$])\$(?P<inline>[^$\n]+?)\$(?!\$)", prose, re.S)
    return [(m["block"] or m["inline"], m["block"] is not None) for m in found]


@pytest.mark.parametrize("chapter", chapters(), ids=lambda c: c.key)
def test_every_formula_of_a_lesson_becomes_mathml(chapter: Chapter):
    found = formulas(chapter.source.read_text(encoding="utf-8"))
    assert len(found) > (3 if chapter.key == "lab" else 50)
    for latex, block in found:
        assert "<merror" not in mathml(latex, block=block)


def test_an_unknown_word_in_a_formula_is_an_error_that_names_it():
    with pytest.raises(ValueError, match=r"\\nosuchword"):
        mathml(r"a + \nosuchword", block=False)


def test_a_prime_stands_beside_its_letter_and_not_in_the_air():
    for latex in (r"\phi' + 1", "f'''(x)", "Q'(s', a')"):
        assert "msup" not in mathml(latex, block=False)
    assert "<msup>" in mathml("x^2", block=False)


def test_names_of_operators_stand_upright_and_in_one_piece():
    made = mathml(r"\operatorname*{arg\,max}_{a} Q \quad \arg\max_a Q \quad \operatorname{relu}(z)", block=True)
    assert made.replace("&#x000A0;", " ").count(">arg max</mo>") == 2
    assert "<mi>relu</mi>" in made


def test_spaces_stand_where_tex_sets_them():
    made = mathml(r"-x - \tfrac12 (-y) \tanh z \; \partial Q / \partial a", block=False)
    assert made.count('form="prefix"') == 2  # of three: the second one is a difference
    assert '<mi>tanh</mi><mspace width="0.17em"/><mi>z</mi>' in made
    assert '<mo lspace="0" rspace="0">/</mo>' in made
    assert "<mo>&#x02202;</mo>" not in made
    assert "mspace" not in mathml(r"\tanh(z) + \tanh^2", block=False)


def test_a_norm_is_as_tall_as_its_formula():
    assert mathml(r"\lVert a \rVert^2", block=True).count('stretchy="false">&#x02016;') == 2


def test_a_formula_breaks_at_its_wide_spaces_and_not_within_a_bracket():
    assert parts(r"a = b, \qquad c \quad d") == ["a = b, ", " c ", " d"]
    assert len(parts(r"\left( a \quad b \right), \begin{cases} x \quad y \end{cases} \text{if \quad{} z}")) == 1


@pytest.mark.slow
def test_no_formula_is_left_as_source_on_a_page(built_site: Path):
    for name in LESSONS.values():
        page = (built_site / name).read_text(encoding="utf-8")
        prose = re.sub(r"<(pre|code)\b.*?</\1>", "", page, flags=re.S)
        assert prose.count("<math") > (3 if "lab" in name else 50)
        assert not re.findall(r"\\(?:frac|tfrac|partial|nabla)|\$\$", prose), name


def test_docstrings_keep_their_signs_and_their_lines():
    lines = ["Makes x*y of `a_b`, see :func:`f`.", "", "p -- predictions, (n,)", "l -- labels", "", "    code(*args)"]
    assert paragraphs(lines) == [
        *("Makes x\\*y of ``a_b``, see :func:`f`.", ""),
        *("| p -- predictions, (n,)", "| l -- labels", ""),
        *("::", "", "    code(*args)", ""),
    ]
