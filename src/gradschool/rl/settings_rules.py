"""Settings that cannot work, told in one sentence before anything runs.

Each value is looked at when settings are made, the values beside each other when training begins: so settings for a
part of a run (a buffer, a batch) need not make a whole one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np


class SettingsError(ValueError):
    """Settings that cannot work; a notebook shows the sentence without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return [f"SettingsError: {self}"]


@dataclass(frozen=True)
class Span:
    """The numbers from ``low`` to ``high``; ``low`` itself is left out if ``above``."""

    low: float = -math.inf
    high: float = math.inf
    above: bool = False

    def holds(self, value: Any) -> bool:
        """Return whether this is a finite number in the span."""
        if not isinstance(value, Real) or isinstance(value, bool):
            return False
        value = float(value)
        if not math.isfinite(value):
            return False
        return bool((value > self.low if self.above else value >= self.low) and value <= self.high)

    def __str__(self) -> str:
        if self.low == -math.inf:
            return "a finite number"
        if self.high == math.inf:
            return f"a finite number {'above' if self.above else 'of at least'} {self.low:g}"
        return f"a number {'above' if self.above else 'of at least'} {self.low:g} and at most {self.high:g}"


SHARE = Span(0.0, 1.0)
POSITIVE = Span(0.0, above=True)
NOT_NEGATIVE = Span(0.0)


def require_values(
    settings: Any, whole: Mapping[str, int], numbers: Mapping[str, Span], flags: Iterable[str] = ()
) -> None:
    """Raise SettingsError for the first value that no run can use.

    Parameters
    ----------
    settings
        A dataclass with these fields.
    whole
        The fields that are whole numbers, and the least of each.
    numbers
        The fields that are numbers, and what each may be.
    flags
        The fields that are True or False.
    """
    name = type(settings).__name__
    for field, least in whole.items():
        require_whole(name, field, getattr(settings, field), least)
    for field, span in numbers.items():
        value = getattr(settings, field)
        if not span.holds(value):
            raise SettingsError(f"{name}({field}={value!r}): {field} must be {span}.")
    for field in flags:
        if not isinstance(getattr(settings, field), bool | np.bool_):
            raise SettingsError(f"{name}({field}={getattr(settings, field)!r}): {field} must be True or False.")


def require_whole(owner: str, field: str, value: Any, least: int = 1) -> None:
    """Raise SettingsError unless a value is a whole number of at least ``least``; ``owner`` is what takes the field.

    >>> require_whole("VectorTaxi", "n", 0)
    Traceback (most recent call last):
    gradschool.rl.settings_rules.SettingsError: VectorTaxi(n=0): n must be a whole number of at least 1.
    """
    if not is_whole(value, least):
        raise SettingsError(f"{owner}({field}={value!r}): {field} must be a whole number of at least {least}.")


def is_whole(value: Any, least: int = 1) -> bool:
    """Return whether a value is a whole number, no flag, of at least ``least``."""
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def require_dqn_run(s: Any) -> None:
    """Raise SettingsError if a DQN run with these settings would never begin, or show nothing of what it learned."""
    for wanted, what in (
        ("learning_starts", "the first update waits for {} transitions"),
        ("batch", "a batch has {} transitions"),
        ("n_envs", "one step of all environments makes {} transitions"),
    ):
        value = getattr(s, wanted)
        if value > s.buffer_size:
            raise SettingsError(
                f"Settings({wanted}={value}, buffer_size={s.buffer_size}): {what.format(value)}, and the replay buffer "
                f"keeps {s.buffer_size}. Make buffer_size at least {value}, or {wanted} smaller."
            )
    if s.every > s.updates:
        raise SettingsError(
            f"Settings(every={s.every}, updates={s.updates}): nothing would be evaluated after the beginning. "
            f"Make every at most {s.updates}, or updates larger."
        )


def require_ddpg_run(s: Any) -> None:
    """Raise SettingsError if a DDPG run with these settings would take no step, make no update, or train no actor."""
    if s.n_envs > s.env_steps:
        raise SettingsError(
            f"Settings(n_envs={s.n_envs}, env_steps={s.env_steps}): one step of all environments is {s.n_envs} steps, "
            f"more than the whole run. Make env_steps at least {s.n_envs}, or n_envs smaller."
        )
    steps = s.env_steps // s.n_envs * s.n_envs
    if s.learning_starts > steps:
        raise SettingsError(
            f"Settings(learning_starts={s.learning_starts}, env_steps={s.env_steps}): the run ends after {steps} "
            "steps, before the first update. Make env_steps larger than learning_starts, or learning_starts smaller."
        )
    if s.batch > steps:
        raise SettingsError(
            f"Settings(batch={s.batch}, env_steps={s.env_steps}): a batch has {s.batch} transitions, and the whole run "
            f"makes {steps}. Make batch smaller, or env_steps larger."
        )
    first = max(1, -(-s.learning_starts // s.n_envs))
    updates = (s.env_steps // s.n_envs - first + 1) * s.updates_per_step
    if s.delay > updates:
        raise SettingsError(
            f"Settings(delay={s.delay}): the actor would wait for {s.delay} updates of the critic, and the run makes "
            f"{updates}. Make delay smaller, or env_steps larger."
        )
