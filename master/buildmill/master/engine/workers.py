"""The workers of this master: who is connected, what each is doing, and what may still run on one that was lost."""

from __future__ import annotations

import ntpath
import posixpath
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, ConnectionLost
from buildmill.master.connections.connection import WorkerConnection
from buildmill.master.domain.environments import Environment
from buildmill.master.domain.worker_slot import WorkerSlot
from buildmill.master.engine.durable import DurableCommands
from buildmill.master.engine.hosts import WorkerUser
from buildmill.master.engine.worker_config import WorkerConfig

QUARANTINE_SECONDS = 10.0
QUARANTINE_LIMIT = 3600.0


class WorkerHandle:
    """A configured worker.

    Attributes:
        config: what the configuration says of it.
        password: what it must say when it connects; None if there is nothing that would do.
        worker_id: its id in the database.
        slot: how the decision sees it.
        connection: None while it is not connected.
        heard_at: when it last said something, seconds of the clock.
        builds: what runs on it, by build id.
        durable: its commands that outlive connections; None for a worker that has none.
        environment: what its builds run in; None before it was connected.
    """

    _log = Logger()

    def __init__(self, config: WorkerConfig, worker_id: int, clock: IReactorTime) -> None:
        self.config = config
        self.name = config.name
        self.password: str | None = None
        self.worker_id = worker_id
        self.slot = WorkerSlot(worker_id, config.name, config.max_builds)
        self.connection: WorkerConnection | None = None
        self.builds: dict[int, WorkerUser] = {}
        self.durable: DurableCommands | None = None
        self.environment: Environment | None = None
        self._last: WorkerConnection | None = None
        self._arrivals: list[Deferred[None]] = []
        self._is_gone: str | None = None
        self._clock = clock
        self._quarantine = QUARANTINE_SECONDS
        self._heard_at = 0.0

    @property
    def worker(self) -> WorkerHandle:
        """Itself: user functions write ``workerforbuilder.worker``."""
        return self

    @property
    def workername(self) -> str:
        return self.name

    @property
    def heard_at(self) -> float:
        return self._heard_at if self.connection is None else self.connection.heard_at

    @property
    def basedir(self) -> str:
        """Its directory, absolute on its machine."""
        return self._connected().info.basedir

    @property
    def info(self) -> Mapping[str, Any]:
        """What it told of itself, its environment and its commands left out; empty while it is not connected."""
        if self._known is None:
            return {}
        told = self._known.info
        known = {"system": told.system, "basedir": told.basedir, "numcpus": told.numcpus, "version": told.version}
        return {**told.extra, **known}

    @property
    def public_info(self) -> dict[str, Any]:
        """The part of it that the data API shows."""
        info = self.info
        return {name: info[name] for name in ("admin", "host", "access_uri", "version") if name in info}

    @property
    def worker_environ(self) -> Mapping[str, str]:
        return self._connected().info.environ

    @property
    def path_module(self) -> Any:
        """Path rules of its system."""
        return ntpath if self._known is not None and self._known.info.system == "nt" else posixpath

    @property
    def _known(self) -> WorkerConnection | None:
        """The connection; of a worker with durable commands that is away, the last one: its facts still hold."""
        return self._last if self.connection is None and self.durable is not None else self.connection

    def last_connection(self) -> WorkerConnection:
        """The present connection, or, for a worker with durable commands, the last one.

        Raises:
            ConnectionLost: there is none.
        """
        if self._known is None:
            raise ConnectionLost(f"worker {self.name} is not connected")
        return self._known

    def _connected(self) -> WorkerConnection:
        return self.last_connection()

    @property
    def is_expected(self) -> bool:
        """Whether builds on it go on when it comes back."""
        return self.connection is not None or self.durable is not None

    async def present(self) -> WorkerConnection:
        """Wait until it is connected and prepared.

        Raises:
            ConnectionLost: it has no durable commands, or was away for too long.
        """
        while self.connection is None or not self.slot.is_connected or not self.connection.is_connected:
            if self.durable is None or self._is_gone is not None:
                raise ConnectionLost(self._is_gone or f"worker {self.name} is not connected")
            arrival: Deferred[None] = Deferred()
            self._arrivals.append(arrival)
            await arrival
        return self.connection

    def expected(self) -> None:
        """It has been heard of: who waits for it may wait again, however long it was away."""
        self._is_gone = None

    def gone(self, why: str) -> None:
        """It has been away for too long: whoever waits for it waits no longer."""
        self._is_gone = why
        self._arrive(ConnectionLost(why))

    def _arrive(self, lost: ConnectionLost | None) -> None:
        waiting, self._arrivals = self._arrivals, []
        for arrival in waiting:
            if lost is None:
                arrival.callback(None)
            else:
                arrival.errback(lost)

    def attached(self, connection: WorkerConnection) -> None:
        """It is connected and prepared, and takes builds."""
        self.connection = self._last = connection
        self._heard_at = self._clock.seconds()
        self.slot.is_connected = True
        self.slot.is_graceful = False
        self._is_gone = None
        self._arrive(None)

    def draining(self) -> None:
        """It says that it is about to leave: it gets nothing more on this connection."""
        self.slot.is_connected = False

    def detached(self) -> None:
        """Its connection has ended."""
        self.connection = None
        self.slot.is_connected = False

    def forget_commands(self, why: str) -> None:
        """Nothing of what it ran is left: whoever comes under its name next begins anew."""
        if self.durable is not None:
            durable, self.durable = self.durable, None
            durable.abandon(why)

    def put_in_quarantine(self) -> float:
        """Give it no build for a while, each time for twice as long; returns the seconds."""
        seconds = self._quarantine
        self.slot.quarantined_until = self._clock.seconds() + seconds
        self._quarantine = min(2 * seconds, QUARANTINE_LIMIT)
        return seconds

    def reset_quarantine(self) -> None:
        """A build has shown that it works."""
        self._quarantine = QUARANTINE_SECONDS
        self.slot.quarantined_until = 0.0

    async def kill_by_uid(self, uids: Sequence[str]) -> None:
        """Kill every process that belongs to these commands, and wait until none is left.

        Raises:
            NotConfirmed: it cannot be shown that none is left.
            ConnectionLost: the worker went away meanwhile.
        """
        connection = self._connected()
        if connection.info.system != "posix":
            raise NotConfirmed(f"worker {self.name} is no POSIX system: its processes cannot be looked at")
        done = await connection.run(
            "shell",
            {
                "command": ["/bin/sh", "-c", _reaper(uids)],
                "workdir": connection.info.basedir,
                "env": {},
                "want_stdout": True,
                "want_stderr": True,
                "logfiles": {},
                "timeout": 60,
                "maxTime": 120,
                "max_lines": None,
                "sigtermTime": None,
                "interruptSignal": "KILL",
                "usePTY": False,
                "logEnviron": False,
                "initial_stdin": None,
            },
        )
        if done.rc != 0:
            text = done.output.decode("utf-8", "replace").strip()
            raise NotConfirmed(f"worker {self.name} cannot end lost commands: exit code {done.rc} {text[-500:]}")

    def __repr__(self) -> str:
        return f"<worker {self.name!r}>"


