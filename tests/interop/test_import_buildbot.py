"""The records of a real Buildbot master, carried over: both masters say the same about them over REST.

Buildbot makes a few builds of every kind itself; copies of them in its tables make many. `BUILDS` of the environment
says how many (10,000 take some minutes).
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests import postgres
from tests.interop.original_master import Rest, Theirs, grow, make_builds, running, theirs_again
from tests.programs import BIN, free_port

pytestmark = pytest.mark.slow

BUILDS = int(os.environ.get("BUILDS", "60"))

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


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Theirs:
    """A Buildbot master that was killed while it had work, with many builds."""
    made = Theirs(tmp_path_factory.mktemp("theirs") / "m")
    make_builds(made)
    with closing(sqlite3.connect(made.database)) as db:
        made.unfinished = {row[0] for row in db.execute("SELECT id FROM builds WHERE complete_at IS NULL")}
    assert len(made.unfinished) == 1
    grow(made.database, BUILDS)
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
        found, wanted = _by(key, ours.rows(kind)), _by(key, theirs.rows(kind))
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
