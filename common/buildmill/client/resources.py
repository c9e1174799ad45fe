"""The resource types of the data API.

Generated from the code of the master (`make client`): not to be edited.
"""

from __future__ import annotations

from typing import Any

from buildmill.client.paths import Resource

SourcedProperties = dict[str, tuple[Any, str]]
"""``{name: (value, source)}``."""


class AuditEntry(Resource, frozen=True, kw_only=True):
    """Who has asked for what, and what became of it.

    Attributes:
        action: the right that it needs, ``builds.stop``.
        actor, username, address, via: who, as `domain.rights.Actor` tells.
        before, after: what it has changed; only what differs, and what is new.
        digest: SHA-256 over the entry before and this one; see ``docs/reference/audit.md``.
        method, path: of the data API, or of a page.
        parameters: those that tell what was meant; never secrets.
        reason: why it was refused; else empty.
    """

    action: str
    actor: str
    address: str
    after: dict[str, Any]
    auditid: int
    before: dict[str, Any]
    digest: str
    happened_at: int
    method: str
    outcome: str
    parameters: dict[str, Any]
    path: str
    reason: str
    username: str
    via: str


class Branch(Resource, frozen=True, kw_only=True):
    """A branch; `commitid` is its newest commit, None as long as nobody has told."""

    branchid: int
    codebaseid: int
    commitid: int | None
    last_timestamp: int
    name: str


class Build(Resource, frozen=True, kw_only=True):
    """One of ``builds``."""

    builderid: int
    buildid: int
    buildrequestid: int
    complete: bool
    complete_at: int | None
    locks_duration_s: int
    masterid: int
    number: int
    properties: SourcedProperties | None
    results: int | None
    started_at: int
    state_string: str
    workerid: int | None


class BuildData(Resource, frozen=True, kw_only=True):
    """Data of a build; the bytes are a download."""

    buildid: int
    length: int
    name: str
    source: str
    value: bytes | None


class Builder(Resource, frozen=True, kw_only=True):
    """One of ``builders``."""

    builderid: int
    description: str | None
    description_format: str | None
    description_html: str | None
    masterids: list[int]
    name: str
    projectid: int | None
    tags: list[str]


class BuildRequest(Resource, frozen=True, kw_only=True):
    """One of ``buildrequests``."""

    builderid: int
    buildrequestid: int
    buildsetid: int
    claimed: bool
    claimed_at: int | None
    claimed_by_masterid: int | None
    complete: bool
    complete_at: int | None
    priority: int
    properties: SourcedProperties | None
    results: int | None
    submitted_at: int
    waited_for: bool


class Buildset(Resource, frozen=True, kw_only=True):
    """One of ``buildsets``."""

    bsid: int
    complete: bool
    complete_at: int | None
    external_idstring: str | None
    parent_buildid: int | None
    parent_relationship: str | None
    reason: str
    rebuilt_buildid: int | None
    results: int | None
    sourcestamps: list[SourceStamp]
    submitted_at: int


class Change(Resource, frozen=True, kw_only=True):
    """One of ``changes``."""

    author: str
    branch: str | None
    category: str | None
    changeid: int
    codebase: str
    comments: str
    committer: str | None
    files: list[str]
    parent_changeids: list[int]
    project: str
    properties: SourcedProperties
    repository: str
    revision: str | None
    revlink: str | None
    sourcestamp: SourceStamp
    when_timestamp: int


class ChangeSource(Resource, frozen=True, kw_only=True):
    """One of ``changesources``."""

    changesourceid: int
    master: Master | None
    name: str


class Codebase(Resource, frozen=True, kw_only=True):
    """One of ``codebases``."""

    codebaseid: int
    name: str
    projectid: int
    slug: str


class Commit(Resource, frozen=True, kw_only=True):
    """One of ``commits``."""

    author: str
    codebaseid: int
    comments: str
    commitid: int
    committer: str | None
    parent_commitid: int | None
    revision: str
    when_timestamp: int


class CommitGraph(Resource, frozen=True, kw_only=True):
    """How two commits are related.

    Attributes:
        common: id of the newest commit that both have among their ancestors, or are.
        to1, to2: ids from `common` to each of the two, both ends included.
    """

    common: int
    to1: list[int]
    to2: list[int]


class ForceScheduler(Resource, frozen=True, kw_only=True):
    """One of ``forceschedulers``."""

    all_fields: list[dict[str, Any]]
    builder_names: list[str]
    button_name: str
    enabled: bool
    label: str
    name: str


class GraphAttempt(Resource, frozen=True, kw_only=True):
    """One try of a job, which is a build request."""

    buildid: int | None
    buildrequestid: int
    finished_at_ms: int | None
    graph_attemptid: int
    job_rid: str
    number: int
    requested_at_ms: int
    results: int | None
    started_at_ms: int | None


class GraphBuildResource(Resource, frozen=True, kw_only=True):
    """A run of a graph of jobs; told as it begins, when somebody cancels it, and as it ends."""

    abort_on_failure: bool
    branch: str
    cancelled_by: str | None
    created_at_ms: int
    created_by: str
    fallbacks: list[str]
    finished_at_ms: int | None
    forced: bool
    graph_buildid: int
    notifications: bool
    retry_backoff_ms: int
    retry_count: int
    rid: str
    schedule_rid: str | None
    status: str


