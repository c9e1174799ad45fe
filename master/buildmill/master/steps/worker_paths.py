"""Paths on the worker, by the rules of its system, and the text of a small file there."""

from __future__ import annotations

from typing import Any

from buildmill.master.engine.remote_shell import RemoteShellCommand
from buildmill.master.engine.step import BuildStep


def worker_paths(step: BuildStep, paths: Any) -> list[str]:
    """Absolute paths of one or several that are relative to the builder's directory."""
    return [step.build.worker_path(path) for path in ([paths] if isinstance(paths, str) else paths)]


def path_in_workdir(step: BuildStep, *parts: str, workdir: str | None = None) -> str:
    """The absolute path of something in the step's working directory (or in `workdir`).

    A path that starts with ``~/`` is taken from the home directory of the worker's process.
    """
    rules = step.build.path_module
    path = rules.join(*parts)
    home = step.build.connection.info.environ.get("HOME")
    if home and (path == "~" or path.startswith("~/")):
        return str(rules.join(home, path[2:]))
    return str(step.build.worker_path(rules.join(workdir or step.workdir or step.build.default_workdir, path)))


async def shown_file(step: BuildStep, directory: str, name: str) -> str | None:
    """The text of a small file, None if it cannot be read; also shown in the step's ``stdio``.

    A command prints it, whose output is recorded: a step that is entered again decides by the same text, even if the
    file is another one by then. A transfer would be done again.
    """
    show = ["cat"] if step.build.path_module.sep == "/" else ["cmd", "/c", "type"]
    command = RemoteShellCommand(step.build.worker_path(directory), [*show, name], collectStdout=True, logEnviron=False)
    command.useLog(step.logs.get("stdio") or await step.addLog("stdio"))
    await step.runCommand(command)
    return command.stdout if command.rc == 0 else None
