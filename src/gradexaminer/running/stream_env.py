"""An environment in which nothing happens but unique observations, terminations and time limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import numpy as np

from gradexaminer.running.library import Library
from gradexaminer.transitions import TERMINATED, TRUNCATED, Spaces, Transition, new_observation, new_reward

RARE = 1 / 40  # of the usual share of ends, where an episode should last
USUAL_LIMIT = 1000  # steps of an episode, where the environment that was asked for states none


class StreamEnv:
    """Gymnasium's interface over crafted transitions; each step's next observation is the following one's observation.

    Parameters
    ----------
    spaces : Spaces
    rng : numpy.random.Generator
    on_step : callable
        Called with each :class:`Transition`, before `step` returns.
    on_reset : callable, optional
        Called with each first observation of an episode, and the number of this environment's last step, -1 before one.
    of : Library
        Whose spaces and ways it has. In the old gym's way no episode is truncated: a script could not tell.
    own : optional
        The environment in whose place it stands: asked for its further attributes, such as a pole's largest angle.
    rarely : callable
        Whether an episode should go on for a hundred steps now.
    steps, draws : iterator of int
        Numbers for transitions and observations, which environments of one script share.
    given : callable
        The action that the script gave, where a wrapper made another one of it; None where none did.
    """

    metadata: dict[str, Any] = {"render_modes": ["human", "rgb_array"], "render_fps": 30}  # noqa: RUF012  # Gymnasium's
    render_mode: str | None = None
    spec: Any = None
    pictures = 0  # that the script asked for

    def __init__(
        self,
        spaces: Spaces,
        rng: np.random.Generator,
        on_step: Callable[[Transition], None],
        on_reset: Callable[[np.ndarray, int], None] = lambda _obs, _last: None,
        of: Library = Library("gymnasium"),  # noqa: B008  # it is frozen
        own: Any = None,
        rarely: Callable[[], bool] = lambda: False,
        given: Callable[[], Any] = lambda: None,
        steps: Iterator[int] | None = None,
        draws: Iterator[int] | None = None,
    ) -> None:
        self.spaces, self._rng, self._on_step, self._on_reset = spaces, rng, on_step, on_reset
        self._old, self._own, self._rarely, self._given = of.is_old, own, rarely, given
        self._steps, self._draws, self._last = steps or count(), draws or count(), -1
        self._obs = self._new()
        kinds = of.spaces
        self.observation_space = _observation_space(spaces, kinds)
        if spaces.n_actions is not None:
            self.action_space = kinds.Discrete(spaces.n_actions)
        else:
            self.action_space = kinds.Box(*spaces.bounds, dtype=np.float32)

    def __getattr__(self, name: str) -> Any:
        """Return an attribute of the environment in whose place this one stands; AttributeError if it has none."""
        own = self.__dict__.get("_own")
        if own is None or name.startswith("__"):
            raise AttributeError(f"the made-up environment has no attribute {name!r}")
        return getattr(own.unwrapped, name)

    def _new(self) -> Any:
        return new_observation(self.spaces, self._rng, next(self._draws))

    def seed(self, seed: int | None = None) -> None:
        """Do nothing, for the old gym's scripts: no two runs may meet the same observations."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """A new observation; the seed is ignored, since no two runs of a script may meet the same one."""
        self._obs = self._new()
        self._on_reset(self._obs, self._last)
        first = _handed_out(self._obs)
        return first if self._old else (first, self._info())

    def step(self, action: Any) -> tuple[Any, ...]:
        """Whatever is done, a new observation, a reward, and now and then an end."""
        done = self._checked(action)
        reward, after = new_reward(self._rng), self._new()
        chance = float(self._rng.random())
        share = RARE if self._rarely() else 1.0
        terminated = chance < share * TERMINATED
        truncated = not (terminated or self._old) and chance < share * (TERMINATED + TRUNCATED)
        self._last = next(self._steps)
        t = Transition(self._last, self._obs, self._as_given(done), reward, after, terminated, truncated)
        self._obs = after
        self._on_step(t)
        ends = (terminated,) if self._old else (terminated, truncated)
        return _handed_out(after), reward, *ends, self._info()

    def _as_given(self, done: Any) -> Any:
        """The action in the script's own units, which it stores."""
        given = self._given()
        if given is None or self.spaces.n_actions is not None or np.size(given) != done.size:
            return done
        return np.array(given, np.float32).reshape(done.shape)

    def _info(self) -> dict[str, Any]:
        """What Gymnasium's environments with numbered states say of a step."""
        if self.spaces.n_states is None:
            return {}
        return {"prob": 1.0, "action_mask": np.ones(self.spaces.n_actions or 0, np.int8)}

    def _checked(self, action: Any) -> Any:
        """The action as it is stored; one that there is not is refused, as Gymnasium's own environments do."""
        n = self.spaces.n_actions
        if n is None:
            return np.array(action, np.float32)
        number = float(np.asarray(action).item())
        if not number.is_integer() or not 0 <= number < n:
            raise ValueError(f"the environment was given {action!r}, and its actions are 0 to {n - 1}")
        return int(number)

    def render(self, mode: str | None = None, **_options: Any) -> Any:
        """Show nothing; a black picture where pictures were asked for, which the old gym's scripts do here."""
        if (mode or self.render_mode) != "rgb_array":
            return None
        self.pictures += 1
        return np.zeros((64, 64, 3), np.uint8)

    def close(self) -> None:
        """Close nothing."""

    @property
    def _max_episode_steps(self) -> int:
        """The limit that Gymnasium's time limit has, by the name that scripts read it by."""
        return getattr(self.spec, "max_episode_steps", None) or USUAL_LIMIT

    @property
    def unwrapped(self) -> StreamEnv:
        """Itself."""
        return self


def _observation_space(spaces: Spaces, kinds: Any) -> Any:
    if spaces.n_states is not None:
        return kinds.Discrete(spaces.n_states)
    low, high = (0, 255) if spaces.image else (-np.inf, np.inf)
    return kinds.Box(low, high, spaces.obs_shape, np.uint8 if spaces.image else np.float32)


def _handed_out(obs: np.ndarray) -> Any:
    """A copy of an observation; the number of a state as Gymnasium's environments give it."""
    return obs.copy() if obs.ndim else int(obs)


def specification(asked: tuple[Any, ...], of: Library) -> Any:
    """What the library's registry says of the environment that a script asks for; None if it is not there."""
    try:
        return of.module.spec(asked[0]) if isinstance(asked[0], str) else asked[0]
    except (IndexError, of.module.error.Error):
        return None


def as_gymnasium(env: StreamEnv, of: Library) -> Any:
    """The same environment as an instance of the library's own `Env`, which its wrappers insist on."""
    kind: Any = type("StreamEnv", (StreamEnv, of.module.Env), {})
    made = kind.__new__(kind)
    made.__dict__.update(vars(env))
    return made