class GraphJobResource(Resource, frozen=True, kw_only=True):
    """One job of a build; told of each change, but not when it is made: its build is told then.

    Attributes:
        reason: why it is built, or why it has ended as it has.
    """

    build_rid: str
    finished_at_ms: int | None
    graph_jobid: int
    latest_attempt_at_ms: int | None
    position: int
    reason: str
    retry_at_ms: int | None
    rid: str
    spec_id: int
    started_at_ms: int
    status: str


class GraphPlanJob(Resource, frozen=True, kw_only=True):
    """What would become of one job, if a build were made now.

    Attributes:
        depends_on: first outputs of the jobs that come before it.
        inputs, outputs, depends_on: names of targets.
        reasons: why it is stale, or why it is not.
    """

    branch: str
    builder: str
    depends_on: list[str]
    inputs: list[str]
    outputs: list[str]
    reasons: list[str]
    spec_id: int
    stale: bool


class JobSpecResource(Resource, frozen=True, kw_only=True):
    """Which builder makes which targets of which others, on a branch."""

    branch: str
    builder: str
    inputs: list[str]
    logic: str
    mode: str
    outputs: list[str]
    properties: dict[str, Any]
    spec_id: int


class Log(Resource, frozen=True, kw_only=True):
    """One of ``logs``."""

    complete: bool
    logid: int
    name: str
    num_lines: int
    slug: str
    stepid: int
    type: str


class LogChunk(Resource, frozen=True, kw_only=True):
    """One of ``logchunks``."""

    content: str
    firstline: int
    logid: int


class LogHit(Resource, frozen=True, kw_only=True):
    """A line that matches what was looked for.

    Attributes:
        before, after: the lines around it, in their order.
        column: where its first match begins, in characters, from 0.
        length: of the whole line, in characters.
        line, stream, text, time_ms: as in `LogLine`.
        matches: ``[begin, end]`` of its first matches.
        text_column: the column of the first character of `text`.
    """

    after: list[LogLine]
    before: list[LogLine]
    column: int
    length: int
    line: int
    matches: list[list[int]]
    stream: str
    text: str
    text_column: int
    time_ms: int


class LogLine(Resource, frozen=True, kw_only=True):
    """A line beside a hit.

    Attributes:
        line: its number, from 0.
        stream: ``o``, ``e`` or ``h``.
        text: the line, or as much of it as is shown; bytes that are not UTF-8 became U+FFFD.
        time_ms: when it came, in milliseconds since the epoch.
    """

    line: int
    stream: str
    text: str
    time_ms: int


class LogTimes(Resource, frozen=True, kw_only=True):
    """When lines came.

    Attributes:
        times: of each line from `firstline` on, in milliseconds since the epoch.
    """

    firstline: int
    logid: int
    times: list[int]


class Master(Resource, frozen=True, kw_only=True):
    """One of ``masters``."""

    active: bool
    last_active: int
    masterid: int
    name: str


class Patch(Resource, frozen=True, kw_only=True):
    """One of ``patches``."""

    author: str
    body: bytes
    comment: str
    level: int
    patchid: int
    subdir: str | None


class Project(Resource, frozen=True, kw_only=True):
    """A group of builders; whether it is active is told to those only who filter by that."""

    active: bool | None
    description: str | None
    description_format: str | None
    description_html: str | None
    name: str
    projectid: int
    slug: str


class Property(Resource, frozen=True, kw_only=True):
    """One property; its `value` is the value's JSON text."""

    name: str
    source: str
    value: str


class Reason(Resource, frozen=True, kw_only=True):
    """One reason.

    Attributes:
        buildid: the first of `buildids`, or None.
        buildids: builds that are in the way; those of the request itself for ``running`` and ``stopping``.
        code: for programs.
        function: the function of the configuration, as its argument is called: ``nextBuild``.
        lock: name of the lock.
        position: place of the request among those of its builder, from 1.
        text: for people; a whole sentence without a full stop.
        worker, workerid: the worker that the reason is about.
    """

    buildid: int | None
    buildids: list[int]
    code: str
    function: str | None
    lock: str | None
    position: int | None
    text: str
    worker: str | None
    workerid: int | None


class RootLink(Resource, frozen=True, kw_only=True):
    """One of ``rootlinks``."""

    name: str


class ScheduleExplanation(Resource, frozen=True, kw_only=True):
    """One thing to know of why a schedule runs, or does not.

    Attributes:
        code: for programs.
        text: for people; a whole sentence without a full stop.
        since: when it began; None where that means nothing.
    """

    code: str
    since: int | None
    text: str


class SchedulePreview(Resource, frozen=True, kw_only=True):
    """What a schedule would be that somebody is writing.

    Attributes:
        instants: the next ones at which a time makes its whole trigger hold, if its events have happened by then.
        problems: what is wrong with it, by the path of the field.
        times: of each time in its trigger that can be understood.
    """

    instants: list[int]
    problems: dict[str, Any]
    times: list[TimePreview]


