"""Errors that a person can mend: every message is one clear sentence that says how."""

from __future__ import annotations


class GraderError(Exception):
    """Something the person at the keyboard can mend."""


class UsageError(GraderError):
    """A command was called in a way that cannot work."""


class SubmissionError(GraderError):
    """A student's file cannot be graded."""


class EnvironmentFault(GraderError):
    """The machine, the lesson or the grader kept a submission from being graded; its student has no part in it."""


class Interrupted(GraderError):
    """Somebody pressed Ctrl-C."""
