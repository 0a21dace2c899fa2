"""Whether a person looks at the notebook, or a program runs it."""

from __future__ import annotations

from typing import Any

from gradschool.core.judge_messages import judge_address

OWN_KEYS = 'data-lm-suppress-shortcuts="true"'
"""For the very element that takes the focus: without it JupyterLab takes Enter and the arrow keys from a summary."""


def is_interactive() -> bool:
    """Return whether a person has this notebook open: not where a program runs it, in a script, or while grading.

    A front end says with every cell whether it could ask its reader a question (`allow_stdin`); programs that only
    execute a notebook (Validate, nbconvert, nbclient, a grader) say that they cannot.
    """
    if judge_address() is not None:
        return False
    try:
        from IPython import get_ipython

        request: Any = get_ipython().kernel.get_parent()
        return bool(request["content"].get("allow_stdin"))
    except (ImportError, AttributeError, KeyError, TypeError):  # no IPython, no kernel, no request
        return False
