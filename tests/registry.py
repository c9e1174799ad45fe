"""A registry of images on loopback, for tests; it verifies what it is asked.

It keeps what it was given in memory, lets in whom it should, and can misbehave on request. What a client does wrong is
collected in `complaints`, which a test looks at when it is done.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

INDEX = "application/vnd.oci.image.index.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


# -- images ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Blob:
    """Bytes and what they are."""

    content: bytes
    media_type: str

    @property
    def digest(self) -> str:
        return "sha256:" + hashlib.sha256(self.content).hexdigest()

    def pointer(self, **more: Any) -> dict[str, Any]:
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.content), **more}


@dataclass(frozen=True)
class Image:
    """A manifest, or an index, and all that it points to."""

    document: Blob
    blobs: tuple[Blob, ...] = ()
    images: tuple[Image, ...] = ()


def image(
    settings: Mapping[str, Any] | None = None, layers: Sequence[bytes] = (), *, media_type: str = MANIFEST
) -> Image:
    """An image of gzip-compressed layers."""
    config = Blob(json.dumps({"architecture": "amd64", "os": "linux", "config": settings or {}}).encode(), CONFIG)
    blobs = [Blob(content, LAYER) for content in layers]
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": config.pointer(),
        "layers": [blob.pointer() for blob in blobs],
    }
    return Image(Blob(json.dumps(manifest).encode(), media_type), (config, *blobs))


def index(images: Mapping[str, Image], *, media_type: str = INDEX) -> Image:
    """An index; the keys are ``os/architecture``."""
    manifests = []
    for key, one in images.items():
        system, _, architecture = key.partition("/")
        manifests.append(one.document.pointer(platform={"os": system, "architecture": architecture}))
    content = json.dumps({"schemaVersion": 2, "mediaType": media_type, "manifests": manifests}).encode()
    return Image(Blob(content, media_type), images=tuple(images.values()))


def tar(files: Mapping[str, bytes | str | tarfile.TarInfo]) -> bytes:
    """A tar archive: contents by name (executable if they begin with ``#!``), ``-> target`` for links."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
                continue
            entry = tarfile.TarInfo(name)
            if isinstance(content, str) and content.startswith("-> "):
                entry.type, entry.linkname = tarfile.SYMTYPE, content.removeprefix("-> ")
                archive.addfile(entry)
                continue
            data = content.encode() if isinstance(content, str) else content
            entry.size, entry.mode = len(data), 0o755 if data.startswith(b"#!") else 0o644
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


def layer(files: Mapping[str, bytes | str | tarfile.TarInfo]) -> bytes:
    """A compressed layer."""
    return gzip.compress(tar(files), mtime=0)


def layout(whole: Image) -> bytes:
    """An OCI image layout in a tar archive."""
    files: dict[str, bytes | str | tarfile.TarInfo] = {"oci-layout": '{"imageLayoutVersion": "1.0.0"}'}
    for blob in _all_blobs(whole):
        files["blobs/" + blob.digest.replace(":", "/")] = blob.content
    files["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [whole.document.pointer()]})
    return tar(files)


def _all_blobs(whole: Image) -> Iterator[Blob]:
    yield whole.document
    yield from whole.blobs
    for one in whole.images:
        yield from _all_blobs(one)


# -- the registry ------------------------------------------------------------------------


@dataclass
class Registry:
    """What the server gives, to whom, and how it misbehaves.

    Attributes:
        address: ``host:port``.
        access: who is let in.
        username, password, token: what is asked for, where something is.
        failures: the statuses of the next answers to requests for manifests or blobs.
        redirect_to: blobs are at this address, another server.
        is_lying: blobs are not what their digests say; is_breaking_off: they end too early.
        asked: paths that were asked for.
        complaints: what clients did wrong.
    """

    address: str
    access: Literal["open", "basic", "bearer"] = "open"
    username: str = ""
    password: str = ""
    token: str = "let-me-in"
    failures: list[int] = field(default_factory=list)
    redirect_to: str = ""
    redirects_forever: bool = False
    is_lying: bool = False
    is_breaking_off: bool = False
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    documents: dict[tuple[str, str], Blob] = field(default_factory=dict)
    blobs: dict[str, Blob] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)

    def push(self, name: str, tag: str, whole: Image) -> str:
        """Have an image; gives its digest."""
        self.documents[name, tag] = whole.document
        self._push(name, whole)
        return whole.document.digest

    def reference(self, name: str, tag: str = "latest") -> str:
        """How an image is called."""
        return f"{self.address}/{name}:{tag}"

    def _push(self, name: str, whole: Image) -> None:
        self.documents[name, whole.document.digest] = whole.document
        self.blobs.update({blob.digest: blob for blob in whole.blobs})
        for one in whole.images:
            self._push(name, one)


@contextmanager
def running_registry() -> Iterator[Registry]:
    """A registry on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    registry = Registry(address=f"127.0.0.1:{server.server_address[1]}")
    server.registry = registry  # type: ignore[attr-defined]  # handlers know their server only
    server.daemon_threads = False
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    try:
        yield registry
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    timeout = 10

    @property
    def registry(self) -> Registry:
        registry: Registry = self.server.registry  # type: ignore[attr-defined]  # see running_registry
        return registry

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        self.registry.asked.append(place.path)
        if place.path == "/token":
            self._token(parse_qs(place.query))
        elif place.path.startswith("/elsewhere/"):
            self._elsewhere(place.path.removeprefix("/elsewhere/"))
        elif place.path in self.registry.files:
            self._answer(200, self.registry.files[place.path])
        elif place.path.startswith("/v2/"):
            self._repository(place.path.removeprefix("/v2/"))
        else:
            self._answer(404)

    def _repository(self, path: str) -> None:
        registry = self.registry
        name, kind, wanted = path.rsplit("/", 2)
        if not self._is_let_in(name):
            return
        if registry.failures:
            self._answer(registry.failures.pop(0))
        elif kind == "manifests" and (blob := registry.documents.get((name, wanted))):
            accepted = self.headers.get("Accept", "")
            if any(kind not in accepted for kind in (INDEX, DOCKER_LIST, MANIFEST, DOCKER_MANIFEST)):
                registry.complaints.append(f"not all kinds of manifests are accepted: {accepted}")
            self._answer(200, blob.content, {"Content-Type": blob.media_type, "Docker-Content-Digest": blob.digest})
        elif kind == "blobs" and (blob := registry.blobs.get(wanted)):
            self._blob(blob)
        else:
            self._answer(404)

    def _blob(self, blob: Blob) -> None:
        registry = self.registry
        if registry.redirects_forever:
            self._answer(307, headers={"Location": self.path})
        elif registry.redirect_to:
            self._answer(307, headers={"Location": f"http://{registry.redirect_to}/elsewhere/{blob.digest}"})
        else:
            self._answer(200, bytes(len(blob.content)) if registry.is_lying else blob.content)

    def _elsewhere(self, digest: str) -> None:
        """Where blobs of another registry are: nobody must show his credentials here."""
        if "Authorization" in self.headers:
            self.registry.complaints.append("credentials were shown to another server")
        if self.registry.access != "open":
            self._answer(401, headers={"WWW-Authenticate": 'Basic realm="elsewhere"'})
        elif blob := self.registry.blobs.get(digest):
            self._answer(200, blob.content)
        else:
            self._answer(404)

    def _is_let_in(self, name: str) -> bool:
        registry = self.registry
        shown = self.headers.get("Authorization", "")
        match registry.access:
            case "open":
                if shown:
                    registry.complaints.append("credentials were shown where nobody asks for them")
                return True
            case "basic":
                wanted, challenge = self._basic(), 'Basic realm="tests"'
            case "bearer":
                wanted = f"Bearer {registry.token}"
                challenge = (
                    f'Bearer realm="http://{registry.address}/token",service="tests",scope="repository:{name}:pull"'
                )
        if shown != wanted:
            self._answer(401, headers={"WWW-Authenticate": challenge})
        return shown == wanted

    def _token(self, query: dict[str, list[str]]) -> None:
        registry = self.registry
        scope = query.get("scope", [""])[0]
        if query.get("service") != ["tests"] or not scope.startswith("repository:") or not scope.endswith(":pull"):
            registry.complaints.append(f"a token was asked for with {query}")
        if registry.username and self.headers.get("Authorization") != self._basic():
            self._answer(401)
        else:
            self._answer(200, json.dumps({"token": registry.token}).encode())

    def _basic(self) -> str:
        both = f"{self.registry.username}:{self.registry.password}"
        return "Basic " + base64.b64encode(both.encode()).decode()

    def _answer(self, status: int, content: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if self.registry.is_breaking_off else content)
