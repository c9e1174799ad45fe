"""The plain case of a websocket's receiving side (RFC 6455, section 5.2): whole binary messages in one masked frame.

Knows nothing else: what does not look like such a frame is handed back for a complete implementation.
"""

from __future__ import annotations

_FINAL_BINARY = 0x82
_MASKED = 0x80


class PlainFrames:
    """Cuts a stream of bytes into payloads as long as it consists of plain frames.

    Args:
        limit: longest payload; a longer frame is not plain.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        self._collected = 0
        self._needed = 0

    def feed(self, data: bytes) -> tuple[list[bytes], bytes]:
        """Take what was read.

        Returns:
            The payloads that are complete now, and what must be given to somebody else: everything from the first
            frame on that is not plain. The start of a plain frame is kept for the next call.
        """
        if self._pieces:
            self._pieces.append(data)
            self._collected += len(data)
            if self._collected < self._needed:
                return [], b""
            data = b"".join(self._pieces)
            self._pieces = []
        return self._cut(data)

    def _cut(self, data: bytes) -> tuple[list[bytes], bytes]:
        payloads: list[bytes] = []
        start, end = 0, len(data)
        while start < end:
            if data[start] != _FINAL_BINARY:
                return payloads, data[start:]
            if end - start < 2:
                self._keep(data[start:], 2)
                break
            if data[start + 1] < _MASKED:
                return payloads, data[start:]
            length, mask = data[start + 1] - _MASKED, start + 2
            if length >= 126:
                size = 2 if length == 126 else 8
                if end - mask < size:
                    self._keep(data[start:], 2 + size)
                    break
                length = int.from_bytes(data[mask : mask + size], "big")
                mask += size
                if length < (126 if size == 2 else 0x10000):
                    return payloads, data[start:]  # not the shortest form: a violation
            if length > self._limit:
                return payloads, data[start:]
            body = mask + 4
            if body + length > end:
                self._keep(data[start:], body + length - start)
                break
            start = body + length
            payloads.append(unmask(data[body:start], data[mask:body]))
        return payloads, b""

    def _keep(self, piece: bytes, needed: int) -> None:
        self._pieces = [piece]
        self._collected = len(piece)
        self._needed = needed


def unmask(payload: bytes, mask: bytes) -> bytes:
    """XOR with the repeated mask of four bytes. As two long numbers, which is quicker than any loop in Python."""
    length = len(payload)
    stream = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(stream, "little")).to_bytes(length, "little")
