"""Mutation operators: small changes to one function that most often make a right one wrong.

Each operator looks at one node of the syntax tree and yields what may stand in its place. They are the mistakes that
people make with arrays and gradients: a sign, an axis, a reduction, a mask, a dropped ``detach``, an index off by one.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

Operator = Callable[[ast.AST], Iterator[ast.AST]]

ARITHMETIC: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.MatMult: (ast.Mult,),
    ast.BitAnd: (ast.BitOr, ast.BitXor),
    ast.BitOr: (ast.BitAnd, ast.BitXor),
    ast.FloorDiv: (ast.Div,),
    ast.Mod: (ast.FloorDiv,),
}
COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq, ast.LtE),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
}
FUNCTIONS = {
    "sum": ("mean", "max", "prod"),
    "mean": ("sum", "max", "min"),
    "max": ("min", "mean", "argmax"),
    "min": ("max", "mean"),
    "amax": ("amin", "mean"),
    "argmax": ("argmin", "max"),
    "maximum": ("minimum",),
    "minimum": ("maximum",),
    "tanh": ("sin", "sinh"),
    "exp": ("expm1",),
    "sqrt": ("square",),
    "outer": ("inner",),
    "concatenate": ("stack",),
    "zeros_like": ("ones_like",),
    "zeros": ("ones",),
    "ones_like": ("zeros_like",),
    "ones": ("zeros",),
    "floor": ("ceil",),
    "add": ("subtract",),
    "subtract": ("add",),
    "multiply": ("divide",),
    "square": ("abs",),
}
REDUCTIONS = {"sum", "mean", "max", "min", "amax", "argmax", "prod"}
UFUNCS: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
}


def arithmetic(node: ast.AST) -> Iterator[ast.AST]:
    """Another operator, either operand alone, the operands the other way round."""
    if not isinstance(node, ast.BinOp):
        return
    for other in ARITHMETIC.get(type(node.op), ()):
        yield ast.BinOp(node.left, other(), node.right)
    yield node.left
    yield node.right
    if isinstance(node.op, ast.Sub | ast.Div | ast.MatMult | ast.Pow):
        yield ast.BinOp(node.right, node.op, node.left)


def sign(node: ast.AST) -> Iterator[ast.AST]:
    """A minus dropped, or put before what is returned, or before one argument of a call."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        yield node.operand
    if isinstance(node, ast.Return) and node.value is not None:
        parts = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
        for k, part in enumerate(parts):
            turned = [ast.UnaryOp(ast.USub(), p) if i == k else p for i, p in enumerate(parts)]
            tuple_ = ast.Tuple(turned, ast.Load()) if isinstance(node.value, ast.Tuple) else turned[0]
            if not isinstance(part, ast.Constant | ast.Dict):
                yield ast.Return(tuple_)


def comparison(node: ast.AST) -> Iterator[ast.AST]:
    """A neighboring comparison, and its negation; ``and`` for ``or``."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in COMPARISONS.get(type(node.ops[0]), ()):
            yield ast.Compare(node.left, [other()], node.comparators)
    if isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
        yield from node.values


def condition(node: ast.AST) -> Iterator[ast.AST]:
    """A condition that always holds, never, or the other way round."""
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        tests: list[ast.expr] = [ast.UnaryOp(ast.Not(), node.test), ast.Constant(False)]
        if not isinstance(node, ast.While):
            tests.append(ast.Constant(True))
        for test in tests:
            yield type(node)(test, node.body, node.orelse)  # type: ignore[arg-type]


def constant(node: ast.AST) -> Iterator[ast.AST]:
    """A number one more, one less, doubled, negated; a flag turned."""
    if not isinstance(node, ast.Constant):
        return
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int | float):
        yield from (ast.Constant(v) for v in dict.fromkeys((value + 1, value - 1, 2 * value, -value)) if v != value)


def keyword(node: ast.AST) -> Iterator[ast.AST]:
    """A keyword argument left out; another axis; ``keepdims`` given."""
    if not isinstance(node, ast.Call):
        return
    for k, given in enumerate(node.keywords):
        rest = [*node.keywords[:k], *node.keywords[k + 1 :]]
        yield ast.Call(node.func, node.args, rest)
        if given.arg in ("axis", "dim"):
            for value in (0, 1, -1, None):
                yield ast.Call(node.func, node.args, [*rest, ast.keyword(given.arg, ast.Constant(value))])
    if _called(node) in REDUCTIONS:
        names = {k.arg for k in node.keywords}
        if names & {"axis", "dim"} and "keepdims" not in names:
            yield ast.Call(node.func, node.args, [*node.keywords, ast.keyword("keepdims", ast.Constant(True))])
        if not names & {"axis", "dim"}:
            yield ast.Call(node.func, node.args, [*node.keywords, ast.keyword("axis", ast.Constant(0))])


def function(node: ast.AST) -> Iterator[ast.AST]:
    """Another function of the same kind: sum for mean, max for min, ones for zeros."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
        for other in FUNCTIONS.get(_called(node), ()):
            if isinstance(node.func, ast.Attribute):
                func: ast.expr = ast.Attribute(node.func.value, other, ast.Load())
            else:
                func = ast.Name(other, ast.Load())
            yield ast.Call(func, node.args, node.keywords)


