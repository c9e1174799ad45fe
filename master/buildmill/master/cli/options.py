"""Arguments and options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def _absolute(_context: click.Context, _parameter: click.Parameter, path: Path) -> Path:
    return path.absolute()


def basedir_argument(function: F) -> F:
    """``[BASEDIR]``, absolute; the present directory by default."""
    kind = click.Path(path_type=Path, file_okay=False)
    return click.argument("basedir", type=kind, default=".", callback=_absolute)(function)


def quiet_option(function: F) -> F:
    """``--quiet``."""
    return click.option("-q", "--quiet", is_flag=True, help="Say nothing when all is well.")(function)


def master_option(function: F) -> F:
    """``--master`` of a command that talks to one: its URL, or HOST:PORT."""
    return click.option("-m", "--master", metavar="URL", help="URL of the master, or HOST:PORT.")(function)


def json_option(function: F) -> F:
    """``--json``: the parameter `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(function)


def start_timeout_option(function: F) -> F:
    """``--start_timeout``, with Buildbot's spelling as well as ours."""
    text = "Seconds of silence in the log before watching ends."
    return click.option("--start-timeout", "--start_timeout", default=90.0, show_default=True, help=text)(function)


def json_logs_option(function: F) -> F:
    """``--json-logs``."""
    text = "Write master.log as JSON, one object on each line, whatever buildmill.toml says."
    return click.option("--json-logs", is_flag=True, help=text)(function)


def _variables(_context: click.Context, _parameter: click.Parameter, texts: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        name, given, value = text.partition("=")
        if not name or (not given and name not in os.environ):
            raise click.BadParameter(f"expected NAME=VALUE, or the name of a variable that is set here, not {text!r}")
        found[name] = value if given else os.environ[name]
    return found


def variables_option(function: F) -> F:
    """``--env``, repeated: the parameter `variables`, names to values; a name alone takes the value it has here."""
    text = "A variable; without a value, as it is set here. May be repeated."
    return click.option(
        "-e", "--env", "variables", multiple=True, metavar="NAME[=VALUE]", callback=_variables, help=text
    )(function)
