"""What a worker tells the master about itself."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping

from buildmill.common.protocol.durable import DURABLE_EXTENSION, DURABLE_VERSION
from buildmill.common.protocol.messages import OUTPUT_EXTENSION, OUTPUT_VERSION
from buildmill.common.staging import STAGING_EXTENSION, STAGING_INFO, STAGING_VERSION, Offer, encode
from buildmill.worker.commands.registry import COMMAND_VERSION, COMMANDS

INFO_FILE_BYTES = 1 << 14
OS_RELEASE = "/etc/os-release"


def describe_worker_blocking(
    *,
    basedir: str,
    environ: Mapping[str, str],
    version: str,
    numcpus: int | None,
    delete_leftover_dirs: bool,
    is_durable: bool = False,
    staging: Offer | None = None,
    os_release: str = OS_RELEASE,
    machine: Mapping[str, str] | None = None,
) -> dict[str, object]:
    """The map that answers `get_worker_info`.

    Args:
        numcpus: None: those that this process may use.
        is_durable: commands may outlive their connection.
        staging: what it can do of that; None if it does none.
        os_release: file whose lines become `os_<name>`.
        machine: what `machine_facts_blocking` has found; None tells nothing of it.
    """
    return {
        **_info_files_blocking(os.path.join(basedir, "info")),
        **_os_release_blocking(os_release),
        **(machine or {}),
        "environ": {name: _text(value) for name, value in environ.items()},
        "system": os.name,
        "basedir": basedir,
        "numcpus": numcpus if numcpus is not None else len(os.sched_getaffinity(0)),
        "version": version,
        "worker_commands": {
            **dict.fromkeys(COMMANDS, COMMAND_VERSION),
            OUTPUT_EXTENSION: OUTPUT_VERSION,
            **({DURABLE_EXTENSION: str(DURABLE_VERSION)} if is_durable else {}),
            **({STAGING_EXTENSION: str(STAGING_VERSION)} if staging is not None else {}),
        },
        **({STAGING_INFO: encode(staging).decode()} if staging is not None else {}),
        "delete_leftover_dirs": delete_leftover_dirs,
    }


def _info_files_blocking(directory: str) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        names = sorted(os.listdir(directory))
    except OSError:
        return found
    for name in names:
        path = os.path.join(directory, name)
        if not name.startswith(".") and os.path.isfile(path):
            try:
                with open(path, "rb") as file:
                    found[_text(name)] = file.read(INFO_FILE_BYTES).decode("utf-8", "replace")
            except OSError:
                continue  # not for us to read
    return found


def _os_release_blocking(path: str) -> dict[str, str]:
    found: dict[str, str] = {}
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read(INFO_FILE_BYTES).splitlines()
    except OSError:
        return found
    for line in lines:
        name, separator, value = line.strip().partition("=")
        if separator and not name.startswith("#"):
            try:
                found["os_" + name.lower()] = "".join(shlex.split(value))
            except ValueError:  # an open quote
                found["os_" + name.lower()] = value
    return found


def _text(value: str) -> str:
    """What can go over the wire; bytes that are no UTF-8 become U+FFFD."""
    return os.fsencode(value).decode("utf-8", "replace")
