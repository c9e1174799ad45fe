"""Writing one log: gathers output in the reactor's thread, commits it frame by frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmill.common.errors import Conflict, InvalidInput
from buildmill.master.db.log_frames import LogEnd
from buildmill.master.domain.resources import Log
from buildmill.master.logs.frame import STREAMS
from buildmill.master.logs.gather import FrameBuilder, LineGatherer, SealedFrame

T = TypeVar("T")

DRAINED_BYTES = 4 * 1024 * 1024
LATEST = 1e11
"""Seconds since the epoch that no clock shows; a worker's time beyond it is not believed."""

Store = Callable[[Log, LogEnd | None, Sequence[SealedFrame], bool], Deferred[tuple[LogEnd, Log]]]
"""Commit frames, and finish the log if the last argument says so."""


class Ages:
    """Calls each writer's `flush` when its oldest output has waited for `max_age` seconds; one timer for all."""

    def __init__(self, clock: IReactorTime, max_age: float) -> None:
        self._clock = clock
        self._max_age = max_age
        self._waiting: deque[tuple[float, LogWriter, int]] = deque()
        self._call: IDelayedCall | None = None

    def add(self, writer: LogWriter, generation: int) -> None:
        """Flush `writer` in time, unless its generation has changed by then."""
        self._waiting.append((self._clock.seconds() + self._max_age, writer, generation))
        if self._call is None:
            self._call = self._clock.callLater(self._max_age, self._due)

    def _due(self) -> None:
        self._call = None
        now = self._clock.seconds()
        while self._waiting:
            deadline, writer, generation = self._waiting[0]
            if not writer.is_unflushed_since(generation):
                self._waiting.popleft()
            elif deadline <= now:
                self._waiting.popleft()
                writer.commit_soon()
            else:
                # a clock set back must not keep output from its readers
                self._call = self._clock.callLater(min(deadline - now, self._max_age), self._due)
                break

    def stop(self) -> None:
        """Call nobody any more."""
        self._waiting.clear()
        if self._call is not None:
            self._call.cancel()
            self._call = None


