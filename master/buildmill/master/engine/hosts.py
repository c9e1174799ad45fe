"""What steps and commands see of those that run them: types that keep `build`, `step` and `remote_command` apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from twisted.internet.interfaces import IReactorTime

from buildmill.common.results import Result
from buildmill.common.tasks import TaskOwner
from buildmill.master.connections.connection import WorkerConnection
from buildmill.master.db.resuming import StepRecord
from buildmill.master.domain.properties import Properties
from buildmill.master.domain.resources import BuildRequest, Log
from buildmill.master.domain.secret_mask import SecretMask
from buildmill.master.engine.calls import StepCalls
from buildmill.master.engine.locks import BuildLocks
from buildmill.master.engine.writes import Writes
from buildmill.master.logs.writer import LogWriter


class StepHost(Protocol):
    """The build, as its steps see it; `engine.build.Build` says what each does."""

    buildid: int
    number: int
    builder: Any
    clock: IReactorTime
    failed_part_of: int | None
    has_lost_commands: bool
    has_timed_out: bool
    locks: BuildLocks
    properties: Properties
    request: BuildRequest
    secret_mask: SecretMask
    results: Result | None
    sources: list[dict[str, Any]]
    stopped: bool
    tasks: TaskOwner
    updates: Writes
    worker_handle: Any

    @property
    def connection(self) -> Any: ...
    @property
    def default_workdir(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def master(self) -> Any: ...
    @property
    def path_module(self) -> Any: ...
    @property
    def workername(self) -> str: ...

    def addStepsAfterCurrentStep(self, factories: Iterable[Any]) -> None: ...
    def addStepsAfterLastStep(self, factories: Iterable[Any]) -> None: ...
    def allChanges(self) -> list[Any]: ...
    def allFiles(self) -> list[str]: ...
    def getAllSourceStamps(self) -> list[Any]: ...
    def getSourceStamp(self, codebase: str = "") -> Any: ...
    def new_calls(self, step_id: int, record: StepRecord | None = None) -> StepCalls: ...
    def log_writer(self, log: Log) -> LogWriter: ...
    def note_lost(self, reason: str) -> None: ...
    async def render(self, value: Any) -> Any: ...
    def source_stamps(self) -> Sequence[Mapping[str, Any]]: ...
    def unique_step_name(self, name: str) -> str: ...
    def worker_path(self, path: str) -> str: ...

    async def worker_present(self) -> WorkerConnection: ...
    async def finish_step_row(self, step: Any, step_id: int, result: Result, hidden: bool, text: str) -> None: ...


class CommandHost(Protocol):
    """The step, as its remote commands see it."""

    build: StepHost
    calls: StepCalls


class WorkerUser(Protocol):
    """A build, as the worker that it runs on sees it."""

    def lost_worker(self, reason: str) -> None: ...
