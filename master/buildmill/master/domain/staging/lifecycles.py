"""Rules about lifecycles and what they name: stacks, buildpacks, flags, limits."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

from buildmill.common.staging import Lifecycle
from buildmill.master.domain.staging.configuration import StagingFlags, StagingLimits
from buildmill.master.domain.staging.errors import (
    CustomBuildpacksDisabled,
    FeatureDisabled,
    StackInvalid,
    Unprocessable,
)
from buildmill.master.domain.staging.redaction import without_user_information
from buildmill.master.domain.staging.values import LifecycleSpec, StackState

_CNB_SCHEMES: Final = ("http", "https", "docker")
_GIT = re.compile(r"\A(git@[^\s:]+:\S+|git://\S+)\.git\Z")


def is_url(buildpack: str, lifecycle: Lifecycle) -> bool:
    """Whether a buildpack that no admin buildpack is called by can be fetched from there."""
    if any(character.isspace() for character in buildpack):
        return False
    try:
        parts = urlsplit(buildpack)
    except ValueError:
        return False
    if lifecycle is Lifecycle.CNB:
        return parts.scheme in _CNB_SCHEMES and bool(parts.netloc)
    return bool(parts.scheme and (parts.netloc or parts.path)) or _GIT.match(buildpack) is not None


def check_lifecycle(wanted: LifecycleSpec, stack: str, names: Collection[str], flags: StagingFlags) -> None:
    """Check what a lifecycle names.

    Args:
        stack: that it is for.
        names: those of its buildpacks that are admin buildpacks for that stack and lifecycle.

    Raises:
        Unprocessable: a buildpack that is neither known nor a URL.
        CustomBuildpacksDisabled: a URL where the operator wants none.
    """
    for buildpack in wanted.buildpacks:
        if buildpack in names:
            continue
        if not is_url(buildpack, wanted.type):
            shown = without_user_information(buildpack)
            what = "a valid git URI" if wanted.type is Lifecycle.BUILDPACK else "a valid URI"
            raise Unprocessable(
                f'Buildpack "{shown}" for stack "{stack}" must be an existing admin buildpack or {what}'
            )
        if not flags.custom_buildpacks:
            raise CustomBuildpacksDisabled


def check_flags(lifecycle: Lifecycle, flags: StagingFlags) -> None:
    """Raises FeatureDisabled for a lifecycle that is switched off."""
    if lifecycle is Lifecycle.DOCKER and not flags.docker:
        raise FeatureDisabled("diego_docker")
    if lifecycle is Lifecycle.CNB and not flags.cnb:
        raise FeatureDisabled("diego_cnb")


def check_stack(name: str, state: StackState, *, is_first_build: bool) -> None:
    """Check that a stack may be staged on.

    Args:
        is_first_build: the app was never staged on it.

    Raises:
        StackInvalid: it is disabled; or it is restricted, and this would be the first.
    """
    if state is StackState.DISABLED:
        raise StackInvalid(f"ERROR: Staging failed. The stack '{name}' is disabled and cannot be used for staging.")
    if state is StackState.RESTRICTED and is_first_build:
        raise StackInvalid(
            f"ERROR: Staging failed. The stack '{name}' is restricted and cannot be used for staging new apps."
        )


def effective_memory(asked: int | None, limits: StagingLimits) -> int:
    """MiB that a staging gets. Raises Unprocessable beyond what a space may have."""
    memory = max(limits.memory_default_mb if asked is None else asked, limits.memory_minimum_mb)
    if limits.quota_memory_mb is not None and memory > limits.quota_memory_mb:
        raise Unprocessable(f"space's memory limit exceeded: staging requires {memory}M memory")
    return memory


def effective_disk(asked: int | None, limits: StagingLimits) -> int:
    """MiB of disk that a staging gets. Raises Unprocessable beyond the most."""
    disk = max(limits.disk_default_mb if asked is None else asked, limits.disk_minimum_mb)
    if disk > max(limits.disk_maximum_mb, limits.disk_minimum_mb):
        raise Unprocessable("disk limit exceeded")
    return disk


def effective_log_rate(asked: int | None, limits: StagingLimits) -> int:
    """Bytes per second that a staging may log; -1 for no limit. Raises Unprocessable beyond what a space may have."""
    rate = limits.log_rate_default if asked is None else asked
    quota = limits.quota_log_rate
    if quota is not None and (rate < 0 or rate > quota):
        needed = "unlimited" if rate < 0 else str(rate)
        raise Unprocessable(f"space's log rate limit exceeded: staging requires {needed} bytes per second")
    return rate
