"""Commands that act on a running master, or make it run: `start`, `run`, `stop`, `restart`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from buildmill.common.errors import NotFound
from buildmill.master.cli import daemon
from buildmill.master.cli.console import Told
from buildmill.master.cli.options import basedir_argument, json_logs_option, quiet_option, start_timeout_option
from buildmill.master.cli.progress import progress_line
from buildmill.master.cli.role import MASTER, Role


@click.command()
@basedir_argument
@click.option("--nodaemon", is_flag=True, help="Stay in the foreground; the log goes to master.log only.")
@start_timeout_option
@json_logs_option
@quiet_option
def start(basedir: Path, nodaemon: bool, start_timeout: float, json_logs: bool, quiet: bool) -> None:
    """Start a master in the background, and wait until it runs."""
    if nodaemon:
        _run(basedir, show_log=False, json_logs=json_logs)
    _start(basedir, start_timeout, quiet, json_logs)


@click.command()
@basedir_argument
@json_logs_option
@quiet_option
def run(basedir: Path, json_logs: bool, quiet: bool) -> None:
    """Run a master in the foreground; the log goes to the terminal and to master.log.

    Control-C stops it, as stop does; a second one does not wait. HUP reads the configuration again, USR1 stops when the
    running builds have ended.
    """
    _run(basedir, show_log=not quiet, json_logs=json_logs)


@click.command()
@basedir_argument
@click.option("-c", "--clean", is_flag=True, help="Let the running builds end first.")
@click.option("--no-wait", is_flag=True, help="Return at once.")
@quiet_option
def stop(basedir: Path, clean: bool, no_wait: bool, quiet: bool) -> None:
    """Stop a master. Its builds run on where workers allow that, and the next start goes on with them.

    Builds on workers whose commands end with the connection (Buildbot's) are stopped and tried again later. With
    --clean all running builds are let to end first.
    """
    _stop(basedir, clean=clean, wait=not no_wait, quiet=quiet)


@click.command()
@basedir_argument
@click.option("-c", "--clean", is_flag=True, help="Let the running builds end first.")
@click.option("--nodaemon", is_flag=True, help="Stay in the foreground; the log goes to master.log only.")
@start_timeout_option
@json_logs_option
@quiet_option
def restart(basedir: Path, clean: bool, nodaemon: bool, start_timeout: float, json_logs: bool, quiet: bool) -> None:
    """Stop a master, if it runs, and start it; running builds go on, as with stop and start.

    A configuration that is wrong keeps the old master running.
    """
    with Told():
        from buildmill.master.cli.configuration import read

        read(basedir)
    _stop(basedir, clean=clean, wait=True, quiet=quiet)
    if nodaemon:
        _run(basedir, show_log=False, json_logs=json_logs)
    _start(basedir, start_timeout, quiet, json_logs)


def _run(basedir: Path, *, show_log: bool, json_logs: bool) -> None:
    sys.exit(run_role(basedir, MASTER, show_log=show_log, json_logs=json_logs))


def run_role(basedir: Path, role: Role, *, show_log: bool, json_logs: bool) -> int:
    """Run a master, or what the role says, in this process; the exit code."""
    from buildmill.master.cli.basedir import read_settings
    from buildmill.master.cli.process import run_in_foreground

    code = 1
    with Told():
        settings = read_settings(basedir)
        if json_logs:
            settings = replace(settings, json_logs=True)
        code = run_in_foreground(basedir, settings, show_log=show_log, role=role)
    return code


def _start(basedir: Path, patience: float, quiet: bool, json_logs: bool) -> None:
    start_role(basedir, MASTER, patience, quiet, json_logs)


def start_role(basedir: Path, role: Role, patience: float, quiet: bool, json_logs: bool) -> None:
    """Start a master, or what the role says, in the background, and wait until it runs."""
    with Told():
        launch = daemon.Launch(basedir, json_logs=json_logs, role=role)
        with progress_line("starting", quiet) as progress:
            url = launch.wait_until_running(patience=patience, tell=progress.show)
    if not quiet:
        click.echo(f"the {role.name} runs, pid {launch.pid}" + (f": {url}/" if url else ""))


def _stop(basedir: Path, *, clean: bool, wait: bool, quiet: bool) -> None:
    stop_role(basedir, MASTER, clean=clean, wait=wait, quiet=quiet)


def stop_role(basedir: Path, role: Role, *, clean: bool, wait: bool, quiet: bool) -> None:
    """Stop a master, or what the role says; that none runs is said, and no error."""
    with Told():
        try:
            with progress_line("waiting for running builds" if clean else "stopping", quiet):
                pid = daemon.stop(basedir, clean=clean, wait=wait, role=role)
        except NotFound as problem:
            if not quiet:
                click.echo(str(problem))
            return
    if not quiet:
        click.echo(
            f"the {role.name}, pid {pid}, has stopped" if wait else f"the {role.name}, pid {pid}, was told to stop"
        )
