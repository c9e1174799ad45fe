"""How a staging has ended, in the words of the v3 API; and what comes after each phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from buildmill.common.staging import Lifecycle, Phase, Task
from buildmill.master.domain.staging.redaction import without_user_information
from buildmill.master.domain.staging.values import UsedBuildpack

_FAILED: Final = "Staging error: staging failed"
TEXTS: Final[Mapping[str, str]] = {
    "StagingError": _FAILED,
    "NoAppDetectedError": "An app was not successfully detected by any available buildpack",
    "BuildpackCompileFailed": "App staging failed in the buildpack compile phase",
    "BuildpackReleaseFailed": "App staging failed in the buildpack release phase",
    "InsufficientResources": "Insufficient resources",
    "NoCompatibleCell": "Found no compatible cell",
    "StagingTimeExpired": "Staging time expired: staging failed",
    "StagerError": "Stager error",
    "CNBGenericBuildFailed": "cnb: generic build failure",
    "CNBDownloadBuildpackFailed": "cnb: downloading buildpacks failed",
    "CNBDetectFailed": "cnb: detecting failed",
    "CNBBuildFailed": "cnb: building failed",
    "CNBExportFailed": "cnb: exporting failed",
    "CNBLaunchFailed": "cnb: launching failed",
    "CNBRestoreFailed": "cnb: restore failed",
}
"""What a v3 client is told of each error; more may follow, in brackets."""

STAGING_ERROR: Final = "StagingError"
NO_START_COMMAND: Final = "StagingError - Staging error: Start command not specified"
MALFORMED: Final = "StagingError - Staging error: Malformed message from the stager"
NO_DROPLET: Final = "StagingError - Staging error: no droplet"
EXPIRED: Final = f"StagingTimeExpired - {TEXTS['StagingTimeExpired']}"
_LONGEST_DETAIL: Final = 1000


def error_text(name: str, detail: str = "") -> str:
    """The error of a build.

    Args:
        name: of the error; one that nobody knows is a StagingError.
        detail: what happened, for people.
    """
    known = name if name in TEXTS else STAGING_ERROR
    more = f" ({detail[:_LONGEST_DETAIL]})" if detail else ""
    return f"{known} - {TEXTS[known]}{more}"


def stager_error(text: str) -> str:
    """The error of a build of which a component says that it has failed."""
    return f"StagerError - Stager error: {text}"


class Next(NamedTuple):
    """A phase to come.

    Attributes:
        supplier: its number, from 0; None of other phases.
        title: what its step is called.
    """

    phase: Phase
    supplier: int | None
    title: str


def first_phase(task: Task) -> Next:
    """What comes when the worker has all files."""
    phase = Phase.INSPECT if task.lifecycle is Lifecycle.DOCKER else Phase.PREPARE
    return Next(phase, None, str(phase))


def following(task: Task, phase: Phase, index: int | None, names: Sequence[str], suppliers: int) -> Next | None:
    """What comes after a phase that has succeeded; None after the last one.

    Args:
        names: of the buildpacks in use, in order, as far as they are known.
        suppliers: how many of them come before the last.
    """
    if task.lifecycle is Lifecycle.CNB:
        return _plain(_CNB.get(phase))
    if phase is Phase.PREPARE and task.is_detecting:
        return _plain(Phase.DETECT)
    if phase in (Phase.PREPARE, Phase.DETECT):
        return _supplier(0, suppliers, names)
    if phase is Phase.SUPPLY and index is not None:
        return _supplier(index + 1, suppliers, names)
    return _plain({Phase.FINALIZE: Phase.RELEASE, Phase.RELEASE: Phase.EXPORT}.get(phase))


_CNB: Final[Mapping[Phase, Phase]] = {
    Phase.PREPARE: Phase.DETECT,
    Phase.DETECT: Phase.RESTORE,
    Phase.RESTORE: Phase.BUILD,
    Phase.BUILD: Phase.EXPORT,
}


def _plain(phase: Phase | None) -> Next | None:
    return None if phase is None else Next(phase, None, str(phase))


def _supplier(index: int, count: int, names: Sequence[str]) -> Next:
    if index < count:
        return Next(Phase.SUPPLY, index, _titled(Phase.SUPPLY, names, index))
    return Next(Phase.FINALIZE, None, _titled(Phase.FINALIZE, names, count))


def _titled(phase: Phase, names: Sequence[str], place: int) -> str:
    return f"{phase} {names[place]}" if place < len(names) else str(phase)


def is_well_formed(result: Mapping[str, object]) -> bool:
    """Whether a result document has what the master needs, in its shape."""
    types, metadata = result.get("process_types"), result.get("lifecycle_metadata")
    return (
        isinstance(types, Mapping)
        and all(isinstance(command, str) for command in types.values())
        and isinstance(result.get("execution_metadata"), str)
        and isinstance(result.get("lifecycle_type"), str)
        and isinstance(metadata, Mapping)
    )


def used_buildpacks(task: Task, result: Mapping[str, object]) -> tuple[UsedBuildpack, ...]:
    """The buildpacks of a droplet, out of the contract's result document."""
    metadata = result.get("lifecycle_metadata")
    if not isinstance(metadata, Mapping):
        return ()
    detected, matched = metadata.get("detected_buildpack"), metadata.get("buildpack_key")
    archives = {buildpack.key: buildpack.archive for buildpack in task.buildpacks}
    listed = metadata.get("buildpacks")
    found = []
    for item in listed if isinstance(listed, list) else []:
        if not isinstance(item, Mapping):
            continue
        key = str(item.get("key", ""))
        archive = archives.get(key)
        found.append(
            UsedBuildpack(
                name=without_user_information(key),
                detect_output=str(detected) if key == matched and detected and task.is_detecting else None,
                buildpack_name=_text(item.get("name")),
                version=_text(item.get("version")),
                sha256=_text(item.get("sha256")) if archive is None else archive.sha256,
            )
        )
    return tuple(found)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
