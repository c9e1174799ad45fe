"""Checks of arguments, as ``buildbot.config.checks`` has them: a mistake is reported, and the reading goes on."""

from __future__ import annotations

from typing import Any, TypeVar

from buildmill.master.domain.config_errors import config_error

T = TypeVar("T")


def check_param_type(
    value: Any, default_value: T, class_inst: Any, name: str, types: tuple[type, ...], types_msg: str
) -> T:
    """The value, or the default if it is of none of the types.

    Args:
        class_inst: the class whose argument it is, for the text.
        types_msg: what was expected, for the text.
    """
    if isinstance(value, types) and not (isinstance(value, bool) and bool not in types):
        return value  # type: ignore[return-value]  # of one of the types, which only the caller can tell
    config_error(f"{class_inst.__name__} argument {name} must be {types_msg}, not {value!r}")
    return default_value


def check_param_bool(value: Any, class_inst: Any, name: str) -> bool:
    """True or False."""
    return check_param_type(value, False, class_inst, name, (bool,), "a boolean")


def check_param_str(value: Any, class_inst: Any, name: str) -> str:
    """A text."""
    return check_param_type(value, "(unknown)", class_inst, name, (str,), "a string")


def check_param_str_none(value: Any, class_inst: Any, name: str) -> str | None:
    """A text or None."""
    return check_param_type(value, None, class_inst, name, (str, type(None)), "a string or None")


def check_param_int(value: Any, class_inst: Any, name: str) -> int:
    """An integer."""
    return check_param_type(value, 0, class_inst, name, (int,), "an integer")


def check_param_int_none(value: Any, class_inst: Any, name: str) -> int | None:
    """An integer or None."""
    return check_param_type(value, None, class_inst, name, (int, type(None)), "an integer or None")


def check_param_number_none(value: Any, class_inst: Any, name: str) -> int | float | None:
    """A number or None."""
    return check_param_type(value, None, class_inst, name, (int, float, type(None)), "a number or None")


def check_param_length(value: Any, name: str, max_length: int) -> None:
    """A text of at most so many characters; what is no text (a renderable) is not looked at."""
    if isinstance(value, str) and len(value) > max_length:
        config_error(f"{name} {value!r} exceeds maximum length of {max_length}")
