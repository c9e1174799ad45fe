"""The command `cleanupdb`: give the space back that a database no longer needs."""

from __future__ import annotations

from pathlib import Path

import click

from buildmill.master.cli.console import Told
from buildmill.master.cli.options import basedir_argument, json_option, quiet_option
from buildmill.master.cli.progress import progress_line


@click.command()
@basedir_argument
@click.option("-f", "--force", is_flag=True, help="Rewrite all tables, even if that seems of no use.")
@json_option
@quiet_option
def cleanupdb(basedir: Path, force: bool, as_json: bool, quiet: bool) -> None:
    """Rewrite a master's database without the holes that deleted rows have left, and renew its statistics.

    The master must not run. On PostgreSQL tables are only locked and rewritten with --force; otherwise their space is
    marked as free. Logs need no care: they are compressed when they are written.
    """
    with Told():
        from buildmill.common.errors import Conflict
        from buildmill.master.cli.configuration import database_url
        from buildmill.master.cli.pid_file import held
        from buildmill.master.db import schema
        from buildmill.master.db.compaction import compact_blocking
        from buildmill.master.db.engine import parse_url

        url = parse_url(database_url(basedir), str(basedir))
        schema.check(url)
        try:
            with held(basedir), progress_line("rewriting the database", quiet):
                sizes = compact_blocking(url, rewrites=force)
        except Conflict as problem:
            raise Conflict(f"{problem}; stop it first") from problem
        if as_json:
            from buildmill.master.config.rehearsal import as_json as shown

            click.echo(shown({"bytes_before": sizes.before, "bytes_after": sizes.after}))
        elif not quiet:
            click.echo(f"{schema.describe(url)}: {sizes.before:,} bytes before, {sizes.after:,} bytes now")
