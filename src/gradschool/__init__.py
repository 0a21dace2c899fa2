"""Grad School: where gradients go in deep RL.

The small package that the lessons import. :func:`check` looks at a student's function; the rest are environments,
pictures and training loops that run on the student's own functions.
"""

from gradschool.check.api import CheckFailed, check

__all__ = ["CheckFailed", "check"]
__version__ = "0.1.0"
