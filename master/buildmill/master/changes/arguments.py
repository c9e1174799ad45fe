"""Checks of arguments that change sources have in common."""

from __future__ import annotations

import codecs
from typing import Any

from buildmill.master.domain.config_errors import config_error


def optional_text(owner: str, argument: str, value: Any) -> str | None:
    """A text, or None; what is neither is reported, and counts as None."""
    if value is not None and not isinstance(value, str):
        config_error(f"{owner}: {argument} must be a string, not {value!r}")
        return None
    return value


def text_or_function(owner: str, argument: str, value: Any) -> Any:
    """A text, a function, or None; what is none of them is reported, and counts as None."""
    if value is not None and not isinstance(value, str) and not callable(value):
        config_error(f"{owner}: {argument} must be a string or callable, not {value!r}")
        return None
    return value


def encoding_of(owner: str, encoding: Any) -> str:
    """The name of an encoding; what is none is reported, and counts as UTF-8."""
    try:
        codecs.lookup(encoding)
    except (LookupError, TypeError):
        config_error(f"{owner}: encoding must be the name of an encoding, not {encoding!r}")
        return "utf-8"
    return str(encoding)
