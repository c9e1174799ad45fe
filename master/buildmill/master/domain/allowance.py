"""How long a question from outside may take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from buildmill.common.errors import Unavailable

READ_SECONDS: Final = 5.0
TRY_AGAIN: Final = timedelta(seconds=10)


class TookTooLong(Unavailable):
    """The question was stopped."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"reading this took longer than {seconds:g} s; ask for less: a smaller limit, a filter, an order by id",
            TRY_AGAIN,
        )


@dataclass
class Allowance:
    """What one question may take.

    Attributes:
        seconds: of the database's time; on PostgreSQL for each statement.
        spent: seconds that it took in the reader's thread, its answer included.
    """

    seconds: float = READ_SECONDS
    spent: float = 0.0
