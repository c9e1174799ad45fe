"""Unpacking tar archives that nobody trusts."""

from __future__ import annotations

from buildmill.common.archives import untar as tars
from buildmill.common.archives.bounds import Bounds
from buildmill.worker.staging.archives.failing import ends_the_phase


def untar(path: str, target: str, bounds: Bounds) -> None:
    """Unpack a tar archive, compressed or not, into a new directory.

    Raises:
        PhaseFailed: it is no tar archive, or one of its entries is refused; or there is no room or time for it.
    """
    with ends_the_phase():
        tars.untar(path, target, bounds)
