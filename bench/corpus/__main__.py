"""`python -m bench.corpus`: examine every update whose checkout lies in the folder, and print the table."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import gradexaminer
from bench.corpus import changed_table
from bench.corpus.adapters import load
from bench.corpus.checkouts import checkouts
from bench.corpus.registry import RIGHT, Entry
from bench.corpus.running import ROOT, run_entry
from bench.corpus.table import NOT_HERE, Row, as_text, summary


def main(argv: list[str] | None = None) -> int:
    """Run it; the exit status is 1 where right code was accused or a fault was missed silently."""
    asked = _arguments(argv)
    entries = load(asked.module)
    unknown = [name for name in asked.only if name not in entries]
    if unknown:
        print(f"no entry is called {', '.join(unknown)}; leave out --only to see them all", file=sys.stderr)
        return 2
    found = checkouts(asked.folder)
    chosen = [e for e in entries.values() if e.contact.startswith(asked.contact)]
    chosen = [e for e in chosen if not asked.only or e.name in asked.only]
    if asked.changes:
        return _changed(chosen, found, asked)
    rows = []
    for entry in chosen:
        row = Row(entry, run_entry(entry, found, asked.module, asked.seconds))
        rows.append(row)
        if row.outcome != NOT_HERE:
            print(f"{entry.name}: {row.outcome}", file=sys.stderr)
    if all(row.outcome == NOT_HERE for row in rows):
        print(f"no checkout in {asked.folder}; put clones there as <owner>+<name>, or say CORPUS=...", file=sys.stderr)
        return 2
    engine = engine_commit()
    print(as_text(rows, engine))
    if asked.json:
        said = {"engine": engine, "summary": summary(rows), "rows": [r.as_dict() for r in rows]}
        asked.json.write_text(json.dumps(said, indent=1), encoding="utf-8")
    return int(any(row.outcome in {"accused", "missed silently"} for row in rows))


def _changed(entries: list[Entry], found: Mapping[str, Path], asked: argparse.Namespace) -> int:
    """Examine right updates with one change at a time; the table says what was told of each kind of change."""
    said = {}
    for entry in (e for e in entries if e.verdict == RIGHT):
        told = run_entry(entry, found, asked.module, asked.seconds, asked.changes)
        if "not_here" not in told:
            said[entry.name] = told
            print(f"{entry.name}: {told.get('error') or len(told['changes'])}", file=sys.stderr)
    print(changed_table.as_text(said))
    if asked.json:
        asked.json.write_text(json.dumps({"engine": engine_commit(), "said": said}, indent=1), encoding="utf-8")
    return 0 if said else 2


def engine_commit() -> str:
    """The commit of the examiner that was imported, and whether its files differ from it."""
    where = Path(gradexaminer.__file__).parent
    git = ["git", "-C", str(where)]
    commit = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    changed = subprocess.run([*git, "status", "--porcelain", "."], capture_output=True, text=True, check=False)
    return (commit.stdout.strip() or "no commit known") + (" with changes" if changed.stdout.strip() else "")


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.corpus", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "corpus", help="checkouts named <owner>+<name>")
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="these entries alone")
    parser.add_argument("--contact", default="", help="entries of one set alone, by how its name begins")
    parser.add_argument("--changes", type=int, default=0, help="examine right updates with so many changes, one each")
    parser.add_argument("--json", type=Path, help="write the rows, with every word, to this file")
    parser.add_argument("--seconds", type=int, default=120, help="CPU seconds for one entry")
    parser.add_argument("--module", nargs="*", default=[], help="modules with adapters, instead of our own")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
