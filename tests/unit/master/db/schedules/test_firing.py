"""The state of triggers, runs and the one fire that is remembered, on both databases."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from buildmill.common.errors import NotFound
from buildmill.master.db.engine import create_engine
from buildmill.master.db.one_unit import run_blocking
from buildmill.master.db.schedules import firing, happenings, inbox, store
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.orchestration.values import ManualTarget
from buildmill.master.domain.schedules.refusals import AlreadyRunning
from buildmill.master.domain.schedules.triggers import Happening, Trigger
from buildmill.master.domain.schedules.values import (
    IGNORED,
    Action,
    Definition,
    Editor,
    PausedBy,
    RunError,
    RunResult,
    Schedule,
    ScheduleRun,
    UserScope,
    failed,
    submitted,
)
from tests.database import NOW, Stage
from tests.programs import wait_for

RAW, CLEAN = "ri.foundry.main.dataset.raw", "ri.foundry.main.dataset.clean"
BUILD = "ri.foundry.main.build.b"
UPDATED = Happening("datasetUpdated", RAW, "master")
BUILT = Happening("jobSucceeded", CLEAN, "master")
ANN = Editor(user_id="00000000-0000-0000-0000-00000000000a", username="ann")
MIDNIGHT = NOW - NOW % 86_400 + 86_400

UPDATE = {"type": "datasetUpdated", "datasetRid": RAW, "branchName": "master"}
JOB = {"type": "jobSucceeded", "datasetRid": CLEAN, "branchName": "master"}
NIGHTLY = {"type": "time", "cronExpression": "0 0 * * *", "timeZone": "UTC"}


def rid_of(name: str) -> str:
    return f"ri.scheduler.main.schedule.{name}"


class Schedules:
    """Schedules on a stage."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._count = 0

    def write(self, unit: Any, *args: Any) -> Any:
        return self.stage.result(self.stage.database.write(unit, *args))

    def new(self, trigger: Any) -> store.NewSchedule:
        self._count += 1
        action = Action(target=ManualTarget((CLEAN,)), branch_name="master")
        definition = Definition(trigger=msgspec.convert(trigger, Trigger), action=action, scope=UserScope())
        return store.NewSchedule(
            version_rid=f"ri.scheduler.main.schedule-version.{self._count}",
            name=None,
            description=None,
            definition=definition,
            editor=ANN,
            run_seed=f"{self._count:032}",
        )

    def create(self, trigger: Any, name: str = "s") -> str:
        self.write(store.create, rid_of(name), self.new(trigger))
        return rid_of(name)

    def get(self, rid: str = rid_of("s")) -> Schedule:
        return self.stage.result(self.stage.database.read(store.get, rid))

    def runs(self, rid: str = rid_of("s")) -> list[ScheduleRun]:
        return self.stage.result(self.stage.database.read(store.runs, rid, None, 100))

    def happened(self, *what: Happening) -> None:
        self.write(happenings.happened, *what)
        self.look()

    def look(self) -> None:
        """Schedules look at all that they were told."""
        while self.write(inbox.work_off):
            pass

    def resolve(self, result: RunResult, rid: str = rid_of("s")) -> bool:
        active = self.get(rid).active_run
        assert active is not None
        resolved: bool = self.write(happenings.run_resolved, active, rid, result)
        self.look()
        return resolved

    def build_ended(self, status: str, rid: str = rid_of("s"), build: str = BUILD) -> None:
        self.write(happenings.build_ended, build, rid, status)
        self.look()

    def codes(self, rid: str = rid_of("s")) -> list[str]:
        found = self.stage.result(self.stage.database.read(store.explain, rid))
        return [reason.code for reason in found]


@pytest.fixture
def schedules(stage: Stage) -> Schedules:
    return Schedules(stage)


@pytest.fixture
def quick(memory: Stage) -> Schedules:
    return Schedules(memory)


def test_events_are_gathered_until_all_have_happened(schedules: Schedules) -> None:
    schedules.create({"type": "and", "triggers": [UPDATE, JOB]})

    schedules.happened(UPDATED, UPDATED, Happening("datasetUpdated", RAW, "feature"))
    assert schedules.runs() == []
    assert schedules.codes() == ["event_happened", "waits_for_event"]
    schedules.happened(BUILT)

    (run,) = schedules.runs()
    assert (run.result, run.created_by, run.version_rid) == (None, None, schedules.get().version.rid)
    assert schedules.codes() == ["running", "waits_for_event", "waits_for_event"]


def test_one_fire_is_remembered_while_a_run_is_in_progress(schedules: Schedules) -> None:
    schedules.create(UPDATE)
    schedules.happened(UPDATED)
    schedules.resolve(submitted(BUILD))

    schedules.happened(UPDATED)
    schedules.happened(UPDATED)
    assert (len(schedules.runs()), schedules.get().is_pending) == (1, True)
    schedules.build_ended("CANCELED")

    second, first = schedules.runs()
    assert first.result == submitted(BUILD)
    assert (second.result, schedules.get().active_run, schedules.get().is_pending) == (None, second.rid, False)
    schedules.resolve(IGNORED)
    assert (len(schedules.runs()), schedules.get().active_run) == (2, None)


