"""A line on the terminal while something is waited for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class ProgressLine:
    """A line on the terminal that tells what the master does; nothing where there is no terminal."""

    def __init__(self, what: str) -> None:
        from rich.console import Console

        self._what = what
        self.status = Console(stderr=True).status(what)

    def show(self, line: str) -> None:
        """Show a line of the log: without its time and its source."""
        from rich.markup import escape

        text = line.split(": ", 1)[-1]
        self.status.update(f"{self._what}: [dim]{escape(text[:200])}[/dim]")


class Silence:
    """Stands in where there is no terminal."""

    def show(self, line: str) -> None:
        """Nothing to show it on."""


@contextmanager
def progress_line(what: str, quiet: bool) -> Iterator[ProgressLine | Silence]:
    """Show such a line within the block."""
    if quiet or not sys.stderr.isatty():
        yield Silence()
        return
    progress = ProgressLine(what)
    with progress.status:
        yield progress
