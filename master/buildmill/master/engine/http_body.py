"""The body of a request, of what the caller has: a value for JSON, fields of a form, text or bytes."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from twisted.internet.defer import Deferred, succeed
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer


def with_body(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a request as treq takes them.

    Args:
        options: with the body as ``json`` (any value), or as ``data`` (text, bytes, or a form's fields).

    Returns:
        The same, with headers that say what the body is, and with ``data`` that is sent at once.
    """
    rest = {name: value for name, value in options.items() if name not in ("json", "data", "headers")}
    headers = dict(options.get("headers") or {})
    data = options.get("data")
    if (value := options.get("json")) is not None:
        data = jsonlib.dumps(value, default=_json_of)
        headers.setdefault("Content-Type", "application/json")
    elif isinstance(data, Mapping):
        data = urlencode(data, doseq=True)
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    if data is not None:
        rest["data"] = WholeBody(data.encode() if isinstance(data, str) else bytes(data))
    return {**rest, "headers": headers}


def _json_of(value: Any) -> Any:
    if isinstance(value, datetime):
        return int(value.timestamp())
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON")


@implementer(IBodyProducer)
class WholeBody:
    """A body in one piece. Twisted's own producer of bytes goes by the process's reactor, not by ours."""

    def __init__(self, data: bytes) -> None:
        self.length = len(data)
        self._data = data

    def startProducing(self, consumer: Any) -> Deferred[None]:
        consumer.write(self._data)
        return succeed(None)

    def pauseProducing(self) -> None:
        pass

    resumeProducing = stopProducing = pauseProducing
