"""``python -m grader``: the instructor's command line."""

from grader.cli.main import main

main()
