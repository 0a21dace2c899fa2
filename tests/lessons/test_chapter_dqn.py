"""Chapter 2 as a whole: its bank, its oracles, equations beside code, its source in order."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from grader.bank.registry import entries, find_entry
from gradschool.check.api import check_here, passes_here
from gradschool.check.card import as_html, as_text
from gradschool.core.exercise import find, in_chapter
from gradschool.core.judge_messages import JUDGE_VARIABLE
from gradschool.lessons.clinics import diagnoses, dqn
from gradschool.lessons.clinics.diagnoses import listed_diagnoses
from gradschool.lessons.figures import plots_dqn
from gradschool.rl.dqn.agent import table_gradient

MEASURED = "measured-not-derived"  # the oracle measures too: only the judge's hidden inputs tell them apart
ENTRIES = entries("dqn")
SOURCE = Path(__file__).parents[2] / "solutions" / "02-dqn-on-taxi" / "dqn_on_taxi.md"
PLANNED = (
    *("one_hot", "q_values", "td_target", "epsilon_greedy", "output_gradient", "weight_gradient", "fit_targets"),
    *("fit_gradient", "torch_loss", "semi_gradient", "residual_gradient", "tabular_step", "double_target"),
    *("huber_gradient", "clinic"),
)


@pytest.fixture(scope="module")
def source():
    return SOURCE.read_text(encoding="utf-8")


def reference(name: str):
    return find_entry(f"dqn.{name}").reference


def test_every_planned_exercise_is_there():
    assert {f"dqn.{name}" for name in PLANNED} <= set(ENTRIES)
    assert [e.id for e in in_chapter("dqn")] == list(ENTRIES)


def test_the_catalogue_of_mistakes_is_covered():
    marks = {m.misconception_id for e in ENTRIES.values() for m in e.mutants}
    told_otherwise = {13, 19}  # an action mask and Polyak averaging do not occur in this chapter
    assert {f"b{i}" for i in range(1, 21) if i not in told_otherwise} <= marks


@pytest.mark.parametrize("exercise_id", ENTRIES)
def test_the_public_oracle_accepts_the_reference_and_refuses_every_mutant(exercise_id):
    entry = ENTRIES[exercise_id]
    assert check_here(find(exercise_id), entry.reference).passed
    passed = [m.name for m in entry.mutants if passes_here(find(exercise_id), m.fresh())]
    assert set(passed) <= {MEASURED}


def test_hints_hold_no_code_of_a_solution():
    hints = [m.hint for e in ENTRIES.values() for m in e.mutants if m.name != MEASURED]  # one hint for all of these
    assert len(set(hints)) == len(hints)
    assert not any(re.search(r"return \w+[(\[.]|np\.add\.at|\.gather\(1, ", hint) for hint in hints)


def a_batch(rng, B=9, S=6, A=4):
    s, a, s_next = rng.integers(S, size=B), rng.integers(A, size=B), rng.integers(S, size=B)
    s[-1], a[-1] = s[0], a[0]
    return s, a, rng.normal(size=B), s_next, np.arange(B) % 4 == 1


def test_three_ways_are_one_gradient():
    rng = np.random.default_rng(0)
    s, a, r, s_next, over = a_batch(rng)
    W, W_target = rng.normal(size=(2, 6, 4))
    y = reference("td_target")(r, W_target[s_next], over, ~over, 0.9)
    q = reference("q_values")(W, s)
    by_hand = reference("weight_gradient")(s, reference("output_gradient")(q, a, y), 6)
    targets = reference("fit_targets")(q, a, y)
    by_fit = reference("weight_gradient")(s, reference("fit_gradient")(q, targets), 6)
    leaf, target = torch.tensor(W, requires_grad=True), torch.tensor(W_target, requires_grad=True)
    batch = [torch.tensor(x) for x in (s, a, r, s_next, over * 1.0)]
    reference("torch_loss")(leaf, target, *batch, 0.9).backward()
    assert by_fit == pytest.approx(by_hand, abs=1e-10)
    assert leaf.grad.numpy() == pytest.approx(by_hand, abs=1e-10)
    assert reference("semi_gradient")(W, W_target, s, a, r, s_next, over, 0.9) == pytest.approx(by_hand, abs=1e-10)
    assert target.grad is None


def test_one_step_of_sgd_is_one_tabular_step():
    rng = np.random.default_rng(1)
    s, a, r, s_next, over = a_batch(rng)
    W = rng.normal(size=(6, 4))
    for i in range(len(s)):
        one = slice(i, i + 1)
        sgd = W - 0.3 * reference("semi_gradient")(W, W, s[one], a[one], r[one], s_next[one], over[one], 0.9)
        args = int(s[i]), int(a[i]), float(r[i]), int(s_next[i]), bool(over[i])
        assert sgd == pytest.approx(reference("tabular_step")(W, *args, 0.3, 0.9), abs=1e-12)


def test_one_hot_times_w_is_a_row_of_w():
    W, s = np.random.default_rng(2).normal(size=(5, 3)), np.array([4, 0, 4])
    assert np.array_equal(reference("one_hot")(s, 5) @ W, reference("q_values")(W, s))


def test_double_target_is_the_plain_one_where_both_networks_agree():
    q, flags = np.random.default_rng(3).normal(size=(5, 3)), np.arange(5) == 2
    plain = reference("td_target")(np.ones(5), q, flags, flags, 0.9)
    assert reference("double_target")(np.ones(5), q, q, flags, 0.9) == pytest.approx(plain)


def test_huber_is_the_square_before_its_bend():
    q, a, y = np.random.default_rng(4).normal(size=(5, 3)), np.array([0, 2, 1, 1, 0]), np.zeros(5)
    assert reference("huber_gradient")(q, a, y, 1e3) == pytest.approx(reference("output_gradient")(q, a, y))


def test_a_diagnosis_must_be_one():
    with pytest.raises(TypeError, match="a fault for each letter"):
        listed_diagnoses(["broadcast"], dqn.LETTERS, dqn.NAMES)


def test_a_kernel_without_the_faults_trains_healthy_agents_and_says_so(monkeypatch, capsys):
    """An edited experiment runs on while it is graded; on a student's machine a file that is missing is an error."""
    monkeypatch.setitem(sys.modules, "gradschool.lessons.clinics.faults.dqn", None)
    with pytest.raises(ModuleNotFoundError):
        dqn.faulty_agent("A")
    monkeypatch.setenv(JUDGE_VARIABLE, "/nowhere")
    diagnoses._say_once.cache_clear()
    assert {dqn.faulty_agent(letter) for letter in dqn.LETTERS} == {
        dqn.FaultyAgent(table_gradient, dqn.CLINIC_SETTINGS)
    }
    assert capsys.readouterr().out == diagnoses.HEALTHY_HERE + "\n"


