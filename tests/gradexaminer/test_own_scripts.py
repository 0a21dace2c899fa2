"""Training scripts and notebooks as strangers have them: nothing about their environment is said."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType, SimpleNamespace

import gymnasium
import numpy as np
import pytest
import torch

from gradexaminer import examine, watch
from gradexaminer.cli import main
from gradexaminer.running import apart, library, watching, writable
from gradexaminer.running.asking_spaces import SpacesUnknownError, spaces_of_env
from gradexaminer.transitions import Spaces
from tests.gradexaminer.sources import changed
from tests.gradexaminer.test_running import SCRIPT, TRUNCATED

Load = Callable[[str], ModuleType]


def watched(module: ModuleType, monkeypatch: pytest.MonkeyPatch, **described):
    def run(make):
        monkeypatch.setattr(gymnasium, "make", make)
        module.main()

    return watch(run, **described)


@pytest.mark.parametrize(
    ("name", "spaces"),
    [
        ("CartPole-v1", Spaces((4,), n_actions=2)),
        ("FrozenLake-v1", Spaces((), n_actions=4, n_states=16)),
    ],
)
def test_an_environment_tells_what_it_takes_and_gives(name, spaces):
    assert spaces_of_env(gymnasium.make(name)) == spaces


def test_an_environment_tells_the_bounds_of_its_actions():
    spaces = spaces_of_env(gymnasium.make("Pendulum-v1"))
    assert spaces.obs_shape == (3,)
    assert not spaces.image
    assert [x.tolist() for x in spaces.bounds] == [[-2.0], [2.0]]


@pytest.mark.parametrize(
    ("observations", "actions", "words"),
    [
        (gymnasium.spaces.Dict({"x": gymnasium.spaces.Discrete(2)}), gymnasium.spaces.Discrete(2), "observations from"),
        (gymnasium.spaces.Box(0, 1, (2,)), gymnasium.spaces.MultiDiscrete([2, 3]), "actions from MultiDiscrete"),
        (gymnasium.spaces.Box(0, 1, (2,)), gymnasium.spaces.Box(-np.inf, np.inf, (2,)), "actions from Box"),
    ],
    ids=["a dict", "several choices", "no bounds"],
)
def test_spaces_that_are_not_examined_are_named(observations, actions, words):
    env = SimpleNamespace(observation_space=observations, action_space=actions, close=lambda: None)
    with pytest.raises(SpacesUnknownError, match=words):
        spaces_of_env(env)


def test_images_are_known_by_their_whole_numbers():
    pixels = gymnasium.spaces.Box(0, 255, (4, 8, 8), np.uint8)
    env = SimpleNamespace(observation_space=pixels, action_space=gymnasium.spaces.Discrete(3), close=lambda: None)
    assert spaces_of_env(env) == Spaces((4, 8, 8), n_actions=3, image=True)


@pytest.mark.parametrize(("changes", "codes"), [([], set()), ([TRUNCATED], {"mask-truncated"})])
def test_a_script_is_watched_without_a_word_about_its_environment(changes, codes, load: Load, monkeypatch):
    report = watched(load(changed(SCRIPT, changes)), monkeypatch)
    assert report.codes == codes, str(report)
    assert report.updates == 6
    assert not report.of("not seen")


WINDOW = ('gym.make("CartPole-v1")', 'gym.make("CartPole-v1", render_mode="human")')
NO_SUCH = ('gym.make("CartPole-v1")', 'gym.make("NoSuchPole-v1")')


def test_no_window_is_opened(load: Load, monkeypatch):
    asked = []
    original = gymnasium.make
    monkeypatch.setattr(gymnasium, "make", lambda *a, **k: asked.append(k) or original(*a, **k))
    report = watched(load(changed(SCRIPT, [WINDOW])), monkeypatch)
    assert asked == [{}]
    assert report.verdict == "nothing to object to", str(report)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            changed(SCRIPT, [NO_SUCH]),
            "the environment 'NoSuchPole-v1' cannot be made here .*; say what it takes: n_act",
        ),
        ("def main():\n    pass\n", "it made no environment, by gymnasium.make or of a class of its own"),
        (
            "import sys\ndef main():\n    sys.exit(0)\n",
            "it made no environment, by gymnasium.make or of a class of its own",
        ),
    ],
    ids=["unknown", "none", "none, and an end"],
)
def test_what_cannot_be_found_out_is_asked_for(source, words, load: Load, monkeypatch):
    with pytest.raises(SpacesUnknownError, match=words):
        watched(load(source), monkeypatch)


def test_what_the_registry_says_of_the_environment_is_there(load: Load, monkeypatch):
    """Scripts read the time limit from either name."""
    seen = []
    source = SCRIPT.replace(
        "    o, a =", "    LIMITS(env.spec.max_episode_steps, env.unwrapped._max_episode_steps)\n    o, a ="
    )
    module = load(source)
    module.LIMITS = lambda *limits: seen.append(limits)  # type: ignore[attr-defined]
    watched(module, monkeypatch)
    assert seen == [(500, 500)]


# The gym that came before Gymnasium: a stand-in has its ways, so that the tests need no second library.

OLD = [
    ("import gymnasium as gym", "import gym"),
    ('gym.wrappers.RecordEpisodeStatistics(gym.make("CartPole-v1"))', 'gym.make("CartPole-v1")'),
    ("    s, _ = env.reset()\n    for", "    env.seed(0)\n    s = env.reset()\n    for"),
    ("            s, _ = env.reset()", "            s = env.reset()"),
    ("s2, r, terminated, truncated, _ = env.step", "s2, r, terminated, _ = env.step"),
    ("        if terminated or truncated:", "        if terminated:"),
]


@pytest.fixture
def old_gym(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """What a script of 2021 imports."""
    gym = ModuleType("gym")
    gym.__spec__ = ModuleSpec("gym", None)
    gym.__version__ = "0.21.0"  # type: ignore[attr-defined]
    for name in ("Env", "spaces", "error", "spec", "make"):
        setattr(gym, name, getattr(gymnasium, name))
    monkeypatch.setitem(sys.modules, "gym", gym)
    monkeypatch.setitem(sys.modules, "gym.spaces", gymnasium.spaces)
    return gym


@pytest.mark.parametrize("alone", [False, True], ids=["beside Gymnasium", "alone"])
@pytest.mark.parametrize("code", ["", "mask-missing"])
def test_a_script_of_the_old_gym(code, alone, old_gym, load: Load, monkeypatch):
    """`reset` returns an observation alone, `step` four things, and no time limit cuts an episode off."""
    if alone:
        monkeypatch.setattr(library, "NAMES", ("gym",))
    module = load(changed(SCRIPT, [*OLD, *FAULTS[code][:1]]))

    def run(make):
        monkeypatch.setattr(old_gym, "make", make if alone else partial(make, library="gym"))
        module.main()

    report = watch(run)
    assert report.codes == ({code} if code else set()), str(report)
    assert report.updates == 6


def test_without_either_the_one_to_install_is_named(monkeypatch):
    monkeypatch.setattr(library, "NAMES", ())
    with pytest.raises(ModuleNotFoundError, match="No module named 'gymnasium'"):
        library.library()


def test_what_the_environment_has_besides_is_there(load: Load, monkeypatch):
    module = load(SCRIPT.replace("    o, a =", "    LIMITS(env.unwrapped.x_threshold)\n    o, a ="))
    seen = []
    module.LIMITS = seen.append  # type: ignore[attr-defined]
    watched(module, monkeypatch)
    assert seen == [2.4]


EPISODES = [
    (
        "    s, _ = env.reset()\n    for step in range(3000):\n",
        "    s, step, episodes = env.reset()[0], 0, 0\n    while episodes < 30:\n        step += 1\n",
    ),
    (
        "            s, _ = env.reset()\n        if step",
        "            s, _ = env.reset()\n            episodes += 1\n        if step",
    ),
]


@pytest.mark.parametrize(("changes", "codes"), [([], set()), ([("* (1 - dd.float())", "")], {"mask-missing"})])
def test_a_script_that_counts_episodes_learns_before_it_ends(changes, codes, load: Load, monkeypatch):
    """Thirty short episodes have fewer than the hundred steps after which it learns: they last longer then."""
    report = watched(load(changed(SCRIPT, [*EPISODES, *changes])), monkeypatch)
    assert report.codes == codes, str(report)
    assert report.updates == 6


def test_a_script_that_is_interrupted_leaves_nothing_wrapped():
    """In a notebook, whoever stops a long `watch` goes on to use PyTorch."""
    before = torch.autograd.backward

    def run(make):
        make("CartPole-v1")
        assert torch.autograd.backward is not before
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as stopped:  # as a notebook keeps it, and with it all that was open
        watch(run, n_actions=3, obs=4)
    assert torch.autograd.backward is before
    assert stopped.tb is not None


def test_pictures_can_be_asked_for(load: Load, monkeypatch):
    drawn = []
    module = load(
        changed(SCRIPT, [(WINDOW[0], WINDOW[1].replace("human", "rgb_array"))]).replace(
            "    o, a =", "    DRAWN(env.render())\n    o, a ="
        )
    )
    module.DRAWN = drawn.append  # type: ignore[attr-defined]
    assert watched(module, monkeypatch).verdict == "nothing to object to"
    assert drawn[0].shape == (64, 64, 3)


# From a terminal.


def notebook(path: Path, *cells: str) -> str:
    """Write a notebook with a heading and these cells, and return its path."""
    told = [{"cell_type": "markdown", "source": ["# DQN"]}]
    told += [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    path.write_text(json.dumps({"cells": told, "nbformat": 4}), encoding="utf-8")
    return str(path)


MAGICS = "%matplotlib inline\n!pip list\nimport torch\nif True:\n    %time\n"
TIMED = "%%time\n" + changed(SCRIPT, [TRUNCATED])


def test_a_training_script_needs_nothing_but_its_name(tmp_path: Path, capsys, quick_child):
    (tmp_path / "train.py").write_text(changed(SCRIPT, [TRUNCATED]), encoding="utf-8")
    assert main([str(tmp_path / "train.py")]) == 1
    assert "[fault] mask-truncated" in capsys.readouterr().out


ARGUED = """
import argparse

