"""What ``c['staging']`` says, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from buildmill.common.staging import UNLIMITED
from buildmill.master.domain.staging.values import StackState

GIB = 1024 * 1024 * 1024


def builder_name(stack: str) -> str:
    """Name of the builder that stages on a stack."""
    return f"staging-{stack}"


class StagingRole(StrEnum):
    """What the bearer of a static token is."""

    ADMIN = "admin"
    DEVELOPER = "developer"
    SUPPORTER = "supporter"
    AUDITOR = "auditor"
    """Of a space: it sees all but secrets, and changes nothing."""
    MANAGER = "manager"
    """Of a space; it sees what an auditor sees."""
    READ_SCOPE = "read"
    """A developer whose token has the scope ``cloud_controller.read`` only."""
    NO_ROLE = "none"
    """Known, with both scopes, and in no space."""
    STATE_UPDATER = "updater"
    """A component that says how builds have ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticToken:
    """A token that the configuration names.

    Attributes:
        name: of whom it stands for.
        digest: SHA-256 of the token, hexadecimal; the token itself is not kept.
        spaces: names of the spaces in which it has its role; none for all of them.
    """

    name: str
    role: StagingRole
    digest: str
    email: str | None = None
    spaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StackConfig:
    """Attributes: workernames: that may stage on it; none for those of the whole section."""

    name: str
    description: str = ""
    state: StackState = StackState.ACTIVE
    workernames: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceConfig:
    """A space of an organization."""

    name: str
    organization: str
    is_suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationConfig:
    name: str
    is_suspended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StagingLimits:
    """What a staging gets and may ask for, and how much is kept.

    Attributes:
        quota_memory_mb: the most memory that a staging in any space may ask for; None without bound.
        quota_log_rate: the same of the log rate, in bytes per second.
        seconds: for all phases of a staging together.
        cache_bytes: the most that caches of one app on one stack may have; more is not kept.
    """

    memory_default_mb: int = 1024
    memory_minimum_mb: int = 1024
    quota_memory_mb: int | None = None
    disk_default_mb: int = 1024
    disk_minimum_mb: int = 4096
    disk_maximum_mb: int = 2048
    log_rate_default: int = UNLIMITED
    quota_log_rate: int | None = None
    open_files: int = 16384
    processes: int = 2048
    seconds: float = 900.0
    package_bytes: int = GIB
    buildpack_bytes: int = GIB
    droplet_bytes: int = 4 * GIB
    cache_bytes: int = GIB
    kept_builds: int = 100
    kept_packages: int = 5
    kept_droplets: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class StagingFlags:
    """What is switched on."""

    docker: bool = False
    cnb: bool = False
    custom_buildpacks: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderBuildpack:
    """A buildpack of the configured folder, found when the configuration was loaded.

    Attributes:
        path: a directory with ``bin``, or an archive.
        stamp: changes with what is there.
    """

    name: str
    path: str
    lifecycle: str
    stamp: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagingConfig:
    """Everything.

    Attributes:
        stacks: at least one if it is on; the first is the default unless `default_stack` says otherwise.
        workernames: that may stage: they run what strangers have written.
        environment: the operator's variables, below all others.
        insecure_registries: ``host[:port]`` that are asked over plain HTTP.
        external_url: where clients reach the API; links begin with it. Empty for the address of the web pages.
    """

    is_on: bool = False
    buildpacks: tuple[FolderBuildpack, ...] = ()
    stacks: tuple[StackConfig, ...] = ()
    default_stack: str = ""
    workernames: tuple[str, ...] = ()
    limits: StagingLimits = StagingLimits()
    flags: StagingFlags = StagingFlags()
    organizations: tuple[OrganizationConfig, ...] = ()
    spaces: tuple[SpaceConfig, ...] = ()
    tokens: tuple[StaticToken, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    insecure_registries: tuple[str, ...] = ()
    external_url: str = ""
