"""C-16: nobody can say that they have not done it: each action and each sign-in leaves one entry that nobody can alter.

Every method of every endpoint of the data API is called, by somebody who may and by somebody who may not.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.master.data.api import ENDPOINTS
from buildmill.master.db import audit
from buildmill.master.db import tables as t
from buildmill.master.domain.audit import AuditEntry, NewEntry
from buildmill.master.domain.rights import ACTIONS, ActionKind, Actor, Changing, Via
from tests.database import Stage
from tests.leftovers import FailureLog
from tests.security.conftest import Open
from tests.security.place import Place, admins_act

OF_GRAPHS = ("graph_builds", "schedules", "targets")  # see test_c16_graphs
CALLS = [
    (endpoint.pattern, method)
    for endpoint in ENDPOINTS
    if not endpoint.pattern.startswith(OF_GRAPHS)
    for method in sorted(endpoint.actions)
]
KEYS = {
    "builderid": "1", "buildername": "fast", "buildid": "2", "build_number": "2", "workerid": "1", "name": "w1",
    "masterid": "1", "schedulerid": "1", "schedulername": "force", "buildrequestid": "3", "tokenid": "1",
}  # fmt: skip
PARAMETERS: dict[str, dict[str, Any]] = {
    "set_priority": {"priority": 5},
    "enable": {"enabled": False},
    "create": {"name": "nightly", "scopes": ["read"]},
    "add": {"author": "ann", "revision": "r1"},
    "stop": {"reason": "hung"},
    "pause": {"reason": "disk"},
}
STOPPED = {"stop_results": 6, "stop_reason": "hung", "stop_by": "ann"}
REQUESTED = {"bsid": 4, "buildrequestids": [4]}
CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "builds.stop": ({"stop_results": None, "stop_reason": None, "stop_by": None}, STOPPED),
    "builds.rebuild": ({}, REQUESTED),
    "buildrequests.cancel": ({"complete": False, "results": -1}, {"complete": True, "results": 6}),
    "buildrequests.set_priority": ({"priority": 0}, {"priority": 5}),
    "changes.add": ({}, {"changeid": 2}),
    "forceschedulers.force": ({}, {}),
    "schedulers.enable": ({"enabled": True}, {"enabled": False}),
    "schedulers.run": ({}, {}),
    "workers.stop": ({"graceful": False}, {"graceful": True}),
    "workers.kill": ({}, {}),
    "workers.pause": ({"paused": False, "pause_reason": None}, {"paused": True, "pause_reason": "disk"}),
    "workers.unpause": ({}, {}),
    "tokens.create": ({}, {"tokenid": 1}),
}
"""What each action changes here; that of ``tokens.revoke`` and of real force schedulers have tests of their own."""


def entries(stage: Stage) -> list[AuditEntry]:
    """All entries, oldest first."""
    return stage.result(stage.database.read(lambda connection: list(map(audit.from_row, audit.rows(connection)))))


def problems(stage: Stage) -> list[str]:
    return stage.result(stage.database.read(lambda connection: list(audit.problems(connection))))


def new_entries(place: Place, before: int) -> list[AuditEntry]:
    return entries(place.scene.stage)[before:]


def path_of(pattern: str) -> str:
    return re.sub(r"[a-z]?:(\w+)", lambda key: KEYS[key[1]], pattern)


def parameters_of(pattern: str, method: str) -> dict[str, Any] | None:
    given = PARAMETERS.get(method)
    return {**(given or {}), "buildrequestids": [3]} if pattern == "buildrequests" else given


def test_all_actions_are_here() -> None:
    actions = {control.action for endpoint in ENDPOINTS for control in endpoint.actions.values()}

    assert {action for action in actions if not action.startswith(OF_GRAPHS)} == CHANGES.keys() | {"tokens.revoke"}
    changes = {name for name, action in ACTIONS.items() if action.kind is ActionKind.CHANGE}
    assert changes - {"staging.develop"} <= actions  # that is of the v3 API, see test_c16_staging


@pytest.mark.parametrize(("pattern", "method"), CALLS)
def test_each_action_leaves_one_entry(open_place: Open, pattern: str, method: str) -> None:
    place = open_place(authz=admins_act())
    ann = place.logged_in("ann")
    if method == "revoke":
        ann.act("tokens", "create", {"name": "old", "scopes": ["read"]})
    elif method == "run":
        scene = place.scene
        scene.stage.result(scene.updates.describeScheduler(scene.scheduler, "Nightly", ["fast"], True))
    before = len(entries(place.scene.stage))

    assert ann.act(path_of(pattern), method, parameters_of(pattern, method)).status == 200

    (entry,) = new_entries(place, before)
    control = next(e.actions[method] for e in ENDPOINTS if e.pattern == pattern and method in e.actions)
    assert (entry.actor, entry.username, entry.address, entry.via) == ("ann", "ann", "192.168.1.1", "session")
    path = f"{pattern}/3" if control.by_each else path_of(pattern)  # what was done is told of each
    assert (entry.action, entry.method, entry.path) == (control.action, method, path)
    assert (entry.outcome, entry.reason) == ("done", "")
    if method == "revoke":
        assert (entry.before, entry.after) == ({"revoked_at": None}, {"revoked_at": entry.happened_at})
    else:
        assert (entry.before, entry.after) == CHANGES[control.action]
    assert problems(place.scene.stage) == []


@pytest.mark.parametrize(("pattern", "method"), CALLS)
def test_each_refusal_leaves_one_entry(open_place: Open, pattern: str, method: str) -> None:
    place = open_place(authz=admins_act())
    bob = place.program("bob", "builds.read")

    assert bob.act(path_of(pattern), method, parameters_of(pattern, method)).status == 403

    (entry,) = entries(place.scene.stage)
    assert (entry.username, entry.via, entry.method, entry.path) == ("bob", "token", method, path_of(pattern))
    assert (entry.outcome, entry.before, entry.after) == ("refused", {}, {})
    assert entry.reason == f"this token is not for {entry.action}"
    assert problems(place.scene.stage) == []


def test_what_cannot_be_done_leaves_one_entry_with_the_reason(open_place: Open) -> None:
    place = open_place(changing=Changing.EVERYBODY)

    statuses = [
        place.anybody.act("builds/99", "stop").status,
        place.anybody.act("buildrequests/3", "set_priority", {"priority": "high"}).status,
        place.anybody.act("builds/1", "stop").status,  # it has ended already
    ]

    assert statuses == [404, 400, 200]
    assert [(e.actor, e.outcome, e.reason, e.after) for e in entries(place.scene.stage)] == [
        ("anonymous", "refused", "no such build", {}),
        ("anonymous", "refused", "priority: expected a number from -2147483647 to 2147483647", {}),
        ("anonymous", "done", "", {}),
    ]


def test_an_unknown_token_and_a_foreign_page_leave_entries(open_place: Open) -> None:
    place = open_place()
    ann = place.logged_in("ann")

    place.anybody.act("builds/2", "stop", Authorization="Bearer bmt_nobody")
    ann.act("builds/2", "stop", X_CSRF_Token="guessed")

    found = entries(place.scene.stage)[1:]
    assert [(e.username, e.outcome, e.action) for e in found] == [
        ("", "refused", "builds.stop"),
        ("ann", "refused", "builds.stop"),
    ]


def test_an_unexpected_failure_leaves_an_entry_without_its_text(open_place: Open, logged_failures: FailureLog) -> None:
    place = open_place(changing=Changing.EVERYBODY)
    place.scene.force.error = RuntimeError("secret words")

    assert place.anybody.act("forceschedulers/force", "force").status == 500

    logged_failures.flush(RuntimeError)
    assert [(e.outcome, e.reason) for e in entries(place.scene.stage)] == [("refused", "internal error")]


def test_values_of_forms_that_are_refused_are_not_kept(open_place: Open) -> None:
    place = open_place(changing=Changing.EVERYBODY)
    place.scene.force.problems = {"password": "'hunter2' is too short"}

    assert place.anybody.act("forceschedulers/force", "force", {"password": "hunter2"}).status == 400

    (entry,) = entries(place.scene.stage)
    assert entry.reason == "parameters that cannot be taken: password"
    assert "hunter2" not in str(entry)


def test_reading_leaves_no_entry(open_place: Open) -> None:
    place = open_place()

    place.anybody.get("/api/v2/builds")
    place.anybody.act("builds/2", "dance")

    assert entries(place.scene.stage) == []


def test_sign_ins_leave_entries(open_place: Open) -> None:
    place = open_place()

    ann = place.logged_in("ann")
    place.log_in("ann", "wrong")
    ann.face.request("POST", "/auth/logout", b"", **ann.headers, **ann.action_headers)

    assert [(e.actor, e.username, e.action, e.outcome, e.reason) for e in entries(place.scene.stage)] == [
        ("ann", "ann", "session.login", "done", ""),
        ("anonymous", "ann", "session.login", "refused", "the name or the password is wrong"),
        ("ann", "ann", "session.logout", "done", ""),
    ]
    assert {e.address for e in entries(place.scene.stage)} == {"192.168.1.1"}
    assert "password" not in str([e.parameters for e in entries(place.scene.stage)])


# -- what is changed behind it -----------------------------------------------------------


@pytest.fixture
def written(memory: Stage) -> Stage:
    """A log of five entries."""
    for number in range(5):
        entry = NewEntry(
            actor=Actor("ann", "10.0.0.1", Via.SESSION, "ann"), action="builds.stop", method="stop",
            path=f"builds/{number}", parameters={"reason": "x"}, before={"a": number}, after={"a": number + 1},
        )  # fmt: skip
        memory.result(memory.database.write(audit.append, entry))
    assert problems(memory) == []
    return memory


def tamper(stage: Stage, *statements: Any) -> None:
    def unit(tx: Any) -> None:
        for statement in statements:
            tx.sql.execute(statement)

    stage.result(stage.database.write(unit))


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("column", [column.name for column in t.audit_entries.c])
def test_a_changed_column_of_any_entry_is_found(written: Stage, column: str, number: int) -> None:
    values: dict[str, Any] = {"id": 77, "happened_at": 3, "parameters": "{}", "before": '{"a":9}', "after": '{"a": 1 }'}
    row = t.audit_entries.c.id == number

    tamper(written, t.audit_entries.update().where(row).values({column: values.get(column, "another")}))

    assert problems(written)


@pytest.mark.parametrize("text", ["{}}", "", "[]", '{"a":1},"x":2', "\x00"])
def test_what_is_no_document_is_found(written: Stage, text: str) -> None:
    tamper(written, t.audit_entries.update().where(t.audit_entries.c.id == 2).values(after=text))

    assert "audit entry 2 is not what was written: it does not follow from the one before" in problems(written)


@pytest.mark.parametrize("number", range(1, 6))
def test_a_removed_entry_is_found(written: Stage, number: int) -> None:
    tamper(written, t.audit_entries.delete().where(t.audit_entries.c.id == number))

    assert problems(written)


def test_entries_that_were_removed_as_if_for_their_age_are_found(written: Stage) -> None:
    third = entries(written)[2]
    ends = t.audit_ends.insert().values(name="removed", entry_id=3, digest=third.digest)

    tamper(written, t.audit_entries.delete().where(t.audit_entries.c.id <= 3), ends)

    assert problems(written) == ["no entry says that audit entries up to 3 were removed for their age"]


def test_an_added_and_an_exchanged_entry_are_found(written: Stage) -> None:
    table = t.audit_entries
    names = [column.name for column in table.c if column.name != "id"]
    copy = sa.select(sa.literal(6), *(table.c[name] for name in names)).where(table.c.id == 1)

    tamper(written, table.insert().from_select(["id", *names], copy))

    assert len(problems(written)) == 2

    tamper(
        written,
        table.delete().where(table.c.id == 6),
        table.update().where(table.c.id == 1).values(id=99),
        table.update().where(table.c.id == 2).values(id=1),
        table.update().where(table.c.id == 99).values(id=2),
    )

    assert problems(written)


@pytest.mark.parametrize("values", [{"entry_id": 4}, {"digest": "0" * 64}])
def test_a_changed_end_is_found(written: Stage, values: dict[str, Any]) -> None:
    tamper(written, t.audit_ends.update().values(values))

    assert problems(written)


def test_a_log_that_was_written_anew_is_found_by_who_has_kept_its_end(written: Stage) -> None:
    kept = written.result(written.database.read(audit.last))
    tamper(written, t.audit_entries.delete(), t.audit_ends.delete())
    for number in range(6):
        entry = NewEntry(actor=Actor("bob"), action="builds.stop", method="stop", path=f"builds/{number}")
        written.result(written.database.write(audit.append, entry))

    assert problems(written) == []
    found = written.result(written.database.read(lambda connection: list(audit.contradictions(connection, kept))))
    assert found == ["audit entry 5 is not the one that was there before"]


# -- who may read it ---------------------------------------------------------------------


def test_who_has_logged_in_reads_it_where_there_are_no_rules(open_place: Open) -> None:
    place = open_place()

    assert place.anybody.get("/api/v2/audit").status == 403
    answer = place.logged_in("bob").get("/api/v2/audit?order=-auditid&limit=1&outcome=done")

    assert answer.status == 200
    (entry,) = answer.json["audit"]
    assert (entry["action"], entry["actor"], entry["auditid"]) == ("session.login", "bob", 1)
    assert answer.json["meta"] == {"total": 1}
    assert answer.headers["cache-control"] == "private, no-store"


def test_nobody_unknown_reads_it_even_where_everybody_may_change_something(open_place: Open) -> None:
    assert open_place(changing=Changing.EVERYBODY).anybody.get("/api/v2/audit").status == 403


@pytest.mark.parametrize(("name", "status"), [("ann", 200), ("bob", 403)])
@pytest.mark.parametrize("rules", [None, []])
def test_admins_read_it_where_there_are_rules(open_place: Open, name: str, status: int, rules: Any) -> None:
    place = open_place(authz=admins_act(rules))

    assert place.logged_in(name).get("/api/v2/audit/1").status == status
    assert place.anybody.get("/api/v2/audit/1").status == 403
