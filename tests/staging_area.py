"""A work area as a master prepares it, and the worker's staging program run in it, phase by phase."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from buildmill.common.staging import (
    INPUT_DIRECTORY,
    TASK_PATH,
    Buildpack,
    Cache,
    File,
    Lifecycle,
    Limits,
    Outcome,
    Phase,
    Task,
    encode,
    outcome_path,
    read_outcome,
)

PROGRAM = [sys.executable, "-P", "-m", "buildmill.worker.staging"]
SECONDS = 60.0
KILL_SECONDS = 120.0
SAMPLER = "--no-cgroups"
EXECUTABLE, PLAIN = 0o100755, 0o100644


@dataclass(frozen=True, kw_only=True)
class PhaseRun:
    """One run of the program; `log` is all that it has printed."""

    outcome: Outcome
    log: str
    exit_code: int


def zip_of(files: Mapping[str, str | bytes], modes: Mapping[str, int] | None = None) -> bytes:
    """A zip archive. What lies in a directory ``bin`` is executable, unless `modes` says something else."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            usual = EXECUTABLE if "bin" in name.split("/")[:-1] else PLAIN
            entry.create_system = 3
            entry.external_attr = (modes or {}).get(name, usual) << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


@dataclass(kw_only=True)
class StagingArea:
    """The area; what the task holds can be set before `run` writes it.

    Attributes:
        options: of the program.
    """

    root: Path
    options: Sequence[str] = ()
    lifecycle: Lifecycle = Lifecycle.BUILDPACK
    limits: Limits = field(default_factory=lambda: Limits(memory_mb=512, disk_mb=512))
    package: File | None = None
    buildpacks: list[Buildpack] = field(default_factory=list)
    is_detecting: bool = False
    caches: list[Cache] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)

    def give(self, content: bytes) -> File:
        """Send a file."""
        sha256 = hashlib.sha256(content).hexdigest()
        path = self.root / INPUT_DIRECTORY / sha256
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return File(path=f"{INPUT_DIRECTORY}/{sha256}", sha256=sha256, size_bytes=len(content))

    def with_package(self, files: Mapping[str, str | bytes]) -> StagingArea:
        """Have a package of these files."""
        self.package = self.give(zip_of(files))
        return self

    def with_buildpack(
        self, key: str, files: Mapping[str, str | bytes], modes: Mapping[str, int] | None = None
    ) -> StagingArea:
        """Have one more admin buildpack; scripts are shell commands."""
        texts = {
            name: f"#!/bin/sh\nset -e\n{text}\n" if "bin/" in name and isinstance(text, str) else text
            for name, text in files.items()
        }
        self.buildpacks.append(Buildpack(key=key, shown=key, archive=self.give(zip_of(texts, modes))))
        return self

    def run(self, phase: Phase, index: int | None = None, *, seconds: float = SECONDS) -> PhaseRun:
        """Write the task, and run a phase."""
        (self.root / TASK_PATH).write_bytes(encode(self.task()))
        return self.run_as_it_is(phase, index, seconds=seconds)

    def run_as_it_is(self, phase: Phase, index: int | None = None, *, seconds: float = SECONDS) -> PhaseRun:
        """Run a phase with whatever task there is."""
        which = [] if index is None else ["--index", str(index)]
        done = subprocess.run(
            [*PROGRAM, *self.options, phase.value, *which, "--seconds", str(seconds)],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=KILL_SECONDS,
        )
        log = done.stdout.decode("utf-8", "replace")
        path = self.root / outcome_path(phase, index)
        assert path.exists(), log
        return PhaseRun(outcome=read_outcome(path.read_bytes()), log=log, exit_code=done.returncode)

    def stage(self) -> list[PhaseRun]:
        """All phases of the classic lifecycle, up to the first that fails."""
        runs = [self.run(Phase.PREPARE)]
        if self.is_detecting and not runs[-1].outcome.error:
            runs.append(self.run(Phase.DETECT))
        suppliers = runs[-1].outcome.suppliers or 0
        rest = [(Phase.SUPPLY, index) for index in range(suppliers)]
        for phase, index in [*rest, *((phase, None) for phase in (Phase.FINALIZE, Phase.RELEASE, Phase.EXPORT))]:
            if runs[-1].outcome.error:
                break
            runs.append(self.run(phase, index))
        return runs

    def task(self) -> Task:
        """What is to be staged."""
        task = Task(
            guid="11111111-2222-4333-8444-555555555555",
            lifecycle=self.lifecycle,
            stack="cflinuxfs4",
            package=self.package,
            buildpacks=self.buildpacks,
            is_detecting=self.is_detecting,
            caches=self.caches,
            environment=self.environment,
            limits=self.limits,
        )
        return msgspec.structs.replace(task, **self.more)
