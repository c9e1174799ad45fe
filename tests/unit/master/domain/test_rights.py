"""Who asks, and what is decided where no rule says anything."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import Forbidden
from buildmill.master.domain.rights import (
    ACTIONS,
    EVENT_FAMILIES,
    ActionKind,
    Actor,
    Changing,
    Policy,
    Principal,
    UndeclaredAction,
    Via,
    check_default,
    check_scopes,
    covers,
    declared,
    event_action,
    is_scope,
    may_change_by_default,
)

NOBODY = Principal(address="192.0.2.1")
AT_HOME = Principal(is_at_home=True)
ANN = Principal(user={"username": "ann", "email": "a@example.org"}, via=Via.SESSION, credential="x")


def allowed(principal: Principal, action: str, **policy: Any) -> bool:
    try:
        check_default(principal, ACTIONS[action], Policy(**policy))
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize("changing", list(Changing))
@pytest.mark.parametrize("public_read", [True, False])
def test_defaults(changing: Changing, public_read: bool) -> None:
    def found(principal: Principal) -> list[bool]:
        names = ("session.login", "builds.read", "builds.stop", "tokens.read")
        return [allowed(principal, name, changing=changing, public_read=public_read) for name in names]

    everybody = changing is Changing.EVERYBODY
    assert found(ANN) == [True, True, True, True]
    assert found(NOBODY) == [True, public_read, everybody, False]
    assert found(AT_HOME) == [True, public_read, everybody or changing is Changing.AT_HOME, False]
    # as `check_default` says of what changes something
    policy = Policy(changing=changing, public_read=public_read)
    assert [may_change_by_default(who, policy) for who in (ANN, NOBODY, AT_HOME)] == [
        found(who)[2] for who in (ANN, NOBODY, AT_HOME)
    ]


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ({"email": "a@b", "username": "ann", "full_name": "Ann"}, "a@b"),
        ({"username": "ann", "full_name": "Ann"}, "ann"),
        ({"email": "", "username": None, "full_name": "Ann"}, "Ann"),
        ({}, "anonymous"),
    ],
)
def test_what_builds_call_a_user(user: dict[str, Any], name: str) -> None:
    assert Principal(user=user, via=Via.SESSION).name == name


def test_whoever_has_shown_nothing_is_anonymous_whatever_is_said_of_it() -> None:
    assert NOBODY.user_info == {"anonymous": True}
    assert ANN.user_info == {"username": "ann", "email": "a@example.org"}
    assert NOBODY.actor == Actor(address="192.0.2.1")
    assert ANN.actor == Actor("a@example.org", "", Via.SESSION, "ann", ANN.user)


def test_a_scope_limits_a_token_and_nobody_else() -> None:
    token = Principal(user=ANN.user, via=Via.TOKEN, scopes=frozenset({"builds.*"}))

    for name, action in ACTIONS.items():
        check_scopes(ANN, action)
        if name.startswith("builds.") or action.kind is ActionKind.OPEN:
            check_scopes(token, action)
        else:
            with pytest.raises(Forbidden, match=f"this token is not for {name}"):
                check_scopes(token, action)


def test_what_is_guarded_is_for_who_is_known_or_at_home() -> None:
    action = ACTIONS["audit.read"]

    check_default(ANN, action, Policy())
    check_default(AT_HOME, action, Policy(changing=Changing.AT_HOME))
    for principal, changing in ((AT_HOME, Changing.EVERYBODY), (NOBODY, Changing.AT_HOME), (NOBODY, Changing.KNOWN)):
        with pytest.raises(Forbidden, match="this needs a login or a token"):
            check_default(principal, action, Policy(changing=changing))


def test_no_scope_covers_nothing() -> None:
    assert not any(covers([], action) for action in ACTIONS.values())


def test_scopes_are_known_words() -> None:
    assert all(map(is_scope, ["*", "read", "change", "builds.*", *ACTIONS]))
    assert not any(map(is_scope, ["", "write", "builds", "x.*", "builds.x", "*.read"]))


def test_the_scopes_of_the_orchestration_api_cover_job_graphs_only() -> None:
    read, write = "api:orchestration-read", "api:orchestration-write"

    assert is_scope(read)
    assert is_scope(write)
    assert covers([read], ACTIONS["graph_builds.read"])
    assert covers([write], ACTIONS["graph_builds.create"])
    assert not covers([read], ACTIONS["graph_builds.create"])
    assert not covers([write], ACTIONS["graph_builds.read"])
    assert not covers([read, write], ACTIONS["builds.read"])
    assert not covers([read, write], ACTIONS["builds.stop"])


def test_an_action_is_declared_by_a_name_that_exists() -> None:
    assert declared("builds.stop", "here") is ACTIONS["builds.stop"]
    with pytest.raises(UndeclaredAction, match=r"^here declares no action$"):
        declared("", "here")
    with pytest.raises(UndeclaredAction, match=r"^here declares the unknown action 'builds\.go'$"):
        declared("builds.go", "here")


@pytest.mark.parametrize(
    ("path", "action"),
    [
        ("builds/*/new", "builds.read"),
        ("builders/1/builds/*/finished", "builds.read"),
        ("builds/1/properties/update", "properties.read"),
        ("steps/3/logs/stdio/append", "logs.read"),
        ("control/builds/1/stop", "builds.read"),
        ("control/worker/1/stop", "events.read"),
        ("builds", "events.read"),
        ("", "events.read"),
    ],
)
def test_the_right_to_events_is_that_to_what_they_tell(path: str, action: str) -> None:
    assert event_action(path.split("/")).name == action


def test_each_family_of_events_can_be_read() -> None:
    assert {ACTIONS[f"{family}.read"].family for family in EVENT_FAMILIES} == EVENT_FAMILIES
