"""The command `push`: from a folder to a droplet."""

from __future__ import annotations

import os
import re
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from buildmill.common.errors import BuildmillError, InvalidInput, NotSupported
from buildmill.master.cli.console import Told
from buildmill.master.cli.options import quiet_option, variables_option
from buildmill.master.cli.options_file import CommandWithOptionsFile
from buildmill.master.cli.rest import auth_option, master_option

if TYPE_CHECKING:
    from buildmill.client.staging import Droplet, Named, Package, StagingClient
    from buildmill.master.cli.pushing.display import Display
    from buildmill.master.cli.pushing.staging import Push

_IN_OPTIONS_FILE = {"master": ("master",), "auth": ("auth",), "space": ("space",)}
_PASSWORD = "BUILDMILL_DOCKER_PASSWORD"  # noqa: S105  # a variable's name
_MEGABYTES = {"": 1, "M": 1, "MB": 1, "G": 1024, "GB": 1024}
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def _megabytes(_context: click.Context, _parameter: click.Parameter, text: str | None) -> int | None:
    found = None if text is None else re.fullmatch(r"([0-9]{1,12})([MG]B?|)", text.upper())
    if text is not None and found is None:
        raise click.BadParameter(f"expected a number of mebibytes, or 512M, or 2G, not {text!r}")
    return None if found is None else int(found[1]) * _MEGABYTES[found[2]]


@click.command(cls=CommandWithOptionsFile, known_as=_IN_OPTIONS_FILE)
@click.argument("source", metavar="[DIR]", type=click.Path(path_type=Path, exists=True), default=".")
@master_option
@auth_option
@click.option("-n", "--app", metavar="NAME", help="The app's name; by default the folder's.")
@click.option("--space", metavar="NAME", default="", help="Where the app is; need not be said if there is but one.")
@click.option(
    "-b",
    "--buildpack",
    "buildpacks",
    multiple=True,
    metavar="NAME|URL",
    help="May be repeated, in order; by default they are detected.",
)
@click.option("-s", "--stack", metavar="NAME", default="", help="By default the master's.")
@click.option(
    "--lifecycle",
    type=click.Choice(["buildpack", "cnb"]),
    default="buildpack",
    show_default=True,
    help="Classic or Cloud Native Buildpacks.",
)
@variables_option
@click.option("--memory", metavar="SIZE", callback=_megabytes, help="That staging may use: 512M, 2G.")
@click.option("--disk", metavar="SIZE", callback=_megabytes, help="That staging may use: 512M, 2G.")
@click.option("--docker-image", metavar="IMAGE", default="", help="Stage this container image instead of a folder.")
@click.option(
    "--docker-username",
    metavar="NAME",
    default="",
    help=f"For the image's registry; the password is taken from {_PASSWORD}.",
)
@click.option(
    "--ignore-file", type=_FILE, help="Names what is not packed, as .gitignore does; by default DIR/.cfignore."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Fetch the droplet to this file, and the statement about it to FILE.intoto.json.",
)
@click.option(
    "--key",
    "key_file",
    type=_FILE,
    help="With --output: check the statement with this key, attestation.pub of the master.",
)
@quiet_option
def push(
    source: Path,
    master: str,
    auth: str | None,
    app: str | None,
    space: str,
    buildpacks: tuple[str, ...],
    stack: str,
    lifecycle: str,
    variables: dict[str, str],
    memory: int | None,
    disk: int | None,
    docker_image: str,
    docker_username: str,
    ignore_file: Path | None,
    output: Path | None,
    key_file: Path | None,
    quiet: bool,
) -> None:
    """Make a package of DIR, have the master stage it, and make what comes out the app's current droplet.

    DIR is a folder, or a zip archive that is sent as it is. The log of staging is shown as it is written. When staging
    fails, the cause and a hint are shown, and the exit code is 1.
    """
    from buildmill.client import Client
    from buildmill.client.staging import StagingClient
    from buildmill.master.cli.pushing.display import Display
    from buildmill.master.cli.pushing.hints import Explained
    from buildmill.master.cli.pushing.staging import Push, Wanted

    if key_file is not None and output is None:
        raise click.UsageError("--key checks what --output fetches: name a file with --output")
    asked = {
        "staging_memory_in_mb": memory,
        "staging_disk_in_mb": disk,
        "environment_variables": variables or None,
    }
    with Told(), Explained():
        client, display = StagingClient(master, token=auth), Display(quiet=quiet)
        wanted = Wanted(
            app=app or _name_of(source, docker_image),
            space=space,
            lifecycle="docker" if docker_image else lifecycle,
            buildpacks=buildpacks,
            stack=stack,
            options={name: value for name, value in asked.items() if value is not None},
        )
        reading = Client(master, token=auth if auth and auth.startswith("bmt_") else None)
        doing = Push(client, wanted, display, reading=reading, sleep=time.sleep)
        found = doing.app()
        if docker_image:
            package = doing.image(found, docker_image, docker_username, os.environ.get(_PASSWORD, ""))
        else:
            package = _uploaded(doing, found, display, source, ignore_file)
        droplet = doing.stage(found, package)
        _tell(droplet, display)
        if output is not None:
            _fetch(doing, client, droplet, output, key_file, display)


def _name_of(source: Path, image: str) -> str:
    return re.split(r"[:@]", image.rsplit("/", 1)[-1])[0] if image else source.resolve().stem


def _uploaded(doing: Push, app: Named, display: Display, source: Path, ignore_file: Path | None) -> Package:
    if source.is_file():
        with source.open("rb") as archive:
            return doing.upload(app, archive, source.stat().st_size)
    with tempfile.TemporaryFile() as archive:
        _pack(archive, display, source, ignore_file)
        size = archive.tell()
        archive.seek(0)
        return doing.upload(app, archive, size)


def _pack(archive: IO[bytes], display: Display, source: Path, ignore_file: Path | None) -> None:
    from buildmill.master.cli.pushing.packing import files_of, pack_blocking

    files = files_of(source, ignore_file)
    if not files:
        raise InvalidInput(str(source), "there is nothing in it to stage")
    with display.bar(f"packing {len(files)} files of {source}", sum(file.size_bytes for file in files)) as advance:
        pack_blocking(files, archive, advance)


def _tell(droplet: Droplet, display: Display) -> None:
    display.say(f"staged, droplet {droplet.guid}")
    for used in droplet.buildpacks or ():
        display.say(f"  buildpack {used.name} {used.version or ''}".rstrip())
    for name, command in sorted(droplet.process_types.items()):
        display.say(f"  {name}: {command}")


def _fetch(
    doing: Push, client: StagingClient, droplet: Droplet, output: Path, key_file: Path | None, display: Display
) -> None:
    if droplet.checksum is None:
        raise NotSupported(f"there is no droplet to fetch: it is the image {droplet.image}")
    doing.fetch(droplet, output)
    statement = client.attestation(droplet.guid)
    file = output.with_name(f"{output.name}.intoto.json")
    file.write_bytes(statement)
    if key_file is None:
        display.say(f"{output} is whole; who has built it tells {file}, to be checked with `buildmill verify`")
        return
    from buildmill.master.cli.verify import verified

    try:
        built = verified(output, statement, key_file.read_bytes())
    except BuildmillError:
        output.unlink()  # nobody shall take it for checked
        raise
    display.say(f"{output} is what {built.predicate.run_details.builder.id} has built")
