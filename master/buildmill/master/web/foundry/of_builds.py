"""Operations on builds and their jobs."""

from __future__ import annotations

from typing import Any

from buildmill.master.domain.orchestration.ports import BuildSearch
from buildmill.master.domain.schedules.requests import CreateBuildRequest
from buildmill.master.web.foundry import answers, bodies
from buildmill.master.web.foundry.errors import ApiError
from buildmill.master.web.foundry.operation import NOTHING, Call, Missing, Operation
from buildmill.master.web.foundry.paging import page_size, place_of, token_of
from buildmill.master.web.foundry.searching import order_of, where_of

_MOST_BUILDS, _MOST_JOBS = 100, 500


async def _create(call: Call) -> Any:
    """Build what is stale of the targets."""
    params = bodies.create_build(call.document)
    await call.permit()
    rid = await call.data.control("create", params, ("graph_builds",), call.principal.actor)
    return answers.build(await call.data.graphs.build(rid))


async def _get(call: Call) -> Any:
    """A build."""
    found = await call.graphs.build(call.rid)
    await call.permit()
    return answers.build(found)


async def _get_batch(call: Call) -> Any:
    """Several builds; those that are not there are left out."""
    elements = bodies.batch(call.document, bodies.BuildElement, _MOST_BUILDS)
    await call.permit()
    found = await call.graphs.builds([element.build_rid for element in elements])
    return answers.Builds(data={rid: answers.build(build) for rid, build in found.items()})


async def _search(call: Call) -> Any:
    """Builds, newest first unless something else is asked for."""
    request = bodies.shaped(call.document, bodies.SearchBuildsRequest)
    await call.permit()
    where, order = where_of(request.where), order_of(request.order_by)
    size = page_size(request.page_size)
    question = ["search", call.document["where"], order]
    place = place_of(question, request.page_token)
    page = await call.graphs.search(BuildSearch(where, order, place, size))
    data = tuple(map(answers.build, page.builds))
    if page.next is None:
        return answers.BuildPage(data=data)
    return answers.BuildPage(data=data, next_page_token=token_of(question, page.next))


async def _cancel(call: Call) -> Any:
    """Cancel all jobs that have not ended. A build that has ended stays as it is."""
    before = await call.graphs.build(call.rid)
    await call.permit()
    if before.status.is_final and call.cancels_strictly:
        raise ApiError("BuildNotRunning", f"{call.rid} has ended", {"buildRid": call.rid})
    await call.data.control("cancel", {}, ("graph_builds", call.rid), call.principal.actor)
    return NOTHING


async def _jobs(call: Call) -> Any:
    """Jobs of a build, in an order in which they can run."""
    size, question = page_size(call.query.get("pageSize")), ["jobs", call.rid]
    place = place_of(question, call.query.get("pageToken"))
    page = await call.graphs.jobs_of(call.rid, size, place[0] if place else None)
    await call.permit()
    data = tuple(map(answers.job, page.jobs))
    if page.next is None:
        return answers.JobPage(data=data)
    return answers.JobPage(data=data, next_page_token=token_of(question, (page.next,)))


async def _job(call: Call) -> Any:
    """A job."""
    found = await call.graphs.job(call.rid)
    await call.permit()
    return answers.job(found)


async def _job_batch(call: Call) -> Any:
    """Several jobs; those that are not there are left out."""
    elements = bodies.batch(call.document, bodies.JobElement, _MOST_JOBS)
    await call.permit()
    found = await call.graphs.jobs([element.job_rid for element in elements])
    return answers.Jobs(data={rid: answers.job(job) for rid, job in found.items()})


_NO_BUILD = Missing(name="BuildNotFound", parameter="buildRid")
_ONE = ("graph_builds", "{rid}")
_PAGES = ("InvalidPageSize", "InvalidPageToken")

OPERATIONS = (
    Operation(
        name="createBuild", http="POST", path=("builds", "create"), right="graph_builds.create", handle=_create,
        body=CreateBuildRequest, answer=answers.Build, denied=Missing(name="CreateBuildPermissionDenied"),
        errors=(
            "DuplicateBuildBranches", "MissingBuildTargets", "MissingConnectingBuildInputs", "BuildTargetsNotFound",
            "BuildInputsNotFound", "BuildTargetsPermissionDenied", "BuildInputsPermissionDenied",
            "BuildTargetsMissingJobSpecs", "BuildTargetsResolutionError", "BuildTargetsUpToDate",
        ),
        resource=("graph_builds",), method="create",
    ),
    Operation(
        name="getBuildsBatch", http="POST", path=("builds", "getBatch"), right="graph_builds.read", handle=_get_batch,
        body=bodies.BuildElement, most=_MOST_BUILDS, answer=answers.Builds, resource=("graph_builds",),
    ),
    Operation(
        name="searchBuilds", http="POST", path=("builds", "search"), right="graph_builds.read", handle=_search,
        is_preview=True, body=bodies.SearchBuildsRequest, answer=answers.BuildPage,
        denied=Missing(name="SearchBuildsPermissionDenied"),
        errors=(*_PAGES, "InvalidAndFilter", "InvalidOrFilter", "InvalidFilterValue"), resource=("graph_builds",),
    ),
    Operation(
        name="getBuild", http="GET", path=("builds", "{buildRid}"), right="graph_builds.read", handle=_get,
        answer=answers.Build, absent=_NO_BUILD, resource=_ONE,
    ),
    Operation(
        name="cancelBuild", http="POST", path=("builds", "{buildRid}", "cancel"), right="graph_builds.cancel",
        handle=_cancel, absent=_NO_BUILD, denied=Missing(name="CancelBuildPermissionDenied", parameter="buildRid"),
        errors=("BuildNotRunning",), resource=_ONE, method="cancel",
    ),
    Operation(
        name="listJobsOfBuild", http="GET", path=("builds", "{buildRid}", "jobs"), right="graph_builds.read",
        handle=_jobs, has_pages=True, answer=answers.JobPage, absent=_NO_BUILD, errors=_PAGES, resource=_ONE,
    ),
    Operation(
        name="getJobsBatch", http="POST", path=("jobs", "getBatch"), right="graph_jobs.read", handle=_job_batch,
        is_preview=True, body=bodies.JobElement, most=_MOST_JOBS, answer=answers.Jobs, resource=("graph_jobs",),
    ),
    Operation(
        name="getJob", http="GET", path=("jobs", "{jobRid}"), right="graph_jobs.read", handle=_job, is_preview=True,
        answer=answers.Job, absent=Missing(name="JobNotFound", parameter="jobRid"), resource=("graph_jobs",),
    ),
)  # fmt: skip
