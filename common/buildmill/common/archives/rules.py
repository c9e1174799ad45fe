"""What an archive may hold."""

from __future__ import annotations

from dataclasses import dataclass

from buildmill.common.errors import BuildmillError


class ArchiveRefused(BuildmillError):
    """The archive holds something that must not be unpacked, or it is none.

    Attributes:
        name: of what is wrong in it, as it stands there; empty if it is about the archive as a whole.
    """

    def __init__(self, problem: str, name: str = "") -> None:
        super().__init__(f"{name!r} {problem}" if name else problem)
        self.name = name


@dataclass(frozen=True, kw_only=True)
class ArchiveLimits:
    """How much may come out of one archive.

    Attributes:
        members: files, directories and links.
        unpacked_bytes: contents of all files together.
        ratio: unpacked to packed bytes, looked at once `ratio_from_bytes` have come out.
        ratio_from_bytes: below this any ratio is fine (small texts compress very well).
    """

    members: int = 200_000
    unpacked_bytes: int = 16 << 30
    ratio: int = 200
    ratio_from_bytes: int = 64 << 20

    def most_bytes(self, packed_bytes: int) -> int:
        """How much may come out of an archive of that size."""
        return min(self.unpacked_bytes, max(self.ratio_from_bytes, packed_bytes * self.ratio))


def checked_name(name: str) -> str:
    """A member's name without ``.`` parts and a slash at the end; empty: the top itself.

    Raises:
        ArchiveRefused: it is no path within the archive.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\0" in name or "\\" in name:
        raise ArchiveRefused("is not a path inside the archive", name)
    return "/".join(parts)
