"""What Buildbot's code for its tables gives and raises, for code of users that names it in signatures and handlers.

Nothing of this master gives or raises one of them: `master.data` gives dictionaries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from buildmill.common.errors import BuildmillError
from buildmill.master.domain.not_delivering import NotDelivering


class AlreadyClaimedError(BuildmillError):
    """A build request belongs to somebody else; ``data.updates.claimBuildRequests`` says that by its result."""


class NotClaimedError(BuildmillError):
    """A build request belongs to nobody; ``data.updates.unclaimBuildRequests`` takes that as it is."""


class DatabaseNotReadyError(BuildmillError):
    """The tables are not up to date; a master with such a database does not start."""


class _Row(NotDelivering):
    not_delivering = "no query of a master gives one"
    way_out = "master.data.get gives dictionaries"


@dataclass
class BuildRequestModel(_Row):
    """A build request."""

    buildrequestid: int
    buildsetid: int
    builderid: int
    buildername: str
    submitted_at: datetime
    complete_at: datetime | None = None
    complete: bool = False
    results: int | None = None
    waited_for: bool = False
    priority: int = 0
    claimed_at: datetime | None = None
    claimed_by_masterid: int | None = None

    @property
    def claimed(self) -> bool:
        """Whether it belongs to a master."""
        return self.claimed_at is not None


@dataclass
class BuildModel(_Row):
    """A build."""

    id: int
    number: int
    builderid: int
    buildrequestid: int
    workerid: int | None
    masterid: int
    started_at: datetime
    complete_at: datetime | None
    locks_duration_s: int | None
    state_string: str
    results: int | None
