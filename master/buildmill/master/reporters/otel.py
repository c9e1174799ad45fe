"""Spans for OpenTelemetry: its SDK makes and samples them, and sends them from a thread of its own.

Imported only where traces are configured: it needs the extra ``[otel]``.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from buildmill.master.domain.traces import Span, TraceContext

STOP_SECONDS = 5.0
"""How long the last spans may take to be sent when the master stops."""

_NANOSECONDS = 1_000_000_000


class _Ids(IdGenerator):
    """Gives the ids that our spans have already."""

    def __init__(self) -> None:
        self.trace_id = self.span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id

    def generate_span_id(self) -> int:
        return self.span_id


class _Warnings(logging.Handler):
    """What the SDK says of itself, as of a collector that is away."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(record.getMessage())


class OtelSink:
    """See `reporters.tracing.SpanSink`. What is too much while a collector is away is dropped.

    Args:
        exporter: sends spans; that for OTLP over HTTP by default, which knows the variables ``OTEL_EXPORTER_OTLP_*``.
        service_name: what the spans say they are from; ``OTEL_SERVICE_NAME`` goes before.
        endpoint, headers, timeout: for the default exporter; the variables stand in for what is None.
        warn: is told what the SDK says, from any thread.
    """

    def __init__(
        self,
        *,
        exporter: SpanExporter | None = None,
        service_name: str = "buildmill",
        endpoint: str | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        environ: Mapping[str, str],
        warn: Callable[[str], None],
    ) -> None:
        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            exporter = OTLPSpanExporter(endpoint=endpoint, headers=dict(headers) if headers else None, timeout=timeout)
        self._ids = _Ids()
        self._telling = threading.Lock()
        name = environ.get("OTEL_SERVICE_NAME") or service_name
        self._provider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: name}), id_generator=self._ids, shutdown_on_exit=False
        )
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("buildmill")
        self._handler = _Warnings(warn)
        self._logger = logging.getLogger("opentelemetry")
        self._logger.addHandler(self._handler)

    def is_sampled(self, trace_id: int, parent: TraceContext | None) -> bool:
        """See `SpanSink`."""
        decided = self._provider.sampler.should_sample(_within(parent), trace_id, "build")
        return decided.decision is Decision.RECORD_AND_SAMPLE

    def tell(self, spans: Sequence[Span]) -> None:
        """See `SpanSink`; puts them into a queue."""
        if not spans:
            return
        first = spans[0]
        is_sampled = self.is_sampled(first.trace_id, first.parent)
        with self._telling:  # of one build at a time: they share the source of ids
            self._make(first, first.parent)
            for span in spans[1:]:
                parent = span.parent
                self._make(span, None if parent is None else replace(parent, is_sampled=is_sampled))

    def stop_blocking(self) -> None:
        """Send what waits, for a few seconds at most, and end the thread."""
        ending = threading.Thread(target=self._provider.shutdown, name="traces end", daemon=True)
        ending.start()
        ending.join(STOP_SECONDS)
        self._logger.removeHandler(self._handler)

    def _make(self, span: Span, parent: TraceContext | None) -> None:
        self._ids.trace_id, self._ids.span_id = span.trace_id, span.span_id
        made = self._tracer.start_span(
            span.name,
            context=_within(parent),
            attributes=dict(span.attributes),
            links=[Link(_context(link)) for link in span.links],
            start_time=int(span.start * _NANOSECONDS),
        )
        if span.problem:
            made.set_status(Status(StatusCode.ERROR, span.problem))
        made.end(int(span.end * _NANOSECONDS))


def _context(place: TraceContext) -> SpanContext:
    flags = TraceFlags.SAMPLED if place.is_sampled else TraceFlags.DEFAULT
    return SpanContext(place.trace_id, place.span_id, is_remote=True, trace_flags=TraceFlags(flags))


def _within(parent: TraceContext | None) -> Context:
    """The context of a child of `parent`; that of a first span without one, whatever runs at the moment."""
    context: Any = Context()
    return context if parent is None else set_span_in_context(NonRecordingSpan(_context(parent)), context)
