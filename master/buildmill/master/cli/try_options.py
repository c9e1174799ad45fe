"""Defaults of `try` from files ``.buildbot/options``: in the present directory or one above, and in the home."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from buildmill.common.errors import BuildmillError

FILE = Path(".buildbot", "options")


def read_options(start: Path, home: Path) -> dict[str, Any]:
    """The values that are assigned in the nearest file; empty without one.

    The file looks like Python, but only assignments of plain values are read: nothing is executed.

    Raises:
        BuildmillError: something else is in it.
    """
    for folder in (start, *start.parents, home):
        file = folder / FILE
        if file.is_file():
            return parse_options(file.read_text(encoding="utf-8"), str(file))
    return {}


def parse_options(text: str, name: str) -> dict[str, Any]:
    """The assignments in a text. Raises BuildmillError."""
    try:
        tree = ast.parse(text, name)
    except SyntaxError as problem:
        raise BuildmillError(f"{name}:{problem.lineno}: {problem.msg}") from problem
    values: dict[str, Any] = {}
    for statement in tree.body:
        is_comment = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if is_comment:
            continue
        try:
            assert isinstance(statement, ast.Assign)
            [target] = statement.targets
            assert isinstance(target, ast.Name)
            values[target.id] = ast.literal_eval(statement.value)
        except (AssertionError, ValueError) as problem:
            raise BuildmillError(f"{name}:{statement.lineno}: an assignment of a plain value was expected") from problem
    return values
