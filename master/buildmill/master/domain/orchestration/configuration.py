"""What a configuration says of job graphs: ``c['orchestration']``, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from buildmill.master.domain.orchestration import rids
from buildmill.master.domain.orchestration.rights import DatasetRule, DatasetRules
from buildmill.master.domain.orchestration.values import StalenessMode


class CancelFinished(StrEnum):
    """What becomes of the wish to cancel a build that has ended."""

    ACCEPT = "accept"
    ERROR = "error"


class ErrorNameCase(StrEnum):
    """How names of errors of schedule runs are spelled; `AUTO` goes by the client."""

    AUTO = "auto"
    SEED = "seed"
    SDK = "sdk"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectDeclaration:
    """A group of datasets."""

    name: str
    rid: str = ""

    @property
    def its_rid(self) -> str:
        return self.rid or rids.of_project(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetDeclaration:
    """A target.

    Attributes:
        rid: empty for the one that follows from its name.
        project: name of a declared project; None without one.
        changes: a `ChangeFilter`: each change that passes commits a version on the change's branch; None where
            changes commit nothing.
        readers, builders: roles of which one is needed to read, and to build it; None where there is no such limit.
    """

    name: str
    rid: str = ""
    project: str | None = None
    changes: Any = None
    readers: frozenset[str] | None = None
    builders: frozenset[str] | None = None

    @property
    def its_rid(self) -> str:
        return self.rid or rids.of_target(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecDeclaration:
    """A job spec; outputs and inputs are names of declared datasets."""

    branch: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    builder: str
    properties: Mapping[str, Any] = field(default_factory=dict)
    mode: StalenessMode = StalenessMode.CHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitDeclaration:
    """A version that a dataset gets on a branch that has none."""

    dataset: str
    branch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestrationConfig:
    """All of it.

    Attributes:
        default_branch: of requests, specs and changes that name none.
        strict_branches: a request's branch may not be among its fallbacks.
        max_retries: more than so many are not made, whatever is asked for.
        pause_schedules_after: a schedule is paused after so many failures, one after the other; None for never.
    """

    default_branch: str = "master"
    strict_branches: bool = False
    max_retries: int = 10
    cancel_finished: CancelFinished = CancelFinished.ACCEPT
    error_name_case: ErrorNameCase = ErrorNameCase.AUTO
    pause_schedules_after: int | None = None
    projects: tuple[ProjectDeclaration, ...] = ()
    datasets: tuple[DatasetDeclaration, ...] = ()
    jobspecs: tuple[SpecDeclaration, ...] = ()
    commits: tuple[CommitDeclaration, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether no graph is declared."""
        return not (self.datasets or self.jobspecs)

    @property
    def dataset_rules(self) -> DatasetRules:
        """Who gets to which datasets."""
        limited = (each for each in self.datasets if each.readers is not None or each.builders is not None)
        return DatasetRules(tuple(DatasetRule(each.its_rid, each.readers, each.builders) for each in limited))


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """A configuration's graph, with the fingerprint of each job spec's logic in the order of `config.jobspecs`."""

    config: OrchestrationConfig
    logic: tuple[str, ...]
