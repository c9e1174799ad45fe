"""The document ``/config``, from which front ends learn where they are."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import msgspec


def own_version() -> str:
    """The installed version of Buildmill."""
    return _version("buildmill")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def front_end_config(
    *, base_url: str, title: str, title_url: str, multi_master: bool, ui: Mapping[str, Any]
) -> dict[str, Any]:
    """What front ends expect to find.

    Args:
        ui: the settings of the configuration that only pages use, by name; they are passed on, and what JSON does not
            know as text.
    """
    passed_on = {str(name): _plain(value) for name, value in ui.items() if name not in ("custom_templates_dir",)}
    return {
        "plugins": {},
        "ui_default_config": {},
        **passed_on,
        "auth": {"name": "NoAuth"},
        "authz": {},
        "avatar_methods": [],
        "buildbotURL": base_url,
        "multiMaster": multi_master,
        "title": title,
        "titleURL": title_url,
        "user": {"anonymous": True},
        "versions": [
            ["Python", sys.version.split()[0]],
            ["Buildmill", own_version()],
            ["Twisted", _version("twisted")],
            *(passed_on.get("versions") or ()),
        ],
    }


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(entry) for entry in value]
    try:
        msgspec.json.encode(value)
    except (TypeError, ValueError):
        return f"<{type(value).__name__}>"
    return value
