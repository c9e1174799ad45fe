"""Bodies of requests of the v3 API: what each may hold, and the value that it becomes.

Shape is judged here; whether what a request names is there, and may be used, is decided where it is carried out.
Specification: docs/reference/cloudfoundry.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from buildmill.common.staging import Lifecycle
from buildmill.master.domain.staging import metadata
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
from buildmill.master.web.cloudfoundry.members import Members, Problems

_LONGEST_NAME: Final = 255
_LONGEST_BUILDPACK_NAME: Final = 250
_LONGEST_ENTRY: Final = 4096
_LIFECYCLES: Final = tuple(str(each) for each in Lifecycle)
_BUILDPACK_NAME = re.compile(r"[-\w]+\Z")
_RESERVED_VARIABLES: Final = ("VCAP_", "VMC")
_NOTHING: Final = MetadataChange()

Document = Mapping[str, Any]


class BuildPatch(NamedTuple):
    """What a change of a build says.

    Attributes:
        change: of metadata.
        end: how it has ended, from a component; None where nothing is said of that.
    """

    change: MetadataChange
    end: ReportedEnd | None


# -- builds ----------------------------------------------------------------------------


def new_build(document: Document) -> NewBuild:
    """A build to begin. Raises ApiError with everything that is wrong."""
    problems = Problems()
    members = Members(
        document,
        (
            "package", "lifecycle", "staging_memory_in_mb", "staging_disk_in_mb",
            "staging_log_rate_limit_bytes_per_second", "environment_variables", "metadata",
        ),
        problems,
    )  # fmt: skip
    new = NewBuild(
        package_guid=members.guid_in("package", "Package"),
        lifecycle=_lifecycle(members),
        uses_app_buildpacks=_names_no_buildpacks(document),
        memory_mb=members.number("staging_memory_in_mb", "Staging memory in mb", least=1),
        disk_mb=members.number("staging_disk_in_mb", "Staging disk in mb", least=1),
        log_rate_bytes_per_second=members.number(
            "staging_log_rate_limit_bytes_per_second", "Staging log rate limit bytes per second", least=-1
        ),
        environment=_environment(members),
        metadata=_metadata(members),
    )
    problems.check()
    return new


def _names_no_buildpacks(document: Document) -> bool:
    """Whether the app's buildpacks count: an empty list of its own would mean detection."""
    lifecycle = document.get("lifecycle")
    data = lifecycle.get("data") if isinstance(lifecycle, dict) else None
    return isinstance(data, dict) and data.get("buildpacks") is None


def build_patch(document: Document) -> BuildPatch:
    """A change of a build. Raises ApiError with everything that is wrong."""
    problems = Problems()
    members = Members(document, ("metadata", "state", "error", "lifecycle"), problems)
    patch = BuildPatch(_metadata(members), _end(members) if members.has("state") else None)
    problems.check()
    return patch


def _end(members: Members) -> ReportedEnd | None:
    state = members.document["state"]
    if state not in (BuildState.STAGED, BuildState.FAILED):
        members.wrong(f"State '{state}' is not a valid state")
        return None
    if state == BuildState.FAILED:
        return ReportedEnd(state=BuildState.FAILED, error=members.text("error", "Error") or "")
    lifecycle = members.object("lifecycle", "Lifecycle")
    data = (lifecycle or {}).get("data")
    if not isinstance(data, dict):
        members.wrong("Lifecycle 'STAGED' builds require lifecycle data")
        return None
    inner = Members(data, tuple(data), members.problems, "Lifecycle ")
    types = inner.object("processTypes", "Process types") or {}
    if not all(isinstance(command, str) for command in types.values()):
        inner.wrong("Process types can only contain strings")
        types = {}
    return ReportedEnd(state=BuildState.STAGED, image=inner.text("image", "Image") or "", process_types=types)


# -- packages --------------------------------------------------------------------------


