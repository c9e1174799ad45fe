"""`SecretInAFile`: a directory with one file for each secret."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from buildmill.common.errors import Unavailable
from buildmill.master.domain.config_errors import config_error
from buildmill.master.secrets.base import SecretProviderBase

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SecretInAFile(SecretProviderBase):
    """Secrets in files that only the master's user may touch; they are read anew each time.

    Args:
        dirname: the directory, from the master's own if it is relative.
        suffixes: what may follow a secret's name in the name of its file; nothing if not given.
        strip: leave out white space at both ends.
    """

    name = "SecretInAFile"

    def checkConfig(self, dirname: str | Path = "", suffixes: Sequence[str] | None = None, strip: bool = True) -> None:
        """Look at the directory, and at the permissions of what is in it."""
        if not isinstance(dirname, str | Path) or not str(dirname):
            config_error(f"SecretInAFile: dirname must be the path of a directory, not {dirname!r}")
            return
        if suffixes is not None and (
            isinstance(suffixes, str) or not all(isinstance(suffix, str) for suffix in suffixes)
        ):
            config_error(f"SecretInAFile: suffixes must be a list of strings, not {suffixes!r}")
            return
        folder = Path(dirname)
        if not folder.is_dir():
            config_error(f"SecretInAFile: there is no directory {str(dirname)!r}")
            return
        for file in sorted(folder.iterdir()):
            if file.is_file() and file.name.endswith(tuple(suffixes or ("",))) and (problem := _too_open(file)):
                config_error(f"SecretInAFile: {problem}")

    def reconfigService(
        self, dirname: str | Path = "", suffixes: Sequence[str] | None = None, strip: bool = True
    ) -> None:
        """Take the arguments."""
        self._folder = Path(self.master.basedir, dirname)
        self._suffixes = list(suffixes) if suffixes else [""]
        self._strip = strip

    async def get(self, entry: str) -> str | None:
        """The contents of the secret's file."""
        found: str | None = await self.master.in_thread(self._read_blocking, entry)
        return found

    def _read_blocking(self, entry: str) -> str | None:
        if entry in ("", ".", "..") or "/" in entry or "\0" in entry:
            return None
        for suffix in self._suffixes:
            file = self._folder / f"{entry}{suffix}"
            if not file.is_file():
                continue
            if problem := _too_open(file):
                raise Unavailable(problem)
            try:
                text = file.read_text(encoding="utf-8")
            except OSError as error:
                raise Unavailable(f"{file} cannot be read: {error.strerror}") from error
            except UnicodeDecodeError:
                raise Unavailable(f"{file} is not UTF-8") from None
            return text.strip() if self._strip else text
        return None


def _too_open(file: Path) -> Any:
    mode = stat.S_IMODE(file.stat().st_mode)
    if not mode & _OTHERS:
        return None
    return f"{file} may be read or written by others (mode {mode:04o}): chmod go= it"
