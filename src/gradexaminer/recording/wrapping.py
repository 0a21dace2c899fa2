"""Methods of strangers' networks and PyTorch's own borders, replaced for a while and put back whatever happens."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import torch
from torch import nn
from torch._functorch import apis

PASSED_OVER = (str(Path(torch.__file__).parent), str(Path(__file__).parent))  # PyTorch's files, and these
NOT_THE_PROGRAMS = (PASSED_OVER[0], str(Path(__file__).parents[1]))
Around = Callable[[Any, str, Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]


def is_torchs_own(cls: type) -> bool:
    """Whether a class comes with PyTorch."""
    return cls.__module__.split(".")[0] == "torch"


def has_no_forward_of_its_class(module: nn.Module) -> bool:
    """Whether its `forward` cannot be replaced in a class of the user's: it is PyTorch's own, or an attribute.

    A class that inherits from `nn.Sequential` may have none of its own.
    """
    if is_torchs_own(type(module)) or "forward" in vars(module):
        return True
    owner = next(base for base in type(module).__mro__ if "forward" in vars(base))
    return owner is not nn.Module and is_torchs_own(owner)


def callers_line() -> tuple[str, int]:
    """File and line of the program that called into PyTorch or into this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PASSED_OVER):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno


def asked_by_name(layer: nn.Module, is_network: Callable[[nn.Module], bool]) -> nn.Module:
    """The network whose method asks this layer, called by its name, as in `net.forward(x)`; else the layer itself.

    PyTorch tells of a call of the network alone. To be called from a hook of the layer's call.
    """
    owner, frame = layer, _callers_frame(sys._getframe(1))
    while frame is not None:
        held = frame.f_locals.get("self")
        if not (isinstance(held, nn.Module) and is_network(held) and any(m is owner for m in held.modules())):
            break
        owner, frame = held, _callers_frame(frame.f_back)
    return owner


def program_frame() -> FrameType | None:
    """The program's function that called into PyTorch or into this package; None where none of its own runs."""
    return _callers_frame(sys._getframe(1), NOT_THE_PROGRAMS)


def _callers_frame(frame: FrameType | None, passed_over: tuple[str, ...] = PASSED_OVER) -> FrameType | None:
    """The first frame from this one on that is of none of these files."""
    while frame is not None and frame.f_code.co_filename.startswith(passed_over):
        frame = frame.f_back
    return frame


def name_in_caller(module: nn.Module, taken: Iterable[str]) -> str:
    """The variable or attribute that holds a network in the function that calls it, else its class.

    A number is added if that is taken. To be called from a hook of that network's call.
    """
    frame = _callers_frame(sys._getframe(1))
    while frame is not None and frame.f_locals.get("self") is module:
        frame = _callers_frame(frame.f_back)
    names = [name for name, x in {**frame.f_globals, **frame.f_locals}.items() if x is module] if frame else []
    names = names or (_attributes_that_are(module, frame.f_locals) if frame else [])
    base = names[0] if names else f"a {type(module).__name__}"
    alike = [path for path in taken if path.split(" #")[0] == base]
    return f"{base} #{len(alike) + 1}" if alike else base


def _attributes_that_are(module: nn.Module, variables: Mapping[str, Any]) -> list[str]:
    """Names such as `self.q` of a network that an object in these variables holds."""
    held = {name: getattr(x, "__dict__", {}) for name, x in variables.items() if not isinstance(x, type | ModuleType)}
    inner = {name: {**attributes, **attributes.get("_modules", {})} for name, attributes in held.items()}
    return [f"{name}.{attribute}" for name, parts in inner.items() for attribute, x in parts.items() if x is module]


def replace_in(stack: ExitStack, owner: Any, name: str, value: Any) -> None:
    """Set an attribute until the stack is closed."""
    if name in vars(owner):
        stack.callback(setattr, owner, name, vars(owner)[name])
    else:
        stack.callback(delattr, owner, name)
    setattr(owner, name, value)


@contextmanager
def not_compiled() -> Iterator[None]:
    """Run what `torch.compile` has wrapped, or is asked to wrap, as it is written: compiled code has no borders."""

    def unchanged(model: Any = None, **_options: Any) -> Any:
        return unchanged if model is None else model

    with ExitStack() as stack:
        replace_in(stack, torch, "compile", unchanged)
        stance = getattr(torch.compiler, "set_stance", None)  # since PyTorch 2.6
        if stance and "torch._dynamo" in sys.modules:  # else nothing was compiled, and its import takes a second
            stack.enter_context(stance("force_eager"))
        yield


