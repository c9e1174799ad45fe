"""A master's web side with accounts, and people who come to it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from buildmill.master.auth.access import Access
from buildmill.master.auth.backends import AuthBase, UserPasswordAuth
from buildmill.master.auth.matchers import AnyControlEndpointMatcher
from buildmill.master.auth.roles import RolesFromEmails
from buildmill.master.auth.rules import Authz
from buildmill.master.data.token_text import digest_of, token_of
from buildmill.master.db import api_tokens
from buildmill.master.domain.rights import Changing, Policy
from buildmill.master.engine.http_client import HttpService
from buildmill.master.web.limits import WebLimits
from tests.scene import Scene
from tests.unit.master.web.conftest import LIMITS, Answer, Face

HERE = "http://localhost:8010"
PASSWORDS = {"ann": "ann's password", "bob": "bob's password"}


async def in_thread(function: Callable[..., Any], *args: Any) -> Any:
    """As the master's, without a thread."""
    return function(*args)


def admins_act(rules: Sequence[Any] | None = None) -> Authz:
    """Rules by which Ann is an admin, and only admins act, unless others are given."""
    given = [AnyControlEndpointMatcher(role="admins")] if rules is None else list(rules)
    return Authz(given, [RolesFromEmails(admins=["ann"])])


@dataclass
class Visitor:
    """Somebody at the door.

    Attributes:
        headers: what its browser or program sends with every request.
        action_headers: what it sends with actions beside that.
    """

    face: Face
    headers: dict[str, str] = field(default_factory=dict)
    action_headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **more: str) -> Answer:
        return self.face.request("GET", path, b"", **self.headers, **more)

    def act(self, path: str, method: str, params: Any = None, **more: str) -> Answer:
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
        headers = {"Content_Type": "application/json", **self.headers, **self.action_headers, **more}
        return self.face.request(
            "POST", f"/api/v2/{path}", json.dumps(call).encode(), **{k: v for k, v in headers.items() if v}
        )


class Place:
    """A `Face` with an access of its own.

    Args:
        auth, authz: as configurations have them.
        agent: takes the place of the network.
        limits: of the face.
    """

    def __init__(
        self,
        scene: Scene,
        *,
        auth: AuthBase | None = None,
        authz: Authz | None = None,
        public_read: bool = True,
        changing: Changing = Changing.KNOWN,
        base_url: str = f"{HERE}/",
        agent: Any = None,
        secrets: Any = None,
        limits: WebLimits = LIMITS,
        **more: Any,
    ) -> None:
        http = HttpService(scene.stage.clock, agent)
        master = SimpleNamespace(data=scene.data, in_thread=in_thread, secrets=secrets, httpservice=http)
        auth = UserPasswordAuth(PASSWORDS) if auth is None else auth
        auth.reconfigAuth(master, None)
        if authz is not None:
            authz.setMaster(master)
        self.scene = scene
        policy = Policy(public_read=public_read, changing=changing)
        self.access = Access(backend=auth, authz=authz, policy=policy, **more)
        self.face = Face(scene, limits, access=self.access, base_url=base_url)

    @property
    def anybody(self) -> Visitor:
        return Visitor(self.face)

    def log_in(self, name: str, password: str | None = None, **headers: str) -> Answer:
        body = {"username": name, "password": PASSWORDS.get(name, "") if password is None else password}
        sent = {"Content_Type": "application/json", "Origin": HERE, **headers}
        return self.face.request("POST", "/auth/login", json.dumps(body).encode(), **sent)

    def logged_in(self, name: str) -> Visitor:
        """A user with a page of this master open."""
        answer = self.log_in(name)
        assert answer.status == 200, answer.body
        cookie = answer.headers["set-cookie"].partition(";")[0]
        token = answer.json["csrf_token"]
        return Visitor(self.face, {"Cookie": cookie}, {"Origin": HERE, "X_CSRF_Token": token})

    def program(self, name: str, *scopes: str, days: int = 1, number: int = 1) -> Visitor:
        """A program with a token of a user."""
        token = token_of(bytes([number] * 32))
        user = {"username": name, "email": name}
        database = self.scene.stage.database
        self.scene.stage.result(
            database.write(api_tokens.add, digest_of(token), f"of {name}", user, scopes, days * 86_400)
        )
        return Visitor(self.face, {"Authorization": f"Bearer {token}"})

    def close(self) -> None:
        self.face.close()


def basic(name: str, password: str) -> str:
    """An Authorization header."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
