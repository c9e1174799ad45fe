"""The document of a build's page: what it was asked for, what it did, what came of it, and what has changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from buildmill.common.errors import NotFound
from buildmill.master.data.endpoints.builds import find_build
from buildmill.master.data.endpoints.endpoint import Endpoint, Kind, Part
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import EVERYTHING, ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.data.versions import EVERY_CHANGE
from buildmill.master.db import build_data, builders, environments, taking_over
from buildmill.master.db import builds as build_rows
from buildmill.master.db.reading import directory, neighbourhood, overview
from buildmill.master.db.reading.builds import BUILDS
from buildmill.master.db.reading.requests import BUILDSETS, REQUESTS
from buildmill.master.db.reading.sources import CHANGES, SOURCE_STAMPS
from buildmill.master.db.reading.steps import LOGS, STEPS
from buildmill.master.db.reading.stops import stop_of_build
from buildmill.master.db.reading.test_results import TEST_RESULT_SETS
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.blame import (
    property_differences,
    ranges_between,
    source_differences,
    step_differences,
)
from buildmill.master.domain.builder_health import typical_seconds
from buildmill.master.domain.environments import Entry, EnvironmentDifference, environment_differences, shown
from buildmill.master.domain.page_documents import (
    BuildPage,
    Difference,
    NamedBuild,
    PropertyDifference,
    SourceDifference,
    StepWithLogs,
    TakenOver,
)
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.queries import Filter, Operator, Query, only
from buildmill.master.domain.resources import (
    Build,
    Builder,
    BuildRequest,
    Buildset,
    Change,
    Log,
    SourceStamp,
    Step,
)
from buildmill.master.domain.taking_over import GOOD

MOST_BUILDS: Final = 100
"""Attempts, rebuilds, triggered and taken builds, of each so many."""
MOST_CHANGES: Final = 100
IDS_AT_ONCE: Final = 500
OTHER_BUILDS: Final = "builds"
"""The part with whatever is told of builds beside this one."""
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class _Origin:
    """What a build was asked for with."""

    request: BuildRequest | None
    buildset: Buildset | None

    @property
    def stamps(self) -> Sequence[SourceStamp]:
        return () if self.buildset is None else self.buildset.sourcestamps


@dataclass(frozen=True, slots=True)
class _Relatives:
    """The build that has triggered this one, the one that it repeats, and the one whose failed part it is."""

    parent: Build | None = None
    rebuilt: Build | None = None
    failed_part_of: Build | None = None


_NO_RELATIVES: Final = _Relatives()


@dataclass(frozen=True, slots=True)
class _Taken:
    """A build that a step has taken over."""

    step_number: int
    build: Build
    taken_from: Build | None


def _page(connection: Connection, keys: Keys, spec: ResultSpec) -> BuildPage | None:
    build = find_build(connection, keys, EVERYTHING)
    if build is None:
        return None
    origin = _origin(connection, build)
    steps = STEPS.select(connection, Query((only("buildid", build.buildid),), ("number",)))
    relatives = _NO_RELATIVES
    if spec.wants(OTHER_BUILDS, "parent", "rebuilt", "failed_part_of"):
        relatives = _relatives(connection, build, origin.buildset, spec.query.reach)
    triggered = _builds(connection, spec, "triggered", only("triggered by", build.buildid))
    entries = None if "properties" in spec.withheld else environments.of_build(connection, build.buildid)
    taken = _taken_over(connection, build, spec) if spec.wants(OTHER_BUILDS, "taken_over") else None
    others = [*(triggered or ()), *(one.build for one in taken or ()), relatives.parent]
    names = _names(connection, [one for one in others if one is not None], spec)
    previous_number, next_number = neighbourhood.neighbours(connection, build)
    shows_stamps = spec.wants("buildset") and spec.wants("sourcestamps", "buildset")
    return BuildPage(
        attempts=_builds(connection, spec, "attempts", only("buildrequestid", build.buildrequestid)),
        build=build,
        builder=_builder(connection, build.builderid) if spec.wants("builder") else None,
        buildset=_shown(origin.buildset, with_stamps=shows_stamps) if spec.wants("buildset") else None,
        changes=_changes(connection, build, spec.query.reach) if spec.wants("changes") else None,
        could_take_over=_could_take_over(connection, build, spec.query.reach)
        if spec.wants(OTHER_BUILDS, "could_take_over")
        else None,
        data=list(build_data.of_build(connection, build.buildid)) if spec.wants("data") else None,
        environment=[shown(one) for one in entries or ()] if spec.wants("properties", "environment") else None,
        difference=_difference(connection, build, origin, steps, entries, spec),
        failed_part_of=relatives.failed_part_of,
        next_number=next_number,
        parent=None if relatives.parent is None else _named(relatives.parent, names),
        previous_number=previous_number,
        properties=_properties(connection, build) if spec.wants("properties") else None,
        rebuilds=_builds(connection, spec, "rebuilds", only("repeating", build.buildid), "-buildid"),
        rebuilt=relatives.rebuilt,
        request=origin.request if spec.wants("request") else None,
        steps=_with_logs(connection, build, steps, spec) if spec.wants("steps") else None,
        stop=stop_of_build(connection, build.buildid),
        taken_over=None if taken is None else [_taken_named(one, names) for one in taken],
        test_result_sets=_test_results(connection, build) if spec.wants("test_result_sets") else None,
        triggered=None if triggered is None else [_named(one, names) for one in triggered],
        typical_s=_typical(connection, build) if spec.wants(OTHER_BUILDS, "typical_s") else None,
        withheld=sorted(spec.withheld),
        worker=_worker(connection, build) if spec.wants("worker") else None,
    )


def _typical(connection: Connection, build: Build) -> int | None:
    return None if build.complete else typical_seconds(overview.marks_of(connection, build.builderid))


def _origin(connection: Connection, build: Build) -> _Origin:
    request = REQUESTS.one(connection, buildrequestid=build.buildrequestid)
    buildset = None if request is None else BUILDSETS.one(connection, bsid=request.buildsetid)
    return _Origin(request, buildset)


def _shown(buildset: Buildset | None, *, with_stamps: bool) -> Buildset | None:
    if buildset is None or with_stamps:
        return buildset
    return msgspec.structs.replace(buildset, sourcestamps=[])


def _builds(connection: Connection, spec: ResultSpec, name: str, which: Filter, *order: str) -> list[Build] | None:
    if not spec.wants(OTHER_BUILDS, name):
        return None
    return BUILDS.select(connection, Query((which,), order or ("buildid",), MOST_BUILDS, reach=spec.query.reach))


def _names(connection: Connection, builds: Sequence[Build], spec: ResultSpec) -> Mapping[int, str]:
    """The names of the builders of these builds, for who may know them."""
    if "builder" in spec.withheld:
        return {}
    return directory.builder_names(connection, {build.builderid for build in builds})


def _named(build: Build, names: Mapping[int, str]) -> NamedBuild:
    return NamedBuild(build, names.get(build.builderid))


def _relatives(connection: Connection, build: Build, buildset: Buildset | None, reach: Reach) -> _Relatives:
    ids = (
        None if buildset is None else buildset.parent_buildid,
        None if buildset is None else buildset.rebuilt_buildid,
        taking_over.failed_part_of(connection, build.buildrequestid),
    )
    found = _by_id(connection, [build_id for build_id in ids if build_id is not None], reach)
    return _Relatives(*(found.get(build_id or 0) for build_id in ids))


def _by_id(connection: Connection, ids: Sequence[int], reach: Reach) -> Mapping[int, Build]:
    if not ids:
        return {}
    query = Query((Filter("buildid", Operator.IN, tuple(ids)),), reach=reach)
    return {build.buildid: build for build in BUILDS.select(connection, query)}


def _could_take_over(connection: Connection, build: Build, reach: Reach) -> int | None:
    """How many builds within reach a rebuild of the failed part could take over."""
    if build.results is None or build.results in GOOD:
        return None
    ids = taking_over.could_take_over(connection, build.buildid)
    if reach.is_everything:
        return len(ids)
    return sum(len(_by_id(connection, ids[at : at + IDS_AT_ONCE], reach)) for at in range(0, len(ids), IDS_AT_ONCE))


def _taken_over(connection: Connection, build: Build, spec: ResultSpec) -> list[_Taken]:
    rows = taking_over.taken_by(connection, build.buildid, MOST_BUILDS)
    ids = {build_id for row in rows for build_id in (row.build_id, row.from_build_id) if build_id is not None}
    found = _by_id(connection, sorted(ids), spec.query.reach)
    return [
        _Taken(row.step_number, found[row.build_id], found.get(row.from_build_id or 0))
        for row in rows
        if row.build_id in found
    ]


def _taken_named(taken: _Taken, names: Mapping[int, str]) -> TakenOver:
    return TakenOver(taken.build, names.get(taken.build.builderid), taken.step_number, taken.taken_from)


def _builder(connection: Connection, builder_id: int) -> Builder | None:
    try:
        return builders.get(connection, builder_id)
    except NotFound:  # removed since the build was read
        return None


def _worker(connection: Connection, build: Build) -> str | None:
    return None if build.workerid is None else overview.worker_name(connection, build.workerid)


def _properties(connection: Connection, build: Build) -> msgspec.Raw:
    return msgspec.Raw(_encode(build_rows.properties(connection, build.buildid)))


def _changes(connection: Connection, build: Build, reach: Reach) -> list[Change]:
    query = Query((only("of build", build.buildid),), ("-changeid",), MOST_CHANGES, reach=reach)
    return CHANGES.select(connection, query)


def _test_results(connection: Connection, build: Build) -> Any:
    return TEST_RESULT_SETS.select(connection, Query((only("buildid", build.buildid),)))


def _with_logs(connection: Connection, build: Build, steps: Sequence[Step], spec: ResultSpec) -> list[StepWithLogs]:
    if "logs" in spec.withheld:
        return [StepWithLogs(None, step) for step in steps]
    logs: dict[int, list[Log]] = defaultdict(list)
    for log in LOGS.select(connection, Query((only("of build", build.buildid),))):
        logs[log.stepid].append(log)
    return [StepWithLogs(logs[step.stepid], step) for step in steps]


# -- the difference to the last good build ---------------------------------------------


def _difference(
    connection: Connection,
    build: Build,
    origin: _Origin,
    steps: Sequence[Step],
    entries: Sequence[Entry] | None,
    spec: ResultSpec,
) -> Difference | None:
    good = neighbourhood.last_good(connection, build) if spec.wants(OTHER_BUILDS, "difference") else None
    if good is None:
        return None
    stamps: Sequence[SourceStamp] = ()
    if not {"sourcestamps", "changes"} <= spec.withheld:
        stamps = SOURCE_STAMPS.select(connection, Query((only("of build", good.buildid),)))
    sources = None if "sourcestamps" in spec.withheld else source_differences(stamps, origin.stamps)
    changes = None if "changes" in spec.withheld else _responsible(connection, stamps, origin.stamps, spec.query.reach)
    return Difference(
        build=good,
        changes=changes if changes is None else changes[:MOST_CHANGES],
        environment=None if entries is None else _other_environment(connection, good, entries),
        more_changes=changes is not None and len(changes) > MOST_CHANGES,
        properties=None if "properties" in spec.withheld else _other_properties(connection, good, build, sources or ()),
        sources=sources,
        steps=None if "steps" in spec.withheld else _other_steps(connection, good, build, steps),
    )


def _responsible(
    connection: Connection, good: Sequence[SourceStamp], now: Sequence[SourceStamp], reach: Reach
) -> list[Change]:
    newest = neighbourhood.newest_changes(connection, sorted({stamp.ssid for stamp in (*good, *now)}))
    return neighbourhood.changes_within(connection, ranges_between(good, now, newest), MOST_CHANGES + 1, reach)


def _other_properties(
    connection: Connection, good: Build, build: Build, sources: Sequence[SourceDifference]
) -> list[PropertyDifference]:
    was, becomes = (build_rows.properties(connection, one.buildid) for one in (good, build))
    return property_differences(was, becomes, lambda value: _encode(value).decode(), sources)


def _other_environment(
    connection: Connection, good: Build, becomes: Sequence[Entry]
) -> list[EnvironmentDifference] | None:
    was = environments.of_build(connection, good.buildid)
    return None if was is None else environment_differences(was, becomes)


def _other_steps(connection: Connection, good: Build, build: Build, steps: Sequence[Step]) -> Any:
    was = STEPS.select(connection, Query((only("buildid", good.buildid),), ("number",)))
    if not build.complete:  # what is still to come is no difference yet
        steps = [step for step in steps if step.complete]
        names = {step.name for step in steps}
        was = [step for step in was if step.name in names]
    return step_differences(was, steps)


def _parts(build: str) -> tuple[Part, ...]:
    """What the page of a build reads."""
    return (
        Part("build", "builds.read", build, is_required=True),
        Part("builder", "builders.read", "builders"),
        Part(OTHER_BUILDS, "builds.read", "builds"),
        Part("buildset", "buildsets.read", "buildsets"),
        Part("changes", "changes.read", f"{build}/changes"),
        Part("data", "builddata.read", f"{build}/data"),
        Part("logs", "logs.read", f"{build}/steps"),
        Part("properties", "properties.read", f"{build}/properties"),
        Part("request", "buildrequests.read", "buildrequests"),
        Part("sourcestamps", "sourcestamps.read", "sourcestamps"),
        Part("steps", "steps.read", f"{build}/steps"),
        Part("test_result_sets", "test_result_sets.read", "test_result_sets"),
        Part("worker", "workers.read", "workers"),
    )


BUILD_PAGE: list[Endpoint] = [
    Endpoint(
        f"pages/{build}",
        Kind.SINGLE,
        TYPES["build_page"],
        "builds.read",
        _page,
        depends=EVERY_CHANGE,
        parts=_parts(build),
    )
    for build in ("builds/n:buildid", "builders/n:builderid/builds/n:build_number")
]
