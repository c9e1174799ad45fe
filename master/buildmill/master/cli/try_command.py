"""The commands `try`, which builds what is not committed yet, and `tryserver`, which puts its job into a directory."""

from __future__ import annotations

import getpass
import os
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from buildmill.common.errors import BuildmillError
from buildmill.master.cli.console import Told
from buildmill.master.cli.options_file import read_options
from buildmill.master.cli.try_sources import KINDS, Sources, detect, extract
from buildmill.master.domain.try_job import TryJob, read_job

if TYPE_CHECKING:
    from buildmill.master.cli.try_delivery import PbMaster

_FROM_FILE = {
    "connect": "try_connect", "host": "try_host", "port": "try_port", "jobdir": "try_dir", "ssh": "try_ssh",
    "username": "try_username", "master": "try_master", "passwd": "try_password", "who": "try_who",
    "comment": "try_comment", "buildbotbin": "try_buildbotbin", "vc": "try_vc", "branch": "try_branch",
    "repository": "try_repository", "builders": "try_builders", "topfile": "try_topfile", "topdir": "try_topdir",
    "wait": "try_wait", "quiet": "try_quiet",
}  # fmt: skip
"""Option: its name in a file of options."""


@click.command("try")
@click.option("-c", "--connect", type=click.Choice(["ssh", "pb"]), help="How the job gets to the master.")
@click.option("--host", help="The master's machine, for ssh.")
@click.option("--port", type=int, help="Port of ssh there.")
@click.option("--jobdir", help="Directory of jobs there.")
@click.option("--ssh", help="Program to use instead of ssh.")
@click.option("-u", "--username", help="To log in with; the present user if not given.")
@click.option("-m", "--master", metavar="HOST:PORT", help="Where Try_Userpass listens, for pb.")
@click.option("--passwd", help="Password, for pb.")
@click.option("-w", "--who", help="Who wants this; shown with the build.")
@click.option("-C", "--comment", help="Shown with the build.")
@click.option("--buildbotbin", help="The program on the master's machine; buildmill if not given.")
@click.option("--diff", help="A file with the patch, instead of a working copy; - for the standard input.")
@click.option("-p", "--patchlevel", type=int, default=0, show_default=True, help="Of the patch in --diff.")
@click.option("--baserev", help="What the patch applies to.")
@click.option("--vc", type=click.Choice(KINDS), help="Kind of the working copy; found out if not given.")
@click.option("--branch", help="Branch of the sources.")
@click.option("--repository", help="Repository of the sources.")
@click.option("-b", "--builder", "builders", multiple=True, help="A builder; may be repeated. All if not given.")
@click.option("--properties", "several", help="Properties: a=1,b=2.")
@click.option("--property", "properties", multiple=True, metavar="NAME=VALUE", help="May be repeated.")
@click.option("--topfile", help="A file that marks the top of the working copy.")
@click.option("--topdir", help="The top of the working copy.")
@click.option("--wait", is_flag=True, help="Wait for the builds; the exit code tells whether all were good.")
@click.option("-n", "--dryrun", is_flag=True, help="Show the job, and send nothing.")
@click.option("--get-builder-names", is_flag=True, help="List the builders that can be tried, and do nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing when all is well.")
def try_command(
    several: str | None, properties: tuple[str, ...], dryrun: bool, get_builder_names: bool, **given: Any
) -> None:
    """Build the changes of a working copy, or a patch, before they are committed."""
    with Told():
        options = _with_defaults(given)
        say = (lambda text: None) if options["quiet"] else click.echo
        if options["connect"] not in ("ssh", "pb"):
            raise click.UsageError("--connect must be ssh or pb")
        if get_builder_names:
            for name in _pb_master(options, say).builder_names():
                click.echo(name)
            return
        if options["wait"] and options["connect"] == "ssh" and not dryrun:
            raise click.UsageError("over ssh nobody can wait for builds; use --connect=pb for --wait")
        job = _job(options, _properties(several, properties))
        if dryrun:
            _show(job)
            return
        if options["connect"] == "ssh":
            from buildmill.master.cli.try_delivery import deliver_by_ssh

            deliver_by_ssh(job, _ssh_command(options))
            say("job has been delivered")
            return
        is_good = _pb_master(options, say).deliver(job, wait=options["wait"])
    if not is_good:
        sys.exit(1)


