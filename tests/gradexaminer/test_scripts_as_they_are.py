"""Scripts as strangers start them, by their name: what stands in the way of the examiner, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gradexaminer.cli import main
from gradexaminer.running.script_words import _advice
from tests.gradexaminer.sources import changed
from tests.gradexaminer.test_own_scripts import LAKE
from tests.gradexaminer.test_running import SCRIPT
from tests.gradexaminer.test_script_rows import DDPG as PENDULUM

UNMASKED = [("* (1 - dd.float())", "")]
FAULTS = pytest.mark.parametrize(("fault", "status"), [([], 0), (UNMASKED, 1)], ids=["right", "no mask"])
DDPG = PENDULUM + '\n\nif __name__ == "__main__":\n    main()\n'
STARTED = '\n\nif __name__ == "__main__":\n    main()\n'


@pytest.fixture
def started(tmp_path: Path, capsys, quick_child):
    """Start a script's text by its name; return the exit status, and what was said on both channels."""

    def start(text: str, *words: str) -> tuple[int, str]:
        (tmp_path / "train.py").write_text(text, encoding="utf-8")
        status = main([str(tmp_path / "train.py"), *words])
        said = capsys.readouterr()
        return status, said.out + said.err

    return start


EPISODES = [
    ("    for step in range(3000):", "    step = done = 0\n    while done < 30:\n        step += 1"),
    ("            s, _ = env.reset()\n", "            s, _ = env.reset()\n            done += 1\n"),
    ('\n\nif __name__ == "__main__"', '\n    torch.load("no_such_file.pt")\n\n\nif __name__ == "__main__"'),
]


@FAULTS
def test_a_script_that_fails_after_short_episodes_learns_first(fault, status, started):
    late = [("step > 100", "step > 200"), *EPISODES, *fault]
    found, said = started(changed(SCRIPT, late))
    assert found == status, said


@FAULTS
def test_what_cannot_be_written_goes_nowhere(fault, status, started):
    unwritten = (
        "        if step > 100:\n",
        '        torch.save(q.state_dict(), "no/such/folder/q.pt")\n'
        '        open("/proc/no_such_file", "w", encoding="utf-8").write("x")\n'
        "        if step > 100:\n",
    )
    found, said = started(changed(SCRIPT, [unwritten, *fault]))
    assert found == status, said


def test_what_cannot_be_read_is_missed(started):
    found, said = started(changed(SCRIPT, [("    env = ", '    open("no_such_file")\n    env = ')]))
    assert found == 2
    assert "FileNotFoundError" in said
    assert "(main, line 9: open(" in said


@pytest.mark.skipif(torch.cuda.is_available(), reason="the GPU that the script asks for is there")
@FAULTS
@pytest.mark.parametrize("early", [False, True], ids=["after make", "before make"])
def test_a_script_that_asks_for_a_gpu_runs_without_one(early, fault, status, started):
    asks = [
        ("nn.Linear(64, a)) for", "nn.Linear(64, a)).cuda() for"),
        ("q(torch.tensor(s))", "q(torch.tensor(s, device='cuda'))"),
        ("(torch.tensor(np.array(x)) for x", "(torch.tensor(np.array(x)).to(torch.device('cuda:0')) for x"),
        *([("def main():\n", "def main():\n    torch.zeros(1).cuda()\n")] if early else []),
    ]
    found, said = started(changed(SCRIPT, [*asks, *fault]))
    assert found == status, said


ONE = 'gym.make("CartPole-v1")'
NAMES = ["gym.envs.make", "gym.envs.registration.make"]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_make_is_watched(name, started):
    found, said = started(changed(SCRIPT, [(ONE, f'{name}("CartPole-v1")'), *UNMASKED]))
    assert found == 1, said


SEVERAL = [
    ("env.observation_space.shape[0], env.action_space.n", "4, 2"),
    (
        "env.action_space.sample() if random.random() < 0.5 else int(q(torch.tensor(s)).argmax())",
        "env.action_space.sample()",
    ),
    ("memory.append((s, action, r, s2, terminated))", "memory.extend(zip(s, action, r, s2, terminated))"),
    ("        if terminated or truncated:\n            s, _ = env.reset()\n", ""),
    (
        "        s = s2\n",
        "        over = terminated | truncated\n"
        "        s = env.reset(options={'reset_mask': over})[0] if over.any() else s2\n",
    ),
]
BY_HAND = "autoreset_mode=gym.vector.AutoresetMode.DISABLED"
VECTORS = {
    "make_vec": f'gym.make_vec("CartPole-v1", num_envs=2, vector_kwargs=dict({BY_HAND}))',
    "AsyncVectorEnv": f'gym.vector.AsyncVectorEnv([lambda: gym.make("CartPole-v1")] * 2, {BY_HAND}, context="spawn")',
}


@FAULTS
@pytest.mark.parametrize("way", VECTORS)
def test_a_vector_of_environments_is_watched(way, fault, status, started):
    several = (f"gym.wrappers.RecordEpisodeStatistics({ONE})", VECTORS[way])
    found, said = started(changed(SCRIPT, [several, *SEVERAL, *fault]))
    assert found == status, said


