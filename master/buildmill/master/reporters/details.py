"""What reporters want to know of a build, gathered from the data API.

All are dictionaries as `master.data.get` gives them, with further ones inside: a build has ``builder``,
``buildrequest``, ``buildset`` (with its ``sourcestamps``), ``url``, and what else was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildmill.common.results import RETRY
from buildmill.master.domain.queries import Filter, Operator
from buildmill.master.engine.user_code import begun_at_once

Document = dict[str, Any]

_LOOK_BACK = 20
"""So many builds before one are looked through for the last that was not a retry."""


def getURLForBuild(master: Any, builderid: int, build_number: int) -> str:
    """Address of a build's page."""
    return f"{master.config.buildbotURL}#/builders/{builderid}/builds/{build_number}"


def getURLForBuildrequest(master: Any, buildrequestid: int) -> str:
    """Address of a request's page."""
    return f"{master.config.buildbotURL}#/buildrequests/{buildrequestid}"


@begun_at_once
async def getPreviousBuild(master: Any, build: Document) -> Document | None:
    """The build of the same builder before this one that was not a retry; None without one."""
    for number in range(build["number"] - 1, max(0, build["number"] - 1 - _LOOK_BACK), -1):
        found: Document | None = await master.data.get(("builders", build["builderid"], "builds", number))
        if found is not None and found["results"] != RETRY:
            return found
    return None


@begun_at_once
async def getDetailsForBuild(
    master: Any,
    build: Document,
    want_properties: bool = False,
    want_steps: bool = False,
    want_previous_build: bool | None = None,
    want_logs: bool = False,
    add_logs: bool | Sequence[str] | None = None,
    want_logs_content: bool | Sequence[str] = False,
) -> None:
    """Add to a build what belongs to it.

    Args:
        want_steps, want_logs, want_logs_content: its ``steps``; with their ``logs``; with the ``content`` of those (of
            all, or of those that are named). Each includes the one before.
        want_previous_build: its ``prev_build``.
        add_logs: the older name of `want_logs_content`.
    """
    request = await master.data.get(("buildrequests", build["buildrequestid"]))
    buildset = await master.data.get(("buildsets", request["buildsetid"]))
    build["buildrequest"], build["buildset"] = request, buildset
    await _add_details(
        master,
        buildset,
        [build],
        want_properties=want_properties,
        want_steps=want_steps,
        want_previous_build=bool(want_previous_build),
        want_logs=want_logs,
        content=add_logs if add_logs is not None else want_logs_content,
    )


@begun_at_once
async def getDetailsForBuilds(
    master: Any,
    buildset: Document,
    builds: Sequence[Document],
    want_properties: bool = False,
    want_steps: bool = False,
    want_previous_build: bool | None = None,
    want_logs: bool = False,
    add_logs: bool | Sequence[str] | None = None,
    want_logs_content: bool | Sequence[str] = False,
) -> None:
    """The same for several builds of one set."""
    for build in builds:
        build["buildrequest"] = await master.data.get(("buildrequests", build["buildrequestid"]))
        build["buildset"] = buildset
    await _add_details(
        master,
        buildset,
        builds,
        want_properties=want_properties,
        want_steps=want_steps,
        want_previous_build=bool(want_previous_build),
        want_logs=want_logs,
        content=add_logs if add_logs is not None else want_logs_content,
    )


@begun_at_once
async def getDetailsForBuildset(
    master: Any,
    buildsetid: int,
    want_properties: bool = False,
    want_steps: bool = False,
    want_previous_build: bool | None = None,
    want_logs: bool = False,
    add_logs: bool | Sequence[str] | None = None,
    want_logs_content: bool | Sequence[str] = False,
) -> Document:
    """``{"buildset": …, "builds": […]}``: a set with the last build of each of its requests."""
    buildset = await master.data.get(("buildsets", buildsetid))
    builds: list[Document] = []
    for request in await master.data.get(("buildrequests",), filters=[_equal("buildsetid", buildsetid)]):
        tried = await master.data.get(("buildrequests", request["buildrequestid"], "builds"))
        if tried:
            builds.append(max(tried, key=lambda build: build["buildid"]))
    await getDetailsForBuilds(
        master,
        buildset,
        builds,
        want_properties=want_properties,
        want_steps=want_steps,
        want_previous_build=want_previous_build,
        want_logs=want_logs,
        add_logs=add_logs,
        want_logs_content=want_logs_content,
    )
    return {"buildset": buildset, "builds": builds}


@begun_at_once
async def getDetailsForBuildrequest(master: Any, request: Document) -> Document:
    """A build that is yet to come, for reports of requests: it has no number and no result."""
    builder = await master.data.get(("builders", request["builderid"]))
    buildset = await master.data.get(("buildsets", request["buildsetid"]))
    return {
        "buildrequest": request,
        "buildset": buildset,
        "builder": builder,
        "builderid": request["builderid"],
        "buildrequestid": request["buildrequestid"],
        "url": getURLForBuildrequest(master, request["buildrequestid"]),
        "results": None,
        "complete": False,
    }


