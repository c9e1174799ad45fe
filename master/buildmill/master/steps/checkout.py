"""`Checkout`: what the checkouts of all version control systems but git share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, ClassVar

from buildmill.common.results import SUCCESS
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.engine.remote_shell import RemoteShellCommand
from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.arguments import check_choice, check_type, label
from buildmill.master.steps.safe_words import safe_argument
from buildmill.master.steps.source import COPY_SOURCE, PATCHED_MARK, Source

_DIFF = ".buildbot-diff"


class Checkout(Source):
    """Base of a checkout with a program of its own.

    A subclass has `mark`, `version_command` and `bring`, and calls `_vc` for everything that it does.

    Attributes:
        program: name of the version control system's program.
        mark: a file or directory in the sources that says that they are a checkout.
        modes: the methods of each mode; the first one is the default.
    """

    program: ClassVar[str] = ""
    mark: ClassVar[str] = ""
    modes: ClassVar[Mapping[str, Sequence[str | None]]] = {}
    mode: Any = "incremental"
    method: Any = None

    def _check_mode(self) -> None:
        """Report wrong values of `mode` and `method`, and those that don't go together; set the default method."""
        check_type(self, "env", self.env, dict, optional=True)
        check_type(self, "timeout", self.timeout, int, float, optional=True)
        check_type(self, "logEnviron", self.logEnviron, bool)
        check_choice(self, "mode", self.mode, tuple(self.modes))
        if is_renderable(self.mode) or self.mode not in self.modes:
            return
        methods = self.modes[self.mode]
        if self.method is None:
            self.method = methods[0]
        elif not is_renderable(self.method) and self.method not in methods:
            known = ", ".join(repr(method) for method in methods if method is not None) or "none"
            config_error(f"{label(self)}: method of mode {self.mode!r} must be one of {known}, not {self.method!r}")

    # -- the way of a checkout ---------------------------------------------------------------------

    async def run_vc(self, branch: Any, revision: str | None, patch: Any) -> int:
        """Bring the sources, patch them if asked, and set ``got_revision``."""
        await self.addLog("stdio")
        self.branch = branch
        self.revision = None if revision is None else safe_argument("revision", str(revision))
        try:
            await self._require_program()
            await self.prepare()
            if await self.sourcedirIsPatched():
                await self.remove_patch()
            await self.bring()
            if patch is not None:
                await self.patch(patch)
            revision = await self.got_revision()
        except BuildStepFailed as failure:  # the result alone does not tell the reason
            self.logs["stdio"].addHeader(f"{failure}\n")
            raise
        if revision is not None:
            self.updateSourceProperty("got_revision", revision)
        return SUCCESS

    def version_command(self) -> list[str]:
        """Arguments that make the program tell its version."""
        return ["--version"]

    async def _require_program(self) -> None:
        if await self._vc(self.version_command(), fail=False) != 0:
            raise BuildStepFailed(f"{self.program} is not installed on worker {self.getWorkerName()}")

    async def prepare(self) -> None:
        """Called first; for what has to be there before the sources."""

    async def remove_patch(self) -> None:
        """Undo the patch of an earlier build; by default everything goes."""
        await self._remove()

    async def bring(self) -> None:
        """Bring the sources, by `mode`, `method`, `branch` and `revision`."""
        raise NotImplementedError

    async def got_revision(self) -> str | None:
        """The revision that is there now; None if it is not known."""
        raise NotImplementedError

    # -- parts of it -------------------------------------------------------------------------------

    async def _is_checkout(self, directory: str | None = None) -> bool:
        path = self.build.path_module.join(directory or self.workdir, self.mark)
        return bool(await self.pathExists(path))

    async def _remove(self, directory: str | None = None) -> None:
        await self.runRmdir(directory or self.workdir, timeout=self.timeout)

    async def _copy_of(self, update: Callable[[], Awaitable[None]]) -> None:
        """Let `update` bring the sources to a place of their own, and copy them from there."""
        target = self.workdir
        await self._remove()
        self.workdir = COPY_SOURCE
        try:
            await update()
        finally:
            self.workdir = target
        await self._copy_directory(COPY_SOURCE, target)

    async def _with_retry(self, attempt: Callable[[], Awaitable[Any]], *, from_scratch: bool = True) -> None:
        """Call `attempt`; if it fails, again, as often as `retry` says, and without the sources if so wanted."""
        delay, repeats = self.retry or (0, 0)
        while True:
            try:
                await attempt()
            except BuildStepFailed as failure:
                if repeats < 1 or self.stopped:
                    raise
                self.logs["stdio"].addHeader(f"{failure}; trying again in {delay} seconds\n")
            else:
                return
            repeats -= 1
            await self._wait(delay)
            if from_scratch:
                await self._remove()

    async def patch(self, patch: Sequence[Any]) -> None:
        """Apply ``(level, body, subdirectory)``; the mark of it makes the next build bring clean sources."""
        level, body, root = patch
        data = body if isinstance(body, bytes) else str(body).encode("utf-8", "surrogateescape")
        await self._write_file(_DIFF, data)
        join = self.build.path_module.join
        directory, diff = self.workdir, _DIFF
        if root and root != ".":
            directory = join(self.workdir, safe_argument("directory", str(root)))
            diff = self.build.worker_path(join(self.workdir, _DIFF))
        words = ["patch", f"-p{int(level)}", "--remove-empty-files", "--force", "--forward", "-i", diff]
        await self._vc(words, program=None, workdir=directory)
        await self._write_file(PATCHED_MARK, b"patched\n")
        await self.runRmFile(self._below(_DIFF))

    def _environment(self) -> Mapping[str, Any]:
        return {**self.build.builder.config.env, **(self.env or {})}

    async def _vc(
        self,
        words: Sequence[Any],
        *,
        fail: bool = True,
        output: bool = False,
        workdir: str | None = None,
        program: str | None = "",
        stdin: str | None = None,
    ) -> Any:
        """Run the program with these arguments.

        Args:
            fail: a failure ends the step.
            output: return what it prints.
            workdir: instead of the step's own, below the builder's directory.
            program: another one; None: `words` begin with it.
            stdin: what it reads.

        Returns:
            The output if that is wanted, else the exit code.

        Raises:
            BuildStepFailed: it failed, and `fail`.
        """
        line = list(words) if program is None else [program or self.program, *words]
        command = RemoteShellCommand(
            self.build.worker_path(self.workdir if workdir is None else workdir),
            line,
            env=await self.render(dict(self._environment())),
            timeout=self.timeout,
            logEnviron=self.logEnviron,
            collectStdout=output,
            initialStdin=stdin,
        )
        command.useLog(self.logs["stdio"])
        await self.runCommand(command)
        if fail and command.rc != 0:
            shown = " ".join(str(word) for word in line[:2] if isinstance(word, str))
            raise BuildStepFailed(f"{shown} failed with exit code {command.rc}")
        return command.stdout if output else command.rc
