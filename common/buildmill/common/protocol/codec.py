"""Bytes to messages and back, for both sides of the worker protocol; total and without state.

One MessagePack map per binary websocket frame. Two kinds of envelope:

    request    {"op": <name>, "seq_number": n, <keys of the message>}
    response   {"op": "response", "seq_number": n, "result": value}            n is that of the request
               {"op": "response", "seq_number": n, "result": text, "is_exception": true}

Every request is answered by exactly one response, in any order; each side numbers its own from 0. The order of a
connection's messages is told in `session` and in docs/internals/worker-protocol.md.

What `decode` makes of bytes, in this order:

    longer than the limit, not MessagePack, not a map, text that is not UTF-8,
    nested too deeply, extension types, a key of the wrong type                 -> ProtocolError
    no `op` or no `seq_number`                                                  -> Dropped
    an answer                                                                   -> Response
    an `op` that the caller does not accept, or a missing key                   -> BadRequest
    else                                                                        -> IncomingRequest

Unknown keys are ignored, and what they hold is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar, cast

import msgspec
from msgspec import UNSET

from buildmill.common.errors import InvalidInput, ProtocolError
from buildmill.common.protocol import durable, messages
from buildmill.common.protocol.limits import DEFAULT_LIMITS, Limits
from buildmill.common.protocol.messages import ALL_OPS, Request, WorkerSettings

T = TypeVar("T")

MESSAGE_TOO_BIG = 1009  # close code, RFC 6455 section 7.4.1


class IncomingRequest(msgspec.Struct, frozen=True, gc=False):
    """A request that can be handled; it must be answered under its number."""

    seq_number: int
    message: Request


class BadRequest(msgspec.Struct, frozen=True, gc=False):
    """A request that cannot be understood; the text is the answer to send."""

    seq_number: int
    error_text: str


class Response(msgspec.Struct, frozen=True, gc=False):
    """An answer to the request of ours with this number; an exception's result is its text."""

    seq_number: int
    result: Any
    is_exception: bool


class Dropped(msgspec.Struct, frozen=True, gc=False):
    """Not answerable; to be logged and forgotten."""

    reason: str


Received = IncomingRequest | BadRequest | Response | Dropped


class _Envelope(msgspec.Struct, gc=False):
    """Every key that any message has; one C-level pass fills it, the checks come after."""

    op: Any = UNSET
    seq_number: Any = UNSET
    result: Any = UNSET
    is_exception: Any = False
    message: Any = UNSET
    args: Any = UNSET
    command_id: Any = UNSET
    command_name: Any = UNSET
    builder_name: Any = None
    why: Any = UNSET
    access_time: Any = UNSET
    modified_time: Any = UNSET
    length: Any = UNSET


class _MissingKey(Exception):
    """Carries the key's name."""


_decode_envelope = msgspec.msgpack.Decoder(_Envelope).decode
_encode = msgspec.msgpack.Encoder().encode