class ScheduleResource(Resource, frozen=True, kw_only=True):
    """A schedule.

    Attributes:
        action, trigger, scope: of its present version, as the orchestration API has them.
        created_by, updated_by: ids of users.
        active_run: RID of the run in progress.
        next_due_at: when a time of its trigger is next.
        paused_by: ``user`` or ``failures``.
        pending: it runs once more when its present run ends.
    """

    action: dict[str, Any]
    active_run: str | None
    created_at: int
    created_by: str
    description: str | None
    editor: str
    failures: int
    name: str | None
    next_due_at: int | None
    paused: bool
    paused_by: str | None
    pending: bool
    rid: str
    scope: dict[str, Any]
    trigger: dict[str, Any]
    updated_at: int
    updated_by: str
    version_rid: str


class ScheduleRunResource(Resource, frozen=True, kw_only=True):
    """A run of a schedule.

    Attributes:
        outcome: ``ignored``, ``submitted``, ``error``; None while it is being asked for.
        created_by: id of the user who has run it by hand.
    """

    build_rid: str | None
    created_at: int
    created_by: str | None
    description: str | None
    error: str | None
    number: int
    outcome: str | None
    rid: str
    schedule_rid: str
    version_rid: str


class TimePreview(Resource, frozen=True, kw_only=True):
    """When a time in a trigger is due.

    Attributes:
        instants: the next ones.
        path: of the time in the document, as ``trigger.triggers.0``.
        walls: the same instants by the clock on the wall of its zone, with the offset.
        words: what its cron expression says.
    """

    instants: list[int]
    path: str
    walls: list[str]
    words: str


class Scheduler(Resource, frozen=True, kw_only=True):
    """One of ``schedulers``."""

    enabled: bool
    master: Master | None
    name: str
    schedulerid: int


class SourceStamp(Resource, frozen=True, kw_only=True):
    """One of ``sourcestamps``."""

    branch: str | None
    codebase: str
    created_at: int
    patch: Patch | None
    project: str
    repository: str
    revision: str | None
    ssid: int


class Spec(Resource, frozen=True, kw_only=True):
    """What one path of the API answers."""

    path: str
    plural: str
    type: str
    type_spec: dict[str, Any]


class Step(Resource, frozen=True, kw_only=True):
    """One of ``steps``."""

    buildid: int
    complete: bool
    complete_at: int | None
    hidden: bool
    locks_acquired_at: int | None
    name: str
    number: int
    results: int | None
    started_at: int | None
    state_string: str
    stepid: int
    urls: list[dict[str, str]]


class Stop(Resource, frozen=True, kw_only=True):
    """That a build was stopped, or a request cancelled; who has done it, and why.

    Attributes:
        buildid: null if it was a request of which no build ran.
        by: what people know them by: a user or a service; null where `by_kind` says all.
        by_kind: ``user``, ``anonymous`` (somebody who was not signed in), ``service``, ``parent`` (the build that had
            triggered it was stopped), ``build`` (its own steps), ``master``; null if an earlier version wrote it.
    """

    buildid: int | None
    buildrequestid: int
    by: str | None
    by_kind: str | None
    reason: str
    stopped_at: int


class TestResult(Resource, frozen=True, kw_only=True):
    """One result; nobody is told of it, only of its set."""

    builderid: int
    duration_ns: int | None
    line: int | None
    test_code_path: str | None
    test_name: str | None
    test_result_setid: int
    test_resultid: int
    value: str


TestResult.__test__ = False  # type: ignore[attr-defined]  # not one of pytest's


class TestResultSet(Resource, frozen=True, kw_only=True):
    """Results of one kind that a step has found.

    Attributes:
        category: what is measured: ``pass_fail``, ``pass_only``, ``fail_only``, ``code_issue``, ``performance`` or
            any other word.
        value_unit: what a result's value is: ``boolean``, ``message``, ``ms`` or any other word.
        tests_passed, tests_failed: None where values do not say that.
    """

    builderid: int
    buildid: int
    category: str
    complete: bool
    description: str | None
    stepid: int
    test_result_setid: int
    tests_failed: int | None
    tests_passed: int | None
    value_unit: str


TestResultSet.__test__ = False  # type: ignore[attr-defined]  # not one of pytest's


class StagingAppResource(Resource, frozen=True, kw_only=True):
    """An app; told as it comes, changes and goes."""

    buildpacks: list[str]
    created_at: int
    current_droplet_guid: str | None
    guid: str
    lifecycle: str
    name: str
    space_guid: str
    stack: str
    staging_appid: int
    updated_at: int


class StagingBuildResource(Resource, frozen=True, kw_only=True):
    """One staging; told as it begins, when the engine's build has begun, and as it ends.

    Attributes:
        buildrequestid: why it waits is at ``buildrequests/{buildrequestid}/explain``.
        buildid: of the engine; its steps are the phases.
    """

    app_guid: str
    builderid: int | None
    buildid: int | None
    buildpacks: list[str]
    buildrequestid: int | None
    created_at: int
    created_by: str | None
    disk_mb: int
    droplet_guid: str | None
    droplet_sha256: str | None
    error: str | None
    guid: str
    lifecycle: str
    log_rate_bytes_per_second: int
    memory_mb: int
    package_guid: str
    stack: str
    staging_buildid: int
    state: str
    updated_at: int


