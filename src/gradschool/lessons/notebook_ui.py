"""Controls that a person can use, and what to say where a function is not written yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def display_controls(box: Any, words: str) -> None:
    """Show widgets; a page that cannot draw them shows a line that says where they work."""
    from IPython.display import display

    bundle = box._repr_mimebundle_()
    display({**bundle, "text/plain": words}, raw=True)


def first_unimplemented(functions: Mapping[str, Callable[[], Any]]) -> str:
    """Try each of the student's functions once; return "" or a kind sentence about the first that fails."""
    for name, trial in functions.items():
        try:
            trial()
        except NotImplementedError:
            return f"This picture is drawn from your own `{name}`. Write it, check it, and run this cell again."
        except KeyboardInterrupt:
            raise
        except Exception as error:
            return (
                f"This picture is drawn from your own `{name}`, which raised {type(error).__name__}: {error}. "
                f"Its check says more; then run this cell again."
            )
    return ""


def switch(what: str, value: bool) -> Any:
    """Make a checkbox with its description in full."""
    from ipywidgets import Checkbox

    return Checkbox(value=value, description=what, indent=False)
