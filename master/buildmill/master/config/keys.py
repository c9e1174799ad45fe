"""The keys of ``BuildmasterConfig``: which there are, and how the value of each is checked.

Each checker gives the value to use, or `UNSET` for the default after it has reported a problem.
"""

from __future__ import annotations

import codecs
import dataclasses
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from buildmill.common.errors import InvalidInput
from buildmill.master.changes.base import ChangeSource
from buildmill.master.config.master_config import DEFAULT_VALIDATION
from buildmill.master.config.orchestration_keys import checked_orchestration
from buildmill.master.config.problems import Problems
from buildmill.master.config.staging_keys import checked_staging
from buildmill.master.config.tracing_keys import checked_opentelemetry
from buildmill.master.config.web_keys import UNSET, Checker, checked_www
from buildmill.master.config.worker_ports import checked_protocols
from buildmill.master.domain.config_errors import collected_errors
from buildmill.master.domain.durability import Durability
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.engine.builder_config import BuilderConfig, builder_of_dict
from buildmill.master.engine.machine_config import Machine
from buildmill.master.engine.operators import Manhole, UserManager
from buildmill.master.engine.project_config import Codebase, Project
from buildmill.master.engine.service import BuildbotService
from buildmill.master.engine.vocabulary import checked_properties
from buildmill.master.engine.worker_config import WorkerConfig
from buildmill.master.schedulers.base import BaseScheduler
from buildmill.master.secrets.base import SecretProviderBase

_TITLE_LIMIT = 18
_COMPRESSION_METHODS = ("raw", "gz", "bz2", "lz4", "zstd", "br")


def _text(key: str, value: Any, problems: Problems) -> Any:
    if isinstance(value, str):
        return value
    problems.at_key(key, f"{key} must be a string, not {value!r}")
    return UNSET


def _title(key: str, value: Any, problems: Problems) -> Any:
    text = _text(key, value, problems)
    if text is not UNSET and len(text) > _TITLE_LIMIT:
        problems.notice(key, f"{key} has more than {_TITLE_LIMIT} characters; pages may cut it")
    return text


def _address(key: str, value: Any, problems: Problems) -> Any:
    text = _text(key, value, problems)
    return text if text is UNSET or text.endswith("/") else text + "/"


def _flag(key: str, value: Any, problems: Problems) -> Any:
    if isinstance(value, bool):
        return value
    problems.at_key(key, f"{key} must be True or False, not {value!r}")
    return UNSET


def _horizon(key: str, value: Any, problems: Problems) -> Any:
    if value is None or (isinstance(value, timedelta) and value > timedelta(0)):
        return value
    problems.at_key(key, f"{key} must be a timedelta, or None for ever, not {value!r}")
    return UNSET


def _number(key: str, value: Any, problems: Problems) -> Any:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return UNSET if value is None else value
    problems.at_key(key, f"{key} must be an integer, not {value!r}")
    return UNSET


def _function(key: str, value: Any, problems: Problems) -> Any:
    if problems.is_not_there_yet(key, value):
        return UNSET
    if value is None or callable(value):
        return value
    problems.at_key(key, f"{key} must be callable, not {value!r}")
    return UNSET


def _list_of(cls: type, what: str, *, convert: Callable[[Any], Any] | None = None, one: bool = False) -> Checker:
    """A checker for lists of objects of one class; with `one` a single object is a list of it."""

    def check(key: str, value: Any, problems: Problems) -> Any:
        if one and isinstance(value, cls):
            value = [value]
        if not isinstance(value, list | tuple):
            problems.at_key(key, f"{key} must be a list of {what}s, not {value!r}")
            return UNSET
        items = []
        for index, item in enumerate(value):
            if problems.is_not_there_yet(key, item):
                continue
            made = convert(item) if convert is not None else item
            if isinstance(made, cls):
                items.append(made)
                problems.note_not_delivering(key, made)
            elif made is not None:
                problems.at_key(key, f"{key}[{index}] must be a {what}, not {item!r}")
        return tuple(items)

    return check


def _builder(item: Any) -> Any:
    return builder_of_dict(item) if isinstance(item, Mapping) else item


def _refused(what: str, allowed: tuple[Any, ...] = (None,)) -> Checker:
    """A checker for keys whose capability is not there yet: only their "nothing" is taken."""

    def check(key: str, value: Any, problems: Problems) -> Any:
        if isinstance(value, list | tuple):
            value = type(value)(item for item in value if not problems.is_not_there_yet(key, item))
        if problems.is_not_there_yet(key, value):
            return UNSET
        if not any(value is nothing or (value == nothing and type(value) is type(nothing)) for nothing in allowed):
            problems.at_key(key, f"{key}: {what} not available yet; remove the key")
        return UNSET

    return check


def _without_effect(text: str) -> Checker:
    """A checker for keys that are taken, so that existing files load, but do nothing here."""

    def check(key: str, value: Any, problems: Problems) -> Any:
        if value is not None:
            problems.notice(key, f"{text}; the key has no effect")
        return UNSET

    return check


def _anything(key: str, value: Any, problems: Problems) -> Any:
    return UNSET


