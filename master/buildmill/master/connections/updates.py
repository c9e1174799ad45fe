"""What a command reports: the pairs of an `update`, turned into values.

Both forms of output are taken: Buildbot's whole lines of text, and our chunks of bytes (`buildmill.output`).
Specification: docs/internals/worker-protocol.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from buildmill.common.errors import ProtocolError


class Output(msgspec.Struct, frozen=True, gc=False):
    """A piece of what a command wrote.

    Attributes:
        stream: "o" stdout, "e" stderr, "h" header (the worker's own words about the command).
        data: the bytes; boundaries anywhere with our extension, whole lines without it.
        time: when the first of them was read on the worker, POSIX seconds by the worker's clock.
        log: name of the extra log file they were read from; "" is the command's own stdio.
    """

    stream: str
    data: bytes
    time: float
    log: str = ""


class Value(msgspec.Struct, frozen=True, gc=False):
    """A fact about a command.

    Attributes:
        key: "rc" (int), "elapsed" (float, seconds), "failure_reason" (str), "files" (list of str), "stat" (list of
            ints), or whatever else a worker sends, unchecked.
    """

    key: str
    value: Any


CommandUpdate = Output | Value


def read_updates(pairs: Sequence[Any], now: float) -> list[CommandUpdate]:
    """Turn the pairs of one `update` into values, in order; empty pieces of output are left out.

    Args:
        now: POSIX seconds, for text that carries no time.

    Raises:
        ProtocolError: not pairs, or a value of the wrong shape.
    """
    updates: list[CommandUpdate] = []
    for pair in pairs:
        if type(pair) is not list or len(pair) != 2 or type(pair[0]) is not str:
            raise ProtocolError("update: expected pairs [key, value]")
        key, value = pair
        stream = _STREAMS.get(key)
        if stream is not None:
            piece = _read_output(stream, value, "", now)
            if piece.data:
                updates.append(piece)
        elif key == "log":
            piece = _read_log(value, now)
            if piece.data:
                updates.append(piece)
        else:
            check = _CHECKS.get(key)
            if check is not None and not check(value):
                raise ProtocolError(f"update: {key}: wrong type of value")
            updates.append(Value(key, value))
    return updates


_STREAMS = {"stdout": "o", "stderr": "e", "header": "h"}


def _read_log(value: Any, now: float) -> Output:
    if type(value) is list and len(value) == 3:
        return _read_output("o", value[1:], _name(value[0]), now)
    if type(value) is list and len(value) == 2:
        return _read_output("o", value[1], _name(value[0]), now)
    raise ProtocolError("update: log: expected [name, output]")


def _name(value: Any) -> str:
    if type(value) is str and value:
        return value
    raise ProtocolError("update: log: expected a name")


def _read_output(stream: str, value: Any, log: str, now: float) -> Output:
    if type(value) is list:
        if len(value) == 2 and type(value[0]) is bytes:
            data, time = value
        elif len(value) == 3 and type(value[0]) is str and type(value[2]) is list:
            data, time = value[0].encode(), value[2][0] if value[2] else now
        else:
            raise ProtocolError("update: output: expected [bytes, time] or [text, positions, times]")
        if type(time) is float or type(time) is int:
            return Output(stream, data, float(time), log)
    raise ProtocolError("update: output: expected [bytes, time] or [text, positions, times]")


def _is_list_of(kind: type) -> Callable[[Any], bool]:
    def check(value: Any) -> bool:
        return type(value) is list and {kind}.issuperset(map(type, value))

    return check


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "rc": lambda value: type(value) is int,
    "elapsed": lambda value: type(value) in (int, float),
    "failure_reason": lambda value: type(value) is str,
    "files": _is_list_of(str),
    "stat": _is_list_of(int),
}
