"""`Trial` runs the tests of a Twisted project; `HLint` and `RemovePYCs` are of use beside it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from buildmill.common.results import FAILURE, SKIPPED, SUCCESS, WARNINGS, Result
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.domain.result_rules import worst
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.engine.step_log import LogLineObserver
from buildmill.master.steps.arguments import check_count, check_type, label
from buildmill.master.steps.outcomes import LONGEST_TEXT, KeepsOutcomes, Kind, Outcome
from buildmill.master.steps.output_lines import OutputLines
from buildmill.master.steps.shell import ShellCommand, with_result

_COUNTS = ("skips", "expectedFailures", "failures", "errors", "unexpectedSuccesses", "successes")
_ONE_TEST = re.compile(r"(?P<indent> *)(?P<name>\S+) \.\.\. +(?:(?P<verdict>\[[A-Z!? ]{2,20}\])\s*$)?")
_WITH_SPACES = re.compile(r"(?P<indent> *)(?P<name>\S.*?) \.\.\. +(?P<verdict>\[[A-Z!? ]{2,20}\])\s*$")
_VERDICT = re.compile(r"(?P<verdict>\[[A-Z!? ]{2,20}\])\s*$")
_GROUP = re.compile(r"(?P<indent> *)(?P<name>[\w.]+)\s*$")
_KINDS = {
    "[OK]": Kind.PASSED, "[FAIL]": Kind.FAILED, "[FAILURE]": Kind.FAILED, "[ERROR]": Kind.ERROR,
    "[SKIPPED]": Kind.SKIPPED, "[TODO]": Kind.EXPECTED_FAILURE, "[SUCCESS!?!]": Kind.UNEXPECTED_SUCCESS,
}  # fmt: skip
_TOTAL = re.compile(r"Ran (\d+) tests? in ")
_OUTCOME = re.compile(r"(?:PASSED|FAILED)(?: \((?P<counts>[^)]*)\))?\s*$")
_PYTHON_WARNING = re.compile(r".*:\d+: (?:\w+\.)*\w*Warning: ")


class TrialTestCaseCounter(LogLineObserver):
    """Reads the output of trial along, in the format ``bwverbose``.

    Args:
        take: gets how each test ended.

    Attributes:
        numTests: tests that have ended.
        finished: trial has told how it went.
        counts: total, and by outcome: skips, expectedFailures, failures, errors, unexpectedSuccesses, successes;
            None for a total that was not told.
        problems: what it says about tests that failed.
        warnings: lines with warnings of Python.
    """

    def __init__(self, take: Callable[[Outcome], None] | None = None) -> None:
        super().__init__()
        self._take = take
        self._groups: list[tuple[int, str]] = []
        self._begun: str | None = None
        self.numTests = 0
        self.finished = False
        self.counts: dict[str, int | None] = {"total": None, **dict.fromkeys(_COUNTS, 0)}
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self._in_problems = False

    def outLineReceived(self, line: str) -> None:
        """One line."""
        line = line.rstrip("\r")
        if _PYTHON_WARNING.match(line):
            self.warnings.append(line)
        if line.startswith("=" * 60):
            self._in_problems = True
        if total := _TOTAL.match(line):
            self.finished = True
            self._in_problems = False
            self.counts["total"] = int(total.group(1))
        elif self.finished:
            self._outcome(line)
        elif self._in_problems:
            self.problems.append(line)
        else:
            self._test(line[:LONGEST_TEXT])

    def _test(self, line: str) -> None:
        """A line about a test: its name and its verdict, in one line unless the test has written something itself."""
        if found := _ONE_TEST.match(line) or (_WITH_SPACES.match(line) if self._begun is None else None):
            indent = len(found["indent"])
            groups = [name for depth, name in self._groups if depth < indent]
            self._begun = ".".join([*groups, found["name"]])
            if found["verdict"]:
                self._ended(found["verdict"])
        elif self._begun is not None:
            if found := _VERDICT.search(line[-40:]):
                self._ended(found["verdict"])
        elif found := _GROUP.match(line):
            indent = len(found["indent"])
            self._groups = [(depth, name) for depth, name in self._groups if depth < indent]
            self._groups.append((indent, found["name"]))

    def _ended(self, verdict: str) -> None:
        name, self._begun = self._begun, None
        self.numTests += 1
        if self.step is not None:
            self.step.setProgress("tests", self.numTests)
        if self._take is not None and name is not None and verdict in _KINDS:
            self._take(Outcome(name, _KINDS[verdict]))

    def errLineReceived(self, line: str) -> None:
        """A line of the error stream: trial's own report goes to the other one."""
        if _PYTHON_WARNING.match(line):
            self.warnings.append(line.rstrip("\r"))

    def end(self) -> None:
        """Take a last line without an end, too."""
        self._written("", b"")

    def _outcome(self, line: str) -> None:
        found = _OUTCOME.match(line)
        for part in (found["counts"] or "").split(", ") if found else ():
            name, _, count = part.partition("=")
            if name in _COUNTS and count.isdecimal():
                self.counts[name] = int(count)


