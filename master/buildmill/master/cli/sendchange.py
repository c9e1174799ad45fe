"""The command `sendchange`: tell a master of a change, over its REST API."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import click

from buildmill.master.cli.console import Told
from buildmill.master.cli.options_file import CommandWithOptionsFile
from buildmill.master.cli.rest import auth_option, client_of, master_option

_IN_OPTIONS_FILE = {
    "master": ("master",),
    "auth": ("auth",),
    "who": ("who", "username"),
    "repository": ("repository",),
    "vc": ("vc",),
    "project": ("project",),
    "branch": ("branch",),
    "category": ("category",),
    "encoding": ("encoding",),
}


@click.command(cls=CommandWithOptionsFile, known_as=_IN_OPTIONS_FILE)
@click.argument("files", nargs=-1)
@master_option
@auth_option
@click.option("-W", "--who", required=True, help="Author of the change.")
@click.option("-R", "--repository", default="", help="Where the change is.")
@click.option(
    "-s", "--vc", type=click.Choice(["cvs", "svn", "darcs", "hg", "bzr", "git", "mtn", "p4"]), help="Version control."
)
@click.option("-P", "--project", default="", help="Project of the change.")
@click.option("-b", "--branch", help="Branch of the change.")
@click.option("-C", "--category", help="For schedulers to filter by.")
@click.option("--codebase", help="Codebase of the change.")
@click.option("-r", "--revision", help="Revision of the change.")
@click.option(
    "--revision-file", "--revision_file", type=click.Path(path_type=Path), help="File that holds the revision."
)
@click.option("-p", "--property", "properties", multiple=True, metavar="NAME:VALUE", help="May be repeated.")
@click.option("-c", "--comments", help="What was changed, and why.")
@click.option("-F", "--logfile", help="File that holds the comments; - for the standard input.")
@click.option("-w", "--when", type=float, help="Seconds since 1970; now by default.")
@click.option("-l", "--revlink", default="", help="A page that shows the change.")
@click.option("-e", "--encoding", default="utf8", show_default=True, help="Encoding of the comments file.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing when all is well.")
def sendchange(
    files: tuple[str, ...],
    master: str,
    auth: str | None,
    who: str,
    vc: str | None,
    revision_file: Path | None,
    properties: tuple[str, ...],
    comments: str | None,
    logfile: str | None,
    when: float | None,
    encoding: str,
    quiet: bool,
    **fields: str | None,
) -> None:
    """Tell a master of a change in FILES; its schedulers then decide what to build.

    What is not given is taken from `.buildbot/options`, if that is there: master, auth, who (or username), repository,
    vc, project, branch, category, encoding.
    """
    with Told():
        if revision_file is not None:
            fields["revision"] = revision_file.read_text(encoding="utf-8").strip()
        if logfile is not None:
            comments = _read(logfile, encoding)
        change: dict[str, Any] = {
            **{name: value for name, value in fields.items() if value is not None},
            "author": who,
            "comments": comments or "",
            "files": list(files),
            "properties": dict(_property(text) for text in properties),
            "when_timestamp": time.time() if when is None else when,
        }
        if vc is not None:
            change["src"] = vc
        from buildmill.client import api

        change_id = client_of(master, auth).call(api.changes.add(**change))
    if not quiet:
        click.echo(f"change {change_id} sent")


def _read(name: str, encoding: str) -> str:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as problem:
        raise click.BadParameter(str(problem), param_hint="--logfile") from problem


def _property(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name:
        raise click.BadParameter(f"{text!r} is not NAME:VALUE", param_hint="--property")
    return name, value