def dropped_call(node: ast.AST) -> Iterator[ast.AST]:
    """A call left out: ``x.detach()``, ``x.copy()`` and ``np.abs(x)`` become ``x``."""
    if isinstance(node, ast.Call):
        function = node.func
        if isinstance(function, ast.Attribute) and (not node.args or not isinstance(function.value, ast.Name)):
            yield function.value
        if node.args and not isinstance(node.args[0], ast.Starred):
            yield node.args[0]
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield node.value
    if isinstance(node, ast.With):
        yield ast.If(ast.Constant(True), node.body, [])


def argument_order(node: ast.AST) -> Iterator[ast.AST]:
    """Two neighboring arguments swapped, or two parts of a tuple."""
    if isinstance(node, ast.Call):
        for args in _swapped(node.args):
            yield ast.Call(node.func, args, node.keywords)
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load):
        for elts in _swapped(node.elts):
            yield ast.Tuple(elts, ast.Load())


def _swapped(parts: Sequence[ast.expr]) -> Iterator[list[ast.expr]]:
    for k in range(len(parts) - 1):
        if not any(isinstance(p, ast.Starred) for p in parts[k : k + 2]):
            yield [*parts[:k], parts[k + 1], parts[k], *parts[k + 2 :]]


def index(node: ast.AST) -> Iterator[ast.AST]:
    """An index or a bound off by one, or left out; rows for columns."""
    if not isinstance(node, ast.Subscript):
        return
    if isinstance(node.ctx, ast.Load):
        yield node.value
    for moved in _moved(node.slice):
        yield ast.Subscript(node.value, moved, node.ctx)


def _moved(where: ast.expr) -> Iterator[ast.expr]:
    if isinstance(where, ast.Slice):
        for name in ("lower", "upper"):
            bound = getattr(where, name)
            for by in (1, -1):
                new = ast.Constant(by) if bound is None else _plus(bound, by)
                lower, upper = (new, where.upper) if name == "lower" else (where.lower, new)
                yield ast.Slice(lower, upper, where.step)
    elif isinstance(where, ast.Tuple):
        for k, part in enumerate(where.elts):
            for new in _moved(part):
                yield ast.Tuple([*where.elts[:k], new, *where.elts[k + 1 :]], ast.Load())
        if len(where.elts) > 1:
            yield where.elts[0]
            yield ast.Tuple(where.elts[::-1], ast.Load())
    elif isinstance(where, ast.Name):
        yield _plus(where, -1)
        yield ast.Slice()


def _plus(value: ast.expr, by: int) -> ast.expr:
    return ast.BinOp(value, ast.Add() if by > 0 else ast.Sub(), ast.Constant(1))


def off_by_one(node: ast.AST) -> Iterator[ast.AST]:
    """One too many or too few: of a range, of a length."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("range", "len"):
        if node.func.id == "len":
            yield _plus(node, 1)
            yield _plus(node, -1)
        else:
            last = node.args[-1]
            for by in (1, -1):
                yield ast.Call(node.func, [*node.args[:-1], _plus(last, by)], [])
            if len(node.args) == 1:
                yield ast.Call(node.func, [ast.Constant(1), last], [])


def transposed(node: ast.AST) -> Iterator[ast.AST]:
    """One factor of a matrix product transposed."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        yield ast.BinOp(ast.Attribute(node.left, "T", ast.Load()), node.op, node.right)
        yield ast.BinOp(node.left, node.op, ast.Attribute(node.right, "T", ast.Load()))


def statement(node: ast.AST) -> Iterator[ast.AST]:
    """A statement left out, or done twice; a loop that ends after its first round."""
    if isinstance(node, ast.Expr | ast.Assign | ast.AugAssign | ast.For | ast.If | ast.With):
        yield ast.Pass()
    if isinstance(node, ast.Expr | ast.AugAssign):
        yield ast.If(ast.Constant(True), [node, node], [])
    if isinstance(node, ast.For):
        yield ast.For(node.target, node.iter, [*node.body, ast.Break()], [])
    if isinstance(node, ast.Continue | ast.Break):
        yield ast.Pass()
    if isinstance(node, ast.AugAssign):
        yield ast.Assign([node.target], node.value, lineno=0)
        for other in ARITHMETIC.get(type(node.op), ()):
            yield ast.AugAssign(node.target, other(), node.value)


def in_place(node: ast.AST) -> Iterator[ast.AST]:
    """A result written into the left operand's own array."""
    if isinstance(node, ast.BinOp) and isinstance(node.left, ast.Name) and type(node.op) in UFUNCS:
        ufunc = ast.Attribute(ast.Name("np", ast.Load()), UFUNCS[type(node.op)], ast.Load())
        yield ast.Call(ufunc, [node.left, node.right], [ast.keyword("out", node.left)])


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


OPERATORS: dict[str, Operator] = {
    found.__name__: found
    for found in (
        arithmetic,
        sign,
        comparison,
        condition,
        constant,
        keyword,
        function,
        dropped_call,
        argument_order,
        index,
        off_by_one,
        transposed,
        statement,
        in_place,
    )
}
