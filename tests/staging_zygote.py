"""The worker's staging program, imported once: each phase is a fork of a process that waits, not a new interpreter."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from buildmill.common.staging import Phase, outcome_path, read_outcome
from tests.staging_area import SECONDS, PhaseRun, StagingArea

_DRIVER = """
import json, os, sys
from buildmill.worker.staging.lifecycles import LIFECYCLES, find
from buildmill.worker.staging.program import main
for lifecycle, phases in LIFECYCLES.items():
    for phase in phases:
        find(lifecycle, phase)
for line in sys.stdin:
    asked = json.loads(line)
    pid = os.fork()
    if not pid:
        os.setsid()
        os.chdir(asked["area"])
        os.environ.update(asked["environ"])
        log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0), os.dup2(log, 1), os.dup2(log, 2), os.close(log), os.close(null)
        try:
            main(asked["argv"])
        finally:
            sys.stdout.flush()
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Zygote:
    """Runs phases, one after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, area: Path, argv: Sequence[str], environ: dict[str, str]) -> tuple[int, str]:
        """Exit code and log of one phase."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        log = area.with_name(area.name + ".log")
        asked = {"area": str(area), "argv": list(argv), "log": str(log), "environ": environ}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        exit_code = int(self._process.stdout.readline())
        return exit_code, log.read_text(errors="replace")


@contextlib.contextmanager
def running_zygote() -> Iterator[Zygote]:
    """A zygote for some tests."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-P", "-c", _DRIVER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ) as process:
        yield Zygote(process)  # it ends when its standard input does


@dataclass(kw_only=True)
class QuickArea(StagingArea):
    """A work area whose phases are forks."""

    zygote: Zygote
    worker_environ: dict[str, str] = field(default_factory=dict)

    def run_as_it_is(self, phase: Phase, index: int | None = None, *, seconds: float = SECONDS) -> PhaseRun:
        """Run a phase with whatever task there is."""
        which = [] if index is None else ["--index", str(index)]
        argv = [*self.options, phase.value, *which, "--seconds", str(seconds)]
        exit_code, log = self.zygote.run(self.root, argv, self.worker_environ)
        path = self.root / outcome_path(phase, index)
        assert path.exists(), log
        return PhaseRun(outcome=read_outcome(path.read_bytes()), log=log, exit_code=exit_code)
