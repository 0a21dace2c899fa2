"""One change at a time in the lines that an update runs: a fault each, of a kind that people make.

A change replaces one expression or statement in the file's text and leaves everything else as it stands. Whether it is
a fault at all is for a reader to say where the examiner says nothing: a change may be without effect.
"""

from __future__ import annotations

import ast
import random
import re
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from itertools import accumulate

FLAG = re.compile(r"done|terminal|terminat|mask|finish|is_end|non_final|not_d", re.IGNORECASE)
GAMMA = re.compile(r"(self\.|args\.|cfg\.)?\w*(gamma|discount)\w*", re.IGNORECASE)
REWARD = re.compile(r"(self\.)?(\w*reward\w*|r|rew|R)(\[.*\])?(\.\w+\([^()]*\))*")
LOG_PI = re.compile(r"log_?p|log_pi|entropy", re.IGNORECASE)
ONE = re.compile(r"1(\.0?)?")
COLUMN = re.compile(r"\(-1, ?1\)$")


@dataclass(frozen=True)
class Change:
    """A change to one place of a file.

    Attributes
    ----------
    kind : str
        Such as `mask dropped`.
    line : int
        Of the file, from 1 on.
    old, new : str
        What stood there, and what stands there now.
    text : str
        The whole file's text with it.
    """

    kind: str
    line: int
    old: str
    new: str
    text: str


Rewritten = Iterator[tuple[str, str]]  # kinds of changes of a node, and the text that takes its place
Said = Callable[[ast.AST], str]  # a node's text


def changes_of(text: str, lines: Set[int]) -> list[Change]:
    """Return every change to these lines of a file, in the order of the file's nodes."""
    tree, raw = ast.parse(text), text.encode()
    starts = list(accumulate((len(line.encode()) for line in text.splitlines(keepends=True)), initial=0))
    names = _names(tree)

    def place(n: ast.AST) -> tuple[int, int]:
        return starts[n.lineno - 1] + n.col_offset, starts[n.end_lineno - 1] + n.end_col_offset  # type: ignore[attr-defined]

    def said(n: ast.AST) -> str:
        first, last = place(n)
        return raw[first:last].decode()

    found = []
    for node in ast.walk(tree):
        if getattr(node, "lineno", 0) not in lines and getattr(node, "end_lineno", 0) not in lines:
            continue
        for kind, new in _rewritten(node, said, names):
            first, last = place(node)
            changed = (raw[:first] + new.encode() + raw[last:]).decode()
            found.append(Change(kind, node.lineno, said(node), new, changed))  # type: ignore[attr-defined]
    return found


def _names(tree: ast.AST) -> set[str]:
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    return names | {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}


def some_of(found: list[Change], most: int, seed: str) -> list[Change]:
    """Return at most so many, drawn at random: one of each kind first, and never more than two of a kind."""
    drawn = list(found)
    random.Random(seed).shuffle(drawn)
    rank = {id(c): sum(d.kind == c.kind for d in drawn[:k]) for k, c in enumerate(drawn)}
    return sorted((c for c in drawn if rank[id(c)] < 2), key=lambda c: rank[id(c)])[:most]


def _rewritten(node: ast.AST, said: Said, names: set[str]) -> Rewritten:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield from _of_statement(node.value, said)
    elif isinstance(node, ast.Call):
        yield from _of_call(node, said)
    elif isinstance(node, ast.BinOp):
        yield from _of_sum_or_product(node, said)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "sign dropped", f"({said(node.operand)})"
    elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
        yield from _of_name(node, said, names)


def _of_statement(call: ast.Call, said: Said) -> Rewritten:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name == "zero_grad":
        yield "gradients not zeroed", "pass"
    if name == "step" and "opt" in said(call.func).lower():
        yield "step dropped", "pass"


def _of_call(call: ast.Call, said: Said) -> Rewritten:
    if not isinstance(call.func, ast.Attribute):
        return
    name, of, given = call.func.attr, said(call.func.value), [said(a) for a in call.args]
    if name == "detach":
        yield "detach dropped", f"({of})"
    if name == "no_grad":
        yield "no_grad opened", "torch.enable_grad()"
    if name == "unsqueeze" or (name in {"view", "reshape"} and COLUMN.search(said(call))):
        yield "column dropped", f"({of})"
    if name == "gather" and len(given) == 2:
        yield "first output taken", f"({of}).gather({given[0]}, torch.zeros_like({given[1]}))"
    if name == "max" and given and of != "torch":
        more = [f"{k.arg}={said(k.value)}" for k in call.keywords]
        yield "smallest for largest", f"({of}).min({', '.join([*given, *more])})"
    if name in {"min", "minimum"} and of == "torch":
        yield "larger of two", said(call).replace("torch.min", "torch.max", 1)


def _of_sum_or_product(node: ast.BinOp, said: Said) -> Rewritten:
    left, right = said(node.left), said(node.right)
    both = [(left, right), (right, left)]
    if isinstance(node.op, ast.Mult):
        yield from (("mask dropped", f"({b})") for a, b in both if FLAG.search(a) and not FLAG.search(b))
        yield from (("gamma dropped", f"({b})") for a, b in both if GAMMA.fullmatch(a))
        if re.search("alpha", left, re.IGNORECASE) and LOG_PI.search(right):
            yield "entropy dropped", f"(0.0 * {right})"
    if isinstance(node.op, ast.Add):
        yield from (("reward dropped", f"({b})") for a, b in both if REWARD.fullmatch(a) and "reward" not in b)
        swapped = _swapped_tau(said(node)) if all("tau" in x.lower() for x in (left, right)) else ""
        yield from [("tau swapped", swapped)] if swapped else []
    if isinstance(node.op, ast.Sub) and FLAG.search(right) and ONE.fullmatch(left):
        yield "mask inverted", f"({right})"
    if isinstance(node.op, ast.Add | ast.Sub) and "alpha" in (left + right).lower() and LOG_PI.search(left + right):
        yield "entropy's sign", f"({left} {'+' if isinstance(node.op, ast.Sub) else '-'} {right})"


def _swapped_tau(text: str) -> str:
    """`tau * a + (1 - tau) * b` with both weights exchanged; empty where it is written in another way."""
    found = re.search(r"\(?1(?:\.0?)? ?- ?((?:self\.|args\.)?\w*tau\w*)\)?", text, re.IGNORECASE)
    if not found:
        return ""
    name = found.group(1)
    left = re.sub(rf"(?<![\w.]){re.escape(name)}(?!\w)", f"(1 - {name})", text.replace(found.group(0), "@"))
    return left.replace("@", name)


def _of_name(node: ast.Name | ast.Attribute, said: Said, names: set[str]) -> Rewritten:
    name = node.attr if isinstance(node, ast.Attribute) else node.id
    front = said(node)[: -len(name)]
    online = _without(name, "target", names)
    if online:
        yield "online for target", front + online
    current = _without(name, "next", names)
    if isinstance(node, ast.Name) and current and re.search(r"stat|obs|^s$|^x$|img", current):
        yield "s for s'", current


def _without(name: str, word: str, names: set[str]) -> str:
    """The same name without this word, if the file has such a name; else empty."""
    for part in (f"_{word}", f"{word}_", word, word.capitalize()):
        shorter = name.replace(part, "", 1)
        if part in name and shorter in names:
            return shorter
    return ""
