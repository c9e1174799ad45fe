"""Requests and answers of the data API as values: what is sent, and what an answer's bytes say. No I/O."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from buildmill.client.errors import UnexpectedAnswer
from buildmill.client.paths import Call, Download, Parameters, Path
from buildmill.common.errors import InvalidInput

T = TypeVar("T")

DEFAULT_MASTER = "http://127.0.0.1:8010"
JSON = "application/json"
LINES = "application/x-ndjson"
_API = "/api/v2"


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent to a master."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Upload(Request):
    """A request whose body is sent piece by piece; its headers say the length."""

    pieces: Iterable[bytes] = ()


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a collection.

    Attributes:
        total: how many the collection has; of builds, build requests, changes and other long ones only how many these
            are (see ``docs/reference/rest-api.md``).
    """

    rows: list[T]
    total: int


class Master:
    """Where a master is, and who asks.

    Args:
        url: of its web server or of its API, or ``HOST:PORT``.
        token: an API token, ``bmt_...``; ``USER:PASSWORD`` is sent as HTTP's basic authentication, for a proxy.

    Attributes:
        url: of its web server, without a slash at the end.

    Raises:
        InvalidInput: that is no such URL.
    """

    def __init__(self, url: str = DEFAULT_MASTER, token: str | None = None) -> None:
        url = url if "://" in url else f"http://{url}"
        if not url.startswith(("http://", "https://")) or not urlsplit(url).hostname:
            raise InvalidInput("master", "expected http:, https: or HOST:PORT")
        self.url = url.rstrip("/").removesuffix(_API)
        self.authorization = None if token is None else _authorization(token)

    def request(
        self, path: str, parameters: Iterable[tuple[str, str]] = (), accept: str = JSON, **headers: str
    ) -> Request:
        """A GET of an encoded path below ``/api/v2``; ``_`` in names of headers stands for ``-``."""
        return Request("GET", _url(f"{self.url}{_API}/{path}", parameters), self._headers(accept, headers))

    def reading(self, what: Path, *more: tuple[str, str]) -> Request:
        """A GET of a path and its parameters."""
        return self.request(what.path, (*what.parameters, *more))

    def calling(self, call: Call[Any]) -> Request:
        """A POST that does something."""
        body = {"jsonrpc": "2.0", "id": 1, "method": call.method, "params": call.params}
        headers = self._headers(JSON, {"Content_Type": JSON})
        return Request("POST", f"{self.url}{_API}/{call.path}", headers, msgspec.json.encode(body))

    def following(self, what: Download, offset: int) -> tuple[Request, int]:
        """A GET of a log as it grows, and how many bytes of its answer are known already."""
        # the master counts the bytes of all streams together
        skipped = offset if any(name == "stream" for name, _ in what.parameters) else 0
        begin = [("offset", str(offset))] if offset and not skipped else []
        return self.request(what.path, [*what.parameters, ("follow", "1"), *begin], "*/*"), skipped

    def listening(self, paths: Iterable[str], since: str | None) -> Request:
        """A GET of a stream of events."""
        parameters = [*(("path", path) for path in paths), *([] if since is None else [("since", since)])]
        return Request("GET", _url(f"{self.url}/sse/listen", parameters), self._headers("text/event-stream", {}))

    def _headers(self, accept: str, more: Mapping[str, str]) -> dict[str, str]:
        headers = {"Accept": accept, "User-Agent": "buildmill-client"}
        headers.update((name.replace("_", "-"), value) for name, value in more.items())
        if self.authorization is not None:
            headers["Authorization"] = self.authorization
        return headers


def encoded_path(text: str) -> tuple[str, Parameters]:
    """A path as people write it, with or without ``/api/v2/`` in front, and its query."""
    path, _, query = text.partition("?")
    path = path.removeprefix("/").removeprefix("api/v2/").strip("/")
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return quote(path, safe="/%:@!$&'()*+,;=~"), tuple((name, value) for name, _, value in pairs)


def _authorization(token: str) -> str:
    if token.startswith("bmt_") and ":" not in token:
        return f"Bearer {token}"
    return "Basic " + base64.b64encode(token.encode()).decode()


def _url(url: str, parameters: Iterable[tuple[str, str]]) -> str:
    query = urlencode(list(parameters))
    return f"{url}?{query}" if query else url


# -- answers -----------------------------------------------------------------------------

_documents = msgspec.json.Decoder(dict[str, msgspec.Raw])


def rows_of(body: bytes, plural: str, row: Any) -> list[Any]:
    """The rows of an answer.

    Raises:
        UnexpectedAnswer: names what is not as expected.
    """
    return page_of(body, plural, row).rows


def page_of(body: bytes, plural: str, row: Any) -> Page[Any]:
    """The rows of an answer, and how many there are.

    Raises:
        UnexpectedAnswer: names what is not as expected.
    """
    try:
        document = _documents.decode(body)
        rows = _rows_decoder(row).decode(document[plural])
        meta = msgspec.json.decode(document.get("meta", b"{}"), type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise UnexpectedAnswer(f"{plural}: {problem}") from problem
    except KeyError:
        raise UnexpectedAnswer(f"expected {plural!r} in the answer, got {', '.join(document)}") from None
    return Page(rows, meta.get("total", len(rows)))


def first_of(body: bytes, plural: str, row: Any) -> Any:
    """The only row of an answer.

    Raises:
        UnexpectedAnswer: there is none.
    """
    rows = rows_of(body, plural, row)
    if not rows:
        raise UnexpectedAnswer(f"expected one of {plural}, got none")
    return rows[0]


def result_of(body: bytes, gives: Any) -> Any:
    """The result of a call.

    Raises:
        UnexpectedAnswer: it is of another type.
    """
    try:
        result = _documents.decode(body)["result"]
        return msgspec.json.decode(result, type=gives)
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError) as problem:
        raise UnexpectedAnswer(f"result: {problem!r}") from problem


@cache
def _rows_decoder(row: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(list[row])
