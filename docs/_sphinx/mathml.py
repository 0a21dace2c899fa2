"""Formulas on the site as MathML, made while it is built."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes

from grader.nbgrader_bridge.mathml import mathml  # Sphinx runs in the checkout's top folder

_WORD = re.compile(r"\\[A-Za-z]+|\\.|[^\\]", re.S)


def _inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(mathml(node.astext(), block=False))
    raise nodes.SkipNode


def _block(translator: Any, node: nodes.math_block) -> None:
    whole = "".join(mathml(part, block=True) for part in parts(node.astext()))
    translator.body.append(f'<div class="formula">{whole}</div>')
    raise nodes.SkipNode


def parts(latex: str) -> list[str]:
    """Split a formula where it has a wide space outside of braces, brackets and tables: there it may break its line."""
    found, depth = [""], 0
    for word in _WORD.findall(latex):
        depth += word in ("{", r"\left", r"\begin")
        depth -= word in ("}", r"\right", r"\end")
        if word in (r"\quad", r"\qquad") and depth == 0:
            found.append("")
        else:
            found[-1] += word
    return [part for part in found if part.strip()]


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx as the math renderer ``mathml``."""
    app.add_html_math_renderer("mathml", inline_renderers=(_inline, None), block_renderers=(_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
