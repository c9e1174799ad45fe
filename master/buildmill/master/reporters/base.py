"""`ReporterBase`: hears events, lets generators make reports of them, and delivers these behind the builds' backs."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from buildmill.common.errors import Unavailable
from buildmill.common.tasks import TaskOwner
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.not_delivering import what_is_not_delivered
from buildmill.master.engine.service import BuildbotService, for_authors, settled
from buildmill.master.reporters import details

RETRY_SECONDS: tuple[float, ...] = (5.0, 30.0, 120.0)
"""How long to wait before each further attempt to deliver a report."""
QUEUE_LIMIT = 1000
"""So many events wait for a reporter that is slow; older ones are dropped then, which is logged."""
LAST_SECONDS = 10.0
"""How long a reporter that is stopped may still deliver."""


class ReporterBase(BuildbotService):
    """Base of reporters; a subclass overwrites `sendMessage`.

    Events are worked off one after the other, apart from the builds: a slow receiver delays nothing but further
    reports. When `sendMessage` raises `Unavailable` (the address does not answer, or says that it is overloaded) it is
    tried again, a few times. Any other error is logged, and the report is lost. Reports are not kept over a restart of
    the master.

    Attributes:
        generators: what makes the reports.
    """

    compare_attrs: ClassVar[Sequence[str]] = ["generators"]
    secrets: ClassVar[Sequence[str]] = []  # lists: authors add their own to them
    _log = Logger()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.generators: list[Any] = []
        self._events: deque[tuple[tuple[str, ...], Any]] = deque()
        self._consumers: list[Any] = []
        self._tasks = TaskOwner(type(self).__name__)
        self._work: Deferred[None] | None = None
        self._dropped = 0
        if self.name is None and kwargs.get("name") is None:
            kwargs["name"] = type(self).__name__
        super().__init__(*args, **kwargs)

    # -- what subclasses do --------------------------------------------------------------

    def sendMessage(self, reports: Sequence[dict[str, Any]]) -> Any:
        """Deliver reports that one event gave; may be awaitable.

        Each has ``body``, ``subject``, ``type``, ``extra_info``, ``results``, ``builds``, ``buildset``, ``users``,
        ``patches`` and ``logs``; one about a worker has ``worker``.

        Raises:
            Unavailable: try again later.
        """
        raise NotImplementedError(f"{type(self).__name__} must say how it delivers")

    def checkConfig(self, *args: Any, **kwargs: Any) -> None:
        """Check ``generators``, the only argument; None for the default ones."""
        generators = _generators(args, kwargs)
        if unknown := [*sorted(set(kwargs) - {"generators"}), *map(repr, args[1:])]:
            config_error(f"{type(self).__name__}: unknown arguments: {', '.join(unknown)}")
        if generators is None:
            generators = self._create_default_generators()
        if not isinstance(generators, list | tuple):
            config_error(f"{type(self).__name__}: generators must be a list, not {generators!r}")
            return
        for generator in generators:
            if not hasattr(generator, "wanted_event_keys") or not hasattr(generator, "generate"):
                config_error(f"{type(self).__name__}: {generator!r} is no generator of reports")
            elif hasattr(generator, "check"):
                generator.check()

    @for_authors
    async def reconfigService(self, *args: Any, **kwargs: Any) -> None:
        """Take the generators."""
        generators = _generators(args, kwargs)
        self.generators = list(self._create_default_generators() if generators is None else generators)
        if self.running:
            self._listen()

    def _create_default_generators(self) -> list[Any]:
        """The generators when none are given."""
        return []

    def getResponsibleUsersForBuild(self, master: Any, buildid: int) -> Any:
        """Who may want to know of a build; may be awaitable."""
        return details.getResponsibleUsersForBuild(master, buildid)

    # -- events ---------------------------------------------------------------------------

    @for_authors
    async def startService(self) -> None:
        """Begin to listen."""
        await super().startService()
        self._listen()

    @for_authors
    async def stopService(self) -> None:
        """Listen no more; what waits is delivered if that does not take long."""
        self._deafen()
        if self._work is not None:
            expiry = self.master.reactor.callLater(LAST_SECONDS, self._give_up)
            await self._work
            if expiry.active():
                expiry.cancel()
        await self._tasks.stop()
        await super().stopService()

    def _give_up(self) -> None:
        if self._events:
            self._log.error(
                "{reporter}: {count} events are not reported: the reporter was stopped",
                reporter=self.name,
                count=len(self._events),
            )
        self._events.clear()
        self._tasks.start(self._tasks.stop(), name="give up")

    def _listen(self) -> None:
        self._deafen()
        if what_is_not_delivered(self) is not None:
            return  # said when the configuration was read
        patterns = dict.fromkeys(tuple(key) for generator in self.generators for key in generator.wanted_event_keys)
        self._consumers = [self.master.mq.subscribe(pattern, self._heard) for pattern in patterns]

    def _deafen(self) -> None:
        consumers, self._consumers = self._consumers, []
        for consumer in consumers:
            consumer.cancel()

    def _heard(self, key: tuple[str, ...], event: Any) -> None:
        self._events.append((key, event.message))
        if len(self._events) > QUEUE_LIMIT:
            self._events.popleft()
            self._dropped += 1
        if self._work is None:
            self._work = self._tasks.start(self._work_off(), name="reports")
            self._work.addCallback(self._worked_off)

    def _worked_off(self, _: None) -> None:
        self._work = None

    async def _work_off(self) -> None:
        # not in the publisher's turn: whoever publishes has more to do
        await deferLater(self.master.reactor, 0)
        while self._events:
            if self._dropped:
                self._log.error(
                    "{reporter} is too slow: {count} events are not reported", reporter=self.name, count=self._dropped
                )
                self._dropped = 0
            key, message = self._events.popleft()
            await self._got_event(key, message)

    async def _got_event(self, key: tuple[str, ...], message: Any) -> None:
        reports = []
        for generator in self.generators:
            if any(_matches(pattern, key) for pattern in generator.wanted_event_keys):
                try:
                    report = await settled(generator.generate(self.master, self, key, message))
                except Exception:  # a template, a function of the user's
                    self._log.failure("{reporter}: no report could be made of {key}", reporter=self.name, key=key)
                    continue
                if report is not None:
                    reports.append(report)
        if reports:
            await self._deliver(reports)

    async def _deliver(self, reports: Sequence[dict[str, Any]]) -> None:
        for wait in (*RETRY_SECONDS, None):
            try:
                await settled(self.sendMessage(reports))
            except Unavailable as error:
                if wait is None:
                    self._log.error(
                        "{reporter}: a report is lost after {count} attempts: {error}",
                        reporter=self.name,
                        count=len(RETRY_SECONDS) + 1,
                        error=str(error),
                    )
                    return
                self._log.warn(
                    "{reporter}: {error}; next attempt in {wait:g} s", reporter=self.name, error=str(error), wait=wait
                )
                await deferLater(self.master.reactor, wait)
            except Exception:  # what the subclass raises: nobody knows whether a further attempt would do harm
                self._log.failure("{reporter}: a report is lost", reporter=self.name)
                return
            else:
                return


def _generators(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    return args[0] if args else kwargs.get("generators")


def _matches(pattern: Sequence[str | None], key: Sequence[str]) -> bool:
    return len(pattern) == len(key) and all(want in (None, have) for want, have in zip(pattern, key, strict=True))
