"""`WorkerConfig`: one worker, as a configuration describes it; `Worker` and `LocalWorker` are made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.lock_values import as_lock_accesses
from buildmill.master.domain.not_delivering import what_is_not_delivered
from buildmill.master.engine.vocabulary import checked_int, checked_properties, checked_strings, is_identifier

_RESERVED_NAMES = frozenset({"debug", "change", "status"})
NAME_LIMIT = 50


class WorkerConfig:
    """What the master must know about a worker. Not changed after its construction.

    Args:
        name: its name: letters, digits, ``_`` and ``-``, no digit first, at most 50 characters.
        password: what it must say when it connects; None for workers that the master starts itself.
        max_builds: builds at once; None for no limit.
        notify_on_missing: mail addresses to tell when it is away.
        missing_timeout: seconds until a worker that is away counts as missing.
        properties, defaultProperties: of builds on this worker; defaults yield to any other source.
        locks: held while a build runs on it.
        keepalive_interval: seconds between the master's keep-alive messages; None for none.
        machine_name: the machine it stands on.

    Attributes:
        is_local: whether this master starts it, and keeps it running.
        is_latent: whether it is started when it has something to do.
        file, line: where in the configuration it stands, if known.
    """

    is_local = False
    is_latent = False

    def __init__(
        self,
        name: str,
        password: Any,
        *,
        max_builds: int | None = None,
        notify_on_missing: Sequence[str] | str | None = None,
        missing_timeout: int | None = 3600,
        properties: Mapping[str, Any] | None = None,
        defaultProperties: Mapping[str, Any] | None = None,
        locks: Any = None,
        keepalive_interval: int | None = 3600,
        machine_name: str | None = None,
    ) -> None:
        self.file, self.line = users_place()
        self.name = checked_worker_name(name)
        owner = f"worker {self.name!r}"
        self.password: Any = password
        self.max_builds = checked_int(owner, "max_builds", max_builds, at_least=1)
        self.notify_on_missing = checked_strings(owner, "notify_on_missing", notify_on_missing)
        self.missing_timeout = checked_int(owner, "missing_timeout", missing_timeout, at_least=0)
        self.properties = checked_properties(owner, "properties", properties)
        self.defaultProperties = checked_properties(owner, "defaultProperties", defaultProperties)
        self.locks = as_lock_accesses(locks, owner)
        self.keepalive_interval = checked_int(owner, "keepalive_interval", keepalive_interval, at_least=1)
        if machine_name is not None and not isinstance(machine_name, str):
            config_error(f"{owner}: machine_name must be a string, not {machine_name!r}")
            machine_name = None
        self.machine_name = machine_name

    @property
    def given_password(self) -> Any:
        """The password as the configuration gives it: text, a renderable, or None."""
        return self.password

    @property
    def why_not_started(self) -> str | None:
        """Why the master will not start it, although it is of a kind that is started; None for any other."""
        return what_is_not_delivered(self)

    @property
    def is_started_for_builds(self) -> bool:
        """Whether the master starts it when a build is given to it."""
        return self.is_latent and self.why_not_started is None

    @property
    def workername(self) -> str:
        """Buildbot's other name of `name`."""
        return self.name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


def checked_worker_name(name: Any) -> str:
    """The name of a worker; an unusable one is reported."""
    if not is_identifier(name, NAME_LIMIT):
        config_error(
            f"the name of a worker has letters, digits, '_' and '-', no digit first, at most {NAME_LIMIT} "
            f"characters; not {name!r}"
        )
    elif name in _RESERVED_NAMES:
        config_error(f"a worker cannot be called {name!r}")
    return str(name)
