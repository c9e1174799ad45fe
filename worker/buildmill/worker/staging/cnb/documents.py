"""TOML documents that buildpacks and lifecycle write for each other."""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from buildmill.common.cnb.launching import Process
from buildmill.common.errors import InvalidInput
from buildmill.worker.staging.cnb.toml_text import toml_text

FILE_BYTES = 4 << 20
EXECUTION = "production"
"""What a droplet is for; processes may be for other things only, such as tests."""
_TOML_TYPES = (dt.datetime, dt.date, dt.time)

T = TypeVar("T")


class LayerTypes(msgspec.Struct, frozen=True, kw_only=True):
    """What a layer is for."""

    launch: bool = False
    build: bool = False
    cache: bool = False

    @property
    def is_claimed(self) -> bool:
        """Whether it is for anything."""
        return self.launch or self.build or self.cache


class LayerDocument(msgspec.Struct, frozen=True, kw_only=True):
    """`<layer>.toml`."""

    types: LayerTypes = LayerTypes()
    metadata: dict[str, Any] = {}


class ProcessDocument(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """A process as a buildpack writes it, in the ways of all APIs."""

    type: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]+$")]
    command: list[str] | str
    args: list[str] = []
    direct: bool | None = None
    default: bool = False
    working_dir: str = ""
    exec_env: list[str] = []

    def process(self, buildpack: str, *, is_direct_by_default: bool) -> Process:
        """As the launch metadata has it.

        Raises:
            InvalidInput: it has no command.
        """
        if not self.command or not self.command[0]:
            raise InvalidInput("launch.toml", f"the process {self.type!r} has no command")
        is_direct = is_direct_by_default if self.direct is None else self.direct
        return Process(
            type=self.type,
            command=[self.command] if isinstance(self.command, str) else self.command,
            args=self.args,
            direct=is_direct,
            default=self.default,
            buildpack_id=buildpack,
            working_directory=self.working_dir,
        )


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """A label of the droplet."""

    key: str
    value: str


class LaunchDocument(msgspec.Struct, frozen=True, kw_only=True):
    """`launch.toml`."""

    processes: list[ProcessDocument] = []
    slices: list[dict[str, Any]] = []
    labels: list[Label] = []


class Unmet(msgspec.Struct, frozen=True, kw_only=True):
    """A name of the plan that a buildpack leaves to the next provider."""

    name: str


class BuildDocument(msgspec.Struct, frozen=True, kw_only=True):
    """`build.toml`."""

    unmet: list[Unmet] = []


class StoreDocument(msgspec.Struct, frozen=True, kw_only=True):
    """`store.toml`: what a buildpack keeps for its next build."""

    metadata: dict[str, Any] = {}


def read_toml_blocking(path: Path, kind: type[T]) -> T | None:
    """A document that a buildpack wrote; None if it wrote none.

    Raises:
        InvalidInput: it is malformed; names the file.
    """
    try:
        if path.is_symlink() or not path.is_file():
            return None
        with path.open("rb") as file:
            content = file.read(FILE_BYTES + 1)
        if len(content) > FILE_BYTES:
            raise InvalidInput(path.name, f"has more than {FILE_BYTES} bytes")
        return msgspec.convert(tomllib.loads(content.decode()), kind)
    except (ValueError, RecursionError, msgspec.ValidationError) as problem:  # numbers can be too long, nests too deep
        raise InvalidInput(path.name, f"is malformed: {problem}") from problem
    except OSError as problem:
        raise InvalidInput(path.name, f"cannot be read: {problem.strerror}") from problem


def write_toml_blocking(path: Path, document: Mapping[str, Any] | msgspec.Struct) -> None:
    """Write a document; its directory is made if need be."""
    content = document if isinstance(document, Mapping) else msgspec.to_builtins(document, builtin_types=_TOML_TYPES)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(toml_text(content), encoding="utf-8")