class Trial(KeepsOutcomes, ShellCommand):
    """Runs ``trial`` and tells how many tests passed, failed and were skipped.

    Args:
        python: the interpreter, as text or a list with its options; None: trial is run by itself.
        trial: the program.
        testpath: put on PYTHONPATH; must be given, None leaves it alone.
        tests: what to test, as text or a list.
        testChanges: test what belongs to the files that the build's changes touch. One of the two must be given.
        reactor: name of the reactor.
        recurse, randomly: look for tests in packages below; run them in an order that chance gives.
        trialMode: options of trial in place of ``--reporter=bwverbose``, which is the format that is understood.
        trialArgs: list of more options.
        jobs: processes to run tests in.
        store_results: keep how each test ended as a test result.
        **kwargs: those of all shell steps but `command`.
    """

    name: Any = "trial"
    description: Any = "testing"
    descriptionDone: Any = "tests"
    progressMetrics: Any = ("output", "tests", "test.log")
    renderables: Any = (*ShellCommand.renderables, "jobs", "tests")
    logfiles: Any = {"test.log": "_trial_temp/test.log"}
    flunkOnFailure: Any = True
    python: Any = None
    trial: Any = "trial"
    trialMode: Any = ("--reporter=bwverbose",)
    trialArgs: Any = ()
    jobs: Any = None
    testpath: Any = ()
    testChanges: Any = False
    recurse: Any = False
    reactor: Any = None
    randomly: Any = False
    tests: Any = None

    def __init__(
        self,
        reactor: Any = (),
        python: Any = None,
        trial: Any = None,
        testpath: Any = (),
        tests: Any = None,
        testChanges: Any = None,
        recurse: Any = None,
        randomly: Any = None,
        trialMode: Any = None,
        trialArgs: Any = None,
        jobs: Any = None,
        store_results: Any = True,
        **kwargs: Any,
    ) -> None:
        given = {
            "python": python,
            "trial": trial,
            "tests": tests,
            "testChanges": testChanges,
            "recurse": recurse,
            "randomly": randomly,
            "trialMode": trialMode,
            "trialArgs": trialArgs,
            "jobs": jobs,
        }
        for name, value in given.items():
            if value is not None:
                setattr(self, name, value)
        if testpath != ():
            self.testpath = testpath
        if reactor != ():
            self.reactor = reactor
        if "command" in kwargs:
            config_error(f"{label(self)}: the argument command is not taken here")
        self.counter = TrialTestCaseCounter(self.keep_outcome)
        self._text: str | None = None
        super().__init__(**{**kwargs, "command": ["trial"]})
        self._take_store_results(store_results)
        self._check()

    def _check(self) -> None:
        if self.testpath == ():
            config_error(f"{label(self)}: testpath must be given (None leaves PYTHONPATH alone)")
            self.testpath = None
        if not self.testChanges and (self.tests is None or self.tests == []):
            config_error(f"{label(self)}: one of tests and testChanges must be given")
        check_type(self, "testpath", self.testpath, str, optional=True)
        check_type(self, "reactor", self.reactor, str, optional=True)
        check_type(self, "python", self.python, str, list, tuple, optional=True)
        check_type(self, "trial", self.trial, str)
        check_type(self, "tests", self.tests, str, list, tuple, optional=True)
        for name in ("testChanges", "recurse", "randomly"):
            check_type(self, name, getattr(self, name), bool)
        for name in ("trialMode", "trialArgs"):
            check_type(self, name, getattr(self, name), list, tuple)
        if not is_renderable(self.jobs):
            check_count(self, "jobs", self.jobs, least=1)

    async def run(self) -> int:
        """Run the tests, keep what trial says about problems."""
        if self.jobs:
            self.logfiles = {
                f"{name}.{job}.log": f"_trial_temp/{job}/{name}.log"
                for job in range(int(self.jobs))
                for name in ("test", "err", "out")
            }
        self.addLogObserver("stdio", self.counter)
        command = await self.makeRemoteShellCommand(command=self._line(), env=self._environment())
        await self.runCommand(command)
        self.counter.end()
        for name in ("problems", "warnings"):
            lines = getattr(self.counter, name)
            if lines:
                await self.addCompleteLog(name, "\n".join(lines) + "\n")
        return self._weigh(command)

    def _line(self) -> list[str]:
        python = [self.python] if isinstance(self.python, str) else list(self.python or ())
        line = [*python, self.trial, *self.trialMode]
        if self.recurse:
            line.append("--recurse")
        if self.reactor:
            line.append(f"--reactor={self.reactor}")
        if self.randomly:
            line.append("--random=0")
        if self.jobs:
            line.append(f"--jobs={int(self.jobs)}")
        line += self.trialArgs
        if self.testChanges:
            return line + [f"--testmodule={file}" for file in self.build.allFiles() if file.endswith(".py")]
        return line + ([self.tests] if isinstance(self.tests, str) else list(self.tests))

    def _environment(self) -> Mapping[str, Any]:
        env = dict(self.env or {})
        if self.testpath is not None:
            held = env.get("PYTHONPATH", [])
            env["PYTHONPATH"] = [self.testpath, *([held] if isinstance(held, str) else held)]
        return env

    def _weigh(self, command: RemoteCommand) -> int:
        result = Result(command.results())
        if command.rc is None:
            return result
        total = self.counter.counts["total"]
        if result == SUCCESS and not total:
            words = ["testlog", "unparseable"] if total is None else ["no tests", "run"]
            result = FAILURE if total is None else result
        elif result == SUCCESS:
            words = [str(total), "test" if total == 1 else "tests", "passed"]
            if self._count("failures") or self._count("errors"):
                result = FAILURE
                words.pop()
        elif total is None:
            words = ["tests", "failed"]
        else:
            words = ["tests"]
        if result != SUCCESS:
            words += self._words("failures", "failure") + self._words("errors", "error")
        words += self._words("skips", "skip") + self._words("expectedFailures", "todo")
        if self.reactor:
            words.append(f"({self.reactor})")
        self._text = " ".join(words)
        return result

    def _count(self, name: str) -> int:
        return self.counter.counts[name] or 0

    def _words(self, name: str, word: str) -> list[str]:
        count = self._count(name)
        return [] if not count else [str(count), word if count == 1 else f"{word}s"]

    def getResultSummary(self) -> Any:
        """How the tests went."""
        if self._text is None:
            return super().getResultSummary()
        suffix = f" {self.descriptionSuffix}" if isinstance(self.descriptionSuffix, str) else ""
        return {"step": with_result(self._text + suffix, self.results)}


