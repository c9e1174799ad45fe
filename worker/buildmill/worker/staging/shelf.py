"""`Shelf`: archives that may be needed again, kept on the worker by their SHA-256, up to a bound."""

from __future__ import annotations

import contextlib
import os

from buildmill.common.staging import File


class Shelf:
    """Archives of buildpacks of earlier stagings. Several programs may use one at the same time.

    Args:
        directory: made when the first archive is kept.
        limit_bytes: of all archives together; those not used for the longest time go first.
    """

    def __init__(self, directory: str, limit_bytes: int) -> None:
        self._directory = directory
        self._limit_bytes = limit_bytes

    def take(self, wanted: File, path: str) -> bool:
        """Have an archive at `path`; False if it is not here.

        It is the same file, not a copy: who has written into the one has written into the other, so it is to be
        verified.
        """
        kept = self._path(wanted)
        try:
            if os.stat(kept).st_size != wanted.size_bytes:
                return False
            os.utime(kept)
            os.link(kept, path)
        except OSError:
            return False
        return True

    def keep(self, file: File, path: str) -> None:
        """Keep an archive whose SHA-256 was verified; one that is too large is not kept."""
        if file.size_bytes > self._limit_bytes:
            return
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        with contextlib.suppress(OSError):  # on another file system there would be no gain
            if not os.path.exists(self._path(file)):
                os.link(path, self._path(file))
            os.utime(self._path(file))
        self._evict()

    def drop(self, file: File) -> None:
        """Keep an archive no longer: it is not what it was."""
        with contextlib.suppress(OSError):
            os.unlink(self._path(file))

    def _path(self, file: File) -> str:
        return os.path.join(self._directory, os.path.basename(file.sha256))

    def _evict(self) -> None:
        kept: list[tuple[float, int, str]] = []
        for entry in os.scandir(self._directory):
            with contextlib.suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                kept.append((status.st_mtime, status.st_size, entry.path))
        used = sum(size for _, size, _ in kept)
        for _, size, path in sorted(kept):
            if used <= self._limit_bytes:
                break
            with contextlib.suppress(OSError):
                os.unlink(path)
            used -= size
