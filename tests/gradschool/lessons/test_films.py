"""Films of training: each frame shows the run's own table, critic and actor, and its sentence is true."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from grader.bank.registry import find_entry
from gradschool.lessons.films import pendulum, taxi
from gradschool.lessons.live_figures.show import LiveFigure, plain
from gradschool.rl.ddpg.agent import Settings as PendulumSettings
from gradschool.rl.ddpg.agent import StudentFunctions as PendulumFunctions
from gradschool.rl.dqn.agent import Settings, StudentFunctions
from gradschool.rl.envs.pendulum import observe
from gradschool.rl.envs.taxi import TaxiModel, greedy, make_env, taxi_model

IN_TAXI, WAITING = 1, 0
QUICK = PendulumSettings(env_steps=2_560)


def functions(kind: Any, chapter: str) -> Any:
    return kind(**{f.name: find_entry(f"{chapter}.{f.name}").reference for f in fields(kind)})


@pytest.fixture(scope="module")
def model() -> TaxiModel:
    return taxi_model()


@pytest.fixture(scope="module")
def frames(model: TaxiModel) -> list[tuple[int, np.ndarray]]:
    return taxi.record(functions(StudentFunctions, "dqn"), model, Settings(), seed=0)


@pytest.fixture(scope="module")
def film(model: TaxiModel, frames: list[tuple[int, np.ndarray]]) -> dict[str, Any]:
    return taxi.film_data(model, frames)


def brings_home(model: TaxiModel, policy: np.ndarray, state: int) -> bool:
    """Follow a policy one step after the other."""
    for _ in range(model.n_states):
        if model.terminated[state, policy[state]]:
            return True
        state = model.next_state[state, policy[state]]
    return False


def test_every_arrow_is_the_table_s_greedy_action_and_leads_home_where_it_says_so(
    model: TaxiModel, frames: list[tuple[int, np.ndarray]], film: dict[str, Any]
) -> None:
    for k in (0, len(frames) // 2, len(frames) - 1):
        (updates, Q), frame = frames[k], film["frames"][k]
        assert frame["updates"] == updates
        for which, passenger in ((WAITING, 2), (IN_TAXI, 4)):
            for cell in range(25):
                state = (cell * 5 + passenger) * 4  # destination red
                assert frame["action"][which][cell] == Q[state].argmax()
                assert frame["value"][which][cell] == pytest.approx(Q[state].max(), abs=0.05)
                assert frame["home"][which][cell] == brings_home(model, greedy(Q), state)
        starts = sum(brings_home(model, greedy(Q), start) for start in model.starts)
        assert f"from {starts} of 300 starts in all" in frame["words"]


def test_the_twenty_travels_back_from_the_drop_off(film: dict[str, Any]) -> None:
    values = np.array([frame["value"] for frame in film["frames"]])
    first = {cell: int(np.argmax(values[:, IN_TAXI, cell] > 0)) for cell in range(25) if values[-1, IN_TAXI, cell] > 0}
    assert film["drop_off"] == 0
    assert first[0] == min(first.values())
    assert first[0] <= first[5] <= first[10] <= first[15] < max(first.values())  # down the column, and on
    assert first[0] < first[15]
    assert np.argmax(values[:, WAITING, film["pick_up"]] > 0) > first[film["pick_up"]]  # then the waiting passenger
    assert values[-1, IN_TAXI, 0] == pytest.approx(20, abs=0.1)
    assert film["frames"][0]["words"].startswith("After 0 updates the greedy actions lead home from 0 of 25 cells")
    assert "300 of 300 starts" in film["frames"][-1]["words"]


def test_an_agent_that_learns_nothing_never_leads_home(model: TaxiModel) -> None:
    healthy = functions(StudentFunctions, "dqn")
    sick = replace(healthy, output_gradient=lambda q, action, y: -healthy.output_gradient(q, action, y))
    data = taxi.film_data(model, taxi.record(sick, model, Settings(updates=100), seed=0))
    assert all(" 0 of 300 starts" in frame["words"] for frame in data["frames"])


def test_walls_and_stands_are_those_of_gymnasium_s_map(film: dict[str, Any]) -> None:
    rows = [row.decode() for row in np.asarray(make_env().unwrapped.desc)[1:-1].view("S11").ravel()]
    walls = [5 * r + c for r, row in enumerate(rows) for c in range(4) if row[2 + 2 * c] == "|"]
    assert film["walls"] == walls
    for cell, name in film["stands"]:
        assert rows[cell // 5][1 + 2 * (cell % 5)] == name[0].upper()


@pytest.fixture(scope="module")
def runs() -> list[tuple[Any, list[dict[str, Any]]]]:
    agent = functions(PendulumFunctions, "ddpg")
    return [pendulum.record(agent, settings, 3) for settings in (QUICK, replace(QUICK, tau=1.0))]


def test_a_frame_is_the_agent_at_that_moment(runs: list[tuple[Any, list[dict[str, Any]]]]) -> None:
    run, frames = runs[0]
    last = frames[-1]
    assert [f["mean_return"] for f in frames] == run.mean_return
    obs = observe(pendulum.ANGLES, np.zeros_like(pendulum.ANGLES))
    np.testing.assert_allclose(last["own"], run.agent.act(obs)[:, 0], atol=0.006)
    torque = np.full((len(obs), 1), pendulum.TORQUES[-1])
    q = [run.agent.critic(np.concatenate([obs, a], axis=1))[:, 0] for a in (torque, -torque)]
    rise = (q[0] - q[1]) / run.settings.reward_scale
    np.testing.assert_allclose(last["tilt"][:, -1] - last["tilt"][:, 0], rise, atol=0.11)
    assert last["episode"][0] == pytest.approx(np.pi, abs=0.006)


def test_both_agents_begin_alike_and_then_differ(runs: list[tuple[Any, list[dict[str, Any]]]]) -> None:
    (_, well), (_, ill) = runs
    assert [f["steps"] for f in well] == [f["steps"] for f in ill]
    np.testing.assert_array_equal(well[0]["own"], ill[0]["own"])  # before the first update
    assert not np.array_equal(well[-1]["own"], ill[-1]["own"])


def test_the_sentence_says_what_the_episode_does() -> None:
    frame = {"steps": 640, "mean_return": -139.4}
    stands = frame | {"episode": np.array([np.pi, 2.0, 0.1, *[0.0] * 8])}
    falls = frame | {"episode": np.array([np.pi, 2.0, 0.1, 1.0, 2.0, 3.0, 3.0, 3.0])}
    hangs = frame | {"episode": np.full(8, np.pi)}
    words = pendulum.film_data([{**stands, "tilt": np.ones((2, 2))}], [{**falls, "tilt": np.ones((2, 2))}], "a fault")
    assert words["words"] == [
        "After 640 steps the healthy agent earns −139 on average and swings up in 0.4 s and stays; "
        "the one with a fault, on the same seed, earns −139 on average and reaches the top and falls."
    ]
    assert "never reaches the top" in pendulum._does(hangs)


def test_both_films_have_a_still_picture_with_words(model: TaxiModel, film: dict[str, Any]) -> None:
    agent = functions(PendulumFunctions, "ddpg")
    quick = replace(QUICK, env_steps=1_280)
    for made in (taxi.film_taxi(functions(StudentFunctions, "dqn"), model), pendulum.film_pendulum(agent, quick)):
        assert isinstance(made, LiveFigure)
        assert made.still.png().startswith(b"\x89PNG")  # type: ignore[attr-defined]
        assert made.still.alt.count("After") >= 3  # type: ignore[attr-defined]
        assert len(str(plain(made.data))) < 250_000
