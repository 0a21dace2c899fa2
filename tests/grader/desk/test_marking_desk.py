"""The marking desk in a browser and over its wire: one class, one server, no kernel.

The tests follow on each other where one says so; the gradebook is read as nbgrader's own pages read it.
"""

from __future__ import annotations

import json
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import Browser, Page, expect

from grader.cli import desk as command
from grader.course import Chapter, CourseDirectory
from grader.desk import marks, opening
from grader.desk.access import Desk
from grader.desk.questions import find_question
from grader.desk.server import serve
from grader.errors import GraderError
from grader.gradebook import connection
from tests.grader.desk.desk_class import NAMES, REFLECTIONS, fill, open_desk
from tests.support.axe import serious
from tests.support.browser import SHOTS, chromium, fits, watched_page
from tests.support.class_without_kernels import grade, hand_in
from tests.support.gradebooks import by_hand, exported, grader

pytestmark = pytest.mark.slow
CELL = "chain-reflection"


@pytest.fixture(scope="module")
def course(built: CourseDirectory, tmp_path_factory: pytest.TempPathFactory, chain: Chapter) -> CourseDirectory:
    folder = tmp_path_factory.mktemp("marking")
    shutil.copytree(built.work, folder / "work")
    shutil.copytree(built.release, folder / "course")
    made = CourseDirectory(folder / "work", folder / "course")
    fill(made, chain)
    with Gradebook(made.db_url) as book:
        for student, (first, last) in NAMES.items():
            book.update_or_create_student(student, first_name=first, last_name=last)
    return made


@pytest.fixture(scope="module")
def desk(course: CourseDirectory, chain: Chapter) -> Iterator[Desk]:
    with open_desk(course, chain) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def page(browser: Browser, desk: Desk) -> Iterator[Page]:
    """The grader's page: an error on its console, or a question to the net, fails the module."""
    with watched_page(browser) as opened:
        opened.goto(desk.url)
        yield opened


def place(desk: Desk, kind: str = "q", cell: str = CELL) -> str:
    return f"http://127.0.0.1:{desk.port}/{kind}/{desk.chapters[0].assignment_id}/{cell}"


def written(course: CourseDirectory, chain: Chapter, student: str, cell: str = CELL) -> tuple:
    """Points by hand, whether a person is waited for, and the comment, as nbgrader has them."""
    where = (chain.notebook, chain.assignment_id, student)
    answer_cell = cell if cell == CELL else f"{cell}-solution"
    with Gradebook(course.db_url) as book:
        grade = book.find_grade(cell, *where)
        return grade.manual_score, grade.needs_manual_grade, book.find_comment(answer_cell, *where).manual_comment


def saved(page: Page) -> None:
    expect(page.locator("#said")).to_contain_text("Saved.")


def card(page: Page, text: str) -> object:
    return page.locator(".card", has_text=text)


def test_the_token_leaves_the_address_and_names_are_hidden(page: Page, desk: Desk) -> None:
    page.wait_for_url(f"http://127.0.0.1:{desk.port}/")
    expect(page.locator("main")).to_contain_text("1 of 9 marked")  # one was left as handed out
    page.goto(place(desk))
    expect(page.locator("#count")).to_have_text("1 of 9 marked")
    assert not [name for name in (*REFLECTIONS, "Lovelace") if f">{name}" in page.content()]
    page.get_by_role("link", name="Show names").click()
    expect(page.get_by_role("heading", name="Ada Lovelace")).to_be_visible()
    page.goto(place(desk))


def test_nothing_of_a_students_acts_on_the_page(page: Page) -> None:
    expect(page.locator(".answer", has_text="<script>window.harm = 1</script>")).to_be_visible()
    assert page.evaluate("window.harm") is None
    assert page.locator(".answer a, .answer img, .answer script").count() == 0
    assert page.locator(".answer math").count() > 0
    long = page.locator(".card", has_text="And another, far below.")
    assert len(long.locator(".answer").inner_text()) < 100
    address = long.get_by_role("link", name="the whole answer as text").get_attribute("href")
    assert page.request.get(f"{page.url.partition('/q/')[0]}{address}").text().count("\n") == 60_000


