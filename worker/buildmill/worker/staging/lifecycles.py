"""Which lifecycles this worker can do, and what carries out each of their phases."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from buildmill.common.staging import Cause, Lifecycle, Outcome, Phase
from buildmill.worker.staging import survey
from buildmill.worker.staging.classic import compiling, detect, export, prepare, release
from buildmill.worker.staging.failure import PhaseFailed
from buildmill.worker.staging.stage import Stage

Run = Callable[[Stage], Outcome]
"""Does a phase. It fills in what it found out; time and peaks are added by the program.

Raises:
    PhaseFailed: it ended without success.
"""

LIFECYCLES: Mapping[Lifecycle, Mapping[Phase, Run]] = {
    Lifecycle.BUILDPACK: {
        Phase.SURVEY: survey.run,
        Phase.PREPARE: prepare.run,
        Phase.DETECT: detect.run,
        Phase.SUPPLY: compiling.supply,
        Phase.FINALIZE: compiling.finalize,
        Phase.RELEASE: release.run,
        Phase.EXPORT: export.run,
    },
}


def find(lifecycle: Lifecycle, phase: Phase) -> Run:
    """What carries out a phase.

    Raises:
        PhaseFailed: this worker can't.
    """
    phases = LIFECYCLES.get(lifecycle)
    if phases is None:
        raise PhaseFailed(f"this worker does not do the lifecycle {lifecycle.value!r}", cause=Cause.INTERNAL)
    run = phases.get(phase)
    if run is None:
        raise PhaseFailed(
            f"the lifecycle {lifecycle.value!r} has no phase {phase.value!r}; it has {', '.join(phases)}",
            cause=Cause.INTERNAL,
        )
    return run
