"""A network's layers and parameters, in PyTorch's order; its own generators take several times as long."""

from __future__ import annotations

from torch import nn
from torch.nn.parameter import is_lazy


def layers(module: nn.Module) -> list[nn.Module]:
    """The network and all modules inside of it, each once, as `modules()` gives them."""
    found: dict[int, nn.Module] = {}
    waiting: list[nn.Module | None] = [module]
    while waiting:
        one = waiting.pop()
        if one is not None and id(one) not in found:
            found[id(one)] = one
            waiting.extend(list(one._modules.values())[::-1])
    return list(found.values())


def parameters(module: nn.Module) -> list[nn.Parameter]:
    """Its parameters, each once, as `parameters()` gives them, without those that have no numbers.

    These are shapes on the device "meta", and a lazy layer's parameters before its first call.
    """
    all_of_it = (p for one in layers(module) for p in one._parameters.values())
    return list({id(p): p for p in all_of_it if p is not None and not p.is_meta and not is_lazy(p)}.values())