def test_answers_are_marked_by_key_saved_at_once_and_undone(
    page: Page, course: CourseDirectory, chain: Chapter
) -> None:
    """The first three are alike: points for one, a look at each, the same for all; u takes it back together."""
    expect(page.locator(".together h2")).to_have_text("3 answers: nearly the same words")
    same = page.locator("button.same")
    page.keyboard.press("n")
    page.keyboard.press("5")
    expect(page.locator("#count")).to_have_text("2 of 9 marked")
    page.keyboard.press(".")
    expect(page.locator(".card.here .state")).to_have_text("5.5 of 6")
    page.keyboard.press("9")
    expect(page.locator("#said")).to_have_text("This question has 6 points: 0 to 6.")
    expect(same).to_have_attribute("aria-disabled", "true")
    same.press("Enter")  # it can be reached, and says why it waits
    expect(page.locator("#said")).to_contain_text("after a look at 2 more")
    page.keyboard.press("n")
    page.keyboard.press("n")
    expect(page.locator(".together .left")).to_contain_text("5.5 points")
    same.click()
    expect(page.locator("#count")).to_have_text("4 of 9 marked")
    assert [written(course, chain, s)[:2] for s in ("ada", "ben", "cleo")] == [(5.5, False)] * 3
    page.keyboard.press("u")
    expect(page.locator("#count")).to_have_text("2 of 9 marked")
    assert sorted(str(written(course, chain, s)[0]) for s in ("ada", "ben", "cleo")) == ["5.5", "None", "None"]
    page.keyboard.press("u")
    expect(page.locator(".card.here .state")).to_have_text("5 of 6")


def test_a_comment_is_written_by_key_and_offered_again(page: Page, course: CourseDirectory, chain: Chapter) -> None:
    page.keyboard.press("Enter")  # the next unmarked one
    page.keyboard.press("c")
    page.keyboard.type("Say which <b>scalar</b>, 4 points would need it.")
    page.keyboard.press("Escape")
    saved(page)
    expect(page.locator("#bank button")).to_have_count(1)
    assert page.locator("#bank b").count() == 0
    first = page.locator(".card.here").get_attribute("id")
    page.keyboard.press("Enter")
    expect(page.locator(".card.here")).not_to_have_attribute("id", str(first))
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    expect(page.locator(".card.here textarea")).to_have_value("Say which <b>scalar</b>, 4 points would need it.")
    saved(page)
    page.keyboard.press("2")
    expect(page.locator(".card.here .state")).to_have_text("2 of 6")
    comments = [written(course, chain, student) for student in REFLECTIONS]
    assert sum((c or "").startswith("Say which") for _, _, c in comments) == 2
    page.keyboard.press("f")
    expect(page.locator("#n-flagged")).to_have_text("1")
    page.get_by_role("button", name="Flagged").click()
    expect(page.locator(".card:visible")).to_have_count(1)
    page.reload()
    expect(page.locator("#bank button")).to_have_count(1)
    expect(page.locator("#count")).to_have_text("3 of 9 marked")


def test_a_mark_changed_meanwhile_is_shown_and_not_overwritten(
    page: Page, course: CourseDirectory, chain: Chapter
) -> None:
    """Somebody marks in the formgrader, which asks for no lock, while this page shows the answer as unmarked."""
    by_hand(course, chain, "emil", 1, "Too short.")
    mine = page.locator(".card", has_text="Use autograd.")
    mine.get_by_role("button", name="2", exact=True).click()
    expect(mine.locator(".conflict")).to_contain_text(
        "Another person has changed this meanwhile: 1 point, “Too short.”."
    )
    assert written(course, chain, "emil") == (1, True, "Too short.")
    mine.get_by_role("button", name="Save mine: 2").click()
    expect(mine.locator(".state")).to_have_text("2 of 6")
    expect(mine.locator(".conflict")).to_be_hidden()
    assert written(course, chain, "emil")[0] == 2
    by_hand(course, chain, "emil", 3, "Enough.")
    mine.get_by_role("button", name="0", exact=True).click()
    expect(mine.locator(".conflict")).to_contain_text("Grace has changed this meanwhile: 3 points")
    mine.get_by_role("button", name="Keep theirs").click()
    expect(mine.locator(".state")).to_have_text("3 of 6")
    expect(mine.locator("textarea")).to_have_value("Enough.")


def test_the_verdict_is_overridden_with_a_reason_and_stays(
    page: Page, desk: Desk, course: CourseDirectory, chain: Chapter
) -> None:
    page.goto(place(desk, cell="chain-mlp-backward"))
    one = page.locator(".card", has_text="Judge: 3.2 of 8.")
    expect(one).to_contain_text("lack the derivative of tanh between the layers")
    one.get_by_text("The card").click()
    expect(one.locator(".card-text pre")).to_contain_text("chain.mlp_backward: not yet.")
    one.locator(".judge").click()
    page.keyboard.press("4")
    expect(page.locator("#said")).to_contain_text("An override needs a reason")
    page.keyboard.type("It is right but for one sign.")
    page.keyboard.press("Escape")
    expect(one.locator(".state")).to_have_text("4 of 8, overridden")
    assert written(course, chain, "emil", "chain-mlp-backward") == (4, False, "It is right but for one sign.")
    grade(course, chain, force=True)
    assert written(course, chain, "emil", "chain-mlp-backward") == (4, True, "It is right but for one sign.")
    assert b"emil,01-loss-as-chain-rule,chain-mlp-backward,4.0,8.0,True" in exported(course, chain)
    page.reload()
    one = page.locator(".card", has_text="graded again since: look once more")
    one.locator(".judge").click()
    page.keyboard.press("4")
    expect(page.locator("#count")).to_have_text("9 of 9 marked")
    page.keyboard.press("x")
    saved(page)
    assert written(course, chain, "emil", "chain-mlp-backward") == (None, False, None)


