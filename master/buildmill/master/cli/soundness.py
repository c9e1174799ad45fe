"""The command `check`: whether the records of a master are sound."""

from __future__ import annotations

import json
import socket
import sys
import time
from pathlib import Path

import click

from buildmill.master.cli.console import Told
from buildmill.master.cli.options import basedir_argument, json_option, quiet_option


@click.command()
@basedir_argument
@click.option("--contents", is_flag=True, help="Read every frame of every log as well; this takes long.")
@json_option
@quiet_option
def check(basedir: Path, contents: bool, as_json: bool, quiet: bool) -> None:
    """Look for contradictions in a master's records: builds, steps, commands, logs and their files.

    Nothing is changed, and the master may run meanwhile. Each problem is a line; with any, the exit code is 1.
    """
    with Told():
        from buildmill.master.cli.configuration import database_url
        from buildmill.master.db import schema
        from buildmill.master.db.engine import parse_url
        from buildmill.master.db.soundness import GRACE_SECONDS
        from buildmill.master.logs.soundness import problems

        url = parse_url(database_url(basedir), str(basedir))
        schema.check(url)
        told: list[str] = []
        with _Bar(is_shown=sys.stderr.isatty() and not quiet) as bar:
            found = problems(
                url,
                logs=basedir / "logs",
                master_name=f"{socket.gethostname()}:{basedir}",
                settled=int(time.time()) - GRACE_SECONDS,  # a command: no reactor, and nobody's clock but the system's
                reads_contents=contents,
                progress=bar.show,
            )
            for problem in found:
                told.append(problem)
                if not as_json:
                    bar.echo(problem)
    if as_json:
        click.echo(json.dumps({"ok": not told, "problems": told}, indent=2))
    elif told:
        click.echo("1 problem" if len(told) == 1 else f"{len(told)} problems", err=True)
    if told:
        raise SystemExit(1)
    if not quiet and not as_json:
        click.echo(f"the records in {schema.describe(url)} are sound")


class _Bar:
    """A bar on the terminal while logs are looked at; nothing where there is no terminal."""

    def __init__(self, *, is_shown: bool) -> None:
        from rich.console import Console
        from rich.progress import Progress

        self._progress = Progress(console=Console(stderr=True), transient=True, disable=not is_shown)
        self._task = self._progress.add_task("reading logs", total=None)

    def __enter__(self) -> _Bar:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, done: int, total: int) -> None:
        """So many logs of so many."""
        self._progress.update(self._task, completed=done, total=total)

    def echo(self, line: str) -> None:
        """A line that stays, for the standard output."""
        click.echo(line)
