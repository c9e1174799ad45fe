"""`Library`: the buildpacks of a staging, unpacked, by id and version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from buildmill.common.cnb.launching import directory_of
from buildmill.common.errors import InvalidInput
from buildmill.worker.staging.cnb.descriptor import FILE, Descriptor, read_descriptor_blocking
from buildmill.worker.staging.cnb.groups import Element, Order

CONTENTS = "cnb/buildpacks"
"""Where an image or an archive has its buildpacks, below directories for id and version."""


class Library:
    """Holds each version of a buildpack once.

    Args:
        root: exists, or is made for the first buildpack.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[Element, Descriptor] = {}

    def directory(self, element: Element) -> Path:
        """Where a buildpack is."""
        return self._root / directory_of(element.id) / element.version

    def descriptor(self, element: Element) -> Descriptor:
        """What a buildpack says of itself.

        Raises:
            InvalidInput: it is not here, or malformed.
        """
        key = Element(id=element.id, version=element.version)
        if key not in self._read:
            if not self.directory(key).is_dir():
                raise InvalidInput(element.shown, "an order names this buildpack, and nobody brought it")
            self._read[key] = read_descriptor_blocking(self.directory(key))
        return self._read[key]

    def order_of(self, element: Element) -> Order | None:
        """What a composite buildpack stands for; None for any other. Raises as `descriptor` does."""
        return self.descriptor(element).order or None

    def take(self, unpacked: Path, shown: str) -> list[Element]:
        """Move in the buildpacks of an archive or image that was unpacked; of a version that is here, this one stays.

        Returns:
            All that it had.

        Raises:
            InvalidInput: there is none, or one is malformed.
        """
        found: list[Element] = []
        for directory in _directories(unpacked, shown):
            element = read_descriptor_blocking(directory).element
            found.append(element)
            if not (place := self.directory(element)).exists():
                place.parent.mkdir(parents=True, exist_ok=True)
                directory.rename(place)
        return found

    def chief(self, elements: list[Element], shown: str) -> Element:
        """The buildpack that an archive is about: the one that no order of the others names.

        Raises:
            InvalidInput: there are several.
        """
        named = {
            (member.id, member.version)
            for element in elements
            for group in self.order_of(element) or []
            for member in group.group
        }
        chiefs = [element for element in elements if (element.id, element.version) not in named]
        if len(chiefs) != 1:
            names = ", ".join(element.shown for element in chiefs) or "none"
            raise InvalidInput(shown, f"one buildpack has to be the one that no order names; these are: {names}")
        return chiefs[0]


def _directories(unpacked: Path, shown: str) -> Iterator[Path]:
    """Directories of buildpacks: below `CONTENTS`, or the whole, or the only directory in it."""
    contents = unpacked / CONTENTS
    if contents.is_dir():
        versions = sorted(path for path in contents.glob("*/*") if path.is_dir() and not path.is_symlink())
        if not versions:
            raise InvalidInput(shown, f"there is no buildpack in {CONTENTS}")
        yield from versions
        return
    inner = [path for path in unpacked.iterdir() if path.is_dir() and not path.is_symlink()]
    for directory in [unpacked, *(inner if len(inner) == 1 else [])]:
        if (directory / FILE).is_file():
            yield directory
            return
    raise InvalidInput(shown, f"there is neither {CONTENTS} nor {FILE}")
