"""The environment of a staging: later groups replace earlier ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from buildmill.common.staging import Lifecycle

_encode = msgspec.json.Encoder(order="deterministic").encode


def staging_environment(
    *,
    operator: Mapping[str, str],
    app: Mapping[str, Any],
    request: Mapping[str, Any],
    lifecycle: Lifecycle,
    stack: str,
    memory_mb: int,
    application: Mapping[str, Any],
) -> dict[str, str]:
    """All that scripts of buildpacks get, beside what the worker's program adds.

    Args:
        operator, app, request: variables of the operator, the app, this staging.
        application: what ``VCAP_APPLICATION`` holds.
    """
    own: dict[str, Any] = {} if lifecycle is Lifecycle.CNB else {"CF_STACK": stack}
    own |= {"VCAP_APPLICATION": application, "MEMORY_LIMIT": f"{memory_mb}m", "VCAP_SERVICES": {}}
    merged = {"LANG": "en_US.UTF-8", **operator, **app, **request, **own}
    return {name: _text(value) for name, value in merged.items()}


def _text(value: Any) -> str:
    """A text as it is, nothing as an empty one, anything else as its JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else _encode(value).decode()
