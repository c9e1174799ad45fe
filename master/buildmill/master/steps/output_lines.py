"""Reading along with a command's output, line by line."""

from __future__ import annotations

from collections.abc import Callable

from buildmill.master.engine.step_log import LogLineObserver


class OutputLines(LogLineObserver):
    """Feeds the lines of both streams of a command to a function; what the build system itself says is left out.

    Args:
        take: gets each line, decoded, without its end.
    """

    def __init__(self, take: Callable[[str], None]) -> None:
        super().__init__()
        self._take = take

    def outLineReceived(self, line: str) -> None:
        """A line of ordinary output."""
        self._take(line.rstrip("\r"))

    def errLineReceived(self, line: str) -> None:
        """A line of the error stream."""
        self._take(line.rstrip("\r"))

    def end(self) -> None:
        """Give last lines without an end, too."""
        self._written("", b"")
