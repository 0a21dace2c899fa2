"""The programs on the page "Examine your own agent", copied and run."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import gymnasium
import pytest

from gradexaminer import cli
from tests.gradexaminer import sources
from tests.gradexaminer.conftest import examine_dqn, seed_all
from tests.gradexaminer.sources import changed
from tests.gradexaminer.test_running import SCRIPT

PAGE = Path(__file__).parents[2] / "docs" / "examine-your-own-agent.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

BUFFER_PASSED_IN = (
    sources.TD3.replace("class Agent:", "class TD3:")
    .replace("def learn(self, batch=40):", "def train(self, buffer, batch=40):")
    .replace("self.buffer.sample(batch)", "buffer.sample(batch)")
    .replace("class Buffer:", "class ReplayBuffer:")
    .replace("self.buffer, self.gamma", "self.gamma")
    .replace("Buffer(5000, o, a), 0.98", "0.98")
)
TAKES_A_BATCH = sources.DQN + (
    "\n\ndef update(agent, b):\n"
    "    batch = tuple(torch.tensor(b[k]) for k in ('states', 'actions', 'rewards', 'next_states', 'dones'))\n"
    "    agent.sample = lambda: batch\n"
    "    agent.memory.extend(range(agent.batch))\n"
    "    agent.learn()\n"
)
GLOBALS = sources.DQN + (
    "\n\ndef start():\n    global agent, memory\n    agent = Agent()\n    memory = agent.memory\n"
    "\n\ndef optimize_model():\n    agent.learn()\n"
)
MODULES = [
    ("my_agent", sources.DQN, sources.DQN_FAULTS["mask missing"][1]),
    ("my_td3", BUFFER_PASSED_IN, sources.TD3_FAULTS["mask missing"][1]),
    ("my_functions", TAKES_A_BATCH, sources.DQN_FAULTS["mask missing"][1]),
    ("my_notebook", GLOBALS, sources.DQN_FAULTS["mask missing"][1]),
    ("my_script", SCRIPT, [("* (1 - dd.float())", "")]),
]


@pytest.mark.parametrize(("program", "module"), list(zip(PROGRAMS, MODULES, strict=True)), ids=[m[0] for m in MODULES])
@pytest.mark.parametrize("wrong", [False, True], ids=["right", "mask missing"])
def test_a_program_of_the_page(program, module, wrong, tmp_path, monkeypatch):
    name, source, fault = module
    (tmp_path / f"{name}.py").write_text(changed(source, fault if wrong else []), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(gymnasium, "make", gymnasium.make)
    sys.modules.pop(name, None)
    seed_all(0)
    names: dict[str, object] = {}
    exec(compile(program, str(PAGE), "exec"), names)
    sys.modules.pop(name, None)
    assert names["report"].codes == ({"mask-missing"} if wrong else set()), str(names["report"])


def test_the_report_on_the_page_is_what_such_an_agent_gets(load):
    text = PAGE.read_text(encoding="utf-8")
    shown = re.findall(r"```text\n(.*?)```", text, re.DOTALL)[0]
    report = examine_dqn(load(changed(sources.DQN, sources.DQN_FAULTS["bootstrap gradient"][1])))
    said = [line for line in report.as_text(lessons=True).splitlines() if not line.startswith(("[note]", "(==>"))]
    printed = " ".join(said[: len(report.summary) + 3])
    # How large the leaking gradient is depends on the weights that were drawn; all else is the same in every run.
    shown, printed = (re.sub(r"up to [\d.]+", "up to SIZE", s) for s in (shown, printed))
    assert shown.split() == printed.split()
    assert "up to SIZE" in shown


def test_the_page_says_what_the_command_says():
    """Every option and every exit status stands on the page."""
    text = PAGE.read_text(encoding="utf-8")
    for option in ("--json", "--html FILE", "--lessons ADDRESS", "--seconds N", "--no-sandbox", "--script"):
        assert option in text
    options = {word for action in cli._parser()._actions for word in action.option_strings if word.startswith("--")}
    assert {"--json", "--html", "--lessons", "--seconds", "--no-sandbox", "--script"} <= options
    rows = dict(re.findall(r"^\| (\d) \| (.*?) \|$", text, re.M))
    assert set(rows) == {str(s) for s in (*cli.STATUS.values(), cli.CANNOT)}
    for level, status in cli.STATUS.items():
        assert level in rows[str(status)]
