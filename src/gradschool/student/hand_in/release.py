"""Which release a lesson and the installed package belong to.

Building the course writes the digest of each released notebook into that notebook's metadata, and all digests into
``release.json`` in the package, with those of the experiments. So a lesson and a package of two releases can be told
apart.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

import gradschool

KEY = "gradschool_lesson"  # in a notebook's metadata
FILE = "release.json"  # in the package


def digest(cells: Iterable[tuple[str, str]]) -> str:
    """Return the digest of a released notebook, from the kind and the text of each cell.

    >>> digest([("code", "1 + 1")]) == digest([("code", "1 + 1")]) != digest([("markdown", "1 + 1")])
    True
    """
    return hashlib.sha256(json.dumps([list(c) for c in cells]).encode()).hexdigest()[:16]


def text_digest(source: str) -> str:
    r"""Return the digest of a cell's text, all white space left out.

    >>> text_digest("x = f(1,\n      2)\n") == text_digest("x = f(1, 2)")
    True
    """
    return hashlib.sha256("".join(source.split()).encode(errors="replace")).hexdigest()[:12]


def facts(chapters: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the text of ``release.json``; each chapter has the ``digest`` of its lesson and its ``experiments``."""
    return json.dumps({"format": 1, "lessons": {k: chapters[k] for k in sorted(chapters)}}, indent=1) + "\n"


def read_facts() -> dict[str, dict[str, Any]]:
    """Return what the package knows of each lesson, by the assignment's name; empty if it knows nothing."""
    try:
        found = json.loads(resources.files("gradschool").joinpath(FILE).read_text(encoding="utf-8"))["lessons"]
        return {str(name): dict(value) for name, value in found.items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return {}


def experiments() -> frozenset[str]:
    """Return the digests of the texts of all lessons' experiments, which grading leaves out if they are as released."""
    return frozenset(str(digest) for lesson in read_facts().values() for digest in lesson.get("experiments", ()))


def difference(chapter: str, made_from: str, version: str) -> str:
    """Say how a lesson's release differs from the package's; "" if it does not, or if one of them does not say."""
    if version and version != gradschool.__version__:
        return f"the lesson is of version {version}"
    ours = str(read_facts().get(chapter, {}).get("digest", ""))
    differs = bool(ours) and made_from not in ("", ours)
    return f"the lesson is {made_from[:8]}, the package expects {ours[:8]}" if differs else ""
