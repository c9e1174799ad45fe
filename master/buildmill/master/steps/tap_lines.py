"""Reading the Test Anything Protocol, versions 12 to 14, line by line."""

from __future__ import annotations

import re
from collections.abc import Callable

from buildmill.master.steps.outcomes import LONGEST_TEXT, Kind, Outcome

_POINT = re.compile(r"(?P<bad>not )?ok\b(?: +(?P<number>\d{1,9})\b)?(?: *-)? *(?P<rest>.*)")
_PLAN = re.compile(r"1\.\.(?P<last>\d{1,9}) *(?P<skip># *skip\b)?", re.IGNORECASE)
_DIRECTIVE = re.compile(r"(?<!\\) *(?<!\\)# *(?P<word>skip|todo)\b", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([#\\])")


class TapReader:
    """Reads one stream. Subtests, which are indented, count with the test that they belong to.

    Args:
        take: gets each test in its order.

    Attributes:
        tests: how many there were.
        planned: how many there should have been; None without a plan.
        bailed_out: why the program gave up; None when it did not.
        skipped_all: the plan says that nothing is tested.
    """

    def __init__(self, take: Callable[[Outcome], None]) -> None:
        self._take = take
        self.tests = 0
        self.planned: int | None = None
        self.bailed_out: str | None = None
        self.skipped_all = False

    def line(self, line: str) -> None:
        """One line, without its end."""
        line = line[:LONGEST_TEXT]
        if found := _POINT.match(line):
            self.tests += 1
            self._take(self._outcome(found))
        elif found := _PLAN.match(line):
            self.planned = int(found["last"])
            self.skipped_all = bool(found["skip"]) and self.planned == 0
        elif line.startswith("Bail out!"):
            self.bailed_out = line.removeprefix("Bail out!").strip()

    def _outcome(self, found: re.Match[str]) -> Outcome:
        rest, is_bad = found["rest"], bool(found["bad"])
        kind = Kind.FAILED if is_bad else Kind.PASSED
        if directive := _DIRECTIVE.search(rest):
            rest = rest[: directive.start()]
            if directive["word"].lower() == "skip":
                kind = Kind.SKIPPED
            else:
                # an unfinished test that passes is good news here, as it is for programs that read TAP
                kind = Kind.EXPECTED_FAILURE if is_bad else Kind.PASSED
        name = _ESCAPED.sub(r"\1", rest.strip())
        return Outcome(name or f"test {found['number'] or self.tests}", kind)

    @property
    def problem(self) -> str | None:
        """What is wrong with the stream as a whole, after its end; None if nothing is."""
        if self.bailed_out is not None:
            return f"bailed out: {self.bailed_out}".rstrip(": ")
        if self.planned is None:
            return "no plan" if self.tests else "no tests"
        if self.tests != self.planned:
            return f"{self.planned} planned, {self.tests} run"
        return None
