"""Who may ask the desk for what: its tokens, the host's name, the origin of a change, and every answer's headers.

Pages of other origins cannot read or change anything: the address has a random token, which becomes a cookie that no
script can read; requests under another host's name are refused, which ends DNS rebinding; a change must come from the
desk's own origin and bring a second token that stands in the page alone. The pages load nothing from elsewhere and run
no script but the desk's.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tornado.web import HTTPError, RequestHandler

from grader.course import Chapter, CourseDirectory
from grader.desk import pages
from grader.desk.questions import Question, find_question
from grader.desk.shown_text import visible
from grader.errors import GraderError, UsageError

ADDRESS = "127.0.0.1"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass
class Desk:
    """What the handlers share: the class, who marks, the two tokens, and the one thread that asks the gradebook."""

    course: CourseDirectory
    chapters: Sequence[Chapter]
    grader: str
    port: int = 0
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    page_token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    worker: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "gradebook"))

    @property
    def url(self) -> str:
        """The address to open, token included."""
        return f"http://{ADDRESS}:{self.port}/?token={self.token}"

    @property
    def hosts(self) -> set[str]:
        """The names under which a browser may ask."""
        return {f"{ADDRESS}:{self.port}", f"localhost:{self.port}"}

    @property
    def cookie(self) -> str:
        """The cookie's name; the port in it keeps two desks apart."""
        return f"desk-{self.port}"

    def chapter(self, name: str) -> Chapter:
        """Return a chapter of this desk; raise GraderError if it has none of this name."""
        for chapter in self.chapters:
            if chapter.assignment_id == name:
                return chapter
        raise GraderError(f"This desk has no chapter {name!r}.")

    def question(self, path: str) -> Question:
        """Return the question at ``CHAPTER/CELL``; raise GraderError if this desk has none there."""
        name, _, cell = path.partition("/")
        return find_question(self.chapter(name), cell)


def set_headers(handler: RequestHandler) -> None:
    """Set the headers of every answer."""
    handler.clear_header("Server")
    for name, value in HEADERS.items():
        handler.set_header(name, value)


class Handler(RequestHandler):
    """What every answer needs: the right host, the token, and headers that forbid what no page of ours does."""

    desk: Desk

    def initialize(self, desk: Desk) -> None:
        """Keep the desk; tornado calls it first."""
        self.desk = desk

    def set_default_headers(self) -> None:
        """Set the headers of every answer, errors included."""
        set_headers(self)

    def prepare(self) -> None:
        """Refuse whoever asks under another name or without the token."""
        if self.request.host not in self.desk.hosts:
            raise HTTPError(403, reason="The desk answers on this machine alone")
        if hmac.compare_digest(self.get_query_argument("token", "").encode(), self.desk.token.encode()):
            self.set_cookie(self.desk.cookie, self.desk.token, httponly=True, samesite="Lax", path="/")
            if self.request.method == "GET":
                self.redirect(self.request.path)  # the token leaves the address, and with it the browser's history
            return
        held = self.get_cookie(self.desk.cookie) or ""
        if not hmac.compare_digest(held.encode(), self.desk.token.encode()):
            raise HTTPError(403, reason="Open the address that the desk printed, with its token")

    async def ask(self, work: Callable[[], Any]) -> Any:
        """Run what asks the gradebook in its own thread, so that a lock waits there and not here."""
        return await asyncio.get_running_loop().run_in_executor(self.desk.worker, work)

    def write_error(self, status_code: int, **more: Any) -> None:
        """Say what is wrong in one sentence, as JSON where a script asked."""
        sentence = self._sentence(status_code, more.get("exc_info", (None, None, None))[1])
        if self.request.path.startswith("/api/"):
            self.finish({"problem": sentence})
        else:
            self.finish(pages.render("problem.html", sentence=sentence))

    def _sentence(self, status: int, error: BaseException | None) -> str:
        if isinstance(error, HTTPError) and error.reason:
            return f"{error.reason}."
        if status == 404:
            return "There is no such page."
        return f"This did not work ({type(error).__name__}): nothing was saved. Load the page again."

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Keep the terminal quiet about what the page says."""
        if not isinstance(value, HTTPError):
            super().log_exception(typ, value, tb)


class ChangeHandler(Handler):
    """What changes the gradebook: only the desk's own page may ask for it."""

    def prepare(self) -> None:
        """Refuse what does not come from the desk's own page."""
        super().prepare()
        given = self.request.headers.get("X-Desk-Token", "")
        origin = self.request.headers.get("Origin", "")
        if not hmac.compare_digest(given.encode(), self.desk.page_token.encode()):
            raise HTTPError(403, reason="The desk was started anew since this page was loaded: load it again")
        if origin.removeprefix("http://") not in self.desk.hosts:
            raise HTTPError(403, reason="A change comes from the desk's own page alone")
        if self.request.headers.get("Content-Type", "").partition(";")[0] != "application/json":
            raise HTTPError(400, reason="A change is sent as JSON")

    def body(self) -> dict[str, Any]:
        """Return what was sent."""
        with contextlib.suppress(ValueError, RecursionError):
            found = json.loads(self.request.body)
            if isinstance(found, dict):
                return found
        raise HTTPError(400, reason="A change is a JSON object")


@contextlib.contextmanager
def sentences() -> Iterator[None]:
    """Turn what a person can mend into an answer with its sentence."""
    try:
        yield
    except UsageError as error:
        raise HTTPError(400, reason=_reason(error)) from None
    except GraderError as error:
        raise HTTPError(503, reason=_reason(error)) from None


def _reason(error: GraderError) -> str:
    return visible(" ".join(str(error).split())).rstrip(".").encode("latin-1", "replace").decode("latin-1")


def text_of(sent: dict[str, Any], name: str) -> str:
    """Return a text of what was sent; raise UsageError if it is none."""
    found = sent.get(name)
    if not isinstance(found, str):
        raise UsageError(f"{name!r} is missing, or no text.")
    return found
