"""Twisted's HTTP server with our limits: a body that is too long is refused before it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web import http
from twisted.web.http_headers import Headers
from twisted.web.resource import Resource
from twisted.web.server import Request as TwistedRequest
from twisted.web.server import Site as TwistedSite

from buildmill.master.web.incoming import Incoming
from buildmill.master.web.limits import WebLimits

SECURITY_HEADERS: dict[bytes, bytes] = {
    b"X-Content-Type-Options": b"nosniff",
    b"X-Frame-Options": b"DENY",
    # nothing that a build has written becomes a script, not even by a fault of a page
    b"Content-Security-Policy": (
        b"default-src 'self'; script-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
        b"form-action 'self'; require-trusted-types-for 'script'"
    ),
    b"Referrer-Policy": b"same-origin",
}
# after a refusal so much of the body is read and thrown away, so that the client gets to read the answer
LINGER_BYTES = 4 * 1024 * 1024

TooLong = Callable[[bytes, int], tuple[bytes, bytes]]
"""``(target of the request, the limit)``: media type and body of the refusal of a body that is too long."""


def too_long(_target: bytes, limit: int) -> tuple[bytes, bytes]:
    """As the data API says it."""
    return b"text/plain; charset=utf-8", b'{"error": "the body is longer than %d bytes"}' % limit


_SECURITY_LINES = b"".join(b"%b: %b\r\n" % line for line in SECURITY_HEADERS.items())


def base_headers() -> Headers:
    """Headers that every answer carries; its date is put in by `Request.start_headers`."""
    headers = Headers()
    for name, value in SECURITY_HEADERS.items():
        headers.setRawHeaders(name, [value])
    return headers


def head_of(lines: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Status line and headers of a successful answer, up to what depends on the request."""
    return b"HTTP/1.1 200 OK\r\n" + _lines_of(lines)


