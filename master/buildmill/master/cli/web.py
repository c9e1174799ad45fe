"""The commands `web ...`: the pages of a master from a process of their own."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from buildmill.master.cli.console import Told
from buildmill.master.cli.lifecycle import run_role, start_role, stop_role
from buildmill.master.cli.options import (
    basedir_argument,
    json_logs_option,
    json_option,
    quiet_option,
    start_timeout_option,
)
from buildmill.master.cli.pid_file import running_pid
from buildmill.master.cli.role import MASTER, Role, web_of

NOT_RUNNING = 3
"""Exit code of `status`, as service managers know it."""

_engine_option = click.option(
    "--master", "name", metavar="NAME", help="The master's name in the database; that of BASEDIR on this machine."
)


@click.group()
def web() -> None:
    """Serve the pages of a master from a process of their own.

    The configuration says so with www["process"] = "own"; then the master itself serves none. Both can be started,
    stopped and killed in any order.
    """


@web.command()
@basedir_argument
@_engine_option
@start_timeout_option
@json_logs_option
@quiet_option
def start(basedir: Path, name: str | None, start_timeout: float, json_logs: bool, quiet: bool) -> None:
    """Start the web process in the background, and wait until it serves."""
    start_role(basedir, web_of(name), start_timeout, quiet, json_logs)


@web.command()
@basedir_argument
@_engine_option
@json_logs_option
@quiet_option
def run(basedir: Path, name: str | None, json_logs: bool, quiet: bool) -> None:
    """Run the web process in the foreground; the log goes to the terminal and to web.log.

    Control-C stops it. HUP reads the configuration again, which it also does by itself when the master has.
    """
    sys.exit(run_role(basedir, web_of(name), show_log=not quiet, json_logs=json_logs))


@web.command()
@basedir_argument
@click.option("--no-wait", is_flag=True, help="Return at once.")
@quiet_option
def stop(basedir: Path, no_wait: bool, quiet: bool) -> None:
    """Stop the web process; the master and its builds run on."""
    stop_role(basedir, web_of(), clean=False, wait=not no_wait, quiet=quiet)


@web.command()
@basedir_argument
@_engine_option
@start_timeout_option
@json_logs_option
@quiet_option
def restart(basedir: Path, name: str | None, start_timeout: float, json_logs: bool, quiet: bool) -> None:
    """Stop the web process, if it runs, and start it; a configuration that is wrong keeps the old one running."""
    with Told():
        from buildmill.master.cli.configuration import read

        read(basedir)
    stop_role(basedir, web_of(), clean=False, wait=True, quiet=quiet)
    start_role(basedir, web_of(name), start_timeout, quiet, json_logs)


@web.command()
@basedir_argument
@json_option
def status(basedir: Path, as_json: bool) -> None:
    """Show which processes of a master run here; the exit code is 3 unless its web process does."""
    roles: tuple[Role, ...] = (MASTER, web_of())
    found = {role.name: running_pid(basedir, role.pid_file) for role in roles}
    if as_json:
        import json

        click.echo(json.dumps({name.replace(" ", "_"): {"pid": pid} for name, pid in found.items()}))
    else:
        for name, pid in found.items():
            click.echo(f"the {name} does not run" if pid is None else f"the {name} runs, pid {pid}")
    sys.exit(0 if found[web_of().name] is not None else NOT_RUNNING)
