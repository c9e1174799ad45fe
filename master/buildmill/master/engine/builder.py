"""`Builder`: a configured builder at work, as the engine and user functions see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from buildmill.master.domain.lines import Waiting
from buildmill.master.domain.properties import Properties
from buildmill.master.engine.builder_config import BuilderConfig


class Builder:
    """A builder of the configuration in force, with its id.

    Attributes:
        name, builderid: what it is called, and its id in the database.
        project_id: of its project; None without one.
        config: what the configuration says of it.
        master: the facade.
        building: its running builds.
    """

    def __init__(self, config: BuilderConfig, builder_id: int, master: Any, project_id: int | None = None) -> None:
        self.config = config
        self.name = config.name
        self.builderid = builder_id
        self.project_id = project_id
        self.master = master
        self.building: list[Any] = []

    async def getBuilderId(self) -> int:
        """Its id."""
        return self.builderid

    async def getOldestRequestTime(self) -> int | None:
        """When the oldest waiting request was submitted, seconds since the epoch."""
        oldest: Waiting | None = self.master.queue.oldest(self.builderid)
        return None if oldest is None else oldest.submitted_at

    @property
    def is_plain(self) -> bool:
        """No user function has a say in what it builds next, where and when."""
        config = self.config
        return config.nextBuild is None and config.nextWorker is None and config.canStartBuild is None

    def __getitem__(self, field: str) -> Any:
        """``builderid`` and ``name``, for functions that expect the data API's dictionary."""
        return {"builderid": self.builderid, "name": self.name}[field]

    def __repr__(self) -> str:
        return f"<Builder {self.name!r}>"


class RequestView:
    """A waiting request, for user functions.

    Attributes:
        id, buildrequestid: its id.
        priority: higher goes first.
        submittedAt: seconds since the epoch.
        buildsetid, properties, reason, sources: of its buildset; sources by codebase.

    The fields of the data API's document that are known here can be asked for by name, too: ``request["buildsetid"]``.
    """

    _FIELDS: ClassVar[Mapping[str, str]] = {
        "builderid": "builderid",
        "buildrequestid": "id",
        "buildsetid": "buildsetid",
        "priority": "priority",
        "properties": "properties",
        "submitted_at": "submittedAt",
    }

    def __init__(self, waiting: Waiting) -> None:
        self.id = self.buildrequestid = waiting.request_id
        self.builderid = waiting.builder_id
        self.submittedAt = waiting.submitted_at
        self.place(waiting)
        self.buildsetid: int | None = None
        self.properties = Properties()
        self.sources: dict[str, Any] = {}
        self.reason = ""

    def place(self, waiting: Waiting) -> None:
        """It waits with this priority now."""
        self.waiting = waiting
        self.priority = waiting.priority

    def __getitem__(self, field: str) -> Any:
        return getattr(self, self._FIELDS[field])

    def fill(self, buildset_id: int, reason: str, properties: dict[str, Any], stamps: Sequence[Any]) -> None:
        """Give it what its buildset says."""
        self.buildsetid = buildset_id
        self.reason = reason
        self.properties = Properties.fromDict(properties)
        self.sources = {stamp.codebase: stamp for stamp in stamps}

    def getSubmitTime(self) -> int:
        """When it was submitted."""
        return self.submittedAt
