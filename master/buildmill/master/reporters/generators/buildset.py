"""Generators of reports about sets of builds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buildmill.master.engine.service import for_authors, settled
from buildmill.master.reporters.details import getDetailsForBuildset
from buildmill.master.reporters.generators.build import checked_formatter
from buildmill.master.reporters.generators.filters import BuildStatusGeneratorMixin
from buildmill.master.reporters.messages import MessageFormatter

_COMPLETE = ("buildsets", None, "complete")


class BuildSetStatusGenerator(BuildStatusGeneratorMixin):
    """Reports a set when all of it has ended: the messages of those builds that are wanted, in one report."""

    wanted_event_keys = (_COMPLETE,)

    def __init__(
        self,
        mode: Any = ("failing", "passing", "warnings"),
        tags: Sequence[str] | None = None,
        builders: Sequence[str] | None = None,
        schedulers: Sequence[str] | None = None,
        branches: Sequence[str | None] | None = None,
        subject: Any = None,
        add_logs: bool | Sequence[str] | None = None,
        add_patch: bool = False,
        message_formatter: Any = None,
    ) -> None:
        super().__init__(mode, tags, builders, schedulers, branches, subject, add_logs, add_patch)
        self.formatter = MessageFormatter() if message_formatter is None else checked_formatter(self, message_formatter)

    @for_authors
    async def generate(self, master: Any, reporter: Any, key: Sequence[str], message: Any) -> Any:
        """The report, or None if no build of the set is among those that are wanted."""
        found = await getDetailsForBuildset(master, int(key[1]), **self.wanted_details(self.formatter))
        builds = [
            build
            for build in found["builds"]
            if self.is_message_needed_by_props(build) and self.is_message_needed_by_results(build)
        ]
        if not builds:
            return None
        results = found["buildset"]["results"]
        return await settled(self.buildset_message(self.formatter, master, reporter, builds, results))


class BuildSetCombinedStatusGenerator:
    """Reports a set when all of it has ended, in one message that is about the set.

    Args:
        message_formatter: its ``format_message_for_buildset`` makes the text.
    """

    wanted_event_keys = (_COMPLETE,)
    compare_attrs: Sequence[str] = ("formatter",)

    def __init__(self, message_formatter: Any) -> None:
        self.formatter = checked_formatter(self, message_formatter)

    def check(self) -> None:
        """Called while the configuration is read."""

    @for_authors
    async def generate(self, master: Any, reporter: Any, key: Sequence[str], message: Any) -> Any:
        """The report; None for a set without builds."""
        found = await getDetailsForBuildset(
            master,
            int(key[1]),
            want_properties=self.formatter.want_properties,
            want_steps=self.formatter.want_steps,
            want_logs=self.formatter.want_logs,
            want_logs_content=self.formatter.want_logs_content,
        )
        buildset, builds = found["buildset"], found["builds"]
        if not builds:
            return None
        users: set[str] = set()
        for build in builds:
            users.update(await settled(reporter.getResponsibleUsersForBuild(master, build["buildid"])))
        message = await settled(
            self.formatter.format_message_for_buildset(master, buildset, builds, users=sorted(users))
        )
        return {
            **message,
            "results": buildset["results"],
            "builds": builds,
            "buildset": buildset,
            "users": sorted(users),
            "patches": [],
            "logs": [],
        }
