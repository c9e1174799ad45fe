"""How many refusals of strangers get an entry of their own in the audit log: anybody can cause as many as it likes.

Those beyond are counted, and an entry tells of them once a minute.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from buildmill.master.domain.audit import NewEntry, Outcome
from buildmill.master.domain.buckets import Buckets, peer_of
from buildmill.master.domain.rights import Actor, Via

UNWRITTEN: Final = "audit.unwritten"
OF_ONE: Final = 20
OF_ONE_PER_SECOND: Final = 1 / 60
OF_ALL: Final = 500
OF_ALL_PER_SECOND: Final = 1 / 6
TELL_SECONDS: Final = 60.0
NAMED: Final = 20
_EVERYBODY: Final = ""


class Refusals:
    """See the module.

    Args:
        clock: tells the time, and when to tell of the others.
        write: takes an entry about them.
    """

    def __init__(self, clock: IReactorTime, write: Callable[[NewEntry], Any]) -> None:
        self._clock = clock
        self._write = write
        self._each = Buckets(OF_ONE, OF_ONE_PER_SECOND)
        self._all = Buckets(OF_ALL, OF_ALL_PER_SECOND)
        self._count = 0
        self._peers: dict[str, int] = {}
        self._due: IDelayedCall | None = None

    def has_room(self, actor: Actor) -> bool:
        """Whether a refusal of somebody gets an entry; it is counted otherwise. Who is known is not limited."""
        if actor.via is not Via.NOTHING:
            return True
        now, peer = self._clock.seconds(), peer_of(actor.address)
        if not self._all.wait(_EVERYBODY, now, 1.0) and not self._each.take(peer, now):
            self._all.pay(_EVERYBODY, now, 1.0)
            return True
        self._count += 1
        if peer in self._peers or len(self._peers) < NAMED:
            self._peers[peer] = self._peers.get(peer, 0) + 1
        if self._due is None:
            self._due = self._clock.callLater(TELL_SECONDS, self.tell)
        return False

    def tell(self) -> None:
        """Write an entry about those that got none, if there are any."""
        due, self._due = self._due, None
        if due is not None and due.active():
            due.cancel()
        if not self._count:
            return
        entry = NewEntry(
            actor=Actor(),
            action=UNWRITTEN,
            method="",
            path="audit",
            after={"count": self._count, "addresses": dict(sorted(self._peers.items()))},
            outcome=Outcome.REFUSED,
            reason=f"{self._count} refusals of strangers have no entries of their own",
        )
        self._count = 0
        self._peers.clear()
        self._write(entry)
