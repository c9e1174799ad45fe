"""``/metrics`` for Prometheus: one registry for each master, filled when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from buildmill.common.errors import NotSupported
from buildmill.master.data.condition import Condition
from buildmill.master.domain.workload import Workload
from buildmill.master.web.health import problem_of
from buildmill.master.web.operations import Operations, Tally

PACKAGE = "prometheus_client"
CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
HOW_TO_GET = "metrics need the package prometheus-client: pip install 'buildmill[metrics]'"


class Metrics:
    """All that is told about one master.

    Args:
        condition: how the database is.
        operations: what was counted.
    """

    def __init__(self, condition: Condition, operations: Operations) -> None:
        self._condition = condition
        self._operations = operations
        self._library: Any = None
        self._registry: Any = None
        self._work: Workload | None = None
        self._are_up: dict[str, bool] = {}

    async def text(self) -> tuple[bytes, bytes]:
        """The text in Prometheus's format, and its content type.

        Raises:
            NotSupported: prometheus-client is not installed.
            Unavailable: the database is away.
        """
        registry = self._filled_registry()
        self._work = await self._condition.work()
        self._are_up = {name: await problem_of(ask) is None for name, ask in self._operations.others.items()}
        return self._library.generate_latest(registry), CONTENT_TYPE

    def _filled_registry(self) -> Any:
        if self._registry is None:
            try:
                self._library = importlib.import_module(PACKAGE)
                importlib.import_module(f"{PACKAGE}.core")
            except ImportError:
                raise NotSupported(HOW_TO_GET) from None
            registry = self._library.CollectorRegistry()
            registry.register(self)
            self._library.ProcessCollector(registry=registry)
            self._registry = registry
        return self._registry

    def describe(self) -> list[Any]:
        """Nothing: what there is becomes known when it is collected."""
        return []

    def collect(self) -> Iterator[Any]:
        """All families; called by the registry, in the reactor's thread."""
        yield from self._work_families()
        yield from self._speed_families()
        yield from self._writer_families()
        yield from self._event_families()
        if self._are_up:
            up = self._library.core.GaugeMetricFamily(
                "buildmill_process_up", "1 while another process of this master works, by its name.", labels=["process"]
            )
            for name, is_up in self._are_up.items():
                up.add_metric([name], is_up)
            yield up

    def _gauge(self, name: str, about: str, value: float) -> Any:
        return self._library.core.GaugeMetricFamily(f"buildmill_{name}", about, value=value)

    def _counter(self, name: str, about: str, value: float) -> Any:
        return self._library.core.CounterMetricFamily(f"buildmill_{name}", about, value=value)

    def _work_families(self) -> Iterator[Any]:
        work = self._work
        if work is None:
            return
        oldest = 0 if work.waiting_since is None else max(0, self._operations.now - work.waiting_since)
        yield self._gauge("requests_waiting", "Build requests that nobody has claimed.", work.waiting)
        yield self._gauge("oldest_request_seconds", "How long the oldest of these has waited.", oldest)
        yield self._gauge("builds_running", "Builds that have not ended.", work.running)
        workers = self._library.core.GaugeMetricFamily(
            "buildmill_workers",
            "Workers by state: connected, paused, busy (with at least one build).",
            labels=["state"],
        )
        workers.add_metric(["busy"], work.busy_workers)
        workers.add_metric(["connected"], work.connected_workers)
        workers.add_metric(["paused"], work.paused_workers)
        yield workers

    def _speed_families(self) -> Iterator[Any]:
        operations = self._operations
        yield _histogram(
            self._library.core, "queue_seconds", "How long requests waited.", {"": operations.queue_seconds}
        )
        yield _histogram(
            self._library.core, "build_seconds", "How long builds took, by result.", operations.build_seconds, "result"
        )
        yield _histogram(
            self._library.core,
            "reactor_lag_seconds",
            "How late the event loop was, measured once a second.",
            {"": operations.lag_seconds},
        )

    def _writer_families(self) -> Iterator[Any]:
        sizes = self._condition.batch_sizes
        tally = Tally([2**power for power in range(len(sizes))])
        tally.counts = [*sizes, 0]
        tally.sum = self._condition.units
        yield _histogram(self._library.core, "writer_batch_units", "Units of work in one commit.", {"": tally})
        yield self._gauge(
            "writer_blocked", "1 while the database cannot be written.", self._condition.trouble is not None
        )

    def _event_families(self) -> Iterator[Any]:
        clients = self._operations.clients
        backlogs = [] if clients is None else clients.hub.backlogs
        yield self._counter("events", "Events that were told.", self._operations.events)
        kinds = self._library.core.GaugeMetricFamily(
            "buildmill_event_clients", "Clients of events, by kind: socket, stream.", labels=["kind"]
        )
        kinds.add_metric(["socket"], 0 if clients is None else clients.sockets())
        kinds.add_metric(["stream"], 0 if clients is None else clients.streams())
        yield kinds
        yield self._gauge("event_backlog_bytes", "What waits for all clients that read slowly.", sum(backlogs))
        yield self._gauge("event_backlog_max_bytes", "What waits for the slowest of them.", max(backlogs, default=0))
        overruns = 0 if clients is None else clients.hub.overruns
        yield self._counter("event_overruns", "Clients that were closed because they read too slowly.", overruns)


def _histogram(core: Any, name: str, about: str, tallies: dict[str, Tally], label: str = "") -> Any:
    family = core.HistogramMetricFamily(f"buildmill_{name}", about, labels=[label] if label else [])
    for value, tally in tallies.items():
        total, buckets = 0, []
        for bound, count in zip((*map(str, map(float, tally.bounds)), "+Inf"), tally.counts, strict=True):
            total += count
            buckets.append((bound, total))
        family.add_metric([value] if label else [], buckets, tally.sum)
    return family
