"""Commands that prepare a master: `create-master`, `upgrade-master`."""

from __future__ import annotations

from pathlib import Path

import click

from buildmill.master.cli import basedir as base
from buildmill.master.cli.console import Told
from buildmill.master.cli.options import basedir_argument, quiet_option


@click.command("create-master")
@basedir_argument
@click.option("-c", "--config", default="master.cfg", show_default=True, help="Name of the configuration.")
@click.option("--db", default=base.DEFAULT_DATABASE, show_default=True, help="URL of the database.")
@click.option("-s", "--log-size", default=10_000_000, show_default=True, help="Bytes of a rotated master.log.")
@click.option("-l", "--log-count", default=10, show_default=True, help="Rotated logs to keep; 0 for all.")
@click.option("-n", "--no-logrotate", is_flag=True, help="One master.log that grows.")
@click.option("-f", "--force", is_flag=True, help="Overwrite the settings and the sample of an existing master.")
@click.option("-r", "--relocatable", is_flag=True, hidden=True, help="Every master is.")
@click.option("-d", "--develop", is_flag=True, hidden=True, help="There are no pages that could be linked.")
@quiet_option
def create_master(
    basedir: Path,
    config: str,
    db: str,
    log_size: int,
    log_count: int,
    no_logrotate: bool,
    force: bool,
    relocatable: bool,
    develop: bool,
    quiet: bool,
) -> None:
    """Make a master: a directory with settings, a sample configuration, and the tables in a database.

    A relative path in a SQLite URL is taken from BASEDIR. The configuration says which database the master uses:
    name the same one there.
    """
    if log_size < 0 or log_count < 0:
        raise click.UsageError("--log-size and --log-count cannot be negative")
    settings = base.MasterSettings(
        config_file=config, db_url=db, log_bytes=0 if no_logrotate else log_size, log_files=log_count
    )
    with Told():
        from buildmill.master.db import schema
        from buildmill.master.db.engine import parse_url

        url = parse_url(db, str(basedir))
        base.make(basedir, settings, force=force)
        schema.upgrade(url)
    if quiet:
        return
    click.echo(f"master made in {basedir}, tables in {schema.describe(url)}")
    if not (basedir / config).exists():
        shown = _shown(basedir)
        click.echo(
            f"Write {shown}/{config}, for example:  cp {shown}/{base.SAMPLE_FILE} {shown}/{config}\n"
            f"Then:  buildmill checkconfig {shown} && buildmill start {shown}"
        )


@click.command("upgrade-master")
@basedir_argument
@click.option("-r", "--replace", is_flag=True, hidden=True, help="The sample is always replaced.")
@click.option("-d", "--develop", is_flag=True, hidden=True, help="There are no pages that could be linked.")
@quiet_option
def upgrade_master(basedir: Path, replace: bool, develop: bool, quiet: bool) -> None:
    """Bring a master's tables and sample configuration up to date after a new version was installed.

    Stop every master that uses the database, and back it up, first. Builds that run on our workers go on when the
    master is started again.
    """
    with Told():
        from buildmill.master.cli.configuration import database_url
        from buildmill.master.db import schema
        from buildmill.master.db.engine import parse_url

        settings = base.read_settings(basedir)
        _refuse_if_running(basedir)
        url = parse_url(database_url(basedir), str(basedir))
        schema.upgrade(url)
        base.write_sample(basedir, settings)
    if not quiet:
        click.echo(f"the tables in {schema.describe(url)} are up to date")


def _refuse_if_running(basedir: Path) -> None:
    from buildmill.common.errors import Conflict
    from buildmill.master.cli.pid_file import running_pid

    if (pid := running_pid(basedir)) is not None:
        raise Conflict(f"a master runs in {basedir}, pid {pid}; stop it first")


def _shown(path: Path) -> str:
    """The path as short as it can be typed here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
