"""How much a client may ask of the server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WebLimits:
    """Attributes:
    body_bytes: longest body of a request.
    json_depth: deepest nesting in a body.
    cache_bytes: finished answers kept in memory.
    idle_seconds: a connection without a request, or with half of one, is closed.
    head_seconds: for a request's line and headers, from their first byte.
    body_seconds: for a whole request, from its first byte.
    sockets: event sockets and event streams at a time.
    socket_bytes: events that wait for one slow socket or stream; with more it is closed.
    follows: downloads of growing logs at a time.
    searches: searches at a time.
    replay_bytes, replay_events: how much is kept for clients that connect again.
    socket_message_bytes: longest command on a socket.
    subscriptions: patterns of one socket or stream.
    rows, rows_known: of a list that grows with time, at once: for everybody, and for who has shown who it is.
    read_seconds: of the database's time for one answer.
    reading_seconds, reading_seconds_per_second: of the readers' time that one client may use at once, and how fast
        that comes back.
    actions, actions_per_second: of one client at once, and how many come back.
    """

    body_bytes: int = 1024 * 1024
    json_depth: int = 32
    cache_bytes: int = 32 * 1024 * 1024
    idle_seconds: float = 60
    head_seconds: float = 10
    body_seconds: float = 300
    sockets: int = 1000
    socket_bytes: int = 1024 * 1024
    follows: int = 1000
    searches: int = 16
    replay_bytes: int = 4 * 1024 * 1024
    replay_events: int = 10_000
    socket_message_bytes: int = 64 * 1024
    subscriptions: int = 1000
    rows: int = 1000
    rows_known: int = 10_000
    read_seconds: float = 5
    reading_seconds: float = 30
    reading_seconds_per_second: float = 1
    actions: int = 200
    actions_per_second: float = 20
