"""The paths of the data API, and what can be done there.

Generated from the code of the master (`make client`): not to be edited. `api` stands for ``/api/v2``; its attributes
and subscripts are the elements of a path, ``api.builders["tests"].builds[12].steps``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from msgspec import UNSET, UnsetType

from buildmill.client.paths import Call, Collection, Download, Numbered, Path, Searching, Single, call
from buildmill.client.resources import (
    AuditEntry,
    Branch,
    Build,
    BuildData,
    BuildOfBranch,
    BuildPage,
    BuildRequest,
    Builder,
    BuilderPage,
    BuildersPage,
    Buildset,
    BuiltChange,
    Change,
    ChangePage,
    ChangeSource,
    Codebase,
    Commit,
    CommitGraph,
    EnvironmentValue,
    ForceScheduler,
    FrontPage,
    GraphAttempt,
    GraphBuildResource,
    GraphJobResource,
    GraphPage,
    GraphPlanJob,
    GraphRunPage,
    JobSpecResource,
    Log,
    LogChunk,
    LogHit,
    LogTimes,
    Master,
    MastersPage,
    PendingRequest,
    Project,
    Property,
    Reason,
    RequestReasons,
    RootLink,
    ScheduleExplanation,
    ScheduleFormPage,
    SchedulePage,
    SchedulePreview,
    ScheduleResource,
    ScheduleRunResource,
    Scheduler,
    SchedulerPage,
    SchedulersPage,
    SourceStamp,
    SourcedProperties,
    Spec,
    StagingAppPage,
    StagingAppResource,
    StagingAttestationResource,
    StagingBuildResource,
    StagingBuildpackResource,
    StagingCacheResource,
    StagingDropletResource,
    StagingPackageResource,
    Step,
    Stop,
    TargetResource,
    TargetVersion,
    TestResult,
    TestResultSet,
    TestsPage,
    TimedBuild,
    Token,
    Worker,
    WorkerPage,
    WorkersPage,
)

if TYPE_CHECKING:
    from typing import Self, Unpack

    from buildmill.client.filters import (
        AuditEntryFilters,
        AuditEntryOrder,
        BranchFilters,
        BranchOrder,
        BuildDataFilters,
        BuildDataOrder,
        BuildFilters,
        BuildOfBranchFilters,
        BuildOfBranchOrder,
        BuildOrder,
        BuildRequestFilters,
        BuildRequestOrder,
        BuilderFilters,
        BuilderOrder,
        BuildsetFilters,
        BuildsetOrder,
        BuiltChangeFilters,
        BuiltChangeOrder,
        ChangeFilters,
        ChangeOrder,
        ChangeSourceFilters,
        ChangeSourceOrder,
        CodebaseFilters,
        CodebaseOrder,
        CommitFilters,
        CommitOrder,
        EnvironmentValueFilters,
        EnvironmentValueOrder,
        ForceSchedulerFilters,
        ForceSchedulerOrder,
        GraphAttemptFilters,
        GraphAttemptOrder,
        GraphBuildResourceFilters,
        GraphBuildResourceOrder,
        GraphJobResourceFilters,
        GraphJobResourceOrder,
        GraphPlanJobFilters,
        GraphPlanJobOrder,
        JobSpecResourceFilters,
        JobSpecResourceOrder,
        LogFilters,
        LogOrder,
        MasterFilters,
        MasterOrder,
        PendingRequestFilters,
        PendingRequestOrder,
        ProjectFilters,
        ProjectOrder,
        PropertyFilters,
        PropertyOrder,
        ReasonFilters,
        ReasonOrder,
        RequestReasonsFilters,
        RequestReasonsOrder,
        RootLinkFilters,
        RootLinkOrder,
        ScheduleExplanationFilters,
        ScheduleExplanationOrder,
        ScheduleResourceFilters,
        ScheduleResourceOrder,
        ScheduleRunResourceFilters,
        ScheduleRunResourceOrder,
        SchedulerFilters,
        SchedulerOrder,
        SourceStampFilters,
        SourceStampOrder,
        SpecFilters,
        SpecOrder,
        StagingAppResourceFilters,
        StagingAppResourceOrder,
        StagingBuildResourceFilters,
        StagingBuildResourceOrder,
        StagingBuildpackResourceFilters,
        StagingBuildpackResourceOrder,
        StagingCacheResourceFilters,
        StagingCacheResourceOrder,
        StagingDropletResourceFilters,
        StagingDropletResourceOrder,
        StagingPackageResourceFilters,
        StagingPackageResourceOrder,
        StepFilters,
        StepOrder,
        StopFilters,
        StopOrder,
        TargetResourceFilters,
        TargetResourceOrder,
        TargetVersionFilters,
        TargetVersionOrder,
        TestResultFilters,
        TestResultOrder,
        TestResultSetFilters,
        TestResultSetOrder,
        TimedBuildFilters,
        TimedBuildOrder,
        TokenFilters,
        TokenOrder,
        WorkerFilters,
        WorkerOrder,
    )


class OneRootLink(Single[RootLink]):
    """One of ``rootlinks``."""

    __slots__ = ()
    row = RootLink
    plural = "rootlinks"


class OneAuditEntry(Single[AuditEntry]):
    """One of ``audit``."""

    __slots__ = ()
    row = AuditEntry
    plural = "audit"


class OneBuildData(Single[BuildData]):
    """One of ``build_data``."""

    __slots__ = ()
    row = BuildData
    plural = "build_data"


class OneBuild(Single[Build]):
    """One of ``builds``."""

    __slots__ = ()
    row = Build
    plural = "builds"


class OneSourcedProperties(Single[SourcedProperties]):
    """One of ``properties``."""

    __slots__ = ()
    row = SourcedProperties
    plural = "properties"


class OneProperty(Single[Property]):
    """One of ``_properties``."""

    __slots__ = ()
    row = Property
    plural = "_properties"


class OneCommit(Single[Commit]):
    """One of ``commits``."""

    __slots__ = ()
    row = Commit
    plural = "commits"


class OneCommitGraph(Single[CommitGraph]):
    """One of ``commit_graphs``."""

    __slots__ = ()
    row = CommitGraph
    plural = "commit_graphs"


class OneBranch(Single[Branch]):
    """One of ``branches``."""

    __slots__ = ()
    row = Branch
    plural = "branches"


class OneBuilder(Single[Builder]):
    """One of ``builders``."""

    __slots__ = ()
    row = Builder
    plural = "builders"


class OneCodebase(Single[Codebase]):
    """One of ``codebases``."""

    __slots__ = ()
    row = Codebase
    plural = "codebases"


class OneWorker(Single[Worker]):
    """One of ``workers``."""

    __slots__ = ()
    row = Worker
    plural = "workers"


class OneChangeSource(Single[ChangeSource]):
    """One of ``changesources``."""

    __slots__ = ()
    row = ChangeSource
    plural = "changesources"


class OneMaster(Single[Master]):
    """One of ``masters``."""

    __slots__ = ()
    row = Master
    plural = "masters"


class OneScheduler(Single[Scheduler]):
    """One of ``schedulers``."""

    __slots__ = ()
    row = Scheduler
    plural = "schedulers"


class OneProject(Single[Project]):
    """One of ``projects``."""

    __slots__ = ()
    row = Project
    plural = "projects"


class OneEnvironmentValue(Single[EnvironmentValue]):
    """One of ``environment_values``."""

    __slots__ = ()
    row = EnvironmentValue
    plural = "environment_values"


class OneReason(Single[Reason]):
    """One of ``reasons``."""

    __slots__ = ()
    row = Reason
    plural = "reasons"


class OneForceScheduler(Single[ForceScheduler]):
    """One of ``forceschedulers``."""

    __slots__ = ()
    row = ForceScheduler
    plural = "forceschedulers"


class OneGraphBuildResource(Single[GraphBuildResource]):
    """One of ``graph_builds``."""

    __slots__ = ()
    row = GraphBuildResource
    plural = "graph_builds"


class OneGraphJobResource(Single[GraphJobResource]):
    """One of ``graph_jobs``."""

    __slots__ = ()
    row = GraphJobResource
    plural = "graph_jobs"


class OneGraphAttempt(Single[GraphAttempt]):
    """One of ``graph_attempts``."""

    __slots__ = ()
    row = GraphAttempt
    plural = "graph_attempts"


class OneJobSpecResource(Single[JobSpecResource]):
    """One of ``job_specs``."""

    __slots__ = ()
    row = JobSpecResource
    plural = "job_specs"


class OneTargetResource(Single[TargetResource]):
    """One of ``targets``."""

    __slots__ = ()
    row = TargetResource
    plural = "targets"


class OneTargetVersion(Single[TargetVersion]):
    """One of ``target_versions``."""

    __slots__ = ()
    row = TargetVersion
    plural = "target_versions"


class OneGraphPlanJob(Single[GraphPlanJob]):
    """One of ``graph_plan_jobs``."""

    __slots__ = ()
    row = GraphPlanJob
    plural = "graph_plan_jobs"


class OneLogChunk(Numbered[LogChunk]):
    """One of ``logchunks``."""

    __slots__ = ()
    row = LogChunk
    plural = "logchunks"


class OneLogTimes(Numbered[LogTimes]):
    """One of ``logtimes``."""

    __slots__ = ()
    row = LogTimes
    plural = "logtimes"


class OneLogHit(Single[LogHit]):
    """One of ``loghits``."""

    __slots__ = ()
    row = LogHit
    plural = "loghits"


class OneFrontPage(Single[FrontPage]):
    """One of ``front_pages``."""

    __slots__ = ()
    row = FrontPage
    plural = "front_pages"


class OneBuildersPage(Single[BuildersPage]):
    """One of ``builders_pages``."""

    __slots__ = ()
    row = BuildersPage
    plural = "builders_pages"


class OneBuilderPage(Single[BuilderPage]):
    """One of ``builder_pages``."""

    __slots__ = ()
    row = BuilderPage
    plural = "builder_pages"


class OneBuildPage(Single[BuildPage]):
    """One of ``build_pages``."""

    __slots__ = ()
    row = BuildPage
    plural = "build_pages"


class OneGraphPage(Single[GraphPage]):
    """One of ``graph_pages``."""

    __slots__ = ()
    row = GraphPage
    plural = "graph_pages"


class OneGraphRunPage(Single[GraphRunPage]):
    """One of ``graph_run_pages``."""

    __slots__ = ()
    row = GraphRunPage
    plural = "graph_run_pages"


class OneSchedulePage(Single[SchedulePage]):
    """One of ``schedule_pages``."""

    __slots__ = ()
    row = SchedulePage
    plural = "schedule_pages"


class OneScheduleFormPage(Single[ScheduleFormPage]):
    """One of ``schedule_form_pages``."""

    __slots__ = ()
    row = ScheduleFormPage
    plural = "schedule_form_pages"


class OneSchedulersPage(Single[SchedulersPage]):
    """One of ``schedulers_pages``."""

    __slots__ = ()
    row = SchedulersPage
    plural = "schedulers_pages"


class OneSchedulerPage(Single[SchedulerPage]):
    """One of ``scheduler_pages``."""

    __slots__ = ()
    row = SchedulerPage
    plural = "scheduler_pages"


class OnePendingRequest(Single[PendingRequest]):
    """One of ``pending_requests``."""

    __slots__ = ()
    row = PendingRequest
    plural = "pending_requests"


class OneRequestReasons(Single[RequestReasons]):
    """One of ``request_reasons``."""

    __slots__ = ()
    row = RequestReasons
    plural = "request_reasons"


class OneChangePage(Single[ChangePage]):
    """One of ``change_pages``."""

    __slots__ = ()
    row = ChangePage
    plural = "change_pages"


class OneBuildOfBranch(Single[BuildOfBranch]):
    """One of ``builds_of_branches``."""

    __slots__ = ()
    row = BuildOfBranch
    plural = "builds_of_branches"


class OneTestsPage(Single[TestsPage]):
    """One of ``tests_pages``."""

    __slots__ = ()
    row = TestsPage
    plural = "tests_pages"


class OneTimedBuild(Single[TimedBuild]):
    """One of ``timed_builds``."""

    __slots__ = ()
    row = TimedBuild
    plural = "timed_builds"


class OneBuiltChange(Single[BuiltChange]):
    """One of ``built_changes``."""

    __slots__ = ()
    row = BuiltChange
    plural = "built_changes"


class OneBuildRequest(Single[BuildRequest]):
    """One of ``buildrequests``."""

    __slots__ = ()
    row = BuildRequest
    plural = "buildrequests"


class OneBuildset(Single[Buildset]):
    """One of ``buildsets``."""

    __slots__ = ()
    row = Buildset
    plural = "buildsets"


class OneSourceStamp(Single[SourceStamp]):
    """One of ``sourcestamps``."""

    __slots__ = ()
    row = SourceStamp
    plural = "sourcestamps"


class OneScheduleResource(Single[ScheduleResource]):
    """One of ``schedules``."""

    __slots__ = ()
    row = ScheduleResource
    plural = "schedules"


class OneScheduleRunResource(Single[ScheduleRunResource]):
    """One of ``schedule_runs``."""

    __slots__ = ()
    row = ScheduleRunResource
    plural = "schedule_runs"


class OneScheduleExplanation(Single[ScheduleExplanation]):
    """One of ``schedule_reasons``."""

    __slots__ = ()
    row = ScheduleExplanation
    plural = "schedule_reasons"


class OneChange(Single[Change]):
    """One of ``changes``."""

    __slots__ = ()
    row = Change
    plural = "changes"


class OneStagingAppResource(Single[StagingAppResource]):
    """One of ``staging_apps``."""

    __slots__ = ()
    row = StagingAppResource
    plural = "staging_apps"


class OneStagingPackageResource(Single[StagingPackageResource]):
    """One of ``staging_packages``."""

    __slots__ = ()
    row = StagingPackageResource
    plural = "staging_packages"


class OneStagingBuildResource(Single[StagingBuildResource]):
    """One of ``staging_builds``."""

    __slots__ = ()
    row = StagingBuildResource
    plural = "staging_builds"


class OneStagingDropletResource(Single[StagingDropletResource]):
    """One of ``staging_droplets``."""

    __slots__ = ()
    row = StagingDropletResource
    plural = "staging_droplets"


class OneStagingAttestationResource(Single[StagingAttestationResource]):
    """One of ``staging_attestations``."""

    __slots__ = ()
    row = StagingAttestationResource
    plural = "staging_attestations"


class OneStagingBuildpackResource(Single[StagingBuildpackResource]):
    """One of ``staging_buildpacks``."""

    __slots__ = ()
    row = StagingBuildpackResource
    plural = "staging_buildpacks"


class OneStagingCacheResource(Single[StagingCacheResource]):
    """One of ``staging_caches``."""

    __slots__ = ()
    row = StagingCacheResource
    plural = "staging_caches"


class OneStagingAppPage(Single[StagingAppPage]):
    """One of ``staging_app_pages``."""

    __slots__ = ()
    row = StagingAppPage
    plural = "staging_app_pages"


class OneStep(Single[Step]):
    """One of ``steps``."""

    __slots__ = ()
    row = Step
    plural = "steps"


class OneLog(Single[Log]):
    """One of ``logs``."""

    __slots__ = ()
    row = Log
    plural = "logs"


class OneStop(Single[Stop]):
    """One of ``stops``."""

    __slots__ = ()
    row = Stop
    plural = "stops"


class OneTestResultSet(Single[TestResultSet]):
    """One of ``test_result_sets``."""

    __slots__ = ()
    row = TestResultSet
    plural = "test_result_sets"


class OneTestResult(Single[TestResult]):
    """One of ``test_results``."""

    __slots__ = ()
    row = TestResult
    plural = "test_results"


class OneToken(Single[Token]):
    """One of ``tokens``."""

    __slots__ = ()
    row = Token
    plural = "tokens"


class OneWorkersPage(Single[WorkersPage]):
    """One of ``workers_pages``."""

    __slots__ = ()
    row = WorkersPage
    plural = "workers_pages"


class OneWorkerPage(Single[WorkerPage]):
    """One of ``worker_pages``."""

    __slots__ = ()
    row = WorkerPage
    plural = "worker_pages"


class OneMastersPage(Single[MastersPage]):
    """One of ``masters_pages``."""

    __slots__ = ()
    row = MastersPage
    plural = "masters_pages"


class OneSpec(Single[Spec]):
    """One of ``specs``."""

    __slots__ = ()
    row = Spec
    plural = "specs"


class RootLinkList(Collection[RootLink]):
    """Some of ``rootlinks``."""

    __slots__ = ()
    row = RootLink
    plural = "rootlinks"
    id_field = ""

    def where(self, **filters: Unpack[RootLinkFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: RootLinkOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class AuditEntryList(Collection[AuditEntry]):
    """Some of ``audit``."""

    __slots__ = ()
    row = AuditEntry
    plural = "audit"
    id_field = "auditid"

    def where(self, **filters: Unpack[AuditEntryFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: AuditEntryOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class BuildDataList(Collection[BuildData]):
    """Some of ``build_data``."""

    __slots__ = ()
    row = BuildData
    plural = "build_data"
    id_field = ""

    def where(self, **filters: Unpack[BuildDataFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: BuildDataOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class BuildList(Collection[Build]):
    """Some of ``builds``."""

    __slots__ = ()
    row = Build
    plural = "builds"
    id_field = "buildid"

    def where(self, **filters: Unpack[BuildFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: BuildOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class PropertyList(Collection[Property]):
    """Some of ``_properties``."""

    __slots__ = ()
    row = Property
    plural = "_properties"
    id_field = ""

    def where(self, **filters: Unpack[PropertyFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: PropertyOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class CommitList(Collection[Commit]):
    """Some of ``commits``."""

    __slots__ = ()
    row = Commit
    plural = "commits"
    id_field = "commitid"

    def where(self, **filters: Unpack[CommitFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: CommitOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class BranchList(Collection[Branch]):
    """Some of ``branches``."""

    __slots__ = ()
    row = Branch
    plural = "branches"
    id_field = "branchid"

    def where(self, **filters: Unpack[BranchFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: BranchOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class BuilderList(Collection[Builder]):
    """Some of ``builders``."""

    __slots__ = ()
    row = Builder
    plural = "builders"
    id_field = "builderid"

    def where(self, **filters: Unpack[BuilderFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: BuilderOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class CodebaseList(Collection[Codebase]):
    """Some of ``codebases``."""

    __slots__ = ()
    row = Codebase
    plural = "codebases"
    id_field = "codebaseid"

    def where(self, **filters: Unpack[CodebaseFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: CodebaseOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class WorkerList(Collection[Worker]):
    """Some of ``workers``."""

    __slots__ = ()
    row = Worker
    plural = "workers"
    id_field = "workerid"

    def where(self, **filters: Unpack[WorkerFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: WorkerOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class ChangeSourceList(Collection[ChangeSource]):
    """Some of ``changesources``."""

    __slots__ = ()
    row = ChangeSource
    plural = "changesources"
    id_field = "changesourceid"

    def where(self, **filters: Unpack[ChangeSourceFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: ChangeSourceOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class MasterList(Collection[Master]):
    """Some of ``masters``."""

    __slots__ = ()
    row = Master
    plural = "masters"
    id_field = "masterid"

    def where(self, **filters: Unpack[MasterFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: MasterOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class SchedulerList(Collection[Scheduler]):
    """Some of ``schedulers``."""

    __slots__ = ()
    row = Scheduler
    plural = "schedulers"
    id_field = "schedulerid"

    def where(self, **filters: Unpack[SchedulerFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: SchedulerOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class ProjectList(Collection[Project]):
    """Some of ``projects``."""

    __slots__ = ()
    row = Project
    plural = "projects"
    id_field = "projectid"

    def where(self, **filters: Unpack[ProjectFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: ProjectOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class EnvironmentValueList(Collection[EnvironmentValue]):
    """Some of ``environment_values``."""

    __slots__ = ()
    row = EnvironmentValue
    plural = "environment_values"
    id_field = ""

    def where(self, **filters: Unpack[EnvironmentValueFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: EnvironmentValueOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class ReasonList(Collection[Reason]):
    """Some of ``reasons``."""

    __slots__ = ()
    row = Reason
    plural = "reasons"
    id_field = ""

    def where(self, **filters: Unpack[ReasonFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: ReasonOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class ForceSchedulerList(Collection[ForceScheduler]):
    """Some of ``forceschedulers``."""

    __slots__ = ()
    row = ForceScheduler
    plural = "forceschedulers"
    id_field = ""

    def where(self, **filters: Unpack[ForceSchedulerFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: ForceSchedulerOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class GraphBuildResourceList(Collection[GraphBuildResource]):
    """Some of ``graph_builds``."""

    __slots__ = ()
    row = GraphBuildResource
    plural = "graph_builds"
    id_field = ""

    def where(self, **filters: Unpack[GraphBuildResourceFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: GraphBuildResourceOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class GraphJobResourceList(Collection[GraphJobResource]):
    """Some of ``graph_jobs``."""

    __slots__ = ()
    row = GraphJobResource
    plural = "graph_jobs"
    id_field = ""

    def where(self, **filters: Unpack[GraphJobResourceFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: GraphJobResourceOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class GraphAttemptList(Collection[GraphAttempt]):
    """Some of ``graph_attempts``."""

    __slots__ = ()
    row = GraphAttempt
    plural = "graph_attempts"
    id_field = "graph_attemptid"

    def where(self, **filters: Unpack[GraphAttemptFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: GraphAttemptOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class JobSpecResourceList(Collection[JobSpecResource]):
    """Some of ``job_specs``."""

    __slots__ = ()
    row = JobSpecResource
    plural = "job_specs"
    id_field = "spec_id"

    def where(self, **filters: Unpack[JobSpecResourceFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: JobSpecResourceOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class TargetResourceList(Collection[TargetResource]):
    """Some of ``targets``."""

    __slots__ = ()
    row = TargetResource
    plural = "targets"
    id_field = ""

    def where(self, **filters: Unpack[TargetResourceFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: TargetResourceOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class TargetVersionList(Collection[TargetVersion]):
    """Some of ``target_versions``."""

    __slots__ = ()
    row = TargetVersion
    plural = "target_versions"
    id_field = ""

    def where(self, **filters: Unpack[TargetVersionFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: TargetVersionOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class GraphPlanJobList(Collection[GraphPlanJob]):
    """Some of ``graph_plan_jobs``."""

    __slots__ = ()
    row = GraphPlanJob
    plural = "graph_plan_jobs"
    id_field = "spec_id"

    def where(self, **filters: Unpack[GraphPlanJobFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: GraphPlanJobOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class PendingRequestList(Collection[PendingRequest]):
    """Some of ``pending_requests``."""

    __slots__ = ()
    row = PendingRequest
    plural = "pending_requests"
    id_field = "buildrequestid"

    def where(self, **filters: Unpack[PendingRequestFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: PendingRequestOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class RequestReasonsList(Collection[RequestReasons]):
    """Some of ``request_reasons``."""

    __slots__ = ()
    row = RequestReasons
    plural = "request_reasons"
    id_field = "buildrequestid"

    def where(self, **filters: Unpack[RequestReasonsFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: RequestReasonsOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class BuildOfBranchList(Collection[BuildOfBranch]):
    """Some of ``builds_of_branches``."""

    __slots__ = ()
    row = BuildOfBranch
    plural = "builds_of_branches"
    id_field = "buildid"

    def where(self, **filters: Unpack[BuildOfBranchFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: BuildOfBranchOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class TimedBuildList(Collection[TimedBuild]):
    """Some of ``timed_builds``."""

    __slots__ = ()
    row = TimedBuild
    plural = "timed_builds"
    id_field = "buildid"

    def where(self, **filters: Unpack[TimedBuildFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: TimedBuildOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class BuiltChangeList(Collection[BuiltChange]):
    """Some of ``built_changes``."""

    __slots__ = ()
    row = BuiltChange
    plural = "built_changes"
    id_field = "changeid"

    def where(self, **filters: Unpack[BuiltChangeFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: BuiltChangeOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class BuildRequestList(Collection[BuildRequest]):
    """Some of ``buildrequests``."""

    __slots__ = ()
    row = BuildRequest
    plural = "buildrequests"
    id_field = "buildrequestid"

    def where(self, **filters: Unpack[BuildRequestFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: BuildRequestOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class BuildsetList(Collection[Buildset]):
    """Some of ``buildsets``."""

    __slots__ = ()
    row = Buildset
    plural = "buildsets"
    id_field = "bsid"

    def where(self, **filters: Unpack[BuildsetFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: BuildsetOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class SourceStampList(Collection[SourceStamp]):
    """Some of ``sourcestamps``."""

    __slots__ = ()
    row = SourceStamp
    plural = "sourcestamps"
    id_field = "ssid"

    def where(self, **filters: Unpack[SourceStampFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: SourceStampOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class ScheduleResourceList(Collection[ScheduleResource]):
    """Some of ``schedules``."""

    __slots__ = ()
    row = ScheduleResource
    plural = "schedules"
    id_field = ""

    def where(self, **filters: Unpack[ScheduleResourceFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: ScheduleResourceOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class ScheduleRunResourceList(Collection[ScheduleRunResource]):
    """Some of ``schedule_runs``."""

    __slots__ = ()
    row = ScheduleRunResource
    plural = "schedule_runs"
    id_field = ""

    def where(self, **filters: Unpack[ScheduleRunResourceFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: ScheduleRunResourceOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class ScheduleExplanationList(Collection[ScheduleExplanation]):
    """Some of ``schedule_reasons``."""

    __slots__ = ()
    row = ScheduleExplanation
    plural = "schedule_reasons"
    id_field = ""

    def where(self, **filters: Unpack[ScheduleExplanationFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: ScheduleExplanationOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class ChangeList(Collection[Change]):
    """Some of ``changes``."""

    __slots__ = ()
    row = Change
    plural = "changes"
    id_field = "changeid"

    def where(self, **filters: Unpack[ChangeFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: ChangeOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class StagingAppResourceList(Collection[StagingAppResource]):
    """Some of ``staging_apps``."""

    __slots__ = ()
    row = StagingAppResource
    plural = "staging_apps"
    id_field = ""

    def where(self, **filters: Unpack[StagingAppResourceFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: StagingAppResourceOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class StagingPackageResourceList(Collection[StagingPackageResource]):
    """Some of ``staging_packages``."""

    __slots__ = ()
    row = StagingPackageResource
    plural = "staging_packages"
    id_field = ""

    def where(self, **filters: Unpack[StagingPackageResourceFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: StagingPackageResourceOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class StagingBuildResourceList(Collection[StagingBuildResource]):
    """Some of ``staging_builds``."""

    __slots__ = ()
    row = StagingBuildResource
    plural = "staging_builds"
    id_field = ""

    def where(self, **filters: Unpack[StagingBuildResourceFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: StagingBuildResourceOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class StagingDropletResourceList(Collection[StagingDropletResource]):
    """Some of ``staging_droplets``."""

    __slots__ = ()
    row = StagingDropletResource
    plural = "staging_droplets"
    id_field = ""

    def where(self, **filters: Unpack[StagingDropletResourceFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: StagingDropletResourceOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class StagingBuildpackResourceList(Collection[StagingBuildpackResource]):
    """Some of ``staging_buildpacks``."""

    __slots__ = ()
    row = StagingBuildpackResource
    plural = "staging_buildpacks"
    id_field = ""

    def where(self, **filters: Unpack[StagingBuildpackResourceFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: StagingBuildpackResourceOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class StagingCacheResourceList(Collection[StagingCacheResource]):
    """Some of ``staging_caches``."""

    __slots__ = ()
    row = StagingCacheResource
    plural = "staging_caches"
    id_field = "staging_cacheid"

    def where(self, **filters: Unpack[StagingCacheResourceFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: StagingCacheResourceOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class StepList(Collection[Step]):
    """Some of ``steps``."""

    __slots__ = ()
    row = Step
    plural = "steps"
    id_field = "stepid"

    def where(self, **filters: Unpack[StepFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: StepOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class LogList(Collection[Log]):
    """Some of ``logs``."""

    __slots__ = ()
    row = Log
    plural = "logs"
    id_field = "logid"

    def where(self, **filters: Unpack[LogFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: LogOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class StopList(Collection[Stop]):
    """Some of ``stops``."""

    __slots__ = ()
    row = Stop
    plural = "stops"
    id_field = "buildrequestid"

    def where(self, **filters: Unpack[StopFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: StopOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class TestResultSetList(Collection[TestResultSet]):
    """Some of ``test_result_sets``."""

    __slots__ = ()
    row = TestResultSet
    plural = "test_result_sets"
    id_field = "test_result_setid"

    def where(self, **filters: Unpack[TestResultSetFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: TestResultSetOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class TestResultList(Collection[TestResult]):
    """Some of ``test_results``."""

    __slots__ = ()
    row = TestResult
    plural = "test_results"
    id_field = "test_resultid"

    def where(self, **filters: Unpack[TestResultFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: TestResultOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class TokenList(Collection[Token]):
    """Some of ``tokens``."""

    __slots__ = ()
    row = Token
    plural = "tokens"
    id_field = "tokenid"

    def where(self, **filters: Unpack[TokenFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: TokenOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class SpecList(Collection[Spec]):
    """Some of ``specs``."""

    __slots__ = ()
    row = Spec
    plural = "specs"
    id_field = ""

    def where(self, **filters: Unpack[SpecFilters]) -> Self:
        """Only rows that fulfil these; several values mean any of them."""
        return self.filtered(filters)

    def order(self, *keys: SpecOrder) -> Self:
        """In this order; ``-`` before a name for descending."""
        return self.ordered(*keys)


class AuditEntryPaths(AuditEntryList):
    """``audit``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> OneAuditEntry:
        return OneAuditEntry((*self.elements, str(key)))


