"""`Sources`: brings the buildpacks of a staging, from wherever they are, into its library.

| what                                          | how it is told                                     |
| --------------------------------------------- | -------------------------------------------------- |
| an archive that the master has                | zip, tar or tar.gz, by its first bytes             |
| ``https://...``, ``http://...``               | fetched, then like an archive                      |
| ``docker://reference``                        | an image of a registry                             |

A tar archive is an OCI image layout if it has an `index.json`. Buildpacks are below ``cnb/buildpacks`` in images and
archives, or an archive is one buildpack.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from buildmill.common.archives.bounds import Bounds
from buildmill.common.errors import InvalidInput
from buildmill.common.staging import Buildpack, Cause
from buildmill.worker.staging.archives.untar import untar
from buildmill.worker.staging.archives.zips import unzip
from buildmill.worker.staging.area import remove_tree
from buildmill.worker.staging.cnb.groups import Element
from buildmill.worker.staging.cnb.image_tree import ImageTree
from buildmill.worker.staging.cnb.images import unpack_image_blocking, unpack_layout_blocking
from buildmill.worker.staging.cnb.library import Library
from buildmill.worker.staging.deadline import Deadline
from buildmill.worker.staging.docker.credentials import Credentials, credentials_for
from buildmill.worker.staging.docker.http import AUTHORIZATION, Http
from buildmill.worker.staging.docker.reference import parse_reference
from buildmill.worker.staging.docker.registry import Registry
from buildmill.worker.staging.failure import PhaseFailed

IMAGE = "docker://"
ZIP = b"PK"
LAYOUT_INDEX = "index.json"


@dataclass(frozen=True, kw_only=True)
class Brought:
    """What has come.

    Attributes:
        chief: the buildpack that was meant.
        all: what came with it, itself included.
        sha256: of the archive; of an image, of its manifest or index.
    """

    chief: Element
    all: list[Element]
    sha256: str


class Sources:
    """Brings one buildpack after the other.

    Args:
        scratch: a directory for what is fetched and unpacked; nothing is left there.
        room_bytes: tells how much the disk may still take.
        http: makes a client for which these hosts are insecure.
        registries: credentials by host.
        machine: as `uname` calls the hardware.
    """

    def __init__(
        self,
        *,
        library: Library,
        scratch: Path,
        deadline: Deadline,
        room_bytes: Callable[[], int],
        http: Callable[[list[str]], Http],
        insecure_registries: list[str],
        registries: Mapping[str, Mapping[str, str]],
        machine: str,
    ) -> None:
        self._library = library
        self._scratch = scratch
        self._deadline = deadline
        self._room_bytes = room_bytes
        self._http = http
        self._insecure_registries = insecure_registries
        self._registries = registries
        self._machine = machine

    def bring(self, buildpack: Buildpack, archive: Path | None) -> Brought:
        """Have a buildpack in the library.

        Args:
            archive: where the master's archive of it is, verified; None for one that has to be fetched.

        Raises:
            PhaseFailed: it can't be had.
            InvalidInput: it is malformed.
        """
        with self._directory("unpacked") as unpacked:
            if archive is not None:
                assert buildpack.archive is not None
                said, sha256 = self._unpack(archive, unpacked, buildpack.shown), buildpack.archive.sha256
            elif buildpack.key.startswith(IMAGE):
                said, sha256 = self._unpack_image(buildpack, unpacked)
            else:
                said, sha256 = self._unpack_url(buildpack, unpacked)
            found = self._library.take(unpacked, buildpack.shown)
        return Brought(chief=self._chief(said, found, buildpack.shown), all=found, sha256=sha256)

    def _chief(self, said: Element | None, found: list[Element], shown: str) -> Element:
        if said is None:
            return self._library.chief(found, shown)
        if (said.id, said.version) not in {(element.id, element.version) for element in found}:
            raise InvalidInput(shown, f"the image says it is about {said.shown}, and has none of this name")
        return said

    def _unpack(self, archive: Path, unpacked: Path, shown: str) -> Element | None:
        bounds = Bounds(
            shown=shown,
            archive_bytes=archive.stat().st_size,
            room_bytes=self._room_bytes(),
            check=self._deadline.check,
        )
        with archive.open("rb") as file:
            is_zip = file.read(len(ZIP)) == ZIP
        if is_zip:
            unzip(str(archive), str(unpacked), bounds)
            return None
        with self._directory("archive") as directory:
            untar(str(archive), str(directory), bounds)
            if not (directory / LAYOUT_INDEX).is_file():
                os.rmdir(unpacked)
                directory.rename(unpacked)
                return None
            return unpack_layout_blocking(directory, self._tree(unpacked, shown), self._machine, shown)

    def _unpack_image(self, buildpack: Buildpack, unpacked: Path) -> tuple[Element | None, str]:
        reference = parse_reference(buildpack.key.removeprefix(IMAGE))
        http = self._http(self._insecure_registries)
        credentials = credentials_for(reference.host, self._registries)
        registry = Registry(reference, credentials, http, self._machine)
        tree = self._tree(unpacked, buildpack.shown)
        said = unpack_image_blocking(registry, tree, self._scratch / "layer", buildpack.shown)
        return said, registry.digest.partition(":")[2]

    def _unpack_url(self, buildpack: Buildpack, unpacked: Path) -> tuple[Element | None, str]:
        fetched = self._scratch / "fetched"
        try:
            sha256 = self._fetch(buildpack, fetched)
            return self._unpack(fetched, unpacked, buildpack.shown), sha256
        finally:
            fetched.unlink(missing_ok=True)

    def _fetch(self, buildpack: Buildpack, path: Path) -> str:
        place = urlsplit(buildpack.key)
        if place.scheme not in ("http", "https"):
            raise PhaseFailed(
                f"{buildpack.shown} is neither a buildpack of the master nor a URL with https, http or docker",
                cause=Cause.DOWNLOAD,
            )
        _, _, address = place.netloc.rpartition("@")
        who = Credentials(username=unquote(place.username or ""), password=unquote(place.password or ""))
        http = self._http([address] if place.scheme == "http" else [])  # whoever writes http means it
        url = place._replace(netloc=address, fragment="").geturl()

        def fetch() -> str:
            headers = {AUTHORIZATION: who.basic} if who.basic else {}
            with http.get(url, headers) as answer, path.open("wb") as file:
                if answer.status != 200:
                    raise PhaseFailed(
                        f"{buildpack.shown}: the server answered with {answer.status}", cause=Cause.DOWNLOAD
                    )
                return http.save(answer, file, self._room_bytes(), buildpack.shown)

        return http.again(f"{buildpack.shown} was fetched", fetch)

    def _tree(self, root: Path, shown: str) -> ImageTree:
        return ImageTree(root, shown, self._deadline, self._room_bytes())

    @contextmanager
    def _directory(self, name: str) -> Iterator[Path]:
        directory = self._scratch / name
        directory.mkdir(parents=True)
        try:
            yield directory
        finally:
            remove_tree(str(directory))