def wrap_classes(classes: set[type], around: Around, stack: ExitStack) -> None:
    """Have `around(self, name, method, args, kwargs)` called in place of every public method of the classes.

    A base class that several share is wrapped once; what belongs to PyTorch is left alone.
    """
    bases = {base for cls in classes for base in cls.__mro__ if issubclass(base, nn.Module) and not is_torchs_own(base)}
    for base in bases:
        for name, method in list(vars(base).items()):
            if inspect.isfunction(method) and not name.startswith("_"):
                replace_in(stack, base, name, _wrapped(name, method, around))


def _wrapped(name: str, method: Callable[..., Any], around: Around) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return around(self, name, method, args, kwargs)

    return wrapper


def wrap_instances(modules: list[nn.Module], around: Around, stack: ExitStack) -> None:
    """The same for the `forward` of single networks; see :func:`has_no_forward_of_its_class`."""
    for module in modules:
        own = module.__dict__.get("forward")
        method = type(module).forward if own is None else _without_self(own)

        def forward(*args: Any, _module: Any = module, _method: Any = method, **kwargs: Any) -> Any:
            return around(_module, "forward", _method, args, kwargs)

        forward.__wrapped__ = type(module).forward if own is None else own  # type: ignore[attr-defined]
        module.__dict__["forward"] = forward
        if own is not None:
            stack.callback(module.__dict__.__setitem__, "forward", own)
        else:
            stack.callback(module.__dict__.pop, "forward", None)


def _without_self(function: Callable[..., Any]) -> Callable[..., Any]:
    """As a method, which is handed its object."""
    return lambda _self, *args, **kwargs: function(*args, **kwargs)


def wrap_autograd(
    around: Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any], stack: ExitStack
) -> None:
    """`around(f, args, kwargs)` in place of `torch.autograd.backward` and `torch.autograd.grad`."""
    for name in ("backward", "grad"):
        original = getattr(torch.autograd, name)

        def wrapper(*args: Any, _original: Any = original, **kwargs: Any) -> Any:
            return around(_original, args, kwargs)

        replace_in(stack, torch.autograd, name, functools.wraps(original)(wrapper))


def wrap_vmap(around: Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any], stack: ExitStack) -> None:
    """`around(f, args, kwargs)` in place of what functions made by `torch.vmap` run: a name that is PyTorch's own."""
    original = getattr(apis, "vmap_impl", None)
    if original is not None:
        replace_in(stack, apis, "vmap_impl", lambda *args, **kwargs: around(original, args, kwargs))


def wrap_state_dicts(around: Around, stack: ExitStack) -> None:
    """`state_dict` and `load_state_dict` of every network."""
    for name in ("state_dict", "load_state_dict"):
        replace_in(stack, nn.Module, name, _wrapped(name, getattr(nn.Module, name), around))


def wrap_parameters(note: Callable[[nn.Module, tuple[str, int]], None], stack: ExitStack) -> None:
    """`parameters` of every network: `note(network, line)` where the program itself asks for them."""
    original = nn.Module.parameters

    @functools.wraps(original)
    def parameters(self: nn.Module, *args: Any, **kwargs: Any) -> Any:
        caller = sys._getframe(1)
        if not caller.f_code.co_filename.startswith(NOT_THE_PROGRAMS):
            note(self, (caller.f_code.co_filename, caller.f_lineno))
        return original(self, *args, **kwargs)

    replace_in(stack, nn.Module, "parameters", parameters)


def wrap_scaler(around: Around, stack: ExitStack) -> None:
    """`scale` of gradient scalers for mixed precision."""
    kind = torch.amp.grad_scaler.GradScaler
    replace_in(stack, kind, "scale", _wrapped("scale", kind.scale, around))


def wrap_noise(note: Callable[[str, torch.Tensor], None], stack: ExitStack) -> None:
    """`randn` and `randn_like` of PyTorch: `note(name, numbers)` for whatever is drawn."""
    for name in ("randn", "randn_like"):
        original = getattr(torch, name)

        def drawn(*args: Any, _name: str = name, _original: Any = original, **kwargs: Any) -> Any:
            made = _original(*args, **kwargs)
            note(_name, made)
            return made

        replace_in(stack, torch, name, functools.wraps(original)(drawn))


class Distributions:
    """`log_prob`, `rsample` and `sample` of every kind of distribution, those of strangers among them."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._wrapped: set[type] = set()

    def wrap(self, stack: ExitStack) -> None:
        """Have the methods of all kinds that there are by now recorded until the stack is closed."""
        for kind in _distributions() - self._wrapped:
            self._wrapped.add(kind)
            stack.callback(self._wrapped.discard, kind)
            for name in ("log_prob", "rsample", "sample"):
                method = vars(kind).get(name)
                if inspect.isfunction(method):
                    replace_in(stack, kind, name, _wrapped(name, method, self._around))


def _distributions(kind: type = torch.distributions.Distribution) -> set[type]:
    return {kind}.union(*map(_distributions, kind.__subclasses__()))
