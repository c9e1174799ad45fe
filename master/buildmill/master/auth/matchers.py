"""Endpoint matchers: the rules of ``www['authz']``.

A rule says of a request whether it is about it. Subclasses of users override `EndpointMatcherBase.match`, or add
methods like ``match_BuildEndpoint_stop``, named by Buildbot's class of endpoint and by the action.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildmill.common.errors import BuildmillError
from buildmill.master.data.endpoints.endpoint import Endpoint, Kind
from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.not_delivering import NotDelivering
from buildmill.master.engine.service import settled
from buildmill.master.engine.user_code import begun_at_once

READ_ACTIONS = frozenset({"get", "head"})
_READS = ("", "get", "head")
# names of Buildbot's classes that are not the type's name with its kind
_CLASS_NAMES: Mapping[tuple[str, Kind], str] = {
    ("_property", Kind.COLLECTION): "PropertiesListEndpoint",
    ("build_data", Kind.COLLECTION): "BuildDatasNoValueEndpoint",
    ("build_data", Kind.SINGLE): "BuildDataNoValueEndpoint",
    ("build_data", Kind.RAW): "BuildDataEndpoint",
    ("logchunk", Kind.RAW): "RawLogChunkEndpoint",
    ("logchunk", Kind.RAW_INLINE): "RawInlineLogChunkEndpoint",
    ("rootlink", Kind.COLLECTION): "RootEndpoint",
    ("spec", Kind.COLLECTION): "SpecEndpoint",
    ("reason", Kind.COLLECTION): "ReasonsEndpoint",
    ("audit_entry", Kind.COLLECTION): "AuditEntriesEndpoint",
    ("audit_entry", Kind.SINGLE): "AuditEntryEndpoint",
}
_CASED = {
    "buildrequest": "BuildRequest", "changesource": "ChangeSource", "forcescheduler": "ForceScheduler",
    "logchunk": "LogChunk", "sourcestamp": "SourceStamp", "front_page": "FrontPage", "builders_page": "BuildersPage",
    "builder_page": "BuilderPage", "build_page": "BuildPage", "graph_page": "GraphPage",
    "graph_run_page": "GraphRunPage", "schedule_page": "SchedulePage", "staging_app_page": "StagingAppPage",
    "tests_page": "TestsPage", "schedulers_page": "SchedulersPage", "scheduler_page": "SchedulerPage",
    "pending_request": "PendingRequest", "request_reasons": "RequestReasons", "change_page": "ChangePage",
    "build_of_branch": "BuildOfBranch",
}  # fmt: skip


def class_name_of(endpoint: Endpoint) -> str:
    """The name that Buildbot's class of this endpoint has."""
    type_name = endpoint.type.name
    if type_name == "sourcedproperties":
        return ("Buildset" if endpoint.pattern.startswith("buildsets/") else "Build") + "PropertiesEndpoint"
    if endpoint.pattern.endswith("/triggered_builds"):
        return "BuildTriggeredBuildsEndpoint"
    if (name := _CLASS_NAMES.get((type_name, endpoint.kind))) is not None:
        return name
    plural = "s" if endpoint.is_collection else ""
    return f"{_CASED.get(type_name, type_name.capitalize())}{plural}Endpoint"


class EndpointOfPath:
    """What methods of matchers get as their first argument.

    Attributes:
        kind: single, collection, raw or raw_inline.
    """

    def __init__(self, master: Any, path: Sequence[str], kind: Kind) -> None:
        self.master = master
        self.kind = kind
        self._path = tuple(path)

    def get(self, resultSpec: Any = None, kwargs: Any = None) -> Any:
        """What is there: as of ``master.data.get``."""
        return self.master.data.get(self._path)


class Match:
    """What an endpoint matcher has found.

    Args:
        build, buildrequest, buildset: documents of the data API; whom it belongs to is found by the first that is
            given.
    """

    def __init__(self, master: Any, build: Any = None, buildrequest: Any = None, buildset: Any = None) -> None:
        self.master = master
        self.build = build
        self.buildrequest = buildrequest
        self.buildset = buildset

    @begun_at_once
    async def getOwner(self) -> Any:
        """Who has asked for it; None if nobody knows."""
        buildset_id = None
        if self.buildset is not None:
            buildset_id = _member(self.buildset, "bsid")
        elif self.buildrequest is not None:
            buildset_id = _member(self.buildrequest, "buildsetid")
        elif self.build is not None:
            request = await settled(self.master.data.get(("buildrequests", _member(self.build, "buildrequestid"))))
            buildset_id = None if request is None else request["buildsetid"]
        if buildset_id is None:
            return None
        properties = await settled(self.master.data.get(("buildsets", buildset_id, "properties"))) or {}
        owner = properties.get("owner")
        return owner[0] if owner else None


def _member(document: Any, name: str) -> Any:
    return document[name] if isinstance(document, Mapping) else getattr(document, name)


class EndpointMatcherBase:
    """Base of rules: who has the role may use the endpoints that it matches.

    Args:
        role: the role.
        defaultDeny: whoever lacks it may not, whatever later rules say.
    """

    def __init__(self, role: Any, defaultDeny: bool = True) -> None:
        self.file, self.line = users_place()
        if not isinstance(role, str) and role is not None:
            config_error(f"{type(self).__name__}: role must be text or None, not {role!r}")
        self.role = role
        self.defaultDeny = defaultDeny
        self.master: Any = None

    def setAuthz(self, authz: Any) -> None:
        """The rules that it is one of."""
        self.authz = authz

    @begun_at_once
    async def match(self, ep: Sequence[str], action: str = "get", options: Mapping[str, Any] | None = None) -> Any:
        """What the request is about, as a `Match`; None if the rule is not about it.

        Args:
            ep: elements of the path.
            action: a method's name, or ``GET``.
            options: the method's parameters.
        """
        try:
            found = self.master.data.find([str(element) for element in ep])
        except BuildmillError:
            return None
        name = class_name_of(found.endpoint)
        method = self._method_for(name, action)
        if method is None:
            return None
        endpoint = type(name, (EndpointOfPath,), {})(self.master, ep, found.endpoint.kind)
        return await settled(method(endpoint, dict(found.keys), dict(options or {})))

    def _method_for(self, name: str, action: str) -> Any:
        names = [f"match_{name}_{action}", f"match_{name}", f"match_Endpoint_{action}", "match_Endpoint"]
        if name == "BuildRequestEndpoint" and action == "cancel":
            names.append(f"match_{name}_stop")  # who may not stop a build may not cancel its request
        return next((method for each in names if (method := getattr(self, each, None)) is not None), None)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(role={self.role!r})"


