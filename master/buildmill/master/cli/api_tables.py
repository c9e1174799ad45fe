"""How `buildmill api` shows rows: a table for people, lines with tabs for other programs, or JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import click
import msgspec

from buildmill.common.results import Result

_COLUMNS: Mapping[str, Sequence[str]] = {
    "audit": ("auditid", "happened_at", "username", "action", "path", "outcome", "reason"),
    "builders": ("builderid", "name", "tags", "description"),
    "buildrequests": ("buildrequestid", "builderid", "priority", "submitted_at", "claimed", "results"),
    "builds": ("buildid", "builderid", "number", "results", "workerid", "started_at", "state_string"),
    "buildsets": ("bsid", "submitted_at", "results", "reason"),
    "changes": ("changeid", "when_timestamp", "author", "branch", "revision", "comments"),
    "forceschedulers": ("name", "label", "enabled", "builder_names"),
    "logs": ("logid", "stepid", "name", "type", "num_lines", "complete"),
    "reasons": ("code", "text"),
    "sourcestamps": ("ssid", "codebase", "branch", "revision", "repository", "created_at"),
    "steps": ("stepid", "number", "name", "results", "started_at", "state_string"),
    "test_results": ("test_resultid", "value", "test_name", "test_code_path", "line", "duration_ns"),
    "tokens": ("tokenid", "name", "username", "scopes", "expires_at", "last_used_at", "revoked_at"),
    "workers": ("workerid", "name", "connected_to", "paused", "graceful", "pause_reason"),
}
_STYLES = {
    Result.SUCCESS: "green", Result.WARNINGS: "yellow", Result.FAILURE: "red", Result.SKIPPED: "blue",
    Result.EXCEPTION: "magenta", Result.RETRY: "magenta", Result.CANCELLED: "bright_black",
}  # fmt: skip
_RESULT_FIELDS = frozenset({"results"})
_LONG = frozenset({"comments", "description", "label", "pause_reason", "reason", "state_string", "text", "value"})
"""Cut first where a terminal is narrow."""

_CELL = 200

Names = Mapping[str, Mapping[int, str]]
"""``{"builderid": {3: "linux"}}``: what to show instead of an id."""


def plain_rows(rows: Iterable[Any]) -> Iterator[dict[str, Any]]:
    """Rows as dictionaries."""
    for row in rows:
        yield row if isinstance(row, dict) else msgspec.to_builtins(row)


def show_json(document: Any) -> None:
    """Print JSON: indented on a terminal."""
    text = msgspec.json.encode(document)
    click.echo(msgspec.json.format(text) if sys.stdout.isatty() else text)


def show_lines(rows: Iterable[Any]) -> None:
    """Print each row as JSON, on a line of its own."""
    for row in rows:
        click.echo(msgspec.json.encode(row))


def columns_of(plural: str, fields: Sequence[str], known: Sequence[str]) -> Sequence[str]:
    """What to show: the fields that were asked for, or the usual ones."""
    return fields or _COLUMNS.get(plural, known)


def show_rows(rows: Iterable[Any], columns: Sequence[str], names: Names, *, as_table: bool = False) -> None:
    """Print rows: a table on a terminal, else lines of cells with tabs between, the first of them the heads."""
    cells = ([_cell(name, row.get(name), names) for name in columns] for row in plain_rows(rows))
    heads = [_head(name, names) for name in columns]
    if as_table or sys.stdout.isatty():
        _show_table(cells, columns, heads)
        return
    click.echo("\t".join(heads))
    for one in cells:
        click.echo("\t".join(text.replace("\t", " ") for text in one))


def _show_table(cells: Iterable[Sequence[str]], columns: Sequence[str], heads: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    def _text(text: str, style: str) -> Text:
        return Text(text, style=style, no_wrap=True, overflow="ellipsis")

    styles = {result.text: style for result, style in _STYLES.items()}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, head in zip(columns, heads, strict=True):
        table.add_column(head, no_wrap=name not in _LONG)
    for row in cells:
        styled = zip(columns, row, strict=True)
        table.add_row(*(_text(one, styles.get(one, "") if name in _RESULT_FIELDS else "") for name, one in styled))
    if table.row_count:
        Console(highlight=False, file=sys.stdout).print(table)


def _head(name: str, names: Names) -> str:
    return name.removesuffix("id") if name in names else name


def _cell(name: str, value: Any, names: Names) -> str:
    if value is None:
        return ""
    if name in names and isinstance(value, int):
        return printable(names[name].get(value, str(value)))
    if name in _RESULT_FIELDS and isinstance(value, int):
        return Result(value).text if value in tuple(Result) else ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and (name.endswith("_at") or name.endswith("_timestamp") or name == "last_active"):
        return datetime.fromtimestamp(value).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list) and all(isinstance(one, dict) and len(one) == 1 for one in value):
        value = [text for one in value for text in one.values()]
    if isinstance(value, list) and not any(isinstance(one, dict | list) for one in value):
        return printable(", ".join(map(str, value)))
    if isinstance(value, list | dict):
        return printable(msgspec.json.encode(value).decode()) if value else ""
    return printable(str(value))


def printable(text: str) -> str:
    """One line without what a terminal would obey: texts come from outside."""
    line = text.strip().split("\n")[0]
    shown = "".join(one if one.isprintable() or one == "\t" else "\N{REPLACEMENT CHARACTER}" for one in line)
    return shown if len(shown) <= _CELL else f"{shown[: _CELL - 3]}..."
