"""Mutants: one module of `hub/release` with one node of its syntax changed.

A comparison turned round, `and` for `or`, a `not` left out, a truth value or a set operation exchanged, a condition
always or never met.
"""

from __future__ import annotations

import ast
import copy
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "hub" / "release"

_COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_JOINED: dict[type[ast.operator], type[ast.operator]] = {
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.Sub: ast.Add, ast.Add: ast.Sub,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """One change: where it is, what it was and what it is, and the module's source with it.

    `number`: its place in the module. `nth`: its place among those of one function with the same words.
    """

    module: str
    number: int
    nth: int
    where: str
    was: str
    now: str
    source: str

    @property
    def key(self) -> str:
        """What names it while lines move: module, function, what was changed into what."""
        said = f"{self.module}.{self.where}: {self.was} -> {self.now}"
        return said if self.nth == 1 else f"{said} #{self.nth}"


def mutants(module: str) -> list[Mutant]:
    """Every mutant of a module, in the order of its source."""
    text = (PACKAGE / f"{module}.py").read_text()
    tree = ast.parse(text)
    found: list[Mutant] = []
    places = _places(tree)
    same: Counter[tuple[str, str, str]] = Counter()
    for where, node in _nodes(tree):
        for changed in _changes(node):
            was, now = _said(node), _said(changed)
            places[node](changed)
            source = ast.unparse(tree)
            places[node](node)
            same[where, was, now] += 1
            nth = same[where, was, now]
            found.append(
                Mutant(module=module, number=len(found), nth=nth, where=where, was=was, now=now, source=source)
            )
    return found


def _said(node: ast.AST) -> str:
    """A node in words: of a condition that is a statement, its own line."""
    return f"if {ast.unparse(node.test)}:" if isinstance(node, ast.If) else ast.unparse(node)


@cache
def unchanged(module: str) -> str:
    """A module without any change, written as its mutants are."""
    return ast.unparse(ast.parse((PACKAGE / f"{module}.py").read_text()))


def _nodes(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    def walk(node: ast.AST, where: str) -> Iterator[tuple[str, ast.AST]]:
        for child in ast.iter_child_nodes(node):
            inside = where
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inside = f"{where}.{child.name}".lstrip(".")
            if isinstance(child, ast.arg | ast.AnnAssign) and not isinstance(getattr(child, "value", None), ast.expr):
                continue  # an annotation is no code
            if child in getattr(node, "decorator_list", ()):
                continue  # frozen, slots: how a value is kept, and not what is decided
            yield inside, child
            yield from walk(child, inside)

    for where, node in walk(tree, ""):
        if where:  # tables and imports at the top are data
            yield where, node


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARED:
        changed = copy.deepcopy(node)
        changed.ops = [_COMPARED[type(node.ops[0])]()]
        yield changed
    elif isinstance(node, ast.BoolOp):
        changed_bool = copy.deepcopy(node)
        changed_bool.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield changed_bool
        for index in range(len(node.values)):
            rest = [copy.deepcopy(one) for place, one in enumerate(node.values) if place != index]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(op=copy.deepcopy(node.op), values=rest)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield copy.deepcopy(node.operand)
    elif isinstance(node, ast.BinOp) and type(node.op) in _JOINED and not _is_type(node):
        changed_bin = copy.deepcopy(node)
        changed_bin.op = _JOINED[type(node.op)]()
        yield changed_bin
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(value=not node.value)
    elif isinstance(node, ast.If | ast.IfExp):
        for value in (True, False):
            changed_if = copy.deepcopy(node)
            changed_if.test = ast.Constant(value=value)
            yield changed_if


def _is_type(node: ast.BinOp) -> bool:
    """Whether a `|` joins types, as in an isinstance."""
    return isinstance(node.op, ast.BitOr) and any(
        isinstance(one, ast.Constant) and one.value is None for one in (node.left, node.right)
    )


def _places(tree: ast.Module) -> dict[ast.AST, Callable[[ast.AST], None]]:
    """For each node, what puts another in its place."""
    found: dict[ast.AST, Callable[[ast.AST], None]] = {}
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if isinstance(value, ast.AST):
                found[value] = partial(setattr, parent, field)
            elif isinstance(value, list):
                found |= {
                    one: partial(value.__setitem__, at) for at, one in enumerate(value) if isinstance(one, ast.AST)
                }
    return found
