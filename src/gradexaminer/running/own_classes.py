"""Environments of a script's own class, made without `make`: the made-up one answers in their place."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from gradexaminer.recording.wrapping import replace_in
from gradexaminer.running.library import Library, installed
from gradexaminer.running.stream_env import StreamEnv

Answer = Callable[[Library, Any], Any]


class Anything(dict[str, Any]):
    """What a step tells besides: a script may print or count what its own environment would have told."""

    def __missing__(self, key: str) -> float:
        return 0.0


@contextmanager
def answered_for(answer: Answer) -> Iterator[None]:
    """Have `answer(library, environment)` give what is reset and stepped in place of one of a script's own class.

    None from it leaves the environment as it is.
    """
    with ExitStack() as stack:
        for base, library in {of.module.Env: of for of in reversed(installed())}.items():
            _follow(base, _Answering(library, answer, stack), stack)
        yield


def _follow(base: Any, answering: _Answering, stack: ExitStack) -> None:
    """Every class that inherits from this one, and those that will."""

    def defined(cls: Any, /, **given: Any) -> None:
        super(base, cls).__init_subclass__(**given)
        answering.replace_in(cls)

    for cls in _below(base):
        answering.replace_in(cls)
    replace_in(stack, base, "__init_subclass__", classmethod(defined))


def _below(base: Any) -> set[Any]:
    return {cls for one in base.__subclasses__() for cls in ({one} | _below(one))}


class _Answering:
    """What stands in place of `reset` and `step` of classes."""

    def __init__(self, library: Library, answer: Answer, stack: ExitStack) -> None:
        self.library, self.answer, self.stack = library, answer, stack
        vector = getattr(getattr(library.module, "vector", None), "VectorEnv", None)  # itself an Env in the old gym
        self.outer = (StreamEnv, *(x for x in (getattr(library.module, "Wrapper", None), vector) if x))

    def replace_in(self, cls: Any) -> None:
        """Replace what the class itself defines, until the stack is closed; wrappers have an environment inside."""
        for name, instead in (("reset", self._reset), ("step", self._step)):
            original = vars(cls).get(name)
            if callable(original) and not issubclass(cls, self.outer):
                replace_in(self.stack, cls, name, instead(original))

    def _reset(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def reset(own: Any, *args: Any, **given: Any) -> Any:
            env = self.answer(self.library, own)
            if env is None:
                return original(own, *args, **given)
            first = env.reset()
            return (first[0], Anything(first[1])) if isinstance(first, tuple) else first

        return reset

    def _step(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def step(own: Any, action: Any) -> Any:
            env = self.answer(self.library, own)
            if env is None:
                return original(own, action)
            *seen, info = env.step(action)
            return (*seen, Anything(info))

        return step