def may_match_reads(rule: EndpointMatcherBase) -> bool:
    """Whether a rule may match a request that only reads; in doubt it may."""
    cls = type(rule)
    if cls.match is AnyControlEndpointMatcher.match:
        return False
    if cls.match is not EndpointMatcherBase.match or hasattr(cls, "__getattr__"):
        return True
    names = [name.removeprefix("match_") for name in dir(rule) if name.startswith("match_")]
    return any(name.partition("_")[2].lower() in _READS for name in names)


class AnyEndpointMatcher(EndpointMatcherBase):
    """All endpoints."""

    @begun_at_once
    async def match(self, ep: Sequence[str], action: str = "get", options: Mapping[str, Any] | None = None) -> Any:
        return Match(self.master)


class AnyControlEndpointMatcher(EndpointMatcherBase):
    """All actions."""

    @begun_at_once
    async def match(self, ep: Sequence[str], action: str = "", options: Mapping[str, Any] | None = None) -> Any:
        return None if action.lower() in READ_ACTIONS else Match(self.master)


class EnableSchedulerEndpointMatcher(EndpointMatcherBase):
    """Switching schedulers on and off."""

    def match_SchedulerEndpoint_enable(self, epobject: Any, epdict: Any, options: Any) -> Any:
        return Match(self.master)


class _OfBuilders(EndpointMatcherBase):
    """Those of some builders.

    Args:
        builder: a pattern; None for all.
    """

    def __init__(self, builder: Any = None, **kwargs: Any) -> None:
        if "role" not in kwargs:
            config_error(f"{type(self).__name__}: the argument role is missing")
            kwargs["role"] = None
        super().__init__(**kwargs)
        if builder is not None and not isinstance(builder, str):
            config_error(f"{type(self).__name__}: builder must be a pattern or None, not {builder!r}")
        self.builder = builder

    async def _is_ours(self, builder_id: Any) -> bool:
        if self.builder is None:
            return True
        found = await settled(self.master.data.get(("builders", builder_id)))
        return found is not None and bool(self.authz.match(found["name"], self.builder))

    async def _build(self, epobject: Any) -> Any:
        build = await settled(epobject.get())
        if build is None or not await self._is_ours(build["builderid"]):
            return None
        return Match(self.master, build=build)


async def forced_builders(master: Any, scheduler: str, options: Mapping[str, Any]) -> list[str]:
    """Names of the builders that a forced build would be asked of; empty where that cannot be told.

    Of `builderid` and `builderNames` the scheduler takes the first: so must this.
    """
    if (builder_id := options.get("builderid")) is not None:
        try:
            builder = await settled(master.data.get(("builders", str(builder_id))))
        except BuildmillError:
            return []
        return [] if builder is None else [builder["name"]]
    if (given := options.get("builderNames")) is not None:
        return [str(name) for name in given] if isinstance(given, list | tuple) else [str(given)]
    found = await settled(master.data.get(("forceschedulers", scheduler)))
    return [] if found is None else list(found["builder_names"])


class ForceBuildEndpointMatcher(_OfBuilders):
    """Forcing builds."""

    @begun_at_once
    async def match_ForceSchedulerEndpoint_force(self, epobject: Any, epdict: Any, options: Any) -> Any:
        if self.builder is None:
            return Match(self.master)
        names = await forced_builders(self.master, epdict["schedulername"], options)
        return Match(self.master) if any(self.authz.match(name, self.builder) for name in names) else None


class StopBuildEndpointMatcher(_OfBuilders):
    """Stopping builds and cancelling requests."""

    @begun_at_once
    async def match_BuildEndpoint_stop(self, epobject: Any, epdict: Any, options: Any) -> Any:
        return await self._build(epobject)

    @begun_at_once
    async def match_BuildRequestEndpoint_stop(self, epobject: Any, epdict: Any, options: Any) -> Any:
        request = await settled(epobject.get())
        if request is None or not await self._is_ours(request["builderid"]):
            return None
        return Match(self.master, buildrequest=request)


class RebuildBuildEndpointMatcher(_OfBuilders):
    """Rebuilding."""

    @begun_at_once
    async def match_BuildEndpoint_rebuild(self, epobject: Any, epdict: Any, options: Any) -> Any:
        return await self._build(epobject)


class _MatchesNothing(NotDelivering, _OfBuilders):
    not_delivering = "such a rule matches nothing, as with Buildbot"
    way_out = "derive from EndpointMatcherBase, or name builders"


class BranchEndpointMatcher(_MatchesNothing):
    """Accepted; matches nothing."""

    def __init__(self, branch: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.branch = branch


class ViewBuildsEndpointMatcher(_MatchesNothing):
    """Accepted; matches nothing."""

    def __init__(self, branch: Any = None, project: Any = None, builder: Any = None, **kwargs: Any) -> None:
        super().__init__(builder=builder, **kwargs)
        self.branch, self.project = branch, project
