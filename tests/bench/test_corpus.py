"""The corpus's runner, on two made-up checkouts: one right update, one that never masks terminated rows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.corpus import __main__ as command
from bench.corpus.adapters import load
from bench.corpus.checkouts import NotHereError, bring, checkouts
from bench.corpus.code import Code, source, statements
from bench.corpus.registry import ENTRIES, WITHOUT_WORD, Entry, adapter_lines, hashed
from bench.corpus.table import Row, outcome, summary
from tests.gradexaminer.sources import DQN

ADAPTERS = """
from bench.corpus.registry import update
from gradexaminer import examine

ABOUT = dict(path="agent.py", algorithm="DQN", packaging="agent with a buffer", evidence="made up", contact="test")

def told(code):
    m = code.module()
    return examine(
        lambda: m.Agent(5, 4),
        lambda agent, t: agent.remember(t.obs, t.action, t.reward, t.next_obs, t.done),
        lambda agent: agent.learn(),
        n_actions=4,
    )

@update(repo="somebody/right", commit="{right}", verdict="right", **ABOUT)
def right(code):
    return told(code)

@update(repo="{wrong_repo}", commit="{wrong}", verdict={verdict}, **ABOUT)
def wrong(code):
    return told(code)

@update(repo="nobody/absent", commit="0000000", verdict="right", **ABOUT)
def absent(code):
    return told(code)
"""


def git(folder: Path, *line: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    return subprocess.run(["git", "-C", str(folder), *who, *line], check=True, capture_output=True, text=True).stdout


def checkout(folder: Path, text: str) -> str:
    """A repository whose first commit has the update and whose second has lost it; the first one's hash."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q")
    (folder / "agent.py").write_text("import a_package_nobody_has\n" + text)
    (folder / " first.py").write_text("x = 1\n")  # the space belongs to the name
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    commit = git(folder, "rev-parse", "HEAD").strip()
    (folder / "agent.py").write_text("raise RuntimeError('the commit was not asked for')\n")
    git(folder, "commit", "-qam", "two")
    return commit


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    folder = tmp_path_factory.mktemp("corpus")
    right = checkout(folder / "somebody+right", DQN)
    wrong = checkout(folder / "someone+wrong", DQN.replace("self.gamma * (1 - d) * v", "self.gamma * v"))
    return folder, right, wrong


