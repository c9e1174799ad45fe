"""`DockerEngine`: what is asked of a Docker engine, over its HTTP interface."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from twisted.internet.endpoints import UNIXClientEndpoint
from twisted.web.client import Agent
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer

from buildmill.common.errors import BuildmillError, InvalidInput
from buildmill.master.engine.http_client import HttpAnswer, HttpService

LONG_SECONDS = 3600.0
"""How long fetching or making an image may take."""
LONG_ANSWER_BYTES = 64 * 1024 * 1024
TOLD_LINES = 50
"""So many lines of what a container has said are told."""


class DockerFailed(BuildmillError):
    """The engine refuses something.

    Attributes:
        code: the status of its answer.
    """

    def __init__(self, what: str, code: int, message: str) -> None:
        super().__init__(f"{what}: the Docker engine answers {code}: {message}")
        self.code = code


@implementer(IAgentEndpointFactory)
class _UnixSocket:
    def __init__(self, reactor: Any, path: str) -> None:
        self._reactor = reactor
        self._path = path

    def endpointForURI(self, _uri: Any) -> UNIXClientEndpoint:
        return UNIXClientEndpoint(self._reactor, self._path)


class DockerEngine:
    """One engine.

    Args:
        http: makes requests over TCP.
        address: ``unix:///path``, ``tcp://host:port``, ``http://host:port`` or ``https://host:port``.
        version: of the interface, as ``1.41``; None leaves it to the engine.
        is_secure: TLS over ``tcp``.
        verify: False takes any certificate.

    Raises:
        InvalidInput: it is no address of an engine.
    """

    def __init__(
        self,
        http: HttpService,
        address: str,
        *,
        version: str | None = None,
        is_secure: bool = False,
        verify: bool | None = None,
    ) -> None:
        kind, _, rest = address.partition("://")
        self._http, self._verify = http, verify
        if kind in ("unix", "http+unix") and rest:
            path = "/" + rest.lstrip("/")
            agent = Agent.usingEndpointFactory(http.reactor, _UnixSocket(http.reactor, path))
            self._http = HttpService(http.reactor, agent)
            base = "http://docker"
        elif kind in ("tcp", "http", "https") and urlsplit(address).hostname:
            base = f"{'https' if is_secure or kind == 'https' else 'http'}://{rest.rstrip('/')}"
        else:
            raise InvalidInput("docker_host", f"must be as unix:///path or tcp://host:port, not {address!r}")
        self._base = f"{base}/v{version.lstrip('v')}" if version else base

    async def _ask(
        self, what: str, method: str, path: str, *, fine: tuple[int, ...] = (), **options: Any
    ) -> HttpAnswer:
        answer = await self._http.request(method, self._base + path, verify=self._verify, **options)
        if answer.code >= 400 and answer.code not in fine:
            raise DockerFailed(what, answer.code, await _message(answer))
        return answer

    # -- images ------------------------------------------------------------------------------------

    async def has_image(self, image: str) -> bool:
        """Whether it is there."""
        answer = await self._ask(f"image {image}", "GET", f"/images/{quote(image)}/json", fine=(404,))
        return answer.code == 200

    async def pull(self, image: str) -> None:
        """Fetch it from where its name says."""
        what = f"fetching image {image}"
        name, colon, tag = image.rpartition(":")
        if not colon or "/" in tag or "@" in image:
            name, tag = image, "" if "@" in image else "latest"
        query = urlencode({"fromImage": name, **({"tag": tag} if tag else {})})
        await self._long(what, f"/images/create?{query}")

    async def build(self, image: str, context: bytes, **options: str) -> None:
        """Make it.

        Args:
            context: a tar file with the ``Dockerfile`` and what that names; may be compressed.
            options: further parameters, as ``target`` and ``buildargs`` (JSON).
        """
        given = {name: value for name, value in options.items() if value}
        query = urlencode({"t": image, "rm": "1", "q": "1", **given})
        headers = {"Content-Type": "application/x-tar"}
        await self._long(f"making image {image}", f"/build?{query}", headers=headers, data=context)

    async def _long(self, what: str, path: str, **options: Any) -> None:
        """Something that takes time and tells how far it is, and whether it fails, in lines of JSON."""
        answer = await self._ask(what, "POST", path, timeout=LONG_SECONDS, limit_bytes=LONG_ANSWER_BYTES, **options)
        for line in (await answer.content()).splitlines():
            try:
                told = json.loads(line)
            except ValueError:
                continue
            if isinstance(told, Mapping) and told.get("error"):
                raise DockerFailed(what, answer.code, str(told["error"]))

    # -- containers --------------------------------------------------------------------------------

    async def create(self, name: str, settings: Mapping[str, Any]) -> str:
        """Make a container that does not run yet; its id."""
        path = f"/containers/create?{urlencode({'name': name})}"
        answer = await self._ask(f"making container {name}", "POST", path, json=dict(settings))
        return str((await answer.json())["Id"])

    async def start(self, container: str) -> None:
        """Start it."""
        await self._ask(f"starting container {container}", "POST", f"/containers/{container}/start")

    async def how_it_ended(self, container: str) -> str | None:
        """How it has ended; None while it runs."""
        answer = await self._ask(f"container {container}", "GET", f"/containers/{container}/json", fine=(404,))
        if answer.code == 404:
            return "it is gone"
        state = (await answer.json())["State"]
        return None if state.get("Running") else f"exit code {state.get('ExitCode')}"

    async def output(self, container: str) -> str:
        """The end of what it has said."""
        query = urlencode({"stdout": "1", "stderr": "1", "tail": str(TOLD_LINES)})
        answer = await self._ask(f"container {container}", "GET", f"/containers/{container}/logs?{query}", fine=(404,))
        return "" if answer.code == 404 else _text_of(await answer.content())

    async def stop(self, container: str, seconds: int) -> None:
        """Have it end, and after so many seconds end it."""
        path = f"/containers/{container}/stop?t={seconds}"
        await self._ask(f"stopping container {container}", "POST", path, fine=(404,), timeout=seconds + 60.0)

    async def remove(self, container: str) -> None:
        """Take it away, whatever it does; harmless if there is none."""
        path = f"/containers/{container}?force=1&v=1"
        await self._ask(f"removing container {container}", "DELETE", path, fine=(404,))


async def _message(answer: HttpAnswer) -> str:
    try:
        return str((await answer.json())["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text


def _text_of(data: bytes) -> str:
    """What a container has said: in frames of a head (stream, three zeros, length) and so many bytes, or as it is."""
    parts, rest = [], data
    while len(rest) >= 8 and rest[0] <= 2 and rest[1:4] == b"\0\0\0":
        size = int.from_bytes(rest[4:8], "big")
        parts.append(rest[8 : 8 + size])
        rest = rest[8 + size :]
    return b"".join([*parts, rest]).decode("utf-8", "replace")


def context_of(dockerfile: str) -> bytes:
    """A context that consists of a Dockerfile with this text."""
    data = dockerfile.encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(data)
        tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()
