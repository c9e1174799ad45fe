"""Traces of real builds, in memory and at a collector; over a master's death, and with a collector that is away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from buildmill.common.results import FAILURE, SUCCESS
from buildmill.master.engine.tracing import NoTracing
from buildmill.master.reporters.otel import OtelSink
from buildmill.master.reporters.tracing import BuildTraces
from buildmill.master.steps.master_command import MasterShellCommand
from tests.collector import Collector
from tests.durable import DurableWorker
from tests.harness import Harness
from tests.unit.master.engine.test_builds import Run
from tests.unit.master.engine.test_durable import House

URL = "http://ci/"
ROOT = Path(__file__).parents[4]


class Traced(House):
    """A house whose builds are told as traces, life after life.

    Attributes:
        warnings: what the SDK has said.
    """

    exporter: SpanExporter | None = None
    warnings: list[str]

    def trace(self, exporter: SpanExporter | None = None, **settings: Any) -> None:
        self.exporter = exporter
        self.warnings = []
        self.sink = OtelSink(exporter=exporter, environ={}, warn=self.warnings.append, **settings)
        self.listen()

    def listen(self) -> None:
        """Begin with the traces, in each life of the master."""
        self.traces = BuildTraces(
            bus=self.bus, read=self.database.read, clock=self.clock, in_thread=self.master.in_thread, sink=self.sink,
            base_url=URL, master_id=lambda: self.master.masterid,
        )  # fmt: skip
        self.traces.start()
        self.master.tracing = self.traces

    def restart(self) -> None:
        self._boot()
        self.listen()
        self._start()

    def told(self) -> list[ReadableSpan]:
        """All spans; no more come."""
        self.turn()
        self.result(self.traces.stop())
        self.sink.stop_blocking()
        assert isinstance(self.exporter, InMemorySpanExporter)
        return list(self.exporter.get_finished_spans())


@pytest.fixture
def house_on_both(tmp_path: Path, schema_url: str) -> Iterator[Traced]:
    """On SQLite and on PostgreSQL."""
    yield from live(Traced(tmp_path, schema_url, new_worker=DurableWorker))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Traced]:
    yield from live(Traced(tmp_path, new_worker=DurableWorker))


def live(house: Traced) -> Iterator[Traced]:
    yield house
    house.turn()
    house.sink.stop_blocking()
    house.close()


def environment(house: Harness) -> str:
    """The place in a trace that the running command was given."""
    return str(house.worker.command.start.args["env"]["TRACEPARENT"])  # type: ignore[attr-defined]


def named(spans: list[ReadableSpan]) -> dict[str, ReadableSpan]:
    assert len({span.context.span_id for span in spans if span.context}) == len(spans)
    return {span.name: span for span in spans}


def test_a_build_is_a_trace_and_its_commands_know_their_place_in_it(house: Traced) -> None:
    house.trace(InMemorySpanExporter())
    house.start(house.builder(Run(command=["make"]), name="linux"))
    house.clock.advance(0.25)
    request = house.force("linux")
    place = environment(house)
    house.clock.advance(3)
    house.worker.end(house.command, 2)

    spans = named(house.told())

    assert [*spans] == ["build linux", "queue", "prepare", "run", "command shell"]
    root, command = spans["build linux"], spans["command shell"]
    assert root.context is not None
    assert command.context is not None
    assert place == f"00-{root.context.trace_id:032x}-{command.context.span_id:016x}-01"
    assert {span.context.trace_id for span in spans.values() if span.context} == {root.context.trace_id}
    assert command.end_time is not None
    assert command.start_time is not None
    assert command.end_time - command.start_time == 3_000_000_000
    assert root.status.status_code is StatusCode.ERROR
    assert root.attributes is not None
    assert root.attributes["cicd.pipeline.result"] == "failure"
    assert root.attributes["buildmill.buildrequest.id"] == request
    assert root.resource.attributes["service.name"] == "buildmill"
    assert house.results() == [FAILURE]


def test_a_build_that_outlives_its_master_is_told_once_with_the_same_ids(house_on_both: Traced) -> None:
    house = house_on_both
    house.trace(InMemorySpanExporter())
    house.start(house.builder(Run(name="one", command=["a"]), Run(name="two", command=["b"]), name="linux"))
    house.force("linux")
    house.worker.end(house.command)
    house.clock.advance(5)
    place = environment(house)

    house.crash_and_restart()
    house.clock.advance(5)
    house.reconnect()
    house.clock.advance(5)
    house.worker.end(house.command)

    spans = house.told()
    assert sorted(span.name for span in spans) == [
        "build linux", "command shell", "command shell", "one", "prepare", "queue", "two",
    ]  # fmt: skip
    assert len({span.context.span_id for span in spans if span.context}) == len(spans)
    (second,) = [span for span in spans if span.context and f"{span.context.span_id:016x}" in place]
    assert second.start_time is not None
    assert second.end_time is not None
    assert second.end_time - second.start_time >= 14_000_000_000  # from its step's row on
    assert len(house.worker.spawned) == 2
    assert house.results() == [SUCCESS]


def test_a_build_that_is_asked_for_within_a_trace_continues_it(house: Traced) -> None:
    house.trace(InMemorySpanExporter())
    house.start(house.builder(Run(command=["make"]), name="linux"))
    given = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    house.force("linux", properties={"traceparent": given})
    place = environment(house)
    house.worker.end(house.command)

    root = named(house.told())["build linux"]

    assert place.startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert root.parent is not None
    assert f"{root.parent.span_id:016x}" == "b7ad6b7169203331"


def test_a_program_on_the_masters_machine_knows_the_place_of_its_step(house: Traced) -> None:
    house.trace(InMemorySpanExporter())
    house.start(house.builder(MasterShellCommand(["make"], name="here"), name="linux"))
    house.force("linux")
    (environment,) = house.processes.environments

    step = named(house.told())["here"]

    assert step.context is not None
    assert environment is not None
    assert environment["PATH"]
    assert environment["TRACEPARENT"] == f"00-{step.context.trace_id:032x}-{step.context.span_id:016x}-01"


def test_what_is_not_sampled_is_not_told_and_commands_know_it(house: Traced) -> None:
    house.trace(InMemorySpanExporter())
    house.start(house.builder(Run(command=["make"]), name="linux"))
    house.force("linux", properties={"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"})
    place = environment(house)
    house.worker.end(house.command)

    assert place.endswith("-00")
    assert house.told() == []


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


def test_a_collector_gets_the_spans_over_otlp(house: Traced, collector: Collector) -> None:
    house.trace(endpoint=collector.url, headers={"x-team": "ci"}, service_name="our builds")
    house.start(house.builder(Run(command=["make"]), name="linux"))
    house.force("linux")
    house.worker.end(house.command)
    house.turn()
    house.sink.stop_blocking()

    (resource,) = collector.requests[0].resource_spans
    (scope,) = resource.scope_spans
    assert [span.name for span in scope.spans] == ["build linux", "queue", "prepare", "run", "command shell"]
    assert scope.spans[1].parent_span_id == scope.spans[0].span_id
    names = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert names["service.name"] == "our builds"
    assert collector.headers[0]["x-team"] == "ci"


def test_a_collector_that_is_away_harms_no_build(house: Traced) -> None:
    house.trace(endpoint="http://127.0.0.1:9/v1/traces", timeout=0.2)
    house.start(house.builder(Run(command=["make"]), name="linux"))
    for _ in range(2):
        house.force("linux")
        house.worker.end(house.command)
    house.turn()

    house.sink.stop_blocking()

    assert house.results() == [SUCCESS, SUCCESS]
    assert house.warnings


def test_without_traces_commands_get_nothing(house: Traced) -> None:
    house.trace(InMemorySpanExporter())
    house.start(house.builder(Run(command=["make"]), name="linux"))
    house.master.tracing = NoTracing()
    house.force("linux")
    assert "TRACEPARENT" not in (house.command.start.args.get("env") or {})
    house.worker.end(house.command)


def test_nothing_of_it_is_imported_before_traces_are_wanted() -> None:
    files = [path for root in ("common", "master", "worker") for path in (ROOT / root).rglob("*.py")]

    def importing(what: str) -> list[tuple[str, str]]:
        pattern = re.compile(rf"^( *)(?:from|import) {what}\b", re.M)
        return [(path.name, indent) for path in files for indent in pattern.findall(path.read_text())]

    assert {name for name, _ in importing("opentelemetry")} == {"otel.py"}
    assert importing("buildmill.master.reporters.otel") == [("tracing.py", " " * 8)]  # where traces begin
