"""Checks of constructor arguments that the steps share. A renderable passes: its value is not known yet."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable

_NAMES = {str: "a string", bool: "a bool", int: "an integer", float: "a number", list: "a list", dict: "a dict"}


def check_type(step: object, argument: str, value: Any, *kinds: type, optional: bool = False) -> None:
    """Report a configuration error unless `value` is one of `kinds` (a bool is no int), None if optional."""
    if is_renderable(value) or (value is None and optional):
        return
    if isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool)):
        return
    wanted = " or ".join([_NAMES.get(kind, kind.__name__) for kind in kinds] + (["None"] if optional else []))
    config_error(f"{label(step)}: {argument} must be {wanted}, not {value!r}")


def check_count(step: object, argument: str, value: Any, *, least: int = 0, optional: bool = True) -> None:
    """Report a configuration error unless `value` is an integer of at least `least`."""
    check_type(step, argument, value, int, optional=optional)
    if isinstance(value, int) and not isinstance(value, bool) and value < least:
        config_error(f"{label(step)}: {argument} must be at least {least}, not {value}")


def check_choice(step: object, argument: str, value: Any, choices: Collection[Any]) -> None:
    """Report a configuration error unless `value` is one of `choices`."""
    if is_renderable(value):
        return
    if not any(value is choice or (type(value) is type(choice) and value == choice) for choice in choices):
        known = ", ".join(map(repr, choices))
        config_error(f"{label(step)}: {argument} must be one of {known}, not {value!r}")


def require(step: object, argument: str, value: Any) -> None:
    """Report a configuration error if a needed argument is missing."""
    if not is_renderable(value) and (value is None or value == ""):
        config_error(f"{label(step)}: {argument} must be given")


def label(step: object) -> str:
    """How messages call a step: its class."""
    return type(step).__name__
