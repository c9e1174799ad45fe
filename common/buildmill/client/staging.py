"""A client of a master's v3 API: packages go in, droplets come out. For programs that wait for their answers.

It has what one staging from begin to end needs, and no more: any client of Cloud Foundry's v3 API does the rest.
"""

from __future__ import annotations

import base64
import secrets
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import IO, Any, Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from buildmill.client.documents import DEFAULT_MASTER, JSON, Master, Request, Upload
from buildmill.client.errors import UnexpectedAnswer
from buildmill.client.exchanges import CHUNK_BYTES, Exchanges

T = TypeVar("T")
Advance = Callable[[int], object]
"""Told how many more bytes are through."""
STAGING: Final = "STAGING"
STAGED: Final = "STAGED"


class Named(msgspec.Struct, frozen=True):
    """An app, a space, an organization."""

    guid: str
    name: str


class Checksum(msgspec.Struct, frozen=True):
    """Of bytes; `value` is hexadecimal, or None while there are none."""

    type: str
    value: str | None


class PackageData(msgspec.Struct, frozen=True):
    """What is known of a package's bytes."""

    error: str | None = None
    checksum: Checksum | None = None


class Package(msgspec.Struct, frozen=True):
    """What is to be staged."""

    guid: str
    state: str
    data: PackageData


class Reference(msgspec.Struct, frozen=True):
    """Names another resource."""

    guid: str


class Build(msgspec.Struct, frozen=True):
    """One staging; `error` says why it FAILED."""

    guid: str
    state: str
    error: str | None
    droplet: Reference | None


class UsedBuildpack(msgspec.Struct, frozen=True):
    """A buildpack that has taken part."""

    name: str
    buildpack_name: str | None = None
    version: str | None = None


class Droplet(msgspec.Struct, frozen=True):
    """What came out; `checksum`, `buildpacks` and `stack` are None of `docker`."""

    guid: str
    state: str
    checksum: Checksum | None
    buildpacks: list[UsedBuildpack] | None
    stack: str | None
    image: str | None
    process_types: dict[str, str]


class LogLine(msgspec.Struct, frozen=True):
    """A line of staging's log.

    Attributes:
        at_ns: when it came, in nanoseconds since the epoch; lines of one app have different ones.
    """

    at_ns: int
    text: bytes
    is_error: bool


