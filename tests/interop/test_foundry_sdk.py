"""The official client of Foundry's orchestration API drives every operation against our master."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from foundry_sdk import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    UnauthorizedError,
    UnprocessableEntityError,
)
from foundry_sdk.v2.orchestration import errors

from buildmill.master.cli.schedule import schedule
from buildmill.master.domain.orchestration import rids
from tests.interop.foundry import FoundryMaster, dataset, foundry_master, manual

pytestmark = pytest.mark.slow

NOWHERE = "d1a29bfb-1a9a-4a86-9b54-3a4b1d0e6b4b"
NO_BUILD, NO_JOB = f"ri.foundry.main.build.{NOWHERE}", f"ri.foundry.main.job.{NOWHERE}"
NO_SCHEDULE = f"ri.scheduler.main.schedule.{NOWHERE}"
NO_VERSION = f"ri.scheduler.main.schedule-version.{NOWHERE}"
BY_HAND = {"type": "manual"}


@pytest.fixture(scope="module")
def foundry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FoundryMaster]:
    with foundry_master(tmp_path_factory.mktemp("foundry")) as running:
        yield running


@pytest.fixture
def api(foundry: FoundryMaster) -> Any:
    return foundry.client.orchestration


def test_builds_and_jobs(foundry: FoundryMaster, api: Any) -> None:
    target = {"type": "upstream", "targetRids": [dataset("report"), dataset("flaky")], "ignoredRids": []}
    made = api.Build.create(
        target=target,
        fallback_branches=["master"],
        branch_name="master",
        retry_count=1,
        retry_backoff_duration={"value": 10, "unit": "MILLISECONDS"},
    )
    assert (made.status, made.created_by, made.retry_backoff_duration.unit) == (
        "RUNNING", rids.of_user("ann"), "MILLISECONDS",
    )  # fmt: skip

    build = foundry.ended(made.rid)

    assert (build.status, build.finished_time is not None, len(build.job_rids)) == ("SUCCEEDED", True, 3)
    assert set(foundry.job_status(made.rid).values()) == {"SUCCEEDED"}
    job = api.Job.get(build.job_rids[0], preview=True)
    assert (job.build_rid, job.outputs[0].type) == (made.rid, "datasetJobOutput")
    assert job.outputs[0].output_transaction_rid.startswith("ri.foundry.main.transaction.")
    assert job.latest_attempt_start_time >= job.started_time
    batch = api.Job.get_batch([{"jobRid": rid} for rid in (*build.job_rids, NO_JOB)], preview=True)
    assert sorted(batch.data) == sorted(build.job_rids)
    builds = api.Build.get_batch([{"buildRid": made.rid}, {"buildRid": NO_BUILD}])
    assert builds.data == {made.rid: build}
    first = api.Build.jobs(made.rid, page_size=2)
    assert [job.rid for job in first] == list(build.job_rids)  # both pages

    with pytest.raises(BadRequestError) as refused:
        api.Build.create(target=target, fallback_branches=[])
    assert refused.value.name == "BuildTargetsUpToDate"


def test_a_failure_ends_what_depends_on_it(foundry: FoundryMaster, api: Any) -> None:
    build = foundry.ended(api.Build.create(target=manual("broken", "afterbroken"), fallback_branches=[]).rid)

    assert build.status == "FAILED"
    assert foundry.job_status(build.rid) == {dataset("broken"): "FAILED", dataset("afterbroken"): "CANCELED"}


def test_a_build_is_cancelled_while_it_runs(foundry: FoundryMaster, api: Any) -> None:
    build = api.Build.create(target=manual("slow", "afterslow"), fallback_branches=[])

    api.Build.cancel(build.rid)

    assert foundry.ended(build.rid).status == "CANCELED"
    api.Build.cancel(build.rid)
    assert set(foundry.job_status(build.rid).values()) == {"CANCELED"}


def test_builds_are_searched(foundry: FoundryMaster, api: Any) -> None:
    made = [api.Build.create(target=manual("extra"), fallback_branches=[], force_build=True) for _ in range(3)]
    for build in made:
        assert foundry.ended(build.rid).status == "SUCCEEDED"
    where = {
        "type": "and",
        "items": [
            {"type": "eq", "field": "CREATED_BY", "value": rids.of_user("ann")},
            {"type": "gte", "field": "STARTED_TIME", "value": made[0].created_time.isoformat()},
            {"type": "not", "value": {"type": "eq", "field": "STATUS", "value": "RUNNING"}},
        ],
    }

    page = api.Build.search(where=where, page_size=2, preview=True)
    rest = api.Build.search(where=where, page_size=100, page_token=page.next_page_token, preview=True)

    found = [build.rid for build in (*page.data, *rest.data)]
    assert found == [build.rid for build in made[::-1]]
    assert rest.next_page_token is None
    with pytest.raises(BadRequestError) as refused:
        api.Build.search(where={"type": "eq", "field": "STATUS", "value": "QUEUED"}, preview=True)
    assert (refused.value.name, refused.value.parameters["expectedType"]["type"]) == ("InvalidFilterValue", "enum")


def test_a_schedule_from_its_begin_to_its_end(foundry: FoundryMaster, api: Any) -> None:
    trigger = {
        "type": "and",
        "triggers": [
            {"type": "jobSucceeded", "datasetRid": dataset("extra"), "branchName": "master"},
            {"type": "or", "triggers": [
                {"type": "datasetUpdated", "datasetRid": dataset("extra"), "branchName": "master"},
                {"type": "time", "cronExpression": "0 5 * * MON#1", "timeZone": "America/New_York"},
                {"type": "newLogic", "datasetRid": dataset("extra"), "branchName": "master"},
            ]},
        ],
    }  # fmt: skip
    made = api.Schedule.create(
        action={"target": manual("scoped"), "forceBuild": True},
        trigger=trigger,
        display_name="follows extra",
        description="text",
        scope_mode={"type": "project", "projectRids": [rids.of_project("mine")]},
        preview=True,
    )
    assert (made.paused, made.action.branch_name, made.scope_mode.type) == (False, "master", "project")
    assert api.Schedule.get(made.rid, preview=True) == made
    assert api.Schedule.get_batch([{"scheduleRid": made.rid}], preview=True).data == {made.rid: made}
    assert list(api.Schedule.get_affected_resources(made.rid, preview=True).datasets) == [dataset("scoped")]
    version = api.ScheduleVersion.get(made.current_version_rid, preview=True)
    assert (version.schedule_rid, version.trigger) == (made.rid, made.trigger)

    foundry.ended(api.Build.create(target=manual("extra"), fallback_branches=[], force_build=True).rid)
    (run,) = foundry.runs(made.rid, 1)

    assert (run.result.type, run.created_by) == ("submitted", None)
    build = foundry.ended(run.result.build_rid)
    assert (build.status, build.schedule_rid, build.created_by) == ("SUCCEEDED", made.rid, rids.of_user("scheduler"))
    api.Schedule.pause(made.rid)
    assert api.Schedule.get(made.rid, preview=True).paused
    by_hand = api.Schedule.run(made.rid)
    assert by_hand.created_by == rids.of_user("ann")
    assert foundry.result_of(by_hand).type == "submitted"
    api.Schedule.unpause(made.rid)
    new = api.Schedule.replace(made.rid, action={"target": manual("clean")}, trigger=BY_HAND, preview=True)
    assert (new.rid, new.display_name, new.scope_mode.type) == (made.rid, None, "user")
    assert api.ScheduleVersion.schedule(made.current_version_rid, preview=True) == new
    api.Schedule.delete(made.rid)
    assert api.ScheduleVersion.schedule(made.current_version_rid, preview=True) is None
    with pytest.raises(errors.ScheduleNotFound):
        api.Schedule.get(made.rid, preview=True)


def test_runs_have_each_kind_of_result(foundry: FoundryMaster, api: Any) -> None:
    def result(name: str, **action: Any) -> Any:
        made = api.Schedule.create(action={"target": manual(*name.split()), **action}, trigger=BY_HAND, preview=True)
        return foundry.result_of(api.Schedule.run(made.rid))

    outside = api.Schedule.create(
        action={"target": manual("clean")},
        trigger=BY_HAND,
        scope_mode={"type": "project", "projectRids": [rids.of_project("mine")]},
        preview=True,
    )
    foundry.ended(api.Build.create(target=manual("clean"), fallback_branches=[], force_build=True).rid)

    assert result("clean").type == "ignored"
    assert result("clean", forceBuild=True).type == "submitted"
    assert result("cyca cycb").error_name == "CYCLICDEPENDENCY"
    assert result("featureonly", branchName="feature").error_name == "TARGETRESOLUTIONFAILURE"
    denied = foundry.result_of(api.Schedule.run(outside.rid))
    assert (denied.type, denied.error_name) == ("error", "PERMISSIONDENIED")


def test_a_second_run_is_refused_and_a_fire_remembered(foundry: FoundryMaster, api: Any) -> None:
    trigger = {"type": "datasetUpdated", "datasetRid": dataset("extra"), "branchName": "master"}
    made = api.Schedule.create(action={"target": manual("slow"), "forceBuild": True}, trigger=trigger, preview=True)
    first = foundry.result_of(api.Schedule.run(made.rid)).build_rid

    with pytest.raises(ConflictError) as refused:
        api.Schedule.run(made.rid)
    assert refused.value.name == "ScheduleAlreadyRunning"
    for _ in range(2):
        foundry.ended(api.Build.create(target=manual("extra"), fallback_branches=[], force_build=True).rid)
    assert len(list(api.Schedule.runs(made.rid))) == 1
    foundry.gate.touch()
    foundry.ended(first)

    newest, _ = foundry.runs(made.rid, 2)
    assert foundry.ended(newest.result.build_rid).status == "SUCCEEDED"
    api.Schedule.delete(made.rid)


def test_what_is_missing_comes_as_its_own_class(api: Any) -> None:
    named: list[tuple[Callable[[], Any], type[Exception]]] = [
        (lambda: api.Build.get(NO_BUILD), errors.BuildNotFound),
        (lambda: api.Job.get(NO_JOB, preview=True), errors.JobNotFound),
        (lambda: api.Schedule.get(NO_SCHEDULE, preview=True), errors.ScheduleNotFound),
        (lambda: api.ScheduleVersion.get(NO_VERSION, preview=True), errors.ScheduleVersionNotFound),
    ]
    for call, kind in named:
        with pytest.raises(kind):
            call()
    calls: list[Callable[[], Any]] = [
        lambda: api.Build.cancel(NO_BUILD),
        lambda: api.Build.jobs(NO_BUILD),
        lambda: api.Schedule.run(NO_SCHEDULE),
        lambda: api.Schedule.runs(NO_SCHEDULE),
        lambda: api.Schedule.pause(NO_SCHEDULE),
        lambda: api.Schedule.unpause(NO_SCHEDULE),
        lambda: api.Schedule.delete(NO_SCHEDULE),
        lambda: api.Schedule.get_affected_resources(NO_SCHEDULE, preview=True),
        lambda: api.Schedule.replace(NO_SCHEDULE, action={"target": manual("clean")}, trigger=BY_HAND, preview=True),
    ]
    for call in calls:
        with pytest.raises(NotFoundError) as refused:
            call()
        assert refused.value.name in ("BuildNotFound", "ScheduleNotFound")


def test_who_may_not_is_told_which_scope_is_missing(foundry: FoundryMaster) -> None:
    reader = foundry.reader.orchestration
    calls: list[Callable[[], Any]] = [
        lambda: reader.Build.create(target=manual("clean"), fallback_branches=[]),
        lambda: reader.Schedule.create(action={"target": manual("clean")}, trigger=BY_HAND, preview=True),
        lambda: reader.Schedule.run(NO_SCHEDULE),
    ]
    for call in calls:
        with pytest.raises(PermissionDeniedError) as refused:
            call()
        assert (refused.value.name, refused.value.parameters["missingScope"]) == (
            "ApiUsageDenied", "api:orchestration-write",
        )  # fmt: skip
    with pytest.raises(UnauthorizedError):
        foundry.client_of("bmt_" + "x" * 43).orchestration.Build.get(NO_BUILD)


def test_previews_have_to_be_asked_for(foundry: FoundryMaster, api: Any) -> None:
    with pytest.raises(BadRequestError) as refused:
        api.Job.get(NO_JOB)
    assert (refused.value.name, refused.value.parameters) == ("ApiFeaturePreviewUsageOnly", {})
    always = foundry.client_of(foundry.token, default_params={"preview": "true"}).orchestration
    with pytest.raises(errors.JobNotFound):
        always.Job.get(NO_JOB)
    with pytest.raises(errors.BuildNotFound):
        always.Build.get(NO_BUILD)


def test_refusals_of_builds_have_their_names(api: Any) -> None:
    def refusal(kind: type[Exception], **request: Any) -> str:
        with pytest.raises(kind) as refused:
            api.Build.create(**{"fallback_branches": [], **request})
        name: str = refused.value.name  # type: ignore[attr-defined]  # of all its errors
        return name

    unknown = {"type": "manual", "targetRids": ["ri.foundry.main.dataset.nowhere"]}
    assert refusal(NotFoundError, target=unknown) == "BuildTargetsNotFound"
    assert refusal(BadRequestError, target=manual("raw")) == "BuildTargetsMissingJobSpecs"
    assert refusal(BadRequestError, target=manual("cyca", "cycb")) == "BuildTargetsResolutionError"
    assert refusal(BadRequestError, target=manual("clean"), fallback_branches=["a", "a"]) == "DuplicateBuildBranches"
    assert refusal(UnprocessableEntityError, target=manual("clean"), retry_count=-1) == "Conjure:UnprocessableEntity"


def test_schedules_are_made_and_run_by_the_command_line(foundry: FoundryMaster, api: Any) -> None:
    def ours(*arguments: str, code: int = 0) -> str:
        where = ("-m", f"127.0.0.1:{foundry.master.http_port}", "-a", foundry.token)
        done = CliRunner().invoke(schedule, [*where, *arguments])
        assert done.exit_code == code, done.output
        return done.output

    options = ("--cron", "0 2 * * SUN", "--zone", "Europe/Berlin", "--on", "raw@master", "--all")
    rid = ours("create", "weekly", "-t", "report", "--upstream", "--force", *options).strip()

    made = api.Schedule.get(rid, preview=True)
    assert (made.display_name, made.trigger.type, made.action.target.type) == ("weekly", "and", "upstream")
    assert rid in ours("list")
    assert "waits_for_event" in ours("explain", "weekly")
    assert f"edited    {made.updated_time:%Y-%m-%d}" in ours("show", "weekly")
    ours("pause", "weekly")
    assert "paused" in ours("list")
    ours("unpause", rid)
    run = ours("run", "weekly").strip()
    foundry.runs(rid, 1)
    (found,) = json.loads(ours("runs", "weekly", "--json"))
    assert (found["rid"], found["outcome"]) == (run, "submitted")
    ours("replace", "weekly", "-t", "clean", "--rename", "daily")
    assert api.Schedule.get(rid, preview=True).trigger.type == "manual"
    assert "on which branch" in ours("create", "x", "-t", "clean", "--on", "raw", code=1)
    assert "no dataset is called 'x'" in ours("create", "x", "-t", "x", code=1)
    ours("delete", "daily")
    assert "no schedule is called 'daily'" in ours("show", "daily", code=1)
    assert len(ours("next", "0 0 29 2 *", "-n", "3").splitlines()) == 3


def test_the_published_examples_work_verbatim(foundry: FoundryMaster) -> None:
    def post(path: str, body: Any) -> tuple[int, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{foundry.master.http_port}/api/v2/orchestration/{path}",
            data=b"" if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {foundry.token}", "Content-type": "application/json"},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    example = {
        "branchName": "master", "fallbackBranches": ["master"], "forceBuild": True, "abortOnFailure": False,
        "retryBackoffDuration": {"unit": "SECONDS", "value": 30}, "retryCount": 0, "notificationsEnabled": False,
    }  # fmt: skip

    foundry.gate.touch()
    status, build = post("builds/create?preview=true", example)
    missing, refusal = post(f"schedules/{NO_SCHEDULE}/run?preview=true", None)

    assert (status, build["branchName"], build["status"]) == (200, "master", "RUNNING")
    assert foundry.ended(build["rid"]).status == "FAILED"  # broken is one of all
    assert (missing, refusal["errorName"]) == (404, "ScheduleNotFound")
