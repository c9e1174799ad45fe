"""The result of a build, a step, a request or a set: the field's codes, as they go over the wire."""

from __future__ import annotations

from enum import IntEnum


class Result(IntEnum):
    """Numbers and order are those that Buildbot's users and clients know."""

    SUCCESS = 0
    WARNINGS = 1
    FAILURE = 2
    SKIPPED = 3
    EXCEPTION = 4
    RETRY = 5
    CANCELLED = 6

    @property
    def text(self) -> str:
        """Lower-case name, as shown to people."""
        return self.name.lower()


SUCCESS = Result.SUCCESS
WARNINGS = Result.WARNINGS
FAILURE = Result.FAILURE
SKIPPED = Result.SKIPPED
EXCEPTION = Result.EXCEPTION
RETRY = Result.RETRY
CANCELLED = Result.CANCELLED
