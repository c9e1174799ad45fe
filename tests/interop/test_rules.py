"""One configuration with users, roles and rules, on Buildbot and on Buildmill: the same people may do the same."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.programs import BIN, free_port, peer_program, wait_for

pytestmark = pytest.mark.slow

CONFIG = """
from buildbot.plugins import schedulers, util, worker
from buildbot.www.authz.endpointmatchers import EndpointMatcherBase, Match
from twisted.internet import defer

class Pausing(EndpointMatcherBase):
    @defer.inlineCallbacks
    def match_WorkerEndpoint_pause(self, epobject, epdict, options):
        found = yield self.master.data.get(("workers", epdict["workerid"]))
        return Match(self.master) if found["name"] == "w" else None

class Restarting(EndpointMatcherBase):
    def match(self, ep, action="get", options=None):
        is_ours = tuple(ep) == ("workers", "1") and action == "kill" and options.get("reason") == "please"
        return defer.succeed(Match(self.master) if is_ours else None)

c = BuildmasterConfig = {}
c["buildbotNetUsageData"] = None
c["buildbotURL"] = "http://127.0.0.1:%(port)s/"
c["protocols"] = {"null": {}}
c["workers"] = [worker.LocalWorker("w")]
c["builders"] = [
    util.BuilderConfig(name=name, workernames=["w"], factory=util.BuildFactory(), locks=[]) for name in ("b1", "b2")
]
c["schedulers"] = [schedulers.ForceScheduler(name="force", builderNames=["b1", "b2"])]
c["www"] = {
    "port": "tcp:%(port)s:interface=127.0.0.1",
    "auth": util.UserPasswordAuth({"ann": "pw", "bob": "pw", "carl": "pw"}),
    "authz": util.Authz(
        allowRules=[
            util.StopBuildEndpointMatcher(role="owner", defaultDeny=False),
            util.ForceBuildEndpointMatcher(role="help*", builder="b1"),
            Pausing(role="helpers"),
            Restarting(role="helpers", defaultDeny=False),
            util.RebuildBuildEndpointMatcher(role="admins", builder="b2"),
            util.RebuildBuildEndpointMatcher(role="helpers"),
            util.EnableSchedulerEndpointMatcher(role="admins"),
            util.AnyControlEndpointMatcher(role="admins"),
        ],
        roleMatchers=[
            util.RolesFromEmails(admins=["ann"]),
            util.RolesFromUsername(roles=["helpers"], usernames=["bob"]),
            util.RolesFromOwner(role="owner"),
        ],
    ),
}
"""
PEOPLE = ("nobody", "ann", "bob", "carl")
ASKED: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("forceschedulers/force", "force", {"builderid": "b1"}),
    ("forceschedulers/force", "force", {"builderid": "b2"}),
    ("forceschedulers/force", "force", {"builderNames": ["b1"]}),
    ("builds/1", "stop", {}),
    ("builders/b1/builds/1", "stop", {}),
    ("builds/1", "rebuild", {}),
    ("builds/2", "rebuild", {}),
    ("schedulers/1", "enable", {"enabled": True}),
    ("workers/1", "pause", {}),
    ("workers/1", "unpause", {}),
    ("workers/1", "kill", {"reason": "please"}),
    ("workers/1", "stop", {"reason": "please"}),
)


class Master:
    """A master of either kind with that configuration.

    Args:
        folder: its directory, made here.
    """

    def __init__(self, folder: Path, program: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.program = program
        self._shown: dict[str, dict[str, str]] = {"nobody": {}}
        subprocess.run([program, "create-master", "-q", folder], check=True)
        (folder / "master.cfg").write_text(CONFIG % {"port": self.port})

    def ask(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any, bytes]:
        """Status, headers and body of the answer; a redirection is not followed."""
        url, data = f"http://127.0.0.1:{self.port}/{path}", None if body is None else json.dumps(body).encode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent |= {"Content-Type": "application/json", "Origin": f"http://127.0.0.1:{self.port}"}
        opener = urllib.request.build_opener(_StayHere)
        try:
            with opener.open(urllib.request.Request(url, data, sent), timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.headers, refused.read()

    def log_in(self, name: str) -> None:
        credentials = base64.b64encode(f"{name}:pw".encode()).decode()
        status, headers, body = self.ask("auth/login", Authorization=f"Basic {credentials}")
        assert status == 302, body
        cookie = headers.get_all("Set-Cookie")[-1].partition(";")[0]
        config = json.loads(self.ask("config", Cookie=cookie)[2])
        assert config["user"] == {"username": name, "email": name}
        assert config["auth"] == {"name": "UserPasswordAuth"}
        token = {"X_CSRF_Token": config["csrf_token"]} if "csrf_token" in config else {}
        self._shown[name] = {"Cookie": cookie, **token}

    def act(self, name: str, path: str, method: str, params: dict[str, Any]) -> tuple[int, Any]:
        """The status, and the error if it is one."""
        ids = self.builder_ids()  # which builder is the first one differs from start to start
        params = {**params, **({"builderid": ids[params["builderid"]]} if "builderid" in params else {})}
        path = path.replace("builders/b1", f"builders/{ids['b1']}")
        call = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        status, _, body = self.ask(f"api/v2/{path}", call, **self._shown[name])
        return status, json.loads(body).get("error")

    def builder_ids(self) -> dict[str, int]:
        found = json.loads(self.ask("api/v2/builders")[2])["builders"]
        return {builder["name"]: builder["builderid"] for builder in found}

    def builds(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.ask("api/v2/builds")[2])["builds"]
        return found

    def answers(self) -> bool:
        try:
            workers = json.loads(self.ask("api/v2/workers")[2])["workers"]
        except OSError:
            return False
        return bool(workers and workers[0]["connected_to"])


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


@contextmanager
def running(master: Master) -> Iterator[None]:
    """The master, as long as the block lasts."""
    with open(master.folder / "out.log", "ab") as out:
        process = subprocess.Popen(
            [master.program, "start", "--nodaemon", "."], cwd=master.folder, stdout=out, stderr=out, env=os.environ
        )

    def told() -> str:
        return "".join(path.read_text(errors="replace")[-3000:] for path in master.folder.glob("*.log"))

    try:
        wait_for(lambda: process.poll() is not None or master.answers(), why=told)
        assert process.poll() is None, told()
        yield
    finally:
        process.send_signal(signal.SIGKILL)  # Buildbot's stop waits for workers that live in it
        process.wait(30)


def _wait_for_builds(master: Master, number: int) -> None:
    def ended() -> bool:
        builds = master.builds()
        return len(builds) == number and all(build["complete"] for build in builds)

    wait_for(ended, why=lambda: str(master.builds()))


def _decisions(master: Master) -> dict[str, dict[str, tuple[int, Any]]]:
    for name in PEOPLE[1:]:
        master.log_in(name)
    for number, (name, builder) in enumerate((("bob", "b1"), ("ann", "b2")), 1):
        status, error = master.act(name, "forceschedulers/force", "force", {"builderNames": [builder]})
        assert status == 200, error
        _wait_for_builds(master, number)
    return {
        f"{method} {path} {params}": {name: master.act(name, path, method, params) for name in PEOPLE}
        for path, method, params in ASKED
    }


def test_the_same_people_may_do_the_same(tmp_path: Path) -> None:
    with ExitStack() as stack:
        masters = [
            Master(tmp_path / "ours", BIN / "buildmill"),
            Master(tmp_path / "theirs", peer_program("buildbot")),
        ]
        for master in masters:
            stack.enter_context(running(master))
        ours, theirs = map(_decisions, masters)

    assert {what: (ours[what], theirs[what]) for what in ours if ours[what] != theirs[what]} == {}
    found = {(name, status) for answers in ours.values() for name, (status, _) in answers.items()}
    assert found >= {(name, status) for name in ("ann", "bob") for status in (200, 403)}
    assert ours["stop builds/1 {}"]["bob"] == (200, None), "its own"
    assert ours["stop builds/1 {}"]["carl"][1]["message"] == "you need to have role 'admins'"