parser = argparse.ArgumentParser(prog="train.py")
parser.add_argument("--env", required=True)
env_name = parser.parse_args().env
""" + changed(SCRIPT, [TRUNCATED]).replace('"CartPole-v1"', "env_name")


def test_a_script_gets_its_own_arguments_after_two_dashes(tmp_path: Path, capsys, quick_child):
    (tmp_path / "train.py").write_text(ARGUED, encoding="utf-8")
    assert main([str(tmp_path / "train.py"), "--seed", "1", "--", "--env", "CartPole-v1"]) == 1
    assert "mask-truncated" in capsys.readouterr().out
    assert main([str(tmp_path / "train.py"), "--seed", "1"]) == 2
    said = capsys.readouterr().err
    assert "it ended itself with status 2 (train.py: error: the following arguments are required: --env)" in said
    assert said.endswith("; its own arguments go after --: gradexaminer train.py -- ...\n")


def test_a_notebook_is_run_cell_by_cell(tmp_path: Path, capsys, quick_child):
    file = notebook(tmp_path / "train.ipynb", MAGICS, "%%bash\nexit 1\n", TIMED, "display(torch)")
    assert main([file]) == 1
    assert "[fault] mask-truncated" in capsys.readouterr().out


def test_a_script_that_learns_too_slowly_is_told_by_what_was_seen(tmp_path: Path, capsys, quick_child, monkeypatch):
    """Seven tenths of its seconds are over at its fourth update, of which the first is not counted."""
    slow = SCRIPT.replace(
        "            optimizer.step()", "            optimizer.step()\n            CLOCK.append(20.0)"
    )
    clock: list[float] = []
    monkeypatch.setattr(watching.time, "monotonic", lambda: sum(clock))
    (tmp_path / "train.py").write_text("CLOCK = __import__('builtins').CLOCK\n" + slow, encoding="utf-8")
    monkeypatch.setattr("builtins.CLOCK", clock, raising=False)
    assert main([str(tmp_path / "train.py"), "--seconds", "100"]) == 0
    assert "3 updates recorded" in capsys.readouterr().out


def test_an_error_in_a_notebook_names_the_cell(tmp_path: Path, capsys, quick_child):
    broken = SCRIPT.replace("        optimizer.zero_grad()", "        adam.zero_grad()").replace(
        'if __name__ == "__main__":\n    main()\n', ""
    )
    file = notebook(tmp_path / "train.ipynb", MAGICS, broken, "\nmain()", "")
    assert main([file]) == 4
    said = capsys.readouterr().out
    assert "NameError: name 'adam' is not defined" in said
    file = notebook(tmp_path / "train.ipynb", MAGICS, "import gymnasium as gym\nenv = gym.make('CartPole-v1')", "\nlos")
    assert main([file]) == 4
    assert "name 'los' is not defined (cell 4, line 2: los)" in capsys.readouterr().out


def test_an_adapter_may_stand_in_a_notebook(tmp_path: Path, capsys, quick_child):
    file = notebook(tmp_path / "mine.ipynb", "%time", "examined = dict(make=dict, update=print, n_actions=4)")
    assert main([file]) == 4
    assert "nothing-learned" in capsys.readouterr().out
    assert main([file, "--n-actions", "4"]) == 2
    assert "describe a script; examined says them itself" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("it.ipynb", "{", "it is no notebook"),
        ("it.ipynb", "{}", "it is no notebook"),
        ("it.py", b"\xff\xfe\x00", "it is no Python file"),
    ],
)
def test_what_is_no_code_says_so(name, text, words, tmp_path: Path, capsys, quick_child):
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    assert main([str(tmp_path / name)]) == 2
    assert f"{name} could not be examined: {words}" in capsys.readouterr().err


# States that are numbers.

LAKE = """
import collections, random
import gymnasium as gym, numpy as np, torch
from torch import nn
import torch.nn.functional as F


