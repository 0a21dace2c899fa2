"""Training that is watched: seldom redrawn, silent where nobody looks, and an interrupt keeps what there is."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import IPython.display
import numpy as np
import pytest
from jupyter_client.manager import start_new_kernel

from gradschool.lessons import training_progress
from gradschool.lessons.ddpg_experiments import train_seeds as ddpg_seeds
from gradschool.lessons.dqn_experiments import train_seeds
from gradschool.lessons.training_progress import TrainingMonitor, monitor, picture, report_interrupt
from gradschool.rl.ddpg.agent import Settings as DdpgSettings
from gradschool.rl.ddpg.agent import StudentFunctions as DDPGFunctions
from gradschool.rl.dqn.agent import Settings, StudentFunctions
from gradschool.rl.dqn.training import train_table
from gradschool.rl.envs import taxi


class Clock:
    """Time that passes by so much at every look."""

    def __init__(self, step: float) -> None:
        self.now, self.step = 0.0, step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []

    def display(data: Any, **how: Any) -> Any:
        seen.append(data.data)
        return SimpleNamespace(update=lambda data, **how: seen.append(data.data))

    monkeypatch.setattr(IPython.display, "display", display)
    return seen


def test_a_picture_is_well_formed_and_says_what_it_shows() -> None:
    html = picture("20 <runs>", "mean return", 0.42, [([0, 1], [-5.0, 2.0])], ([0, 1, 2], [-9.0, np.nan, 3.0]), 1.6)
    tree = ElementTree.fromstring(html)
    assert tree.find(".//*[@role='progressbar']").attrib["aria-valuenow"] == "42"  # type: ignore[union-attr]
    assert tree.find(".//svg").attrib["aria-label"] == "mean return, last 3"  # type: ignore[union-attr]
    assert len(tree.findall(".//polyline")) == 2
    assert "nan" not in html
    assert "20 &lt;runs&gt;: 42 %, 2 s so far" in html
    assert "<script" not in html
    ElementTree.fromstring(picture("a", "b", 2.0, [], ([], [])))
    points = [float(v) for v in re.findall(r"[-\d.]+", " ".join(p.attrib["points"] for p in tree.iter("polyline")))]
    assert min(points) >= 0
    assert max(points) <= training_progress.WIDTH
    last = tree.find(".//circle")
    assert last is not None
    assert float(last.attrib["cx"]) <= training_progress.WIDTH - training_progress.MARGIN, "there is room to go on"


def test_redraws_are_few_however_often_training_calls(shown: list[str]) -> None:
    watch = TrainingMonitor("runs", "return", clock=Clock(0.001))
    asked = []
    for k in range(3000):
        watch.at(k / 3000, lambda: asked.append(1) or ([0.0], [1.0]))
    assert 5 <= watch.redraws <= 12
    assert len(asked) == watch.redraws == len(shown)


def interrupted() -> None:
    with monitor("runs", "return") as watch:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            report_interrupt(watch, 3, 5)


def test_where_nobody_watches_nothing_is_shown_and_an_interrupt_is_an_interrupt(
    shown: list[str], capsys: pytest.CaptureFixture
) -> None:
    with monitor("runs", "return") as watch:
        assert not watch.live
        watch.at(0.5, lambda: pytest.fail("asked for a curve"))
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert shown == []
    assert capsys.readouterr() == ("", "")


def td_target(r: Any, q_next: Any, terminated: Any, truncated: Any, gamma: float) -> Any:
    return r + gamma * (1.0 - terminated) * q_next.max(axis=1)


def output_gradient(q: Any, a: Any, y: Any) -> Any:
    rows, g = np.arange(len(a)), np.zeros_like(q)
    g[rows, a] = (q[rows, a] - y) / len(a)
    return g


def weight_gradient(s: Any, g: Any, n: int) -> Any:
    grad = np.zeros((n, g.shape[1]))
    np.add.at(grad, s, g)
    return grad


def epsilon_greedy(q: Any, epsilon: float, u: Any, random_action: Any) -> Any:
    return np.where(u < epsilon, random_action, q.argmax(axis=1))


LEARNER = StudentFunctions(td_target, output_gradient, weight_gradient, epsilon_greedy)
SHORT = Settings(updates=20, every=5)


class Stopper:
    """A function that works so many times, and then somebody presses the square."""

    def __init__(self, function: Any, calls: int) -> None:
        self.function, self.left = function, calls

    def __call__(self, *args: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return self.function(*args)


def test_an_interrupt_keeps_the_runs_that_are_through(
    monkeypatch: pytest.MonkeyPatch, shown: list[str], capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(training_progress, "is_interactive", lambda: True)
    monkeypatch.setattr(training_progress, "PAUSE", 0.0)
    model = taxi.taxi_model()
    stopped = StudentFunctions(Stopper(td_target, 50), output_gradient, weight_gradient, epsilon_greedy)
    runs = train_seeds(train_table, stopped, model, SHORT, range(5))
    whole = train_seeds(train_table, LEARNER, model, SHORT, range(2))
    assert [run.mean_return for run in runs] == [run.mean_return for run in whole]
    assert "Interrupted: 2 of 5 runs are kept" in capsys.readouterr().out
    assert "stopped after 2 of 5" in next(html for html in shown if "stopped" in html)
    with pytest.raises(KeyboardInterrupt):  # nothing to keep yet
        train_seeds(
            train_table, StudentFunctions(Stopper(td_target, 3), *list(vars(LEARNER).values())[1:]), model, SHORT, [0]
        )


def test_watching_changes_no_number(monkeypatch: pytest.MonkeyPatch, shown: list[str]) -> None:
    model = taxi.taxi_model()
    alone = train_seeds(train_table, LEARNER, model, SHORT, range(2))
    monkeypatch.setattr(training_progress, "is_interactive", lambda: True)
    monkeypatch.setattr(training_progress, "PAUSE", 0.0)
    seen = train_seeds(train_table, LEARNER, model, SHORT, range(2))
    assert shown
    assert all(np.array_equal(a.W, b.W) for a, b in zip(alone, seen, strict=True))


def squash(z: Any, low: Any, high: Any) -> Any:
    return (low + high) / 2 + (high - low) / 2 * np.tanh(z)


def critic_target(b: Any, actor: Any, critic: Any, low: Any, high: Any, gamma: float) -> Any:
    x = np.concatenate([b.next_obs, squash(actor(b.next_obs), low, high)], axis=1)
    return b.reward + gamma * (1 - b.terminated) * critic(x)[:, 0]


def critic_gradient(critic: Any, b: Any, y: Any) -> Any:
    q, cache = critic.forward(np.concatenate([b.obs, b.action], axis=1))
    return critic.vjp(cache, (q - y[:, None]) / len(y))[0]


def action_gradient(actor: Any, critic: Any, b: Any, low: Any, high: Any) -> Any:
    q, cache = critic.forward(np.concatenate([b.obs, squash(actor(b.obs), low, high)], axis=1))
    return critic.input_vjp(cache, np.ones_like(q))[:, 3:]


def actor_gradient_vjp(actor: Any, b: Any, dq_da: Any, low: Any, high: Any) -> Any:
    z, cache = actor.forward(b.obs)
    return actor.vjp(cache, -dq_da / len(z) * (high - low) / 2 * (1 - np.tanh(z) ** 2))[0]


def polyak(target: Any, online: Any, tau: float) -> Any:
    return target + tau * (online - target)


def test_an_interrupt_of_many_agents_keeps_all_as_they_are(
    monkeypatch: pytest.MonkeyPatch, shown: list[str], capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(training_progress, "is_interactive", lambda: True)
    monkeypatch.setattr(training_progress, "PAUSE", 0.0)
    settings = DdpgSettings(env_steps=1600, learning_starts=160, evaluate_every=400, hidden=(8, 8))
    functions = (squash, critic_target, critic_gradient, action_gradient, actor_gradient_vjp)
    runs = ddpg_seeds(DDPGFunctions(*functions, Stopper(polyak, 300)), settings, range(2))
    whole = ddpg_seeds(DDPGFunctions(*functions, polyak), settings, range(2))
    done = len(runs[0].mean_return)
    assert 0 < done < len(whole[0].mean_return)
    assert [run.mean_return for run in runs] == [run.mean_return[:done] for run in whole]
    assert "Interrupted after" in capsys.readouterr().out
    assert any("mean return (median of the agents), last -" in html for html in shown)


IN_A_NOTEBOOK = """
import numpy as np
from gradschool.lessons import training_progress
from gradschool.rl.envs import taxi
from gradschool.rl.dqn.agent import Settings, StudentFunctions
from gradschool.rl.dqn.training import train_table
from gradschool.lessons.dqn_experiments import train_seeds
from gradschool.core.interactive import is_interactive
training_progress.PAUSE = 0.0