def test_similar_code_is_shown_side_by_side(page: Page, desk: Desk) -> None:
    page.goto(place(desk, "similar", "chain-adam-step"))
    expect(page.locator(".pair")).to_have_count(3)
    expect(page.locator("main")).to_contain_text("Similar is not copied")
    assert "mom = blend(m, grad, beta1)" in "".join(page.locator(".pair mark").all_inner_texts())
    page.goto(place(desk, "similar", "chain-l2-gradient"))
    expect(page.locator("main")).to_contain_text("Too short to tell.")
    page.get_by_role("link", name="All exercises of the chapter together").click()
    expect(page.locator(".pair h2").first).to_have_text("chain.adam_step")


def test_axe_finds_nothing_serious_and_a_phone_is_wide_enough(browser: Browser, desk: Desk) -> None:
    pages = {
        "home": f"http://127.0.0.1:{desk.port}/",
        "reflection": place(desk),
        "code": place(desk, cell="chain-mlp-backward"),
        "similar": place(desk, "similar", "chain-adam-step"),
    }
    for scheme, wide, names in (
        ("light", 1280, ("home", "reflection")),
        ("dark", 390, ("reflection", "code", "similar")),
    ):
        with watched_page(browser, color_scheme=scheme) as opened:
            opened.set_viewport_size({"width": wide, "height": 844})
            opened.goto(desk.url)
            for name in names:
                opened.goto(pages[name])
                assert serious(opened) == [], (name, scheme)
                fits(opened, wide, 844)
                opened.screenshot(path=SHOTS / f"desk-{name}-{scheme}.png")


def ask(desk: Desk, path: str, body: object = None, **headers: str) -> tuple[int, str]:
    """One request as it goes over the wire; with a body, as the desk's page would send it unless headers differ."""
    own = {"Host": f"127.0.0.1:{desk.port}", "Cookie": f"desk-{desk.port}={desk.token}"}
    if body is not None:
        own |= {"Content-Type": "application/json", "X-Desk-Token": desk.page_token}
        own |= {"Origin": f"http://127.0.0.1:{desk.port}"}
    own |= {name.replace("_", "-"): value for name, value in headers.items()}
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{desk.port}{path}", data, own)
    try:
        with urllib.request.urlopen(request) as answer:
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def a_change(course: CourseDirectory, chain: Chapter, **other: object) -> dict:
    entry = marks.entries_of(course, find_question(chain, CELL))[0]
    change = {"key": entry.key, "seen": entry.mark.version, "points": entry.mark.points, "comment": ""} | other
    return {"question": f"{chain.assignment_id}/{CELL}", "changes": [change]}


def test_only_the_desks_own_page_on_this_machine_may_ask(desk: Desk, course: CourseDirectory, chain: Chapter) -> None:
    change = a_change(course, chain)
    assert ask(desk, "/")[0] == 200
    assert ask(desk, "/", Cookie="")[0] == 403
    assert ask(desk, "/?token=wrong", Cookie="")[0] == 403
    assert ask(desk, "/", Host="evil.example")[0] == 403  # DNS rebinding
    assert ask(desk, "/", Host=f"evil.example:{desk.port}")[0] == 403
    assert ask(desk, "/api/save", change)[0] == 200
    assert ask(desk, "/api/save", change, Origin="http://evil.example")[0] == 403
    assert ask(desk, "/api/save", change, Origin=f"http://127.0.0.1:{desk.port + 1}")[0] == 403
    assert ask(desk, "/api/save", change, X_Desk_Token="")[0] == 403
    assert ask(desk, "/api/save", change, Content_Type="text/plain")[0] == 400
    assert ask(desk, "/api/save", change, Cookie="")[0] == 403
    assert ask(desk, "/static/desk.js")[0] == 200
    assert ask(desk, "/static/../server.py")[0] in (403, 404)
    assert ask(desk, "/q/../../etc/passwd")[0] == 404


