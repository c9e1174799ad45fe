"""`SubunitShellCommand`: runs a command that tells about tests in the subunit protocol, version 1 or 2."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from buildmill.common.results import FAILURE, SUCCESS, Result
from buildmill.master.domain.result_rules import worst
from buildmill.master.engine.step_log import STDOUT, LogLineObserver
from buildmill.master.steps.arguments import check_type
from buildmill.master.steps.outcomes import LONGEST_TEXT, KeepsOutcomes, Kind, Outcome
from buildmill.master.steps.shell import ShellCommand, with_result
from buildmill.master.steps.subunit_packets import Packet, PacketReader

_OUTCOME = re.compile(
    r"(?P<kind>success|successful|failure|error|skip|xfail|uxsuccess):? (?P<test>.*?)(?P<details> \[(?: multipart)?)?$"
)
_SAME = {"successful": "success"}
_OF_STATUS = {"success": "success", "uxsuccess": "uxsuccess", "skip": "skip", "fail": "failure", "xfail": "xfail"}
_KINDS = {
    "success": Kind.PASSED, "failure": Kind.FAILED, "error": Kind.ERROR, "skip": Kind.SKIPPED,
    "xfail": Kind.EXPECTED_FAILURE, "uxsuccess": Kind.UNEXPECTED_SUCCESS,
}  # fmt: skip
_PROBLEMS = frozenset({"failure", "error", "uxsuccess"})
# where a stream of version 2 came through something that takes it for text
_SPOILT_SIGNATURE = "\ufffd"
_SPOILT = (
    "the output seems to be a subunit stream of version 2, and this worker sends output as text: "
    "use a worker of Buildmill, or let subunit-2to1 change the stream to version 1\n"
)
_LONGEST_PROBLEMS = 4 * 1024 * 1024
_LONGEST_DETAILS = 64 * 1024
_MOST_STARTED = 10_000


def _dropped(_outcome: Outcome) -> None:
    pass


@dataclass
class _Started:
    """A test of version 2 that runs; its details are texts that came with it."""

    time_ns: int | None
    details: bytearray = field(default_factory=bytearray)


@dataclass
class SubunitReader:
    """Reads lines of version 1 and packets of version 2.

    Attributes:
        take: gets how each test ended.
        counts: how many tests ended in which way.
        problems: name and details of each test that failed; not more than 4 MiB of them.
        is_spoilt: the stream seems to be of version 2, and came as text, so that nothing is understood.
    """

    take: Callable[[Outcome], None] = _dropped
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("success", "failure", "error", "skip", "xfail", "uxsuccess"), 0)
    )
    problems: list[str] = field(default_factory=list)
    is_spoilt: bool = False
    _details_of: str | None = None
    _started: str | None = None
    _running: dict[str, _Started] = field(default_factory=dict)
    _problems_length: int = 0

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
                self._problem(line)
            return
        if _SPOILT_SIGNATURE in line[:4]:
            self.is_spoilt = True
        if line.startswith(("test: ", "testing: ", "test ", "testing ")):
            self._started = re.split(r":? ", line, maxsplit=1)[1]
            return
        found = _OUTCOME.match(line)
        # A line that only begins like an outcome is the program's own: an outcome is one of the test that runs.
        if found is None or self._started is None or found["test"] != self._started:
            return
        kind = _SAME.get(found["kind"], found["kind"])
        self._started = None
        self._ended(kind, found["test"])
        if found["details"]:
            self._details_of = kind

    def packet(self, packet: Packet) -> None:
        """One event of version 2."""
        if packet.test_id is None:
            return
        if packet.content is not None:
            self._detail(packet)
        if packet.status == "inprogress":
            if len(self._running) < _MOST_STARTED:
                self._running.setdefault(packet.test_id, _Started(packet.time_ns))
        elif packet.status in _OF_STATUS:
            started = self._running.pop(packet.test_id, None)
            took = None
            if started is not None and started.time_ns is not None and packet.time_ns is not None:
                took = max(0, packet.time_ns - started.time_ns)
            kind = _OF_STATUS[packet.status]
            self._ended(kind, packet.test_id, took)
            if kind in _PROBLEMS and started is not None and started.details:
                self._problem(started.details.decode("utf-8", "replace"))

    def _detail(self, packet: Packet) -> None:
        started = self._running.get(packet.test_id or "")
        if started is not None and packet.content is not None and (packet.mime or "").startswith("text/"):
            room = _LONGEST_DETAILS - len(started.details)
            started.details += packet.content[:room]

    def _ended(self, kind: str, test: str, duration_ns: int | None = None) -> None:
        self.counts[kind] += 1
        if kind in _PROBLEMS:
            self._problem(f"{kind}: {test}")
        self.take(Outcome(test[:LONGEST_TEXT] or "?", _KINDS[kind], duration_ns=duration_ns))

    def _problem(self, text: str) -> None:
        if self._problems_length < _LONGEST_PROBLEMS:
            self.problems.append(text)
            self._problems_length += len(text)
            if self._problems_length >= _LONGEST_PROBLEMS:
                self.problems.append("(there are more problems)")

    def end(self) -> None:
        """The stream has ended; a test that never did is an error."""
        for test in (*([] if self._started is None else [self._started]), *self._running):
            self.counts["error"] += 1
            self._problem(f"error: {test}: the test never ended")
            self.take(Outcome(test[:LONGEST_TEXT] or "?", Kind.ERROR))
        self._started = None
        self._running.clear()


class _Stream(LogLineObserver):
    """Takes the packets out of the ordinary output; what is left are lines."""

    def __init__(self, reader: SubunitReader) -> None:
        super().__init__()
        self._reader = reader
        self._packets = PacketReader(reader.packet, lambda text: super(_Stream, self)._written(STDOUT, text))

    def _written(self, stream: str, data: bytes) -> None:
        if stream == STDOUT:
            self._packets.feed(data)

    def outLineReceived(self, line: str) -> None:
        self._reader.line(line.rstrip("\r"))

    def end(self) -> None:
        self._packets.end()
        super()._written("", b"")
        self._reader.end()


class SubunitShellCommand(KeepsOutcomes, ShellCommand):
    """Runs a command line whose ordinary output is a subunit stream of version 1 or 2.

    Args:
        failureOnNoTests: no tests at all are a failure.
        store_results: keep how each test ended as a test result.
        **kwargs: those of all shell steps.
    """

    def __init__(self, failureOnNoTests: Any = False, store_results: Any = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._take_store_results(store_results)
        self.failureOnNoTests = failureOnNoTests
        self.reader = SubunitReader(self.keep_outcome)
        check_type(self, "failureOnNoTests", failureOnNoTests, bool)

    async def run(self) -> int:
        """Run it, and count."""
        lines = _Stream(self.reader)
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
        if self.reader.is_spoilt and not self.reader.total:
            await self.addCompleteLog("err.text", _SPOILT)
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