class Branches(Path):
    """``branches``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> OneBranch:
        return OneBranch((*self.elements, str(key)))


class BuildDataPath(OneBuildData):
    """``builders/n:builderid/builds/n:build_number/data/i:name``"""

    __slots__ = ()

    @property
    def value(self) -> Download:
        return Download((*self.elements, "value"))


class BuildDataPaths(BuildDataList):
    """``builders/n:builderid/builds/n:build_number/data``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> BuildDataPath:
        return BuildDataPath((*self.elements, str(key)))


class LogPath(OneLog):
    """``builders/n:builderid/builds/n:build_number/steps/n:step_number/logs/i:log_slug``"""

    __slots__ = ()

    @property
    def contents(self) -> OneLogChunk:
        return OneLogChunk((*self.elements, "contents"))

    @property
    def raw(self) -> Download:
        return Download((*self.elements, "raw"))

    @property
    def raw_inline(self) -> Download:
        return Download((*self.elements, "raw_inline"))

    @property
    def search(self) -> Searching:
        return Searching((*self.elements, "search"))

    @property
    def times(self) -> OneLogTimes:
        return OneLogTimes((*self.elements, "times"))


class LogPaths(LogList):
    """``builders/n:builderid/builds/n:build_number/steps/n:step_number/logs``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> LogPath:
        return LogPath((*self.elements, str(key)))


class StepPath(OneStep):
    """``builders/n:builderid/builds/n:build_number/steps/n:step_number``"""

    __slots__ = ()

    @property
    def logs(self) -> LogPaths:
        return LogPaths((*self.elements, "logs"))


class StepPaths(StepList):
    """``builders/n:builderid/builds/n:build_number/steps``"""

    __slots__ = ()

    def __getitem__(self, key: int | str) -> StepPath:
        return StepPath((*self.elements, str(key)))


class BuildPath(OneBuild):
    """``builders/n:builderid/builds/n:build_number``"""

    __slots__ = ()

    @property
    def changes(self) -> ChangeList:
        return ChangeList((*self.elements, "changes"))

    @property
    def data(self) -> BuildDataPaths:
        return BuildDataPaths((*self.elements, "data"))

    @property
    def environment(self) -> EnvironmentValueList:
        return EnvironmentValueList((*self.elements, "environment"))

    @property
    def properties(self) -> OneSourcedProperties:
        return OneSourcedProperties((*self.elements, "properties"))

    @property
    def steps(self) -> StepPaths:
        return StepPaths((*self.elements, "steps"))

    @property
    def stops(self) -> StopList:
        return StopList((*self.elements, "stops"))

    def rebuild(self, *, part: Literal["all", "failed"] | None | UnsetType = UNSET) -> Call[tuple[int, dict[str, int]]]:
        """Ask for the same again, or for its failed part; returns ``[buildset id, {builder id: request id}]``."""
        return call(self, "rebuild", {"part": part}, tuple[int, dict[str, int]])

    def stop(
        self,
        *,
        reason: str | None | UnsetType = UNSET,
        results: int | None | UnsetType = UNSET,
    ) -> Call[None]:
        """End a build; one that has ended already is left as it is."""
        return call(self, "stop", {"reason": reason, "results": results}, None)


class BuildPaths(BuildList):
    """``builders/n:builderid/builds``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> BuildPath:
        return BuildPath((*self.elements, str(key)))


