"""The records of a real Buildbot master, carried over: both masters say the same about them over REST.

Buildbot makes a few builds of every kind itself; copies of them in its tables make many. `BUILDS` of the environment
says how many (10,000 take some minutes).
"""

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
from pathlib import Path
from typing import Any

import pytest

from tests import postgres
from tests.programs import BIN, free_port, peer_program, wait_for

pytestmark = pytest.mark.slow

BUILDS = int(os.environ.get("BUILDS", "60"))

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

OURS = """
from buildbot.plugins import *
c = BuildmasterConfig = {{}}
c['workers'] = [worker.Worker("w1", "x"), worker.Worker("never", "x")]
c['protocols'] = {{'msgpack_experimental_v7': {{'port': {worker_port}, 'interface': '127.0.0.1'}}}}
c['www'] = dict(port='tcp:{web_port}:interface=127.0.0.1')
c['db'] = {{'db_url': {db_url!r}}}
c['collapseRequests'] = False
c['builders'] = [
    util.BuilderConfig(name=name, workernames=["w1"], factory=util.BuildFactory([steps.ShellCommand(command="true")]))
    for name in ("shell", "long", "parent", "child", "waits", "slow")
]
c['schedulers'] = [schedulers.ForceScheduler(name="force", builderNames=[b.name for b in c['builders']])]
"""


