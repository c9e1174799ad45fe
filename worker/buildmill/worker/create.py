"""Making a worker's base directory."""

from __future__ import annotations

import os
from collections.abc import Mapping

from buildmill.common.errors import Conflict
from buildmill.worker.config import CONFIG_FILE, PASSWORD_FILE, render_config

INFO_FILES = {
    "admin": "Your Name Here <admin@example.invalid>\n",
    "host": "Please put a description of this build host here\n",
}


def create_worker(basedir: str, values: Mapping[str, object], password: str, *, force: bool = False) -> None:
    """Make the directory with `worker.toml`, the password file (both only for their owner) and `info/`.

    Args:
        values: settings of `WorkerConfig`; None leaves one at its default.
        force: overwrite the two files of an existing worker; `info/` is kept as it is.

    Raises:
        Conflict: there is a worker already.
        OSError: it can't be written.
    """
    config = os.path.join(basedir, CONFIG_FILE)
    if os.path.exists(config) and not force:
        raise Conflict(f"{config} exists; --force overwrites it")
    os.makedirs(os.path.join(basedir, "info"), exist_ok=True)
    _write_private(os.path.join(basedir, PASSWORD_FILE), password + "\n")
    _write_private(config, render_config(values))
    for name, text in INFO_FILES.items():
        path = os.path.join(basedir, "info", name)
        if not os.path.exists(path):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)


def _write_private(path: str, text: str) -> None:
    temporary = path + ".new"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    os.fchmod(fd, 0o600)
    with open(fd, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)
