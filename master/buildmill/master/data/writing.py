"""What the groups of update methods write with."""

from __future__ import annotations

from buildmill.master.db.database import Database


class Writing:
    """Base of the groups.

    Args:
        database: where they write.
        patient: wait while the database cannot be written; otherwise `Unavailable` is raised.
    """

    def __init__(self, database: Database, *, patient: bool) -> None:
        self._database = database
        self._write = database.write if patient else database.offer
        self._patient = patient
