"""Networks, optimizers and settings of a stranger's agent, found by walking through it."""

from __future__ import annotations

import dis
import inspect
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim import Optimizer

from gradexaminer.recording.layers import layers, parameters
from gradexaminer.recording.lent import is_weights, place_of, with_its_weights

DEEPEST = 6
PLAIN = (type(None), str, bytes, int, float, np.ndarray)  # nothing is inside of these
MOST_ITEMS = 200  # of one container: a replay buffer is not walked through
SETTINGS = {
    "gamma": ("gamma", "discount", "discount_factor", "discount_rate", "discount_value"),
    "tau": ("tau", "polyak", "soft_tau", "update_tau", "soft_update_tau", "target_update_tau"),
    "target entropy": ("target_entropy", "target_ent"),
    "alpha": ("alpha", "ent_coef", "temperature", "entropy_coef"),
}


@dataclass
class Found:
    """What an agent is made of.

    Attributes
    ----------
    modules : dict of str to Module
        Outermost networks by where they were found, such as `agent.qnetwork_local`.
    optimizers : dict of str to Optimizer
    settings : dict of str to tuple of float
        All numbers that are called `gamma`, `tau`, `alpha` or `target_entropy`, or the like. Used only to compare with
        what was measured.
    aliases : list of (str, str)
        Two places where one and the same network was found.
    weights : dict of str to Mapping
        Dicts of weights, such as a network may be called with, by where they were found.
    unread : dict of str to tuple of float
        Numbers of the same names that a program's file sets beside a class, and no function of that file reads.
    """

    modules: dict[str, nn.Module] = field(default_factory=dict)
    optimizers: dict[str, Optimizer] = field(default_factory=dict)
    settings: dict[str, tuple[float, ...]] = field(default_factory=dict)
    aliases: list[tuple[str, str]] = field(default_factory=list)
    weights: dict[str, Mapping[Any, Any]] = field(default_factory=dict)
    unread: dict[str, tuple[float, ...]] = field(default_factory=dict)
    paths: dict[int, str] = field(default_factory=dict)
    _inside: dict[int, tuple[str, frozenset[int]]] = field(default_factory=dict, repr=False)
    _kinds: set[type] = field(default_factory=set, repr=False)
    _functions: set[types.CodeType] = field(default_factory=set, repr=False)

    def add_module(self, path: str, module: nn.Module) -> None:
        """Remember a network, unless it is there or is a part of one that is there."""
        if not any(module is inner for known in self.modules.values() for inner in layers(known)):
            parts = set(map(id, layers(module)))
            known = len(self.modules)
            self.modules = {p: m for p, m in self.modules.items() if id(m) not in parts}
            new = {path: module}
            if path in self.modules or len(self.modules) < known:  # what was noted of the others holds no longer
                self._inside, new = {}, self.modules | new
            self.modules[path] = module
            for place, outer in new.items():
                self._remember(place, outer)

    def name_of(self, module: nn.Module) -> str:
        """Where a network, or a part of one, was found."""
        return self.known(module)[0]

    def known(self, module: nn.Module) -> tuple[str, frozenset[int]]:
        """Where a network, or a part of one, was found, and its parameters by id."""
        module = uncompiled(module)
        return self._inside.get(id(module)) or (type(module).__name__, _ids(module))

    def holding(self, module: nn.Module, *, outermost: bool = True) -> tuple[str, frozenset[int]]:
        """The same of a network that is being called, which may have been lent other weights for this call."""
        name, known = self.known(module)
        now = _ids(module)
        if now == known or not outermost:
            return name, now
        owner = next((path for path, other in self.modules.items() if path != name and now <= _ids(other)), "")
        place = owner or place_of(module, self.weights, name)
        if not place:  # the program gave the network new weights to keep
            self._inside[id(uncompiled(module))] = (name, now)
        elif not owner:
            self.modules[place] = with_its_weights(module)
        return place or name, now

    def stacked(self, module: nn.Module) -> nn.Module:
        """The network that holds these weights, which several of one kind have side by side; added when it is new."""
        mine = _ids(module)
        for known in self.modules.values():
            if _ids(known) == mine:
                return known
        alike = sum(path.startswith("ensemble") for path in self.modules)
        self.add_module(place_of(module, self.weights, "an ensemble") or f"ensemble {alike + 1}", module)
        return module

    def part(self, module: nn.Module, called: set[int]) -> tuple[str, frozenset[int]] | None:
        """Of a module around an online and a target network: the one in which all layers of a call lie, by id."""
        parts = dict(module.named_children())
        if not called or not any(map(named_target, parts)):
            return None
        for name, inner in parts.items():
            if called <= set(map(id, layers(inner))):
                return f"{self.name_of(module)}.{name}", _ids(inner)
        return None

    def has(self, module: nn.Module) -> bool:
        """Whether a network, or a part of one, was found."""
        return id(uncompiled(module)) in self._inside

    def _remember(self, path: str, outer: nn.Module) -> None:
        """Note a network's parts and their parameters now, and not in a call for which it was lent other weights."""
        for name, inner in outer.named_modules():
            self._inside.setdefault(id(inner), (f"{path}.{name}" if name else path, _ids(inner)))

    def parameters(self) -> list[nn.Parameter]:
        """Every network's parameters, each once."""
        return list({id(p): p for module in self.modules.values() for p in parameters(module)}.values())

    def storage(self) -> dict[str, frozenset[int]]:
        """Memory addresses of each network's parameters."""
        return {path: frozenset(p.data_ptr() for p in parameters(module)) for path, module in self.modules.items()}

    def parameter_names(self) -> dict[int, str]:
        """Every parameter's name by its id."""
        return {id(p): f"{path}.{name}" for path, m in self.modules.items() for name, p in m.named_parameters()}


