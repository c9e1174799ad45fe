"""Keys and known hosts for ssh, as files that only the master's user can read, for as long as they are needed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from buildmill.common.errors import InvalidInput

_SCP_ADDRESS = re.compile(r"(?:[^@/:]+@)?([^@/:]+):(?!//)")


class SshFiles:
    """The files of one user of ssh. The methods block.

    Args:
        directory: made for them, and removed with them.
        private_key: in the format of OpenSSH.
        host_key: kind and key of the repository's host, as ``ssh-ed25519 AAAA...``.
        known_hosts: contents of a file of known hosts, instead of `host_key`.
        address: the repository's, which names the host.
    """

    def __init__(
        self, directory: Path, *, private_key: str, host_key: str | None, known_hosts: str | None, address: str
    ) -> None:
        self._directory = directory
        self._private_key = private_key
        self._known_hosts = known_hosts
        if known_hosts is None and host_key is not None:
            self._known_hosts = f"{_host_of(address)} {host_key}"

    def write_blocking(self) -> str:
        """Write them; the command with which ssh uses them. Raises OSError."""
        self.remove_blocking()
        self._directory.mkdir(parents=True, mode=0o700)
        key = self._write("key", self._private_key)
        options = ["-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i", key]
        if self._known_hosts is not None:
            hosts = self._write("known_hosts", self._known_hosts)
            options += ["-o", f"UserKnownHostsFile={hosts}", "-o", "StrictHostKeyChecking=yes"]
        return shlex.join(["ssh", *options])

    def remove_blocking(self) -> None:
        """Remove them. Harmless if they are not there."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def _write(self, name: str, text: str) -> str:
        path = self._directory / name
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w") as opened:
            opened.write(text.rstrip("\n") + "\n")  # ssh refuses a key without an end of its last line
        return str(path)


def _host_of(address: str) -> str:
    """The host of a repository's address, as a file of known hosts names it. Raises InvalidInput."""
    if "://" in address:
        parts = urlsplit(address)
        host = parts.hostname
        if host and parts.port:
            host = f"[{host}]:{parts.port}"
    else:
        found = _SCP_ADDRESS.match(address)
        host = found[1] if found else None
    if not host:
        raise InvalidInput("sshHostKey", f"{address!r} names no host")
    return host
