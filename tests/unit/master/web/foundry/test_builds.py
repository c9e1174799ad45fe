"""Builds and jobs over the orchestration API."""

from __future__ import annotations

from typing import Any

import pytest

from tests.database import NOW
from tests.unit.master.orchestration.graphs import rid
from tests.unit.master.web.foundry.house import ANN, House, manual

NO_BUILD = "ri.foundry.main.build.d1a29bfb-1a9a-4a86-9b54-3a4b1d0e6b4b"
NO_JOB = "ri.foundry.main.job.d1a29bfb-1a9a-4a86-9b54-3a4b1d0e6b4b"


def test_a_build_and_its_jobs_as_they_are_documented(house: House) -> None:
    target = {"type": "upstream", "targetRids": [rid("report")], "ignoredRids": []}
    made = house.ok(
        "POST",
        "builds/create",
        {
            "target": target,
            "branchName": "master",
            "fallbackBranches": ["master"],
            "retryCount": 2,
            "retryBackoffDuration": {"unit": "SECONDS", "value": 30},
            "abortOnFailure": False,
            "notificationsEnabled": False,
        },
    )

    assert made == {
        "rid": made["rid"], "branchName": "master", "createdTime": "2023-11-14T22:13:20.000Z", "createdBy": ANN,
        "fallbackBranches": [], "jobRids": made["jobRids"], "retryCount": 2, "abortOnFailure": False,
        "retryBackoffDuration": {"value": 30, "unit": "SECONDS"}, "status": "RUNNING",
    }  # fmt: skip
    assert NOW == 1_700_000_000
    first, second = house.ok("GET", f"builds/{made['rid']}/jobs")["data"]
    assert first["rid"] == made["jobRids"][0]
    assert second == {
        "rid": made["jobRids"][1], "buildRid": made["rid"], "startedTime": made["createdTime"], "jobStatus": "WAITING",
        "outputs": [{"type": "datasetJobOutput", "datasetRid": rid("report")}],
    }  # fmt: skip
    house.stage.advance(1.25)
    house.work_all()
    done = house.ok("GET", f"builds/{made['rid']}")
    assert (done["status"], done["finishedTime"]) == ("SUCCEEDED", "2023-11-14T22:13:21.250Z")
    job = house.ok("GET", f"jobs/{second['rid']}?preview=true")
    assert (job["jobStatus"], job["latestAttemptStartTime"]) == ("SUCCEEDED", "2023-11-14T22:13:21.250Z")
    assert job["outputs"][0]["outputTransactionRid"].startswith("ri.foundry.main.transaction.")


def test_without_a_target_everything_with_a_job_spec_is_built(house: House) -> None:
    example = {
        "branchName": "feature", "fallbackBranches": ["master"], "forceBuild": True, "retryCount": 1,
        "retryBackoffDuration": {"unit": "SECONDS", "value": 30}, "abortOnFailure": True, "notificationsEnabled": True,
    }  # fmt: skip

    build = house.ok("POST", "builds/create?preview=true", example)

    jobs = house.ok("GET", f"builds/{build['rid']}/jobs?preview=true")["data"]
    built = {output["datasetRid"] for job in jobs for output in job["outputs"]}
    assert built == {rid(name) for name in ("clean", "report", "extra", "featureonly")}  # two more are a cycle


def refusals() -> dict[str, tuple[Any, tuple[int, str, Any]]]:
    """Requests, and what they are answered."""
    unknown = "ri.foundry.main.dataset.nowhere"
    upstream = {"type": "upstream", "targetRids": [rid("report")], "ignoredRids": []}
    connecting = {"type": "connecting", "inputRids": [rid("raw")], "targetRids": [rid("clean")], "ignoredRids": []}
    return {
        "twice": (
            {"target": upstream, "branchName": "a", "fallbackBranches": ["b", "b", "c", "c"]},
            (400, "DuplicateBuildBranches", {"duplicateBranchNames": ["b", "c"]}),
        ),
        "no targets": ({"target": manual()}, (400, "MissingBuildTargets", {})),
        "no inputs": ({"target": {**connecting, "inputRids": []}}, (400, "MissingConnectingBuildInputs", {})),
        "unknown": (
            {"target": {"type": "manual", "targetRids": [unknown, rid("clean"), f"{unknown}2"]}},
            (404, "BuildTargetsNotFound", {"resourceRids": [unknown, f"{unknown}2"]}),
        ),
        "unknown inputs": (
            {"target": {**connecting, "inputRids": [unknown]}},
            (404, "BuildInputsNotFound", {"resourceRids": [unknown]}),
        ),
        "no specs": (
            {"target": manual("raw", "clean", "featureonly")},
            (400, "BuildTargetsMissingJobSpecs", {"resourceRids": [rid("raw"), rid("featureonly")]}),
        ),
        "a cycle": ({"target": manual("cyca", "cycb")}, (400, "BuildTargetsResolutionError", {})),
    }


