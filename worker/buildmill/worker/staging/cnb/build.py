"""The phase `build`: one buildpack after the other makes its layers and says its processes."""

from __future__ import annotations

import platform
from pathlib import Path

import msgspec

from buildmill.common.cnb.launching import Process
from buildmill.common.errors import InvalidInput
from buildmill.common.staging import Cause, Outcome, Phase
from buildmill.worker.staging.cnb.descriptor import Descriptor
from buildmill.worker.staging.cnb.documents import (
    EXECUTION,
    BuildDocument,
    LaunchDocument,
    read_toml_blocking,
    write_toml_blocking,
)
from buildmill.worker.staging.cnb.failing import CnbError, failing_as, naming
from buildmill.worker.staging.cnb.groups import Element
from buildmill.worker.staging.cnb.layers import Layer, finish_layers_blocking
from buildmill.worker.staging.cnb.machine import this_machine_blocking
from buildmill.worker.staging.cnb.place import Built, Detected, Place
from buildmill.worker.staging.cnb.plan import Plan
from buildmill.worker.staging.cnb.processes import merge, with_web
from buildmill.worker.staging.cnb.restore import restore_anew
from buildmill.worker.staging.cnb.scripts import Scripts
from buildmill.worker.staging.stage import Stage

API_OF_DIRECT_PROCESSES = "0.9"


def run(stage: Stage) -> Outcome:
    """Build.

    Raises:
        PhaseFailed: a buildpack failed, or left something malformed.
    """
    place = Place(stage.area)
    with failing_as(CnbError.BUILD):
        detected = place.find(Detected)
        if place.is_repeated(Phase.BUILD):
            restore_anew(stage, place)
        builder = _Builder(stage, place)
        plan = detected.plan
        for element in detected.group:
            stage.log.say(f"-----> {element.shown}")
            plan = builder.build(element, plan)
        for entry in plan.entries:
            stage.log.say(f"Nobody has met what was required as {entry.name}")
        place.leave(builder.built())
    return Outcome(phase=Phase.BUILD, detected=[element.shown for element in detected.group])


class _Builder:
    """Collects what buildpacks make: later ones see the layers of earlier ones."""

    def __init__(self, stage: Stage, place: Place) -> None:
        self._place = place
        self._library = place.library()
        self._scripts = Scripts(
            place=place,
            supervisor=stage.supervisor,
            machine=this_machine_blocking(platform.machine()),
            stack=stage.task.stack,
            user=stage.task.environment,
        )
        self._build_layers: list[list[Path]] = []
        self._launch: list[LaunchDocument] = []
        self._processes: list[list[Process]] = []

    def build(self, element: Element, plan: Plan) -> Plan:
        """Run one buildpack; gives what of the plan is left for later ones."""
        descriptor = self._library.descriptor(element)
        directory = self._place.layers_of(element)
        directory.mkdir(parents=True, exist_ok=True)
        self._run(descriptor, directory, plan)
        with naming(element.shown):
            layers = finish_layers_blocking(directory)
            self._collect(descriptor, directory, layers)
            return plan.after(element.id, _unmet(directory, plan, element))

    def built(self) -> Built:
        """What all of them said; of labels of one key the last counts."""
        labels = {label.key: label.value for document in self._launch for label in document.labels}
        return Built(
            processes=with_web(merge(self._processes)),
            slices=[part for document in self._launch for part in document.slices],
            labels=[{"key": key, "value": value} for key, value in sorted(labels.items())],
        )

    def _run(self, descriptor: Descriptor, directory: Path, plan: Plan) -> None:
        shown = descriptor.element.shown
        path = self._place.scratch / "plans" / f"build-{directory.name}.toml"
        needs = [msgspec.to_builtins(need) for need in plan.of(descriptor.element.id)]
        write_toml_blocking(path, {"entries": needs})
        variables = {"CNB_LAYERS_DIR": directory, "CNB_BP_PLAN_PATH": path}
        arguments = [directory, self._place.platform, path]
        exit_code = self._scripts.run("build", descriptor, arguments, variables, self._build_layers, CnbError.BUILD)
        if exit_code:
            raise CnbError.BUILD.failure(
                f"bin/build of {shown} exited with {exit_code}", Cause.SCRIPT, f"bin/build of {shown}", exit_code
            )

    def _collect(self, descriptor: Descriptor, directory: Path, layers: list[Layer]) -> None:
        self._build_layers.append([layer.path for layer in layers if layer.types.build and layer.has_contents])
        document = read_toml_blocking(directory / "launch.toml", LaunchDocument) or LaunchDocument()
        if len([process for process in document.processes if process.default]) > 1:
            raise InvalidInput("launch.toml", "only one process may be the default")
        is_direct = descriptor.is_at_least(API_OF_DIRECT_PROCESSES)
        self._launch.append(document)
        self._processes.append(
            [
                self._moved(process.process(descriptor.buildpack.id, is_direct_by_default=is_direct))
                for process in document.processes
                if not process.exec_env or EXECUTION in process.exec_env or "*" in process.exec_env
            ]
        )

    def _moved(self, process: Process) -> Process:
        move = self._place.home.text_to_droplet
        return msgspec.structs.replace(
            process,
            command=[move(part) for part in process.command],
            args=[move(part) for part in process.args],
            working_directory=move(process.working_directory),
        )


def _unmet(directory: Path, plan: Plan, element: Element) -> frozenset[str]:
    document = read_toml_blocking(directory / "build.toml", BuildDocument) or BuildDocument()
    names = frozenset(entry.name for entry in document.unmet)
    if strange := names - {need.name for need in plan.of(element.id)}:
        raise InvalidInput("build.toml", f"unmet: nobody asked it for {', '.join(sorted(strange))}")
    return names
