"""In a real browser: an instructor presses Autograde, marks by hand, reads the feedback and the report."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import nbformat
import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import Browser, Locator, Page, expect

from grader import sample_class
from grader.bank.registry import entries
from grader.course import ROOT, Chapter, CourseDirectory
from grader.results import GradeRecord
from tests.support.browser import PATIENCE, chromium, contrast, jupyterlab, shoot, tab_to, watched_page

pytestmark = pytest.mark.slow

STUDENTS = ("perfect", "mistaken-1")
WRITTEN = "A gradient is how a loss asks.\n\n<script>window.harm = 1</script><img src=x onerror='window.harm = 2'>"
REMARK = "Say it with $G$ next time."
# A submission's page fetches the marks and comments that there are, and would write over those of a faster person.
AT_THE_REFLECTION = "() => document.activeElement.id === 'chain-reflection'"
MARKS_THERE = "() => window.formgrader?.loaded && formgrader.grades.loaded && formgrader.comments.loaded"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def course(built: CourseDirectory, tmp_path_factory: pytest.TempPathFactory, chain: Chapter) -> CourseDirectory:
    """A class of two of whom nothing has been graded; one of them tries to act in the instructor's browser."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(built.work, folder / "work")
    shutil.copytree(built.release, folder / "course")
    made = CourseDirectory(folder / "work", folder / "course")
    sample_class.fill_class(made, chain, mistaken=1, misbehaving=False)
    for other in made.submitted.iterdir():
        if other.name not in STUDENTS:
            shutil.rmtree(other)
    file = made.notebook_path(made.submitted, "perfect", chain)
    notebook = nbformat.read(file, as_version=4)
    reflection = next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == "chain-reflection")
    reflection.source = WRITTEN
    nbformat.write(notebook, file)
    with Gradebook(made.db_url) as gradebook:
        gradebook.update_or_create_student("perfect", first_name="Pia", last_name="Perfect")
    return made


def environment(course: CourseDirectory) -> dict[str, str]:
    return {"GRADSCHOOL_WORK_DIR": str(course.work), "GRADSCHOOL_RELEASE": str(course.release)}


@pytest.fixture(scope="module")
def desk(course: CourseDirectory) -> Iterator[str]:
    """The formgrader on that class."""
    with jupyterlab(ROOT, ROOT / "grader", **environment(course)) as address:
        yield address


@pytest.fixture(scope="module")
def page(desk: str, browser: Browser) -> Iterator[Page]:
    """The instructor's page. The tests of this file are one morning's work and follow on each other."""
    with watched_page(browser) as opened:
        opened.goto(f"{desk}/formgrader/manage_assignments?token=t")
        yield opened


def press(page: Page, student: str, column: str) -> None:
    """Press a student's button in the formgrader's table and wait until it says that all went well."""
    row = page.locator("tr", has=page.locator(".student-id", has_text=student))
    row.locator(f".{column} a").click()
    dialog = page.locator(".modal-dialog")
    expect(dialog).to_contain_text("Successfully", timeout=3 * PATIENCE)  # a notebook is run
    dialog.locator("button", has_text="OK").click()
    expect(dialog).to_have_count(0)


def test_the_button_gives_the_marks_of_the_command_line(
    desk: str, page: Page, course: CourseDirectory, chain: Chapter
) -> None:
    expect(page.get_by_text(chain.assignment_id).first).to_be_visible()
    shoot(page, "instructor-assignments")
    page.goto(f"{desk}/formgrader/manage_submissions/{chain.assignment_id}")
    for student in STUDENTS:
        press(page, student, "autograde")
    for name in ("Perfect, Pia", "mistaken-1"):  # who has no name is called by the id, with no comma after it
        expect(page.locator(f".student-name[data-order='{name}']")).to_have_text(name)
    shoot(page, "instructor-autograded")
    with Gradebook(course.db_url) as gradebook:
        marks = {
            s.student_id: {g.name: g.auto_score for g in s.notebooks[0].grades}
            for s in gradebook.assignment_submissions(chain.assignment_id)
        }
    full = {e.exercise.grade_id: e.marks for e in entries("chain").values()}
    assert marks["perfect"] == {**full, "chain-reflection": None}
    assert 0 < sum(v or 0 for v in marks["mistaken-1"].values()) < 0.2 * sum(full.values())


