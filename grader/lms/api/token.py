"""The token of an LMS: from an environment variable or the system's keyring, and shown nowhere.

Not an argument: other users of the machine can read a command line, and a shell keeps it.
"""

from __future__ import annotations

import re

from grader.lms.api.interface import LmsError
from grader.settings import LMS_TOKEN_VARIABLES, lms_token

USABLE = re.compile(r"[\x21-\x7e]{8,}")
KEYRING_SERVICE = "gradschool-{}"


class Token:
    """A secret text, which :meth:`reveal` alone shows."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, for a request."""
        return self._text

    def __repr__(self) -> str:
        return "Token(hidden)"


def find_token(kind: str, url: str) -> Token:
    """Return the token for the LMS at this address.

    Raises
    ------
    LmsError
        If there is none, or it cannot be one.
    """
    variable = LMS_TOKEN_VARIABLES[kind]
    text = (lms_token(kind) or _of_keyring(kind, url)).strip()
    if not text:
        raise LmsError(
            f"There is no token for {url}: put it into {variable}, or run "
            f"`keyring set {KEYRING_SERVICE.format(kind)} {url}`."
        )
    if not USABLE.fullmatch(text):
        raise LmsError(f"What is in {variable} or the keyring is no token: it is too short, or has a space in it.")
    return Token(text)


def _of_keyring(kind: str, url: str) -> str:
    """Return what the keyring has; "" without one, as on a server without a desktop."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return keyring.get_password(KEYRING_SERVICE.format(kind), url) or ""
    except KeyringError:
        return ""
