"""Accounts of a real master: people log in, programs show tokens, other rules come into force."""

from __future__ import annotations

import base64
import http.client
import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_cli import BUILDMILL, buildmill, free_port, wait_until

pytestmark = pytest.mark.slow

CONFIG = """\
from buildmill.plugins import schedulers, steps, util, worker
c = BuildmasterConfig = {{}}
c["buildbotURL"] = "http://localhost:{port}/"
c["secretsProviders"] = [util_secrets.SecretInAFile("{folder}/secrets")]
c["www"] = {{
    "port": "tcp:{port}:interface=127.0.0.1",
    "auth": util.UserPasswordAuth({{"ann": util.Secret("ann")}}),
    "authz": util.Authz([util.AnyControlEndpointMatcher(role="{role}")], [util.RolesFromEmails(admins=["ann"])]),
    "public_read": {public_read},
}}
c["workers"] = [worker.LocalWorker("local")]
c["builders"] = [util.BuilderConfig(name="b", workernames=["local"], factory=util.BuildFactory())]
c["schedulers"] = [schedulers.ForceScheduler(name="force", builderNames=["b"])]
"""
CALL = {"jsonrpc": "2.0", "id": 1, "method": "force", "params": {}}


class Home:
    """A master's directory, and the master that runs there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        (folder / "secrets").mkdir(mode=0o700)
        (folder / "secrets" / "ann").write_text("sesame")
        (folder / "secrets" / "ann").chmod(0o600)
        self.configure()
        buildmill("create-master", folder, "--force")
        self.configure()
        self.process = subprocess.Popen([BUILDMILL, "start", "--nodaemon", folder])
        wait_until("the master answers", lambda: self.process.poll() is not None or self._answers())

    def configure(self, role: str = "admins", public_read: bool = True) -> None:
        text = CONFIG.replace("util_secrets.", "secrets.").replace("import schedulers,", "import schedulers, secrets,")
        text = text.format(port=self.port, folder=self.folder, role=role, public_read=public_read)
        (self.folder / "master.cfg").write_text(text)

    def _answers(self) -> bool:
        try:
            return self.ask("GET", "/api/v2/masters")[0] in (200, 403)
        except OSError:
            return False

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("localhost", self.port, timeout=60)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent["Content-Type"] = "application/json"
        connection.request(method, path, None if body is None else json.dumps(body), sent)
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return found

    def force(self, **headers: str) -> int:
        return self.ask("POST", "/api/v2/forceschedulers/force", CALL, **headers)[0]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.stop()


def upgrade(home: Home, **headers: str) -> int:
    """The status of the answer to somebody who wants an event socket."""
    key = base64.b64encode(bytes(16)).decode()
    more = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec_WebSocket_Version": "13", "Sec_WebSocket_Key": key}
    connection = http.client.HTTPConnection("localhost", home.port, timeout=60)
    connection.request("GET", "/ws", headers={n.replace("_", "-"): v for n, v in {**more, **headers}.items()})
    status = connection.getresponse().status
    connection.close()
    return status


def test_people_and_programs_come_to_a_master(home: Home) -> None:
    assert home.ask("GET", "/api/v2/builders")[0] == 200
    assert home.force() == 403

    origin = f"http://localhost:{home.port}"
    status, headers, body = home.ask("POST", "/auth/login", {"username": "ann", "password": "sesame"}, Origin=origin)
    assert status == 200, body
    cookie, token = headers["set-cookie"].partition(";")[0], json.loads(body)["csrf_token"]
    assert home.force(Cookie=cookie, Origin=origin, X_CSRF_Token=token) == 200
    assert home.force(Cookie=cookie, Origin=origin) == 403

    text = buildmill("token", "create", "nightly", "--user", "ann", "--scope", "forceschedulers.*", "-d", home.folder)
    bearer = f"Bearer {text.strip()}"
    assert home.force(Authorization=bearer) == 200
    assert home.ask("GET", "/api/v2/builders", Authorization=bearer)[0] == 403

    home.configure(role="nobody", public_read=False)
    buildmill("reconfig", home.folder)
    assert home.force(Authorization=bearer) == 403
    assert home.ask("GET", "/api/v2/builders")[0] == 403
    assert home.ask("GET", "/api/v2/builders", Cookie=cookie)[0] == 200
    assert (upgrade(home, Origin=origin), upgrade(home, Origin=origin, Cookie=cookie)) == (403, 101)

    (row,) = json.loads(buildmill("token", "list", "--json", "-d", home.folder))
    assert (row["name"], row["username"], row["scopes"]) == ("nightly", "ann", ["forceschedulers.*"])
    assert row["last_used_at"] is not None
    buildmill("token", "revoke", row["tokenid"], "-d", home.folder)
    assert home.force(Authorization=bearer) == 401
    assert "revoked" in buildmill("token", "list", "-d", home.folder)
    assert text.strip() not in (home.folder / "state.sqlite").read_bytes().decode("latin-1")
