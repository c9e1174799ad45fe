"""Requests and answers over HTTP, for programs that wait: Python's own library, with our errors."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from contextlib import closing
from typing import Any

from buildmill.client.documents import Request, Upload
from buildmill.client.errors import ApiError, Unreachable, error_of

CHUNK_BYTES = 64 * 1024


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Whoever has got our token does not send it elsewhere."""

    def redirect_request(self, *_arguments: Any, **_more: Any) -> None:
        return None


class _Patient:
    """Goes on to the answer when a server stops reading: it has refused what is too long, and says so."""

    def send(self, data: Any) -> None:
        sending: Any = super()
        try:
            sending.send(data)
        except (BrokenPipeError, ConnectionResetError):
            if getattr(self, "sock", None) is None:
                raise


class _Connection(_Patient, http.client.HTTPConnection):
    pass


class _SafeConnection(_Patient, http.client.HTTPSConnection):
    pass


class _Handler(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_Connection, req)


class _SafeHandler(urllib.request.HTTPSHandler):
    def __init__(self, tls: ssl.SSLContext | None) -> None:
        super().__init__(context=tls)
        self._tls = tls

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SafeConnection, req, context=self._tls)


class Exchanges:
    """Each request has a connection of its own.

    Args:
        url: of the server, for messages.
        timeout: seconds that an answer, or a part of it, may take.
        tls: how certificates are checked; as Python does it by default.

    Raised by all methods: `ApiError` for what is refused, `Unreachable` when there is no answer.
    """

    def __init__(self, url: str, timeout: float, tls: ssl.SSLContext | None) -> None:
        self._url = url
        self._timeout = timeout
        self._opener = urllib.request.build_opener(_NoRedirects(), _Handler(), _SafeHandler(tls))

    def body(self, request: Request) -> bytes:
        """The answer as a whole."""
        with closing(self.open(request)) as answer:
            parts = []
            while data := self.read(answer, request):
                parts.append(data)
            return b"".join(parts)

    def open(self, request: Request, timeout: float = 0.0) -> http.client.HTTPResponse:
        """The answer's head; to be closed by the caller.

        Args:
            timeout: at least so many seconds.
        """
        body = request.pieces if isinstance(request, Upload) else request.body
        asked = urllib.request.Request(  # noqa: S310  # addresses are checked to be http and https
            request.url, body, dict(request.headers), method=request.method
        )
        try:
            answer: http.client.HTTPResponse = self._opener.open(asked, timeout=max(self._timeout, timeout))
        except urllib.error.HTTPError as refusal:
            with refusal:
                raise self._refusal(refusal) from None
        except (OSError, http.client.HTTPException) as problem:
            raise Unreachable(self._url, getattr(problem, "reason", problem)) from problem
        return answer

    def read(self, answer: http.client.HTTPResponse, request: Request) -> bytes:
        """What has come, at least a byte; nothing at the end."""
        try:
            data = answer.read1(CHUNK_BYTES)
        except (OSError, http.client.HTTPException, ValueError) as problem:  # ValueError: the length of a chunk
            raise Unreachable(self._url, repr(problem)) from problem
        if not data and answer.length:
            raise Unreachable(self._url, f"{request.url} ended too soon")
        return data

    def _refusal(self, refusal: urllib.error.HTTPError) -> ApiError:
        try:
            body = refusal.read()
        except (OSError, http.client.HTTPException):
            body = b""
        return error_of(refusal.code, body, refusal.headers.get("Retry-After"))
