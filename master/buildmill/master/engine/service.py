"""`BuildbotService`: a named part of a configuration's ``services`` that is started, given other arguments, stopped.

Its family: `AsyncService` is what has a parent and a life, `AsyncMultiService` has children, `SharedService` is made
once for all who ask with the same arguments, `ClusteredBuildbotService` works on one master at a time, and
`BuildbotServiceManager` keeps the children that the configuration in force names.

Methods that authors overwrite (``startService``, ``stopService``, ``checkConfig``, ``reconfigService`` ...) may be
coroutines, give Deferreds, or be plain; those of this module give Deferreds, so that both ``await
super().startService()`` and ``yield super().startService()`` do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any, ClassVar, ParamSpec, Self, TypeVar

from twisted.internet.defer import succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from buildmill.common.tasks import TaskOwner
from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.rendering import render
from buildmill.master.engine.secret_source import NoSecrets, PropertiesOfService
from buildmill.master.engine.user_code import begun_at_once

P = ParamSpec("P")
T = TypeVar("T")


async def settled(value: Any) -> Any:
    """The value, waited for if an author's method gave an awaitable."""
    return await value if isinstance(value, Awaitable) else value


def for_authors(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Awaitable[T]]:
    """`begun_at_once` for methods that authors overwrite, with coroutines or with what gives Deferreds."""
    return begun_at_once(method)


class AsyncService:
    """Something with a name, a parent and a life.

    Attributes:
        name: how its parent finds it; None for nameless.
        parent: what it belongs to, or None.
        running: whether it was started, and not stopped since.
    """

    name: str | None = None
    parent: Any = None
    running: bool = False

    @property
    def master(self) -> Any:
        """The master that it belongs to; None while it belongs to none."""
        return None if self.parent is None else self.parent.master

    def setName(self, name: str) -> None:
        """Give it a name, before it has a parent. Raises RuntimeError afterwards."""
        if self.parent is not None:
            raise RuntimeError("a service's name cannot be changed while it has a parent")
        self.name = name

    @for_authors
    async def setServiceParent(self, parent: Any) -> None:
        """Belong to `parent` from now on; it is started when its parent runs."""
        if self.parent is not None:
            await self.disownServiceParent()
        await settled(parent.addService(self))

    @for_authors
    async def disownServiceParent(self) -> None:
        """Belong to nothing any more; it is stopped when it runs."""
        await settled(self.parent.removeService(self))

    @for_authors
    async def startService(self) -> None:
        """Begin to work."""
        self.running = True

    @for_authors
    async def stopService(self) -> None:
        """Stop working, and come back when nothing of it runs any more."""
        self.running = False


class AsyncMultiService(AsyncService):
    """A service with children, which run while it runs.

    Attributes:
        services: the children, in the order in which they came.
        namedServices: those of them that have a name.
    """

    def __init__(self) -> None:
        self.services: list[Any] = []
        self.namedServices: dict[str, Any] = {}

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self.services))

    def getServiceNamed(self, name: str) -> Any:
        """A child. Raises KeyError."""
        return self.namedServices[name]

    @for_authors
    async def addService(self, service: Any) -> None:
        """Take a child, and start it if this runs. Raises RuntimeError if another child has its name."""
        if service.name is not None:
            if service.name in self.namedServices:
                raise RuntimeError(f"there is already a service named {service.name!r}")
            self.namedServices[service.name] = service
        self.services.append(service)
        service.parent = self
        if self.running:
            await settled(service.startService())

    @for_authors
    async def removeService(self, service: Any) -> None:
        """Let a child go, and stop it if it runs."""
        name = service.name
        if name is not None and self.namedServices.get(name) == service:
            del self.namedServices[name]
        if service in self.services:
            self.services.remove(service)
        if service.running:
            await settled(service.stopService())
        service.parent = None

    @for_authors
    async def startService(self) -> None:
        """Start the children, in their order."""
        await AsyncService.startService(self)
        for service in list(self.services):
            await settled(service.startService())

    @for_authors
    async def stopService(self) -> None:
        """Stop the children, the youngest first; all of them, even if one fails. Raises what the first has raised."""
        await AsyncService.stopService(self)
        failure: Exception | None = None
        for service in reversed(list(self.services)):
            if service.running:
                try:
                    await settled(service.stopService())
                except Exception as problem:  # the others must stop all the same
                    failure = failure or problem
        if failure is not None:
            raise failure


