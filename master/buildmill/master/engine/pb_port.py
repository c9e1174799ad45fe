"""`PbPort`: a port where clients log in by Twisted's Perspective Broker, as Buildbot's command line does.

One port may serve several services, each with users of its own: their avatars are made by who registered the user.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernameHashedPassword, IUsernamePassword
from twisted.cred.error import UnauthorizedLogin
from twisted.cred.portal import IRealm, Portal
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import serverFromString
from twisted.logger import Logger
from twisted.spread import pb
from zope.interface import implementer

from buildmill.master.engine.service import SharedService, settled

MakeAvatar = Callable[[str], pb.Avatar]


@implementer(IRealm, ICredentialsChecker)
class _Users:
    """Who may log in."""

    credentialInterfaces = (IUsernamePassword, IUsernameHashedPassword)

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, MakeAvatar]] = {}

    async def _checked(self, credentials: Any) -> str:
        name = _text(credentials.username)
        if name in self.known and await settled(credentials.checkPassword(self.known[name][0].encode())):
            return name
        raise UnauthorizedLogin

    def requestAvatarId(self, credentials: Any) -> Any:  # Twisted's name
        return Deferred.fromCoroutine(self._checked(credentials))

    def requestAvatar(self, avatarId: Any, mind: Any, *interfaces: Any) -> Any:  # Twisted's names
        if pb.IPerspective not in interfaces or avatarId not in self.known:
            raise UnauthorizedLogin
        return pb.IPerspective, self.known[avatarId][1](avatarId), lambda: None


class PbPort(SharedService):
    """A listening port; get it by ``await PbPort.getService(master, port)``.

    Args:
        port: a number, or a description of a server endpoint (``tcp:9990:interface=127.0.0.1``).

    Attributes:
        number: where it listens really, while it runs; None for a port that has no number.
    """

    _log = Logger()

    def __init__(self, port: int | str) -> None:
        super().__init__()
        self._description = f"tcp:{port}" if str(port).isdigit() else str(port)
        self._users = _Users()
        self._listening: Any = None
        self.number: int | None = None

    @classmethod
    def getName(cls, port: int | str) -> str:
        """One for each port, a random one included."""
        return f"PbPort {port}"

    async def startService(self) -> None:
        factory = pb.PBServerFactory(Portal(self._users, [self._users]), unsafeTracebacks=False)
        self._listening = await serverFromString(self.master.reactor, self._description).listen(factory)
        self.number = getattr(self._listening.getHost(), "port", None)
        self._log.info("clients of Perspective Broker are served on port {port}", port=self.number)
        await settled(super().startService())

    async def stopService(self) -> None:
        await settled(super().stopService())
        listening, self._listening = self._listening, None
        if listening is not None:
            await settled(listening.stopListening())

    def add_user(self, name: str, password: str, make_avatar: MakeAvatar) -> None:
        """Let somebody log in. Raises ValueError if another service has a user of this name on the same port."""
        if name in self._users.known:
            raise ValueError(f"there are two users {name!r} on {self._description}")
        self._users.known[name] = (password, make_avatar)

    async def remove_user(self, name: str) -> None:
        """Let nobody log in by this name any more; a port without users is closed."""
        self._users.known.pop(name, None)
        if not self._users.known and self.parent is not None:
            await settled(self.disownServiceParent())


def checked_port(value: Any) -> int | str | None:
    """A port number or the description of a server endpoint; None for what is neither."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if 0 <= value <= 65535 else None
    if isinstance(value, str) and (value.isdigit() or ":" in value):
        return checked_port(int(value)) if value.isdigit() else value
    return None


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
