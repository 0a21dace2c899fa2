"""Scripts watched as they are, and a file examined in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import gymnasium
import pytest

from gradexaminer import watch
from gradexaminer.cli import main
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import seed_all
from tests.gradexaminer.sources import changed

SCRIPT = """
import collections, random
import gymnasium as gym, numpy as np, torch
from torch import nn
import torch.nn.functional as F


def main():
    env = gym.wrappers.RecordEpisodeStatistics(gym.make("CartPole-v1"))
    o, a = env.observation_space.shape[0], env.action_space.n
    q, target = (nn.Sequential(nn.Linear(o, 64), nn.ReLU(), nn.Linear(64, a)) for _ in range(2))
    target.load_state_dict(q.state_dict())
    optimizer, memory = torch.optim.Adam(q.parameters(), 1e-3), collections.deque(maxlen=10000)
    s, _ = env.reset()
    for step in range(3000):
        action = env.action_space.sample() if random.random() < 0.5 else int(q(torch.tensor(s)).argmax())
        s2, r, terminated, truncated, _ = env.step(action)
        memory.append((s, action, r, s2, terminated))
        s = s2
        if terminated or truncated:
            s, _ = env.reset()
        if step > 100:
            ss, aa, rr, s2s, dd = (torch.tensor(np.array(x)) for x in zip(*random.sample(memory, 64)))
            with torch.no_grad():
                y = rr.float() + 0.99 * target(s2s).max(1).values * (1 - dd.float())
            loss = F.smooth_l1_loss(q(ss).gather(1, aa[:, None]).squeeze(1), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step % 3 == 0:
                target.load_state_dict(q.state_dict())


if __name__ == "__main__":
    main()
"""
TRUNCATED = (
    "memory.append((s, action, r, s2, terminated))",
    "memory.append((s, action, r, s2, terminated or truncated))",
)
RESET = ("        s = s2\n        if terminated or truncated:\n            s, _ = env.reset()\n", "        s = s2\n")


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ([], set()),
        ([TRUNCATED], {"mask-truncated"}),
        ([("* (1 - dd.float())", "")], {"mask-missing"}),
        ([("            if step % 3 == 0:\n", "            if step % 3 == 0 and step < 0:\n")], set()),
    ],
    ids=["right", "truncated as terminated", "mask missing", "target never copied"],
)
def test_a_whole_script(changes, codes, load, monkeypatch):
    module = load(changed(SCRIPT, changes))
    seed_all(0)

    def run(make):
        monkeypatch.setattr(gymnasium, "make", make)
        module.main()

    report = watch(run, n_actions=3, obs=4)
    assert report.codes == codes, str(report)
    assert report.updates == 6
    never = [f.code for f in report.findings if f.level == "not seen"]
    assert never == (["target-not-seen"] if "step < 0" in str(changes) else []), str(report)


def test_a_file_in_a_process_of_its_own(tmp_path: Path, capsys):
    """The command's words, its JSON and its exit status; what the file prints is not in between."""
    fault = changed(sources.DQN, sources.DQN_FAULTS["mask missing"][1])
    adapter = """
print("hello from the file")
examined = dict(
    make=Agent, feed=lambda a, t: a.remember(*t.as_tuple()), update=lambda a: a.learn(), n_actions=4
)
"""
    (tmp_path / "mine.py").write_text(fault + adapter, encoding="utf-8")
    assert main([str(tmp_path / "mine.py"), "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["verdict"] == "fault"
    assert [f["code"] for f in said["findings"] if f["level"] == "fault"] == ["mask-missing"]
    assert isinstance(said["sandboxed"], bool)


def test_a_script_in_a_process_of_its_own_that_writes_and_never_ends(tmp_path: Path, capsys):
    (tmp_path / "endless.py").write_text("while True:\n    pass\n", encoding="utf-8")
    assert main([str(tmp_path / "endless.py"), "--script", "--n-actions", "2", "--seconds", "8"]) == 2
    said = capsys.readouterr()
    assert "used up its 8 CPU seconds" in said.err
    assert said.out == ""


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [("nothere.py", None, "is not a file"), ("plain.py", "x = 1\n", "has no dict named examined")],
)
def test_what_cannot_be_examined_says_why(name, text, words, tmp_path: Path, capsys):
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert main([str(tmp_path / name)]) == 2
    assert words in capsys.readouterr().err


def test_the_package_needs_numpy_and_torch_alone():
    """In a fresh interpreter: nothing of Jupyter, nbgrader, Gymnasium or the lessons is imported with it."""
    others = ("gymnasium", "nbgrader", "gradschool", "matplotlib", "IPython")
    code = f"import sys, gradexaminer; print([m for m in {others} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_report_as_a_page_in_a_file(tmp_path: Path, capsys):
    """Pictures and links; a place that cannot be written is one sentence, and the report is printed all the same."""
    fault = changed(sources.DQN, sources.DQN_FAULTS["bootstrap gradient"][1])
    adapter = (
        "\nexamined = dict(make=Agent, feed=lambda a, t: a.remember(*t.as_tuple()),"
        " update=lambda a: a.learn(), n_actions=4)\n"
    )
    (tmp_path / "mine.py").write_text(fault + adapter, encoding="utf-8")
    page = tmp_path / "report.html"
    assert main([str(tmp_path / "mine.py"), "--html", str(page), "--lessons", "https://example.org"]) == 1
    text = page.read_text(encoding="utf-8")
    assert "<svg" in text
    assert 'href="https://example.org/course/02-dqn-on-taxi/dqn_on_taxi.html#the-target-is-a-label"' in text
    printed = capsys.readouterr().out
    assert "gradient: loss ~~> label y ~~> online network" in printed
    assert printed.splitlines()[-1].startswith("6 updates recorded in ")
    assert main([str(tmp_path / "mine.py"), "--html", str(tmp_path / "no" / "folder.html")]) == 2
    said = capsys.readouterr()
    assert "[fault] bootstrap-gradient" in said.out
    assert said.err == f"gradexaminer: {tmp_path / 'no' / 'folder.html'} cannot be written: No such file or directory\n"
