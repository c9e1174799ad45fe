"""When traces are made: what the file says, and else the environment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from buildmill.common.errors import ConfigError
from buildmill.master.config.loader import load
from buildmill.master.config.master_config import MasterConfig, OpenTelemetryConfig
from buildmill.master.config.parts.tracing import TracingPart
from buildmill.master.engine.tracing import NoTracing
from tests.database import Stage
from tests.unit.master.config.test_loader import GOOD

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


async def at_once(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


class Place:
    """The part, in a master of which it needs little."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.environ: dict[str, str] = {}
        self.master = cast(Any, SimpleNamespace(tracing=NoTracing(), in_thread=at_once, masterid=1))
        self.part = TracingPart(
            master=self.master, bus=stage.bus, read=stage.database.read, reactor=stage.clock, environ=self.environ
        )

    def apply(self, how: OpenTelemetryConfig, url: str = "http://ci/") -> Any:
        """What takes notes then; None when nothing does."""
        config = MasterConfig(basedir=Path("/"), file=Path("/m"), buildbotURL=url, opentelemetry=how)
        self.stage.result(self.part.apply(config))
        return None if isinstance(self.master.tracing, NoTracing) else self.master.tracing


@pytest.fixture
def place(memory: Stage) -> Iterator[Place]:
    place = Place(memory)
    yield place
    memory.result(place.part.stop())


IN_MEMORY = OpenTelemetryConfig(is_on=True, exporter=InMemorySpanExporter())


@pytest.mark.parametrize(
    ("environ", "how", "is_made"),
    [
        ({}, OpenTelemetryConfig(), False),
        (ENDPOINT, OpenTelemetryConfig(), True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9"}, OpenTelemetryConfig(), True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, OpenTelemetryConfig(), True),
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, OpenTelemetryConfig(), False),
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "zipkin"}, OpenTelemetryConfig(), False),
        ({**ENDPOINT, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, OpenTelemetryConfig(), False),
        (ENDPOINT, OpenTelemetryConfig(is_on=False), False),
        ({}, IN_MEMORY, True),
        ({"OTEL_SDK_DISABLED": "true"}, IN_MEMORY, False),
    ],
)
def test_the_file_decides_and_else_the_environment(
    place: Place, environ: dict[str, str], how: OpenTelemetryConfig, is_made: bool
) -> None:
    place.environ.update(environ)

    assert (place.apply(how) is not None) is is_made


def test_a_reconfiguration_begins_anew_only_with_other_settings(place: Place) -> None:
    first = place.apply(IN_MEMORY)

    assert place.apply(IN_MEMORY) is first
    assert place.apply(IN_MEMORY, "http://other/") not in (None, first)
    assert place.apply(OpenTelemetryConfig(is_on=False)) is None


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("3", "opentelemetry must be a dictionary, True, False or None, not 3"),
        ("{'colour': 1}", "opentelemetry: unknown key 'colour'; known are endpoint, exporter, headers"),
        ("{'endpoint': 'collector:4318'}", "opentelemetry['endpoint'] must be a URL, http: or https:"),
        ("{'headers': {'a': 1}}", "opentelemetry['headers'] must be a dictionary of texts"),
        ("{'timeout': 0}", "opentelemetry['timeout'] must be a number of seconds above 0"),
        ("{'exporter': 3}", "opentelemetry['exporter'] must be a SpanExporter"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, value: str, problem: str) -> None:
    (tmp_path / "master.cfg").write_text(f"{GOOD}\nc['opentelemetry'] = {value}\n")

    with pytest.raises(ConfigError) as error:
        load(tmp_path)

    (found,) = error.value.problems
    assert problem in str(found)
    assert found.line is not None


@pytest.mark.parametrize(
    ("value", "how"),
    [
        ("True", OpenTelemetryConfig(is_on=True)),
        ("None", OpenTelemetryConfig(is_on=False)),
        (
            "{'endpoint': 'http://c:4318/v1/traces', 'headers': {'a': 'b'}, 'service_name': 'x', 'timeout': 3}",
            OpenTelemetryConfig(
                is_on=True, endpoint="http://c:4318/v1/traces", headers={"a": "b"}, service_name="x", timeout=3
            ),
        ),
    ],
)
def test_settings_are_taken(tmp_path: Path, value: str, how: OpenTelemetryConfig) -> None:
    (tmp_path / "master.cfg").write_text(f"{GOOD}\nc['opentelemetry'] = {value}\n")

    assert load(tmp_path).opentelemetry == how
