"""`StepLog`: a log as the code of a step sees it, and the observers that read along."""

from __future__ import annotations

import codecs
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from buildmill.master.domain.resources import Log
from buildmill.master.domain.secret_mask import SecretMask, StreamMask
from buildmill.master.logs.writer import LogWriter

HIGH_WATER_BYTES = 4 * 1024 * 1024
STDOUT, STDERR, HEADER = "o", "e", "h"


Position = dict[str, tuple[int, str]]
"""By stream: bytes that are stored, and the unfinished line behind them, each of its bytes as one character."""


class StepLog:
    """One log of a running step. Text is written as UTF-8; bytes are kept as they are.

    A step that is entered again writes its logs again from the start. What is stored already is left out, but
    observers see all of it, as at the first time.

    Args:
        writer: None when the log was finished before: nothing is written, observers are told all the same.
        stored: bytes of each stream that are stored already.
        mask: hides secrets before anything is stored or observed; None where there are none.

    Attributes:
        log: its row.
        name: its name.
    """

    def __init__(
        self,
        log: Log,
        writer: LogWriter | None,
        clock: IReactorTime,
        stored: Mapping[str, int] | None = None,
        mask: SecretMask | None = None,
    ) -> None:
        self.log = log
        self.name = log.name
        self._writer = writer
        self._clock = clock
        self._stored = dict(stored or {})
        self._mask = None if mask is None else StreamMask(mask)
        self._written: dict[str, int] = {}
        self._observers: list[Callable[[str, bytes], None]] = []
        self._finished: Deferred[Any] | None = None

    async def position(self) -> Position:
        """How far the log is written, all of it committed but for unfinished lines, which are in the answer."""
        self._pass_on_held()
        if self._writer is not None and not self.is_finished:
            await self._writer.flush()
        held = {} if self._writer is None else self._writer.held
        return {
            stream: (length - len(held.get(stream, b"")), held.get(stream, b"").decode("latin-1"))
            for stream, length in self._written.items()
        }

    def skip_to(self, position: Mapping[str, Sequence[Any]]) -> None:
        """What a recorded call has written is stored already, and is not written again.

        Args:
            position: as `position` gave it, or as it came back from JSON.
        """
        for stream, (length, held) in position.items():
            self._written[stream] = max(length, self._written.get(stream, 0))
            self.write(stream, held.encode("latin-1"))

    @property
    def is_finished(self) -> bool:
        """Whether nothing more can be written."""
        return self._finished is not None

    def write(self, stream: str, data: bytes, time: float | None = None) -> None:
        """Append output of one stream (``o``, ``e`` or ``h``); boundaries may be anywhere."""
        if self._finished is not None:
            return
        if self._mask is not None:
            data = self._mask.feed(stream, data)
        if data:
            self._take(stream, data, time)

    def _pass_on_held(self) -> None:
        """Write what the mask has held back as the possible begin of a secret."""
        if self._mask is not None and self._finished is None:
            for stream, rest in self._mask.flush().items():
                self._take(stream, rest, None)

    def _take(self, stream: str, data: bytes, time: float | None) -> None:
        before = self._written.get(stream, 0)
        self._written[stream] = before + len(data)
        surplus = self._stored.get(stream, 0) - before
        fresh = data if surplus <= 0 else data[surplus:]
        if fresh and self._writer is not None:
            self._writer.write(stream, fresh, self._clock.seconds() if time is None else time)
        for observer in self._observers:
            observer(stream, data)

    def pressure(self) -> Awaitable[None] | None:
        """None while there is room; else an awaitable that ends when there is again."""
        if self._writer is not None and self._writer.pending_bytes > HIGH_WATER_BYTES:
            return self._writer.drained()
        return None

    def observe(self, observer: Callable[[str, bytes], None]) -> None:
        """Call `observer(stream, data)` with all that is written from now on."""
        self._observers.append(observer)

    def getName(self) -> str:
        """The log's name."""
        return self.name

    def addStdout(self, text: str | bytes) -> Deferred[None]:
        """Append to the stream of ordinary output."""
        return self._add(STDOUT, text)

    def addStderr(self, text: str | bytes) -> Deferred[None]:
        """Append to the stream of errors."""
        return self._add(STDERR, text)

    def addHeader(self, text: str | bytes) -> Deferred[None]:
        """Append what the build system itself has to say."""
        return self._add(HEADER, text)

    def addContent(self, text: str | bytes) -> Deferred[None]:
        """Append to a log that has no streams (type t or h)."""
        return self._add(STDOUT, text)

    def _add(self, stream: str, text: str | bytes) -> Deferred[None]:
        self.write(stream, text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text)
        return succeed(None)

    def finish(self) -> Deferred[Any]:
        """No more will be written; fires when everything is committed. Repeats are harmless."""
        if self._finished is None:
            self._pass_on_held()
            for observer in self._observers:
                observer("", b"")
            self._finished = succeed(None) if self._writer is None else self._writer.finish()
        done: Deferred[Any] = Deferred()

        def tell(result: Any) -> Any:
            done.callback(None)
            return result

        self._finished.addBoth(tell)
        return done


