"""Rules of ``www['authz']``: who may do what, as Buildbot decides it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet import defer

from buildmill.common.errors import Forbidden
from buildmill.master.auth.matchers import (
    AnyControlEndpointMatcher,
    AnyEndpointMatcher,
    BranchEndpointMatcher,
    EnableSchedulerEndpointMatcher,
    EndpointMatcherBase,
    ForceBuildEndpointMatcher,
    Match,
    RebuildBuildEndpointMatcher,
    StopBuildEndpointMatcher,
    ViewBuildsEndpointMatcher,
    class_name_of,
    may_match_reads,
)
from buildmill.master.auth.roles import RolesFromBase, RolesFromEmails, RolesFromOwner
from buildmill.master.auth.rules import Authz, reStrMatcher
from buildmill.master.config.fingerprints import Fingerprints
from buildmill.master.data.api import ENDPOINTS
from buildmill.master.data.endpoints.endpoint import Kind
from buildmill.master.engine.facade import Master
from tests.database import Stage
from tests.scene import Scene

ANN = {"username": "ann", "email": "ann@example.org"}
BOB = {"username": "bob", "email": "bob@example.org"}
NOBODY = {"anonymous": True}
ROLES = RolesFromEmails(admins=["ann@example.org"], helpers=["bob@example.org"])


@pytest.fixture
def scene(memory: Stage, tmp_path: Path) -> Iterator[Scene]:
    scene = Scene(memory, tmp_path / "logs")
    yield scene
    scene.close()


def decided(scene: Scene, rules: list[Any], user: Any, path: str, action: str, *roles: Any, **more: Any) -> Any:
    """True if a rule allows it, False if none is about it, or the reason why one forbids it."""
    options = more.pop("options", {})
    authz = Authz(rules, list(roles) or [ROLES], **more)
    authz.setMaster(SimpleNamespace(data=scene.data))
    try:
        return scene.stage.result(authz.assess(tuple(path.split("/")), action, options, user))
    except Forbidden as error:
        return str(error)


def test_a_user_with_the_role_may_and_others_may_not(scene: Scene) -> None:
    rules = [AnyControlEndpointMatcher(role="admins")]

    assert decided(scene, rules, ANN, "builds/2", "stop") is True
    for other in (BOB, NOBODY):
        assert decided(scene, rules, other, "builds/2", "stop") == "you need to have role 'admins'"


def test_what_no_rule_is_about_is_left_to_the_default(scene: Scene) -> None:
    assert decided(scene, [], ANN, "builds/2", "stop") is False
    assert decided(scene, [AnyControlEndpointMatcher(role="admins")], BOB, "builds/2", "GET") is False


def test_a_rule_that_does_not_deny_leaves_it_to_later_ones(scene: Scene) -> None:
    soft, hard = AnyEndpointMatcher(role="helpers", defaultDeny=False), AnyControlEndpointMatcher(role="admins")

    assert decided(scene, [soft, hard], BOB, "builds/2", "stop") is True
    assert decided(scene, [soft, hard], ANN, "builds/2", "stop") is True
    assert decided(scene, [soft], NOBODY, "builds/2", "stop") is False
    assert decided(scene, [hard, soft], BOB, "builds/2", "stop") == "you need to have role 'admins'"


ABOUT: list[tuple[EndpointMatcherBase, set[tuple[str, str]]]] = [
    (StopBuildEndpointMatcher(role="r"), {("builds/2", "stop"), ("builders/1/builds/2", "stop"),
                                          ("builders/fast/builds/2", "stop"), ("buildrequests/3", "cancel")}),
    (StopBuildEndpointMatcher(role="r", builder="f*"), {("builds/2", "stop"), ("builders/1/builds/2", "stop"),
                                                        ("builders/fast/builds/2", "stop")}),
    (StopBuildEndpointMatcher(role="r", builder="slow*"), {("buildrequests/3", "cancel")}),
    (RebuildBuildEndpointMatcher(role="r"), {("builds/2", "rebuild")}),
    (RebuildBuildEndpointMatcher(role="r", builder="slow*"), set()),
    (ForceBuildEndpointMatcher(role="r"), {("forceschedulers/force", "force")}),
    (ForceBuildEndpointMatcher(role="r", builder="slow*"), {("forceschedulers/force", "force")}),
    (ForceBuildEndpointMatcher(role="r", builder="fast"), set()),
    (EnableSchedulerEndpointMatcher(role="r"), {("schedulers/1", "enable")}),
    (BranchEndpointMatcher(role="r", branch="main"), set()),
    (ViewBuildsEndpointMatcher(role="r"), set()),
]  # fmt: skip
ASKED = [
    ("builds/2", "stop"), ("builders/1/builds/2", "stop"), ("builders/fast/builds/2", "stop"), ("builds/99", "stop"),
    ("builds/2", "rebuild"), ("builds/2", "GET"), ("buildrequests/3", "cancel"), ("buildrequests/99", "cancel"),
    ("buildrequests/3", "set_priority"), ("forceschedulers/force", "force"), ("schedulers/1", "enable"),
    ("workers/1", "stop"), ("nothing/here", "stop"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "expected"), ABOUT, ids=lambda value: str(value) if not isinstance(value, set) else ""
)
def test_what_each_rule_is_about(scene: Scene, rule: EndpointMatcherBase, expected: set[tuple[str, str]]) -> None:
    found = {asked for asked in ASKED if isinstance(decided(scene, [rule], NOBODY, *asked), str)}

    assert found == expected
    assert not may_match_reads(rule)


def test_forcing_on_several_builders_needs_the_right_to_each(scene: Scene) -> None:
    rules = [
        ForceBuildEndpointMatcher(role="helpers", builder="fast"),
        ForceBuildEndpointMatcher(role="admins", builder="slow*"),
    ]

    def forced(**options: Any) -> Any:
        return decided(scene, rules, BOB, "forceschedulers/force", "force", options=options)

    assert forced(builderNames=["fast"]) is True
    assert forced(builderid=scene.fast) is True
    assert forced(builderNames=["fast", "slow one"]) == "you need to have role 'admins'"
    assert forced(builderid=scene.slow, builderNames=None) == "you need to have role 'admins'"
    assert forced(builderNames=["fast"], builderid=scene.slow) == "you need to have role 'admins'", "the id counts"
    assert forced() == "you need to have role 'admins'", "all builders of the form: slow one"
    assert forced(builderNames=["fast", "unknown"]) is False, "what one rule allows is not allowed for the others"


def owned(scene: Scene, owner: str | None) -> tuple[int, int]:
    """A build and its request that somebody has asked for."""

    async def ask() -> tuple[int, int]:
        properties = {} if owner is None else {"owner": (owner, "Force")}
        _, requests = await scene.updates.addBuildset(
            sourcestamps=[scene.stamp], builderids=[scene.fast], reason="", properties=properties
        )
        await scene.updates.claimBuildRequests([requests[scene.fast]])
        build, _ = await scene.updates.newBuild(scene.fast, requests[scene.fast], scene.worker)
        return build, requests[scene.fast]

    return scene.stage.result(ask())


@pytest.mark.parametrize(
    ("owner", "user", "may"),
    [
        ("ann@example.org", ANN, True), ("ann@example.org", BOB, False), ("ann@example.org", NOBODY, False),
        (None, ANN, False), (None, {"username": "x", "email": None}, False), ("", NOBODY, False),
    ],
)  # fmt: skip
def test_an_owner_stops_and_rebuilds_what_is_its_own(scene: Scene, owner: str | None, user: Any, may: bool) -> None:
    build, request = owned(scene, owner)
    rules = [StopBuildEndpointMatcher(role="owner"), RebuildBuildEndpointMatcher(role="owner")]

    asked = [(f"builds/{build}", "stop"), (f"builds/{build}", "rebuild"), (f"buildrequests/{request}", "cancel")]
    found = [decided(scene, rules, user, *what, RolesFromOwner(role="owner")) for what in asked]

    assert found == [True if may else "you need to have role 'owner'"] * 3


def test_roles_match_by_pattern_or_by_what_the_configuration_says(scene: Scene) -> None:
    def stops(role: str, **more: Any) -> Any:
        return decided(scene, [AnyControlEndpointMatcher(role=role)], BOB, "builds/2", "stop", **more)

    assert stops("help*") is True
    assert stops("h.*s", stringsMatcher=reStrMatcher) is True
    assert isinstance(stops("h.*s"), str)


def test_roles_that_a_user_makes_may_come_later_and_may_be_for_nobody(scene: Scene) -> None:
    class Later(RolesFromBase):
        def getRolesFromUser(self, userDetails: Any) -> Any:
            return defer.succeed(["guests"] if userDetails.get("anonymous") else [])

    rules = [AnyControlEndpointMatcher(role="guests")]

    assert decided(scene, rules, NOBODY, "builds/2", "stop", Later()) is True
    assert isinstance(decided(scene, rules, ANN, "builds/2", "stop", Later()), str)


# -- matchers of users -------------------------------------------------------------------------


def test_a_matcher_of_a_user_decides_by_itself(scene: Scene) -> None:
    told: list[Any] = []

    class Mine(EndpointMatcherBase):
        def match(self, ep: Any, action: str = "get", options: Any = None) -> Any:
            told.append((ep, action, options, self.master.data is scene.data))
            return defer.succeed(Match(self.master) if ep[0] == "workers" else None)

    assert isinstance(decided(scene, [Mine("admins")], BOB, "workers/1", "stop", options={"reason": "x"}), str)
    assert decided(scene, [Mine("admins")], BOB, "builds/2", "GET") is False
    assert told == [(("workers", "1"), "stop", {"reason": "x"}, True), (("builds", "2"), "GET", {}, True)]
    assert may_match_reads(Mine("admins"))


def test_methods_of_a_users_matcher_are_found_by_buildbots_names(scene: Scene) -> None:
    told: list[Any] = []

    class Mine(EndpointMatcherBase):
        @defer.inlineCallbacks
        def match_BuildEndpoint_stop(self, epobject: Any, epdict: Any, options: Any) -> Any:
            build = yield epobject.get({}, epdict)
            told.append((type(epobject).__name__, epdict, options, build["number"]))
            return Match(self.master, build=build)

        def match_WorkerEndpoint(self, epobject: Any, epdict: Any, options: Any) -> Any:
            told.append(epdict)

    assert isinstance(decided(scene, [Mine("r")], BOB, "builders/1/builds/2", "stop", options={"reason": "x"}), str)
    assert decided(scene, [Mine("r")], BOB, "workers/w1", "pause") is False
    assert told == [("BuildEndpoint", {"builderid": 1, "build_number": 2}, {"reason": "x"}, 2), {"name": "w1"}]
    assert may_match_reads(Mine("r")), "without an action in its name, a method is asked about reading, too"


def test_a_users_rule_about_stopping_builds_is_one_about_cancelling_their_requests(scene: Scene) -> None:
    class Mine(EndpointMatcherBase):
        def match_BuildRequestEndpoint_stop(self, epobject: Any, epdict: Any, options: Any) -> Any:
            return Match(self.master)

    assert isinstance(decided(scene, [Mine("r")], BOB, "buildrequests/3", "cancel"), str)
    assert not may_match_reads(Mine("r"))


@pytest.mark.parametrize(
    ("pattern", "kind", "name"),
    [
        ("builds/n:buildid", Kind.SINGLE, "BuildEndpoint"),
        ("builds", Kind.COLLECTION, "BuildsEndpoint"),
        ("builds/n:buildid/triggered_builds", Kind.COLLECTION, "BuildTriggeredBuildsEndpoint"),
        ("buildrequests/n:buildrequestid", Kind.SINGLE, "BuildRequestEndpoint"),
        ("buildsets/n:bsid/properties", Kind.SINGLE, "BuildsetPropertiesEndpoint"),
        ("builds/n:buildid/properties", Kind.SINGLE, "BuildPropertiesEndpoint"),
        ("builds/n:buildid/property_list", Kind.COLLECTION, "PropertiesListEndpoint"),
        ("logs/n:logid/contents", Kind.SINGLE, "LogChunkEndpoint"),
        ("logs/n:logid/raw", Kind.RAW, "RawLogChunkEndpoint"),
        ("forceschedulers", Kind.COLLECTION, "ForceSchedulersEndpoint"),
        ("sourcestamps/n:ssid", Kind.SINGLE, "SourceStampEndpoint"),
        ("application.spec", Kind.COLLECTION, "SpecEndpoint"),
        ("", Kind.COLLECTION, "RootEndpoint"),
    ],
)
def test_names_of_buildbots_classes(pattern: str, kind: Kind, name: str) -> None:
    (endpoint,) = [e for e in ENDPOINTS if e.pattern == pattern and e.kind is kind]

    assert class_name_of(endpoint) == name


def test_a_plugin_asks_as_it_does_in_buildbot(scene: Scene) -> None:
    authz = Authz([AnyControlEndpointMatcher(role="admins")], [ROLES])
    authz.setMaster(SimpleNamespace(data=scene.data))

    scene.stage.result(authz.assertUserAllowed(("builds", "2"), "stop", {}, ANN))
    with pytest.raises(Forbidden, match="you need to have role 'admins'"):
        scene.stage.result(authz.assertUserAllowed("builds/2", "stop", {}, BOB))


def test_a_rule_that_is_in_force_means_what_it_meant_in_the_file() -> None:
    def rules() -> Authz:
        return Authz([StopBuildEndpointMatcher(role="owner")], [RolesFromOwner(role="owner")])

    in_force, in_file = rules(), rules()
    in_force.setMaster(object.__new__(Master))

    assert Fingerprints().of(in_force) == Fingerprints().of(in_file)
    assert Fingerprints().of(in_file) != Fingerprints().of(Authz())


class AskedElsewhere(Authz):
    def assertUserAllowed(self, ep: Any, action: str, options: Any, userDetails: Any) -> Any:
        if userDetails.get("username") != "ann":
            raise Forbidden(b"ask Ann")
        return defer.succeed(None)


def test_rules_that_a_user_decides_on_as_a_whole_forbid_and_never_open(scene: Scene) -> None:
    authz = AskedElsewhere()

    assert scene.stage.result(authz.judge(("builds", "2"), "stop", {}, ANN)) is False, "the default decides"
    with pytest.raises(Forbidden, match=r"^ask Ann$"):
        scene.stage.result(authz.judge(("builds", "2"), "GET", {}, BOB))
    assert authz.is_about_reading
    assert not Authz([AnyControlEndpointMatcher(role="admins")]).is_about_reading


def test_roles_that_a_user_finds_in_another_way_count(scene: Scene) -> None:
    class Own(Authz):
        def getRolesFromUser(self, userDetails: Any) -> Any:
            return {"admins"} if userDetails.get("username") == "bob" else set()

    authz = Own([AnyControlEndpointMatcher(role="admins")])

    assert scene.stage.result(authz.judge(("builds", "2"), "stop", {}, BOB)) is True
    with pytest.raises(Forbidden):
        scene.stage.result(authz.judge(("builds", "2"), "stop", {}, ANN))
