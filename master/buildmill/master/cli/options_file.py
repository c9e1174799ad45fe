"""`.buildbot/options`: defaults for commands that people use every day, beside their sources or at home.

The file has lines of Python, ``name = value``. It is looked for in the present directory and each one above that
belongs to the same user, then at home. It is read, never executed: values are literals.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from buildmill.common.errors import ConfigError, ConfigProblem
from buildmill.master.cli.console import Told

FOLDER: Final = ".buildbot"
FILE: Final = "options"


def read_options(start: Path, home: Path) -> dict[str, Any]:
    """The values of the nearest file, by name; empty if there is none.

    Args:
        start: the directory where the looking begins.
        home: the user's home.

    Raises:
        ConfigError: the file has something else than assignments of literals; each with its line.
    """
    for folder in _folders(start.absolute(), home):
        file = folder / FOLDER / FILE
        if file.is_file():
            return _read(file)
    return {}


def _folders(start: Path, home: Path) -> Iterator[Path]:
    owner = os.geteuid()
    for folder in (start, *start.parents):
        # a file that somebody else has put above, as in /tmp, must not say where to send anything
        if folder.stat().st_uid != owner:
            break
        yield folder
    yield home


def _read(file: Path) -> dict[str, Any]:
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    except (SyntaxError, ValueError, UnicodeDecodeError) as problem:
        raise ConfigError([ConfigProblem(str(problem), str(file), getattr(problem, "lineno", None))]) from problem
    values: dict[str, Any] = {}
    problems: list[ConfigProblem] = []
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)]):
                try:
                    values[name] = ast.literal_eval(statement.value)
                    continue
                except (ValueError, TypeError):
                    text = f"{name}: expected a literal, as a string or a list of strings"
            case ast.Expr(value=ast.Constant()):
                continue
            case _:
                text = "expected lines of the form NAME = VALUE"
        problems.append(ConfigProblem(text, str(file), statement.lineno))
    if problems:
        raise ConfigError(problems)
    return values


class CommandWithOptionsFile(click.Command):
    """A command whose options may stand in the file; the command line goes over it.

    Args:
        known_as: by parameter, the names that mean it in the file; the first that is there counts.
    """

    def __init__(self, *args: Any, known_as: Mapping[str, tuple[str, ...]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._known_as = known_as

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Called by click before it reads the command line."""
        if not extra.get("resilient_parsing"):
            with Told():
                values = read_options(Path.cwd(), Path.home())
            extra["default_map"] = {
                parameter: next(values[name] for name in names if name in values)
                for parameter, names in self._known_as.items()
                if any(name in values for name in names)
            }
        return super().make_context(info_name, args, parent, **extra)