class StagingBuildpackResource(Resource, frozen=True, kw_only=True):
    """An admin buildpack; told as it comes, changes and goes.

    Attributes:
        configured: it comes from the folder that the configuration names.
        stack: None fits every one.
    """

    configured: bool
    created_at: int
    enabled: bool
    filename: str | None
    guid: str
    lifecycle: str
    locked: bool
    name: str
    position: int
    sha256: str | None
    size_bytes: int | None
    stack: str | None
    staging_buildpackid: int
    state: str
    updated_at: int


class StagingAttestationResource(Resource, frozen=True, kw_only=True):
    """The signed statement of who has made a droplet of what.

    Attributes:
        attestation: a DSSE envelope, as JSON text; see ``docs/reference/attestations.md``.
    """

    attestation: str
    droplet_guid: str


class StagingCacheResource(Resource, frozen=True, kw_only=True):
    """What stagings of an app on a stack leave for the next.

    Attributes:
        key: which buildpack's; ``final`` for the one that finishes.
    """

    app_guid: str
    key: str
    sha256: str
    size_bytes: int
    stack: str
    staging_cacheid: int
    used_at: int


class StagingDropletResource(Resource, frozen=True, kw_only=True):
    """What came out; told as it comes, changes and goes.

    Attributes:
        buildpacks: names of those that have taken part, in order.
        attested: there is a signed statement of who has made it of what.
    """

    app_guid: str
    attested: bool
    build_guid: str | None
    buildpacks: list[str]
    created_at: int
    error: str | None
    guid: str
    image: str | None
    lifecycle: str
    package_guid: str | None
    sha256: str | None
    size_bytes: int | None
    stack: str | None
    staging_dropletid: int
    state: str
    updated_at: int


class StagingPackageResource(Resource, frozen=True, kw_only=True):
    """What is to be staged; told of each change of its state."""

    app_guid: str
    created_at: int
    error: str | None
    guid: str
    image: str | None
    sha256: str | None
    size_bytes: int | None
    staging_packageid: int
    state: str
    type: str
    updated_at: int


class TargetResource(Resource, frozen=True, kw_only=True):
    """Something that job specs write or read."""

    configured: bool
    name: str
    project_rid: str | None
    rid: str
    targetid: int


class TargetVersion(Resource, frozen=True, kw_only=True):
    """One state of a target on a branch."""

    branch: str
    closed_at_ms: int | None
    job_rid: str | None
    opened_at_ms: int
    payload: dict[str, Any]
    rid: str
    state: str
    target_rid: str
    target_versionid: int


class EnvironmentDifference(Resource, frozen=True, kw_only=True):
    """A part of it that is another one; null stands for one that was not, or is not, there."""

    becomes: EnvironmentValue | None
    name: str
    section: str
    was: EnvironmentValue | None


class EnvironmentValue(Resource, frozen=True, kw_only=True):
    """A part of what a build ran in.

    Attributes:
        secret: its value looks like a secret, and is not kept.
        section: ``worker``: what the worker told of itself; ``environ``: a variable of the worker's process;
            ``builder``: a variable that the builder sets.
        value: null for a secret, and for what could not be computed when the build began.
    """

    name: str
    secret: bool
    section: str
    value: str | None


class Token(Resource, frozen=True, kw_only=True):
    """What programs show instead of logging in; the token itself is shown once, when it is made."""

    created_at: int
    expires_at: int
    last_used_at: int | None
    name: str
    revoked_at: int | None
    scopes: list[str]
    tokenid: int
    username: str


class Worker(Resource, frozen=True, kw_only=True):
    """One of ``workers``."""

    configured_on: list[dict[str, int]]
    connected_to: list[dict[str, int]]
    graceful: bool
    name: str
    pause_reason: str | None
    paused: bool
    workerid: int
    workerinfo: dict[str, Any]


class BrokenBuilder(Resource, frozen=True, kw_only=True):
    """A builder whose newest build with an outcome has failed.

    Attributes:
        build: that one.
        good_number: number of the newest build before the failures that was good; None if it is not among those
            that were looked at.
        since_number: number of the first failure in a row.
    """

    build: BuildMark
    builderid: int
    good_number: int | None
    name: str
    since_number: int
    tags: list[str]


class BuilderPage(Resource, frozen=True, kw_only=True):
    """A builder.

    Attributes:
        bad_in_a_row: how many of the `rated_builds`, up to the newest, were bad; 0 if that one was good.
        builds: newest first.
        builds_next: what to send as `after` to ``/builders/N/builds?order=-number`` for those behind; null if there
            are none.
        good_builds, rated_builds: as in `BuilderSummary`.
        good_in_a_row: how many of the `rated_builds`, up to the newest, were good; 0 if that one was bad.
        log_horizon_is_known: whether the configuration says how long logs are kept; false if that is known only when
            they are deleted.
        log_horizon_s: how many seconds logs are kept after their step has ended; null for ever, or if it is not known.
        typical_s: how many seconds a good build took, half of the newest ones less, half more; null if there are none.
        waiting: in the order in which they were submitted.
        workers: those that may serve it.
    """

    bad_in_a_row: int | None
    builder: Builder
    builds: list[Build] | None
    builds_next: str | None
    forceschedulers: list[ForceScheduler] | None
    good_builds: int | None
    good_in_a_row: int | None
    log_horizon_is_known: bool
    log_horizon_s: int | None
    masters: list[Master] | None
    rated_builds: int | None
    typical_s: int | None
    waiting: list[WaitingRequest] | None
    waiting_total: int | None
    withheld: list[str]
    workers: list[WorkerState] | None


