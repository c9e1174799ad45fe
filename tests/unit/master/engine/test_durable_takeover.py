"""A master that dies while a build takes over what an earlier one had: the next one decides nothing anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from twisted.internet.defer import Deferred

from buildmill.common.results import FAILURE, SUCCESS
from buildmill.master.db import soundness
from buildmill.master.db import tables as t
from buildmill.master.db.tables_of_rebuilds import taken_builds
from buildmill.master.domain.taking_over import Part
from buildmill.master.schedulers.triggerable import Triggerable
from buildmill.master.steps.shell import ShellCommand
from buildmill.master.steps.trigger import Trigger
from tests.durable import DurableWorker
from tests.harness import Harness


class Killed(Triggerable):
    """A scheduler during whose work the master dies, before or after it has asked."""

    def __init__(self, *args: Any, has_asked: bool) -> None:
        super().__init__(*args)
        self._has_asked = has_asked

    async def trigger_others(self, *args: Any, **asked: Any) -> Any:
        if self._has_asked:
            await super().trigger_others(*args, **asked)
        await Deferred()


@pytest.fixture
def house(tmp_path: Path, schema_url: str) -> Iterator[Harness]:
    house = Harness(tmp_path, schema_url, new_worker=DurableWorker)
    yield house
    house.turn()
    assert house.result(house.database.read(soundness.row_problems, int(house.clock.seconds()))) == []
    house.close()


def use(house: Harness, scheduler: Triggerable) -> None:
    house.result(scheduler.activate(house.master))
    house.master.schedulers = {scheduler.name: scheduler}


def worker_of(house: Harness) -> DurableWorker:
    worker = house.worker
    assert isinstance(worker, DurableWorker)
    return worker


def first_build(house: Harness) -> None:
    """A build of which one of two triggered builds has failed."""
    a, b = (house.builder(ShellCommand(command=[name]), name=name) for name in ("a", "b"))
    house.start(house.builder(Trigger(schedulerNames=["both"], waitForFinish=True)), a, b)
    use(house, Triggerable("both", ["a", "b"]))
    worker_of(house).script = lambda worker, command: worker.end(command, rc=0 if "'a'" in str(command.start) else 1)
    house.force()
    assert house.results() == [FAILURE, SUCCESS, FAILURE]
    worker_of(house).script = lambda _worker, _command: None


def make_bad(house: Harness, build: int) -> None:
    """What was good is not good any more."""
    change = t.builds.update().where(t.builds.c.id == build).values(results=FAILURE)
    house.result(house.database.write(lambda tx: tx.sql.execute(change) and None))


@pytest.mark.parametrize("when", ["before it asks", "after it has asked", "while it waits"])
def test_a_killed_master_takes_over_the_same_and_asks_once(house: Harness, when: str) -> None:
    first_build(house)
    if when != "while it waits":
        use(house, Killed("both", ["a", "b"], has_asked=when.startswith("after")))
    house.result(house.updates.rebuildBuild(1, Part.FAILED))
    house.turn()

    house.crash()
    make_bad(house, 2)
    house.restart()
    use(house, Triggerable("both", ["a", "b"]))
    worker_of(house).connect()
    house.turn()
    worker_of(house).end(worker_of(house).command)
    house.turn()

    assert house.results() == [FAILURE, FAILURE, FAILURE, SUCCESS, SUCCESS]
    (step,) = (step for step in house.steps(4) if step.name == "trigger")
    assert (step.results, step.state_string) == (SUCCESS, "triggered both, 1 success, 1 taken over")
    assert house.rows(sa.select(taken_builds.c.build_id, taken_builds.c.taken_build_id)) == [(4, 2)]
    assert len(house.rows(sa.select(t.buildsets.c.id).where(t.buildsets.c.parent_build_id == 4))) == 1
