"""`Starting`: writes down what is to run, and has a shepherd started for it, once."""

from __future__ import annotations

from typing import Protocol

from twisted.logger import Logger

from buildmill.common.errors import Unavailable
from buildmill.common.protocol.durable import Start, Started
from buildmill.worker.commands.base import Host
from buildmill.worker.durable.command import DurableCommand
from buildmill.worker.durable.intent import meta_of
from buildmill.worker.durable.shelf import Shelf
from buildmill.worker.durable.store import State, Store
from buildmill.worker.spool.writer import FULL


class Spawner(Protocol):
    """Starts shepherds."""

    def ensure_blocking(self) -> None:
        """Be ready.

        Raises:
            Unavailable: not now.
        """

    def spawn_blocking(self, directory: str) -> None:
        """Start a shepherd for a command's directory.

        Raises:
            Unavailable: not now.
        """

    def stop_blocking(self) -> None:
        """Start no more; those that were started go on."""


class Starting:
    """Brings commands onto the shelf."""

    _log = Logger()

    def __init__(self, host: Host, store: Store, shelf: Shelf, spawner: Spawner) -> None:
        self._host = host
        self._store = store
        self._shelf = shelf
        self._spawner = spawner

    async def create(self, request: Start, orphan_ttl: float) -> tuple[DurableCommand | None, Started]:
        """Start a command that was never here.

        Args:
            orphan_ttl: so many seconds it may run without a word of a master.

        Raises:
            InvalidInput: it can't be run.
            Unavailable: it can't be written down.
        """
        meta = meta_of(
            request,
            self._host,
            machine_boot=self._store.machine_boot,
            install_id=self._store.install_id,
            orphan_ttl=orphan_ttl,
        )
        command = DurableCommand(
            request.cmd_uid,
            self._store.layout.command(request.cmd_uid),
            fence=request.fence,
            args_digest=request.args_digest,
            state=State.INTENT,
        )
        self._shelf.add(command)
        async with command.locked():
            try:
                await self._host.threads.run(self._store.create_blocking, meta)
            except OSError as problem:
                self._shelf.take_back(command)
                if problem.errno in FULL:
                    self._log.warn("command {uid} can't begin: no room in the spool", uid=request.cmd_uid)
                    return None, Started(state="full", head=0, is_new=False)
                raise Unavailable(f"the command can't be written down: {problem.strerror}") from problem
            await self.spawn(command)
        self._log.info("command {uid}: {name}", uid=command.uid, name=request.command_name)
        return command, Started(state=command.state.value, head=0, is_new=True)

    async def spawn(self, command: DurableCommand) -> None:
        """Start the shepherd of a command that is written down. Its lock is held."""
        try:
            await self._host.threads.run(self._spawner.spawn_blocking, command.directory)
        except Unavailable as problem:
            # It is written down: the next look tries again.
            self._log.warn("command {uid} can't be started yet: {problem}", uid=command.uid, problem=problem)
        else:
            command.state = State.RUNNING

    async def warm_up(self) -> None:
        """Be ready to start commands."""
        try:
            await self._host.threads.run(self._spawner.ensure_blocking)
        except Unavailable as problem:
            self._log.warn("{problem}", problem=problem)

    async def stop(self) -> None:
        """Start no more."""
        await self._host.threads.run(self._spawner.stop_blocking)
