"""Badges that open a lesson on Colab and on Binder, for a repository that has a public address on GitHub."""

from __future__ import annotations

import re
from urllib.parse import quote

from grader.course import Chapter
from grader.errors import GraderError
from gradschool.core.without_torch import colab_address

REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/[\w.-]{1,100}", re.ASCII)
COLAB_IMAGE = "https://colab.research.google.com/assets/colab-badge.svg"
BINDER, BINDER_IMAGE = "https://mybinder.org/v2/gh", "https://mybinder.org/badge_logo.svg"


def badges(repository: str, chapter: Chapter, branch: str = "main") -> str:
    """Return a line of Markdown with both badges of a chapter.

    Raises
    ------
    GraderError
        If the repository is not named as GitHub names it.
    """
    if not REPOSITORY.fullmatch(repository):
        raise GraderError(f"{repository!r} is no repository of GitHub's: name it as OWNER/NAME.")
    file = f"course/{chapter.assignment_id}/{chapter.notebook}.ipynb"
    colab = colab_address(repository, chapter.assignment_id, quote(branch, safe="/"))
    binder = f"{BINDER}/{repository}/{quote(branch, safe='')}?urlpath={quote(f'lab/tree/{file}', safe='')}"
    return f"[![Open in Colab]({COLAB_IMAGE})]({colab}) [![Open in Binder]({BINDER_IMAGE})]({binder})"