def _ids(module: nn.Module) -> frozenset[int]:
    return frozenset(map(id, parameters(module)))


def named_target(name: str) -> bool:
    """Whether a name says that a network is a target."""
    return any(word in name.lower() for word in ("targ", "tgt"))


def discover(*roots: Any) -> Found:
    """Walk through objects, containers, closures and the globals that a function uses; return what was found.

    A module that merely holds others, such as an agent that is itself a `nn.Module`, counts as a container.
    """
    found, seen = Found(), set[int]()
    for root in roots:
        _walk(root, "agent", 0, found, seen)
    return found


def uncompiled(x: Any) -> Any:
    """The network that `torch.compile` has wrapped; anything else as it is."""
    parts = x._modules if isinstance(x, nn.Module) else {}
    return next((inner for name, inner in parts.items() if name == "_orig_mod"), x)  # of scripts they have no `get`


def _walk(x: Any, path: str, depth: int, found: Found, seen: set[int]) -> None:
    x = uncompiled(x)
    if isinstance(x, nn.Module):
        if id(x) in found.paths:
            found.aliases.append((found.paths[id(x)], path))
        found.paths.setdefault(id(x), path)
    if depth > DEEPEST or id(x) in seen or isinstance(x, PLAIN):
        return
    seen.add(id(x))
    if isinstance(x, nn.Module) and not is_container(x):
        found.add_module(path, x)
    if is_weights(x):
        found.weights[path] = x
    if isinstance(x, Optimizer):
        found.optimizers[path] = x
    elif isinstance(
        x, nn.Module | Mapping | list | tuple | set | types.FunctionType | types.MethodType
    ) or is_plain_object(x):
        _note_unread(type(x), found)
        for name, value in _children(x):
            _note_setting(name, value, found.settings)
            if not isinstance(value, PLAIN):
                _walk(value, f"{path}.{name}" if name else path, depth + 1, found, seen)


def is_container(module: nn.Module) -> bool:
    """Whether a module merely holds others: it has no `forward`, or one that does nothing, and is called part by part.

    One whose parts are single layers is a network all the same, whose own methods ask them.
    """
    parts = [p for p in module._modules.values() if p is not None]
    return _has_no_forward(module) and any(not _is_layer(p) or p._modules for p in parts) and not _has_heads(module)


def _has_heads(module: nn.Module) -> bool:
    """Whether its own methods ask heads on a trunk: single layers that take as many numbers as a part ends with."""
    parts = {name: p for name, p in module._modules.items() if p is not None}
    sizes = ([x.out_features for x in layers(p) if isinstance(x, nn.Linear)] for p in parts.values() if p._modules)
    ends = {of_one[-1] for of_one in sizes if of_one}
    heads = {name for name, p in parts.items() if isinstance(p, nn.Linear) and p.in_features in ends}
    return bool(heads & _asked_by_own_methods(type(module)))


def _asked_by_own_methods(kind: type) -> set[str]:
    """Attributes that methods of a module's class read, other than those that every module has."""
    own = [x for x in kind.__mro__ if not str(x.__module__).startswith("torch.")]
    methods = {name: f for x in own for name, f in vars(x).items() if isinstance(f, types.FunctionType)}
    return {name for method, f in methods.items() if method != "__init__" for name in _names_in(f.__code__)}


