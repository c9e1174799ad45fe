"""What `push` shows: what it does now, how far that is, and staging's log."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from buildmill.master.cli.console import printable

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Display:
    """Tells on the standard error stream what happens, and writes the log of staging to the standard output.

    Args:
        quiet: only failures are told.
    """

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet

    def say(self, text: str) -> None:
        """What is done now, or was done."""
        if not self._quiet:
            click.echo(click.style(printable(text), bold=True), err=True)

    def log(self, line: bytes) -> None:
        """A line of staging's log; what a terminal would obey is taken out."""
        if not self._quiet:
            text = _COLOURS.sub("", line.decode(errors="replace").rstrip("\r\n"))
            click.echo(printable(text.expandtabs()))

    @contextmanager
    def bar(self, what: str, total_bytes: int | None) -> Iterator[Callable[[int], object]]:
        """A bar that what it gives moves on, by bytes; on a terminal only, elsewhere a line at the end.

        Args:
            total_bytes: None where nobody knows it before.
        """
        if self._quiet or not sys.stderr.isatty():
            counts: list[int] = []
            yield counts.append
            self.say(f"{what}: {_size(sum(counts))}")
            return
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task(what, total=total_bytes)
            yield lambda count: progress.advance(task, count)


def _size(count: int) -> str:
    amount = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
