"""The one layer through which a step has effects; each is recorded under its ordinal.

A step's code cannot be frozen. After a restart it is entered again from its start, and the calls that it makes are
answered from this record instead of being made twice. So nothing a step does may go round this layer.
"""

from __future__ import annotations

import base64
import hashlib
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError
from buildmill.master.db import build_data, builds, commands, logs, resuming, steps, taking_over
from buildmill.master.db.commands import CommandRow
from buildmill.master.db.resuming import RecordedCall, StepRecord
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.resources import Log
from buildmill.master.domain.secret_mask import SecretMask
from buildmill.master.domain.taking_over import Takeover
from buildmill.master.engine.step_log import StepLog
from buildmill.master.engine.writes import Writes
from buildmill.master.logs.store import LogStore

SUMMARY = 0
"""Ordinal of what a step contributes to the build's text; its calls begin with 1."""


class Diverged(BuildmillError):
    """A step that was entered again asked for something else than what is recorded: it has to be tried anew."""


def fingerprint(kind: str, *content: Any) -> str:
    """What a call asked for, in 32 characters: a repeat that differs has diverged from the record."""
    encoded = msgspec.msgpack.encode([kind, *content], enc_hook=repr)
    return hashlib.blake2b(encoded, digest_size=16).hexdigest()


