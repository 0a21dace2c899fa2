"""The card: harmless whatever a student sends, valid, readable on a light and a dark page, and the same as text."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradschool.check.api import CheckFailed, check, check_here, hint_to_open
from gradschool.check.blocks import blocks_of, shown_block
from gradschool.check.card import BAD, GOOD, WAITING, as_html, as_text
from gradschool.check.heat_map import _color, heat_map
from gradschool.core.exercise import CHAPTERS, Case, Exercise, find, in_chapter
from gradschool.core.plain_data import Unsupported, to_plain
from gradschool.core.report import Criterion, Example, Following, Report
from tests.support.card_reader import harmless

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> `<b>` &amp; </div></pre><style> \ud800\x1b[31m"


def raises(p: np.ndarray, l: np.ndarray) -> np.ndarray:
    raise ValueError(EVIL)


def prints(p: np.ndarray, l: np.ndarray) -> np.ndarray:
    print(EVIL)
    return -p


EVIL_TYPE = type(EVIL.replace("\ud800", ""), (), {})
EVIL_ERROR = type("E<img src=x>", (Exception,), {})


def raises_type(p: np.ndarray, l: np.ndarray) -> np.ndarray:
    raise EVIL_ERROR


L2 = find("chain.l2_gradient")
STUDENTS: dict[str, Callable[..., Any]] = {
    "right": lambda p, l: p - l,
    "sign": lambda p, l: l - p,
    "one": lambda p, l: np.where(np.arange(len(p)) == 1, np.nan, p - l),
    "raises": raises,
    "prints": prints,
    "type": lambda p, l: EVIL_TYPE(),
    "raises-type": raises_type,
    "text": lambda p, l: EVIL,
    "keys": lambda p, l: {EVIL: p - l},
    "texts": lambda p, l: (EVIL, EVIL),
    "none": lambda p, l: None,
    "shape": lambda p, l: np.subtract.outer(p, l),
    "cube": lambda p, l: np.ones((2, 2, 2)),
    "empty": lambda p, l: np.zeros((0, 3)),
    "large": lambda p, l: np.ones((300, 300)),
}


@pytest.mark.parametrize("name", STUDENTS)
def test_a_card_is_harmless_and_says_the_same_as_its_text(name: str) -> None:
    report = replace(check_here(L2, STUDENTS[name]), points=2.0, notes=(EVIL.replace("\ud800", ""),))
    html, text = as_html(report), as_text(report)
    read = harmless(html).text
    for said in (report.title, *(p.sentence for p in report.properties if p.sentence != report.hint)):
        assert said in text
        assert said.replace("`", "") in read.replace("`", "")
    assert report.hint in text
    assert report.hint.replace("`", "") in read.replace("`", "")
    assert f"{report.earned:g} of 2 points" in read
    assert f"{report.earned:g} of 2 points" in text
    assert len(html) < 20_000
    assert len(text) < 5_000


def test_a_warm_ups_card_names_no_points() -> None:
    report = replace(check_here(L2, STUDENTS["right"]), points=2.0, warm_up=True)
    for card in (as_text(report), harmless(as_html(report)).text):
        assert "warm-up, no marks" in card
        assert "points" not in card


def test_a_terminal_gets_no_commands() -> None:
    for name in ("raises", "prints", "text", "keys", "type"):
        assert "\x1b" not in as_text(check_here(L2, STUDENTS[name]))
        assert "\x1b" not in as_html(check_here(L2, STUDENTS[name]))


TEXTS = st.text(alphabet=st.sampled_from("<>&\"'`/ab=\n{}\\$"), max_size=30)
VALUES = st.one_of(
    st.none(),
    TEXTS,
    TEXTS.map(Unsupported),
    st.lists(TEXTS, max_size=3).map(tuple),
    st.sampled_from(
        [np.ones((2, 3)), np.array(np.nan), np.array([True]), np.arange(3), np.zeros((0,)), np.ones((1, 1, 1))]
    ),
)


@given(TEXTS, TEXTS, VALUES, VALUES, st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_report_makes_a_harmless_card(a: str, b: str, expected: object, got: object, raised: bool) -> None:
    example = Example(a, {a: expected, b: (got,)}, b, expected, got, None, a if raised else "")
    lines = (Criterion("shape", False, a), Criterion("value", False, b, not_evaluated=True))
    report = Report(a, b, 0.1, lines, "values", b, example, a, notes=(b,))
    harmless(as_html(report))
    assert as_text(report)


def test_a_report_without_properties_has_no_empty_list() -> None:
    report = Report("chain.l2_gradient", "The gradient", 0.0, (), "never-returned", "It had not returned.", points=2)
    assert "<ul" not in as_html(report)
    assert "It had not returned." in harmless(as_html(report)).text


def test_wrong_entries_are_marked_by_a_sign_and_a_frame() -> None:
    html = heat_map(np.array([1.0, 2.0, 3.0]), np.array([False, True, False]))
    cells = re.findall(r"<td style=\"([^\"]*)\">([^<]*)</td>", html)
    assert [text for _, text in cells] == ["1", "2 ✗", "3"]
    assert ["dashed" in style for style, _ in cells] == [False, True, False]
    text = as_text(check_here(L2, lambda p, l: np.where(np.arange(len(p)) == 1, 0, p - l)))
    assert "wrong entries: index 1" in text


def shown(expected: object, got: object) -> tuple[str, str]:
    """The card of an answer, as a browser reads it and as text."""
    example = Example("toy", (), "", np.array(expected), np.array(got), np.array(expected) != np.array(got))
    report = Report("chain.toy", "A toy", 0.1, (), "values", "Not these numbers.", example)
    return harmless(as_html(report)).text, as_text(report)


def test_a_constant_ratio_is_said_and_only_where_it_is_one() -> None:
    for expected, got, factor in (
        ([6.0, -3.0, 0.0], [1.0, -0.5, 0.0], "0.1667"),
        ([[1.0, 2.0]], [[-1.0, -2.0]], "-1"),
    ):
        for card in shown(expected, got):
            said = re.escape(factor)
            assert re.search(rf"Ratio: got / expected \({said} in every|got / expected = {said} in every", card)
    for expected, got in (
        ([6.0, 3.0], [1.0, 0.6]),  # two ratios
        ([6.0, 0.0], [1.0, 0.5]),  # no ratio where 0 is expected
        ([6.0], [1.0]),  # a single entry has a ratio with anything
        ([6.0, 0.0], [1.0, 0.0]),  # and so has the only one that counts
        ([6.0, 3.0], [0.0, 0.0]),
        ([1e-300, 2e-300], [1e300, 2e300]),  # no number
    ):
        for card in shown(expected, got):
            assert "in every entry" not in card


def test_numbers_at_the_end_of_the_range_are_drawn_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "Ratio: got / expected" in shown([1.7e308, 1e-300], [-1.7e308, 1e300])[0]
        assert "Ratio: got / expected" in shown([1e-300, 2e-300], [1e300, 2e300])[0]


def test_difference_and_ratio_take_the_place_of_what_was_got() -> None:
    """Three views of which one is open: the same name makes opening one of them close the others."""
    example = Example(
        "toy", (), "", np.array([2.0, 0.0, 4.0]), np.array([1.0, 0.5, 4.0]), np.array([True, True, False])
    )
    html = as_html(Report("chain.toy", "A toy", 0.1, (), "values", "Not these numbers.", example))
    read = harmless(html).text
    assert re.findall(r"<details name=\"(view-\w+)\"[^>]*?( open)?>", html) == [
        (name, is_open) for name in re.findall(r"view-\w+", html)[:1] for is_open in (" open", "", "")
    ]
    for title, numbers in (("Difference: got − expected", "-10.50"), ("Ratio: got / expected", "0.5–1")):
        assert re.sub(r"\D*012", "", read.partition(title)[2], count=1).startswith(numbers)
    for expected, got in (([1.0, np.nan], [1.0, 2.0]), ([1, 2], [2, 3]), (np.ones((2, 2, 2)), np.zeros((2, 2, 2)))):
        assert "Difference" not in shown(expected, got)[0]


def test_two_cards_on_one_page_do_not_close_each_others_views() -> None:
    def name(got: list[float]) -> set[str]:
        example = Example("toy", (), "", np.array([2.0, 4.0]), np.array(got), np.array([True, True]))
        return set(re.findall(r"view-\w+", as_html(Report("chain.toy", "A toy", 0.1, (), "values", "h", example))))

    assert len(name([1.0, 2.0])) == len(name([1.0, 3.0])) == 1
    assert name([1.0, 2.0]) != name([1.0, 3.0])


FLAT = find("ddpg.critic_gradient")


def mean_in_one_bias(critic: Any, batch: Any, y: np.ndarray) -> np.ndarray:
    """The right gradient, with the first layer's bias averaged once more."""
    gradient = FLAT.oracle({"critic": vars(critic), "batch": batch._asdict(), "y": y}).copy()
    first, units = critic.sizes[:2]
    gradient[first * units : (first + 1) * units] /= len(y)
    return gradient


