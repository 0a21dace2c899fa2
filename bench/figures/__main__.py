"""Measure, write the results, and draw README's chart, badges and picture from what is so."""

from __future__ import annotations

import argparse
import sys

import bench.figures
from bench.figures import badges, card_picture, readme
from bench.figures.results import MEASUREMENTS, measure, results


def main() -> int:
    """Run the named measurements, all of them by default; the exit status is 1 if one of them failed."""
    options = argparse.ArgumentParser(prog="python -m bench.figures", description=bench.figures.__doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help=f"which of {', '.join(MEASUREMENTS)}")
    options.add_argument("--draw", action="store_true", help="measure nothing: draw from the results there are")
    given = options.parse_args()
    if unknown := [name for name in given.names if name not in MEASUREMENTS]:
        options.error(f"there is no measurement {unknown[0]!r}: choose from {', '.join(MEASUREMENTS)}")
    failed = False
    for name in () if given.draw else (given.names or MEASUREMENTS):
        try:
            print(f"{name}: {MEASUREMENTS[name].command}", flush=True)
            print(f"  written to {measure(name)}", flush=True)
        except RuntimeError as unusable:
            failed = True
            print(f"  {unusable}", file=sys.stderr, flush=True)
    readme.write(results())
    badges.write()
    try:
        card_picture.write()
    except RuntimeError as missing:
        failed = True
        print(missing, file=sys.stderr, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
