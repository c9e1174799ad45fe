"""How the database is, and how much there is to do: for those who watch a master."""

from __future__ import annotations

from collections.abc import Sequence

from buildmill.master.db.database import Database
from buildmill.master.db.reading import operations
from buildmill.master.domain.workload import Workload


class Condition:
    """Asks one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def trouble(self) -> str | None:
        """Why nothing can be written at present, or None."""
        return self._database.trouble

    @property
    def product(self) -> tuple[str, str]:
        """See `Database.product`."""
        return self._database.product

    @property
    def batch_sizes(self) -> Sequence[int]:
        """See `Database.batch_sizes`."""
        return self._database.batch_sizes

    @property
    def units(self) -> int:
        """How many units of work were written."""
        return self._database.statistics["units"]

    async def check_reading(self) -> None:
        """Return when a row was read.

        Raises:
            Unavailable: the database is away.
        """
        await self._database.read(operations.touch)

    async def work(self) -> Workload:
        """What there is to do at present, on all masters of the database.

        Raises:
            Unavailable: the database is away.
        """
        return await self._database.read(operations.work)
