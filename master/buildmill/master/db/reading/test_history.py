"""Tests over the newest builds of a builder: as many statements for many tests as for few."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db import test_results
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.result_resources import TestResultSet, says_passed
from buildmill.master.domain.test_documents import TestedBuild
from buildmill.master.domain.test_history import Outcome, outcome_of, source_of

_s, _r, _b = t.test_result_sets.c, t.test_results.c, t.builds.c
_names, _paths = t.test_texts.alias("names"), t.test_texts.alias("paths")
_SETS_OF_A_BUILD: Final = 8
"""A builder with more sets of tests in a build than these gets a shorter history."""
_MOST_FAILURES: Final = 20_000
_CATEGORIES: Final = ("pass_fail", "pass_only", "fail_only")

Test = tuple[bool, int]
"""Whether it has a name, and the id of that or of its path."""


@dataclass(frozen=True, slots=True)
class Looked:
    """The builds that a page looks at.

    Attributes:
        builds: newest first.
        sets: of each, by its id.
        sources: what each was made of; None where that is not known.
    """

    builds: Sequence[TestedBuild]
    sets: Mapping[int, Sequence[TestResultSet]]
    sources: Sequence[Any]

    @property
    def set_ids(self) -> Mapping[str, list[int]]:
        """Ids of sets by their category."""
        found: dict[str, list[int]] = {category: [] for category in _CATEGORIES}
        for build in self.builds:
            for one in self.sets[build.buildid]:
                found[one.category].append(one.test_result_setid)
        return found


class Result(NamedTuple):
    """A result, as a history needs it."""

    set_id: int
    name_id: int | None
    path_id: int | None
    value: str
    duration_ns: int | None
    line: int | None
    name: str | None
    path: str | None

    @property
    def test(self) -> Test:
        return (True, self.name_id) if self.name_id is not None else (False, self.path_id or 0)


_RESULT = (
    _r.test_result_set_id, _r.name_id, _r.code_path_id, _r.value, _r.duration_ns, _r.line, _names.c.text, _paths.c.text,
)  # fmt: skip
_RESULTS = t.test_results.outerjoin(_names, _names.c.id == _r.name_id).outerjoin(_paths, _paths.c.id == _r.code_path_id)


def look(connection: Connection, builder_id: int, most: int, last_build: int | None = None) -> Looked:
    """The newest builds of a builder that have results of tests.

    Args:
        most: so many at most.
        last_build: id of the newest one that counts; None for all.
    """
    sets = _sets(connection, builder_id, most, last_build)
    found = connection.sql.execute(
        sa.select(_b.id, _b.number, _b.results, _b.started_at).where(_b.id.in_(list(sets))).order_by(_b.id.desc())
    ).all()
    sources = _sources(connection, list(sets))
    builds = []
    for row in found:
        of_build = sets[row[0]]
        source = sources.get(row[0])
        builds.append(
            TestedBuild(
                buildid=row[0],
                failed=_sum(one.tests_failed for one in of_build),
                number=row[1],
                passed=_sum(one.tests_passed for one in of_build),
                results=row[2],
                revision=source[0][1] if source is not None and len(source) == 1 else None,
                started_at=row[3],
            )
        )
    return Looked(builds, sets, [sources.get(build.buildid) for build in builds])


def _sum(counts: Any) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _sets(connection: Connection, builder_id: int, most: int, last_build: int | None) -> dict[int, list[TestResultSet]]:
    query = sa.select(*test_results.SET_COLUMNS).where(
        _s.builder_id == builder_id,
        sa.or_(
            sa.and_(_s.category == "pass_fail", _s.value_unit == "boolean"),
            _s.category.in_(("pass_only", "fail_only")),
        ),
    )
    if last_build is not None:
        newest = sa.select(sa.func.max(_s.id)).where(_s.build_id == last_build).scalar_subquery()
        query = query.where(_s.build_id <= last_build, _s.id <= newest)
    found: dict[int, list[TestResultSet]] = {}
    for row in connection.sql.execute(query.order_by(_s.id.desc()).limit(most * _SETS_OF_A_BUILD)):
        one = test_results.set_from_row(tuple(row))
        if one.buildid in found or len(found) < most:
            found.setdefault(one.buildid, []).insert(0, one)
    return found


def _sources(
    connection: Connection, builds: Sequence[int]
) -> dict[int, tuple[tuple[str, str, int | None], ...] | None]:
    stamps: dict[int, list[tuple[str, str | None, int | None]]] = defaultdict(list)
    c = t.source_stamps.c
    query = (
        sa.select(_b.id, c.codebase, c.revision, c.patch_id)
        .select_from(
            t.builds.join(t.build_requests, t.build_requests.c.id == _b.build_request_id)
            .join(t.buildset_source_stamps, t.buildset_source_stamps.c.buildset_id == t.build_requests.c.buildset_id)
            .join(t.source_stamps, c.id == t.buildset_source_stamps.c.source_stamp_id)
        )
        .where(_b.id.in_(builds))
    )
    for build, *stamp in connection.sql.execute(query):
        stamps[build].append((stamp[0], stamp[1], stamp[2]))
    p = t.build_properties.c
    properties = connection.sql.execute(sa.select(p.build_id, p.properties).where(p.build_id.in_(builds)))
    got = {build: _got_revision(text) for build, text in properties}
    return {build: source_of(found, got.get(build)) for build, found in stamps.items()}


class _Properties(msgspec.Struct):
    got_revision: tuple[Any, str] | None = None


_properties = msgspec.json.Decoder(_Properties)


def _got_revision(properties: str) -> Any:
    found = _properties.decode(properties).got_revision
    return None if found is None else found[0]


# -- results ---------------------------------------------------------------------------


def failures(connection: Connection, looked: Looked) -> dict[Test, int]:
    """The tests that have failed in any of the builds, and how often; those of newer builds come first."""
    ids = looked.set_ids
    # steps write 1 for a success: what else means one is found when it is looked at
    has_failed = sa.or_(
        sa.and_(_r.test_result_set_id.in_(ids["pass_fail"]), _r.value != "1"),
        _r.test_result_set_id.in_(ids["fail_only"]),
    )
    query = sa.select(_r.name_id, _r.code_path_id, _r.value, _r.test_result_set_id).where(has_failed)
    found: dict[Test, int] = {}
    rows = connection.sql.execute(query.order_by(_r.test_result_set_id.desc(), _r.id).limit(_MOST_FAILURES))
    fail_only = frozenset(ids["fail_only"])
    for name_id, path_id, value, set_id in rows:
        if set_id in fail_only or not says_passed(value):
            test = (True, name_id) if name_id is not None else (False, path_id)
            found[test] = found.get(test, 0) + 1
    return found


def test_named(connection: Connection, builder_id: int, name: str) -> Test | None:
    """The test of a builder with that name."""
    text_id = test_results.text_id(connection, builder_id, name)
    return None if text_id is None else (True, text_id)


def results_of(connection: Connection, looked: Looked, tests: Sequence[Test]) -> dict[Test, dict[int, Result]]:
    """By test, and by set: a result of it, a failed one if there is any."""
    if not tests:
        return {}
    ids = looked.set_ids
    fail_only, pass_only = frozenset(ids["fail_only"]), frozenset(ids["pass_only"])
    named = [number for has_name, number in tests if has_name]
    unnamed = [number for has_name, number in tests if not has_name]
    is_wanted = sa.or_(_r.name_id.in_(named), sa.and_(_r.name_id.is_(None), _r.code_path_id.in_(unnamed)))
    is_looked_at = _r.test_result_set_id.in_([number for some in ids.values() for number in some])
    found: dict[Test, dict[int, Result]] = defaultdict(dict)
    for row in connection.sql.execute(sa.select(*_RESULT).select_from(_RESULTS).where(is_looked_at, is_wanted)):
        result = Result(*row)
        known = found[result.test].get(result.set_id)
        if known is None or _has_passed(known, fail_only, pass_only):
            found[result.test][result.set_id] = result
    return found


def outcomes_of(looked: Looked, results: Mapping[int, Result]) -> list[Outcome]:
    """What became of a test in each of the builds."""
    ids = looked.set_ids
    fail_only, pass_only = frozenset(ids["fail_only"]), frozenset(ids["pass_only"])
    return [
        outcome_of(
            _has_passed(results[one.test_result_setid], fail_only, pass_only)
            for one in looked.sets[build.buildid]
            if one.test_result_setid in results
        )
        for build in looked.builds
    ]


def _has_passed(result: Result, fail_only: frozenset[int], pass_only: frozenset[int]) -> bool:
    return result.set_id in pass_only or (result.set_id not in fail_only and says_passed(result.value))
