"""What is wrong with a schedule that is being written, and when it would be due."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from buildmill.master.domain.schedules.reviewing import foretold, named_in, review

RAW = "ri.foundry.main.dataset.raw"
OTHER = "ri.scheduler.main.schedule.other"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = {"type": "manual", "targetRids": [RAW]}


def time(expression: str, zone: str = "UTC") -> dict[str, Any]:
    return {"type": "time", "cronExpression": expression, "timeZone": zone}


def updated(rid: str = RAW, branch: str = "main") -> dict[str, Any]:
    return {"type": "datasetUpdated", "datasetRid": rid, "branchName": branch}


def document(trigger: Any, **more: Any) -> dict[str, Any]:
    return {"action": {"target": TARGET}, "trigger": trigger, **more}


def problems(asked: dict[str, Any]) -> dict[str, str]:
    return review(asked, {RAW, OTHER}).problems


def due(trigger: Any) -> list[str]:
    asked = document(trigger)
    preview = foretold(asked, review(asked, {RAW, OTHER}), NOW)
    return [datetime.fromtimestamp(at, UTC).strftime("%m-%d %H:%M") for at in preview.instants]


def test_every_problem_is_told_with_the_path_of_its_field() -> None:
    found = problems(
        {
            "displayName": "x" * 257,
            "description": 3,
            "action": {"target": {"type": "manual", "targetRids": ["raw"]}, "retryCount": -1},
            "scopeMode": {"type": "project", "projectRids": ["p"]},
            "trigger": {"type": "or", "triggers": [
                time("61 * * * *", "Mars/Base"), updated(""), updated("raw"), updated(RAW + "x", ""),
                {"type": "and", "triggers": []}, {"type": "scheduleFailed", "scheduleRid": OTHER}, {"type": "noSuch"},
            ]},
        }
    )  # fmt: skip

    assert {path: text[:30] for path, text in found.items()} == {
        "displayName": "a name has at most 256 charact",
        "description": "expected a text",
        "action.target.targetRids": "'raw' is no RID, which looks a",
        "action.retryCount": "expected a number from 0 to 21",
        "scopeMode.projectRids.0": "Expected `str` matching regex ",
        "trigger.triggers.0.cronExpression": "minute: '61' is not understood",
        "trigger.triggers.0.timeZone": "'Mars/Base' is no time zone; e",
        "trigger.triggers.1.datasetRid": "a dataset is missing",
        "trigger.triggers.2.datasetRid": "this is no RID of a dataset",
        "trigger.triggers.3.datasetRid": "there is no such dataset",
        "trigger.triggers.3.branchName": "a branch is missing",
        "trigger.triggers.4.triggers": "at least one trigger is needed",
    }


def test_what_has_another_shape_is_told_where_it_has() -> None:
    assert list(problems({})) == ["trigger", "action"]
    assert list(problems(document({"type": "noSuch"}))) == ["trigger.type"]
    assert list(problems(document({"type": "or", "triggers": [{"type": "noSuch"}]}))) == ["trigger.triggers.0.type"]
    assert list(problems({"action": {"target": TARGET, "retryCount": "many"}, "trigger": time("0 2 * * *")})) == [
        "action.retryCount"
    ]
    assert list(problems(document(time("0 2 * * *")))) == []


def test_names_of_what_a_trigger_waits_for_are_found_in_a_half_written_one() -> None:
    trigger = {"type": "and", "triggers": [updated(), {"type": "scheduleFailed", "scheduleRid": OTHER}, 7, updated("")]}

    assert named_in({"trigger": trigger}) == ([RAW, ""], [OTHER])
    assert named_in({}) == ([], [])


def test_each_time_is_foretold_though_another_one_cannot_be_understood() -> None:
    asked = document({"type": "or", "triggers": [time("0 2 * * *", "Europe/Berlin"), time("never"), updated()]})

    preview = foretold(asked, review(asked, {RAW}), NOW)

    (told,) = preview.times
    assert (told.path, told.words) == ("trigger.triggers.0", "at 02:00 every day")
    assert told.walls[:2] == ["2026-01-01 02:00+01:00", "2026-01-02 02:00+01:00"]
    assert len(told.instants) == 5
    assert preview.instants == []


def test_a_trigger_is_due_when_its_times_come_together() -> None:
    morning, hourly = time("0 6 * * *"), time("0 * * * MON")

    assert due({"type": "and", "triggers": [hourly, updated()]})[:2] == ["01-05 00:00", "01-05 01:00"]
    assert due({"type": "and", "triggers": [morning, hourly]})[:2] == ["01-05 06:00", "01-12 06:00"]
    never = {"type": "and", "triggers": [time("0 5 * * *"), morning]}
    assert due({"type": "or", "triggers": [morning, never]})[:2] == ["01-01 06:00", "01-02 06:00"]
    assert due({"type": "and", "triggers": [time("0 5 * * *"), time("0 6 * * *")]}) == []
    assert due(updated()) == []
