"""HTTP as a registry's client needs it: redirects that do not give credentials away, caps, a deadline, another try.

Blocking: the staging program does nothing else in the meantime.
"""

from __future__ import annotations

import hashlib
import http.client
import ssl
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, TypeVar
from urllib.parse import SplitResult, urljoin, urlsplit

from buildmill.common.staging import Cause
from buildmill.worker.staging.deadline import Deadline
from buildmill.worker.staging.failure import PhaseFailed

TRIES = 4
PAUSE_SECONDS = 0.5
MOST_REDIRECTS = 5
SILENCE_SECONDS = 30.0
BLOCK_BYTES = 1 << 18
REDIRECTS = frozenset({301, 302, 303, 307, 308})
AUTHORIZATION = "Authorization"

T = TypeVar("T")
Response = http.client.HTTPResponse


class Unavailable(PhaseFailed):
    """The other side did not answer as it should, but may the next time."""

    def __init__(self, message: str) -> None:
        super().__init__(message, cause=Cause.DOWNLOAD)


class Http:
    """Asks servers.

    Args:
        insecure: ``host[:port]`` that are asked over plain HTTP; all others by TLS.
        pause: waits for seconds.
    """

    def __init__(self, *, insecure: Collection[str], deadline: Deadline, pause: Callable[[float], None]) -> None:
        self._insecure = frozenset(insecure)
        self._deadline = deadline
        self._pause = pause

    def url(self, address: str, path: str) -> str:
        """The URL of a path at ``host[:port]``, with the scheme that may be used there."""
        return f"{'http' if address in self._insecure else 'https'}://{address}{path}"

    def again(self, doing: str, act: Callable[[], T]) -> T:
        """Act, and once more when the other side is unavailable, up to `TRIES` times.

        Raises:
            PhaseFailed: it was in vain, or trying again is no use.
        """
        for attempt in range(1, TRIES):
            try:
                return act()
            except Unavailable:
                self._deadline.check(doing)
                self._pause(min(PAUSE_SECONDS * 2 ** (attempt - 1), self._deadline.remaining))
        self._deadline.check(doing)
        return act()

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str]) -> Iterator[Response]:
        """The answer to a GET, behind redirects; its body is not read yet.

        A header `AUTHORIZATION` goes to the URL's own origin only.

        Raises:
            Unavailable: no answer, or a status that says: later.
            PhaseFailed: it must not be asked this way.
        """
        origin = _origin(self._checked(url))
        for _ in range(MOST_REDIRECTS + 1):
            place = self._checked(url)
            sent = {name: value for name, value in headers.items() if name != AUTHORIZATION or _origin(place) == origin}
            with self._exchange(place, sent) as answer:
                if answer.status == 401 and _origin(place) != origin:
                    # its challenge is not answered: the credentials are not for it
                    raise PhaseFailed(
                        f"{_shown(place)}, to which it was redirected, asks for credentials", cause=Cause.DOWNLOAD
                    )
                if answer.status not in REDIRECTS:
                    yield answer
                    return
                url = urljoin(url, answer.headers.get("Location", ""))
        raise PhaseFailed(f"{_shown(urlsplit(url))} redirects more than {MOST_REDIRECTS} times", cause=Cause.DOWNLOAD)

    def body(self, answer: Response, limit_bytes: int, shown: str) -> bytes:
        """The whole body.

        Raises:
            Unavailable: it came to an end too early.
            PhaseFailed: it is too long.
        """
        return b"".join(self._blocks(answer, limit_bytes, shown))

    def save(self, answer: Response, file: BinaryIO, limit_bytes: int, shown: str) -> str:
        """Write the whole body to a file; gives its SHA-256. Raises as `body` does."""
        digest = hashlib.sha256()
        for block in self._blocks(answer, limit_bytes, shown):
            digest.update(block)
            file.write(block)
        return digest.hexdigest()

    def _checked(self, url: str) -> SplitResult:
        try:
            place = urlsplit(url)
            port = place.port
        except ValueError as problem:
            raise PhaseFailed(f"{url!r} is no URL: {problem}", cause=Cause.DOWNLOAD) from problem
        if not url.isascii() or not url.isprintable() or " " in url:
            raise PhaseFailed(f"{_shown(place)!r} is no URL: it has other characters", cause=Cause.DOWNLOAD)
        if not place.hostname or place.scheme not in ("http", "https"):
            raise PhaseFailed(f"{_shown(place)} is no URL of a web server", cause=Cause.DOWNLOAD)
        if place.scheme == "http" and _address(place.hostname, port) not in self._insecure:
            raise PhaseFailed(
                f"{_shown(place)} would go over plain HTTP, and its host is none of the insecure registries",
                cause=Cause.DOWNLOAD,
            )
        return place

    @contextmanager
    def _exchange(self, place: SplitResult, headers: Mapping[str, str]) -> Iterator[Response]:
        self._deadline.check(f"{place.hostname} was asked")
        connection = self._connection(place)
        try:
            with _troubles(_shown(place)):
                target = (place.path or "/") + (f"?{place.query}" if place.query else "")
                connection.request("GET", target, headers={"User-Agent": "buildmill", **headers})
                answer = connection.getresponse()
            with answer:
                if answer.status == 429 or answer.status >= 500:
                    raise Unavailable(f"{_shown(place)} answered with {answer.status} {answer.reason}")
                yield answer
        finally:
            connection.close()

    def _connection(self, place: SplitResult) -> http.client.HTTPConnection:
        assert place.hostname is not None
        seconds = min(SILENCE_SECONDS, max(0.01, self._deadline.remaining))
        if place.scheme == "http":
            return http.client.HTTPConnection(place.hostname, place.port, timeout=seconds)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(place.hostname, place.port, timeout=seconds, context=context)

    def _blocks(self, answer: Response, limit_bytes: int, shown: str) -> Iterator[bytes]:
        size = 0
        too_long = PhaseFailed(f"{shown} has more than {limit_bytes} bytes", cause=Cause.DOWNLOAD)
        if (answer.length or 0) > limit_bytes:
            raise too_long
        while True:
            self._deadline.check(f"{shown} was fetched")
            with _troubles(shown):
                block = answer.read(BLOCK_BYTES)
            if not block:
                break
            size += len(block)
            if size > limit_bytes:
                raise too_long
            yield block
        if answer.length:  # what http.client still expects
            raise Unavailable(f"{shown} came to an end {answer.length} bytes too early")


@contextmanager
def _troubles(shown: str) -> Iterator[None]:
    try:
        yield
    except (OSError, http.client.HTTPException) as problem:
        raise Unavailable(f"{shown}: {problem or type(problem).__name__}") from problem


def _origin(place: SplitResult) -> tuple[str, str, int]:
    return place.scheme, place.hostname or "", place.port or (443 if place.scheme == "https" else 80)


def _address(host: str, port: int | None) -> str:
    host = f"[{host}]" if ":" in host else host
    return host if port is None else f"{host}:{port}"


def _shown(place: SplitResult) -> str:
    """Without user information and query, which may hold secrets."""
    return f"{place.scheme}://{place.netloc.rpartition('@')[2]}{place.path}"
