"""C-09: tokens are long, kept as digests, limited in what they are for and in time, and can be revoked."""

from __future__ import annotations

import json
import re

import pytest
import sqlalchemy as sa

from buildmill.common.errors import InvalidInput
from buildmill.master.auth.accounts import SEEN_SECONDS
from buildmill.master.data.token_text import checked_days, checked_name, checked_scopes, is_token, token_of
from buildmill.master.db import tables as t
from buildmill.master.domain.rights import ACTIONS, ActionKind, covers, is_scope
from tests.security.conftest import Open
from tests.security.place import Place, Visitor


def test_a_token_can_be_told_by_its_beginning_and_holds_256_bits() -> None:
    token = token_of(bytes(range(32)))

    assert re.fullmatch("bmt_[A-Za-z0-9_-]{43}", token)
    assert is_token(token)
    assert not any(map(is_token, ["", "bmt_", token[:-1], token + "A", token + "\n", token.replace("bmt_", "xyz_")]))


def made(place: Place, visitor: Visitor, **params: object) -> Visitor:
    answer = visitor.act("tokens", "create", {"name": "ci", "scopes": ["builds.stop"], **params})
    assert answer.status == 200, answer.body
    return Visitor(place.face, {"Authorization": f"Bearer {answer.json['result']['token']}"})


def test_a_user_makes_a_token_that_acts_in_its_name(open_place: Open) -> None:
    place = open_place()

    program = made(place, place.logged_in("bob"), scopes=["change"])

    assert program.act("forceschedulers/force", "force").status == 200
    assert place.scene.force.asked[0][1] == "bob"


def test_of_a_token_itself_nothing_is_kept_or_shown(open_place: Open) -> None:
    place = open_place()
    bob = place.logged_in("bob")
    token = made(place, bob).headers["Authorization"].removeprefix("Bearer ")

    (shown,) = bob.get("/api/v2/tokens", Accept="application/json").json["tokens"]

    assert sorted(shown) == [
        "created_at", "expires_at", "last_used_at", "name", "revoked_at", "scopes", "tokenid", "username",
    ]  # fmt: skip
    assert token not in str(place.scene.stage.rows(sa.select(t.api_tokens)))
    assert token not in json.dumps(shown)
    assert token not in str(place.scene.stage.events)


def test_users_see_and_revoke_only_their_own(open_place: Open) -> None:
    place = open_place()
    ann, bob = place.logged_in("ann"), place.logged_in("bob")
    program = made(place, bob)

    assert ann.get("/api/v2/tokens").json["tokens"] == []
    assert ann.get("/api/v2/tokens/1").status == 404
    assert ann.get("/api/v2/tokens/99").body == ann.get("/api/v2/tokens/1").body.replace(b"1", b"99")
    assert ann.act("tokens/1", "revoke").json == ann.act("tokens/1", "revoke").json
    assert ann.act("tokens/1", "revoke").status == 404
    assert program.act("builds/2", "stop").status == 200
    assert bob.act("tokens/1", "revoke").status == 200
    assert program.act("builds/2", "stop").status == 401
    assert bob.get("/api/v2/tokens/1").json["tokens"][0]["revoked_at"] is not None


def test_nobody_and_no_program_makes_tokens(open_place: Open) -> None:
    place = open_place()

    for visitor in (place.anybody, place.program("ann", "*")):
        assert visitor.act("tokens", "create", {"name": "x", "scopes": ["*"]}).status == 403


def test_a_token_ends(open_place: Open) -> None:
    place = open_place()
    program = place.program("ann", "*", days=1)

    place.scene.stage.clock.rightNow += 86_399
    assert program.get("/api/v2/builds").status == 200
    place.scene.stage.clock.rightNow += 1

    assert program.get("/api/v2/builds").status == 401


def test_its_last_use_is_shown(open_place: Open) -> None:
    place = open_place()
    ann, program, stage = place.logged_in("ann"), place.program("ann", "read"), place.scene.stage
    assert ann.get("/api/v2/tokens").json["tokens"][0]["last_used_at"] is None

    stage.clock.rightNow += 7
    program.get("/api/v2/builds")
    first = ann.get("/api/v2/tokens").json["tokens"][0]["last_used_at"]
    stage.clock.rightNow += SEEN_SECONDS
    program.get("/api/v2/builds")

    assert ann.get("/api/v2/tokens").json["tokens"][0]["last_used_at"] == first + SEEN_SECONDS


@pytest.mark.parametrize(
    "header",
    ["Bearer", "Bearer x", "bearer bmt_" + "A" * 43, "Bearer bmt_" + "A" * 5000, "Bearer bmt_\xe4"],
)
def test_what_is_no_token_is_refused_even_where_everybody_may_read(open_place: Open, header: str) -> None:
    nobody = open_place().anybody

    read = nobody.get("/api/v2/builds", Authorization=header)
    acted = nobody.act("builds/2", "stop", Authorization=header)

    assert (read.status, acted.status) == (401, 401)
    assert read.headers["www-authenticate"] == acted.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("scope", ["*", "read", "change", "builds.*", "builds.stop", "tokens.*", "tokens.read"])
def test_a_scope_allows_what_it_says(scope: str) -> None:
    allowed = {name for name, action in ACTIONS.items() if covers([scope], action)}

    expected = {
        "*": set(ACTIONS),
        "read": {name for name, action in ACTIONS.items() if action.kind is ActionKind.READ},
        "change": {name for name, action in ACTIONS.items() if action.kind is ActionKind.CHANGE},
        "builds.*": {"builds.read", "builds.stop", "builds.rebuild"},
        "builds.stop": {"builds.stop"},
        "tokens.*": {"tokens.read", "tokens.create", "tokens.revoke"},
        "tokens.read": {"tokens.read"},
    }
    assert is_scope(scope)
    assert allowed == expected[scope]


@pytest.mark.parametrize("scope", ["", ".", "*.*", "builds", "builds.", "builds.go", "nothing.*", "READ", "personal"])
def test_what_is_no_scope(scope: str) -> None:
    assert not is_scope(scope)
    with pytest.raises(InvalidInput, match="scopes"):
        checked_scopes([scope])


@pytest.mark.parametrize(
    "params",
    [
        {"name": ""}, {"name": "a\nb"}, {"name": "x" * 101}, {"name": 3}, {"scopes": []}, {"scopes": "read"},
        {"scopes": [3]}, {"days": 0}, {"days": 367}, {"days": True}, {"days": "1"}, {"days": 1.5},
    ],
    ids=str,
)  # fmt: skip
def test_a_wrong_parameter_is_named(open_place: Open, params: dict[str, object]) -> None:
    answer = open_place().logged_in("ann").act("tokens", "create", {"name": "ci", "scopes": ["read"], **params})

    (field,) = params
    assert (answer.status, answer.json["error"]["code"]) == (400, -32602)
    assert answer.json["error"]["message"].startswith(f"{field}: ")


def test_what_is_right_is_taken() -> None:
    assert checked_name("nightly builds (ü)") == "nightly builds (ü)"
    assert checked_scopes(["read", "builds.stop", "read"]) == ["builds.stop", "read"]
    assert checked_days(366) == 366