class MasterPaths(MasterList):
    """``builders/n:builderid/masters``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> OneMaster:
        return OneMaster((*self.elements, str(key)))


class WorkerPath(OneWorker):
    """``builders/n:builderid/workers/n:workerid``"""

    __slots__ = ()

    def kill(self, *, reason: str | None | UnsetType = UNSET) -> Call[None]:
        """Tell a worker to end at once."""
        return call(self, "kill", {"reason": reason}, None)

    def pause(self, *, reason: str | None | UnsetType = UNSET) -> Call[None]:
        """Begin nothing new on a worker."""
        return call(self, "pause", {"reason": reason}, None)

    def stop(self, *, reason: str | None | UnsetType = UNSET) -> Call[None]:
        """Let a worker end when nothing runs on it."""
        return call(self, "stop", {"reason": reason}, None)

    def unpause(self) -> Call[None]:
        """Begin builds on a worker again."""
        return call(self, "unpause", {}, None)


class WorkerPaths(WorkerList):
    """``builders/n:builderid/workers``"""

    __slots__ = ()

    def __getitem__(self, key: int | str) -> WorkerPath:
        return WorkerPath((*self.elements, str(key)))


class BuilderPath(OneBuilder):
    """``builders/n:builderid``"""

    __slots__ = ()

    @property
    def buildrequests(self) -> BuildRequestList:
        return BuildRequestList((*self.elements, "buildrequests"))

    @property
    def builds(self) -> BuildPaths:
        return BuildPaths((*self.elements, "builds"))

    @property
    def explain(self) -> ReasonList:
        return ReasonList((*self.elements, "explain"))

    @property
    def forceschedulers(self) -> ForceSchedulerList:
        return ForceSchedulerList((*self.elements, "forceschedulers"))

    @property
    def masters(self) -> MasterPaths:
        return MasterPaths((*self.elements, "masters"))

    @property
    def test_result_sets(self) -> TestResultSetList:
        return TestResultSetList((*self.elements, "test_result_sets"))

    @property
    def workers(self) -> WorkerPaths:
        return WorkerPaths((*self.elements, "workers"))


class LogPaths2(LogList):
    """``builders/s:buildername/builds/n:build_number/steps/n:step_number/logs``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> OneLog:
        return OneLog((*self.elements, str(key)))