def _properties(key: str, value: Any, problems: Problems) -> Any:
    if not isinstance(value, Mapping):
        problems.at_key(key, f"{key} must be a dictionary, not {value!r}")
        return UNSET
    # collected, since the place would be that of whoever reads the configuration
    with collected_errors() as found:
        checked = checked_properties("BuildmasterConfig", key, value)
    for problem in found:
        problems.at_key(key, problem.message)
    return checked


def _collapse(key: str, value: Any, problems: Problems) -> Any:
    if value is None:
        return UNSET
    if isinstance(value, bool) or callable(value):
        return value
    problems.at_key(key, f"{key} must be True, False or callable, not {value!r}")
    return UNSET


def _db_url(key: str, value: Any, problems: Problems) -> Any:
    if is_renderable(value):
        problems.at_key(key, f"{key}: an address that is rendered (with secrets) is not available yet")
        return UNSET
    if not isinstance(value, str) or "://" not in value:
        problems.at_key(key, f"{key} must be the URL of a database, not {value!r}", inner="db_url")
        return UNSET
    if value.split(":", 1)[0].split("+")[0] not in ("sqlite", "postgresql", "postgres"):
        problems.at_key(key, f"{key}: only sqlite and postgresql are supported, not {value!r}", inner="db_url")
        return UNSET
    return value


def _db(key: str, value: Any, problems: Problems) -> Any:
    if not isinstance(value, Mapping):
        problems.at_key(key, f"{key} must be a dictionary with the key 'db_url', not {value!r}")
        return UNSET
    if unknown := sorted(map(str, set(value) - {"db_url", "engine_kwargs"})):
        problems.at_key(key, f"{key}: unknown keys {', '.join(unknown)}; known is 'db_url'", inner=unknown[0])
    if value.get("engine_kwargs"):
        problems.notice(key, "engine_kwargs has no effect: connections are set up by the master", inner="engine_kwargs")
    return _db_url(key, value["db_url"], problems) if "db_url" in value else UNSET


def _mq(key: str, value: Any, problems: Problems) -> Any:
    if not isinstance(value, Mapping):
        problems.at_key(key, f"{key} must be a dictionary with the key 'type', not {value!r}")
        return UNSET
    kind = value.get("type", "simple")
    if kind == "wamp":
        problems.at_key(key, "mq: the type 'wamp' (several masters) is not available yet; use 'database'", inner="type")
        return UNSET
    if kind not in ("simple", "database"):
        problems.at_key(key, f"mq: unknown type {kind!r}; use 'simple' or 'database'", inner="type")
        return UNSET
    if unknown := sorted(map(str, set(value) - {"type", "debug"})):
        problems.at_key(key, f"mq: unknown keys {', '.join(unknown)}; known are debug, type", inner=unknown[0])
    return dict(value)


def _validation(key: str, value: Any, problems: Problems) -> Any:
    if not isinstance(value, Mapping):
        problems.at_key(key, f"{key} must be a dictionary, not {value!r}")
        return UNSET
    patterns = dict(DEFAULT_VALIDATION)
    for name, pattern in value.items():
        if name not in DEFAULT_VALIDATION:
            known = ", ".join(sorted(DEFAULT_VALIDATION))
            problems.at_key(key, f"{key}: unknown key {name!r}; known are {known}", inner=str(name))
            continue
        try:
            patterns[name] = re.compile(pattern)
        except (re.error, TypeError) as problem:
            problems.at_key(key, f"{key}[{name!r}] must be a regular expression: {problem}", inner=name)
    return patterns


def _caches(key: str, value: Any, problems: Problems) -> Any:
    if not isinstance(value, Mapping):
        problems.at_key(key, f"{key} must be a dictionary, not {value!r}")
        return UNSET
    for name, size in value.items():
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            problems.at_key(key, f"{key}[{name!r}] must be an integer, at least 1, not {size!r}", inner=str(name))
    return dict(value)


def _log_encoding(key: str, value: Any, problems: Problems) -> Any:
    if callable(value):
        return value
    try:
        codecs.lookup(value)
    except (LookupError, TypeError, ValueError):
        problems.at_key(key, f"{key} must be the name of an encoding or callable, not {value!r}")
        return UNSET
    return value


def _compression(key: str, value: Any, problems: Problems) -> Any:
    if value in _COMPRESSION_METHODS:
        return value
    problems.at_key(key, f"{key} must be one of {', '.join(_COMPRESSION_METHODS)}, not {value!r}")
    return UNSET


def _durability(key: str, value: Any, problems: Problems) -> Any:
    names = {field.name for field in dataclasses.fields(Durability)}
    if not isinstance(value, Mapping):
        problems.at_key(key, f"{key} must be a dictionary with some of {', '.join(sorted(names))}, not {value!r}")
        return UNSET
    given: dict[str, Any] = {}
    for name, number in value.items():
        if name not in names:
            problems.at_key(key, f"{key}: unknown key {name!r}; known are {', '.join(sorted(names))}", inner=str(name))
        elif isinstance(number, bool) or not isinstance(number, int | float if name != "attempts" else int):
            problems.at_key(key, f"{key}[{name!r}] must be a number, not {number!r}", inner=name)
        else:
            given[name] = number
    try:
        return Durability(**given)
    except InvalidInput as problem:
        problems.at_key(key, f"{key}: {problem}")
        return UNSET