def test_a_result_is_written_once(schedules: Schedules) -> None:
    schedules.create(UPDATE)
    schedules.happened(UPDATED)
    run = schedules.runs()[0]

    assert schedules.resolve(submitted(BUILD))
    assert not schedules.write(happenings.run_resolved, run.rid, rid_of("s"), IGNORED)

    assert schedules.runs()[0].result == submitted(BUILD)


def test_a_run_by_hand_is_refused_while_one_is_in_progress(schedules: Schedules) -> None:
    rid = schedules.create({"type": "manual"})

    run = schedules.write(firing.run_by_hand, rid, ANN.user_id)
    with pytest.raises(AlreadyRunning):
        schedules.write(firing.run_by_hand, rid, ANN.user_id)

    assert run.created_by == ANN.user_id
    assert schedules.runs() == [run]


def test_pausing_forgets_what_was_seen_and_remembered(schedules: Schedules) -> None:
    rid = schedules.create({"type": "and", "triggers": [UPDATE, JOB]})
    schedules.happened(UPDATED)

    schedules.write(store.pause, rid)
    schedules.happened(BUILT)
    schedules.write(store.unpause, rid)
    schedules.happened(BUILT)
    assert schedules.runs() == []
    schedules.happened(UPDATED)

    assert len(schedules.runs()) == 1
    schedules.happened(UPDATED, BUILT)
    assert schedules.get().is_pending
    schedules.write(store.pause, rid)
    assert (schedules.get().is_pending, schedules.codes()[:2]) == (False, ["running", "paused"])


def test_replacing_makes_a_version_and_forgets_what_was_seen(schedules: Schedules) -> None:
    rid = schedules.create({"type": "and", "triggers": [UPDATE, JOB]})
    old = schedules.get().version
    schedules.happened(UPDATED)
    schedules.write(store.pause, rid)

    new = schedules.write(store.replace, rid, schedules.new(UPDATE))

    assert new.paused_by is PausedBy.USER
    assert new.version.rid != old.rid
    kept = schedules.stage.result(schedules.stage.database.read(store.version, old.rid))
    assert kept == old
    schedules.write(store.unpause, rid)
    schedules.happened(BUILT)
    assert schedules.runs() == []


def test_of_a_deleted_schedule_the_versions_stay(schedules: Schedules) -> None:
    rid = schedules.create(UPDATE)
    version = schedules.get().version
    schedules.happened(UPDATED)
    run = schedules.runs()[0]

    schedules.write(store.delete, rid)
    schedules.happened(UPDATED)

    with pytest.raises(NotFound):
        schedules.get()
    assert schedules.stage.result(schedules.stage.database.read(store.version, version.rid)) == version
    assert not schedules.write(happenings.run_resolved, run.rid, rid, submitted(BUILD))
    schedules.build_ended("SUCCEEDED")


def test_schedules_wait_for_one_another(schedules: Schedules) -> None:
    schedules.create(UPDATE)
    after = schedules.create({"type": "scheduleSucceeded", "scheduleRid": rid_of("s")}, "after")
    alarm = schedules.create({"type": "scheduleFailed", "scheduleRid": rid_of("s")}, "alarm")

    for ending in ("SUCCEEDED", "CANCELED", "FAILED"):
        schedules.happened(UPDATED)
        schedules.resolve(submitted(f"{BUILD}.{ending}"))
        schedules.build_ended(ending, build=f"{BUILD}.{ending}")
    assert (len(schedules.runs(after)), len(schedules.runs(alarm))) == (1, 1)
    schedules.resolve(IGNORED, alarm)
    for result in (IGNORED, failed(RunError.CYCLIC_DEPENDENCY, "a cycle")):
        schedules.happened(UPDATED)
        schedules.resolve(result)

    assert (len(schedules.runs(after)), len(schedules.runs(alarm))) == (1, 2)


def test_a_schedule_that_waits_for_itself_runs_again(quick: Schedules) -> None:
    rid = quick.create(UPDATE)
    quick.write(store.replace, rid, quick.new({"type": "scheduleSucceeded", "scheduleRid": rid}))
    quick.write(firing.run_by_hand, rid, ANN.user_id)
    quick.resolve(submitted(BUILD))

    quick.build_ended("SUCCEEDED")

    assert len(quick.runs()) == 2
    assert quick.get().active_run == quick.runs()[0].rid


