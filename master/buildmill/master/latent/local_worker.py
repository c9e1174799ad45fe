"""`LocalWorker`: a worker on the master's own machine, started and ended with the master."""

from __future__ import annotations

from typing import Any

from buildmill.master.domain.config_errors import config_error
from buildmill.master.engine.worker_config import WorkerConfig


class LocalWorker(WorkerConfig):
    """A worker that this master runs as a child process. See `WorkerConfig` for the optional arguments.

    Args:
        name: name of the worker.
        workdir: its base directory; below the master's ``workers/<name>`` if not given.
    """

    is_local = True

    def __init__(self, name: str, workdir: str | None = None, **options: Any) -> None:
        # the password is made up for each run by whoever starts the process
        options.pop("password", None)
        super().__init__(name, None, **options)
        if workdir is not None and (not isinstance(workdir, str) or not workdir):
            config_error(f"worker {self.name!r}: workdir must be the path of a directory, not {workdir!r}")
            workdir = None
        self.workdir = workdir
