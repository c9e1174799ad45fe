"""Reading the configuration of a running master: in a child process first, then here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from buildmill.master.config.inventory import Inventory, inventory_of
from buildmill.master.config.loader import load
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.config.rehearsal import Cancelled, Rehearsal


@dataclass(frozen=True, kw_only=True)
class Read:
    """A configuration that is good, and what is in it."""

    config: MasterConfig
    inventory: Inventory


class Reading:
    """See the module.

    Args:
        seconds: how long the child may take.
    """

    def __init__(self, basedir: Path, filename: str, *, seconds: float) -> None:
        self._basedir = basedir
        self._filename = filename
        self._seconds = seconds
        self._rehearsal: Rehearsal | None = None
        self._is_cancelled = False

    def read_blocking(self) -> Read:
        """Read it; in a thread. Everything that takes long is done here, the fingerprints, too.

        Raises:
            ConfigError: all that is wrong with it.
            Cancelled: see `cancel`.
        """
        self._rehearsal = Rehearsal(self._basedir, self._filename, seconds=self._seconds)
        if self._is_cancelled:
            self._rehearsal.cancel()
        try:
            self._rehearsal.wait_blocking().raise_problems()
        finally:
            self._rehearsal = None
        if self._is_cancelled:
            raise Cancelled("the master stops")
        config = load(self._basedir, self._filename)
        return Read(config=config, inventory=inventory_of(config))

    def cancel(self) -> None:
        """Read nothing any more: a child process that does is ended."""
        self._is_cancelled = True
        rehearsal = self._rehearsal
        if rehearsal is not None:
            rehearsal.cancel()
