"""Files that only the master's user can read, for as long as they are needed: keys, passwords."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path


class PrivateFiles:
    """The files of one user. The methods block.

    Args:
        directory: made for them, and removed with them.
        files: name to content.
    """

    def __init__(self, directory: Path, files: Mapping[str, str]) -> None:
        self._directory = directory
        self._files = files

    def write_blocking(self) -> None:
        """Write them. Raises OSError."""
        self.remove_blocking()
        self._directory.mkdir(parents=True, mode=0o700)
        for name, content in self._files.items():
            file = os.open(self._directory / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(file, "w", errors="surrogateescape") as opened:
                opened.write(content)

    def remove_blocking(self) -> None:
        """Remove them. Harmless if they are not there."""
        shutil.rmtree(self._directory, ignore_errors=True)

    def path(self, name: str) -> str:
        """Where one of them is."""
        return str(self._directory / name)
