"""Searching frames: the output of each is looked through as one text, and taken apart only where something hits.

Who has a log searched, and in which order, is `buildmill.master.logs.pursuit`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, takewhile
from typing import NamedTuple

import msgspec

from buildmill.master.db import log_frames, logs
from buildmill.master.db.log_frames import FrameRow
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.log_hits import LogHit, LogLine
from buildmill.master.logs.frame import STREAMS, Bytes, DamagedLog, Frame, body_of, frame_of, outline_of
from buildmill.master.logs.lines import DisplayLine, display_lines
from buildmill.master.logs.patterns import Matcher, Span
from buildmill.master.logs.reading import ContentDeleted, Reader

SHOWN_CHARACTERS = 1000
"""A longer line is shown in part."""

MOST_SPANS = 20
"""How many matches of one line are told."""

MOST_CHARACTERS = 256 * 1024
"""So much text of hits is given in one go, or one hit."""

_BEFORE_MATCH = 100


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


class Plan(NamedTuple):
    """What there is to look through.

    Attributes:
        rows: frames that follow each other, from the wanted line on.
        end_line: how many lines the log had when the search began.
        is_complete: whether no line will be added.
    """

    rows: Sequence[FrameRow]
    end_line: int
    is_complete: bool


class Stretch(NamedTuple):
    """A part of a log that is looked through in one go.

    Attributes:
        rows: its frames, at least one.
        first, until: its lines; the frames may have more.
    """

    rows: Sequence[FrameRow]
    first: int
    until: int

    def after(self, line: int) -> Stretch:
        """What is left of it from this line on, which it has."""
        skipped = next(index for index, row in enumerate(self.rows) if row.end_line > line)
        return Stretch(self.rows[skipped:], line, self.until)


class Looked(NamedTuple):
    """What was found in a stretch.

    Attributes:
        hits: without the lines around them.
        next_line: the first line that was not looked at.
    """

    hits: list[LogHit]
    next_line: int


class Searcher:
    """Searches the frames that `reader` finds."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def plan_blocking(self, connection: Connection, log_id: int, first: int, end: int | None, count: int) -> Plan:
        """Where the lines from `first` on are: the first `count` frames.

        Args:
            end: where the whole search ends; None: at what is committed now.

        Raises:
            NotFound: no such log.
            DamagedLog: no frame has the first line.
        """
        log = logs.get(connection, log_id)
        end = log.num_lines if end is None else end
        if first >= end or log.type == ContentDeleted:
            return Plan([], end, log.complete)
        rows: list[FrameRow] = []
        expected = first
        for row in log_frames.find(connection, log_id, first, end, count):
            if not row.first_line <= expected < row.end_line:
                break
            rows.append(row)
            expected = row.end_line
        if not rows:
            raise DamagedLog(log_id, f"no frame has line {first}")
        return Plan(rows, end, log.complete)

    def look_blocking(
        self, log_id: int, stretch: Stretch, search: Search, limit: int, is_wanted: Callable[[], bool]
    ) -> Looked:
        """Look through a stretch; stop earlier after `limit` hits, when these are long, or before what is damaged.

        Needs no database, and hardly the interpreter: unpacking and looking let other threads go on.

        Args:
            is_wanted: asked before anything is read, and before each frame; once it says no, the rest is left.

        Raises:
            DamagedLog: what is stored of the first frame cannot be read.
        """
        hits: list[LogHit] = []
        size, at = 0, stretch.first
        if not is_wanted():
            return Looked(hits, at)
        try:
            for row, stored in self._reader.stored_blocking(log_id, stretch.rows):
                if not is_wanted():
                    break
                until = min(stretch.until, row.end_line)
                frame = _with_candidate(log_id, row, stored, search)
                for number, line, spans in () if frame is None else _matching(row, frame, search, at, until):
                    hits.append(hit := _hit(number, line, spans))
                    size += len(hit.text)
                    if len(hits) >= limit or size >= MOST_CHARACTERS:
                        return Looked(hits, number + 1)
                at = until
        except DamagedLog:
            # what is before it has been found; whoever goes on from there is told
            if at == stretch.first:
                raise
        return Looked(hits, at)

    def surround_blocking(
        self, connection: Connection, log_id: int, hits: Sequence[LogHit], end: int, context: int
    ) -> list[LogHit]:
        """The first of these hits, at least one, with `context` lines before and after each; fewer when these are long.

        Args:
            end: no line from this one on.

        Raises:
            DamagedLog: what is stored cannot be read.
        """
        around = _Around(self._reader, connection, log_id, end)
        found: list[LogHit] = []
        size = 0
        for hit in hits:
            before = around.lines(hit.line - context, hit.line)
            after = around.lines(hit.line + 1, hit.line + 1 + context)
            found.append(msgspec.structs.replace(hit, before=before, after=after))
            size += len(hit.text) + sum(len(line.text) for line in (*before, *after))
            if size >= MOST_CHARACTERS:
                break
        return found


