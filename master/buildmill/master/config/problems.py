"""Collecting what is wrong with a configuration, each with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from buildmill.common.errors import ConfigProblem
from buildmill.master.config.source_lines import SourceLines


class Problems:
    """All that is wrong so far.

    Args:
        file: the configuration file.
        found: problems that are known already; the list is appended to.
    """

    def __init__(self, file: Path, found: list[ConfigProblem]) -> None:
        self._file = str(file)
        self.found = found
        try:
            self._lines = SourceLines(file.read_text(encoding="utf-8", errors="replace"), self._file)
        except OSError:
            self._lines = SourceLines("", self._file)

    def at_key(self, key: str, message: str, inner: str | None = None) -> None:
        """Something about the value of a key (or of a key inside its dictionary)."""
        self.found.append(ConfigProblem(message, self._file, self._lines.line_of(key, inner)))

    def at(self, thing: Any, message: str) -> None:
        """Something about a builder, worker or the like, which knows where it was made."""
        self.found.append(ConfigProblem(message, getattr(thing, "file", None) or self._file, thing.line))
