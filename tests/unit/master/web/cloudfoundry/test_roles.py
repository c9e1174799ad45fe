"""Who may do what: every operation for every role, and how a token is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from buildmill.master.auth.access import Access
from buildmill.master.auth.matchers import AnyControlEndpointMatcher
from buildmill.master.auth.roles import RolesFromEmails
from buildmill.master.auth.rules import Authz
from buildmill.master.domain.rights import ACTIONS, Policy, UndeclaredAction
from buildmill.master.domain.staging.configuration import StagingRole
from buildmill.master.web.cloudfoundry.operations import BESIDE, OPERATIONS, check_declared
from tests.database import Stage, open_stage
from tests.unit.master.web.cloudfoundry.house import House, form, refusal, to_one, token, zip_of
from tests.unit.master.web.conftest import Answer

COLUMNS = ("admin", "developer", "supporter", "auditor", "manager", "read", "none", "updater", "foreign", "")
MATRIX = """
createApp                     201 201 403 403 403 403 422 403 422 401
listApps                      200 200 200 200 200 200 200 403 200 401
getApp                        200 200 200 200 200 200 404 403 404 401
updateApp                     200 200 403 403 403 403 404 403 404 401
deleteApp                     202 202 403 403 403 403 404 403 404 401
getAppEnvironmentVariables    200 200 403 403 403 200 404 403 404 401
updateAppEnvironmentVariables 200 200 403 403 403 403 404 403 404 401
setCurrentDroplet             200 200 403 403 403 403 404 403 404 401
getCurrentDropletRelationship 200 200 200 200 200 200 404 403 404 401
getCurrentDroplet             200 200 200 200 200 200 404 403 404 401
createPackage                 201 201 403 403 403 403 422 403 422 401
listPackages                  200 200 200 200 200 200 200 403 200 401
listPackagesOfApp             200 200 200 200 200 200 404 403 404 401
getPackage                    200 200 200 200 200 200 404 403 404 401
updatePackage                 200 200 403 403 403 403 404 403 404 401
deletePackage                 202 202 403 403 403 403 404 403 404 401
uploadPackage                 200 200 403 403 403 403 404 403 404 401
downloadPackage               200 200 403 403 403 200 404 403 404 401
listDropletsOfPackage         200 200 200 200 200 200 404 403 404 401
createBuild                   201 201 201 422 422 403 422 403 422 401
listBuilds                    200 200 200 200 200 200 200 403 200 401
listBuildsOfApp               200 200 200 200 200 200 404 403 404 401
getBuild                      200 200 200 200 200 200 404 403 404 401
updateBuild                   200 200 403 403 403 403 404 403 404 401
listDroplets                  200 200 200 200 200 200 200 403 200 401
listDropletsOfApp             200 200 200 200 200 200 404 403 404 401
getDroplet                    200 200 200 200 200 200 404 403 404 401
updateDroplet                 200 200 403 403 403 403 404 403 404 401
deleteDroplet                 202 202 403 403 403 403 404 403 404 401
getDropletAttestation         404 404 404 404 404 404 404 403 404 401
downloadDroplet               422 422 403 422 422 422 404 403 404 401
createBuildpack               201 403 403 403 403 403 403 403 403 401
listBuildpacks                200 200 200 200 200 200 200 403 200 401
getBuildpack                  200 200 200 200 200 200 200 403 200 401
updateBuildpack               200 403 403 403 403 403 403 403 403 401
deleteBuildpack               202 403 403 403 403 403 403 403 403 401
uploadBuildpack               202 403 403 403 403 403 403 403 403 401
listStacks                    200 200 200 200 200 200 200 403 200 401
getStack                      200 200 200 200 200 200 200 403 200 401
listSpaces                    200 200 200 200 200 200 200 403 200 401
getSpace                      200 200 200 200 200 200 404 403 404 401
listOrganizations             200 200 200 200 200 200 200 403 200 401
getOrganization               200 200 200 200 200 200 404 403 200 401
getJob                        200 200 200 200 200 200 200 403 200 401
matchResources                201 201 201 201 201 403 201 403 201 401
readLog                       200 200 200 200 200 200 404 403 404 401
"""
"""Statuses; `foreign` is a developer of another space, the last column somebody without a token."""
EXPECTED = {line.split()[0]: line.split()[1:] for line in MATRIX.strip().splitlines()}
ALL = {operation.name: operation for operation in (*OPERATIONS, *BESIDE)}


def test_every_operation_is_here_and_declares_a_right() -> None:
    assert list(ALL) == list(EXPECTED)
    assert {operation.right for operation in ALL.values()} <= set(ACTIONS)
    assert set(COLUMNS) == {*map(str, StagingRole), "foreign", ""}


@pytest.mark.parametrize("right", ["staging.dance", ""])
def test_an_operation_without_a_declared_right_is_refused_at_start(right: str) -> None:
    with pytest.raises(UndeclaredAction, match="the operation 'createApp' declares"):
        check_declared(replace(OPERATIONS[0], right=right))


class Things:
    """What there is to do something with; made when it is asked for."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._count = 0
        self.buildpack = house.ok("POST", "/v3/buildpacks", {"name": "shared"}, by="admin")

    def path_and_body(self, name: str) -> tuple[str, Any]:
        operation = ALL[name]
        guid = self.guid_for(name)
        path = "/".join(guid if element == "{guid}" else element for element in operation.path)
        return ("/" if operation in BESIDE else "/v3/") + path, self.body_for(name)

    def ask(self, name: str, path: str, body: Any, by: str) -> Answer:
        """Call an operation."""
        if isinstance(body, bytes):
            return self.house.send_form(path, body, by=by)
        return self.house.ask(ALL[name].http, path, body, by=by)

    def guid_for(self, name: str) -> str:
        house = self.house
        self._count += 1
        first = ALL[name].path[0]
        if first in ("stacks", "spaces", "organizations"):
            found = house.ok("GET", f"/v3/{first}?order_by=created_at", by="admin")["resources"]
            return str(found[0]["guid"])
        if first == "buildpacks":
            made = house.ok("POST", "/v3/buildpacks", {"name": f"bp{self._count}"}, by="admin")
            return str(made["guid"])
        self.app = house.app(f"app{self._count}")
        if first == "jobs":
            answer = house.ask("DELETE", f"/v3/apps/{self.app['guid']}")
            return answer.headers["location"].rpartition("/")[2]
        if name == "uploadPackage":
            return str(house.package(self.app)["guid"])
        self.ready = house.ready_package(self.app)
        if first == "packages":
            return str(self.ready["guid"])
        if first in ("builds", "droplets") or "droplet" in "/".join(ALL[name].path):
            build = house.build(self.ready)
            if name == "createBuild":
                return ""
            staged = house.end(build)
            self.droplet = staged["droplet"]["guid"]
            return str({"builds": build["guid"], "droplets": self.droplet}.get(first, self.app["guid"]))
        return str(self.app["guid"])

    def body_for(self, name: str) -> Any:
        match name:
            case "createApp":
                return {"name": f"new{self._count}", "relationships": {"space": to_one(self.house.space)}}
            case "createPackage":
                return {"type": "bits", "relationships": {"app": to_one(self.app["guid"])}}
            case "createBuild":
                return {"package": {"guid": self.house.ready_package(self.house.app(f"b{self._count}"))["guid"]}}
            case "createBuildpack":
                return {"name": f"new{self._count}"}
            case "updateAppEnvironmentVariables":
                return {"var": {"A": "1"}}
            case "setCurrentDroplet":
                return to_one(self.droplet)
            case "uploadPackage" | "uploadBuildpack":
                return form(("bits", "x.zip", zip_of(("a", b"b"))))
        return None if ALL[name].body is None else {}


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Things]:
    """One for all, since each operation brings its own."""
    stage = open_stage()
    house = House(stage, tmp_path_factory.mktemp("roles") / "blobs")
    yield Things(house)
    house.close()
    stage.close()


