"""Collecting what is wrong with a configuration, each with its place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from buildmill.common.errors import ConfigProblem
from buildmill.master.config.master_config import ConfigNotice
from buildmill.master.config.source_lines import SourceLines
from buildmill.master.domain.not_delivering import what_is_not_delivered
from buildmill.master.domain.not_there_yet import is_not_there_yet


class Problems:
    """All that is wrong so far.

    Args:
        file: the configuration file.
        found: problems that are known already; the list is appended to.

    Attributes:
        folder: where the file is; paths in it are relative to that.
        notices: what is no problem, but should be known.
    """

    def __init__(self, file: Path, found: list[ConfigProblem]) -> None:
        self._file = str(file)
        self.folder = file.absolute().parent
        self.found = found
        self.notices: list[ConfigNotice] = []
        try:
            self._lines = SourceLines(file.read_text(encoding="utf-8", errors="replace"), self._file)
        except OSError:
            self._lines = SourceLines("", self._file)

    def at_key(self, key: str, message: str, inner: str | None = None, hint: str | None = None) -> None:
        """Something about the value of a key (or of a key inside its dictionary), and what to do about it."""
        self.found.append(ConfigProblem(message, self._file, self._lines.line_of(key, inner), hint))

    def notice(self, key: str, text: str, inner: str | None = None) -> None:
        """Something that is taken, but without the effect that its author may expect."""
        self.notices.append(ConfigNotice(name=key, text=text, file=self._file, line=self._lines.line_of(key, inner)))

    def notice_at(self, thing: Any, text: str) -> None:
        """The same about a builder, worker or the like."""
        file = getattr(thing, "file", None) or self._file
        self.notices.append(ConfigNotice(name=thing.name, text=text, file=file, line=thing.line))

    def note_not_delivering(self, key: str, thing: object, inner: str | None = None) -> None:
        """A notice for an object that is used and does not do its work yet; nothing for any other."""
        text = what_is_not_delivered(thing)
        if text is None:
            return
        file, line = getattr(thing, "file", None), getattr(thing, "line", None)
        if not (isinstance(file, str) and isinstance(line, int)):
            file, line = self._file, self._lines.line_of(key, inner)
        self.notices.append(ConfigNotice(name=inner or key, text=text, file=file, line=line))

    def is_not_there_yet(self, key: str, value: Any, inner: str | None = None) -> bool:
        """Whether the value of a key stands in for something that is not there; that is reported, if it was not yet."""
        return is_not_there_yet(value, lambda message: self.at_key(key, message, inner))

    def at(self, thing: Any, message: str, hint: str | None = None) -> None:
        """Something about a builder, worker or the like, which knows where it was made."""
        self.found.append(ConfigProblem(message, getattr(thing, "file", None) or self._file, thing.line, hint))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """A hint for a name that nothing has: the one that its author may have meant."""
    found = difflib.get_close_matches(name, sorted(known), n=1)
    return f"did you mean {found[0]!r}?" if found else None