@pytest.mark.parametrize("name", refusals())
def test_a_build_that_cannot_be_is_refused_by_name(shared: House, name: str) -> None:
    request, expected = refusals()[name]

    assert shared.refused("POST", "builds/create", request) == expected


def test_what_is_up_to_date_is_not_built_unless_it_is_forced(house: House) -> None:
    house.build("clean")
    house.work_all()

    again = house.refused("POST", "builds/create", {"target": manual("clean")})
    forced = house.build("clean", forceBuild=True)

    assert again == (400, "BuildTargetsUpToDate", {})
    assert forced["status"] == "RUNNING"


def test_a_build_is_cancelled_at_once_and_as_often_as_one_likes(house: House) -> None:
    build = house.build("clean")["rid"]

    for _ in range(2):
        answer = house.ask("POST", f"builds/{build}/cancel")
        assert (answer.status, answer.body) == (204, b"")

    assert house.ok("GET", f"builds/{build}")["status"] == "CANCELED"
    assert house.refused("POST", f"builds/{NO_BUILD}/cancel") == (404, "BuildNotFound", {"buildRid": NO_BUILD})
    entries = house.stage.result(house.data.get("audit"))
    assert [(e["action"], e["method"], e["username"], e["outcome"]) for e in entries][:2] == [
        ("graph_builds.create", "create", "ann", "done"), ("graph_builds.cancel", "cancel", "ann", "done"),
    ]  # fmt: skip


def test_batches_leave_out_what_is_not_there(house: House) -> None:
    build = house.build("clean", "extra")
    jobs = [{"jobRid": job} for job in (*build["jobRids"], NO_JOB)]

    builds = house.ok("POST", "builds/getBatch", [{"buildRid": build["rid"]}, {"buildRid": NO_BUILD}])
    found = house.ok("POST", "jobs/getBatch?preview=true", jobs)

    assert builds == {"data": {build["rid"]: build}}
    assert sorted(found["data"]) == sorted(build["jobRids"])
    assert house.refused("POST", "builds/getBatch", []) == (400, "MissingBatchRequest", {})
    many = [{"buildRid": NO_BUILD}] * 101
    sizes = {"maximumBatchSize": 100, "providedBatchSize": 101}
    assert house.refused("POST", "builds/getBatch", many) == (400, "BatchRequestSizeExceededLimit", sizes)


def test_what_is_not_there_is_said_by_name(shared: House) -> None:
    assert shared.refused("GET", f"builds/{NO_BUILD}") == (404, "BuildNotFound", {"buildRid": NO_BUILD})
    assert shared.refused("GET", f"builds/{NO_BUILD}/jobs") == (404, "BuildNotFound", {"buildRid": NO_BUILD})
    assert shared.refused("GET", f"jobs/{NO_JOB}?preview=true") == (404, "JobNotFound", {"jobRid": NO_JOB})