def test_a_flat_gradient_is_shown_block_by_block() -> None:
    report = check_here(FLAT, mean_in_one_bias)
    assert not report.passed
    assert report.example is not None
    expected = np.asarray(report.example.expected)[48:56]
    html, text = as_html(report), as_text(report)
    read = harmless(html).text
    for card in (read, text):
        for name, words in (
            ("W1 (6, 8)", "right"),
            ("b1 (8,)", "6 of 8 wrong, got / expected = 0.25"),
            ("b3 (1,)", "right"),
        ):
            assert f"{name}: {words}" in card
    assert html.count("</code> (") == 6
    assert "Expected b1, shape (8,)" in read
    assert f"expected b1 = {str(np.round(expected, 5))[:9]}" in text
    assert "W1 (6, 8): right" not in as_text(check_here(FLAT, lambda critic, batch, y: np.zeros(3))), (
        "not of that length"
    )


def test_blocks_are_a_whole_flat_array_in_its_own_order() -> None:
    expected = np.arange(11.0)
    got = np.where(expected > 8, 0.0, expected)
    example = Example("toy", (), "grad", expected, got, expected > 8, blocks={"W1": (3, 2), "b1": (2,), "W2": (3,)})
    found = blocks_of(example)
    assert [(b.name, b.is_right, b.words) for b in found] == [
        ("W1", True, "right"),
        ("b1", True, "right"),
        ("W2", False, "2 of 3 wrong"),
    ]
    assert np.concatenate([np.ravel(b.example.expected) for b in found]).tolist() == expected.tolist()
    assert shown_block(example, found).label == "grad W2"
    assert blocks_of(replace(example, blocks={"W1": (3, 3)})) == [], "another length"
    assert shown_block(example, []) is example


