"""Where large frames are: one file per log, appended to by the database's writer, read anywhere."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from buildmill.master.logs.frame import DamagedLog

LOGS_PER_FOLDER = 1000


class LogFiles(Protocol):
    """The disk under the log store; simulations and fault tests bring their own. All methods block."""

    def write_blocking(self, log_id: int, offset: int, blocks: Sequence[bytes]) -> None:
        """Put `blocks` one after the other at `offset`, and cut off what stood behind them.

        Raises:
            OSError: nothing, or a part, was written; the next attempt starts over.
        """

    def sync_blocking(self, log_id: int) -> None:
        """Return when what was written can survive a power cut."""

    def read_blocking(self, log_id: int, offset: int, length: int) -> bytes:
        """Exactly `length` bytes from `offset`.

        Raises:
            DamagedLog: they are not there.
        """

    def cut_blocking(self, log_id: int, length: int) -> int:
        """Make the file at most `length` bytes long; returns how many bytes it lacks (negative: had too much)."""

    def remove_blocking(self, log_id: int) -> None:
        """Remove the file, if there is one."""


class FolderLogFiles:
    """Log files in a folder, a thousand in each subfolder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, log_id: int) -> Path:
        """Where the file of this log is, or would be."""
        return self._folder / f"{log_id // LOGS_PER_FOLDER:06d}" / f"{log_id}.frames"

    def write_blocking(self, log_id: int, offset: int, blocks: Sequence[bytes]) -> None:
        path = self.path(log_id)
        try:
            file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            file = self._create_blocking(path)
        try:
            at = offset
            for block in blocks:
                view = memoryview(block)
                while view:
                    written = os.pwrite(file, view, at)
                    at += written
                    view = view[written:]
            if os.fstat(file).st_size > at:
                os.ftruncate(file, at)
        finally:
            os.close(file)

    def _create_blocking(self, path: Path) -> int:
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _sync_folder_blocking(path.parent.parent)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            _sync_folder_blocking(path.parent)
        except BaseException:
            os.close(file)
            raise
        return file

    def sync_blocking(self, log_id: int) -> None:
        # syncs the file's data whichever descriptor wrote it
        file = os.open(self.path(log_id), os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.fdatasync(file)
        finally:
            os.close(file)

    def read_blocking(self, log_id: int, offset: int, length: int) -> bytes:
        try:
            # a search reads thousands of frames: making a Path costs as much as the rest
            name = f"{self._folder}/{log_id // LOGS_PER_FOLDER:06d}/{log_id}.frames"
            file = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise DamagedLog(log_id, f"{self.path(log_id)} is gone") from error
        try:
            data = os.pread(file, length, offset)
        finally:
            os.close(file)
        if len(data) != length:
            raise DamagedLog(log_id, f"{self.path(log_id)} has no {length} bytes at {offset}")
        return data

    def cut_blocking(self, log_id: int, length: int) -> int:
        path = self.path(log_id)
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            return length
        if length == 0:
            path.unlink()
        elif size > length:
            os.truncate(path, length)
        return length - size

    def remove_blocking(self, log_id: int) -> None:
        self.path(log_id).unlink(missing_ok=True)


def _sync_folder_blocking(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
