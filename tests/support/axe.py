"""Run axe-core on an open page, from the file that axe-playwright-python carries: no network is needed."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

OPTIONS = "resultTypes: ['violations'], preload: false"
LINKS = "['link-in-text-block']"  # beside contrast, the one rule that compares colors
# axe looks at the contrast of every piece of text, and at what lies in front of it: half a minute for the thousands of
# pieces of a lesson. Of those with the same ink, ground, size and opacity, which have one contrast, it gets three.
KINDS_OF_TEXT = """() => {
    const seen = {}, ground = e => { for (; e; e = e.parentElement) { const s = getComputedStyle(e);
        if (s.backgroundImage !== 'none' || !/, 0\\)$|^transparent$/.test(s.backgroundColor))
            return s.backgroundColor + s.backgroundImage; } return ''; };
    const faint = e => { let o = 1; for (; e; e = e.parentElement) o *= getComputedStyle(e).opacity; return o; };
    document.querySelectorAll('[data-contrast]').forEach(e => e.removeAttribute('data-contrast'));
    for (const e of document.body.querySelectorAll('*')) {
        const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
        if (!own || !e.checkVisibility({visibilityProperty: true})) continue;
        const s = getComputedStyle(e);
        const kind = [s.color, ground(e), s.fontSize, s.fontWeight, faint(e), s.textShadow, e.tagName].join('|');
        seen[kind] = (seen[kind] || 0) + 1;
        if (seen[kind] <= 3) e.setAttribute('data-contrast', '');
    }
    return Object.keys(seen).length;
}"""


def serious(page: Page, part: str = "body", colors_alone: bool = False) -> list[str]:
    """Return what axe finds serious or critical: rule, reason, and up to three places of each.

    `part` is a selector of what is examined, by default the whole page. ``colors_alone`` leaves out the rules that ask
    for no color: for a page that has been examined in its other scheme.
    """
    where = find_spec("axe_playwright_python")
    assert where is not None, "axe-playwright-python is missing: see the test extra in pyproject.toml"
    program = (Path(where.origin or "").parent / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(program + "; undefined")  # not as a script of the page's, which some pages rightly forbid
    assert page.evaluate(KINDS_OF_TEXT) > 0
    where_from = "" if part == "body" else f"{part} "
    colored = json.dumps({"include": [[f"{where_from}[data-contrast]"]]})
    contrast = _run(page, colored, "runOnly: ['color-contrast']")
    whole = "document" if part == "body" else json.dumps({"include": [[part]]})
    others = f"runOnly: {LINKS}" if colors_alone else "rules: {'color-contrast': {enabled: false}}"
    found = contrast + _run(page, whole, others)
    bad = [v for v in found if v["impact"] in ("serious", "critical")]
    return [f"{v['id']}: {v['help']}: {n['html'][:150]}" for v in bad for n in v["nodes"][:3]]


def _run(page: Page, where: str, rules: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(f"axe.run({where}, {{{OPTIONS}, {rules}}})")["violations"]
    return found