class BuildersPage(Resource, frozen=True, kw_only=True):
    """All builders, by name."""

    builders: list[BuilderSummary]
    withheld: list[str]


class BuilderSummary(Resource, frozen=True, kw_only=True):
    """A builder with the newest of its builds.

    Attributes:
        builds: newest first, those that run too.
        good_builds: how many of the `rated_builds` were good.
        rated_builds: how many of the newest builds had an outcome: were good or bad.
    """

    builder: Builder
    builds: list[BuildMark] | None
    good_builds: int | None
    rated_builds: int | None
    waiting: int | None


class BuildMark(Resource, frozen=True, kw_only=True):
    """A build in a strip of builds: what a small square needs."""

    buildid: int
    complete_at: int | None
    number: int
    results: int | None
    started_at: int


class BuildPage(Resource, frozen=True, kw_only=True):
    """A build, with all that belongs to it but the text of its logs.

    Attributes:
        attempts: all builds of the request, this one among them.
        changes: those that made its source stamps, newest first.
        could_take_over: how many of the builds that it has triggered a build of its failed part could take over; null
            if it has not gone wrong.
        difference: to the newest good build before it; null if none is near enough, or nothing may be told.
        environment: what it runs in; empty where that was not noted.
        failed_part_of: the build whose failed part it builds again.
        next_number, previous_number: its neighbours on the builder.
        parent: the build that has triggered it.
        rebuilds: the newest builds that repeat it.
        rebuilt: the build that it repeats.
        stop: who has stopped it.
        taken_over: builds that its steps have taken over, in their order.
        triggered: builds that it has triggered, the oldest ones.
        typical_s: how many seconds it will take if it is like the builder's newest good builds; null if there are none,
            or it has ended.
    """

    attempts: list[Build] | None
    build: Build
    builder: Builder | None
    buildset: Buildset | None
    changes: list[Change] | None
    could_take_over: int | None
    data: list[BuildData] | None
    difference: Difference | None
    environment: list[EnvironmentValue] | None
    failed_part_of: Build | None
    next_number: int | None
    parent: NamedBuild | None
    previous_number: int | None
    properties: SourcedProperties | None
    rebuilds: list[Build] | None
    rebuilt: Build | None
    request: BuildRequest | None
    steps: list[StepWithLogs] | None
    stop: Stop | None
    taken_over: list[TakenOver] | None
    test_result_sets: list[TestResultSet] | None
    triggered: list[NamedBuild] | None
    typical_s: int | None
    withheld: list[str]
    worker: str | None


class Difference(Resource, frozen=True, kw_only=True):
    """What lies between a build and the newest good build of its builder before it.

    Attributes:
        build: the good one.
        changes: those that came between, newest first.
        environment: what they ran in; null also where that of one of them was not noted.
        more_changes: whether there are more of them.
        properties: those that say more than `sources`.
    """

    build: Build
    changes: list[Change] | None
    environment: list[EnvironmentDifference] | None
    more_changes: bool
    properties: list[PropertyDifference] | None
    sources: list[SourceDifference] | None
    steps: list[StepDifference] | None


class FrontPage(Resource, frozen=True, kw_only=True):
    """What is broken, what runs, what waits and why, and how masters and workers are.

    Attributes:
        broken: builders that some master runs; the one that has failed last comes first.
        hours: the last day, the oldest hour first; the hour that goes on is the last one.
        hours_since: from when on all builds are counted there.
        recent: builds that have ended, the newest end first.
        running: the newest builds first.
        waiting: the longest wait first.
    """

    broken: list[BrokenBuilder] | None
    broken_total: int | None
    hours: list[HourOfBuilds] | None
    hours_since: int | None
    masters: list[Master] | None
    recent: list[RecentBuild] | None
    running: list[RunningBuild] | None
    running_total: int | None
    waiting: list[WaitingLine] | None
    waiting_total: int | None
    withheld: list[str]
    workers: WorkersHealth | None


class HourOfBuilds(Resource, frozen=True, kw_only=True):
    """How the builds ended that ended within an hour.

    Attributes:
        begins_at: a whole hour of UTC.
        other: those that were neither good nor bad: skipped, cancelled, tried again.
    """

    bad: int
    begins_at: int
    good: int
    other: int


class MastersPage(Resource, frozen=True, kw_only=True):
    """All masters, by name."""

    masters: list[MasterSummary]
    withheld: list[str]


class MasterSummary(Resource, frozen=True, kw_only=True):
    """A master with what belongs to it.

    Attributes:
        builders: those of its configuration, by name.
        running: how many builds it runs.
        started_at: when its program was started last; null if that is not known.
        version: of its program; null if that is not known.
        workers: those that are connected to it, by name.
    """

    builders: list[NamedBuilder] | None
    master: Master
    running: int | None
    started_at: int | None
    version: str | None
    workers: list[NamedWorker] | None


class NamedBuild(Resource, frozen=True, kw_only=True):
    """A build of any builder, with that one's name; null for who may not read builders."""

    build: Build
    builder: str | None


