"""What a classic staging tells of itself: the result document, and `staging_info.yml` in the droplet."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from buildmill.worker.staging.area import Area
from buildmill.worker.staging.classic.plan import Buildpacks, deps_directory
from buildmill.worker.staging.classic.processes import Processes
from buildmill.worker.staging.classic.yaml_files import BadYaml, read_yaml_map

RESULT_FILE = "result.json"
_PROCESSES = "processes"


def write_processes(area: Area, processes: Processes) -> None:
    """For `export`."""
    area.note(_PROCESSES, processes)


def read_processes(area: Area) -> Processes | None:
    """What `release` has found out."""
    return area.noted(_PROCESSES, Processes)


def result_document(area: Area, buildpacks: Buildpacks, processes: Processes) -> dict[str, Any]:
    """The document of a staging that has succeeded."""
    document = _with_buildpacks(area, buildpacks)
    document["process_types"] = processes.types
    if processes.listed:
        document["processes"] = [{"type": kind, "command": command} for kind, command in processes.listed.items()]
    if processes.sidecars:
        document["sidecars"] = [msgspec.to_builtins(sidecar) for sidecar in processes.sidecars]
    return document


def staging_info(document: Mapping[str, Any]) -> bytes:
    """The text of `staging_info.yml`, which is JSON."""
    metadata = document["lifecycle_metadata"]
    info = {
        "detected_buildpack": metadata["detected_buildpack"],
        "start_command": document["process_types"].get("web", ""),
    }
    if config := metadata["buildpacks"][-1].get("config"):
        info["config"] = config
    return msgspec.json.encode(info) + b"\n"


def write_failed_result(area: Area, buildpacks: Buildpacks) -> None:
    """Of a staging that has failed the document tells the buildpacks only."""
    os.makedirs(area.outputs, exist_ok=True)
    with open(os.path.join(area.outputs, RESULT_FILE), "wb") as file:
        file.write(msgspec.json.encode(_with_buildpacks(area, buildpacks)))


def _with_buildpacks(area: Area, buildpacks: Buildpacks) -> dict[str, Any]:
    described = [_describe(area, buildpacks, index) for index in range(len(buildpacks.items))]
    return {
        "lifecycle_type": "buildpack",
        "lifecycle_metadata": {
            "buildpack_key": described[-1]["key"],
            "detected_buildpack": described[-1]["name"],
            "buildpacks": described,
        },
        "process_types": {},
        "execution_metadata": "",
    }


def _describe(area: Area, buildpacks: Buildpacks, index: int) -> dict[str, Any]:
    """By what the buildpack itself has written; a name it may also have printed when it detected the app."""
    buildpack = buildpacks.items[index]
    config = _config(os.path.join(deps_directory(area, buildpacks, index), "config.yml"))
    described: dict[str, Any] = {"key": buildpack.key, "name": _text(config.get("name")) or buildpack.detected}
    if version := _text(config.get("version")):
        described["version"] = version
    inner = config.get("config")
    if isinstance(inner, dict) and (prefix := _text(inner.get("entrypoint_prefix"))):
        described["config"] = {"entrypoint_prefix": prefix}
    return described


def _config(path: str) -> dict[Any, Any]:
    """What is written there; a file that can't be understood only costs the buildpack its name."""
    try:
        return read_yaml_map(path) or {}
    except BadYaml:
        return {}


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)
