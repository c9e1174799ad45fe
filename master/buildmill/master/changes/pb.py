"""`PBChangeSource`: takes changes from ``buildbot sendchange`` and from hooks that speak Perspective Broker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.spread import pb

from buildmill.common.errors import BuildmillError, InvalidInput
from buildmill.master.changes.arguments import optional_text
from buildmill.master.changes.base import ChangeSource
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.not_delivering import NotDelivering
from buildmill.master.domain.rendering import is_renderable, render
from buildmill.master.engine.pb_port import PbPort, checked_port
from buildmill.master.engine.secret_source import PropertiesOfService

_TEXTS = ("author", "committer", "branch", "category", "codebase", "comments", "project", "repository", "revision",
          "revlink", "src")  # fmt: skip
_FORMER_NAMES = {"who": "author", "when": "when_timestamp"}


class PBChangeSource(NotDelivering, ChangeSource):
    """Listens for changes.

    Args:
        user, passwd: what a client logs in with; renderables are taken.
        port: a number, or a description of a server endpoint. Needed, as workers are not served by Perspective
            Broker: without one, nothing listens, and a notice says so.
        prefix: of paths: it is taken off; a path that does not begin with it does not count, and a change of which
            no path does is dropped.
        name: unique among the change sources.
    """

    not_delivering = ""
    way_out = "give it a port of its own"

    def __init__(
        self,
        user: Any = "change",
        passwd: Any = "changepw",  # noqa: S107  # what clients send unless they are told another one
        port: int | str | None = None,
        prefix: str | None = None,
        name: str | None = None,
    ) -> None:
        if name is None:
            name = f"PBChangeSource:{prefix}:{port}" if prefix else f"PBChangeSource:{port}"
        super().__init__(name)
        self.user = user if is_renderable(user) else optional_text(self.owner, "user", user)
        self.passwd = passwd if is_renderable(passwd) else optional_text(self.owner, "passwd", passwd)
        if port is None:
            self.not_delivering = "listens nowhere: it has no port"  # of this one only
        elif checked_port(port) is None:
            config_error(f"{self.owner}: port must be a port number or a server endpoint, not {port!r}")
            port = None
        self.port = checked_port(port)
        self.prefix = optional_text(self.owner, "prefix", prefix)
        self._pb: PbPort | None = None
        self._user = ""

    def describe(self) -> str:
        """What it watches, for people."""
        return f"PBChangeSource listener on port {self.port}" + (f" (prefix {self.prefix!r})" if self.prefix else "")

    @property
    def listens_at(self) -> int | None:
        """Its port's number while it works."""
        return None if self._pb is None else self._pb.number

    async def start_working(self) -> None:
        if self.port is None:
            return
        context = PropertiesOfService(self.master.secrets)
        self._user = str(await render(self.user, context))
        password = str(await render(self.passwd, context))
        self._pb = await PbPort.getService(self.master, self.port)
        self._pb.add_user(self._user, password, lambda name: _ChangePerspective(self))

    async def stop_working(self) -> None:
        port, self._pb = self._pb, None
        if port is not None:
            await port.remove_user(self._user)

    async def take(self, sent: Mapping[str, Any]) -> None:
        """Add a change that a client sent. Raises InvalidInput."""
        change: dict[str, Any] = {}
        for name, value in sent.items():
            key = _FORMER_NAMES.get(_text(name), _text(name))
            if key in _TEXTS:
                change[key] = None if value is None else _text(value)
            elif key == "when_timestamp":
                change[key] = None if value is None else int(value)
            elif key == "files":
                change[key] = [_text(file) for file in value or ()]
            elif key == "properties":
                change[key] = {_text(n): _text(v) if isinstance(v, bytes) else v for n, v in dict(value or {}).items()}
        if not change.get("author"):
            raise InvalidInput("who", "expected who made the change")
        if self.prefix:
            inside = [file for file in change.get("files", ()) if file.startswith(self.prefix)]
            if not inside:
                self._log.info("{service}: a change has no file below the prefix", service=self.owner)
                return
            change["files"] = [file.removeprefix(self.prefix) for file in inside]
        for name in ("project", "repository"):
            change[name] = change.get(name) or ""
        await self.master.data.updates.addChange(**change)


class _ChangePerspective(pb.Avatar):
    """What a client that has logged in may call."""

    def __init__(self, source: PBChangeSource) -> None:
        self._source = source

    async def _add(self, sent: Any) -> None:
        try:
            if not isinstance(sent, Mapping):
                raise pb.Error("a dictionary was expected")
            await self._source.take(sent)
        except (BuildmillError, TypeError, ValueError) as problem:
            raise pb.Error(str(problem)) from problem

    def perspective_addChange(self, changedict: Any) -> Any:  # the protocol's name
        return Deferred.fromCoroutine(self._add(changedict))

    def attached(self, mind: Any) -> Any:
        """Called by clients of long standing; nothing is to be done."""
        return self

    def detached(self, mind: Any) -> None:
        """The opposite."""


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
