"""From what a master asks for to what is written down before it is started."""

from __future__ import annotations

import os

from buildmill.common.errors import InvalidInput
from buildmill.common.masking import Masker
from buildmill.common.protocol.durable import Start
from buildmill.worker.commands.base import Host, parse_arguments
from buildmill.worker.commands.invocation import write_headers
from buildmill.worker.commands.shell import ShellArguments, plan_shell
from buildmill.worker.output import Stream
from buildmill.worker.shepherd.tree import FENCE_VARIABLE, UID_VARIABLE
from buildmill.worker.spool.meta import Meta, MetaLimits, MetaLog

LONGEST_UID = 200
LONGEST_LOG_NAME = 1000  # bytes


def meta_of(request: Start, host: Host, *, machine_boot: str, install_id: str, orphan_ttl: float) -> Meta:
    """What a shepherd needs for a command.

    Raises:
        InvalidInput: it can't be run.
    """
    if request.command_name != "shell":
        raise InvalidInput("command_name", "only shell commands are durable")
    uid = request.cmd_uid
    if not 0 < len(uid) <= LONGEST_UID or not uid.isascii() or not uid.isprintable() or " " in uid:
        raise InvalidInput("cmd_uid", f"up to {LONGEST_UID} printable ASCII characters without spaces")
    masker = Masker(request.mask)
    given = parse_arguments(request.args, ShellArguments)
    plan = plan_shell(given, host, {UID_VARIABLE: uid, FENCE_VARIABLE: str(request.fence)})
    what, limits = plan.what, plan.what.limits
    if any(len(os.fsencode(log.name)) > LONGEST_LOG_NAME for log in plan.followed):
        raise InvalidInput("logfiles", f"a name has more than {LONGEST_LOG_NAME} bytes")
    header = _Header()
    write_headers(header, what, plan.shown_logs, log_environ=given.log_environ)
    return Meta(
        uid=uid,
        fence=request.fence,
        args_digest=request.args_digest,
        machine_boot=machine_boot,
        install_id=install_id,
        argv=[os.fsencode(word) for word in what.argv],
        environ=[os.fsencode(f"{name}={value}") for name, value in what.environ.items()],
        workdir=os.fsencode(what.workdir),
        header=masker.whole(header.data),
        shown_argv=what.shown_argv,
        stdin=what.stdin,
        use_pty=what.use_pty,
        limits=MetaLimits(
            timeout=limits.timeout,
            max_time=limits.max_time,
            max_lines=limits.max_lines,
            interrupt_signal=limits.interrupt_signal,
            sigterm_time=limits.sigterm_time,
        ),
        want_stdout=what.want_stdout,
        want_stderr=what.want_stderr,
        logs=[MetaLog(name=log.name, path=os.fsencode(log.path), only_new=log.only_new) for log in plan.followed],
        mask=request.mask,
        orphan_ttl=orphan_ttl,
    )


class _Header:
    """Takes the header lines."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, stream: Stream, data: bytes) -> None:
        """Add to them."""
        self.data += data
