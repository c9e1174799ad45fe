"""Rows of the pages that show builds of all builders beside each other: by time, and by change."""

from __future__ import annotations

from buildmill.master.domain.resources import Instant, Resource


class TimedBuild(Resource, frozen=True):
    """A build in the waterfall: where and when it ran.

    Attributes:
        worker: name of the worker; null where there is none, or where whoever asks may not see workers.
    """

    type_name = "timed_build"
    plural = "timed_builds"
    id_field = "buildid"
    unfiltered = frozenset({"worker"})

    builderid: int
    buildid: int
    complete: bool
    complete_at: Instant | None
    number: int
    results: int | None
    started_at: Instant
    state_string: str
    worker: str | None
    workerid: int | None


class ChangeBuild(Resource, frozen=True):
    """A build of a change: what a small square among those of all builders needs."""

    type_name = "change_build"
    plural = "change_builds"
    id_field = "buildid"

    builderid: int
    buildid: int
    complete_at: Instant | None
    number: int
    results: int | None
    started_at: Instant


class BuiltChange(Resource, frozen=True):
    """A change with what the builders made of it.

    Attributes:
        builds: the newest, newest first; null where whoever asks may not see builds.
        more_builds: there are older ones, which are not told.
    """

    type_name = "built_change"
    plural = "built_changes"
    id_field = "changeid"
    unfiltered = frozenset({"builds", "more_builds"})

    author: str
    branch: str | None
    builds: list[ChangeBuild] | None
    category: str | None
    changeid: int
    codebase: str
    comments: str
    committer: str | None
    files: list[str]
    more_builds: bool
    project: str
    repository: str
    revision: str | None
    revlink: str | None
    when_timestamp: Instant
