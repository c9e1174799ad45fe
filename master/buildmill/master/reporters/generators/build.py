"""Generators of reports about single builds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buildmill.master.domain.config_errors import config_error
from buildmill.master.engine.service import for_authors, settled
from buildmill.master.reporters.details import Document, getDetailsForBuild
from buildmill.master.reporters.generators.filters import BuildStatusGeneratorMixin
from buildmill.master.reporters.messages import MessageFormatter, MessageFormatterRenderable

_NEW, _FINISHED = ("builds", None, "new"), ("builds", None, "finished")


class BuildStatusGenerator(BuildStatusGeneratorMixin):
    """Reports a build when it has ended; with `report_new` also when it begins.

    Args:
        message_formatter: makes the text; a `MessageFormatter` if not given.
    """

    def __init__(
        self,
        mode: Any = ("failing", "passing", "warnings"),
        tags: Sequence[str] | None = None,
        builders: Sequence[str] | None = None,
        schedulers: Sequence[str] | None = None,
        branches: Sequence[str | None] | None = None,
        add_logs: bool | Sequence[str] | None = None,
        add_patch: bool = False,
        report_new: bool = False,
        message_formatter: Any = None,
    ) -> None:
        super().__init__(mode, tags, builders, schedulers, branches, None, add_logs, add_patch)
        self.formatter = MessageFormatter() if message_formatter is None else checked_formatter(self, message_formatter)
        self.wanted_event_keys = [_NEW, _FINISHED] if report_new else [_FINISHED]

    @for_authors
    async def generate(self, master: Any, reporter: Any, key: Sequence[str], message: Any) -> Any:
        """The report, or None if the build is not among those that are wanted."""
        build = await build_of(master, key)
        if build is None:
            return None
        await getDetailsForBuild(master, build, **self.wanted_details(self.formatter))
        if not self.is_message_needed_by_props(build):
            return None
        if key[-1] == "finished" and not self.is_message_needed_by_results(build):
            return None
        return await settled(self.build_message(self.formatter, master, reporter, build))


class BuildStartEndStatusGenerator(BuildStatusGeneratorMixin):
    """Reports a build when it begins and when it has ended, whatever its result.

    Args:
        start_formatter, end_formatter: make the texts.
    """

    wanted_event_keys = (_NEW, _FINISHED)

    def __init__(
        self,
        tags: Sequence[str] | None = None,
        builders: Sequence[str] | None = None,
        schedulers: Sequence[str] | None = None,
        branches: Sequence[str | None] | None = None,
        add_logs: bool | Sequence[str] | None = None,
        add_patch: bool = False,
        start_formatter: Any = None,
        end_formatter: Any = None,
    ) -> None:
        super().__init__("all", tags, builders, schedulers, branches, None, add_logs, add_patch)
        started, ended = MessageFormatterRenderable("Build started."), MessageFormatterRenderable("Build done.")
        self.start_formatter = started if start_formatter is None else checked_formatter(self, start_formatter)
        self.end_formatter = ended if end_formatter is None else checked_formatter(self, end_formatter)

    @property
    def wants_previous_build(self) -> bool:
        """Every build is reported."""
        return False

    @for_authors
    async def generate(self, master: Any, reporter: Any, key: Sequence[str], message: Any) -> Any:
        """The report, or None if the build is not among those that are wanted."""
        build = await build_of(master, key)
        if build is None:
            return None
        formatter = self.start_formatter if key[-1] == "new" else self.end_formatter
        if key[-1] == "new":
            # what has happened since belongs to the next report
            build |= {"results": None, "complete": False, "complete_at": None}
        await getDetailsForBuild(master, build, **self.wanted_details(formatter))
        if not self.is_message_needed_by_props(build):
            return None
        return await settled(self.build_message(formatter, master, reporter, build))


async def build_of(master: Any, key: Sequence[str]) -> Document | None:
    """The build that an event is about."""
    found: Document | None = await master.data.get(("builds", int(key[1])))
    return found


def checked_formatter(generator: object, formatter: Any) -> Any:
    """The formatter; one that is none is an error of the configuration."""
    if not hasattr(formatter, "format_message_for_build"):
        config_error(f"{type(generator).__name__}: a formatter must be a MessageFormatter..., not {formatter!r}")
        return MessageFormatter()
    return formatter
