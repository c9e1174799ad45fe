"""Which of several faults of a request is answered, and what every answer has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from buildmill.master.domain.rights import ACTIONS, covers, is_scope
from buildmill.master.web.foundry.face import OPERATIONS
from buildmill.master.web.foundry.operation import Operation
from buildmill.master.web.limits import WebLimits
from tests.unit.master.orchestration.graphs import rid
from tests.unit.master.web.foundry.house import House, manual, schedule

_BY_NAME = {operation.name: operation for operation in OPERATIONS}
_PREVIEW = {
    "searchBuilds", "getJob", "getJobsBatch", "createSchedule", "getSchedule", "replaceSchedule",
    "getAffectedResourcesOfSchedule", "getSchedulesBatch", "getScheduleVersion", "getScheduleOfVersion",
}  # fmt: skip
_WRITE = {
    "createBuild", "cancelBuild", "createSchedule", "replaceSchedule", "deleteSchedule", "pauseSchedule",
    "unpauseSchedule", "runSchedule",
}  # fmt: skip
NOWHERE = "ri.x.main.thing.nowhere"


def path_of(operation: Operation, rid: str = NOWHERE) -> str:
    return "/".join(rid if element.startswith("{") else element for element in operation.path)


@pytest.fixture(scope="module")
def reader(shared: House) -> str:
    return shared.new_token("bob", "api:orchestration-read")


@pytest.fixture(scope="module")
def writer(shared: House) -> str:
    return shared.new_token("bob", "api:orchestration-write")


@pytest.mark.parametrize(
    "headers",
    [{"Content_Type": "text/plain"}, {"Content_Type": "application/jsonx"}, {"Content_Encoding": "gzip"}],
)
def test_a_body_that_is_said_to_be_something_else_is_refused(shared: House, headers: dict[str, str]) -> None:
    refused = shared.refused("POST", "builds/create", {"target": manual("clean")}, **headers)

    assert refused == (415, "Conjure:UnsupportedMediaType", {})
    as_is = {"Content_Type": "Application/JSON; charset=utf-8", "Content_Encoding": "identity"}
    assert shared.refused("POST", "builds/create", b"{", **as_is)[:2] == (400, "Conjure:InvalidArgument")


def test_a_body_that_is_too_long_is_refused_in_the_same_form(shared: House) -> None:
    refused = shared.refused("POST", "builds/create", bytes(WebLimits().body_bytes + 1))

    assert refused == (413, "Default:RequestEntityTooLarge", {})


def test_there_are_twenty_operations() -> None:
    assert len(OPERATIONS) == len(_BY_NAME) == 20


@pytest.mark.parametrize("name", _BY_NAME)
def test_the_first_fault_in_order_is_answered(shared: House, reader: str, writer: str, name: str) -> None:
    operation = _BY_NAME[name]
    path = path_of(operation)
    wrong, missing = (reader, "api:orchestration-write") if name in _WRITE else (writer, "api:orchestration-read")

    nobody = shared.ask(operation.http, path, token=None)
    assert (nobody.status, nobody.json["errorCode"], nobody.headers["www-authenticate"]) == (
        401, "UNAUTHORIZED", "Bearer",
    )  # fmt: skip
    assert shared.refused(operation.http, path, token=wrong) == (403, "ApiUsageDenied", {"missingScope": missing})
    if name in _PREVIEW:
        for query in ("", "?preview=false", "?preview"):
            refused = shared.refused(operation.http, f"{path}{query}")
            assert refused == (400, "ApiFeaturePreviewUsageOnly", {})
    path = f"{path}?preview=true"
    if operation.body is not None:
        assert shared.refused(operation.http, path) == (400, "MissingPostBody", {})
        assert shared.refused(operation.http, path, b"{")[:2] == (400, "Conjure:InvalidArgument")
        assert shared.refused(operation.http, path, "text")[:2] == (422, "Conjure:UnprocessableEntity")
    elif operation.absent is not None:
        absent = operation.absent
        assert shared.refused(operation.http, path) == (404, absent.name, {absent.parameter: NOWHERE})


def test_who_has_no_token_learns_nothing_of_paths(shared: House) -> None:
    assert shared.face.request("GET", "/api/v2/orchestration").status == 401
    for token in (None, "bmt_" + "x" * 43, "no token"):
        assert shared.refused("GET", "nowhere", token=token)[:2] == (401, "Default:Unauthorized")
        assert shared.refused("POST", "schedules", {}, token=token)[0] == 401


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "nowhere"), ("GET", ""), ("PATCH", "builds/create"), ("GET", "jobs")]
)
def test_a_path_that_is_none_is_answered_without_a_body(shared: House, method: str, path: str) -> None:
    answer = shared.ask(method, path)

    assert (answer.status, answer.body) == (404, b"")


def test_what_is_generally_available_takes_no_notice_of_preview(shared: House) -> None:
    for query in ("", "?preview=true", "?preview=false"):
        assert shared.refused("GET", f"builds/{NOWHERE}{query}")[:2] == (404, "BuildNotFound")


def wrong_bodies() -> dict[str, tuple[str, Any]]:
    target = manual("clean")
    upstream = {"type": "upstream", "targetRids": [rid("clean")], "ignoredRids": []}
    return {
        "a number as text": ("builds/create", {"target": target, "retryCount": "1"}),
        "a flag as number": ("builds/create", {"target": target, "forceBuild": 1}),
        "a negative count": ("builds/create", {"target": target, "retryCount": -1}),
        "a negative duration": (
            "builds/create", {"target": target, "retryBackoffDuration": {"unit": "SECONDS", "value": -1}},
        ),
        "an unknown unit": (
            "builds/create", {"target": target, "retryBackoffDuration": {"unit": "FORTNIGHTS", "value": 1}},
        ),
        "no RID": ("builds/create", {"target": {"type": "manual", "targetRids": ["clean"]}}),
        "no type": ("builds/create", {"target": {"targetRids": [rid("clean")]}}),
        "an unknown type": ("builds/create", {"target": {"type": "every"}}),
        "no ignored": ("builds/create", {"target": {"type": "upstream", "targetRids": [rid("clean")]}}),
        "a branch without a name": ("builds/create", {"target": upstream, "branchName": ""}),
        "no element": ("builds/getBatch", [{}]),
        "no list": ("jobs/getBatch", {"jobRid": NOWHERE}),
        "no action": ("schedules", {"trigger": {"type": "manual"}}),
        "an unknown trigger": ("schedules", schedule("clean", trigger={"type": "sunrise"})),
        "a schedule without number": ("schedules", {**schedule("clean"), "displayName": 5}),
        "too deep": ("builds/create", json.loads("[" * 40 + "]" * 40)),
        "no search": ("builds/search", {}),
        "a page that is none": ("builds/search", {"where": {"type": "and", "items": []}, "pageSize": "5"}),
    }  # fmt: skip


@pytest.mark.parametrize("name", wrong_bodies())
def test_a_body_of_another_shape_is_unprocessable(shared: House, name: str) -> None:
    path, body = wrong_bodies()[name]

    status, error, _ = shared.refused("POST", f"{path}?preview=true", body)

    assert (status, error) == (422, "Conjure:UnprocessableEntity")


def test_unknown_members_are_passed_over(shared: House) -> None:
    body = {"target": manual("nowhere"), "colour": "red"}

    assert shared.refused("POST", "builds/create", body)[1] == "BuildTargetsNotFound"


def test_other_scopes_of_tokens_do_as_well(shared: House) -> None:
    for scope, status in (("read", 404), ("graph_builds.*", 404), ("*", 404), ("change", 403), ("builds.read", 403)):
        token = shared.new_token("carl", scope)
        assert shared.ask("GET", f"builds/{NOWHERE}", token=token).status == status
    assert is_scope("api:orchestration-read")
    assert covers(["api:orchestration-read"], ACTIONS["targets.read"])
    assert not covers(["api:orchestration-write"], ACTIONS["targets.commit"])
    assert not covers(["api:orchestration-read"], ACTIONS["builds.read"])
    assert not is_scope("api:orchestration-admin")


def test_pages_of_other_places_may_ask_if_the_configuration_says_so(shared: House) -> None:
    path = f"/api/v2/orchestration/builds/{NOWHERE}"
    asked = {"Access_Control_Request_Method": "GET", "Access_Control_Request_Headers": "authorization"}

    preflight = shared.face.request("OPTIONS", path, Origin="https://a.example.org", **asked)
    foreign = shared.ask("GET", f"builds/{NOWHERE}", Origin="https://evil.example.com")

    assert (preflight.status, preflight.headers["access-control-allow-origin"]) == (204, "https://a.example.org")
    assert "authorization" in preflight.headers["access-control-allow-headers"].lower()
    assert (foreign.status, foreign.json["errorName"]) == (403, "Default:PermissionDenied")


def test_the_document_describes_each_operation(shared: House) -> None:
    document = shared.ok("GET", "openapi.json")

    described = {
        (path, http): operation for path, methods in document["paths"].items() for http, operation in methods.items()
    }
    assert {operation["operationId"] for operation in described.values()} == set(_BY_NAME)
    for operation in OPERATIONS:
        found = described["/" + "/".join(operation.path), operation.http.lower()]
        assert found["summary"]
        assert ("requestBody" in found) is (operation.body is not None)
        assert {"401", "403"} <= set(found["responses"])
    references = json.dumps(document).split('"$ref": "#/components/schemas/')[1:]
    assert {reference.partition('"')[0] for reference in references} <= set(document["components"]["schemas"])
