"""`Scripts`: runs what a buildpack has in `bin`, with the environment that it may expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from buildmill.common.cnb.environment import Stage as When
from buildmill.common.cnb.environment import add_layers, add_user_values
from buildmill.common.staging import Cause
from buildmill.worker.spawning import SpawnFailed
from buildmill.worker.staging.cnb.descriptor import Descriptor, Target
from buildmill.worker.staging.cnb.documents import EXECUTION
from buildmill.worker.staging.cnb.failing import CnbError
from buildmill.worker.staging.cnb.machine import target_variables
from buildmill.worker.staging.cnb.place import Place
from buildmill.worker.staging.failure import PhaseFailed
from buildmill.worker.staging.supervision.running import Script
from buildmill.worker.staging.supervision.supervisor import Supervisor

SEARCHED = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Scripts:
    """Runs scripts of buildpacks.

    Args:
        user: variables that the user has set.
    """

    def __init__(
        self, *, place: Place, supervisor: Supervisor, machine: Target, stack: str, user: Mapping[str, str]
    ) -> None:
        self._place = place
        self._supervisor = supervisor
        self._machine = machine
        self._stack = stack
        self._user = user

    def run(
        self,
        name: str,
        descriptor: Descriptor,
        arguments: Sequence[Path],
        variables: Mapping[str, Path],
        layers: Sequence[Sequence[Path]],
        error: CnbError,
    ) -> int:
        """Run `bin/<name>` in the app's directory; gives its exit code.

        Args:
            layers: of earlier buildpacks, for building.
            error: what it is called if a limit is passed, or the script cannot be run.

        Raises:
            PhaseFailed: so it was.
            InvalidInput: a layer's variable is faulty.
        """
        directory = self._place.library().directory(descriptor.element)
        shown = f"bin/{name} of {descriptor.element.shown}"
        program = str(directory / "bin" / name)
        try:
            ended = self._supervisor.run(
                Script(
                    argv=[program, *map(str, arguments)],
                    environ=self._environment(descriptor, directory, layers)
                    | {variable: str(path) for variable, path in variables.items()},
                    workdir=str(self._place.home.workspace),
                    shown=shown,
                )
            )
        except SpawnFailed as problem:
            raise error.failure(f"{shown}: {problem}", Cause.SCRIPT, shown, problem.exit_code) from problem
        if ended.breach is not None:
            message, cause = f"{shown} was stopped: {ended.breach.why}", ended.breach.cause
            if cause in (Cause.TIME, Cause.INTERNAL):  # not this script's alone
                raise PhaseFailed(message, cause=cause, script=shown, script_exit=ended.exit_code)
            raise error.failure(message, cause, shown, ended.exit_code)
        return ended.exit_code

    def _environment(self, descriptor: Descriptor, directory: Path, layers: Sequence[Sequence[Path]]) -> dict[str, str]:
        environment = {
            "PATH": SEARCHED,
            "LANG": "C.UTF-8",
            "HOME": str(self._place.scratch / "home"),
            "TMPDIR": str(self._place.scratch),
        }
        for of_one in layers:
            add_layers(environment, of_one, When.BUILD)
        if not descriptor.buildpack.clear_env:
            add_user_values(environment, self._user)
        return environment | {
            "CNB_BUILDPACK_DIR": str(directory),
            "CNB_PLATFORM_DIR": str(self._place.platform),
            "CNB_STACK_ID": self._stack,
            "CNB_EXEC_ENV": EXECUTION,
            **target_variables(self._machine),
        }
