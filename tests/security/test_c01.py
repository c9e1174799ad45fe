"""C-01: every endpoint, method, page and subscription is asked for by everybody, and compared with a table.

The table, ``rights.txt``, has a row for each of them and a column for each kind of visitor: ``+`` if the gate lets it
pass. A route without a row fails, and so does one that declares no right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import klein
import pytest

from buildmill.master.auth.matchers import EndpointMatcherBase, Match
from buildmill.master.auth.roles import RolesFromEmails
from buildmill.master.auth.rules import Authz
from buildmill.master.data.api import ENDPOINTS, check_declared
from buildmill.master.data.endpoints.endpoint import Control, Endpoint, Kind
from buildmill.master.data.types import TYPES
from buildmill.master.domain.rights import ACTIONS, ActionKind, Changing, UndeclaredAction
from buildmill.master.engine.user_code import begun_at_once
from buildmill.master.web.cloudfoundry.operations import OPERATIONS
from buildmill.master.web.pages import page_actions
from buildmill.master.web.server import ROUTES
from tests.security.conftest import Open
from tests.security.place import Place, Visitor, admins_act
from tests.unit.master.web.test_live import Client

TABLE = Path(__file__).with_name("rights.txt")
VISITORS = ("anonymous", "user", "admin", "token-read", "token-stop", "token-all")
SUBSCRIPTIONS = (
    "builds/*/new", "builders/1/builds/*/finished", "buildrequests/*/new", "buildsets/*/complete", "changes/*/new",
    "control/builds/*/stop", "builds/1/properties/update", "logs/*/append", "masters/*/started", "*/*/*",
    "schedulers/*/updated", "steps/*/finished", "workers/*/connected", "anything",
)  # fmt: skip
_VALUES = {
    "builderid": "1", "buildername": "fast", "buildid": "1", "build_number": "1", "stepid": "1", "step_name": "compile",
    "step_number": "1", "logid": "1", "log_slug": "stdio", "workerid": "1", "name": "w1", "masterid": "1",
    "schedulerid": "1", "schedulername": "force", "changeid": "1", "buildrequestid": "3", "bsid": "1",
    "buildsetid": "1", "ssid": "1", "projectid": "1", "projectname": "p", "codebaseid": "1", "codebasename": "c",
    "changesourceid": "1", "tokenid": "99", "commitid": "1", "commitid1": "1", "commitid2": "2", "branchid": "1",
    "revision": "abc", "test_result_setid": "1", "auditid": "1", "rid": "ri.s",
    "graph_build_rid": "ri.b", "graph_job_rid": "ri.j",
    **{f"staging_{kind}_guid": "g" for kind in ("app", "build", "buildpack", "droplet", "package")},
    "target": "raw", "branch": "main", "test_name": "t",
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One thing to ask for: ``GET``, a method of JSON-RPC, ``PAGE`` or ``WS``."""

    what: str
    path: str

    def __str__(self) -> str:
        return f"{self.what} {self.path}"

    def concrete(self) -> str:
        return re.sub(r"[a-z]?:(\w+)", lambda key: _VALUES[key[1]], self.path)


def everything() -> Iterator[Row]:
    for endpoint in ENDPOINTS:
        yield Row("GET", f"/api/v2/{endpoint.pattern}".rstrip("/"))
        for method in sorted(endpoint.actions):
            yield Row(method, f"/api/v2/{endpoint.pattern}")
    # who has signed out is nobody behind it
    for path in sorted((*page_actions(), *ROUTES), key=lambda path: path == "/auth/logout"):
        if path not in ("/ws", "/sse"):
            yield Row("PAGE", path)
    for pattern in SUBSCRIPTIONS:
        yield Row("WS", pattern)


def passes(visitor: Visitor, row: Row) -> bool:
    """Whether the gate lets a visitor pass; what is behind it does not matter."""
    if row.what == "WS":
        return _may_subscribe(visitor, row.path)
    if row.what in ("GET", "PAGE"):
        challenge = 401 if row.path != "/auth/login" else None  # there it is the answer to everybody
        return visitor.get(row.concrete()).status not in (challenge, 403)
    status = visitor.act(row.concrete().removeprefix("/api/v2/"), row.what).status
    assert status != 429
    return status not in (401, 403)


def _may_subscribe(visitor: Visitor, pattern: str) -> bool:
    headers = {**visitor.headers, **({"Origin": visitor.action_headers["Origin"]} if visitor.action_headers else {})}
    client = Client(visitor.face, **headers)
    may = (
        client.opening.status == 101 and client.say({"cmd": "startConsuming", "path": pattern, "_id": 1})["code"] == 200
    )
    client.connection.close()
    return may


