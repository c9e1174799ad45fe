"""Builds, apps and droplets from their begin to their end, and everything beside them."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from buildmill.master.auth.access import Access
from buildmill.master.auth.backends import UserPasswordAuth
from buildmill.master.domain.rights import Policy
from buildmill.master.domain.staging.configuration import StagingConfig
from tests.database import Stage
from tests.unit.master.web.cloudfoundry.house import HERE, House, config_of, to_one

NO_PACKAGE = "Unable to use package. Ensure that the package exists and you have access to it."


def test_from_an_app_to_a_droplet(house: House) -> None:
    app = house.app(metadata={"labels": {"team": "web"}})
    package = house.ready_package(app)

    build = house.build(package)

    assert (build["state"], build["error"], build["droplet"], build["checksum"]) == ("STAGING", None, None, None)
    assert build["package"] == {"guid": package["guid"]}
    assert build["relationships"]["app"] == to_one(app["guid"])
    assert (build["staging_memory_in_mb"], build["staging_disk_in_mb"]) == (1024, 4096)
    assert build["lifecycle"] == {"type": "buildpack", "data": {"buildpacks": [], "stack": "linux"}}
    staged = house.end(build)
    assert staged["state"] == "STAGED"
    droplet = house.ok("GET", staged["links"]["droplet"]["href"])
    assert (droplet["state"], droplet["guid"]) == ("STAGED", staged["droplet"]["guid"])
    current = house.ok("GET", f"/v3/apps/{app['guid']}/relationships/current_droplet")
    assert current["data"] == {"guid": droplet["guid"]}
    assert house.ok("GET", current["links"]["related"]["href"])["guid"] == droplet["guid"]
    assert house.ok("GET", f"/v3/apps/{app['guid']}/droplets?current=true")["pagination"]["total_results"] == 1
    assert house.ok("GET", f"/v3/packages/{package['guid']}/droplets")["resources"][0]["guid"] == droplet["guid"]


@pytest.mark.parametrize("guid", ["nowhere", "x/y", "%2e%2e"])
def test_a_package_that_is_none(house: House, guid: str) -> None:
    assert house.refused("POST", "/v3/builds", {"package": {"guid": guid}}) == (
        422, 10008, "CF-UnprocessableEntity", NO_PACKAGE,
    )  # fmt: skip


def test_the_order_of_refusals(house: House) -> None:
    app = house.app()
    package = {"guid": house.package(app)["guid"]}
    lifecycle = {"type": "docker", "data": {}}

    assert house.refused("POST", "/v3/builds", b"[]", by="none")[1] == 1001
    assert house.refused("POST", "/v3/builds", {"package": package, "x": 1}, by="none")[3] == "Unknown field(s): 'x'"
    assert house.refused("POST", "/v3/builds", {"package": package}, by="auditor")[3] == NO_PACKAGE
    stack = {"type": "buildpack", "data": {"stack": "nowhere"}}
    assert house.refused("POST", "/v3/builds", {"package": package, "lifecycle": stack})[1:] == (
        10008, "CF-UnprocessableEntity", "Stack must be an existing stack",
    )  # fmt: skip
    gone = {"type": "buildpack", "data": {"stack": "gone"}}
    assert house.refused("POST", "/v3/builds", {"package": package, "lifecycle": gone})[1] == 250004
    assert house.refused("POST", "/v3/builds", {"package": package})[1] == 1004
    ready = {"guid": house.ready_package(app)["guid"]}
    assert house.refused("POST", "/v3/builds", {"package": ready, "lifecycle": lifecycle})[0] == 422
    assert (
        house.refused("POST", "/v3/builds", {"package": ready, "staging_disk_in_mb": 4097})[3] == "disk limit exceeded"
    )
    cnb = {"type": "cnb", "data": {}}
    assert house.refused("POST", "/v3/builds", {"package": ready, "lifecycle": cnb}) == (
        403, 330002, "CF-FeatureDisabled", "Feature Disabled: diego_cnb",
    )  # fmt: skip


def test_one_build_of_an_app_at_a_time(house: House) -> None:
    package = house.ready_package(house.app())
    house.build(package)

    assert house.refused("POST", "/v3/builds", {"package": {"guid": package["guid"]}}) == (
        422, 170017, "CF-StagingInProgress", "Only one build can be STAGING at a time per application.",
    )  # fmt: skip


def test_a_deprecated_stack_warns(house: House) -> None:
    package = house.ready_package(house.app())
    lifecycle = {"type": "buildpack", "data": {"stack": "old"}}

    answer = house.ask("POST", "/v3/builds", {"package": {"guid": package["guid"]}, "lifecycle": lifecycle})

    assert answer.status == 201
    assert "%20deprecated%20" in answer.headers["x-cf-warnings"]


def test_a_url_with_a_password_is_not_shown(house: House) -> None:
    package = house.ready_package(house.app())
    url = "https://ann:secret@host.example.org/x.git"
    lifecycle = {"type": "buildpack", "data": {"buildpacks": [url]}}

    build = house.build(package, lifecycle=lifecycle)

    for shown in (build, house.ok("GET", build["links"]["self"]["href"])):
        assert shown["lifecycle"]["data"]["buildpacks"] == ["https://***:***@host.example.org/x.git"]
    assert "secret" not in str(house.ok("GET", "/v3/builds"))


def test_what_ends_a_build_ends_it_once(house: House) -> None:
    build = house.build(house.ready_package(house.app()))
    house.end(build, "no room")

    refused = house.refused("PATCH", f"/v3/builds/{build['guid']}", {"state": "FAILED"}, by="updater")
    assert refused[:3] == (400, 10004, "CF-InvalidRequest")


def test_deleting_an_app_removes_its_builds(house: House) -> None:
    app = house.app()
    build = house.build(house.ready_package(app))

    answer = house.ask("DELETE", f"/v3/apps/{app['guid']}")

    assert (answer.status, answer.body) == (202, b"")
    assert house.ok("GET", answer.headers["location"])["state"] == "COMPLETE"
    assert house.refused("GET", f"/v3/builds/{build['guid']}") == (
        404, 10010, "CF-ResourceNotFound", "Build not found",
    )  # fmt: skip
    assert house.refused("GET", f"/v3/apps/{app['guid']}")[3] == "App not found"


def test_metadata_is_merged(house: House) -> None:
    app = house.app(metadata={"labels": {"a": "1", "b": "2"}})

    changed = house.ok("PATCH", f"/v3/apps/{app['guid']}", {"metadata": {"labels": {"a": None, "c": ""}}})

    assert changed["metadata"]["labels"] == {"b": "2", "c": ""}
    many = {f"k{number}": "v" for number in range(51)}
    assert house.refused("PATCH", f"/v3/apps/{app['guid']}", {"metadata": {"labels": many}})[1] == 390020


def test_a_name_is_there_once_in_a_space(house: House) -> None:
    house.app("shop")

    refused = house.refused("POST", "/v3/apps", {"name": "shop", "relationships": {"space": to_one(house.space)}})
    assert refused == (422, 10016, "CF-UniquenessError", "App with the name 'shop' already exists.")


def test_the_current_droplet_is_one_of_the_app(house: House) -> None:
    app, other = house.app("a"), house.app("b")
    droplet = house.end(house.build(house.ready_package(other)))["droplet"]["guid"]
    path = f"/v3/apps/{app['guid']}/relationships/current_droplet"

    for guid in (droplet, "nowhere"):
        assert house.refused("PATCH", path, to_one(guid))[3] == (
            "Unable to assign current droplet. Ensure the droplet exists and belongs to this app."
        )
    assert house.refused("GET", path)[3] == "Droplet not found"
    assert house.refused("GET", f"/v3/apps/{app['guid']}/droplets/current")[3] == "Droplet not found"


def test_variables(house: House) -> None:
    app = house.app(environment_variables={"A": "1"})
    path = f"/v3/apps/{app['guid']}/environment_variables"

    assert house.ok("PATCH", path, {"var": {"A": None, "B": "2"}})["var"] == {"B": "2"}
    assert house.ok("GET", path)["var"] == {"B": "2"}


# -- lists -----------------------------------------------------------------------------


def names(page: Any) -> list[str]:
    return [each["name"] for each in page["resources"]]


def test_lists_are_filtered_ordered_and_paged(house: House) -> None:
    for number, name in enumerate(("c", "a", "b")):
        house.app(name, metadata={"labels": {"n": str(number)}})
        house.stage.advance(10)

    assert names(house.ok("GET", "/v3/apps")) == ["c", "a", "b"]
    assert names(house.ok("GET", "/v3/apps?order_by=-created_at")) == ["b", "a", "c"]
    assert names(house.ok("GET", "/v3/apps?order_by=name")) == ["a", "b", "c"]
    assert names(house.ok("GET", "/v3/apps?names=a,c")) == ["c", "a"]
    assert names(house.ok("GET", "/v3/apps?label_selector=n+in+(0,2)")) == ["c", "b"]
    second = house.ok("GET", "/v3/apps")["resources"][1]
    assert names(house.ok("GET", f"/v3/apps?created_ats[lt]={second['created_at']}")) == ["c"]
    assert names(house.ok("GET", f"/v3/apps?created_ats={second['created_at']}")) == ["a"]
    assert names(house.ok("GET", f"/v3/apps?guids={second['guid']},nowhere")) == ["a"]


def test_pages_lead_to_each_other(house: House) -> None:
    for name in ("a", "b", "c", "d", "e"):
        house.app(name)
    found = []
    following: str | None = f"{HERE}/v3/apps?per_page=2&order_by=-name"
    while following is not None:
        page = house.ok("GET", following)
        found.append(names(page))
        following = page["pagination"]["next"] and page["pagination"]["next"]["href"]

    assert found == [["e", "d"], ["c", "b"], ["a"]]
    assert page["pagination"]["total_results"] == 5
    behind = house.ok("GET", "/v3/apps?page=9")
    assert (behind["resources"], behind["pagination"]["total_results"]) == ([], 5)


def test_builds_by_app_package_and_state(house: House) -> None:
    first, second = house.ready_package(house.app("a")), house.ready_package(house.app("b"))
    house.end(house.build(first), "no")
    house.build(second)
    app = second["relationships"]["app"]["data"]["guid"]

    def count(query: str) -> int:
        return int(house.ok("GET", f"/v3/{query}")["pagination"]["total_results"])

    assert count("builds") == 2
    assert count("builds?states=STAGING,STAGED") == 1
    assert count("builds?states=DANCING") == 0
    assert count(f"builds?package_guids={first['guid']}&states=FAILED") == 1
    assert count(f"builds?app_guids={app}") == 1
    assert count(f"apps/{app}/builds") == 1
    assert house.refused("GET", f"/v3/apps/{app}/builds?app_guids=x")[1] == 10005
    assert house.refused("GET", "/v3/apps/nowhere/builds?x=1")[1] == 10005
    assert house.refused("GET", "/v3/apps/nowhere/builds")[1] == 10010
    assert house.refused("GET", f"/v3/packages/{first['guid']}/builds")[1] == 10000


def test_what_things_are_related_to_can_be_brought(house: House) -> None:
    app = house.app()

    one = house.ok("GET", f"/v3/apps/{app['guid']}?include=space.organization")
    page = house.ok("GET", "/v3/apps?include=space,space.organization&names=shop")
    spaces = house.ok("GET", "/v3/spaces?include=organization")

    assert [each["name"] for each in one["included"]["organizations"]] == ["org"]
    assert [each["guid"] for each in page["included"]["spaces"]] == [house.space]
    assert [each["name"] for each in page["included"]["organizations"]] == ["org"]
    assert [each["name"] for each in spaces["included"]["organizations"]] == ["org"]
    assert "include=space" in page["pagination"]["first"]["href"]
    assert house.refused("GET", "/v3/apps?include=routes")[1] == 10005


# -- around ----------------------------------------------------------------------------


def test_a_body_that_is_too_long(house: House) -> None:
    status, code, title, _ = house.refused("POST", "/v3/apps", bytes(1024 * 1024 + 1))

    assert (status, code, title) == (413, 1004, "CF-BadRequest")


def test_each_answer_has_an_id(house: House) -> None:
    own = house.ask("GET", "/v3/apps").headers["x-vcap-request-id"]
    given = house.ask("GET", "/v3/nothing", X_Request_Id="a b/c-1\xfc" + "x" * 300).headers["x-vcap-request-id"]

    assert len(own) == 36
    assert given.startswith("abc-1" + "x" * 250 + "::")


def test_the_root_is_for_programs_and_pages_are_for_browsers(house: House) -> None:
    assert house.ask("GET", "/", by="", Accept="*/*").json["links"]["self"] == {"href": HERE}
    assert house.ask("GET", "/", by="").json["links"]["cloud_controller_v3"]["href"] == f"{HERE}/v3"
    assert b"<html" in house.ask("GET", "/", by="", Accept="text/html,*/*").body
    for path in ("/v3", "/v3/info", "/v3/openapi.json", "/api/v1/info"):
        assert house.ask("GET", path, by="").status == 200


def test_the_description_names_everything(house: House) -> None:
    document = house.ok("GET", "/v3/openapi.json", by="")

    assert document["servers"] == [{"url": f"{HERE}/v3"}]
    referred = str(document).split("#/components/schemas/")[1:]
    assert {text.partition("'")[0] for text in referred} <= set(document["components"]["schemas"])
    assert {"page", "states", "order_by"} <= {
        each["name"] for each in document["paths"]["/builds"]["get"]["parameters"]
    }


def test_there_is_no_such_api_where_nothing_is_configured(memory: Stage, tmp_path: Path) -> None:
    house = House(memory, tmp_path)
    house.context.staging = StagingConfig()

    assert house.ask("GET", "/v3/apps").status == 404
    assert b"<html" in house.ask("GET", "/", by="").body
    house.close()


def test_a_suspended_space(memory: Stage, tmp_path: Path) -> None:
    house = House(memory, tmp_path)
    package = house.ready_package(house.app())
    spaces = tuple(type(space)(name=space.name, organization="org", is_suspended=True) for space in config_of().spaces)
    house.context.staging = config_of(spaces=spaces)
    memory.result(house.updates.publishStaging([]))

    assert house.refused("POST", "/v3/builds", {"package": {"guid": package["guid"]}})[1:3] == (
        10019, "CF-SpaceSuspended",
    )  # fmt: skip
    house.close()


def test_a_program_logs_in_with_a_password(memory: Stage, tmp_path: Path) -> None:
    backend = UserPasswordAuth({"ann": "secret"})
    house = House(memory, tmp_path, access=Access(backend=backend, policy=Policy()))
    client = "Basic " + base64.b64encode(b"cf:").decode()

    def ask(body: str, authorization: str = client) -> Any:
        kind = "application/x-www-form-urlencoded"
        return house.ask("POST", "/oauth/token", body.encode(), by="", Content_Type=kind, Authorization=authorization)

    given = ask("grant_type=password&username=ann&password=secret").json
    assert (given["token_type"], given["expires_in"] > 0) == ("bearer", True)
    assert house.ask("GET", "/v3/apps", by="=" + given["access_token"]).status == 200
    again = ask(f"grant_type=refresh_token&refresh_token={given['refresh_token']}").json
    assert house.ask("GET", "/v3/apps", by="=" + again["access_token"]).status == 200
    refusals = [
        ask("grant_type=password&username=ann&password=wrong"),
        ask("grant_type=refresh_token&refresh_token=x"),
        ask("grant_type=client_credentials"),
        ask("grant_type=password", "Basic " + base64.b64encode(b"cf:secret").decode()),
    ]
    assert [(each.status, each.json["error"]) for each in refusals] == [
        (401, "unauthorized"), (401, "invalid_grant"), (400, "unsupported_grant_type"), (401, "invalid_client"),
    ]  # fmt: skip
    house.close()