def _has_no_forward(module: nn.Module) -> bool:
    forward = inspect.unwrap(vars(module).get("forward", inspect.getattr_static(type(module), "forward")))
    if forward is nn.Module.forward:
        return True
    code = getattr(forward, "__code__", None)  # `pass`, or an error that says so: nothing of the module is used
    return code is not None and set(code.co_names) <= {"NotImplementedError"} and "self" not in _used(code)


def _used(code: types.CodeType) -> set[str]:
    """Local names that a function reads."""
    return {str(i.argval) for i in dis.get_instructions(code) if i.opname.startswith("LOAD_FAST")}


def _is_layer(module: nn.Module) -> bool:
    return str(type(module).__module__).startswith("torch.nn.")


def is_plain_object(x: Any) -> bool:
    """Whether this is a program's own object, whose attributes may be looked at."""
    if isinstance(x, type | types.ModuleType | torch.Tensor | torch.Generator | np.random.Generator):
        return False
    return hasattr(x, "__dict__") and not str(type(x).__module__).startswith(
        ("torch.", "numpy", "gymnasium", "gym.", "matplotlib")
    )


def _children(x: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(x, nn.Module):
        yield from x._modules.items() if is_container(x) else ()
        inside = () if isinstance(x, torch.jit.ScriptModule) else layers(x)  # a script keeps the network it is made of
        for inner in inside:
            yield from ((k, v) for k, v in vars(inner).items() if not k.startswith("_"))
    elif isinstance(x, Mapping):
        yield from ((str(k), v) for k, v in list(x.items())[:MOST_ITEMS] if not str(k).startswith("__"))
    elif isinstance(x, list | tuple | set):
        yield from ((f"{i}", v) for i, v in enumerate(list(x)[:MOST_ITEMS]) if len(x) <= MOST_ITEMS)
    elif isinstance(x, types.FunctionType | types.MethodType):
        yield from _of_function(x)
    else:
        yield from vars(x).items()
        numbers = {k: v for kind in reversed(type(x).__mro__) for k, v in vars(kind).items()}
        yield from ((k, v) for k, v in numbers.items() if isinstance(v, int | float) and not isinstance(v, bool))


def _of_function(f: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(f, types.MethodType):
        yield "", f.__self__
        return
    try:
        names = inspect.getclosurevars(f)
    except (TypeError, ValueError):
        return
    yield from names.nonlocals.items()
    yield from ((k, v) for k, v in names.globals.items() if not isinstance(v, types.ModuleType | type))


def _note_setting(name: str, value: Any, settings: dict[str, tuple[float, ...]]) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    for setting, names in SETTINGS.items():
        if name.lower().lstrip("_") in names:
            known = settings.get(setting, ())
            settings[setting] = tuple(dict.fromkeys((*known, float(value))))


def _note_unread(kind: type, found: Found) -> None:
    """Settings of the file that a class comes from which nothing there reads: a discount that was forgotten."""
    if kind not in found._kinds:
        found._kinds.add(kind)
        beside = next((f.__globals__ for f in vars(kind).values() if isinstance(f, types.FunctionType)), {})
        _note_unread_of(beside, kind.__module__, found)


def note_function(frame: types.FrameType, found: Found) -> None:
    """Note the discount among the variables of a function that learns, and among those of its file that it reads.

    Other functions that run may call another number so. What stands in its file and nothing there reads is unread.
    """
    code = frame.f_code
    if code in found._functions:
        return
    found._functions.add(code)
    read = {name: frame.f_globals[name] for name in code.co_names if name in frame.f_globals}
    own = frame.f_locals if code.co_flags & inspect.CO_NEWLOCALS else {}  # else it is the file itself
    for name, value in {**read, **own}.items():
        if name.lower() in SETTINGS["gamma"] and isinstance(value, float) and 0 < value < 1:
            _note_setting(name, value, found.settings)
    _note_unread_of(frame.f_globals, str(frame.f_globals.get("__name__")), found)


def _note_unread_of(beside: Mapping[str, Any], module: str, found: Found) -> None:
    names = {name for name in beside if name.lower() in {x for given in SETTINGS.values() for x in given}}
    if not names:
        return
    owners = [x for x in list(beside.values()) if isinstance(x, type) and x.__module__ == module]
    functions = [f for x in (beside, *map(vars, owners)) for f in list(x.values())]
    read = {name for f in functions if isinstance(f, types.FunctionType) for name in _names_in(f.__code__)}
    for name in sorted(names - read):
        _note_setting(name, beside[name], found.unread)


def _names_in(code: types.CodeType) -> set[str]:
    """Names of globals and attributes that a function reads, or one within it."""
    return set(code.co_names).union(*(_names_in(x) for x in code.co_consts if isinstance(x, types.CodeType)))