OWN = """
class Walk(gym.Env):
    def __init__(self):
        self.observation_space = gym.spaces.Box(-1, 1, (4,))
        self.action_space = gym.spaces.Discrete(2)
        self.state = self.reset()[0]

    def reset(self, seed=None, options=None):
        return np.zeros(4, np.float32), {}

    def step(self, action):
        return np.zeros(4, np.float32), 0.0, False, False, {"score": 1}


def main():"""


@FAULTS
@pytest.mark.parametrize("wrapped", [True, False])
def test_an_environment_of_the_scripts_own_class_is_answered_for(wrapped, fault, status, started):
    own = [
        ("\ndef main():", OWN),
        (f"gym.wrappers.RecordEpisodeStatistics({ONE})", "Walk()"),
        ("_ = env.step", "info = env.step"),
    ]
    told = ("        memory.append", "        info['score'] + 1\n        memory.append")
    if wrapped:
        own[1:] = [(ONE, "Walk()")]
        told = ("", "")
    found, said = started(changed(SCRIPT, [*own, *([told] if told[0] else []), *fault]))
    assert found == status, said


def test_what_an_own_class_takes_is_named_where_it_is_not_examined(started):
    own = OWN.replace("gym.spaces.Discrete(2)", "gym.spaces.MultiDiscrete([2, 2])")
    found, said = started(changed(SCRIPT, [("\ndef main():", own), (ONE, "Walk()"), ("env.action_space.n", "2")]))
    assert found == 2
    assert "actions from MultiDiscrete([2 2]) are not examined" in said


NORMALIZED = [
    (
        "def main():",
        "class Normalized(gym.ActionWrapper):\n"
        "    def action(self, a):\n        return np.clip(2 * a, -2, 2)\n\n\ndef main():",
    ),
    ('gym.make("Pendulum-v1")', 'Normalized(gym.make("Pendulum-v1"))'),
    ("0.5), -2, 2)", "0.5), -1.5, 1.5)"),
]


@pytest.mark.parametrize(("fault", "status"), [([], 0), ([("(1 - dd[:, None]) * ", "")], 1)], ids=["right", "no mask"])
def test_actions_are_in_the_units_that_a_script_stores(fault, status, started):
    """A wrapper makes the environment's of them, and cuts some off."""
    found, said = started(changed(DDPG.replace("2 * actor", "actor"), [*NORMALIZED, *fault]))
    assert found == status, said


def test_more_states_than_usual_are_there_for_a_script_that_stores_many(started):
    many = changed(LAKE, [("len(memory) < 64", "len(memory) < 2500")]) if "len(memory) < 64" in LAKE else LAKE
    found, said = started(many + STARTED)
    assert found == 0, said


def test_a_star_is_no_adapter(started, tmp_path: Path):
    (tmp_path / "helpers.py").write_text("rate = 1e-3\n", encoding="utf-8")
    found, said = started("from helpers import *\n" + changed(SCRIPT, [("1e-3", "rate"), *UNMASKED]))
    assert found == 1, said


def test_a_script_that_only_acts_says_how_far_it_came(started):
    found, said = started(changed(SCRIPT, [("step > 100", "step < 0")]))
    assert found == 4
    assert "script-learned-nothing: The script ran no backward pass while it was watched." in said
    assert "steps in its environment, and came to its end; does it train where it is started without arguments?" in said


def test_a_loop_that_never_steps_ends_with_what_was_seen(started):
    hangs = [
        (
            "            if step % 3 == 0:",
            "            while step > 150:\n                pass\n            if step % 3 == 0:",
        )
    ]
    found, said = started(changed(SCRIPT, [*hangs, *UNMASKED]), "--seconds", "6")
    assert found == 1, said
    assert "mask-missing" in said


def test_a_loop_before_any_environment_is_told(started):
    found, said = started("while True:\n    pass\n", "--seconds", "2")
    assert found == 2
    assert "it used up its 2 CPU seconds (more with --seconds), and it made no environment" in said


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("ValueError: too many values to unpack (expected 4) (main, line 9: s, r, d, _ = env.step(a))", "before 0.26"),
        ("ValueError: not enough values to unpack (expected 5, got 4) (main, line 9: x = env.step(a))", "older gym is"),
        ("ValueError: too many values to unpack (expected 4) (main, line 9: a, b, c, d = rows)", ""),
    ],
)
def test_a_step_of_another_version_is_known(error, words):
    assert words in _advice(error)
    assert bool(words) is bool(_advice(error))


def test_a_script_that_learns_from_what_render_draws_is_told_so(started):
    looks = [
        ('gym.make("CartPole-v1")', 'gym.make("CartPole-v1", render_mode="rgb_array")'),
        ("        s = s2\n", "        s = s2\n        env.render()\n"),
        (
            "        if step > 100:\n",
            "        if step == 90:\n            raise ValueError('no cart is seen')\n        if step > 100:\n",
        ),
    ]
    found, said = started(changed(SCRIPT, looks))
    assert found == 4
    assert "it asks for a picture at most steps, as an agent that learns from pictures does" in said
    assert "pictures" not in started(changed(SCRIPT, [looks[0], looks[2]]))[1]


@FAULTS
def test_the_old_way_to_ask_for_a_picture(fault, status, started):
    asks = ("        s = s2\n", "        s = s2\n        env.unwrapped.render(mode='rgb_array').transpose(2, 0, 1)\n")
    found, said = started(changed(SCRIPT, [asks, *fault]))
    assert found == status, said
