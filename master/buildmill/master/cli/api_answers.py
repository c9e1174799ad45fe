"""What the commands of `buildmill api` share: their ends, their arguments, and how they show rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any

import click

from buildmill.client import Client, api
from buildmill.client.errors import Busy, Denied, Missing, Unauthenticated, Unreachable
from buildmill.client.paths import Path, Reading
from buildmill.common.errors import InvalidInput, NotFound
from buildmill.master.cli import api_paths, api_tables
from buildmill.master.cli.console import Told
from buildmill.master.cli.rest import auth_option, master_option

NOT_FOUND = 4
NOT_ALLOWED = 5
NOT_NOW = 6
NAMED = {"builderid": "builders", "workerid": "workers", "projectid": "projects"}
"""Ids that are shown, and given, as names; and where the names are."""

_EXIT_CODES: Sequence[tuple[type[BaseException] | tuple[type[BaseException], ...], int]] = (
    (NotFound, NOT_FOUND),
    ((Denied, Unauthenticated), NOT_ALLOWED),
    ((Busy, Unreachable), NOT_NOW),
)


class _Ended(click.ClickException):
    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.exit_code = code  # type: ignore[misc]  # click calls it one of the class; it reads that of the instance


class Answered(Told):
    """As `Told`; a script can tell by the exit code what kind of error it was."""

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(problem, BrokenPipeError):
            raise SystemExit(1) from None
        if isinstance(problem, InvalidInput):
            raise click.BadParameter(problem.problem, param_hint=problem.field) from problem
        code = next((code for kinds, code in _EXIT_CODES if isinstance(problem, kinds)), None)
        if code is not None:
            raise _Ended(str(problem), code) from problem
        super().__exit__(kind, problem, traceback)


# -- options and arguments ---------------------------------------------------------------


def output_options(function: Any) -> Any:
    """``--json``, ``--lines``, ``--table``: the parameter `form`."""
    for option in (
        click.option("--table", "form", flag_value="table", help="A table, also where there is no terminal."),
        click.option("--lines", "form", flag_value="lines", help="JSON, one row on each line."),
        click.option("--json", "form", flag_value="json", help="JSON, a list of rows."),
    ):
        function = option(function)
    return function


def with_client(function: Any) -> Any:
    """``--master`` and ``--auth``."""
    return master_option(auth_option(function))


def pair(text: str) -> tuple[str, str]:
    """The parts of ``NAME=VALUE``."""
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise InvalidInput("--parameter", f"expected NAME=VALUE, not {text!r}")
    return name, value


def split(fields: Iterable[str]) -> list[str]:
    """Names out of texts that have several, separated by commas."""
    return [name.strip() for text in fields for name in text.split(",") if name.strip()]


def parameters_of(texts: Iterable[str]) -> dict[str, Any]:
    """Parameters of an action, of ``NAME=TEXT`` and ``NAME:=JSON``."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.removesuffix(":"):
            raise InvalidInput("parameters", f"expected NAME=TEXT or NAME:=JSON, not {text!r}")
        found[name.removesuffix(":")] = json_of(name, value) if name.endswith(":") else value
    return found


def json_of(name: str, text: str) -> Any:
    """The value of a parameter that is given as JSON."""
    try:
        return json.loads(text)
    except ValueError as problem:
        raise InvalidInput(name.removesuffix(":"), f"expected JSON: {problem}") from problem


# -- showing -----------------------------------------------------------------------------


def show(client: Client, rows: Iterable[Any], plural: str, fields: Sequence[str], form: str, node: Path | None) -> None:
    """Show rows: as JSON, lines of JSON, or cells.

    Args:
        form: ``json``, ``lines``, ``table``, or ``rows`` for what fits where the output goes.
        node: where they come from, if that is known.
    """
    if form == "json":
        api_tables.show_json(list(rows))
    elif form == "lines":
        api_tables.show_lines(rows)
    else:
        listed = list(rows)
        if isinstance(node, Reading):
            known = sorted(api_paths.scalar_fields(node.row), key=lambda name: _rank(node, name))
        else:
            known = list(listed[0]) if listed else []
        columns = api_tables.columns_of(plural, fields, known)
        api_tables.show_rows(listed, columns, _names(client, columns, plural), as_table=form == "table")


def _rank(node: Path, name: str) -> int:
    """The id comes first, then the name."""
    return [getattr(node, "id_field", ""), "name", name].index(name)


def _names(client: Client, columns: Sequence[str], plural: str) -> Mapping[str, Mapping[int, str]]:
    """Names of what other things' ids are shown; whoever may not read them sees the ids."""
    found = {}
    for name, kind in NAMED.items():
        if name in columns and kind != plural:
            try:
                rows = client.list(getattr(api, kind).only(name, "name"))
            except (Denied, Missing):
                continue
            found[name] = {row[name]: row["name"] for row in rows}
    return found
