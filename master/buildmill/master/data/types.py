"""Resource types as the API publishes them, derived from the structs in `buildmill.master.domain.resources`."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

from buildmill.master.domain import (
    commit_resources,
    graph_documents,
    list_documents,
    page_documents,
    resources,
    result_resources,
    test_documents,
    view_documents,
)
from buildmill.master.domain.audit import AuditEntry
from buildmill.master.domain.environments import EnvironmentDifference, EnvironmentValue
from buildmill.master.domain.log_hits import LogHit, LogLine, LogTimes
from buildmill.master.domain.orchestration import resources as graph_resources
from buildmill.master.domain.reasons import Reason
from buildmill.master.domain.schedules.resources import (
    ScheduleExplanation,
    SchedulePreview,
    ScheduleResource,
    ScheduleRunResource,
    TimePreview,
)
from buildmill.master.domain.staging import resources as staging_resources
from buildmill.master.domain.staging.page_documents import StagingAppPage


class FieldKind(StrEnum):
    """Names of types in ``application.spec``."""

    INTEGER = "integer"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    STRING = "string"
    IDENTIFIER = "identifier"
    BINARY = "binary"
    JSON = "jsonobject"
    PROPERTIES = "sourcedproperties"
    LIST = "list"
    ENTITY = "entity"


@dataclass(frozen=True, slots=True)
class FieldType:
    """The type of one field.

    Attributes:
        nullable: null is possible.
        of: what a list holds.
        entity: the name of the type that a field of kind ENTITY holds.
    """

    kind: FieldKind
    nullable: bool = False
    of: FieldType | None = None
    entity: str = ""

    @property
    def is_integer(self) -> bool:
        return self.kind in (FieldKind.INTEGER, FieldKind.DATETIME)

    @property
    def is_text(self) -> bool:
        return self.kind in (FieldKind.STRING, FieldKind.IDENTIFIER)

    @property
    def is_sortable(self) -> bool:
        """Whether values of this type have an order."""
        return self.is_integer or self.is_text or self.kind is FieldKind.BOOLEAN


@dataclass(frozen=True, slots=True)
class ResourceType:
    """What the API knows of a resource type.

    Attributes:
        name, plural: singular name, and the key of the list in an answer.
        fields: type of each field, in the order of the document.
        attributes: the struct's attribute of each field.
        struct: the declaration; None for sourced properties, which have no fields.
        place: the field that no two rows of a collection have in common, by which a place is told; empty without one.
    """

    name: str
    plural: str
    fields: Mapping[str, FieldType]
    attributes: Mapping[str, str]
    struct: type[resources.Resource] | None
    place: str = ""

    @property
    def filters(self) -> Mapping[str, FieldType]:
        """The fields by which lists can be filtered, as far as their types allow."""
        without = self.struct.unfiltered if self.struct is not None else frozenset()
        return {name: type_ for name, type_ in self.fields.items() if name not in without}


def _field_type(hint: Any) -> FieldType:
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        members = [m for m in typing.get_args(hint) if m is not msgspec.Raw]
        some = [m for m in members if m is not types.NoneType]
        found = _field_type(some[0])
        return FieldType(found.kind, len(some) < len(members), found.of, found.entity)
    if origin is typing.Annotated:
        base, meta = typing.get_args(hint)
        return FieldType(FieldKind(meta.extra["type"])) if meta.extra else _field_type(base)
    if origin is list:
        return FieldType(FieldKind.LIST, of=_field_type(typing.get_args(hint)[0]))
    if hint == resources.SourcedProperties:
        return FieldType(FieldKind.PROPERTIES)
    if origin is dict:
        return FieldType(FieldKind.JSON)
    if isinstance(hint, type) and issubclass(hint, resources.Resource):
        return FieldType(FieldKind.ENTITY, entity=hint.type_name)
    return FieldType(
        {int: FieldKind.INTEGER, bool: FieldKind.BOOLEAN, str: FieldKind.STRING, bytes: FieldKind.BINARY}[hint]
    )


def _resource_type(struct: type[resources.Resource]) -> ResourceType:
    hints = typing.get_type_hints(struct, include_extras=True)
    names = [(f.encode_name, f.name) for f in msgspec.structs.fields(struct)]
    fields = {encoded: _field_type(hints[name]) for encoded, name in names}
    row_id = f"{struct.type_name}id"  # of what is known by another name as well
    place = "" if struct.type_name in UNPLACED else row_id if row_id in fields else struct.id_field
    return ResourceType(struct.type_name, struct.plural, fields, dict(names), struct, place)


UNPLACED = frozenset({"environment_value", "reason", "schedule_reason", "stop"})
"""Types whose rows have nothing of their own to be told by."""


TYPES: dict[str, ResourceType] = {
    struct.type_name: _resource_type(struct)
    for struct in (
        AuditEntry,
        commit_resources.Branch,
        resources.Build,
        resources.BuildData,
        resources.Builder,
        resources.BuildRequest,
        resources.Buildset,
        resources.Change,
        resources.ChangeSource,
        resources.Codebase,
        commit_resources.Commit,
        commit_resources.CommitGraph,
        resources.ForceScheduler,
        graph_resources.GraphAttempt,
        graph_resources.GraphBuildResource,
        graph_resources.GraphJobResource,
        graph_resources.GraphPlanJob,
        graph_resources.JobSpecResource,
        resources.Log,
        resources.LogChunk,
        LogHit,
        LogLine,
        LogTimes,
        resources.Master,
        resources.Patch,
        resources.Project,
        resources.Property,
        Reason,
        resources.RootLink,
        ScheduleExplanation,
        SchedulePreview,
        ScheduleResource,
        ScheduleRunResource,
        TimePreview,
        resources.Scheduler,
        resources.SourceStamp,
        resources.Spec,
        resources.Step,
        resources.Stop,
        result_resources.TestResult,
        result_resources.TestResultSet,
        staging_resources.StagingAppResource,
        staging_resources.StagingBuildResource,
        staging_resources.StagingBuildpackResource,
        staging_resources.StagingAttestationResource,
        staging_resources.StagingCacheResource,
        staging_resources.StagingDropletResource,
        staging_resources.StagingPackageResource,
        graph_resources.TargetResource,
        graph_resources.TargetVersion,
        EnvironmentDifference,
        EnvironmentValue,
        resources.Token,
        resources.Worker,
        page_documents.BrokenBuilder,
        page_documents.BuilderPage,
        page_documents.BuildersPage,
        page_documents.BuilderSummary,
        page_documents.BuildMark,
        page_documents.BuildPage,
        page_documents.Difference,
        page_documents.FrontPage,
        page_documents.HourOfBuilds,
        page_documents.MastersPage,
        page_documents.MasterSummary,
        page_documents.NamedBuild,
        page_documents.NamedBuilder,
        page_documents.NamedWorker,
        page_documents.PropertyDifference,
        page_documents.RecentBuild,
        page_documents.RunningBuild,
        page_documents.SourceDifference,
        page_documents.StepDifference,
        page_documents.StepWithLogs,
        page_documents.TakenOver,
        page_documents.WaitingLine,
        page_documents.WaitingRequest,
        page_documents.WorkerMark,
        page_documents.WorkerPage,
        page_documents.WorkersHealth,
        page_documents.WorkersPage,
        page_documents.WorkerState,
        page_documents.WorkerSummary,
        list_documents.AskedBuild,
        list_documents.BuildOfBranch,
        list_documents.ChangePage,
        list_documents.PendingRequest,
        list_documents.RequestReasons,
        list_documents.SchedulerPage,
        list_documents.SchedulerRun,
        list_documents.SchedulersPage,
        list_documents.SchedulerState,
        graph_documents.GraphPage,
        graph_documents.GraphRunAttempt,
        graph_documents.GraphRunJob,
        graph_documents.GraphRunPage,
        graph_documents.ScheduleFormPage,
        graph_documents.SchedulePage,
        graph_documents.ScheduleRunMark,
        graph_documents.ScheduleVersionResource,
        graph_documents.TargetState,
        graph_documents.VersionMark,
        StagingAppPage,
        test_documents.TestedBuild,
        test_documents.TestLine,
        test_documents.TestsPage,
        view_documents.BuiltChange,
        view_documents.ChangeBuild,
        view_documents.TimedBuild,
    )
}
TYPES["sourcedproperties"] = ResourceType("sourcedproperties", "properties", {}, {}, None)
GROWING = frozenset(
    {
        "audit_entry", "build", "build_of_branch", "buildrequest", "buildset", "built_change", "change",
        "commit", "graph_attempt", "graph_build", "graph_job", "pending_request", "sourcestamp",
        "staging_app", "staging_build", "staging_droplet", "staging_package", "target_version", "test_result",
        "test_result_set", "timed_build",
    }
)  # fmt: skip
"""Types of which there are more every day; of all others there are as many as a configuration or a build has."""