def table() -> dict[str, dict[str, str]]:
    """Signs by the configuration's name, and by row."""
    found: dict[str, dict[str, str]] = {}
    for line in TABLE.read_text().splitlines():
        if line.startswith("["):
            rows = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            signs, name = line.split(" ", 1)
            assert name not in rows, f"{name} has two rows"
            rows[name] = signs
    return found


CONFIGURATIONS: dict[str, dict[str, Any]] = {"public": {}, "closed": {"public_read": False}}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_each_route_has_a_row(name: str) -> None:
    assert sorted(table()[name]) == sorted({str(row) for row in everything()})


GROUPS = ("GET", "PAGE", "WS", "act")


def measured(place: Place, group: str) -> dict[str, str]:
    """The signs of each row of a group, in the order of `VISITORS`."""
    visitors = [
        place.anybody,
        place.logged_in("bob"),
        place.logged_in("ann"),
        place.program("ann", "read", number=2),
        place.program("ann", "builds.stop", number=3),
        place.program("ann", "*", number=4),
    ]
    found: dict[str, str] = {}
    for row in everything():
        if str(row) not in found and group == (row.what if row.what in GROUPS else "act"):
            place.scene.stage.clock.advance(1)  # nobody asks for too much at once
            found[str(row)] = "".join("+" if passes(visitor, row) else "-" for visitor in visitors)
    return found


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_everybody_gets_what_the_table_says(open_place: Open, name: str, group: str) -> None:
    place = open_place(authz=admins_act(), **CONFIGURATIONS[name])

    found = measured(place, group)

    assert found == {row: signs for row, signs in table()[name].items() if row in found}


def test_every_right_that_changes_something_is_asked_for_somewhere() -> None:
    controls = [control for endpoint in ENDPOINTS for control in endpoint.actions.values()]
    used = {control.action for control in controls if not control.only_reads}
    used |= {operation.right for operation in OPERATIONS if operation.action.kind is ActionKind.CHANGE}

    assert used == {
        name
        for name, action in ACTIONS.items()
        if action.kind is ActionKind.CHANGE or name in ("tokens.create", "tokens.revoke")
    }


async def _nothing(*_args: Any) -> None:
    """Does nothing."""


@pytest.mark.parametrize(
    "endpoint",
    [
        Endpoint("things", Kind.SINGLE, TYPES["build"], ""),
        Endpoint("things", Kind.SINGLE, TYPES["build"], "things.read"),
        Endpoint("things", Kind.SINGLE, TYPES["build"], "builds.read", actions={"go": Control("", _nothing)}),
    ],
)
def test_an_endpoint_without_a_right_does_not_start(endpoint: Endpoint) -> None:
    with pytest.raises(UndeclaredAction, match="things"):
        check_declared(endpoint)


def test_a_page_without_a_right_does_not_start() -> None:
    app = klein.Klein()
    app.route("/open")(lambda request: b"for all")

    with pytest.raises(UndeclaredAction, match="/open"):
        page_actions(app)


def test_a_kept_answer_is_given_only_to_who_may_have_it(open_place: Open) -> None:
    place = open_place(public_read=False)
    path = "/api/v2/builds?limit=1"

    first = place.logged_in("bob").get(path)
    again = place.logged_in("bob").get(path)
    others = place.anybody.get(path)

    assert (first.status, again.status, again.body) == (200, 200, first.body)
    assert again.headers["cache-control"] == "private, no-store"
    assert (others.status, others.json) == (403, {"error": "only who has logged in may read here"})


def test_a_page_leaves_out_what_a_token_is_not_for(open_place: Open) -> None:
    place = open_place(public_read=False)
    path = f"/api/v2/pages/builds/{place.scene.finished}"
    program = place.program("ann", "builds.read", "steps.read")

    (all_of_it,) = place.logged_in("bob").get(path).json["build_pages"]
    (page,) = program.get(path).json["build_pages"]
    (again,) = place.logged_in("bob").get(path).json["build_pages"]

    assert all_of_it["withheld"] == []
    assert {"properties", "changes", "logs", "request", "worker"} <= set(page["withheld"])
    assert [page[name] for name in ("properties", "changes", "request", "worker")] == [None] * 4
    assert [entry["logs"] for entry in page["steps"]] == [None, None]
    assert again == all_of_it
    assert program.get("/api/v2/pages/front").status == 403


def test_rules_about_paths_hold_for_the_parts_of_a_page(open_place: Open) -> None:
    rules = Authz([PropertiesAreForAdmins(role="admins")], [RolesFromEmails(admins=["ann"])])
    place = open_place(authz=rules)
    path = f"/api/v2/pages/builds/{place.scene.finished}"

    for visitor, expected in ((place.anybody, ["properties"]), (place.logged_in("ann"), [])):
        answer = visitor.get(path)
        assert answer.json["build_pages"][0]["withheld"] == expected
    assert place.anybody.get(f"/api/v2/builds/{place.scene.finished}/properties").status == 403


