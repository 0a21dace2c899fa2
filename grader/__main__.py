"""``python -m grader``: the instructor's command line."""

from grader.cli import main

main()
