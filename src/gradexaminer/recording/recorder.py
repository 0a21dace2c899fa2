"""Records one update at its borders: networks' calls, backward passes, optimizers' steps.

Nothing of the agent is held after an update, nothing stays wrapped, and no random number is drawn.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from gradexaminer.recording import tensors, wrapping
from gradexaminer.recording.changed_grads import Given
from gradexaminer.recording.clips import Clip, wrap_clips
from gradexaminer.recording.discovery import Found, is_container, named_target, note_function, uncompiled
from gradexaminer.recording.ends import settle_ends
from gradexaminer.recording.features import Features
from gradexaminer.recording.held import held
from gradexaminer.recording.history import behind
from gradexaminer.recording.layers import layers
from gradexaminer.recording.layers import parameters as parameters_of
from gradexaminer.recording.lent import ensemble
from gradexaminer.recording.merging import merge_rows
from gradexaminer.recording.row_weights import row_weights
from gradexaminer.recording.rows import Keys, RowIndex
from gradexaminer.recording.single_numbers import SingleNumbers
from gradexaminer.recording.slopes import MOST_OUTPUTS, slopes_of
from gradexaminer.recording.trace import Backward, Call, LogProb, Step, Update

UNASKED = 3  # recordings, before a target that gets weights counts as one that is never asked


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
        self.numbers = SingleNumbers()
        self._stack: list[int] = []
        self._time = 0
        self._backwards = 0
        self._recordings = 0
        self._current: Backward | None = None
        self._silent = True
        self._lying: dict[int, tuple[int, ...]] = {}
        self._given = Given()
        self._changed: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())
        self._used: set[tuple[int, int]] = set()
        self._weights: dict[int, np.ndarray] = {}
        self._scalars: dict[int, tuple[float, float]] = {}
        self._known: list[nn.Parameter] = []
        self._distributions = wrapping.Distributions(self._around_distribution)
        self._in_distribution = 0
        self._in_state_dict = 0
        self._features = Features()
        self._scaled: dict[int, tuple[torch.Tensor, float]] = {}
        self._factor = 1.0
        self._keeps = False
        self._called: dict[int, set[int]] = {}  # layers with weights, by id, of each outermost call
        self._installed = ExitStack()
        self._installed_for: tuple[frozenset[int], frozenset[type]] | None = None

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Leave everything wrapped between the recordings of the block; to wrap it takes a millisecond each time."""
        self._keeps = True
        try:
            yield
        finally:
            self._keeps = False
            self._uninstall()

    @contextmanager
    def recording(self, number: int) -> Iterator[Update]:
        """Record what happens in the block; give an `Update` that is complete when the block has ended."""
        self.update = Update(number)
        self._recordings += 1
        self._stack, self._time, self._in_distribution, self._current = [], 0, 0, None
        self._in_state_dict, self._features, self._scaled, self._called = 0, Features(), {}, {}
        self._known = parameters = self.found.parameters()
        self.update.before = {id(p): tensors.weights(p) for p in parameters}
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            self._install(parameters)
            self._silent = False
            try:
                yield self.update
            finally:
                self._silent = True
                if not self._keeps:
                    self._uninstall()
                self.update.warnings = [str(w.message) for w in heard]
                self.update.after = {id(p): tensors.weights(p) for p in parameters}
                self._features, self._scaled = Features(), {}
                settle_ends(self.update, self.rows)
                merge_rows(self.update)

    def _install(self, parameters: list[nn.Parameter]) -> None:
        """Wrap everything, unless it still is and no network came in the meantime."""
        modules = [inner for m in self.found.modules.values() for inner in layers(m)]
        classes = {type(m) for m in modules if not wrapping.is_torchs_own(type(m))}
        wanted = (frozenset(self.update.before), frozenset(classes))
        if self._installed_for != wanted:
            self._uninstall()
            self._wrap(parameters, classes, self._installed)
            self._installed_for = wanted
        self._distributions.wrap(self._installed)

    def _uninstall(self) -> None:
        self._installed.close()
        self._installed_for = None

    def _wrap(self, parameters: list[nn.Parameter], classes: set[type], stack: ExitStack) -> None:
        wrapping.wrap_classes(classes, self._around_call, stack)
        outermost = [m for m in self.found.modules.values() if wrapping.has_no_forward_of_its_class(m)]
        wrapping.wrap_instances(outermost, self._around_call, stack)
        wrapping.wrap_autograd(self._around_backward, stack)
        wrapping.wrap_vmap(self._around_vmap, stack)
        wrapping.wrap_state_dicts(self._around_state_dict, stack)
        wrapping.wrap_parameters(self._walks_through, stack)
        wrapping.wrap_scaler(self._around_scale, stack)
        wrapping.wrap_noise(self._note_noise, stack)
        wrap_clips(self._note_clip, stack)
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

    def _is_transforming(self) -> bool:
        """Inside of `torch.func` nothing can be recorded; that it was so is."""
        inside = tensors.is_transforming()
        self.update.transformed = self.update.transformed or inside
        return inside

    # Networks.

    def _meet(self, module: nn.Module, _args: Any) -> None:
        """A network that is called from outside and was not found before; and what layers take part."""
        if not self._silent and module._parameters and torch.is_grad_enabled():
            self.update.layers.append((self._stack[0] if self._stack else 0, module))
        if not self._silent and module._parameters:
            self.update.touched.add(id(module))
        if self._stack and not self._silent and module._parameters:
            self._called.setdefault(self._stack[0], set()).add(id(module))
        if self._stack or self._silent or self.found.has(module):
            return
        module = wrapping.asked_by_name(uncompiled(module), lambda m: not is_container(m))
        if not is_container(module) and not self.found.has(module):
            self._add(wrapping.name_in_caller(module, self.found.modules), module)

    def _add(self, name: str, network: nn.Module) -> None:
        self.found.add_module(name, network)
        self._known = self.found.parameters()

    def _meet_target(self, network: nn.Module) -> None:
        """A target network that gets weights and was never asked, so that it was not met: its name says what it is.

        Not before a few updates: one that is asked is met by its first call.
        """
        if self._recordings < UNASKED or self._stack or self.found.has(network) or is_container(network):
            return
        name = wrapping.name_in_caller(network, self.found.modules)
        if named_target(name):
            self._add(name, network)

    def _around_call(
        self, module: Any, name: str, method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if self._silent or self._is_transforming() or not isinstance(module, nn.Module):
            return method(module, *args, **kwargs)
        time, ancestors = self._now(), tuple(self._stack)
        self._stack.append(time)
        inputs = tensors.flat([*args, *kwargs.values()])
        keys, extra = self._split(module, ancestors, inputs)
        try:
            result = method(module, *args, **kwargs)
        finally:
            self._stack.pop()
        if keys is not None:
            self._note(time, ancestors, module, name, keys, extra, result)
        return result

    def _around_vmap(self, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Several networks of one kind, asked at once: one network whose answer has a critic in each row."""
        several = None if self._silent or tensors.is_transforming() else ensemble(args)
        keys, extra = tensors.split_inputs(tensors.flat(several[1]), self.rows) if several else (None, [])
        if several is None or keys is None:
            return f(*args, **kwargs)
        time = self._now()
        self._silent = True
        try:
            result = f(*args, **kwargs)
        finally:
            self._silent = False
        self._note(time, tuple(self._stack), self.found.stacked(several[0]), "vmap", keys, extra, result)
        return result

    def _split(
        self, module: nn.Module, ancestors: tuple[int, ...], inputs: list[Any]
    ) -> tuple[Keys | None, list[tensors.Extra]]:
        """Whose rows a network is asked about: features are known exactly, observations also when rescaled.

        Beside an observation as it was handed out, a network's output is an action, however many entries it has.
        """
        if not ancestors and self.found.known(module)[1] and not any(map(self._is_observation, inputs)):
            keys, extra = self._features.split(inputs)
            if keys is not None:
                return keys, extra
        return tensors.split_inputs(inputs, self.rows)

    def _is_observation(self, x: Any) -> bool:
        if not isinstance(x, torch.Tensor) or not x.is_floating_point() or x.numel() == 0:
            return False
        return self.rows.holds(tensors.numbers(x[:1] if x.ndim > 1 else x))

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
        returned = [x for x in tensors.flat([result]) if isinstance(x, torch.Tensor) and x.is_floating_point()]
        several = [tensors.critics_of(x, len(keys.index)) for x in returned]
        outputs = [x for parts in several for x in parts]
        part = None if ancestors else self.found.part(module, self._called.get(time, set()))
        network, parameters = part or self.found.holding(module, outermost=not ancestors)
        call = Call(
            time=time,
            ancestors=ancestors,
            network=network,
            method=name,
            keys=keys,
            extra=[x.values() for x in extra],
            outputs=[tensors.numbers(x) for x in outputs],
            parameters=parameters,
            graph=bool(outputs) and outputs[0].requires_grad,
            extra_graph=[x.carries for x in extra],
            slopes=self._slopes(outputs, extra),
            distribution=isinstance(result, torch.distributions.Distribution),
            line=wrapping.callers_line(),
            last=tuple(map(tensors.last_operation, outputs)),
            coarse=any(map(tensors.is_coarse, outputs)),
            trains=any(p.requires_grad for p in parameters_of(module)),
            behind=behind(parameters_of(module)),
            leaves=tuple(behind([x]) for x in outputs) if 1 < len(outputs) <= MOST_OUTPUTS else (),
            held=self._held(result, len(keys.index)) if not ancestors else [],
        )
        self.update.calls.append(call)
        if not ancestors:
            self._features.add(call, extra)
        self._listen(call, list(zip(returned, map(len, several), strict=True)), extra)

    def _listen(self, call: Call, returned: list[tuple[torch.Tensor, int]], extra: list[tensors.Extra]) -> None:
        """Keep the gradients that will arrive at a call's outputs and at its further inputs."""
        first = 0
        for x, critics in returned:
            if x.requires_grad and critics == 1:
                x.register_hook(self._hook(call.gradients, first))
            elif x.requires_grad:
                x.register_hook(self._hook_of_several(call.gradients, first))
            first += critics
        for i, part in enumerate(extra):
            if part.tensor is not None and part.carries:
                part.tensor.register_hook(self._hook(call.extra_gradients, i, part))

    def _hook(
        self, into: dict[tuple[int, int], np.ndarray], i: int, part: tensors.Extra | None = None
    ) -> Callable[[torch.Tensor], None]:
        def hook(g: torch.Tensor) -> None:
            if self._current is not None and not self._silent:
                given = tensors.numbers(g) / self._factor
                into[self._current.number, i] = given if part is None else part.cut(given)

        return hook

    def _hook_of_several(self, into: dict[tuple[int, int], np.ndarray], first: int) -> Callable[[torch.Tensor], None]:
        """The same for what several critics answered in one tensor: each one's gradient is an output's of its own."""

        def hook(g: torch.Tensor) -> None:
            for i, part in enumerate(g):
                self._hook(into, first + i)(part)

        return hook

    def _slopes(self, outputs: list[torch.Tensor], extra: list[tensors.Extra]) -> list[list[np.ndarray | None]]:
        self._silent = True
        try:
            return slopes_of(outputs, extra)
        finally:
            self._silent = False

    def _held(self, result: Any, rows: int) -> list[np.ndarray]:
        self._silent = True
        try:
            return held(result, rows)
        finally:
            self._silent = False

    # Distributions.

    def _note_noise(self, name: str, drawn: torch.Tensor) -> None:
        """Remember numbers that the program draws by itself, and not within a distribution."""
        if not self._silent and self._in_distribution == 0 and not self._is_transforming():
            self.update.noise.append(LogProb(self._now(), name, tensors.numbers(drawn), None))

    def _around_distribution(
        self, it: Any, name: str, method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        self._in_distribution += 1
        try:
            result = method(it, *args, **kwargs)
        finally:
            self._in_distribution -= 1
        if self._silent or self._is_transforming():
            return result
        if self._in_distribution == 0 and isinstance(result, torch.Tensor):
            of = tensors.numbers(args[0]) if name == "log_prob" and args and isinstance(args[0], torch.Tensor) else None
            noted = LogProb(self._now(), name, tensors.numbers(result), of)
            noted.moments = tensors.moments(it, noted.value.size) if name != "log_prob" else None
            self.update.log_probs.append(noted)
            if result.requires_grad:
                result.register_hook(self._hook(noted.gradients, 0))
        return result

    # Weights that are read and loaded, and losses that are scaled.

    def _around_state_dict(
        self, it: Any, name: str, method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        if self._in_state_dict == 0 and not self._silent:
            if name == "load_state_dict":
                self._meet_target(it)
            (self.update.read if name == "state_dict" else self.update.loaded).add(self.found.name_of(it))
        self._in_state_dict += 1
        try:
            return method(it, *args, **kwargs)
        finally:
            self._in_state_dict -= 1

    def _walks_through(self, network: nn.Module, line: tuple[str, int]) -> None:
        if not self._silent:
            self._meet_target(network)
        if not self._silent and self.found.has(network):
            self.update.walked.setdefault(line, set()).add(self.found.name_of(network))

    def _around_scale(
        self, it: Any, name: str, method: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """A loss of mixed precision is multiplied, its gradients are divided again before the step."""
        result = method(it, *args, **kwargs)
        if isinstance(result, torch.Tensor) and not self._silent:
            self._scaled[id(result)] = (result, float(it.get_scale()))
        return result

    # Backward passes.

    def _around_backward(self, f: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if self._silent or self._is_transforming():
            return f(*args, **kwargs)
        self._backwards += 1
        frame = wrapping.program_frame()
        if frame is not None:
            note_function(frame, self.found)
        root = next((x for x in tensors.flat(list(args[:1])) if isinstance(x, torch.Tensor)), None)
        value = float(root.detach().double().mean()) if root is not None and root.numel() else 0.0
        current = Backward(self._backwards, self._now(), value, weights=row_weights(root))
        if f.__name__ == "grad":
            asked = tensors.flat([kwargs.get("inputs", args[1] if len(args) > 1 else ())])
            current.reached = {id(x) for x in asked} & set(map(id, self._known))
            current.probe = not current.reached
        for p in self._known:
            if self._lying.get(id(p)) and (p.grad is None or not tensors.is_some(p.grad)):
                self._lying[id(p)] = ()
        outer, self._current = (self._current, self._factor), current
        self._factor = self._scaled[id(root)][1] if id(root) in self._scaled else 1.0
        try:
            return f(*args, **kwargs)
        finally:
            self._current, self._factor = outer
            self.update.backwards.append(current)

    def _reached(self, p: torch.Tensor) -> None:
        if self._current is None:
            return
        key, number = id(p), self._current.number
        self._given.keep(p)
        if key not in self._current.reached:
            self._current.reached.add(key)
            self._current.left[key] = self._lying.get(key, ())
            self._lying[key] = (*self._lying.get(key, ()), number)

    # Steps.

    def _note_clip(self, parameters: list[Any], line: tuple[str, int]) -> None:
        """Remember which networks' gradients are clipped, and from which passes they are; zeros are from none."""
        mine = [p for p in parameters if id(p) in self.update.before]
        if self._silent or not mine:
            return
        some = {id(p): p.grad is not None and tensors.is_some(p.grad) for p in mine}
        lying = {key: self._lying.get(key, ()) if given else () for key, given in some.items()}
        self.update.clips.append(Clip(self._now(), line, lying))

    def _before_step(self, optimizer: Any, _args: Any, _kwargs: Any) -> None:
        if self._silent:
            return
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        self.numbers.meet(parameters)
        self._weights = {id(p): tensors.kept(p) for p in parameters}
        self.update.keep_between(self._weights)
        self._changed = self._given.turned(optimizer), self._given.one_sided(parameters)
        self._scalars = {id(p): (float(p), float(p.grad)) for p in parameters if p.numel() == 1 and p.grad is not None}

    def _after_step(self, optimizer: Any, _args: Any, _kwargs: Any) -> None:
        if self._silent:
            return
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        sources = {
            id(p): self._lying.get(id(p), ()) for p in parameters if p.grad is not None and tensors.is_some(p.grad)
        }
        moved = {id(p): tensors.change(p, self._weights[id(p)]) for p in parameters if p.numel()}
        again = {key for key, numbers in sources.items() if any((key, b) in self._used for b in numbers)}
        self._used |= {(key, b) for key, numbers in sources.items() for b in numbers}
        self._weights = {}
        self.update.stepped |= {id(p): tensors.kept(p) for p in parameters}
        kind = type(optimizer).__name__
        known = frozenset(map(id, parameters))
        step = Step(self._now(), id(optimizer), kind, known, sources, moved, again, self._scalars, *self._changed)
        self.update.steps.append(step)
