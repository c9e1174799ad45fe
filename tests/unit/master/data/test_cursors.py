"""Pages behind a place: every row that stays is seen once, whatever is added and removed meanwhile."""

from __future__ import annotations

import importlib
import pkgutil
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildmill.common.errors import InvalidInput
from buildmill.master.data.cursors import cursor_of, place_of
from buildmill.master.data.resultspec import apply, bounded, parse
from buildmill.master.data.types import TYPES
from buildmill.master.db import reading
from buildmill.master.db import tables as t
from buildmill.master.db.reading.builds import BUILDS
from buildmill.master.db.reading.collection import Collection
from buildmill.master.domain.queries import START, Page, Position, Query
from tests.database import NOW, Stage, open_stage
from tests.scene import Scene

BUILD = TYPES["build"]
ORDERS = ("buildid", "results", "complete_at", "complete", "state_string", "started_at", "workerid", "number")


@dataclass(frozen=True)
class Row:
    """A build; few values, so that many are equal."""

    results: int | None
    state: str
    started: int


@dataclass(frozen=True)
class Walk:
    """A walk through the builds.

    Attributes:
        rows: those at first.
        meanwhile: what happens behind each page: rows that are added, and places of rows that are removed.
    """

    rows: Sequence[Row]
    order: tuple[str, ...]
    limit: int
    meanwhile: Sequence[tuple[Sequence[Row], Sequence[int]]]


_rows = st.lists(
    st.builds(Row, st.sampled_from([None, 0, 1, 2]), st.sampled_from(["", "a", "B", "é"]), st.integers(0, 2)),
    max_size=12,
)
_orders = st.lists(st.tuples(st.sampled_from(["", "-"]), st.sampled_from(ORDERS)), max_size=3)
WALKS = st.builds(
    Walk,
    _rows,
    _orders.map(lambda found: tuple(sign + name for sign, name in found)),
    st.integers(1, 4),
    st.lists(st.tuples(_rows.map(lambda rows: rows[:3]), st.lists(st.integers(0, 20), max_size=2)), max_size=4),
)


