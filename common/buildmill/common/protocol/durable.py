"""The requests of the durable extension `buildmill.durable`, version 1: commands that outlive their connection.

A master sends these only to a worker that offers `DURABLE_EXTENSION` in its list of commands; a worker that is not
greeted with `Hello` behaves as any other. Times are seconds unless a name ends in `_us`.

Specification: docs/internals/durability.md.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import msgspec

from buildmill.common.protocol.message import Message

DURABLE_EXTENSION = "buildmill.durable"
DURABLE_VERSION = 1

STDOUT, STDERR, HEADER, VALUES, FINAL = "o", "e", "h", "s", "f"
LOG_PREFIX = "l:"
"""Kinds of records; an extra log file's is the prefix and its name."""

Record = tuple[str, bytes, int]
"""Kind, data, microseconds since the epoch when it was read. Numbered from 1 within a command, without gaps."""


class DurableLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the master wants of a durable worker.

    Attributes:
        window_bytes: of a command's records that may be sent and not yet acknowledged.
        batch_bytes: of records in one message; a single larger record goes alone.
        orphan_ttl: how long a command may run without any master.
        spool_quota: of all spools together; a command that would exceed it is not read from.
    """

    window_bytes: int = 4 << 20
    batch_bytes: int = 256 << 10
    orphan_ttl: float = 600.0
    spool_quota: int = 20 << 30


class Hello(Message, frozen=True, kw_only=True):
    """The master's first word to a durable worker; answered with `HelloAnswer`."""

    op: ClassVar[str] = "bm_hello"
    version: int
    cluster_id: str
    master_id: int
    master_boot: str
    server_time: float
    limits: DurableLimits = DurableLimits()


class SpooledCommand(msgspec.Struct, frozen=True, kw_only=True):
    """One command that a worker still has.

    Attributes:
        state: ``intent`` (not spawned yet), ``running`` or ``finished`` (its final record is in the spool).
        head: number of its last record, 0 for none.
    """

    cmd_uid: str
    fence: int
    state: str
    head: int
    args_digest: str


class HelloAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who a worker is, and what it still has.

    Attributes:
        session: number of this connection attempt, larger than of every earlier one from this directory.
        install_id: of its directory, for ever.
        worker_boot: of its daemon's run.
        machine_boot: of its machine's run.
    """

    session: int
    install_id: str
    worker_boot: str
    machine_boot: str
    commands: list[SpooledCommand]
    spool_free: int


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a command that the worker listed: `op` is ``resume`` or ``forget``."""

    op: str
    cmd_uid: str
    fence: int = 0
    acked: int = 0


class Welcome(Message, frozen=True, kw_only=True):
    """The master owns this worker's commands now; the lease begins.

    Attributes:
        lease_grant: how long commands may run on, counted from when the worker began to connect.
    """

    op: ClassVar[str] = "bm_welcome"
    session: int
    lease_grant: float
    actions: list[Action] = []


class Start(Message, frozen=True, kw_only=True):
    """Start a command once; a repeat is answered with its state. The answer is `Started`.

    Attributes:
        args_digest: 32 hexadecimal digits over name and arguments; a repeat with another digest is refused.
        mask: texts that must not appear in what is spooled.
    """

    op: ClassVar[str] = "bm_start"
    cmd_uid: str
    fence: int
    command_name: str
    args: dict[str, Any]
    args_digest: str
    mask: list[str] = []


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `Start`.

    Attributes:
        state: as in `SpooledCommand`; or ``forgotten``: it was there and is gone for ever; or ``full``: it did not
            begin, because nothing can be written now: ask again.
        is_new: it was not known before; its records are sent from number 1 without a `Resume`.
    """

    state: str
    head: int
    is_new: bool = True


class Resume(Message, frozen=True, kw_only=True):
    """Send a command's records from number `acked` + 1."""

    op: ClassVar[str] = "bm_resume"
    cmd_uid: str
    fence: int
    acked: int


class Data(Message, frozen=True, kw_only=True):
    """Records of a command, the first of them number `first`. The answer is `DataAnswer`."""

    op: ClassVar[str] = "bm_data"
    cmd_uid: str
    fence: int
    first: int
    records: list[Record]
    crc32: int


class DataAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far the master has a command's records.

    Attributes:
        acked: number of the last one that it has.
        rewind: records before `first` are missing: go on from `acked` + 1.
        forget: the master does not want this command.
    """

    acked: int = 0
    rewind: bool = False
    forget: bool = False


class Kill(Message, frozen=True, kw_only=True):
    """End a command early; its end is told by its final record. Repeats and ended commands are harmless.

    Attributes:
        abort: TERM and KILL within seconds, whatever its arguments say about signals.
    """

    op: ClassVar[str] = "bm_kill"
    cmd_uid: str
    fence: int
    why: str
    abort: bool = False


class Forget(Message, frozen=True, kw_only=True):
    """Nobody will ask for this command again: kill it if it runs, delete its spool. Answered when it is gone."""

    op: ClassVar[str] = "bm_forget"
    cmd_uid: str


class Beat(Message, frozen=True, kw_only=True):
    """A worker's sign of life; answered with `BeatAnswer`."""

    op: ClassVar[str] = "bm_beat"
    session: int
    n: int
    running: int
    spool_used: int


class BeatAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A prolonged lease: `grant` seconds from when beat `n` was sent; 0 prolongs nothing."""

    n: int
    grant: float


class Drain(Message, frozen=True, kw_only=True):
    """Whoever says this takes no new command; running ones go on. Either side may send it."""

    op: ClassVar[str] = "bm_drain"
    why: str


class Final(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a command's last record holds.

    Attributes:
        how: ``exit``, ``signal``, ``killed`` (by `Kill`), ``timeout``, ``spawn_failed``; or without a known result:
            ``expired`` (no master in time), ``lost`` (its shepherd died, its machine was started anew).
        why: more about it, for people.
        rc: what the step gets as exit code.
        bytes, blake2b: per kind of stream, what was spooled: how much, and the digest (16 bytes, hexadecimal).
    """

    how: str
    why: str = ""
    rc: int | None = None
    signal: int | None = None
    bytes: dict[str, int] = {}
    blake2b: dict[str, str] = {}

    @property
    def is_known(self) -> bool:
        """Whether the command's own end is known; else it must be tried again."""
        return self.how not in ("lost", "expired")


DurableRequest = Hello | Welcome | Start | Resume | Data | Kill | Forget | Beat | Drain

DURABLE_FROM_MASTER: frozenset[str] = frozenset(
    {"bm_hello", "bm_welcome", "bm_start", "bm_resume", "bm_kill", "bm_forget", "bm_drain"}
)
DURABLE_FROM_WORKER: frozenset[str] = frozenset({"bm_data", "bm_beat", "bm_drain"})

_decode_final = msgspec.msgpack.Decoder(Final).decode
_encode = msgspec.msgpack.Encoder().encode


def checksum(records: Iterable[Record] | Sequence[Sequence[Any]]) -> int:
    """CRC-32 over the data of all records, one after the other."""
    value = 0
    for record in records:
        value = zlib.crc32(record[1], value)
    return value


def encode_final(final: Final) -> bytes:
    """The data of a final record."""
    return _encode(final)


def decode_final(data: bytes) -> Final:
    """What a final record says.

    Raises:
        msgspec.ValidationError, msgspec.DecodeError: it is none.
    """
    return _decode_final(data)
