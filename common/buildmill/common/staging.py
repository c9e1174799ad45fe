"""What a master and a staging worker tell each other: the task, and how each phase of it ended.

Staging is a build like any other. The master puts a `Task` into the build's directory on the worker (the *work area*)
and asks, by the phase `survey`, which of its files the worker lacks; sends these; then runs the worker's staging
program there, once for each further phase, as command lines that outlive their connection. A phase writes its `Outcome`
as one line of JSON to `outcome_path` just before it exits; the master follows this file like any log file of a
command. What goes from one phase to the next stays in the work area and is the program's own affair.

Specification: docs/internals/staging.md.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

STAGING_EXTENSION = "buildmill.staging"
"""A worker that may stage names it among its commands."""
STAGING_VERSION = 1
STAGING_INFO = "staging"
"""The key in a worker's information that holds its `Offer`, as JSON text."""
TASK_PATH = "task.json"
SECRETS_PATH = "secrets.json"
INPUT_DIRECTORY = "input"
OUTPUT_DIRECTORY = "output"
UNLIMITED = -1


def outcome_path(phase: str, index: int | None = None) -> str:
    """Where a phase writes its outcome, below the work area; `index` counts suppliers, from 0."""
    return f"{OUTPUT_DIRECTORY}/{phase if index is None else f'{phase}-{index}'}.json"


class Lifecycle(StrEnum):
    """How a package becomes a droplet."""

    BUILDPACK = "buildpack"
    CNB = "cnb"
    DOCKER = "docker"


class Phase(StrEnum):
    """A part of staging with a step, a log, a time and an error of its own.

    `buildpack`: survey, prepare, detect (unless buildpacks were named), supply (once for each buildpack but the last),
    finalize, release, export. `cnb`: survey, prepare, detect, restore, build, export. `docker`: survey, inspect.
    """

    SURVEY = "survey"
    PREPARE = "prepare"
    DETECT = "detect"
    SUPPLY = "supply"
    FINALIZE = "finalize"
    RELEASE = "release"
    RESTORE = "restore"
    BUILD = "build"
    EXPORT = "export"
    INSPECT = "inspect"


class Cause(StrEnum):
    """Why a phase failed, as exactly as it is known."""

    SCRIPT = "script"
    """A buildpack's script ended with an exit code that is an error; `Outcome.script` and `script_exit` say which."""
    NOT_DETECTED = "not detected"
    MALFORMED = "malformed"
    """What a buildpack or package holds cannot be used: no `bin`, bad YAML or TOML, an unsafe archive."""
    CHECKSUM = "checksum"
    DOWNLOAD = "download"
    """A buildpack or an image could not be fetched."""
    MEMORY = "memory"
    DISK = "disk"
    TIME = "time"
    PROCESSES = "processes"
    NO_START_COMMAND = "no start command"
    INTERNAL = "internal"


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the master has, or that the worker has made.

    Attributes:
        path: relative to the work area; of what the master has, `INPUT_DIRECTORY` and the SHA-256.
        sha256: hexadecimal, of its bytes.
    """

    path: str
    sha256: str
    size_bytes: int


class Buildpack(msgspec.Struct, frozen=True, kw_only=True):
    """A buildpack to use, or to try; the position in the list is the order.

    Attributes:
        key: name of an admin buildpack, or the URL as it was asked for, user information and all.
        shown: the key with user information made unreadable; what may appear in logs.
        archive: where the admin buildpack's archive is; None for a URL, which the worker fetches.
    """

    key: str
    shown: str
    archive: File | None = None


class Cache(msgspec.Struct, frozen=True, kw_only=True):
    """What an earlier staging of this app and stack left for the next, one archive for each buildpack.

    Attributes:
        key: ``final``, or the directory's name for a supplier; ``layers`` for `cnb`.
    """

    key: str
    file: File


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one staging may use, over its whole tree of processes.

    Attributes:
        memory_mb, disk_mb: in MiB; the disk's is of the whole work area, without the master's own buildpacks.
        log_rate_bytes_per_second: of stdout and stderr together; `UNLIMITED`, or 0 for nothing at all.
        seconds: for all phases together; a phase gets what is left of it, as `--seconds`.
    """

    memory_mb: int
    disk_mb: int
    log_rate_bytes_per_second: int = UNLIMITED
    seconds: float = 900.0
    open_files: int = 16384
    processes: int = 2048