class ReconfigurableServiceMixin:
    """What wants to be told of each configuration that is put in force.

    Attributes:
        reconfig_priority: those with a higher one are told first.
    """

    reconfig_priority: ClassVar[int] = 128

    @for_authors
    async def reconfigServiceWithBuildbotConfig(self, new_config: Any) -> None:
        """Told of a configuration. This one passes it on to those children that want to know."""
        children = [child for child in getattr(self, "services", ()) if isinstance(child, ReconfigurableServiceMixin)]
        for child in sorted(children, key=lambda one: -one.reconfig_priority):
            await settled(child.reconfigServiceWithBuildbotConfig(new_config))


class BuildbotService(AsyncMultiService):
    """A service of the configuration; its own kinds derive from this.

    A configuration makes it with the arguments that it wants. They are checked by `checkConfig` while the file is
    read; `reconfigService` gets them when they come into force, before the service is started, and again with other
    ones while it runs. An object that a later configuration makes with the same name and class is not started: the
    one that runs gets its arguments.

    Args:
        name: unique among the services; a class may fix it as an attribute.

    Attributes:
        secrets: the keyword arguments that are rendered before `reconfigService` gets them.
        constructed_with: the arguments of the constructor.
        file, line: where in the configuration it stands, if known.
    """

    compare_attrs: ClassVar[Sequence[str]] = ("name", "_config_args", "_config_kwargs")
    secrets: ClassVar[Sequence[str]] = ()
    configured = False
    constructed_with: tuple[tuple[Any, ...], dict[str, Any]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        # what it was made of tells whether a later configuration has the same one
        service = super().__new__(cls)
        service.constructed_with = (args, kwargs)
        return service

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self.file, self.line = users_place()
        name = kwargs.pop("name", None)
        if name is not None:
            self.name = name
        if not isinstance(self.name, str) or not self.name:
            config_error(f"{type(self).__name__}: the name must be a non-empty string, not {self.name!r}")
            self.name = str(self.name or type(self).__name__)
        self.checkConfig(*args, **kwargs)
        self._config_args = args
        self._config_kwargs = kwargs

    # -- what subclasses do --------------------------------------------------------------

    def checkConfig(self, *args: Any, **kwargs: Any) -> None:
        """Check the arguments and report what is wrong with `config_error`, while the configuration is read.

        It may keep nothing: the object may never come into force.
        """

    def reconfigService(self, *args: Any, **kwargs: Any) -> Any:
        """Take the arguments, which have been checked; before the first start, and whenever they change."""
        return succeed(None)

    def canReconfigWithSibling(self, sibling: BuildbotService) -> bool:
        """Whether this can take over a new one's arguments while it runs; if not, the new one takes its place."""
        ours, theirs = type(self), type(sibling)
        return (ours.__module__, ours.__qualname__) == (theirs.__module__, theirs.__qualname__)

    # -- for whoever applies a configuration -----------------------------------------------

    def getConfigDict(self) -> dict[str, Any]:
        """What it is made of, for people: name, class, args, kwargs."""
        kind = type(self)
        return {
            "name": self.name,
            "class": f"{kind.__module__}.{kind.__name__}",
            "args": self._config_args,
            "kwargs": self._config_kwargs,
        }

    @for_authors
    async def reconfigServiceWithSibling(self, sibling: BuildbotService) -> None:
        """Take the arguments of an object of a new configuration."""
        self._config_args, self._config_kwargs = sibling._config_args, sibling._config_kwargs
        self.configured = True
        kwargs = dict(self._config_kwargs)
        for name in self.secrets:
            if name in kwargs:
                kwargs[name] = await self.renderSecrets(kwargs[name])
        await settled(self.reconfigService(*self._config_args, **kwargs))

    @for_authors
    async def configureService(self) -> None:
        """Take the arguments that it was made with, unless it has."""
        if not self.configured:
            await settled(self.reconfigServiceWithSibling(self))

    @for_authors
    async def renderSecrets(self, *values: Any) -> Any:
        """The renderings of values outside of any build: one, or a list of them. Raises RenderError."""
        context = PropertiesOfService(NoSecrets() if self.master is None else self.master.secrets)
        rendered = [await render(value, context) for value in values]
        return rendered[0] if len(values) == 1 else rendered

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class SharedService(AsyncMultiService):
    """A service that all those share who ask for it with the same arguments."""

    @classmethod
    def getName(cls, *args: Any, **kwargs: Any) -> str:
        """Under which name it is found; the same for the same arguments."""
        text = repr((args, sorted(kwargs.items())))
        return f"{cls.__name__}_{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    @classmethod
    @for_authors
    async def getService(cls, parent: Any, *args: Any, **kwargs: Any) -> Self:
        """The child of `parent` with these arguments; it is made and started for the first who asks.

        Args:
            parent: a service with children, or the master.
        """
        name = cls.getName(*args, **kwargs)
        found = parent.namedServices.get(name)
        if found is None:
            found = cls(*args, **kwargs)
            found.setName(name)
            await settled(found.setServiceParent(parent))
        assert isinstance(found, cls)
        return found


class ClusteredBuildbotService(BuildbotService):
    """A service of which only one master's works.

    Subclasses say how it is claimed (`_getServiceId`, `_claimService`, `_unclaimService`) and what it does
    (`activate`, `deactivate`).

    Attributes:
        POLL_INTERVAL_SEC: how often one that another master has is tried to be taken over.
        serviceid: what `_getServiceId` gave, while it runs.
        active: whether it is active on this master.
    """

    POLL_INTERVAL_SEC: ClassVar[float] = 5 * 60
    _log = Logger()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.serviceid: int | None = None
        self.active = False
        self._next_claim: IDelayedCall | None = None
        self._tasks = TaskOwner(repr(self))

    def isActive(self) -> bool:
        """Whether it is active on this master."""
        return self.active

    def activate(self) -> Any:
        """Begin to work: this master has claimed it."""

    def deactivate(self) -> Any:
        """Stop working, before another master may claim it."""

    def _getServiceId(self) -> Any:
        """The id under which the masters' services know that they are the same."""
        raise NotImplementedError

    def _claimService(self) -> Any:
        """Claim it for this master; whether that did."""
        raise NotImplementedError

    def _unclaimService(self) -> Any:
        """Let other masters claim it."""
        raise NotImplementedError

    @for_authors
    async def startService(self) -> None:
        """Start, and begin to work if no other master does."""
        await BuildbotService.startService(self)
        self.serviceid = await settled(self._getServiceId())
        await self._try_claim()

    @for_authors
    async def stopService(self) -> None:
        """Stop working, and let another master take over."""
        if self._next_claim is not None and self._next_claim.active():
            self._next_claim.cancel()
        self._next_claim = None
        await BuildbotService.stopService(self)
        await self._tasks.stop()
        if self.active:
            self.active = False
            await settled(self.deactivate())
            await settled(self._unclaimService())

    async def _try_claim(self) -> None:
        self._next_claim = None
        is_claimed = False
        try:
            is_claimed = bool(await settled(self._claimService()))
        except Exception:  # the next try may succeed
            self._log.failure("{service} could not be claimed", service=repr(self))
        if not self.running:
            return
        if not is_claimed:
            self._next_claim = self.master.reactor.callLater(self.POLL_INTERVAL_SEC, self._claim_again)
            return
        self.active = True
        await settled(self.activate())

    def _claim_again(self) -> None:
        self._tasks.start(self._try_claim(), name="claim")


class BuildbotServiceManager(AsyncMultiService):
    """Has the services of the configuration in force as its children.

    Attributes:
        config_attr: the field of the configuration that lists them.
    """

    _log = Logger()
    name = "services"
    config_attr = "services"

    def __init__(self) -> None:
        super().__init__()
        self._applied: dict[str, BuildbotService] = {}

    @for_authors
    async def reconfigServiceWithBuildbotConfig(self, new_config: Any) -> None:
        """Have the services of a configuration.

        Args:
            new_config: where the same object stands as in the one before, nothing is done for it.

        Raises:
            Exception: what a service raised that cannot take its arguments or cannot start.
        """
        wanted = {service.name: service for service in getattr(new_config, self.config_attr)}
        for service in list(self.services):
            new = wanted.get(service.name)
            if new is None or not service.canReconfigWithSibling(new):
                await self._remove(service)
        for name, service in wanted.items():
            if self._applied.get(name) is service:
                continue
            running = self.namedServices.get(name)
            if running is None:
                await self._add(service)
            else:
                self._applied.pop(name, None)  # if it fails, it must get its old arguments again
                await settled(running.reconfigServiceWithSibling(service))
            self._applied[name] = service

    async def _add(self, service: BuildbotService) -> None:
        service.parent = self  # its arguments are rendered for this master
        try:
            await settled(service.reconfigServiceWithSibling(service))
            await self.addService(service)
        except BaseException:
            await self._remove(service)
            raise

    async def _remove(self, service: BuildbotService) -> None:
        assert service.name is not None
        self._applied.pop(service.name, None)
        try:
            await self.removeService(service)
        except Exception:  # the others go on
            self._log.failure("the service {service} could not be stopped", service=service.name)


class RootService(AsyncMultiService, ReconfigurableServiceMixin):
    """The parent of all services of a master.

    Args:
        master: what they see as theirs.
    """

    def __init__(self, master: Any) -> None:
        super().__init__()
        self._master = master

    @property
    def master(self) -> Any:
        """The master."""
        return self._master
