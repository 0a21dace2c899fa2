"""`python -m gradexaminer`."""

import sys

from gradexaminer.cli import main

sys.exit(main())
