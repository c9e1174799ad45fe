"""Checks that the constructors of the configuration's vocabulary share. Each reports by `config_error`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.not_there_yet import is_not_there_yet
from buildmill.master.domain.properties import NAME_LIMIT

_IDENTIFIER = re.compile(r"[A-Za-z_\-\u00a0-\U0010ffff][A-Za-z0-9_\-\u00a0-\U0010ffff]*")


def is_identifier(text: object, limit: int) -> bool:
    """Whether `text` can be a name in paths of the data API: letters, digits, ``_``, ``-``; no digit first."""
    return isinstance(text, str) and len(text) <= limit and _IDENTIFIER.fullmatch(text) is not None


def checked_callable(owner: str, argument: str, value: Any) -> Callable[..., Any] | None:
    """`value`, if it is None or can be called."""
    if is_not_there_yet(value, config_error):
        return None
    if value is not None and not callable(value):
        config_error(f"{owner}: {argument} must be callable, not {value!r}")
        return None
    return value  # type: ignore[no-any-return]  # callable or None, as checked


def checked_properties(owner: str, argument: str, value: Any) -> dict[str, Any]:
    """A dictionary of properties with names of an allowed length."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        config_error(f"{owner}: {argument} must be a dictionary, not {value!r}")
        return {}
    for name in value:
        if not isinstance(name, str):
            config_error(f"{owner}: the name of a property in {argument} must be a string, not {name!r}")
        elif len(name) > NAME_LIMIT:
            config_error(
                f"{owner}: the name of a property in {argument} has at most {NAME_LIMIT} characters, "
                f"this has {len(name)}: {name[:40]!r}..."
            )
    return dict(value)


def checked_int(
    owner: str, argument: str, value: Any, *, at_least: int | None = None, default: int | None = None
) -> int | None:
    """An integer, or None where that is allowed (`default`)."""
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        config_error(f"{owner}: {argument} must be an integer, not {value!r}")
        return default
    if at_least is not None and value < at_least:
        config_error(f"{owner}: {argument} must be at least {at_least}, not {value}")
        return default
    return value


def checked_strings(owner: str, argument: str, value: Any) -> tuple[str, ...]:
    """A list of strings; one string alone is taken as a list of it."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Sequence) or not all(isinstance(item, str) for item in value):
        config_error(f"{owner}: {argument} must be a list of strings, not {value!r}")
        return ()
    return tuple(value)
