"""The instructor's half of Grad School: builds, judges, grades. Run from the checkout as ``python -m grader``."""

import sys


def _spare_a_grammar() -> None:
    """Import jsonschema without what it uses to tell an IRI: a parser that takes a second to build, in each process,
    for a format that no notebook has. Without it, jsonschema leaves that format unchecked."""
    unwanted = "rfc3987_syntax"
    if "jsonschema" in sys.modules or unwanted in sys.modules:
        return
    sys.modules[unwanted] = None  # type: ignore[assignment]
    try:
        import jsonschema  # noqa: F401
    finally:
        del sys.modules[unwanted]


_spare_a_grammar()
