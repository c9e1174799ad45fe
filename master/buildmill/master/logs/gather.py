"""Output becomes frames: whole lines per stream, gathered until a frame is full. No I/O, no clock."""

from __future__ import annotations

from buildmill.master.logs.frame import FRAME_BYTES, FRAME_RUNS, Frame, pack

LINE_BYTES = 64 * 1024
"""A longer line is cut into display lines of this length, or up to 3 bytes less to keep a UTF-8 character whole."""


class SealedFrame:
    """A full frame on its way into the store.

    Attributes:
        frame: what it is.
        line_count, byte_count: what it holds.
    """

    __slots__ = ("_stored", "byte_count", "frame", "line_count")

    def __init__(self, frame: Frame, line_count: int) -> None:
        self.frame = frame
        self._stored: bytes | None = None
        self.line_count = line_count
        self.byte_count = len(frame.output)

    def stored_blocking(self) -> bytes:
        """The stored form; compressed at the first call, which may be in another thread."""
        if self._stored is None:
            self._stored = pack(self.frame)
        return self._stored


class FrameBuilder:
    """Takes runs, gives frames.

    Args:
        frame_bytes: a frame is full when it has this much output.

    Attributes:
        byte_count, line_count: what is gathered and not sealed.
        total_bytes: all that was ever added.
        sealed: full frames; whoever takes them empties the list.
    """

    def __init__(self, frame_bytes: int = FRAME_BYTES) -> None:
        self._frame_bytes = frame_bytes
        self.sealed: list[SealedFrame] = []
        self.total_bytes = 0
        self._clear()

    def _clear(self) -> None:
        self._pieces: list[bytes] = []
        self._streams: list[str] = []
        self._lengths: list[int] = []
        self._times: list[int] = []
        self._cut: list[int] = []
        self.byte_count = 0
        self.line_count = 0

    def add(self, stream: str, piece: bytes, at_ms: int, *, cut: bool = False) -> int:
        """Take whole lines of one stream, or one cut line; returns how many lines these are."""
        number = len(self._streams)
        if cut:
            self._cut.append(number)
            lines = 1
        else:
            lines = piece.count(b"\n")
        length = len(piece)
        self._pieces.append(piece)
        if (
            number
            and not cut
            and self._times[-1] == at_ms
            and self._streams[-1] == stream
            and (not self._cut or self._cut[-1] != number - 1)
        ):
            self._lengths[-1] += length
        else:
            self._streams.append(stream)
            self._lengths.append(length)
            self._times.append(at_ms)
        self.byte_count += length
        self.total_bytes += length
        self.line_count += lines
        if self.byte_count >= self._frame_bytes or number >= FRAME_RUNS:
            self.seal()
        return lines

    def seal(self) -> None:
        """Close the present frame, if there is something in it."""
        if not self._pieces:
            return
        started = self._times[0]
        frame = Frame(
            started,
            "".join(self._streams),
            self._lengths,
            [at - started for at in self._times],
            self._cut,
            b"".join(self._pieces) if len(self._pieces) > 1 else bytes(self._pieces[0]),
        )
        self.sealed.append(SealedFrame(frame, self.line_count))
        self._clear()


class LineGatherer:
    """Takes output in any chunks; what comes out does not depend on where they were cut.

    A stream's unfinished line is held back until its newline comes, so that lines of different streams are not
    mixed; at most `line_bytes` per stream.
    """

    def __init__(self, builder: FrameBuilder, line_bytes: int = LINE_BYTES) -> None:
        self._builder = builder
        self._line_bytes = line_bytes
        self._held: dict[str, bytearray] = {}
        self._held_since: dict[str, int] = {}

    @property
    def held_bytes(self) -> int:
        """Length of all unfinished lines."""
        return sum(map(len, self._held.values()))

    @property
    def held(self) -> dict[str, bytes]:
        """The unfinished line of each stream."""
        return {stream: bytes(line) for stream, line in self._held.items()}

    def write(self, stream: str, data: bytes, at_ms: int) -> int:
        """Take output; returns how many display lines became complete."""
        if len(data) <= self._line_bytes:
            return self._take(stream, data, at_ms)
        lines = 0
        for at in range(0, len(data), self._line_bytes):
            lines += self._take(stream, data[at : at + self._line_bytes], at_ms)
        return lines

    def _take(self, stream: str, data: bytes, at_ms: int) -> int:
        end = data.rfind(b"\n") + 1
        held = self._held.get(stream)
        if not end:
            return self._hold(stream, data, at_ms) if data else 0
        lines = 0
        if held is not None:
            first = data.find(b"\n") + 1
            since = self._held_since[stream]
            held += data[:first]
            lines = self._cut_long(stream, held, since, 1) + self._builder.add(stream, bytes(held), since)
            del self._held[stream]
            if first < end:
                lines += self._builder.add(stream, data[first:end], at_ms)
        else:
            lines = self._builder.add(stream, data if end == len(data) else data[:end], at_ms)
        return lines + self._hold(stream, data[end:], at_ms) if end < len(data) else lines

    def _hold(self, stream: str, data: bytes, at_ms: int) -> int:
        held = self._held.get(stream)
        if held is None:
            self._held[stream] = bytearray(data)
            self._held_since[stream] = at_ms
            return 0
        held += data
        lines = self._cut_long(stream, held, self._held_since[stream], 0)
        if lines:
            self._held_since[stream] = at_ms
        return lines

    def _cut_long(self, stream: str, held: bytearray, since: int, newline: int) -> int:
        """Cut `held`, which ends with `newline` newlines, until its line is short enough."""
        lines = 0
        while len(held) - newline > self._line_bytes:
            at = self._line_bytes
            while at > max(1, self._line_bytes - 3) and held[at] & 0xC0 == 0x80:
                at -= 1
            if held[at] & 0xC0 == 0x80:  # not UTF-8 anyway
                at = self._line_bytes
            lines += self._builder.add(stream, bytes(held[:at]), since, cut=True)
            del held[:at]
        return lines

    def end(self) -> int:
        """No more output: what is held back becomes a line each, oldest first; returns how many."""
        lines = 0
        for stream, held in self._held.items():
            lines += self._builder.add(stream, bytes(held), self._held_since[stream], cut=True)
        self._held.clear()
        return lines