class Task(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What to stage.

    Attributes:
        guid: of the build.
        package: a zip archive; None for `docker`.
        buildpacks: those that were named, or all that may be detected.
        is_detecting: none was named.
        environment: all that scripts get beside what the contract adds; nothing of the worker's own environment does.
        image: what `docker` inspects.
        insecure_registries: ``host[:port]`` that are asked over plain HTTP.
    """

    version: int = STAGING_VERSION
    guid: str
    lifecycle: Lifecycle
    stack: str = ""
    package: File | None = None
    buildpacks: list[Buildpack] = []
    is_detecting: bool = False
    caches: list[Cache] = []
    environment: dict[str, str] = {}
    image: str = ""
    insecure_registries: list[str] = []
    limits: Limits


class Secrets(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the task must not hold in the clear; `SECRETS_PATH` is removed by the phase that needs it.

    Attributes:
        registries: host to ``{"username", "password"}`` or ``{"token"}``.
    """

    registries: dict[str, dict[str, str]] = {}


class Droplet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came out.

    Attributes:
        file: the droplet; None for `docker`.
        result: the contract's result document (`result.json`).
        caches: what the next staging of this app and stack should be given.
        sbom: documents that buildpacks left.
    """

    result: dict[str, Any]
    file: File | None = None
    caches: list[Cache] = []
    sbom: list[File] = []


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a phase ended.

    Attributes:
        missing: SHA-256 of what the worker lacks; of `survey`. The rest it has kept from earlier stagings.
        error: name of the error of the v3 API (``BuildpackCompileFailed``); empty if the phase succeeded.
        message: for people: what happened, with the names of buildpack, script and limit.
        exit_code: what the reference's lifecycle would have exited with (222 ... 226, 231 ... 237); 0 for success.
        script, script_exit: which script of which buildpack failed, and with what.
        detected: names of the buildpacks in use, once they are known, in order.
        suppliers: how many `supply` phases are to come; known after `detect`, or after `prepare` without detection.
        peak_memory_mb, peak_disk_mb: the most that was seen.
        enforcement: how limits were enforced: ``memory`` to ``cgroup v1``, ``cgroup v2`` or ``sampler``, and so on.
        droplet: of `export` and `inspect`.
    """

    phase: Phase
    missing: list[str] = []
    error: str = ""
    cause: Cause | None = None
    message: str = ""
    exit_code: int = 0
    script: str = ""
    script_exit: int | None = None
    detected: list[str] = []
    suppliers: int | None = None
    seconds: float = 0.0
    peak_memory_mb: int = 0
    peak_disk_mb: int = 0
    dropped_log_bytes: int = 0
    enforcement: dict[str, str] = {}
    droplet: Droplet | None = None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker says of its staging.

    Attributes:
        program: the command line that stages, to which ``PHASE [--index N] --seconds S`` is added; it runs in the work
            area.
        lifecycles: those it can do.
        enforcement: as in `Outcome`.
        memory_mb, disk_mb: the most that one staging can have here.
    """

    program: list[str]
    lifecycles: list[Lifecycle]
    enforcement: dict[str, str] = {}
    memory_mb: int = 0
    disk_mb: int = 0


def encode(value: msgspec.Struct) -> bytes:
    """As one line of JSON."""
    return msgspec.json.encode(value)


def read_task(text: bytes) -> Task:
    """A task.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: it is none.
    """
    return msgspec.json.decode(text, type=Task)


def read_outcome(text: bytes) -> Outcome:
    """An outcome.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: it is none.
    """
    return msgspec.json.decode(text, type=Outcome)


def read_offer(text: str) -> Offer:
    """An offer.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: it is none.
    """
    return msgspec.json.decode(text, type=Offer)
