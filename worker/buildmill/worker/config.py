"""`worker.toml`: what a worker's owner decides."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from buildmill.common.errors import BuildmillError, ConfigError, ConfigProblem
from buildmill.worker.masters import MasterAddress, parse_master

CONFIG_FILE = "worker.toml"
PASSWORD_FILE = "password"  # noqa: S105  # the name of a file

Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[int, msgspec.Meta(ge=0)]


class WorkerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """The settings, as in the file.

    Attributes:
        name: of the worker, as the master's configuration has it.
        masters: tried in turn until one answers.
        password_file: relative to the base directory.
        ca_file: certificates to trust for `wss`, instead of the system's.
        numcpus: None: counted.
        umask: octal, None: inherited.
        max_delay_seconds: longest wait between two attempts to connect.
        max_retries: give up after so many failed attempts in a row; None: never.
        heartbeat_seconds: of silence after which the master is asked whether it is there.
        heartbeat_timeout_seconds: how long its answer may take.
        allow_shutdown: `signal`: SIGHUP lets running commands end, then stops; `file`: the same when
            `shutdown.stamp` is touched.
        allow_paths: directories outside of the base directory where files may be transferred and removed.
        delete_leftover_dirs: the master removes directories of builders that are gone.
        durable: commands of a Buildmill master may outlive the connection and this daemon (Linux only).
        end_commands_on_stop: stopping the worker ends those as well.
        staging: packages may be turned into droplets here, by buildpacks: programs that users of the master bring.
        staging_memory_mb, staging_disk_mb: the most that one staging may ask for, in MiB; None: what the machine has,
            and what is free when the worker starts.
        staging_shelf_mb: of archives of buildpacks that are kept for later stagings, in MiB.
        staging_cgroups: limits are enforced by control groups where they can be had.
        log_bytes, log_files: size and number of rotated files of `worker.log`.
    """

    name: Annotated[str, msgspec.Meta(min_length=1)]
    masters: Annotated[list[str], msgspec.Meta(min_length=1)]
    password_file: str = PASSWORD_FILE
    ca_file: str | None = None
    numcpus: Annotated[int, msgspec.Meta(ge=1)] | None = None
    umask: Annotated[str, msgspec.Meta(pattern="^(0o?)?[0-7]{1,3}$")] | None = None
    max_delay_seconds: Positive = 60.0
    max_retries: NotNegative | None = None
    heartbeat_seconds: Positive = 30.0
    heartbeat_timeout_seconds: Positive = 60.0
    allow_shutdown: Literal["signal", "file"] | None = None
    allow_paths: list[str] = []
    delete_leftover_dirs: bool = False
    durable: bool = True
    end_commands_on_stop: bool = False
    staging: bool = False
    staging_memory_mb: Annotated[int, msgspec.Meta(ge=1)] | None = None
    staging_disk_mb: Annotated[int, msgspec.Meta(ge=1)] | None = None
    staging_shelf_mb: NotNegative = 4096
    staging_cgroups: bool = True
    log_bytes: Annotated[int, msgspec.Meta(ge=1024)] = 10_000_000
    log_files: NotNegative = 10

    @property
    def addresses(self) -> list[MasterAddress]:
        """The masters, parsed."""
        return [parse_master(text) for text in self.masters]


def load_config(basedir: str) -> WorkerConfig:
    """Read the `worker.toml` of a base directory.

    Raises:
        ConfigError: everything that is wrong with it.
    """
    path = os.path.join(basedir, CONFIG_FILE)
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        given = tomllib.loads(text)
    except OSError as problem:
        raise ConfigError([ConfigProblem(f"{problem.strerror}: {path}")]) from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError([ConfigProblem(f"not TOML: {problem}", path)]) from problem
    return _check(given, path, text)


def read_password(basedir: str, config: WorkerConfig) -> str:
    """The password that the file holds; a newline at its end is not part of it.

    Raises:
        ConfigError: it can't be read.
    """
    path = os.path.join(basedir, config.password_file)
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().removesuffix("\n")
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigError([ConfigProblem(f"the password can't be read: {problem}", path)]) from problem


def render_config(values: Mapping[str, object]) -> str:
    """The text of a `worker.toml` with these settings; None leaves one out."""
    lines = ["# A Buildmill worker. What can be set is in docs/howto/run-a-worker.md.", ""]
    lines += [f"{name} = {_toml(value)}" for name, value in values.items() if value is not None]
    return "\n".join(lines) + "\n"


def _check(given: Mapping[str, object], path: str, text: str) -> WorkerConfig:
    problems: list[ConfigProblem] = []
    fields = {field.name: field for field in msgspec.structs.fields(WorkerConfig)}
    checked: dict[str, object] = {}
    for name, value in given.items():
        if name not in fields:
            problems.append(ConfigProblem(f"{name}: there is no such setting", path, _line(text, name)))
            continue
        try:
            checked[name] = msgspec.convert(value, fields[name].type)
            _check_value(name, checked[name])
        except (msgspec.ValidationError, BuildmillError) as problem:
            problems.append(ConfigProblem(f"{name}: {problem}", path, _line(text, name)))
    problems += [
        ConfigProblem(f"{name}: is missing", path)
        for name, field in fields.items()
        if field.required and name not in given
    ]
    if problems:
        raise ConfigError(problems)
    return msgspec.convert(checked, WorkerConfig)


def _check_value(name: str, value: object) -> None:
    if name == "name" and isinstance(value, str) and ":" in value:
        raise BuildmillError("a colon is not allowed")
    if name == "masters" and isinstance(value, list):
        for text in value:
            parse_master(text)
    if name == "allow_paths" and isinstance(value, list):
        for path in value:
            if not os.path.isabs(path):
                raise BuildmillError(f"{path!r} is not absolute")


def _line(text: str, name: str) -> int | None:
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*{re.escape(name)}\s*=", line):
            return number
    return None


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\u{ord(c):04X}" for c in str(value))
    return f'"{escaped}"'
