"""``python -m grader``: the instructor's command line."""

import gc

gc.set_threshold(10_000, 10, 10)  # imports make no garbage: looking for it took 0.2 s of 1.3 s

from grader.cli.main import main  # noqa: E402

main()
