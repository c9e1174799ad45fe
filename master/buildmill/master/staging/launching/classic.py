"""How a droplet of classic buildpacks is launched: its processes, their environment, the scripts that come before.

A droplet holds the start command of `web` (in `staging_info.yml`); those of other processes are in what the buildpacks
and the app have left: `deps/*/launch.yml` and `Procfile`, the later over the earlier, as in staging.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from buildmill.common.cnb.launching import Launch
from buildmill.common.errors import InvalidInput, NotFound

DEFAULT_PROCESS: Final = "web"
STAGING_INFO_FILE: Final = "staging_info.yml"
# Every script is sourced, so that what it exports is there for the command; the order is the launcher's.
_SCRIPT: Final = """\
for script in ../profile.d/* .profile.d/* .profile; do
    if [ -f "$script" ]; then . "./$script"; fi
done
exec bash -c "$1"
"""


def processes_of(home: Path) -> dict[str, str]:
    """The start command of each process of an unpacked droplet.

    Raises:
        InvalidInput: a file of the droplet is malformed.
    """
    found: dict[str, str] = {}
    for file in sorted(home.glob("deps/*/launch.yml"), key=_index):
        found.update(_launch_processes(home, file))
    info = _mapping(home, home / STAGING_INFO_FILE)
    command = info.get("start_command")
    if isinstance(command, str) and command:
        found[DEFAULT_PROCESS] = command
    found.update((str(name), str(text)) for name, text in _mapping(home, home / "app" / "Procfile").items())
    return found


def launch_of(home: Path, *, process: str = "", command: str = "", inherited: Mapping[str, str]) -> Launch:
    """Everything that launching a process of an unpacked droplet needs.

    Args:
        home: absolute; what the launcher calls the home directory, with ``app``, ``deps`` and so on.
        process: its type; empty: `web`.
        command: instead of the process's own; then there need not be such a process.
        inherited: the environment outside: a `PATH`, and what the user has set for the program.

    Raises:
        NotFound: no such process.
        InvalidInput: a file of the droplet is malformed.
    """
    wanted = process or DEFAULT_PROCESS
    if not command:
        known = processes_of(home)
        if wanted not in known:
            names = ", ".join(sorted(known)) or "none"
            raise NotFound(f"there is no process {wanted!r}; processes of this droplet: {names}")
        command = known[wanted]
    for name in ("app", "deps", "tmp", "logs"):
        (home / name).mkdir(exist_ok=True)
    environment = {
        "USER": "vcap",
        "VCAP_APPLICATION": json.dumps({"instance_index": 0, "process_type": wanted}),
        "VCAP_SERVICES": "{}",
        "CF_INSTANCE_INDEX": "0",
        **inherited,
        "HOME": str(home / "app"),
        "DEPS_DIR": str(home / "deps"),
        "TMPDIR": str(home / "tmp"),
    }
    return Launch(
        arguments=["bash", "-c", _SCRIPT, "launcher", command], environment=environment, directory=str(home / "app")
    )


def _index(file: Path) -> tuple[int, str]:
    """Buildpacks are numbered, with zeros in front only from the tenth on."""
    name = file.parent.name
    return (int(name) if name.isdecimal() else 0, name)


def _launch_processes(home: Path, file: Path) -> dict[str, str]:
    entries = _mapping(home, file).get("processes") or []
    if not isinstance(entries, list):
        raise InvalidInput(str(file.relative_to(home)), "expected a list of processes")
    return {
        str(entry["type"]): str(entry["command"])
        for entry in entries
        if isinstance(entry, dict) and entry.get("type") and entry.get("command") and not _is_sidecar(entry)
    }


def _is_sidecar(entry: Mapping[str, Any]) -> bool:
    platforms = entry.get("platforms") or {}
    return bool(isinstance(platforms, dict) and (platforms.get("cloudfoundry") or {}).get("sidecar_for"))


def _mapping(home: Path, file: Path) -> dict[Any, Any]:
    """What a YAML file says; empty if there is none, or nothing in it."""
    name = str(file.relative_to(home))
    try:
        content = yaml.safe_load(file.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, yaml.YAMLError) as problem:
        raise InvalidInput(name, f"cannot be read: {problem}") from problem
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InvalidInput(name, f"expected names with values, not {type(content).__name__}")
    return content
