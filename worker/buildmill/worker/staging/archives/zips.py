"""Unpacking zip archives that nobody trusts."""

from __future__ import annotations

from buildmill.common.archives import unzip as zips
from buildmill.common.archives.bounds import Bounds
from buildmill.worker.staging.archives.failing import ends_the_phase


def unzip(path: str, target: str, bounds: Bounds) -> None:
    """Unpack a zip archive into a new directory.

    Raises:
        PhaseFailed: it is no zip archive, or one of its entries is refused; or there is no room or time for it.
    """
    with ends_the_phase():
        zips.unzip(path, target, bounds)