class Embedded(nn.Module):
    def __init__(self, n, a):
        super().__init__()
        self.rows = nn.Embedding(n, 16)
        self.out = nn.Linear(16, a)

    def forward(self, s):
        return self.out(torch.relu(self.rows(s)))


def encode(s, n):
    return F.one_hot(s, n).float()


def main():
    env = gym.make("FrozenLake-v1")
    n, a = int(env.observation_space.n), int(env.action_space.n)
    q, target = (nn.Sequential(nn.Linear(n, 32), nn.ReLU(), nn.Linear(32, a)) for _ in range(2))
    target.load_state_dict(q.state_dict())
    optimizer, memory = torch.optim.Adam(q.parameters(), 1e-3), collections.deque(maxlen=10000)
    s, info = env.reset()
    for step in range(3000):
        action = int(q(encode(torch.tensor([s]), n)).argmax()) if random.random() < 0.5 else env.action_space.sample()
        s2, r, terminated, truncated, info = env.step(action)
        memory.append((s, action, r, s2, terminated))
        s = s2
        if terminated or truncated:
            s, _ = env.reset()
        if step > 50:
            ss, aa, rr, s2s, dd = (torch.tensor(np.array(x)) for x in zip(*random.sample(memory, 32)))
            with torch.no_grad():
                y = rr.float() + 0.99 * target(encode(s2s, n)).max(1).values * (1 - dd.float())
            loss = F.mse_loss(q(encode(ss, n)).gather(1, aa[:, None]).squeeze(1), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if step % 3 == 0:
                target.load_state_dict(q.state_dict())


if __name__ == "__main__":
    main()
"""
ROWS = ("    return F.one_hot(s, n).float()\n", "    return torch.eye(n)[s]\n")
TABLE = ("nn.Sequential(nn.Linear(n, 32), nn.ReLU(), nn.Linear(32, a))", "nn.Linear(n, a, bias=False)")
EMBEDDED = [
    ("nn.Sequential(nn.Linear(n, 32), nn.ReLU(), nn.Linear(32, a))", "Embedded(n, a)"),
    ("    return F.one_hot(s, n).float()\n", "    return s\n"),
]
NUMBER = [
    ("nn.Linear(n, 32)", "nn.Linear(1, 32)"),
    ("    return F.one_hot(s, n).float()\n", "    return s[:, None].float()\n"),
]
SHARE = [NUMBER[0], ("    return F.one_hot(s, n).float()\n", "    return s[:, None] / n\n")]
SHARE_OF_LAST = [NUMBER[0], ("    return F.one_hot(s, n).float()\n", "    return s[:, None] / (n - 1)\n")]
FORMS = {
    "one-hot": [],
    "rows of eye": [ROWS],
    "a table": [TABLE],
    "embedded": EMBEDDED,
    "number": NUMBER,
    "share": SHARE,
    "share of the last": SHARE_OF_LAST,
}
FAULTS = {
    "": [],
    "mask-missing": [(" * (1 - dd.float())", "")],
    "broadcast": [(".gather(1, aa[:, None]).squeeze(1)", ".gather(1, aa[:, None])")],
    "bootstrap-gradient td-online": [
        ("            with torch.no_grad():\n    ", "            if True:\n    "),
        ("target(enc", "q(enc"),
    ],
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("code", FAULTS)
def test_states_that_are_numbers(form, code, load: Load, monkeypatch):
    report = watched(load(changed(LAKE, [*FORMS[form], *FAULTS[code]])), monkeypatch)
    assert report.codes == set(code.split()), str(report)
    assert report.updates >= 6


HARD_CODED = ("int(env.observation_space.n)", "16")


def test_few_states_that_a_script_has_in_writing_are_used_up(load: Load, monkeypatch):
    report = watched(load(changed(LAKE, [HARD_CODED])), monkeypatch)
    assert [f.code for f in report.findings] == ["script-learned-nothing"]
    assert "steps in its environment, and met all 16 states; each is handed out once" in str(report)
    assert "with more states it stopped with RuntimeError: Class values must be smaller than num_classes" in str(report)


def test_enough_states_that_a_script_has_in_writing_will_do(load: Load, monkeypatch):
    taxi = [("FrozenLake-v1", "Taxi-v4"), ("int(env.observation_space.n)", "500"), *FAULTS["mask-missing"]]
    assert watched(load(changed(LAKE, taxi)), monkeypatch).codes == {"mask-missing"}


@pytest.mark.parametrize(("mask", "code"), [(True, ""), (False, "mask-missing")])
@pytest.mark.parametrize("n_states", [500, 4000])
def test_an_agent_of_states_that_are_numbers(mask, code, n_states):
    def make():
        q, target = (torch.nn.Linear(n_states, 4, bias=False) for _ in range(2))
        return SimpleNamespace(q=q, target=target, optimizer=torch.optim.SGD(q.parameters(), lr=0.1), memory=[])

    def update(agent):
        if len(agent.memory) < 32:
            return
        rows = [agent.memory[i] for i in torch.randint(len(agent.memory), (32,))]
        s, action, reward, s2, done = (torch.tensor(np.array(x)) for x in zip(*rows, strict=True))
        eye = torch.eye(n_states)
        with torch.no_grad():
            after = agent.target(eye[s2]).max(1).values
        y = reward + 0.9 * (1 - done.float() if mask else 1) * after
        loss = (agent.q(eye[s]).gather(1, action[:, None])[:, 0] - y.float()).pow(2).mean()
        agent.optimizer.zero_grad()
        loss.backward()
        agent.optimizer.step()
        agent.target.load_state_dict(agent.q.state_dict())

    report = examine(make, lambda agent, t: agent.memory.append(t.as_tuple()), update, n_actions=4, n_states=n_states)
    assert report.codes == ({code} if code else set()), str(report)
    assert not report.of("not seen"), str(report)


# Rows learned one by one, of a memory in which most transitions' successors are learned in the same batch.

ONE_BY_ONE = """
import collections, random
import gymnasium as gym, numpy as np, torch
from torch import nn
import torch.nn.functional as F


def main():
    env = gym.make("CartPole-v1")
    q, target = (nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2)) for _ in range(2))
    optimizer, memory = torch.optim.Adam(q.parameters(), 1e-3), collections.deque(maxlen=10000)
    s, _ = env.reset()
    for step in range(300):
        action = env.action_space.sample()
        s2, r, terminated, truncated, _ = env.step(action)
        memory.append((s, action, r, s2, terminated))
        s = s2
        if terminated or truncated:
            s, _ = env.reset()
        if step > 40:
            now, wanted = [], []
            for s_, a, r_, after, done in random.sample(memory, 32):
                y = r_ if done else r_ + 0.9 * target(torch.tensor(after)).max().item()
                now.append(q(torch.tensor(s_)))
                wanted.append(now[-1].detach().clone())
                wanted[-1][a] = y
            loss = F.mse_loss(torch.stack(now), torch.stack(wanted))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            target.load_state_dict(q.state_dict())
