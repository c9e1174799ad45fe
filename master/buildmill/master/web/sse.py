"""Events as they happen: streams of server-sent events below ``/sse``.

Paths and events are those of ``docs/reference/events.md``. A stream begins with a ``handshake`` that carries its id,
by which more filters can be added. A client that reads too slowly gets a ``reread`` event, and its stream ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from buildmill.common.errors import InvalidInput, NotFound
from buildmill.master.web.backlog import Backlog
from buildmill.master.web.http import Request
from buildmill.master.web.hub import MAX_PATH, Hub, Told, stream_block
from buildmill.master.web.limits import WebLimits

TEXT = b"text/plain; charset=utf-8"
PING_SECONDS = 30.0
_PING = b":\n\n"
_TOO_SLOW = "too slow: some events are lost"
_NOT_KEPT = "some events are not kept any more"

_encode = msgspec.json.Encoder().encode


class Stream:
    """One client's stream.

    Args:
        id_: by which its client adds filters.
        request: is answered with the stream.
        gone: called when it has ended.

    Attributes:
        patterns: see `Hub`.
    """

    _log = Logger()

    def __init__(self, hub: Hub, id_: str, request: Request, limit: int, gone: Callable[[Stream], None]) -> None:
        self.id = id_
        self.patterns: set[str] = set()
        self._hub = hub
        self._request = request
        self._gone = gone
        self._backlog = Backlog(request.write, self._is_too_slow, limit)
        self._is_open = False

    def open(self) -> None:
        """Send the headers and the handshake."""
        headers = self._request.responseHeaders
        headers.setRawHeaders(b"Content-Type", [b"text/event-stream"])
        headers.setRawHeaders(b"Cache-Control", [b"no-cache"])
        headers.setRawHeaders(b"X-Accel-Buffering", [b"no"])  # nginx would keep events back
        self._is_open = True
        self._request.notifyFinish().addErrback(lambda _: self._forget())
        self._request.registerProducer(self._backlog, True)
        self._backlog.send(stream_block("handshake", self.id.encode(), self._hub.position))

    @property
    def waiting_bytes(self) -> int:
        """What is kept for it because it reads slowly."""
        return self._backlog.byte_count

    def hear(self, told: Told) -> None:
        """See `Listener.hear`."""
        if self._is_open:
            self._backlog.send(told.block)

    def send_missed(self, since: str, paths: list[str]) -> None:
        """Send what has happened since an event, or say that it is not known any more."""
        missed = self._hub.missed(since, paths)
        if missed is None:
            self._backlog.send(self._reread(_NOT_KEPT))
        else:
            for told in missed:
                self.hear(told)

    def ping(self) -> None:
        """Show that the connection is alive, to whatever is between."""
        if not self._backlog.is_full:
            self._backlog.send(_PING)

    def end(self) -> None:
        """The server stops."""
        if self._is_open:
            self._forget()
            self._request.unregisterProducer()
            self._request.finish()

    def _reread(self, why: str) -> bytes:
        return stream_block("reread", _encode({"reason": why}), self._hub.position)

    def _is_too_slow(self) -> None:
        if self._is_open:
            self._hub.overruns += 1
            self._log.info(
                "closing an event stream that reads too slowly: {peer}", peer=self._request.getClientAddress()
            )
            self._request.write(self._reread(_TOO_SLOW))
            self.end()

    def _forget(self) -> None:
        self._is_open = False
        self._hub.leave(self)
        self._gone(self)


class Streams:
    """All streams.

    Args:
        hub: brings the events.
        clock: for the sign of life of silent streams.
        new_id: gives texts that nobody can guess.
    """

    def __init__(self, hub: Hub, clock: IReactorTime, limits: WebLimits, new_id: Callable[[], str]) -> None:
        self._hub = hub
        self._limits = limits
        self._new_id = new_id
        self._pinging = LoopingCall(self._ping)
        self._pinging.clock = clock
        self.streams: dict[str, Stream] = {}

    @staticmethod
    def is_about_open_one(path: bytes) -> bool:
        """Whether a path below ``/sse`` changes a stream, and asks for none."""
        return path.startswith((b"/add", b"/remove"))

    def handle(self, request: Request, path: bytes) -> None:
        """Answer a request, whose origin may ask.

        Args:
            path: the part of its path behind ``/sse``, undecoded.
        """
        request.start_headers()
        if request.method != b"GET":
            request.responseHeaders.setRawHeaders(b"Allow", [b"GET"])
            request.answer(405, b"only GET", TEXT)
            return
        try:
            self._answer(request, path)
        except InvalidInput as problem:
            request.answer(400, problem.problem.encode(), TEXT)
        except NotFound as problem:
            request.answer(404, str(problem).encode(), TEXT)

    def end_all(self) -> None:
        """End every stream."""
        for stream in tuple(self.streams.values()):
            stream.end()

    def _answer(self, request: Request, path: bytes) -> None:
        elements = [_text(part) for part in path.strip(b"/").split(b"/")]
        since = _since(request)
        match elements:
            case ["add" | "remove" as command, *rest]:
                if not rest:
                    raise InvalidInput("path", "need uuid")
                stream = self.streams.get(rest[0])
                if stream is None:
                    raise InvalidInput("path", "unknown uuid")
                self._change(stream, command, _joined(rest[1:]), since)
                request.answer(200, b"", TEXT)
            case ["listen", *rest]:
                self._listen(request, _joined(rest), since)
            case [""]:
                self._listen(request, "", since)
            case _:
                self._listen(request, _joined(elements), since)

    def _listen(self, request: Request, path: str, since: str | None) -> None:
        stream = Stream(self._hub, self._new_id(), request, self._limits.socket_bytes, self._ended)
        self.streams[stream.id] = stream
        stream.open()
        if path:
            self._hub.subscribe(stream, path)
        if since is not None:
            stream.send_missed(since, [path] if path else [])
        if not self._pinging.running:
            self._pinging.start(PING_SECONDS, now=False)

    def _change(self, stream: Stream, command: str, path: str, since: str | None) -> None:
        if not path:
            raise InvalidInput("path", "need a filter")
        if command == "remove":
            if path not in stream.patterns:
                raise NotFound(f"not consumed: {path}")
            self._hub.unsubscribe(stream, path)
            return
        if len(stream.patterns) >= self._limits.subscriptions:
            raise InvalidInput("path", f"at most {self._limits.subscriptions} filters")
        if path not in stream.patterns:
            self._hub.subscribe(stream, path)
        if since is not None:
            stream.send_missed(since, [path])

    def _ended(self, stream: Stream) -> None:
        self.streams.pop(stream.id, None)
        if not self.streams and self._pinging.running:
            self._pinging.stop()

    def _ping(self) -> None:
        for stream in tuple(self.streams.values()):
            stream.ping()


def _since(request: Request) -> str | None:
    """Where a client wants to go on: what browsers send when they connect again, or the parameter ``since``."""
    since = request.getHeader(b"Last-Event-ID")
    text = since.decode("latin-1") if since else None
    query: Any = parse_qsl(request.query.decode("latin-1"), keep_blank_values=True)
    for name, value in query:
        if name != "since":
            raise InvalidInput(name, "the only query parameter is since")
        text = value or None
    return text


def _text(part: bytes) -> str:
    try:
        return unquote_to_bytes(part).decode()
    except UnicodeDecodeError:
        raise InvalidInput("path", "the path is not UTF-8") from None


def _joined(elements: list[str]) -> str:
    path = "/".join(elements)
    if len(path) > MAX_PATH:
        raise InvalidInput("path", f"a filter has at most {MAX_PATH} characters")
    return path
