"""A real Buildbot master with builds of every kind, and the data API of either system."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import copy
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.programs import free_port, peer_program, wait_for

THEIRS = """
from buildbot.plugins import *
c = BuildmasterConfig = {{}}
c['workers'] = [worker.LocalWorker("w1", max_builds=2), worker.Worker("never", "x")]
c['protocols'] = {{'null': {{}}, 'pb': {{'port': 'tcp:{pb_port}:interface=127.0.0.1'}}}}
c['www'] = dict(port='tcp:{web_port}:interface=127.0.0.1', plugins={{}})
c['buildbotNetUsageData'] = None
c['logCompressionMethod'] = 'gz'
c['logCompressionLimit'] = 100
c['collapseRequests'] = False
c['change_source'] = [changes.PBChangeSource()]

class Page(steps.BuildStep):
    name = "page"
    def run(self):
        self.addHTMLLog("report", "<b>fine</b>")
        self.addCompleteLog("plain", "one\\ntwo")
        self.addURL("docs", "http://127.0.0.1/docs")
        self.setProperty("kept", {{"a": [1, None]}}, "Page")
        return util.SUCCESS

def builder(name, *recipe, workernames=("w1",), **rest):
    return util.BuilderConfig(name=name, workernames=list(workernames), factory=util.BuildFactory(list(recipe)), **rest)