EXERCISES = [exercise for part in CHAPTERS for exercise in in_chapter(part)]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.id)
def test_a_pass_says_what_it_means(exercise: Exercise) -> None:
    meaning = exercise.meaning
    assert 40 < len(meaning) <= 200
    assert meaning.endswith(".")
    assert meaning.count("`") % 2 == 0
    assert not re.search(r"[.!?] [A-Z]", meaning), "one sentence"
    assert [e.meaning for e in EXERCISES].count(meaning) == 1


def test_the_card_of_a_pass_means_something_and_links_on(capsys: pytest.CaptureFixture) -> None:
    report = check_here(L2, STUDENTS["right"])
    following = Following("chain.numerical_gradient", "Central differences", "exercise-chain-numerical-gradient")
    html = as_html(replace(report, following=following))
    assert '<a href="#exercise-chain-numerical-gradient" style' in html
    assert L2.meaning in harmless(html).text
    wrong = check_here(L2, STUDENTS["sign"])
    for card in (as_html(replace(wrong, following=following)), as_text(replace(wrong, following=following))):
        assert "Next exercise" not in card
        assert L2.meaning not in card
    check("chain.l2_gradient", STUDENTS["right"])
    said = capsys.readouterr().out
    assert said.endswith("Next exercise: chain.numerical_gradient, Central differences.\n")
    assert f"\n  {L2.meaning}\n" in said


