"""Checking the arguments of the classes of ``www``."""

from __future__ import annotations

from typing import Any

from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable


def check_words(owner: object, name: str, value: Any) -> None:
    """Report an argument that is neither text nor a renderable of it; its value may be secret, and is not shown."""
    if not is_renderable(value) and (not isinstance(value, str) or not value):
        config_error(f"{type(owner).__name__}: {name} must be non-empty text or a renderable of it")
