"""The one way out over HTTP: for reporters, providers of secrets, and services of users.

`HTTPSession` keeps an address and what goes with each request to it. Redirects are not followed, as they would carry
credentials to hosts that nobody has named; an answer is read up to a limit, and within a time.
"""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from OpenSSL.SSL import Connection
from treq.client import HTTPClient
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import CertificateOptions
from twisted.logger import Logger
from twisted.web.client import Agent, HTTPConnectionPool, ResponseFailed, ResponseNeverReceived
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

from buildmill.common.errors import InvalidInput, Unavailable
from buildmill.master.engine.http_body import with_body
from buildmill.master.engine.service import SharedService
from buildmill.master.engine.user_code import begun_at_once

TIMEOUT_SECONDS = 30.0
ANSWER_LIMIT_BYTES = 1024 * 1024
_BROKEN = (ConnectError, DNSLookupError, ResponseFailed, ResponseNeverReceived)


class HttpAnswer:
    """An answer, read to its end.

    Attributes:
        code: the status.
    """

    def __init__(self, code: int, body: bytes) -> None:
        self.code = code
        self._body = body

    @begun_at_once
    async def content(self) -> bytes:
        """The body."""
        return self._body

    @begun_at_once
    async def json(self) -> Any:
        """The body as JSON. Raises ValueError for what is none."""
        return jsonlib.loads(self._body)

    @property
    def text(self) -> str:
        """The begin of the body, for messages."""
        return self._body[:500].decode("utf-8", "replace")


class HttpService:
    """Makes the requests of one master.

    Args:
        reactor: connects, and keeps the time.
        agent: takes the place of real connections.
    """

    def __init__(self, reactor: Any, agent: Any = None) -> None:
        self.reactor = reactor
        self._agent = agent

    async def request(
        self,
        method: str,
        url: str,
        *,
        verify: bool | None = None,
        timeout: float = TIMEOUT_SECONDS,
        limit_bytes: int = ANSWER_LIMIT_BYTES,
        **options: Any,
    ) -> HttpAnswer:
        """One request.

        Args:
            verify: False takes any certificate.
            timeout: seconds for all of it.
            limit_bytes: how long the answer may be.
            **options: as `treq.request` knows them.

        Raises:
            Unavailable: there was no answer, or not in time, or one that is too long.
        """
        client = HTTPClient(self._agent_for(verify))
        asking: Deferred[Any] = Deferred.fromCoroutine(self._ask(client, method, url, limit_bytes, options))
        expiry = self.reactor.callLater(timeout, asking.cancel)
        try:
            answer: HttpAnswer = await asking
        except _BROKEN as error:
            if not expiry.active():
                raise Unavailable(f"{method} {_shown(url)}: no answer within {timeout:g} s") from error
            raise Unavailable(f"{method} {_shown(url)}: {_reason(error)}") from error
        except Exception as error:
            if not expiry.active():
                raise Unavailable(f"{method} {_shown(url)}: no answer within {timeout:g} s") from error
            raise
        finally:
            if expiry.active():
                expiry.cancel()
        return answer

    async def _ask(
        self, client: HTTPClient, method: str, url: str, limit_bytes: int, options: Mapping[str, Any]
    ) -> HttpAnswer:
        response = await client.request(method, url, allow_redirects=False, unbuffered=True, **with_body(options))
        parts: list[bytes] = []
        left = limit_bytes

        def take(data: bytes) -> None:
            nonlocal left
            left -= len(data)
            if left < 0:
                raise ValueError(f"the answer has more than {limit_bytes} bytes")
            parts.append(data)

        await response.collect(take)
        return HttpAnswer(response.code, b"".join(parts))

    def _agent_for(self, verify: bool | None) -> Any:
        if self._agent is not None:
            return self._agent
        pool = HTTPConnectionPool(self.reactor, persistent=False)
        if verify is False:
            return Agent(self.reactor, contextFactory=AnyCertificate(), pool=pool, connectTimeout=TIMEOUT_SECONDS)
        return Agent(self.reactor, pool=pool, connectTimeout=TIMEOUT_SECONDS)


