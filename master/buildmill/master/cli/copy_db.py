"""The command `copy-db`: move a master's records to another database."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from buildmill.master.cli.console import Told
from buildmill.master.cli.options import basedir_argument, quiet_option


@click.command("copy-db")
@click.argument("destination_url")
@basedir_argument
@click.option(
    "--ignore-fk-error-rows", is_flag=True, help="Leave out rows that name others which are not there, and tell them."
)
@quiet_option
def copy_db(destination_url: str, basedir: Path, ignore_fk_error_rows: bool, quiet: bool) -> None:
    """Copy all records of a master to DESTINATION_URL, another SQLite or PostgreSQL database.

    The master must not run, and the destination must be empty. It is all or nothing: a copy that was interrupted
    leaves nothing behind, and is made again. Afterwards name the new database in the configuration. Logs are files of
    the master's directory, and stay there. A relative path of a SQLite file is taken from BASEDIR.
    """
    with Told():
        from rich.console import Console
        from rich.progress import Progress

        from buildmill.common.errors import Conflict
        from buildmill.master.cli.configuration import database_url
        from buildmill.master.cli.pid_file import held
        from buildmill.master.db import schema
        from buildmill.master.db.copying import copy_blocking
        from buildmill.master.db.engine import parse_url

        source = parse_url(database_url(basedir), str(basedir))
        target = parse_url(destination_url, str(basedir))
        schema.check(source)
        is_shown = sys.stderr.isatty() and not quiet
        try:
            with held(basedir), Progress(console=Console(stderr=True), transient=True, disable=not is_shown) as bar:
                task = bar.add_task("copying", total=None)

                def show(table: str, done: int, total: int) -> None:
                    bar.update(task, description=table, completed=done, total=total)

                copied = copy_blocking(source, target, leaves_out_broken=ignore_fk_error_rows, progress=show)
        except Conflict as problem:
            if "a master runs" in str(problem):
                raise Conflict(f"{problem}; stop it first") from problem
            raise
    for table, count in copied.left_out.items():
        click.echo(f"{table}: {count} rows left out: they name others that are not there", err=True)
    if not quiet:
        click.echo(f"{copied.rows} rows copied to {schema.describe(target)}; name it in the configuration, then start")
