"""A page in the browser has no PyTorch: what stands in its place there, and where an exercise that needs it runs.

Most exercises need NumPy alone. In the browser ``import torch`` gives a stand-in, so that a lesson's cell of imports
runs; whatever uses it raises one sentence.
"""

from __future__ import annotations

import os
import re
import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from gradschool.core.exercise import CHAPTERS

REPOSITORY_VARIABLE = "GRADSCHOOL_REPOSITORY"  # owner/name on GitHub; set by `make lite REPOSITORY=owner/name`
NEEDED = "PyTorch does not run in the browser"


class NeedsTorch(ImportError):
    """What the stand-in for torch raises when it is used; a notebook shows it as one line, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"NeedsTorch: {self}"]


def in_browser() -> bool:
    """Return whether this Python runs in a web page, compiled to WebAssembly."""
    return sys.platform == "emscripten"


def torch_is_missing() -> bool:
    """Return whether there is no PyTorch: not installed, or the stand-in in its place."""
    loaded = sys.modules.get("torch")
    if loaded is not None:
        return isinstance(loaded, _StandIn)
    try:
        return find_spec("torch") is None
    except (ImportError, ValueError):
        return True


def where_to_go(part: str) -> tuple[str, str]:
    """Return where an exercise of a chapter that needs PyTorch can be written: a sentence, and an address if known.

    Parameters
    ----------
    part
        The chapter's key, such as "chain".

    Returns
    -------
    tuple
        The sentence, and the address of the chapter on Colab; "" where no repository is known.
    """
    chapter = CHAPTERS[part]
    address = colab_address(os.environ.get(REPOSITORY_VARIABLE, ""), chapter)
    if address:
        return "Open this chapter on Colab, or in JupyterLab on your own machine.", address
    return "Open this chapter in JupyterLab on your own machine, or upload its notebook to Colab.", ""


def colab_address(repository: str, chapter: str, branch: str = "HEAD") -> str:
    """Return the address of a chapter of a public repository on Colab; "" unless the repository is owner/name.

    >>> colab_address("school/grad", "02-dqn-on-taxi")
    'https://colab.research.google.com/github/school/grad/blob/HEAD/course/02-dqn-on-taxi/dqn_on_taxi.ipynb'
    >>> colab_address("", "02-dqn-on-taxi")
    ''
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        return ""
    notebook = chapter.partition("-")[2].replace("-", "_")
    return f"https://colab.research.google.com/github/{repository}/blob/{branch}/course/{chapter}/{notebook}.ipynb"


def stand_in_for_torch() -> None:
    """Let ``import torch`` give the stand-in from now on, unless there is a PyTorch."""
    if not torch_is_missing():
        return
    for name in ("torch", "torch.nn", "torch.nn.functional"):
        sys.modules[name] = _StandIn(name)


class _StandIn(ModuleType):
    """A module of this name, in which every name is a :class:`_Name`."""

    def __init__(self, name: str) -> None:
        super().__init__(name, NEEDED + ".")
        self.__spec__ = ModuleSpec(name, None)
        self.__path__: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return sys.modules.get(f"{self.__name__}.{name}") or _Name(f"{self.__name__}.{name}")


class _Name:
    """A name of torch: it can stand in an annotation and among a class's bases, and raises NeedsTorch if called."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Name(f"{self._name}.{name}")

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (_Base,) if _Base not in bases else ()

    def __or__(self, other: Any) -> Any:
        return self

    __ror__ = __or__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._name == "torch.set_num_threads":  # in the lessons' cell of imports; there is one thread anyway
            return None
        if self._name == "torch.no_grad" and len(args) == 1 and callable(args[0]):
            return args[0]  # as a decorator, where nothing is computed yet
        raise NeedsTorch(f"{NEEDED}, and this cell uses {self._name}. {HERE}")

    __enter__ = __getitem__ = __call__

    def __exit__(self, *_: object) -> None:
        return None


HERE = "Read it here; run it on your own machine or on Colab."


class _Base:
    """The base of a class that is a torch module elsewhere."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NeedsTorch(f"{NEEDED}, and {type(self).__name__} is built on it. {HERE}")
