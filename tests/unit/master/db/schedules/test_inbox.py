"""An event for many schedules: told in one statement, looked at in slices, as if all had looked at once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.master.db.schedules import happenings, inbox, store
from buildmill.master.db.schedules.rows import INBOX, RUNS, SCHEDULES
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.schedules.values import PausedBy, submitted
from tests.database import Stage
from tests.unit.master.db.schedules.test_firing import BUILD, BUILT, JOB, MIDNIGHT, NIGHTLY, UPDATE, UPDATED, Schedules
from tests.unit.master.db.schedules.test_firing import rid_of as rid
from tests.unit.master.orchestration.graphs import graph_of, spec
from tests.unit.master.web.foundry.house import House, updated

MANY = 2 * inbox.AT_ONCE + 20


@pytest.fixture
def many(stage: Stage) -> Schedules:
    schedules = Schedules(stage)

    def create(tx: Transaction) -> None:
        for number in range(MANY):
            store.create(tx, rid(f"s{number:03}"), schedules.new(UPDATE))

    schedules.write(create)
    return schedules


def count(stage: Stage, table: sa.Table, *where: Any) -> int:
    ((found,),) = stage.rows(sa.select(sa.func.count()).select_from(table).where(*where))
    return int(found)


def test_each_slice_is_a_unit_of_work_of_its_own(many: Schedules) -> None:
    stage = many.stage
    many.write(happenings.happened, UPDATED)
    assert (count(stage, INBOX), count(stage, RUNS)) == (MANY, 0)

    begun, more = [], True
    while more:
        more = many.write(inbox.work_off)
        begun.append(count(stage, RUNS))

    assert begun == [inbox.AT_ONCE, 2 * inbox.AT_ONCE, MANY]
    assert count(stage, INBOX) == 0
    assert count(stage, SCHEDULES, SCHEDULES.c.active_run_rid.is_(None)) == 0
    many.write(happenings.happened, UPDATED)
    many.look()
    assert (count(stage, RUNS), count(stage, SCHEDULES, SCHEDULES.c.pending == 1)) == (MANY, MANY)


def statements(stage: Stage, unit: Any, *args: Any) -> int:
    """How many a unit of work executes on SQLAlchemy's connection; those that are repeated for rows count once."""
    seen: list[str] = []

    def counted(tx: Transaction) -> None:
        engine = tx.sql.engine
        sa.event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
        unit(tx, *args)

    stage.result(stage.database.write(counted))
    return len(seen)


def test_a_slice_takes_as_many_statements_for_many_schedules_as_for_few(memory: Stage) -> None:
    schedules = Schedules(memory)
    found = []
    for size in (3, inbox.AT_ONCE):
        while count(memory, SCHEDULES) < size:
            schedules.create(UPDATE, f"s{count(memory, SCHEDULES)}")
        schedules.write(happenings.happened, UPDATED)
        found.append(statements(memory, inbox.work_off))
        for number in range(size):
            schedules.resolve(submitted(f"{BUILD}.{size}.{number}"), rid(f"s{number}"))
            schedules.build_ended("CANCELED", rid(f"s{number}"), f"{BUILD}.{size}.{number}")

    few, many = found
    assert few == many < 15


def test_what_was_told_before_a_pause_fires_and_what_came_later_does_not(quick: Schedules) -> None:
    quick.create(UPDATE)
    quick.write(happenings.happened, UPDATED)

    quick.write(store.pause, rid("s"))
    quick.write(happenings.happened, UPDATED)
    quick.look()

    assert len(quick.runs()) == 1
    assert (quick.get().paused_by, quick.get().is_pending) == (PausedBy.USER, False)


def test_what_was_told_before_a_replacement_is_not_taken_for_the_new_trigger(quick: Schedules) -> None:
    quick.create({"type": "and", "triggers": [UPDATE, JOB]})
    quick.write(happenings.happened, UPDATED)

    quick.write(store.replace, rid("s"), quick.new({"type": "and", "triggers": [UPDATE, JOB]}))
    quick.write(happenings.happened, BUILT)
    quick.look()

    assert quick.runs() == []
    assert quick.codes() == ["waits_for_event", "event_happened"]


def test_what_was_told_while_a_run_went_on_is_one_more_fire_at_its_end(quick: Schedules) -> None:
    quick.create(UPDATE)
    quick.happened(UPDATED)
    quick.resolve(submitted(BUILD))

    quick.write(happenings.happened, UPDATED)
    quick.write(happenings.happened, UPDATED)
    quick.write(happenings.build_ended, BUILD, rid("s"), "CANCELED")  # nobody has looked
    quick.look()

    assert len(quick.runs()) == 2
    assert not quick.get().is_pending


def test_two_events_in_one_slice_are_a_run_and_a_fire_to_come(quick: Schedules) -> None:
    quick.create(UPDATE)

    quick.write(happenings.happened, UPDATED)
    quick.write(happenings.happened, UPDATED)
    quick.look()

    assert len(quick.runs()) == 1
    assert quick.get().is_pending


def test_an_event_just_told_is_seen_at_the_time_of_a_trigger(quick: Schedules) -> None:
    quick.create({"type": "and", "triggers": [NIGHTLY, UPDATE]})
    quick.stage.clock.advance(MIDNIGHT - quick.stage.clock.seconds())
    quick.write(happenings.happened, UPDATED)

    quick.write(happenings.tick, 0)

    assert len(quick.runs()) == 1


@pytest.fixture
def quick(memory: Stage) -> Schedules:
    return Schedules(memory)


@pytest.fixture
def house(memory: Stage) -> Iterator[House]:
    house = House(memory, graph_of(spec("clean", "raw")))
    yield house
    house.end_all()


def test_a_master_goes_on_with_the_slice_at_which_another_has_died(house: House) -> None:
    made = [house.schedule("clean", trigger=updated("raw"))["rid"] for _ in range(inbox.AT_ONCE + 3)]
    house.kill_schedules()
    house.commit("raw")
    assert house.stage.result(house.updates.run(inbox.work_off))
    assert count(house.stage, RUNS) == inbox.AT_ONCE

    house.start_schedules()

    assert [len(house.runs(one)) for one in made] == [1] * len(made)
