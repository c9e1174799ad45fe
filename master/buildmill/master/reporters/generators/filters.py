"""`BuildStatusGeneratorMixin`: which builds a generator reports, and how a report is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, SUCCESS, WARNINGS
from buildmill.master.domain.config_errors import config_error
from buildmill.master.engine.service import for_authors, settled
from buildmill.master.reporters.details import (
    Document,
    is_wanted_log,
    merge_reports_prop,
    merge_reports_prop_take_first,
)

_RESULTS = {
    "passing": SUCCESS,
    "failing": FAILURE,
    "warnings": WARNINGS,
    "exception": EXCEPTION,
    "cancelled": CANCELLED,
}
MODES = (*_RESULTS, "change", "problem")


class BuildStatusGeneratorMixin:
    """Base of generators of reports about builds.

    Args:
        mode: with which results: some of `MODES`; ``"all"``, or ``"warnings"`` for warnings and failures. ``change``
            is a result other than the build's before, ``problem`` a failure that is new.
        tags, builders: only builders with one of these tags, or of these names. Not both.
        schedulers, branches: only builds that came from these schedulers, or are of these branches.
        subject: no longer taken: formatters make it.
        add_logs: as ``want_logs_content`` of a formatter: these logs go with the report.
        add_patch: the patch of a build goes with the report.

    Attributes:
        wanted_event_keys: patterns of the events that it makes reports of.
    """

    wanted_event_keys: Sequence[tuple[str | None, ...]] = ()
    compare_attrs: Sequence[str] = ("mode", "tags", "builders", "schedulers", "branches", "add_logs", "add_patch")

    def __init__(
        self,
        mode: Any,
        tags: Sequence[str] | None = None,
        builders: Sequence[str] | None = None,
        schedulers: Sequence[str] | None = None,
        branches: Sequence[str | None] | None = None,
        subject: Any = None,
        add_logs: bool | Sequence[str] | None = None,
        add_patch: bool = False,
    ) -> None:
        who = type(self).__name__
        if subject is not None:
            config_error(f"{who}: subject is not taken any more; give it to the formatter")
        self.mode = _checked_mode(who, mode)
        for name, value in (("tags", tags), ("builders", builders), ("schedulers", schedulers), ("branches", branches)):
            if value is not None and (isinstance(value, str) or not isinstance(value, list | tuple | set | frozenset)):
                config_error(f"{who}: {name} must be a list of strings or None, not {value!r}")
        if tags is not None and builders is not None:
            config_error(f"{who}: only one of builders and tags can be given")
        self.tags = tags
        self.builders = builders
        self.schedulers = schedulers
        self.branches = branches
        self.add_logs = add_logs
        self.add_patch = add_patch

    def check(self) -> None:
        """Called while the configuration is read."""

    def generate(self, master: Any, reporter: Any, key: Sequence[str], message: Any) -> Any:
        """The report of an event, or None; may be awaitable."""
        raise NotImplementedError(f"{type(self).__name__} must say what it reports")

    def is_message_needed_by_props(self, build: Document) -> bool:
        """Whether builder, scheduler and branch are among those that are wanted."""
        builder = build["builder"]
        properties = build.get("properties") or {}

        def value(name: str) -> Any:
            return properties.get(name, (None,))[0]

        if self.builders is not None and builder["name"] not in self.builders:
            return False
        if self.tags is not None and not set(builder["tags"]) & set(self.tags):
            return False
        if self.schedulers is not None and value("scheduler") not in self.schedulers:
            return False
        return self.branches is None or value("branch") in self.branches

    def is_message_needed_by_results(self, build: Document) -> bool:
        """Whether the result is among those that are wanted."""
        results, previous = build["results"], build.get("prev_build")
        if any(results == wanted and mode in self.mode for mode, wanted in _RESULTS.items()):
            return True
        if "change" in self.mode and previous is not None and previous["results"] != results:
            return True
        return "problem" in self.mode and results == FAILURE and (previous is None or previous["results"] != FAILURE)

    @property
    def wants_previous_build(self) -> bool:
        """Whether the build before is needed to decide, or to tell what is new."""
        return True

    @for_authors
    async def build_message(self, formatter: Any, master: Any, reporter: Any, build: Document) -> Document:
        """The report of one build."""
        users = await settled(reporter.getResponsibleUsersForBuild(master, build["buildid"]))
        message = await settled(
            formatter.format_message_for_build(master, build, is_buildset=False, users=users, mode=self.mode)
        )
        return {
            **message,
            "results": build["results"],
            "builds": [build],
            "buildset": build["buildset"],
            "users": list(users),
            "patches": self._patches(build),
            "logs": self._logs(build),
        }

    @for_authors
    async def buildset_message(
        self, formatter: Any, master: Any, reporter: Any, builds: Sequence[Document], results: int
    ) -> Document:
        """The report of several builds: their messages, one after the other."""
        reports = [await settled(self.build_message(formatter, master, reporter, build)) for build in builds]
        users = sorted({user for report in reports for user in report["users"]})
        return {
            "body": merge_reports_prop(reports, "body"),
            "subject": merge_reports_prop_take_first(reports, "subject"),
            "type": merge_reports_prop_take_first(reports, "type"),
            "extra_info": merge_reports_prop_take_first(reports, "extra_info"),
            "results": results,
            "builds": list(builds),
            "buildset": builds[0]["buildset"] if builds else None,
            "users": users,
            "patches": merge_reports_prop(reports, "patches") or [],
            "logs": merge_reports_prop(reports, "logs") or [],
        }

    def wanted_details(self, *formatters: Any) -> Mapping[str, Any]:
        """Which details the formatters need, as arguments of `details.getDetailsForBuild`."""
        content: Any = self.add_logs or False
        for formatter in formatters:
            content = _both(content, formatter.want_logs_content)
        return {
            "want_properties": True,  # the filters need them
            "want_steps": any(formatter.want_steps for formatter in formatters),
            "want_previous_build": self.wants_previous_build,
            "want_logs": any(formatter.want_logs for formatter in formatters),
            "want_logs_content": content,
        }

    def _patches(self, build: Document) -> list[Any]:
        if not self.add_patch:
            return []
        return [stamp["patch"] for stamp in build["buildset"]["sourcestamps"] if stamp.get("patch")]

    def _logs(self, build: Document) -> list[Document]:
        wanted = self.add_logs or False
        return [
            log
            for step in build.get("steps") or ()
            for log in step.get("logs") or ()
            if "content" in log and is_wanted_log(wanted, step["name"], log["name"])
        ]


def _both(one: Any, other: Any) -> Any:
    if one is True or other is True:
        return True
    return [*(one or ()), *(other or ())] or False


def _checked_mode(who: str, mode: Any) -> tuple[str, ...]:
    if mode == "all":
        return ("failing", "passing", "warnings", "exception", "cancelled")
    if mode == "warnings":
        return ("failing", "warnings")
    modes = (mode,) if isinstance(mode, str) else mode
    if not isinstance(modes, list | tuple | set | frozenset) or not all(isinstance(one, str) for one in modes):
        config_error(f"{who}: mode must be 'all' or some of {', '.join(MODES)}, not {mode!r}")
        return ()
    if unknown := sorted(set(modes) - set(MODES)):
        config_error(f"{who}: unknown mode {', '.join(map(repr, unknown))}; known are 'all', {', '.join(MODES)}")
    return tuple(modes)
