"""Methods of strangers' networks and PyTorch's own borders, replaced for a while and put back whatever happens."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import nn

PASSED_OVER = (str(Path(torch.__file__).parent), str(Path(__file__).parent))  # PyTorch's files, and these
Around = Callable[[Any, str, Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]


def is_torchs_own(cls: type) -> bool:
    """Whether a class comes with PyTorch."""
    return cls.__module__.split(".")[0] == "torch"


def callers_line() -> tuple[str, int]:
    """File and line of the program that called into PyTorch or into this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PASSED_OVER):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


@contextmanager
def replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    """Set an attribute for as long as the block runs."""
    mine = name in vars(owner)
    before = vars(owner)[name] if mine else None
    setattr(owner, name, value)
    try:
        yield
    finally:
        if mine:
            setattr(owner, name, before)
        else:
            delattr(owner, name)


def wrap_classes(classes: set[type], around: Around, stack: ExitStack) -> None:
    """Have `around(self, name, method, args, kwargs)` called in place of every public method of the classes.

    A base class that several share is wrapped once; what belongs to PyTorch is left alone.
    """
    bases = {base for cls in classes for base in cls.__mro__ if issubclass(base, nn.Module) and not is_torchs_own(base)}
    for base in bases:
        for name, method in list(vars(base).items()):
            if inspect.isfunction(method) and not name.startswith("_"):
                stack.enter_context(replaced(base, name, _wrapped(name, method, around)))


def _wrapped(name: str, method: Callable[..., Any], around: Around) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return around(self, name, method, args, kwargs)

    return wrapper


def wrap_instances(modules: list[nn.Module], around: Around, stack: ExitStack) -> None:
    """The same for networks whose class is PyTorch's own, such as `nn.Sequential`: their `forward`, one by one."""
    for module in modules:
        method = type(module).forward

        def forward(*args: Any, _module: Any = module, _method: Any = method, **kwargs: Any) -> Any:
            return around(_module, "forward", _method, args, kwargs)

        stack.enter_context(_instance_attribute(module, "forward", forward))


@contextmanager
def _instance_attribute(module: nn.Module, name: str, value: Any) -> Iterator[None]:
    module.__dict__[name] = value
    try:
        yield
    finally:
        module.__dict__.pop(name, None)


def wrap_autograd(
    around: Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any], stack: ExitStack
) -> None:
    """`around(f, args, kwargs)` in place of `torch.autograd.backward` and `torch.autograd.grad`."""
    for name in ("backward", "grad"):
        original = getattr(torch.autograd, name)

        def wrapper(*args: Any, _original: Any = original, **kwargs: Any) -> Any:
            return around(_original, args, kwargs)

        stack.enter_context(replaced(torch.autograd, name, functools.wraps(original)(wrapper)))


def wrap_distributions(around: Around, stack: ExitStack) -> None:
    """`log_prob`, `rsample` and `sample` of every kind of distribution, those of strangers among them."""
    kinds = {torch.distributions.Distribution}
    while more := {sub for kind in kinds for sub in kind.__subclasses__()} - kinds:
        kinds |= more
    for kind in kinds:
        for name in ("log_prob", "rsample", "sample"):
            method = vars(kind).get(name)
            if inspect.isfunction(method):
                stack.enter_context(replaced(kind, name, _wrapped(name, method, around)))
