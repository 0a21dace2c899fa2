"""The action that a script itself gave, where a wrapper made another one of it on the way to the environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from gradexaminer.recording.wrapping import replace_in
from gradexaminer.running.library import installed


class Given:
    """What the outermost wrapper of actions was given, while its step runs; None while none does."""

    def __init__(self) -> None:
        self.action: Any = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note what wrappers of actions are given."""
        with ExitStack() as stack:
            for library in installed():
                kind = getattr(library.module, "ActionWrapper", None)
                if kind is not None:
                    replace_in(stack, kind, "step", self._noting(kind.step))
            yield

    def _noting(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def step(wrapper: Any, action: Any) -> Any:
            if self.action is not None:
                return original(wrapper, action)
            self.action = action
            try:
                return original(wrapper, action)
            finally:
                self.action = None

        return step
