"""What a command says: bytes of its streams and log files, and values such as its exit code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from twisted.internet.defer import Deferred

Stream = Literal["stdout", "stderr", "header"]


class Streams(Protocol):
    """Takes what belongs to the three streams."""

    def write(self, stream: Stream, data: bytes) -> None:
        """Append to a stream, exactly as read; boundaries anywhere."""


class Output(Streams, Protocol):
    """Where a command writes. Nothing blocks and nothing is lost; who writes a lot heeds `is_full`."""

    def log(self, name: str, data: bytes) -> None:
        """Append to the extra log `name`."""

    def value(self, key: str, value: object) -> None:
        """Say a value (`rc`, `failure_reason`, `files`, ...); it arrives after all that was written before."""

    def end_streams(self) -> None:
        """No more output follows: unfinished last lines are complete as they are."""

    @property
    def is_full(self) -> bool:
        """Too much waits to be taken by the master: stop reading."""

    def ready(self) -> Deferred[None]:
        """Fires when there is room: at once, unless `is_full`."""

    def on_flow(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        """Have `pause` called when it gets full and `resume` when there is room again."""


def header(output: Streams, text: str) -> None:
    """Write a line of Buildmill's own into the header stream."""
    output.write("header", text.encode("utf-8", "surrogateescape") + b"\n")


def complain(output: Streams, text: str) -> None:
    """Tell the build's author what went wrong, in the error stream."""
    output.write("stderr", text.encode("utf-8", "surrogateescape") + b"\n")
