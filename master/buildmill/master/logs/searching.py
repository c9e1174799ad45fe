"""Searching logs, frame by frame: whole frames are searched at once, single lines are looked at only where one hits."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from buildmill.master.db import logs
from buildmill.master.db.log_frames import FrameRow
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.log_hits import LogHit, LogLine
from buildmill.master.logs.frame import STREAMS, Frame
from buildmill.master.logs.lines import DisplayLine, display_lines
from buildmill.master.logs.patterns import Matcher, Span
from buildmill.master.logs.reading import ContentDeleted, Reader

SHOWN_CHARACTERS = 1000
"""A longer line is shown in part."""

MOST_SPANS = 20
"""How many matches of one line are told."""

_BEFORE_MATCH = 100
# few enough for a reader's thread, and enough that going there and back costs little beside it
_BATCH_BYTES = 1024 * 1024
_BATCH_HITS_CHARACTERS = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class Search:
    """What to look for.

    Attributes:
        matcher: finds it in a line.
        streams: lines of these only, out of ``oeh``.
        first_line: where to begin.
        limit: how many hits, at least 1.
        context: how many lines before and after a hit are given with it.
    """

    matcher: Matcher
    streams: frozenset[str] = frozenset(STREAMS)
    first_line: int = 0
    limit: int = 100
    context: int = 0


class SearchedPart(NamedTuple):
    """What was found in a part of a log.

    Attributes:
        next_line: the first line that was not looked at.
        end_line: how many lines the log had when the search began.
        is_complete: whether no line will be added.
    """

    hits: list[LogHit]
    next_line: int
    end_line: int
    is_complete: bool


class _Lines:
    """The lines of one frame, and where each begins."""

    def __init__(self, row: FrameRow, frame: Frame) -> None:
        self.first = row.first_line
        self.lines = display_lines(frame)
        self.starts: list[int] = []
        cut = frozenset(frame.cut)
        at = 0
        for number, length in enumerate(frame.lengths):
            piece = frame.output[at : at + length]
            self.starts.append(at)
            if number not in cut:
                newline = piece.find(b"\n")
                while -1 < newline < length - 1:
                    self.starts.append(at + newline + 1)
                    newline = piece.find(b"\n", newline + 1)
            at += length
        self.starts.append(at)


class Searcher:
    """Searches the frames that `reader` finds."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def search_blocking(
        self, connection: Connection, log_id: int, search: Search, first: int, end: int | None, limit: int
    ) -> SearchedPart:
        """Look through about 1 MiB from line `first` on; stop earlier after `limit` hits.

        Args:
            end: where the whole search ends; None: at what is committed now.

        Raises:
            NotFound: no such log.
            DamagedLog: what is stored cannot be read.
        """
        log = logs.get(connection, log_id)
        end = log.num_lines if end is None else end
        if first >= end or log.type == ContentDeleted:
            return SearchedPart([], end, end, log.complete)
        hits: list[LogHit] = []
        size = 0
        around = _Around(self._reader, connection, log_id, end)
        for row, frame in self._reader.walk_blocking(connection, log_id, first, end, _BATCH_BYTES):
            until = min(end, row.end_line)
            for number, line, spans in _matching(row, frame, search, first, until):
                hits.append(hit := _hit(number, line, spans, around, search.context))
                size += sum(len(shown.text) for shown in (*hit.before, *hit.after)) + len(hit.text)
                if len(hits) >= limit or size >= _BATCH_HITS_CHARACTERS:
                    return SearchedPart(hits, number + 1, end, log.complete)
            first = until
        return SearchedPart(hits, first, end, log.complete)


def _matching(
    row: FrameRow, frame: Frame, search: Search, first: int, until: int
) -> Iterator[tuple[int, DisplayLine, list[Span]]]:
    """The lines of a frame, from number `first` up to `until`, that match."""
    lines: _Lines | None = None
    find = search.matcher.find
    for offset, text in _segments(frame):
        at = 0
        while at < len(text):
            candidate = find(text, at)
            if candidate is None or candidate[0] >= len(text):
                break
            lines = lines or _Lines(row, frame)
            index = bisect_right(lines.starts, offset + candidate[0]) - 1
            at = lines.starts[index + 1] - offset
            number = lines.first + index
            if number >= until:
                return
            line = lines.lines[index]
            if number >= first and line.stream in search.streams and (spans := _spans(line.text, search.matcher)):
                yield number, line, spans


def _segments(frame: Frame) -> Iterator[tuple[int, bytes]]:
    """Parts of a frame's output that hold whole lines, each with its place.

    A line without a newline is one of its own, so that no match reaches from it into the next.
    """
    if not frame.cut:
        yield 0, frame.output
        return
    at = 0
    for length in frame.lengths:
        yield at, frame.output[at : at + length]
        at += length


def _spans(text: bytes, matcher: Matcher) -> list[Span]:
    found: list[Span] = []
    at = 0
    while at <= len(text) and len(found) < MOST_SPANS:
        span = matcher.find(text, at)
        if span is None:
            break
        found.append(span)
        at = max(span[1], span[0] + 1)
    return found


class _Around:
    """Lines near to one another, each frame taken apart once."""

    def __init__(self, reader: Reader, connection: Connection, log_id: int, end: int) -> None:
        self._reader = reader
        self._connection = connection
        self._log_id = log_id
        self._end = end
        self._known: dict[int, DisplayLine] = {}

    def lines(self, first: int, until: int) -> list[LogLine]:
        """The lines from number `first` up to `until`; those that there are."""
        first, until = max(0, first), min(until, self._end)
        missing = next((number for number in range(first, until) if number not in self._known), None)
        if missing is not None:
            walk = self._reader.walk_blocking(self._connection, self._log_id, missing, until)
            for row, frame in walk:
                self._known.update(enumerate(display_lines(frame), row.first_line))
        return [_shown(number, self._known[number]) for number in range(first, until) if number in self._known]


def _shown(number: int, line: DisplayLine) -> LogLine:
    # no character has more than four bytes
    text = line.text[: SHOWN_CHARACTERS * 4].decode(errors="replace")[:SHOWN_CHARACTERS]
    return LogLine(number, line.stream, text, line.time_ms)


def _hit(number: int, line: DisplayLine, spans: Sequence[Span], around: _Around, context: int) -> LogHit:
    text = line.text.decode(errors="replace")
    if len(text) == len(line.text):
        matches = [list(span) for span in spans]
    else:
        matches = [[_column(line.text, at) for at in span] for span in spans]
    column = matches[0][0]
    begin = max(0, column - _BEFORE_MATCH) if len(text) > SHOWN_CHARACTERS else 0
    return LogHit(
        after=around.lines(number + 1, number + 1 + context) if context else [],
        before=around.lines(number - context, number) if context else [],
        column=column,
        length=len(text),
        line=number,
        matches=matches,
        stream=line.stream,
        text=text[begin : begin + SHOWN_CHARACTERS],
        text_column=begin,
        time_ms=line.time_ms,
    )


def _column(text: bytes, at: int) -> int:
    return len(text[:at].decode(errors="replace"))
