"""`MasterConfig`: all that a configuration file says, checked; never changed after it was read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from buildmill.master.auth.access import Network
from buildmill.master.auth.backends import AuthBase
from buildmill.master.auth.rules import Authz
from buildmill.master.changes.base import ChangeSource
from buildmill.master.domain.audit import AUDIT_HORIZON
from buildmill.master.domain.durability import Durability
from buildmill.master.domain.orchestration.configuration import OrchestrationConfig
from buildmill.master.domain.revlinks import default_revlink_matcher
from buildmill.master.domain.staging.configuration import StagingConfig
from buildmill.master.engine.builder_config import BuilderConfig
from buildmill.master.engine.machine_config import Machine
from buildmill.master.engine.project_config import Codebase, Project
from buildmill.master.engine.service import BuildbotService
from buildmill.master.engine.worker_config import WorkerConfig
from buildmill.master.schedulers.base import BaseScheduler
from buildmill.master.secrets.base import SecretProviderBase
from buildmill.master.web.dashboards import Dashboard
from buildmill.master.web.limits import WebLimits

DEFAULT_VALIDATION: Mapping[str, re.Pattern[str]] = {
    "branch": re.compile(r"^[\w.+/~-]*$"),
    "revision": re.compile(r"^[ \w.\-/]*$"),
    "property_name": re.compile(r"^[\w.\-/~:]*$"),
    "property_value": re.compile(r"^[\w.\-/~:]*$"),
}


@dataclass(frozen=True, kw_only=True)
class WorkerPort:
    """Where workers connect.

    Attributes:
        port: TCP port; 0 for any free one.
        interface: address to listen on; empty for all.
        certificate, private_key: PEM files for TLS, or None for plain connections.
    """

    port: int
    interface: str = ""
    certificate: Path | None = None
    private_key: Path | None = None


@dataclass(frozen=True, kw_only=True)
class WwwConfig:
    """The web side.

    Attributes:
        port: a server endpoint description (``tcp:8010``), or None for no web server.
        allowed_origins: patterns for CORS; None for the origin of the master's own address.
        log_file: access log below the master's directory, or None.
        auth: how people log in; None where the file does not say.
        authz: the rules on who may do what; None where the file does not say.
        public_read: everybody may read.
        trusted_proxies: networks whose word on a client's address, and on its user, is taken.
        process: ``engine``: the engine's process serves the pages; ``own``: `buildmill web` does.
        operations_port: where the engine serves health and metrics when pages have a process of their own.
        ui: settings that only the pages use, by name.
        dashboards: programs that are served beside the pages.
        limits: what clients may ask for.
        ws_ping_interval: seconds between pings to the clients of ``/ws``; 0: none. Where the file does not say, ours
            are pinged all the same, because nothing else tells of a client whose cable was cut.
    """

    port: str | None = None
    process: str = "engine"
    operations_port: str | None = None
    allowed_origins: tuple[str, ...] | None = None
    log_file: str | None = "http.log"
    log_rotate_length: int | None = None
    max_rotated_files: int | None = None
    cookie_expiration_time: timedelta = timedelta(weeks=1)
    json_cache_seconds: int = 0
    rest_minimum_version: int = 0
    debug: bool = False
    limits: WebLimits = field(default_factory=WebLimits)
    ws_ping_interval: int = 30
    auth: AuthBase | None = None
    authz: Authz | None = None
    public_read: bool = True
    trusted_proxies: tuple[Network, ...] = ()
    ui: Mapping[str, Any] = field(default_factory=dict)
    dashboards: tuple[Dashboard, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OpenTelemetryConfig:
    """Where traces of builds go.

    Attributes:
        is_on: None where the file does not say: then the variables ``OTEL_*`` decide.
        exporter: a ``SpanExporter``; None for OTLP over HTTP.
        endpoint, headers, timeout: of a collector; None for what the variables say. The time is in seconds.
    """

    is_on: bool | None = None
    exporter: Any = None
    endpoint: str | None = None
    headers: Mapping[str, str] | None = None
    service_name: str = "buildmill"
    timeout: float | None = None


@dataclass(frozen=True, kw_only=True)
class ConfigNotice:
    """Something in a configuration that is taken, but not as its author may think.

    Attributes:
        name: the key that it is about.
        text: what happens instead, and what to do.
        file, line: where it stands, if known.
    """

    name: str
    text: str
    file: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}: " if self.file and self.line else f"{self.file}: " if self.file else ""
        return f"{where}{self.name}: {self.text}"


@dataclass(frozen=True, kw_only=True)
class MasterConfig:
    """A configuration in force, or about to be. Names are the keys of the file; see ``docs/reference/master-cfg.md``.

    Attributes:
        basedir: the master's directory.
        file: the file that was read.
        titleURL: empty means `buildbotURL`.
        worker_ports: where workers connect; empty means that only local workers are served.
        properties: of all builds; their source is the file's name.
        collapseRequests: True unless the file says something else.
        validation: patterns that names and values from outside must match.
        notices: what its author should know, in the order of the file.
    """

    basedir: Path
    file: Path
    title: str = "Buildmill"
    titleURL: str = ""
    buildbotURL: str = "http://localhost:8080/"
    workers: tuple[WorkerConfig, ...] = ()
    builders: tuple[BuilderConfig, ...] = ()
    schedulers: tuple[BaseScheduler, ...] = ()
    change_sources: tuple[ChangeSource, ...] = ()
    services: tuple[BuildbotService, ...] = ()
    machines: tuple[Machine, ...] = ()
    secretsProviders: tuple[SecretProviderBase, ...] = ()
    projects: tuple[Project, ...] = ()
    codebases: tuple[Codebase, ...] = ()
    worker_ports: tuple[WorkerPort, ...] = ()
    db_url: str = "sqlite:///state.sqlite"
    mq: Mapping[str, Any] = field(default_factory=lambda: {"type": "simple"})
    multiMaster: bool = False
    www: WwwConfig = field(default_factory=WwwConfig)
    properties: Mapping[str, Any] = field(default_factory=dict)
    collapseRequests: bool | Callable[..., Any] = True
    prioritizeBuilders: Callable[..., Any] | None = None
    select_next_worker: Callable[..., Any] | None = None
    codebaseGenerator: Callable[..., Any] | None = None
    revlink: Callable[..., Any] | None = default_revlink_matcher
    validation: Mapping[str, re.Pattern[str]] = field(default_factory=lambda: dict(DEFAULT_VALIDATION))
    caches: Mapping[str, int] = field(default_factory=dict)
    logEncoding: str | Callable[..., Any] = "utf-8"
    logCompressionMethod: str = "zstd"
    logCompressionLimit: int = 4096
    logMaxSize: int | None = None
    logMaxTailSize: int | None = None
    changeHorizon: int | None = None
    auditHorizon: timedelta | None = AUDIT_HORIZON
    durability: Durability = field(default_factory=Durability)
    opentelemetry: OpenTelemetryConfig = field(default_factory=OpenTelemetryConfig)
    orchestration: OrchestrationConfig = field(default_factory=OrchestrationConfig)
    staging: StagingConfig = field(default_factory=StagingConfig)
    notices: tuple[ConfigNotice, ...] = ()

    @property
    def tells_others(self) -> bool:
        """Whether events are written down for other processes and masters."""
        return self.mq.get("type") == "database" or self.www.process == "own"

    def builder(self, name: str) -> BuilderConfig:
        """One builder by name. Raises KeyError."""
        return self._builders[name]

    def worker(self, name: str) -> WorkerConfig:
        """One worker by name. Raises KeyError."""
        return self._workers[name]

    def scheduler(self, name: str) -> BaseScheduler:
        """One scheduler by name. Raises KeyError."""
        return self._schedulers[name]

    @cached_property
    def _builders(self) -> dict[str, BuilderConfig]:
        return {builder.name: builder for builder in self.builders}

    @cached_property
    def _workers(self) -> dict[str, WorkerConfig]:
        return {worker.name: worker for worker in self.workers}

    @cached_property
    def _schedulers(self) -> dict[str, BaseScheduler]:
        return {scheduler.name: scheduler for scheduler in self.schedulers}
