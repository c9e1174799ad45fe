"""What an archive may hold, and what is said of one that holds something else.

BuildmillError
├── ArchiveRefused    names the entry that is not unpacked, or says that this is no archive
└── NoRoom            what comes out has no room on the disk
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass

from buildmill.common.errors import BuildmillError

MAX_ENTRIES = 500_000
MAX_RATIO = 200
HARMLESS_BYTES = 256 << 20  # so much may come out of however little
SHOWN_CHARACTERS = 200


class ArchiveRefused(BuildmillError):
    """It holds something that must not be unpacked, or is none."""


class NoRoom(BuildmillError):
    """There is no room for what comes out of it."""


def _take_your_time(_doing: str) -> None:
    """There is no time limit."""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What an archive may come to.

    Attributes:
        shown: what it is called in messages.
        archive_bytes: its own size; what comes out is at most `MAX_RATIO` as much, or `harmless_bytes`.
        room_bytes: how much the disk may take.
        check: called now and then with what is done, in the past tense; may raise to end it.
        links_stay_inside: False: a link may lead out of the tree. Nothing is written through one in any case.
    """

    shown: str
    archive_bytes: int
    room_bytes: int
    check: Callable[[str], None] = _take_your_time
    links_stay_inside: bool = True
    max_entries: int = MAX_ENTRIES
    harmless_bytes: int = HARMLESS_BYTES


def safe_name(name: str, archive: str) -> str:
    """A name as a path below the target, without ``.`` and doubled or trailing slashes; ``.`` for the target itself.

    Args:
        archive: for messages.

    Raises:
        ArchiveRefused: it is absolute, leaves the target, or is none.
    """
    if not name or "\0" in name:
        raise refused(name, archive, "this is no name")
    if name.startswith("/"):
        raise refused(name, archive, "the name is absolute")
    if ".." in name.split("/"):
        raise refused(name, archive, "the name leaves the directory")
    return posixpath.normpath(name)


def refused(name: str, archive: str, why: str) -> ArchiveRefused:
    """An archive is not unpacked, because of one of its entries."""
    return ArchiveRefused(f"{archive}: {name[:SHOWN_CHARACTERS]!r} is refused: {why}")