class LogWriter:
    """The one writer of one unfinished log; made by `LogStore.writer`.

    Attributes:
        num_lines: display lines written so far, committed or not; without held-back unfinished lines.
    """

    _log = Logger()

    def __init__(
        self, log: Log, store: Store, ages: Ages, clock: IReactorTime, ended: Callable[[LogEnd | None], None]
    ) -> None:
        self.num_lines = log.num_lines
        self._row = log
        self._store = store
        self._ages = ages
        self._clock = clock
        self._ended = ended
        self._end: LogEnd | None = None
        self._builder = FrameBuilder()
        self._gatherer = LineGatherer(self._builder)
        self._committed_bytes = 0
        self._generation = 0
        self._is_aging = False
        self._is_finishing = False
        self._is_in_flight = False
        self._in_flight_waiters: list[Deferred[Log]] = []
        self._next_waiters: list[Deferred[Log]] = []
        self._drained_waiters: list[Deferred[None]] = []
        self._failure: Failure | None = None
        self._is_abandoned = False

    @property
    def log(self) -> Log:
        """The log's row as it was last committed."""
        return self._row

    @property
    def pending_bytes(self) -> int:
        """How much output waits for its commit; without held-back unfinished lines."""
        return self._builder.total_bytes - self._committed_bytes

    @property
    def held_bytes(self) -> int:
        """Length of the unfinished lines that are held back: a flush does not commit them."""
        return self._gatherer.held_bytes

    @property
    def held(self) -> dict[str, bytes]:
        """The unfinished line of each stream, which is held back."""
        return self._gatherer.held

    def write(self, stream: str, data: bytes, time: float) -> None:
        """Take output; returns at once. See `drained` for when to wait before giving more.

        Args:
            stream: one of ``o`` (stdout), ``e`` (stderr), ``h`` (header); in a log that is not of type s, ``o``.
            data: any bytes, cut anywhere.
            time: when it was written, seconds since the epoch; nonsense is replaced by the present time.

        Raises:
            Conflict: the log is finished.
            InvalidInput: no such stream.
        """
        if self._is_abandoned:
            return
        if self._is_finishing:
            raise Conflict(f"log {self._row.logid} is finished")
        if stream not in STREAMS or len(stream) != 1:
            raise InvalidInput("stream", f"expected one of o, e, h, got {stream!r}")
        if self._failure is not None:
            return  # whoever flushes, finishes or waits is told
        if not 0 <= time < LATEST:
            time = self._clock.seconds()
        self.num_lines += self._gatherer.write(stream, data, int(time * 1000))
        if self._builder.sealed and not self._is_in_flight:
            self._commit()
        if self._builder.byte_count and not self._is_aging:
            self._is_aging = True
            self._ages.add(self, self._generation)

    def flush(self) -> Deferred[Log]:
        """Commit all output but held-back unfinished lines; fires with the log's row after the commit."""
        if self._is_abandoned:
            return Deferred()
        if self._failure is not None:
            return _failed(self._failure)
        if self._is_finishing:
            return self.finish()
        self._builder.seal()
        if self._builder.sealed:
            return self._wait_for_commit()
        return _wait_in(self._in_flight_waiters) if self._is_in_flight else succeed(self._row)

    def finish(self) -> Deferred[Log]:
        """Commit all output and mark the log as complete; fires with its row. May be called again."""
        if self._is_abandoned:
            return Deferred()
        if self._failure is not None:
            return _failed(self._failure)
        if not self._is_finishing:
            self._is_finishing = True
            self.num_lines += self._gatherer.end()
            self._builder.seal()
            return self._wait_for_commit()
        if self._row.complete:
            return succeed(self._row)
        return _wait_in(self._next_waiters or self._in_flight_waiters)

    def drained(self) -> Deferred[None]:
        """Fires when at most 4 MiB of output wait for their commit; with the error if the log cannot be written."""
        if self._is_abandoned:
            return Deferred()
        if self._failure is not None:
            return _failed(self._failure)
        return succeed(None) if self.pending_bytes <= DRAINED_BYTES else _wait_in(self._drained_waiters)

    def abandon(self) -> None:
        """Write nothing more: another master goes on with the log. Whoever waits for a write waits for ever."""
        self._is_abandoned = True
        self._builder.sealed.clear()

    # -- for `Ages` -----------------------------------------------------------------------

    def is_unflushed_since(self, generation: int) -> bool:
        """Whether output that was there in `generation` has not been handed to the database."""
        return generation == self._generation and self._failure is None and not self._is_abandoned

    def commit_soon(self) -> None:
        """Commit what is complete; nobody waits for it."""
        self._builder.seal()
        if not self._is_in_flight and not self._is_abandoned:
            self._commit()

    # -- one unit of work at a time ---------------------------------------------------------

    def _wait_for_commit(self) -> Deferred[Log]:
        done = _wait_in(self._next_waiters)
        if not self._is_in_flight:
            self._commit()
        return done

    def _commit(self) -> None:
        frames, self._builder.sealed = self._builder.sealed, []
        if not self._builder.byte_count:
            self._generation += 1
            self._is_aging = False
        self._is_in_flight = True
        self._in_flight_waiters, self._next_waiters = self._next_waiters, []
        size = sum(frame.byte_count for frame in frames)
        stored = self._store(self._row, self._end, frames, self._is_finishing)
        stored.addCallbacks(self._committed, self._broken, callbackArgs=(size,))

    def _committed(self, result: tuple[LogEnd, Log], size: int) -> None:
        if self._is_abandoned:
            return
        self._is_in_flight = False
        self._end, self._row = result
        self._committed_bytes += size
        waiters, self._in_flight_waiters = self._in_flight_waiters, []
        drained: list[Deferred[None]] = []
        if self.pending_bytes <= DRAINED_BYTES:
            drained, self._drained_waiters = self._drained_waiters, []
        if self._row.complete:
            self._ended(self._end)
        elif self._builder.sealed or self._is_finishing:
            self._commit()
        for waiter in waiters:
            waiter.callback(self._row)
        for free in drained:
            free.callback(None)

    def _broken(self, failure: Failure) -> None:
        """The log cannot be written at all (it is gone, the master stops): drop the rest and tell all who wait."""
        if self._is_abandoned:
            return
        self._failure = failure
        self._is_in_flight = False
        self._builder.sealed.clear()
        waiters = [*self._in_flight_waiters, *self._next_waiters]
        drained = self._drained_waiters
        self._in_flight_waiters, self._next_waiters, self._drained_waiters = [], [], []
        self._ended(None)
        if not waiters and not drained:
            self._log.error("log {id} cannot be written: {error}", id=self._row.logid, error=failure.value)
        for waiter in waiters:
            waiter.errback(failure)
        for free in drained:
            free.errback(failure)


def _wait_in(waiters: list[Deferred[T]]) -> Deferred[T]:
    done: Deferred[T] = Deferred()
    waiters.append(done)
    return done


def _failed(failure: Failure) -> Deferred[Any]:
    done: Deferred[Any] = Deferred()
    done.errback(failure)
    return done
