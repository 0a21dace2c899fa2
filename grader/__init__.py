"""The instructor's half of Grad School: builds, judges, grades. Run from the checkout as ``python -m grader``."""

import sys


def _import_jsonschema_without_iris() -> None:
    """Import jsonschema without the package by which it checks IRIs, a format that no notebook has.

    That package builds a parser when it is imported: 1.3 s instead of 0.1 s, in each process. Without it, jsonschema
    leaves the format unchecked.
    """
    unwanted = "rfc3987_syntax"
    if "jsonschema" in sys.modules or unwanted in sys.modules:
        return
    sys.modules[unwanted] = None  # type: ignore[assignment]
    try:
        import jsonschema  # noqa: F401
    finally:
        del sys.modules[unwanted]


_import_jsonschema_without_iris()
