"""The orchestration API as an OpenAPI document, made from its operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from buildmill.master.domain.schedules.triggers import RID_PATTERN
from buildmill.master.web.foundry.errors import ApiError
from buildmill.master.web.foundry.operation import Operation

Schema = dict[str, Any]
_JSON = "application/json"
_ERROR: Schema = {
    "type": "object",
    "required": ["errorCode", "errorName", "errorInstanceId", "parameters"],
    "properties": {
        "errorCode": {"type": "string"},
        "errorName": {"type": "string"},
        "errorDescription": {"type": "string"},
        "errorInstanceId": {"type": "string", "format": "uuid"},
        "parameters": {"type": "object"},
    },
}
_COMMON = (
    "Default:Unauthorized", "ApiUsageDenied", "Default:Internal", "Default:RequestEntityTooLarge",
    "Default:Unavailable",
)  # fmt: skip
_OF_BODIES = (
    "MissingPostBody", "Conjure:InvalidArgument", "Conjure:UnprocessableEntity", "Conjure:UnsupportedMediaType",
)  # fmt: skip


def document(operations: Sequence[Operation]) -> Schema:
    """The whole document; its paths are below ``/api/v2/orchestration``."""
    shapes = {shape for op in operations for shape in (op.body, op.answer) if shape is not None}
    _, schemas = msgspec.json.schema_components(
        sorted(shapes, key=lambda shape: str(shape.__name__)), ref_template="#/components/schemas/{name}"
    )
    paths: dict[str, Schema] = {}
    for operation in operations:
        paths.setdefault("/" + "/".join(operation.path), {})[operation.http.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Buildmill orchestration API", "version": "v2"},
        "servers": [{"url": "/api/v2/orchestration"}],
        "paths": paths,
        "security": [{"token": []}],
        "components": {
            "schemas": {**schemas, "Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _described(operation: Operation) -> Schema:
    found: Schema = {
        "operationId": operation.name,
        "summary": (operation.handle.__doc__ or "").strip(),
        "description": f"The token needs the scope `{operation.scope}`.",
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": _responses(operation),
    }
    if operation.body is not None:
        schema: Schema = {"$ref": f"#/components/schemas/{operation.body.__name__}"}
        if operation.most:
            schema = {"type": "array", "items": schema, "minItems": 1, "maxItems": operation.most}
        found["requestBody"] = {"required": True, "content": {_JSON: {"schema": schema}}}
    return found


def _path_parameters(operation: Operation) -> list[Schema]:
    names = [element.strip("{}") for element in operation.path if element.startswith("{")]
    schema = {"type": "string", "pattern": RID_PATTERN}
    return [{"name": name, "in": "path", "required": True, "schema": schema} for name in names]


def _query_parameters(operation: Operation) -> list[Schema]:
    preview: Schema = {
        "name": "preview",
        "in": "query",
        "required": operation.is_preview,
        "schema": {"type": "boolean"},
        "description": "Must be true." if operation.is_preview else "Passed over: this is generally available.",
    }
    if not operation.has_pages:
        return [preview]
    size = {"name": "pageSize", "in": "query", "schema": {"type": "integer", "minimum": 1, "default": 100}}
    token = {"name": "pageToken", "in": "query", "schema": {"type": "string"}}
    return [preview, size, token]


def _responses(operation: Operation) -> Schema:
    found: Schema = {}
    if operation.answer is not None:
        schema = {"$ref": f"#/components/schemas/{operation.answer.__name__}"}
        found["200"] = {"description": "Done.", "content": {_JSON: {"schema": schema}}}
    if operation.answer is None or operation.name == "getScheduleOfVersion":
        found["204"] = {"description": "There is nothing to say."}
    by_status: dict[int, list[str]] = {}
    for name in _errors_of(operation):
        by_status.setdefault(ApiError(name, "").status, []).append(name)
    for status, names in sorted(by_status.items()):
        content = {_JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}
        found[str(status)] = {"description": ", ".join(f"`{name}`" for name in names), "content": content}
    return found


def _errors_of(operation: Operation) -> list[str]:
    names = [*_COMMON, operation.denied.name, *operation.errors]
    if operation.absent is not None:
        names.append(operation.absent.name)
    if operation.is_preview:
        names.append("ApiFeaturePreviewUsageOnly")
    if operation.body is not None:
        names.extend(_OF_BODIES)
    if operation.most:
        names.extend(("MissingBatchRequest", "BatchRequestSizeExceededLimit"))
    return list(dict.fromkeys(names))
