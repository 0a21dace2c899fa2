"""Mutants: every right solution that the course holds, changed in one place by one operator."""

from __future__ import annotations

import ast
import inspect
import warnings
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from itertools import chain
from types import CodeType
from typing import Any

import numpy as np

from grader.audit.mutation.operators import OPERATORS
from grader.audit.mutation.whole_function import whole_function
from grader.audit.namespaces import lesson_namespace, lesson_solution
from grader.bank.entry import Entry
from gradschool.core.exercise import Answer

DEFINED = (ast.FunctionDef, ast.ClassDef)  # what an exercise asks for


@dataclass(frozen=True)
class Solution:
    """A solution as text that can be defined anew: what an earlier run kept is gone.

    ``origin`` says whose it is: "reference", "lesson", or an alternative's name; ``operator`` and ``line`` what was
    changed and where, of a mutant; ``names`` are what its text may use.
    """

    exercise: str
    origin: str
    function: str
    source: str
    operator: str = ""
    names: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def title(self) -> str:
        """Which exercise, whose solution, what was changed."""
        return f"{self.exercise}: {self.origin}, {self.operator or 'as it is'}"

    def fresh(self) -> Answer:
        """Define the function anew and return it."""
        namespace = dict(self.names)
        exec(_compiled(self.source), namespace)  # noqa: S102  the course's own solutions, changed by an operator
        function: Answer = namespace[self.function]
        return function


@cache
def _compiled(source: str) -> CodeType:
    return compile(source, "<solution>", "exec")


def solutions(entry: Entry) -> list[Solution]:
    """Return the right solutions of an exercise: the bank's reference, the lesson's own, and each alternative."""
    exercise = entry.exercise
    torch = {"torch": import_module("torch")}
    found = [_reference(entry)]
    text = lesson_solution(exercise)
    found.append(Solution(exercise.id, "lesson", exercise.function, text, names=lesson_namespace(exercise) | torch))
    for variant in entry.alternatives:
        names = {"np": np, "numpy": np, **torch}
        found.append(Solution(exercise.id, variant.name, variant.function, variant.source, names=names))
    return found


def known_mistakes(entry: Entry) -> list[Solution]:
    """Return the known mistakes of the bank, to be examined as mutants are."""
    names = {"np": np, "numpy": np, "torch": import_module("torch")}
    return [Solution(entry.exercise.id, "known mistake", m.function, m.source, m.name, names) for m in entry.mutants]


def _reference(entry: Entry) -> Solution:
    """Return the reference as text: the ``reference`` of the entry's file, a function or a lambda."""
    part, _, name = entry.exercise.id.partition(".")
    module = import_module(f"grader.bank.{part}.{name}")
    calls = (n for n in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(n, ast.Call))
    given = next(k.value for c in calls for k in c.keywords if k.arg == "reference")
    if isinstance(given, ast.Lambda):
        tree = ast.parse(f"def {name}(): pass").body[0]
        assert isinstance(tree, ast.FunctionDef)
        tree.args, tree.body = given.args, [ast.Return(given.body)]
        source = ast.unparse(ast.fix_missing_locations(tree))
    else:
        name, source = entry.reference.__name__, inspect.getsource(entry.reference)
    return Solution(entry.exercise.id, "reference", name, source, names=vars(module))


def mutants(entry: Entry) -> list[Solution]:
    """Return every mutant of every right solution, each text once, in an order that is always the same."""
    originals = solutions(entry)
    found = {_normalized(o.source, o.function): o for o in originals}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # of what makes no sense, which is the point
        for original in originals:
            for operator, source in _changed(original):
                mutant = replace(original, source=source, operator=operator)
                found.setdefault(_normalized(source, original.function), mutant)
    return [solution for solution in found.values() if solution.operator]


def _changed(original: Solution) -> Iterator[tuple[str, str]]:
    """Yield the operator and the text of each mutant of one solution."""
    module = ast.parse(original.source)
    at = next(k for k, n in enumerate(module.body) if isinstance(n, DEFINED) and n.name == original.function)
    tree = module.body[at]
    assert isinstance(tree, DEFINED)
    _strip(tree)
    trees: Iterator[tuple[str, ast.AST]] = _one_node(tree)
    if original.origin == "reference" and isinstance(
        tree, ast.FunctionDef
    ):  # what is done to arguments and results does not depend on what is between
        trees = chain(trees, whole_function(tree))
    for operator, new in trees:
        module.body[at] = new  # type: ignore[call-overload]
        try:
            source = ast.unparse(module)
            compile(source, "<mutant>", "exec")
        except (SyntaxError, ValueError, TypeError):
            continue
        yield operator, source


def _one_node(tree: ast.FunctionDef | ast.ClassDef) -> Iterator[tuple[str, ast.AST]]:
    """Yield the function, or the class, with one node replaced, for each node and each operator.

    It is always the tree itself, good until the next one is asked for: a copy of a class for each of a thousand
    mutants takes longer than all the rest.
    """
    for k in range(len(tree.body)):
        for node, holder, key in _places(tree.body, k):
            for name, operator in OPERATORS.items():
                for new in operator(node):
                    holder[key] = ast.fix_missing_locations(new)
                    yield name, tree
                    holder[key] = node


def _places(holder: Any, key: int | str) -> Iterator[tuple[ast.AST, Any, int | str]]:
    """Yield each node below a place, in the order of ``ast.walk``, with the list or the fields that hold it."""
    todo = deque([(holder, key)])
    while todo:
        holder, key = todo.popleft()
        node = holder[key]
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.AST):
                todo.append((vars(node), name))
            elif isinstance(value, list):
                todo += [(value, k) for k, item in enumerate(value) if isinstance(item, ast.AST)]
        yield node, holder, key


def _strip(tree: ast.FunctionDef | ast.ClassDef) -> None:
    """Remove docstring and annotations, of a class those of its methods: to change them changes nothing."""
    tree.decorator_list = []
    if isinstance(tree, ast.FunctionDef):
        tree.returns = None
        for argument in [*tree.args.args, *tree.args.kwonlyargs]:
            argument.annotation = None
    else:
        for method in (n for n in tree.body if isinstance(n, ast.FunctionDef)):
            decorators = method.decorator_list
            _strip(method)
            method.decorator_list = decorators
    if ast.get_docstring(tree) is not None:
        tree.body = tree.body[1:] or [ast.Pass()]


def _normalized(source: str, function: str) -> str:
    """Return a text by which two solutions that differ in their name and layout alone are the same."""
    module = ast.parse(source)
    for node in module.body:
        if isinstance(node, DEFINED) and node.name == function:
            _strip(node)
            node.name = "_"
    return ast.unparse(module)
