"""`Place`: where this lifecycle has what, and the notes from phase to phase."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from buildmill.common.cnb.launching import Process, directory_of
from buildmill.common.cnb.places import Home
from buildmill.common.staging import Cause
from buildmill.worker.staging.area import Area, remove_tree
from buildmill.worker.staging.cnb.failing import CnbError
from buildmill.worker.staging.cnb.groups import Element
from buildmill.worker.staging.cnb.library import CONTENTS, Library
from buildmill.worker.staging.cnb.plan import Plan

S = TypeVar("S")


class Requested(msgspec.Struct, frozen=True, kw_only=True):
    """What `prepare` tells `detect`: the buildpacks that are asked for, in order."""

    elements: list[Element]


class Detected(msgspec.Struct, frozen=True, kw_only=True):
    """What `detect` tells the rest: the group in use, and its plan."""

    group: list[Element]
    plan: Plan


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What `build` tells `export`.

    Attributes:
        processes: merged; paths are those of a droplet.
        slices, labels: of all buildpacks.
    """

    processes: list[Process]
    slices: list[dict[str, list[str]]] = []
    labels: list[dict[str, str]] = []


class Place:
    """The work area, as this lifecycle sees it.

    Attributes:
        home: layers and workspace: what becomes the droplet.
        platform: the platform directory of buildpacks.
        kept: the unpacked cache, a directory for each buildpack.
    """

    def __init__(self, area: Area) -> None:
        self._area = area
        self.home = Home(Path(area.home))
        self.platform = Path(area.scratch) / "platform"
        self.kept = Path(area.cache)
        self.scratch = Path(area.scratch)
        self.outputs = Path(area.outputs)

    def clear(self) -> None:
        """Begin with nothing."""
        for path in (self._area.home, self._area.buildpacks, self._area.cache, self._area.scratch):
            remove_tree(path)
        for directory in (self.home.path, self.scratch):
            directory.mkdir(parents=True)

    def drop_kept(self) -> None:
        """Have no cache, also none that was unpacked in part."""
        remove_tree(str(self.kept))

    def library(self) -> Library:
        """The buildpacks that were brought."""
        return Library(Path(self._area.buildpacks) / CONTENTS)

    def layers_of(self, element: Element) -> Path:
        """The directory of a buildpack among the layers."""
        return self.home.layers / directory_of(element.id)

    def kept_of(self, element: Element) -> Path:
        """The directory of a buildpack in the unpacked cache."""
        return self.kept / directory_of(element.id)

    def leave(self, note: msgspec.Struct) -> None:
        """Tell later phases."""
        self._area.note(type(note).__name__.lower(), note)

    def find(self, kind: type[S]) -> S:
        """What an earlier phase has told.

        Raises:
            PhaseFailed: it has not been there.
        """
        note = self._area.noted(kind.__name__.lower(), kind)
        if note is None:
            raise CnbError.GENERIC.failure("the phases came in a wrong order", Cause.INTERNAL)
        return note
