"""The command `audit`: who has asked a master for what."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from buildmill.master.cli.console import Told, printable
from buildmill.master.cli.options import json_option, quiet_option

if TYPE_CHECKING:
    import sqlalchemy as sa

    from buildmill.master.db.transaction import Connection

_DAY_SECONDS = 86_400
_DATES = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S")


def _basedir(function: Callable[..., Any]) -> Callable[..., Any]:
    kind = click.Path(path_type=Path, file_okay=False)
    text = "The master's directory; the present one by default."
    return click.option("-d", "--basedir", type=kind, default=Path(), help=text)(function)


def _chosen(function: Callable[..., Any]) -> Callable[..., Any]:
    since = "Only what happened then or later: a date or a time in UTC, or a number of days as `7d`."
    function = click.option("--since", callback=_instant, help=since)(function)
    return click.option("--actor", help="Only what this user did, by its name or the name it logs in with.")(function)


def _instant(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int | None:
    if text is None:
        return None
    if text.endswith("d") and text[:-1].isdecimal():
        now = int(time.time())  # a command of people: their clock is meant
        return now - int(text[:-1]) * _DAY_SECONDS
    for form in _DATES:
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=UTC).timestamp())
        except ValueError:
            continue
    raise click.BadParameter(f"expected 2026-01-31, 2026-01-31T12:00:00 or 7d, not {text!r}")


@click.group()
def audit() -> None:
    """Show, export and verify the log of who has asked for what. The master may run meanwhile."""


@audit.command(name="list")
@_basedir
@_chosen
@json_option
def list_entries(basedir: Path, since: int | None, actor: str | None, as_json: bool) -> None:
    """Show the entries, oldest first."""
    import msgspec

    from buildmill.master.db import audit as log

    entries = []
    with Told(), _reading(basedir) as connection:
        for row in log.rows(connection, *log.since(since, actor)):
            entry = log.from_row(row)
            if as_json:
                entries.append(entry)
                continue
            when = datetime.fromtimestamp(entry.happened_at, UTC).strftime("%Y-%m-%d %H:%M:%S")
            change = " ".join(
                f"{name}: {_short(entry.before.get(name))} -> {_short(value)}" for name, value in entry.after.items()
            )
            end = change if entry.outcome == "done" else f"{entry.outcome}: {entry.reason}"
            who = entry.actor if entry.username in ("", entry.actor) else f"{entry.actor} ({entry.username})"
            place = entry.address or entry.via
            line = f"{entry.auditid:>6}  {when}  {who}  {place}  {entry.action}  {entry.path}  {end}"
            click.echo(printable(line).rstrip())
    if as_json:
        click.echo(msgspec.json.encode(entries).decode())


@audit.command()
@_basedir
@_chosen
def export(basedir: Path, since: int | None, actor: str | None) -> None:
    """Print the entries as lines of JSON: `{"digest": ..., "entry": {...}}`, with the bytes that the digest is of."""
    from buildmill.master.db import audit as log

    with Told(), _reading(basedir) as connection:
        for row in log.rows(connection, *log.since(since, actor)):
            click.echo(log.exported(row))


@audit.command()
@_basedir
@click.option(
    "--holds", "known", metavar="ID:DIGEST", callback=lambda _context, _parameter, text: _known(text),
    help="An entry that was there before, as this command has named it then.",
)  # fmt: skip
@quiet_option
def verify(basedir: Path, known: tuple[int, str] | None, quiet: bool) -> None:
    """Check that no entry was changed, added or removed. Each problem is a line; with any, the exit code is 1.

    Whoever can write the whole database can also write another log that is whole in itself. So keep the last line of
    this command elsewhere, and give it with --holds the next time.
    """
    from buildmill.master.db import audit as log

    with Told(), _reading(basedir) as connection:
        found = list(log.problems(connection))
        if known is not None:
            found.extend(log.contradictions(connection, log.End(*known)))
        last = log.last(connection)
    for problem in found:
        click.echo(problem)
    if found:
        raise SystemExit(1)
    if not quiet:
        click.echo(f"{last.auditid}:{last.digest}")


def _known(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    number, _, digest = text.partition(":")
    if not number.isdecimal() or len(digest) != 64:
        raise click.BadParameter("expected the number of an entry, a colon and its digest of 64 digits")
    return int(number), digest


def _short(value: Any) -> str:
    text = "none" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@contextmanager
def _reading(basedir: Path) -> Iterator[Connection]:
    """One state of the database."""
    from buildmill.master.cli.configuration import database_url
    from buildmill.master.db import schema
    from buildmill.master.db.engine import create_engine, parse_url
    from buildmill.master.db.soundness import one_state

    basedir = basedir.absolute()
    url: sa.URL = parse_url(database_url(basedir), str(basedir))
    schema.check(url)
    engine = create_engine(url, read_only=True)
    try:
        with one_state(engine) as connection:
            yield connection
    finally:
        engine.dispose()