def unchanged_head_of(lines: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The same of an answer that the client has already."""
    return b"HTTP/1.1 304 Not Modified\r\n" + _lines_of(lines)


def _lines_of(lines: Iterable[tuple[bytes, bytes]]) -> bytes:
    return _SECURITY_LINES + b"".join(b"%b: %b\r\n" % line for line in lines)


class Request(TwistedRequest):
    """A request; `Site.handle` answers it.

    Attributes:
        query: what stands behind the question mark, undecoded.
        is_gone: the client went away, nobody waits for the answer.
        allowed_origin: the page that asks, if it is of another place and may.
        is_private: the answer is for the one who asks, and is kept by nobody on the way.
        incoming: its body, if that is taken while it comes; `content` is empty then.
    """

    channel: Channel
    content: BytesIO
    query = b""
    is_gone = False
    allowed_origin: bytes | None = None
    is_private = False
    incoming: Incoming | None = None
    _is_refused = False
    _received = 0

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        self.content = BytesIO()
        if self.channel.site.receives(self.channel.command, self.channel.target):
            self._take_while_it_comes()
        elif length is not None and length > self._limit:
            self._refuse()

    def _take_while_it_comes(self) -> None:
        transport: Any = self.channel.transport
        self.incoming = Incoming(transport.pauseProducing, transport.resumeProducing)
        self._has_head(self.channel.command, self.channel.target)
        self._handle()

    @property
    def _limit(self) -> int:
        return self.channel.site.limits.body_bytes

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        self._received += len(data)
        if self._is_refused:
            if self._received > LINGER_BYTES:
                self.channel.abort()
        elif self.incoming is not None:
            self.incoming.feed(data)
        elif self._received > self._limit:
            self._refuse()
        else:
            self.content.write(data)

    def _refuse(self) -> None:
        self.content = BytesIO()
        # the request knows its own target only when all of it has come
        media_type, body = self.channel.site.too_long(self.channel.target, self._limit)
        self.refuse_early(413, body, media_type)

    def refuse_early(
        self, status: int, body: bytes, content_type: bytes, more: Iterable[tuple[bytes, bytes]] = ()
    ) -> None:
        """Answer a request whose body has not come to its end; what still comes is thrown away, up to a bound.

        Args:
            more: headers beside the usual ones.
        """
        self._is_refused, self._received = True, 0
        self.requestHeaders.removeHeader(b"Expect")
        head = b"HTTP/1.1 %d %b\r\nConnection: close\r\n" % (status, _phrase(status))
        head += _lines_of((*more, (b"Content-Type", content_type), (b"Content-Length", b"%d" % len(body))))
        transport: Any = self.channel.transport
        transport.write(head + b"\r\n" + body)
        if self.incoming is not None:
            self.incoming.drop()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802
        if self._is_refused:
            self.channel.loseConnection()
            return
        self.clientproto = version
        if self.incoming is not None:  # it is being answered
            self.incoming.end()
            return
        self.content.seek(0)
        self._has_head(command, path)
        self._handle()

    def _has_head(self, command: bytes, target: bytes) -> None:
        self.args = {}
        self.method, self.uri = command, target
        self.path, _, self.query = target.partition(b"?")

    def _handle(self) -> None:
        try:
            self.channel.site.handle(self)
        except Exception:
            self.processingFailed(Failure())

    def process_as_resource(self, resource: Resource) -> None:
        """Answer by a resource of twisted.web that is the root of everything."""
        self.args = http.parse_qs(self.query, True)
        self.start_headers()
        self.prepath = []
        self.postpath = list(map(unquote_to_bytes, self.path[1:].split(b"/")))
        self.render(resource)

    def connectionLost(self, reason: Failure) -> None:  # noqa: N802
        self.is_gone = True
        if self.incoming is not None:
            self.incoming.lose()
        untyped: Any = super()
        untyped.connectionLost(reason)

    def processingFailed(self, reason: Failure) -> None:  # noqa: N802
        """Answer what nobody expected: the log has the traceback, the client only learns that it happened."""
        self.channel.site.log_failure(reason, self)
        if self.is_gone:
            return
        if self.startedWriting:
            self.channel.abort()
            return
        self.start_headers()
        self.answer(500, b'{"error": "internal error"}', b"text/plain; charset=utf-8")

    def start_headers(self) -> Headers:
        """Give the answer the headers that every answer carries, and those for the page that asks."""
        headers = self.responseHeaders = base_headers()
        headers.setRawHeaders(b"Date", [self.channel.site.date()])
        if self.allowed_origin is not None:
            for name, value in _cors(self.allowed_origin):
                headers.setRawHeaders(name, [value])
        for name, value in self._own_lines():
            headers.setRawHeaders(name, [value])
        if not self.channel.persistent:
            headers.setRawHeaders(b"Connection", [b"close"])
        return headers

    def _own_lines(self) -> list[tuple[bytes, bytes]]:
        """Headers of this server, or of this request's answer."""
        lines = list(self.channel.site.more_headers)
        if self.is_private:
            lines.append((b"Cache-Control", b"private, no-store"))
        return lines

    def send_prepared(self, head: bytes, body: bytes, caching: bytes = b"") -> None:
        """Send an answer made before: its `head_of` and its body, in one write.

        Args:
            caching: a line that tells how it may be kept; not sent with an answer that is private.
        """
        if self.is_gone:
            return
        more = b"Date: %b\r\n" % self.channel.site.date()
        if self.allowed_origin is not None:
            more += b"".join(b"%b: %b\r\n" % line for line in _cors(self.allowed_origin))
        if not self.is_private:
            more += caching
        if self.is_private or self.channel.site.more_headers:
            more += b"".join(b"%b: %b\r\n" % line for line in self._own_lines())
        if not self.channel.persistent:
            more += b"Connection: close\r\n"
        self.startedWriting = 1
        self.channel.writeSequence([head, more, b"\r\n", body if self.method != b"HEAD" else b""])
        self.finish()

    def setResponseCode(self, code: int, message: bytes | None = None) -> None:  # noqa: N802
        super().setResponseCode(code, message or _phrase(code))

    def answer(self, status: int, body: bytes, content_type: bytes) -> None:
        """Send a whole answer with the headers that are set so far."""
        if self.is_gone:
            return
        self.setResponseCode(status)
        self.responseHeaders.setRawHeaders(b"Content-Type", [content_type])
        self.responseHeaders.setRawHeaders(b"Content-Length", [b"%d" % len(body)])
        self.write(body)
        self.finish()


def _phrase(status: int) -> bytes:
    """The words of a status line. Twisted has some for the older codes only."""
    return HTTPStatus(status).phrase.encode()


def _cors(origin: bytes) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"Access-Control-Allow-Origin", origin),
        (b"Access-Control-Allow-Headers", b"Content-Type"),
        (b"Access-Control-Max-Age", b"3600"),
    )


