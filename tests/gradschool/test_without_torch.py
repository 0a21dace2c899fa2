"""What runs where there is no PyTorch, as in the browser: checked in a process in which importing torch fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch

from grader.course import ROOT, lessons
from gradschool.check import api
from gradschool.check.elsewhere import Elsewhere
from gradschool.core import without_torch
from gradschool.core.exercise import CHAPTERS, Args, find, in_chapter
from gradschool.core.without_torch import REPOSITORY_VARIABLE, colab_address

EXERCISES = [exercise for part in CHAPTERS for exercise in in_chapter(part)]
NUMPY_ROAD = [e.id for e in EXERCISES if not e.needs_torch]
# Checks every exercise with the bank's reference and with an answer of None; says what needs torch, from the calls.
CHECK_ALL = """
import json, sys
class NoTorch:
    def find_spec(self, name, *_):
        if name.partition(".")[0] == "torch": raise ModuleNotFoundError(name, name=name)
sys.meta_path.insert(0, NoTorch())
from gradschool.core.without_torch import NeedsTorch, stand_in_for_torch, torch_is_missing
missing = torch_is_missing()
stand_in_for_torch()
import torch
class OfTorch(torch.nn.Module):
    def forward(self, x: torch.Tensor | None) -> "torch.Tensor": ...
torch.set_num_threads(1)
def refuses(action):
    try: action()
    except NeedsTorch as error: return str(error)
from grader.bank.registry import find_entry
from gradschool.check.api import check_here
from gradschool.core.exercise import CHAPTERS, in_chapter
def passed(exercise):
    try: right = check_here(exercise, find_entry(exercise.id).reference)
    except Exception as error: return type(error).__name__
    wrong = check_here(exercise, lambda *_: None)
    return right.passed, wrong.passed
print(json.dumps({
    "missing": missing, "still": torch_is_missing(), "called": refuses(lambda: torch.tensor([1.0])),
    "made": refuses(OfTorch), "checks": {e.id: passed(e) for part in CHAPTERS for e in in_chapter(part)},
}))
"""


@pytest.fixture(scope="module")
def found() -> dict[str, object]:
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.run([sys.executable, "-c", CHECK_ALL], cwd=ROOT, env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    answer: dict[str, object] = json.loads(run.stdout)
    return answer


def test_exactly_the_exercises_that_do_not_claim_torch_are_checked_without_it(
    found: dict[str, dict[str, object]],
) -> None:
    """Right answers pass and an answer of None does not; of the others, not even the reference passes."""
    passing = [name for name, of in found["checks"].items() if of == [True, False]]
    assert passing == NUMPY_ROAD
    assert (len(NUMPY_ROAD), len(EXERCISES)) == (42, 57)  # docs/in-the-browser.md says so


def test_the_stand_in_can_be_imported_and_says_what_does_not_run_when_it_is_used(found: dict[str, object]) -> None:
    assert (found["missing"], found["still"]) == (True, True)
    assert "uses torch.tensor" in str(found["called"])
    assert "OfTorch is built on it" in str(found["made"])


def _in_torch(name: str, a: Args) -> object:
    """The same by torch's own functions."""
    t = {key: torch.tensor(x) for key, x in a.items() if isinstance(x, np.ndarray)}
    if name == "dqn.one_hot":
        return torch.nn.functional.one_hot(t["s"], a["n_states"]).to(torch.float64)
    if name == "dqn.q_values":
        return torch.nn.functional.embedding(t["s"], t["W"])
    if name == "ddpg.polyak":
        return torch.lerp(t["target"], t["online"], a["tau"])
    if name == "ddpg.squash":
        return torch.lerp(t["low"].expand_as(t["z"]), t["high"].expand_as(t["z"]), (torch.tanh(t["z"]) + 1) / 2)
    if name == "chain.sgd_step":
        return _stepped(a["params"], a["grads"], lambda p: torch.optim.SGD(p, lr=a["lr"]))
    theta = torch.nn.Parameter(t["theta"])
    theta.grad = t["grad"]
    adam = torch.optim.Adam([theta], lr=a["lr"], betas=(a["beta1"], a["beta2"]), eps=a["eps"])
    adam.state[theta] = {"step": torch.tensor(a["t"] - 1.0), "exp_avg": t["m"], "exp_avg_sq": t["v"]}
    adam.step()
    return theta.detach(), t["m"], t["v"]


def _stepped(params: object, grads: object, make: object) -> list[torch.Tensor]:
    made = [torch.nn.Parameter(torch.tensor(p)) for p in params]  # type: ignore[attr-defined]
    for p, g in zip(made, grads, strict=True):  # type: ignore[call-overload]
        p.grad = torch.tensor(g)
    make(made).step()  # type: ignore[operator]
    return [p.detach() for p in made]


@pytest.mark.parametrize(
    "name", ["dqn.one_hot", "dqn.q_values", "ddpg.polyak", "ddpg.squash", "chain.sgd_step", "chain.adam_step"]
)
def test_what_numpy_computes_is_what_torch_computes(name: str) -> None:
    exercise = find(name)
    for seed in range(3):
        for case in exercise.cases(np.random.default_rng(seed)):
            ours, theirs = exercise.oracle(case.args), _in_torch(name, case.args)
            pairs = zip(ours, theirs, strict=True) if isinstance(ours, tuple) else [(ours, theirs)]  # type: ignore[call-overload]
            for one, other in pairs:
                np.testing.assert_allclose(one, other.numpy(), rtol=1e-12, atol=1e-14)
                assert one.shape == tuple(other.shape)
                assert one.dtype == other.numpy().dtype


def test_a_check_of_an_exercise_about_torch_says_where_to_go(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(api, "torch_is_missing", lambda: True)
    with pytest.raises(api.CheckFailed, match="PyTorch"):
        api.check("dqn.torch_loss", lambda *_: None)
    monkeypatch.setattr(api, "is_interactive", lambda: True)
    monkeypatch.setenv(REPOSITORY_VARIABLE, "school/grad")
    capsys.readouterr()
    api.check("dqn.torch_loss", lambda *_: None)
    said = capsys.readouterr().out
    assert said.startswith("dqn.torch_loss: not checked.")
    assert "/github/school/grad/blob/HEAD/course/02-dqn-on-taxi/dqn_on_taxi.ipynb" in said
    assert 'href="https://colab' in Elsewhere(find("dqn.torch_loss"))._repr_html_()
    monkeypatch.delenv(REPOSITORY_VARIABLE)
    assert "href" not in Elsewhere(find("dqn.torch_loss"))._repr_html_()


def test_with_torch_nothing_changes() -> None:
    assert not without_torch.torch_is_missing()
    without_torch.stand_in_for_torch()
    assert sys.modules["torch"] is torch


def test_addresses_on_colab_are_those_of_the_released_notebooks() -> None:
    for chapter in lessons():
        path = colab_address("a/b", chapter.assignment_id).partition("/blob/HEAD/")[2]
        assert (ROOT / path).is_file(), path
    assert colab_address("https://elsewhere/a/b", "02-dqn-on-taxi") == ""