@pytest.mark.parametrize("name", EXPECTED)
def test_what_each_role_is_answered(things: Things, name: str) -> None:
    found: list[str] = []
    for role in COLUMNS:
        if not found or (ALL[name].http != "GET" and found[-1] < "300"):  # what was there before is not there any more
            path, body = things.path_and_body(name)
        answer = things.ask(name, path, body, role)
        found.append(str(answer.status))
        if answer.status >= 400:
            assert refusal(answer)[1] in {401: (10002,), 403: (10003,), 404: (10010,), 422: (10008,)}[answer.status]

    assert " ".join(found) == " ".join(EXPECTED[name])


def test_a_role_without_a_space_finds_nothing_in_lists(house: House) -> None:
    house.ready_package(house.app())

    for by in ("none", "foreign"):
        for name in ("apps", "packages", "builds", "droplets"):
            assert house.ok("GET", f"/v3/{name}", by=by)["pagination"]["total_results"] == 0
    assert house.ok("GET", "/v3/spaces", by="none")["resources"] == []
    assert [space["name"] for space in house.ok("GET", "/v3/spaces", by="foreign")["resources"]] == ["elsewhere"]
    assert house.ok("GET", "/v3/apps", by="auditor")["pagination"]["total_results"] == 1


def test_the_state_of_a_build_is_for_admins_and_components(house: House) -> None:
    build = house.build(house.ready_package(house.app()))
    path = f"/v3/builds/{build['guid']}"

    assert house.refused("PATCH", path, {"state": "FAILED"})[:2] == (403, 10003)
    assert house.refused("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, by="updater")[:2] == (403, 10003)
    ended = house.ok("PATCH", path, {"state": "FAILED", "error": "no room"}, by="updater")
    assert (ended["state"], ended["error"]) == ("FAILED", "StagerError - Stager error: no room")
    assert house.ok("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, by="admin")["metadata"]["labels"] == {"a": "b"}


def test_secrets_are_for_developers(house: House) -> None:
    droplet = house.end(house.build(house.ready_package(house.app())))["links"]["droplet"]["href"]

    assert house.ok("GET", droplet)["process_types"] == {"web": "run"}
    assert house.ok("GET", droplet, by="auditor")["process_types"] == {"redacted_message": "[PRIVATE DATA HIDDEN]"}
    (listed,) = house.ok("GET", "/v3/droplets")["resources"]
    assert listed["process_types"] == {"redacted_message": "[PRIVATE DATA HIDDEN IN LISTS]"}


# -- how a token is shown ------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_in_any_case(house: House, scheme: str) -> None:
    assert house.ask("GET", "/v3/apps", by="", Authorization=f"{scheme} {token('developer')}").status == 200


@pytest.mark.parametrize("header", ["Basic YTpi", "token", "Bearerx y", ""])
def test_what_is_no_bearer_token(house: House, header: str) -> None:
    assert house.refused("GET", "/v3/apps", by="", Authorization=header) == (
        401, 10002, "CF-NotAuthenticated", "Authentication error",
    )  # fmt: skip


def test_a_token_that_does_not_count(house: House) -> None:
    assert house.refused("GET", "/v3/apps", by="=wrong") == (401, 1000, "CF-InvalidAuthToken", "Invalid Auth Token")


def test_scope_comes_before_the_body_and_the_path_before_the_token(house: House) -> None:
    assert house.refused("POST", "/v3/builds", b"{", by="read")[:2] == (403, 10003)
    assert house.refused("GET", "/v3/nothing", by="")[:3] == (404, 10000, "CF-NotFound")
    assert house.refused("GET", "/v3/nothing")[3] == "Unknown request"


# -- accounts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scopes", "statuses"),
    [
        (["*"], "200 201 201"),
        (["staging.*"], "200 201 201"),
        (["read"], "200 403 403"),
        (["staging.read"], "200 403 403"),
        (["read", "change"], "200 201 403"),
        (["staging.read", "staging.develop"], "200 201 403"),
        (["builds.read"], "403 403 403"),
    ],
)
def test_what_scopes_make_of_api_tokens(house: House, scopes: list[str], statuses: str) -> None:
    by = "=" + house.new_token("ann", *scopes)
    app = {"name": "new", "relationships": {"space": to_one(house.space)}}

    found = [
        house.ask("GET", "/v3/apps", by=by).status,
        house.ask("POST", "/v3/apps", app, by=by).status,
        house.ask("POST", "/v3/buildpacks", {"name": "new"}, by=by).status,
    ]

    assert " ".join(map(str, found)) == statuses


def test_rules_of_the_configuration_say_who_develops(memory: Stage, tmp_path: Path) -> None:
    authz = Authz([AnyControlEndpointMatcher(role="admins")], [RolesFromEmails(admins=["ann@example.org"])])
    house = House(memory, tmp_path, access=Access(policy=Policy(), authz=authz))
    app = {"name": "new", "relationships": {"space": to_one(house.space)}}
    ann, bob = ("=" + house.new_token(name, "*") for name in ("ann", "bob"))

    assert house.ask("POST", "/v3/apps", app, by=ann).status == 201
    assert house.ask("POST", "/v3/buildpacks", {"name": "new"}, by=ann).status == 201
    assert house.refused("POST", "/v3/apps", {**app, "name": "other"}, by=bob)[:2] == (403, 10003)
    assert house.ok("GET", "/v3/apps", by=bob)["pagination"]["total_results"] == 1
    house.close()


def test_who_makes_a_build_is_remembered(house: House) -> None:
    package = house.ready_package(house.app())

    by = house.build(package)["created_by"]

    assert (by["name"], by["email"]) == ("developer", "developer@x.org")
    assert re.fullmatch(r"[0-9a-f-]{36}", by["guid"])
