"""Which lifecycles this worker can do, and what carries out each of their phases."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import cast

from buildmill.common.staging import Cause, Lifecycle, Outcome, Phase
from buildmill.worker.staging.failure import PhaseFailed
from buildmill.worker.staging.stage import Stage

Run = Callable[[Stage], Outcome]
"""Does a phase. It fills in what it found out; time and peaks are added by the program.

Raises:
    PhaseFailed: it ended without success.
"""

PACKAGE = "buildmill.worker.staging"
LIFECYCLES: Mapping[Lifecycle, Mapping[Phase, str]] = {
    Lifecycle.BUILDPACK: {
        Phase.SURVEY: "survey.run",
        Phase.PREPARE: "classic.prepare.run",
        Phase.DETECT: "classic.detect.run",
        Phase.SUPPLY: "classic.compiling.supply",
        Phase.FINALIZE: "classic.compiling.finalize",
        Phase.RELEASE: "classic.release.run",
        Phase.EXPORT: "classic.export.run",
    },
    Lifecycle.CNB: {
        Phase.SURVEY: "survey.run",
        Phase.PREPARE: "cnb.prepare.run",
        Phase.DETECT: "cnb.detect.run",
        Phase.RESTORE: "cnb.restore.run",
        Phase.BUILD: "cnb.build.run",
        Phase.EXPORT: "cnb.export.run",
    },
    Lifecycle.DOCKER: {
        Phase.SURVEY: "survey.run",
        Phase.INSPECT: "docker.inspect.run",
    },
}
"""Module and function below `PACKAGE`; a phase imports only its own, so that it starts fast."""


def find(lifecycle: Lifecycle, phase: Phase) -> Run:
    """What carries out a phase.

    Raises:
        PhaseFailed: this worker can't.
    """
    phases = LIFECYCLES.get(lifecycle)
    if phases is None:
        raise PhaseFailed(f"this worker does not do the lifecycle {lifecycle.value!r}", cause=Cause.INTERNAL)
    path = phases.get(phase)
    if path is None:
        raise PhaseFailed(
            f"the lifecycle {lifecycle.value!r} has no phase {phase.value!r}; it has {', '.join(phases)}",
            cause=Cause.INTERNAL,
        )
    module, _, function = path.rpartition(".")
    return cast(Run, getattr(importlib.import_module(f"{PACKAGE}.{module}"), function))
