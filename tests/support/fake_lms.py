"""A web server on loopback that answers as an LMS does, for tests; what it was asked and what was written is counted.

The shapes are those of the documents: Canvas's REST API (pages "Users", "Submissions", "File uploads", "Pagination",
"Throttling"), and Moodle's own description of its web service functions (``mod/assign/externallib.php``).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "7~Tq9secretsecretsecret"


@dataclass
class Answer:
    """One HTTP answer."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None


@dataclass
class Asked:
    """One HTTP request."""

    method: str
    path: str
    query: dict[str, list[str]]
    form: dict[str, list[str]]
    files: dict[str, tuple[str, bytes]]
    headers: dict[str, str]

    def get(self, name: str, default: str = "") -> str:
        return (self.form.get(name) or self.query.get(name) or [default])[0]


class FakeLms:
    """What both fakes share. ``before`` sees each request first, and may answer it in the LMS's place."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        self.writes: list[str] = []
        self.before: Callable[[Asked], Answer | None] = lambda asked: None
        self.after: Callable[[Asked], None] = lambda asked: None

    def answer(self, asked: Asked) -> Answer:
        raise NotImplementedError

    def fail(self, times: int, answer: Answer, when: Callable[[Asked], bool]) -> None:
        """Give this answer to the first requests of a kind."""
        left = [times]

        def before(asked: Asked) -> Answer | None:
            if not when(asked) or not left[0]:
                return None
            left[0] -= 1
            return answer

        self.before = before


@contextmanager
def serving(fake: FakeLms) -> Iterator[FakeLms]:
    """Serve a fake on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            form, files = read_form(self.headers.get("Content-Type", ""), body)
            asked = Asked(
                self.command,
                parts.path,
                parse_qs(parts.query),
                form,
                files,
                {k.lower(): v for k, v in self.headers.items()},
            )
            fake.asked.append(asked)
            answer = fake.before(asked) or fake.answer(asked)
            fake.after(asked)
            raw = answer.raw if answer.raw is not None else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            kind = "application/octet-stream" if answer.raw is not None else "application/json; charset=utf-8"
            for name, value in {"Content-Type": kind, "Content-Length": str(len(raw)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_POST = do_PUT = handle_one

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def read_form(kind: str, body: bytes) -> tuple[dict[str, list[str]], dict[str, tuple[str, bytes]]]:
    """Read a body as a web server does: a plain form, or one with files."""
    if not kind.startswith("multipart/form-data"):
        return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True), {}
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    form: dict[str, list[str]] = {}
    files: dict[str, tuple[str, bytes]] = {}
    for part in message.iter_parts():
        name, file = part.get_param("name", header="content-disposition"), part.get_filename()
        content = part.get_payload(decode=True)
        if file is None:
            form.setdefault(str(name), []).append(content.decode())
        else:
            files[str(name)] = (file, content)
    return form, files
