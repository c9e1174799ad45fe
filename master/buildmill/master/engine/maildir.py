"""`Maildir`: a directory into which programs put files whole: each is written in ``tmp`` and moved to ``new``."""

from __future__ import annotations

from pathlib import Path


class Maildir:
    """The reading end. All methods block.

    Args:
        directory: has, or gets, ``tmp``, ``new`` and ``cur``.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def prepare_blocking(self) -> None:
        """Make the three directories if they are not there. Raises OSError."""
        for name in ("tmp", "new", "cur"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)

    def waiting_blocking(self) -> list[str]:
        """Names of the files that have come, the oldest first. Raises OSError."""
        found = [(entry.stat().st_mtime_ns, entry.name) for entry in (self.directory / "new").iterdir()]
        return [name for _, name in sorted(found) if not name.startswith(".")]

    def read_blocking(self, name: str, limit: int) -> bytes:
        """The first `limit` bytes of a file. Raises OSError."""
        with (self.directory / "new" / name).open("rb") as file:
            return file.read(limit)

    def done_blocking(self, name: str) -> None:
        """Put a file away; it stays in ``cur``. Harmless if it is gone."""
        try:
            (self.directory / "new" / name).rename(self.directory / "cur" / name)
        except FileNotFoundError:
            return