class _Latent(type):
    """For ``isinstance``: a worker is latent or not by its configuration, which may change while it runs."""

    def __instancecheck__(cls, thing: object) -> bool:
        return isinstance(thing, WorkerHandle) and thing.config.is_latent


class LatentWorkerForBuilder(metaclass=_Latent):
    """For functions of users that ask by ``isinstance`` which workers are started for a build."""


class NotConfirmed(BuildmillError):
    """It is not proved that a lost command has ended."""


def _reaper(uids: Sequence[str]) -> str:
    """A shell script that kills all processes with one of these ids in their environment.

    It looks again until none is left, because what is being killed may still fork; it gives up after 30 rounds.
    """
    patterns = "\n".join(f"BUILDMILL_CMD_UID={uid}" for uid in uids)
    return f"""
[ -r /proc/self/environ ] || {{ echo "no /proc here"; exit 3; }}
wanted={shlex.quote(patterns)}
round=0
while [ $round -lt 30 ]; do
  found=
  for file in /proc/[0-9]*/environ; do
    pid=${{file#/proc/}}; pid=${{pid%/environ}}
    [ "$pid" = "$$" ] && continue
    if tr '\\0' '\\n' <"$file" 2>/dev/null | grep -qxF "$wanted"; then
      case $(sed -n 's/^State:[[:space:]]*\\(.\\).*/\\1/p' "/proc/$pid/status" 2>/dev/null) in Z|X|'') continue;; esac
      found="$found $pid"
    fi
  done
  [ -z "$found" ] && exit 0
  kill -9 $found 2>/dev/null
  round=$((round + 1))
  [ $round -gt 3 ] && sleep 1
done
echo "still running:$found"
exit 4
"""


__all__ = ["LatentWorkerForBuilder", "NotConfirmed", "WorkerHandle"]
