"""An environment in which nothing happens but unique observations, terminations and time limits."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from gradexaminer.transitions import TERMINATED, TRUNCATED, Spaces, Transition, make_transitions


class StreamEnv:
    """Gymnasium's interface over crafted transitions; each step's next observation is the following one's observation.

    Parameters
    ----------
    spaces : Spaces
    rng : numpy.random.Generator
    on_step : callable
        Called with each :class:`Transition`, before `step` returns.
    on_reset : callable, optional
        Called with each first observation of an episode.
    """

    metadata: dict[str, Any] = {}  # noqa: RUF012  # Gymnasium's own name and form
    render_mode = None
    spec = None

    def __init__(
        self,
        spaces: Spaces,
        rng: np.random.Generator,
        on_step: Callable[[Transition], None],
        on_reset: Callable[[np.ndarray], None] = lambda _obs: None,
    ) -> None:
        self.spaces, self._rng, self._on_step, self._on_reset = spaces, rng, on_step, on_reset
        self._steps = 0
        self._obs = self._draw().obs
        kinds = importlib.import_module("gymnasium.spaces")
        low, high = (0, 255) if spaces.image else (-np.inf, np.inf)
        kind = np.uint8 if spaces.image else np.float32
        self.observation_space = kinds.Box(low, high, spaces.obs_shape, kind)
        if spaces.n_actions is not None:
            self.action_space = kinds.Discrete(spaces.n_actions)
        else:
            self.action_space = kinds.Box(*spaces.bounds, dtype=np.float32)

    def _draw(self) -> Transition:
        return make_transitions(self.spaces, 1, self._rng)[0]

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """A new observation; the seed is ignored, since no two runs of a script may meet the same one."""
        self._obs = self._draw().obs
        self._on_reset(self._obs)
        return self._obs.copy(), {}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Whatever is done, a new observation, a reward, and now and then an end."""
        done = self._checked(action)
        made = self._draw()
        chance = float(self._rng.random())
        terminated = chance < TERMINATED
        truncated = not terminated and chance < TERMINATED + TRUNCATED
        t = Transition(self._steps, self._obs, done, made.reward, made.next_obs, terminated, truncated)
        self._steps += 1
        self._obs = made.next_obs
        self._on_step(t)
        return made.next_obs.copy(), made.reward, terminated, truncated, {}

    def _checked(self, action: Any) -> Any:
        """The action as it is stored; one that there is not is refused, as Gymnasium's own environments do."""
        n = self.spaces.n_actions
        if n is None:
            return np.array(action, np.float32)
        number = float(np.asarray(action).item())
        if not number.is_integer() or not 0 <= number < n:
            raise ValueError(f"the environment was given {action!r}, and its actions are 0 to {n - 1}")
        return int(number)

    def render(self) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Close nothing."""

    @property
    def unwrapped(self) -> StreamEnv:
        """Itself."""
        return self


def as_gymnasium(env: StreamEnv) -> Any:
    """The same environment as an instance of `gymnasium.Env`, which Gymnasium's wrappers insist on."""
    base = importlib.import_module("gymnasium").Env
    kind: Any = type("StreamEnv", (StreamEnv, base), {})
    made = kind.__new__(kind)
    made.__dict__.update(vars(env))
    return made