def new_package(document: Document) -> NewPackage:
    """A package to make. Raises ApiError with everything that is wrong."""
    problems = Problems()
    members = Members(document, ("type", "relationships", "data", "metadata"), problems)
    kind = members.text("type", "Type")
    if kind not in tuple(PackageType):
        members.wrong("Type must be one of 'bits, docker'")
    data = members.object("data", "Data") or {}
    image = username = password = None
    if kind == PackageType.BITS and data:
        members.wrong("Data must be empty if provided for bits packages")
    elif kind == PackageType.DOCKER:
        inner = Members(data, ("image", "username", "password"), problems, "Data ")
        image = inner.text("image", "Image", is_required=True)
        username, password = inner.text("username", "Username"), inner.text("password", "Password")
    app_guid, change = members.related("app"), _metadata(members)
    problems.check()
    return NewPackage(
        app_guid=app_guid,
        type=PackageType(kind or ""),
        image=image,
        username=username,
        password=password,
        metadata=change,
    )


def package_copy(document: Document) -> str:
    """The guid of the app that a copy is for. Raises ApiError with everything that is wrong."""
    problems = Problems()
    guid = Members(document, ("relationships",), problems).related("app")
    problems.check()
    return guid


# -- apps ------------------------------------------------------------------------------


def new_app(document: Document) -> NewApp:
    """An app to make. Raises ApiError with everything that is wrong."""
    problems = Problems()
    members = Members(document, ("name", "relationships", "environment_variables", "lifecycle", "metadata"), problems)
    new = NewApp(
        name=members.text("name", "Name", longest=_LONGEST_NAME, is_required=True) or "",
        space_guid=members.related("space"),
        lifecycle=_lifecycle(members),
        environment=_environment(members),
        metadata=_metadata(members),
    )
    problems.check()
    return new


def app_change(document: Document) -> AppChange:
    """A change of an app. Raises ApiError with everything that is wrong."""
    problems = Problems()
    members = Members(document, ("name", "lifecycle", "metadata"), problems)
    change = AppChange(
        name=members.text("name", "Name", longest=_LONGEST_NAME),
        lifecycle=_lifecycle(members),
        metadata=_metadata(members),
    )
    problems.check()
    return change


def environment_change(document: Document) -> AppChange:
    """A change of an app's variables: ``{"var": {...}}``. Raises ApiError with everything that is wrong."""
    problems = Problems()
    members = Members(document, ("var",), problems)
    variables = members.object("var", "Var", is_required=True) or {}
    _check_variables(members, {name: value for name, value in variables.items() if value is not None})
    problems.check()
    return AppChange(environment=variables)


def droplet_of(document: Document) -> str:
    """The guid of the droplet that an app is to have. Raises ApiError with everything that is wrong."""
    problems = Problems()
    guid = Members(document, ("data",), problems).guid_in("data", "Data")
    problems.check()
    return guid


# -- buildpacks ------------------------------------------------------------------------

_OF_BUILDPACKS: Final = ("name", "stack", "position", "enabled", "locked", "metadata")


def new_buildpack(document: Document) -> NewBuildpack:
    """A buildpack to make. Raises ApiError with everything that is wrong."""
    problems = Problems()
    members = Members(document, (*_OF_BUILDPACKS, "lifecycle"), problems)
    lifecycle = members.text("lifecycle", "Lifecycle") or str(Lifecycle.BUILDPACK)
    if lifecycle not in (Lifecycle.BUILDPACK, Lifecycle.CNB):
        members.wrong("Lifecycle must be either 'buildpack' or 'cnb'")
    name = _buildpack_name(members, is_required=True)
    stack = members.text("stack", "Stack", longest=_LONGEST_BUILDPACK_NAME)
    position = members.number("position", "Position", least=1)
    is_enabled, is_locked = members.flag("enabled", "Enabled"), members.flag("locked", "Locked")
    change = _metadata(members)
    problems.check()
    return NewBuildpack(
        name=name or "",
        stack=stack,
        lifecycle=Lifecycle(lifecycle),
        position=position,
        is_enabled=is_enabled is not False,
        is_locked=is_locked is True,
        metadata=change,
    )


