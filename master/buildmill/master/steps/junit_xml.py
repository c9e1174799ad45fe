"""Reading reports in JUnit's XML, piece by piece: what pytest, Maven, CTest and many others write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.parsers import expat

from buildmill.common.errors import BuildmillError
from buildmill.master.steps.outcomes import LONGEST_TEXT, Kind, Outcome, nanoseconds

MOST_BYTES = 64 * 1024 * 1024
DEEPEST = 50

_KINDS = {"failure": Kind.FAILED, "error": Kind.ERROR, "skipped": Kind.SKIPPED}
# the worse of two that one test has
_ORDER = (Kind.PASSED, Kind.SKIPPED, Kind.FAILED, Kind.ERROR)


class NotAReport(BuildmillError):
    """What was read is no such report, or is too big; the message says why."""


class JUnitReader:
    """Reads one report; memory does not grow with it.

    Args:
        take: gets each test in the order of the report.

    Attributes:
        tests: how many there were.
    """

    def __init__(self, take: Callable[[Outcome], None]) -> None:
        self._take = take
        self.tests = 0
        self._depth = 0
        self._bytes = 0
        self._case: dict[str, str] | None = None
        self._case_depth = 0
        self._kind = Kind.PASSED
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        # a report needs no declarations, and entities are how a small file becomes a big one
        self._parser.StartDoctypeDeclHandler = self._declaration

    def feed(self, data: bytes) -> None:
        """The next piece, of any length.

        Raises:
            NotAReport: it cannot be read on.
        """
        self._bytes += len(data)
        if self._bytes > MOST_BYTES:
            raise NotAReport(f"longer than {MOST_BYTES} bytes")
        self._parse(data, False)

    def end(self) -> None:
        """The report has ended.

        Raises:
            NotAReport: it has not, by what was read.
        """
        self._parse(b"", True)

    def _parse(self, data: bytes, is_final: bool) -> None:
        try:
            self._parser.Parse(data, is_final)
        except expat.ExpatError as error:
            raise NotAReport(f"not XML: {error}") from None
        except (LookupError, ValueError) as error:
            raise NotAReport(f"its encoding is not known: {error}") from None

    def _declaration(self, *_: Any) -> None:
        raise NotAReport("it has a document type declaration")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._depth == 0 and name not in ("testsuites", "testsuite"):
            raise NotAReport(f"its outermost element is {name[:100]!r}, not testsuites or testsuite")
        self._depth += 1
        if self._depth > DEEPEST:
            raise NotAReport(f"elements are nested more than {DEEPEST} deep")
        if name == "testcase" and self._case is None:
            self._case, self._case_depth, self._kind = attributes, self._depth, Kind.PASSED
        elif self._case is not None and self._depth == self._case_depth + 1 and name in _KINDS:
            self._kind = max(self._kind, _KINDS[name], key=_ORDER.index)

    def _end(self, _name: str) -> None:
        if self._case is not None and self._depth == self._case_depth:
            self._take(_outcome(self._case, self._kind))
            self.tests += 1
            self._case = None
        self._depth -= 1


def _outcome(case: dict[str, str], kind: Kind) -> Outcome:
    name, group = case.get("name", ""), case.get("classname", "")
    if group and not name.startswith(f"{group}."):
        name = f"{group}.{name}"
    line = case.get("line", "")
    return Outcome(
        name=name[:LONGEST_TEXT] or "?",
        kind=kind,
        path=case.get("file", "")[:LONGEST_TEXT] or None,
        line=int(line) if line.isascii() and line.isdigit() and len(line) < 10 else None,
        duration_ns=nanoseconds(case["time"]) if "time" in case else None,
    )