class StepPath2(OneStep):
    """``builders/s:buildername/builds/n:build_number/steps/n:step_number``"""

    __slots__ = ()

    @property
    def logs(self) -> LogPaths2:
        return LogPaths2((*self.elements, "logs"))


class StepPaths2(StepList):
    """``builders/s:buildername/builds/n:build_number/steps``"""

    __slots__ = ()

    def __getitem__(self, key: int | str) -> StepPath2:
        return StepPath2((*self.elements, str(key)))


class BuildPath2(OneBuild):
    """``builders/s:buildername/builds/n:build_number``"""

    __slots__ = ()

    @property
    def data(self) -> BuildDataPaths:
        return BuildDataPaths((*self.elements, "data"))

    @property
    def environment(self) -> EnvironmentValueList:
        return EnvironmentValueList((*self.elements, "environment"))

    @property
    def steps(self) -> StepPaths2:
        return StepPaths2((*self.elements, "steps"))

    @property
    def stops(self) -> StopList:
        return StopList((*self.elements, "stops"))

    def rebuild(self, *, part: Literal["all", "failed"] | None | UnsetType = UNSET) -> Call[tuple[int, dict[str, int]]]:
        """Ask for the same again, or for its failed part; returns ``[buildset id, {builder id: request id}]``."""
        return call(self, "rebuild", {"part": part}, tuple[int, dict[str, int]])

    def stop(
        self,
        *,
        reason: str | None | UnsetType = UNSET,
        results: int | None | UnsetType = UNSET,
    ) -> Call[None]:
        """End a build; one that has ended already is left as it is."""
        return call(self, "stop", {"reason": reason, "results": results}, None)


