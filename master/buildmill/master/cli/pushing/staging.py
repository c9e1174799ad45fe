"""From a package to a droplet, on a master: the requests of `push`, one after the other."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import IO, Any, Final, TypeVar

from buildmill.client import Client
from buildmill.client.errors import Busy, Missing, Unreachable
from buildmill.client.staging import STAGED, STAGING, Build, Droplet, LogLine, Named, Package, StagingClient
from buildmill.common.errors import BuildmillError, InvalidInput
from buildmill.master.cli.pushing.display import Display
from buildmill.master.cli.pushing.waiting import Reasons

T = TypeVar("T")

_WAITING: Final = frozenset({"PROCESSING_UPLOAD", "COPYING"})
_SHORTEST_SECONDS: Final = 0.2
_LONGEST_SECONDS: Final = 2.0
_PATIENCE_SECONDS: Final = 900.0
"""How long a master may be away while it stages: longer than a worker goes on without one."""


class StagingFailed(BuildmillError):
    """The master has not made a droplet.

    Attributes:
        name: of the error in the v3 API, ``BuildpackCompileFailed``.
        cause: what happened.
    """

    def __init__(self, name: str, cause: str) -> None:
        super().__init__(f"{cause} ({name})")
        self.name = name
        self.cause = cause


_ERROR: Final = re.compile(r"(?P<name>\w+) - (?P<text>[^(]*)(?:\((?P<detail>.*)\))?", re.DOTALL)


def failure_of(error: str) -> StagingFailed:
    """Why a build has failed.

    Args:
        error: of the build: a name, the v3 API's words for it, and what happened in brackets where the master knows it.
    """
    found = _ERROR.fullmatch(error)
    if found is None:
        return StagingFailed("StagingError", error)
    return StagingFailed(found["name"], found["detail"] or found["text"].strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for.

    Attributes:
        space: its name; empty if there is but one.
        lifecycle: ``buildpack``, ``cnb`` or ``docker``.
        buildpacks: names or URLs; none to detect.
        stack: empty for the master's default.
        options: further fields of the request for a build.
    """

    app: str
    space: str
    lifecycle: str
    buildpacks: tuple[str, ...] = ()
    stack: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def lifecycle_document(self) -> dict[str, Any]:
        """As requests have it."""
        if self.lifecycle == "docker":
            return {"type": "docker", "data": {}}
        stack = {"stack": self.stack} if self.stack else {}
        return {"type": self.lifecycle, "data": {"buildpacks": list(self.buildpacks), **stack}}