class NamedBuilder(Resource, frozen=True, kw_only=True):
    """A builder, to be linked to."""

    builderid: int
    name: str


class NamedWorker(Resource, frozen=True, kw_only=True):
    """A worker, to be linked to."""

    name: str
    workerid: int


class PropertyDifference(Resource, frozen=True, kw_only=True):
    """A property with another value; null stands for one that was not, or is not, there."""

    becomes: str | None
    name: str
    was: str | None


class RecentBuild(Resource, frozen=True, kw_only=True):
    """A build that has ended, with its builder's name."""

    build: BuildMark
    builder: str
    builderid: int


class RunningBuild(Resource, frozen=True, kw_only=True):
    """A build that has not ended, with the names that a page shows.

    Attributes:
        typical_s: how many seconds it will take if it is like the builder's newest good builds; null if there are none.
    """

    build: Build
    builder: str
    typical_s: int | None
    worker: str | None


class SourceDifference(Resource, frozen=True, kw_only=True):
    """A codebase whose source is another one; null stands for a codebase that was not, or is not, there."""

    becomes: SourceStamp | None
    codebase: str
    was: SourceStamp | None


class StepDifference(Resource, frozen=True, kw_only=True):
    """A step that has ended otherwise; null stands for one that was not there, or has not ended."""

    becomes: int | None
    name: str
    was: int | None


class StepWithLogs(Resource, frozen=True, kw_only=True):
    """A step and its logs, without their text; they are null for who may not read them."""

    logs: list[Log] | None
    step: Step


class TakenOver(Resource, frozen=True, kw_only=True):
    """A build that a step has taken over instead of having it built once more.

    Attributes:
        builder: as of a named build.
        step_number: of the step, in its build.
        taken_from: the build that has triggered it; null if that one is gone, or may not be read.
    """

    build: Build
    builder: str | None
    step_number: int
    taken_from: Build | None


class WaitingLine(Resource, frozen=True, kw_only=True):
    """The requests that wait on one builder.

    Attributes:
        buildrequestid: the oldest.
        length: how many there are.
        reasons: why the oldest waits; null where nobody knows.
        since: when the oldest was submitted.
    """

    builder: str
    builderid: int
    buildrequestid: int
    length: int
    reasons: list[Reason] | None
    since: int


class WaitingRequest(Resource, frozen=True, kw_only=True):
    """A request that waits, and why; the reasons are null where nobody knows."""

    reasons: list[Reason] | None
    request: BuildRequest


class WorkerMark(Resource, frozen=True, kw_only=True):
    """A build in a strip of a worker's builds: as `BuildMark`, with its builder."""

    builderid: int
    buildid: int
    complete_at: int | None
    number: int
    results: int | None
    started_at: int


class WorkerPage(Resource, frozen=True, kw_only=True):
    """A worker.

    Attributes:
        builders: those that it may serve, and those that its builds are of, by name.
        builds: the newest that have ended, newest first.
        connected_at, left_at: as in `WorkerSummary`.
        environment: what it was in when it was connected last.
        more_builds: whether there are older ones.
        masters: those that it is connected to.
        running: oldest first.
    """

    builders: list[NamedBuilder] | None
    builds: list[Build] | None
    connected_at: int | None
    environment: list[EnvironmentValue] | None
    left_at: int | None
    masters: list[Master] | None
    more_builds: bool | None
    running: list[Build] | None
    withheld: list[str]
    worker: Worker


class WorkersHealth(Resource, frozen=True, kw_only=True):
    """How the workers of the present configurations are.

    Attributes:
        connected, graceful, paused, total: how many there are.
        not_ready: the first of those that take no builds.
        not_ready_total: how many these are.
    """

    connected: int
    graceful: int
    not_ready: list[WorkerState]
    not_ready_total: int
    paused: int
    total: int


class WorkersPage(Resource, frozen=True, kw_only=True):
    """All workers, by name.

    Attributes:
        builders: those that the builds are of.
    """

    builders: list[NamedBuilder] | None
    withheld: list[str]
    workers: list[WorkerSummary]


class WorkerState(Resource, frozen=True, kw_only=True):
    """A worker as a list shows it."""

    connected: bool
    graceful: bool
    name: str
    pause_reason: str | None
    paused: bool
    workerid: int


class WorkerSummary(Resource, frozen=True, kw_only=True):
    """A worker with what it does.

    Attributes:
        builders: how many of the present builders it may serve.
        builds: the newest that have ended, newest first.
        connected_at: when it was connected last; null for one that never was.
        left_at: when its last connection ended, as far as anybody has seen that.
        os: the name of its operating system; empty if it has not told.
        running: oldest first.
        version: of its program; empty if it has not told.
    """

    builders: int
    builds: list[WorkerMark] | None
    connected_at: int | None
    left_at: int | None
    os: str
    running: list[WorkerMark] | None
    version: str
    worker: WorkerState


class AskedBuild(Resource, frozen=True, kw_only=True):
    """A build request of a set, with the newest of its builds; null where none has begun, or none may be told of."""

    build: BuildMark | None
    builder: str
    builderid: int
    buildrequestid: int
    complete: bool
    results: int | None