def run(
    corpus: tuple[Path, str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    verdict: str,
    *only: str,
    more: tuple[str, ...] = (),
):
    """The command's exit status and its JSON, with adapters that say `verdict` of the faulty update."""
    folder, right, wrong = corpus
    name = f"adapters_{tmp_path.name}"
    filled = {"{right}": right, "{wrong}": wrong, "{verdict}": verdict, "{wrong_repo}": hashed("someone/wrong")}
    text = ADAPTERS
    for mark, value in filled.items():
        text = text.replace(mark, value)
    (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("bench.corpus.adapters.ENTRIES", ENTRIES)
    saved = dict(ENTRIES)
    ENTRIES.clear()
    try:
        line = ["--folder", str(folder), "--module", name, "--json", str(tmp_path / "out.json"), *more, "--only", *only]
        status = command.main(line)
    finally:
        ENTRIES.clear()
        ENTRIES.update(saved)
        sys.modules.pop(name, None)
    return status, json.loads((tmp_path / "out.json").read_text())


@pytest.mark.slow
def test_right_and_wrong_checkouts_at_their_commits(corpus, tmp_path, monkeypatch, capsys):
    status, out = run(corpus, tmp_path, monkeypatch, '["mask-missing"]')
    assert {row["name"]: row["outcome"] for row in out["rows"]} == {
        "right": "clean",
        "wrong": "named",
        "absent": "not here",
    }
    assert status == 0
    assert out["summary"]["right"] == {"all": 1, "clean": 1, "accused": 0, "suspected": 0, "not seen": 0}
    assert out["summary"]["faulty"]["named"] == 1
    assert out["summary"]["ran"] == 2  # what is not here counts nowhere
    assert out["rows"][0]["stood_in"] == ["a_package_nobody_has"]
    assert 0 < out["summary"]["milliseconds, median"] < 60_000
    printed = capsys.readouterr().out
    assert "| wrong | mask-missing | named | mask-missing |" in printed
    assert "absent" not in printed


@pytest.mark.slow
def test_a_wrong_verdict_changes_the_table(corpus, tmp_path, monkeypatch):
    status, out = run(corpus, tmp_path, monkeypatch, '"right"', "wrong")
    assert out["summary"]["right"]["accused"] == 1
    assert status == 1


FINDINGS = {
    "clean": [],
    "fault": [{"level": "fault", "code": "mask-missing"}],
    "other": [{"level": "fault", "code": "untaken"}],
    "suspicion": [{"level": "suspicion", "code": "mask-missing"}],
    "unseen": [{"level": "not seen", "code": "critic-not-seen"}],
    "note": [{"level": "note", "code": "rows-weighted"}],
}


@pytest.mark.parametrize(
    ("said", "of_right", "of_faulty"),
    [
        ("clean", "clean", "missed silently"),
        ("fault", "accused", "named"),
        ("other", "accused", "told"),
        ("suspicion", "suspected", "told"),
        ("unseen", "not seen", "not seen"),
        ("note", "clean", "missed silently"),
    ],
)
def test_outcomes(said, of_right, of_faulty):
    assert outcome("right", {"findings": FINDINGS[said]}) == of_right
    assert outcome(("mask-missing",), {"findings": FINDINGS[said]}) == of_faulty


def test_a_verdict_of_two_faults_asks_for_both_and_either_word_may_name_one():
    said = {"findings": FINDINGS["fault"]}
    assert outcome(("mask-missing", "untaken"), said) == "told"
    assert outcome(("untaken|mask-missing",), said) == "named"
    assert outcome(("untaken",), {"error": "ended"}) == "did not run"


def entry(run, verdict="right") -> Entry:
    return Entry("e", "a/b", "p.py", "1234567", "DQN", "", verdict, "", "test", run)


def test_what_did_not_run_is_counted_as_that_and_nowhere_else():
    rows = [Row(entry(short), {"error": "ended"}), Row(entry(short), {"not_here": "a/b"})]
    counted = summary(rows)
    assert counted["did not run"] == counted["not here"] == 1
    assert counted["right"]["all"] == counted["ran"] == 0


def test_fault_words_beyond_the_verdict_are_listed():
    row = Row(entry(short, ("mask-missing",)), {"findings": FINDINGS["fault"] + FINDINGS["other"], "ms": 1.0})
    assert row.outcome == "named"
    assert row.further == ["untaken"]


def short(code):
    """Three lines, with everything that is not counted beside them."""
    m = code.module()
    # A comment.
    return code.examine(
        lambda: m.Agent(
            5,
            4,
        ),
        lambda agent, t: agent.remember(t.obs),
        update=lambda agent: agent.learn(),
        n_actions=4,
    )


def long(code):
    m = code.module()
    m.BATCH = 32

    def feed(agent, t):
        agent.memory.append(t.obs)
        agent.count += 1

    return code.examine(m.Agent, feed, lambda agent: agent.learn())


def test_adapter_lines():
    assert adapter_lines(short) == 3
    assert adapter_lines(long) == 1 + 3 + 1 + 1


def test_a_checkout_is_found_by_its_name_and_by_its_hash(corpus, tmp_path):
    folder, right, _ = corpus
    found = checkouts(folder)
    assert found["somebody/right"] == found[hashed("somebody/right")] == folder / "somebody+right"
    assert "the commit" in (folder / "somebody+right" / "agent.py").read_text()
    brought = bring(found, "somebody/right", right, tmp_path)
    assert "class Agent" in (brought / "agent.py").read_text()
    assert (brought / " first.py").exists()
    with pytest.raises(NotHereError, match="at 0000000"):
        bring(found, "somebody/right", "0000000", tmp_path)
    with pytest.raises(NotHereError, match="nobody"):
        bring(found, "nobody/here", right, tmp_path)


def test_a_commit_may_have_more_names_than_a_command_takes(tmp_path):
    checkout, name = tmp_path / "many", "/".join(["a" * 200] * 10)
    subprocess.run(["git", "init", "-q", str(checkout)], check=True)
    files = "".join(f"M 100644 inline {name}/{i}\ndata 1\na\n" for i in range(1200))
    link = "M 120000 inline link\ndata 4\n/etc\n"
    commit = f"commit refs/heads/main\ncommitter A <a@b> 0 +0000\ndata 1\na\n{files}{link}\n"
    git = ["git", "-C", str(checkout)]
    subprocess.run([*git, "fast-import", "--quiet"], input=commit, text=True, check=True)
    at = subprocess.run([*git, "rev-parse", "main"], capture_output=True, text=True, check=True).stdout.strip()
    brought = bring({"a/b": checkout}, "a/b", at, tmp_path)
    assert (brought / f"{name}/1199").exists()
    assert not (brought / "link").is_symlink()


def test_a_folder_without_history_counts_for_the_commit_in_its_name_alone(tmp_path):
    (tmp_path / "a+b@1234567").mkdir()
    found = checkouts(tmp_path)
    assert bring(found, "a/b", "1234567890", tmp_path) == tmp_path / "a+b@1234567"
    with pytest.raises(NotHereError):
        bring(found, "a/b", "7654321", tmp_path)


def test_a_notebooks_cells_without_commands(tmp_path):
    cells = [
        {"cell_type": "markdown", "source": ["text"]},
        {"cell_type": "code", "source": ["!pip install gym\n", "%matplotlib inline\n", "x = 1"]},
        {"cell_type": "code", "source": ["%%html\n", "<b>"]},
        {"cell_type": "code", "source": "train(x)"},
    ]
    (tmp_path / "n.ipynb").write_text(json.dumps({"cells": cells}))
    assert source(tmp_path / "n.ipynb").split() == ["pass", "pass", "x", "=", "1", "train(x)"]
    assert len(list(statements("x = 1\ntrain(x)\ny = 2", definitions=True, stop=None))) == 2
    assert len(list(statements("x = 1\ntrain(x)\ny = 2", definitions=False, stop="train("))) == 1


def test_every_entry_is_whole():
    """Names, commits and words of faults are of the kind that the runner and the examiner know."""
    from gradexaminer.words import MEANINGS

    for e in load().values():
        assert len(e.commit) >= 7, e.name
        assert int(e.commit, 16) >= 0, e.name
        assert "/" in e.repo or len(e.repo) == 12, e.name
        assert e.evidence, e.name
        for fault in e.verdict if isinstance(e.verdict, tuple) else ():
            assert set(fault.split("|")) <= set(MEANINGS) | WITHOUT_WORD, (e.name, fault)


def test_an_empty_folder_is_one_sentence(tmp_path, capsys):
    assert command.main(["--folder", str(tmp_path), "--only", "udacity_dqn"]) == 2
    assert "no checkout in" in capsys.readouterr().err
    assert command.main(["--folder", str(tmp_path), "--only", "nobody"]) == 2
    assert "no entry is called nobody" in capsys.readouterr().err


def test_a_package_without_a_file_is_imported_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without `__init__.py` inside a package must be forgotten with it, or the second import fails."""
    for name in ("path", "argv"):
        monkeypatch.setattr(sys, name, list(getattr(sys, name)))
    monkeypatch.chdir(tmp_path)
    inner = tmp_path / "a_package_of_corpus" / "inner"
    inner.mkdir(parents=True)
    (inner.parent / "__init__.py").touch()
    (inner / "net.py").write_text("count = []\n")
    (tmp_path / "agent.py").write_text("from a_package_of_corpus.inner.net import count\ncount.append(1)\n")
    assert [Code(tmp_path, "agent.py").module().count for _ in range(2)] == [[1], [1]]
    Code(tmp_path, "agent.py")  # forgets them, for the tests that follow
