"""Events as they happen: streams of server-sent events below ``/sse``.

Paths and events are those of ``docs/reference/events.md``. A stream begins with a ``handshake`` that carries its id,
by which more filters can be added. A client that reads too slowly gets a ``reread`` event, and its stream ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from urllib.parse import parse_qsl, unquote_to_bytes

import msgspec
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, InvalidInput, NotFound
from buildmill.common.tasks import TaskOwner
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.rights import Principal
from buildmill.master.web.backlog import Backlog
from buildmill.master.web.gate import Gate
from buildmill.master.web.http import Request
from buildmill.master.web.hub import MAX_PATH, Hub
from buildmill.master.web.limits import WebLimits
from buildmill.master.web.subscriptions import authorize_all
from buildmill.master.web.told import Told, stream_block

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
        principal: who it is.
        reach: the projects that it gets to.
        request: is answered with the stream.
        gone: called when it has ended.

    Attributes:
        patterns: see `Hub`.
    """

    _log = Logger()

    def __init__(
        self,
        hub: Hub,
        id_: str,
        principal: Principal,
        reach: Reach,
        request: Request,
        limit: int,
        gone: Callable[[Stream], None],
    ) -> None:
        self.id = id_
        self.principal = principal
        self.reach = reach
        self.patterns: set[str] = set()
        self._hub = hub
        self._request = request
        self._gone = gone
        self._backlog = Backlog(request.write, self.is_too_slow, limit)
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
                self._hub.tell(self, told)

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

    def is_too_slow(self) -> None:
        """More waits than may: say so and end it."""
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
        gate: says who may.
    """

    _log = Logger()

    def __init__(self, hub: Hub, clock: IReactorTime, limits: WebLimits, new_id: Callable[[], str], gate: Gate) -> None:
        self._hub = hub
        self._gate = gate
        self._tasks = TaskOwner("event streams")
        self._limits = limits
        self._new_id = new_id
        self._pinging = LoopingCall(self._ping)
        self._pinging.clock = clock
        self.streams: dict[str, Stream] = {}

    @staticmethod
    def is_about_open_one(path: bytes) -> bool:
        """Whether a path below ``/sse`` changes a stream, and asks for none."""
        return path.startswith((b"/add", b"/remove"))

    async def handle(self, request: Request, path: bytes, principal: Principal) -> None:
        """Answer a request, whose origin may ask.

        Args:
            path: the part of its path behind ``/sse``, undecoded.
            principal: who asks.

        Raises:
            Forbidden: it may not hear of that.
        """
        request.start_headers()
        if request.method != b"GET":
            request.responseHeaders.setRawHeaders(b"Allow", [b"GET"])
            request.answer(405, b"only GET", TEXT)
            return
        try:
            await self._answer(request, path, principal)
        except InvalidInput as problem:
            request.answer(400, problem.problem.encode(), TEXT)
        except NotFound as problem:
            request.answer(404, str(problem).encode(), TEXT)

    async def stop(self) -> None:
        """End every stream."""
        self.rights_have_changed()
        await self._tasks.stop()

    def end_of(self, principal: Principal) -> None:
        """A session has ended, or a token: nothing more is sent to its streams."""
        for stream in tuple(self.streams.values()):
            if stream.principal.is_known and stream.principal.credential == principal.credential:
                stream.end()

    def rights_have_changed(self) -> None:
        """Other rules hold: every client has to come again."""
        for stream in tuple(self.streams.values()):
            stream.end()

    async def _answer(self, request: Request, path: bytes, principal: Principal) -> None:
        elements = [_text(part) for part in path.strip(b"/").split(b"/")]
        since, paths = _parameters(request)
        if paths and elements[0] in ("add", "remove"):
            raise InvalidInput("path", "a stream that is open takes one filter at a time, in the path")
        match elements:
            case ["add" | "remove" as command, *rest]:
                if not rest:
                    raise InvalidInput("path", "need uuid")
                stream = self.streams.get(rest[0])
                if stream is None:
                    raise InvalidInput("path", "unknown uuid")
                await self._change(stream, command, _joined(rest[1:]), since)
                request.answer(200, b"", TEXT)
            case ["listen", *rest]:
                await self._listen(request, (_joined(rest), *paths), since, principal)
            case [""]:
                await self._listen(request, paths, since, principal)
            case _:
                await self._listen(request, (_joined(elements), *paths), since, principal)

    async def _listen(self, request: Request, paths: Iterable[str], since: str | None, principal: Principal) -> None:
        filters = list(dict.fromkeys(path for path in paths if path))
        if len(filters) > self._limits.subscriptions:
            raise InvalidInput("path", f"at most {self._limits.subscriptions} filters")
        await self._require(principal, filters)
        reach = await self._gate.reach_of(principal)
        if request.is_gone:
            return
        stream = Stream(self._hub, self._new_id(), principal, reach, request, self._limits.socket_bytes, self._ended)
        self.streams[stream.id] = stream
        stream.open()
        for path in filters:
            self._hub.subscribe(stream, path)
        if since is not None:
            stream.send_missed(since, filters)
        if not self._pinging.running:
            self._pinging.start(PING_SECONDS, now=False)

    async def _require(self, principal: Principal, paths: Sequence[str]) -> None:
        asked = authorize_all(self._gate, principal, paths) if paths else None
        if asked is not None:
            await asked

    async def _change(self, stream: Stream, command: str, path: str, since: str | None) -> None:
        if not path:
            raise InvalidInput("path", "need a filter")
        if command == "remove":
            if path not in stream.patterns:
                raise NotFound(f"not consumed: {path}")
            self._hub.unsubscribe(stream, path)
            return
        if len(stream.patterns) >= self._limits.subscriptions:
            raise InvalidInput("path", f"at most {self._limits.subscriptions} filters")
        await self._require(stream.principal, (path,))
        if path not in stream.patterns and stream.id in self.streams:
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
        if any(stream.principal.is_known for stream in self.streams.values()):
            self._tasks.start(self._check_all(), name="checking event streams")

    async def _check_all(self) -> None:
        """Find out whether sessions and tokens have ended elsewhere, or by themselves."""
        principals = [stream.principal for stream in self.streams.values() if stream.principal.is_known]
        for principal in {principal.credential: principal for principal in principals}.values():
            try:
                if not await self._gate.accounts.is_still_valid(principal):
                    self.end_of(principal)
            except BuildmillError as error:
                self._log.info("whether a session has ended cannot be told: {error}", error=str(error))


def _parameters(request: Request) -> tuple[str | None, tuple[str, ...]]:
    """Where a client wants to go on: what browsers send when they connect again, or ``since``; and filters."""
    since = request.getHeader(b"Last-Event-ID")
    text = since.decode("latin-1") if since else None
    try:
        query = parse_qsl(request.query.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise InvalidInput("query", "the query is not UTF-8") from None
    paths = []
    for name, value in query:
        if name == "since":
            text = value or None
        elif name == "path":
            paths.append(_joined([value]))
        else:
            raise InvalidInput(name, "the only query parameters are path and since")
    return text, tuple(paths)


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
