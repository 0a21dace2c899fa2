"""Mutation operators on a function as a whole: what is done to its arguments and to its result.

They are the mistakes that no change of one expression makes: single precision, results rounded or clipped "for
stability", a network left changed, a value kept from call to call.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

# At the beginning, of one argument.
ARGUMENT = {
    "float32": "{x} = np.asarray({x}, np.float32)",
    "float32-tensor": "{x} = {x}.float()",
    "whole-numbers": "{x} = np.trunc({x})",
    "nothing-negative": "{x} = np.maximum({x}, 0)",
    "clipped-at-1": "{x} = np.clip({x}, -1.0, 1.0)",
    "clipped-at-5": "{x} = np.clip({x}, -5.0, 5.0)",
    "first-row-only": "{x} = np.broadcast_to({x}[:1], {x}.shape)",
    "sorted": "{x} = np.sort({x}, axis=0)",
    "taken-for-1": "{x} = 1.0 + 0 * {x}",
    "taken-for-0": "{x} = 0 * {x}",
    "reversed": "{x} = {x}[::-1]",
}
# At the end, of one argument; the result is kept in _result.
STATE = {
    "overwritten": "{x}[...] = 0",
    "nudged": "{x} += 1e-3",
    "tensor-nudged": "{x}.data.add_(1e-3)",
    "flag-off": "{x}.requires_grad_(False)",
    "grad-left": "{x}.grad = {x}.detach().clone()",
    "weights-nudged": "for _p in {x}.parameters(): _p.data.add_(1e-3)",
    "weights-nudged-in-numpy": "{x}.flat += 1e-3",
    "flags-off": "for _p in {x}.parameters(): _p.requires_grad_(False)",
    "gradients-left": "for _p in {x}.parameters(): _p.grad = _p.detach().clone()",
    "gradients-gone": "for _p in {x}.parameters(): _p.grad = None",
    "left-in-eval": "{x}.eval()",
    "batch-nudged": "{x}.reward[...] = {x}.reward + 1e-3",
    "observations-nudged": "{x}.obs[...] = {x}.obs + 1e-3",
    "smaller-steps": "{x}.param_groups[0]['lr'] *= 0.5",
    "optimizer-forgets": "{x}.state.clear()",
    "another-step": "{x}.step()",
}
RESULT = {
    "result-rounded": "_result = np.round(_result, 6)",
    "result-float32": "_result = np.float64(np.float32(_result))",
    "result-clipped-at-1": "_result = np.clip(_result, -1.0, 1.0)",
    "result-clipped-at-10": "_result = np.clip(_result, -10.0, 10.0)",
    "result-normed": "_result = _result / max(1.0, float(np.linalg.norm(_result)))",
    "result-without-nothing": "_result = np.where(np.abs(_result) < 1e-3, 0.0, _result)",
    "result-doubled": "_result = 2 * _result",
    "result-plus-constant": "_result = _result + 1e-6",
    "result-detached": "_result = _result.detach()",
    "result-a-list": "_result = list(_result)",
    "result-a-column": "_result = np.asarray(_result)[..., None]",
    "result-flat": "_result = np.ravel(_result)",
    "result-transposed": "_result = np.transpose(_result)",
    "result-averaged": "_result = _result / len(_result)",
}
KEPT = "if not hasattr({f}, 'kept'): {f}.kept = {x}\n{x} = {f}.kept"


def whole_function(tree: ast.FunctionDef) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield every change of the tables to this function, with the operator's name."""
    names = [a.arg for a in tree.args.args]
    for x in names:
        for operator, text in ARGUMENT.items():
            yield operator, _with(tree, text.format(x=x), [])
        for operator, text in STATE.items():
            yield operator, _with(tree, "", [text.format(x=x)])
        yield "kept-from-the-first-call", _with(tree, KEPT.format(f=tree.name, x=x), [])
    for operator, text in RESULT.items():
        yield operator, _with(tree, "", [text])


class _BeforeReturn(ast.NodeTransformer):
    """Every ``return value`` as ``_result = value``, some statements, and ``return _result``."""

    def __init__(self, statements: list[ast.stmt]) -> None:
        self.statements = statements

    def visit_Return(self, node: ast.Return) -> ast.stmt | list[ast.stmt]:
        value = node.value or ast.Constant(None)
        kept = ast.Assign([ast.Name("_result", ast.Store())], value, lineno=0)
        return [kept, *self.statements, ast.Return(ast.Name("_result", ast.Load()))]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        return node  # another function's returns

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        return node


def _with(tree: ast.FunctionDef, first: str, last: list[str]) -> ast.FunctionDef:
    """Return a copy of the function with statements at its beginning and before each of its returns."""
    copy = ast.parse(ast.unparse(tree)).body[0]
    assert isinstance(copy, ast.FunctionDef)
    statements = [s for text in last for s in ast.parse(text).body]
    if statements:
        transformer = _BeforeReturn(statements)
        body: list[ast.stmt] = []
        for part in copy.body:
            new = transformer.visit(part)
            body += new if isinstance(new, list) else [new]
        if not isinstance(copy.body[-1], ast.Return):
            body += statements
        copy.body = body
    copy.body = [*ast.parse(first).body, *copy.body]
    return copy
