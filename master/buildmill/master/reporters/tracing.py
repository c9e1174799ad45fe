"""Tells builds as traces: when a build has ended, what is in the database becomes spans, with times as they were seen.

Each end is told once, by the master that has run the build, so that no span is told twice, however often masters are
started again; what was under way then has the times of its rows, in whole seconds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError
from buildmill.common.tasks import TaskOwner
from buildmill.master.db.traced import traced
from buildmill.master.domain.events import Event, Key
from buildmill.master.domain.resources import Build, Step
from buildmill.master.domain.traces import (
    PROPERTY,
    VARIABLE,
    Period,
    SeenTimes,
    Span,
    TraceContext,
    TracedBuild,
    TracedOrigin,
    TraceIds,
    parse_traceparent,
    spans_of,
)
from buildmill.master.mq.bus import EventBus, Subscription

MOST_BUILDS = 10_000
"""Of so many builds times are kept at most."""


class SpanSink(Protocol):
    """Where spans go."""

    def is_sampled(self, trace_id: int, parent: TraceContext | None) -> bool:
        """Whether the spans of a trace are kept; at once."""

    def tell(self, spans: Sequence[Span]) -> None:
        """Take the spans of a build, the outer ones first; what is too much is dropped. Called in any thread."""


class BuildTraces:
    """Notes when things happen in builds, and tells of each that ends.

    Args:
        read: reads the database.
        in_thread: calls a function that takes its time.
        sink: gets the spans.
        base_url: this installation's address; ids follow from it.
        master_id: of this master; builds of others are theirs to tell.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        bus: EventBus,
        read: Callable[..., Awaitable[Any]],
        clock: IReactorTime,
        in_thread: Callable[..., Awaitable[Any]],
        sink: SpanSink,
        base_url: str,
        master_id: Callable[[], int],
    ) -> None:
        self._bus = bus
        self._read = read
        self._clock = clock
        self._in_thread = in_thread
        self._sink = sink
        self._base_url = base_url
        self._ids = TraceIds(base_url)
        self._master_id = master_id
        self._tasks = TaskOwner("traces")
        self._seen: dict[int, SeenTimes] = {}
        self._subscriptions: list[Subscription] = []

    def start(self) -> None:
        """Begin to listen."""
        self._subscriptions = [
            self._bus.subscribe(("builds", None, "new"), self._build_began),
            self._bus.subscribe(("builds", None, "finished"), self._build_ended),
            self._bus.subscribe(("steps", None, "started"), self._step_began),
            self._bus.subscribe(("steps", None, "finished"), self._step_ended),
        ]

    async def stop(self) -> None:
        """Listen no more; what is being told is told."""
        for subscription in self._subscriptions:
            subscription.cancel()
        self._subscriptions.clear()
        await self._tasks.join()

    # -- for the engine ------------------------------------------------------------------------

    def command_began(self, build: Any, uid: str, *, is_new: bool) -> Mapping[str, str]:
        """See `engine.tracing.Tracing`."""
        if is_new:
            self._times(build.buildid).commands[uid] = Period(start=self._clock.seconds())
        return self._place(build, "command", uid)

    def place(self, build: Any, step_id: int) -> Mapping[str, str]:
        """See `engine.tracing.Tracing`."""
        return self._place(build, "step", step_id)

    def _place(self, build: Any, *part: object) -> Mapping[str, str]:
        given = parse_traceparent(build.properties.getProperty(PROPERTY))
        origin = TracedOrigin(build.buildid, build.request.submitted_at, given)
        trace = self._ids.trace(origin)
        is_sampled = self._sink.is_sampled(trace, given)
        return {VARIABLE: str(TraceContext(trace, self._ids.span(origin, *part), is_sampled))}

    def command_ended(self, build: Any, uid: str) -> None:
        """See `engine.tracing.Tracing`."""
        seen = self._seen.get(build.buildid)
        if seen is not None:  # a step that was abandoned may end after its build
            seen.commands.setdefault(uid, Period()).end = self._clock.seconds()

    # -- what happens --------------------------------------------------------------------------

    def _times(self, build_id: int) -> SeenTimes:
        seen = self._seen.get(build_id)
        if seen is None:
            if len(self._seen) >= MOST_BUILDS:  # those of masters that died meanwhile, whose end nobody told
                del self._seen[next(iter(self._seen))]
            seen = self._seen[build_id] = SeenTimes()
        return seen

    def _build_began(self, _key: Key, event: Event) -> None:
        build: Any = event.message
        if self._is_ours(build):
            self._times(build.buildid).build.start = self._clock.seconds()

    def _step_began(self, _key: Key, event: Event) -> None:
        step: Any = event.message
        if isinstance(step, Step):
            self._times(step.buildid).steps.setdefault(step.stepid, Period()).start = self._clock.seconds()

    def _step_ended(self, _key: Key, event: Event) -> None:
        step: Any = event.message
        if isinstance(step, Step):
            self._times(step.buildid).steps.setdefault(step.stepid, Period()).end = self._clock.seconds()

    def _build_ended(self, _key: Key, event: Event) -> None:
        build: Any = event.message
        if not isinstance(build, Build):
            return
        seen = self._seen.pop(build.buildid, SeenTimes())
        if self._is_ours(build):
            seen.build.end = self._clock.seconds()
            self._tasks.start(self._tell(build.buildid, seen), name="trace of a build")

    def _is_ours(self, build: Any) -> bool:
        return isinstance(build, Build) and build.masterid == self._master_id()

    async def _tell(self, build_id: int, seen: SeenTimes) -> None:
        try:
            found: TracedBuild = await self._read(traced, build_id)
        except BuildmillError as error:
            self._log.warn("the trace of build {build} is lost: {error}", build=build_id, error=str(error))
            return
        await self._in_thread(self._make_blocking, found, seen)

    def _make_blocking(self, found: TracedBuild, seen: SeenTimes) -> None:
        """A build may have thousands of commands."""
        self._sink.tell(spans_of(found, seen, self._ids, self._base_url))