def test_the_sentence_comes_before_the_numbers_and_the_numbers_before_the_criteria() -> None:
    report = check_here(L2, STUDENTS["sign"])
    read = harmless(as_html(report)).text
    places = [read.index(said) for said in (report.hint, "Expected", "Shape and dtype", "What was checked")]
    assert places == sorted(places)


def test_where_a_person_watches_the_card_alone_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """No error below the card; a program that runs the notebook still meets one."""
    api = sys.modules["gradschool.check.api"]  # as an attribute, `gradschool.check` is the function
    monkeypatch.setattr(api, "is_interactive", lambda: True)
    check("chain.l2_gradient", STUDENTS["sign"])
    monkeypatch.setattr(api, "is_interactive", lambda: False)
    with pytest.raises(CheckFailed):
        check("chain.l2_gradient", STUDENTS["sign"])


def test_one_scale_for_both_maps() -> None:
    """An entry of the same size has the same color on both sides, whatever else is in the array."""
    report = check_here(L2, lambda p, l: np.where(np.arange(len(p)) == 0, 1e6, p - l))
    html = as_html(report)
    last = f"{report.example.expected[-1]:.4g}</td>"
    grounds = re.findall(r"background:(#\w+);[^>]*>" + re.escape(last), html)
    assert len(grounds) == 2
    assert grounds[0] == grounds[1]


def test_large_arrays_are_cut_and_say_so() -> None:
    wrong = np.zeros((20, 30), bool)
    wrong[15, 15] = wrong[1, 1] = True
    html = heat_map(np.ones((20, 30)), wrong)
    assert html.count("<td style") == 64
    assert "rows 0 to 7 of 20 and columns 0 to 7 of 30 only; 1 more wrong entry is not shown" in html
    assert " only" not in heat_map(np.ones((8, 8)))
    huge = replace(L2, cases=lambda rng: [Case("large", {"p": rng.normal(size=9999), "l": rng.normal(size=9999)})])
    huge = replace(huge, oracle=lambda a: a["p"] - a["l"])
    report = check_here(huge, lambda p, l: l - p)
    assert len(as_html(report)) < 12_000  # four small tables
    assert len(as_text(report)) < 2_000
    assert "wrong entries: all" in as_text(report)


def wrong_at(shape: tuple[int, ...], *places: tuple[int, ...]) -> Example:
    wrong = np.zeros(shape, bool)
    for place in places:
        wrong[place] = True
    return Example("large", {}, expected=np.zeros(shape), got=1.5 * wrong, wrong=wrong)


