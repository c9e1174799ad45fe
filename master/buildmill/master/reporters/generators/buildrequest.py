"""A generator of reports about requests: for a status "pending"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buildmill.master.engine.service import for_authors, settled
from buildmill.master.reporters.details import Document, getDetailsForBuildrequest
from buildmill.master.reporters.generators.build import checked_formatter
from buildmill.master.reporters.generators.filters import BuildStatusGeneratorMixin
from buildmill.master.reporters.messages import MessageFormatterRenderable


class BuildRequestGenerator(BuildStatusGeneratorMixin):
    """Reports a request when it is made. The build in the report has no number and no result.

    Args:
        formatter: makes the text.
    """

    wanted_event_keys = (("buildrequests", None, "new"),)

    def __init__(
        self,
        tags: Sequence[str] | None = None,
        builders: Sequence[str] | None = None,
        schedulers: Sequence[str] | None = None,
        branches: Sequence[str | None] | None = None,
        add_patch: bool = False,
        formatter: Any = None,
    ) -> None:
        super().__init__("all", tags, builders, schedulers, branches, None, None, add_patch)
        default = MessageFormatterRenderable("Build pending.")
        self.formatter = default if formatter is None else checked_formatter(self, formatter)

    @for_authors
    async def partial_build_dict(self, master: Any, buildrequest: Document) -> Document:
        """The build that is yet to come; it has the properties that its set has."""
        build: Document = await getDetailsForBuildrequest(master, buildrequest)
        properties = await master.data.get(("buildsets", buildrequest["buildsetid"], "properties")) or {}
        stamps = build["buildset"]["sourcestamps"]
        if len(stamps) == 1:
            properties = {**{n: (stamps[0][n], "Build") for n in ("branch", "revision", "repository")}, **properties}
        return {**build, "properties": properties}

    @for_authors
    async def generate(self, master: Any, reporter: Any, key: Sequence[str], message: Any) -> Any:
        """The report, or None if the request is not among those that are wanted."""
        request = await master.data.get(("buildrequests", int(key[1])))
        if request is None:
            return None
        build = await settled(self.partial_build_dict(master, request))
        if not self.is_message_needed_by_props(build):
            return None
        return await settled(self.buildrequest_message(master, build))

    @for_authors
    async def buildrequest_message(self, master: Any, build: Document) -> Document:
        """The report of a request."""
        message = await settled(
            self.formatter.format_message_for_build(master, build, is_buildset=True, users=[], mode=self.mode)
        )
        return {
            **message,
            "results": None,
            "builds": [build],
            "buildset": build["buildset"],
            "users": [],
            "patches": self._patches(build),
            "logs": [],
        }
