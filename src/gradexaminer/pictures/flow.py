"""An update as boxes and the gradient's ways between them: a critic's loss, and an actor's.

The kinds of edges are those of the course's own figures: what carries gradient, what leaks, and what is held back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FLOW, LEAK, CUT, BLOCKED, COPY, IDLE, UNSEEN = "flow", "leak", "cut", "blocked", "copy", "idle", "unseen"
MEANING = {
    FLOW: "carries gradient",
    LEAK: "leaks",
    CUT: "is cut",
    BLOCKED: "held back, as it should be",
    COPY: "copies weights",
    IDLE: "carries none",
    UNSEEN: "not seen",
}
ARROWS = {FLOW: "==>", LEAK: "~~>", CUT: "-x-"}
CRITIC, ACTOR = "critic", "actor"


@dataclass(frozen=True)
class Node:
    """A box: its middle, in the picture's units, and its name."""

    x: int
    y: int
    name: str


@dataclass(frozen=True)
class Edge:
    """A way from one box to another, and whether it carries gradient."""

    start: str
    end: str
    kind: str


@dataclass(frozen=True)
class Flow:
    """One picture. The keys of `nodes` name the ends of the edges; `marked` are boxes in which a finding lies."""

    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    marked: frozenset[str] = frozenset()

    def words(self) -> str:
        """What the picture shows, for whoever does not see it."""
        parts = []
        for kind, meaning in MEANING.items():
            ways = [e for e in self.edges if e.kind == kind]
            if ways:
                parts.append(f"{meaning}: " + ", ".join(f"{self._name(e.start)} to {self._name(e.end)}" for e in ways))
        if self.marked:
            parts.append("the finding lies in: " + ", ".join(self._name(m) for m in sorted(self.marked)))
        text = "; ".join(parts)
        return text[:1].upper() + text[1:] + "."

    def _name(self, key: str) -> str:
        return self.nodes[key].name


NODES: dict[str, dict[str, Node]] = {
    CRITIC: {
        "loss": Node(640, 80, "loss"),
        "prediction": Node(440, 80, "Q(s, a)"),
        "others": Node(440, 24, "Q(s, other actions)"),
        "online": Node(250, 80, "online network"),
        "optimizer": Node(74, 80, "optimizer"),
        "label": Node(440, 146, "label y"),
        "target": Node(250, 146, "target network"),
    },
    ACTOR: {
        "loss": Node(656, 44, "actor's loss"),
        "value": Node(512, 44, "Q(s, mu(s))"),
        "critic": Node(372, 44, "critic"),
        "action": Node(232, 44, "action mu(s)"),
        "actor": Node(92, 44, "actor"),
        "actor's optimizer": Node(92, 130, "actor's optimizer"),
        "critic's optimizer": Node(372, 130, "critic's optimizer"),
    },
}
RIGHT: dict[str, dict[tuple[str, str], str]] = {
    CRITIC: {
        ("loss", "prediction"): FLOW,
        ("prediction", "online"): FLOW,
        ("online", "optimizer"): FLOW,
        ("loss", "others"): BLOCKED,
        ("loss", "label"): BLOCKED,
        ("online", "target"): COPY,
    },
    ACTOR: {
        ("loss", "value"): FLOW,
        ("value", "critic"): FLOW,
        ("critic", "action"): FLOW,
        ("action", "actor"): FLOW,
        ("actor", "actor's optimizer"): FLOW,
        ("critic", "critic's optimizer"): BLOCKED,
    },
}


def make_flow(
    which: str, changed: Mapping[tuple[str, str], str], marked: frozenset[str] = frozenset(), *, discrete: bool = True
) -> Flow:
    """Return the right update's picture with some ways changed.

    Parameters
    ----------
    which : str
        `critic` or `actor`.
    changed : mapping
        From (start, end) to another kind; a way that no right update has is added.
    marked : frozenset of str
        Boxes in which the finding lies.
    discrete : bool
        Whether the critic has outputs of other actions.
    """
    ways = {**RIGHT[which], **changed}
    hidden = set() if discrete else {"others"}
    nodes = {key: node for key, node in NODES[which].items() if key not in hidden}
    edges = tuple(Edge(a, b, kind) for (a, b), kind in ways.items() if not hidden & {a, b})
    return Flow(nodes, edges, marked)


def as_lines(flow: Flow) -> list[str]:
    """Return the ways on which gradient leaks or is cut, each as a line of text such as `loss ~~> label y`."""
    lines = []
    for edge in _unusual(flow):
        path = [edge]
        while before := next((e for e in flow.edges if e.end == path[0].start and e.kind in (FLOW, LEAK)), None):
            path.insert(0, before)
        ways = (f"{ARROWS[e.kind]} {flow.nodes[e.end].name}" for e in path)
        lines.append(" ".join([flow.nodes[path[0].start].name, *ways]))
    return lines


def _unusual(flow: Flow) -> list[Edge]:
    """Edges that leak or are cut; of several leaks one after another the last, since its line shows them all."""
    leaks = [e for e in flow.edges if e.kind == LEAK]
    return [e for e in flow.edges if e.kind == CUT or (e in leaks and e.end not in {x.start for x in leaks})]