def buildpack_change(document: Document) -> BuildpackChange:
    """A change of a buildpack. Raises ApiError with everything that is wrong."""
    problems = Problems()
    members = Members(document, _OF_BUILDPACKS, problems)
    change = BuildpackChange(
        name=_buildpack_name(members),
        stack=members.text("stack", "Stack", longest=_LONGEST_BUILDPACK_NAME),
        position=members.number("position", "Position", least=1),
        is_enabled=members.flag("enabled", "Enabled"),
        is_locked=members.flag("locked", "Locked"),
        metadata=_metadata(members),
    )
    problems.check()
    return change


def _buildpack_name(members: Members, *, is_required: bool = False) -> str | None:
    name = members.text("name", "Name", longest=_LONGEST_BUILDPACK_NAME, is_required=is_required)
    if name is not None and not _BUILDPACK_NAME.match(name):
        members.wrong("Name can only contain alphanumeric characters, underscores and hyphens")
    return name


# -- parts of several ------------------------------------------------------------------


def metadata_only(document: Document) -> MetadataChange:
    """A change of nothing but metadata. Raises ApiError with everything that is wrong."""
    problems = Problems()
    change = _metadata(Members(document, ("metadata",), problems))
    problems.check()
    return change


def _metadata(members: Members) -> MetadataChange:
    given = members.document.get("metadata")
    if given is None:
        return _NOTHING
    if found := metadata.problems_of(given):
        members.problems.add(*found)
        return _NOTHING
    return metadata.read(given)


def _lifecycle(members: Members) -> LifecycleSpec | None:
    given = members.object("lifecycle", "Lifecycle")
    if given is None:
        return None
    outer = Members(given, ("type", "data"), members.problems, "Lifecycle ")
    kind, data = given.get("type"), given.get("data")
    if kind is not None and not isinstance(kind, str):
        outer.wrong("type must be a string")
    elif kind not in _LIFECYCLES:
        outer.wrong("type is not included in the list: buildpack, docker, cnb")
    if not isinstance(data, dict):
        outer.wrong("data must be an object")
    if kind not in _LIFECYCLES or not isinstance(data, dict):
        return None
    return _lifecycle_of(Lifecycle(kind), data, members.problems)


def _lifecycle_of(kind: Lifecycle, data: dict[str, Any], problems: Problems) -> LifecycleSpec:
    if kind is Lifecycle.DOCKER:
        Members(data, (), problems, "Lifecycle ")
        return LifecycleSpec(type=kind)
    members = Members(data, ("buildpacks", "stack", "credentials"), problems, "Lifecycle ")
    return LifecycleSpec(
        type=kind,
        buildpacks=_buildpacks(members),
        stack=members.text("stack", "Stack", longest=_LONGEST_ENTRY) or "",
        credentials=_credentials(members),
    )


def _buildpacks(members: Members) -> tuple[str, ...]:
    found = members.document.get("buildpacks")
    if found is None:
        return ()
    if not isinstance(found, list):
        members.wrong("Buildpacks must be an array")
    elif not all(isinstance(entry, str) for entry in found):
        members.wrong("Buildpacks can only contain strings")
    elif not all(1 <= len(entry) <= _LONGEST_ENTRY for entry in found):
        members.wrong(f"Buildpacks entries must be between 1 and {_LONGEST_ENTRY} characters")
    else:
        return tuple(found)
    return ()


def _credentials(members: Members) -> dict[str, dict[str, Any]] | None:
    found = members.document.get("credentials")
    if found is None:
        return None
    if not isinstance(found, dict):
        members.wrong("Credentials must be an object")
        return None
    if not all(isinstance(entry, dict) for entry in found.values()):
        members.wrong("Credentials can only contain objects")
        return None
    return found


def _environment(members: Members) -> dict[str, str]:
    given = members.object("environment_variables", "Environment variables")
    _check_variables(members, given or {})
    return given or {}


def _check_variables(members: Members, variables: Mapping[str, Any]) -> None:
    for name, value in variables.items():
        for reserved in _RESERVED_VARIABLES:
            if name.upper().startswith(reserved):
                members.wrong(f"Environment variables cannot start with {reserved}")
        if name.upper() == "PORT":
            members.wrong("Environment variables cannot set PORT")
        if not name:
            members.wrong("Environment variables key must be a minimum length of 1")
        if not isinstance(value, str):
            members.wrong(f"Non-string value in environment variable for key '{name}', value '{value}'")
