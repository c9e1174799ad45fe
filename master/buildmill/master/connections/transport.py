"""What carries a connection's messages: a websocket in life, a queue in simulations."""

from __future__ import annotations

from typing import Protocol


class Transport(Protocol):
    """One end of a connection that keeps the boundaries and the order of messages.

    Attributes:
        peer: the other end's address, for logs.
    """

    peer: str

    def send(self, payload: bytes) -> None:
        """Send one message; never raises, not even when the connection is gone."""

    def close(self, code: int, reason: str) -> None:
        """Close politely, and by force if the other end does not play along. `reason` may be cut to 123 bytes."""

    def pause(self) -> None:
        """Stop reading. Messages that were read already may still be delivered."""

    def resume(self) -> None:
        """Go on reading."""


# Close codes, RFC 6455 section 7.4.1
NORMAL = 1000
INTERNAL_ERROR = 1011
