"""The command `run-droplet`: start a droplet on this machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from buildmill.common.errors import InvalidInput, NotSupported
from buildmill.master.cli.console import Told
from buildmill.master.cli.options import variables_option

if TYPE_CHECKING:
    from buildmill.common.cnb.launching import Launch

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
INHERITED: Final = ("PATH", "LANG", "LC_ALL", "TERM", "TZ")
"""All that a droplet gets of the environment here, beside what is named."""


@click.command(name="run-droplet")
@click.argument("droplet", type=_FILE)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option("-p", "--process", metavar="TYPE", default="", help="Which of its processes; by default web.")
@click.option("-c", "--command", metavar="TEXT", default="", help="Start this instead of a process; of classic ones.")
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True, help="Given as PORT.")
@variables_option
@click.option(
    "-d", "--directory", type=click.Path(path_type=Path, file_okay=False),
    help="Unpack it here and leave it; by default in a directory that is removed at the end.",
)  # fmt: skip
@click.pass_context
def run_droplet(
    context: click.Context,
    droplet: Path,
    arguments: tuple[str, ...],
    process: str,
    command: str,
    port: int,
    variables: dict[str, str],
    directory: Path | None,
) -> None:
    """Unpack DROPLET and start one of its processes as its launcher would, on this machine.

    It gets an environment of its own, with PATH, language and time zone of this one, and what --env names. Signals are
    passed on to it, and its exit code is that of this command; 128 and the number of the signal that has ended it.
    ARGUMENTS stand in for those of a process of Cloud Native Buildpacks.

    There is no container: it runs as you, with your files in reach. Run only what you trust.
    """
    here = {name: os.environ[name] for name in INHERITED if name in os.environ}
    inherited = {**here, "PORT": str(port), **variables}
    with Told(), _home(directory) as home:
        from buildmill.master.staging.launching.local import run_blocking

        _unpack(droplet, home)
        code = run_blocking(_launch(home, process, command, arguments, inherited))
    context.exit(code)


def _unpack(droplet: Path, home: Path) -> None:
    from buildmill.common.archives.bounds import Bounds
    from buildmill.common.archives.untar import untar

    room = shutil.disk_usage(home).free
    bounds = Bounds(shown="the droplet", archive_bytes=droplet.stat().st_size, room_bytes=room)
    untar(str(droplet), str(home), bounds)


def _launch(home: Path, process: str, command: str, arguments: Sequence[str], inherited: Mapping[str, str]) -> Launch:
    if (home / "workspace").is_dir():
        from buildmill.common.cnb.launching import prepare_launch_blocking, read_launch_metadata
        from buildmill.common.cnb.places import Home

        if command:
            raise NotSupported(
                "--command is for droplets of classic buildpacks, this one is of Cloud Native Buildpacks"
            )
        place = Home(home)
        metadata = read_launch_metadata(place)
        return prepare_launch_blocking(place, metadata, process=process, arguments=arguments, inherited=inherited)
    if not (home / "app").is_dir():
        raise InvalidInput("DROPLET", "expected an archive with a directory app or workspace")
    if arguments:
        raise NotSupported("arguments are for droplets of Cloud Native Buildpacks; give this one's --command")
    from buildmill.master.staging.launching.classic import launch_of

    return launch_of(home, process=process, command=command, inherited=inherited)


@contextmanager
def _home(directory: Path | None) -> Iterator[Path]:
    """An empty directory, absolute."""
    if directory is None:
        with tempfile.TemporaryDirectory(prefix="droplet-", ignore_cleanup_errors=True) as made:
            yield Path(made).resolve()
        return
    if directory.exists() and any(directory.iterdir()):
        raise InvalidInput("--directory", f"{directory} is not empty")
    directory.mkdir(parents=True, exist_ok=True)
    yield directory.resolve()
