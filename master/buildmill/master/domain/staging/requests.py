"""What somebody wants to be made or changed, after its shape was checked; and which part of a list is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

from buildmill.common.staging import Lifecycle
from buildmill.master.domain.staging.values import BuildState, LifecycleSpec, MetadataChange, PackageType

V = TypeVar("V")
NO_CHANGE = MetadataChange()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApp:
    """Attributes: lifecycle: None for `buildpack` with the default stack and detection."""

    name: str
    space_guid: str
    lifecycle: LifecycleSpec | None = None
    environment: Mapping[str, Any] = field(default_factory=dict)
    metadata: MetadataChange = NO_CHANGE


@dataclass(frozen=True, slots=True, kw_only=True)
class AppChange:
    """None leaves a field as it is."""

    name: str | None = None
    lifecycle: LifecycleSpec | None = None
    environment: Mapping[str, Any | None] | None = None
    """A None within deletes the variable; what is not named stays."""
    metadata: MetadataChange = NO_CHANGE


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPackage:
    """Attributes: image, username, password: of `docker` only."""

    app_guid: str
    type: PackageType
    image: str | None = None
    username: str | None = None
    password: str | None = None
    metadata: MetadataChange = NO_CHANGE


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBuild:
    """A staging to begin.

    Attributes:
        lifecycle: None for the app's. Its stack is empty where none was named.
        uses_app_buildpacks: the lifecycle names no list of buildpacks: the app's counts, if it has the same type.
            Otherwise an empty list means detection.
        memory_mb, disk_mb, log_rate_bytes_per_second: None for the defaults.
        environment: variables of this staging alone.
    """

    package_guid: str
    lifecycle: LifecycleSpec | None = None
    uses_app_buildpacks: bool = False
    memory_mb: int | None = None
    disk_mb: int | None = None
    log_rate_bytes_per_second: int | None = None
    environment: Mapping[str, Any] = field(default_factory=dict)
    metadata: MetadataChange = NO_CHANGE


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedEnd:
    """How a component from outside says that a staging has ended.

    Attributes:
        error: of FAILED.
        image, process_types: of STAGED.
    """

    state: BuildState
    error: str = ""
    image: str = ""
    process_types: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBuildpack:
    """Attributes: position: from 1; None for the last."""

    name: str
    stack: str | None = None
    lifecycle: Lifecycle = Lifecycle.BUILDPACK
    position: int | None = None
    is_enabled: bool = True
    is_locked: bool = False
    metadata: MetadataChange = NO_CHANGE


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildpackChange:
    """None leaves a field as it is; `stack` can only be given to a buildpack that has none."""

    name: str | None = None
    stack: str | None = None
    position: int | None = None
    is_enabled: bool | None = None
    is_locked: bool | None = None
    metadata: MetadataChange = NO_CHANGE


# -- lists -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Which instants are wanted, in seconds since the epoch; all that are given have to hold.

    Attributes:
        any_of: exactly one of these; None for any.
    """

    any_of: tuple[int, ...] | None = None
    before: int | None = None
    not_after: int | None = None
    after: int | None = None
    not_before: int | None = None


class LabelTest(StrEnum):
    EXISTS = "exists"
    ABSENT = "absent"
    IN = "in"
    NOT_IN = "notin"
    """Also true of what has no such label."""


@dataclass(frozen=True, slots=True)
class LabelRule:
    """One requirement of a label selector; equality is `IN` with one value."""

    key: str
    test: LabelTest
    values: tuple[str, ...] = ()


class OrderField(StrEnum):
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    NAME = "name"
    STATE = "state"
    POSITION = "position"
    """Of buildpacks: by lifecycle, then position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What is asked of any list.

    Attributes:
        guids: only these; None for any, as in all filters.
        spaces: only what belongs to apps in these spaces (of spaces and organizations: these, and those they are in);
            None for a reader who sees all.
        order: None for the order in which things were made. Ties are broken by guid, in the same direction.
        page: from 1.
        per_page: 1 to 5000.
    """

    guids: tuple[str, ...] | None = None
    created: Times = Times()
    updated: Times = Times()
    labels: tuple[LabelRule, ...] = ()
    spaces: frozenset[str] | None = None
    order: OrderField | None = None
    is_descending: bool = False
    page: int = 1
    per_page: int = 50


@dataclass(frozen=True, slots=True)
class Listed(Generic[V]):
    """A page.

    Attributes:
        total: how many there are on all pages; also behind the last one.
    """

    values: tuple[V, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AppFilter:
    names: tuple[str, ...] | None = None
    space_guids: tuple[str, ...] | None = None
    organization_guids: tuple[str, ...] | None = None
    stacks: tuple[str, ...] | None = None
    lifecycle_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFilter:
    states: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    app_guids: tuple[str, ...] | None = None
    space_guids: tuple[str, ...] | None = None
    organization_guids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildFilter:
    states: tuple[str, ...] | None = None
    app_guids: tuple[str, ...] | None = None
    package_guids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropletFilter:
    """Attributes: is_current: only those that are their app's current one."""

    states: tuple[str, ...] | None = None
    app_guids: tuple[str, ...] | None = None
    package_guids: tuple[str, ...] | None = None
    space_guids: tuple[str, ...] | None = None
    organization_guids: tuple[str, ...] | None = None
    is_current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildpackFilter:
    """Attributes: stacks: an empty name finds those that fit every stack."""

    names: tuple[str, ...] | None = None
    stacks: tuple[str, ...] | None = None
    lifecycle: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StackFilter:
    names: tuple[str, ...] | None = None
    is_default: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceFilter:
    names: tuple[str, ...] | None = None
    organization_guids: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationFilter:
    names: tuple[str, ...] | None = None