class Rest:
    """The data API of either."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/api/v2"

    def get(self, path: str) -> Any:
        try:
            with urllib.request.urlopen(f"{self._url}/{path}", timeout=60) as answer:
                return json.load(answer)
        except http.client.IncompleteRead:  # Buildbot sometimes hangs up in the middle
            return self.get(path)

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
        self.rest = Rest(ports[0])
        self.database = folder / "state.sqlite"
        self.unfinished: set[int] = set()
        subprocess.run([self._program, "create-master", "-q", folder], check=True)
        (folder / "master.cfg").write_text(THEIRS.format(web_port=ports[0], pb_port=ports[1]))

    @contextmanager
    def running(self, *, kill: bool = False) -> Iterator[Rest]:
        with running([self._program, "start", "--nodaemon", "."], self.folder, self.rest, kill=kill):
            yield self.rest

    def send_change(self, comments: str) -> None:
        subprocess.run(
            [self._program, "sendchange", "-m", f"127.0.0.1:{self.pb_port}", "-W", "me <me@localhost>", "-b", "main",
             "-c", comments, "-r", "abc", "-R", "file:///r", "--property", "x:y", "a.txt", "b.txt"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip


def _make_builds(theirs: Theirs) -> None:
    with theirs.running(kill=True) as rest:
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


def _grow(database: Path, wanted: int) -> None:
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


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Theirs:
    """A Buildbot master that was killed while it had work, with many builds."""
    made = Theirs(tmp_path_factory.mktemp("theirs") / "m")
    _make_builds(made)
    with closing(sqlite3.connect(made.database)) as db:
        made.unfinished = {row[0] for row in db.execute("SELECT id FROM builds WHERE complete_at IS NULL")}
    assert len(made.unfinished) == 1
    _grow(made.database, BUILDS)
    (made.folder / "twistd.pid").unlink(missing_ok=True)
    return made


def _new_master(folder: Path, db_url: str, rest_port: int) -> None:
    subprocess.run([BIN / "buildmill", "create-master", "-q", "--db", db_url, folder], check=True)
    text = OURS.format(web_port=rest_port, worker_port=free_port(), db_url=db_url)
    (folder / "master.cfg").write_text(text)


def _carry(theirs: Theirs, into: Path) -> Any:
    """Have the command die in the middle, again and again, before it is left to end; its report."""
    command: list[str | Path] = [BIN / "buildmill", "import-buildbot", theirs.folder, "--into", into, "--json"]
    for batch in (2, 9, 13):  # of each run
        environ = {**os.environ, "BUILDMILL_FAILPOINT": f"import.before_commit:{batch}"}
        assert subprocess.run(command, env=environ, check=False).returncode == -signal.SIGKILL
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


KINDS = (
    ("builders", "builderid"), ("workers", "workerid"), ("changes", "changeid"), ("buildsets", "bsid"),
    ("buildrequests", "buildrequestid"), ("builds", "buildid"), ("sourcestamps", "ssid"),
)  # fmt: skip
# Buildbot gives no body of a patch over REST.
IGNORED = {
    "body",
    "masterids",
    "connected_to",
    "configured_on",
    "master",
    "sourcestamp",
    "sourcestamps",
    "buildset",
    "links",
}


def _same(ours: Any, theirs: Any, path: str = "") -> None:
    """All that theirs says ours says as well."""
    if isinstance(theirs, dict):
        for key, value in theirs.items():
            if key not in IGNORED:
                assert key in ours, f"{path}/{key}"
                _same(ours[key], value, f"{path}/{key}")
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs), path
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            _same(one, other, f"{path}[{number}]")
    else:
        assert ours == theirs, path


def _by(key: str, documents: list[Any]) -> list[Any]:
    return sorted(documents, key=lambda document: document[key])


def _compare(ours: Rest, theirs: Rest, slow: set[int]) -> int:
    """Go through everything, `slow` being the builds that had not ended; how many logs were compared."""
    for kind, key in KINDS:
        found, wanted = _by(key, ours.get(kind)[kind]), _by(key, theirs.get(kind)[kind])
        assert [row[key] for row in found] == [row[key] for row in wanted], kind
        for one, other in zip(found, wanted, strict=True):
            skipped = {
                "description_html",
                "workerinfo",
                "tags",
                "description",
                "description_format",
                "parent_changeids",
            }
            if not other.get("complete", True):
                # of what was not finished: claimed anew here, ended as a retry
                skipped |= {"claimed", "claimed_at", "claimed_by_masterid", "complete", "complete_at", "results",
                            "state_string"}  # fmt: skip
            if other.get("buildid") in slow:
                skipped |= {"complete", "complete_at", "results", "state_string"}
            kept = {name: value for name, value in other.items() if name not in skipped}
            _same(one, kept, f"{kind} {other[key]}")
    logs = 0
    for build in theirs.get("builds?field=buildid")["builds"]:
        place = f"builds/{build['buildid']}/properties"
        _same(ours.get(place)["properties"], theirs.get(place)["properties"], place)
        steps = [_by("number", rest.get(f"builds/{build['buildid']}/steps")["steps"]) for rest in (ours, theirs)]
        for one, other in zip(*steps, strict=True):
            skipped = set() if build["buildid"] not in slow else {"complete", "complete_at", "results", "state_string"}
            _same(one, {name: value for name, value in other.items() if name not in skipped}, f"step {other['stepid']}")
            logs += _compare_logs(ours, theirs, other["stepid"])
    return logs


def _compare_logs(ours: Rest, theirs: Rest, step: int) -> int:
    found, wanted = [rest.get(f"steps/{step}/logs")["logs"] for rest in (ours, theirs)]
    assert [log["logid"] for log in found] == [log["logid"] for log in wanted]
    for one, other in zip(found, wanted, strict=True):
        if other["complete"]:
            _same(one, other, f"log {other['logid']}")
        place = f"logs/{other['logid']}/contents"
        texts = ["".join(c["content"] for c in rest.get(place)["logchunks"]) for rest in (ours, theirs)]
        digests = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        assert digests[0] == digests[1], place
    return len(wanted)


def _ours(theirs: Theirs, folder: Path, url: str) -> tuple[Rest, list[str | Path], Any]:
    """A new master on the database at `url` with the records; how it is started, and the report."""
    port = free_port()
    _new_master(folder, url, port)
    report = _carry(theirs, folder)
    assert report["resumed"]
    assert report["left_out"] == {}
    assert report["damaged_logs"] == []
    assert report["carried"]["builds"] >= BUILDS
    return Rest(port), [BIN / "buildmill", "start", "--nodaemon", folder], report


@pytest.mark.postgres
def test_records_are_the_same_on_both(theirs: Theirs, tmp_path: Path, postgres_cluster: postgres.Cluster) -> None:
    urls = {"sqlite": "sqlite:///state.sqlite", "postgresql": postgres_cluster.url(postgres_cluster.create_database())}
    carried = {name: _ours(theirs, tmp_path / name, url) for name, url in urls.items()}
    with theirs_again(theirs) as there:
        for name, (ours, program, report) in carried.items():
            with running(program, tmp_path / name, ours):
                assert _compare(ours, there, theirs.unfinished) == report["carried"]["logs"]
        tags = {b["name"]: b["tags"] for b in there.get("builders")["builders"]}
    assert tags["shell"] == ["one", "two"]
    for name in urls:
        command: list[str | Path] = [BIN / "buildmill", "check", "--contents", "-q", tmp_path / name]
        checked = subprocess.run(command, capture_output=True)
        assert checked.returncode == 0, checked.stdout


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
