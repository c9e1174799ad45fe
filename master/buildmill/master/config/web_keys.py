"""The key ``www``: the web side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from buildmill.master.config.master_config import WwwConfig
from buildmill.master.config.problems import Problems


class _Unset:
    def __repr__(self) -> str:
        return "<unset>"


UNSET: Final = _Unset()
"""What a checker gives when the default is to be used."""

Checker = Callable[[str, Any, Problems], Any]
"""``(key, value, problems)``: the value to use, or `UNSET`."""

_UI_KEYS = frozenset(
    {
        "plugins", "versions", "default_page", "ui_default_config", "project_widgets", "theme",
        "custom_templates_dir", "jsonp", "graphql",
    }
)  # fmt: skip
_NOT_YET: Mapping[str, str] = {
    "auth": "logging in is",
    "authz": "rules of who may do what are",
    "change_hook_dialects": "web hooks are",
    "change_hook_auth": "web hooks are",
    "avatar_methods": "avatars are",
}
_INTEGERS = {
    "logRotateLength": "log_rotate_length",
    "maxRotatedFiles": "max_rotated_files",
    "json_cache_seconds": "json_cache_seconds",
    "rest_minimum_version": "rest_minimum_version",
    "ws_ping_interval": "ws_ping_interval",
}
_OTHERS = frozenset({"port", "allowed_origins", "logfileName", "cookie_expiration_time", "debug"})


def checked_www(key: str, value: Any, problems: Problems) -> Any:
    """The value as a `WwwConfig`."""
    if not isinstance(value, Mapping):
        problems.at_key(key, f"{key} must be a dictionary, not {value!r}")
        return UNSET
    fields: dict[str, Any] = {}
    ui: dict[str, Any] = {}
    for name, option in value.items():
        if name in _UI_KEYS:
            ui[name] = option
        elif name in _NOT_YET:
            if option and not problems.is_not_there_yet(key, option, name):
                problems.at_key(key, f"www[{name!r}]: {_NOT_YET[name]} not available yet; remove the key", inner=name)
        elif name in _INTEGERS:
            if isinstance(option, bool) or not isinstance(option, int) or option < 0:
                problems.at_key(key, f"www[{name!r}] must be an integer, at least 0, not {option!r}", inner=name)
            else:
                fields[_INTEGERS[name]] = option
        elif name in _OTHERS:
            _check_other(key, name, option, problems, fields)
        else:
            problems.at_key(key, f"www: unknown key {name!r}", inner=str(name))
    if isinstance(ui.get("plugins"), Mapping) and "base_react" in ui["plugins"]:
        problems.at_key(key, "www['plugins']: 'base_react' is no plugin of its own any more", inner="base_react")
    return WwwConfig(**fields, ui=ui)


def _check_other(key: str, name: str, option: Any, problems: Problems, fields: dict[str, Any]) -> None:
    def expected(what: str) -> None:
        problems.at_key(key, f"www[{name!r}] must be {what}, not {option!r}", inner=name)

    match name:
        case "port":
            port = _endpoint(option)
            if port is UNSET:
                expected("a port, an endpoint description as 'tcp:8010:interface=127.0.0.1', or None")
            else:
                fields["port"] = port
        case "allowed_origins":
            if isinstance(option, list | tuple) and all(isinstance(origin, str) for origin in option):
                fields["allowed_origins"] = tuple(option)
            elif option is not None:
                expected("a list of patterns")
        case "logfileName":
            if option and not isinstance(option, str):
                expected("the name of a file")
            else:
                fields["log_file"] = option or None
        case "cookie_expiration_time":
            if isinstance(option, timedelta):
                fields["cookie_expiration_time"] = option
            else:
                expected("a timedelta")
        case "debug":
            fields["debug"] = bool(option)


def _endpoint(port: Any) -> Any:
    if port is None:
        return None
    if isinstance(port, str) and port.isascii() and port.isdigit() and len(port) <= 5:
        port = int(port)
    if isinstance(port, int) and not isinstance(port, bool):
        return f"tcp:{port}" if 0 <= port <= 65535 else UNSET
    if isinstance(port, str) and ":" in port:
        return port
    return UNSET
