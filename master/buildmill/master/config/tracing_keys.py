"""The key ``opentelemetry``: where traces of builds go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any

from buildmill.master.config.master_config import OpenTelemetryConfig
from buildmill.master.config.problems import Problems
from buildmill.master.config.web_keys import UNSET

NOT_INSTALLED = "the extra for it is not installed: pip install 'buildmill[otel]'"
_SDK = "opentelemetry.sdk.trace"
_OTLP = "opentelemetry.exporter.otlp.proto.http"


def is_installed(*, is_otlp: bool) -> bool:
    """Whether the SDK is there, and the exporter for OTLP, if that is wanted. Imports next to nothing of it."""
    try:
        return find_spec(_SDK) is not None and (not is_otlp or find_spec(_OTLP) is not None)
    except ModuleNotFoundError:
        return False


def checked_opentelemetry(key: str, value: Any, problems: Problems) -> Any:
    """The value as an `OpenTelemetryConfig`."""
    if value is None or value is False:
        return OpenTelemetryConfig(is_on=False)
    if value is True:
        value = {}
    if not isinstance(value, Mapping):
        problems.at_key(key, f"{key} must be a dictionary, True, False or None, not {value!r}")
        return UNSET
    fields: dict[str, Any] = {}
    for name, option in value.items():
        if name not in _CHECKS:
            problems.at_key(key, f"{key}: unknown key {name!r}; known are {', '.join(sorted(_CHECKS))}", str(name))
        elif not _CHECKS[name][0](option):
            problems.at_key(key, f"{key}[{name!r}] must be {_CHECKS[name][1]}, not {option!r}", str(name))
        else:
            fields[name] = option
    if not is_installed(is_otlp="exporter" not in fields):
        problems.at_key(key, f"{key}: {NOT_INSTALLED}")
    return OpenTelemetryConfig(is_on=True, **fields)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


_CHECKS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "endpoint": (lambda value: _is_text(value) and value.startswith(("http://", "https://")), "a URL, http: or https:"),
    "headers": (
        lambda value: isinstance(value, Mapping) and all(map(_is_text, [*value, *value.values()])),
        "a dictionary of texts",
    ),
    "service_name": (_is_text, "a text"),
    "timeout": (
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value > 0,
        "a number of seconds above 0",
    ),
    "exporter": (lambda value: callable(getattr(value, "export", None)), "a SpanExporter of OpenTelemetry's SDK"),
}
