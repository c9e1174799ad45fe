"""`SecretInPass`: the password store of the program ``pass``."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from buildmill.common.errors import Unavailable
from buildmill.master.domain.config_errors import config_error
from buildmill.master.secrets.base import SecretProviderBase

_NOT_IN_STORE = "is not in the password store"


class SecretInPass(SecretProviderBase):
    """Secrets out of ``pass``, which keeps them encrypted with GnuPG.

    Args:
        gpgPassphrase: of the key, where the agent does not have it.
        dirname: the store; ``~/.password-store`` if not given.
    """

    name = "SecretInPass"

    def checkConfig(self, gpgPassphrase: str | None = None, dirname: str | Path | None = None) -> None:
        """Look for the program and the store."""
        if shutil.which("pass") is None:
            config_error("SecretInPass: there is no program 'pass'; install it")
        if gpgPassphrase is not None and not isinstance(gpgPassphrase, str):
            config_error("SecretInPass: gpgPassphrase must be a string or None")
        if dirname is not None and not isinstance(dirname, str | Path):
            config_error(f"SecretInPass: dirname must be the path of a directory or None, not {dirname!r}")
        elif not (store := Path(dirname) if dirname is not None else _home_store()).is_dir():
            config_error(f"SecretInPass: there is no directory {str(store)!r}")

    def reconfigService(self, gpgPassphrase: str | None = None, dirname: str | Path | None = None) -> None:
        """Take the arguments."""
        store = Path(self.master.basedir, dirname) if dirname is not None else _home_store()
        self._env = {**os.environ, "PASSWORD_STORE_DIR": str(store)}
        if gpgPassphrase is not None:
            self._env["PASSWORD_STORE_GPG_OPTS"] = f"--batch --pinentry-mode loopback --passphrase {gpgPassphrase}"

    async def get(self, entry: str) -> str | None:
        """What ``pass show`` says."""
        if not entry or entry.startswith("-") or "\0" in entry:
            return None
        said: dict[str, list[bytes]] = {"o": [], "e": []}
        code = await self.master.processes.run(
            ["pass", "show", entry],
            env=self._env,
            output=lambda stream, data: said.setdefault(stream, []).append(data),
        )
        if code == 0:
            return b"".join(said["o"]).decode("utf-8", "replace").strip()
        problem = b"".join(said["e"]).decode("utf-8", "replace").strip()
        if _NOT_IN_STORE in problem:
            return None
        raise Unavailable(f"pass ended with {code}: {problem[:300]}")


def _home_store() -> Path:
    return Path.home() / ".password-store"
