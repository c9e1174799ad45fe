"""Resources as documents: members, links, and what is not shown. And every error's number and title."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from buildmill.common.errors import Forbidden, InvalidInput, Unavailable
from buildmill.common.staging import Lifecycle
from buildmill.master.domain.staging import errors as staging
from buildmill.master.domain.staging.values import (
    App,
    Buildpack,
    BuildpackState,
    BuildState,
    Checksum,
    Droplet,
    DropletState,
    Job,
    JobError,
    JobState,
    LifecycleSpec,
    Metadata,
    Organization,
    Owner,
    Package,
    PackageState,
    PackageType,
    Space,
    Stack,
    StackState,
    StagingBuild,
    UsedBuildpack,
)
from buildmill.master.web.cloudfoundry import roots, schemas
from buildmill.master.web.cloudfoundry.documents import Documents, instant
from buildmill.master.web.cloudfoundry.errors import NUMBERS, ApiError, refusal_of

HERE = "http://here"
DOCUMENTS = Documents(HERE)
TIMES: Any = {"created_at": 1_700_000_000, "updated_at": 1_700_000_001}
ANN = Owner(guid="u", name="ann", email="ann@example.org")
LABELLED = Metadata(labels={"a": "b"}, annotations={"c": "d"})
BITS = Checksum(sha256="ab" * 32, size_bytes=5)
SECRET = "https://ann:secret@host/x.git"

BUILD = StagingBuild(
    guid="b", app_guid="a", package_guid="p", state=BuildState.STAGING, error=None,
    lifecycle=LifecycleSpec(buildpacks=("ruby", SECRET), stack="s"), memory_mb=1024, disk_mb=4096,
    log_rate_bytes_per_second=-1, droplet_guid=None, droplet=None, builderid=1, buildrequestid=1, buildid=None,
    created_by=ANN, metadata=LABELLED, **TIMES,
)  # fmt: skip
DROPLET = Droplet(
    guid="d", app_guid="a", package_guid="p", build_guid="b", state=DropletState.STAGED, error=None,
    lifecycle=Lifecycle.BUILDPACK, bits=BITS,
    buildpacks=(UsedBuildpack(name="ruby", detect_output="ruby 3", buildpack_name="ruby", version="1.2"),),
    stack="s", image=None, execution_metadata="", process_types={"web": "run"}, sboms=(), created_by=ANN,
    metadata=LABELLED, **TIMES,
)  # fmt: skip
APP = App(
    guid="a", name="shop", space_guid="s", lifecycle=LifecycleSpec(stack="s"), environment={"A": "secret"},
    current_droplet_guid=None, created_by=ANN, metadata=LABELLED, **TIMES,
)  # fmt: skip
PACKAGE = Package(
    guid="p", app_guid="a", type=PackageType.BITS, state=PackageState.AWAITING_UPLOAD, error=None, bits=None,
    image=None, username=None, password=None, created_by=ANN, metadata=LABELLED, **TIMES,
)  # fmt: skip
BUILDPACK = Buildpack(
    guid="bp", name="ruby", stack=None, lifecycle=Lifecycle.BUILDPACK, state=BuildpackState.READY,
    filename="ruby.zip", bits=BITS, position=1, is_enabled=True, is_locked=False, is_configured=False,
    metadata=LABELLED, **TIMES,
)  # fmt: skip
JOB = Job(
    guid="j", operation="buildpack.upload", state=JobState.FAILED, resource_kind="buildpack", resource_guid="bp",
    errors=(JobError(code=290003, title="CF-BuildpackInvalid", detail="no"),), **TIMES,
)  # fmt: skip
SHOWN: dict[str, dict[str, Any]] = {
    "App": DOCUMENTS.app(APP),
    "Package": DOCUMENTS.package(PACKAGE),
    "Build": DOCUMENTS.build(BUILD),
    "Droplet": DOCUMENTS.droplet(DROPLET, may_see=True),
    "Buildpack": DOCUMENTS.buildpack(BUILDPACK),
    "Stack": DOCUMENTS.stack(
        Stack(guid="st", name="s", description="", state=StackState.ACTIVE, is_default=True, **TIMES)
    ),
    "Space": DOCUMENTS.space(Space(guid="sp", name="dev", organization_guid="o", **TIMES)),
    "Organization": DOCUMENTS.organization(Organization(guid="o", name="org", **TIMES)),
    "Job": DOCUMENTS.job(JOB),
}


def test_instants_are_whole_seconds_of_utc() -> None:
    assert instant(1_700_000_000) == "2023-11-14T22:13:20Z"


@pytest.mark.parametrize("name", SHOWN)
def test_all_members_are_there_and_no_others(name: str) -> None:
    assert set(SHOWN[name]) == set(schemas.ANSWERS[name]["required"])


@pytest.mark.parametrize("name", SHOWN)
def test_links_are_absolute_and_lead_somewhere(name: str) -> None:
    for link, value in SHOWN[name]["links"].items():
        assert value["href"].startswith("http://here/v3/"), link
        assert set(value) <= {"href", "method"}


def test_a_build_that_is_staging() -> None:
    assert SHOWN["Build"] == {
        "guid": "b",
        "created_at": "2023-11-14T22:13:20Z",
        "updated_at": "2023-11-14T22:13:21Z",
        "state": "STAGING",
        "staging_memory_in_mb": 1024,
        "staging_disk_in_mb": 4096,
        "staging_log_rate_limit_bytes_per_second": -1,
        "error": None,
        "lifecycle": {
            "type": "buildpack",
            "data": {"buildpacks": ["ruby", "https://***:***@host/x.git"], "stack": "s"},
        },
        "package": {"guid": "p"},
        "droplet": None,
        "checksum": None,
        "created_by": {"guid": "u", "name": "ann", "email": "ann@example.org"},
        "relationships": {"app": {"data": {"guid": "a"}}},
        "metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}},
        "links": {"self": {"href": "http://here/v3/builds/b"}, "app": {"href": "http://here/v3/apps/a"}},
    }


def test_a_build_that_is_staged_has_its_droplet_and_the_same_checksum() -> None:
    staged = DOCUMENTS.build(replace(BUILD, state=BuildState.STAGED, droplet_guid="d", droplet=BITS))

    assert staged["droplet"] == {"guid": "d"}
    assert staged["links"]["droplet"] == {"href": "http://here/v3/droplets/d"}
    assert staged["checksum"] == SHOWN["Droplet"]["checksum"] == {"type": "sha256", "value": "ab" * 32}


def test_a_droplet_is_not_shown_before_its_build_is_final() -> None:
    early = DOCUMENTS.build(replace(BUILD, droplet_guid="d", droplet=BITS))

    assert (early["droplet"], early["checksum"], "droplet" in early["links"]) == (None, None, False)


def test_lifecycles() -> None:
    def shown(**more: Any) -> Any:
        return DOCUMENTS.app(replace(APP, lifecycle=LifecycleSpec(**more)))["lifecycle"]

    assert shown(stack="s") == {"type": "buildpack", "data": {"buildpacks": [], "stack": "s"}}
    assert shown(type=Lifecycle.DOCKER) == {"type": "docker", "data": {}}
    assert shown(type=Lifecycle.CNB, stack="s")["data"] == {"buildpacks": [], "stack": "s"}
    given = {"host": {"username": "u", "password": "secret"}}
    assert shown(type=Lifecycle.CNB, stack="s", credentials=given)["data"]["credentials"] == "***"


def test_packages() -> None:
    ready = DOCUMENTS.package(replace(PACKAGE, state=PackageState.READY, bits=BITS))
    failed = DOCUMENTS.package(replace(PACKAGE, state=PackageState.FAILED, error="no zip"))
    docker = replace(PACKAGE, type=PackageType.DOCKER, image="i", username="u", password="secret")

    assert SHOWN["Package"]["data"] == {"error": None, "checksum": {"type": "sha256", "value": None}}
    assert SHOWN["Package"]["links"]["upload"] == {"href": "http://here/v3/packages/p/upload", "method": "POST"}
    assert ready["data"]["checksum"] == {"type": "sha256", "value": "ab" * 32}
    assert failed["data"]["error"] == "no zip"
    assert DOCUMENTS.package(docker)["data"] == {"image": "i", "username": "u", "password": "***"}
    assert DOCUMENTS.package(replace(docker, username=None, password=None))["data"]["password"] is None
    assert set(DOCUMENTS.package(docker)["links"]) == {"self", "app"}


def test_droplets() -> None:
    cnb = DOCUMENTS.droplet(replace(DROPLET, lifecycle=Lifecycle.CNB), may_see=True)
    docker = replace(DROPLET, lifecycle=Lifecycle.DOCKER, buildpacks=None, stack=None, image="i", bits=None)

    assert SHOWN["Droplet"]["lifecycle"] == {"type": "buildpack", "data": {}}
    assert SHOWN["Droplet"]["buildpacks"] == [
        {"name": "ruby", "detect_output": "ruby 3", "buildpack_name": "ruby", "version": "1.2"}
    ]
    assert set(SHOWN["Droplet"]["links"]) == {"self", "package", "app", "assign_current_droplet", "download"}
    assert SHOWN["Droplet"]["links"]["assign_current_droplet"]["method"] == "PATCH"
    assert "download" not in cnb["links"]
    shown = DOCUMENTS.droplet(docker, may_see=True)
    assert (shown["buildpacks"], shown["stack"], shown["image"], shown["checksum"]) == (None, None, "i", None)


def test_start_commands_are_hidden() -> None:
    assert SHOWN["Droplet"]["process_types"] == {"web": "run"}
    assert "run" not in DOCUMENTS.droplet(DROPLET, may_see=False)["process_types"].values()
    assert "run" not in DOCUMENTS.droplet(DROPLET, may_see=True, is_in_list=True)["process_types"].values()


def test_an_app_shows_no_variables() -> None:
    assert "secret" not in json.dumps(SHOWN["App"])
    assert SHOWN["App"]["state"] == "STOPPED"
    assert SHOWN["App"]["relationships"]["current_droplet"] == {"data": None}
    assert DOCUMENTS.environment(APP)["var"] == {"A": "secret"}
    assert DOCUMENTS.current_droplet(replace(APP, current_droplet_guid="d")) == {
        "data": {"guid": "d"},
        "links": {
            "self": {"href": "http://here/v3/apps/a/relationships/current_droplet"},
            "related": {"href": "http://here/v3/apps/a/droplets/current"},
        },
    }


def test_a_job_leads_to_what_it_is_about_unless_that_is_gone() -> None:
    assert SHOWN["Job"]["errors"] == [{"code": 290003, "title": "CF-BuildpackInvalid", "detail": "no"}]
    assert SHOWN["Job"]["links"]["buildpack"] == {"href": "http://here/v3/buildpacks/bp"}
    assert set(DOCUMENTS.job(replace(JOB, operation="app.delete", resource_kind="app"))["links"]) == {"self"}


# -- roots -----------------------------------------------------------------------------


def test_the_root_names_what_clients_look_for() -> None:
    links = roots.root(HERE)["links"]

    assert links["cloud_controller_v3"] == {"href": "http://here/v3", "meta": {"version": roots.API_VERSION}}
    assert links["login"] == links["uaa"] == links["self"] == links["log_cache"] == {"href": HERE}
    assert {name for name, link in links.items() if link is None} == {
        "network_policy_v0", "network_policy_v1", "credhub", "routing", "logging", "log_stream", "app_ssh",
    }  # fmt: skip
    assert "cloud_controller_v2" not in links


def test_v3_names_its_resources() -> None:
    links = roots.v3(HERE)["links"]

    assert links["self"] == {"href": "http://here/v3"}
    names = ("apps", "builds", "buildpacks", "droplets", "info", "packages", "processes", "spaces", "organizations")
    for name in (*names, "stacks", "tasks"):
        assert links[name] == {"href": f"http://here/v3/{name}"}


def test_info_has_all_members() -> None:
    assert set(roots.info(HERE, "1.0")) == {
        "build", "cli_version", "custom", "description", "name", "version", "osbapi_version", "rate_limits", "links",
    }  # fmt: skip


# -- errors ----------------------------------------------------------------------------

TABLE = """
1000 401 CF-InvalidAuthToken
1001 400 CF-MessageParseError
1004 400 CF-BadRequest
10000 404 CF-NotFound
10001 500 UnknownError
10002 401 CF-NotAuthenticated
10003 403 CF-NotAuthorized
10004 400 CF-InvalidRequest
10005 400 CF-BadQueryParameter
10008 422 CF-UnprocessableEntity
10010 404 CF-ResourceNotFound
10013 429 CF-RateLimitExceeded
10015 503 CF-ServiceUnavailable
10016 422 CF-UniquenessError
10017 403 CF-OrgSuspended
10019 403 CF-SpaceSuspended
10020 422 CF-ResourceBeingDeleted
150001 400 CF-AppPackageInvalid
150004 400 CF-PackageBitsAlreadyUploaded
150006 502 CF-BlobstoreUnavailable
150007 500 CF-BlobstoreError
170010 503 CF-StagerUnavailable
170011 500 CF-StagerError
170017 422 CF-StagingInProgress
250004 422 CF-StackValidationFailed
290003 400 CF-BuildpackInvalid
290004 400 CF-CustomBuildpacksDisabled
290006 422 CF-BuildpackLocked
330002 403 CF-FeatureDisabled
390020 422 CF-LabelLimitExceeded
390023 422 CF-AnnotationLimitExceeded
"""


def test_numbers_and_statuses() -> None:
    assert "\n".join(f"{code} {status} {title}" for title, (code, status) in NUMBERS.items()) == TABLE.strip()


def test_the_envelope() -> None:
    assert msgspec.json.decode(ApiError("CF-BadRequest", "no").body()) == {
        "errors": [{"detail": "no", "title": "CF-BadRequest", "code": 1004}]
    }


def refusals() -> list[type[staging.StagingRefused]]:
    return [kind for kind in vars(staging).values() if isinstance(kind, type) and kind.__name__ not in _OTHERS]


_OTHERS = {
    "BuildmillError", "Conflict", "NotFound", "StagingNotFound", "ChecksumMismatch", "BlobMissing", "BlobTooLarge",
}  # fmt: skip


@pytest.mark.parametrize("kind", refusals())
def test_each_refusal_has_the_number_that_it_says(kind: type[staging.StagingRefused]) -> None:
    found = refusal_of(kind("x"))

    assert (found.code, found.title) == (kind.code, kind.title)
    assert found.detail


def test_other_errors() -> None:
    def shown(error: Any) -> tuple[int, int, str]:
        found = refusal_of(error)
        return found.status, found.code, found.detail

    assert shown(staging.StagingNotFound("Build")) == (404, 10010, "Build not found")
    assert shown(Forbidden("x"))[:2] == (403, 10003)
    assert shown(Unavailable("the disk is full")) == (503, 10015, "the disk is full")
    assert shown(InvalidInput("a", "b")) == (422, 10008, "a: b")
    assert shown(staging.BlobMissing("ab"))[:2] == (500, 150007)
