"""Scripts watched as they are, and a file examined in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import gymnasium
import pytest

from gradexaminer import Finding, Report, cli, watch
from gradexaminer.cli import main
from gradexaminer.running import apart
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
# A vector of environments begins anew in the same step: a terminated row's s' is the next episode's first state.
SAME_STEP = [
    (
        "        memory.append(",
        "        last = s2\n"
        "        if terminated or truncated:\n"
        "            s2, _ = env.reset()\n"
        "        first = s2\n"
        "        s2 = last if truncated else s2\n"
        "        memory.append(",
    ),
    ("        s = s2\n        if terminated or truncated:\n            s, _ = env.reset()\n", "        s = first\n"),
]
TOO_EARLY = (
    "        memory.append((s, action, r, s2, terminated))\n        s = s2\n",
    "        s = s2\n        memory.append((s, action, r, s2, terminated))\n",
)
# The label asks the online network; the target is met when it gets its weights, where its name says what it is.
UNASKED = [("target(s2s)", "q(s2s)")]
SOFT = (
    "target.load_state_dict(q.state_dict())\n\n\n",
    "with torch.no_grad():\n"
    "                    for p, t in zip(q.parameters(), target.parameters()):\n"
    "                        t.mul_(0.99).add_(0.01 * p)\n\n\n",
)
OTHER_NAME = [
    ("q, target =", "q, best ="),
    (
        "    target.load_state_dict(q.state_dict())\n    optimizer",
        "    best.load_state_dict(q.state_dict())\n    optimizer",
    ),
    ("                target.load", "                best.load"),
]
RESET = ("        s = s2\n        if terminated or truncated:\n            s, _ = env.reset()\n", "        s = s2\n")


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ([], set()),
        ([TRUNCATED], {"mask-truncated"}),
        ([TOO_EARLY], {"state-overwritten"}),
        ([TOO_EARLY, ("* (1 - dd.float())", "")], {"state-overwritten", "mask-missing"}),
        (SAME_STEP, set()),
        ([("F.smooth_l1_loss(", "nn.SmoothL1Loss()(")], set()),
        ([("* (1 - dd.float())", "")], {"mask-missing"}),
        ([("            if step % 3 == 0:\n", "            if step % 3 == 0 and step < 0:\n")], set()),
        (UNASKED, {"td-online"}),
        ([*UNASKED, SOFT], {"td-online"}),
        ([*UNASKED, *OTHER_NAME], set()),
    ],
    ids=[
        "right",
        "truncated as terminated",
        "s overwritten",
        "s overwritten, mask missing",
        "begun anew in the same step",
        "a loss made anew each time",
        "mask missing",
        "target never copied",
        "target never asked",
        "target never asked, soft update",
        "a copy that is kept",
    ],
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
    ("text", "words"),
    [
        (
            "x = 1\n",
            "it made no environment, by gymnasium.make or of a class of its own that inherits from gymnasium.Env, so ",
        ),
        (
            "examined = 1\n",
            "it has no dict named examined; write examined = dict(make=..., feed=..., update=..., ",
        ),
        ("raise ValueError('boom\\nand more')\n", "ValueError: boom and more"),
        ("def f(:\n", "SyntaxError: invalid syntax (it.py, line 1)"),
        ("import no_such_package\n", "ModuleNotFoundError: No module named 'no_such_package'; install it for "),
        ("import sys; sys.exit(3)\n", "it ended itself with status 3"),
        (
            "examined = dict(make=print, update=print, n_action=4)\n",
            "examined has an entry n_action; there are make, ",
        ),
        ("examined = dict(make=print, n_actions=4)\n", "examined needs update=..., a function"),
        ("def bad(): raise KeyError('w')\nexamined = dict(make=bad, update=bad, n_actions=4)\n", "KeyError: 'w'"),
        (
            "examined = dict(make=dict, update=dict)\n",
            "ValueError: describe the actions: n_actions=4 for ",
        ),
        ("import os; os._exit(7)\n", "it ended with status 7"),
    ],
)
def test_a_file_that_cannot_be_examined_says_why_in_one_line(text, words, tmp_path: Path, capsys, quick_child):
    (tmp_path / "it.py").write_text(text, encoding="utf-8")
    assert main([str(tmp_path / "it.py")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"gradexaminer: it.py could not be examined: {words}")
    assert said.err.count("\n") == 1


TRUE = {"conventions": ["DQN"], "findings": [], "updates": 6, "milliseconds": 50.0, "discrete": True}
ODD = {"level": "fault", "code": "untaken", "where": "\x1b[2J\nnet", "evidence": "7\u202e"}


@pytest.mark.parametrize(
    ("forged", "status", "words"),
    [
        (TRUE, 0, "in 50 ms, without a sandbox"),
        ({**TRUE, "sandboxed": True}, 0, "in 50 ms, without a sandbox"),
        ({**TRUE, "findings": [ODD]}, 1, "(?[2J net). Seen: 7?."),
        ({**TRUE, "findings": [{**ODD, "level": "praise"}]}, 2, "what came back is no report"),
        ({**TRUE, "findings": [{**ODD, "code": "perfect"}]}, 2, "what came back is no report"),
        ({**TRUE, "milliseconds": "soon"}, 2, "what came back is no report"),
        ({"findings": 3}, 2, "what came back is no report"),
        ([], 2, "what came back is no report"),
        ({"error": "\x1b[2J"}, 2, "could not be examined: ?[2J"),
    ],
)
def test_a_forged_answer_is_no_more_than_a_report(
    forged, status, words, tmp_path: Path, capsys, monkeypatch, quick_child
):
    """The examined code may write the answer itself: no words but known ones, no character that a terminal obeys."""
    (tmp_path / "forger.py").write_text("import os\nos._exit(0)\n", encoding="utf-8")
    monkeypatch.setattr(apart, "_end_of", lambda file, most: json.dumps(forged))
    assert main([str(tmp_path / "forger.py")]) == status
    said = capsys.readouterr()
    assert words in said.out + said.err
    assert "\x1b" not in said.out + said.err


@pytest.mark.parametrize("name", ["nothere.py", "."])
def test_what_is_no_file_says_so(name, tmp_path: Path, capsys):
    assert main([str(tmp_path / name)]) == 2
    assert "is not a file here; give the path of a Python file or notebook" in capsys.readouterr().err


def test_another_object_of_the_file(tmp_path: Path, capsys, quick_child):
    (tmp_path / "it.py").write_text("examined = 1\n", encoding="utf-8")
    assert main([f"{tmp_path / 'it.py'}:mine"]) == 2
    said = capsys.readouterr().err
    assert "it has no dict named mine; write mine = dict(" in said
    assert "or say --script if it trains by itself" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["x.py", "--low", "-1"], "--low and --high go together: --low -1 -1 --high 1 1"),
        (["x.py", "--high", "1"], "--low and --high go together"),
    ],
)
def test_options_that_do_not_go_together(words, said, capsys):
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert said in capsys.readouterr().err


def test_a_script_that_ends_itself(load, monkeypatch):
    """With status 0 it has been trained to its end; with another one it says so."""
    module = load(SCRIPT)
    seed_all(0)
    for status, code in ((0, set()), (2, {"script-crashed"})):

        def run(make, status=status):
            monkeypatch.setattr(gymnasium, "make", make)
            try:
                module.main()
            except BaseException:
                sys.exit(status)

        report = watch(run, n_actions=3, obs=4)
        assert {f.code for f in report.of("not seen")} == code, str(report)
    assert "the script ended itself with status 2" in str(report)


def test_output_without_end_goes_nowhere_and_ends_with_the_seconds(tmp_path: Path, capsys):
    """Neither memory nor disk of this process is filled: standard output is thrown away, standard error is bounded."""
    text = "import sys\nwhile True:\n    print('x' * 100000)\n    sys.stderr.write('y' * 100000)\n"
    (tmp_path / "loud.py").write_text(text, encoding="utf-8")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert main([str(tmp_path / "loud.py"), "--seconds", "8"]) == 2
    said = "gradexaminer: loud.py could not be examined: OSError: [Errno 27] File too large (<module>, line 4: "
    assert capsys.readouterr().err == f"{said}sys.stderr.write('y' * 100000))\n"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB; the file has 100 MB


def test_a_file_that_waits_for_ever(tmp_path: Path, capsys, monkeypatch):
    def late(line, **_):
        raise subprocess.TimeoutExpired(line, 1)

    (tmp_path / "waits.py").write_text("input()\n", encoding="utf-8")
    monkeypatch.setattr(apart.subprocess, "run", late)
    monkeypatch.setattr(apart, "has_sandbox", lambda: True)
    assert main([str(tmp_path / "waits.py"), "--seconds", "5"]) == 2
    assert "waits.py did not end in 50 seconds: it waits for something, or needs more" in capsys.readouterr().err


@pytest.mark.parametrize(("level", "status"), [(None, 0), ("note", 0), ("fault", 1), ("suspicion", 3), ("not seen", 4)])
def test_the_exit_status_by_verdict(level, status, monkeypatch, capsys):
    report = Report(["DQN"], [Finding(level, "untaken", "net", "7")] if level else [], 6, 50.0, True)
    monkeypatch.setattr(cli, "examine_file", lambda request, sandbox: report.as_dict())
    assert main(["any.py", "--json"]) == status
    assert Report.from_dict(json.loads(capsys.readouterr().out)) == report


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