def test_too_many_failures_pause_and_a_success_by_hand_sets_it_going(quick: Schedules) -> None:
    quick.write(happenings.set_pause_after, 2)
    rid = quick.create(UPDATE)
    for _ in range(2):
        quick.happened(UPDATED)
        quick.resolve(failed(RunError.JOB_SPEC_NOT_FOUND, "none"))
    assert quick.get().paused_by is PausedBy.FAILURES

    quick.happened(UPDATED)
    assert len(quick.runs()) == 2
    quick.write(firing.run_by_hand, rid, ANN.user_id)
    quick.resolve(submitted(BUILD))
    quick.build_ended("SUCCEEDED")

    assert (quick.get().paused_by, quick.get().failures) == (None, 0)


# -- times -----------------------------------------------------------------------------


def tick_at(schedules: Schedules, instant: int, missed_before: int = 0) -> None:
    schedules.stage.clock.advance(instant - schedules.stage.clock.seconds())
    schedules.write(happenings.tick, missed_before)


def test_a_time_fires_once_at_its_instant(schedules: Schedules) -> None:
    schedules.create(NIGHTLY)
    assert schedules.get().next_due_at == MIDNIGHT

    tick_at(schedules, MIDNIGHT - 1)
    assert schedules.runs() == []
    tick_at(schedules, MIDNIGHT)
    tick_at(schedules, MIDNIGHT + 1)

    assert [run.created_at for run in schedules.runs()] == [MIDNIGHT]
    assert schedules.get().next_due_at == MIDNIGHT + 86_400


def test_an_event_is_kept_for_the_time(schedules: Schedules) -> None:
    schedules.create({"type": "and", "triggers": [NIGHTLY, UPDATE]})
    schedules.happened(UPDATED)
    assert schedules.runs() == []

    tick_at(schedules, MIDNIGHT)
    schedules.resolve(IGNORED)
    tick_at(schedules, MIDNIGHT + 86_400)

    assert len(schedules.runs()) == 1
    assert schedules.codes() == ["waits_for_event", "waits_for_time", "last_run"]


@pytest.mark.parametrize(("missed_before", "late"), [(MIDNIGHT + 11, 10), (0, 3600)])
def test_a_time_that_no_master_saw_is_not_made_up_for(quick: Schedules, missed_before: int, late: int) -> None:
    quick.create(NIGHTLY)

    tick_at(quick, MIDNIGHT + late, missed_before)

    assert quick.runs() == []
    assert (quick.get().missed_at, quick.get().next_due_at) == (MIDNIGHT, MIDNIGHT + 86_400)
    assert "missed" in quick.codes()


def test_times_while_paused_are_not_seen(quick: Schedules) -> None:
    rid = quick.create(NIGHTLY)
    quick.write(store.pause, rid)

    tick_at(quick, MIDNIGHT)
    assert quick.get().next_due_at is None
    quick.write(store.unpause, rid)

    assert quick.get().next_due_at == MIDNIGHT + 86_400
    assert quick.runs() == []


# -- several masters -------------------------------------------------------------------


@pytest.mark.parametrize("schema_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_two_masters_that_look_at_once_make_one_fire(schedules: Schedules, schema_url: str) -> None:
    """Neither sees what the other has not committed: so the second one waits for the first."""
    schedules.create({"type": "and", "triggers": [UPDATE, JOB]})
    schedules.write(happenings.happened, UPDATED)
    schedules.write(happenings.happened, BUILT)
    engine, url = create_engine(make_url(schema_url)), make_url(schema_url)
    other = threading.Thread(target=run_blocking, args=(url, NOW, inbox.work_off))
    waiting = sa.text("SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database OR database IS NULL "
                      "WHERE NOT granted AND d.datname = current_database()")  # fmt: skip

    with engine.begin() as first:
        inbox.work_off(Transaction(first, NOW))
        other.start()
        with engine.connect() as watching:
            wait_for(lambda: watching.execute(waiting).scalar() or not other.is_alive(), 30)
            assert other.is_alive()
    other.join()
    engine.dispose()

    assert len(schedules.runs()) == 1
    assert not schedules.get().is_pending


@pytest.mark.parametrize("schema_url", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_telling_waits_for_nobody_who_looks(schedules: Schedules, schema_url: str) -> None:
    schedules.create(UPDATE)
    schedules.write(happenings.happened, UPDATED)
    engine, url = create_engine(make_url(schema_url)), make_url(schema_url)

    with engine.begin() as first:
        inbox.work_off(Transaction(first, NOW))
        run_blocking(url, NOW, happenings.happened, UPDATED)
    engine.dispose()
    schedules.look()

    assert len(schedules.runs()) == 1
    assert schedules.get().is_pending


def test_two_masters_make_one_fire_of_an_instant(schedules: Schedules, schema_url: str) -> None:
    schedules.create(NIGHTLY)
    begin = threading.Barrier(2)

    def master() -> None:
        begin.wait()
        run_blocking(make_url(schema_url), MIDNIGHT, happenings.tick)

    masters = [threading.Thread(target=master) for _ in range(2)]
    for thread in masters:
        thread.start()
    for thread in masters:
        thread.join()

    assert len(schedules.runs()) == 1
    assert not schedules.get().is_pending
