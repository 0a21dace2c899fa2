"""A target network that is made anew as a copy: its weights are put into the one that is known, which is put back."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from gradexaminer.recording.discovery import Found

ROOT = "agent"  # how paths begin that lead from attribute to attribute


def put_back(agent: Any, found: Found) -> None:
    """Have an agent keep its networks where it put a copy of another one in a target's place.

    What was recorded of a target is known by its parameters: with `target = deepcopy(online)` it would be lost.
    """
    trained = {id(p) for o in found.optimizers.values() for group in o.param_groups for p in group["params"]}
    known = trained | set(map(id, found.parameters()))
    for path, module in found.modules.items():
        owner, name = _place(agent, path)
        now = getattr(owner, name, module) if name else module
        if now is module or not _is_alike(now, module) or trained & _ids(module) or known & _ids(now):
            continue
        if any(_is_equal(now, other) for other in found.modules.values()):
            with torch.no_grad():
                for kept, made in zip(module.state_dict().values(), now.state_dict().values(), strict=True):
                    kept.copy_(made)
            setattr(owner, name, module)


def _place(agent: Any, path: str) -> tuple[Any, str]:
    """The object that holds a network as an attribute, and the attribute's name; none for another kind of place."""
    root, *names = path.split(".")
    owner = agent
    for name in names[:-1]:
        owner = getattr(owner, name, None)
    return (owner, names[-1]) if root == ROOT and names and owner is not None else (None, "")


def _ids(module: nn.Module) -> set[int]:
    return set(map(id, module.parameters()))


def _is_alike(now: Any, module: nn.Module) -> bool:
    """Whether one network may stand for another: of the same class, with weights of the same shapes."""
    return type(now) is type(module) and _shapes(now) == _shapes(module)


def _shapes(module: nn.Module) -> list[tuple[str, torch.Size]]:
    return [(name, x.shape) for name, x in module.state_dict().items()]


def _is_equal(one: nn.Module, other: nn.Module) -> bool:
    return _shapes(one) == _shapes(other) and all(
        torch.equal(x, y) for x, y in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    )
