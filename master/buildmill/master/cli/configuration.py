"""What commands must know of a master's configuration. It is read by a process of its own, never by the command."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from buildmill.master.cli.basedir import MasterSettings, read_settings

if TYPE_CHECKING:
    from buildmill.master.config.rehearsal import Report


def read(basedir: Path, settings: MasterSettings | None = None) -> Report:
    """The configuration of a directory; what it prints goes to the standard error stream.

    Raises:
        ConfigError: there are no settings, or all that is wrong with the configuration.
    """
    from buildmill.master.config.rehearsal import rehearse_blocking

    settings = read_settings(basedir) if settings is None else settings
    report = rehearse_blocking(basedir, settings.config_file, seconds=settings.check_seconds)
    show_output(report)
    report.raise_problems()
    return report


def database_url(basedir: Path) -> str:
    """The URL of a master's database: what its configuration says; without one, where `create-master` made the tables.

    Raises:
        ConfigError: as `read`.
    """
    settings = read_settings(basedir)
    has_config = (basedir / settings.config_file).exists()
    return read(basedir, settings).db_url if has_config else settings.db_url


def show_output(report: Report) -> None:
    """What a configuration has printed."""
    if report.output:
        click.echo(report.output, err=True, nl=not report.output.endswith("\n"))
        sys.stderr.flush()
