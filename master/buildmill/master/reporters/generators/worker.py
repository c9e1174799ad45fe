"""A generator of reports about workers that are away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.engine.service import for_authors, settled
from buildmill.master.reporters.messages import MessageFormatterMissingWorker


class WorkerMissingGenerator:
    """Reports a worker that has been away for its ``missing_timeout``, to its ``notify_on_missing``.

    Args:
        workers: names, or ``"all"``.
        message_formatter: makes the text.
    """

    wanted_event_keys = (("workers", None, "missing"),)
    compare_attrs: Sequence[str] = ("workers", "formatter")

    def __init__(self, workers: Any = "all", message_formatter: Any = None) -> None:
        self.file, self.line = users_place()
        if workers != "all" and not isinstance(workers, list | tuple | set | frozenset):
            config_error(f"{type(self).__name__}: workers must be 'all' or a list of names, not {workers!r}")
            workers = "all"
        self.workers = workers
        self.formatter = MessageFormatterMissingWorker() if message_formatter is None else message_formatter
        if not hasattr(self.formatter, "formatMessageForMissingWorker"):
            config_error(f"{type(self).__name__}: message_formatter must be a MessageFormatterMissingWorker")

    def check(self) -> None:
        """Called while the configuration is read."""

    @for_authors
    async def generate(self, master: Any, reporter: Any, key: Sequence[str], worker: Any) -> Any:
        """The report, or None for a worker that is not wanted, or about which nobody is to be told."""
        if not worker["notify"] or (self.workers != "all" and worker["name"] not in self.workers):
            return None
        message = await settled(self.formatter.formatMessageForMissingWorker(master, worker))
        return {
            **message,
            "results": None,
            "builds": [],
            "buildset": None,
            "worker": worker["name"],
            "users": list(worker["notify"]),
            "patches": [],
            "logs": [],
        }