class Push:
    """One package of one app.

    Args:
        reading: a client of the master's data API, which tells why a staging waits.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        client: StagingClient,
        wanted: Wanted,
        display: Display,
        *,
        reading: Client,
        sleep: Callable[[float], object],
    ) -> None:
        self._client = client
        self._reading = reading
        self._wanted = wanted
        self._display = display
        self._sleep = sleep

    def app(self) -> Named:
        """The app, which is made if it is not there."""
        space = self._space()
        found = self._client.find_app(self._wanted.app, space.guid)
        if found is not None:
            return found
        self._display.say(f"making app {self._wanted.app} in space {space.name}")
        return self._client.create_app(self._wanted.app, space.guid, self._wanted.lifecycle_document())

    def upload(self, app: Named, archive: IO[bytes], size_bytes: int) -> Package:
        """A package with the bytes of an archive.

        Raises:
            StagingFailed: the master refuses the archive.
        """
        package = self._client.create_package(app.guid)
        with self._display.bar("uploading", size_bytes) as advance:
            package = self._client.upload(package.guid, archive, size_bytes, advance)
        seconds = _SHORTEST_SECONDS
        while package.state in _WAITING:
            self._sleep(seconds)
            seconds = min(seconds * 2, _LONGEST_SECONDS)
            package = self._client.package(package.guid)
        if package.state != "READY":
            raise StagingFailed("PackageInvalid", package.data.error or f"the package is {package.state}")
        return package

    def image(self, app: Named, image: str, username: str, password: str) -> Package:
        """A package that names a container image."""
        return self._client.create_image_package(app.guid, image, username, password)

    def stage(self, app: Named, package: Package) -> Droplet:
        """The droplet of a package; the log is shown as it comes.

        Raises:
            StagingFailed: there is none.
        """
        log = _Log(self._client, app)
        log.skip()
        lifecycle = {"lifecycle": self._wanted.lifecycle_document()}
        build = self._client.create_build(package.guid, {**lifecycle, **self._wanted.options})
        self._display.say(f"staging, build {build.guid}")
        build = self._watched(build, log)
        if build.state != STAGED or build.droplet is None:
            raise failure_of(build.error or f"the build is {build.state}")
        droplet = self._client.droplet(build.droplet.guid)
        self._client.set_current_droplet(app.guid, droplet.guid)
        return droplet

    def fetch(self, droplet: Droplet, output: Path) -> None:
        """Write a droplet to a file, whole or not at all.

        Raises:
            BuildmillError: the bytes that came are not those of the droplet.
        """
        expected = droplet.checksum.value if droplet.checksum else None
        part = output.with_name(f".{output.name}.part")
        digest, size = hashlib.sha256(), 0
        try:
            with part.open("wb") as file, self._display.bar("fetching the droplet", None) as advance:
                for piece in self._client.download(droplet.guid):
                    digest.update(piece)
                    size += len(piece)
                    file.write(piece)
                    advance(len(piece))
            if digest.hexdigest() != expected:
                found = f"{size} bytes with SHA-256 {digest.hexdigest()}"
                raise BuildmillError(f"the droplet came damaged: {found}, expected SHA-256 {expected}")
            os.replace(part, output)
        finally:
            part.unlink(missing_ok=True)

    def _space(self) -> Named:
        found = self._client.spaces(self._wanted.space or None)
        if len(found) == 1:
            return found[0]
        if not found:
            named = f"no space {self._wanted.space!r}" if self._wanted.space else "no space"
            raise InvalidInput("--space", f"there is {named} that this token may see")
        names = ", ".join(sorted(space.name for space in found))
        raise InvalidInput("--space", f"there are several, name one of {names}")

    def _watched(self, build: Build, log: _Log) -> Build:
        seconds, has_begun = _SHORTEST_SECONDS, False
        reasons = Reasons(self._reading, build.guid)
        while build.state == STAGING:
            self._sleep(seconds)
            lines = self._patiently(lambda: self._show(log))
            has_begun = has_begun or lines > 0
            seconds = _SHORTEST_SECONDS if lines else min(seconds * 1.5, _LONGEST_SECONDS)
            build = self._patiently(partial(self._client.build, build.guid))
            if seconds == _LONGEST_SECONDS and not has_begun and build.state == STAGING:
                for text in reasons.news():
                    self._display.say(f"it waits: {text}")
        while self._show(log):  # what was written between the last look and the end
            pass
        return build

    def _patiently(self, ask: Callable[[], T]) -> T:
        """What is asked for, also of a master that is started anew meanwhile: the staging goes on without it.

        Raises:
            Unreachable: it has stayed away.
        """
        waited = 0.0
        while True:
            try:
                answer = ask()
            except (Unreachable, Busy):
                if waited >= _PATIENCE_SECONDS:
                    raise
                if not waited:
                    self._display.say("the master gives no answer; the staging goes on meanwhile, waiting for both")
                self._sleep(_LONGEST_SECONDS)
                waited += _LONGEST_SECONDS
            else:
                if waited:
                    self._display.say("the master is back")
                return answer

    def _show(self, log: _Log) -> int:
        lines = log.further()
        for line in lines:
            self._display.log(line.text)
        return len(lines)


class _Log:
    """The log of an app's staging, from one look to the next."""

    def __init__(self, client: StagingClient, app: Named) -> None:
        self._client = client
        self._app = app
        self._since_ns = 0

    def skip(self) -> None:
        """What is there by now is of earlier stagings."""
        while self.further():
            pass

    def further(self) -> list[LogLine]:
        """What has come since the last look; nothing of a master that has no such log."""
        try:
            lines = self._client.log(self._app.guid, self._since_ns)
        except Missing:
            return []
        if lines:
            self._since_ns = lines[-1].at_ns + 1
        return lines
