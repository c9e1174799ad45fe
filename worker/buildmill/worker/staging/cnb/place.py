"""`Place`: where this lifecycle has what, and the notes from phase to phase."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from buildmill.common.cnb.launching import Process, directory_of
from buildmill.common.cnb.places import Home
from buildmill.common.staging import Cause, Phase
from buildmill.worker.staging.area import Area, remove_tree
from buildmill.worker.staging.cnb.documents import read_toml_blocking, write_toml_blocking
from buildmill.worker.staging.cnb.failing import CnbError
from buildmill.worker.staging.cnb.groups import Element
from buildmill.worker.staging.cnb.library import CONTENTS, Library
from buildmill.worker.staging.cnb.plan import Plan

S = TypeVar("S")


class Requested(msgspec.Struct, frozen=True, kw_only=True):
    """What `prepare` tells the rest.

    Attributes:
        elements: the buildpacks that are asked for, in order.
        sha256: of the archive or image that brought a buildpack, by id and version as they are shown.
    """

    elements: list[Element]
    sha256: dict[str, str]


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
        for directory in (self.home.path, self.scratch, Path(self._area.buildpacks)):
            directory.mkdir(parents=True)

    def drop_kept(self) -> None:
        """Have no cache, also none that was unpacked in part."""
        remove_tree(str(self.kept))

    def is_repeated(self, phase: Phase) -> bool:
        """Whether a phase has begun before, and was cut off: the machine was started anew."""
        begun = Path(self._area.notes) / f"{phase}.begun"
        was_there = begun.exists()
        begun.touch()
        return was_there

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
        """Tell later phases; as TOML, since JSON has not all that buildpacks may say."""
        write_toml_blocking(self._note(type(note)), note)

    def find(self, kind: type[S]) -> S:
        """What an earlier phase has told.

        Raises:
            PhaseFailed: it has not been there.
        """
        note = read_toml_blocking(self._note(kind), kind)
        if note is None:
            raise CnbError.GENERIC.failure("the phases came in a wrong order", Cause.INTERNAL)
        return note

    def _note(self, kind: type) -> Path:
        return Path(self._area.notes) / f"{kind.__name__.lower()}.toml"