def test_a_clinic_that_asks_an_agent_is_refused_in_check_as_in_the_grader():
    report = check_here(find("dqn.clinic"), lambda: {"A": dqn.faulty_agent("A").gradient.__name__})
    assert report.fraction == 0
    assert "does not call the agents of the clinic: write the names that you found" in report.hint


@pytest.mark.parametrize("chapter", ["dqn", "ddpg"])
def test_a_letter_that_is_wrong_misspelled_or_missing_costs_its_own_share(chapter):
    exercise, right = find(f"{chapter}.clinic"), find_entry(f"{chapter}.clinic").reference()
    name = right["C"]

    def report(**other):
        found = {letter: fault for letter, fault in {**right, **other}.items() if fault}
        return check_here(exercise, lambda: found)

    assert report(C=f" {name.upper()} ").passed
    for other, said in {
        "sign" if "sign" in right else right["A"]: "1 of the 6 answers is not right yet.",
        name[:-1]: f"`C`: '{name[:-1]}' is not on the list of faults; the nearest name is '{name}'.",
        "flu": "`C`: 'flu' is not on the list of faults; the names are in the table above the exercise.",
        "": "`C`: no fault is named.",
    }.items():
        found = report(C=other)
        assert found.fraction == pytest.approx(5 / 6, abs=1e-5)
        assert said in found.hint
        letters = re.findall(r"`([A-F])`|<code>([A-F])</code>", as_text(found) + as_html(found))
        assert bool(letters) == ("`C`" in said)  # a wrong name that is on the list is counted, and not placed
        assert found.notes[0] == "Right so far: 5 of 6. Each one earns its share."
    assert report(C="flu", E="").fraction == pytest.approx(4 / 6, abs=1e-5)
    assert check_here(exercise, lambda: dict.fromkeys("ABCDEF", right["A"])).fraction == 0.0
    assert check_here(exercise, lambda: {}).fraction == 0.0


