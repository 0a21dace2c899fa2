"""Whether an error is a program's own beyond doubt: it reads an attribute that nothing in its files ever sets."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

MOST_FILES = 200  # of a program that are looked through


def class_that_lacks(error: BaseException) -> str:
    """Name the program's class whose attribute is missing; empty where it may be set somewhere, or by the caller."""
    if not isinstance(error, AttributeError) or not error.name or error.obj is None:
        return ""
    kinds = [kind for kind in type(error.obj).__mro__ if kind is not object]
    if isinstance(error.obj, type) or not kinds or any("__getattr__" in vars(kind) for kind in kinds[:1]):
        return ""
    file = getattr(sys.modules.get(kinds[0].__module__), "__file__", None)
    if file is None or "site-packages" in file or file.startswith(sys.base_prefix):
        return ""
    files = sorted(Path(file).parent.glob("*.py"))[:MOST_FILES]
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in (Path(file), *files)]
    own = "\n".join(map(_source, kinds))
    name = re.escape(error.name)
    given = r"\s*(:[^=\n]*)?=(?!=)"
    inside = rf"\.{name}{given}|^\s+{name}{given}|[\"']{name}[\"']|def {name}\b|setattr\(|__dict__|vars\("
    outside = rf"(?<!self)\.{name}\s*=(?!=)|setattr\("
    set_here = not own or re.search(inside, own, re.MULTILINE)
    return "" if set_here or any(re.search(outside, text) for text in texts) else kinds[0].__name__


def is_of_caller(error: BaseException, feed: object, update: object) -> bool:
    """Whether the line that raised is the caller's, who hands the program in: of `feed`, or of a one-line `update`."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    one_line = getattr(update, "__name__", "") == "<lambda>"
    theirs = [getattr(f, "__code__", None) for f in ((feed, update) if one_line else (feed,))]
    return last is not None and any(last.tb_frame.f_code is code for code in theirs)


def _source(kind: type) -> str:
    """The text of a class; empty where it has none."""
    try:
        return inspect.getsource(kind)
    except (OSError, TypeError):
        return ""
