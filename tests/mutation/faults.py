"""Faults in what mutmut leaves alone: tables of a module, and the bodies of decorated functions.

A table loses a row, gets another row's value, or holds another word or number; an expression compares, joins or adds
the other way. A fault is a span of the source and what stands there instead, so that a diff shows it alone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

OTHER: Final[dict[type[ast.AST], type[Any]]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}
UNTOUCHED: Final = {"staticmethod", "classmethod"}
"""mutmut mutates below these itself."""


@dataclass(frozen=True)
class Fault:
    """What stands at a place of a source, and what is planted there."""

    node: ast.expr
    planted: str

    def applied(self, source: str) -> str:
        """The source with the fault in it; columns are UTF-8 bytes (see `ast`)."""
        lines = source.encode().splitlines(keepends=True)
        assert self.node.end_lineno is not None
        before = b"".join(lines[: self.node.lineno - 1]) + lines[self.node.lineno - 1][: self.node.col_offset]
        after = lines[self.node.end_lineno - 1][self.node.end_col_offset :] + b"".join(lines[self.node.end_lineno :])
        return (before + self.planted.encode() + after).decode()

    def __str__(self) -> str:
        was = ast.unparse(self.node)
        return f"line {self.node.lineno}: {_short(was, self.planted)}"


def _short(was: str, planted: str) -> str:
    """Only where they differ, with a little on either side."""
    same = next((i for i, (a, b) in enumerate(zip(was, planted, strict=False)) if a != b), 0)
    begin = max(0, same - 30)
    return f"…{was[begin : same + 50]}… → …{planted[begin : same + 50]}…"


def faults_in(source: str) -> Iterator[Fault]:
    """Every fault of a module, in the order of its lines."""
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            if statement.value is not None and not _is_a_type(statement):
                yield from _within(statement.value)
        else:
            for function in _decorated(statement):
                yield from _in_body(function)


def _is_a_type(statement: ast.Assign | ast.AnnAssign) -> bool:
    """An alias such as `Literal[…]` is the type checker's affair, `__all__` an importer's."""
    names = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return isinstance(statement.value, ast.Subscript) or ast.unparse(names[0]) == "__all__"


def _decorated(statement: ast.stmt) -> Iterator[ast.FunctionDef]:
    inner = statement.body if isinstance(statement, ast.ClassDef) else [statement]
    for node in inner:
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            names = {ast.unparse(decorator) for decorator in node.decorator_list}
            if not names & UNTOUCHED:
                yield node


def _in_body(function: ast.FunctionDef) -> Iterator[Fault]:
    for statement in function.body:
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.expr) and not isinstance(statement, ast.Expr):
                yield from _within(child)
        for inner in ast.walk(statement):
            if inner is not statement and isinstance(inner, ast.stmt):
                for child in ast.iter_child_nodes(inner):
                    if isinstance(child, ast.expr):
                        yield from _within(child)


def _within(root: ast.expr) -> Iterator[Fault]:
    for node in ast.walk(root):
        if isinstance(node, ast.expr):
            for planted in _planted(node):
                yield Fault(node, planted)


def _planted(node: ast.expr) -> Iterator[str]:
    match node:
        case ast.Dict():
            yield from _other_dicts(node)
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements) if len(elements) > 1:
            for i in range(len(elements)):
                yield _bracketed(node, [ast.unparse(element) for element in elements[:i] + elements[i + 1 :]])
        case ast.Constant(value=value):
            yield from _other_values(value)
        case _:
            turned = _turned(node)
            if turned is not None:
                yield f"({ast.unparse(turned)})"


def _other_values(value: object) -> Iterator[str]:
    match value:
        case bool():
            yield repr(not value)
        case int():
            yield repr(value + 1)
        case str():
            yield repr(value + "XX")
        case bytes():
            yield repr(value + b"XX")


def _turned(node: ast.expr) -> ast.expr | None:
    """The expression with its one operator turned round, or None."""
    match node:
        case ast.Compare(ops=[op]) if type(op) in OTHER:
            return ast.Compare(node.left, [OTHER[type(op)]()], node.comparators)
        case ast.BoolOp(op=op):
            return ast.BoolOp(OTHER[type(op)](), node.values)
        case ast.BinOp(op=op) if type(op) in OTHER:
            return ast.BinOp(node.left, OTHER[type(op)](), node.right)
        case ast.UnaryOp(op=ast.Not()):
            return node.operand
        case ast.IfExp():
            return ast.IfExp(node.test, node.orelse, node.body)
    return None


def _bracketed(node: ast.expr, elements: list[str]) -> str:
    if isinstance(node, ast.Tuple):
        return f"({', '.join(elements)},)"
    return f"[{', '.join(elements)}]" if isinstance(node, ast.List) else f"{{{', '.join(elements)}}}"


def _other_dicts(node: ast.Dict) -> Iterator[str]:
    """Without each row; and each row with the next row's value, if that is another."""
    rows = list(zip(node.keys, node.values, strict=True))
    for i in range(len(rows)):
        yield _dict(rows[:i] + rows[i + 1 :])
    values = [ast.unparse(value) for _, value in rows]
    for i, (key, value) in enumerate(rows):
        other = rows[(i + 1) % len(rows)][1]
        if key is not None and ast.unparse(other) != values[i] and rows[(i + 1) % len(rows)][0] is not None:
            yield _dict([*rows[:i], (key, other), *rows[i + 1 :]])
            assert value is not other


def _dict(rows: list[tuple[ast.expr | None, ast.expr]]) -> str:
    return ast.unparse(ast.Dict([key for key, _ in rows], [value for _, value in rows]))
