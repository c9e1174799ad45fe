"""What a durable command is, written before it is started."""

from __future__ import annotations

import os

import msgspec
from msgspec import structs

from buildmill.worker.spool.layout import read_file, replace_file

META, UID, FENCE, PID, LOCK, KILL, DAMAGED = "meta", "uid", "fence", "pid", "lock", "kill", "damaged"


class MetaLimits(msgspec.Struct, frozen=True, kw_only=True):
    """As `commands.limits.Limits`."""

    timeout: int | float | None = None
    max_time: int | float | None = None
    max_lines: int | None = None
    interrupt_signal: str = "KILL"
    sigterm_time: int | float | None = None


class MetaLog(msgspec.Struct, frozen=True, kw_only=True):
    """As `commands.followed.Followed`."""

    name: str
    path: bytes
    only_new: bool


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """All that a shepherd needs.

    Attributes:
        machine_boot: of the machine's run in which it was started.
        install_id: of the directory that it was started from; empty in those of earlier versions.
        environ: `NAME=value` each.
        header: written before everything else.
        shown_argv: for messages.
        mask: secrets.
        orphan_ttl: seconds it may run if no lease was ever given.
    """

    uid: str
    fence: int
    args_digest: str
    machine_boot: str
    argv: list[bytes]
    environ: list[bytes]
    workdir: bytes
    header: bytes
    shown_argv: str
    stdin: bytes | None = None
    use_pty: bool = False
    limits: MetaLimits = MetaLimits()
    want_stdout: bool = True
    want_stderr: bool = True
    logs: list[MetaLog] = []
    mask: list[str] = []
    orphan_ttl: float = 600.0
    install_id: str = ""


class KillOrder(msgspec.Struct, frozen=True, kw_only=True):
    """How a command is to be ended.

    Attributes:
        abort: with the worker's own signals.
        at_once: without any grace, because nobody wants its output.
    """

    why: str
    abort: bool = False
    at_once: bool = False


class ShepherdPid(msgspec.Struct, frozen=True, kw_only=True):
    """Which process a shepherd is; its start time tells it from a later one of the same number.

    Attributes:
        cgroup: the directory of the command's own cgroup; empty without one.
    """

    pid: int
    start_time: int
    cgroup: str = ""


_encode = msgspec.msgpack.Encoder().encode
# Made once, before shepherds are forked: a decoder takes a millisecond to be made.
_decode_meta = msgspec.msgpack.Decoder(Meta).decode
_decode_kill = msgspec.msgpack.Decoder(KillOrder).decode
_decode_pid = msgspec.msgpack.Decoder(ShepherdPid).decode


def write_meta(directory: str, meta: Meta) -> None:
    """Write it down for good; its id once more, for the case that all the rest can't be read."""
    replace_file(os.path.join(directory, UID), meta.uid.encode(), is_durable=False)
    replace_file(os.path.join(directory, META), _encode(meta))


def read_meta(directory: str) -> Meta:
    """What was written.

    Raises:
        OSError, msgspec.ValidationError, msgspec.DecodeError: it can't be read.
    """
    return _decode_meta(read_file(os.path.join(directory, META)))


def forget_secrets(directory: str, meta: Meta) -> None:
    """Leave out of what was written down all that may hold secrets: the command is over, and nobody needs it.

    What is written to the disk first is there for good: how the command ended must be found after a crash.
    """
    if meta.mask:
        without = structs.replace(meta, argv=[], environ=[], header=b"", shown_argv="", stdin=None, mask=[])
        replace_file(os.path.join(directory, META), _encode(without))


def write_kill(directory: str, order: KillOrder) -> None:
    """Leave an order for the shepherd."""
    replace_file(os.path.join(directory, KILL), _encode(order), is_durable=False)


def read_kill(directory: str) -> KillOrder | None:
    """The order, if there is one."""
    try:
        return _decode_kill(read_file(os.path.join(directory, KILL)))
    except (OSError, msgspec.MsgspecError):
        return None


def write_pid(directory: str, pid: ShepherdPid) -> None:
    """Say who the shepherd is."""
    replace_file(os.path.join(directory, PID), _encode(pid), is_durable=False)


def read_pid(directory: str) -> ShepherdPid | None:
    """Who the shepherd is or was."""
    try:
        return _decode_pid(read_file(os.path.join(directory, PID)))
    except (OSError, msgspec.MsgspecError):
        return None


def start_time(pid: int) -> int | None:
    """When a process was started, in the kernel's ticks; None if there is none."""
    try:
        text = read_file(f"/proc/{pid}/stat")
    except OSError:
        return None
    return int(text.rpartition(b")")[2].split()[19])
