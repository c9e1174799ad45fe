"""Which names an archive's entries may have."""

from __future__ import annotations

import posixpath

from buildmill.common.staging import Cause
from buildmill.worker.staging.failure import PhaseFailed

SHOWN_CHARACTERS = 200


def safe_name(name: str, archive: str) -> str:
    """A name as a path below the target, without ``.`` and doubled or trailing slashes; ``.`` for the target itself.

    Args:
        archive: for messages.

    Raises:
        PhaseFailed: it is absolute, leaves the target, or is none.
    """
    if not name or "\0" in name:
        raise refused(name, archive, "this is no name")
    if name.startswith("/"):
        raise refused(name, archive, "the name is absolute")
    if ".." in name.split("/"):
        raise refused(name, archive, "the name leaves the directory")
    return posixpath.normpath(name)


def refused(name: str, archive: str, why: str) -> PhaseFailed:
    """An archive is not unpacked, because of one of its entries."""
    return PhaseFailed(f"{archive}: {name[:SHOWN_CHARACTERS]!r} is refused: {why}", cause=Cause.MALFORMED)
