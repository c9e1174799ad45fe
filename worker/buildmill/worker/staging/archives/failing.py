"""What is wrong with an archive ends the phase."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from buildmill.common.archives.bounds import ArchiveRefused, NoRoom
from buildmill.common.staging import Cause
from buildmill.worker.staging.failure import PhaseFailed


@contextmanager
def ends_the_phase() -> Iterator[None]:
    """Within the block, a refused archive is a PhaseFailed."""
    try:
        yield
    except ArchiveRefused as problem:
        raise PhaseFailed(str(problem), cause=Cause.MALFORMED) from problem
    except NoRoom as problem:
        raise PhaseFailed(str(problem), cause=Cause.DISK) from problem
