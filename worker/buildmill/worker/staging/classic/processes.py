"""Which processes an app has: merged from what buildpacks and app say."""

from __future__ import annotations

from typing import Any

import msgspec

from buildmill.worker.staging.classic.yaml_files import BadYaml, text_map_of, text_of


class Sidecar(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A process beside others; as the result document has it.

    Attributes:
        process_types: beside which.
        memory: in MiB.
    """

    name: str
    process_types: list[str]
    command: str
    memory: int = 0


class Processes(msgspec.Struct, frozen=True, kw_only=True):
    """What an app can run.

    Attributes:
        types: command by type.
        listed: the same, of those that a `launch.yml` has named.
    """

    types: dict[str, str] = {}
    listed: dict[str, str] = {}
    sidecars: list[Sidecar] = []

    def merged(self, later: Processes) -> Processes:
        """Both; where they differ, `later` is right."""
        return Processes(
            types=self.types | later.types,
            listed=self.listed | later.listed,
            sidecars=[*self.sidecars, *later.sidecars],
        )


def of_launch_yml(content: dict[Any, Any]) -> Processes:
    """What a buildpack's `launch.yml` says.

    Raises:
        BadYaml: something in it is not what it should be.
    """
    entries = content.get("processes") or []
    if not isinstance(entries, list):
        raise BadYaml(f"processes: expected a list, not {type(entries).__name__}")
    types: dict[str, str] = {}
    sidecars: list[Sidecar] = []
    for number, entry in enumerate(entries):
        where = f"processes[{number}]"
        if not isinstance(entry, dict):
            raise BadYaml(f"{where}: expected a map, not {type(entry).__name__}")
        kind, command = (text_of(entry.get(key), f"{where}.{key}") for key in ("type", "command"))
        if not kind:
            raise BadYaml(f"{where}.type: is missing")
        beside = _sidecar_for(entry, where)
        if beside:
            sidecars.append(Sidecar(name=kind, process_types=beside, command=command, memory=_memory_of(entry, where)))
        else:
            types[kind] = command
    return Processes(types=types, listed=types, sidecars=sidecars)


def of_release(content: dict[Any, Any]) -> Processes:
    """What `bin/release` has printed.

    Raises:
        BadYaml: something in it is not what it should be.
    """
    return Processes(types=text_map_of(content.get("default_process_types"), "default_process_types"))


def of_procfile(content: dict[Any, Any]) -> Processes:
    """What the app's `Procfile` says.

    Raises:
        BadYaml: something in it is not what it should be.
    """
    return Processes(types=text_map_of(content, "Procfile"))


def _sidecar_for(entry: dict[Any, Any], where: str) -> list[str]:
    value: Any = entry
    for key in ("platforms", "cloudfoundry", "sidecar_for"):
        where += f".{key}"
        value = value.get(key)
        if value is None:
            return []
        if key != "sidecar_for" and not isinstance(value, dict):
            raise BadYaml(f"{where}: expected a map, not {type(value).__name__}")
    if not isinstance(value, list):
        raise BadYaml(f"{where}: expected a list, not {type(value).__name__}")
    return [text_of(kind, where) for kind in value]


def _memory_of(entry: dict[Any, Any], where: str) -> int:
    limits = entry.get("limits") or {}
    memory = limits.get("memory") if isinstance(limits, dict) else limits
    if memory is None:
        return 0
    if isinstance(memory, bool) or not isinstance(memory, int):
        raise BadYaml(f"{where}.limits.memory: expected MiB as a whole number")
    return memory
