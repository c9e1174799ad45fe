"""Old logs are deleted by a builder of its own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.common.errors import ConfigError
from buildmill.common.results import SUCCESS
from buildmill.master.config.loader import load
from buildmill.master.db import audit
from buildmill.master.db import tables as t
from buildmill.master.domain.audit import NewEntry
from buildmill.master.domain.log_horizons import UNKNOWN, LogHorizons
from buildmill.master.domain.renderables import Property
from buildmill.master.domain.rights import Actor
from buildmill.master.logs import store
from buildmill.master.steps.janitor import AuditJanitor, LogChunksJanitor
from buildmill.master.steps.properties import LogRenderable
from buildmill.plugins.janitor import JanitorConfigurator
from tests.unit.master.steps.runs import Runs

DAY = 86400
BIG = "\n".join(f"{n:09}" for n in range(20_000))


def kept(runs: Runs) -> list[tuple[str, int]]:
    """Type and number of lines of each log, oldest first."""
    rows = runs.harness.rows(sa.select(t.logs.c.type, t.logs.c.num_lines).order_by(t.logs.c.id))
    return [(kind, lines) for kind, lines in rows]


def frames(runs: Runs) -> int:
    [(count,)] = runs.harness.rows(sa.select(sa.func.count()).select_from(t.log_frames))
    return int(count)


def test_the_text_of_old_logs_goes_and_their_rows_stay(runs: Runs) -> None:
    runs.start(LogRenderable(content=BIG), LogChunksJanitor(timedelta(days=1)))
    runs.again()
    runs.harness.clock.advance(2 * DAY)
    before = frames(runs)

    _, janitor = runs.again()

    assert janitor.results == SUCCESS
    assert [kind for kind, _ in kept(runs)] == ["d", "t"]
    assert kept(runs)[0][1] == 0
    assert frames(runs) == before
    assert len(list((runs.basedir / "logs").rglob("*.*"))) <= 1
    assert janitor.state_string.startswith("deleted 1 logs with ")


def test_many_logs_are_deleted_a_few_at_a_time(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "EXPIRED_AT_ONCE", 2)
    runs.start(*(LogRenderable(content="x") for _ in range(5)))
    runs.again()

    deleted = []
    while (some := runs.harness.result(runs.harness.logs.expire(2**31, [1])))[0]:
        deleted.append(some[0])

    assert deleted == [2, 2, 1]
    assert frames(runs) == 0


def test_a_deletion_that_was_cut_short_is_gone_on_with(runs: Runs) -> None:
    runs.start(LogRenderable(content=BIG))
    runs.again()
    [(log,)] = runs.harness.rows(sa.select(t.logs.c.id))
    from buildmill.master.db import logs

    runs.harness.result(runs.harness.database.write(logs.mark_deleted, [log]))

    assert runs.harness.result(runs.harness.logs.expire(2**31, [1]))[0] == 1
    assert frames(runs) == 0


HORIZON: Any = Property("horizon")


class OtherWay(LogChunksJanitor):
    async def run(self) -> int:
        return SUCCESS


@pytest.mark.parametrize(
    ("janitor", "expected"),
    [
        (LogChunksJanitor(timedelta(7)), LogHorizons(general=timedelta(7))),
        (LogChunksJanitor(), LogHorizons()),
        (
            LogChunksJanitor(HORIZON, {"b1": timedelta(1)}, {"slow": timedelta(2)}),
            LogHorizons(of_builders={"b1": timedelta(1)}, of_tags={"slow": timedelta(2)}, is_general_known=False),
        ),
        (LogChunksJanitor(timedelta(7), doStepIf=False), None),
        (LogChunksJanitor(timedelta(7), doStepIf=lambda _: True), UNKNOWN),
        (OtherWay(timedelta(7)), UNKNOWN),
    ],
)
def test_the_step_tells_beforehand_what_it_will_delete(janitor: LogChunksJanitor, expected: LogHorizons | None) -> None:
    assert janitor.log_horizons() == expected


def test_old_entries_of_the_audit_log_go(runs: Runs) -> None:
    database = runs.harness.database
    for path in ("builds/1", "builds/2"):
        entry = NewEntry(actor=Actor("ann"), action="builds.stop", method="stop", path=path)
        runs.harness.result(database.write(audit.append, entry))
        runs.harness.clock.advance(300 * DAY)
    runs.start(AuditJanitor())

    (janitor,) = runs.again()

    assert (janitor.results, janitor.state_string) == (SUCCESS, "removed 1 entries of the audit log")
    assert [path for (path,) in runs.harness.rows(sa.select(t.audit_entries.c.path))] == ["builds/2", "audit"]
    assert runs.harness.result(database.read(lambda connection: list(audit.problems(connection)))) == []


@pytest.mark.parametrize(
    ("arguments", "days"),
    [({"logHorizon": timedelta(1)}, 365), ({"audit_horizon": timedelta(30)}, 30)],
)
def test_the_configurator_keeps_the_audit_log_for_a_year(arguments: dict[str, Any], days: int) -> None:
    config: dict[str, Any] = {}

    JanitorConfigurator(**arguments).configure(config)

    (builder,) = config["builders"]
    _, janitor = [recipe.build() for recipe in builder.factory.steps]
    assert isinstance(janitor, AuditJanitor)
    assert janitor.horizon == timedelta(days)


def test_the_configurator_adds_what_deletes_logs_at_night(tmp_path: Path) -> None:
    (tmp_path / "master.cfg").write_text(
        "from datetime import timedelta\n"
        "from buildbot.plugins import *\n"
        "c = BuildmasterConfig = {}\n"
        "week = timedelta(weeks=1)\n"
        "janitor = util.JanitorConfigurator(logHorizon=week, build_data_horizon=week, hour=12, dayOfWeek=6)\n"
        "c['configurators'] = [janitor]\n"
    )

    config = load(tmp_path)

    assert [builder.name for builder in config.builders] == ["__Janitor"]
    assert [scheduler.name for scheduler in config.schedulers] == ["__Janitor", "__Janitor_force"]
    assert [worker.name for worker in config.workers] == ["__Janitor"]
    assert "build_data_horizon has no effect" in config.notices[0].text


def test_without_a_horizon_it_adds_nothing() -> None:
    config: dict[str, Any] = {}

    JanitorConfigurator(build_data_horizon=timedelta(1)).configure(config)

    assert all(value == [] for value in config.values())


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"audit_horizon": 3}, "audit_horizon must be a timedelta, not 3"),
        ({"logHorizon": 3}, "logHorizon must be a timedelta, not 3"),
        ({"log_horizon_of_tags": {"a": 3}}, r"log_horizon_of_tags\['a'\] must be a timedelta, not 3"),
        ({"log_horizon_of_builders": 3}, "log_horizon_of_builders must be a dictionary"),
    ],
)
def test_wrong_arguments_are_errors_of_the_configuration(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        JanitorConfigurator(**arguments)
