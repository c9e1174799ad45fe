"""Schedules over the orchestration API, with their runs."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.results import Result
from buildmill.master.db import api_tokens
from buildmill.master.db.schedules import inbox
from buildmill.master.domain.orchestration import rids
from tests.database import NOW
from tests.unit.master.orchestration.graphs import graph_of, rid, spec
from tests.unit.master.web.foundry.house import ANN, SEED_GRAPH, House, manual, schedule, updated

SDK = "python-foundry-platform-sdk/1.111.0 python/3.11"
NO_SCHEDULE = "ri.scheduler.main.schedule.d1a29bfb-1a9a-4a86-9b54-3a4b1d0e6b4b"
EVERY_MINUTE = {"type": "time", "cronExpression": "* * * * *", "timeZone": "Europe/Berlin"}
CREATED = "2023-11-14T22:13:20.000Z"


def test_a_schedule_is_shown_with_all_that_was_left_open(house: House) -> None:
    made = house.schedule("clean", trigger=updated("raw"), displayName="nightly", description="text")

    assert made == {
        "rid": made["rid"], "displayName": "nightly", "description": "text", "paused": False,
        "currentVersionRid": made["currentVersionRid"], "createdTime": CREATED, "createdBy": ANN,
        "updatedTime": CREATED, "updatedBy": ANN, "trigger": updated("raw"), "scopeMode": {"type": "user"},
        "action": {
            "target": manual("clean"), "branchName": "master", "fallbackBranches": [], "forceBuild": False,
            "abortOnFailure": False, "notificationsEnabled": False,
        },
    }  # fmt: skip
    assert made["rid"].startswith("ri.scheduler.main.schedule.")
    assert made["currentVersionRid"].startswith("ri.scheduler.main.schedule-version.")
    assert house.ok("GET", f"schedules/{made['rid']}?preview=true") == made
    batch = [{"scheduleRid": made["rid"]}, {"scheduleRid": NO_SCHEDULE}]
    assert house.ok("POST", "schedules/getBatch?preview=true", batch) == {"data": {made["rid"]: made}}


def test_a_replaced_schedule_has_nothing_of_the_old_one_but_its_versions(house: House) -> None:
    old = house.schedule("clean", displayName="old", description="text")
    house.stage.advance(7)
    bob = house.new_token("bob", "api:orchestration-write")
    request = schedule("extra", scopeMode={"type": "project", "projectRids": ["ri.compass.main.folder.p"]})

    new = house.ask("PUT", f"schedules/{old['rid']}?preview=true", request, token=bob).json

    assert (new["rid"], new["createdBy"], new["updatedBy"]) == (old["rid"], ANN, rids.of_user("bob"))
    assert (new["createdTime"], new["updatedTime"]) == (CREATED, "2023-11-14T22:13:27.000Z")
    assert "displayName" not in new
    assert "description" not in new
    version = house.ok("GET", f"scheduleVersions/{old['currentVersionRid']}?preview=true")
    assert version == {
        "rid": old["currentVersionRid"], "scheduleRid": old["rid"], "createdTime": CREATED, "createdBy": ANN,
        "trigger": {"type": "manual"}, "action": old["action"], "scopeMode": {"type": "user"},
    }  # fmt: skip
    of_version = f"scheduleVersions/{old['currentVersionRid']}/schedule?preview=true"
    assert house.ok("GET", of_version) == new
    assert house.ask("DELETE", f"schedules/{old['rid']}").status == 204
    assert (house.ask("GET", of_version).status, house.ask("GET", of_version).body) == (204, b"")
    absent = (404, "ScheduleNotFound", {"scheduleRid": old["rid"]})
    assert house.refused("GET", f"schedules/{old['rid']}?preview=true") == absent
    assert house.ok("GET", f"scheduleVersions/{old['currentVersionRid']}?preview=true") == version


def test_pausing_is_no_edit(house: House) -> None:
    made = house.schedule("clean", trigger=updated("raw"))

    for _ in range(2):
        assert house.ask("POST", f"schedules/{made['rid']}/pause").status == 204
    house.commit("raw")

    paused = house.ok("GET", f"schedules/{made['rid']}?preview=true")
    assert paused == {**made, "paused": True}
    assert house.runs(made["rid"]) == []
    assert house.ask("POST", f"schedules/{made['rid']}/unpause").status == 204
    house.commit("raw")
    assert len(house.runs(made["rid"])) == 1


def refusals() -> dict[str, tuple[Any, tuple[int, str, Any]]]:
    nowhere = "ri.foundry.main.dataset.nowhere"
    media = {"type": "mediaSetUpdated", "mediaSetRid": "ri.mio.main.media-set.m", "branchName": "master"}
    both = {"type": "and", "triggers": [updated("raw")]}

    def of(trigger: Any) -> Any:
        return schedule("clean", trigger=trigger)

    return {
        "target": (schedule("raw"), (400, "BuildTargetsMissingJobSpecs", {"resourceRids": [rid("raw")]})),
        "no target": (schedule(), (400, "MissingBuildTargets", {})),
        "no trigger": ({"action": {"target": manual("clean")}}, (400, "MissingTrigger", {})),
        "and": (of({"type": "or", "triggers": [{"type": "and", "triggers": []}]}), (400, "InvalidAndTrigger", {})),
        "or": (of({**both, "triggers": [{"type": "or", "triggers": []}]}), (400, "InvalidOrTrigger", {})),
        "cron": (
            of({**EVERY_MINUTE, "cronExpression": "61 * * * *"}),
            (400, "InvalidTimeTrigger", {"cronExpression": "61 * * * *"}),
        ),
        "zone": (of({**EVERY_MINUTE, "timeZone": "Mars/Base"}), (400, "InvalidTimeZone", {"timeZone": "Mars/Base"})),
        "unknown": (
            of({"type": "or", "triggers": [
                {**updated("raw"), "datasetRid": nowhere}, {"type": "scheduleFailed", "scheduleRid": NO_SCHEDULE},
                {"type": "tableUpdated", "tableRid": "ri.t.main.table.t", "branchName": "master"},
            ]}),
            (404, "ScheduleTriggerResourcesNotFound", {"resourceRids": [nowhere, "ri.t.main.table.t", NO_SCHEDULE]}),
        ),
        "media": (of(media), (400, "InvalidMediaSetTrigger", {"mediaSetRid": "ri.mio.main.media-set.m"})),
        "name": (schedule("clean", displayName="x" * 257), (400, "InvalidScheduleName", {})),
        "description": (schedule("clean", description="x" * 4097), (400, "InvalidScheduleDescription", {})),
    }  # fmt: skip


@pytest.mark.parametrize("name", refusals())
def test_a_schedule_that_cannot_be_is_refused_by_name(shared: House, name: str) -> None:
    request, expected = refusals()[name]

    assert shared.refused("POST", "schedules?preview=true", request) == expected


def test_cycles_are_left_to_the_run(house: House) -> None:
    made = house.schedule("cyca", "cycb")

    run = house.ok("POST", f"schedules/{made['rid']}/run")

    assert run == {
        "rid": run["rid"], "scheduleRid": made["rid"], "scheduleVersionRid": made["currentVersionRid"],
        "createdTime": CREATED, "createdBy": ANN,
    }  # fmt: skip
    (found,) = house.runs(made["rid"])
    assert found["result"]["errorName"] == "CyclicDependency"
    assert (found["result"]["type"], bool(found["result"]["description"])) == ("error", True)
    as_sdk = house.ok("GET", f"schedules/{made['rid']}/runs", User_Agent=SDK)["data"][0]
    assert as_sdk["result"]["errorName"] == "CYCLICDEPENDENCY"
    older = SDK.replace("1.111", "1.81")
    assert house.ok("GET", f"schedules/{made['rid']}/runs", User_Agent=older)["data"] == [found]


def test_a_run_asks_for_a_build_of_its_schedule(house: House) -> None:
    action = {"target": manual("clean"), "forceBuild": True, "retryCount": 3, "abortOnFailure": True}
    made = house.ok("POST", "schedules?preview=true", {"action": action, "trigger": {"type": "manual"}})
    path = f"schedules/{made['rid']}/run"

    house.ok("POST", path)

    build_rid = house.runs(made["rid"])[0]["result"]["buildRid"]
    build = house.ok("GET", f"builds/{build_rid}")
    assert (build["scheduleRid"], build["createdBy"], build["retryCount"]) == (made["rid"], ANN, 3)
    assert build["abortOnFailure"] is True
    assert house.refused("POST", path) == (409, "ScheduleAlreadyRunning", {"scheduleRid": made["rid"]})
    house.work_all()
    assert house.ask("POST", path).status == 200


def test_a_run_with_nothing_to_do_is_ignored(house: House) -> None:
    made = house.schedule("clean", trigger=updated("raw"))
    house.commit("raw")
    house.work_all()

    house.ok("POST", f"schedules/{made['rid']}/run")

    newest, oldest = house.runs(made["rid"])
    assert newest["result"] == {"type": "ignored"}
    assert (oldest["result"]["type"], "createdBy" in oldest) == ("submitted", False)


def test_one_fire_is_remembered_while_its_build_runs(house: House) -> None:
    made = house.schedule("clean", trigger=updated("raw"))
    house.commit("raw")
    begun = house.begin("clean")
    house.commit("raw")
    house.commit("raw")
    assert len(house.runs(made["rid"])) == 1

    house.end(begun)

    assert [run["result"]["type"] for run in house.runs(made["rid"])] == ["submitted", "submitted"]
    house.work_all()
    assert len(house.runs(made["rid"])) == 2


def test_schedules_follow_jobs_logic_and_one_another(house: House) -> None:
    first = house.schedule("clean", trigger=updated("raw"))
    after = house.schedule("report", trigger={"type": "scheduleSucceeded", "scheduleRid": first["rid"]})
    alarm = house.schedule("extra", trigger={"type": "scheduleFailed", "scheduleRid": first["rid"]})
    job = {"type": "jobSucceeded", "datasetRid": rid("report"), "branchName": "master"}
    follows = house.schedule("extra", trigger=job)
    logic = {"type": "newLogic", "datasetRid": rid("report"), "branchName": "master"}
    relearns = house.schedule("extra", trigger=logic)

    house.commit("raw")
    house.work_all()
    assert [len(house.runs(s["rid"])) for s in (first, after, alarm, follows, relearns)] == [1, 1, 0, 1, 0]
    house.commit("raw")
    house.work("clean", Result.FAILURE)
    house.publish(graph_of(*SEED_GRAPH), {"report": "rewritten"})
    house.stage.turn()

    assert [len(house.runs(s["rid"])) for s in (first, after, alarm, follows, relearns)] == [2, 1, 1, 1, 1]


def test_runs_come_in_pages_newest_first(house: House) -> None:
    made = house.schedule("cyca", "cycb")
    for _ in range(3):
        house.ok("POST", f"schedules/{made['rid']}/run")
        house.stage.advance(2)
    whole = [run["rid"] for run in house.runs(made["rid"])]
    path = f"schedules/{made['rid']}/runs?pageSize=2"

    first = house.ok("GET", path)
    house.ok("POST", f"schedules/{made['rid']}/run")
    second = house.ok("GET", f"{path}&pageToken={first['nextPageToken']}")

    assert [run["rid"] for run in first["data"] + second["data"]] == whole
    assert "nextPageToken" not in second
    assert house.refused("GET", f"schedules/{NO_SCHEDULE}/runs")[1] == "ScheduleNotFound"


def test_affected_resources_are_outputs_of_what_is_selected(house: House) -> None:
    made = house.schedule("clean", "extra")
    house.build("clean", "extra")
    house.work_all()

    found = house.ok("POST", f"schedules/{made['rid']}/getAffectedResources?preview=true")

    assert sorted(found["datasets"]) == sorted([rid("clean"), rid("extra")])


# -- who and what is gone --------------------------------------------------------------


def error_of(house: House, schedule_rid: str) -> str:
    house.ok("POST", f"schedules/{schedule_rid}/run")
    name: str = house.runs(schedule_rid)[0]["result"]["errorName"]
    house.stage.advance(2)
    return name


def test_each_thing_that_keeps_a_run_from_building_has_its_name(house: House) -> None:
    made = house.schedule("report")
    feature = house.ok(
        "POST", "schedules?preview=true",
        {"action": {"target": manual("featureonly"), "branchName": "feature"}, "trigger": {"type": "manual"}},
    )  # fmt: skip
    project = {"type": "project", "projectRids": ["ri.compass.main.folder.p"]}
    scoped = house.schedule("clean", scopeMode=project)

    assert error_of(house, feature["rid"]) == "TargetResolutionFailure"  # raw has no version on that branch
    assert error_of(house, scoped["rid"]) == "PermissionDenied"
    house.publish(graph_of(spec("clean", "raw"), sources=("raw", "report", "featureonly")))
    assert error_of(house, made["rid"]) == "JobSpecNotFound"
    house.publish(graph_of(spec("clean", "raw")))
    assert error_of(house, made["rid"]) == "TargetResolutionFailure"


def test_a_user_whose_tokens_were_all_revoked_is_gone(house: House) -> None:
    made = house.ask(
        "POST", "schedules?preview=true", schedule("clean"), token=house.new_token("eve", "api:orchestration-write")
    ).json
    (token,) = house.stage.result(house.stage.database.read(api_tokens.tokens, "eve"))
    house.stage.result(house.stage.database.write(api_tokens.revoke, token.tokenid))

    assert error_of(house, made["rid"]) == "ScheduleOwnerNotFound"
    house.stage.result(house.schedules.configure(None, ["eve"]))
    house.ok("POST", f"schedules/{made['rid']}/run")
    assert house.runs(made["rid"])[0]["result"]["type"] == "submitted"


def test_a_user_whom_the_configuration_does_not_list_is_there_with_a_token(house: House) -> None:
    made = house.schedule("clean")
    house.stage.result(house.schedules.configure(None, ["eve"]))

    house.ok("POST", f"schedules/{made['rid']}/run")
    assert house.runs(made["rid"])[0]["result"]["type"] == "submitted"
    house.work_all()
    (token,) = house.stage.result(house.stage.database.read(api_tokens.tokens, "ann"))
    reader = house.new_token("bob", "*")
    house.stage.result(house.stage.database.write(api_tokens.revoke, token.tokenid))

    assert house.ask("POST", f"schedules/{made['rid']}/run", token=reader).status == 200
    newest = house.ask("GET", f"schedules/{made['rid']}/runs", token=reader).json["data"][0]
    assert newest["result"]["errorName"] == "ScheduleOwnerNotFound"


def test_a_schedule_that_keeps_failing_pauses_itself(house: House) -> None:
    house.stage.result(house.schedules.configure(2, None))
    made = house.schedule("cyca", "cycb", trigger=updated("raw"))

    for _ in range(3):
        house.commit("raw")
        house.stage.advance(2)

    assert len(house.runs(made["rid"])) == 2
    assert house.ok("GET", f"schedules/{made['rid']}?preview=true")["paused"] is True


# -- times, and masters that die -------------------------------------------------------


def test_a_time_makes_a_run_at_its_instant(house: House) -> None:
    made = house.schedule("clean", trigger=EVERY_MINUTE)

    house.stage.advance(39)
    assert house.runs(made["rid"]) == []
    house.stage.advance(1)

    assert [run["createdTime"] for run in house.runs(made["rid"])] == ["2023-11-14T22:14:00.000Z"]
    assert NOW % 60 == 20


def test_times_at_which_no_master_ran_are_not_made_up_for(house: House) -> None:
    made = house.schedule("clean", trigger=EVERY_MINUTE)
    house.kill_schedules()
    house.stage.advance(600)

    house.start_schedules()
    assert house.runs(made["rid"]) == []
    house.stage.advance(40)

    assert len(house.runs(made["rid"])) == 1
    reasons = house.stage.result(house.data.get(("schedules", made["rid"], "explain")))
    assert [reason["code"] for reason in reasons] == ["running", "waits_for_time", "missed"]


def test_a_run_that_a_master_has_begun_is_ended_by_the_next(house: House) -> None:
    made = house.schedule("clean", trigger=updated("raw"))
    house.kill_schedules()
    house.commit("raw")  # as another part of the master tells it before that dies, too
    house.stage.result(house.updates.run(inbox.work_off))
    (run,) = house.runs(made["rid"])
    assert "result" not in run

    house.start_schedules()

    (run,) = house.runs(made["rid"])
    assert run["result"]["type"] == "submitted"
    assert len(house.ok("POST", "builds/search?preview=true", {"where": {"type": "not", "value": {
        "type": "eq", "field": "BRANCH_NAME", "value": "x"}}})["data"]) == 1  # fmt: skip


def test_a_schedule_that_waits_for_its_own_failure_does_not_spin(house: House) -> None:
    made = house.schedule("cyca", "cycb")
    trigger = {"type": "scheduleFailed", "scheduleRid": made["rid"]}
    house.ok("PUT", f"schedules/{made['rid']}?preview=true", schedule("cyca", "cycb", trigger=trigger))

    house.ok("POST", f"schedules/{made['rid']}/run")
    for _ in range(3):
        house.stage.advance(1)

    assert len(house.runs(made["rid"])) in (4, 5)
