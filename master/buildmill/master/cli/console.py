"""What the commands say, and how they end when something expected goes wrong."""

from __future__ import annotations

from types import TracebackType

import click

from buildmill.common.errors import BuildmillError, ConfigError


class Told:
    """Within the block, expected errors become lines on the standard error stream and exit code 1."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(problem, ConfigError):
            show_problems(problem)
            raise SystemExit(1) from problem
        if isinstance(problem, BuildmillError | OSError):
            raise click.ClickException(str(problem)) from problem


def show_problems(error: ConfigError) -> None:
    """One line for each problem, as compilers write them, and how many there are."""
    for problem in error.problems:
        click.echo(str(problem), err=True)
    count = len(error.problems)
    click.echo("1 error" if count == 1 else f"{count} errors", err=True)


def printable(text: str) -> str:
    """A line without what a terminal would obey: names come from outside."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
