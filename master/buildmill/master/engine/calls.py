"""The one layer through which a step has effects; each is recorded under its ordinal.

A step's code cannot be frozen. After a restart it is entered again from its start, and the calls that it makes are
answered from this record instead of being made twice. So nothing a step does may go round this layer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from buildmill.master.data.updates import Updates
from buildmill.master.db import builds, commands, logs, steps
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.resources import Log
from buildmill.master.logs.store import LogStore


def fingerprint(kind: str, *content: Any) -> str:
    """What a call asked for, in 32 characters: a repeat that differs has diverged from the record."""
    encoded = msgspec.msgpack.encode([kind, *content], enc_hook=repr)
    return hashlib.blake2b(encoded, digest_size=16).hexdigest()


class StepCalls:
    """The recorded effects of one step.

    Args:
        updates: writes the record and the effect in one transaction.
        new_nonce: 24 hexadecimal digits, never the same twice.
    """

    _log = Logger()

    def __init__(
        self, updates: Updates, build_id: int, step_id: int, worker_id: int, attempt: int, new_nonce: Callable[[], str]
    ) -> None:
        self._updates = updates
        self._build_id = build_id
        self._step_id = step_id
        self._worker_id = worker_id
        self._attempt = attempt
        self._new_nonce = new_nonce
        self._ordinal = 0
        self._slugs: set[str] = set()
        self._later: list[Deferred[Any]] = []

    def _next(self) -> int:
        self._ordinal += 1
        return self._ordinal

    async def begin_command(self, name: str, args: Mapping[str, Any]) -> str:
        """Write down that a command is about to be sent; returns its uid, unique for ever."""
        ordinal = self._next()
        uid = f"{self._build_id}.{self._attempt}.{self._step_id}.{ordinal}.{self._new_nonce()}"
        await self._updates.run(commands.add, uid, self._build_id, self._step_id, ordinal, self._worker_id, name)
        return uid

    def end_command(self, uid: str, rc: int | None) -> None:
        """A command's end is known; written with what comes next."""
        self.later(commands.end, uid, rc)

    async def lose_command(self, uid: str) -> None:
        """Nobody knows whether a command still runs."""
        await self._updates.run(commands.lose, uid)

    async def add_log(self, name: str, kind: str) -> Log:
        """Add a log to the step."""
        ordinal, print_ = self._next(), fingerprint("log", name, kind)
        slug = logs.free_slug(name, self._slugs)
        self._slugs.add(slug)

        def unit(tx: Transaction) -> Log:
            log = logs.add(tx, self._step_id, name, kind, slug)
            steps.record_call(tx, self._step_id, ordinal, "log", print_, log.logid)
            return log

        return await self._updates.run(unit)

    async def add_whole_log(self, store: LogStore, name: str, kind: str, data: bytes, time: float) -> Log:
        """Add a log with all that it will ever hold."""
        ordinal, print_ = self._next(), fingerprint("whole log", name, kind, data)
        slug = logs.free_slug(name, self._slugs)
        self._slugs.add(slug)

        def unit(tx: Transaction) -> Log:
            log = store.add_whole(tx, logs.add(tx, self._step_id, name, kind, slug), "o", data, time)
            steps.record_call(tx, self._step_id, ordinal, "log", print_, log.logid)
            return log

        return await self._updates.run(unit)

    async def add_url(self, name: str, url: str) -> None:
        """Add a link to the step."""
        ordinal, print_ = self._next(), fingerprint("url", name, url)

        def unit(tx: Transaction) -> None:
            steps.add_url(tx, self._step_id, name, url)
            steps.record_call(tx, self._step_id, ordinal, "url", print_, None)

        await self._updates.run(unit)

    def set_property(self, name: str, value: Any, source: str) -> None:
        """Write down a property that the step sets; the build's own copy has it already."""
        ordinal, print_ = self._next(), fingerprint("property", name, value, source)

        def unit(tx: Transaction) -> None:
            builds.set_properties(tx, self._build_id, {name: (value, source)})
            steps.record_call(tx, self._step_id, ordinal, "property", print_, None)

        self.later(unit)

    async def once(self, kind: str, content: Any, effect: Callable[[], Any]) -> Any:
        """Do something outside the database (a program on the master, a triggered set) and record its outcome.

        Args:
            kind: at most 20 characters.
            content: what is asked for; part of the fingerprint.
            effect: called without arguments; may return an awaitable. Its result must fit into JSON.
        """
        ordinal, print_ = self._next(), fingerprint(kind, content)
        outcome = effect()
        if hasattr(outcome, "__await__"):
            outcome = await outcome
        await self._updates.run(steps.record_call, self._step_id, ordinal, kind, print_, outcome)
        return outcome

    def later(self, unit: Callable[..., Any], *args: Any) -> None:
        """Write something without waiting for it; `settled` waits. Writes keep their order."""
        written: Deferred[Any] = Deferred.fromCoroutine(self._updates.run(unit, *args))
        written.addErrback(lambda failure: self._log.failure("a write of a step failed", failure=failure))
        self._later.append(written)

    async def settled(self) -> None:
        """Wait for what was written by `later`."""
        waiting, self._later = self._later, []
        for written in waiting:
            await written
