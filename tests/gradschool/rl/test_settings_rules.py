"""Settings that cannot work: one sentence before anything runs, for each trainer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from gradschool.lessons import ddpg_experiments, dqn_experiments
from gradschool.rl.ddpg import agent as ddpg
from gradschool.rl.ddpg.batched import train_batched
from gradschool.rl.ddpg.training import train
from gradschool.rl.dqn import agent as dqn
from gradschool.rl.dqn.hidden_layer import HIDDEN_SETTINGS, train_hidden
from gradschool.rl.dqn.training import train_table
from gradschool.rl.settings_rules import SettingsError


def unused(*_: Any) -> Any:
    raise AssertionError("something ran")


DQN = dqn.StudentFunctions(unused, unused, unused, unused)
DDPG = ddpg.StudentFunctions(unused, unused, unused, unused, unused, unused)
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize("settings", [dqn.Settings, ddpg.Settings], ids=["dqn", "ddpg"])
def test_every_field_of_both_is_looked_at(settings: Callable[..., Any]) -> None:
    """Neither NaN nor a text, nor None or a list, goes into any field; a whole number is no fraction and no flag."""
    for field in fields(settings):
        wrong: list[Any] = [NAN, "3", None, [1]]
        if field.type == "int":
            wrong += [-1, 1.5, 16.0, True, INF]
        if field.type == "float":
            wrong += [INF, True]
            wrong += [-0.1] if field.name not in ("initial_q", "goal_q") else []
        if field.type == "bool":
            wrong += [0, 1]
        for value in wrong:
            with pytest.raises(SettingsError, match=rf"^Settings\({field.name}=.*\): {field.name} must be .*\.$"):
                settings(**{field.name: value})


@pytest.mark.parametrize(
    ("settings", "change", "sentence"),
    [
        (dqn.Settings, {"n_envs": 0}, "n_envs must be a whole number of at least 1."),
        (dqn.Settings, {"sync": 0}, "sync must be a whole number of at least 1."),
        (dqn.Settings, {"every": 0}, "every must be a whole number of at least 1."),
        (dqn.Settings, {"updates": 0}, "updates must be a whole number of at least 1."),
        (dqn.Settings, {"gamma": 1.01}, "gamma must be a number of at least 0 and at most 1."),
        (dqn.Settings, {"epsilon": 40}, "epsilon must be a number of at least 0 and at most 1."),
        (dqn.Settings, {"alpha": 0.0}, "alpha must be a finite number above 0."),
        (dqn.Settings, {"initial_q": INF}, "initial_q must be a finite number."),
        (ddpg.Settings, {"tau": 0.0}, "tau must be a number above 0 and at most 1."),
        (ddpg.Settings, {"tau": 1.5}, "tau must be a number above 0 and at most 1."),
        (ddpg.Settings, {"lr_actor": -1e-3}, "lr_actor must be a finite number above 0."),
        (ddpg.Settings, {"noise": -0.1}, "noise must be a finite number of at least 0."),
        (ddpg.Settings, {"hidden": (64, 0)}, "hidden must be a tuple of widths."),
        (ddpg.Settings, {"hidden": 64}, "hidden must be a tuple of widths."),
        (ddpg.Settings, {"delay": 0}, "delay must be a whole number of at least 1."),
    ],
)
def test_a_value_that_no_run_can_use(settings: Callable[..., Any], change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsError) as told:
        settings(**change)
    assert str(told.value).endswith(sentence)
    assert told.value._render_traceback_() == [f"SettingsError: {told.value}"]


def test_numpys_numbers_are_numbers_too() -> None:
    assert dqn.Settings(n_envs=np.int64(4), gamma=np.float32(0.5), terminal_mask=np.True_).n_envs == 4


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"buffer_size": 500}, "the first update waits for 1024 transitions, and the replay buffer keeps 500"),
        ({"buffer_size": 500, "learning_starts": 400}, "a batch has 512 transitions, and the replay buffer keeps 500"),
        ({"buffer_size": 1024, "n_envs": 2000}, "one step of all environments makes 2000 transitions"),
        (
            {"learning_starts": 60_000},
            "the first update waits for 60000 transitions",
        ),
        ({"updates": 10}, "nothing would be evaluated after the beginning. Make every at most 10"),
    ],
)
def test_a_dqn_run_that_cannot_work(change: dict[str, Any], sentence: str) -> None:
    settings = dqn.Settings(**change)
    for run in (
        lambda: train_table(DQN, model(), settings, 0),
        lambda: train_hidden(DQN, model(), settings, 0),
        lambda: dqn_experiments.train_seeds(train_table, DQN, model(), dqn.Settings(), [0], **change),
    ):
        with pytest.raises(SettingsError, match=sentence):
            run()


def model() -> Any:
    from gradschool.rl.envs.taxi import taxi_model

    return taxi_model()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"env_steps": 500}, "the run ends after 496 steps, before the first update"),
        ({"learning_starts": 20_000}, "the run ends after 10000 steps, before the first update"),
        ({"env_steps": 10, "learning_starts": 0}, "one step of all environments is 16 steps, more than the whole run"),
        ({"batch": 20_000}, "a batch has 20000 transitions, and the whole run makes 10000"),
        ({"delay": 2_000}, "the actor would wait for 2000 updates of the critic, and the run makes 1728"),
    ],
)
def test_a_ddpg_run_that_cannot_work(change: dict[str, Any], sentence: str) -> None:
    settings = ddpg.Settings(**change)
    for run in (
        lambda: train(unused, settings, 0),
        lambda: train_batched(DDPG, settings, [0]),
        lambda: ddpg_experiments.train_seeds(DDPG, settings, [0]),
    ):
        with pytest.raises(SettingsError, match=sentence):
            run()


def test_no_seed_at_all_and_a_layer_without_width() -> None:
    with pytest.raises(SettingsError, match="there is no seed"):
        train_batched(DDPG, ddpg.Settings(), [])
    with pytest.raises(SettingsError, match=r"train_hidden\(hidden=0\): hidden must be a whole number of at least 1"):
        train_hidden(DQN, model(), HIDDEN_SETTINGS, 0, hidden=0)


def test_the_last_settings_that_can_work_are_not_refused() -> None:
    """One step inside each border above."""
    from gradschool.rl.settings_rules import require_ddpg_run, require_dqn_run

    require_dqn_run(dqn.Settings(buffer_size=1024, updates=25, sync=25, n_envs=1024))
    require_dqn_run(HIDDEN_SETTINGS)
    require_ddpg_run(ddpg.Settings(env_steps=800, delay=3))
    require_ddpg_run(ddpg.Settings(env_steps=16, learning_starts=0, batch=16))
    require_ddpg_run(ddpg.Settings(delay=1_728))