@pytest.mark.parametrize(
    ("example", "said"),
    [
        (wrong_at((49,), (20,), (21,), (48,)), "entries 20 to 27 of 49"),
        (wrong_at((49,), (48,), (47,)), "entries 41 to 48 of 49"),
        (wrong_at((49,), (7,), (48,)), "entries 0 to 7 of 49"),
        (wrong_at((6, 30), (1, 12), (0, 20)), "columns 20 to 27 of 30"),
        (wrong_at((30, 30), (12, 3), (25, 25)), "rows 12 to 19 of 30 and columns 0 to 7 of 30"),
        (wrong_at((30, 2), (29, 1)), "rows 22 to 29 of 30"),
    ],
)
def test_a_large_array_is_shown_from_the_first_wrong_entry_on(example: Example, said: str) -> None:
    """Both tables, and the text, begin where something is wrong, and say which rows and columns they show."""
    card = Report("chain.l2_gradient", "A title", 0.0, (), example=example)
    html, text = as_html(card), as_text(card)
    assert html.count(f"<div>{said} only") == 4  # expected, got, their difference and ratio
    assert "1.5 ✗" in html
    assert f"expected ({said}) = [" in text
    assert "1.5" in text.split("got (")[1].split("wrong entries")[0]
    assert "..." not in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.array([True, False]), "True|False"),
        (np.array([3, -4]), "3|-4"),
        (np.array([-0.0, 1.0]), "0|1"),
        (np.array(2.5), "2.5"),
        (np.array([np.nan, np.inf]), "nan|inf"),
        (np.zeros((0, 2)), "[]"),
        (np.ones((1, 1, 1)), "[[[1.]]]"),
        ((1, 2), "a list or tuple of 2"),
        (None, "None"),
    ],
)
def test_every_kind_of_value_is_drawn(value: object, shown: str) -> None:
    without_indices = re.sub(r"<th [^>]*>\d+</th>", "", heat_map(value))
    assert "|".join(re.findall(r">([^<>]+)<", without_indices)) == shown


def test_a_screen_reader_hears_rows_columns_and_what_is_wrong() -> None:
    html = as_html(
        check_here(find("chain.jacobian_product"), lambda J, g: np.where(np.arange(J.shape[1]) == 1, 0, J.T @ g))
    )
    assert 'aria-label="Got, by row and column"' in html
    assert '<th scope="col"' in html
    assert "Wrong entries (marked ✗): 1 of" in html
    assert "at index 1." in html
    grid = heat_map(np.ones((2, 3)))
    assert re.findall(r'<th scope="(\w+)"[^>]*>(\d)', grid) == [
        (s, k) for s, ks in (("col", "012"), ("row", "")) for k in ks
    ] + [
        ("row", "0"),
        ("row", "1"),
    ]
    for words in ("right", "wrong"):
        assert f'role="img" aria-label="{words}"' in html


