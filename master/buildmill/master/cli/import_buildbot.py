"""The command `import-buildbot`: a Buildbot master's records become those of a new master of ours."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from buildmill.common.errors import Conflict, InvalidInput
from buildmill.common.failpoints import failpoint
from buildmill.master.cli.console import Told
from buildmill.master.cli.options import quiet_option

if TYPE_CHECKING:
    import sqlalchemy as sa

    from buildmill.master.db.original.carrying import Part
    from buildmill.master.db.original.source import Source
    from buildmill.master.logs.original import Logs

DATABASE = "state.sqlite"
PID_FILE = "twistd.pid"
SHOWN = 20
"""How many problems are listed; the rest is counted."""

NOT_CARRIED = {
    "users": "users",
    "users_info": "what is known about users",
    "build_data": "data of builds",
    "test_result_sets": "sets of test results",
    "test_results": "test results",
    "codebases": "codebases (the configuration makes them)",
    "codebase_branches": "branches of codebases",
    "codebase_commits": "commits of codebases",
}
"""Tables of theirs whose rows are counted in the report, and are not brought."""


@click.command("import-buildbot")
@click.argument("original", metavar="BASEDIR", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    show_default=True,
    help="Directory of the new master, made by `create-master` and never started.",
)
@click.option(
    "--db",
    default=None,
    help=f"URL of Buildbot's database, where that is not BASEDIR/{DATABASE}; read-only access will do.",
)
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
@quiet_option
def import_buildbot(original: Path, into: Path, db: str | None, as_json: bool, quiet: bool) -> None:
    """Carry the records of a Buildbot master (4.x, stopped) over into a new master.

    Builders, builds, steps, logs, properties, changes, waiting requests and what schedulers know keep their ids and
    their numbers. Nothing is changed in BASEDIR. When it is interrupted, the same command goes on where it was.
    """
    with Told():
        from buildmill.master.cli.configuration import database_url
        from buildmill.master.cli.pid_file import running_pid
        from buildmill.master.db import schema
        from buildmill.master.db.engine import parse_url
        from buildmill.master.db.original.source import Source

        original, into = original.absolute(), into.absolute()
        if (pid := running_pid(into)) is not None:
            raise Conflict(f"a master runs in {into}, pid {pid}; stop it first")
        _refuse_running(original)
        target = parse_url(database_url(into), str(into))
        schema.check(target)
        with (
            closing(Source(_their_database(original, db))) as source,
            _Bars(is_shown=sys.stderr.isatty() and not quiet) as bars,
        ):
            report = _carry(source, target, into / "logs", bars)
    if as_json:
        click.echo(json.dumps(report, indent=2))
    elif not quiet:
        _show(report)


def _their_database(original: Path, given: str | None) -> sa.URL:
    from buildmill.master.db.engine import parse_url

    if given is not None:
        return parse_url(given, str(original))
    file = original / DATABASE
    if not file.exists():
        raise InvalidInput("--db", f"expected the URL that `db_url` has in Buildbot's master.cfg: there is no {file}")
    return parse_url(f"sqlite:///{file}", str(original))


def _refuse_running(original: Path) -> None:
    try:
        pid = int((original / PID_FILE).read_text())
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return
    except PermissionError:
        pass
    raise Conflict(
        f"a Buildbot master runs in {original}, pid {pid}: what it writes meanwhile would be lost; stop it first"
    )


def _carry(source: Source, target: sa.URL, log_folder: Path, bars: _Bars) -> dict[str, Any]:
    """Bring everything over; what was done."""
    from buildmill.master.db.engine import create_engine
    from buildmill.master.db.original import carrying, marker
    from buildmill.master.db.transaction import Transaction
    from buildmill.master.logs.files import FolderLogFiles
    from buildmill.master.logs.original import Logs, check

    check(source)
    now = int(time.time())  # a command: nobody's clock but the system's
    logs = Logs(source, FolderLogFiles(log_folder))
    parts: list[Part] = [*carrying.parts(source, now), logs]
    engine = create_engine(target)
    try:
        with engine.begin() as sql:
            is_resumed = marker.begin(Transaction(sql, now), source)
        for part in parts:
            _carry_part(source, engine, part, now, bars)
        with engine.begin() as sql:
            tx = Transaction(sql, now)
            carrying.finish(tx, source)
            marker.end(tx, source)
            counts = {part.name: part.done(tx) for part in parts}
    finally:
        engine.dispose()
    return _report(source, parts, logs, counts, is_resumed)


def _carry_part(source: Source, engine: sa.Engine, part: Part, now: int, bars: _Bars) -> None:
    from buildmill.master.db.transaction import Transaction

    total = source.count(part.table)
    is_more = True
    while is_more:
        with engine.begin() as sql:
            tx = Transaction(sql, now)
            is_more = part.carry(tx)
            done = part.done(tx)
            tx.prepare()
            failpoint("import.before_commit")
        bars.show(part.name, done, total)


def _report(
    source: Source, parts: Sequence[Part], logs: Logs, counts: dict[str, int], is_resumed: bool
) -> dict[str, Any]:
    return {
        "source": source.name,
        "resumed": is_resumed,
        "carried": counts,
        "left_out": {part.name: dict(part.left_out) for part in parts if part.left_out},
        "no_place_yet": {what: rows for table, what in NOT_CARRIED.items() if (rows := source.count(table))},
        "log_bytes": logs.bytes,
        "damaged_logs": logs.damaged,
    }


def _show(report: dict[str, Any]) -> None:
    """The report for people."""
    again = ", gone on with" if report["resumed"] else ""
    click.echo(f"carried over from {report['source']}{again}:")
    width = max(map(len, report["carried"]))
    for name, count in report["carried"].items():
        click.echo(f"  {name:{width}}  {count:>10,}")
    click.echo(f"  {'text of logs':{width}}  {report['log_bytes']:>10,} bytes in this run")
    for name, reasons in report["left_out"].items():
        for reason, count in reasons.items():
            click.echo(f"left out: {count:,} of {name}: {reason}")
    for what, count in report["no_place_yet"].items():
        click.echo(f"left behind: {count:,} {what}")
    _list("damaged", report["damaged_logs"])


def _list(word: str, lines: Iterable[str]) -> None:
    lines = list(lines)
    for line in lines[:SHOWN]:
        click.echo(f"{word}: {line}")
    if len(lines) > SHOWN:
        click.echo(f"{word}: and {len(lines) - SHOWN:,} more; --json lists all")


class _Bars:
    """A bar for each kind on the terminal; nothing where there is no terminal."""

    def __init__(self, *, is_shown: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), disable=not is_shown)
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> _Bars:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, name: str, done: int, total: int) -> None:
        """So many of a kind are here, of so many."""
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=total)
        self._progress.update(self._tasks[name], completed=done)
