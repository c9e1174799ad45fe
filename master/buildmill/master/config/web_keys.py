"""The key ``www``: the web side."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from buildmill.common.errors import InvalidInput, NotSupported
from buildmill.master.auth.access import Network
from buildmill.master.auth.avatars import AvatarBase
from buildmill.master.auth.backends import AuthBase
from buildmill.master.auth.hooks import DIALECTS, BaseHookHandler
from buildmill.master.auth.rules import Authz
from buildmill.master.config.master_config import WwwConfig
from buildmill.master.config.problems import Problems
from buildmill.master.config.ui_settings import check_ui_defaults
from buildmill.master.config.web_limits import checked_limits
from buildmill.master.web.badges import look_of
from buildmill.master.web.dashboards import PLUGIN as DASHBOARDS
from buildmill.master.web.dashboards import dashboards_of
from buildmill.master.web.plugins import BADGES, folders_of


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
_OWN_PAGES = frozenset({"waterfall_view", "console_view", "grid_view"})
"""Packages of Buildbot's whose pages are always there."""
_ACCEPTED: Mapping[str, tuple[type, str]] = {
    "auth": (AuthBase, "util.UserPasswordAuth({...})"),
    "authz": (Authz, "util.Authz(...)"),
    "change_hook_dialects": (Mapping, ""),
    "change_hook_auth": (list, ""),
    "avatar_methods": (AvatarBase, ""),
}
_INTEGERS = {
    "logRotateLength": "log_rotate_length",
    "maxRotatedFiles": "max_rotated_files",
    "json_cache_seconds": "json_cache_seconds",
    "rest_minimum_version": "rest_minimum_version",
    "ws_ping_interval": "ws_ping_interval",
}
_OTHERS = frozenset(
    {
        "port", "allowed_origins", "logfileName", "cookie_expiration_time", "debug", "public_read", "trusted_proxies",
        "process", "operations_port", "limits",
    }
)  # fmt: skip


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
        elif name in _ACCEPTED:
            _check_accepted(key, name, option, problems, fields)
        elif name in _INTEGERS:
            if isinstance(option, bool) or not isinstance(option, int) or option < 0:
                problems.at_key(key, f"www[{name!r}] must be an integer, at least 0, not {option!r}", inner=name)
            else:
                fields[_INTEGERS[name]] = option
        elif name in _OTHERS:
            _check_other(key, name, option, problems, fields)
        else:
            problems.at_key(key, f"www: unknown key {name!r}", inner=str(name))
    if isinstance(ui.get("plugins"), Mapping):
        if "base_react" in ui["plugins"]:
            problems.at_key(key, "www['plugins']: 'base_react' is no plugin of its own any more", inner="base_react")
        _check_plugins(key, ui["plugins"], problems)
        if DASHBOARDS in ui["plugins"]:
            _check_dashboards(key, ui, problems, fields)
    if "ui_default_config" in ui:
        check_ui_defaults(key, ui["ui_default_config"], problems)
    www = WwwConfig(**fields, ui=ui)
    _note_access(key, www, problems)
    return www


def _note_access(key: str, www: WwwConfig, problems: Problems) -> None:
    """Tell of settings that together do not do what their author may expect."""
    if www.operations_port is not None and www.process != "own":
        text = "operations_port has no effect: health and metrics are served with the pages, where process is not 'own'"
        problems.notice(key, text, inner="operations_port")
    if www.auth is not None and www.auth.takes_headers and not www.trusted_proxies:
        text = "nobody is known by RemoteUserAuth, since no proxy is named; name it in trusted_proxies"
        problems.notice(key, f"auth: {text}", inner="auth")
    auth = www.auth
    has_login = auth is not None and (auth.takes_passwords or auth.takes_headers or auth.takes_codes)
    if www.authz is not None:
        for rule in www.authz.allowRules:
            problems.note_not_delivering(key, rule, "authz")
    if not has_login and not www.public_read:
        problems.notice(key, "public_read: nobody can log in, so that only tokens may read", inner="public_read")
    if not has_login and www.authz is not None and www.authz.allowRules and www.auth is None:
        problems.notice(key, "authz: nobody can log in, since there is no auth; only tokens have a user", inner="authz")


