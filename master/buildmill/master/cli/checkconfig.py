"""The command `checkconfig`: everything that is wrong with a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from buildmill.common.errors import ConfigError
from buildmill.master.cli import basedir as base
from buildmill.master.cli.console import Told, show_problems
from buildmill.master.cli.options import json_option, quiet_option

if TYPE_CHECKING:
    from buildmill.master.config.rehearsal import ReportedProblem

WEAK: Final = 3
"""The exit code for a good configuration that is weaker than it could be."""


@click.command()
@click.argument("place", metavar="[BASEDIR|FILE]", type=click.Path(path_type=Path), default=".")
@click.option("--security", is_flag=True, help="Also tell what is weaker than it could be.")
@json_option
@quiet_option
def checkconfig(place: Path, security: bool, as_json: bool, quiet: bool) -> None:
    """Read a configuration as a master would, and report everything that is wrong with it, with file and line.

    Nothing is changed. Without an argument, or with a directory, the configuration that is named in the directory's
    settings is read; where there are none, master.cfg. It is read by a process of its own; one that takes longer than
    the settings allow, or crashes, is wrong.

    With --security it also tells what is open to whom, passwords that are easily guessed, what goes over the network
    as it is, and files that others can read, each with the way out; it ends with code 3 if there is anything like that.

    With --json the report has `ok`, `problems` (each with `message`, `file`, `line`, `hint`) and `notices`; with
    --security also `weaknesses`, like `problems`.
    """
    place = place.absolute()
    with Told():
        folder, settings = place.parent, base.MasterSettings(config_file=place.name)
        if place.is_dir():
            has_settings = (place / base.SETTINGS_FILE).exists()
            folder, settings = place, base.read_settings(place) if has_settings else base.MasterSettings()

        import msgspec

        from buildmill.master.cli.configuration import show_output
        from buildmill.master.config.rehearsal import as_json as shown
        from buildmill.master.config.rehearsal import rehearse_blocking

        report = rehearse_blocking(folder, settings.config_file, seconds=settings.check_seconds)
        show_output(report)
        if as_json:
            problems = [msgspec.to_builtins(problem) for problem in report.problems]
            document = {"ok": not problems, "problems": problems, "notices": report.notices}
            if security:
                document["weaknesses"] = [msgspec.to_builtins(weakness) for weakness in report.weaknesses]
            click.echo(shown(document))
            raise SystemExit(1 if problems else WEAK if security and report.weaknesses else 0)
        try:
            report.raise_problems()
        except ConfigError as error:
            show_problems(error)
            raise SystemExit(1) from None
    if not quiet:
        for notice in report.notices:
            click.echo(notice, err=True)
        click.echo("the configuration is good")
    if security:
        for weakness in report.weaknesses:
            click.echo(shown_weakness(weakness))
        if report.weaknesses:
            count = len(report.weaknesses)
            click.echo(f"{count} {'weakness' if count == 1 else 'weaknesses'}", err=True)
            raise SystemExit(WEAK)


def shown_weakness(weakness: ReportedProblem) -> str:
    """One line about one."""
    where = f"{weakness.file}:{weakness.line}: " if weakness.line else f"{weakness.file}: "
    return f"{where}{weakness.message} (way out: {weakness.hint})"
