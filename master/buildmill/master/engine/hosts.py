"""What steps and commands see of those that run them: types that keep `build`, `step` and `remote_command` apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from twisted.internet.interfaces import IReactorTime

from buildmill.common.results import Result
from buildmill.common.tasks import TaskOwner
from buildmill.master.data.updates import Updates
from buildmill.master.db.resuming import StepRecord
from buildmill.master.domain.lock_values import LockAccess
from buildmill.master.domain.locks import LockTable, Need
from buildmill.master.domain.properties import Properties
from buildmill.master.engine.calls import StepCalls


class StepHost(Protocol):
    """The build, as its steps see it; `engine.build.Build` says what each does."""

    buildid: int
    number: int
    builder: Any
    clock: IReactorTime
    has_lost_commands: bool
    locks: LockTable
    properties: Properties
    results: Result | None
    sources: list[dict[str, Any]]
    stopped: bool
    tasks: TaskOwner
    updates: Updates
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
    def lock_needs(self, accesses: Iterable[LockAccess]) -> list[Need]: ...
    def new_calls(self, step_id: int, record: StepRecord | None = None) -> StepCalls: ...
    def note_lost(self, reason: str) -> None: ...
    async def note_locks(self, holder: str, needs: Sequence[Need]) -> None: ...
    async def render(self, value: Any) -> Any: ...
    def source_stamps(self) -> Sequence[Mapping[str, Any]]: ...
    def unique_step_name(self, name: str) -> str: ...
    def waited_for_locks(self, seconds: float) -> None: ...
    def worker_path(self, path: str) -> str: ...

    async def finish_step_row(self, step: Any, step_id: int, result: Result, hidden: bool, text: str) -> None: ...


class CommandHost(Protocol):
    """The step, as its remote commands see it."""

    build: StepHost
    calls: StepCalls


class WorkerUser(Protocol):
    """A build, as the worker that it runs on sees it."""

    def lost_worker(self, reason: str) -> None: ...
