"""What layers do to the environment of later buildpacks, and of the launched program.

Source: the Buildpack specification, "Environment"; docs/internals/cnb.md.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from enum import Enum
from pathlib import Path

from buildmill.common.errors import InvalidInput

FILE_BYTES = 1 << 20
PREPENDED = ("PATH", "LD_LIBRARY_PATH", "LIBRARY_PATH", "CPATH", "PKG_CONFIG_PATH")
"""A user's value of these is put in front; of all others, it wins."""
DELIMITER = ".delim"


class Stage(Enum):
    """When an environment is for; a pair for each directory of a layer that is a search path, and its variable."""

    BUILD = (
        ("bin", "PATH"),
        ("lib", "LD_LIBRARY_PATH"),
        ("lib", "LIBRARY_PATH"),
        ("include", "CPATH"),
        ("pkgconfig", "PKG_CONFIG_PATH"),
    )
    LAUNCH = (("bin", "PATH"), ("lib", "LD_LIBRARY_PATH"))


def add_layers(
    environment: MutableMapping[str, str],
    layers: Sequence[Path],
    stage: Stage,
    *,
    process: str = "",
    read: Callable[[bytes], str] = os.fsdecode,
) -> None:
    """Add what the layers of one buildpack give; called for one buildpack after the other, in their order.

    Args:
        layers: of this buildpack and for this stage, alphabetical. Their directories come before those of earlier
            buildpacks.
        process: the type that is launched.
        read: turns a file's bytes into the value; a launcher also puts in where the layers are now.

    Raises:
        InvalidInput: a file is no value: too long, or with a byte of zero.
    """
    for layer in reversed(layers):
        for directory, name in stage.value:
            if (layer / directory).is_dir():
                _put_in_front(environment, name, str(layer / directory))
    for layer in layers:
        _add_files(environment, _directories(layer, stage, process), read)


def _add_files(
    environment: MutableMapping[str, str], directories: Sequence[Path], read: Callable[[bytes], str]
) -> None:
    """Files are ``NAME`` or ``NAME.suffix``, the contents are the value as it stands; a delimiter is for the layer."""
    delimiters: dict[str, str] = {}
    for directory in directories:
        if not directory.is_dir():
            continue
        values = {path.name: read(_content(path)) for path in sorted(directory.iterdir()) if path.is_file()}
        delimiters |= {name.removesuffix(DELIMITER): text for name, text in values.items() if name.endswith(DELIMITER)}
        for file, value in values.items():
            name, _, suffix = file.partition(".")
            if name:
                _modify(environment, name, suffix or "override", value, delimiters.get(name, ""))


def add_user_values(environment: MutableMapping[str, str], user: Mapping[str, str]) -> None:
    """Add what the user has set: in front of search paths, instead of everything else."""
    for name, value in user.items():
        if name in PREPENDED:
            _put_in_front(environment, name, value)
        else:
            environment[name] = value


def _modify(environment: MutableMapping[str, str], name: str, suffix: str, value: str, delimiter: str) -> None:
    before = environment.get(name, "")
    match suffix:
        case "override":
            environment[name] = value
        case "default" if not before:
            environment[name] = value
        case "append":
            environment[name] = before + delimiter + value if before else value
        case "prepend":
            environment[name] = value + delimiter + before if before else value
        case _:  # a delimiter, which the others use; a default that is not needed; something unknown
            pass


def _directories(layer: Path, stage: Stage, process: str) -> list[Path]:
    if stage is Stage.BUILD:
        return [layer / "env", layer / "env.build"]
    found = [layer / "env", layer / "env.launch"]
    return [*found, layer / "env.launch" / process] if process else found


def _put_in_front(environment: MutableMapping[str, str], name: str, value: str) -> None:
    before = environment.get(name, "")
    environment[name] = value + os.pathsep + before if before else value


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise InvalidInput(path.name, f"a value of a variable has at most {FILE_BYTES} bytes")
    if b"\0" in content:
        raise InvalidInput(path.name, "a value of a variable has no byte of zero")
    return content
