"""Pure rules: what comes after a phase, which text an error has, what a script's environment is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from buildmill.common.staging import Buildpack, File, Lifecycle, Limits, Phase, Task
from buildmill.master.domain.staging.configuration import StagingFlags
from buildmill.master.domain.staging.environment import staging_environment
from buildmill.master.domain.staging.errors import CustomBuildpacksDisabled, Unprocessable
from buildmill.master.domain.staging.images import registry_of
from buildmill.master.domain.staging.lifecycles import check_lifecycle, is_url
from buildmill.master.domain.staging.outcomes import (
    TEXTS,
    error_text,
    first_phase,
    following,
    stager_error,
    used_buildpacks,
)
from buildmill.master.domain.staging.values import LifecycleSpec

LIMITS = Limits(memory_mb=1, disk_mb=1)


def way(lifecycle: Lifecycle, *, is_detecting: bool, names: list[str]) -> list[str]:
    """Titles of all phases, one after the other."""
    task = Task(guid="g", lifecycle=lifecycle, is_detecting=is_detecting, limits=LIMITS)
    found = [first_phase(task)]
    suppliers = 0 if is_detecting else len(names) - 1
    while (
        found[-1].phase is not Phase.INSPECT
        and (after := following(task, found[-1].phase, found[-1].supplier, names, suppliers)) is not None
    ):
        found.append(after)
        assert len(found) < 20
    return [next_.title for next_ in found]


def test_the_way_depends_on_the_lifecycle_and_on_what_was_found() -> None:
    classic = Lifecycle.BUILDPACK
    assert way(classic, is_detecting=True, names=["a"]) == [
        "prepare", "detect", "finalize a", "release", "export",
    ]  # fmt: skip
    assert way(classic, is_detecting=False, names=["a", "b", "c"]) == [
        "prepare", "supply a", "supply b", "finalize c", "release", "export",
    ]  # fmt: skip
    assert way(Lifecycle.CNB, is_detecting=True, names=[]) == ["prepare", "detect", "restore", "build", "export"]
    assert way(Lifecycle.DOCKER, is_detecting=False, names=[""]) == ["inspect"]


@pytest.mark.parametrize(
    ("name", "detail", "text"),
    [
        (
            "NoAppDetectedError", "",
            "NoAppDetectedError - An app was not successfully detected by any available buildpack",
        ),
        (
            "BuildpackCompileFailed", "bin/compile of ruby: exit code 7",
            "BuildpackCompileFailed - App staging failed in the buildpack compile phase "
            "(bin/compile of ruby: exit code 7)",
        ),
        ("Unheard", "", "StagingError - Staging error: staging failed"),
        ("CNBBuildFailed", "", "CNBBuildFailed - cnb: building failed"),
    ],
)  # fmt: skip
def test_texts_of_errors(name: str, detail: str, text: str) -> None:
    assert error_text(name, detail) == text


def test_an_error_has_a_bound() -> None:
    assert len(error_text("StagingError", "x" * 10**6)) < 1100
    assert stager_error("boom") == "StagerError - Stager error: boom"
    assert all("\n" not in text for text in TEXTS.values())


def test_later_variables_win() -> None:
    found = staging_environment(
        operator={"A": "operator", "B": "operator", "LANG": "C"},
        app={"B": "app", "C": {"x": [1, True]}, "CF_STACK": "mine", "D": None, "E": 1.5, "F": True},
        request={"A": "request"},
        lifecycle=Lifecycle.BUILDPACK,
        stack="s",
        memory_mb=512,
        application={"name": "n"},
    )

    assert found == {
        "A": "request", "B": "app", "C": '{"x":[1,true]}', "D": "", "E": "1.5", "F": "true", "LANG": "C",
        "CF_STACK": "s", "MEMORY_LIMIT": "512m", "VCAP_APPLICATION": '{"name":"n"}', "VCAP_SERVICES": "{}",
    }  # fmt: skip


def test_cnb_has_no_cf_stack() -> None:
    given: dict[str, Any] = {"operator": {}, "app": {}, "request": {}, "stack": "s", "memory_mb": 1, "application": {}}
    assert "CF_STACK" not in staging_environment(lifecycle=Lifecycle.CNB, **given)


@pytest.mark.parametrize(
    ("buildpack", "lifecycle", "is_one"),
    [
        ("https://example.org/a.zip", Lifecycle.BUILDPACK, True),
        ("git@example.org:me/a.git", Lifecycle.BUILDPACK, True),
        ("git://example.org/a.git", Lifecycle.BUILDPACK, True),
        ("file:///srv/a", Lifecycle.BUILDPACK, True),
        ("ruby", Lifecycle.BUILDPACK, False),
        ("https://exa mple.org", Lifecycle.BUILDPACK, False),
        ("http://[::1", Lifecycle.BUILDPACK, False),
        ("docker://registry/a:1", Lifecycle.CNB, True),
        ("https://example.org/a.cnb", Lifecycle.CNB, True),
        ("git@example.org:me/a.git", Lifecycle.CNB, False),
        ("file:///srv/a", Lifecycle.CNB, False),
    ],
)
def test_urls_of_buildpacks(buildpack: str, lifecycle: Lifecycle, is_one: bool) -> None:
    assert is_url(buildpack, lifecycle) is is_one


def test_names_are_no_urls_and_urls_may_be_switched_off() -> None:
    off = StagingFlags(custom_buildpacks=False)
    check_lifecycle(LifecycleSpec(buildpacks=("ruby",)), "s", {"ruby"}, off)
    with pytest.raises(CustomBuildpacksDisabled):
        check_lifecycle(LifecycleSpec(buildpacks=("https://x.org/a",)), "s", {"ruby"}, off)
    with pytest.raises(Unprocessable) as refused:
        check_lifecycle(LifecycleSpec(buildpacks=("no body",)), "s", {"ruby"}, StagingFlags())
    assert str(refused.value) == (
        'Buildpack "no body" for stack "s" must be an existing admin buildpack or a valid git URI'
    )


@pytest.mark.parametrize(
    ("image", "host"),
    [
        ("nginx", "docker.io"),
        ("me/nginx:1", "docker.io"),
        ("localhost/x", "localhost"),
        ("127.0.0.1:5000/x@sha256:0", "127.0.0.1:5000"),
        ("docker://registry.example.org/a/b", "registry.example.org"),
    ],
)
def test_hosts_of_images(image: str, host: str) -> None:
    assert registry_of(image) == host


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"lifecycle_metadata": 3},
        {"lifecycle_metadata": {"buildpacks": "x"}},
        {"lifecycle_metadata": {"buildpacks": [1]}},
    ],
)
def test_a_strange_result_document_names_no_buildpacks(result: dict[str, Any]) -> None:
    task = Task(guid="g", lifecycle=Lifecycle.BUILDPACK, limits=LIMITS)
    assert used_buildpacks(task, result) == ()


def test_used_buildpacks_hide_passwords_and_have_checksums() -> None:
    archive = File(path="input/a", sha256="a" * 64, size_bytes=1)
    url = "https://me:pw@example.org/x.git"
    task = Task(
        guid="g", lifecycle=Lifecycle.BUILDPACK, limits=LIMITS,
        buildpacks=[Buildpack(key="ruby", shown="ruby", archive=archive), Buildpack(key=url, shown="hidden")],
    )  # fmt: skip
    listed = [{"key": "ruby", "name": "R", "version": "1"}, {"key": url}]
    result = {"lifecycle_metadata": {"buildpacks": listed, "buildpack_key": url, "detected_buildpack": "X"}}

    ruby, other = used_buildpacks(task, result)

    assert (ruby.sha256, ruby.buildpack_name, ruby.detect_output) == ("a" * 64, "R", None)
    assert (other.name, other.sha256, other.detect_output) == ("https://***:***@example.org/x.git", None, None)
    assert json.dumps(other.name)
