"""Records one update at its borders: networks' calls, backward passes, optimizers' steps.

Nothing of the agent is held after an update, nothing stays wrapped, and no random number is drawn.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from gradexaminer.recording import tensors, wrapping
from gradexaminer.recording.discovery import Found, is_container
from gradexaminer.recording.merging import merge_rows
from gradexaminer.recording.rows import Keys, RowIndex
from gradexaminer.recording.trace import Backward, Call, LogProb, Step, Update


class Recorder:
    """Watches an agent's networks and optimizers while it updates.

    Parameters
    ----------
    found : Found
        The agent's networks. One that is first met while recording is added.
    rows : RowIndex
        The observations that were handed out.
    """

    def __init__(self, found: Found, rows: RowIndex) -> None:
        self.found = found
        self.rows = rows
        self.update = Update(0)
        self._stack: list[int] = []
        self._time = 0
        self._backwards = 0
        self._current: Backward | None = None
        self._silent = False
        self._lying: dict[int, tuple[int, ...]] = {}
        self._used: set[tuple[int, int]] = set()
        self._weights: dict[int, torch.Tensor] = {}
        self._scalars: dict[int, tuple[float, float]] = {}
        self._in_distribution = 0

    @contextmanager
    def recording(self, number: int) -> Iterator[Update]:
        """Record what happens in the block; give an `Update` that is complete when the block has ended."""
        self.update = Update(number)
        self._stack, self._time, self._in_distribution, self._current = [], 0, 0, None
        parameters = list(self._parameters())
        self.update.before = {id(p): tensors.weights(p) for p in parameters}
        with ExitStack() as stack, warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            self._install(parameters, stack)
            try:
                yield self.update
            finally:
                self.update.warnings = [str(w.message) for w in heard]
                self.update.after = {id(p): tensors.weights(p) for p in parameters}
                merge_rows(self.update)

    def _parameters(self) -> Iterator[nn.Parameter]:
        seen: set[int] = set()
        for module in self.found.modules.values():
            for p in module.parameters():
                if id(p) not in seen:
                    seen.add(id(p))
                    yield p

    def _install(self, parameters: list[nn.Parameter], stack: ExitStack) -> None:
        modules = [inner for m in self.found.modules.values() for inner in m.modules()]
        wrapping.wrap_classes(
            {type(m) for m in modules if not wrapping.is_torchs_own(type(m))}, self._around_call, stack
        )
        outermost = [m for m in self.found.modules.values() if wrapping.is_torchs_own(type(m))]
        wrapping.wrap_instances(outermost, self._around_call, stack)
        wrapping.wrap_autograd(self._around_backward, stack)
        wrapping.wrap_distributions(self._around_distribution, stack)
        hooks: list[Any] = [
            register_optimizer_step_pre_hook(self._before_step),
            register_optimizer_step_post_hook(self._after_step),
            nn.modules.module.register_module_forward_pre_hook(self._meet),
            *(p.register_post_accumulate_grad_hook(self._reached) for p in parameters if p.requires_grad and p.is_leaf),
        ]
        for hook in hooks:
            stack.callback(hook.remove)

    def _now(self) -> int:
        self._time += 1
        return self._time

    # Networks.

    def _meet(self, module: nn.Module, _args: Any) -> None:
        """A network that is called from outside and was not found before."""
        if not self._stack and not self._silent and not is_container(module):
            self.found.add_module(_name_in_caller(module, self.found), module)

    def _around_call(
        self, module: Any, name: str, method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if self._silent or not isinstance(module, nn.Module):
            return method(module, *args, **kwargs)
        time, ancestors = self._now(), tuple(self._stack)
        self._stack.append(time)
        inputs = tensors.flat([*args, *kwargs.values()])
        keys, extra = tensors.split_inputs(inputs, self.rows)
        try:
            result = method(module, *args, **kwargs)
        finally:
            self._stack.pop()
        if keys is not None:
            self._note(time, ancestors, module, name, keys, extra, result)
        return result

    def _note(
        self,
        time: int,
        ancestors: tuple[int, ...],
        module: nn.Module,
        name: str,
        keys: Keys,
        extra: list[tensors.Extra],
        result: Any,
    ) -> None:
        outputs = [x for x in tensors.flat([result]) if isinstance(x, torch.Tensor) and x.is_floating_point()]
        call = Call(
            time=time,
            ancestors=ancestors,
            network=self.found.name_of(module),
            method=name,
            keys=keys,
            extra=[x.values() for x in extra],
            outputs=[tensors.numbers(x) for x in outputs],
            parameters=frozenset(id(p) for p in module.parameters()),
            graph=bool(outputs) and outputs[0].requires_grad,
            extra_graph=[x.tensor is not None and x.tensor.requires_grad for x in extra],
            slopes=self._slopes(outputs, extra),
            distribution=isinstance(result, torch.distributions.Distribution),
            line=wrapping.callers_line(),
        )
        self.update.calls.append(call)
        for i, x in enumerate(outputs):
            if x.requires_grad:
                x.register_hook(self._hook(call.gradients, i))
        for i, part in enumerate(extra):
            if part.tensor is not None and part.tensor.requires_grad:
                part.tensor.register_hook(self._hook(call.extra_gradients, i, part))

    def _hook(
        self, into: dict[tuple[int, int], np.ndarray], i: int, part: tensors.Extra | None = None
    ) -> Callable[[torch.Tensor], None]:
        def hook(g: torch.Tensor) -> None:
            if self._current is not None and not self._silent:
                into[self._current.number, i] = tensors.numbers(g) if part is None else part.cut(tensors.numbers(g))

        return hook

    def _slopes(self, outputs: list[torch.Tensor], extra: list[tensors.Extra]) -> list[list[np.ndarray | None]]:
        """D (sum of each output) / d further input, from the graph that was just built; by output, then by input."""
        live = [part for part in extra if part.tensor is not None and part.tensor.requires_grad]
        if not live:
            return []
        self._silent = True
        try:
            return [self._slopes_of(out, extra) for out in outputs[:2] if out.requires_grad]
        finally:
            self._silent = False

    def _slopes_of(self, out: torch.Tensor, extra: list[tensors.Extra]) -> list[np.ndarray | None]:
        slopes: list[np.ndarray | None] = []
        for part in extra:
            if part.tensor is None or not part.tensor.requires_grad:
                slopes.append(None)
                continue
            (g,) = torch.autograd.grad(out.sum(), part.tensor, retain_graph=True, allow_unused=True)
            slopes.append(None if g is None else part.cut(tensors.numbers(g)))
        return slopes

    # Distributions.

    def _around_distribution(
        self, it: Any, name: str, method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        self._in_distribution += 1
        try:
            result = method(it, *args, **kwargs)
        finally:
            self._in_distribution -= 1
        if self._in_distribution == 0 and not self._silent and isinstance(result, torch.Tensor):
            of = tensors.numbers(args[0]) if name == "log_prob" and args and isinstance(args[0], torch.Tensor) else None
            noted = LogProb(self._now(), name, tensors.numbers(result), of)
            self.update.log_probs.append(noted)
            if result.requires_grad:
                result.register_hook(self._hook(noted.gradients, 0))
        return result

    # Backward passes.

    def _around_backward(self, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._silent:
            return f(*args, **kwargs)
        self._backwards += 1
        root = next((x for x in tensors.flat(list(args[:1])) if isinstance(x, torch.Tensor)), None)
        value = float(root.detach().double().mean()) if root is not None and root.numel() else 0.0
        current = Backward(self._backwards, self._now(), value)
        if f.__name__ == "grad":
            asked = tensors.flat([kwargs.get("inputs", args[1] if len(args) > 1 else ())])
            current.reached = {id(x) for x in asked} & {id(p) for p in self._parameters()}
            current.probe = not current.reached
        for p in self._parameters():
            if p.grad is None or not bool(p.grad.any()):
                self._lying[id(p)] = ()
        outer, self._current = self._current, current
        try:
            return f(*args, **kwargs)
        finally:
            self._current = outer
            self.update.backwards.append(current)

    def _reached(self, p: torch.Tensor) -> None:
        if self._current is None:
            return
        key, number = id(p), self._current.number
        if key not in self._current.reached:
            self._current.reached.add(key)
            self._current.left[key] = self._lying.get(key, ())
            self._lying[key] = (*self._lying.get(key, ()), number)

    # Steps.

    def _before_step(self, optimizer: Any, _args: Any, _kwargs: Any) -> None:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self._weights = {id(p): p.detach().clone() for p in parameters}
        self._scalars = {id(p): (float(p), float(p.grad)) for p in parameters if p.numel() == 1 and p.grad is not None}

    def _after_step(self, optimizer: Any, _args: Any, _kwargs: Any) -> None:
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        sources = {id(p): self._lying.get(id(p), ()) for p in parameters if p.grad is not None and bool(p.grad.any())}
        moved = {id(p): float((p.detach() - self._weights[id(p)]).abs().max()) for p in parameters if p.numel()}
        again = {key for key, numbers in sources.items() if any((key, b) in self._used for b in numbers)}
        self._used |= {(key, b) for key, numbers in sources.items() for b in numbers}
        self._weights = {}
        kind = type(optimizer).__name__
        known = frozenset(map(id, parameters))
        step = Step(self._now(), id(optimizer), kind, known, sources, moved, again, self._scalars)
        self.update.steps.append(step)


def _name_in_caller(module: nn.Module, found: Found) -> str:
    """The variable that holds a network in the function that calls it; its class where there is none."""
    frame = sys._getframe(2)
    while frame is not None and "/torch/" in frame.f_code.co_filename:
        frame = frame.f_back  # type: ignore[assignment]
    names = [name for name, x in {**frame.f_globals, **frame.f_locals}.items() if x is module] if frame else []
    base = names[0] if names else f"a {type(module).__name__}"
    taken = [path for path in found.modules if path.split(" #")[0] == base]
    return f"{base} #{len(taken) + 1}" if taken else base
