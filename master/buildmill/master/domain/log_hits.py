"""What is answered about single lines of a log: hits of a search, times. Fields stand in alphabetical order."""

from __future__ import annotations

from buildmill.master.domain.resources import Resource


class LogLine(Resource, frozen=True):
    """A line beside a hit.

    Attributes:
        line: its number, from 0.
        stream: ``o``, ``e`` or ``h``.
        text: the line, or as much of it as is shown; bytes that are not UTF-8 became U+FFFD.
        time_ms: when it came, in milliseconds since the epoch.
    """

    type_name = "logline"
    plural = "loglines"
    id_field = "line"

    line: int
    stream: str
    text: str
    time_ms: int


class LogHit(Resource, frozen=True):
    """A line that matches what was looked for.

    Attributes:
        before, after: the lines around it, in their order.
        column: where its first match begins, in characters, from 0.
        length: of the whole line, in characters.
        line, stream, text, time_ms: as in `LogLine`.
        matches: ``[begin, end]`` of its first matches.
        text_column: the column of the first character of `text`.
    """

    type_name = "loghit"
    plural = "loghits"
    id_field = "line"

    after: list[LogLine]
    before: list[LogLine]
    column: int
    length: int
    line: int
    matches: list[list[int]]
    stream: str
    text: str
    text_column: int
    time_ms: int


class LogTimes(Resource, frozen=True):
    """When lines came.

    Attributes:
        times: of each line from `firstline` on, in milliseconds since the epoch.
    """

    type_name = "logtimes"
    plural = "logtimes"
    id_field = "logid"

    firstline: int
    logid: int
    times: list[int]