@click.command()
@click.option("--jobdir", required=True, type=click.Path(path_type=Path, file_okay=False), help="Directory of jobs.")
def tryserver(jobdir: Path) -> None:
    """Put the job on the standard input into a directory where Try_Jobdir finds it."""
    with Told():
        data = sys.stdin.buffer.read()
        read_job(data)
        name = f"{time.time():.0f}.{os.getpid()}.{secrets.token_hex(8)}"
        unfinished = jobdir / "tmp" / name
        try:
            unfinished.write_bytes(data)
            unfinished.rename(jobdir / "new" / name)
        except OSError as problem:
            raise BuildmillError(f"the job cannot be stored: {problem}") from problem


def _with_defaults(given: dict[str, Any]) -> dict[str, Any]:
    """What the command line leaves open comes from a file of options."""
    stored = read_options(Path.cwd(), Path.home())
    return {
        name: stored.get(_FROM_FILE.get(name, name), value) if value in (None, (), False) else value
        for name, value in given.items()
    }


def _pb_master(options: dict[str, Any], say: Any) -> PbMaster:
    if options["connect"] != "pb":
        raise click.UsageError("this is only possible with --connect=pb")
    host, colon, port = (options["master"] or "").rpartition(":")
    if not colon or not port.isdigit():
        raise click.UsageError(f"--master must be HOST:PORT, not {options['master'] or 'nothing'}")
    if not options["passwd"]:
        raise click.UsageError("--passwd is needed")
    user = options["username"] or getpass.getuser()
    from buildmill.master.cli.try_delivery import PbMaster

    return PbMaster(host=host, port=int(port), username=user, password=options["passwd"], say=say)


def _ssh_command(options: dict[str, Any]) -> Sequence[str]:
    for name in ("host", "jobdir"):
        if not options[name] or str(options[name]).startswith("-"):
            raise click.UsageError(f"--{name} is needed")
    program = [options["ssh"] or "ssh"]
    if options["username"]:
        program += ["-l", options["username"]]
    if options["port"]:
        program += ["-p", str(options["port"])]
    return [
        *program,
        options["host"],
        options["buildbotbin"] or "buildmill",
        "tryserver",
        "--jobdir",
        options["jobdir"],
    ]


def _job(options: dict[str, Any], properties: dict[str, str]) -> TryJob:
    sources = _sources(options)
    user = options["username"] or getpass.getuser()
    return TryJob(
        job_id=f"{time.time():.0f}-{secrets.token_hex(8)}",
        branch=sources.branch,
        base_revision=sources.base_revision,
        patch=(sources.level, sources.patch) if sources.patch else None,
        repository=options["repository"] or "",
        who=options["who"] or user,
        comment=options["comment"] or "",
        builder_names=tuple(options["builders"] or ()),
        properties=properties,
    )


def _sources(options: dict[str, Any]) -> Sources:
    branch, base = options["branch"], options["baserev"]
    if options["diff"] is not None:
        patch = sys.stdin.buffer.read() if options["diff"] == "-" else Path(options["diff"]).read_bytes()
        return Sources(branch=branch, base_revision=base, level=options["patchlevel"], patch=patch)
    start = Path(options["topdir"] or ".").absolute()
    if options["topfile"]:
        start = next((f for f in (start, *start.parents) if (f / options["topfile"]).exists()), start)
    kind, top = (options["vc"], start) if options["vc"] else detect(start)
    return extract(kind, top, branch, base)


def _properties(several: str | None, single: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for text in [*(several.split(",") if several else ()), *single]:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise click.UsageError(f"{text!r} is not NAME=VALUE")
        values[name] = value
    return values


def _show(job: TryJob) -> None:
    level, body = job.patch or (0, b"")
    for title, value in (
        ("Job", job.job_id), ("Branch", job.branch), ("Base revision", job.base_revision),
        ("Repository", job.repository), ("Who", job.who), ("Comment", job.comment),
        ("Builders", ", ".join(job.builder_names) or "all"), ("Patch level", level),
    ):  # fmt: skip
        click.echo(f"{title}: {'' if value is None else value}")
    click.echo(body.decode(errors="replace"))