class Builds:
    """The builds of a database."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.ids: list[int] = []
        self._number = 0
        self._do(self._parents)

    def _do(self, unit: Callable[..., Any], *args: Any) -> Any:
        return self.stage.result(self.stage.database.write(unit, *args))

    @staticmethod
    def _parents(tx: Any) -> None:
        tx.sql.execute(t.masters.insert().values(id=1, name="m", last_active=NOW))
        tx.sql.execute(t.builders.insert().values(id=1, name="b"))
        tx.sql.execute(t.workers.insert().values(id=1, name="w"))
        tx.sql.execute(t.buildsets.insert().values(id=1, submitted_at=NOW))
        tx.sql.execute(t.build_requests.insert().values(id=1, buildset_id=1, builder_id=1, submitted_at=NOW))

    def clear(self) -> None:
        self._do(lambda tx: tx.sql.execute(t.builds.delete()))
        self.ids.clear()

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            self._number += 1
            values = {
                "number": self._number, "builder_id": 1, "build_request_id": 1, "master_id": 1, "results": row.results,
                "worker_id": 1 if row.started else None, "state_string": row.state, "started_at": row.started,
                "complete_at": None if row.results is None else row.started,
            }  # fmt: skip
            adding = t.builds.insert().values(values).returning(t.builds.c.id)
            self.ids.append(self._do(lambda tx, adding=adding: tx.sql.execute(adding).scalar_one()))

    def remove(self, places: Sequence[int]) -> None:
        for place in places:
            if place < len(self.ids):
                gone = self.ids.pop(place)
                self._do(lambda tx, gone=gone: tx.sql.execute(t.builds.delete().where(t.builds.c.id == gone)))

    def page(self, query: Query) -> Page[Any]:
        return self.stage.result(self.stage.database.read(BUILDS.page, query))

    def page_in_memory(self, query: Query) -> Page[Any]:
        return apply(self.page(Query()).rows, query, BUILD)


def check(builds: Builds, walk: Walk, ask: Callable[[Query], Page[Any]]) -> None:
    builds.clear()
    builds.add(walk.rows)
    stayed, seen, place, pages = set(builds.ids), list[Any](), START, iter(walk.meanwhile)
    while True:
        page = ask(Query(order=walk.order, limit=walk.limit, after=place))
        assert len(page.rows) <= walk.limit
        seen += page.rows
        if page.next is None:
            break
        assert page.rows
        place = place_of(cursor_of(page.next), BUILD)
        assert place == page.next
        added, removed = next(pages, ((), ()))
        builds.add(added)
        builds.remove(removed)
        stayed &= set(builds.ids)

    ids = [build.buildid for build in seen]
    assert len(ids) == len(set(ids))
    assert stayed <= set(ids)
    # in the order of all pages, not of each
    assert seen == apply(sorted(seen, key=lambda build: build.buildid), Query(order=walk.order), BUILD).rows


@pytest.fixture(scope="module")
def builds() -> Any:
    stage = open_stage()
    yield Builds(stage)
    stage.close()


@given(walk=WALKS)
@settings(max_examples=80, deadline=None)
def test_each_row_that_stays_is_seen_once(builds: Builds, walk: Walk) -> None:
    check(builds, walk, builds.page)


@given(walk=WALKS)
@settings(max_examples=40, deadline=None)
def test_so_it_is_where_rows_are_paged_in_memory(builds: Builds, walk: Walk) -> None:
    check(builds, walk, builds.page_in_memory)


def test_so_it_is_on_each_database(stage: Stage) -> None:
    # the letters of "state" are ordered otherwise there
    builds, rng = Builds(stage), random.Random(7)

    def rows(most: int) -> list[Row]:
        return [Row(rng.choice([None, 0, 1]), "", rng.randrange(3)) for _ in range(rng.randrange(most))]

    for _ in range(15):
        order = tuple(rng.choice(["", "-"]) + name for name in rng.sample(ORDERS, rng.randrange(3)))
        meanwhile = [(rows(4), [rng.randrange(9)]) for _ in range(3)]
        check(builds, Walk(rows(12), order, rng.randint(1, 3), meanwhile), builds.page)


# -- cursors ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cursor",
    [
        "?", "AAAA", "é", "W10", "x" * 9000,
        cursor_of(Position(("-number",), ("a", 1))),
        cursor_of(Position(("-number",), (1,))),
        cursor_of(Position(("-number",), (1, 2, 3))),
        cursor_of(Position(("-number",), (1, "x"))),
        cursor_of(Position(("-number",), (2**63, 1))),
        cursor_of(Position(("-number",), (None, 1))),
        cursor_of(Position(("-number",), (True, 1))),
        cursor_of(Position(("nothing",), (1, 1))),
        cursor_of(Position(("properties",), (1, 1))),
        cursor_of(Position(("state_string",), ("\0", 1))),
        cursor_of(Position(("number",) * 50, (1,) * 51)),
    ],
)  # fmt: skip
def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput, match=r"^after: expected the `next` of another page"):
        parse([("after", cursor)], BUILD, is_collection=True)


def test_the_order_stands_in_the_cursor() -> None:
    cursor = cursor_of(Position(("-number",), (3, 7)))

    assert parse([("after", cursor)], BUILD, is_collection=True).query.order == ("-number",)


@pytest.mark.parametrize(
    ("parameters", "field"),
    [
        ([("after", ""), ("offset", "1")], "offset"),
        ([("after", ""), ("limit", "0")], "limit"),
        ([("after", ""), ("after", "")], "after"),
    ],
)
def test_what_does_not_go_together_is_refused(parameters: list[tuple[str, str]], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        parse(parameters, BUILD, is_collection=True)

    assert error.value.field == field


def test_a_cursor_of_another_order_is_refused(builds: Builds) -> None:
    place = Position(("-number",), (3, 7))

    for ask in (builds.page, builds.page_in_memory):
        with pytest.raises(InvalidInput, match=r"^after: belongs to another order"):
            ask(Query(order=("number",), limit=1, after=place))


# -- over the data API -----------------------------------------------------------------


def ask(scene: Scene, path: str, *parameters: tuple[str, str], most: int = 1000) -> Any:
    found = scene.data.find(path.split("/"))
    wanted = bounded(parse(parameters, found.endpoint.type, is_collection=True), most)
    return scene.stage.result(scene.data.read(found, wanted, lambda result: result))


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("builds", "-buildid"), ("builders/1/builds", "-buildid"), ("builders/fast/builds", ""),
        ("buildrequests", "-priority"),
        ("builders/1/buildrequests", ""), ("builders", "-name"), ("steps/2/logs", ""), ("builds/1/steps", "-number"),
        ("buildsets", "-submitted_at"), ("sourcestamps", ""), ("buildsets/1/sourcestamps", "branch"), ("masters", ""),
        ("changes", ""), ("builds/1/property_list", "-name"), ("workers/1/builds", ""), ("application.spec", "path"),
        ("builders/99/builds", ""), ("buildsets/x/sourcestamps", ""), ("codebases", ""),
    ],
)  # fmt: skip
def test_each_collection_leads_through_itself(quick_scene: Scene, path: str, order: str) -> None:
    first = [("order", order)] if order else []
    whole = ask(quick_scene, path, *first)
    seen, cursor = [], ""

    for _ in range(1000):
        result = ask(quick_scene, path, ("limit", "1"), ("after", cursor))
        if not cursor and order:
            result = ask(quick_scene, path, ("limit", "1"), ("after", cursor), *first)
        assert result.tells_next
        seen += result.rows
        if result.next is None:
            break
        cursor = result.next

    assert seen == list(whole.rows)


def test_an_answer_that_is_cut_says_how_to_go_on(quick_scene: Scene) -> None:
    cut = ask(quick_scene, "builds", most=1)
    rest = ask(quick_scene, "builds", ("after", cut.next or ""), most=1)

    assert [build.buildid for build in (*cut.rows, *rest.rows)] == [1, 2]
    assert (cut.tells_next, rest.next) == (True, None)


def test_an_answer_that_is_whole_says_nothing_of_pages(quick_scene: Scene) -> None:
    assert not ask(quick_scene, "builds", most=2).tells_next
    assert not ask(quick_scene, "builds", ("limit", "1"), most=2).tells_next


def test_reasons_have_no_places(quick_scene: Scene) -> None:
    with pytest.raises(InvalidInput, match=r"^after: this collection has no places"):
        ask(quick_scene, f"buildrequests/{quick_scene.waiting}/explain", ("after", ""))


def test_the_place_of_each_type_is_the_id_of_its_rows() -> None:
    """Otherwise a cursor would be compared with another column than it was made of."""
    names = [module.name for module in pkgutil.iter_modules(reading.__path__)]
    modules = [importlib.import_module(f"{reading.__name__}.{name}") for name in names]
    found = {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, Collection) and not name.startswith("_")
    }

    assert len(found) >= 15
    for name, type_ in COLLECTION_TYPES.items():
        assert found[name].fields[TYPES[type_].place].expression is found[name].key, name
    assert set(found) == set(COLLECTION_TYPES)


COLLECTION_TYPES = {
    "AUDIT": "audit_entry", "BRANCHES": "branch", "BUILDS": "build", "BUILDSETS": "buildset",
    "BUILDS_OF_BRANCHES": "build_of_branch", "PENDING": "pending_request", "TIMED_BUILDS": "timed_build",
    "BUILDS_WITH_PROPERTIES": "build", "CHANGES": "change", "COMMITS": "commit", "GRAPH_ATTEMPTS": "graph_attempt",
    "GRAPH_BUILDS": "graph_build", "GRAPH_JOBS": "graph_job", "JOB_SPECS": "job_spec", "LOGS": "log",
    "REQUESTS": "buildrequest", "REQUESTS_WITH_PROPERTIES": "buildrequest", "SOURCE_STAMPS": "sourcestamp",
    "STAGING_APPS": "staging_app", "STAGING_BUILDPACKS": "staging_buildpack", "STAGING_BUILDS": "staging_build",
    "STAGING_CACHES": "staging_cache", "STAGING_DROPLETS": "staging_droplet", "STAGING_PACKAGES": "staging_package",
    "STEPS": "step", "TARGETS": "target", "TARGET_VERSIONS": "target_version", "TEST_RESULTS": "test_result",
    "TEST_RESULT_SETS": "test_result_set",
}  # fmt: skip
