"""The two ways of a command's output over the wire: raw bytes for a master that knows them, else lines of text.

Both collect what a command says into updates, keep the order within a command, have few updates unanswered at
once and tell the command to pause when more than `HIGH_WATER` bytes wait.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from buildmill.common.protocol.messages import Update
from buildmill.worker.lines import LineRules, Lines, LineSplitter, join_lines
from buildmill.worker.outbox import Outbox
from buildmill.worker.output import Stream

HIGH_WATER = 1 << 20
LOW_WATER = 1 << 18
VALUE_COST = 20

Broken = Callable[[Failure], None]


class Sender(ABC):
    """What both have in common: the queue of updates. Is an `Output` (see there).

    Args:
        broken: called once when the master refuses an update or is gone; from then on all is dropped.
    """

    def __init__(self, *, command_id: str, outbox: Outbox, clock: IReactorTime, broken: Broken) -> None:
        self._command_id = command_id
        self._outbox = outbox
        self._clock = clock
        self._broken: Broken | None = broken
        self._queue: deque[tuple[list[Any], int]] = deque()
        self._queued_bytes = 0
        self._unanswered = 0
        self._waits_for_room = False
        self._timer: IDelayedCall | None = None
        self._paused = False
        self._pause: Callable[[], None] = _nothing
        self._resume: Callable[[], None] = _nothing
        self._ready: list[Deferred[None]] = []
        self._finished: list[Deferred[None]] = []

    # -- Output ------------------------------------------------------------------------

    @abstractmethod
    def write(self, stream: Stream, data: bytes) -> None: ...

    @abstractmethod
    def log(self, name: str, data: bytes) -> None: ...

    @abstractmethod
    def value(self, key: str, value: object) -> None: ...

    def end_streams(self) -> None:  # noqa: B027  # bytes need no end
        """No more output follows."""

    @property
    def is_full(self) -> bool:
        """Whether to stop writing for now."""
        return self._paused

    def ready(self) -> Deferred[None]:
        """Fires when there is room."""
        waiter: Deferred[None] = Deferred()
        if self._paused:
            self._ready.append(waiter)
        else:
            waiter.callback(None)
        return waiter

    def on_flow(self, pause: Callable[[], None], resume: Callable[[], None]) -> None:
        """Whom to stop when too much waits."""
        self._pause, self._resume = pause, resume
        if self._paused:
            pause()

    # -- for the session ---------------------------------------------------------------

    def flush(self) -> None:
        """Send what was collected without waiting for more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        args, size = self._take()
        if args and self._broken is not None:
            self._queue.append((args, size))
            self._queued_bytes += size
            self._send()
        self._heed_flow()

    def finish(self) -> Deferred[None]:
        """Send the rest; fires when the master has answered everything (or can't any more)."""
        self.flush()
        done: Deferred[None] = Deferred()
        self._finished.append(done)
        self._tell_finished()
        return done

    def drop(self) -> None:
        """Nobody listens any more: forget what waits, and swallow what still comes."""
        self._broken = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._take()
        self._queue.clear()
        self._queued_bytes = 0
        self._heed_flow()
        self._tell_finished()

    # -- for the two kinds -------------------------------------------------------------

    @abstractmethod
    def _take(self) -> tuple[list[Any], int]:
        """Hand over the collected pairs and their size, and forget them."""

    @property
    @abstractmethod
    def _collected(self) -> int:
        """Size of what is collected and not yet taken."""

    def _collect_for(self, seconds: float) -> None:
        if self._broken is None:
            self._take()
        elif self._timer is None:
            self._timer = self._clock.callLater(seconds, self._timed_out)
        self._heed_flow()

    # -- the queue ---------------------------------------------------------------------

    def _timed_out(self) -> None:
        self._timer = None
        if not self._waits_for_room:  # else it is sent, larger, when its turn comes
            self.flush()

    def _send(self) -> None:
        if self._waits_for_room:
            return
        while self._queue:
            if not self._outbox.has_room:
                self._waits_for_room = True
                self._outbox.when_room(self._has_room)
                return
            self._send_one()

    def _has_room(self) -> None:
        self._waits_for_room = False
        if self._queue:
            self._send_one()
        else:
            self.flush()
        more = self._queue or (self._collected and self._timer is None)
        if more and not self._waits_for_room:
            self._waits_for_room = True
            self._outbox.when_room(self._has_room)

    def _send_one(self) -> None:
        args, size = self._queue.popleft()
        self._queued_bytes -= size
        self._unanswered += 1
        answer = self._outbox.send(Update(command_id=self._command_id, args=args), size)
        answer.addCallbacks(self._answered, self._refused)
        self._heed_flow()

    def _answered(self, _: object) -> None:
        self._unanswered -= 1
        self._tell_finished()

    def _refused(self, reason: Failure) -> None:
        self._unanswered -= 1
        broken = self._broken
        self.drop()
        if broken is not None:
            broken(reason)

    def _tell_finished(self) -> None:
        if self._unanswered == 0 and not self._queue:
            waiting, self._finished = self._finished, []
            for done in waiting:
                done.callback(None)

    def _heed_flow(self) -> None:
        waiting = self._queued_bytes + self._collected
        if not self._paused and waiting > HIGH_WATER:
            self._paused = True
            self._pause()
        elif self._paused and waiting <= LOW_WATER:
            self._paused = False
            self._resume()
            ready, self._ready = self._ready, []
            for waiter in ready:
                waiter.callback(None)