class BuildPaths2(BuildList):
    """``builders/s:buildername/builds``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> BuildPath2:
        return BuildPath2((*self.elements, str(key)))


class BuilderPath2(OneBuilder):
    """``builders/s:buildername``"""

    __slots__ = ()

    @property
    def builds(self) -> BuildPaths2:
        return BuildPaths2((*self.elements, "builds"))

    @property
    def test_result_sets(self) -> TestResultSetList:
        return TestResultSetList((*self.elements, "test_result_sets"))


class BuilderPaths(BuilderList):
    """``builders``"""

    __slots__ = ()

    @overload
    def __getitem__(self, key: int) -> BuilderPath: ...

    @overload
    def __getitem__(self, key: str) -> BuilderPath2: ...

    def __getitem__(self, key: int | str) -> BuilderPath | BuilderPath2:
        if isinstance(key, int):
            return BuilderPath((*self.elements, str(key)))
        return BuilderPath2((*self.elements, key))


class BuildRequestPath(OneBuildRequest):
    """``buildrequests/n:buildrequestid``"""

    __slots__ = ()

    @property
    def builds(self) -> BuildList:
        return BuildList((*self.elements, "builds"))

    @property
    def explain(self) -> ReasonList:
        return ReasonList((*self.elements, "explain"))

    @property
    def stops(self) -> StopList:
        return StopList((*self.elements, "stops"))

    def cancel(self, *, reason: str | None | UnsetType = UNSET) -> Call[None]:
        """Complete a waiting request as cancelled, or stop its build."""
        return call(self, "cancel", {"reason": reason}, None)

    def set_priority(self, *, priority: int) -> Call[None]:
        """Change the rank of a request."""
        return call(self, "set_priority", {"priority": priority}, None)


class BuildRequestPaths(BuildRequestList):
    """``buildrequests``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> BuildRequestPath:
        return BuildRequestPath((*self.elements, str(key)))

    def cancel(
        self,
        *,
        buildrequestids: Sequence[int],
        reason: str | None | UnsetType = UNSET,
    ) -> Call[list[dict[str, Any]]]:
        """Cancel several requests; tells of each whether that was done, and why not."""
        return call(self, "cancel", {"buildrequestids": buildrequestids, "reason": reason}, list[dict[str, Any]])

    def set_priority(self, *, buildrequestids: Sequence[int], priority: int) -> Call[list[dict[str, Any]]]:
        """Change the rank of several requests; tells of each whether that was done, and why not."""
        return call(self, "set_priority", {"buildrequestids": buildrequestids, "priority": priority}, list[dict[str, Any]])


class BuildPath3(OneBuild):
    """``builds/n:buildid``"""

    __slots__ = ()

    @property
    def changes(self) -> ChangeList:
        return ChangeList((*self.elements, "changes"))

    @property
    def data(self) -> BuildDataPaths:
        return BuildDataPaths((*self.elements, "data"))

    @property
    def environment(self) -> EnvironmentValueList:
        return EnvironmentValueList((*self.elements, "environment"))

    @property
    def properties(self) -> OneSourcedProperties:
        return OneSourcedProperties((*self.elements, "properties"))

    @property
    def property_list(self) -> PropertyList:
        return PropertyList((*self.elements, "property_list"))

    @property
    def steps(self) -> StepPaths:
        return StepPaths((*self.elements, "steps"))

    @property
    def stops(self) -> StopList:
        return StopList((*self.elements, "stops"))

    @property
    def test_result_sets(self) -> TestResultSetList:
        return TestResultSetList((*self.elements, "test_result_sets"))

    @property
    def triggered_builds(self) -> BuildList:
        return BuildList((*self.elements, "triggered_builds"))

    def rebuild(self, *, part: Literal["all", "failed"] | None | UnsetType = UNSET) -> Call[tuple[int, dict[str, int]]]:
        """Ask for the same again, or for its failed part; returns ``[buildset id, {builder id: request id}]``."""
        return call(self, "rebuild", {"part": part}, tuple[int, dict[str, int]])

    def stop(
        self,
        *,
        reason: str | None | UnsetType = UNSET,
        results: int | None | UnsetType = UNSET,
    ) -> Call[None]:
        """End a build; one that has ended already is left as it is."""
        return call(self, "stop", {"reason": reason, "results": results}, None)


class BuildPaths3(BuildList):
    """``builds``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> BuildPath3:
        return BuildPath3((*self.elements, str(key)))


class BuildsetPath(OneBuildset):
    """``buildsets/n:bsid``"""

    __slots__ = ()

    @property
    def properties(self) -> OneSourcedProperties:
        return OneSourcedProperties((*self.elements, "properties"))

    @property
    def properties_list(self) -> PropertyList:
        return PropertyList((*self.elements, "properties_list"))

    @property
    def sourcestamps(self) -> SourceStampList:
        return SourceStampList((*self.elements, "sourcestamps"))


class BuildsetPaths(BuildsetList):
    """``buildsets``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> BuildsetPath:
        return BuildsetPath((*self.elements, str(key)))


class ChangePath(OneChange):
    """``changes/n:changeid``"""

    __slots__ = ()

    @property
    def builds(self) -> BuildList:
        return BuildList((*self.elements, "builds"))

    @property
    def properties_list(self) -> PropertyList:
        return PropertyList((*self.elements, "properties_list"))


class ChangePaths(ChangeList):
    """``changes``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> ChangePath:
        return ChangePath((*self.elements, str(key)))

    def add(
        self,
        *,
        author: str,
        comments: str | None | UnsetType = UNSET,
        files: Sequence[str] | None | UnsetType = UNSET,
        properties: Mapping[str, Any] | None | UnsetType = UNSET,
        when_timestamp: float | None | UnsetType = UNSET,
        branch: str | None | UnsetType = UNSET,
        category: str | None | UnsetType = UNSET,
        codebase: str | None | UnsetType = UNSET,
        committer: str | None | UnsetType = UNSET,
        project: str | None | UnsetType = UNSET,
        repository: str | None | UnsetType = UNSET,
        revision: str | None | UnsetType = UNSET,
        revlink: str | None | UnsetType = UNSET,
        src: str | None | UnsetType = UNSET,
    ) -> Call[int]:
        """Keep a change and let the schedulers see it; returns its id. Parameters as of ``updates.addChange``."""
        return call(self, "add", {
            "author": author,
            "comments": comments,
            "files": files,
            "properties": properties,
            "when_timestamp": when_timestamp,
            "branch": branch,
            "category": category,
            "codebase": codebase,
            "committer": committer,
            "project": project,
            "repository": repository,
            "revision": revision,
            "revlink": revlink,
            "src": src,
        }, int)


class ChangeSourcePaths(ChangeSourceList):
    """``changesources``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> OneChangeSource:
        return OneChangeSource((*self.elements, str(key)))


