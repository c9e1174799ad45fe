"""The v3 API as an OpenAPI document, made from its operations."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from buildmill.master.web.cloudfoundry import schemas
from buildmill.master.web.cloudfoundry.operation import ListShape, Operation
from buildmill.master.web.cloudfoundry.queries import MOST_PER_PAGE, OF_ALL_LISTS

Schema = dict[str, Any]
_JSON = "application/json"


def document(operations: Sequence[Operation], url: str) -> Schema:
    """The whole document; its paths are below ``/v3``.

    Args:
        url: of the API, without a slash at its end.
    """
    paths: dict[str, Schema] = {}
    for operation in operations:
        paths.setdefault("/" + "/".join(operation.path), {})[operation.http.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Buildmill staging API", "version": "3"},
        "servers": [{"url": f"{url}/v3"}],
        "paths": paths,
        "security": [{"token": []}],
        "components": {
            "schemas": schemas.ANSWERS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _described(operation: Operation) -> Schema:
    found: Schema = {
        "operationId": operation.name,
        "summary": (operation.handle.__doc__ or "").partition("\n")[0].strip(),
        "description": f"The token needs the scope `{operation.scope}`; an account needs `{operation.right}`.",
        "parameters": [*_path_parameters(operation), *_query_parameters(operation)],
        "responses": _responses(operation),
    }
    if operation.body is not None:
        found["requestBody"] = {"required": True, "content": {_JSON: {"schema": operation.body}}}
    elif operation.takes_file:
        content = {"multipart/form-data": {"schema": schemas.FILE_FORM}}
        found["requestBody"] = {"required": True, "content": content}
    return found


def _path_parameters(operation: Operation) -> list[Schema]:
    if "{guid}" not in operation.path:
        return []
    return [{"name": "guid", "in": "path", "required": True, "schema": {"type": "string"}}]


def _query_parameters(operation: Operation) -> list[Schema]:
    found = [_query(name, {"type": "string"}) for name in operation.parameters]
    shape = operation.shape
    if shape is None:
        return found
    common = [_of_all_lists(name, shape) for name in OF_ALL_LISTS if name not in shape.without]
    return [*found, *common, *(_query(name, {"type": "string"}) for name in shape.filters)]


def _of_all_lists(name: str, shape: ListShape) -> Schema:
    if name == "page":
        return _query(name, {"type": "integer", "minimum": 1, "default": 1})
    if name == "per_page":
        return _query(name, {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE, "default": 50})
    if name == "order_by":
        return _query(name, {"enum": [sign + order for order in map(str, shape.orders) for sign in ("", "+", "-")]})
    return _query(name, {"type": "string"})


def _query(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "schema": schema}


def _responses(operation: Operation) -> Schema:
    done: Schema = {"description": HTTPStatus(operation.status).phrase}
    if operation.shape is not None:
        items = {"type": "array", "items": _reference(operation.answer)}
        page: Schema = {"pagination": _reference("Pagination"), "resources": items}
        done["content"] = {_JSON: {"schema": {"type": "object", "required": list(page), "properties": page}}}
    elif operation.answer:
        done["content"] = {_JSON: {"schema": _reference(operation.answer)}}
    elif operation.media_type:
        done["content"] = {operation.media_type: {"schema": {"type": "string", "format": "binary"}}}
    refused = {"description": "Refused.", "content": {_JSON: {"schema": _reference("Errors")}}}
    found: Schema = {str(operation.status): done, "default": refused}
    if operation.media_type:
        found["206"] = {**done, "description": "The part that `Range` asks for."}
    return found


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
