"""Reading the YAML that buildpacks and apps write."""

from __future__ import annotations

import os
from typing import Any

MAX_BYTES = 1 << 20


class BadYaml(Exception):
    """What should be a map in YAML is none; the text says why."""


def parse_yaml_map(text: bytes) -> dict[Any, Any]:
    """A map; an empty one if there is nothing.

    Raises:
        BadYaml: it is none.
    """
    import yaml  # most phases need none, and it takes its time to be loaded

    if len(text) > MAX_BYTES:
        raise BadYaml(f"more than {MAX_BYTES} bytes")
    try:
        value = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # both are safe
    except (yaml.YAMLError, RecursionError, ValueError) as problem:
        raise BadYaml(" ".join(str(problem).split())) from problem
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadYaml(f"expected a map, not {type(value).__name__}")
    return value


def read_yaml_map(path: str) -> dict[Any, Any] | None:
    """The map in a file; None if there is no such file.

    Raises:
        BadYaml: there is something else in it.
    """
    if not os.path.isfile(path):  # a pipe would never end
        return None
    try:
        with open(path, "rb") as file:
            return parse_yaml_map(file.read(MAX_BYTES + 1))
    except OSError as problem:
        raise BadYaml(problem.strerror or str(problem)) from problem


def text_of(value: Any, what: str) -> str:
    """A scalar as text.

    Args:
        what: names it in messages.

    Raises:
        BadYaml: it is a map or a list.
    """
    if isinstance(value, dict | list):
        raise BadYaml(f"{what}: expected text, not {type(value).__name__}")
    return "" if value is None else str(value)


def text_map_of(value: Any, what: str) -> dict[str, str]:
    """A map of texts; an empty one for nothing.

    Raises:
        BadYaml: it is none.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadYaml(f"{what}: expected a map, not {type(value).__name__}")
    return {text_of(key, what): text_of(inner, f"{what}.{key}") for key, inner in value.items()}