class CodebasesNCodebaseidCommitRangeNCommitid1NCommitid2(Path):
    """``codebases/n:codebaseid/commit_range/n:commitid1/n:commitid2``"""

    __slots__ = ()

    @property
    def commits_common_parent(self) -> OneCommitGraph:
        return OneCommitGraph((*self.elements, "commits_common_parent"))

    @property
    def test_result_sets(self) -> TestResultSetList:
        return TestResultSetList((*self.elements, "test_result_sets"))


class CodebasesNCodebaseidCommitRangeNCommitid1(Path):
    """``codebases/n:codebaseid/commit_range/n:commitid1``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> CodebasesNCodebaseidCommitRangeNCommitid1NCommitid2:
        return CodebasesNCodebaseidCommitRangeNCommitid1NCommitid2((*self.elements, str(key)))


class CodebasesNCodebaseidCommitRange(Path):
    """``codebases/n:codebaseid/commit_range``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> CodebasesNCodebaseidCommitRangeNCommitid1:
        return CodebasesNCodebaseidCommitRangeNCommitid1((*self.elements, str(key)))


class CodebasesNCodebaseidCommitsByRevision(Path):
    """``codebases/n:codebaseid/commits_by_revision``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> OneCommit:
        return OneCommit((*self.elements, str(key)))


class CodebasePath(OneCodebase):
    """``codebases/n:codebaseid``"""

    __slots__ = ()

    @property
    def branches(self) -> BranchList:
        return BranchList((*self.elements, "branches"))

    @property
    def commit_range(self) -> CodebasesNCodebaseidCommitRange:
        return CodebasesNCodebaseidCommitRange((*self.elements, "commit_range"))

    @property
    def commits(self) -> CommitList:
        return CommitList((*self.elements, "commits"))

    @property
    def commits_by_revision(self) -> CodebasesNCodebaseidCommitsByRevision:
        return CodebasesNCodebaseidCommitsByRevision((*self.elements, "commits_by_revision"))


class CodebasePaths(CodebaseList):
    """``codebases``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> CodebasePath:
        return CodebasePath((*self.elements, str(key)))


class Commits(Path):
    """``commits``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> OneCommit:
        return OneCommit((*self.elements, str(key)))


class ForceSchedulerPath(OneForceScheduler):
    """``forceschedulers/i:schedulername``"""

    __slots__ = ()

    def force(self, **params: Any) -> Call[tuple[int, dict[str, int]]]:
        """Ask for builds by hand; returns ``[buildset id, {builder id: request id}]``."""
        return call(self, "force", params, tuple[int, dict[str, int]])


class ForceSchedulerPaths(ForceSchedulerList):
    """``forceschedulers``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> ForceSchedulerPath:
        return ForceSchedulerPath((*self.elements, str(key)))


class GraphBuildResourcePath(OneGraphBuildResource):
    """``graph_builds/s:graph_build_rid``"""

    __slots__ = ()

    @property
    def jobs(self) -> GraphJobResourceList:
        return GraphJobResourceList((*self.elements, "jobs"))

    def cancel(self) -> Call[None]:
        """Cancel all jobs of a build that have not ended."""
        return call(self, "cancel", {}, None)


class GraphBuildResourcePaths(GraphBuildResourceList):
    """``graph_builds``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> GraphBuildResourcePath:
        return GraphBuildResourcePath((*self.elements, str(key)))

    def create(
        self,
        *,
        target: Any,
        branch: str | None | UnsetType = UNSET,
        fallbacks: Sequence[str] | UnsetType = UNSET,
        force: bool | UnsetType = UNSET,
        retry_count: int | UnsetType = UNSET,
        retry_backoff_ms: int | UnsetType = UNSET,
        retry_backoff: Mapping[str, Any] | UnsetType = UNSET,
        abort_on_failure: bool | UnsetType = UNSET,
        notifications: bool | UnsetType = UNSET,
    ) -> Call[str]:
        """Ask for a build of a graph; returns its RID. Targets are named, or given by their RIDs."""
        return call(self, "create", {
            "target": target,
            "branch": branch,
            "fallbacks": fallbacks,
            "force": force,
            "retry_count": retry_count,
            "retry_backoff_ms": retry_backoff_ms,
            "retry_backoff": retry_backoff,
            "abort_on_failure": abort_on_failure,
            "notifications": notifications,
        }, str)

    def plan(
        self,
        *,
        target: Any,
        branch: str | None | UnsetType = UNSET,
        fallbacks: Sequence[str] | UnsetType = UNSET,
        force: bool | UnsetType = UNSET,
    ) -> Call[Sequence[GraphPlanJob]]:
        """What `create` would do now, for each job that it would select; changes nothing."""
        return call(self, "plan", {"target": target, "branch": branch, "fallbacks": fallbacks, "force": force}, Sequence[GraphPlanJob])


class GraphJobResourcePath(OneGraphJobResource):
    """``graph_jobs/s:graph_job_rid``"""

    __slots__ = ()

    @property
    def attempts(self) -> GraphAttemptList:
        return GraphAttemptList((*self.elements, "attempts"))


class GraphJobs(Path):
    """``graph_jobs``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> GraphJobResourcePath:
        return GraphJobResourcePath((*self.elements, str(key)))


class Logs(Path):
    """``logs``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> LogPath:
        return LogPath((*self.elements, str(key)))


class BuilderPath3(OneBuilder):
    """``masters/n:masterid/builders/n:builderid``"""

    __slots__ = ()

    @property
    def workers(self) -> WorkerPaths:
        return WorkerPaths((*self.elements, "workers"))


class BuilderPaths2(BuilderList):
    """``masters/n:masterid/builders``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> BuilderPath3:
        return BuilderPath3((*self.elements, str(key)))


class SchedulerPath(OneScheduler):
    """``masters/n:masterid/schedulers/n:schedulerid``"""

    __slots__ = ()

    def enable(self, *, enabled: bool) -> Call[None]:
        """Let a scheduler ask for builds, or keep it from that."""
        return call(self, "enable", {"enabled": enabled}, None)

    def run(self, *, reason: str | None | UnsetType = UNSET) -> Call[None]:
        """Have a scheduler ask for its builds now."""
        return call(self, "run", {"reason": reason}, None)


class SchedulerPaths(SchedulerList):
    """``masters/n:masterid/schedulers``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> SchedulerPath:
        return SchedulerPath((*self.elements, str(key)))


class MasterPath(OneMaster):
    """``masters/n:masterid``"""

    __slots__ = ()

    @property
    def builders(self) -> BuilderPaths2:
        return BuilderPaths2((*self.elements, "builders"))

    @property
    def changesources(self) -> ChangeSourcePaths:
        return ChangeSourcePaths((*self.elements, "changesources"))

    @property
    def schedulers(self) -> SchedulerPaths:
        return SchedulerPaths((*self.elements, "schedulers"))

    @property
    def workers(self) -> WorkerPaths:
        return WorkerPaths((*self.elements, "workers"))


class MasterPaths2(MasterList):
    """``masters``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> MasterPath:
        return MasterPath((*self.elements, str(key)))


class BuildPagePath(OneBuildPage):
    """``pages/builders/n:builderid/builds/n:build_number``"""

    __slots__ = ()

    @property
    def tests(self) -> OneTestsPage:
        return OneTestsPage((*self.elements, "tests"))


class BuildOfBranchPaths(BuildOfBranchList):
    """``pages/builders/n:builderid/builds``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> BuildPagePath:
        return BuildPagePath((*self.elements, str(key)))


class TestsPagePath(OneTestsPage):
    """``pages/builders/n:builderid/tests``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> OneTestsPage:
        return OneTestsPage((*self.elements, str(key)))


class BuilderPagePath(OneBuilderPage):
    """``pages/builders/n:builderid``"""

    __slots__ = ()

    @property
    def builds(self) -> BuildOfBranchPaths:
        return BuildOfBranchPaths((*self.elements, "builds"))

    @property
    def tests(self) -> TestsPagePath:
        return TestsPagePath((*self.elements, "tests"))


class BuildersPagePath(OneBuildersPage):
    """``pages/builders``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> BuilderPagePath:
        return BuilderPagePath((*self.elements, str(key)))


class PagesBuilds(Path):
    """``pages/builds``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> BuildPagePath:
        return BuildPagePath((*self.elements, str(key)))


