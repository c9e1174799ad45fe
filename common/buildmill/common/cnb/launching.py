"""How a droplet of Cloud Native Buildpacks is launched: the processes, their environment, their command lines.

Source: the Buildpack and Platform specifications, "Launch"; docs/internals/cnb.md.
"""

from __future__ import annotations

import os
import shlex
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from buildmill.common.cnb.environment import Stage, add_layers
from buildmill.common.cnb.exec_d import run_exec_d_blocking
from buildmill.common.cnb.places import LAUNCH_METADATA, Home
from buildmill.common.errors import InvalidInput, NotFound

DEFAULT_PROCESS = "web"


class Process(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="kebab"):
    """A program that can be launched.

    Attributes:
        command: of an indirect process, one string for a shell.
        args: what follows; a user's own arguments stand in for it.
        direct: no shell; False only for buildpacks of old APIs.
        working_directory: absolute, or below the workspace.
    """

    type: str
    command: list[str]
    args: list[str] = []
    direct: bool = True
    default: bool = False
    buildpack_id: str = ""
    working_directory: str = msgspec.field(default="", name="working-dir")

    def shown(self) -> str:
        """Command and arguments, joined by blanks: for people, and for the result document."""
        return " ".join([*self.command, *self.args])


class BuildpackOfLaunch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A buildpack that took part, in the order of the build."""

    id: str
    version: str
    api: str
    homepage: str = ""


class LaunchMetadata(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="kebab"):
    """What `config/metadata.toml` says."""

    buildpacks: list[BuildpackOfLaunch]
    processes: list[Process] = []
    slices: list[dict[str, Any]] = []
    labels: list[dict[str, str]] = []
    buildpack_default_process_type: str = ""


class Launch(msgspec.Struct, frozen=True, kw_only=True):
    """A process ready to be executed, by `os.execve` or the like."""

    arguments: list[str]
    environment: dict[str, str]
    directory: str


def directory_of(buildpack_id: str) -> str:
    """The name of a buildpack's directory among the layers."""
    return buildpack_id.replace("/", "_")


def read_launch_metadata(home: Home) -> LaunchMetadata:
    """The launch metadata of a droplet that was unpacked here.

    Raises:
        InvalidInput: there is none, or it is malformed.
    """
    name = f"layers/{LAUNCH_METADATA}"
    try:
        with (home.layers / LAUNCH_METADATA).open("rb") as file:
            return msgspec.convert(tomllib.load(file), LaunchMetadata)
    except OSError as problem:
        raise InvalidInput(name, f"cannot be read: {problem.strerror}") from problem
    except (ValueError, RecursionError, msgspec.ValidationError) as problem:
        raise InvalidInput(name, f"is malformed: {problem}") from problem


def prepare_launch_blocking(
    home: Home,
    metadata: LaunchMetadata,
    *,
    process: str = "",
    arguments: Sequence[str] = (),
    inherited: Mapping[str, str],
) -> Launch:
    """Everything that launching a process needs; runs the layers' `exec.d` programs.

    Args:
        process: its type; empty: the default.
        arguments: instead of the process's own, if there are any.
        inherited: the environment outside: a `PATH`, and what the user has set for the program. What layers say
            changes it, so a user's value stands against their defaults only.

    Raises:
        NotFound: no such process.
        InvalidInput: a layer's variable or `exec.d` program is faulty.
    """
    chosen = _find(metadata, process)
    layers = [home.layers / directory_of(buildpack.id) for buildpack in metadata.buildpacks]
    environment = {name: value for name, value in inherited.items() if not name.startswith("CNB_")}
    for directory in layers:
        add_layers(
            environment,
            launch_layers(directory),
            Stage.LAUNCH,
            process=chosen.type,
            read=lambda content: os.fsdecode(home.from_droplet(content)),
        )
    environment |= {"CNB_LAYERS_DIR": str(home.layers), "CNB_APP_DIR": str(home.workspace)}
    for folder in _folders(layers, "exec.d", chosen.type):
        run_exec_d_blocking(folder, environment, home.workspace)
    return Launch(
        arguments=_command_line(home, chosen, arguments, layers),
        environment=environment,
        directory=str(home.workspace / home.text_from_droplet(chosen.working_directory)),
    )


def launch_layers(directory: Path) -> list[Path]:
    """The layers of one buildpack in a droplet, which holds only those that are for launch; alphabetical."""
    if not directory.is_dir():
        return []
    return sorted(path for path in directory.iterdir() if path.is_dir() and not path.is_symlink())


def _find(metadata: LaunchMetadata, process: str) -> Process:
    wanted = process or metadata.buildpack_default_process_type or DEFAULT_PROCESS
    for candidate in metadata.processes:
        if candidate.type == wanted:
            return candidate
    known = ", ".join(sorted(candidate.type for candidate in metadata.processes)) or "none"
    raise NotFound(f"there is no process {wanted!r}; processes of this droplet: {known}")


def _command_line(home: Home, process: Process, arguments: Sequence[str], layers: Sequence[Path]) -> list[str]:
    command = [home.text_from_droplet(part) for part in process.command]
    rest = list(arguments) or [home.text_from_droplet(part) for part in process.args]
    if process.direct:
        return [*command, *rest]
    sourced = [f". {shlex.quote(str(script))}" for script in _profiles(home, layers, process.type)]
    run = [_token(part) for part in (*command, *rest)] if rest else ["bash", "-c", shlex.quote(" ".join(command))]
    return ["bash", "-c", "\n".join([*sourced, " ".join(["exec", *run])])]


def _token(text: str) -> str:
    """One word, in which the shell puts variables in."""
    return '"' + text.replace('"', '\\"') + '"'


def _profiles(home: Home, layers: Sequence[Path], process: str) -> list[Path]:
    folders = [folder for folder in _folders(layers, "profile.d", process) if folder.is_dir()]
    found = [script for folder in folders for script in sorted(folder.iterdir())]
    return [script for script in [*found, home.workspace / ".profile"] if script.is_file()]


def _folders(layers: Sequence[Path], name: str, process: str) -> list[Path]:
    """Where all layers have programs or scripts: those for every process come first, then those for this one."""
    folders = [layer / name for directory in layers for layer in launch_layers(directory)]
    return [*folders, *(folder / process for folder in folders)]
