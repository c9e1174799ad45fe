"""Reads the records of a durable command: what the worker has journalled, as updates for whoever asked for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from buildmill.common.errors import RemoteError
from buildmill.common.protocol import durable as wire
from buildmill.master.connections.updates import CommandUpdate, Output, Value


def understand(records: Sequence[wire.Record]) -> tuple[list[CommandUpdate], wire.Final | None]:
    """Records as updates, and the final record's content if it is among them.

    Raises:
        RemoteError: they make no sense.
    """
    updates: list[CommandUpdate] = []
    final: wire.Final | None = None
    for kind, data, t_us in records:
        if kind in (wire.STDOUT, wire.STDERR, wire.HEADER):
            updates.append(Output(kind, data, t_us / 1e6))
        elif kind.startswith(wire.LOG_PREFIX):
            updates.append(Output(wire.STDOUT, data, t_us / 1e6, kind.removeprefix(wire.LOG_PREFIX)))
        else:
            try:
                if kind == wire.VALUES:
                    values = msgspec.msgpack.decode(data, type=dict[str, Any])
                    updates.extend(Value(key, value) for key, value in values.items())
                elif kind == wire.FINAL:
                    final = wire.decode_final(data)
                else:
                    raise RemoteError(f"bm_data: no kind {kind[:20]!r}")
            except msgspec.MsgspecError as error:
                raise RemoteError(f"bm_data: {error}") from None
    return updates, final
