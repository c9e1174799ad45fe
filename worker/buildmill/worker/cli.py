"""The command `buildmill-worker`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from buildmill.common import garbage
from buildmill.common.errors import BuildmillError, ConfigError, NotFound
from buildmill.worker.daemon import PASSWORD_VARIABLE

F = TypeVar("F", bound=Callable[..., Any])
MSGPACK = "msgpack_experimental_v7"


def _show_version(context: click.Context, _: click.Parameter, is_wanted: bool) -> None:
    if is_wanted and not context.resilient_parsing:
        from importlib import metadata

        click.echo(f"buildmill-worker {metadata.version('buildmill')}")
        context.exit()


class _Commands(click.Group):
    """Every command knows ``--version``, as the program does."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        garbage.hurry()  # called, it is a program; tests use `main`
        return super().__call__(*args, **kwargs)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        if not any(parameter.name == "version" for parameter in cmd.params):
            cmd.params.append(_version_option(is_hidden=True))
        super().add_command(cmd, name)


def _version_option(*, is_hidden: bool) -> click.Option:
    return click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_version,
        hidden=is_hidden,
        help="Show it.",
    )


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Create and run Buildmill workers."""


main.params.append(_version_option(is_hidden=False))


def _number_or_none(_: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    # Buildbot's command line spells "no value" as None.
    if value is None or value == "None":
        return None
    try:
        return int(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a whole number", param=parameter) from None


def _text_or_none(_: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    return None if value == "None" else value


@main.command("create")
@click.argument("basedir")
@click.argument("master")
@click.argument("name")
@click.argument("password", required=False)
@click.option("--password-file", type=click.File(), help=f"Read the password here (or from ${PASSWORD_VARIABLE}).")
@click.option("--master", "more", multiple=True, help="Another master, tried when the one before can't be reached.")
@click.option("--use-tls", is_flag=True, help="Connect with TLS (wss).")
@click.option("--ca-file", help="Certificates to trust instead of the system's.")
@click.option("--connection-string", help="HOST:PORT, tcp:HOST:PORT or tls:HOST:PORT; instead of MASTER.")
@click.option("--proxy-connection-string", hidden=True, help="Refused: connections through a proxy are not there yet.")
@click.option("--protocol", default=MSGPACK, show_default=True, help="The only one there is.")
@click.option("--maxdelay", default=60.0, show_default=True, help="Longest wait between attempts to connect.")
@click.option("--maxretries", callback=_number_or_none, help="Give up after so many failed attempts in a row.")
@click.option("--numcpus", callback=_number_or_none, help="CPUs to report; counted if not given.")
@click.option("--umask", callback=_text_or_none, help="Octal.")
@click.option("-a", "--allow-shutdown", type=click.Choice(["signal", "file"]), help="How to ask for a graceful stop.")
@click.option("--allow-path", multiple=True, help="A directory outside of BASEDIR where transfers are allowed.")
@click.option("--delete-leftover-dirs", is_flag=True, help="Let the master remove directories of former builders.")
@click.option("--staging", is_flag=True, help="Offer to turn packages into droplets, by buildpacks.")
@click.option("-s", "--log-size", default=10_000_000, show_default=True, help="Bytes of a rotated log file.")
@click.option("-l", "--log-count", default="10", callback=_number_or_none, help="Rotated log files to keep.")
@click.option("-k", "--keepalive", default=30.0, show_default=True, help="Seconds of silence before a ping.")
@click.option("-f", "--force", is_flag=True, help="Overwrite an existing worker's settings.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing when all is well.")
@click.option("-r", "--relocatable", is_flag=True, hidden=True, help="Always is.")
@click.option("-n", "--no-logrotate", is_flag=True, help="One log file that grows.")
def create(basedir: str, master: str, name: str, password: str | None, **options: Any) -> None:
    """Make a worker's base directory.

    MASTER is host, host:port or ws://host:port/path; NAME and PASSWORD are those in the master's configuration.
    """
    from buildmill.worker.create import create_worker
    from buildmill.worker.masters import parse_master

    if options["protocol"] != MSGPACK:
        raise click.BadParameter(f"only {MSGPACK} is supported", param_hint="--protocol")
    if options["proxy_connection_string"]:
        raise click.BadParameter(
            "connections through a proxy are not there yet", param_hint="--proxy-connection-string"
        )
    if ":" in name:
        raise click.BadParameter("a colon is not allowed", param_hint="NAME")
    texts = [options["connection_string"] or master, *options["more"]]
    with _errors_told():
        masters = [parse_master(text, use_tls=options["use_tls"]).url for text in texts]
        values = {
            "name": name,
            "masters": masters,
            "ca_file": os.path.abspath(options["ca_file"]) if options["ca_file"] else None,
            "numcpus": options["numcpus"],
            "umask": options["umask"],
            "max_delay_seconds": options["maxdelay"],
            "max_retries": options["maxretries"],
            "heartbeat_seconds": options["keepalive"],
            "allow_shutdown": options["allow_shutdown"],
            "allow_paths": [os.path.abspath(path) for path in options["allow_path"]] or None,
            "delete_leftover_dirs": options["delete_leftover_dirs"] or None,
            "staging": options["staging"] or None,
            "log_bytes": (1 << 62) if options["no_logrotate"] else options["log_size"],
            "log_files": options["log_count"] or 0,
        }
        create_worker(basedir, values, _password(password, options["password_file"]), force=options["force"])
    if not options["quiet"]:
        click.echo(f"worker made in {os.path.abspath(basedir)}; describe it in info/admin and info/host, then start it")


main.add_command(create, "create-worker")


def _common(function: F) -> F:
    function = click.option("-q", "--quiet", is_flag=True, help="Say nothing when all is well.")(function)
    return click.argument("basedir", default=".")(function)


@main.command()
@_common
def run(basedir: str, quiet: bool) -> None:
    """Work in the foreground; the log goes to the terminal."""
    _run(basedir)


@main.command()
@_common
@click.option("--nodaemon", is_flag=True, help="Stay in the foreground.")
def start(basedir: str, quiet: bool, nodaemon: bool) -> None:
    """Start a worker in the background and wait until it is connected."""
    if nodaemon:
        _run(basedir)
    _start(basedir, quiet)


@main.command()
@_common
def stop(basedir: str, quiet: bool) -> None:
    """Stop a worker: shell commands of a Buildmill master run on, others are killed, and the master is told."""
    from buildmill.worker import daemon

    with _errors_told():
        try:
            pid = daemon.stop(basedir)
        except NotFound as problem:
            if not quiet:
                click.echo(str(problem))
            return
    if not quiet:
        click.echo(f"worker {pid} has stopped")


@main.command()
@_common
@click.option("--nodaemon", is_flag=True, help="Stay in the foreground.")
def restart(basedir: str, quiet: bool, nodaemon: bool) -> None:
    """Stop a worker, if it runs, and start it."""
    from buildmill.worker import daemon

    with _errors_told():
        daemon.read_settings(basedir)  # a worker that could not start again is not stopped
        try:
            daemon.stop(basedir)
        except NotFound as problem:
            if not quiet:
                click.echo(str(problem))
    if nodaemon:
        _run(basedir)
    _start(basedir, quiet)


def _run(basedir: str) -> None:
    from buildmill.worker import daemon

    with _errors_told():
        sys.exit(daemon.run_in_foreground(daemon.read_settings(basedir)))


def _start(basedir: str, quiet: bool) -> None:
    from buildmill.worker import daemon

    with _errors_told():
        said = daemon.start_detached(daemon.read_settings(basedir))
    if said.startswith("failed:"):
        raise click.ClickException(said)
    if not said.startswith("connected"):
        click.echo(f"the worker has started and keeps trying to connect: {said}", err=True)
    elif not quiet:
        click.echo(f"the worker has started: {said}")


def _password(argument: str | None, file: Any) -> str:
    if argument is not None:
        return argument
    if file is not None:
        text: str = file.read()
        return text.removesuffix("\n")
    if (value := os.environ.get(PASSWORD_VARIABLE)) is not None:
        return value
    raise click.UsageError(f"give PASSWORD, --password-file, or set {PASSWORD_VARIABLE}")


class _errors_told:  # noqa: N801  # used like a function
    """Expected errors become one line and exit code 1."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, problem: BaseException | None, traceback: object) -> None:
        if isinstance(problem, ConfigError):
            raise click.ClickException("the configuration is wrong:\n" + str(problem)) from problem
        if isinstance(problem, BuildmillError | OSError):
            raise click.ClickException(str(problem)) from problem
