"""The processes of local workers of the configuration in force."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from twisted.logger import Logger

from buildmill.common.tasks import TaskOwner
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.domain.reasons import Reason
from buildmill.master.latent.local_worker import LocalWorker
from buildmill.master.latent.runner import LocalWorkerRunner


class LocalWorkersPart:
    """Starts and ends them. One that is left out ends when it is `dismissed`, after its last build.

    Args:
        port: where they connect.
        absent: told why one is not connected yet.
    """

    name = "local workers"
    _log = Logger()

    def __init__(
        self,
        *,
        basedir: Path,
        reactor: Any,
        rng: Random,
        port: Callable[[], int | None],
        absent: Callable[[Reason], None],
    ) -> None:
        self._basedir = basedir
        self._absent = absent
        self._reactor = reactor
        self._random = rng
        self._port = port
        self._runners: dict[str, LocalWorkerRunner] = {}
        self._wanted: set[str] = set()
        self._tasks = TaskOwner("local workers")

    async def apply(self, config: MasterConfig) -> None:
        """See `Part.apply`. Raises what keeps a worker from being made."""
        wanted = {worker.name: worker for worker in config.workers if isinstance(worker, LocalWorker)}
        self._wanted = set(wanted)
        for name, worker in wanted.items():
            runner = self._runners.get(name)
            # its process depends on nothing else that a configuration says: what it runs now goes on
            if runner is not None and runner.config.workdir != worker.workdir:
                await self._runners.pop(name).stop()
                runner = None
            if runner is None:
                await self._start(worker)

    async def _start(self, worker: LocalWorker) -> None:
        port = self._port()
        assert port is not None
        runner = LocalWorkerRunner(
            worker, port=port, basedir=self._basedir, reactor=self._reactor, rng=self._random, absent=self._absent
        )
        self._runners[worker.name] = runner
        try:
            await runner.start()
        except BaseException:  # one that was cancelled while it started is not there either
            del self._runners[worker.name]
            raise

    def settle(self) -> None:
        """What was left out is let go by whoever knows what runs on it."""

    def dismissed(self, name: str) -> None:
        """The engine has let a worker go that the configuration leaves out."""
        if name not in self._wanted and (runner := self._runners.pop(name, None)) is not None:
            self._tasks.start(runner.stop(), name=f"stop {name}")

    def password_is(self, name: str, password: str) -> bool | None:
        """Whether a local worker has this password; None for a name that none of them has."""
        runner = self._runners.get(name)
        return None if runner is None else hmac.compare_digest(runner.password.encode(), password.encode())

    async def stop(self) -> None:
        """End all of them."""
        await self._tasks.join()
        while self._runners:
            name, runner = self._runners.popitem()
            try:
                await runner.stop()
            except Exception:  # one that does not end must not keep the others running
                self._log.failure("local worker {name} did not stop in order", name=name)