c['builders'] = [
    builder("shell", Page(),
        steps.ShellCommand(command="echo out; echo err >&2; printf 'caf\\303\\251 \\377 \\n'; seq 400; printf end",
                           name="much", logfiles={{"extra": "extra.log"}}),
        steps.ShellCommand(command="exit 3", name="bad", flunkOnFailure=False, warnOnFailure=True), tags=["one", "two"],
        description="all kinds of logs"),
    builder("long", steps.ShellCommand(command="head -c 200000 /dev/zero | tr '\\\\0' x; echo; echo end")),
    builder("parent", steps.Trigger(schedulerNames=["triggered"], waitForFinish=True, set_properties={{"p": 1}})),
    builder("child", steps.ShellCommand(command="false")),
    builder("waits", steps.ShellCommand(command="true"), workernames=["never"]),
    builder("slow", steps.ShellCommand(command="echo begun; sleep 1000")),
]
c['schedulers'] = [
    schedulers.ForceScheduler(name="force", builderNames=[b.name for b in c['builders']]),
    schedulers.Triggerable(name="triggered", builderNames=["child"]),
    schedulers.SingleBranchScheduler(name="main", branch="main", builderNames=["shell"]),
    schedulers.SingleBranchScheduler(name="later", branch="main", builderNames=["child"], treeStableTimer=36000),
]
"""


class Rest:
    """The data API of either.

    Args:
        hangs_up: it does so sometimes before it has answered, as Buildbot does; then it is asked once more.
    """

    def __init__(self, port: int, *, hangs_up: bool = False) -> None:
        self.port = port
        self._url = f"http://127.0.0.1:{port}/api/v2"
        self._hangs_up = hangs_up

    def get(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(f"{self._url}/{path}", timeout=60) as answer:
                return json.load(answer)
        except (http.client.IncompleteRead, ConnectionResetError):
            if not self._hangs_up:
                raise
            return self.get(path)

    def rows(self, kind: str) -> list[Any]:
        """All of a list, in as many pages as it takes."""
        found: list[Any] = []
        path = kind
        while True:
            document = self.get(path)
            found += document[kind]
            if (place := document["meta"].get("next")) is None:
                return found
            path = f"{kind}?after={quote(place)}"

    def raw(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self._url}/{path}", timeout=60) as answer:
            text: bytes = answer.read()
            return text

    def answers(self) -> bool:
        try:
            self.get("masters")
        except OSError:
            return False
        return True

    def post(self, path: str, method: str, **params: object) -> Any:
        body = json.dumps({"id": 1, "jsonrpc": "2.0", "method": method, "params": params}).encode()
        request = urllib.request.Request(f"{self._url}/{path}", data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["result"]


@contextmanager
def running(command: list[str | Path], folder: Path, rest: Rest, *, kill: bool = False) -> Iterator[None]:
    """A master, as long as the block lasts."""
    environ = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "PYTHONPATH") if key in os.environ}
    with open(folder / "out.log", "ab") as out:
        process = subprocess.Popen(command, cwd=folder, env=environ, stdout=out, stderr=out)
    try:
        wait_for(lambda: process.poll() is not None or rest.answers())
        assert process.poll() is None, (folder / "out.log").read_text(errors="replace")[-2000:]
        yield
    finally:
        process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        process.wait(60)


class Theirs:
    """A Buildbot master's directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ports = free_port(), free_port()
        self._program = peer_program("buildbot")
        self.pb_port = ports[1]
        self.rest = Rest(ports[0], hangs_up=True)
        self.database = folder / "state.sqlite"
        self.unfinished: set[int] = set()
        subprocess.run([self._program, "create-master", "-q", "--relocatable", folder], check=True)
        (folder / "master.cfg").write_text(THEIRS.format(web_port=ports[0], pb_port=ports[1]))

    @contextmanager
    def running(self, *, kill: bool = False) -> Iterator[Rest]:
        with running([self._program, "start", "--nodaemon", "."], self.folder, self.rest, kill=kill):
            yield self.rest

    def moved(self, folder: Path) -> Theirs:
        """A copy at another place, whose worker is no local one; it takes this one's ports."""
        shutil.copytree(self.folder, folder)
        (folder / "twistd.pid").unlink(missing_ok=True)
        config = (folder / "master.cfg").read_text()
        config = config.replace('LocalWorker("w1", max_builds=2)', 'Worker("w1", "x")').replace("'null': {}, ", "")
        (folder / "master.cfg").write_text(config)
        moved = copy(self)
        moved.folder, moved.database = folder, folder / "state.sqlite"
        return moved

    def send_change(self, comments: str) -> None:
        subprocess.run(
            [self._program, "sendchange", "-m", f"127.0.0.1:{self.pb_port}", "-W", "me <me@localhost>", "-b", "main",
             "-c", comments, "-r", "abc", "-R", "file:///r", "--property", "x:y", "a.txt", "b.txt"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip


def make_builds(theirs: Theirs, *, slow: bool = True) -> None:
    """Have some builds made; with `slow`, the master is killed while one more runs."""
    with theirs.running(kill=slow) as rest:
        ids = {b["name"]: b["builderid"] for b in rest.get("builders")["builders"]}
        theirs.send_change("the first\nof two lines")
        theirs.send_change("the second")
        for name in ("shell", "long", "parent", "waits"):
            rest.post("forceschedulers/force", "force", builderid=ids[name], reason=f"try {name}")

        def finished() -> bool:
            builds = rest.get("builds")["builds"]
            return len(builds) == 6 and all(build["complete"] for build in builds)

        wait_for(finished)
        first = next(b for b in rest.get("builds")["builds"] if b["builderid"] == ids["shell"])
        rest.post(f"builds/{first['buildid']}", "rebuild")
        wait_for(lambda: sum(b["complete"] for b in rest.get("builds")["builds"]) == 7)
        if slow:
            rest.post("forceschedulers/force", "force", builderid=ids["slow"])
            wait_for(lambda: "begun" in _text_of_slow(rest))


def _text_of_slow(rest: Rest) -> str:
    """What the build that does not end has written."""
    build = next((b for b in rest.get("builds")["builds"] if not b["complete"]), None)
    steps = rest.get(f"builds/{build['buildid']}/steps")["steps"] if build else []
    logs = [log for step in steps for log in rest.get(f"steps/{step['stepid']}/logs")["logs"]]
    chunks = [chunk for log in logs for chunk in rest.get(f"logs/{log['logid']}/contents")["logchunks"]]
    return "".join(chunk["content"] for chunk in chunks)


# Tables that hang on a build, with the column that names their parent and its table.
COPIED: tuple[tuple[str, str | None, dict[str, str]], ...] = (
    ("buildsets", "id", {}),
    ("buildset_properties", None, {"buildsetid": "buildsets"}),
    ("buildset_sourcestamps", "id", {"buildsetid": "buildsets"}),
    ("buildrequests", "id", {"buildsetid": "buildsets"}),
    ("buildrequest_claims", None, {"brid": "buildrequests"}),
    ("builds", "id", {"buildrequestid": "buildrequests"}),
    ("build_properties", None, {"buildid": "builds"}),
    ("steps", "id", {"buildid": "builds"}),
    ("logs", "id", {"stepid": "steps"}),
    ("logchunks", None, {"logid": "logs"}),
)


def grow(database: Path, wanted: int) -> None:
    """Copy all that has ended, with what hangs on it, until there are so many builds; and add two patches."""
    with closing(sqlite3.connect(database)) as db, db:
        db.row_factory = sqlite3.Row
        count = db.execute("SELECT count(*) FROM builds").fetchone()[0]
        step = {
            table: 1 + db.execute(f"SELECT max({key}) FROM {table}").fetchone()[0] for table, key, _ in COPIED if key
        }
        done = {row[0] for row in db.execute("SELECT id FROM buildsets WHERE complete = 1")}
        rows: dict[str, list[dict[str, Any]]] = {}
        kept: dict[str, set[int]] = {"buildsets": done}
        for table, key, parents in COPIED:
            found = [dict(row) for row in db.execute(f"SELECT * FROM {table}")]
            found = [row for row in found if all(row[column] in kept[of] for column, of in parents.items())]
            if table == "buildsets":
                found = [row for row in found if row["id"] in done]
            if key:
                kept[table] = {row[key] for row in found}
            rows[table] = found
        numbers = 1 + max(row["number"] for row in rows["builds"])
        for copy in range(1, 1 + -(-(wanted - count) // len(rows["builds"]))):
            for table, key, parents in COPIED:
                moved = []
                for row in rows[table]:
                    row = dict(row)
                    for column, of in (*parents.items(), *([(key, table)] if key else [])):
                        row[column] += copy * step[of]
                    if table == "builds":
                        row["number"] += copy * numbers
                    if table == "buildsets":
                        row["parent_buildid"] = row["rebuilt_buildid"] = None
                    moved.append(row)
                names = list(moved[0])
                db.executemany(
                    f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
                    [list(row.values()) for row in moved],
                )
        for number in (1, 2):  # equal in all but their ids
            patch = db.execute(
                "INSERT INTO patches (patchlevel, patch_base64, patch_author, patch_comment, subdir) "
                "VALUES (1, 'LS0tIGEKKysrIGIK', 'me', 'mine', '')"
            ).lastrowid
            db.execute(
                "INSERT INTO sourcestamps (ss_hash, branch, patchid, repository, codebase, project, created_at) "
                "VALUES (?, 'main', ?, 'file:///r', '', '', 1700000000)",
                [hashlib.sha1(str(number).encode()).hexdigest(), patch],
            )


@contextmanager
def theirs_again(theirs: Theirs) -> Iterator[Rest]:
    """Buildbot with the records as they were carried over: a copy, since a start changes what was not finished."""
    kept = theirs.folder.with_name("kept.sqlite")
    shutil.copy(theirs.database, kept)
    config = theirs.folder / "master.cfg"
    config.write_text(config.read_text().replace('LocalWorker("w1", max_builds=2)', 'Worker("w1", "x")'))
    with theirs.running(kill=True) as rest:
        yield rest
    shutil.copy(kept, theirs.database)
    (theirs.folder / "twistd.pid").unlink(missing_ok=True)