def test_what_no_page_of_ours_sends_is_refused_in_a_sentence(
    desk: Desk, course: CourseDirectory, chain: Chapter
) -> None:
    before = exported(course, chain)
    wrong: list[object] = [
        [], "x", b"{", {"question": "x/y", "changes": []}, {"question": f"{chain.assignment_id}/{CELL}"},
        *(a_change(course, chain, **other) for other in (
            {"points": -1}, {"points": 7}, {"points": "5"}, {"points": True}, {"points": 1e400}, {"key": 5},
            {"comment": "x" * 5001}, {"key": "nobody"},
        )),
    ]  # fmt: skip
    for body in wrong:
        status, said = ask(desk, "/api/save", body)
        assert status in (400, 503), (body, said)
        assert json.loads(said)["problem"].endswith(".")
    reasonless = a_change(course, chain, points=1) | {"question": f"{chain.assignment_id}/chain-mlp-backward"}
    assert "with a reason" in ask(desk, "/api/save", reasonless)[1]
    assert exported(course, chain) == before


def test_a_locked_gradebook_is_waited_for_and_then_said(
    desk: Desk, course: CourseDirectory, chain: Chapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = a_change(course, chain)
    monkeypatch.setattr(connection, "PATIENCE", 0.2)
    with connection.engine_of(connection.address(course)) as engine, connection.gradebook_lock(engine):
        status, said = ask(desk, "/api/save", change)
    assert (status, json.loads(said)["problem"][:14]) == (503, "Another grader")
    assert ask(desk, "/api/save", change)[0] == 200


def test_a_desk_that_cannot_open_says_why(
    desk: Desk,
    course: CourseDirectory,
    built: CourseDirectory,
    chain: Chapter,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    empty = CourseDirectory(tmp_path_factory.mktemp("empty"), course.release)
    with pytest.raises(GraderError, match="There is no gradebook at"):
        opening.chapters_to_show(empty, [chain])
    assert grader(empty, "desk", "--no-open", code=1).stderr.startswith("grader: There is no gradebook at")
    assert not (empty.work / "gradebook.db").exists()
    with pytest.raises(GraderError, match="Nothing has been graded yet for 01-loss"):
        opening.chapters_to_show(built, [chain])
    shutil.copy(built.work / "gradebook.db", empty.work / "gradebook.db")
    shutil.copytree(course.autograded, empty.autograded)
    with pytest.raises(GraderError, match="There is nothing to mark"):
        opening.chapters_to_show(empty, [chain])
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(serve, Desk(course, [chain], "Grace"), desk.port, lambda: None)
        with pytest.raises(GraderError, match=f"Port {desk.port} is in use"):
            second.result()


def test_the_token_is_on_no_command_line(
    desk: Desk, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser is given a file that only its owner can read."""
    file, asked = tmp_path_factory.mktemp("open") / "desk" / "open.html", []
    monkeypatch.setattr("webbrowser.open", asked.append)
    command._open(file, desk.url)
    assert asked == [file.as_uri()]
    assert file.stat().st_mode & 0o777 == 0o600
    assert desk.url in file.read_text()


def test_what_lateness_costs_follows_the_marks(
    course: CourseDirectory, chain: Chapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Last, since it changes the class: nbgrader takes the penalty off when it grades, before a person has marked."""

    class Half:
        def late_submission_penalty(self, student: str, score: float, seconds: float) -> float:
            return score / 2

    monkeypatch.setattr("grader.gradebook.late_penalty.rule", lambda: Half())
    with Gradebook(course.db_url) as book:
        book.update_or_create_assignment(chain.assignment_id, duedate="2020-01-01 00:00:00 UTC")
        book.update_or_create_submission(chain.assignment_id, "ida", timestamp="2020-01-02 00:00:00 UTC")
    question = find_question(chain, CELL)
    entry = next(e for e in marks.entries_of(course, question) if e.student == "ida")
    (outcome,) = marks.save(course, question, [marks.Change(entry.key, entry.mark.version, 6.0)])
    assert outcome.saved
    with Gradebook(course.db_url) as book:
        notebook = book.find_submission_notebook(chain.notebook, chain.assignment_id, "ida")
        assert notebook.late_submission_penalty == pytest.approx(notebook.score / 2)
        assert notebook.score > 6


def test_a_failed_submission_is_counted_and_not_shown(
    page: Page, desk: Desk, course: CourseDirectory, chain: Chapter
) -> None:
    hand_in(course, chain, "jo", 5, "Not here.")
    grade(course, chain)
    course.notebook_path(course.autograded, "jo", chain).unlink()
    page.goto(place(desk))
    expect(page.locator("#answers")).to_contain_text("1 more in the gradebook has no graded notebook")
