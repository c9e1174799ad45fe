"""What one phase of a classic staging tells the next: which buildpacks, and where they are."""

from __future__ import annotations

import os

import msgspec

from buildmill.common.staging import Cause
from buildmill.worker.staging.area import Area
from buildmill.worker.staging.failure import PhaseFailed

FINAL = "final"
_PLAN, _CANDIDATES = "plan", "candidates"


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A buildpack that is unpacked.

    Attributes:
        name: its directory's name, below the area's `buildpacks`, and that of its cache unless it is the final one.
        root: where its ``bin`` is: the directory, or the only one in it; None if there is no ``bin``.
        detected: what its ``detect`` has printed.
    """

    key: str
    shown: str
    name: str
    root: str | None
    detected: str = ""


class Buildpacks(msgspec.Struct, frozen=True, kw_only=True):
    """The buildpacks in order; the last is the final one, the others supply."""

    items: list[Ready]

    @property
    def final_index(self) -> int:
        """The index of the final one."""
        return len(self.items) - 1

    def padded(self, index: int) -> str:
        """An index as scripts get it: with as many digits as the number of buildpacks has."""
        return str(index).zfill(len(str(len(self.items))))

    def cache_key(self, index: int) -> str:
        """What the cache of a buildpack is called."""
        return FINAL if index == self.final_index else self.items[index].name


def write_plan(area: Area, buildpacks: Buildpacks) -> None:
    """These are used."""
    area.note(_PLAN, buildpacks)


def read_plan(area: Area) -> Buildpacks:
    """Those that are used.

    Raises:
        PhaseFailed: nobody has decided it.
    """
    return _read(area, _PLAN, "prepare or detect")


def write_candidates(area: Area, buildpacks: Buildpacks) -> None:
    """These are to be tried."""
    area.note(_CANDIDATES, buildpacks)


def read_candidates(area: Area) -> Buildpacks:
    """Those that are to be tried.

    Raises:
        PhaseFailed: nobody has brought them.
    """
    return _read(area, _CANDIDATES, "prepare")


def deps_directory(area: Area, buildpacks: Buildpacks, index: int) -> str:
    """What a buildpack supplies."""
    return os.path.join(area.home, "deps", buildpacks.padded(index))


def _read(area: Area, name: str, phase: str) -> Buildpacks:
    found = area.noted(name, Buildpacks)
    if found is None:
        raise PhaseFailed(f"this phase comes after {phase}", cause=Cause.INTERNAL)
    return found