def _user_managers(key: str, value: Any, problems: Problems) -> Any:
    if value is not None and not isinstance(value, list | tuple):
        problems.at_key(key, f"{key} must be a list, not {value!r}")
    for manager in value if isinstance(value, list | tuple) else ():
        _accept(key, manager, UserManager, "a CommandlineUserManager", problems)
    return UNSET


def _manhole(key: str, value: Any, problems: Problems) -> Any:
    if value is not None:
        _accept(key, value, Manhole, "a manhole, or None", problems)
    return UNSET


def _accept(key: str, thing: Any, cls: type, what: str, problems: Problems) -> None:
    if problems.is_not_there_yet(key, thing):
        return
    if isinstance(thing, cls):
        problems.note_not_delivering(key, thing)
    else:
        problems.at_key(key, f"{key} must be {what}, not {thing!r}")


def _metrics(key: str, value: Any, problems: Problems) -> Any:
    if value is not None and not isinstance(value, Mapping):
        problems.at_key(key, f"{key} must be a dictionary, not {value!r}")
        return UNSET
    return _without_effect("there are no such metrics here")(key, value, problems)


def _services(key: str, value: Any, problems: Problems) -> Any:
    if value is None or value == {}:
        return UNSET
    services = _list_of(BuildbotService, "service")(key, value, problems)
    for service in services if services is not UNSET else ():
        generators = service.constructed_with[1].get("generators")  # of a reporter
        for generator in generators if isinstance(generators, list | tuple) else ():
            problems.note_not_delivering(key, generator)
    return services


def _secrets_providers(key: str, value: Any, problems: Problems) -> Any:
    return UNSET if value is None else _list_of(SecretProviderBase, "provider of secrets")(key, value, problems)


CHECKERS: Final[Mapping[str, tuple[str, Checker]]] = {
    "title": ("title", _title),
    "titleURL": ("titleURL", _address),
    "buildbotURL": ("buildbotURL", _address),
    "workers": ("workers", _list_of(WorkerConfig, "worker")),
    "builders": ("builders", _list_of(BuilderConfig, "BuilderConfig", convert=_builder)),
    "schedulers": ("schedulers", _list_of(BaseScheduler, "scheduler")),
    "change_source": ("change_sources", _list_of(ChangeSource, "change source", one=True)),
    "services": ("services", _services),
    "projects": ("projects", _list_of(Project, "Project")),
    "codebases": ("codebases", _list_of(Codebase, "Codebase")),
    "protocols": ("worker_ports", checked_protocols),
    "db_url": ("db_url", _db_url),
    "db": ("db_url", _db),
    "mq": ("mq", _mq),
    "multiMaster": ("multiMaster", _flag),
    "www": ("www", checked_www),
    "properties": ("properties", _properties),
    "collapseRequests": ("collapseRequests", _collapse),
    "prioritizeBuilders": ("prioritizeBuilders", _function),
    "select_next_worker": ("select_next_worker", _function),
    "codebaseGenerator": ("codebaseGenerator", _function),
    "revlink": ("revlink", _function),
    "validation": ("validation", _validation),
    "caches": ("caches", _caches),
    "buildCacheSize": ("", _number),
    "changeCacheSize": ("", _number),
    "logEncoding": ("logEncoding", _log_encoding),
    "logCompressionMethod": ("logCompressionMethod", _compression),
    "logCompressionLimit": ("logCompressionLimit", _number),
    "logMaxSize": ("logMaxSize", _number),
    "logMaxTailSize": ("logMaxTailSize", _number),
    "changeHorizon": ("changeHorizon", _number),
    "auditHorizon": ("auditHorizon", _horizon),
    "durability": ("durability", _durability),
    "opentelemetry": ("opentelemetry", checked_opentelemetry),
    "orchestration": ("orchestration", checked_orchestration),
    "staging": ("staging", checked_staging),
    "configurators": ("", _anything),
    "buildbotNetUsageData": ("", _without_effect("nothing is reported to anybody here")),
    "secretsProviders": ("secretsProviders", _secrets_providers),
    "machines": ("machines", _list_of(Machine, "Machine")),
    "user_managers": ("", _user_managers),
    "metrics": ("", _metrics),
    "manhole": ("", _manhole),
}
"""Name of the key: the field of `MasterConfig` that it fills ('' for none), and its checker."""

REMOVED: Final[Mapping[str, str]] = {
    "slaves": "use 'workers'",
    "slavePortnum": "use 'protocols'",
    "status": "reporters go into 'services'",
    "debugPassword": "it has no successor",
    "mergeRequests": "use 'collapseRequests'",
    "logHorizon": "it has no successor in this dictionary",
    "buildHorizon": "it has no successor in this dictionary",
    "eventHorizon": "it has no successor",
    "projectName": "use 'title'",
    "projectURL": "use 'titleURL'",
}
"""Keys of former times, and what to do about them."""
