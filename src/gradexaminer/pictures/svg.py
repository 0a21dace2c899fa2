"""A picture of the gradient's ways as SVG: no script, nothing fetched; light and dark by the reader's theme."""

from __future__ import annotations

from html import escape

from gradexaminer.pictures.flow import BLOCKED, COPY, CUT, FLOW, IDLE, LEAK, MEANING, UNSEEN, Edge, Flow, Node

WIDTH, HALF_HEIGHT, LETTER, PADDING = 720, 15, 3.9, 12
HEAD = 8.0  # length of an arrow's head
# Okabe and Ito's colors, as in the lessons' figures; darker on a light page, so that each has a contrast of 3 or more.
STYLE = """
.gx-picture{max-width:100%;height:auto;font:13px system-ui,sans-serif;color:inherit;
 --gx-flow:#c24e00;--gx-leak:#a8437c;--gx-blocked:#0072b2;--gx-ink:currentColor}
@media (prefers-color-scheme:dark){.gx-picture{--gx-flow:#f08a45;--gx-leak:#e29ac4;--gx-blocked:#56b4e9}}
.gx-picture text{fill:var(--gx-ink)}
.gx-picture rect{fill:none;stroke:var(--gx-ink);stroke-opacity:.6}
.gx-picture .gx-marked{stroke:var(--gx-leak);stroke-opacity:1;stroke-width:3}
.gx-picture path{fill:none;stroke-width:2}
.gx-flow path{stroke:var(--gx-flow)}.gx-flow polygon{fill:var(--gx-flow)}
.gx-leak path{stroke:var(--gx-leak);stroke-dasharray:7 3;stroke-width:3}.gx-leak polygon{fill:var(--gx-leak)}
.gx-cut path{stroke:var(--gx-leak)}.gx-cut path:first-child{stroke-dasharray:2 4}
.gx-blocked path{stroke:var(--gx-blocked)}.gx-blocked path:first-child{stroke-dasharray:4 4}
.gx-copy path,.gx-idle path,.gx-unseen path{stroke:var(--gx-ink);stroke-opacity:.6;stroke-width:1}
.gx-copy polygon{fill:var(--gx-ink)}
.gx-idle path{stroke-dasharray:1 4}.gx-unseen path{stroke-dasharray:1 7}
"""


def as_svg(flow: Flow, key: str, title: str) -> str:
    """Return an `<svg>` element that stands alone.

    Parameters
    ----------
    flow : Flow
    key : str
        What makes its ids unique on a page: letters, digits and hyphens.
    title : str
        Any text; it is escaped.
    """
    top = max(node.y for node in flow.nodes.values()) + HALF_HEIGHT + 30
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="gx-picture" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" '
        f'role="img" aria-labelledby="{key}-title {key}-desc">',
        f'<title id="{key}-title">{escape(title)}</title>',
        f'<desc id="{key}-desc">{escape(flow.words())}</desc>',
        f"<style>{STYLE}</style>",
        *(_edge(flow, e) for e in flow.edges),
        *(_box(node, marked=name in flow.marked) for name, node in flow.nodes.items()),
        _legend(flow, top - 8),
        "</svg>",
    ]
    return "".join(parts)


def _half_width(node: Node) -> float:
    return LETTER * len(node.name) + PADDING


def _box(node: Node, *, marked: bool) -> str:
    half = _half_width(node)
    kind = ' class="gx-marked"' if marked else ""
    return (
        f'<rect{kind} x="{node.x - half:.0f}" y="{node.y - HALF_HEIGHT}" width="{2 * half:.0f}" '
        f'height="{2 * HALF_HEIGHT}" rx="5"/><text x="{node.x}" y="{node.y + 4}" text-anchor="middle">'
        f"{escape(node.name)}</text>"
    )


def _edge(flow: Flow, edge: Edge) -> str:
    a, b = flow.nodes[edge.start], flow.nodes[edge.end]
    return f'<g class="gx-{edge.kind}">{_line(_border(a, b), _border(b, a), edge.kind)}</g>'


def _border(node: Node, other: Node) -> tuple[float, float]:
    """Where the line between two boxes' middles leaves the first box, a little outside."""
    dx, dy = other.x - node.x, other.y - node.y
    share = min(
        (_half_width(node) + 3) / abs(dx) if dx else float("inf"),
        (HALF_HEIGHT + 3) / abs(dy) if dy else float("inf"),
    )
    return node.x + share * dx, node.y + share * dy


def _line(start: tuple[float, float], end: tuple[float, float], kind: str) -> str:
    (x0, y0), (x1, y1) = start, end
    length = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1e-9)
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    mx, my = (x0 + x1) / 2, (y0 + y1) / 2
    shaft = f'<path d="M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}"/>'
    if kind in (FLOW, LEAK, COPY):
        bx, by = x1 - HEAD * ux, y1 - HEAD * uy
        corners = ((x1, y1), (bx - HEAD / 2 * uy, by + HEAD / 2 * ux), (bx + HEAD / 2 * uy, by - HEAD / 2 * ux))
        return shaft + '<polygon points="' + " ".join(f"{x:.1f},{y:.1f}" for x, y in corners) + '"/>'
    if kind == BLOCKED:
        return shaft + f'<path d="M{mx - 8 * uy:.1f} {my + 8 * ux:.1f}L{mx + 8 * uy:.1f} {my - 8 * ux:.1f}"/>'
    if kind == CUT:
        return shaft + "".join(
            f'<path d="M{mx - 6:.1f} {my - 6 * s:.1f}L{mx + 6:.1f} {my + 6 * s:.1f}"/>' for s in (1, -1)
        )
    return shaft


def _legend(flow: Flow, y: float) -> str:
    """Samples of the kinds that are drawn, each with its meaning, along the lower edge."""
    x, parts = 14.0, []
    for kind in (FLOW, BLOCKED, LEAK, CUT, COPY, IDLE, UNSEEN):
        if any(e.kind == kind for e in flow.edges):
            parts.append(f'<g class="gx-{kind}">{_line((x, y - 4), (x + 30, y - 4), kind)}</g>')
            parts.append(f'<text x="{x + 36:.0f}" y="{y:.0f}">{MEANING[kind]}</text>')
            x += 36 + 2 * LETTER * 0.85 * len(MEANING[kind]) + 16
    return "".join(parts)
