"""A search that is under way: stretch by stretch through a log, several at a time, hits in the order of the lines.

The first stretch is short and looked through alone: most searches end there. When it has not given enough, the next
ones are looked through beside one another, in threads of their own, and grow as long as nothing hits. Where frames are
is asked of the database a few at a time; its readers do little else for a search.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from functools import partial

from twisted.internet.defer import Deferred

from buildmill.master.db import logs
from buildmill.master.db.database import Database
from buildmill.master.db.lanes import Lanes
from buildmill.master.db.log_frames import FrameRow
from buildmill.master.domain.log_hits import LogHit
from buildmill.master.logs.frame import DamagedLog
from buildmill.master.logs.reading import ContentDeleted
from buildmill.master.logs.searching import Looked, Search, SearchedPart, Searcher, Stretch

THREADS = 2
"""How many stretches, of whatever search, are looked through at the same moment."""

FIRST_BYTES = 1024 * 1024
MOST_BYTES = 4 * 1024 * 1024
"""Output of a stretch: short at first, and after a hit, when more may be near; long enough later that what is between
stretches costs little, and short enough that nobody else waits long for a thread."""

_FIRST_ROWS = 64
_MORE_ROWS = 128
# two are looked through, and one is ready for the thread that is done first
_AT_A_TIME = THREADS + 1


class Pursuit:
    """One search of one log.

    Args:
        database: knows where frames are.
        searcher: looks through them.
        lanes: where it does.
        first_bytes, most_bytes: output of a stretch.
    """

    def __init__(
        self,
        *,
        database: Database,
        searcher: Searcher,
        lanes: Lanes,
        log_id: int,
        search: Search,
        first_bytes: int = FIRST_BYTES,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._database = database
        self._searcher = searcher
        self._lanes = lanes
        self._log_id = log_id
        self._search = search
        self._first_bytes = first_bytes
        self._most_bytes = most_bytes
        self._rows: deque[FrameRow] = deque()
        self._next_line = search.first_line
        self._end: int | None = None
        self._is_complete = False
        self._is_over = False
        self._wanted = search.limit
        self._under_way: deque[tuple[Stretch, Deferred[Looked]]] = deque()

    async def parts(self) -> AsyncGenerator[SearchedPart, None]:
        """What is found, and how far was looked, part by part; to be iterated once.

        The consumer sets the pace: only a few stretches are looked through ahead. Once it has closed the iterator these
        are left where they are.

        Raises:
            NotFound: no such log.
            DamagedLog: what is stored cannot be read; what is before it was given.
        """
        ahead, size = 1, self._first_bytes
        try:
            while True:
                await self._look_ahead(ahead, size)
                assert self._end is not None
                if not self._under_way:
                    yield self._part([], self._end)
                    return
                found = await self._first_of_all()
                if found is None:
                    yield self._part([], self._end)
                    return
                hits, next_line = found
                async for part in self._surrounded(hits, next_line):
                    yield part
                if not self._wanted or next_line >= self._end:
                    return
                ahead, size = _AT_A_TIME, self._first_bytes if hits else min(2 * size, self._most_bytes)
        finally:
            self._is_over = True
            for _, looking in self._under_way:
                looking.addErrback(lambda _: None)  # nobody wants to know any more

    async def _look_ahead(self, count: int, size: int) -> None:
        """See to it that so many stretches are under way, if there are as many."""
        while len(self._under_way) < count and (self._end is None or self._next_line < self._end):
            if not self._rows:
                rows = _FIRST_ROWS if self._end is None else _MORE_ROWS
                plan = await self._database.read(
                    self._searcher.plan_blocking, self._log_id, self._next_line, self._end, rows
                )
                if self._end is None:
                    self._end, self._is_complete = plan.end_line, plan.is_complete
                if not plan.rows:
                    self._next_line = self._end
                    return
                self._rows.extend(plan.rows)
            assert self._end is not None
            taken: list[FrameRow] = []
            taken_bytes = 0
            while self._rows and taken_bytes < size:
                taken.append(row := self._rows.popleft())
                taken_bytes += row.byte_count
            stretch = Stretch(taken, self._next_line, min(self._end, taken[-1].end_line))
            self._next_line = stretch.until
            self._under_way.append((stretch, self._look(stretch)))

    def _look(self, stretch: Stretch) -> Deferred[Looked]:
        look = partial(
            self._searcher.look_blocking, self._log_id, stretch, self._search, self._wanted, lambda: not self._is_over
        )
        return self._lanes.run(lambda _: look())

    async def _first_of_all(self) -> Looked | None:
        """What the first stretch under way has given; what is left of it is first then. None: the text was deleted."""
        stretch, looking = self._under_way.popleft()
        try:
            found = await looking
        except DamagedLog:
            log = await self._database.read(logs.get, self._log_id)
            if log.type == ContentDeleted:
                return None
            raise
        hits, next_line = found
        if len(hits) > self._wanted:
            # it was begun when more were wanted
            hits = hits[: self._wanted]
            next_line = hits[-1].line + 1
        self._wanted -= len(hits)
        if self._wanted and next_line < stretch.until:
            rest = stretch.after(next_line)
            self._under_way.appendleft((rest, self._look(rest)))
        return Looked(hits, next_line)

    async def _surrounded(self, hits: list[LogHit], next_line: int) -> AsyncGenerator[SearchedPart, None]:
        """The part with these hits; with the lines around them it may become several."""
        context = self._search.context
        assert self._end is not None
        while hits and context:
            found = await self._database.read(self._searcher.surround_blocking, self._log_id, hits, self._end, context)
            hits = hits[len(found) :]
            if not hits:
                yield self._part(found, next_line)
                return
            yield self._part(found, found[-1].line + 1)
        yield self._part(hits, next_line)

    def _part(self, hits: list[LogHit], next_line: int) -> SearchedPart:
        assert self._end is not None
        return SearchedPart(hits, next_line, self._end, self._is_complete)
