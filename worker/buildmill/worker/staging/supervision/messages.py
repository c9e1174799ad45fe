"""Cuts what a script writes into messages, and lets through what the log rate admits."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from buildmill.worker.staging.supervision.lograte import LogRate, Verdict

MESSAGE_BYTES = 60 << 10
_CONTINUES, _CONTINUES_MASK = 0x80, 0xC0  # of the bytes of a UTF-8 character behind its first


class Messages:
    """A message is a line, or less if the line is very long."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are complete now, each with its newline if it has one."""
        *lines, rest = (self._rest + data).split(b"\n")
        messages = [piece for line in lines for piece in _pieces(line + b"\n")]
        *long, self._rest = _pieces(rest)
        return messages + long

    def skip(self, data: bytes) -> int:
        """Like `feed`, without looking at each message. How many bytes they have."""
        whole = self._rest + data
        end = whole.rfind(b"\n") + 1
        self._rest = whole[end:]
        if len(self._rest) > MESSAGE_BYTES:
            self._rest = b""
        return len(whole) - len(self._rest)

    def flush(self) -> bytes:
        """What is left at the end."""
        rest, self._rest = self._rest, b""
        return rest


class LimitedStream:
    """One of the two streams of a script.

    Args:
        rate: of both together.
        write: takes what is let through, as it was written.
    """

    def __init__(self, rate: LogRate, write: Callable[[bytes], None]) -> None:
        self._rate = rate
        self._write = write
        self._messages = Messages()
        self._is_in_line = False
        self.dropped_bytes = 0

    def feed(self, data: bytes) -> None:
        """The script has written something."""
        if self._rate.is_unlimited:
            self._write(data)
        elif self._rate.is_silent:
            self.dropped_bytes += self._messages.skip(data)
        else:
            self._tell(self._messages.feed(data))

    def close(self) -> None:
        """The script writes no more."""
        if rest := self._messages.flush():
            self._tell([rest])

    def _tell(self, messages: list[bytes]) -> None:
        admitted: list[bytes] = []
        for message in messages:
            verdict = self._rate.ask(max(1, len(message.removesuffix(b"\n"))))
            if verdict is Verdict.ADMIT:
                admitted.append(message)
                self._is_in_line = not message.endswith(b"\n")
                continue
            self.dropped_bytes += len(message)
            if verdict is Verdict.DROP_WITH_NOTICE:
                admitted.append(("\n" if self._is_in_line else "").encode() + f"{self._rate.notice}\n".encode())
                self._is_in_line = False
        if admitted:
            self._write(b"".join(admitted))


def _pieces(line: bytes) -> Iterator[bytes]:
    """A line in pieces that are short enough, none of which ends within a character; the last may be empty."""
    start = 0
    while len(line) - start > MESSAGE_BYTES:
        end = start + MESSAGE_BYTES
        for back in range(4):  # no character has more bytes
            if line[end - back] & _CONTINUES_MASK != _CONTINUES:
                end -= back
                break
        yield line[start:end]
        start = end
    yield line[start:]
