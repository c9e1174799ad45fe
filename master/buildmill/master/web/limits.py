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