def test_a_red_card_says_which_hint_to_unfold(capsys: pytest.CaptureFixture) -> None:
    def asked(answer: Callable[..., Any]) -> str:
        with pytest.raises(CheckFailed):
            check("chain.l2_gradient", answer)
        return capsys.readouterr().out

    def stub(p: np.ndarray, l: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    assert "Next: unfold Hint 1 below this cell." in asked(stub)
    assert "Next: unfold Hint 1 below this cell." in asked(lambda p, l: l - p)
    assert "Next: unfold Hint 2 below this cell." in asked(lambda p, l: np.subtract.outer(p, l))
    check("chain.l2_gradient", lambda p, l: p - l)
    assert "unfold" not in capsys.readouterr().out
    wrong = check_here(L2, STUDENTS["sign"])
    assert [hint_to_open(wrong, red) for red in (0, 1, 2, 3, 9)] == [1, 1, 2, 3, 3]


def test_the_text_lines_an_array_up() -> None:
    exercise = Exercise(
        "chain.toy",
        "A toy",
        "toy(W)",
        lambda rng: [Case("a matrix", {"W": np.arange(4.0).reshape(2, 2)})],
        lambda a: a["W"],
        returns=("grad",),
    )
    assert as_text(check_here(exercise, lambda W: W.T)).splitlines()[-8:] == [
        "  For example, a matrix:",
        "    W = [[0. 1.]",
        "         [2. 3.]]",
        "    expected grad = [[0. 1.]",
        "                     [2. 3.]]",
        "    got grad = [[0. 2.]",
        "                [1. 3.]]",
        "    wrong entries: (0, 1), (1, 0)",
    ]


def test_each_thing_is_said_once() -> None:
    for name in ("sign", "raises", "none", "shape"):
        report = check_here(L2, STUDENTS[name])
        for card in (as_text(report), harmless(as_html(report)).text):
            assert card.count(report.hint.replace("`", "")) + card.count(report.hint) in (1, 2)
            assert card.count("alert(1)") <= 1


def luminance(color: str) -> float:
    """WCAG's relative luminance of #rrggbb."""
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_signs_and_numbers_can_be_read() -> None:
    for ground in (GOOD, BAD, WAITING):
        assert contrast("#ffffff", ground) >= 4.5
        assert contrast(ground, "#ffffff") >= 3  # the card's edge on a light page
        assert contrast(ground, "#111111") >= 3  # and on a dark one


# Ink and ground of pages on which a card stands: JupyterLab, VS Code, GitHub, the site; light and dark.
PAGES = [("#212121", "#ffffff"), ("#ffffff", "#111111"), ("#cccccc", "#1e1e1e"), ("#3b3b3b", "#ffffff")]
PAGES += [("#e6edf3", "#0d1117"), ("#cfd0d0", "#131416"), ("#ffffff", "#000000")]


@pytest.mark.parametrize(("ink", "ground"), PAGES)
def test_a_pages_own_ink_can_be_read_on_every_color_over_its_ground(ink: str, ground: str) -> None:
    for share in np.linspace(-1, 1, 41):
        *hue, opacity = bytes.fromhex(_color(float(share))[1:])
        both = zip(hue, bytes.fromhex(ground[1:]), strict=True)
        mixed = "".join(f"{round((opacity * h + (255 - opacity) * b) / 255):02x}" for h, b in both)
        assert contrast(ink, f"#{mixed}") >= 4.5, share


def test_an_untouched_exercise_is_told_so_and_no_more() -> None:
    def stub(p: np.ndarray, l: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    text = as_text(check_here(L2, stub))
    assert text.splitlines() == [
        "chain.l2_gradient: not written yet. The gradient of the L2 loss",
        "Not written yet: the function still raises NotImplementedError.",
    ]
    html = as_html(check_here(L2, stub))
    assert "For example" not in harmless(html).text
    assert BAD not in html  # it is not wrong, only not there yet


def test_plain_data_of_every_kind_can_be_an_input() -> None:
    args = {"net": {"W": np.ones((2, 2))}, "params": (np.ones(2), np.ones(1)), "lr": 0.1, "name": "<x>"}
    report = Report("a", "b", 0.0, (), "values", "h", Example("c", to_plain(args), "", np.ones(1), np.zeros(1)))
    read = harmless(as_html(report)).text
    for part in ("net.W = [[1. 1.]\n         [1. 1.]]", "params[0] = [1. 1.]", "lr = 0.1", "name = the text '<x>'"):
        assert part in read


def test_the_sentence_about_a_shape_is_about_the_example_that_is_shown() -> None:
    report = check_here(find("ddpg.squash_vjp"), lambda z, g, low, high: (g * (high - low) / 2).sum(axis=0))
    assert report.example is not None
    shapes = [str(value.shape) for value in (report.example.got, report.example.expected)]
    assert re.findall(r"\(\d[^)]*\)", report.hint)[:2] == shapes


def test_every_cell_has_a_frame_and_wrong_ones_take_no_more_room() -> None:
    """A white entry on a white page is a cell all the same; frame and padding add up to as much on both."""
    html = heat_map(np.array([0.0, 1.0]), np.array([False, True]))
    right, wrong = re.findall(r"<td style=\"([^\"]*)\"", html)
    sizes = [re.findall(r"(?:border|padding):(\d)px(?: (\d)px)?", style) for style in (right, wrong)]
    (thin, _), (up, side) = sizes[0]
    (thick, _), (wrong_up, wrong_side) = sizes[1]
    assert 0 < int(thin) < int(thick)
    assert (int(thin) + int(up), int(thin) + int(side)) == (int(thick) + int(wrong_up), int(thick) + int(wrong_side))
    assert "dashed" in wrong
