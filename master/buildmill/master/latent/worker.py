"""`Worker`: a worker that somebody else starts, and that connects to this master."""

from __future__ import annotations

from typing import Any

from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.engine.worker_config import WorkerConfig


class Worker(WorkerConfig):
    """A remote worker. See `WorkerConfig` for the optional arguments.

    Args:
        name: name of the worker.
        password: what it must say when it connects; a string or a renderable (``util.Secret``).
    """

    def __init__(self, name: str, password: Any, **options: Any) -> None:
        super().__init__(name, password, **options)
        if not (is_renderable(password) or (isinstance(password, str) and password)):
            config_error(f"worker {self.name!r}: the password must be a non-empty string")
