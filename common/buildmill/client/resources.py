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
