"""Rows of the waterfall, and changes with what was built of them: pages that show all builders beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from msgspec.structs import replace as with_fields

from buildmill.common.errors import Forbidden
from buildmill.master.data.endpoints.endpoint import Endpoint, Kind, Part
from buildmill.master.data.endpoints.sources import changes_of
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.data.versions import BUILDS, CHANGES, REQUESTS
from buildmill.master.db.reading.views import TIMED_BUILDS, builds_of_stamp
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.queries import Page
from buildmill.master.domain.resources import Change
from buildmill.master.domain.view_documents import BuiltChange, ChangeBuild, TimedBuild

_OF_WORKERS: Final = frozenset({"worker", "workerid"})
MOST_BUILDS: Final = 1000
"""Of one change."""
MOST_IN_ALL: Final = 30_000
"""Of all changes of an answer: with more changes there are fewer builds of each."""
LISTED_BUILDS: Final = 30
"""Of one change, where changes are a list and not the rows of a table."""


def _waterfall(connection: Connection, _keys: Keys, spec: ResultSpec) -> Page[TimedBuild]:
    if "workers" not in spec.withheld:
        return TIMED_BUILDS.page(connection, spec.query)
    asked = {filter_.field for filter_ in spec.query.filters} | {name.lstrip("-") for name in spec.query.order}
    if told := sorted(asked & _OF_WORKERS):
        raise Forbidden(f"you may not read workers, and so not choose or order builds by {told[0]}")
    page = TIMED_BUILDS.page(connection, spec.query)
    return replace(page, rows=[with_fields(row, worker=None, workerid=None) for row in page.rows])


def _changes(connection: Connection, _keys: Keys, spec: ResultSpec) -> Page[BuiltChange]:
    return built_changes(connection, spec)


def _change_list(connection: Connection, _keys: Keys, spec: ResultSpec) -> Page[BuiltChange]:
    return built_changes(connection, spec, most_of_each=LISTED_BUILDS)


def built_changes(
    connection: Connection, spec: ResultSpec, most_in_all: int = MOST_IN_ALL, most_of_each: int = MOST_BUILDS
) -> Page[BuiltChange]:
    """Changes with their builds.

    Args:
        most_in_all: builds of all changes together, as far as each has one.
        most_of_each: builds of one change.
    """
    page = changes_of(connection, spec.query)
    builds: dict[int, list[ChangeBuild]] = {}  # several changes may have made the same source stamp
    most = max(1, min(most_of_each, most_in_all // max(1, len(page.rows))))
    if spec.wants("builds", "more_builds"):
        for change in page.rows:
            stamp = change.sourcestamp.ssid
            if stamp not in builds:
                builds[stamp] = builds_of_stamp(connection, stamp, most + 1, spec.query.reach)
    rows = [_built(change, builds.get(change.sourcestamp.ssid), most) for change in page.rows]
    return Page(rows, page.total, page.next)


def _built(change: Change, builds: Sequence[ChangeBuild] | None, most: int) -> BuiltChange:
    return BuiltChange(
        author=change.author,
        branch=change.branch,
        builds=None if builds is None else list(builds[:most]),
        category=change.category,
        changeid=change.changeid,
        codebase=change.codebase,
        comments=change.comments,
        committer=change.committer,
        files=change.files,
        more_builds=builds is not None and len(builds) > most,
        project=change.project,
        repository=change.repository,
        revision=change.revision,
        revlink=change.revlink,
        when_timestamp=change.when_timestamp,
    )


ENDPOINTS: list[Endpoint] = [
    Endpoint(
        "pages/waterfall",
        Kind.COLLECTION,
        TYPES["timed_build"],
        "builds.read",
        _waterfall,
        depends=(BUILDS,),
        parts=(
            Part("builds", "builds.read", "builds", is_required=True),
            Part("workers", "workers.read", "workers"),
        ),
    ),
    Endpoint(
        "pages/changes",
        Kind.COLLECTION,
        TYPES["built_change"],
        "changes.read",
        _changes,
        depends=(BUILDS, REQUESTS, CHANGES),
        parts=(
            Part("changes", "changes.read", "changes", is_required=True),
            Part("builds", "builds.read", "builds"),
        ),
    ),
    Endpoint(
        "pages/change_list",
        Kind.COLLECTION,
        TYPES["built_change"],
        "changes.read",
        _change_list,
        depends=(BUILDS, REQUESTS, CHANGES),
        parts=(
            Part("changes", "changes.read", "changes", is_required=True),
            Part("builds", "builds.read", "builds"),
        ),
    ),
]
