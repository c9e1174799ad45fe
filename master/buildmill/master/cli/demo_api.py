"""A client of the master's REST API, on Twisted; only what the demonstration asks for."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.client import Agent, FileBodyProducer, HTTPConnectionPool, readBody
from twisted.web.http_headers import Headers
from twisted.web.iweb import IResponse

from buildmill.common.errors import BuildmillError

_TIMEOUT_SECONDS = 30


class Api:
    """The API below ``http://127.0.0.1:<port>/api/v2/``."""

    def __init__(self, reactor: Any, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}/api/v2/"
        self._pool = HTTPConnectionPool(reactor)
        self._agent = Agent(reactor, connectTimeout=_TIMEOUT_SECONDS, pool=self._pool)

    async def rows(self, path: str) -> list[dict[str, Any]]:
        """What a GET finds."""
        document = await self._request(b"GET", path, None)
        found: list[dict[str, Any]] = next(value for key, value in document.items() if key != "meta")
        return found

    async def call(self, path: str, method: str, params: dict[str, Any]) -> Any:
        """The result of an action."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        return (await self._request(b"POST", path, body))["result"]

    async def _request(self, method: bytes, path: str, body: bytes | None) -> dict[str, Any]:
        headers = Headers({"Accept": ["application/json"], "Content-Type": ["application/json"]})
        producer = None if body is None else FileBodyProducer(BytesIO(body))
        response: IResponse = await self._agent.request(method, (self._base + path).encode(), headers, producer)
        text: bytes = await readBody(response)
        if response.code != 200:
            raise BuildmillError(f"{path}: {response.code} {text.decode(errors='replace')[:500]}")
        document: dict[str, Any] = json.loads(text)
        return document

    def close(self) -> Deferred[Any]:
        """Close the connections that are kept."""
        closing: Deferred[Any] = self._pool.closeCachedConnections()
        return closing
