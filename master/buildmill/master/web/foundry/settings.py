"""How the orchestration API answers, where a configuration can choose."""

from __future__ import annotations

from dataclasses import dataclass

from buildmill.master.web.foundry.answers import ErrorCase


@dataclass(frozen=True, slots=True)
class FoundrySettings:
    """See the module.

    Attributes:
        error_case: how names of errors of runs are spelled; None to tell by the client.
        cancels_strictly: cancelling a build that has ended is an error.
    """

    error_case: ErrorCase | None = None
    cancels_strictly: bool = False
