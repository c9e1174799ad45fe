"""The resource types of the data API: row shape, REST document and event message in one declaration.

Fields stand in alphabetical order, because the encoded document has its keys sorted. Names and types are
those of Buildbot's ``/api/v2`` (page ``docs/reference/rest-api.md``). Instants are integer seconds
since the epoch, UTC. A result is one of `buildmill.common.results.Result` or None while unfinished.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec

from buildmill.master.domain.events import Event, Key

Instant = Annotated[int, msgspec.Meta(extra={"type": "datetime"}, description="Seconds since the epoch, UTC.")]
"""A point in time; ``datetime`` in the published types, an integer in every document."""

Identifier = Annotated[str, msgspec.Meta(extra={"type": "identifier"})]
"""Text that can stand in a path: a letter, ``_`` or ``-``, then also digits and points."""

SourcedProperties = dict[str, tuple[Any, str]]
"""``{name: (value, source)}``."""


class Resource(msgspec.Struct, frozen=True):
    """Base of all resource types.

    Class attributes:
        type_name: singular name, as in ``/api/v2/application.spec``.
        plural: key of the list in a response.
        id_field: the field that identifies one.
        unfiltered: fields by which lists of it cannot be filtered.
    """

    type_name: ClassVar[str] = ""
    plural: ClassVar[str] = ""
    id_field: ClassVar[str] = ""
    unfiltered: ClassVar[frozenset[str]] = frozenset()

    def event_keys(self, name: str) -> tuple[Key, ...]:
        """Routing keys of the event `name` about this resource."""
        raise TypeError(f"{type(self).__name__} has no events")

    def event(self, name: str) -> Event:
        """The event `name` with this resource as its message."""
        return Event(self.event_keys(name), self)


class Master(Resource, frozen=True):
    type_name = "master"
    plural = "masters"
    id_field = "masterid"

    active: bool
    last_active: Instant
    masterid: int
    name: str

    def event(self, name: str) -> Event:
        message = {"active": self.active, "masterid": self.masterid, "name": self.name}
        return Event((("masters", str(self.masterid), name),), message)


class Project(Resource, frozen=True):
    """A group of builders; whether it is active is told to those only who filter by that."""

    type_name = "project"
    plural = "projects"
    id_field = "projectid"

    active: bool | None
    description: str | None
    description_format: str | None
    description_html: str | None
    name: Identifier
    projectid: int
    slug: Identifier

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("projects", str(self.projectid), name),)


class Codebase(Resource, frozen=True):
    type_name = "codebase"
    plural = "codebases"
    id_field = "codebaseid"

    codebaseid: int
    name: Identifier
    projectid: int
    slug: Identifier

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("codebases", str(self.codebaseid), name),)


class Worker(Resource, frozen=True):
    type_name = "worker"
    plural = "workers"
    id_field = "workerid"

    configured_on: list[dict[str, int]]
    connected_to: list[dict[str, int]]
    graceful: bool
    name: str
    pause_reason: str | None
    paused: bool
    workerid: int
    workerinfo: dict[str, Any]

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("workers", str(self.workerid), name),)


class Builder(Resource, frozen=True):
    type_name = "builder"
    plural = "builders"
    id_field = "builderid"

    builderid: int
    description: str | None
    description_format: str | None
    description_html: str | None
    masterids: list[int]
    name: str
    projectid: int | None
    tags: list[str]

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("builders", str(self.builderid), name),)


class Scheduler(Resource, frozen=True):
    type_name = "scheduler"
    plural = "schedulers"
    id_field = "schedulerid"

    enabled: bool
    master: Master | None
    name: str
    schedulerid: int

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("schedulers", str(self.schedulerid), name),)


class ForceScheduler(Resource, frozen=True):
    type_name = "forcescheduler"
    plural = "forceschedulers"
    id_field = "name"

    all_fields: list[dict[str, Any]]
    builder_names: list[Identifier]
    button_name: str
    enabled: bool
    label: str
    name: Identifier


class ChangeSource(Resource, frozen=True):
    type_name = "changesource"
    plural = "changesources"
    id_field = "changesourceid"

    changesourceid: int
    master: Master | None
    name: str


class Patch(Resource, frozen=True):
    type_name = "patch"
    plural = "patches"
    id_field = "patchid"

    author: str
    body: bytes
    comment: str
    level: int
    patchid: int
    subdir: str | None


class SourceStamp(Resource, frozen=True):
    type_name = "sourcestamp"
    plural = "sourcestamps"
    id_field = "ssid"

    branch: str | None
    codebase: str
    created_at: Instant
    patch: Patch | None
    project: str
    repository: str
    revision: str | None
    ssid: int


class Change(Resource, frozen=True):
    type_name = "change"
    plural = "changes"
    id_field = "changeid"

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

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("changes", str(self.changeid), name),)


class Buildset(Resource, frozen=True):
    type_name = "buildset"
    plural = "buildsets"
    id_field = "bsid"

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

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("buildsets", str(self.bsid), name),)

    def new_event(self, scheduler: str) -> Event:
        """The event about a set just added: names its scheduler, not its relation to a parent."""
        message = msgspec.structs.asdict(self)
        del message["parent_relationship"]
        message["results"] = None
        message["scheduler"] = scheduler
        return Event(self.event_keys("new"), message)


class BuildRequest(Resource, frozen=True):
    type_name = "buildrequest"
    plural = "buildrequests"
    id_field = "buildrequestid"

    builderid: int
    buildrequestid: int
    buildsetid: int
    claimed: bool
    claimed_at: Instant | None
    claimed_by_masterid: int | None
    complete: bool
    complete_at: Instant | None
    priority: int
    properties: SourcedProperties | msgspec.Raw | None
    results: int | None
    submitted_at: Instant
    waited_for: bool

    def event_keys(self, name: str) -> tuple[Key, ...]:
        request, builder = str(self.buildrequestid), str(self.builderid)
        return (
            ("buildsets", str(self.buildsetid), "builders", builder, "buildrequests", request, name),
            ("buildrequests", request, name),
            ("builders", builder, "buildrequests", request, name),
        )


class Build(Resource, frozen=True):
    type_name = "build"
    plural = "builds"
    id_field = "buildid"

    builderid: int
    buildid: int
    buildrequestid: int
    complete: bool
    complete_at: Instant | None
    locks_duration_s: int
    masterid: int
    number: int
    properties: SourcedProperties | msgspec.Raw | None
    results: int | None
    started_at: Instant
    state_string: str
    workerid: int | None

    def event_keys(self, name: str) -> tuple[Key, ...]:
        build = str(self.buildid)
        return (
            ("builders", str(self.builderid), "builds", str(self.number), name),
            ("builds", build, name),
            ("workers", str(self.workerid), "builds", build, name),
        )


class Stop(Resource, frozen=True):
    """That a build was stopped, or a request cancelled; who has done it, and why.

    Attributes:
        buildid: null if it was a request of which no build ran.
        by: what people know them by: a user or a service; null where `by_kind` says all.
        by_kind: ``user``, ``anonymous`` (somebody who was not signed in), ``service``, ``parent`` (the build that had
            triggered it was stopped), ``build`` (its own steps), ``master``; null if an earlier version wrote it.
    """

    type_name = "stop"
    plural = "stops"
    id_field = "buildrequestid"

    buildid: int | None
    buildrequestid: int
    by: str | None
    by_kind: str | None
    reason: str
    stopped_at: Instant


class BuildData(Resource, frozen=True):
    """Data of a build; the bytes are a download."""

    type_name = "build_data"
    plural = "build_data"
    id_field = "name"

    buildid: int
    length: int
    name: str
    source: str
    value: bytes | None


class Step(Resource, frozen=True):
    type_name = "step"
    plural = "steps"
    id_field = "stepid"

    buildid: int
    complete: bool
    complete_at: Instant | None
    hidden: bool
    locks_acquired_at: Instant | None
    name: Identifier
    number: int
    results: int | None
    started_at: Instant | None
    state_string: str
    stepid: int
    urls: list[dict[str, str]] | msgspec.Raw

    def event_keys(self, name: str) -> tuple[Key, ...]:
        step = str(self.stepid)
        return (("builds", str(self.buildid), "steps", step, name), ("steps", step, name))


class Log(Resource, frozen=True):
    type_name = "log"
    plural = "logs"
    id_field = "logid"

    complete: bool
    logid: int
    name: str
    num_lines: int
    slug: Identifier
    stepid: int
    type: Identifier

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("logs", str(self.logid), name), ("steps", str(self.stepid), "logs", self.slug, name))


class LogChunk(Resource, frozen=True):
    type_name = "logchunk"
    plural = "logchunks"
    id_field = "logid"

    content: str
    firstline: int
    logid: int


class Property(Resource, frozen=True):
    """One property; its `value` is the value's JSON text."""

    type_name = "_property"
    plural = "_properties"
    id_field = "name"

    name: str
    source: str
    value: Annotated[str, msgspec.Meta(extra={"type": "jsonobject"})]


class Spec(Resource, frozen=True):
    """What one path of the API answers."""

    type_name = "spec"
    plural = "specs"
    id_field = "path"

    path: str
    plural_name: str = msgspec.field(name="plural")
    type: str
    type_spec: dict[str, Any]


class RootLink(Resource, frozen=True):
    type_name = "rootlink"
    plural = "rootlinks"
    id_field = "name"

    name: str


def properties_event(buildid: int, changed: SourcedProperties) -> Event:
    """The event about properties of a build that were set; carries only those."""
    return Event((("builds", str(buildid), "properties", "update"),), changed)


def encode_urls(urls: list[dict[str, str]]) -> msgspec.Raw:
    """The `urls` of a step as it is stored and sent."""
    return msgspec.Raw(msgspec.json.encode(urls))


class Token(Resource, frozen=True):
    """What programs show instead of logging in; the token itself is shown once, when it is made."""

    type_name = "token"
    plural = "tokens"
    id_field = "tokenid"

    created_at: Instant
    expires_at: Instant
    last_used_at: Instant | None
    name: str
    revoked_at: Instant | None
    scopes: list[str]
    tokenid: int
    username: str
