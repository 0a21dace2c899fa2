"""Run axe-core on an open page, from the file that axe-playwright-python carries: no network is needed."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from playwright.sync_api import Page


def serious(page: Page) -> list[str]:
    """Return what axe finds serious or critical: rule, reason, and up to three places of each."""
    where = find_spec("axe_playwright_python")
    assert where is not None, "axe-playwright-python is missing: see the test extra in pyproject.toml"
    program = (Path(where.origin or "").parent / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(program + "; undefined")  # not as a script of the page's, which some pages rightly forbid
    found = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")["violations"]
    bad = [v for v in found if v["impact"] in ("serious", "critical")]
    return [f"{v['id']}: {v['help']}: {n['html'][:150]}" for v in bad for n in v["nodes"][:3]]