def td_target(r, q_next, terminated, truncated, gamma):
    return r + gamma * (1.0 - terminated) * q_next.max(axis=1)

def output_gradient(q, a, y):
    g = np.zeros_like(q)
    g[np.arange(len(a)), a] = (q[np.arange(len(a)), a] - y) / len(a)
    return g

def weight_gradient(s, g, n):
    grad = np.zeros((n, g.shape[1]))
    np.add.at(grad, s, g)
    return grad

def epsilon_greedy(q, epsilon, u, random_action):
    return np.where(u < epsilon, random_action, q.argmax(axis=1))

functions = StudentFunctions(td_target, output_gradient, weight_gradient, epsilon_greedy)
print(is_interactive())
runs = train_seeds(train_table, functions, taxi.taxi_model(), Settings(updates=100), range(500))
print(0 < len(runs) < 500)
"""


@pytest.mark.slow
def test_in_a_real_kernel_the_square_stops_the_training_and_the_cell_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADSCHOOL_STATE_FILE", str(tmp_path / "progress.jsonl"))
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        printed, redraws, interrupted = "", 0, False
        client.execute(IN_A_NOTEBOOK, allow_stdin=True)
        while True:
            message = client.get_iopub_msg(timeout=600)
            kind, content = message["msg_type"], message["content"]
            assert kind != "error", content["traceback"]
            printed += content["text"] if kind == "stream" else ""
            redraws += kind == "update_display_data"
            if not interrupted and redraws >= 12:  # more than one run is through
                manager.interrupt_kernel()
                interrupted = True
            if kind == "status" and content["execution_state"] == "idle" and interrupted:
                break
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    first, said, last = printed.splitlines()
    assert (first, last) == ("True", "True")
    assert said.startswith("Interrupted: ")
