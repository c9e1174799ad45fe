"""A client for programs that wait for each answer: scripts, command lines, cron jobs.

It needs neither Twisted's reactor nor a thread. In a program on Twisted use `buildmill.client.asynchronous`.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from random import Random
from typing import Any, TypeVar, overload

import msgspec

from buildmill.client.documents import (
    DEFAULT_MASTER,
    JSON,
    LINES,
    Master,
    Page,
    Request,
    first_of,
    page_of,
    result_of,
    rows_of,
)
from buildmill.client.errors import Busy, UnexpectedAnswer, Unreachable
from buildmill.client.events import CONNECTED, Blocks, Delays, Event, Progress, Reread, StreamEvents
from buildmill.client.exchanges import Exchanges
from buildmill.client.paging import PAGE_ROWS, Paging
from buildmill.client.paths import (
    Call,
    Collection,
    Download,
    FieldsOfMany,
    FieldsOfOne,
    Search,
    Single,
)
from buildmill.client.resources import Log, LogHit

T = TypeVar("T")
R = TypeVar("R")

SILENCE_SECONDS = 90.0
"""A stream of events that is silent for so long is dead: the master sends a comment every 30 seconds."""


class Client:
    """Talks to a master, and waits for its answers.

    Args:
        url: of the master, or ``HOST:PORT``.
        token: an API token, ``bmt_...``.
        timeout: seconds that an answer may take.
        tls: how certificates are checked; as Python does it by default.
        sleep: waits so many seconds before a further attempt.
        rng: makes these waits differ.

    Every method that asks raises `ApiError` for what the master refuses, `Unreachable` when there is no answer, and
    `UnexpectedAnswer` when it cannot be understood; see `buildmill.client.errors`.
    """

    def __init__(
        self,
        url: str = DEFAULT_MASTER,
        *,
        token: str | None = None,
        timeout: float = 60.0,
        tls: ssl.SSLContext | None = None,
        sleep: Callable[[float], object] = time.sleep,
        rng: Random | None = None,
    ) -> None:
        self._master = Master(url, token)
        self._exchanges = Exchanges(self._master.url, timeout, tls)
        self._sleep = sleep
        self._rng = rng or Random()  # noqa: S311  # waits, not secrets

    # -- reading -------------------------------------------------------------------------

    @overload
    def get(self, what: Single[T]) -> T: ...
    @overload
    def get(self, what: FieldsOfOne) -> dict[str, Any]: ...
    def get(self, what: Single[Any] | FieldsOfOne) -> Any:
        """One resource.

        Raises:
            Missing: there is none.
        """
        return first_of(self._exchanges.body(self._master.reading(what)), what.plural, what.row)

    @overload
    def list(self, what: Collection[T]) -> list[T]: ...
    @overload
    def list(self, what: FieldsOfMany) -> list[dict[str, Any]]: ...
    def list(self, what: Collection[Any] | FieldsOfMany) -> list[Any]:
        """Rows of a collection, in one answer: all, unless it says a limit."""
        return rows_of(self._exchanges.body(self._master.reading(what)), what.plural, what.row)

    @overload
    def page(self, what: Collection[T]) -> Page[T]: ...
    @overload
    def page(self, what: FieldsOfMany) -> Page[dict[str, Any]]: ...
    def page(self, what: Collection[Any] | FieldsOfMany) -> Page[Any]:
        """As `list`, with the number of all rows where the master counts them."""
        return page_of(self._exchanges.body(self._master.reading(what)), what.plural, what.row)

    @overload
    def iterate(self, what: Collection[T], page_rows: int = PAGE_ROWS) -> Iterator[T]: ...
    @overload
    def iterate(self, what: FieldsOfMany, page_rows: int = PAGE_ROWS) -> Iterator[dict[str, Any]]: ...
    def iterate(self, what: Collection[Any] | FieldsOfMany, page_rows: int = PAGE_ROWS) -> Iterator[Any]:
        """Rows of a collection, read page by page; by id if no order is asked for (see `Paging`)."""
        paging = Paging(what, page_rows)
        while not paging.is_done:
            request = self._master.request(what.path, paging.parameters())
            rows = rows_of(self._exchanges.body(request), what.plural, what.row)
            paging.took(rows)
            yield from rows

    # -- acting --------------------------------------------------------------------------

    def call(self, call: Call[R]) -> R:
        """Do something with a resource; its result.

        Raises:
            Conflicting: what is there now does not allow it.
        """
        result: R = result_of(self._exchanges.body(self._master.calling(call)), call.gives)
        return result

    def ask(self, request: Callable[[Master], Request]) -> bytes:
        """The body of an answer to a request of one's own, ``lambda master: master.request("builds/12")``."""
        return self._exchanges.body(request(self._master))

    # -- logs ----------------------------------------------------------------------------

    def download(self, what: Download, first: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of a log or of a build's data.

        Args:
            first, end: only those from `first` up to `end`, which is left out; not together with `streams`.
        """
        headers = {"Range": f"bytes={first}-{'' if end is None else end - 1}"} if first or end is not None else {}
        request = self._master.request(what.path, what.parameters, "*/*", **headers)
        with closing(self._exchanges.open(request)) as answer:
            while data := self._exchanges.read(answer, request):
                yield data

    def follow(self, what: Download, offset: int = 0) -> Iterator[bytes]:
        """The bytes of a log as they come, until it is finished; a broken connection is made again, without loss.

        Args:
            what: ``raw`` of a log.
            offset: without the first bytes.

        Raises:
            ApiError: the master refuses.
        """
        delays = Delays(self._rng)
        while True:
            try:
                for data in self._followed(what, offset):
                    delays.reset()
                    offset += len(data)
                    yield data
                if self._is_finished(what):
                    # what came between the end of the stream and this look
                    yield from self._followed(what, offset)
                    return
            except (Unreachable, Busy) as problem:
                self._wait(problem, delays)

    def search(self, search: Search, limit: int | None = None) -> Iterator[LogHit]:
        """Hits in a log, from the beginning of the search on.

        Args:
            limit: end after so many.
        """
        begin: int | None = search.begin
        left = limit
        while begin is not None and left != 0:
            parameters = [*search.parameters, ("offset", str(begin)), ("limit", str(min(left or 1000, 1000)))]
            begin = None
            for line in self._lines(self._master.request(search.path, parameters, LINES)):
                if line.startswith(b'{"meta"'):
                    begin = msgspec.json.decode(line)["meta"]["next"]
                    continue
                left = None if left is None else left - 1
                yield _hit(line)

    # -- events --------------------------------------------------------------------------

    def events(
        self, *paths: str, since: str | None = None, progress: Progress | None = None
    ) -> Iterator[Event | Reread]:
        """What happens, for ever; a broken connection is made again, and what was told meanwhile comes first.

        Whoever keeps a state reads it at each `Reread`: the first thing that comes, unless `since` says where to go on,
        and again whenever events are lost, as after a restart of the master.

        Args:
            paths: keys, with ``*`` for any one element: ``builds/*/finished``.
            since: go on after the event with this id, see `Progress.since`.
            progress: notes how far this has come; its owner can read it at any time.

        Raises:
            ApiError: the master refuses; but while it asks to try again later.
        """
        progress = progress or Progress(since)
        if progress.since is None:
            yield from self._first_events(paths, progress)
        delays = Delays(self._rng)
        while True:
            try:
                for heard in self._heard(paths, progress):
                    delays.reset()
                    if heard is not None:
                        yield heard
            except (Unreachable, Busy) as problem:
                self._wait(problem, delays)
            else:
                self._sleep(delays.next())

    def _first_events(self, paths: tuple[str, ...], progress: Progress) -> Iterator[Event | Reread]:
        """Those of the first connection; whoever cannot connect at all is told that at once."""
        told = False
        try:
            for heard in self._heard(paths, progress):
                if not told:
                    told = True
                    yield Reread(CONNECTED)
                if heard is not None:
                    yield heard
        except (Unreachable, Busy):
            if not told:
                raise

    def _heard(self, paths: tuple[str, ...], progress: Progress) -> Iterator[Event | Reread | None]:
        """The events of one connection; None for signs of life."""
        request = self._master.listening(paths, progress.since)
        blocks, meaning = Blocks(), StreamEvents(progress)
        with closing(self._exchanges.open(request, SILENCE_SECONDS)) as answer:
            while data := self._exchanges.read(answer, request):
                for block in blocks.feed(data):
                    yield meaning.heard(block)

    def _lines(self, request: Request) -> Iterator[bytes]:
        rest = b""
        with closing(self._exchanges.open(request)) as answer:
            while data := self._exchanges.read(answer, request):
                *lines, rest = (rest + data).split(b"\n")
                yield from lines
        if rest:
            yield rest

    def _followed(self, what: Download, offset: int) -> Iterator[bytes]:
        request, known = self._master.following(what, offset)
        with closing(self._exchanges.open(request, SILENCE_SECONDS)) as answer:
            while data := self._exchanges.read(answer, request):
                known, data = max(0, known - len(data)), data[known:]
                if data:
                    yield data

    def _is_finished(self, what: Download) -> bool:
        """Whether nothing more comes to the log of a download; a stream ends as well when the master stops."""
        request = self._master.request("/".join(what.path.split("/")[:-1]))
        log: Log = first_of(self._exchanges.body(request), "logs", Log)
        return log.complete

    def _wait(self, problem: Unreachable | Busy, delays: Delays) -> None:
        asked = problem.retry_after if isinstance(problem, Busy) else None
        self._sleep(max(delays.next(), 0.0 if asked is None else asked.total_seconds()))


def _hit(line: bytes) -> LogHit:
    try:
        return msgspec.json.decode(line, type=LogHit)
    except msgspec.MsgspecError as problem:
        raise UnexpectedAnswer(f"loghits: {problem}") from problem


__all__ = ["JSON", "SILENCE_SECONDS", "Client"]
