"""Checks of arguments that the kinds of latent workers share. Each reports by `config_error`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable

Check = Callable[[str, str, Any], None]
"""``(owner, argument, value)``; None is no value, and always taken."""


def check(owner: str, checker: Check, **values: Any) -> None:
    """Check several arguments in one way; what is None is not given."""
    for argument, value in values.items():
        if value is not None:
            checker(owner, argument, value)


def text(owner: str, argument: str, value: Any) -> None:
    """Text that is not empty."""
    if not isinstance(value, str) or not value:
        config_error(f"{owner}: {argument} must be non-empty text, not {value!r}")


def rendered_text(owner: str, argument: str, value: Any) -> None:
    """The same, or a renderable."""
    if not is_renderable(value):
        text(owner, argument, value)


def flag(owner: str, argument: str, value: Any) -> None:
    """True or False."""
    if not isinstance(value, bool):
        config_error(f"{owner}: {argument} must be True or False, not {value!r}")


def number(owner: str, argument: str, value: Any) -> None:
    """An integer or a fraction."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        config_error(f"{owner}: {argument} must be a number, not {value!r}")


def mapping(owner: str, argument: str, value: Any) -> None:
    """A dictionary, or a renderable."""
    if not isinstance(value, Mapping) and not is_renderable(value):
        config_error(f"{owner}: {argument} must be a dictionary, not {value!r}")


def sequence(owner: str, argument: str, value: Any) -> None:
    """A list, or a renderable."""
    if (isinstance(value, str) or not isinstance(value, Sequence)) and not is_renderable(value):
        config_error(f"{owner}: {argument} must be a list, not {value!r}")


def texts(owner: str, argument: str, value: Any) -> None:
    """A list of texts or renderables, or a renderable."""
    if is_renderable(value):
        return
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(map(_is_text, value)):
        config_error(f"{owner}: {argument} must be a list of texts, not {value!r}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or is_renderable(value)


def check_protocol(owner: str, value: Any) -> None:
    """The argument `master_protocol`: both are served by the same port here."""
    if value not in ("pb", "msgpack_experimental_v7"):
        config_error(f"{owner}: master_protocol must be 'pb' or 'msgpack_experimental_v7', not {value!r}")
