"""The key ``www['limits']``: what clients may ask of the web side, and how long they may take."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from buildmill.master.config.problems import Problems
from buildmill.master.web.limits import WebLimits

_LEAST: Final[Mapping[str, int]] = {
    "body_bytes": 1024,
    "cache_bytes": 0,
    "socket_bytes": 1024,
    "socket_message_bytes": 1024,
    "replay_bytes": 0,
    "replay_events": 0,
    "sockets": 0,
    "follows": 0,
    "searches": 0,
}
"""Of the whole numbers that are not at least 1: with less nobody could use it at all, or 0 means none."""
_MOST: Final = 2**40
_NAMES: Final = tuple(field.name for field in fields(WebLimits))
_DEFAULTS: Final = WebLimits()
_KEY: Final = "limits"


def checked_limits(key: str, given: Any, problems: Problems) -> WebLimits | None:
    """The limits; None, and a problem, where they make no sense."""
    if not isinstance(given, Mapping):
        problems.at_key(key, f"www['limits'] must be a dictionary, not {given!r}", inner=_KEY)
        return None
    taken: dict[str, Any] = {}
    faults: list[str] = []
    for name, value in given.items():
        if name not in _NAMES:
            faults.append(f"www['limits']: unknown key {name!r}; known are {', '.join(_NAMES)}")
        elif (expected := _fault(name, value)) is not None:
            faults.append(f"www['limits'][{name!r}] must be {expected}, not {value!r}")
        else:
            taken[name] = value
    limits = WebLimits(**taken)
    if not faults:
        faults = _contradictions(limits)
    for fault in faults:
        problems.at_key(key, fault, inner=_KEY)
    return None if faults else limits


def _fault(name: str, value: Any) -> str | None:
    """What was expected instead; None if the value is right."""
    if isinstance(getattr(_DEFAULTS, name), int) and not _is_duration(name):
        least = _LEAST.get(name, 1)
        is_right = type(value) is int and least <= value <= _MOST
        return None if is_right else f"a whole number, {least} to {_MOST}"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_right = is_number and math.isfinite(value) and 0 < value <= _MOST
    return None if is_right else "a number greater than 0"


def _is_duration(name: str) -> bool:
    return "seconds" in name or name.endswith("_per_second")


def _contradictions(limits: WebLimits) -> list[str]:
    found = []
    if limits.body_seconds <= limits.head_seconds:
        found.append("www['limits']: body_seconds must be more than head_seconds, which is part of it")
    if limits.rows_known < limits.rows:
        found.append("www['limits']: rows_known must be at least rows")
    return found
