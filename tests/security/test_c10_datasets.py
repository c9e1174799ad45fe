"""C-10 for datasets: who may not read one cannot tell it, and what is made of it, from what does not exist.

``secret`` may be read by Ann only, and so may what is made of it; ``locked`` may be read by everybody and built by Ann.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from buildmill.master.auth.matchers import AnyControlEndpointMatcher
from buildmill.master.auth.roles import RolesFromEmails
from buildmill.master.auth.rules import Authz
from buildmill.master.data.api import ENDPOINTS
from buildmill.master.data.endpoints.endpoint import Endpoint
from buildmill.master.db.reading import guards
from buildmill.master.db.reading.graphs import GRAPH_BUILDS, GRAPH_JOBS, JOB_SPECS, TARGET_VERSIONS, TARGETS
from buildmill.master.domain.orchestration.configuration import OrchestrationConfig
from buildmill.master.domain.orchestration.values import GraphRequest, UpstreamTarget
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.queries import Query
from buildmill.master.web.limits import WebLimits
from tests.database import Stage
from tests.security.place import Place, Visitor
from tests.unit.master.orchestration.graphs import graph_of, rid, spec
from tests.unit.master.web.conftest import Answer
from tests.unit.master.web.foundry.house import House, manual, schedule, updated
from tests.unit.master.web.test_live import Client

OF_GRAPHS = frozenset({"graph_builds", "graph_jobs", "job_specs", "schedules", "targets", "target_versions"})
NOWHERE = "ri.foundry.main.dataset.00000000-0000-0000-0000-000000000000"
NO_BUILD = "ri.foundry.main.build.00000000-0000-0000-0000-000000000000"
NO_JOB = "ri.foundry.main.job.00000000-0000-0000-0000-000000000000"
NO_SCHEDULE = "ri.scheduler.main.schedule.00000000-0000-0000-0000-000000000000"
NO_VERSION = "ri.scheduler.main.schedule-version.00000000-0000-0000-0000-000000000000"


def config() -> OrchestrationConfig:
    plain = graph_of(
        spec("clean", "raw"), spec("secret", "raw"), spec("derived", "secret"), spec("locked", "raw"),
        spec("behind", "derived"),
    )  # fmt: skip
    limits: dict[str, Any] = {
        "secret": {"readers": frozenset({"insiders"})},
        "locked": {"builders": frozenset({"leads"})},
    }
    datasets = tuple(dataclasses.replace(each, **limits.get(each.name, {})) for each in plain.datasets)
    return dataclasses.replace(plain, datasets=datasets)


class Place2:
    """Graphs with a secret in them, and ids of all that is there."""

    def __init__(self, stage: Stage) -> None:
        settings = config()
        self.house = House(stage, settings)
        authz = Authz(
            [AnyControlEndpointMatcher(role="users")],
            [RolesFromEmails(users=["ann", "bob"], insiders=["ann"], leads=["ann"])],
        )
        scene: Any = self.house
        self.place = Place(scene, authz=authz, dataset_rules=settings.dataset_rules, limits=WebLimits())
        self.ann, self.bob = self.place.logged_in("ann"), self.place.logged_in("bob")
        target = UpstreamTarget((rid("derived"),))
        self.build = self.house.create(GraphRequest(target=target))
        self.begun = self.house.begin("secret")
        self.schedule = self.made_by_ann("derived", trigger=updated("secret"))
        assert self.ann.act(f"schedules/{self.schedule['rid']}", "run").status == 200
        self.open_build = self.house.create(GraphRequest(target=UpstreamTarget((rid("clean"),))))
        self.open_schedule = self.made_by_ann("clean")
        jobs = self.house.jobs(self.build)
        self.ids = {
            "graph_build_rid": self.build.rid, "graph_job_rid": jobs["secret"].rid, "target": "secret",
            "branch": "master", "rid": self.schedule["rid"],
        }  # fmt: skip
        self.absent = {
            "graph_build_rid": NO_BUILD, "graph_job_rid": NO_JOB, "target": "nowhere", "branch": "master",
            "rid": NO_SCHEDULE,
        }  # fmt: skip

    def made_by_ann(self, *names: str, **more: Any) -> Any:
        answer = self.ann.act("schedules", "create", schedule(*names, **more))
        assert answer.status == 200, answer.body
        return answer.json["result"]

    def program(self, name: str) -> Visitor:
        """A program with a token for the orchestration API."""
        scopes = ("api:orchestration-read", "api:orchestration-write")
        return self.place.program(name, *scopes, number=3 + (name == "bob"))

    def close(self) -> None:
        self.place.close()
        self.house.end_all()


@pytest.fixture
def there(memory: Stage) -> Iterator[Place2]:
    place = Place2(memory)
    yield place
    place.close()


def endpoints() -> list[Endpoint]:
    return [endpoint for endpoint in ENDPOINTS if endpoint.reads.partition(".")[0] in OF_GRAPHS]


def path_of(endpoint: Endpoint, ids: dict[str, str]) -> str:
    return "/api/v2/" + re.sub(r"[a-z]?:(\w+)", lambda key: ids[key[1]], endpoint.pattern)


def told(answer: Answer, *names: str) -> tuple[int, bytes]:
    body = answer.body
    for name in names:
        body = body.replace(name.encode(), b"X")
    return answer.status, re.sub(rb'"errorInstanceId":"[^"]*"', b"", body)


def test_what_is_out_of_reach_answers_as_what_does_not_exist(there: Place2) -> None:
    differs, shown = [], []
    keyed = [endpoint for endpoint in endpoints() if ":" in endpoint.pattern]
    for endpoint in keyed:
        here, absent = path_of(endpoint, there.ids), path_of(endpoint, there.absent)
        if told(there.bob.get(here)) != told(there.bob.get(absent)):
            differs.append(endpoint.pattern)
        if told(there.ann.get(here)) != told(there.ann.get(absent)):
            shown.append(endpoint.pattern)

    assert differs == []
    # what Ann is shown is more than nothing, or this has proved nothing
    assert shown == [endpoint.pattern for endpoint in keyed if endpoint.pattern != "pages/graph/s:branch"]


def test_by_its_rid_it_is_not_there_either(there: Place2) -> None:
    assert there.bob.get(f"/api/v2/targets/{rid('secret')}").status == 404
    assert there.ann.get(f"/api/v2/targets/{rid('secret')}").status == 200


def test_no_list_names_or_counts_it(there: Place2) -> None:
    marks = (b'"secret"', rid("secret").encode(), there.build.rid.encode(), there.schedule["rid"].encode())
    totals = {}
    for endpoint in endpoints():
        if ":" not in endpoint.pattern:
            answers = [visitor.get(f"/api/v2/{endpoint.pattern}") for visitor in (there.ann, there.bob)]
            assert not [mark for mark in marks if mark in answers[1].body], endpoint.pattern
            if endpoint.is_collection:
                totals[endpoint.pattern] = tuple(answer.json["meta"]["total"] for answer in answers)

    assert totals == {"graph_builds": (2, 1), "job_specs": (5, 3), "schedules": (2, 1), "targets": (6, 5)}
    assert there.place.anybody.get("/api/v2/targets").json["meta"]["total"] == 5


def test_a_schedule_does_not_tell_what_it_was_made_of_before(there: Place2) -> None:
    path = f"schedules/{there.schedule['rid']}"
    assert there.ann.act(path, "replace", schedule("clean")).status == 200

    pages = [visitor.get(f"/api/v2/pages/{path}") for visitor in (there.ann, there.bob)]

    assert [len(page.json["schedule_pages"][0]["versions"]) for page in pages] == [2, 1]
    assert rid("secret").encode() not in pages[1].body


def test_what_one_has_asked_for_is_not_kept_for_another(there: Place2) -> None:
    totals = [visitor.get("/api/v2/targets").json["meta"]["total"] for visitor in (there.ann, there.bob, there.ann)]

    assert totals == [6, 5, 6]


ACTIONS = (
    ("graph_builds/{graph_build_rid}", "cancel"), ("targets/{target}", "commit"), ("schedules/{rid}", "pause"),
    ("schedules/{rid}", "unpause"), ("schedules/{rid}", "run"), ("schedules/{rid}", "delete"),
    ("schedules/{rid}", "replace"),
)  # fmt: skip


def test_every_action_is_looked_at() -> None:
    known = {(path.partition("/")[0], method) for path, method in ACTIONS}
    there_are = {(e.pattern.partition("/")[0], m) for e in endpoints() if ":" in e.pattern for m in e.actions}

    assert there_are == known


@pytest.mark.parametrize(("path", "method"), ACTIONS)
def test_nobody_acts_on_what_is_out_of_reach(there: Place2, path: str, method: str) -> None:
    params = schedule("clean") if method == "replace" else {}

    hidden = there.bob.act(path.format(**there.ids), method, params)
    absent = there.bob.act(path.format(**there.absent), method, params)

    assert told(hidden) == told(absent)
    assert hidden.status == 404


def request(*names: str, kind: str = "upstream", **more: Any) -> dict[str, Any]:
    return {"target": {"type": kind, "targetRids": list(names), **more}, "fallbacks": []}


@pytest.mark.parametrize("method", ["create", "plan"])
def test_nobody_builds_what_is_out_of_reach(there: Place2, method: str) -> None:
    bob = there.bob
    absent = bob.act("graph_builds", method, request("nowhere"))
    hidden = bob.act("graph_builds", method, request("secret"))
    by_rid = bob.act("graph_builds", method, request(rid("secret")))
    inputs = [bob.act("graph_builds", method, request("clean", kind="connecting", inputRids=[name]))
              for name in ("secret", "nowhere")]  # fmt: skip
    through = bob.act("graph_builds", method, request("behind"))
    only = bob.act("graph_builds", method, request("derived", kind="manual"))

    assert told(hidden, "secret") == told(absent, "nowhere")
    assert told(by_rid, rid("secret"))[0] == absent.status == 404
    assert told(inputs[0], "secret") == told(inputs[1], "nowhere")
    for answer in (through, only):
        assert answer.status == 409
        assert rid("secret").encode() not in answer.body
    assert b"may not be built" in through.body
    assert b"may not be read" in only.body


def test_what_may_be_read_and_not_built(there: Place2) -> None:
    refused = there.bob.act("graph_builds", "create", request("locked"))
    assert (refused.status, rid("locked").encode() in refused.body) == (409, True)
    assert there.bob.act("targets/locked", "commit").status == 403
    assert there.bob.act("graph_builds", "plan", request("locked")).status == 200
    assert there.bob.get("/api/v2/targets/locked/plan").json["graph_plan_jobs"]
    mine = there.ann.act("graph_builds", "create", request("locked")).json["result"]
    assert there.bob.get(f"/api/v2/graph_builds/{mine}").status == 200

    assert there.bob.act(f"graph_builds/{mine}", "cancel").status == 403
    assert there.ann.act(f"graph_builds/{mine}", "cancel").status == 200


def test_everything_that_may_be_built_leaves_out_the_rest(there: Place2) -> None:
    made = {}
    for name, visitor in (("bob", there.bob), ("ann", there.ann)):
        found = visitor.act("graph_builds", "plan", {"target": {"type": "every"}}).json["result"]
        made[name] = sorted(output for job in found for output in job["outputs"])

    assert made["ann"] == ["behind", "clean", "derived", "locked", "secret"]
    assert made["bob"] == ["clean", "locked"]


def test_a_schedule_waits_only_for_what_its_editor_may_read(there: Place2) -> None:
    hidden = there.bob.act("schedules", "create", schedule("clean", trigger=updated("secret")))
    absent = there.bob.act("schedules", "create", schedule("clean", trigger={**updated("raw"), "datasetRid": NOWHERE}))
    other = {"type": "scheduleSucceeded", "scheduleRid": there.schedule["rid"]}
    behind = there.bob.act("schedules", "create", schedule("clean", trigger=other))

    assert told(hidden, rid("secret")) == told(absent, NOWHERE)
    assert hidden.status == behind.status == absent.status == 400
    assert there.bob.act("schedules", "create", schedule("locked")).status == 409


def test_a_run_has_the_rights_of_the_last_editor(there: Place2) -> None:
    house = there.house
    first, second = (there.made_by_ann("locked")["rid"] for _ in range(2))

    def ran(schedule_rid: str) -> tuple[str, str | None]:
        assert there.ann.act(f"schedules/{schedule_rid}", "run").status == 200
        house.stage.turn()
        run = there.ann.get(f"/api/v2/schedules/{schedule_rid}/runs").json["schedule_runs"][0]
        return run["outcome"], run["error"]

    assert ran(first) == ("submitted", None)
    datasets = house.context.orchestration.datasets
    closed = tuple(
        dataclasses.replace(each, builders=frozenset({"owners"}) if each.name == "locked" else each.builders)
        for each in datasets
    )
    house.context.orchestration = dataclasses.replace(house.context.orchestration, datasets=closed)

    assert ran(second) == ("error", "PermissionDenied")


# -- the orchestration API ---------------------------------------------------------------------------


def asked(visitor: Visitor, http: str, path: str, body: Any = None) -> Answer:
    sent = b"" if body is None else json.dumps(body).encode()
    return visitor.face.request(http, f"/api/v2/orchestration/{path}", sent, **visitor.headers)


def faces(ids: dict[str, str]) -> list[tuple[str, str, Any]]:
    """Every operation that names one thing."""
    build, job, one, version, target = (ids[name] for name in ("build", "job", "schedule", "version", "target"))
    preview = "preview=true"
    return [
        ("GET", f"builds/{build}", None),
        ("POST", f"builds/{build}/cancel", None),
        ("GET", f"builds/{build}/jobs", None),
        ("GET", f"jobs/{job}?{preview}", None),
        ("POST", "builds/getBatch", [{"buildRid": build}]),
        ("POST", f"jobs/getBatch?{preview}", [{"jobRid": job}]),
        ("POST", f"schedules/getBatch?{preview}", [{"scheduleRid": one}]),
        ("GET", f"schedules/{one}?{preview}", None),
        ("PUT", f"schedules/{one}?{preview}", schedule("clean")),
        ("DELETE", f"schedules/{one}", None),
        ("POST", f"schedules/{one}/pause", None),
        ("POST", f"schedules/{one}/unpause", None),
        ("POST", f"schedules/{one}/run", None),
        ("GET", f"schedules/{one}/runs", None),
        ("POST", f"schedules/{one}/getAffectedResources?{preview}", None),
        ("GET", f"scheduleVersions/{version}?{preview}", None),
        ("GET", f"scheduleVersions/{version}/schedule?{preview}", None),
        ("POST", "builds/create", {"target": {"type": "manual", "targetRids": [target]}}),
        ("POST", f"schedules?{preview}", {**schedule("clean"), "trigger": {**updated("raw"), "datasetRid": target}}),
    ]  # fmt: skip


def test_no_operation_tells_of_it(there: Place2) -> None:
    ids = {
        "build": there.build.rid, "job": there.ids["graph_job_rid"], "schedule": there.schedule["rid"],
        "version": there.schedule["version_rid"], "target": rid("secret"),
    }  # fmt: skip
    absent = {"build": NO_BUILD, "job": NO_JOB, "schedule": NO_SCHEDULE, "version": NO_VERSION, "target": NOWHERE}
    bob, ann = there.program("bob"), there.program("ann")
    differs, same_for_ann = [], []
    for here, nowhere in zip(faces(ids), faces(absent), strict=True):
        names, others = tuple(ids.values()), tuple(absent.values())
        if told(asked(bob, *here), *names) != told(asked(bob, *nowhere), *others):
            differs.append(here[:2])
        if here[0] == "GET" and told(asked(ann, *here), *names) == told(asked(ann, *nowhere), *others):
            same_for_ann.append(here[:2])

    assert differs == []
    assert same_for_ann == []


def test_a_search_does_not_find_it(there: Place2) -> None:
    query = {"where": {"type": "eq", "field": "STATUS", "value": "RUNNING"}}
    found = {
        name: [
            build["rid"]
            for build in asked(there.program(name), "POST", "builds/search?preview=true", query).json["data"]
        ]
        for name in ("ann", "bob")
    }

    assert found == {"ann": [there.open_build.rid, there.build.rid], "bob": [there.open_build.rid]}


def test_what_may_not_be_built_is_refused_by_name(there: Place2) -> None:
    answer = asked(there.program("bob"), "POST", "builds/create", {"target": manual("locked"), "fallbackBranches": []})

    assert answer.status == 403
    assert answer.json["errorName"] == "BuildTargetsPermissionDenied"
    assert answer.json["parameters"] == {"resourceRids": [rid("locked")]}


# -- events ------------------------------------------------------------------------------------------


def test_no_event_tells_of_it(there: Place2) -> None:
    ann, bob = (
        Client(there.place.face, **visitor.headers, Origin="http://localhost:8010")
        for visitor in (there.ann, there.bob)
    )
    for client in (ann, bob):
        for pattern in ("*/*/*", "*/*/*/*", "*/*/*/*/*"):
            client.subscribe(pattern)

    there.house.end(there.begun)
    there.house.work("clean")
    there.house.stage.turn()
    whole, part = str(ann.read()), str(bob.read())

    for mark in (rid("secret"), there.build.rid, there.schedule["rid"]):
        assert mark in whole
        assert mark not in part
    assert there.open_build.rid in part


# -- SQL ---------------------------------------------------------------------------------------------

COLLECTIONS: tuple[Any, ...] = (GRAPH_BUILDS, GRAPH_JOBS, JOB_SPECS, TARGETS, TARGET_VERSIONS)


@pytest.mark.parametrize(
    "reach",
    [
        Reach(hidden=frozenset({"a"})),
        Reach(shut=frozenset({"a", "b"})),
        Reach(frozenset({"p"}), hidden=frozenset({"a"})),
    ],
)
def test_the_conditions_run_on_both_databases(stage: Stage, reach: Reach) -> None:
    def ask(connection: Any) -> list[Any]:
        keys = ("graph_build_rid", "graph_job_rid", "target", "target_version_rid", "schedule_rid")
        found: list[Any] = [guards.is_within(connection, reach, key, "x") for key in keys]
        for collection in COLLECTIONS:
            page = collection.page(connection, Query(limit=1, reach=reach), count=True)
            found += [*page.rows, page.total]
        return found

    assert not any(stage.result(stage.database.read(ask)))
