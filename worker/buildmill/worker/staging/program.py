"""The program that a worker runs for each phase of a staging, in its work area.

``python -m buildmill.worker.staging [--shelf DIR] PHASE [--index N] --seconds S``

It reads the task, does the phase, writes its outcome as the last thing, and exits with 0 if the phase succeeded,
otherwise with the exit code of the outcome. All that it and the buildpacks print is the log of the phase.

Specification: docs/internals/staging-worker.md.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections.abc import Sequence
from typing import NoReturn

import msgspec

from buildmill.common.staging import STAGING_VERSION, Cause, Outcome, Phase, Task
from buildmill.worker.staging.area import Area
from buildmill.worker.staging.deadline import Deadline
from buildmill.worker.staging.failure import PhaseFailed
from buildmill.worker.staging.lifecycles import find
from buildmill.worker.staging.shelf import Shelf
from buildmill.worker.staging.stage import Stage, StageLog
from buildmill.worker.staging.supervision.leaving import leave_when_told
from buildmill.worker.staging.supervision.probe import probe
from buildmill.worker.staging.supervision.supervisor import Supervisor

MIB = 1 << 20
_EARLY = (Phase.SURVEY, Phase.PREPARE)  # the others are told by prepare
UMASK = 0o022  # whoever unpacks a droplet elsewhere can read it; and the same bytes on every worker


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Do one phase and exit."""
    options = _parser().parse_args(argv)
    leave_when_told()
    os.umask(UMASK)
    sys.exit(_run(options, Area(os.getcwd())))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m buildmill.worker.staging", description="One phase of a staging.")
    parser.add_argument("phase", type=Phase, metavar="PHASE", help=", ".join(Phase))
    parser.add_argument("--index", type=int, help="Which buildpack, counted from 0.")
    parser.add_argument("--seconds", type=float, required=True, help="How long the phase may take.")
    parser.add_argument("--shelf", help="Where archives of buildpacks are kept for later stagings.")
    parser.add_argument("--shelf-mb", type=int, default=4096, help="How much may be kept there.")
    parser.add_argument("--no-cgroups", action="store_true", help="Enforce limits by sampling alone.")
    return parser


def _run(options: argparse.Namespace, area: Area) -> int:
    log = StageLog()
    deadline = Deadline(time.monotonic, options.seconds)
    try:
        outcome = _do(options, area, deadline, log)
    except PhaseFailed as failure:
        outcome = _failed(options.phase, failure)
    outcome = msgspec.structs.replace(outcome, seconds=round(deadline.elapsed, 6))
    if outcome.error:
        log.say(f"{outcome.error}: {outcome.message}")
    area.write_outcome(outcome, options.index)
    return outcome.exit_code


def _do(options: argparse.Namespace, area: Area, deadline: Deadline, log: StageLog) -> Outcome:
    task = _read_task(area)
    supervisor = Supervisor(
        limits=task.limits,
        root=area.root,
        deadline=deadline,
        enforcement=probe(with_cgroups=not options.no_cgroups),
        say=log.say,
        monotonic=time.monotonic,
        exempt_bytes=_archives_bytes(task) if options.phase in _EARLY else area.exempt_bytes(),
    )
    stage = Stage(
        area=area,
        task=task,
        index=options.index,
        deadline=deadline,
        supervisor=supervisor,
        log=log,
        shelf=Shelf(options.shelf, options.shelf_mb * MIB) if options.shelf else None,
    )
    try:
        outcome = find(task.lifecycle, options.phase)(stage)
    except PhaseFailed as failure:
        outcome = _failed(options.phase, failure)
    except Exception as problem:  # the master must hear of it, whatever it is
        traceback.print_exc()
        outcome = _failed(options.phase, PhaseFailed(f"{type(problem).__name__}: {problem}", cause=Cause.INTERNAL))
    finally:
        supervisor.close()
    return _measured(outcome, supervisor)


def _read_task(area: Area) -> Task:
    try:
        task = area.read_task()
    except OSError as problem:
        raise PhaseFailed(f"the task can't be read: {problem.strerror}", cause=Cause.INTERNAL) from problem
    except msgspec.MsgspecError as problem:
        raise PhaseFailed(f"the task is malformed: {problem}", cause=Cause.INTERNAL) from problem
    if task.version != STAGING_VERSION:
        raise PhaseFailed(
            f"the task has version {task.version}; this worker knows version {STAGING_VERSION}", cause=Cause.INTERNAL
        )
    return task


def _archives_bytes(task: Task) -> int:
    """How much the master's own buildpacks take: that is not the app's."""
    archives = {buildpack.archive for buildpack in task.buildpacks if buildpack.archive is not None}
    return sum(archive.size_bytes for archive in archives)


def _failed(phase: Phase, failure: PhaseFailed) -> Outcome:
    return Outcome(
        phase=phase,
        error=failure.error,
        cause=failure.cause,
        message=failure.message,
        exit_code=failure.exit_code,
        script=failure.script,
        script_exit=failure.script_exit,
    )


def _measured(outcome: Outcome, supervisor: Supervisor) -> Outcome:
    usage = supervisor.usage
    return msgspec.structs.replace(
        outcome,
        peak_memory_mb=-(-usage.peak_memory_bytes // MIB),
        peak_disk_mb=-(-supervisor.peak_disk_bytes // MIB),
        dropped_log_bytes=usage.dropped_log_bytes,
        enforcement=supervisor.enforcement.shown(),
    )
