"""Builds at certain times."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from buildmill.common.errors import ConfigError
from buildmill.master.domain.properties import Properties
from buildmill.master.schedulers.cron import CronRule, local_timezone
from buildmill.master.schedulers.timed import Nightly, NightlyTriggerable, Periodic, Timed
from tests.database import NOW
from tests.leftovers import FailureLog
from tests.unit.master.schedulers.house import House

BERLIN = ZoneInfo("Europe/Berlin")


class Unrenderable:
    def getRenderingFor(self, props: Any) -> Any:
        raise ValueError("no value")


def periodic(**options: Any) -> Periodic:
    return Periodic(**{"name": "s", "builderNames": ["b1"], "periodicBuildTimer": 100, **options})


def nightly(**options: Any) -> Nightly:
    scheduler = Nightly(**{"name": "s", "builderNames": ["b1"], "hour": 3, **options})
    scheduler.timezone = UTC
    return scheduler


def times(house: House) -> list[int]:
    """When each buildset was asked for, in seconds since the test began."""
    return [buildset["submitted_at"] - NOW for buildset in house.buildsets()]


def until(hour: int, minute: int = 0) -> int:
    """Seconds from the beginning of the test (22:13:20 UTC) to the next such time."""
    return (hour * 3600 + minute * 60 - NOW) % 86400


def advance(house: House, seconds: int) -> None:
    """Move the clock in steps of a minute, as a real one would go."""
    for _ in range(seconds // 60):
        house.advance(60)
    house.advance(seconds % 60)


def test_periodic_builds_at_once_and_then_at_its_interval(house: House) -> None:
    house.activate(periodic())
    house.turn()

    house.advance(99)
    house.advance(1)
    house.advance(100)

    assert times(house) == [0, 100, 200]
    assert house.buildsets()[0]["reason"] == "The Periodic scheduler named 's' triggered this build"


def test_periodic_goes_on_after_a_restart_where_it_was(house: House) -> None:
    first = periodic()
    house.activate(first)
    house.turn()
    house.deactivate(first)
    house.advance(30)

    house.activate(periodic())
    house.turn()
    house.advance(69)
    assert times(house) == [0]
    house.advance(1)

    assert times(house) == [0, 100]


def test_what_was_missed_makes_one_build(house: House) -> None:
    first = periodic()
    house.activate(first)
    house.turn()
    house.deactivate(first)
    house.advance(1000)

    house.activate(periodic())
    house.turn()
    house.advance(99)

    assert times(house) == [0, 1000]


def test_nightly_builds_at_its_hour_every_day(house: House) -> None:
    house.activate(nightly())

    advance(house, until(3) - 1)
    assert times(house) == []
    advance(house, 1)
    advance(house, 86400)

    assert times(house) == [until(3), until(3) + 86400]


def test_nightly_missed_while_the_master_was_down_is_made_up_for_once(house: House) -> None:
    first = nightly()
    house.activate(first)
    advance(house, until(3))
    house.deactivate(first)
    house.advance(3 * 86400 + 60)

    house.activate(nightly())
    house.turn()
    advance(house, 3600)

    assert times(house) == [until(3), until(3) + 3 * 86400 + 60]


def test_only_if_changed_builds_the_first_time_and_then_only_important_changes(house: House) -> None:
    def important(change: Any) -> bool:
        return bool(change.revision != "doc")

    house.activate(nightly(onlyIfChanged=True, fileIsImportant=important))
    advance(house, until(3))
    assert len(times(house)) == 1

    advance(house, 86400)
    house.change(revision="doc")
    advance(house, 86400)
    assert len(times(house)) == 1
    house.change(revision="code")
    advance(house, 86400)
    assert len(times(house)) == 2
    assert house.buildsets()[1]["sourcestamps"][0]["revision"] == "code"

    advance(house, 86400)
    assert len(times(house)) == 2


def test_changes_that_wait_for_the_night_survive_a_restart(house: House) -> None:
    first = nightly(onlyIfChanged=True)
    house.activate(first)
    advance(house, until(3))
    house.change(revision="r1")
    house.deactivate(first)

    house.activate(nightly(onlyIfChanged=True))
    advance(house, 86400)

    assert [b["sourcestamps"][0]["revision"] for b in house.buildsets()] == [None, "r1"]


def test_forced_times_build_even_when_nothing_has_changed(house: House) -> None:
    house.activate(nightly(onlyIfChanged=True, force_at_hour=5))
    advance(house, until(3))
    assert len(times(house)) == 1

    advance(house, 2 * 3600)
    advance(house, 22 * 3600)

    assert times(house) == [until(3), until(3) + 2 * 3600]


def test_the_branch_is_built_and_only_its_changes_count(house: House) -> None:
    house.activate(nightly(onlyIfChanged=True, branch="main"))
    advance(house, until(3))
    house.change(branch="other")
    advance(house, 86400)

    (buildset,) = house.buildsets()
    assert buildset["sourcestamps"][0]["branch"] == "main"


def test_codebases_give_the_source_stamps(house: House) -> None:
    house.activate(periodic(codebases={"app": {"branch": "main"}, "lib": {"repository": "git:lib"}}))
    house.turn()

    stamps = {stamp["codebase"]: stamp for stamp in house.buildsets()[0]["sourcestamps"]}
    assert stamps["app"]["branch"] == "main"
    assert stamps["lib"]["repository"] == "git:lib"


def test_a_build_that_cannot_be_asked_for_leaves_its_time_open(house: House, logged_failures: FailureLog) -> None:
    """The time is kept in the transaction of the buildset: without the one there is not the other."""
    scheduler = periodic(properties={"p": Unrenderable()})
    house.activate(scheduler)
    house.turn()
    assert times(house) == []
    assert len(logged_failures.flush(ValueError)) == 1
    house.deactivate(scheduler)

    house.activate(periodic())
    house.turn()

    assert times(house) == [0]


def triggerable(**options: Any) -> NightlyTriggerable:
    scheduler = NightlyTriggerable(**{"name": "s", "builderNames": ["b1"], "hour": 3, **options})
    scheduler.timezone = UTC
    return scheduler


def test_a_trigger_waits_for_the_night_and_the_last_one_counts(house: House) -> None:
    scheduler = triggerable(codebases={"": {"branch": "main"}})
    house.activate(scheduler)
    for revision in ("r1", "r2"):
        properties = Properties.fromDict({"p": (revision, "Trigger")})
        asked = scheduler.trigger(False, [{"codebase": "", "revision": revision}], set_props=properties)
        assert house.result(asked) == (None, {})

    advance(house, until(3))
    advance(house, 86400)

    (buildset,) = house.buildsets()
    assert times(house) == [until(3)]
    assert buildset["reason"] == "The NightlyTriggerable scheduler named 's' triggered this build"
    assert (buildset["sourcestamps"][0]["branch"], buildset["sourcestamps"][0]["revision"]) == ("main", "r2")
    assert buildset["properties"]["p"] == ("r2", "Trigger")


def test_a_trigger_survives_a_restart(house: House) -> None:
    first = triggerable()
    house.activate(first)
    house.result(first.trigger(False, [{"revision": "r1"}]))
    house.deactivate(first)

    house.activate(triggerable())
    advance(house, until(3))

    assert times(house) == [until(3)]


class NamesWithATrigger:
    """Names of builders that take a while to render: meanwhile the scheduler is triggered, once."""

    scheduler: NightlyTriggerable
    revision: str | None = "r2"

    async def getRenderingFor(self, props: Any) -> list[str]:
        if self.revision:
            await self.scheduler.trigger(False, [{"revision": self.revision}])
        self.revision = None
        return ["b1"]


def test_a_trigger_while_the_night_is_being_built_is_for_the_next(house: House) -> None:
    names = NamesWithATrigger()
    names.scheduler = triggerable(builderNames=names)
    house.activate(names.scheduler)
    house.result(names.scheduler.trigger(False, [{"revision": "r1"}]))

    advance(house, until(3))
    advance(house, 86400)
    advance(house, 86400)

    built = [stamp["revision"] for buildset in house.buildsets() for stamp in buildset["sourcestamps"]]
    assert (times(house), built) == ([until(3), until(3) + 86400], ["r1", "r2"])


def next_times(rule: CronRule, start: datetime, count: int) -> list[str]:
    """Local times at which a rule is due."""
    found, now = [], start.timestamp()
    for _ in range(count):
        now = rule.next_after(now, start.tzinfo or UTC)
        found.append(datetime.fromtimestamp(now, start.tzinfo).isoformat())
    return found


def test_an_hour_that_summer_time_skips_is_due_right_after_it() -> None:
    rule = CronRule(30, 2, "*", "*", "*")

    assert next_times(rule, datetime(2026, 3, 28, 12, tzinfo=BERLIN), 2) == [
        "2026-03-29T03:00:00+02:00",
        "2026-03-30T02:30:00+02:00",
    ]


def test_an_hour_that_comes_twice_is_due_once() -> None:
    rule = CronRule(30, 2, "*", "*", "*")

    assert next_times(rule, datetime(2026, 10, 24, 12, tzinfo=BERLIN), 2) == [
        "2026-10-25T02:30:00+02:00",
        "2026-10-26T02:30:00+01:00",
    ]


def test_every_half_hour_goes_on_through_the_hour_that_comes_twice() -> None:
    rule = CronRule([0, 30], "*", "*", "*", "*")

    assert next_times(rule, datetime(2026, 10, 25, 1, 45, tzinfo=BERLIN), 5) == [
        "2026-10-25T02:00:00+02:00",
        "2026-10-25T02:30:00+02:00",
        "2026-10-25T02:00:00+01:00",
        "2026-10-25T02:30:00+01:00",
        "2026-10-25T03:00:00+01:00",
    ]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ((0, 3, "*", "*", "*"), "0 3 * * *"),
        (([0, 30], "*/2", "1-5", "*", "*"), "0,30 */2 1-5 * *"),
        ((0, 0, "*", "*", 0), "0 0 * * 1"),
        ((0, 0, "*", "*", 6), "0 0 * * 0"),
        ((0, 0, "*", "*", [0, "6"]), "0 0 * * 1,0"),
        ((0, 0, "*", "*", "0,4"), "0 0 * * 1,5"),
        ((0, 0, "*", "*", "mon-fri"), "0 0 * * mon-fri"),
        ((0, 0, "*", "*", "1-5"), "0 0 * * 1-5"),
    ],
)
def test_fields_become_the_text_that_cron_knows(fields: tuple[Any, ...], text: str) -> None:
    assert CronRule(*fields).text == text


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: periodic(periodicBuildTimer=-1), "periodicBuildTimer must be a positive number"),
        (lambda: periodic(periodicBuildTimer="a"), "periodicBuildTimer must be a positive number"),
        (lambda: nightly(hour=25), "is never due"),
        (lambda: nightly(minute="x"), "is never due"),
        (lambda: nightly(minute="0 0"), "must have no spaces"),
        (lambda: nightly(minute=[]), "must not be an empty list"),
        (lambda: nightly(minute=None), "must be an integer, a list or text"),
        (lambda: nightly(dayOfMonth=30, month=2), "is never due"),
        (lambda: nightly(branch=3), "branch must be a string or None"),
    ],
)
def test_wrong_arguments_are_errors_of_the_configuration(make: Callable[[], Timed], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        make()


def test_the_local_time_zone_comes_from_the_environment_or_the_machine(tmp_path: Path) -> None:
    nothing = tmp_path / "localtime"
    summer = datetime(2026, 7, 1, tzinfo=UTC)

    assert summer.astimezone(local_timezone({"TZ": ":Europe/Berlin"}, nothing)).hour == 2
    assert local_timezone({"TZ": "No/Such"}, nothing) is UTC
    assert local_timezone({}, nothing) is UTC