class ByteSender(Sender):
    """Raw chunks, joined while the stream stays the same, sent after `seconds` or `max_bytes`.

    Args:
        seconds: 0.1 looks live to a reader, and a short command is a single update.
        max_bytes: of output in one update: large, because each costs an answer and a decoding.
    """

    def __init__(
        self,
        *,
        command_id: str,
        outbox: Outbox,
        clock: IReactorTime,
        broken: Broken,
        seconds: float = 0.1,
        max_bytes: int = 1 << 18,
    ) -> None:
        super().__init__(command_id=command_id, outbox=outbox, clock=clock, broken=broken)
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._pairs: list[Any] = []
        self._size = 0
        self._output_bytes = 0
        self._key: tuple[str, str] | None = None
        self._chunks: list[bytes] = []
        self._since = 0.0

    def write(self, stream: Stream, data: bytes) -> None:
        """Append to a stream."""
        self._append((stream, ""), data)

    def log(self, name: str, data: bytes) -> None:
        """Append to an extra log."""
        self._append(("log", name), data)

    def value(self, key: str, value: object) -> None:
        """Say a value, after all bytes before it."""
        self._close_chunk()
        self._pairs.append([key, value])
        self._size += VALUE_COST
        self._collect_for(self._seconds)

    def _append(self, key: tuple[str, str], data: bytes) -> None:
        for part in self._parts(data):
            if self._output_bytes + len(part) > self._max_bytes:
                self.flush()
            if key != self._key:
                self._close_chunk()
                self._key = key
                self._since = self._clock.seconds()
                self._size += VALUE_COST
            self._chunks.append(part)
            self._size += len(part)
            self._output_bytes += len(part)
            if self._size >= self._max_bytes:
                self.flush()
            else:
                self._collect_for(self._seconds)

    def _parts(self, data: bytes) -> list[bytes]:
        size = self._max_bytes
        if len(data) <= size:
            return [data] if data else []
        return [data[at : at + size] for at in range(0, len(data), size)]

    def _close_chunk(self) -> None:
        if self._key is not None:
            kind, name = self._key
            data = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
            content = [name, data, self._since] if kind == "log" else [data, self._since]
            self._pairs.append([kind, content])
            self._key, self._chunks = None, []

    def _take(self) -> tuple[list[Any], int]:
        self._close_chunk()
        taken, self._pairs = (self._pairs, self._size), []
        self._size = self._output_bytes = 0
        return taken

    @property
    def _collected(self) -> int:
        return self._size


class LineSender(Sender):
    """Whole lines of text, merged and buffered as a foreign master prescribes.

    Args:
        seconds: the master's `buffer_timeout`.
        max_cost: the master's `buffer_size`.
    """

    def __init__(
        self,
        *,
        command_id: str,
        outbox: Outbox,
        clock: IReactorTime,
        broken: Broken,
        rules: LineRules,
        seconds: float = 5.0,
        max_cost: int = 65536,
    ) -> None:
        super().__init__(command_id=command_id, outbox=outbox, clock=clock, broken=broken)
        self._rules = rules
        self._seconds = seconds
        self._max_cost = max_cost
        self._splitters: dict[tuple[str, str], LineSplitter] = {}
        self._pairs: list[tuple[tuple[str, str], list[Any]]] = []  # a value alone, or parts of one stream
        self._cost = 0

    def write(self, stream: Stream, data: bytes) -> None:
        """Append to a stream."""
        self._split((stream, ""), data)

    def log(self, name: str, data: bytes) -> None:
        """Append to an extra log."""
        self._split(("log", name), data)

    def value(self, key: str, value: object) -> None:
        """Say a value, after all whole lines before it."""
        self._make_room(VALUE_COST)
        self._pairs.append(((key, ""), [value]))
        self._cost += VALUE_COST
        self._collect_for(self._seconds)

    def end_streams(self) -> None:
        """Add the newline that the last lines lack."""
        now = self._clock.seconds()
        for key, splitter in self._splitters.items():
            if lines := splitter.finish(now):
                self._append(key, lines)
        self._splitters = {}

    def finish(self) -> Deferred[None]:
        """Send the rest, unfinished lines included."""
        self.end_streams()
        return super().finish()

    def _split(self, key: tuple[str, str], data: bytes) -> None:
        splitter = self._splitters.get(key)
        if splitter is None:
            splitter = self._splitters[key] = LineSplitter(self._rules)
        if lines := splitter.feed(data, self._clock.seconds()):
            self._append(key, lines)

    def _append(self, key: tuple[str, str], lines: Lines) -> None:
        for part in lines.split(self._max_cost):
            self._make_room(part.cost)
            if self._pairs and self._pairs[-1][0] == key:
                self._pairs[-1][1].append(part)
            else:
                self._pairs.append((key, [part]))
            self._cost += part.cost
            self._collect_for(self._seconds)

    def _make_room(self, cost: int) -> None:
        if self._cost and self._cost + cost > self._max_cost:
            self.flush()

    def _take(self) -> tuple[list[Any], int]:
        taken = [_wire_pair(key, parts) for key, parts in self._pairs], self._cost
        self._pairs, self._cost = [], 0
        return taken

    @property
    def _collected(self) -> int:
        return self._cost


def _wire_pair(key: tuple[str, str], parts: list[Any]) -> list[Any]:
    kind, name = key
    if not isinstance(parts[0], Lines):
        return [kind, parts[0]]
    lines = join_lines(parts)
    wire = [lines.text, lines.newlines, lines.times]
    return [kind, [name, wire] if kind == "log" else wire]


def _nothing() -> None:
    pass
