"""A master's base directory: what is in it, how it is made, what its settings say."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from buildmill.common.errors import ConfigError, ConfigProblem, Conflict
from buildmill.master.cli.sample import SAMPLE

SETTINGS_FILE = "buildmill.toml"
SAMPLE_FILE = "master.cfg.sample"
LOG_FILE = "master.log"
PID_FILE = "master.pid"
WEB_LOG_FILE = "web.log"
WEB_PID_FILE = "web.pid"
DEFAULT_DATABASE = "sqlite:///state.sqlite"


@dataclass(frozen=True, kw_only=True)
class MasterSettings:
    """What `buildmill.toml` says: all that must be known before `master.cfg` is read.

    Attributes:
        config_file: the configuration, absolute or below the base directory.
        db_url: the database that was made with the directory. The configuration decides which one the master uses.
        log_bytes: size at which `master.log` is rotated; 0 for never.
        log_files: how many rotated logs are kept; 0 for all.
        check_seconds: how long reading the configuration may take.
        json_logs: a line of `master.log` is a JSON object.
    """

    config_file: str = "master.cfg"
    db_url: str = DEFAULT_DATABASE
    log_bytes: int = 10_000_000
    log_files: int = 10
    check_seconds: int = 60
    json_logs: bool = False


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


_KEYS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "config_file": (_is_text, "the name of a file"),
    "db_url": (_is_text, "the URL of a database"),
    "log_bytes": (_is_size, "a number of bytes, 0 or more"),
    "log_files": (_is_size, "a number, 0 or more"),
    "check_seconds": (lambda value: _is_size(value) and value > 0, "a number of seconds, 1 or more"),
    "json_logs": (lambda value: isinstance(value, bool), "true or false"),
}


def read_settings(basedir: Path) -> MasterSettings:
    """What a base directory's `buildmill.toml` says.

    Raises:
        ConfigError: there is none, or all that is wrong with it.
    """
    file = basedir / SETTINGS_FILE
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        text = f"{basedir} is no master's directory (no {SETTINGS_FILE}); `buildmill create-master` makes one"
        raise ConfigError([ConfigProblem(text)]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ConfigError([ConfigProblem(str(problem), str(file))]) from problem
    problems = []
    for key, value in values.items():
        if key not in _KEYS:
            problems.append(ConfigProblem(f"unknown key {key!r}; known: {', '.join(_KEYS)}", str(file)))
            continue
        is_right, expected = _KEYS[key]
        if not is_right(value):
            problems.append(ConfigProblem(f"{key} must be {expected}, not {value!r}", str(file)))
    if problems:
        raise ConfigError(problems)
    return MasterSettings(**values)


def make(basedir: Path, settings: MasterSettings, *, force: bool = False) -> None:
    """Make the directory, only for its owner, with its settings and a sample configuration.

    Args:
        force: overwrite the settings and the sample of an existing master; everything else is kept.

    Raises:
        Conflict: there is a master already.
        OSError: it cannot be written.
    """
    file = basedir / SETTINGS_FILE
    if file.exists() and not force:
        raise Conflict(f"{file} exists; --force overwrites it, and keeps everything else")
    basedir.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_sample(basedir, settings)
    write_private(file, _render(settings))


def write_sample(basedir: Path, settings: MasterSettings) -> None:
    """Write the sample configuration, which works as it stands."""
    write_private(basedir / SAMPLE_FILE, SAMPLE.substitute(db_url=json.dumps(settings.db_url)))


def write_private(path: Path, text: str) -> None:
    """Write a file for its owner alone; never half of it."""
    temporary = path.with_name(path.name + ".new")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    os.fchmod(fd, 0o600)
    with open(fd, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)


def _render(settings: MasterSettings) -> str:
    # A JSON string is a TOML basic string as well.
    return "\n".join(
        [
            "# What the master must know before it reads its configuration.",
            "",
            f"config_file = {json.dumps(settings.config_file)}",
            "# Where the tables were made; the configuration says which database the master uses.",
            f"db_url = {json.dumps(settings.db_url)}",
            f"# {LOG_FILE} is rotated at this size (0: never); so many old ones are kept (0: all).",
            f"log_bytes = {settings.log_bytes}",
            f"log_files = {settings.log_files}",
            "# A configuration that takes longer to be read is refused.",
            f"check_seconds = {settings.check_seconds}",
            f"# A line of {LOG_FILE} is a JSON object, for programs, instead of text.",
            f"json_logs = {json.dumps(settings.json_logs)}",
            "",
        ]
    )
