"""How long what may run without whom; the values that must fit to one another."""

from __future__ import annotations

from dataclasses import dataclass

from buildmill.common.errors import InvalidInput

KILL_GRACE = 15.0
"""Seconds from the first signal to a command until nothing of it is left."""

HEARTBEAT_TIMEOUT = 12.0
"""Seconds of silence after which a worker with durable commands takes its connection for lost."""


@dataclass(frozen=True, kw_only=True)
class Durability:
    """The durations behind durable commands, in seconds; see docs/internals/durability.md.

    Attributes:
        orphan_ttl: how long a command may run without any master.
        reclaim: how long a worker may be away before its builds are tried elsewhere: all that it ran has ended by
            then, so it must be longer than ``1.05 * orphan_ttl`` and the times to notice and to kill.
        spool_hold: how long a worker keeps output that is committed here; a database may come back from a failover
            without it.
        attempts: so many builds of a request may lose what they run; then it ends with exception.

    Raises:
        InvalidInput: a value is not positive, or `reclaim` is too short.
    """

    orphan_ttl: float = 600.0
    reclaim: float = 690.0
    spool_hold: float = 300.0
    attempts: int = 3

    def __post_init__(self) -> None:
        for name in ("orphan_ttl", "reclaim", "attempts"):
            if getattr(self, name) <= 0:
                raise InvalidInput(name, f"must be more than 0, not {getattr(self, name)!r}")
        if self.spool_hold < 0:
            raise InvalidInput("spool_hold", f"must not be negative, not {self.spool_hold!r}")
        least = 1.05 * self.orphan_ttl + KILL_GRACE + HEARTBEAT_TIMEOUT + 10
        if self.reclaim < least:
            raise InvalidInput(
                "reclaim", f"must be at least {least:g} with an orphan_ttl of {self.orphan_ttl:g}, not {self.reclaim!r}"
            )
