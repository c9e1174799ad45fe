"""Keys and passwords for git on a worker: files beside the sources, for as long as a step needs them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from twisted.internet.defer import CancelledError
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, ConnectionLost, RemoteError
from buildmill.common.masking import SHORTEST_SECRET
from buildmill.master.domain.git_access import GitAccess
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.engine.step import BuildStep, BuildStepFailed
from buildmill.master.steps.file_ends import BytesReader

_BLOCK_BYTES = 32 * 1024
_REMOVE_SECONDS = 120


class WorkerAccess:
    """The files of one step, and how git uses them.

    They are transferred, since the record of a command holds its arguments, and a worker keeps its input on disk. A
    transfer is done again when the step is entered again, and so is the removal, which is no call of the step: it has
    to happen for a step that was stopped, too.

    Args:
        step: has a log ``stdio``.
        access: the files.
        workdir: of the step.

    Attributes:
        settings: for ``git -c``.
        environment: variables for git.
    """

    _log = Logger()

    def __init__(self, step: BuildStep, access: GitAccess, workdir: str) -> None:
        self._step = step
        self._access = access
        self._directory = private_directory(step, workdir)
        self.settings: Sequence[str] = access.settings(self._for_git)
        ssh = access.ssh_command(self._for_git)
        self.environment: Mapping[str, str] = {} if ssh is None else {"GIT_SSH_COMMAND": ssh}

    @asynccontextmanager
    async def present(self) -> AsyncIterator[None]:
        """Have the files there; afterwards they are gone, however the block ends.

        Raises:
            BuildStepFailed: they cannot be written.
        """
        self._hide()
        try:
            await self._write()
            yield
        except (GeneratorExit, ConnectionLost):
            raise  # nobody waits for what is awaited now, or nobody is there to be asked
        except CancelledError:  # it hung: nothing may be waited for
            self._step.build.tasks.start(self._remove_after_failure(), name="removal of keys")
            raise
        except BaseException:  # also what steps end themselves by: no key may stay, whatever it was
            await self._remove_after_failure()
            raise
        await self._remove()

    def _hide(self) -> None:
        """A value that stands in the configuration itself must not be shown either."""
        properties = self._step.build.properties
        for name, value in self._access.secrets.items():
            if len(value) >= SHORTEST_SECRET and value not in properties.used_secrets:
                properties.useSecret(value, name)

    async def _write(self) -> None:
        step = self._step
        # what a build has left whose worker was lost
        command = RemoteCommand("rmdir", {"paths": [self._directory], "logEnviron": False, "timeout": _REMOVE_SECONDS})
        command.useLog(step.logs["stdio"])
        await step.runCommand(command)
        for name, content in self._access.files.items():
            args = {
                "path": self._path(name),
                "workdir": self._directory,
                "workerdest": name,
                "maxsize": None,
                "blocksize": _BLOCK_BYTES,
                "mode": 0o600,
            }
            command = RemoteCommand("download_file", args)
            command.files = BytesReader(content.encode("utf-8", "surrogateescape"))
            command.useLog(step.logs["stdio"])
            await step.runCommand(command)
            if command.rc != 0:
                raise BuildStepFailed(f"{self._path(name)} cannot be written on the worker")

    async def _remove_after_failure(self) -> None:
        try:
            await self._remove()
        except BuildmillError as error:
            self._tell(str(error))

    async def _remove(self) -> None:
        """Remove them. Raises ConnectionLost if the worker is gone for good."""
        step, build = self._step, self._step.build
        while True:
            if step.stopped:
                connection = build.worker_handle.connection  # who stops a step does not wait for its worker
                if connection is None:
                    self._tell("the worker is not there")
                    return
            else:
                connection = await build.worker_present()
            try:
                done = await connection.run(
                    "rmdir", {"paths": [self._directory], "logEnviron": False, "timeout": _REMOVE_SECONDS}
                )
            except ConnectionLost:
                continue
            except RemoteError as error:
                self._tell(str(error))
                return
            if done.rc != 0:
                self._tell(done.output.decode("utf-8", "replace").strip() or f"exit code {done.rc}")
            return

    def _tell(self, problem: str) -> None:
        step = self._step
        self._log.warn(
            "{build}: the keys of step {step} stay in {directory} on worker {worker}: {problem}",
            build=step.build.label, step=step.name, directory=self._directory, worker=step.getWorkerName(),
            problem=problem,
        )  # fmt: skip
        step.logs["stdio"].addHeader(f"{self._directory} cannot be removed: {problem}\n")

    def _path(self, name: str) -> str:
        return str(self._step.build.path_module.join(self._directory, name))

    def _for_git(self, name: str) -> str:
        return self._path(name).replace(self._step.build.path_module.sep, "/")


def private_directory(step: BuildStep, workdir: str) -> str:
    """An absolute path beside the sources; in the builder's directory if they are elsewhere on the worker."""
    build = step.build
    rules = build.path_module
    builders, sources = (rules.normpath(build.worker_path(path)) for path in ("", workdir))
    if sources != builders and not sources.startswith(builders + rules.sep):
        sources = rules.join(builders, rules.basename(sources))
    parent, name = rules.split(sources)
    return str(rules.join(parent, f".{name}.git-access"))
