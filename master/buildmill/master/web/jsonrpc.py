"""JSON-RPC 2.0 as the data API speaks it: no batches, no positional parameters, no notifications."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from buildmill.common.errors import (
    BuildmillError,
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    NotSupported,
    Unavailable,
)
from buildmill.master.domain.form_errors import InvalidParameters

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603

_encode = msgspec.json.Encoder().encode
_MISSING = object()


class Refused(Exception):
    """A request that is answered with an error.

    Attributes:
        status: of HTTP.
        code: of JSON-RPC.
        problem: a text, or ``{field: text}``.
    """

    def __init__(self, status: int, code: int, problem: Any) -> None:
        super().__init__(problem)
        self.status = status
        self.code = code
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Call:
    """A request that is well formed."""

    id: str | int | float | None
    method: str
    params: dict[str, Any]


def parse(body: bytes, content_type: bytes, *, depth: int) -> Call:
    """Read a request.

    Raises:
        Refused: says what is wrong.
    """
    kind = content_type.partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise Refused(400, INVALID_REQUEST, "Invalid content-type (use application/json)")
    try:
        document = msgspec.json.decode(body)
    except RecursionError:
        raise Refused(400, PARSE_ERROR, "JSON parse error: nested too deeply") from None
    except ValueError as error:  # msgspec's errors and UnicodeDecodeError are of this kind
        raise Refused(400, PARSE_ERROR, f"JSON parse error: {error}") from None
    if isinstance(document, list):
        raise Refused(400, INVALID_REQUEST, "JSONRPC batch requests are not supported")
    if not isinstance(document, dict):
        raise Refused(400, INVALID_REQUEST, "JSONRPC root object must be an object")
    if not _within(document, depth):
        raise Refused(400, INVALID_REQUEST, f"nested deeper than {depth}")
    if _member(document, "jsonrpc", str, "a string") != "2.0":
        raise Refused(400, INVALID_REQUEST, "only JSONRPC 2.0 is supported")
    method = _member(document, "method", str, "a string")
    id_ = _member(document, "id", (str, int, float, type(None)), "a string, number, or null")
    params = _member(document, "params", dict, "an object")
    return Call(id_, method, params)


def _member(document: dict[str, Any], name: str, kind: Any, expected: str) -> Any:
    value = document.get(name, _MISSING)
    if value is _MISSING:
        raise Refused(400, INVALID_REQUEST, f"missing key '{name}'")
    if not isinstance(value, kind) or isinstance(value, bool):
        raise Refused(400, INVALID_REQUEST, f"'{name}' must be {expected}")
    return value


def _within(value: Any, depth: int) -> bool:
    """Whether lists and objects are nested at most `depth` deep."""
    level = [value]
    while level:
        if depth < 0:
            return False
        depth -= 1
        deeper: list[Any] = []
        for entry in level:
            if isinstance(entry, dict):
                deeper.extend(entry.values())
            elif isinstance(entry, list):
                deeper.extend(entry)
        level = deeper
    return True


def refused_by(error: BuildmillError) -> Refused:
    """What an expected error of an action is to the client."""
    match error:
        case InvalidParameters():
            return Refused(400, INVALID_PARAMS, error.fields)
        case InvalidInput():
            return Refused(400, INVALID_PARAMS, str(error))
        case NotFound():
            return Refused(404, INVALID_REQUEST, str(error))
        case NotSupported():
            return Refused(501, METHOD_NOT_FOUND, str(error))
        case Forbidden():
            return Refused(403, INVALID_REQUEST, str(error))
        case Conflict():
            return Refused(409, INVALID_REQUEST, str(error))
        case Unavailable():
            return Refused(503, INTERNAL_ERROR, str(error))
        case _:
            return Refused(400, INVALID_REQUEST, str(error))


def success(call: Call, result: Any) -> bytes:
    """The answer to a call that was done."""
    return b'{"id":%b,"jsonrpc":"2.0","result":%b}' % (_encode(call.id), _encode(result))


def failure(refused: Refused, call: Call | None) -> bytes:
    """The answer to a call that was refused; it names the call if that could be read."""
    id_ = b"" if call is None else b'"id": %b, ' % _encode(call.id)
    return b'{"jsonrpc": "2.0", %b"error": {"code": %d, "message": %b}}' % (id_, refused.code, _encode(refused.problem))