def decode(data: bytes, limits: Limits = DEFAULT_LIMITS, accepted: frozenset[str] = ALL_OPS) -> Received:
    """Understand one message.

    Args:
        data: the payload of one websocket frame.
        accepted: operations the caller can handle (`FROM_WORKER` on the master, `FROM_MASTER` on the worker);
            any other is a `BadRequest`.

    Raises:
        ProtocolError: the only exception; the connection is to be closed with its code.
    """
    if len(data) > limits.message_bytes:
        raise ProtocolError(f"message of {len(data)} bytes, the limit is {limits.message_bytes}", MESSAGE_TOO_BIG)
    try:
        envelope = _decode_envelope(data)
    except (ValueError, TypeError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise ProtocolError(f"not a message: {error}") from None
    op, seq_number = envelope.op, envelope.seq_number
    if op is UNSET or seq_number is UNSET:
        return Dropped("message without op" if op is UNSET else "message without seq_number")
    if type(op) is not str:
        raise _wrong("op", "str", op)
    if type(seq_number) is not int or seq_number < 0:
        raise _wrong("seq_number", "a number from 0", seq_number)
    if op == "response":
        return _response(envelope, limits)
    if op not in accepted:
        return BadRequest(seq_number, f"Command {op[:100]} does not exist.")
    try:
        if op in _DURABLE:
            return IncomingRequest(seq_number, _durable(op, data, limits))
        return IncomingRequest(seq_number, _BUILD[op](envelope, limits))
    except _MissingKey as key:
        # Buildbot's text: a KeyError turned into str, hence the quotes
        return BadRequest(seq_number, f"'message did not contain obligatory \"{key}\" key'")


def encode_request(seq_number: int, message: Request) -> bytes:
    """The payload of a request.

    Raises:
        InvalidInput: a value that the wire cannot carry (say, text with lone surrogates).
    """
    document: dict[str, Any] = {"op": message.op, "seq_number": seq_number}
    for name in message.__struct_fields__:
        document[name] = getattr(message, name)
    if document.get("builder_name", "") is None:
        del document["builder_name"]
    return _pack(document, message.op)


def encode_response(seq_number: int, result: object) -> bytes:
    """The payload of an answer.

    Raises:
        InvalidInput: a value that the wire cannot carry.
    """
    return _pack({"op": "response", "seq_number": seq_number, "result": result}, "result")


def encode_error(seq_number: int, text: str) -> bytes:
    """The payload of an answer that refuses; never fails: what UTF-8 cannot carry becomes a question mark."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return _encode({"op": "response", "seq_number": seq_number, "result": text, "is_exception": True})


def _pack(document: dict[str, Any], what: str) -> bytes:
    try:
        return _encode(document)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise InvalidInput(what, f"cannot be sent: {error}") from None


def _response(envelope: _Envelope, limits: Limits) -> Response:
    result, is_exception = envelope.result, envelope.is_exception
    if result is UNSET:
        raise ProtocolError("response without result")
    if type(is_exception) is not bool:
        raise _wrong("is_exception", "bool", is_exception)
    if is_exception and type(result) is not str:
        raise _wrong("result", "str in an exception", result)
    _check(result, limits.depth - 1)
    return Response(envelope.seq_number, result, is_exception)


_SCALARS = frozenset({str, int, float, bool, bytes, type(None)})
_TEXT = frozenset({str})
_SHORT = 8  # members of a list; below, a loop costs less than a set


def _check(value: object, levels: int) -> None:
    """Refuse extension types, keys that are not text, and more than `levels` levels of containers.

    Long lists of numbers are the hot path (positions and times of lines): no Python loop runs over those.
    """
    kind = type(value)
    if kind in _SCALARS:
        return
    if kind is not list and kind is not dict:
        raise ProtocolError("extension types are not allowed")
    if levels <= 0:
        raise ProtocolError("nested too deeply")
    members: Any = value
    if kind is dict:
        if not _TEXT.issuperset(map(type, members)):
            raise ProtocolError("map key that is not text")
        members = members.values()
    elif len(members) > _SHORT and _are_all_scalars(members):
        return
    for member in members:
        if type(member) not in _SCALARS:
            _check(member, levels - 1)


def _are_all_scalars(members: list[object]) -> bool:
    if type(members[0]) in (int, float):
        try:
            sum(cast("list[float]", members))  # four times as quick as collecting types
            return True
        except TypeError:  # something that cannot be added to a number: not a number
            pass
    return _SCALARS.issuperset(map(type, members))


def _wrong(key: str, expected: str, got: object) -> ProtocolError:
    return ProtocolError(f"{key}: expected {expected}, got {type(got).__name__}")


def _take(envelope: _Envelope, key: str, kind: type[T]) -> T:
    value = getattr(envelope, key)
    if type(value) is kind:
        return value
    if value is UNSET:
        raise _MissingKey(key)
    raise _wrong(key, kind.__name__, value)


def _take_id(envelope: _Envelope) -> str:
    return _take(envelope, "command_id", str)


def _take_number(envelope: _Envelope, key: str) -> float:
    value = getattr(envelope, key)
    if type(value) is int:
        return float(value)
    return _take(envelope, key, float)


def _take_builder(envelope: _Envelope) -> str | None:
    return None if envelope.builder_name is None else _take(envelope, "builder_name", str)


def _print(envelope: _Envelope, _limits: Limits) -> Request:
    return messages.Print(_take(envelope, "message", str))


def _settings(envelope: _Envelope, limits: Limits) -> Request:
    args = _take(envelope, "args", dict)
    _check(args, limits.depth - 1)
    for key in ("buffer_size", "buffer_timeout", "newline_re", "max_line_length"):
        if key not in args:
            raise _MissingKey(key)
    try:
        return messages.SetWorkerSettings(msgspec.convert(args, WorkerSettings))
    except msgspec.ValidationError as error:
        raise ProtocolError(f"args: {error}") from None


def _start(envelope: _Envelope, limits: Limits) -> Request:
    command_id = _take_id(envelope)
    command_name = _take(envelope, "command_name", str)
    args = _take(envelope, "args", dict)
    _check(args, limits.depth - 1)
    return messages.StartCommand(command_id, command_name, args, _take_builder(envelope))


def _interrupt(envelope: _Envelope, _limits: Limits) -> Request:
    return messages.InterruptCommand(_take_id(envelope), _take(envelope, "why", str), _take_builder(envelope))


def _update(envelope: _Envelope, limits: Limits) -> Request:
    command_id = _take_id(envelope)
    args = _take(envelope, "args", list)
    _check(args, limits.depth - 1)
    return messages.Update(command_id, args)


def _complete(envelope: _Envelope, _limits: Limits) -> Request:
    command_id = _take_id(envelope)
    return messages.Complete(command_id, None if envelope.args is None else _take(envelope, "args", str))


def _utime(envelope: _Envelope, _limits: Limits) -> Request:
    return messages.UploadFileUtime(
        _take_id(envelope), _take_number(envelope, "access_time"), _take_number(envelope, "modified_time")
    )


def _read(envelope: _Envelope, _limits: Limits) -> Request:
    return messages.ReadFile(_take_id(envelope), _take(envelope, "length", int))


def _durable(op: str, data: bytes, limits: Limits) -> Request:
    try:
        message: Request = _DURABLE[op](data)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        found = _MISSING_FIELD.match(str(error))
        if found is not None:
            raise _MissingKey(found[1]) from None
        raise ProtocolError(f"{op}: {error}") from None
    if type(message) is durable.Start:
        _check(message.args, limits.depth - 1)
    elif type(message) is durable.Data and durable.checksum(message.records) != message.crc32:
        raise ProtocolError("bm_data: wrong checksum")
    return message


_MISSING_FIELD = re.compile(r"Object missing required field `(\w+)`$")
_DURABLE: dict[str, Callable[[bytes], Any]] = {
    kind.op: msgspec.msgpack.Decoder(kind).decode
    for kind in (
        durable.Hello,
        durable.Welcome,
        durable.Start,
        durable.Resume,
        durable.Data,
        durable.Kill,
        durable.Forget,
        durable.Beat,
        durable.Drain,
    )
}

_Build = Callable[[_Envelope, Limits], Request]

_BUILD: dict[str, _Build] = {
    "print": _print,
    "keepalive": lambda _envelope, _limits: messages.Keepalive(),
    "get_worker_info": lambda _envelope, _limits: messages.GetWorkerInfo(),
    "set_worker_settings": _settings,
    "start_command": _start,
    "interrupt_command": _interrupt,
    "shutdown": lambda _envelope, _limits: messages.Shutdown(),
    "update": _update,
    "complete": _complete,
    "update_upload_file_write": lambda e, _: messages.UploadFileWrite(_take_id(e), _take(e, "args", bytes)),
    "update_upload_file_close": lambda e, _: messages.UploadFileClose(_take_id(e)),
    "update_upload_file_utime": _utime,
    "update_upload_directory_write": lambda e, _: messages.UploadDirectoryWrite(_take_id(e), _take(e, "args", bytes)),
    "update_upload_directory_unpack": lambda e, _: messages.UploadDirectoryUnpack(_take_id(e)),
    "update_read_file": _read,
    "update_read_file_close": lambda e, _: messages.ReadFileClose(_take_id(e)),
}
