"""The instructor's commands: ``python -m grader``."""
