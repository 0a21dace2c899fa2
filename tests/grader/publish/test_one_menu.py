"""The menu of the modules' pages is made once, and each page has its own place open in it."""

from __future__ import annotations

import importlib.util

import pytest

from grader.course import ROOT

SPEC = importlib.util.spec_from_file_location("one_menu", ROOT / "docs" / "_sphinx" / "one_menu.py")
assert SPEC
assert SPEC.loader
one_menu = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(one_menu)


def by_sphinx(page: str) -> str:
    places = [one_menu.OPEN if name == page else one_menu.CLOSED.format(name) for name in ("check", "check.api", "rl")]
    return "".join(f"{place}name</a></li>" for place in places)


def test_each_page_gets_the_menu_that_sphinx_would_make_and_the_first_alone_is_made() -> None:
    menus, made = one_menu.Menus(), []

    def make(page: str, **options: object) -> str:
        made.append((page, options))
        return by_sphinx(page)

    for page in ("check.api", "check", "rl", "check.api"):
        assert menus.of(page, lambda page=page, **options: make(page, **options), maxdepth=-1) == by_sphinx(page)
    assert made == [("check.api", {"maxdepth": -1})]


def test_a_page_that_is_not_in_the_menu_is_no_silent_fault() -> None:
    menus = one_menu.Menus()
    menus.of("rl", lambda **_: by_sphinx("rl"))
    with pytest.raises(AssertionError, match="gone is not in the menu"):
        menus.of("gone", lambda **_: by_sphinx("gone"))