def _with_candidate(log_id: int, row: FrameRow, stored: Bytes, search: Search) -> Frame | None:
    """The frame, taken apart, if a line of it may match; most have none, and cost little more than unpacking.

    Raises:
        DamagedLog: what is stored is no frame, or another one than the row says.
    """
    body = body_of(stored, log_id)
    outline = outline_of(body, log_id)
    if len(outline.output) != row.byte_count:
        raise DamagedLog(log_id, f"the frame of line {row.first_line} has {len(outline.output)} bytes of output")
    if search.streams.isdisjoint(outline.streams):
        return None
    if not outline.has_cut:
        candidate = search.matcher.find_in_many(outline.output)
        if candidate is None or candidate[0] >= row.byte_count:
            return None
    frame = frame_of(body, log_id)
    if frame.line_count != row.line_count:
        raise DamagedLog(log_id, f"the frame of line {row.first_line} has {frame.line_count} lines")
    return frame


def _matching(
    row: FrameRow, frame: Frame, search: Search, first: int, until: int
) -> Iterator[tuple[int, DisplayLine, list[Span]]]:
    """The lines of a frame, from number `first` up to `until`, that match."""
    output, wanted, find = frame.output, search.streams, search.matcher.find
    starts = [0, *accumulate(frame.lengths)]
    counted = newlines = 0
    for begin, end in _segments(frame, starts):
        text = output[begin:end]
        at = 0
        while (candidate := find(text, at)) is not None and candidate[0] < len(text):
            place = begin + candidate[0]
            run = bisect_right(starts, place) - 1
            if frame.streams[run] not in wanted:
                others = takewhile(lambda stream: stream not in wanted, frame.streams[run:])
                at = starts[run + sum(1 for _ in others)] - begin
                continue
            line_begin = max(starts[run], output.rfind(b"\n", starts[run], place) + 1)
            newline = output.find(b"\n", place, starts[run + 1])
            line_end = starts[run + 1] if newline < 0 else newline
            newlines += output.count(b"\n", counted, line_begin)
            counted = line_begin
            number = row.first_line + newlines + bisect_left(frame.cut, run)
            if number >= until:
                return
            line = output[line_begin:line_end]
            if number >= first and (spans := _spans(line, search.matcher)):
                yield number, DisplayLine(frame.streams[run], line, frame.started_ms + frame.delays[run]), spans
            at = line_end + 1 - begin


def _segments(frame: Frame, starts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where parts of a frame's output begin and end that hold whole lines.

    A line without a newline is one of its own, so that no match reaches from it into the next.
    """
    return pairwise(starts) if frame.cut else iter([(0, len(frame.output))])


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


def _hit(number: int, line: DisplayLine, spans: Sequence[Span]) -> LogHit:
    text = line.text.decode(errors="replace")
    if len(text) == len(line.text):
        matches = [list(span) for span in spans]
    else:
        matches = [[_column(line.text, at) for at in span] for span in spans]
    column = matches[0][0]
    begin = max(0, column - _BEFORE_MATCH) if len(text) > SHOWN_CHARACTERS else 0
    return LogHit(
        after=[],
        before=[],
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
