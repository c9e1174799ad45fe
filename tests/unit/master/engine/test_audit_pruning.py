"""Old entries of the audit log go by themselves, once a day, or never."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from buildmill.common.errors import Unavailable
from buildmill.master.db import audit
from buildmill.master.db import tables as t
from buildmill.master.domain.audit import NewEntry
from buildmill.master.domain.rights import Actor
from buildmill.master.engine.audit_pruning import AuditPruning
from buildmill.master.engine.daily import EVERY_SECONDS
from tests.database import Stage

ENTRY = NewEntry(actor=Actor("ann"), action="builds.stop", method="stop", path="builds/1")


def actions(stage: Stage) -> list[str]:
    return [row[0] for row in stage.rows(sa.select(t.audit_entries.c.action).order_by(t.audit_entries.c.id))]


def add(stage: Stage) -> None:
    stage.result(stage.database.write(audit.append, ENTRY))


def test_what_is_too_old_goes_at_the_begin_and_once_a_day(memory: Stage) -> None:
    add(memory)
    memory.advance(3 * 86_400)
    add(memory)
    pruning = AuditPruning(memory.database.write, memory.clock, lambda: timedelta(days=2))

    pruning.start()
    memory.turn()
    begun = actions(memory)
    for _ in range(2):
        memory.advance(EVERY_SECONDS + 1)
    pruning.stop()

    assert begun == ["builds.stop", "audit.prune"]
    assert actions(memory) == ["audit.prune"]  # that of the second day: the first one is old itself
    assert memory.clock.getDelayedCalls() == []


def test_for_ever_is_for_ever_until_the_configuration_says_something_else(memory: Stage) -> None:
    add(memory)
    memory.advance(4000 * 86_400)
    horizons: list[timedelta | None] = [None, timedelta(days=1)]
    pruning = AuditPruning(memory.database.write, memory.clock, lambda: horizons.pop(0))

    assert memory.result(pruning.prune()) == 0
    assert memory.result(pruning.prune()) == 1


def test_a_day_on_which_nothing_can_be_written_is_passed_over(memory: Stage) -> None:
    answers: list[Any] = [Unavailable("the disk is full"), 2, 0]

    async def run(_unit: Any, _before: int) -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    pruning = AuditPruning(run, memory.clock, lambda: timedelta(days=1))

    assert [memory.result(pruning.prune()) for _ in range(2)] == [0, 2]