class BuiltChangePaths(BuiltChangeList):
    """``pages/changes``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> OneChangePage:
        return OneChangePage((*self.elements, str(key)))


class GraphPagePath(OneGraphPage):
    """``pages/graph``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> OneGraphPage:
        return OneGraphPage((*self.elements, str(key)))


class PagesGraphBuilds(Path):
    """``pages/graph_builds``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> OneGraphRunPage:
        return OneGraphRunPage((*self.elements, str(key)))


class ScheduleFormPagePath(OneScheduleFormPage):
    """``pages/schedule_form``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> OneScheduleFormPage:
        return OneScheduleFormPage((*self.elements, str(key)))


class SchedulersPagePath(OneSchedulersPage):
    """``pages/schedulers``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> OneSchedulerPage:
        return OneSchedulerPage((*self.elements, str(key)))


class PagesSchedules(Path):
    """``pages/schedules``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> OneSchedulePage:
        return OneSchedulePage((*self.elements, str(key)))


class PagesStagingApps(Path):
    """``pages/staging_apps``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> OneStagingAppPage:
        return OneStagingAppPage((*self.elements, str(key)))


class WorkersPagePath(OneWorkersPage):
    """``pages/workers``"""

    __slots__ = ()

    def __getitem__(self, key: int | str) -> OneWorkerPage:
        return OneWorkerPage((*self.elements, str(key)))


class Pages(Path):
    """``pages``"""

    __slots__ = ()

    @property
    def builders(self) -> BuildersPagePath:
        return BuildersPagePath((*self.elements, "builders"))

    @property
    def builds(self) -> PagesBuilds:
        return PagesBuilds((*self.elements, "builds"))

    @property
    def change_list(self) -> BuiltChangeList:
        return BuiltChangeList((*self.elements, "change_list"))

    @property
    def changes(self) -> BuiltChangePaths:
        return BuiltChangePaths((*self.elements, "changes"))

    @property
    def front(self) -> OneFrontPage:
        return OneFrontPage((*self.elements, "front"))

    @property
    def graph(self) -> GraphPagePath:
        return GraphPagePath((*self.elements, "graph"))

    @property
    def graph_builds(self) -> PagesGraphBuilds:
        return PagesGraphBuilds((*self.elements, "graph_builds"))

    @property
    def masters(self) -> OneMastersPage:
        return OneMastersPage((*self.elements, "masters"))

    @property
    def pending(self) -> PendingRequestList:
        return PendingRequestList((*self.elements, "pending"))

    @property
    def reasons(self) -> RequestReasonsList:
        return RequestReasonsList((*self.elements, "reasons"))

    @property
    def schedule_form(self) -> ScheduleFormPagePath:
        return ScheduleFormPagePath((*self.elements, "schedule_form"))

    @property
    def schedulers(self) -> SchedulersPagePath:
        return SchedulersPagePath((*self.elements, "schedulers"))

    @property
    def schedules(self) -> PagesSchedules:
        return PagesSchedules((*self.elements, "schedules"))

    @property
    def staging_apps(self) -> PagesStagingApps:
        return PagesStagingApps((*self.elements, "staging_apps"))

    @property
    def waterfall(self) -> TimedBuildList:
        return TimedBuildList((*self.elements, "waterfall"))

    @property
    def workers(self) -> WorkersPagePath:
        return WorkersPagePath((*self.elements, "workers"))


class ProjectsNProjectidCodebases(Path):
    """``projects/n:projectid/codebases``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> OneCodebase:
        return OneCodebase((*self.elements, str(key)))


class ProjectPath(OneProject):
    """``projects/n:projectid``"""

    __slots__ = ()

    @property
    def builders(self) -> BuilderList:
        return BuilderList((*self.elements, "builders"))

    @property
    def codebases(self) -> ProjectsNProjectidCodebases:
        return ProjectsNProjectidCodebases((*self.elements, "codebases"))


class ProjectPaths(ProjectList):
    """``projects``"""

    __slots__ = ()

    @overload
    def __getitem__(self, key: int) -> ProjectPath: ...

    @overload
    def __getitem__(self, key: str) -> OneProject: ...

    def __getitem__(self, key: int | str) -> ProjectPath | OneProject:
        if isinstance(key, int):
            return ProjectPath((*self.elements, str(key)))
        return OneProject((*self.elements, key))


class ScheduleResourcePath(OneScheduleResource):
    """``schedules/i:rid``"""

    __slots__ = ()

    @property
    def explain(self) -> ScheduleExplanationList:
        return ScheduleExplanationList((*self.elements, "explain"))

    @property
    def runs(self) -> ScheduleRunResourceList:
        return ScheduleRunResourceList((*self.elements, "runs"))

    def delete(self) -> Call[None]:
        """Take it away; its build goes on."""
        return call(self, "delete", {}, None)

    def pause(self) -> Call[None]:
        """Let it see no event and no time."""
        return call(self, "pause", {}, None)

    def replace(
        self,
        *,
        action: Mapping[str, Any],
        displayName: str | None | UnsetType = UNSET,
        description: str | None | UnsetType = UNSET,
        trigger: Mapping[str, Any] | None | UnsetType = UNSET,
        scopeMode: Mapping[str, Any] | None | UnsetType = UNSET,
        seenVersionRid: str | None | UnsetType = UNSET,
    ) -> Call[ScheduleResource]:
        """Put something else in the place of all that a schedule is."""
        return call(self, "replace", {
            "action": action,
            "displayName": displayName,
            "description": description,
            "trigger": trigger,
            "scopeMode": scopeMode,
            "seenVersionRid": seenVersionRid,
        }, ScheduleResource)

    def run(self) -> Call[ScheduleRunResource]:
        """Run it now."""
        return call(self, "run", {}, ScheduleRunResource)

    def unpause(self) -> Call[None]:
        """Let it see what happens from now on."""
        return call(self, "unpause", {}, None)


class ScheduleResourcePaths(ScheduleResourceList):
    """``schedules``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> ScheduleResourcePath:
        return ScheduleResourcePath((*self.elements, str(key)))

    def create(
        self,
        *,
        action: Mapping[str, Any],
        displayName: str | None | UnsetType = UNSET,
        description: str | None | UnsetType = UNSET,
        trigger: Mapping[str, Any] | None | UnsetType = UNSET,
        scopeMode: Mapping[str, Any] | None | UnsetType = UNSET,
    ) -> Call[ScheduleResource]:
        """Make a schedule."""
        return call(self, "create", {
            "action": action,
            "displayName": displayName,
            "description": description,
            "trigger": trigger,
            "scopeMode": scopeMode,
        }, ScheduleResource)

    def preview(self, **params: Any) -> Call[SchedulePreview]:
        """What is wrong with a schedule that is being written, and when it would be due; changes nothing."""
        return call(self, "preview", params, SchedulePreview)


class SourceStampPath(OneSourceStamp):
    """``sourcestamps/n:ssid``"""

    __slots__ = ()

    @property
    def changes(self) -> ChangeList:
        return ChangeList((*self.elements, "changes"))


class SourceStampPaths(SourceStampList):
    """``sourcestamps``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> SourceStampPath:
        return SourceStampPath((*self.elements, str(key)))


class StagingAppResourcePath(OneStagingAppResource):
    """``staging_apps/s:staging_app_guid``"""

    __slots__ = ()

    @property
    def staging_builds(self) -> StagingBuildResourceList:
        return StagingBuildResourceList((*self.elements, "staging_builds"))

    @property
    def staging_caches(self) -> StagingCacheResourceList:
        return StagingCacheResourceList((*self.elements, "staging_caches"))

    @property
    def staging_droplets(self) -> StagingDropletResourceList:
        return StagingDropletResourceList((*self.elements, "staging_droplets"))

    @property
    def staging_packages(self) -> StagingPackageResourceList:
        return StagingPackageResourceList((*self.elements, "staging_packages"))


class StagingAppResourcePaths(StagingAppResourceList):
    """``staging_apps``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> StagingAppResourcePath:
        return StagingAppResourcePath((*self.elements, str(key)))


class StagingBuildpackResourcePaths(StagingBuildpackResourceList):
    """``staging_buildpacks``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> OneStagingBuildpackResource:
        return OneStagingBuildpackResource((*self.elements, str(key)))


class StagingBuildResourcePaths(StagingBuildResourceList):
    """``staging_builds``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> OneStagingBuildResource:
        return OneStagingBuildResource((*self.elements, str(key)))


class StagingDropletResourcePath(OneStagingDropletResource):
    """``staging_droplets/s:staging_droplet_guid``"""

    __slots__ = ()

    @property
    def attestation(self) -> OneStagingAttestationResource:
        return OneStagingAttestationResource((*self.elements, "attestation"))


class StagingDropletResourcePaths(StagingDropletResourceList):
    """``staging_droplets``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> StagingDropletResourcePath:
        return StagingDropletResourcePath((*self.elements, str(key)))


