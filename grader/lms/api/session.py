"""HTTP as an LMS wants it: one request at a time, slower when it says so, and again when it was too busy.

Canvas answers 429, or in older versions 403 with the words "Rate Limit Exceeded". ``X-Rate-Limit-Remaining`` says how
much of the quota is left, which fills again with time (its page "Throttling"). A request that was refused did
nothing, and is sent again after ``Retry-After``. A request that failed with 500 may have done its work: it is sent
again only if it reads.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from grader.errors import GraderError
from grader.lms.api.interface import LmsError, Unavailable

TRIES = 5
MOST_WAIT = 300.0  # seconds that are waited because the LMS asks for it
TIMEOUT = (10, 120)  # seconds, to connect and between two bytes
LOW_QUOTA = 100.0  # of Canvas's 700, which fill again by about 10 a second
REFILL = 10.0
FAILED = (500, 502, 503, 504)
LOOPBACK = ("localhost", "127.0.0.1", "::1")
CHUNK = 1 << 16
Sleep = Callable[[float], None]


def checked_url(url: str) -> str:
    """Return the LMS's address, without a slash at its end.

    Raises
    ------
    LmsError
        If it is none, or the token would travel unencrypted.
    """
    parts = urlsplit(url.strip().rstrip("/"))
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query:
        raise LmsError(f"{url[:100]!r} is no address of an LMS: say it as https://canvas.example.edu.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise LmsError("The address begins with http://, so the token would travel unencrypted: say https://.")
    return parts.geturl()


def same_host(url: str, other: str) -> bool:
    """Return whether two addresses are of one server, so that one may get the other's token."""
    one, two = urlsplit(url), urlsplit(other)
    return (one.scheme, one.hostname, one.port) == (two.scheme, two.hostname, two.port)


class PoliteAdapter(HTTPAdapter):
    """Sends requests: waits when asked to, and repeats those that may be repeated."""

    def __init__(self, repeatable: Callable[[Any], bool], sleep: Sleep = time.sleep) -> None:
        super().__init__()
        self._repeatable, self._sleep = repeatable, sleep

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Send a request, and return the response that counts."""
        kwargs["timeout"] = kwargs.get("timeout") or TIMEOUT
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            wait = 2.0**attempt
            try:
                response = super().send(request, *args, **kwargs)
            except (requests.ConnectionError, requests.Timeout):
                if last or not self._repeatable(request):
                    raise
            else:
                refused = is_refused(response)
                if last or not (refused or (response.status_code in FAILED and self._repeatable(request))):
                    self._keep_quota(response)
                    return response
                wait = max(wait, retry_after(response)) if refused else wait
                response.close()
            self._sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _keep_quota(self, response: Any) -> None:
        """Wait while the LMS says that little of the quota is left."""
        with suppress(KeyError, ValueError):
            left = float(response.headers["X-Rate-Limit-Remaining"])
            if left < LOW_QUOTA:
                self._sleep((LOW_QUOTA - max(left, 0.0)) / REFILL)


def is_refused(response: Any) -> bool:
    """Return whether the LMS refused a request for its number, so that it did nothing."""
    if response.status_code == 403:
        return "rate limit exceeded" in response.text.lower()
    return response.status_code == 429 or (response.status_code == 503 and "Retry-After" in response.headers)


def retry_after(response: Any) -> float:
    """Return the seconds that the LMS asks to wait, given as a number or a date; 0 if it does not say.

    Raises
    ------
    Unavailable
        If that is too long to wait here.
    """
    said = response.headers.get("Retry-After", "").strip()
    seconds = 0.0
    if said.isdigit():
        seconds = float(said)
    elif said:
        with suppress(ValueError, TypeError):
            seconds = (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds()
    if seconds > MOST_WAIT:
        raise Unavailable(f"The LMS asks to wait {seconds:.0f} seconds: run the same command again after that.")
    return max(seconds, 0.0)


def session(repeatable: Callable[[Any], bool], sleep: Sleep) -> requests.Session:
    """Return a session whose requests all go through the adapter; ``.netrc`` puts no other password into them."""
    found = requests.Session()
    found.auth = lambda request: request
    for scheme in ("https://", "http://"):
        found.mount(scheme, PoliteAdapter(repeatable, sleep))
    return found


def content_of(response: Any, most: int) -> bytes:
    """Read a streamed response to its end, or raise GraderError when it has more than ``most`` bytes."""
    parts, total = [], 0
    with response:
        for part in response.iter_content(CHUNK):
            total += len(part)
            if total > most:
                raise GraderError(too_large(most))
            parts.append(part)
    return b"".join(parts)


def too_large(most: int) -> str:
    """Return the sentence on a file that has more than ``most`` bytes."""
    return f"larger than {most / 2**20:g} MB: ask for the notebook alone."
