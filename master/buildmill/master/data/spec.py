"""What the API says of itself: ``application.spec`` and an OpenAPI document, both made from the resource types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from buildmill.master.data.endpoints.endpoint import Endpoint, Kind
from buildmill.master.data.paths import Key, parse_pattern
from buildmill.master.data.types import TYPES, FieldKind, FieldType, ResourceType
from buildmill.master.domain.resources import Spec

_KEY_SCHEMAS: dict[str, dict[str, Any]] = {
    "n": {"type": "integer", "minimum": 0},
    "i": {"type": "string", "pattern": r"^[a-zA-Z_-][.a-zA-Z0-9_-]*$"},
    "s": {"type": "string"},
}


def _entity(type_: ResourceType) -> dict[str, Any]:
    fields = [
        {"name": name, "type": _type_name(field), "type_spec": _type_spec(field)}
        for name, field in type_.fields.items()
    ]
    return {"fields": fields, "type": type_.name}


def _type_name(field: FieldType) -> str:
    name = field.entity or str(field.kind)
    return f"{name} or None" if field.nullable else name


def _type_spec(field: FieldType) -> dict[str, Any]:
    if field.kind is FieldKind.LIST and field.of is not None:
        found: dict[str, Any] = {"of": _type_spec(field.of), "type": "list"}
    elif field.kind is FieldKind.ENTITY:
        found = _entity(TYPES[field.entity])
    else:
        found = {"name": str(field.kind)}
    return {"can_be_null": True, **found} if field.nullable else found


def type_spec(type_: ResourceType) -> dict[str, Any]:
    """The description of a type, as ``application.spec`` has it."""
    return _entity(type_) if type_.struct is not None else {"name": type_.name}


def specs(endpoints: Sequence[Endpoint]) -> list[Spec]:
    """One row for each path pattern, by path."""
    rows = [
        Spec(path=e.pattern, plural_name=e.type.plural, type=e.type.name, type_spec=type_spec(e.type))
        for e in endpoints
    ]
    return sorted(rows, key=lambda row: row.path)


# -- OpenAPI ---------------------------------------------------------------------------


_STREAMS: dict[str, Any] = {"type": "string", "pattern": "^[oeh]+$"}
_FLAG = {"type": "boolean"}
_NUMBER = {"type": "integer", "minimum": 0}
_RAW_PARAMETERS: dict[str, dict[str, Any]] = {"stream": _STREAMS, "follow": _FLAG, "offset": _NUMBER}
_OWN_PARAMETERS: dict[Kind, dict[str, dict[str, Any]]] = {
    Kind.RAW: _RAW_PARAMETERS,
    Kind.RAW_INLINE: _RAW_PARAMETERS,
    Kind.SEARCH: {
        "q": {"type": "string"},
        "regex": _FLAG,
        "ignore_case": _FLAG,
        "stream": _STREAMS,
        "context": {"type": "integer", "minimum": 0, "maximum": 20},
        "limit": {"type": "integer", "minimum": 1, "maximum": 1000},
        "offset": _NUMBER,
    },
}


def _parameters(pattern: str) -> tuple[str, list[dict[str, Any]]]:
    path, parameters = [], []
    for element in parse_pattern(pattern):
        if isinstance(element, Key):
            path.append("{" + element.name + "}")
            schema = _KEY_SCHEMAS[element.kind]
            parameters.append({"name": element.name, "in": "path", "required": True, "schema": schema})
        else:
            path.append(element)
    return "/" + "/".join(path), parameters


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.kind in _OWN_PARAMETERS:
        is_log = endpoint.type.name != "build_data"
        return [_query(name, schema) for name, schema in _OWN_PARAMETERS[endpoint.kind].items()] if is_log else []
    names = list(endpoint.type.fields)
    found: list[dict[str, Any]] = [_query("field", {"type": "array", "items": {"enum": names}})] if names else []
    if endpoint.type.name in ("build", "buildrequest"):
        found.append(_query("property", {"type": "array", "items": {"type": "string"}}))
    if endpoint.is_collection:
        order = [
            prefix + name for name, field in endpoint.type.fields.items() if field.is_sortable for prefix in ("", "-")
        ]
        found.append(_query("order", {"type": "array", "items": {"enum": order}}))
    if endpoint.is_collection or endpoint.type.name in ("logchunk", "logtimes"):
        found += [_query(name, {"type": "integer", "minimum": 0}) for name in ("limit", "offset")]
    return found


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "style": "form", "explode": True}


def _answer(endpoint: Endpoint) -> dict[str, Any]:
    type_ = endpoint.type
    if endpoint.kind in (Kind.RAW, Kind.RAW_INLINE):
        return {"description": "The text of the log.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    row: dict[str, Any] = (
        {"$ref": f"#/components/schemas/{type_.struct.__name__}"} if type_.struct else {"type": "object"}
    )
    meta: dict[str, Any] = {"type": "object"}
    if endpoint.kind is Kind.SEARCH:
        meta["properties"] = {
            "complete": {"type": "boolean"},
            "lines": {"type": "integer"},
            "next": {"type": ["integer", "null"]},
        }
    elif endpoint.is_collection:
        meta["properties"] = {"total": {"type": "integer"}}
    schema = {
        "type": "object",
        "required": [type_.plural, "meta"],
        "properties": {type_.plural: {"type": "array", "items": row}, "meta": meta},
    }
    return {"description": "Found.", "content": {"application/json": {"schema": schema}}}


def _action_body(endpoint: Endpoint) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": ["jsonrpc", "id", "method", "params"],
        "properties": {
            "jsonrpc": {"const": "2.0"},
            "id": {"type": ["string", "number", "null"]},
            "method": {"enum": sorted(endpoint.actions)},
            "params": {"type": "object"},
        },
    }
    return {"required": True, "content": {"application/json": {"schema": schema}}}


_ERROR = {
    "description": "Refused; the text says why.",
    "content": {"text/plain": {"schema": {"type": "object", "properties": {"error": {"type": "string"}}}}},
}


def openapi(endpoints: Sequence[Endpoint], *, version: str) -> dict[str, Any]:
    """The API as an OpenAPI 3.1 document; its paths are below ``/api/v2``."""
    structs = [type_.struct for type_ in TYPES.values() if type_.struct is not None]
    _, schemas = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        path, parameters = _parameters(endpoint.pattern)
        operations: dict[str, Any] = {
            "parameters": parameters,
            "get": {
                "parameters": _query_parameters(endpoint),
                "responses": {"200": _answer(endpoint), "400": _ERROR, "404": _ERROR},
            },
        }
        if endpoint.actions:
            answers = {code: {"description": text} for code, text in _ACTION_ANSWERS.items()}
            operations["post"] = {"requestBody": _action_body(endpoint), "responses": answers}
        if path in paths:  # two kinds of key under one name: the first one is described
            continue
        paths[path] = operations
    return {
        "openapi": "3.1.0",
        "info": {"title": "Buildmill data API", "version": version},
        "servers": [{"url": "/api/v2"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }


_ACTION_ANSWERS = {
    "200": "Done.",
    "400": "A parameter or the request is wrong.",
    "404": "No such resource.",
    "413": "The body is too long.",
    "501": "The resource does not know this method.",
    "503": "Nothing can be written at present; see Retry-After.",
}
