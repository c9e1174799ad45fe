"""Paths on the worker, by the rules of its system."""

from __future__ import annotations

from typing import Any

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