class HLint(ShellCommand):
    """Checks the files ``*.xhtml`` that the build's changes touch with ``lore``; without any it is skipped.

    Args:
        python: the interpreter to run it with; None: it is run by itself.
        **kwargs: those of all shell steps but `command`.
    """

    name: Any = "hlint"
    description: Any = "running hlint"
    descriptionDone: Any = "hlint"
    warnOnWarnings: Any = True
    warnOnFailure: Any = True

    _LORE: ClassVar[tuple[str, ...]] = ("bin/lore", "-p", "--output", "lint")

    def __init__(self, python: Any = None, **kwargs: Any) -> None:
        if "command" in kwargs:
            config_error(f"{label(self)}: the argument command is not taken here")
        super().__init__(**{**kwargs, "command": list(self._LORE)})
        self.python = python
        self.warnings = 0
        check_type(self, "python", python, str, optional=True)

    async def run(self) -> int:
        """Check them."""
        files = [name for name in self.build.allFiles() if name.endswith(".xhtml")]
        if not files:
            return SKIPPED
        found: list[str] = []
        output = OutputLines(lambda line: found.append(line) if ":" in line else None)
        self.addLogObserver("stdio", output)
        python = [self.python] if self.python else []
        command = await self.makeRemoteShellCommand(command=[*python, *self._LORE, *files])
        await self.runCommand(command)
        output.end()
        self.warnings = len(found)
        if found:
            await self.addCompleteLog("warnings", "\n".join(found) + "\n")
        return worst(Result(command.results()), WARNINGS if found else SUCCESS)

    def getResultSummary(self) -> Any:
        """How many findings."""
        if self.results == SKIPPED:
            return super().getResultSummary()
        return {"step": with_result(f"{self.warnings} hlint{'' if self.warnings == 1 else 's'}", self.results)}


class RemovePYCs(ShellCommand):
    """Removes the files ``*.pyc`` below the step's directory."""

    name: Any = "remove_pyc"
    command: Any = ["find", ".", "-name", "*.pyc", "-exec", "rm", "{}", ";"]
    description: Any = "removing .pyc files"
    descriptionDone: Any = "remove .pycs"
