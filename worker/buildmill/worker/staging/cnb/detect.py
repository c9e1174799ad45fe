"""The phase `detect`: the first group of buildpacks that fits the app and agrees on a plan."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from buildmill.common.cnb.launching import directory_of
from buildmill.common.errors import InvalidInput
from buildmill.common.staging import Cause, Outcome, Phase
from buildmill.worker.staging.cnb.descriptor import Descriptor, Target
from buildmill.worker.staging.cnb.documents import read_toml_blocking
from buildmill.worker.staging.cnb.failing import CnbError, failing_as
from buildmill.worker.staging.cnb.groups import Element, detecting_order, expand, named_order
from buildmill.worker.staging.cnb.library import Library
from buildmill.worker.staging.cnb.machine import this_machine_blocking
from buildmill.worker.staging.cnb.place import Detected, Place, Requested
from buildmill.worker.staging.cnb.plan import Alternative, Alternatives, Member, Resolution, resolve
from buildmill.worker.staging.cnb.scripts import Scripts
from buildmill.worker.staging.stage import Stage

PASSED = 0
FAILED = 100


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a buildpack's detection said.

    Attributes:
        exit_code: of the script; None if it was not asked.
        problem: why it is an error; empty if it said plainly yes or no.
        alternatives: if it passed.
    """

    exit_code: int | None = None
    problem: str = ""
    alternatives: tuple[Alternative, ...] = ()

    @property
    def is_pass(self) -> bool:
        """Whether the buildpack can take part."""
        return self.exit_code == PASSED and not self.problem


def run(stage: Stage) -> Outcome:
    """Find the group.

    Raises:
        PhaseFailed: none fits.
    """
    place = Place(stage.area)
    with failing_as(CnbError.DETECT):
        elements = place.find(Requested).elements
        order = detecting_order(elements) if stage.task.is_detecting else named_order(elements)
        detector = _Detector(stage, place)
        for group in expand(order, place.library().order_of):
            if (resolution := detector.try_group(group)) is not None:
                chosen = [element for id in resolution.members for element in group if element.id == id]
                place.leave(Detected(group=chosen, plan=resolution.plan))
                names = [element.shown for element in chosen]
                stage.log.say("-----> Building with " + ", ".join(names))
                return Outcome(phase=Phase.DETECT, detected=names)
        raise detector.failure()


class _Detector:
    """Asks each buildpack once, whatever groups it is in."""

    def __init__(self, stage: Stage, place: Place) -> None:
        machine = this_machine_blocking(platform.machine())
        self._stage = stage
        self._place = place
        self._machine: Target = machine
        self._library: Library = place.library()
        self._scripts = Scripts(
            place=place,
            supervisor=stage.supervisor,
            machine=machine,
            stack=stage.task.stack,
            user=stage.task.environment,
        )
        self._verdicts: dict[tuple[str, str], Verdict] = {}

    def try_group(self, group: list[Element]) -> Resolution | None:
        """The group as it can work together; None if it can't."""
        verdicts = [(element, self._verdict(element)) for element in group]
        if not any(verdict.is_pass for _, verdict in verdicts):
            return None
        if any(not verdict.is_pass and not element.optional for element, verdict in verdicts):
            return None
        resolution = resolve(
            [
                Member(id=element.id, is_optional=element.optional, alternatives=list(verdict.alternatives))
                for element, verdict in verdicts
                if verdict.is_pass
            ]
        )
        if resolution is None:
            names = ", ".join(element.shown for element in group)
            self._stage.log.say(f"{names}: what they require and provide does not go together")
        return resolution

    def failure(self) -> Exception:
        """Why there is no group: with an exit code of its own in the reference, folded here."""
        for (id_, version), verdict in self._verdicts.items():
            if verdict.problem:
                shown = f"{id_}@{version}"
                message = f"no group of buildpacks fits; {shown}: {verdict.problem}"
                if verdict.exit_code is None:
                    return CnbError.DETECT.failure(message, Cause.MALFORMED)
                return CnbError.DETECT.failure(message, Cause.SCRIPT, f"bin/detect of {shown}", verdict.exit_code)
        tried = ", ".join(f"{id_}@{version}" for id_, version in self._verdicts) or "none"
        return CnbError.DETECT.failure(f"no group of buildpacks fits; tried: {tried}", Cause.NOT_DETECTED)

    def _verdict(self, element: Element) -> Verdict:
        key = element.id, element.version
        if key not in self._verdicts:
            self._verdicts[key] = verdict = self._ask(element)
            said = verdict.problem or ("passes" if verdict.is_pass else "does not fit")
            self._stage.log.say(f"{element.shown}: {said}")
        return self._verdicts[key]

    def _ask(self, element: Element) -> Verdict:
        descriptor = self._library.descriptor(element)
        if why_not := descriptor.why_not(self._machine, self._stage.task.stack):
            return Verdict(problem=why_not)
        plan = self._place.scratch / "plans" / f"{directory_of(element.id)}-{element.version}.plan.toml"
        plan.parent.mkdir(parents=True, exist_ok=True)
        plan.write_bytes(b"")  # a buildpack need not write it
        if not os.access(self._library.directory(element) / "bin" / "detect", os.X_OK):
            return Verdict(problem="bin/detect is not executable")
        exit_code = self._run(descriptor, plan)
        if exit_code not in (PASSED, FAILED):
            return Verdict(exit_code=exit_code, problem=f"bin/detect exited with {exit_code}, which is an error")
        if exit_code == FAILED:
            return Verdict(exit_code=exit_code)
        try:
            alternatives = (read_toml_blocking(plan, Alternatives) or Alternatives()).all()
        except InvalidInput as problem:
            return Verdict(problem=f"its build plan is faulty: {problem}")
        return Verdict(exit_code=exit_code, alternatives=tuple(alternatives))

    def _run(self, descriptor: Descriptor, plan: Path) -> int:
        return self._scripts.run(
            "detect",
            descriptor,
            [self._place.platform, plan],
            {"CNB_BUILD_PLAN_PATH": plan},
            [],
            CnbError.DETECT,
        )
