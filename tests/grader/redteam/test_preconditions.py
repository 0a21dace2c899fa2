"""Attacks name what exists: a renamed module, attribute or file must not turn one into an attack on nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.course import ROOT
from grader.errors import GraderError
from grader.redteam import run
from grader.redteam.harness import AttackHarness, attacks, read_attack
from grader.redteam.preconditions import unmet


def test_everything_that_attacks_name_exists() -> None:
    assert {a.name: a.missing for a in attacks() if a.missing} == {}


@pytest.mark.parametrize(
    "text",
    [
        "import gradschool.check_engine as c",
        "from gradschool import wire",
        "from gradschool.core import protocol as w\nw.no_such_name = print",
        "def late():\n    from gradschool.core.exercise import no_such_name",
        "import gradschool.check.api as c",  # gradschool.check is a function: this raises ImportError
        "import gradschool\ngradschool.no_such_name()",
        'from gradschool.core.exercise import find\nfind("chain.l2_gradient").no_such_name',
        'm = __import__("gradschool.no_such_module")',
        'm = __import__("gradschool.check.api").api',  # that is the package gradschool
        'for name in ("grader.no_such_module", "grader"): __import__(name)',
        'import os\nos.environ["GRADSCHOOL_NO_SUCH_NAME"]',
        'open("@ROOT@/grader/no_such_file.py")',
        'import glob\nglob.glob("@ROOT@/no_such_folder/**/*.py", recursive=True)',
        "from grader.redteam.cells import no_such_name\ndef tamper(notebook): pass",
        "# needs: gradschool.core.exercise:Exercise.no_such_name\n",
        "# needs: gradschool.core.judge_messages:Verdict.no_such_key\n",
        '# needs: grader.sandbox.bubblewrap:JUDGE_SOCKET_DIR = "/no/such/place"\n',
        '# needs: grader/execution/fork_server.py says "no such text"\n',
        '# needs: grader/no_such_file.py says "def"\n',
        "# needs: something\n",
    ],
)
def test_what_does_not_exist_is_found(text: str) -> None:
    assert unmet(text)


@pytest.mark.parametrize(
    "text",
    [
        "from gradschool import check as real\nreal()",
        "from gradschool.check import api as c\nc.check = print",
        "import gradschool.core.protocol as w, numpy as np\nw.encode = np.no_such_name",
        'from gradschool.core.exercise import find\nfind("chain.l2_gradient").oracle',
        'for name in ("gradschool", "grader"): open(name + ".py", "w")',
        'open("@ROOT@/grader/pwned.py", "w")',
        'import glob\nglob.glob("@ROOT@/grader/**/*.pyc", recursive=True)',
        "# needs: gradschool.core.exercise:Exercise.oracle\n",
        "# needs: gradschool.core.judge_messages:Verdict.accepted\n",
        '# needs: grader.sandbox.bubblewrap:JUDGE_SOCKET_DIR = "/run/handed"\n',
    ],
)
def test_what_exists_is_left_alone(text: str) -> None:
    assert unmet(text) == []


def test_the_suite_refuses_to_run_an_attack_on_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    vain = read_attack("forge/vain", '"""Patches what is not there."""\n\nimport gradschool.no_such_module\n')
    monkeypatch.setattr(run, "attacks", lambda *only: [vain])
    with pytest.raises(GraderError, match=r"forge/vain names .*no_such_module"):
        run.run()


def test_statements_of_needs_are_not_handed_in() -> None:
    text = '"""Says what it needs."""\n\n# needs: gradschool.core.exercise:Exercise.oracle\nx = 1\n'
    assert read_attack("forge/x", text).text == '"""Says what it needs."""\n\nx = 1\n'


def _rewrite(file: Path) -> None:
    file.write_text("changed = True\n")


@pytest.mark.parametrize("change", [_rewrite, Path.unlink, lambda file: _rewrite(file.with_name("new.py"))])
def test_a_change_in_a_nested_package_is_noticed(tmp_path: Path, change: Callable[[Path], None]) -> None:
    file = tmp_path / "package" / "inner" / "innermost" / "module.py"
    file.parent.mkdir(parents=True)
    file.write_text("changed = False\n")
    with AttackHarness(tmp_path / "harness", [tmp_path / "package"]) as harness:
        assert harness.side_effects("") == []
        change(file)
        assert [effect.endswith(".py was changed") for effect in harness.side_effects("")] == [True]


def test_both_packages_are_watched_with_all_their_folders(tmp_path: Path) -> None:
    with AttackHarness(tmp_path) as harness:
        for file in ("grader/execution/fork_server.py", "src/gradschool/core/protocol.py"):
            assert str(ROOT / file) in harness.before


def test_outcomes_keep_the_keys_of_the_commands_json() -> None:
    outcome = run.Outcome("forge/nan", "Returns NaN.", {"chain.maximise": 4.0}, [], ["a note"], 0.4).as_dict()
    assert list(outcome) == ["attack", "aim", "earned", "breaks", "told", "seconds"]
    assert (outcome["aim"], outcome["told"]) == ("Returns NaN.", ["a note"])
