"""The lessons and pages use the field's words: docs/terms.md says which wording they replaced."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TERMS = ROOT / "docs" / "terms.md"
PROSE = [*ROOT.glob("solutions/*/*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")]


def old_wording() -> list[str]:
    """The first column of the page's first table."""
    table = TERMS.read_text(encoding="utf-8").partition("## Terms")[2].partition("## One name")[0]
    return [row.split("|")[1].strip() for row in table.splitlines() if row.startswith("| ")][1:]


def pattern(phrase: str) -> re.Pattern[str]:
    """A phrase across line ends; an ellipsis stands for a few words."""
    words = [r"(?:\S+\s+){1,6}?\S*" if word == "…" else re.escape(word) for word in phrase.split()]
    return re.compile(r"(?<!\w)" + r"\s+".join(words) + r"(?!\w)", re.IGNORECASE)


def found_in(text: str) -> list[str]:
    """The old wording that a text uses."""
    return [phrase for phrase in old_wording() if pattern(phrase).search(text)]


def test_the_table_is_read_and_old_wording_is_noticed() -> None:
    assert len(old_wording()) > 20
    assert found_in("Now inject the gradient.") == []
    assert found_in("We push\n G in from above, and nobody moves the critic.") == [
        "push G in",
        "nobody moves the critic",
    ]
    assert found_in("Since when is the product of two numbers a loss?") == ["since when is … a loss"]


@pytest.mark.parametrize("page", [p for p in PROSE if p not in (TERMS, ROOT / "CHANGELOG.md")], ids=lambda p: p.name)
def test_no_page_uses_the_old_wording(page: Path) -> None:
    assert found_in(page.read_text(encoding="utf-8")) == []


def test_lint_knows_the_banned_words(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Nobody follows the label.\n", encoding="utf-8")
    words = str(ROOT / "docs" / "banned-words.txt")
    codespell = [sys.executable, "-m", "codespell_lib", "-D", words]
    done = subprocess.run([*codespell, str(page)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "Nobody ==> No one" in done.stdout
    assert "docs/banned-words.txt" in (ROOT / "Makefile").read_text(encoding="utf-8")
