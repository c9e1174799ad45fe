"""Which lines of a command's output are warnings worth counting. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from buildmill.common.errors import InvalidInput

Extracted = tuple[str | None, int | str | None, str]
"""File, line number and text of a warning; file and line are None where the line doesn't tell."""

Extractor = Callable[[Any, str, "re.Match[str]"], Extracted]
"""Called with the step, the line and the match of the warning pattern."""


@dataclass(frozen=True)
class Suppression:
    """Warnings that don't count: all that is given must fit.

    Attributes:
        file: found in the file's path; None fits all.
        text: found in the warning's text; None fits all.
        first, last: line numbers, both inclusive; None is open.
    """

    file: re.Pattern[str] | None
    text: re.Pattern[str] | None
    first: int | None = None
    last: int | None = None

    def covers(self, file: str | None, line: int | None, text: str) -> bool:
        """Whether this warning is one of those. A rule with a file or line covers nothing that has none."""
        if self.file is not None and (file is None or not self.file.search(file)):
            return False
        if self.text is not None and not self.text.search(text):
            return False
        if self.first is None and self.last is None:
            return True
        if line is None:
            return False
        return (self.first is None or self.first <= line) and (self.last is None or line <= self.last)


_COMMENT = re.compile(r"\s*(#.*)?")
_RULE = re.compile(r"\s*(.+?)\s*:\s*(.+?)\s*(?::\s*(\d+)(?:\s*-\s*(\d+))?\s*)?")


def parse_suppressions(text: str) -> list[Suppression]:
    """The rules of a suppression file: ``file : warning`` or ``file : warning : first-last``, a rule per line.

    The first two are regular expressions; empty lines and those that start with ``#`` are comments.

    Raises:
        InvalidInput: names the line and what is wrong with it.
    """
    rules = []
    for number, line in enumerate(text.splitlines(), 1):
        if _COMMENT.fullmatch(line):
            continue
        found = _RULE.fullmatch(line)
        if found is None:
            raise InvalidInput(f"line {number}", f"must be 'file : warning' or 'file : warning : lines', not {line!r}")
        file, warning, first, last = found.groups()
        start = None if first is None else int(first)
        rules.append(
            Suppression(
                _compiled(f"line {number}, file", file),
                _compiled(f"line {number}, warning", warning),
                start,
                start if last is None else int(last),
            )
        )
    return rules


def make_suppressions(rules: Sequence[Sequence[Any]]) -> list[Suppression]:
    """Rules written down in a configuration: ``(file, warning, first, last)``, any of them None.

    Raises:
        InvalidInput: names the rule and what is wrong with it.
    """
    made = []
    for index, rule in enumerate(rules):
        where = f"suppression {index}"
        if isinstance(rule, str) or len(rule) != 4:
            raise InvalidInput(where, f"must be (file, warning, first, last), not {rule!r}")
        file, warning, first, last = rule
        for line in (first, last):
            if line is not None and not isinstance(line, int):
                raise InvalidInput(where, f"a line number must be an integer or None, not {line!r}")
        made.append(Suppression(_compiled(where, file), _compiled(where, warning), first, last))
    return made


def _compiled(where: str, pattern: Any) -> re.Pattern[str] | None:
    if pattern is None or isinstance(pattern, re.Pattern):
        return pattern
    try:
        return re.compile(pattern)
    except (re.error, TypeError) as problem:
        raise InvalidInput(where, f"{pattern!r} is no regular expression: {problem}") from problem


@dataclass
class WarningCounter:
    """Goes through the lines of one command and collects the warnings.

    Attributes:
        warnings: the lines that count, in order.
    """

    pattern: re.Pattern[str]
    extract: Callable[[str, re.Match[str]], Extracted]
    suppressions: Sequence[Suppression] = ()
    enter_folder: re.Pattern[str] | None = None
    leave_folder: re.Pattern[str] | None = None
    warnings: list[str] = field(default_factory=list)
    _folders: list[str] = field(default_factory=list)

    def line(self, line: str) -> None:
        """One line of output, without its end."""
        if self.enter_folder is not None and (entered := self.enter_folder.search(line)):
            self._folders.append(entered.group(1) if self.enter_folder.groups else entered.group(0))
            return
        if self.leave_folder is not None and self._folders and self.leave_folder.search(line):
            self._folders.pop()
            return
        found = self.pattern.match(line)
        if found and not self._is_suppressed(line, found):
            self.warnings.append(line)

    def _is_suppressed(self, line: str, found: re.Match[str]) -> bool:
        if not self.suppressions:
            return False
        file, number, text = self.extract(line, found)
        if file is not None and file != "" and self._folders:
            file = posixpath.normpath(posixpath.join(self._folders[-1], file))
        at = int(number) if number is not None and str(number).isdecimal() else None
        return any(rule.covers(file, at, text) for rule in self.suppressions)


def whole_line(line: str, found: re.Match[str]) -> Extracted:
    """The line is the warning; it tells no file."""
    return None, None, line


def from_groups(line: str, found: re.Match[str]) -> Extracted:
    """Groups 1, 2 and 3 of the pattern are file, line number and text.

    Raises:
        InvalidInput: the pattern has fewer groups.
    """
    if (found.re.groups or 0) < 3:
        raise InvalidInput("warningPattern", "needs three groups: file, line number and text")
    return found.group(1), found.group(2), found.group(3)