class StepCalls:
    """The recorded effects of one step.

    Args:
        updates: writes the record and the effect in one transaction.
        new_nonce: 24 hexadecimal digits, never the same twice.
        record: what the step had done before the master was started anew; None for a step that begins.
        mask: of the build. Nothing is recorded with a secret in it, and no fingerprint depends on a secret's value:
            it may be another when the step is entered again.
    """

    _log = Logger()

    def __init__(
        self,
        updates: Writes,
        build_id: int,
        step_id: int,
        worker_id: int,
        attempt: int,
        new_nonce: Callable[[], str],
        record: StepRecord | None = None,
        *,
        mask: SecretMask,
    ) -> None:
        self._updates = updates
        self._mask = mask
        self._build_id = build_id
        self._step_id = step_id
        self._worker_id = worker_id
        self._attempt = attempt
        self._new_nonce = new_nonce
        self._ordinal = 0
        self._slugs: set[str] = set()
        self._later: list[Deferred[Any]] = []
        self._calls = dict(record.calls) if record is not None else {}
        self._commands = dict(record.commands) if record is not None else {}
        self._is_entered_again = record is not None
        self._ordinals: dict[str, int] = {}

    @property
    def step_id(self) -> int:
        """Whose calls they are."""
        return self._step_id

    @property
    def mask(self) -> SecretMask:
        """Hides the secrets of the build."""
        return self._mask

    @property
    def uids(self) -> list[str]:
        """Of its commands so far."""
        return list(self._ordinals)

    def _fingerprint(self, kind: str, *content: Any) -> str:
        return fingerprint(kind, *self._mask.value(content))

    def _next(self) -> int:
        self._ordinal += 1
        return self._ordinal

    def _recorded(self, ordinal: int, kind: str, print_: str) -> RecordedCall | None:
        """The record of call number `ordinal`, if there is one.

        Raises:
            Diverged: what is recorded is another call.
        """
        if ordinal in self._commands:
            raise self._diverged(ordinal, kind, "command")
        found = self._calls.pop(ordinal, None)
        if found is not None and (found.kind, found.fingerprint) != (kind, print_):
            raise self._diverged(ordinal, kind, found.kind)
        return found

    def _diverged(self, ordinal: int, asked: str, recorded: str) -> Diverged:
        return Diverged(
            f"step changed while master was down: call {ordinal} is a {asked} now"
            + (", with other arguments" if asked == recorded else f", it was a {recorded}")
        )

    async def begin_command(self, name: str, args: Mapping[str, Any]) -> tuple[str, CommandRow | None]:
        """Write down that a command is about to be sent.

        Returns:
            Its uid, unique for ever; and its row, when it was written down before.

        Raises:
            Diverged: something else was.
        """
        ordinal, print_ = self._next(), self._fingerprint("command", name, args)
        row = self._commands.pop(ordinal, None)
        if row is not None:
            if (row.name, row.fingerprint) != (name, print_):
                raise self._diverged(ordinal, "command", "command")
            self._ordinals[row.uid] = ordinal
            return row.uid, row
        self._recorded(ordinal, "command", print_)
        uid = f"{self._build_id}.{self._attempt}.{self._step_id}.{ordinal}.{self._new_nonce()}"
        self._ordinals[uid] = ordinal
        await self._updates.run(
            commands.add, uid, self._build_id, self._step_id, ordinal, self._worker_id, name, print_
        )
        return uid, None

    def end_command(self, uid: str, rc: int | None, outcome: Mapping[str, Any] | None = None) -> None:
        """A command's end is known; written with what comes next.

        Args:
            outcome: what it told, for a command that cannot tell it again.
        """
        if outcome is None:
            self.later(commands.end, uid, rc)
            return
        ordinal = self._ordinals[uid]

        def unit(tx: Transaction) -> None:
            commands.end(tx, uid, rc)
            steps.record_call(tx, self._step_id, ordinal, "outcome", "", outcome)

        self.later(unit)

    def outcome_of(self, row: CommandRow) -> Any:
        """What `end_command` was given as the outcome of a command that has ended; None without one."""
        found = self._calls.pop(row.ordinal, None)
        return None if found is None else found.outcome

    async def lose_command(self, uid: str) -> None:
        """Nobody knows whether a command still runs."""
        await self._updates.run(commands.lose, uid)

    async def add_log(self, name: str, kind: str) -> tuple[Log, bool]:
        """Add a log to the step.

        Returns:
            Its row, and whether it was there already.
        """
        ordinal, print_ = self._next(), self._fingerprint("log", name, kind)
        slug = self._slug(name)
        if (found := self._recorded(ordinal, "log", print_)) is not None:
            return await self._updates.run(logs.get, found.outcome), True

        def unit(tx: Transaction) -> Log:
            log = logs.add(tx, self._step_id, name, kind, slug)
            steps.record_call(tx, self._step_id, ordinal, "log", print_, log.logid)
            return log

        return await self._updates.run(unit), False

    async def add_whole_log(self, store: LogStore, name: str, kind: str, data: bytes, time: float) -> None:
        """Add a log with all that it will ever hold."""
        data = self._mask.data(data)
        ordinal, print_ = self._next(), self._fingerprint("whole log", name, kind, data)
        slug = self._slug(name)
        if self._recorded(ordinal, "log", print_) is not None:
            return

        def unit(tx: Transaction) -> None:
            log = store.add_whole(tx, logs.add(tx, self._step_id, name, kind, slug), "o", data, time)
            steps.record_call(tx, self._step_id, ordinal, "log", print_, log.logid)

        await self._updates.run(unit)

    def _slug(self, name: str) -> str:
        slug = logs.free_slug(name, self._slugs)
        self._slugs.add(slug)
        return slug

    async def add_url(self, name: str, url: str) -> None:
        """Add a link to the step."""
        name, url = self._mask.text(name), self._mask.text(url)
        ordinal, print_ = self._next(), self._fingerprint("url", name, url)
        if self._recorded(ordinal, "url", print_) is not None:
            return

        def unit(tx: Transaction) -> None:
            steps.add_url(tx, self._step_id, name, url)
            steps.record_call(tx, self._step_id, ordinal, "url", print_, None)

        await self._updates.run(unit)

    def set_property(self, name: str, value: Any, source: str) -> None:
        """Write down a property that the step sets; the build's own copy has it already."""
        ordinal, print_ = self._next(), self._fingerprint("property", name, value, source)
        if self._recorded(ordinal, "property", print_) is not None:
            return

        def unit(tx: Transaction) -> None:
            builds.set_properties(tx, self._build_id, {name: (value, source)})
            steps.record_call(tx, self._step_id, ordinal, "property", print_, None)

        self.later(unit)

    async def set_data(self, name: str, value: bytes, source: str) -> None:
        """Keep data of the build."""
        ordinal, print_ = self._next(), fingerprint("data", name, value, source)
        if self._recorded(ordinal, "data", print_) is not None:
            return

        def unit(tx: Transaction) -> None:
            build_data.put(tx, self._build_id, name, value, source)
            steps.record_call(tx, self._step_id, ordinal, "data", print_, None)

        await self._updates.run(unit)

    async def write_once(self, kind: str, content: Any, unit: Callable[[Transaction], Any]) -> Any:
        """Write something; when that is recorded already, its outcome is given instead.

        Args:
            kind: at most 20 characters.
            content: what is asked for, without secrets; part of the fingerprint.
            unit: its result must fit into JSON.

        Raises:
            Diverged: something else was recorded.
        """
        ordinal, print_ = self._next(), self._fingerprint(kind, content)
        if (found := self._recorded(ordinal, kind, print_)) is not None:
            return found.outcome

        def recorded(tx: Transaction) -> Any:
            outcome = unit(tx)
            steps.record_call(tx, self._step_id, ordinal, kind, print_, outcome)
            return outcome

        return await self._updates.run(recorded)

    async def once(
        self,
        kind: str,
        content: Any,
        effect: Callable[[], Any],
        *,
        log: StepLog | None = None,
    ) -> Any:
        """Do something outside the database (a program on the master) and record its outcome.

        The wish is recorded first. When the master dies before the outcome is known, the step is tried anew: it is not
        done twice without a record of that.

        Args:
            kind: at most 20 characters.
            content: what is asked for; part of the fingerprint.
            effect: called without arguments; may return an awaitable. Its result must fit into JSON.
            log: what the effect writes to.

        Raises:
            Diverged: it was begun before, and nobody knows how it ended; or something else was recorded.
        """
        ordinal, print_ = self._next(), self._fingerprint(kind, content)
        if (found := self._recorded(ordinal, kind, print_)) is not None:
            if found.outcome is None:
                raise Diverged(f"the master ended during a {kind.replace('_', ' ')} of the step")
            if log is not None:
                log.skip_to(found.outcome[1])
            return found.outcome[0]
        await self._updates.run(steps.record_call, self._step_id, ordinal, kind, print_, None)
        outcome = effect()
        if hasattr(outcome, "__await__"):
            outcome = await outcome
        position = {} if log is None else await log.position()
        await self._updates.run(steps.set_outcome, self._step_id, ordinal, [outcome, position])
        return outcome

    async def trigger(self, content: Any, effect: Callable[[], Any]) -> Any:
        """Trigger a set of builds: `effect` gives [set's id, requests' ids].

        A set that was made just before the master died is found instead of made again: it is the only one of this build
        that no record speaks of.
        """
        ordinal, print_ = self._next(), self._fingerprint("trigger", content)
        if (found := self._recorded(ordinal, "trigger", print_)) is not None:
            return found.outcome
        outcome: Any = None
        if self._is_entered_again:
            outcome = await self._updates.run(resuming.unrecorded_child, self._build_id)
        if outcome is None:
            outcome = await effect()
        await self._updates.run(steps.record_call, self._step_id, ordinal, "trigger", print_, list(outcome))
        return outcome

    async def take_over(self, content: Any, origin_id: int, builder_ids: frozenset[int] | None) -> Takeover:
        """Take over what a step of an earlier build had got by the same call of `trigger`.

        Comes before that call. What was decided once is decided: after a restart it is found, whatever has become of
        the earlier build.

        Args:
            content: as `trigger` will be given.
            origin_id: the earlier build, of the same builder.
            builder_ids: whom the call would ask; None if that is not known beforehand.
        """
        asked = self._fingerprint("trigger", content)

        def unit(tx: Transaction) -> Any:
            return msgspec.to_builtins(taking_over.take(tx, self._step_id, origin_id, asked, builder_ids))

        outcome = await self.write_once(taking_over.TAKE_OVER, content, unit)
        return msgspec.convert(outcome, Takeover)

    def add_steps(self, factories: Sequence[tuple[type, tuple[Any, ...], dict[str, Any]]], *, at_end: bool) -> None:
        """Write down that the step has added steps to its build.

        What cannot be written down (a function in their arguments that has no name, a secret) is recorded as that: a
        build that must go on after a restart is tried anew then.
        """
        ordinal, print_ = (
            self._next(),
            self._fingerprint("steps", [cls.__qualname__ for cls, _, _ in factories], at_end),
        )
        if self._recorded(ordinal, "steps", print_) is not None:
            return
        try:
            has_secrets = any(self._mask.is_in(arguments) for _, *arguments in factories)
            packed = None if has_secrets else base64.b64encode(pickle.dumps(list(factories))).decode()
        except Exception:  # pickle lets through whatever the objects raise
            packed = None
        self.later(steps.record_call, self._step_id, ordinal, "steps", print_, [packed, at_end])

    def note_summary(self, text: str) -> None:
        """Write down what the step contributes to the build's text."""
        if SUMMARY not in self._calls:
            self.later(steps.record_call, self._step_id, SUMMARY, "summary", "", text)

    def later(self, unit: Callable[..., Any], *args: Any) -> Deferred[Any]:
        """Write something without waiting for it; `settled` waits. Writes keep their order.

        Returns:
            Fires with the unit's result after its commit, or with None when it failed (which is logged).
        """
        written: Deferred[Any] = Deferred.fromCoroutine(self._updates.run(unit, *args))
        written.addErrback(lambda failure: self._log.failure("a write of a step failed", failure=failure))
        self._later.append(written)
        return written

    async def settled(self) -> None:
        """Wait for what was written by `later`."""
        waiting, self._later = self._later, []
        for written in waiting:
            await written


def added_steps(record: StepRecord) -> Iterable[tuple[list[Any], bool]]:
    """The steps that a step has added, in order: (arguments of each, whether they go to the build's end).

    Raises:
        Diverged: they cannot be made again.
    """
    for _, call in sorted(record.calls.items()):
        if call.kind == "steps":
            packed, at_end = call.outcome
            if packed is None:
                raise Diverged(f"the steps that step {record.step.name} has added cannot be made again")
            try:
                factories = pickle.loads(base64.b64decode(packed))  # noqa: S301  # written by ourselves
            except Exception as error:  # pickle lets through whatever the users' classes raise
                raise Diverged(f"the steps that step {record.step.name} has added cannot be made again") from error
            yield factories, at_end
