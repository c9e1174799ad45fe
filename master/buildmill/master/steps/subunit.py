"""`SubunitShellCommand`: runs a command that tells about tests in the subunit protocol, version 1."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from buildmill.common.results import FAILURE, SUCCESS, Result
from buildmill.master.domain.result_rules import worst
from buildmill.master.engine.step_log import LogLineObserver
from buildmill.master.steps.arguments import check_type
from buildmill.master.steps.shell import ShellCommand, with_result

_OUTCOME = re.compile(
    r"(?P<kind>success|successful|failure|error|skip|xfail|uxsuccess):? (?P<test>.*?)(?P<details> \[(?: multipart)?)?$"
)
_SAME = {"successful": "success"}
_PROBLEMS = frozenset({"failure", "error", "uxsuccess"})
_SIGNATURE_OF_VERSION_2 = "\ufffd"


@dataclass
class SubunitReader:
    """Reads a stream of lines.

    Attributes:
        counts: how many tests ended in which way.
        problems: name and details of each test that failed.
        is_binary: the stream seems to be of version 2, which is not understood.
    """

    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("success", "failure", "error", "skip", "xfail", "uxsuccess"), 0)
    )
    problems: list[str] = field(default_factory=list)
    is_binary: bool = False
    _details_of: str | None = None
    _started: str | None = None

    @property
    def total(self) -> int:
        """Tests that have ended."""
        return sum(self.counts.values())

    def line(self, line: str) -> None:
        """One line, without its end."""
        if self._details_of is not None:
            if line == "]":
                self._details_of = None
            elif self._details_of in _PROBLEMS:
                self.problems.append(line)
            return
        if _SIGNATURE_OF_VERSION_2 in line[:4]:
            self.is_binary = True
        if line.startswith(("test: ", "testing: ", "test ", "testing ")):
            self._started = re.split(r":? ", line, maxsplit=1)[1]
            return
        found = _OUTCOME.match(line)
        # A line that only begins like an outcome is the program's own: an outcome is one of the test that runs.
        if found is None or self._started is None or found["test"] != self._started:
            return
        kind = _SAME.get(found["kind"], found["kind"])
        self._started = None
        self.counts[kind] += 1
        if kind in _PROBLEMS:
            self.problems.append(f"{kind}: {found['test']}")
        if found["details"]:
            self._details_of = kind

    def end(self) -> None:
        """The stream has ended; a test that never did is an error."""
        if self._started is not None:
            self.counts["error"] += 1
            self.problems.append(f"error: {self._started}: the test never ended")
            self._started = None


class _Lines(LogLineObserver):
    def __init__(self, reader: SubunitReader) -> None:
        super().__init__()
        self._reader = reader

    def outLineReceived(self, line: str) -> None:
        self._reader.line(line.rstrip("\r"))

    def end(self) -> None:
        self._written("", b"")
        self._reader.end()


class SubunitShellCommand(ShellCommand):
    """Runs a command line whose ordinary output is a subunit stream of version 1 (``subunit-2to1`` makes one).

    Args:
        failureOnNoTests: no tests at all are a failure.
        **kwargs: those of all shell steps.
    """

    def __init__(self, failureOnNoTests: Any = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.failureOnNoTests = failureOnNoTests
        self.reader = SubunitReader()
        check_type(self, "failureOnNoTests", failureOnNoTests, bool)

    async def run(self) -> int:
        """Run it, and count."""
        lines = _Lines(self.reader)
        self.addLogObserver("stdio", lines)
        command = await self.makeRemoteShellCommand()
        await self.runCommand(command)
        if command.rc is None:
            return command.results()
        lines.end()
        counts = self.reader.counts
        if self.reader.problems:
            await self.addCompleteLog("problems", "\n".join(self.reader.problems) + "\n")
        result = Result(command.results())
        if self.reader.is_binary and not self.reader.total:
            await self.addCompleteLog("err.text", "the output is a subunit stream of version 2; subunit-2to1 helps\n")
            return FAILURE
        if counts["failure"] or counts["error"] or counts["uxsuccess"]:
            result = worst(result, FAILURE)
        if not self.reader.total and self.failureOnNoTests:
            result = worst(result, FAILURE)
        return result

    def getResultSummary(self) -> Any:
        """How many tests there were, and how they ended."""
        counts, total = self.reader.counts, self.reader.total
        if self.results not in (SUCCESS, FAILURE):
            return super().getResultSummary()
        if not total:
            return {"step": with_result(f"{self.name} no tests run", self.results)}
        words = [self.name, _counted(total, "test")]
        if counts["failure"] or counts["error"] or counts["uxsuccess"]:
            names = {"failure": "failure", "error": "error", "uxsuccess": "unexpected success"}
            words += [_counted(counts[kind], name) for kind, name in names.items() if counts[kind]]
        else:
            words.append("passed")
        words += [_counted(counts[kind], name) for kind, name in (("skip", "skip"), ("xfail", "todo")) if counts[kind]]
        return {"step": with_result(" ".join(words), self.results)}


def _counted(count: int, word: str) -> str:
    plural = f"{word}es" if word.endswith("ss") else f"{word}s"
    return f"{count} {word if count == 1 else plural}"
