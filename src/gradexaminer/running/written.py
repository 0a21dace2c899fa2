"""What a script writes where it may not, or into a folder that is not there: it goes nowhere, and the script goes on.

The folders for models and plots that are there where a script is at home need not be here, nor may they be written.
"""

from __future__ import annotations

import builtins
import functools
import io
import os
from collections.abc import Callable
from tempfile import TemporaryFile
from typing import Any

WRITING = frozenset("wax+")


def write_nowhere_instead() -> None:
    """From here on in this process, nothing that only writes fails because of where it writes to."""
    import torch

    original = builtins.open
    builtins.open = io.open = functools.partial(_opened, original)
    torch.save = _or_nothing(torch.save)
    os.mkdir, os.makedirs = _or_nothing(os.mkdir), _or_nothing(os.makedirs)


def _opened(original: Callable[..., Any], file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
    try:
        return original(file, mode, *args, **kwargs)
    except OSError as error:
        if not WRITING & set(mode) or isinstance(error, FileExistsError | IsADirectoryError):
            raise
        text = {k: v for k, v in kwargs.items() if k in {"encoding", "newline", "errors"}}
        return TemporaryFile("w+b" if "b" in mode else "w+", **text)


def _or_nothing(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def written(*args: Any, **kwargs: Any) -> Any:
        try:
            return original(*args, **kwargs)
        except FileExistsError:
            raise
        except (OSError, RuntimeError) as error:
            if isinstance(error, RuntimeError) and not _says_where(error):
                raise
            return None

    return written


def _says_where(error: RuntimeError) -> bool:
    """Whether PyTorch's own writer could not open its file."""
    return any(words in str(error) for words in ("Parent directory", "cannot be opened", "open file failed"))
