"""The command `checkconfig`: everything that is wrong with a configuration."""

from __future__ import annotations

from pathlib import Path

import click

from buildmill.common.errors import ConfigError
from buildmill.master.cli import basedir as base
from buildmill.master.cli.console import Told, show_problems
from buildmill.master.cli.options import json_option, quiet_option


@click.command()
@click.argument("place", metavar="[BASEDIR|FILE]", type=click.Path(path_type=Path), default=".")
@json_option
@quiet_option
def checkconfig(place: Path, as_json: bool, quiet: bool) -> None:
    """Read a configuration as a master would, and report everything that is wrong with it, with file and line.

    Nothing is changed. Without an argument, or with a directory, the configuration that is named in the directory's
    settings is read; where there are none, master.cfg. It is read by a process of its own; one that takes longer than
    the settings allow, or crashes, is wrong.

    With --json the report has `ok`, `problems` (each with `message`, `file`, `line`, `hint`) and `notices`.
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
            click.echo(shown({"ok": not problems, "problems": problems, "notices": report.notices}))
            raise SystemExit(1 if problems else 0)
        try:
            report.raise_problems()
        except ConfigError as error:
            show_problems(error)
            raise SystemExit(1) from None
    if not quiet:
        for notice in report.notices:
            click.echo(notice, err=True)
        click.echo("the configuration is good")