class BuildOfBranch(Resource, frozen=True, kw_only=True):
    """A build, with the branch of its sources: of the first codebase that has one."""

    branch: str | None
    build: Build
    buildid: int
    complete: bool
    number: int
    results: int | None


class ChangePage(Resource, frozen=True, kw_only=True):
    """A change.

    Attributes:
        builds: the newest builds of it.
        children: changes that name it as the one before them.
        parents: those that it names.
    """

    builds: list[NamedBuild] | None
    change: Change
    children: list[Change]
    parents: list[Change]
    withheld: list[str]


class PendingRequest(Resource, frozen=True, kw_only=True):
    """A request that waits, with what is known of its builder."""

    builder: str
    builderid: int
    buildrequestid: int
    buildsetid: int
    priority: int
    submitted_at: int
    tags: list[str]
    waited_for: bool


class RequestReasons(Resource, frozen=True, kw_only=True):
    """Why a request waits; the reasons are null where nobody knows."""

    buildrequestid: int
    reasons: list[Reason] | None


class SchedulerPage(Resource, frozen=True, kw_only=True):
    """A scheduler and what it has asked for, the newest first."""

    runs: list[SchedulerRun] | None
    scheduler: SchedulerState
    withheld: list[str]


class SchedulerRun(Resource, frozen=True, kw_only=True):
    """What a scheduler has asked for at one time.

    Attributes:
        requests: the first of them.
        requests_total: how many there are.
    """

    buildset: Buildset
    requests: list[AskedBuild]
    requests_total: int


class SchedulersPage(Resource, frozen=True, kw_only=True):
    """All schedulers, by name."""

    schedulers: list[SchedulerState]
    withheld: list[str]


class SchedulerState(Resource, frozen=True, kw_only=True):
    """A scheduler, what it has done last, and what it is going to do.

    Attributes:
        builder_names: the builders that it asks for; null where nobody knows before.
        can_run: the action ``run`` makes it ask for its builds at once.
        kind: name of its class; null before it has run for the first time.
        last_run: null if there was none, or none may be told of.
        next_run_at: null if it does not go by the time, or nobody runs it.
        run_asked_by: who has asked it to run, until it does.
        waiting_changes: changes that are going to be in the next run.
    """

    builder_names: list[str] | None
    can_run: bool
    kind: str | None
    last_run: SchedulerRun | None
    next_run_at: int | None
    run_asked_by: str | None
    scheduler: Scheduler
    waiting_changes: int


class GraphPage(Resource, frozen=True, kw_only=True):
    """What is made of what on a branch, and what is up to date.

    Attributes:
        branches: all that have a version of something or a job spec; the default branch comes first.
        problem: why nothing can be said about what is stale; null where something can.
        targets: by name, the first of them.
        targets_total: how many there are.
    """

    branch: str
    branches: list[str]
    problem: str | None
    targets: list[TargetState]
    targets_total: int
    withheld: list[str]


class GraphRunAttempt(Resource, frozen=True, kw_only=True):
    """An attempt, with the number that its build has on its builder; null before there is a build."""

    attempt: GraphAttempt
    build_number: int | None


class GraphRunJob(Resource, frozen=True, kw_only=True):
    """A job of a run.

    Attributes:
        attempts: first to last.
        builderid: null where no builder has that name any more.
        inputs: what its last attempt has read.
        needs: positions of the jobs of the run that come before it.
        outputs: what it writes; with versions once its first attempt has begun.
    """

    attempts: list[GraphRunAttempt]
    builder: str
    builderid: int | None
    inputs: list[VersionMark] | None
    job: GraphJobResource
    needs: list[int]
    outputs: list[VersionMark]


class GraphRunPage(Resource, frozen=True, kw_only=True):
    """A run of a graph with its jobs.

    Attributes:
        jobs: in the order in which they can run, the first of them.
        jobs_total: how many there are.
        schedule: name of the schedule that has asked for it; null also where that has none, or is gone.
        target: what was asked for, as ``create`` takes it; null where something of it may not be read.
    """

    jobs: list[GraphRunJob] | None
    jobs_total: int | None
    run: GraphBuildResource
    schedule: str | None
    target: dict[str, Any] | None
    withheld: list[str]


class ScheduleFormPage(Resource, frozen=True, kw_only=True):
    """What a schedule can be made of, and one that is to be changed.

    Attributes:
        branches: all that have a version of something or a job spec; the default branch comes first.
        schedule: null where a new one is made.
        schedules: names of those that can be waited for, by RID; null for one without a name.
        targets: names of the first of them, by RID, in the order of the names.
        targets_total: how many there are.
        time_zones: names of those that the master knows.
    """

    branches: list[str]
    schedule: ScheduleResource | None
    schedules: dict[str, Any]
    targets: dict[str, Any]
    targets_total: int
    time_zones: list[str]
    withheld: list[str]


class SchedulePage(Resource, frozen=True, kw_only=True):
    """A schedule: why it runs, waits or does nothing, what it was before, and what has come of it.

    Attributes:
        runs: newest first.
        schedules: names of the schedules that its versions wait for, by RID; null for one without a name.
        targets: names of the targets that its versions build or wait for, by RID.
        versions: newest first.
    """

    reasons: list[ScheduleExplanation]
    runs: list[ScheduleRunMark]
    schedule: ScheduleResource
    schedules: dict[str, Any]
    targets: dict[str, Any]
    versions: list[ScheduleVersionResource]
    withheld: list[str]