class StagingClient:
    """Stages on a master.

    Args:
        url: of the master, or ``HOST:PORT``.
        token: an API token, or one that the master's configuration gives to a role of staging.
        timeout: seconds that an answer may take.
        tls: how certificates are checked; as Python does it by default.

    Every method raises `ApiError` for what the master refuses, `Unreachable` when there is no answer, and
    `UnexpectedAnswer` when it cannot be understood.
    """

    def __init__(
        self,
        url: str = DEFAULT_MASTER,
        *,
        token: str | None = None,
        timeout: float = 60.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._url = Master(url).url.removesuffix("/v3")
        self._token = token
        self._exchanges = Exchanges(self._url, timeout, tls)

    # -- apps ----------------------------------------------------------------------------

    def spaces(self, name: str | None = None) -> list[Named]:
        """Those that the token may see; only those with a name, if it is said."""
        return self._list("/v3/spaces", Named, {} if name is None else {"names": _escaped(name)})

    def find_app(self, name: str, space_guid: str) -> Named | None:
        """The app of a name in a space."""
        found = self._list("/v3/apps", Named, {"names": _escaped(name), "space_guids": space_guid})
        return found[0] if found else None

    def create_app(self, name: str, space_guid: str, lifecycle: Mapping[str, Any] | None = None) -> Named:
        """A new app; by default one of buildpacks that are detected."""
        body = {"name": name, "relationships": {"space": {"data": {"guid": space_guid}}}}
        return self._do("POST", "/v3/apps", Named, body if lifecycle is None else {**body, "lifecycle": lifecycle})

    def set_current_droplet(self, app_guid: str, droplet_guid: str) -> None:
        """What the app is from now on."""
        path = f"/v3/apps/{quote(app_guid)}/relationships/current_droplet"
        self._do("PATCH", path, dict[str, Any], {"data": {"guid": droplet_guid}})

    # -- packages ------------------------------------------------------------------------

    def create_package(self, app_guid: str) -> Package:
        """A package whose bytes are to be uploaded."""
        return self._do("POST", "/v3/packages", Package, {"type": "bits", **_of_app(app_guid)})

    def create_image_package(self, app_guid: str, image: str, username: str = "", password: str = "") -> Package:
        """A package that names a container image."""
        data = {"image": image, **({"username": username, "password": password} if username else {})}
        return self._do("POST", "/v3/packages", Package, {"type": "docker", "data": data, **_of_app(app_guid)})

    def package(self, guid: str) -> Package:
        """As it is now."""
        return self._do("GET", f"/v3/packages/{quote(guid)}", Package)

    def upload(self, package_guid: str, archive: IO[bytes], size_bytes: int, advance: Advance = id) -> Package:
        """Send the bytes of a package.

        Args:
            archive: a zip archive, read from where it stands.
            size_bytes: how many it has from there on.
        """
        boundary = secrets.token_hex(16)
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="bits"; filename="package.zip"\r\n'
            "Content-Type: application/zip\r\n\r\n"
        ).encode()
        tail = f"\r\n--{boundary}--\r\n".encode()
        headers = self._headers(JSON)
        headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
        headers["Content-Length"] = str(len(head) + size_bytes + len(tail))
        url = f"{self._url}/v3/packages/{quote(package_guid)}/upload"
        request = Upload("POST", url, headers, pieces=_pieces(head, archive, tail, advance))
        return _decoded(self._exchanges.body(request), Package)

    # -- builds and droplets -------------------------------------------------------------

    def create_build(self, package_guid: str, options: Mapping[str, Any]) -> Build:
        """Begin to stage a package; `options` are further fields of the request."""
        return self._do("POST", "/v3/builds", Build, {"package": {"guid": package_guid}, **options})

    def build(self, guid: str) -> Build:
        """As it is now."""
        return self._do("GET", f"/v3/builds/{quote(guid)}", Build)

    def droplet(self, guid: str) -> Droplet:
        """As it is now."""
        return self._do("GET", f"/v3/droplets/{quote(guid)}", Droplet)

    def attestation(self, droplet_guid: str) -> bytes:
        """The signed statement about a droplet; ``docs/howto/verify-a-droplet.md`` says what to do with it."""
        return self._exchanges.body(self._request("GET", f"/v3/droplets/{quote(droplet_guid)}/attestation"))

    def download(self, droplet_guid: str) -> Iterator[bytes]:
        """The bytes of a droplet, as they come."""
        request = self._request("GET", f"/v3/droplets/{quote(droplet_guid)}/download", accept="*/*")
        with closing(self._exchanges.open(request)) as answer:
            while data := self._exchanges.read(answer, request):
                yield data

    def log(self, app_guid: str, since_ns: int) -> list[LogLine]:
        """Lines of staging's log, oldest first, that came at an instant or later; perhaps not all of them at once."""
        query = {"start_time": str(since_ns), "descending": "false", "limit": "1000"}
        read = self._do("GET", f"/api/v1/read/{quote(app_guid)}", _Read, query=query)
        return [
            LogLine(int(one.timestamp), base64.b64decode(one.log.payload), str(one.log.type) in ("1", "ERR"))
            for one in read.envelopes.batch
            if one.log is not None
        ]

    # -- HTTP ----------------------------------------------------------------------------

    def _do(self, method: str, path: str, kind: type[T], body: Any = None, query: Mapping[str, str] | None = None) -> T:
        return _decoded(self._exchanges.body(self._request(method, path, body, query)), kind)

    def _list(self, path: str, kind: type[T], query: Mapping[str, str]) -> list[T]:
        document = self._do("GET", path, dict[str, msgspec.Raw], query={**query, "per_page": "5000"})
        return _decoded(bytes(document.get("resources", b"null")), list[kind])  # type: ignore[valid-type]  # mypy takes no variable for a type

    def _request(
        self, method: str, path: str, body: Any = None, query: Mapping[str, str] | None = None, accept: str = JSON
    ) -> Request:
        url = f"{self._url}{path}" + (f"?{urlencode(query)}" if query else "")
        if body is None:
            return Request(method, url, self._headers(accept))
        return Request(method, url, {**self._headers(accept), "Content-Type": JSON}, msgspec.json.encode(body))

    def _headers(self, accept: str) -> dict[str, str]:
        headers = {"Accept": accept, "User-Agent": "buildmill-client"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers


class _Log(msgspec.Struct, frozen=True):
    payload: str = ""
    type: int | str = 0


class _Envelope(msgspec.Struct, frozen=True):
    timestamp: int | str
    log: _Log | None = None


class _Batch(msgspec.Struct, frozen=True):
    batch: Sequence[_Envelope]


class _Read(msgspec.Struct, frozen=True):
    envelopes: _Batch


def _of_app(guid: str) -> dict[str, Any]:
    return {"relationships": {"app": {"data": {"guid": guid}}}}


def _escaped(name: str) -> str:
    """A value of a list parameter; a comma in it is escaped once more than the rest."""
    return name.replace("%", "%25").replace(",", "%2C")


def _pieces(head: bytes, archive: IO[bytes], tail: bytes, advance: Advance) -> Iterator[bytes]:
    yield head
    while piece := archive.read(CHUNK_BYTES):
        yield piece
        advance(len(piece))
    yield tail


def _decoded(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as problem:
        raise UnexpectedAnswer(f"this is no answer of a v3 API: {problem}") from problem