class LogObserver:
    """Base of observers: sees a log's output as it is written.

    Attributes:
        step: the step that it was added to.
    """

    step: Any = None

    def __init__(self) -> None:
        self.log: StepLog | None = None

    def setStep(self, step: Any) -> None:
        """Called when it is added to a step."""
        self.step = step

    def setLog(self, log: StepLog) -> None:
        """Called when the log is there."""
        self.log = log
        log.observe(self._written)

    def _written(self, stream: str, data: bytes) -> None:
        raise NotImplementedError(f"{type(self).__name__} must say what it does with output")


class LogLineObserver(LogObserver):
    """Calls `outLineReceived`, `errLineReceived` and `headerLineReceived` with each whole line, decoded, no newline."""

    def __init__(self) -> None:
        super().__init__()
        self._partial: dict[str, str] = {}
        self._decoders: dict[str, codecs.IncrementalDecoder] = {}

    def _written(self, stream: str, data: bytes) -> None:
        if not stream:
            for name, rest in self._partial.items():
                if rest:
                    self._line(name, rest)
            self._partial.clear()
            return
        decoder = self._decoders.get(stream)
        if decoder is None:
            decoder = self._decoders[stream] = codecs.getincrementaldecoder("utf-8")("replace")
        lines = (self._partial.get(stream, "") + decoder.decode(data)).split("\n")
        self._partial[stream] = lines.pop()
        for line in lines:
            self._line(stream, line)

    def _line(self, stream: str, line: str) -> None:
        if stream == STDOUT:
            self.outLineReceived(line)
        elif stream == STDERR:
            self.errLineReceived(line)
        else:
            self.headerLineReceived(line)

    def outLineReceived(self, line: str) -> None:
        """A line of ordinary output."""

    def errLineReceived(self, line: str) -> None:
        """A line of the error stream."""

    def headerLineReceived(self, line: str) -> None:
        """A line of the build system itself."""


class LineConsumerLogObserver(LogLineObserver):
    """Sends ``(stream, line)`` into a generator made by `consumer`."""

    def __init__(self, consumer: Callable[[], Any]) -> None:
        super().__init__()
        self._generator = consumer()
        next(self._generator)

    def _line(self, stream: str, line: str) -> None:
        if self._generator is not None:
            try:
                self._generator.send((stream, line))
            except StopIteration:
                self._generator = None


class BufferLogObserver(LogObserver):
    """Keeps what is written, for `getStdout` and `getStderr`."""

    def __init__(self, wantStdout: bool = True, wantStderr: bool = False) -> None:
        super().__init__()
        self._wanted = {STDOUT: wantStdout, STDERR: wantStderr}
        self._kept: dict[str, list[bytes]] = {STDOUT: [], STDERR: []}

    def _written(self, stream: str, data: bytes) -> None:
        if self._wanted.get(stream):
            self._kept[stream].append(data)

    def getStdout(self) -> str:
        """All ordinary output so far, decoded."""
        return b"".join(self._kept[STDOUT]).decode("utf-8", "replace")

    def getStderr(self) -> str:
        """All of the error stream so far, decoded."""
        return b"".join(self._kept[STDERR]).decode("utf-8", "replace")


class OutputProgressObserver(LogObserver):
    """Tells the step how long a log has become.

    Args:
        name: the metric that is set.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.length = 0

    def _written(self, stream: str, data: bytes) -> None:
        self.length += len(data)
        self.step.setProgress(self.name, self.length)