"""
LATER = [
    ("                y = r_ if done else r_ + 0.9 * target(torch.tensor(after)).max().item()\n", ""),
    (
        "                wanted[-1][a] = y\n",
        "                wanted[-1][a] = r_ if done else r_ + 0.9 * target(torch.tensor(after)).max().item()\n",
    ),
]
AT_S = ("target(torch.tensor(after))", "target(torch.tensor(s_))")


@pytest.mark.parametrize(
    ("changes", "codes"),
    [([], set()), (LATER, set()), ([("r_ if done else ", "")], {"mask-missing"}), ([AT_S], {"wrong-state"})],
    ids=["s' first", "s first", "mask missing", "at s"],
)
def test_rows_learned_one_by_one_with_those_that_follow_them(changes, codes, load: Load, monkeypatch):
    report = watched(load(changed(ONE_BY_ONE, changes)), monkeypatch)
    assert report.codes == codes, str(report)


# Files that a script writes, and those that it reads.

LOGGED = (
    "    env = gym.wrappers",
    "    import os\n    import pathlib\n    import project.settings\n"
    "    assert pathlib.Path('data.txt').read_text() == 'x'\n"
    "    os.makedirs('runs/today')\n    torch.save({}, 'runs/today/none.pt')\n    open('data.txt', 'w').close()\n"
    "    env = gym.wrappers",
)


@pytest.mark.skipif(not apart.has_sandbox(), reason="needs bubblewrap, which a bare machine gets by `make programs`")
def test_a_script_writes_into_a_copy_of_its_project(tmp_path: Path, capsys, monkeypatch):
    """It runs in its caller's folder, finds the project's modules there, and leaves nothing behind."""
    (tmp_path / "scripts").mkdir()
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "settings.py").write_text("", encoding="utf-8")
    (tmp_path / "data.txt").write_text("x", encoding="utf-8")
    (tmp_path / "scripts" / "train.py").write_text(changed(SCRIPT, [LOGGED]), encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)  # as `python -m gradexaminer` does
    assert main(["scripts/train.py"]) == 0, capsys.readouterr()
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "data.txt").read_text(encoding="utf-8") == "x"


def test_what_is_large_or_hidden_is_not_copied(tmp_path: Path, monkeypatch):
    project, copy = tmp_path / "project", tmp_path / "copy"
    for name in ("a.py", "deep/er/b.py", ".git/c", "venv/d.py", "mine/pyvenv.cfg", "data/1", "data/2", "large.bin"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("1", encoding="utf-8")
    (project / "large.bin").write_bytes(bytes(100))
    (project / "empty").mkdir()
    monkeypatch.setattr(writable, "MOST_FILES", 1)
    monkeypatch.setattr(writable, "MOST_BYTES", 99)
    left = writable.copy_into(project, copy)
    assert left == [project / name for name in (".git", "data", "large.bin", "mine", "venv")]
    assert sorted(str(p.relative_to(copy)) for p in copy.rglob("*")) == [
        "a.py",
        "deep",
        "deep/er",
        "deep/er/b.py",
        "empty",
    ]
    monkeypatch.setattr(writable, "MOST_ENTRIES", 3)
    assert writable.copy_into(project, tmp_path / "other") is None


@pytest.mark.skipif(not apart.has_sandbox(), reason="needs bubblewrap, which a bare machine gets by `make programs`")
def test_what_is_not_copied_is_there_to_be_read(tmp_path: Path, capsys, monkeypatch):
    (tmp_path / ".env").write_text("x", encoding="utf-8")
    text = "assert open('.env').read() == 'x'\nopen('new', 'w').close()\nimport os; os.truncate('.env', 0)\n"
    (tmp_path / "train.py").write_text(text, encoding="utf-8")
    assert main([str(tmp_path / "train.py")]) == 2
    assert "Read-only file system: '.env'" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


def test_the_folder_that_a_script_runs_in(tmp_path: Path):
    script = tmp_path / "scripts" / "train.py"
    assert writable.project_of(script, tmp_path) == tmp_path
    assert writable.project_of(script, tmp_path / "elsewhere") == script.parent
    assert writable.project_of(script, Path("/")) == script.parent


HELD = [
    (
        "    q, target = (nn.Sequential(nn.Linear(o, 64), nn.ReLU(), nn.Linear(64, a)) for _ in range(2))\n",
        "    agent = Pair(o, a)\n",
    ),
    (
        "def main():",
        "class Pair:\n"
        "    def __init__(self, o, a):\n"
        "        self.q = nn.Sequential(nn.Linear(o, 64), nn.ReLU(), nn.Linear(64, a))\n"
        "        self.target_q = nn.Sequential(nn.Linear(o, 64), nn.ReLU(), nn.Linear(64, a))\n\n\n"
        "def main():",
    ),
]


def test_a_network_that_an_object_holds_has_its_attribute_s_name(load: Load, monkeypatch):
    source = changed(SCRIPT, HELD[:1])
    for old, new in (
        ("target.load", "agent.target_q.load"),
        ("(q.state", "(agent.q.state"),
        ("(q.par", "(agent.q.par"),
    ):
        source = source.replace(old, new)
    source = source.replace("int(q(", "int(agent.q(").replace("target(s2s)", "agent.target_q(s2s)")
    source = source.replace("loss(q(ss)", "loss(agent.q(ss)")
    report = watched(load(changed(source, HELD[1:])), monkeypatch)
    assert "label of agent.q: max of the target network, gamma 0.99" in report.conventions
    assert any(text.startswith("agent.target_q: a copy of agent.q") for text in report.conventions), str(report)


CALLED = """
import collections, random
import gymnasium as gym, numpy as np, torch
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, o, a):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(o, 64), nn.Linear(64, a)
        self.optimizer = torch.optim.Adam(self.parameters(), lr=1e-3)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x)))

    def values(self, x):
        return self.forward(x)

    def hidden(self, x):
        return F.relu(self.fc1(x))

    def outputs(self, x):
        return self.fc2(self.hidden(x))


