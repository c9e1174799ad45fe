"""Takes in the outcome that a phase writes, which no log shows: it tells how the app is started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from buildmill.common.staging import Outcome, read_outcome

_MOST_BYTES = 16 * 1024 * 1024


class OutcomeSink:
    """What a command's log file of this name goes to; from its first byte, also after a restart of the master."""

    name = "outcome"

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size_bytes = 0

    def write(self, stream: str, data: bytes, time: float | None = None) -> None:
        """The next piece."""
        self._size_bytes += len(data)
        if self._size_bytes <= _MOST_BYTES:
            self._pieces.append(data)

    def pressure(self) -> None:
        """There is always room."""

    async def position(self) -> dict[str, Any]:
        """Nothing is stored."""
        return {}

    def skip_to(self, position: Mapping[str, Any]) -> None:
        """Nothing was stored."""

    def finish(self) -> None:
        """The command has ended."""

    def outcome(self) -> Outcome | None:
        """What has come; None if that is no outcome."""
        try:
            return read_outcome(b"".join(self._pieces))
        except msgspec.DecodeError:
            return None
