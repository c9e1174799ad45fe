"""The API as an OpenAPI document, made from the endpoints and the resource types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from buildmill.master.data.endpoints.endpoint import Endpoint, Kind
from buildmill.master.data.paths import Key, parse_pattern
from buildmill.master.data.resultspec import LARGEST
from buildmill.master.data.schemas import FLAG, TEXT, whole_number
from buildmill.master.data.types import GROWING, TYPES, FieldKind, FieldType, ResourceType
from buildmill.master.domain.queries import Operator
from buildmill.master.domain.schedules.requests import CreateScheduleRequest

Schema = dict[str, Any]

_KEY_SCHEMAS: dict[str, Schema] = {
    "n": {"type": "integer"},  # one that no database can hold is one that is not there
    "i": {"type": "string", "pattern": r"^[a-zA-Z_-][.a-zA-Z0-9_-]*$"},
    "s": {"type": "string", "pattern": r"^[^\u0000-\u001f\u007f]+$"},
}
_STREAMS: Schema = {"type": "string", "pattern": "^[oeh]+$"}
_LINE_NUMBER: Schema = whole_number(0, 10**15 - 1)
_RAW_PARAMETERS: dict[str, Schema] = {"stream": _STREAMS, "follow": FLAG, "offset": _LINE_NUMBER}
_OWN_PARAMETERS: dict[Kind, dict[str, Schema]] = {
    Kind.RAW: _RAW_PARAMETERS,
    Kind.RAW_INLINE: _RAW_PARAMETERS,
    Kind.SEARCH: {
        "q": {"type": "string", "minLength": 1, "maxLength": 1000, "pattern": "^[^\\u0000\\n]*$"},
        "regex": FLAG,
        "ignore_case": FLAG,
        "stream": _STREAMS,
        "context": whole_number(0, 20),
        "limit": whole_number(1, 1000),
        "offset": _LINE_NUMBER,
    },
}
_REQUIRED = frozenset({"q"})
MOST_ROWS = 1000
"""Of what grows with time, for everybody; who is known may have more at once."""
_COMPARISONS = (Operator.LT, Operator.LE, Operator.GT, Operator.GE)
_CHOICES = (Operator.EQ, Operator.NE, Operator.IN, Operator.NOTIN)


def openapi(endpoints: Sequence[Endpoint], *, version: str, cookie: str) -> dict[str, Any]:
    """The API as an OpenAPI 3.1 document; its paths are below ``/api/v2``.

    Args:
        cookie: name of the one that holds a session.
    """
    structs = [type_.struct for type_ in TYPES.values() if type_.struct is not None]
    described = [*structs, CreateScheduleRequest]
    _, found = msgspec.json.schema_components(described, ref_template="#/components/schemas/{name}")
    schemas = msgspec.json.decode(msgspec.json.encode(found), type=dict[str, Any])  # defaults may be tuples
    schemas.update((_part_name(struct), _part(schemas[struct.__name__])) for struct in structs)
    schemas.update((_filter_name(type_), _filters(type_)) for type_ in TYPES.values())
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        path, parameters = _path(endpoint.pattern)
        if path in paths:  # two kinds of key under one name: the first one is described
            continue
        paths[path] = {"parameters": parameters, "get": _reading(endpoint)}
        if not endpoint.pattern:
            paths[path]["description"] = "This one is asked for without a slash at its end."
        if endpoint.actions:
            paths[path]["post"] = _acting(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Buildmill data API", "version": version},
        "servers": [{"url": "/api/v2"}],
        "paths": paths,
        "security": [{}, {"token": []}, {"session": []}],
        "components": {"schemas": schemas, "responses": _RESPONSES, "securitySchemes": _security(cookie)},
    }


def _security(cookie: str) -> dict[str, Any]:
    return {
        "token": {"type": "http", "scheme": "bearer", "description": "An API token, made at ``/tokens``."},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie,
            "description": "Of a browser whose user has logged in; actions need the header X-CSRF-Token, too.",
        },
    }


# -- paths and parameters --------------------------------------------------------------


def _path(pattern: str) -> tuple[str, list[dict[str, Any]]]:
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
        if endpoint.type.name == "build_data":
            return []
        own = _OWN_PARAMETERS[endpoint.kind].items()
        return [_query(name, schema, is_required=name in _REQUIRED) for name, schema in own]
    names = list(endpoint.type.fields)
    found: list[dict[str, Any]] = [_query("field", _several(names))] if names else []
    if endpoint.type.name in ("build", "buildrequest"):
        found.append(_query("property", {"type": "array", "items": TEXT}))
    if endpoint.named is not None:
        name, most = endpoint.named
        ids = {"type": "array", "items": whole_number(-LARGEST), "minItems": 1, "maxItems": most}
        return [*found, _query(name, ids, is_required=True)]
    if endpoint.is_collection:
        sortable = [name for name, field in endpoint.type.fields.items() if field.is_sortable]
        found.append(_query("order", _several([prefix + name for name in sortable for prefix in ("", "-")])))
        found.append(_query("after", {"type": "string", "pattern": "^[A-Za-z0-9_-]*$"}))
        found.append(_query("filter", {"$ref": f"#/components/schemas/{_filter_name(endpoint.type)}"}))
    if endpoint.is_collection or endpoint.type.name in ("logchunk", "logtimes"):
        most = MOST_ROWS if endpoint.type.name in GROWING else LARGEST
        found += [_query("limit", whole_number(0, most)), _query("offset", whole_number(0))]
    return found


def _several(names: Sequence[str]) -> Schema:
    return {"type": "array", "items": {"type": "string", "enum": list(names)}}


def _query(name: str, schema: Schema, *, is_required: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": is_required,
        "schema": schema,
        "style": "form",
        "explode": True,
    }


def _filter_name(type_: ResourceType) -> str:
    return f"{type_.name.strip('_')}_filter"


def _filters(type_: ResourceType) -> Schema:
    """The filters of a type; each is a query parameter of its own, as ``explode`` says."""
    properties = {name: schema for field, kind in type_.filters.items() for name, schema in filters_of(field, kind)}
    return {
        "type": "object",
        "description": "Each of these is a parameter of its own. Those with equal, in and contains may be repeated.",
        "additionalProperties": False,
        "properties": properties,
    }


def filters_of(name: str, field: FieldType) -> Iterator[tuple[str, Schema]]:
    is_list = field.kind is FieldKind.LIST
    value = _value(field.of if is_list and field.of is not None else field)
    if value is None:
        return
    if is_list:
        yield f"{name}__{Operator.CONTAINS}", value
        return
    yield name, value
    has_order = field.kind is not FieldKind.BOOLEAN
    for operator in (*_CHOICES, *(_COMPARISONS if has_order else ())):
        yield f"{name}__{operator}", value
    if field.is_text:
        yield f"{name}__{Operator.CONTAINS}", value


def _value(field: FieldType) -> Schema | None:
    if field.is_integer:
        return whole_number(-LARGEST)
    if field.kind is FieldKind.BOOLEAN:
        return FLAG
    return TEXT if field.is_text else None


# -- reading ---------------------------------------------------------------------------


def _reading(endpoint: Endpoint) -> dict[str, Any]:
    codes = ["400", "401", "403", "404", "429", "500", "503"]
    if endpoint.kind is not Kind.SEARCH:
        codes.append("304")
    if endpoint.kind in (Kind.RAW, Kind.RAW_INLINE):
        codes.append("416")
    answers = {code: {"$ref": f"#/components/responses/{_READ_ANSWERS[code]}"} for code in sorted(codes)}
    return {"parameters": _query_parameters(endpoint), "responses": {"200": _found(endpoint), **answers}}


def _part_name(struct: type[msgspec.Struct]) -> str:
    return f"PartOf{struct.__name__}"


def _part(schema: Schema) -> Schema:
    """Some fields of a document."""
    return {"type": "object", "properties": schema["properties"], "additionalProperties": False}


def _found(endpoint: Endpoint) -> dict[str, Any]:
    if endpoint.kind in (Kind.RAW, Kind.RAW_INLINE):
        return {"description": "The bytes as they were written.", "content": {"*/*": {"schema": {}}}}
    content: dict[str, Any] = {"application/json": {"schema": _document(endpoint)}}
    if endpoint.kind is Kind.SEARCH:
        content["application/x-ndjson"] = {"schema": {}}
    else:
        # the same document for people, who do not ask for JSON
        content["text/plain"] = {"schema": {"type": "string"}}
    return {"description": "Found.", "content": content}


def _document(endpoint: Endpoint) -> Schema:
    type_ = endpoint.type
    row: Schema = {"type": "object"}
    if type_.struct is not None:
        row = {"$ref": f"#/components/schemas/{type_.struct.__name__}"}
        if endpoint.kind is not Kind.SEARCH:  # `field` may have chosen some
            row = {"anyOf": [row, {"$ref": f"#/components/schemas/{_part_name(type_.struct)}"}]}
    meta: Schema = {"type": "object"}
    if endpoint.kind is Kind.SEARCH:
        meta["properties"] = {
            "complete": {"type": "boolean"},
            "lines": {"type": "integer"},
            "next": {"type": ["integer", "null"]},
        }
    elif endpoint.is_collection:
        meta["properties"] = {"next": {"type": ["string", "null"]}, "total": {"type": "integer"}}
    return {
        "type": "object",
        "required": [type_.plural, "meta"],
        "properties": {type_.plural: {"type": "array", "items": row}, "meta": meta},
    }


# -- acting ----------------------------------------------------------------------------


def _acting(endpoint: Endpoint) -> dict[str, Any]:
    calls = [_call(method, control.params) for method, control in sorted(endpoint.actions.items())]
    body = calls[0] if len(calls) == 1 else {"anyOf": calls}
    answers = {code: {"$ref": f"#/components/responses/{name}"} for code, name in _ACTION_ANSWERS.items()}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}, "responses": answers}


def _call(method: str, params: Mapping[str, Any]) -> Schema:
    return {
        "type": "object",
        "title": method,
        "required": ["jsonrpc", "id", "method", "params"],
        "properties": {
            "jsonrpc": {"type": "string", "const": "2.0"},
            "id": {"type": ["string", "number", "null"]},
            "method": {"type": "string", "const": method},
            "params": params,
        },
    }


def _json_answer(description: str, schema: Schema) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _failed(description: str) -> dict[str, Any]:
    # what is refused before the call is looked at has a text
    answer = _json_answer(description, _RPC_ERROR)
    answer["content"]["text/plain"] = {"schema": {"type": "string"}}
    return answer


def _refused(description: str) -> dict[str, Any]:
    text = f'{description} The text is JSON, ``{{"error": "..."}}``.'
    return {"description": text, "content": {"text/plain": {"schema": {"type": "string"}}}}


_RPC_ERROR: Schema = {
    "type": "object",
    "required": ["jsonrpc", "error"],
    "properties": {
        "jsonrpc": {"const": "2.0"},
        "id": {"type": ["string", "number", "null"]},
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "integer"},
                "message": {"type": ["string", "object"], "description": "An object has a text for each parameter."},
            },
        },
    },
}
_RPC_RESULT: Schema = {
    "type": "object",
    "required": ["jsonrpc", "id", "result"],
    "properties": {"jsonrpc": {"const": "2.0"}, "id": {"type": ["string", "number", "null"]}, "result": {}},
}
_READ_ANSWERS = {
    "304": "NotModified",
    "400": "Refused",
    "401": "NoSuchToken",
    "403": "MayNotRead",
    "404": "NotFound",
    "416": "NoSuchPart",
    "429": "TooMuch",
    "500": "Broken",
    "503": "Unreadable",
}
_ACTION_ANSWERS = {
    "200": "Done",
    "400": "CallRefused",
    "401": "CallWithoutToken",
    "403": "MayNotCall",
    "404": "CallOfNothing",
    "409": "Conflict",
    "413": "TooLong",
    "429": "TooManyCalls",
    "500": "CallBroken",
    "501": "NoSuchMethod",
    "503": "Unwritable",
}
_RESPONSES: dict[str, Any] = {
    "NotModified": {"description": "If-None-Match names the ETag of this answer."},
    "Refused": _refused("A parameter or the request is wrong."),
    "NoSuchToken": _refused("The token is not known, or has ended."),
    "MayNotRead": _refused("Whoever asks may not read this."),
    "NotFound": _refused("No such path or resource."),
    "NoSuchPart": {"description": "No such range.", "content": {"text/plain": {"schema": {"type": "string"}}}},
    "TooMuch": _refused("Too much was read by this client; see Retry-After."),
    "Broken": _refused("A failure of the master."),
    "Unreadable": _refused("The database is away, or too many ask, or it took too long; see Retry-After."),
    "Done": _json_answer("Done.", _RPC_RESULT),
    "CallRefused": _failed("A parameter or the request is wrong."),
    "CallWithoutToken": _failed("The token is not known, or has ended."),
    "MayNotCall": _failed("Whoever asks may not do this."),
    "CallOfNothing": _failed("No such path or resource."),
    "Conflict": _failed("What is there now does not allow this."),
    "TooLong": _refused("The body is longer than 1 MiB."),
    "TooManyCalls": _failed("Too many actions of this client; see Retry-After."),
    "CallBroken": _failed("A failure of the master."),
    "NoSuchMethod": _failed("The resource does not know this method."),
    "Unwritable": _failed("Nothing can be written at present; see Retry-After."),
}
