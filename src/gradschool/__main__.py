"""`python -m gradschool`: the command line of `gradschool.student.cli`."""

import sys

from gradschool.student.cli import main

if __name__ == "__main__":
    sys.exit(main())
