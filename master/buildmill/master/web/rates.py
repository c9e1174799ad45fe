"""How much one client may ask for: time of the readers, and actions.

Reading is paid for behind, by what it took: an answer out of the cache costs nothing, a list that was looked for in a
million rows costs what it has cost. Whoever owes waits. Who is known is counted by its account, all others by their
addresses. This very machine is not counted.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from twisted.internet.interfaces import IReactorTime

from buildmill.common.errors import Unavailable
from buildmill.master.domain.buckets import Buckets, peer_of
from buildmill.master.domain.rights import Principal
from buildmill.master.web.gate import Gate
from buildmill.master.web.http import Request
from buildmill.master.web.limits import WebLimits

DOWNLOAD_SECONDS: Final = 0.02
SEARCH_SECONDS: Final = 0.5
"""What is charged for what is not read by the database's readers."""
PART_OF_ACTION: Final = 0.1
"""What each of many things costs that are done by one action: they share their way, and a commit."""


class TooManyRequests(Unavailable):
    """Wait before the next one; `retry_after` says how long."""


class Rates:
    """See the module.

    Args:
        clock: tells the time.
        gate: knows where requests come from.
        limits: how much each may have.
    """

    def __init__(self, clock: IReactorTime, gate: Gate, limits: WebLimits) -> None:
        self._clock = clock
        self._gate = gate
        self._reading = Buckets(limits.reading_seconds, limits.reading_seconds_per_second)
        self._actions = Buckets(limits.actions, limits.actions_per_second)

    def reader(self, request: Request, principal: Principal | None) -> str | None:
        """Whoever pays for a reading; None if nobody does.

        Raises:
            TooManyRequests: it owes too much.
        """
        payer = self._payer(request, principal)
        if payer is not None and (wait := self._reading.wait(payer, self._clock.seconds())):
            raise TooManyRequests("too much was read from here; wait a moment", timedelta(seconds=wait))
        return payer

    def charge(self, payer: str | None, seconds: float) -> None:
        """Let somebody pay for a reading."""
        if payer is not None and seconds > 0:
            self._reading.pay(payer, self._clock.seconds(), seconds)

    def count_action(self, request: Request, principal: Principal) -> None:
        """Note an action that is about to be done, or refused.

        Raises:
            TooManyRequests: it must not be.
        """
        payer = self._payer(request, principal)
        if payer is not None and (wait := self._actions.take(payer, self._clock.seconds())):
            raise TooManyRequests("too many actions from here; wait a moment", timedelta(seconds=wait))

    def charge_part(self, request: Request, principal: Principal) -> None:
        """Let somebody pay for one of the things that an action consists of."""
        payer = self._payer(request, principal)
        if payer is not None:
            self._actions.pay(payer, self._clock.seconds(), PART_OF_ACTION)

    def _payer(self, request: Request, principal: Principal | None) -> str | None:
        if self._gate.is_from_here(request):
            return None
        if principal is not None and principal.is_known:
            return f"account {principal.name}"
        return f"address {peer_of(self._gate.address_of(request))}"