# looked up once: each request comes through here
_received: Callable[[http.HTTPChannel, bytes], None] = http.HTTPChannel.dataReceived
_all_received: Callable[[http.HTTPChannel], None] = http.HTTPChannel.allContentReceived


class Channel(http.HTTPChannel):
    """HTTP/1.1 on one connection; its site can close it.

    A client that sends a request a byte at a time is never idle, so half a request has a deadline beside that. It is
    set only when data ends within a request: most come whole.

    Attributes:
        is_patient: the present request may take all the time it needs, as long as something comes.
    """

    site: Site
    is_patient = False
    _deadline: IDelayedCall | None = None
    _command: bytes  # twisted's
    _path: bytes  # twisted's

    @property
    def command(self) -> bytes:
        """The method of the request that is coming in."""
        return self._command

    @property
    def target(self) -> bytes:
        """What stands in the line of the request that is coming in."""
        return self._path

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        _received(self, data)
        if (self.requests or self._buffer) and self._deadline is None and not self._handlingRequest:
            if self.is_patient:
                return
            self._deadline = self.callLater(self.site.limits.head_seconds, self._head_is_due)

    def _head_is_due(self) -> None:
        self._deadline = None
        limits = self.site.limits
        if self.line_mode:
            self.abort()
        else:
            self._deadline = self.callLater(limits.body_seconds - limits.head_seconds, self.abort)

    def be_patient(self) -> None:
        """Let the present request take all the time it needs, as long as something comes."""
        self.is_patient = True
        self._forget_deadline()

    def allContentReceived(self) -> None:  # noqa: N802
        self.is_patient = False
        if self._deadline is not None:
            self._forget_deadline()
        _all_received(self)

    def _forget_deadline(self) -> None:
        deadline, self._deadline = self._deadline, None
        if deadline is not None and deadline.active():
            deadline.cancel()

    def abort(self) -> None:
        """Drop the connection."""
        transport: Any = self.transport
        if transport is not None:  # None when an event socket has taken it over
            transport.abortConnection()

    def connectionMade(self) -> None:  # noqa: N802
        self.site.channels.add(self)
        untyped: Any = super()
        untyped.connectionMade()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        self.site.channels.discard(self)
        self._forget_deadline()
        untyped: Any = super()
        untyped.connectionLost(reason)


class Site(TwistedSite):
    """All connections of a server.

    Args:
        handle: answers a request.
        log_failure: takes what nobody expected.
        more_headers: that every answer carries beside the usual ones.
        too_long: what is said of a body that is longer than the limit.
        receives: whether the body of a request, by its method and its target, is taken while it comes.
    """

    def __init__(
        self,
        handle: Callable[[Request], None],
        log_failure: Callable[[Failure, Request], None],
        reactor: IReactorTime,
        limits: WebLimits,
        more_headers: Iterable[tuple[bytes, bytes]] = (),
        too_long: TooLong = too_long,
        receives: Callable[[bytes, bytes], bool] = lambda _method, _target: False,
    ) -> None:
        untyped: Any = super()
        untyped.__init__(
            Resource(),
            requestFactory=Request,
            timeout=limits.idle_seconds,
            reactor=reactor,
            parsePOSTFormSubmission=False,
        )
        self.displayTracebacks = False
        self.handle = handle
        self.log_failure = log_failure
        self.receives = receives
        self.limits = limits
        self.more_headers = tuple(more_headers)
        self.too_long = too_long
        self.channels: set[Channel] = set()
        self._date_at, self._date = -1, b""

    def date(self) -> bytes:
        """The present time as a header has it; made once a second."""
        now = int(self.reactor.seconds())
        if now != self._date_at:
            self._date_at, self._date = now, http.datetimeToString(now)
        return self._date

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802
        channel: Any = Channel()
        channel.site = self
        channel.factory = self
        channel.requestFactory = self.requestFactory
        channel.callLater = self.reactor.callLater
        channel.timeOut = self.timeOut
        return channel

    def startFactory(self) -> None:  # noqa: N802
        """Nothing: there is no access log, and so no clock for it."""

    def stopFactory(self) -> None:  # noqa: N802
        """Nothing."""

    def log(self, request: Any) -> None:
        """No access log: an operator has it from the proxy, or from the metrics."""

    def close_all(self) -> None:
        """Drop every connection."""
        for channel in list(self.channels):
            channel.abort()