def _check_plugins(key: str, plugins: Mapping[Any, Any], problems: Problems) -> None:
    options = plugins.get(BADGES)
    if isinstance(options, Mapping):
        try:
            look_of(tuple(options.items()))
        except (InvalidInput, NotSupported) as problem:
            problems.at_key(key, f"www['plugins']['badges']: {problem}", inner=BADGES)
    served = {BADGES, DASHBOARDS, *_OWN_PAGES, *folders_of(map(str, plugins))}
    if missing := [str(name) for name in plugins if name not in served]:
        names = ", ".join(missing)
        problems.notice(key, f"plugins: no package with files for such pages is installed: {names}", inner="plugins")


def _check_dashboards(key: str, ui: dict[str, Any], problems: Problems, fields: dict[str, Any]) -> None:
    """The programs apart from what pages are told of them."""
    try:
        found = dashboards_of(ui["plugins"][DASHBOARDS])
    except InvalidInput as problem:
        problems.at_key(key, f"www['plugins']: {problem}", inner=DASHBOARDS)
        found = ()
    fields["dashboards"] = found
    ui["plugins"] = {**ui["plugins"], DASHBOARDS: [each.described() for each in found]}


def _check_accepted(key: str, name: str, option: Any, problems: Problems, fields: dict[str, Any]) -> None:
    """Keys whose values are checked, and of which a notice tells that nothing comes of them yet."""
    if option is None or problems.is_not_there_yet(key, option, name):
        return
    match name:
        case "auth" | "authz":
            cls, example = _ACCEPTED[name]
            if not isinstance(option, cls):
                problems.at_key(key, f"www[{name!r}] must be as {example}, not {option!r}", inner=name)
                return
            problems.note_not_delivering(key, option, name)
            fields[name] = option
        case "avatar_methods":
            for method in option if isinstance(option, list | tuple) else (option,):
                if isinstance(method, AvatarBase):
                    problems.note_not_delivering(key, method, name)
                else:
                    problems.at_key(key, f"www[{name!r}] must be avatar methods, not {method!r}", inner=name)
        case "change_hook_dialects":
            _check_dialects(key, name, option, problems)
        case "change_hook_auth":
            if not isinstance(option, list | tuple):
                problems.at_key(key, f"www[{name!r}] must be a list of checkers, not {option!r}", inner=name)


def _check_dialects(key: str, name: str, dialects: Any, problems: Problems) -> None:
    if not isinstance(dialects, Mapping):
        problems.at_key(key, f"www[{name!r}] must be a dictionary, not {dialects!r}", inner=name)
        return
    for dialect, options in dialects.items():
        if dialect not in DIALECTS:
            known = ", ".join(DIALECTS)
            problems.at_key(key, f"www[{name!r}]: unknown dialect {dialect!r}; known are {known}", inner=str(dialect))
        elif not isinstance(options, bool | Mapping):
            problems.at_key(key, f"www[{name!r}][{dialect!r}] must be True or a dictionary", inner=str(dialect))
        elif options is not False:
            what = f"the dialect {dialect!r} is accepted, but {BaseHookHandler.not_delivering}"
            problems.notice(key, f"{what}; {BaseHookHandler.way_out}", str(dialect))


def _check_other(key: str, name: str, option: Any, problems: Problems, fields: dict[str, Any]) -> None:
    def expected(what: str) -> None:
        problems.at_key(key, f"www[{name!r}] must be {what}, not {option!r}", inner=name)

    match name:
        case "port" | "operations_port":
            port = _endpoint(option)
            if port is UNSET:
                expected("a port, an endpoint description as 'tcp:8010:interface=127.0.0.1', or None")
            else:
                fields[name] = port
        case "process":
            if option in ("engine", "own"):
                fields["process"] = option
            else:
                expected("'engine' or 'own'")
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
        case "public_read":
            if isinstance(option, bool):
                fields["public_read"] = option
            else:
                expected("True or False")
        case "limits":
            limits = checked_limits(key, option, problems)
            if limits is not None:
                fields["limits"] = limits
        case "trusted_proxies":
            networks = _networks(option)
            if networks is None:
                expected("a list of addresses or networks, as '127.0.0.1' or '10.0.0.0/8'")
            else:
                fields["trusted_proxies"] = networks


def _networks(option: Any) -> tuple[Network, ...] | None:
    if not isinstance(option, list | tuple) or not all(isinstance(network, str) for network in option):
        return None
    try:
        return tuple(ipaddress.ip_network(network) for network in option)
    except ValueError:
        return None


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
