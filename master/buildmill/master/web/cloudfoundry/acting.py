"""Changing something: the audit log tells of it in the transaction in which it is done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from buildmill.master.domain.staging.ports import StagingUpdates
from buildmill.master.web.cloudfoundry.operation import Call

T = TypeVar("T")


async def act(call: Call, unit: Callable[[StagingUpdates], Awaitable[T]]) -> T:
    """Do something by an update.

    Args:
        unit: calls one update.

    Raises:
        BuildmillError: what the update raises; who has asked for the call tells the audit log.
    """
    try:
        return await unit(call.data.updates.within(call.note.around))
    finally:
        call.data.everything_changed()


def what_is_made(result: Any) -> Mapping[str, Any]:
    """What the audit log tells of the result of an update."""
    guid = getattr(result, "guid", None)
    return {} if guid is None else {"guid": guid}
