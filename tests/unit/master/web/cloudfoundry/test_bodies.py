"""Bodies of requests: what they become, and everything that is wrong with them in one text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from buildmill.common.staging import Lifecycle
from buildmill.master.domain.staging.requests import (
    AppChange,
    BuildpackChange,
    NewApp,
    NewBuild,
    NewBuildpack,
    NewPackage,
    ReportedEnd,
)
from buildmill.master.domain.staging.values import BuildState, LifecycleSpec, MetadataChange, PackageType
from buildmill.master.web.cloudfoundry import bodies, members
from buildmill.master.web.cloudfoundry.errors import ApiError


def problem(read: Callable[[Any], Any], document: Any) -> str:
    with pytest.raises(ApiError) as error:
        read(document)
    assert (error.value.status, error.value.code, error.value.title) == (422, 10008, "CF-UnprocessableEntity")
    return error.value.detail


def to_one(guid: str = "g") -> dict[str, Any]:
    return {"data": {"guid": guid}}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"\xff", b'{"a":' * 40 + b"1" + b"}" * 40])
def test_what_is_no_object_cannot_be_parsed(body: bytes) -> None:
    with pytest.raises(ApiError) as error:
        members.decode(body, 32)
    assert (error.value.status, error.value.code, error.value.title) == (400, 1001, "CF-MessageParseError")
    assert error.value.detail == "Request invalid due to parse error: invalid request body"


# -- builds ----------------------------------------------------------------------------


def test_the_published_example_of_a_build() -> None:
    document = {
        "package": {"guid": "7f1bd96e-8e2f-4f9a-8f8d-1d0f1a1a1b5c"},
        "lifecycle": {"type": "buildpack", "data": {"buildpacks": ["ruby_buildpack"], "stack": "cflinuxfs4"}},
        "staging_memory_in_mb": 1024,
        "staging_disk_in_mb": 1024,
        "staging_log_rate_limit_bytes_per_second": -1,
        "metadata": {"labels": {"a": "b"}, "annotations": {}},
    }

    assert bodies.new_build(document) == NewBuild(
        package_guid="7f1bd96e-8e2f-4f9a-8f8d-1d0f1a1a1b5c",
        lifecycle=LifecycleSpec(buildpacks=("ruby_buildpack",), stack="cflinuxfs4"),
        memory_mb=1024,
        disk_mb=1024,
        log_rate_bytes_per_second=-1,
        metadata=MetadataChange(labels={"a": "b"}),
    )


def test_the_least_that_a_build_needs() -> None:
    document = {"package": {"guid": "g"}, "staging_memory_in_mb": None, "lifecycle": None}

    assert bodies.new_build(document) == NewBuild(package_guid="g")


def test_lifecycles() -> None:
    def lifecycle(kind: str, data: Any) -> LifecycleSpec | None:
        return bodies.new_build({"package": {"guid": "g"}, "lifecycle": {"type": kind, "data": data}}).lifecycle

    credentials = {"registry.example.org": {"username": "u", "password": "p"}}
    assert lifecycle("docker", {}) == LifecycleSpec(type=Lifecycle.DOCKER)
    assert lifecycle("buildpack", {"buildpacks": None}) == LifecycleSpec()
    assert lifecycle("cnb", {"buildpacks": ["docker://x"], "credentials": credentials}) == LifecycleSpec(
        type=Lifecycle.CNB, buildpacks=("docker://x",), credentials=credentials
    )


@pytest.mark.parametrize(
    ("package", "text"),
    [
        (None, "Package guid can't be blank"),
        ({}, "Package guid can't be blank"),
        ({"guid": ""}, "Package guid can't be blank"),
        ({"guid": 5}, "Package guid must be a string"),
        ({"guid": "x" * 201}, "Package guid must be between 1 and 200 characters"),
        ("g", "Package must be an object"),
    ],
)
def test_the_package_of_a_build(package: Any, text: str) -> None:
    assert problem(bodies.new_build, {"package": package}) == text


@pytest.mark.parametrize(
    ("lifecycle", "text"),
    [
        ("x", "Lifecycle must be an object"),
        ({"data": {}}, "Lifecycle type is not included in the list: buildpack, docker, cnb"),
        ({"type": "heroku", "data": {}}, "Lifecycle type is not included in the list: buildpack, docker, cnb"),
        ({"type": 5, "data": {}}, "Lifecycle type must be a string"),
        ({"type": "buildpack"}, "Lifecycle data must be an object"),
        ({"type": "buildpack", "data": None}, "Lifecycle data must be an object"),
        ({"type": "docker", "data": {"x": 1}}, "Lifecycle Unknown field(s): 'x'"),
        ({"type": "buildpack", "data": {"x": 1, "y": 2}}, "Lifecycle Unknown field(s): 'x', 'y'"),
        ({"type": "buildpack", "data": {"buildpacks": "x"}}, "Lifecycle Buildpacks must be an array"),
        ({"type": "cnb", "data": {"buildpacks": ["x", 5]}}, "Lifecycle Buildpacks can only contain strings"),
        (
            {"type": "buildpack", "data": {"buildpacks": [""]}},
            "Lifecycle Buildpacks entries must be between 1 and 4096 characters",
        ),
        (
            {"type": "buildpack", "data": {"stack": "s" * 4097}},
            "Lifecycle Stack must be between 1 and 4096 characters",
        ),
        ({"type": "cnb", "data": {"credentials": []}}, "Lifecycle Credentials must be an object"),
        ({"type": "cnb", "data": {"credentials": {"h": "x"}}}, "Lifecycle Credentials can only contain objects"),
    ],
)
def test_what_is_wrong_with_a_lifecycle(lifecycle: Any, text: str) -> None:
    assert problem(bodies.new_build, {"package": {"guid": "g"}, "lifecycle": lifecycle}) == text


@pytest.mark.parametrize("name", ["staging_memory_in_mb", "staging_disk_in_mb"])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "must be greater than 0"),
        (-1, "must be greater than 0"),
        (1.5, "must be an integer"),
        ("10", "is not a number"),
        (True, "is not a number"),
    ],
)
def test_memory_and_disk(name: str, value: Any, text: str) -> None:
    words = name.replace("_", " ").capitalize()

    assert problem(bodies.new_build, {"package": {"guid": "g"}, name: value}) == f"{words} {text}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-2, "must be greater than or equal to -1"),
        (2**63, "must be less than or equal to 9223372036854775807"),
        ("x", "is not a number"),
    ],
)
def test_the_log_rate(value: Any, text: str) -> None:
    document = {"package": {"guid": "g"}, "staging_log_rate_limit_bytes_per_second": value}

    assert problem(bodies.new_build, document) == f"Staging log rate limit bytes per second {text}"


@pytest.mark.parametrize("value", [-1, 0, 2**63 - 1])
def test_good_log_rates(value: int) -> None:
    document = {"package": {"guid": "g"}, "staging_log_rate_limit_bytes_per_second": value}

    assert bodies.new_build(document).log_rate_bytes_per_second == value


def test_everything_that_is_wrong_is_told_in_one_text() -> None:
    document = {"a": 1, "b": 2, "staging_memory_in_mb": 0, "metadata": {"labels": {"": "x"}}}

    assert problem(bodies.new_build, document) == (
        "Unknown field(s): 'a', 'b', Package guid can't be blank, Staging memory in mb must be greater than 0, "
        "Metadata label key error: key cannot be empty string"
    )


def test_how_a_component_ends_a_build() -> None:
    staged = {"state": "STAGED", "lifecycle": {"type": "kpack", "data": {"image": "i", "processTypes": {"web": "x"}}}}

    assert bodies.build_patch(staged).end == ReportedEnd(state=BuildState.STAGED, image="i", process_types={"web": "x"})
    assert bodies.build_patch({"state": "FAILED", "error": "e"}).end == ReportedEnd(state=BuildState.FAILED, error="e")
    assert bodies.build_patch({"metadata": {"labels": {"a": None}}}).change == MetadataChange(labels={"a": None})


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"state": "STAGING"}, "State 'STAGING' is not a valid state"),
        ({"state": "STAGED"}, "Lifecycle 'STAGED' builds require lifecycle data"),
        ({"state": "STAGED", "lifecycle": {}}, "Lifecycle 'STAGED' builds require lifecycle data"),
        ({"package": {}}, "Unknown field(s): 'package'"),
        ({"metadata": None, "droplet": 1}, "Unknown field(s): 'droplet'"),
    ],
)
def test_what_a_change_of_a_build_may_not_say(document: Any, text: str) -> None:
    assert problem(bodies.build_patch, document) == text


# -- packages --------------------------------------------------------------------------


def test_packages() -> None:
    related = {"relationships": {"app": to_one("a")}}
    data = {"image": "registry/image", "username": "u", "password": "p"}

    assert bodies.new_package({"type": "bits", **related}) == NewPackage(app_guid="a", type=PackageType.BITS)
    assert bodies.new_package({"type": "bits", "data": {}, **related}).type is PackageType.BITS
    assert bodies.new_package({"type": "docker", "data": data, **related}) == NewPackage(
        app_guid="a", type=PackageType.DOCKER, image="registry/image", username="u", password="p"
    )
    assert bodies.package_copy(related) == "a"


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"type": "zip"}, "Type must be one of 'bits, docker'"),
        ({}, "Type must be one of 'bits, docker'"),
        ({"type": "bits", "data": {"image": "x"}}, "Data must be empty if provided for bits packages"),
        ({"type": "docker"}, "Data Image can't be blank"),
        ({"type": "docker", "data": {"image": "x", "url": "y"}}, "Data Unknown field(s): 'url'"),
    ],
)
def test_what_is_wrong_with_a_package(document: Any, text: str) -> None:
    assert problem(bodies.new_package, {"relationships": {"app": to_one()}, **document}) == text


@pytest.mark.parametrize(
    ("relationships", "text"),
    [
        (None, "Relationships can't be blank"),
        ("x", "Relationships must be an object"),
        ({}, "Relationships App can't be blank"),
        ({"app": "x"}, "Relationships App must be an object"),
        ({"app": {}}, "Relationships App Data guid can't be blank"),
        ({"app": {"data": {"guid": 5}}}, "Relationships App Data guid must be a string"),
        ({"app": to_one(), "space": to_one()}, "Relationships Unknown field(s): 'space'"),
    ],
)
def test_relationships(relationships: Any, text: str) -> None:
    assert problem(bodies.new_package, {"type": "bits", "relationships": relationships}) == text


# -- apps and buildpacks ---------------------------------------------------------------


def test_apps() -> None:
    related = {"relationships": {"space": to_one("s")}}

    assert bodies.new_app({"name": "shop", **related}) == NewApp(name="shop", space_guid="s")
    assert bodies.new_app({"name": "shop", "environment_variables": {"A": "1"}, **related}).environment == {"A": "1"}
    assert bodies.app_change({"name": "other"}) == AppChange(name="other")
    assert bodies.environment_change({"var": {"A": None, "B": "2"}}) == AppChange(environment={"A": None, "B": "2"})
    assert bodies.droplet_of(to_one("d")) == "d"


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"name": None}, "Name can't be blank"),
        ({"name": "n" * 256}, "Name must be between 1 and 255 characters"),
        ({"environment_variables": []}, "Environment variables must be an object"),
        ({"environment_variables": {"VCAP_X": "1"}}, "Environment variables cannot start with VCAP_"),
        ({"environment_variables": {"VMC": "1"}}, "Environment variables cannot start with VMC"),
        ({"environment_variables": {"PORT": "1"}}, "Environment variables cannot set PORT"),
        (
            {"environment_variables": {"A": 5}},
            "Non-string value in environment variable for key 'A', value '5'",
        ),
    ],
)
def test_what_is_wrong_with_an_app(document: Any, text: str) -> None:
    assert problem(bodies.new_app, {"name": "n", "relationships": {"space": to_one()}, **document}) == text


def test_buildpacks() -> None:
    assert bodies.new_buildpack({"name": "ruby"}) == NewBuildpack(name="ruby")
    assert bodies.new_buildpack(
        {"name": "a-b_c", "stack": "s", "lifecycle": "cnb", "position": 2, "enabled": False, "locked": True}
    ) == NewBuildpack(name="a-b_c", stack="s", lifecycle=Lifecycle.CNB, position=2, is_enabled=False, is_locked=True)
    assert bodies.buildpack_change({"enabled": True}) == BuildpackChange(is_enabled=True)


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({}, "Name can't be blank"),
        ({"name": "a b"}, "Name can only contain alphanumeric characters, underscores and hyphens"),
        ({"name": "n" * 251}, "Name must be between 1 and 250 characters"),
        ({"name": "n", "position": 0}, "Position must be greater than 0"),
        ({"name": "n", "enabled": "yes"}, "Enabled must be a boolean"),
        ({"name": "n", "lifecycle": "docker"}, "Lifecycle must be either 'buildpack' or 'cnb'"),
    ],
)
def test_what_is_wrong_with_a_buildpack(document: Any, text: str) -> None:
    assert problem(bodies.new_buildpack, document) == text


@pytest.mark.parametrize(
    ("lifecycle", "is_the_apps"),
    [
        (None, False),
        ({"type": "buildpack", "data": {}}, True),
        ({"type": "buildpack", "data": {"buildpacks": None}}, True),
        ({"type": "buildpack", "data": {"buildpacks": []}}, False),
        ({"type": "buildpack", "data": {"buildpacks": ["ruby"]}}, False),
    ],
)
def test_a_build_that_names_no_list_of_buildpacks_has_the_apps(lifecycle: Any, is_the_apps: bool) -> None:
    new = bodies.new_build({"package": {"guid": "g"}, **({"lifecycle": lifecycle} if lifecycle else {})})
    assert new.uses_app_buildpacks is is_the_apps