class ScheduleRunMark(Resource, frozen=True, kw_only=True):
    """A run of a schedule, and the status of the build that it has asked for."""

    build_status: str | None
    run: ScheduleRunResource


class ScheduleVersionResource(Resource, frozen=True, kw_only=True):
    """What a schedule is, or was until somebody edited it; it never changes.

    Attributes:
        action, trigger, scope: as the orchestration API has them.
        created_by: id of the user.
    """

    action: dict[str, Any]
    created_at: int
    created_by: str
    rid: str
    schedule_rid: str
    scope: dict[str, Any]
    trigger: dict[str, Any]


class TargetState(Resource, frozen=True, kw_only=True):
    """A target on a branch.

    Attributes:
        builder: name of the builder whose job makes it; null for what comes from outside.
        builderid: of that one; null also where no builder has that name.
        inputs: names of the targets that it is made of.
        reasons: why it is stale, why it is not, or why nobody can say.
        stale: null for what no job makes, and for what cannot be made now.
        version: the newest one that a build on the branch would read; null if there is none.
    """

    builder: str | None
    builderid: int | None
    inputs: list[str] | None
    reasons: list[str] | None
    stale: bool | None
    target: TargetResource
    version: TargetVersion | None


class VersionMark(Resource, frozen=True, kw_only=True):
    """A version that a job has read or written.

    Attributes:
        build_rid: of the run that has written it; null for what came from outside, and what is not written yet.
        state: ``open``, ``committed``, ``aborted``; null before the first attempt.
        target: its name.
    """

    branch: str | None
    build_rid: str | None
    state: str | None
    target: str
    version_rid: str | None


class StagingAppPage(Resource, frozen=True, kw_only=True):
    """An app with the newest of its packages, stagings and droplets, newest first, and what it keeps for the next."""

    app: StagingAppResource
    builds: list[StagingBuildResource] | None
    caches: list[StagingCacheResource]
    droplets: list[StagingDropletResource] | None
    packages: list[StagingPackageResource] | None
    withheld: list[str]


class TestedBuild(Resource, frozen=True, kw_only=True):
    """A build that has results of tests.

    Attributes:
        failed, passed: how many tests did in it; null where that is not known.
        revision: of its sources, if there is only one and it is known.
    """

    buildid: int
    failed: int | None
    number: int
    passed: int | None
    results: int | None
    revision: str | None
    started_at: int


TestedBuild.__test__ = False  # type: ignore[attr-defined]  # not one of pytest's


class TestLine(Resource, frozen=True, kw_only=True):
    """A test over the builds of a page.

    Attributes:
        duration_ns, line, message, path: of its newest result; the message is what a step has kept of a failure.
        failing: how many builds in a row it has failed in, from the newest that has it.
        flaky: it has both passed and failed with the same sources.
        outcomes: a letter for each build of the page: ``p`` passed, ``f`` failed, ``b`` both, ``-`` is not there.
        since_number: of the first of these builds.
    """

    duration_ns: int | None
    failing: int
    flaky: bool
    line: int | None
    message: str | None
    name: str
    outcomes: str
    path: str | None
    since_number: int | None


TestLine.__test__ = False  # type: ignore[attr-defined]  # not one of pytest's


class TestsPage(Resource, frozen=True, kw_only=True):
    """The tests of a builder, or of one of its builds and those before it.

    Attributes:
        build: the one that was asked about; null where it was the builder.
        builds: the newest that have results of tests, newest first.
        sets: those of the first of them.
        tests: those that have failed in any of the builds: those that fail now first, then those that are flaky.
        tests_total: how many have failed; more than are listed, perhaps.
    """

    build: Build | None
    builder: Builder
    builds: list[TestedBuild]
    sets: list[TestResultSet]
    tests: list[TestLine]
    tests_total: int
    withheld: list[str]


TestsPage.__test__ = False  # type: ignore[attr-defined]  # not one of pytest's


class BuiltChange(Resource, frozen=True, kw_only=True):
    """A change with what the builders made of it.

    Attributes:
        builds: the newest, newest first; null where whoever asks may not see builds.
        more_builds: there are older ones, which are not told.
    """

    author: str
    branch: str | None
    builds: list[ChangeBuild] | None
    category: str | None
    changeid: int
    codebase: str
    comments: str
    committer: str | None
    files: list[str]
    more_builds: bool
    project: str
    repository: str
    revision: str | None
    revlink: str | None
    when_timestamp: int


class ChangeBuild(Resource, frozen=True, kw_only=True):
    """A build of a change: what a small square among those of all builders needs."""

    builderid: int
    buildid: int
    complete_at: int | None
    number: int
    results: int | None
    started_at: int


class TimedBuild(Resource, frozen=True, kw_only=True):
    """A build in the waterfall: where and when it ran.

    Attributes:
        worker: name of the worker; null where there is none, or where whoever asks may not see workers.
    """

    builderid: int
    buildid: int
    complete: bool
    complete_at: int | None
    number: int
    results: int | None
    started_at: int
    state_string: str
    worker: str | None
    workerid: int | None
