"""A generator of reports about builds of job graphs that have ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from buildmill.common.results import CANCELLED, FAILURE, SUCCESS
from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.orchestration.values import SCHEDULER
from buildmill.master.domain.queries import Filter, Operator
from buildmill.master.engine.service import for_authors, settled
from buildmill.master.reporters.graph_messages import MessageFormatterGraphBuild

_MODES: Final = {"passing": "SUCCEEDED", "failing": "FAILED", "cancelled": "CANCELED"}
_RESULTS: Final = {"SUCCEEDED": SUCCESS, "FAILED": FAILURE, "CANCELED": CANCELLED}
_MOST_JOBS: Final = 50


class GraphBuildStatusGenerator:
    """Reports a build of a job graph when it has ended, to whoever has asked for it.

    That is its creator, or the last editor of its schedule; a schedule that runs for projects, not for a user, tells
    nobody.

    Args:
        mode: with which ends: ``"all"``, or some of ``passing``, ``failing``, ``cancelled``.
        branches: only builds on these.
        requested_only: only builds with ``notifications`` (``notificationsEnabled``) on; otherwise all, also those
            of which nobody is told by name.
        message_formatter: makes the text; a `MessageFormatterGraphBuild`, or a `MessageFormatterFunction`, which is
            called with ``{"graph_build", "failed_jobs", "users"}``.
    """

    wanted_event_keys = (("graph_builds", None, "finished"),)
    compare_attrs: Sequence[str] = ("mode", "branches", "requested_only", "formatter")

    def __init__(
        self,
        mode: Any = "all",
        branches: Sequence[str] | None = None,
        requested_only: bool = True,
        message_formatter: Any = None,
    ) -> None:
        self.file, self.line = users_place()
        who = type(self).__name__
        self.mode = _checked_mode(who, mode)
        if branches is not None and not isinstance(branches, list | tuple | set | frozenset):
            config_error(f"{who}: branches must be a list of names or None, not {branches!r}")
            branches = None
        self.branches = branches
        self.requested_only = bool(requested_only)
        self.formatter = MessageFormatterGraphBuild() if message_formatter is None else message_formatter
        if not hasattr(self.formatter, "format_message_for_graph_build"):
            config_error(
                f"{who}: message_formatter must be a MessageFormatterGraphBuild or a MessageFormatterFunction, "
                f"not {message_formatter!r}"
            )

    def check(self) -> None:
        """Called while the configuration is read."""

    @for_authors
    async def generate(self, master: Any, reporter: Any, key: Sequence[str], message: Any) -> Any:
        """The report, or None for a build that is not wanted."""
        build = await master.data.get(("graph_builds", key[1]))
        if build is None or build["status"] not in self.mode:
            return None
        if self.branches is not None and build["branch"] not in self.branches:
            return None
        users = _users(build)
        if self.requested_only and not (build["notifications"] and users):
            return None
        failed = await master.data.get(
            ("graph_builds", key[1], "jobs"), filters=[Filter("status", Operator.EQ, ("FAILED",))], limit=_MOST_JOBS
        )
        text = await settled(self.formatter.format_message_for_graph_build(master, build, failed, users))
        return {
            **text,
            "results": _RESULTS[build["status"]],
            "builds": [],
            "buildset": None,
            "graph_build": build,
            "users": users,
            "patches": [],
            "logs": [],
        }


def _users(build: dict[str, Any]) -> list[str]:
    is_of_projects = build["schedule_rid"] is not None and build["created_by"] == SCHEDULER
    return [] if is_of_projects else [build["created_by"]]


def _checked_mode(who: str, mode: Any) -> tuple[str, ...]:
    """The statuses that are reported."""
    if mode == "all":
        return tuple(_MODES.values())
    modes = (mode,) if isinstance(mode, str) else mode
    if not isinstance(modes, list | tuple | set | frozenset) or not all(one in _MODES for one in modes):
        config_error(f"{who}: mode must be 'all' or some of {', '.join(_MODES)}, not {mode!r}")
        return ()
    return tuple(status for one, status in _MODES.items() if one in modes)