class HTTPSession:
    """Requests to paths below one address.

    Args:
        http: the master's, as ``self.master.httpservice``.
        base_url: without a slash at its end; paths are added to it.
        auth: ``(user, password)`` for Basic authentication.
        headers: of each request.
        debug: log each request and its status, without content.
        verify: False takes any certificate.
        skip_encoding: accepted; answers are never compressed by a request of ours.
    """

    _log = Logger()

    def __init__(
        self,
        http: HttpService,
        base_url: str,
        auth: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        debug: bool | None = False,
        verify: bool | None = None,
        skip_encoding: bool = False,
    ) -> None:
        if not isinstance(base_url, str) or not base_url.startswith(("http://", "https://")):
            raise InvalidInput("base_url", f"must be an http or https address, not {base_url!r}")
        self.http = http
        self.base_url = base_url.rstrip("/")
        self.auth = auth
        self.headers = dict(headers or {})
        self.debug = bool(debug)
        self.verify = verify

    def update_headers(self, headers: Mapping[str, str]) -> None:
        """Add to the headers of each request."""
        self.headers.update(headers)

    updateHeaders = update_headers

    @begun_at_once
    async def request(self, method: str, ep: str, **options: Any) -> HttpAnswer:
        """One request to a path, which begins with a slash; see `HttpService.request`.

        Args:
            **options: ``params``, ``headers``, ``data``, ``json``, ``auth``, ``timeout``, ``verify``.
        """
        if ep.startswith(("http://", "https://")):
            raise InvalidInput("ep", f"must be a path below {self.base_url}, not {ep!r}")
        headers = {**self.headers, **(options.pop("headers", None) or {})}
        auth = options.pop("auth", None) or self.auth
        if auth is not None:
            options["auth"] = tuple(auth)
        if options.get("json") is None:
            options.pop("json", None)
        verify = options.pop("verify", None)
        answer = await self.http.request(
            method.upper(),
            self.base_url + ep,
            headers=headers,
            verify=self.verify if verify is None else verify,
            **options,
        )
        if self.debug:
            self._log.info(
                "{method} {base}{path}: {code}", method=method, base=self.base_url, path=ep, code=answer.code
            )
        return answer

    def get(self, ep: str, **options: Any) -> Deferred[HttpAnswer]:
        """See `request`."""
        return self.request("GET", ep, **options)

    def post(self, ep: str, **options: Any) -> Deferred[HttpAnswer]:
        """See `request`."""
        return self.request("POST", ep, **options)

    def put(self, ep: str, **options: Any) -> Deferred[HttpAnswer]:
        """See `request`."""
        return self.request("PUT", ep, **options)

    def delete(self, ep: str, **options: Any) -> Deferred[HttpAnswer]:
        """See `request`."""
        return self.request("DELETE", ep, **options)


class HTTPClientService(SharedService):
    """`HTTPSession` as a service, shared by its arguments: ``await HTTPClientService.getService(master, url)``."""

    def __init__(
        self,
        base_url: str,
        auth: tuple[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        verify: bool | None = None,
        debug: bool = False,
        skipEncoding: bool = False,
    ) -> None:
        super().__init__()
        self._arguments: dict[str, Any] = {
            "base_url": base_url, "auth": auth, "headers": headers, "verify": verify, "debug": debug,
        }  # fmt: skip

    @property
    def session(self) -> HTTPSession:
        """A session with its arguments."""
        return HTTPSession(self.master.httpservice, **self._arguments)

    def updateHeaders(self, headers: Mapping[str, str]) -> None:
        """Add to the headers of each request."""
        self._arguments["headers"] = {**(self._arguments["headers"] or {}), **headers}

    def get(self, ep: str, **options: Any) -> Deferred[HttpAnswer]:
        """See `HTTPSession.request`."""
        return self.session.get(ep, **options)

    def post(self, ep: str, **options: Any) -> Deferred[HttpAnswer]:
        """See `HTTPSession.request`."""
        return self.session.post(ep, **options)

    def put(self, ep: str, **options: Any) -> Deferred[HttpAnswer]:
        """See `HTTPSession.request`."""
        return self.session.put(ep, **options)

    def delete(self, ep: str, **options: Any) -> Deferred[HttpAnswer]:
        """See `HTTPSession.request`."""
        return self.session.delete(ep, **options)


@implementer(IPolicyForHTTPS)
class AnyCertificate:
    """Has TLS take whatever certificate the other side shows, for those who ask for that with ``verify=False``."""

    def creatorForNetloc(self, hostname: bytes, port: int) -> _AnyCertificateCreator:
        return _AnyCertificateCreator(hostname)


@implementer(IOpenSSLClientConnectionCreator)
class _AnyCertificateCreator:
    def __init__(self, hostname: bytes) -> None:
        self._hostname = hostname
        self._context = CertificateOptions(verify=False).getContext()

    def clientConnectionForTLS(self, tlsProtocol: Any) -> Connection:
        connection = Connection(self._context, None)
        connection.set_tlsext_host_name(self._hostname)
        return connection


def _shown(url: str) -> str:
    """The address without what may be secret in it."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _reason(error: Exception) -> str:
    reasons = getattr(error, "reasons", None)
    return "; ".join(str(reason.value) for reason in reasons) if reasons else str(error) or type(error).__name__