def test_there_is_no_page_of_what_a_rule_forbids(open_place: Open) -> None:
    place = open_place(authz=Authz([BuildsAreForAdmins(role="admins")], [RolesFromEmails(admins=["ann"])]))

    for path in (f"builds/{place.scene.finished}", "builders/1/builds/1"):
        assert place.anybody.get(f"/api/v2/pages/{path}").status == 403
        assert place.logged_in("ann").get(f"/api/v2/pages/{path}").status == 200


class PropertiesAreForAdmins(EndpointMatcherBase):
    """A rule about reading the properties of builds."""

    @begun_at_once
    async def match(self, ep: Any, action: str = "get", options: Any = None) -> Match | None:
        return Match(self.master) if ep[-1] == "properties" else None


class BuildsAreForAdmins(EndpointMatcherBase):
    """A rule about reading builds."""

    @begun_at_once
    async def match(self, ep: Any, action: str = "get", options: Any = None) -> Match | None:
        return Match(self.master) if "builds" in ep and ep[0] != "pages" else None


def test_a_refusal_of_an_action_has_the_shape_that_clients_know(open_place: Open) -> None:
    place = open_place(authz=admins_act())

    refused = place.logged_in("bob").act("builds/2", "stop")

    message = "you need to have role 'admins'"
    assert (refused.status, refused.headers["content-type"]) == (403, "application/json")
    assert json.loads(refused.body) == {"jsonrpc": "2.0", "id": 1, "error": {"code": -32600, "message": message}}


def test_an_action_is_told_who_has_asked_and_from_where(open_place: Open) -> None:
    place = open_place()

    assert place.logged_in("bob").act("forceschedulers/force", "force", {"owner": "ann"}).status == 200

    ((_, owner, params),) = place.scene.force.asked
    assert (owner, params["owner"]) == ("bob", "bob")


Told = list[tuple[str, list[str], dict[str, str]]]


def test_what_somebody_may_do_is_told_without_trying(open_place: Open) -> None:
    place = open_place(authz=admins_act())
    build = f"builds/{place.scene.finished}"
    path = f"/auth/rights?on={build}&on=forceschedulers/force%3Fbuilderid%3D1&on=builds/99/steps&on=nothing/here"
    reason = "you need to have role 'admins'"

    told = {who: place.logged_in(who).get(path) for who in ("ann", "bob")}
    anybody = place.anybody.get(path)

    everything: Told = [(build, ["rebuild", "stop"], {}), ("forceschedulers/force?builderid=1", ["force"], {})]
    nothing: Told = [
        (build, [], {"rebuild": reason, "stop": reason}),
        ("forceschedulers/force?builderid=1", [], {"force": reason}),
    ]
    no_such: Told = [("builds/99/steps", [], {}), ("nothing/here", [], {})]
    for answer, expected in ((told["ann"], everything), (told["bob"], nothing), (anybody, nothing)):
        found = [(one["on"], one["may"], one["refused"]) for one in answer.json["rights"]]
        assert found == expected + no_such
        assert answer.headers["cache-control"] == "private, no-store"
    reader = place.program("ann", "read").get(f"/auth/rights?on={build}").json["rights"]
    assert reader[0]["refused"]["stop"] == "this token is not for builds.stop"
    (entries,) = (v for k, v in place.logged_in("ann").get("/api/v2/audit").json.items() if k != "meta")
    assert {entry["action"] for entry in entries} == {"session.login"}


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("", "on must be there 1 to 200 times"),
        ("on=a&" * 201, "on must be there 1 to 200 times"),
        ("of=builds/1", "of is unknown: expected on"),
        ("on=%00", "the query contains NUL"),
    ],
)
def test_a_question_about_rights_that_is_none_is_refused(open_place: Open, query: str, problem: str) -> None:
    answer = open_place().anybody.get(f"/auth/rights?{query}")

    assert (answer.status, answer.json) == (400, {"error": problem})


def test_pages_are_told_whether_rights_have_to_be_asked_for(open_place: Open) -> None:
    def told(visitor: Visitor) -> str:
        return str(visitor.get("/config").json["rights"])

    place = open_place()
    assert (told(place.anybody), told(place.logged_in("bob"))) == ("none", "all")
    assert told(place.program("bob", "read")) == "rules"
    assert told(open_place(changing=Changing.EVERYBODY).anybody) == "all"
    assert told(open_place(authz=admins_act()).anybody) == "rules"