def test_every_exercise_stands_in_the_lesson_with_card_stub_check_and_hints(source):
    cells = re.findall(r"^:exercise: (\S+)", source, re.M)
    assert cells == re.findall(r"^:check: (\S+)", source, re.M)
    assert set(cells) == set(ENTRIES)
    for exercise_id in ENTRIES:
        name = find(exercise_id).function
        assert re.search(
            rf"\*\*Exercise `{exercise_id}`\*\* · difficulty [●○]+ · importance [●○]+ · \d+ minutes", source
        )
        assert f'check("{exercise_id}", {name})' in source
    assert source.count("<details><summary>Hint 1") == source.count("<details><summary>Hint 3") == len(ENTRIES)


def test_cells_that_train_or_draw_are_left_out_while_grading(source):
    for cell in re.findall(r"```\{code-cell\} ipython3\n(.*?)```", source, re.S):
        if any(word in cell for word in ("plots_dqn.", "train_table(", "train_seeds(", "drive(", "train_hidden(")):
            assert ":tags: [experiment" in cell.split("\n\n")[0], cell[:80]


def test_the_listed_equations_are_the_code_beside_them(source):
    inside = "W -= settings.alpha * settings.batch * functions.weight_gradient(s, g, len(W))"
    assert inside in source
    folder = SOURCE.parents[2] / "src" / "gradschool" / "rl" / "dqn"
    agent, training = ((folder / name).read_text(encoding="utf-8") for name in ("agent.py", "training.py"))
    assert "return functions.weight_gradient(s, functions.output_gradient(q, a, y), len(W))" in agent
    assert "Table(initial_table(model, settings), settings.alpha * settings.batch)" in training
    assert "self.Q -= self.step_size * gradient" in agent


def test_the_clinics_measurements_are_one_table_and_the_same_as_text():
    def some(*returns: float) -> list[SimpleNamespace]:
        values = {"actions_used": [3, 4], "largest_abs_q": [1.0, 21.5]}
        return [SimpleNamespace(mean_return=[-9.0, r], deliveries=k, **values) for k, r in enumerate(returns)]

    table = plots_dqn.ClinicTable({"A": some(-3.0, 7.9), "<B>": some(1.0)})
    html = table._repr_html_()
    rows = [re.findall(r"<t[dh][^>]*>([^<]*)", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]
    assert rows[0] == list(table.HEADS)
    assert rows[1:] == [
        ["A", "-3.0 to 7.9", "4 to 4", "0 to 1", "21.5"],
        ["&lt;B&gt;", "1.0 to 1.0", "4 to 4", "0 to 0", "21.5"],
    ]
    assert html.count('scope="col"') == 5
    assert repr(table).splitlines()[0] == (
        "A: mean return ends between -3.0 and 7.9, greedy actions in use 4 to 4, deliveries 0 to 1, largest |Q| 21.5"
    )
