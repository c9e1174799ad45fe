"""Reading the lines that a master appends to its log, from now on, through rotations."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import IO


class LogFollower:
    """Begins at the log's present end.

    Args:
        path: the log; it need not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._rest = b""
        with contextlib.suppress(FileNotFoundError):
            self._file = path.open("rb")
            self._file.seek(0, os.SEEK_END)

    def lines(self) -> list[str]:
        """Whole lines that have come since the last call, without their newlines."""
        found = self._read()
        if self._was_rotated():
            # what was written between our read and the rotation is still in the old file
            found += self._read()
            self.close()
            with contextlib.suppress(FileNotFoundError):
                self._file = self._path.open("rb")
            found += self._read()
        *lines, self._rest = (self._rest + found).split(b"\n")
        return [line.decode(errors="replace") for line in lines]

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _read(self) -> bytes:
        return b"" if self._file is None else self._file.read()

    def _was_rotated(self) -> bool:
        try:
            now = self._path.stat()
        except FileNotFoundError:
            return False
        if self._file is None:
            return True
        ours = os.fstat(self._file.fileno())
        return (now.st_dev, now.st_ino) != (ours.st_dev, ours.st_ino)


def text_lines(line: str) -> list[str]:
    """A line of a log, whatever its format, as the lines of text that say the same."""
    if not line.startswith("{"):
        return [line]
    try:
        document = json.loads(line)
        parts = [f"{document['level']} {document['place']}: {document['text']}", document.get("traceback", "")]
    except (ValueError, KeyError, TypeError):  # something printed it
        return [line]
    first, *further = "\n".join(filter(None, parts)).split("\n")
    return [first, *(f"\t{text}" for text in further)]