def test_jobs_come_in_pages(house: House) -> None:
    build = house.ok(
        "POST", "builds/create",
        {"target": {"type": "upstream", "targetRids": [rid("report"), rid("extra")], "ignoredRids": []}},
    )  # fmt: skip
    path = f"builds/{build['rid']}/jobs"

    first = house.ok("GET", f"{path}?pageSize=2")
    second = house.ok("GET", f"{path}?pageSize=2&pageToken={first['nextPageToken']}")

    assert first["nextPageToken"].startswith("v1.")
    assert [job["rid"] for job in first["data"] + second["data"]] == build["jobRids"]
    assert "nextPageToken" not in second
    for size in (0, -3):
        assert house.refused("GET", f"{path}?pageSize={size}") == (400, "InvalidPageSize", {"pageSize": size})
    assert house.refused("GET", f"{path}?pageSize=x")[:2] == (400, "Conjure:InvalidArgument")
    for token in ("v1.e30", "v1.???", "x", "v1.", first["nextPageToken"] + "A"):
        assert house.refused("GET", f"{path}?pageToken={token}") == (400, "InvalidPageToken", {"pageToken": token})
    other = house.build("clean", forceBuild=True)["rid"]
    stolen = f"builds/{other}/jobs?pageToken={first['nextPageToken']}"
    assert house.refused("GET", stolen)[1] == "InvalidPageToken"


# -- searching -------------------------------------------------------------------------


def search(house: House, where: Any, **more: Any) -> list[str]:
    """RIDs of what is found, over all pages of one."""
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = house.ok("POST", "builds/search?preview=true", {"where": where, "pageSize": 1, **token, **more})
        found += [build["rid"] for build in page["data"]]
        if "nextPageToken" not in page:
            return found
        token = {"pageToken": page["nextPageToken"]}


def test_builds_are_searched(house: House) -> None:
    done = house.build("clean")["rid"]
    house.work_all()
    house.stage.advance(10)
    running = house.build("extra")["rid"]
    at = "2023-11-14T22:13:3"
    created = {"type": "gte", "field": "STARTED_TIME", "value": f"{at}0.000Z"}
    finished = {"type": "lt", "field": "FINISHED_TIME", "value": "2099-01-01T00:00:00.000Z"}
    succeeded = {"type": "eq", "field": "STATUS", "value": "SUCCEEDED"}
    mine = {"type": "eq", "field": "CREATED_BY", "value": ANN.upper()}

    assert search(house, mine) == [running, done]
    assert search(house, succeeded) == [done]
    assert search(house, created) == [running]
    assert search(house, {**created, "value": "2023-11-14T23:13:30.0005+01:00"}) == []
    assert search(house, {"type": "not", "value": finished}) == [running]
    assert search(house, {"type": "and", "items": [mine, {"type": "or", "items": [succeeded, finished]}]}) == [done]
    ascending = {"fields": [{"field": "FINISHED_TIME", "direction": "ASC"}]}
    assert search(house, mine, orderBy=ascending) == [done, running]
    assert search(house, {"type": "eq", "field": "RID", "value": done}) == [done]
    assert search(house, {"type": "eq", "field": "BRANCH_NAME", "value": "feature"}) == []


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"type": "and", "items": []}, (400, "InvalidAndFilter", {})),
        ({"type": "not", "value": {"type": "or", "items": []}}, (400, "InvalidOrFilter", {})),
        ({"type": "eq", "field": "STARTED_TIME", "value": "x"}, (422, "Conjure:UnprocessableEntity", {})),
        ({"type": "gt", "field": "STARTED_TIME", "value": "x"}, (422, "Conjure:UnprocessableEntity", {})),
        *(
            (
                {"type": kind, "field": field, "value": value},
                (400, "InvalidFilterValue", {"field": field, "value": value, "expectedType": expected}),
            )
            for kind, field, value, expected in (
                (
                    "eq", "STATUS", "QUEUED",
                    {"type": "enum", "values": ["RUNNING", "SUCCEEDED", "FAILED", "CANCELED"]},
                ),
                ("eq", "RID", "build", {"type": "rid"}),
                ("eq", "CREATED_BY", "ann", {"type": "uuid"}),
                ("eq", "BRANCH_NAME", 3, {"type": "string"}),
                ("gte", "STARTED_TIME", "2023-11-14T22:13:30", {"type": "dateTime"}),
                ("lt", "FINISHED_TIME", 17, {"type": "dateTime"}),
                ("lt", "FINISHED_TIME", "2023-13-14T22:13:30Z", {"type": "dateTime"}),
            )
        ),
    ],
)  # fmt: skip
def test_a_search_that_makes_no_sense_is_refused(shared: House, where: Any, expected: Any) -> None:
    assert shared.refused("POST", "builds/search?preview=true", {"where": where}) == expected
