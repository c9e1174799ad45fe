"""Sessions of people who have logged in, and tokens of programs, as the web knows them.

What a cookie holds, and a token itself, are never kept: only their digests are.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any, Final

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError
from buildmill.master.auth.users import UserInfo
from buildmill.master.data.auditing import AuditLog
from buildmill.master.data.token_text import digest_of, is_token
from buildmill.master.db import api_tokens, audit, web_sessions
from buildmill.master.db.api_tokens import StoredToken
from buildmill.master.db.database import Database
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.audit import NewEntry, Outcome
from buildmill.master.domain.rights import Actor, Principal, Via

IDLE_SECONDS: Final = 12 * 3600
WHOLE_SECONDS: Final = 7 * 86_400
SEEN_SECONDS: Final = 300
"""How exactly it is noted when a session or a token was used last."""
_SECRET_BYTES: Final = 32
_COOKIE = re.compile(r"[A-Za-z0-9_-]{43}\Z")


class Accounts:
    """Begins, finds and ends sessions; finds tokens.

    Args:
        database: where both are.
        clock: tells the time.
        random_bytes: so many bytes that nobody can guess.
    """

    _log = Logger()

    def __init__(self, *, database: Database, clock: IReactorTime, random_bytes: Callable[[int], bytes]) -> None:
        self._database = database
        self._clock = clock
        self.random_bytes = random_bytes
        self.whole_seconds = WHOLE_SECONDS

    # -- sessions --------------------------------------------------------------------------

    async def begin_session(self, user: UserInfo, address: str) -> str:
        """Begin a session, which the audit log tells; returns what its cookie holds.

        Raises:
            Unavailable: nothing can be written at present.
        """
        secret = urlsafe_b64encode(self.random_bytes(_SECRET_BYTES)).rstrip(b"=").decode()
        await self._database.offer(web_sessions.forget_old, IDLE_SECONDS, self.whole_seconds)
        entry = _sign_in(Principal(user=user, address=address, via=Via.SESSION).actor, "login")
        await self._database.offer(_add_session, _session_digest(secret), dict(user), address, entry)
        return secret

    async def note_refused_login(self, username: str, address: str, reason: str) -> None:
        """Tell the audit log of somebody who could not log in.

        Args:
            username: what was given as such.
        """
        entry = _sign_in(Actor(address=address, username=username), "login", outcome=Outcome.REFUSED, reason=reason)
        await AuditLog(self._database).write_refusal(entry)

    async def session(self, cookie: str, address: str) -> Principal | None:
        """Whose session that is; None for one that is not there, or not any more."""
        if not _COOKIE.match(cookie):
            return None
        digest = _session_digest(cookie)
        found = await self._database.read(web_sessions.find, digest)
        now = self._clock.seconds()
        if found is None or now >= found.seen_at + IDLE_SECONDS or now >= found.created_at + self.whole_seconds:
            return None
        if now >= found.seen_at + SEEN_SECONDS:
            await self._note(web_sessions.seen, digest)
        return Principal(user=found.user, address=address, via=Via.SESSION, credential=digest)

    async def end_session(self, principal: Principal) -> None:
        """End the session of a principal."""
        await self._database.write(web_sessions.end, principal.credential)

    async def log_out(self, principal: Principal) -> None:
        """The same because its user wants that, which the audit log tells."""
        await self._database.write(_end_session, principal.credential, _sign_in(principal.actor, "logout"))

    # -- tokens ----------------------------------------------------------------------------

    async def token(self, text: str, address: str) -> Principal | None:
        """Whom a token stands for; None for one that nobody has, or not any more."""
        if not is_token(text):
            return None
        digest = digest_of(text)
        found = await self._valid_token(digest)
        if found is None:
            return None
        if found.last_used_at is None or self._clock.seconds() >= found.last_used_at + SEEN_SECONDS:
            await self._note(api_tokens.used, found.tokenid)
        return Principal(user=found.user, address=address, via=Via.TOKEN, credential=digest, scopes=found.scopes)

    async def _valid_token(self, digest: str) -> StoredToken | None:
        found = await self._database.read(api_tokens.find, digest)
        return None if found is None or self._clock.seconds() >= found.expires_at else found

    # -- both ------------------------------------------------------------------------------

    async def is_still_valid(self, principal: Principal) -> bool:
        """Whether the session or token that a principal was known by has not ended since."""
        match principal.via:
            case Via.SESSION:
                found = await self._database.read(web_sessions.find, principal.credential)
                now = self._clock.seconds()
                if found is None or now >= found.created_at + self.whole_seconds:
                    return False
                if now >= found.seen_at + SEEN_SECONDS:  # an event socket that is open counts as use
                    await self._note(web_sessions.seen, principal.credential)
                return True
            case Via.TOKEN:
                return await self._valid_token(principal.credential) is not None
            case _:
                return True

    async def _note(self, unit: Callable[..., None], what: str | int) -> None:
        try:
            await self._database.offer(unit, what)
        except BuildmillError as error:  # a full disk must not keep people from looking
            self._log.info("the last use of a session or token is not noted: {error}", error=str(error))


def _sign_in(actor: Actor, verb: str, **more: Any) -> NewEntry:
    return NewEntry(actor=actor, action=f"session.{verb}", method=verb, path=f"auth/{verb}", **more)


def _add_session(tx: Transaction, digest: str, user: UserInfo, address: str, entry: NewEntry) -> None:
    web_sessions.add(tx, digest, user, address)
    audit.append(tx, entry)


def _end_session(tx: Transaction, digest: str, entry: NewEntry) -> None:
    web_sessions.end(tx, digest)
    audit.append(tx, entry)


def csrf_token(cookie: str) -> str:
    """What pages of a session send with each action; who does not know the cookie cannot make it."""
    return hmac.new(cookie.encode(), b"buildmill csrf", hashlib.sha256).hexdigest()


def _session_digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