@begun_at_once
async def getChangesForSourceStamps(master: Any, sslist: Sequence[Mapping[str, Any]]) -> list[Document]:
    """The changes that belong to source stamps."""
    changes: list[Document] = []
    for stamp in sslist:
        changes.extend(await master.data.get(("sourcestamps", stamp["ssid"], "changes")))
    return changes


@begun_at_once
async def getResponsibleUsersForSourceStamp(master: Any, sourcestampid: int) -> list[str]:
    """Who wrote what a source stamp is made of: authors of its changes, and of its patch."""
    changes = await master.data.get(("sourcestamps", sourcestampid, "changes"))
    stamp = await master.data.get(("sourcestamps", sourcestampid))
    people = {change["author"] for change in changes if change["author"]}
    patch = stamp.get("patch") if stamp is not None else None
    if patch and patch.get("author"):
        people.add(patch["author"])
    return sorted(people)


@begun_at_once
async def getResponsibleUsersForBuild(master: Any, buildid: int) -> list[str]:
    """Who may want to know of a build: authors of its changes, and who asked for it."""
    build = await master.data.get(("builds", buildid))
    request = await master.data.get(("buildrequests", build["buildrequestid"]))
    buildset = await master.data.get(("buildsets", request["buildsetid"]))
    people: set[str] = set()
    for change in await master.data.get(("builds", buildid, "changes")):
        if change["author"]:
            people.add(change["author"])
    for stamp in buildset["sourcestamps"]:
        people.update(await getResponsibleUsersForSourceStamp(master, stamp["ssid"]))
    properties = await master.data.get(("builds", buildid, "properties")) or {}
    for name in ("owner", "owners"):
        if name in properties and (value := properties[name][0]):
            people.update(value if isinstance(value, list) else [str(value)])
    return sorted(people)


def merge_reports_prop(reports: Sequence[Mapping[str, Any]], prop: str) -> Any:
    """The values of all reports added up; None if none has one."""
    result: Any = None
    for report in reports:
        if (value := report.get(prop)) is not None:
            result = value if result is None else result + value
    return result


def merge_reports_prop_take_first(reports: Sequence[Mapping[str, Any]], prop: str) -> Any:
    """The first value that a report has."""
    return next((report[prop] for report in reports if report.get(prop) is not None), None)


async def _add_details(
    master: Any,
    buildset: Document,
    builds: Sequence[Document],
    *,
    want_properties: bool,
    want_steps: bool,
    want_previous_build: bool,
    want_logs: bool,
    content: bool | Sequence[str],
) -> None:
    parent = parent_builder = None
    if buildset["parent_buildid"] is not None:
        parent = await master.data.get(("builds", buildset["parent_buildid"]))
        parent_builder = None if parent is None else await master.data.get(("builders", parent["builderid"]))
    for build in builds:
        build["parentbuild"], build["parentbuilder"] = parent, parent_builder
        build["builder"] = await master.data.get(("builders", build["builderid"]))
        build["url"] = getURLForBuild(master, build["builderid"], build["number"])
        if want_properties:
            build["properties"] = await master.data.get(("builds", build["buildid"], "properties")) or {}
        if want_previous_build:
            build["prev_build"] = await getPreviousBuild(master, build)
        if want_steps or want_logs or content:
            build["steps"] = await master.data.get(("builds", build["buildid"], "steps"))
            if want_logs or content:
                for step in build["steps"]:
                    await _add_logs(master, build, step, content)


async def _add_logs(master: Any, build: Document, step: Document, content: bool | Sequence[str]) -> None:
    step["logs"] = await master.data.get(("steps", step["stepid"], "logs"))
    for log in step["logs"]:
        log["stepname"] = step["name"]
        base = f"{master.config.buildbotURL}"
        page = f"#/builders/{build['builderid']}/builds/{build['number']}/steps/{step['number']}/logs/{log['slug']}"
        log["url"] = base + page
        log["url_raw"] = f"{base}api/v2/logs/{log['logid']}/raw"
        log["url_raw_inline"] = f"{base}api/v2/logs/{log['logid']}/raw_inline"
        if is_wanted_log(content, step["name"], log["name"]):
            log["content"] = await master.data.get(("logs", log["logid"], "contents"))


def is_wanted_log(wanted: bool | Sequence[str], step: str, log: str) -> bool:
    """Whether a log is among those that were named, as ``log`` or ``step.log``."""
    if isinstance(wanted, bool):
        return wanted
    return log in wanted or f"{step}.{log}" in wanted


def _equal(field: str, value: Any) -> Filter:
    return Filter(field, Operator.EQ, (value,))
