"""Layers that take part in a network and do not learn: kept in a plain list, made anew in each call, or cut off."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from torch import nn

from gradexaminer.analysis.reading.actions import held_parameters
from gradexaminer.findings import FAULT, SUSPICION, Report
from gradexaminer.recording.layers import layers
from gradexaminer.recording.tensors import is_some

if TYPE_CHECKING:
    from gradexaminer.recording.observe import Observed


def examine_unregistered(seen: Observed, report: Report) -> None:
    """Name each network with such layers."""
    _examine_plain_containers(seen, report)
    _examine_made_anew(seen, report)
    _examine_cut_off(seen, report)


def _examine_made_anew(seen: Observed, report: Report) -> None:
    """Layers that get a gradient, are in no network, and are other ones in each update: `forward` makes them."""
    known = {id(p) for p in seen.found.parameters()}
    strangers = [
        {id(layer): (t, layer) for t, layer in u.layers if not known & set(map(id, layer.parameters()))}
        for u in seen.updates
    ]
    ids = [key for given in strangers for key in given]
    if len(ids) != len(set(ids)) or not all(strangers):
        return
    for update, given in zip(seen.updates, strangers, strict=True):
        for time, layer in given.values():
            if any(p.grad is not None and is_some(p.grad) for p in layer.parameters()):
                where = next((c.network for c in update.calls if c.time == time), "")
                told = f"its {type(layer).__name__} is another one in each update, made in the call itself"
                report.add(FAULT, "partly-trained", where, told)


def _examine_cut_off(seen: Observed, report: Report) -> None:
    """The first layer of a network never gets a gradient, and later ones of the same call do: something is detached."""
    reached = {p for u in seen.updates for b in u.backwards for p in b.reached}
    held = held_parameters(seen)
    for path, module in seen.found.modules.items():
        inner = [x for x in layers(module) if not any(any(True for _ in y.parameters()) for y in x.children())]
        own = {id(x): {id(p) for p in x.parameters(recurse=False) if p.requires_grad} for x in inner}
        calls: dict[tuple[int, int], list[int]] = {}
        for u in seen.updates:
            for time, layer in u.layers:
                if own.get(id(layer)):
                    calls.setdefault((u.number, time), []).append(id(layer))
        first = {order[0] for order in calls.values()}
        if len(first) != 1 or (own[min(first)] & reached) or not own[min(first)] <= held:
            continue
        if all(any(own[x] & reached for x in order) for order in calls.values()):
            names = seen.found.parameter_names()
            told = ", ".join(sorted(names.get(p, "a parameter") for p in own[min(first)]))
            report.add(SUSPICION, "partly-trained", path, f"no gradient reaches {told}, and the layers behind get one")


def _examine_plain_containers(seen: Observed, report: Report) -> None:
    """Layers to which a backward pass left a gradient that no step applies."""
    held = held_parameters(seen)
    for path, module in seen.found.modules.items():
        for name, layer in _in_plain_containers(module):
            parameters = [p for p in layer.parameters(recurse=False) if p.requires_grad]
            given = any(p.grad is not None and is_some(p.grad) for p in parameters)
            if given and not any(id(p) in held for p in parameters):
                told = f"`{name}` is a plain container with layers, which get a gradient and are in no optimizer"
                report.add(FAULT, "partly-trained", path, told)


def _in_plain_containers(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Layers of PyTorch's own in lists, tuples and dicts of a network, which `parameters()` does not find."""
    known = layers(module)
    registered = set(map(id, known))
    for inner in known:
        for name, x in vars(inner).items():
            if name.startswith("_") or not isinstance(x, list | tuple | dict):
                continue
            for layer in x.values() if isinstance(x, dict) else x:
                own = isinstance(layer, nn.Module) and type(layer).__module__.startswith("torch.nn.")
                if own and not layer._modules and id(layer) not in registered:
                    yield name, layer
