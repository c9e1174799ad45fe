"""Whether a trigger holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from buildmill.master.domain.schedules.triggers import (
    Happening,
    Trigger,
    event_leaves,
    holds,
    next_instant,
)

RAW, CLEAN = "ri.foundry.main.dataset.raw", "ri.foundry.main.dataset.clean"
UPDATED = Happening("datasetUpdated", RAW, "master")
BUILT = Happening("jobSucceeded", CLEAN, "master")
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def of(document: Any) -> Trigger:
    trigger: Trigger = msgspec.convert(document, Trigger)
    return trigger


def update(rid: str = RAW, branch: str = "master") -> dict[str, Any]:
    return {"type": "datasetUpdated", "datasetRid": rid, "branchName": branch}


def at(cron: str, zone: str = "UTC") -> dict[str, Any]:
    return {"type": "time", "cronExpression": cron, "timeZone": zone}


BUILD = {"type": "jobSucceeded", "datasetRid": CLEAN, "branchName": "master"}
MANUAL = {"type": "manual"}


def both(*children: Any) -> Trigger:
    return of({"type": "and", "triggers": children})


def either(*children: Any) -> Trigger:
    return of({"type": "or", "triggers": children})


def test_an_event_holds_once_it_has_happened() -> None:
    assert holds(of(update()), {UPDATED})
    assert not holds(of(update()), set())
    assert not holds(of(update()), {Happening("datasetUpdated", RAW, "feature")})


def test_and_waits_for_all_or_for_any() -> None:
    assert not holds(both(update(), BUILD), {UPDATED})
    assert holds(both(update(), BUILD), {UPDATED, BUILT})
    assert holds(either(update(), BUILD), {BUILT})


def test_a_time_holds_at_its_instant_only() -> None:
    noon = of(at("0 12 * * *"))

    assert holds(noon, set(), NOON)
    assert not holds(noon, set(), NOON.replace(minute=1))
    assert not holds(noon, {UPDATED})


def test_a_time_and_an_event_fire_at_the_time_if_the_event_has_happened() -> None:
    trigger = both(at("0 12 * * *"), update())

    assert not holds(trigger, {UPDATED})
    assert not holds(trigger, set(), NOON)
    assert holds(trigger, {UPDATED}, NOON)


def test_two_times_fire_when_they_coincide() -> None:
    trigger = both(at("0 */4 * * *"), at("0 14 * * *", "Europe/Berlin"))

    assert holds(trigger, set(), NOON)
    assert not holds(trigger, set(), NOON.replace(hour=8))
    assert next_instant(trigger, NOON.replace(hour=9)) == NOON


def test_manual_is_left_out_and_holds_never() -> None:
    assert holds(both(MANUAL, update()), {UPDATED})
    assert not holds(both(MANUAL), {UPDATED}, NOON)
    assert not holds(either(MANUAL), {UPDATED}, NOON)
    assert not holds(of(MANUAL), {UPDATED}, NOON)
    assert not holds(both(update(), {"type": "and", "triggers": [MANUAL]}), {UPDATED})


def test_each_event_is_waited_for_once() -> None:
    trigger = either(update(), both(BUILD, update()), {"type": "scheduleFailed", "scheduleRid": "ri.s.main.s.x"})

    assert event_leaves(trigger) == [UPDATED, BUILT, Happening("scheduleFailed", "ri.s.main.s.x")]
    assert next_instant(trigger, NOON) is None


@pytest.mark.parametrize(
    "document",
    [
        {"type": "datasetUpdated", "datasetRid": "raw", "branchName": "master"},
        {"type": "datasetUpdated", "datasetRid": RAW},
        {"type": "datasetUpdated", "datasetRid": RAW, "branchName": ""},
        {"type": "sunrise"},
        {"triggers": []},
        {"type": "and", "triggers": {}},
        {"type": "time", "cronExpression": 5, "timeZone": "UTC"},
        {"type": "tableUpdated", "tableRid": f"{RAW}\n", "branchName": "master"},
    ],
)
def test_other_shapes_are_refused(document: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        of(document)
