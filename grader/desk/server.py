"""The desk's server: pages, marks and flags, on this machine alone (:mod:`grader.desk.access`)."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, StaticFileHandler

from grader.desk import history, marks, pages
from grader.desk.access import ADDRESS, ChangeHandler, Desk, Handler, sentences, set_headers, text_of
from grader.desk.answers import read_answer
from grader.desk.questions import Question, questions
from grader.desk.shown_text import visible
from grader.errors import GraderError, UsageError

MOST_BODY = 2 * 2**20  # bytes of one request


class Page(Handler):
    """A page, made by ``make`` from the desk, the rest of the address and who looks."""

    make: Callable[[Desk, str, pages.Visitor], str]

    def initialize(self, desk: Desk, make: Callable[[Desk, str, pages.Visitor], str] | None = None) -> None:
        """Keep what makes the page."""
        super().initialize(desk)
        assert make is not None
        self.make = make

    async def get(self, path: str = "") -> None:
        """Answer with the page."""
        names = self.get_query_argument("names", "") == "1"
        visitor = pages.Visitor(self.desk.grader, self.desk.page_token, names)
        with sentences():
            self.finish(await self.ask(lambda: self.make(self.desk, path, visitor)))


class WholeText(Handler):
    """One answer, all of it, as plain text."""

    async def get(self, path: str, key: str) -> None:
        """Answer with the text."""
        with sentences():
            self.set_header("Content-Type", "text/plain; charset=utf-8")
            self.finish(await self.ask(lambda: whole_text(self.desk, path, key)))


class Save(ChangeHandler):
    """Marks, saved at once."""

    async def post(self) -> None:
        """Save, and answer with what stands in the gradebook now."""
        sent = self.body()
        with sentences():
            self.finish({"outcomes": await self.ask(lambda: save(self.desk, sent))})


class Flag(ChangeHandler):
    """The formgrader's flag on a submission."""

    async def post(self) -> None:
        """Put it up or take it down."""
        sent = self.body()
        with sentences():
            question, key = self.desk.question(text_of(sent, "question")), text_of(sent, "key")
            flagged = sent.get("flagged") is True
            await self.ask(lambda: marks.flag(self.desk.course, question, key, flagged))
            self.finish({"flagged": flagged})


def save(desk: Desk, sent: dict[str, Any]) -> list[dict[str, Any]]:
    """Enter the changes of one request; return for each whether it was saved, and the mark that stands now."""
    question = desk.question(text_of(sent, "question"))
    changes = sent.get("changes")
    if not isinstance(changes, list) or not all(isinstance(c, dict) for c in changes):
        raise UsageError("A list of changes is missing.")
    outcomes = marks.save(desk.course, question, [_change(c) for c in changes])
    history.note(desk.course, question, desk.grader, outcomes)
    return [_as_json(desk, question, outcome) for outcome in outcomes]


def _change(sent: dict[str, Any]) -> marks.Change:
    points, waiting = sent.get("points"), sent.get("waiting")
    if points is not None and (isinstance(points, bool) or not isinstance(points, int | float)):
        raise UsageError("Points are a number.")
    return marks.Change(
        text_of(sent, "key"),
        text_of(sent, "seen"),
        None if points is None else float(points),
        text_of(sent, "comment"),
        keep=sent.get("keep") is True,
        waiting=waiting if isinstance(waiting, bool) else None,
    )


def _as_json(desk: Desk, question: Question, outcome: marks.Outcome) -> dict[str, Any]:
    mark = outcome.mark
    shown = {"version": mark.version, "auto": mark.auto, "manual": mark.manual}
    by = "" if outcome.saved else history.last_grader(desk.course, question, outcome.student)
    return {
        "key": outcome.key,
        "saved": outcome.saved,
        "by": by,
        "mark": {**shown, "waiting": mark.waiting, "comment": mark.comment},
    }


def whole_text(desk: Desk, path: str, key: str) -> str:
    """Return all of one answer, its control characters in words."""
    question = desk.question(path)
    for entry in marks.entries_of(desk.course, question):
        if entry.key == key and (answer := read_answer(desk.course, question, entry.student)):
            return visible(answer.text)
    raise HTTPError(404)


def application(desk: Desk) -> Application:
    """Return the desk's pages and what they ask for."""
    made = {
        "home": lambda d, _, visitor: pages.home(d.course, d.chapters, visitor),
        "question": lambda d, path, visitor: pages.question_page(d.course, d.question(path), visitor),
        "similar": similar,
    }
    path = r"([\w.-]+/[\w.-]+)"
    return Application(
        [
            (r"/", Page, {"desk": desk, "make": made["home"]}),
            (rf"/q/{path}", Page, {"desk": desk, "make": made["question"]}),
            (r"/similar/([\w.-]+(?:/[\w.-]+)?)", Page, {"desk": desk, "make": made["similar"]}),
            (rf"/whole/{path}/(\w+)", WholeText, {"desk": desk}),
            (r"/api/save", Save, {"desk": desk}),
            (r"/api/flag", Flag, {"desk": desk}),
            (r"/static/(desk\.(?:css|js))", Static, {"path": str(pages.HERE / "static")}),
        ],
        default_handler_class=Missing,
        default_handler_args={"desk": desk},
        log_function=lambda handler: None,
    )


class Static(StaticFileHandler):
    """The style sheet and the script, which say nothing of anybody."""

    def set_default_headers(self) -> None:
        """Set the headers of every answer."""
        set_headers(self)


class Missing(Handler):
    """Any other address."""

    def get(self) -> None:
        """Say so."""
        raise HTTPError(404)


def similar(desk: Desk, path: str, visitor: pages.Visitor) -> str:
    """Return the page of similar code in ``CHAPTER/CELL``, or in all exercises of ``CHAPTER``."""
    chapter = desk.chapter(path.partition("/")[0])
    wanted = [desk.question(path)] if "/" in path else [q for q in questions(chapter) if not q.written]
    if any(q.written for q in wanted):
        raise UsageError("Code is compared, not written answers.")
    return pages.similar_page(desk.course, chapter, wanted, visitor)


@contextlib.asynccontextmanager
async def listening(desk: Desk, port: int) -> AsyncIterator[Desk]:
    """Serve while this is open; port 0 takes a free one."""
    try:
        sockets = bind_sockets(port, ADDRESS)
    except OSError:
        raise GraderError(f"Port {port} is in use: name another with --port, or leave it out.") from None
    desk.port = sockets[0].getsockname()[1]
    server = HTTPServer(application(desk), max_body_size=MOST_BODY)
    server.add_sockets(sockets)
    try:
        yield desk
    finally:
        server.stop()
        await server.close_all_connections()
        desk.worker.shutdown(wait=True)


def serve(desk: Desk, port: int, ready: Callable[[], None], stop: threading.Event | None = None) -> None:
    """Serve until Ctrl-C, or until ``stop`` is set; call ``ready`` once the desk can be opened."""

    async def run() -> None:
        async with listening(desk, port):
            ready()
            if stop is None:
                await asyncio.Event().wait()
            else:
                await asyncio.get_running_loop().run_in_executor(None, stop.wait)

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run())
