"""How control actions get into the audit log: each call leaves one entry, whatever becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.logger import Logger

from buildmill.common.errors import BuildmillError
from buildmill.common.tasks import TaskOwner
from buildmill.master.data.refusals import Refusals
from buildmill.master.db import audit
from buildmill.master.db.database import Database
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.audit import NewEntry, Outcome, differences, fitting, told
from buildmill.master.domain.form_errors import InvalidParameters
from buildmill.master.domain.rights import Actor

State = Callable[[Connection], Mapping[str, Any]]
Made = Callable[[Any], Mapping[str, Any]]


class Note:
    """One call on its way into the log.

    Args:
        actor: who asks.
        action, method, path: for what.
        parameters: those that are told.
        state: reads what the action may change.
        made: what is new, by the result of the unit of work.

    Attributes:
        is_written: the unit of work that does the action has written the entry.
    """

    def __init__(
        self,
        *,
        actor: Actor,
        action: str,
        method: str,
        path: str,
        parameters: Mapping[str, Any],
        state: State,
        made: Made,
    ) -> None:
        self._actor = actor
        self._action = action
        self._method = method
        self._path = path
        self._parameters = {name: told(value) for name, value in parameters.items()}
        self._state = state
        self._made = made
        self.is_written = False

    def around(self, tx: Transaction, unit: Callable[..., Any], *args: Any) -> Any:
        """Run the unit of work of the action, and write what it has changed into the same transaction."""
        self.is_written = False
        before = self._state(tx)
        result = unit(tx, *args)
        was, becomes = differences(before, self._state(tx))
        audit.append(tx, self._entry(before=was, after={**becomes, **self._made(result)}))
        self.is_written = True
        return result

    def alongside(self, tx: Transaction, result: Any) -> None:
        """Write the entry into the transaction of a unit that is run elsewhere."""
        audit.append(tx, self._entry(after=self._made(result)))
        self.is_written = True

    def done(self) -> NewEntry:
        """The entry of a call that has changed nothing."""
        return self._entry()

    def refused(self, error: Exception) -> NewEntry:
        """The entry of a call that was refused, or failed."""
        return self._entry(outcome=Outcome.REFUSED, reason=reason_of(error))

    def _entry(self, **more: Any) -> NewEntry:
        return NewEntry(
            actor=self._actor,
            action=self._action,
            method=self._method,
            path=self._path,
            parameters=self._parameters,
            **more,
        )


def reason_of(error: Exception) -> str:
    """Why something was refused; values that were sent are left out where they may be secrets."""
    if isinstance(error, InvalidParameters):
        return fitting(f"parameters that cannot be taken: {', '.join(map(str, error.fields))}")
    return fitting(str(error)) if isinstance(error, BuildmillError) else "internal error"


class AuditLog:
    """Writes entries that have no transaction to share."""

    _log = Logger()

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tasks = TaskOwner("audit log")
        self._refusals = Refusals(
            database.clock, lambda entry: self._tasks.start(self._write_refusal(entry), name="summary")
        )

    def stop(self) -> None:
        """Tell of what has no entries yet; written with what the database still writes."""
        self._refusals.tell()

    async def write(self, entry: NewEntry) -> None:
        """Add an entry.

        Raises:
            Unavailable: nothing can be written at present.
        """
        await self._database.offer(audit.append, entry)

    async def write_refusal(self, entry: NewEntry) -> None:
        """The same; a refusal stands even while nothing can be written. Then the master's own log tells of it.

        Many refusals of strangers share an entry, see `Refusals`.
        """
        if self._refusals.has_room(entry.actor):
            await self._write_refusal(entry)

    async def _write_refusal(self, entry: NewEntry) -> None:
        try:
            await self.write(entry)
        except BuildmillError as error:
            self._log.error(
                "not in the audit log ({error}): {action} on {path} by {actor} from {address} was refused: {reason}",
                error=str(error),
                action=entry.action,
                path=entry.path,
                actor=entry.actor.name,
                address=entry.actor.address,
                reason=entry.reason,
            )