def test_a_reflection_is_marked_by_hand_with_its_scheme_in_sight(
    desk: str, page: Page, course: CourseDirectory, chain: Chapter
) -> None:
    with Gradebook(course.db_url) as gradebook:
        submitted = gradebook.find_submission_notebook(chain.notebook, chain.assignment_id, "perfect").id
    page.goto(f"{desk}/formgrader/submissions/{submitted}/")
    scheme = page.get_by_text("Marking scheme").first
    expect(scheme).to_be_visible()
    page.wait_for_function(MARKS_THERE)
    page.wait_for_function(AT_THE_REFLECTION)
    expect(page.locator("#to-mark")).to_have_text("Needs a mark: chain-reflection ")
    page.wait_for_function("$(':animated').length === 0")
    expect(page.locator("input.score#chain-reflection")).to_be_in_viewport()
    shoot(page, "instructor-opens-at-what-needs-a-mark")
    shown = page.evaluate("[...document.querySelectorAll('summary')].map(s => getComputedStyle(s).display)")
    assert set(shown) == {"list-item"}  # any other loses the triangle
    scheme.scroll_into_view_if_needed()
    answer = page.get_by_text("A gradient is how a loss asks.")
    expect(answer).to_be_in_viewport()
    expect(scheme).to_be_in_viewport()
    cells = page.locator(".text_cell_render td", has_text="detach f")  # of the scheme's table: lines between them
    expect(cells).to_have_css("border-left-style", "solid")
    score = field_below(answer, page, "input.score")
    with page.expect_response(lambda r: "/formgrader/api/grade/" in r.url and r.request.method == "PUT"):
        score.fill("5")
        score.press("Tab")
    comment = field_below(answer, page, "textarea.comment")
    with page.expect_response(lambda r: "/formgrader/api/comment/" in r.url and r.request.method == "PUT"):
        comment.fill(REMARK)
        comment.press("Tab")
    page.wait_for_function("$(':animated').length === 0")  # the page glides to the field that has the focus
    scheme.evaluate("e => e.scrollIntoView({block: 'center'})")
    shoot(page, "instructor-reflection")
    assert page.evaluate("window.harm") is None
    expect(page.locator("math").nth(50)).to_be_attached()
    with Gradebook(course.db_url) as gradebook:
        grade = gradebook.find_grade("chain-reflection", chain.notebook, chain.assignment_id, "perfect")
        assert (grade.manual_score, grade.needs_manual_grade) == (5, False)


def field_below(answer: Locator, page: Page, kind: str) -> Locator:
    """The field of this kind that belongs to the cell with the answer."""
    return page.locator(".nbgrader_cell", has=answer).locator(kind)


def test_feedback_from_its_button_says_what_was_wrong(
    desk: str, page: Page, browser: Browser, course: CourseDirectory, chain: Chapter
) -> None:
    page.goto(f"{desk}/formgrader/manage_submissions/{chain.assignment_id}")
    expect(page.locator("tr", has_text="mistaken-1")).to_be_visible()
    for student in STUDENTS:
        press(page, student, "generate-feedback")
    found = nbformat.read(course.notebook_path(course.autograded, "mistaken-1", chain), as_version=4)
    first = GradeRecord.read(found).exercises[0]
    assert first.mistake in {mutant.name for mutant in entries("chain")[first.exercise].mutants}
    with watched_page(browser) as other:
        other.goto((course.feedback / "mistaken-1" / chain.assignment_id / f"{chain.notebook}.html").as_uri())
        expect(other.get_by_text(first.hint.replace("`", "")).first).to_be_attached()
        expect(other.locator("html")).to_have_attribute("lang", "en")  # improved, in this code path as well
        shoot(other, "instructor-feedback-mistaken")
        other.goto((course.feedback / "perfect" / chain.assignment_id / f"{chain.notebook}.html").as_uri())
        expect(other.locator("body")).to_contain_text("Say it with")
        expect(other.locator(".comment math")).to_have_text("G")  # the remark's formula is drawn
        assert other.evaluate("window.harm") is None
        shoot(other, "instructor-feedback-perfect")
        expect(other.get_by_text("Marking scheme")).to_have_count(0)  # it is the instructor's


def test_the_class_report_reads_well_on_light_and_dark(
    browser: Browser, course: CourseDirectory, chain: Chapter
) -> None:
    words = [sys.executable, "-m", "grader", "class-report", "chain"]
    subprocess.run(words, cwd=ROOT, env={**os.environ, **environment(course)}, check=True)
    for scheme in ("light", "dark"):
        with watched_page(browser, color_scheme=scheme, java_script_enabled=False) as page:
            page.goto((course.work / "class-report.html").as_uri())
            expect(page.locator("body")).to_contain_text("chain.l2_gradient")
            assert contrast(page.locator("body")) >= 4.5, scheme
            page.screenshot(path=ROOT / "build" / "screenshots" / f"instructor-report-{scheme}.png", full_page=True)


def address(url: str) -> str:
    """A submission's page without the field that has the focus."""
    return url.partition("?")[0].rstrip("/")


def test_a_reflection_is_marked_with_the_keyboard_alone(
    desk: str, page: Page, course: CourseDirectory, chain: Chapter
) -> None:
    """From the list of chapters to the points and on to the next student: Tab, Enter and the points' digits."""
    page.goto(f"{desk}/formgrader/manage_assignments")
    expect(page.locator(".num-submissions a").first).to_be_visible()
    tab_to(page, f".num-submissions a[href$='{chain.assignment_id}']")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/manage_submissions/{chain.assignment_id}")
    expect(page.locator(".student-name a").first).to_be_visible()
    tab_to(page, ".student-name a[href*='/perfect/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/manage_students/perfect/**")
    expect(page.locator("#main-table a").first).to_be_visible()
    tab_to(page, "#main-table a[href*='/submissions/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/submissions/**")
    page.wait_for_function(MARKS_THERE)
    expect(page.locator("#to-mark")).to_be_attached()  # by now the page has moved the focus, and will not again
    page.evaluate("$.fx.off = true")  # else the page glides for half a second to each of its fields
    tab_to(page, "input.score#chain-reflection")
    with page.expect_response(lambda r: "/formgrader/api/grade/" in r.url and r.request.method == "PUT"):
        page.keyboard.type("4")
        page.keyboard.press("Tab")
    shoot(page, "instructor-keyboard")
    tab_to(page, "li.next a")
    there = page.url
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: address(url) != address(there))  # the next student's page, or the list after the last
    with Gradebook(course.db_url) as gradebook:
        assert (
            gradebook.find_grade("chain-reflection", chain.notebook, chain.assignment_id, "perfect").manual_score == 4
        )
