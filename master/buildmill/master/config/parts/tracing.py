"""Traces of builds, where the configuration or the environment asks for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger

from buildmill.master.config.master_config import MasterConfig, OpenTelemetryConfig
from buildmill.master.config.tracing_keys import NOT_INSTALLED, is_installed
from buildmill.master.engine.facade import Master
from buildmill.master.engine.tracing import NoTracing
from buildmill.master.mq.bus import EventBus

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_EXPORTER = "OTEL_TRACES_EXPORTER"
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_SPOKEN = "http/protobuf"


class TracingPart:
    """Begins and ends to make traces. Nothing of OpenTelemetry is imported before the first configuration wants it.

    Args:
        environ: the variables ``OTEL_*`` of the master.
    """

    name = "traces"
    _log = Logger()

    def __init__(
        self,
        *,
        master: Master,
        bus: EventBus,
        read: Callable[..., Awaitable[Any]],
        reactor: Any,
        environ: Mapping[str, str],
    ) -> None:
        self._master = master
        self._bus = bus
        self._read = read
        self._reactor: IReactorFromThreads = reactor
        self._clock = reactor
        self._environ = environ
        self._sink: Any = None
        self._traces: Any = None
        self._settings: tuple[OpenTelemetryConfig, str] | None = None

    async def apply(self, config: MasterConfig) -> None:
        """See `Part.apply`."""
        wanted = (config.opentelemetry, config.buildbotURL) if self._is_wanted(config.opentelemetry) else None
        if wanted == self._settings:
            return
        await self.stop()
        if wanted is not None:
            self._start(config)
            self._settings = wanted

    def settle(self) -> None:
        """Nothing was kept for going back."""

    async def stop(self) -> None:
        """Make no more traces; what was made is sent, if it can be sent soon."""
        traces, sink = self._traces, self._sink
        self._traces = self._sink = self._settings = None
        self._master.tracing = NoTracing()
        if traces is not None:
            await traces.stop()
            await self._master.in_thread(sink.stop_blocking)

    def _start(self, config: MasterConfig) -> None:
        from buildmill.master.reporters.otel import OtelSink
        from buildmill.master.reporters.tracing import BuildTraces

        how = config.opentelemetry
        self._sink = OtelSink(
            exporter=how.exporter,
            service_name=how.service_name,
            endpoint=how.endpoint,
            headers=how.headers,
            timeout=how.timeout,
            environ=self._environ,
            warn=lambda text: self._reactor.callFromThread(self._log.warn, "traces: {text}", text=text),
        )
        self._traces = BuildTraces(
            bus=self._bus,
            read=self._read,
            clock=self._clock,
            in_thread=self._master.in_thread,
            sink=self._sink,
            base_url=config.buildbotURL,
            master_id=lambda: self._master.masterid,
        )
        self._traces.start()
        self._master.tracing = self._traces
        self._log.info("builds are told as traces")

    def _is_wanted(self, how: OpenTelemetryConfig) -> bool:
        """Whether the file says so; or, where it says nothing, the environment."""
        if self._environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true" or how.is_on is False:
            return False
        if how.is_on:
            return True
        exporter = self._environ.get(_EXPORTER, "")
        if exporter == "none" or not (exporter or any(self._environ.get(name) for name in _ENDPOINTS)):
            return False
        protocol = next((self._environ[name] for name in _PROTOCOLS if self._environ.get(name)), _SPOKEN)
        if exporter not in ("", "otlp") or protocol != _SPOKEN:
            text = "traces: the environment asks for {exporter} over {protocol}; only otlp over http/protobuf is there"
            self._log.warn(text, exporter=exporter or "otlp", protocol=protocol)
            return False
        if not is_installed(is_otlp=True):
            self._log.warn("traces: the environment asks for them, but {why}", why=NOT_INSTALLED)
            return False
        return True