class Agent(PARENT):
    def __init__(self, o, a):
        super().__init__()
        self.q, self.target_q = Net(o, a), Net(o, a)

    def learn(self, s, a, r, s2, d):
        with torch.no_grad():
            y = r.float() + 0.99 * self.target_q.CALL(s2).max(1).values * (1 - d.float())
        loss = F.mse_loss(self.q.CALL(s).gather(1, a[:, None]).squeeze(1), y)
        self.q.optimizer.zero_grad()
        loss.backward()
        self.q.optimizer.step()
        self.target_q.load_state_dict(self.q.state_dict())


def main():
    env = gym.make("CartPole-v1")
    agent, memory = Agent(env.observation_space.shape[0], env.action_space.n), collections.deque(maxlen=10000)
    s, _ = env.reset()
    for step in range(3000):
        action = env.action_space.sample() if random.random() < 0.5 else int(agent.q.CALL(torch.tensor(s)).argmax())
        s2, r, terminated, truncated, _ = env.step(action)
        memory.append((s, action, r, s2, terminated))
        s = s2 if not (terminated or truncated) else env.reset()[0]
        if step > 100:
            agent.learn(*(torch.tensor(np.array(x)) for x in zip(*random.sample(memory, 64))))
"""


@pytest.mark.parametrize("parent", ["object", "nn.Module"])
@pytest.mark.parametrize("call", ["forward", "values", "outputs"])
def test_a_network_is_known_by_whichever_method_it_is_called(call, parent, load: Load, monkeypatch):
    """PyTorch tells of `net(x)` alone: of the others its layers do."""
    report = watched(load(CALLED.replace("CALL", call).replace("PARENT", parent)), monkeypatch)
    assert report.codes == set(), str(report)
    assert not report.of("not seen"), str(report)
    assert "label of agent.q: max of the target network, gamma 0.99" in report.conventions, str(report)


ONLINE = """
import gymnasium as gym, torch
from torch import nn


def main():
    env = gym.make("CartPole-v1")
    q, target = (nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2)) for _ in range(2))
    optimizer = torch.optim.Adam(q.parameters())
    for episode in range(1000):
        s, _ = env.reset()
        done = False
        while not done:
            a = env.action_space.sample()
            s2, r, done, cut, _ = env.step(a)
            s = s2
            y = r + 0.9 * (1 - int(done)) * target(torch.tensor(s2)).max().detach()
            loss = (q(torch.tensor(s))[a] - y) ** 2
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            done = done or cut
        target.load_state_dict(q.state_dict())
"""
LATE = [
    ("            s = s2\n            y", "            y"),
    ("            done = done or cut", "            s = s2\n            done = done or cut"),
]


@pytest.mark.parametrize(("changes", "codes"), [([], {"state-overwritten"}), (LATE, set())], ids=["too early", "right"])
def test_a_state_that_is_overwritten_before_it_is_learned(changes, codes, load: Load, monkeypatch):
    """Row by row, without a buffer: nothing else is claimed about rows that are not what they should be."""
    report = watched(load(changed(ONLINE, changes)), monkeypatch)
    assert report.codes == codes, str(report)
    assert "mirrored" not in str(report)
