"""What one peer may demand of the other."""

from __future__ import annotations

from attrs import field, frozen, validators


@frozen(kw_only=True)
class Limits:
    """Bounds of one connection; whoever breaks one of the first two loses the connection.

    Attributes:
        message_bytes: longest message, in bytes, in either direction.
        depth: how deep maps and lists may nest; the message itself is level 1.
        unanswered: requests of one side that may wait for their answers at the same time. More of the peer's are
            not refused: reading pauses until we have answered. Of ours: `Peer.drained` tells when to go on.
    """

    message_bytes: int = field(default=4 * 1024 * 1024, validator=validators.ge(1024))
    depth: int = field(default=32, validator=(validators.ge(2), validators.le(256)))
    unanswered: int = field(default=32, validator=validators.ge(1))


DEFAULT_LIMITS = Limits()
