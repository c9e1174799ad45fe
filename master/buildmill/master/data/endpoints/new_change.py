"""Telling the master of a change from outside: what `buildmill sendchange` asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from buildmill.common.errors import InvalidInput
from buildmill.master.data.endpoints.arguments import updates_of
from buildmill.master.data.endpoints.endpoint import Context
from buildmill.master.data.paths import Keys
from buildmill.master.data.schemas import TEXT, parameters, text
from buildmill.master.domain.resources import Change
from buildmill.master.domain.rights import Actor

_MAX_LINE = 4_000
_MAX_COMMENTS = 256 * 1024
_MAX_ENTRIES = 20_000
_LAST_SECOND = 253_402_300_799  # 9999-12-31: what dates can show
_TEXTS = ("branch", "category", "codebase", "committer", "project", "repository", "revision", "revlink", "src")
# the web side tells with every action who asks
_NAMES = frozenset({*_TEXTS, "author", "comments", "files", "owner", "properties", "when_timestamp"})
TELLS = ("author", "branch", "codebase", "project", "repository", "revision")
"""What the audit log tells of a change."""


def made(change: Change) -> dict[str, Any]:
    """What the audit log tells of a change that was kept."""
    return {"changeid": change.changeid}


_PATHS = {"type": ["array", "null"], "items": {**TEXT, "maxLength": _MAX_LINE}, "maxItems": _MAX_ENTRIES}
PARAMETERS = parameters(
    "author",
    only_these=True,
    author={**TEXT, "minLength": 1, "maxLength": _MAX_LINE},
    comments=text(_MAX_COMMENTS),
    files=_PATHS,
    properties={"type": ["object", "null"], "propertyNames": {"minLength": 1}, "maxProperties": _MAX_ENTRIES},
    when_timestamp={"type": ["number", "null"], "minimum": 0, "maximum": _LAST_SECOND},
    **{name: text(_MAX_LINE) for name in _TEXTS},
)


async def add(context: Context, _keys: Keys, params: Mapping[str, Any], _actor: Actor) -> int:
    """Keep a change and let the schedulers see it; returns its id. Parameters as of ``updates.addChange``.

    Raises:
        InvalidInput: names the parameter.
    """
    for name in params:
        if name not in _NAMES:
            raise InvalidInput(str(name), f"no such parameter; known: {', '.join(sorted(_NAMES - {'owner'}))}")
    author = _text(params, "author", _MAX_LINE)
    if not author:
        raise InvalidInput("author", "expected who made the change")
    change: dict[str, Any] = {name: _text(params, name, _MAX_LINE) for name in _TEXTS}
    for name in ("project", "repository", "revlink"):
        change[name] = change[name] or ""
    change["comments"] = _text(params, "comments", _MAX_COMMENTS)
    change["files"] = _files(params.get("files"))
    change["properties"] = _properties(params.get("properties"))
    change["when_timestamp"] = _instant(params.get("when_timestamp"))
    return await updates_of(context).addChange(author=author, **change)


def _text(params: Mapping[str, Any], name: str, limit: int) -> str | None:
    value = params.get(name)
    if value is not None and (not isinstance(value, str) or len(value) > limit or "\0" in value):
        raise InvalidInput(name, f"expected a text of at most {limit} characters, without NUL")
    return value


def _files(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > _MAX_ENTRIES:
        raise InvalidInput("files", f"expected a list of at most {_MAX_ENTRIES} paths")
    for path in value:
        if not isinstance(path, str) or len(path) > _MAX_LINE or "\0" in path:
            raise InvalidInput("files", f"expected paths of at most {_MAX_LINE} characters, without NUL")
    return value


def _properties(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > _MAX_ENTRIES or not all(value):
        raise InvalidInput("properties", "expected an object of names and values")
    return value


def _instant(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LAST_SECOND:
        raise InvalidInput("when_timestamp", "expected seconds since 1970")
    return int(value)