class StagingPackageResourcePaths(StagingPackageResourceList):
    """``staging_packages``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> OneStagingPackageResource:
        return OneStagingPackageResource((*self.elements, str(key)))


class StepPath3(OneStep):
    """``steps/n:stepid``"""

    __slots__ = ()

    @property
    def logs(self) -> LogPaths:
        return LogPaths((*self.elements, "logs"))

    @property
    def test_result_sets(self) -> TestResultSetList:
        return TestResultSetList((*self.elements, "test_result_sets"))


class Steps(Path):
    """``steps``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> StepPath3:
        return StepPath3((*self.elements, str(key)))


class TargetsSTargetBranchesSBranch(Path):
    """``targets/s:target/branches/s:branch``"""

    __slots__ = ()

    @property
    def plan(self) -> GraphPlanJobList:
        return GraphPlanJobList((*self.elements, "plan"))


class TargetsSTargetBranches(Path):
    """``targets/s:target/branches``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> TargetsSTargetBranchesSBranch:
        return TargetsSTargetBranchesSBranch((*self.elements, str(key)))


class TargetResourcePath(OneTargetResource):
    """``targets/s:target``"""

    __slots__ = ()

    @property
    def branches(self) -> TargetsSTargetBranches:
        return TargetsSTargetBranches((*self.elements, "branches"))

    @property
    def plan(self) -> GraphPlanJobList:
        return GraphPlanJobList((*self.elements, "plan"))

    @property
    def versions(self) -> TargetVersionList:
        return TargetVersionList((*self.elements, "versions"))

    def commit(
        self,
        *,
        branch: str | None | UnsetType = UNSET,
        payload: Mapping[str, Any] | UnsetType = UNSET,
    ) -> Call[str]:
        """Add a version to a target from outside; returns its RID."""
        return call(self, "commit", {"branch": branch, "payload": payload}, str)


class TargetResourcePaths(TargetResourceList):
    """``targets``"""

    __slots__ = ()

    def __getitem__(self, key: str) -> TargetResourcePath:
        return TargetResourcePath((*self.elements, str(key)))


class TestResultSetPath(OneTestResultSet):
    """``test_result_sets/n:test_result_setid``"""

    __slots__ = ()

    @property
    def results(self) -> TestResultList:
        return TestResultList((*self.elements, "results"))


class TestResultSetPaths(TestResultSetList):
    """``test_result_sets``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> TestResultSetPath:
        return TestResultSetPath((*self.elements, str(key)))


class TokenPath(OneToken):
    """``tokens/n:tokenid``"""

    __slots__ = ()

    def revoke(self) -> Call[None]:
        """End a token."""
        return call(self, "revoke", {}, None)


class TokenPaths(TokenList):
    """``tokens``"""

    __slots__ = ()

    def __getitem__(self, key: int) -> TokenPath:
        return TokenPath((*self.elements, str(key)))

    def create(self, *, name: str, scopes: Sequence[str], days: int | UnsetType = UNSET) -> Call[dict[str, Any]]:
        """Make a token; returns its id and its text, which nobody will see again."""
        return call(self, "create", {"name": name, "scopes": scopes, "days": days}, dict[str, Any])


class WorkerPath2(OneWorker):
    """``workers/n:workerid``"""

    __slots__ = ()

    @property
    def builders(self) -> BuilderList:
        return BuilderList((*self.elements, "builders"))

    @property
    def builds(self) -> BuildList:
        return BuildList((*self.elements, "builds"))

    @property
    def environment(self) -> EnvironmentValueList:
        return EnvironmentValueList((*self.elements, "environment"))

    def kill(self, *, reason: str | None | UnsetType = UNSET) -> Call[None]:
        """Tell a worker to end at once."""
        return call(self, "kill", {"reason": reason}, None)

    def pause(self, *, reason: str | None | UnsetType = UNSET) -> Call[None]:
        """Begin nothing new on a worker."""
        return call(self, "pause", {"reason": reason}, None)

    def stop(self, *, reason: str | None | UnsetType = UNSET) -> Call[None]:
        """Let a worker end when nothing runs on it."""
        return call(self, "stop", {"reason": reason}, None)

    def unpause(self) -> Call[None]:
        """Begin builds on a worker again."""
        return call(self, "unpause", {}, None)


class WorkerPaths2(WorkerList):
    """``workers``"""

    __slots__ = ()

    @overload
    def __getitem__(self, key: int) -> WorkerPath2: ...

    @overload
    def __getitem__(self, key: str) -> WorkerPath: ...

    def __getitem__(self, key: int | str) -> WorkerPath2 | WorkerPath:
        if isinstance(key, int):
            return WorkerPath2((*self.elements, str(key)))
        return WorkerPath((*self.elements, key))


class Root(RootLinkList):
    """``/api/v2``"""

    __slots__ = ()

    @property
    def application_spec(self) -> SpecList:
        return SpecList((*self.elements, "application.spec"))

    @property
    def audit(self) -> AuditEntryPaths:
        return AuditEntryPaths((*self.elements, "audit"))

    @property
    def branches(self) -> Branches:
        return Branches((*self.elements, "branches"))

    @property
    def builders(self) -> BuilderPaths:
        return BuilderPaths((*self.elements, "builders"))

    @property
    def buildrequests(self) -> BuildRequestPaths:
        return BuildRequestPaths((*self.elements, "buildrequests"))

    @property
    def builds(self) -> BuildPaths3:
        return BuildPaths3((*self.elements, "builds"))

    @property
    def buildsets(self) -> BuildsetPaths:
        return BuildsetPaths((*self.elements, "buildsets"))

    @property
    def changes(self) -> ChangePaths:
        return ChangePaths((*self.elements, "changes"))

    @property
    def changesources(self) -> ChangeSourcePaths:
        return ChangeSourcePaths((*self.elements, "changesources"))

    @property
    def codebases(self) -> CodebasePaths:
        return CodebasePaths((*self.elements, "codebases"))

    @property
    def commits(self) -> Commits:
        return Commits((*self.elements, "commits"))

    @property
    def forceschedulers(self) -> ForceSchedulerPaths:
        return ForceSchedulerPaths((*self.elements, "forceschedulers"))

    @property
    def graph_builds(self) -> GraphBuildResourcePaths:
        return GraphBuildResourcePaths((*self.elements, "graph_builds"))

    @property
    def graph_jobs(self) -> GraphJobs:
        return GraphJobs((*self.elements, "graph_jobs"))

    @property
    def job_specs(self) -> JobSpecResourceList:
        return JobSpecResourceList((*self.elements, "job_specs"))

    @property
    def logchunks(self) -> OneLogChunk:
        return OneLogChunk((*self.elements, "logchunks"))

    @property
    def logs(self) -> Logs:
        return Logs((*self.elements, "logs"))

    @property
    def masters(self) -> MasterPaths2:
        return MasterPaths2((*self.elements, "masters"))

    @property
    def pages(self) -> Pages:
        return Pages((*self.elements, "pages"))

    @property
    def projects(self) -> ProjectPaths:
        return ProjectPaths((*self.elements, "projects"))

    @property
    def schedulers(self) -> SchedulerPaths:
        return SchedulerPaths((*self.elements, "schedulers"))

    @property
    def schedules(self) -> ScheduleResourcePaths:
        return ScheduleResourcePaths((*self.elements, "schedules"))

    @property
    def sourcestamps(self) -> SourceStampPaths:
        return SourceStampPaths((*self.elements, "sourcestamps"))

    @property
    def staging_apps(self) -> StagingAppResourcePaths:
        return StagingAppResourcePaths((*self.elements, "staging_apps"))

    @property
    def staging_buildpacks(self) -> StagingBuildpackResourcePaths:
        return StagingBuildpackResourcePaths((*self.elements, "staging_buildpacks"))

    @property
    def staging_builds(self) -> StagingBuildResourcePaths:
        return StagingBuildResourcePaths((*self.elements, "staging_builds"))

    @property
    def staging_droplets(self) -> StagingDropletResourcePaths:
        return StagingDropletResourcePaths((*self.elements, "staging_droplets"))

    @property
    def staging_packages(self) -> StagingPackageResourcePaths:
        return StagingPackageResourcePaths((*self.elements, "staging_packages"))

    @property
    def steps(self) -> Steps:
        return Steps((*self.elements, "steps"))

    @property
    def targets(self) -> TargetResourcePaths:
        return TargetResourcePaths((*self.elements, "targets"))

    @property
    def test_result_sets(self) -> TestResultSetPaths:
        return TestResultSetPaths((*self.elements, "test_result_sets"))

    @property
    def tokens(self) -> TokenPaths:
        return TokenPaths((*self.elements, "tokens"))

    @property
    def workers(self) -> WorkerPaths2:
        return WorkerPaths2((*self.elements, "workers"))


api = Root()
