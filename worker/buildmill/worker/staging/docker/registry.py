"""`Registry`: manifests and blobs of one repository.

Source: the OCI distribution specification; the token authentication of Docker registries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from buildmill.common.staging import Cause
from buildmill.worker.staging.docker.challenge import Challenge, read_challenges
from buildmill.worker.staging.docker.credentials import Credentials
from buildmill.worker.staging.docker.http import AUTHORIZATION, Http, Response, Unavailable
from buildmill.worker.staging.docker.image import (
    INDEX_TYPES,
    MANIFEST_TYPES,
    Configuration,
    Manifest,
    Pointer,
    choose,
    read_configuration,
    read_manifest,
)
from buildmill.worker.staging.docker.reference import Reference
from buildmill.worker.staging.docker.tokens import fetch_token
from buildmill.worker.staging.failure import PhaseFailed

MANIFEST_BYTES = 4 << 20
CONFIGURATION_BYTES = 8 << 20


class Registry:
    """The repository that a reference names.

    Args:
        machine: as `uname` calls the hardware; which of several images is taken.

    Attributes:
        digest: of what the reference names, an image's manifest or an index, once that was fetched.
    """

    def __init__(self, reference: Reference, credentials: Credentials, http: Http, machine: str) -> None:
        self._reference = reference
        self._credentials = credentials
        self._http = http
        self._machine = machine
        self.digest = ""
        self._authorization = f"Bearer {credentials.token}" if credentials.token else ""

    def manifest(self) -> Manifest:
        """The image's manifest, for this machine if there are several.

        Raises:
            PhaseFailed: it can't be fetched, or is not what it says.
            InvalidInput: it is malformed, or there is none for this machine.
        """
        content, kind = self._fetch_manifest(self._reference.wanted)
        self.digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        document = read_manifest(content, kind)
        if not isinstance(document, Manifest):
            content, kind = self._fetch_manifest(choose(document, self._machine).digest)
            document = read_manifest(content, kind)
        if not isinstance(document, Manifest):
            raise PhaseFailed(f"{self._reference}: an index points to another index", cause=Cause.MALFORMED)
        return document

    def configuration(self, manifest: Manifest) -> Configuration:
        """The image's configuration. Raises as `manifest` does."""
        pointer, shown = manifest.config, f"the configuration of {self._reference}"

        def fetch() -> bytes:
            with self._ask(f"blobs/{pointer.digest}", {}, shown) as answer:
                return self._http.body(answer, min(pointer.size, CONFIGURATION_BYTES), shown)

        content = self._http.again(f"{shown} was fetched", fetch)
        _verify(pointer.digest, hashlib.sha256(content).hexdigest(), shown)
        return read_configuration(content)

    def download(self, pointer: Pointer, path: Path) -> None:
        """Save a blob; what was there is overwritten.

        Raises:
            PhaseFailed: it can't be fetched, or is not what it says.
        """
        shown = f"{pointer.digest} of {self._reference}"

        def fetch() -> str:
            with self._ask(f"blobs/{pointer.digest}", {}, shown) as answer, path.open("wb") as file:
                return self._http.save(answer, file, pointer.size, shown)

        _verify(pointer.digest, self._http.again(f"{shown} was fetched", fetch), shown)

    def _fetch_manifest(self, wanted: str) -> tuple[bytes, str]:
        shown = f"the manifest of {self._reference}"

        def fetch() -> tuple[bytes, str, str]:
            accepted = {"Accept": ", ".join((*INDEX_TYPES, *MANIFEST_TYPES))}
            with self._ask(f"manifests/{wanted}", accepted, shown) as answer:
                kind = answer.headers.get("Content-Type", "").partition(";")[0].strip()
                said = answer.headers.get("Docker-Content-Digest", "")
                return self._http.body(answer, MANIFEST_BYTES, shown), kind, said

        content, kind, said = self._http.again(f"{shown} was fetched", fetch)
        for digest in (wanted, said):
            if digest.startswith("sha256:"):
                _verify(digest, hashlib.sha256(content).hexdigest(), shown)
        return content, kind

    @contextmanager
    def _ask(self, path: str, headers: dict[str, str], shown: str) -> Iterator[Response]:
        """The answer to a request that was let in; asks for leave once, if that is needed."""
        url = self._http.url(self._reference.address, f"/v2/{self._reference.name}/{path}")
        with self._http.get(url, self._with_authorization(headers)) as answer:
            if answer.status != 401:
                yield _good(answer, shown)
                return
            challenges = read_challenges(answer.headers.get_all("WWW-Authenticate") or [])
        self._authorization = self._answer_to(challenges)
        with self._http.get(url, self._with_authorization(headers)) as answer:
            yield _good(answer, shown)

    def _with_authorization(self, headers: dict[str, str]) -> dict[str, str]:
        return {**headers, AUTHORIZATION: self._authorization} if self._authorization else headers

    def _answer_to(self, challenges: list[Challenge]) -> str:
        host = self._reference.host
        if self._credentials.token:
            raise PhaseFailed(f"{host} does not accept the token that was given", cause=Cause.DOWNLOAD)
        for challenge in challenges:
            if challenge.scheme == "bearer":
                scope = f"repository:{self._reference.name}:pull"
                return f"Bearer {fetch_token(self._http, challenge, self._credentials, scope, host)}"
            if challenge.scheme == "basic" and self._credentials.basic:
                return self._credentials.basic
        asked = ", ".join(challenge.scheme for challenge in challenges) or "something that it does not say"
        raise PhaseFailed(f"{host} asks for credentials ({asked}), and none were given", cause=Cause.DOWNLOAD)


def _good(answer: Response, shown: str) -> Response:
    match answer.status:
        case 200:
            return answer
        case 401 | 403:
            raise PhaseFailed(f"{shown}: access is denied ({answer.status})", cause=Cause.DOWNLOAD)
        case 404:
            raise PhaseFailed(f"{shown}: there is none", cause=Cause.DOWNLOAD)
        case 408:
            raise Unavailable(f"{shown}: the registry answered with 408")
        case status:
            raise PhaseFailed(f"{shown}: the registry answered with {status}", cause=Cause.DOWNLOAD)


def _verify(digest: str, sha256: str, shown: str) -> None:
    if digest != f"sha256:{sha256}":
        raise PhaseFailed(f"{shown} has the digest sha256:{sha256} instead of {digest}", cause=Cause.CHECKSUM)
