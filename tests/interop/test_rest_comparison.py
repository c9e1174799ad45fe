"""The same records, read over both REST APIs: every path, with many queries, document by document.

A real Buildbot master makes builds; its records are carried over; then Buildbot and this master are asked the same
questions. What may differ is in `docs/reference/differences.md`, and here in `_listed`. `QUERIES` of the environment
says how many there are of each path (40 take some minutes).
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.interop.original_master import Rest, Theirs, make_builds, running
from tests.programs import BIN, free_port

pytestmark = pytest.mark.slow

QUERIES = int(os.environ.get("QUERIES", "18"))
PATHS = """
/
application.spec
branches/{branchid}
builders
builders/{builderid}
builders/{builderid}/buildrequests
builders/{builderid}/builds
builders/{builderid}/builds/{build_number}
builders/{builderid}/builds/{build_number}/changes
builders/{builderid}/builds/{build_number}/data
builders/{builderid}/builds/{build_number}/data/{name}
builders/{builderid}/builds/{build_number}/data/{name}/value
builders/{builderid}/builds/{build_number}/properties
builders/{builderid}/builds/{build_number}/steps
builders/{builderid}/builds/{build_number}/steps/{step_name}
builders/{builderid}/builds/{build_number}/steps/{step_name}/logs
builders/{builderid}/builds/{build_number}/steps/{step_name}/logs/{log_slug}
builders/{builderid}/builds/{build_number}/steps/{step_name}/logs/{log_slug}/contents
builders/{builderid}/builds/{build_number}/steps/{step_name}/logs/{log_slug}/raw
builders/{builderid}/builds/{build_number}/steps/{step_name}/logs/{log_slug}/raw_inline
builders/{builderid}/builds/{build_number}/steps/{step_number}
builders/{builderid}/builds/{build_number}/steps/{step_number}/logs
builders/{builderid}/builds/{build_number}/steps/{step_number}/logs/{log_slug}
builders/{builderid}/builds/{build_number}/steps/{step_number}/logs/{log_slug}/contents
builders/{builderid}/builds/{build_number}/steps/{step_number}/logs/{log_slug}/raw
builders/{builderid}/builds/{build_number}/steps/{step_number}/logs/{log_slug}/raw_inline
builders/{builderid}/forceschedulers
builders/{builderid}/masters
builders/{builderid}/masters/{masterid}
builders/{builderid}/test_result_sets
builders/{builderid}/workers
builders/{builderid}/workers/{name}
builders/{builderid}/workers/{workerid}
builders/{buildername}
builders/{buildername}/builds
builders/{buildername}/builds/{build_number}
builders/{buildername}/builds/{build_number}/data
builders/{buildername}/builds/{build_number}/data/{name}
builders/{buildername}/builds/{build_number}/data/{name}/value
builders/{buildername}/builds/{build_number}/steps
builders/{buildername}/builds/{build_number}/steps/{step_name}
builders/{buildername}/builds/{build_number}/steps/{step_name}/logs
builders/{buildername}/builds/{build_number}/steps/{step_name}/logs/{log_slug}
builders/{buildername}/builds/{build_number}/steps/{step_number}
builders/{buildername}/builds/{build_number}/steps/{step_number}/logs
builders/{buildername}/builds/{build_number}/steps/{step_number}/logs/{log_slug}
builders/{buildername}/test_result_sets
buildrequests
buildrequests/{buildrequestid}
buildrequests/{buildrequestid}/builds
builds
builds/{buildid}
builds/{buildid}/changes
builds/{buildid}/data
builds/{buildid}/data/{name}
builds/{buildid}/data/{name}/value
builds/{buildid}/properties
builds/{buildid}/property_list
builds/{buildid}/steps
builds/{buildid}/steps/{step_name}
builds/{buildid}/steps/{step_name}/logs
builds/{buildid}/steps/{step_name}/logs/{log_slug}
builds/{buildid}/steps/{step_name}/logs/{log_slug}/contents
builds/{buildid}/steps/{step_name}/logs/{log_slug}/raw
builds/{buildid}/steps/{step_name}/logs/{log_slug}/raw_inline
builds/{buildid}/steps/{step_number}
builds/{buildid}/steps/{step_number}/logs
builds/{buildid}/steps/{step_number}/logs/{log_slug}
builds/{buildid}/steps/{step_number}/logs/{log_slug}/contents
builds/{buildid}/steps/{step_number}/logs/{log_slug}/raw
builds/{buildid}/steps/{step_number}/logs/{log_slug}/raw_inline
builds/{buildid}/test_result_sets
builds/{buildid}/triggered_builds
buildsets
buildsets/{bsid}
buildsets/{bsid}/properties
buildsets/{bsid}/properties_list
buildsets/{buildsetid}/sourcestamps
changes
changes/{changeid}
changes/{changeid}/builds
changes/{changeid}/properties_list
changesources
changesources/{changesourceid}
codebases
codebases/{codebaseid}
codebases/{codebaseid}/branches
codebases/{codebaseid}/commit_range/{commitid1}/{commitid2}/commits_common_parent
codebases/{codebaseid}/commit_range/{commitid1}/{commitid2}/test_result_sets
codebases/{codebaseid}/commits
codebases/{codebaseid}/commits_by_revision/{revision}
commits/{commitid}
forceschedulers
forceschedulers/{schedulername}
logchunks
logs/{logid}
logs/{logid}/contents
logs/{logid}/raw
logs/{logid}/raw_inline
masters
masters/{masterid}
masters/{masterid}/builders
masters/{masterid}/builders/{builderid}
masters/{masterid}/builders/{builderid}/workers
masters/{masterid}/builders/{builderid}/workers/{name}
masters/{masterid}/builders/{builderid}/workers/{workerid}
masters/{masterid}/changesources
masters/{masterid}/changesources/{changesourceid}
masters/{masterid}/schedulers
masters/{masterid}/schedulers/{schedulerid}
masters/{masterid}/workers
masters/{masterid}/workers/{name}
masters/{masterid}/workers/{workerid}
projects
projects/{projectid}
projects/{projectid}/builders
projects/{projectid}/codebases/{codebasename}
projects/{projectname}
schedulers
schedulers/{schedulerid}
sourcestamps
sourcestamps/{ssid}
sourcestamps/{ssid}/changes
steps/{stepid}
steps/{stepid}/logs
steps/{stepid}/logs/{log_slug}
steps/{stepid}/logs/{log_slug}/contents
steps/{stepid}/logs/{log_slug}/raw
steps/{stepid}/logs/{log_slug}/raw_inline
steps/{stepid}/test_result_sets
test_result_sets
test_result_sets/{test_result_setid}
test_result_sets/{test_result_setid}/results
workers
workers/{name}
workers/{workerid}
workers/{workerid}/builders
workers/{workerid}/builds
"""
# These two tell about the master itself, which are two.
OWN = {"name", "last_active"}


@dataclass(frozen=True)
class Answer:
    """What one of both has said."""

    status: int
    content_type: str
    body: bytes


class Asker:
    """One connection to one of both; opened again when the other side has hung up."""

    def __init__(self, rest: Rest) -> None:
        self._port = rest.port
        self._connection = self._open()

    def _open(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)

    def ask(self, path: str) -> Answer:
        for attempt in range(3):
            try:
                self._connection.request("GET", f"/api/v2/{path}".rstrip("/"), headers={"Accept": "application/json"})
                answer = self._connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException):
                self._connection.close()
                self._connection = self._open()
                if attempt == 2:
                    raise
            else:
                return Answer(answer.status, answer.getheader("Content-Type", ""), body)
        raise AssertionError("not reached")


@dataclass
class Comparison:
    """What came out."""

    asked: int = 0
    equal_bytes: int = 0
    differences: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Rest, Rest]]:
    """Buildbot and this master, both running on the same records."""
    folder = tmp_path_factory.mktemp("both")
    first = Theirs(folder / "first")
    make_builds(first, slow=False)
    # A Buildbot at another place is another master, as this one is: then both are the second that the records know.
    moved = first.moved(folder / "theirs")
    port = free_port()
    ours = folder / "ours"
    subprocess.run([BIN / "buildmill", "create-master", "-q", ours], check=True)
    config = (moved.folder / "master.cfg").read_text().replace(f"tcp:{moved.rest.port}:", f"tcp:{port}:")
    config = config.replace("{'pb':", "{'msgpack_experimental_v7':").replace(str(moved.pb_port), str(free_port()))
    (ours / "master.cfg").write_text(config)
    subprocess.run(
        [BIN / "buildmill", "import-buildbot", first.folder, "--into", ours, "-q"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    rest = Rest(port)
    with moved.running() as there, running([BIN / "buildmill", "start", "--nodaemon", ours], ours, rest):
        yield rest, there


def test_every_path_gives_the_same_documents(both: tuple[Rest, Rest]) -> None:
    ours, theirs = map(Asker, both)
    names = _names(both[1])
    outcome = Comparison()
    for pattern in PATHS.split():
        path = "" if pattern == "/" else pattern.format_map(names)
        for query in _queries(path, ours.ask(path)):
            _compare(f"{path}?{query}" if query else path, ours, theirs, outcome)

    assert not outcome.differences, "\n".join(outcome.differences)
    assert outcome.asked >= 10 * len(PATHS.split())
    assert outcome.equal_bytes > outcome.asked // 2


def _names(theirs: Rest) -> Mapping[str, object]:
    """What stands for the keys of the paths: a build with steps and logs of every kind, and what belongs to it."""
    builder = next(b for b in theirs.get("builders")["builders"] if b["name"] == "shell")
    build = theirs.get(f"builders/{builder['builderid']}/builds?order=number")["builds"][0]
    step = next(s for s in theirs.get(f"builds/{build['buildid']}/steps")["steps"] if s["name"] == "much")
    log = theirs.get(f"steps/{step['stepid']}/logs")["logs"][0]
    master = next(m for m in theirs.get("masters")["masters"] if m["active"])
    return {
        "bsid": theirs.get(f"buildrequests/{build['buildrequestid']}")["buildrequests"][0]["buildsetid"],
        "buildsetid": theirs.get(f"buildrequests/{build['buildrequestid']}")["buildrequests"][0]["buildsetid"],
        "build_number": build["number"],
        "builderid": builder["builderid"],
        "buildername": "shell",
        "buildid": build["buildid"],
        "buildrequestid": build["buildrequestid"],
        "changeid": 1,
        "changesourceid": 1,
        "log_slug": log["slug"],
        "logid": log["logid"],
        "masterid": master["masterid"],
        "name": "w1",
        "schedulerid": 1,
        "schedulername": "force",
        "ssid": 1,
        "step_name": step["name"],
        "step_number": step["number"],
        "stepid": step["stepid"],
        "workerid": 1,
        "projectid": 1,
        "projectname": "none",
        "codebaseid": 1,
        "codebasename": "none",
        "commitid": 1,
        "commitid1": 1,
        "commitid2": 2,
        "branchid": 1,
        "revision": "abc",
        "test_result_setid": 1,
    }


def _queries(path: str, plain: Answer) -> list[str]:
    """About `QUERIES` questions about one path, by what it has: orders, pages, chosen fields, filters, mistakes."""
    general = ["", "limit=2", "limit=2&offset=1", "offset=1", "limit=x", "offset=x", "limit=0", "nothing=1",
               "nothing__eq=1", "field=nothing", "order=nothing", "property=*"]  # fmt: skip
    rows = _rows(plain)
    if not rows or not isinstance(rows[-1], dict):
        return general
    row = rows[-1]
    special = []
    for name, value in sorted(row.items()):
        if path.startswith("masters") and name in OWN:
            continue
        special += [f"field={name}", f"order={name}", f"order=-{name}"]
        if isinstance(value, bool):
            special += [f"{name}=true", f"{name}=off", f"{name}=perhaps", f"{name}__ne=1"]
        elif isinstance(value, int):
            special += [f"{name}={value}", f"{name}__ne={value}", f"{name}__lt={value}", f"{name}__ge={value}",
                        f"{name}={value}&{name}=1", f"{name}__notin=1&{name}__notin=2", f"{name}=x"]  # fmt: skip
        elif isinstance(value, str) and value.isalnum():
            special += [f"{name}={value}", f"{name}__ne={value}", f"{name}__contains={value[:2]}", f"{name}__gt=a",
                        f"{name}__in={value}&{name}__in=x"]  # fmt: skip
        elif value is None:
            special += [f"{name}=1", f"{name}__ne=1"]
        special.append(f"{name}__odd=1")
    wanted = QUERIES - len(general)
    stride = max(1, len(special) // wanted)
    return general + special[::stride][: wanted + 10]


def _rows(answer: Answer) -> list[Any]:
    if answer.status != 200 or not answer.content_type.startswith("application/json"):
        return []
    (key,) = set(json.loads(answer.body)) - {"meta"}
    found: list[Any] = json.loads(answer.body)[key]
    return found


def _compare(path: str, ours: Asker, theirs: Asker, outcome: Comparison) -> None:
    one, other = ours.ask(path), theirs.ask(path)
    outcome.asked += 1
    if one.status == other.status and one.body == other.body and one.content_type == other.content_type:
        outcome.equal_bytes += 1
        return
    if _listed(path, one, other):
        return
    if one.status != other.status:
        outcome.differences.append(
            f"{path}: {one.status} instead of {other.status}: {one.body[:150]!r}, {other.body[:150]!r}"
        )
    elif one.status == 200 and one.content_type != other.content_type:
        outcome.differences.append(f"{path}: {one.content_type} instead of {other.content_type}")
    elif one.status == 200 and one.content_type.startswith("application/json"):
        found, wanted = (json.loads(answer.body) for answer in (one, other))
        if found != wanted:
            outcome.differences.append(f"{path}: {_first_difference(found, wanted)}")
    elif one.status == 200:
        outcome.differences.append(f"{path}: {one.body[:200]!r} instead of {other.body[:200]!r}")


def _first_difference(found: Any, wanted: Any, place: str = "") -> str:
    if isinstance(found, dict) and isinstance(wanted, dict):
        if set(found) != set(wanted):
            return f"{place} has {sorted(set(found) ^ set(wanted))} too much or not"
        for key in found:
            if found[key] != wanted[key]:
                return _first_difference(found[key], wanted[key], f"{place}/{key}")
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        for number, (one, other) in enumerate(zip(found, wanted, strict=True)):
            if one != other:
                return _first_difference(one, other, f"{place}[{number}]")
    return f"{place} is {found!r:.200} instead of {wanted!r:.200}"


TIMES = ("_at", "last_active")


def _listed(path: str, one: Answer, other: Answer) -> bool:
    """Whether this is one of the differences that the manual lists."""
    where, _, query = path.partition("?")
    asked = re.split("[=&]", query)[0]
    if other.status == 500:
        return one.status < 500  # a failure of Buildbot's is none here
    if one.status == 400 and b"cannot order by" in one.body:
        return True  # lists and objects
    if one.status != other.status or one.content_type != other.content_type:
        return False
    if asked.removesuffix("__ne").endswith(TIMES) and "order" not in query and "field" not in query:
        return True  # filters of times count in every collection
    if where.endswith("/changes") and where.startswith("sourcestamps/"):
        return True  # all changes of the source stamp, not only one
    if asked == "claimed_by_masterid__ne":
        return True  # a comparison with null
    if query in ("field=name", "field=last_active") and "masters" in where:
        return True  # two masters have two names, and two hearts
    if where == "application.spec":
        return bool(query) or _specs(other).items() <= _specs(one).items()  # paths of ours are told, too
    found, wanted = _comparable(where, query, one), _comparable(where, query, other)
    if where.endswith(("property_list", "properties_list")) and found is not None:
        found["meta"].pop("total")  # of all, not of the page
        wanted["meta"].pop("total")
    return found is not None and bool(found == wanted)


def _specs(answer: Answer) -> dict[str, set[str]]:
    """The names of the fields, by path."""
    return {
        row["path"]: {of["name"] for of in row["type_spec"].get("fields", ())}
        for row in json.loads(answer.body)["specs"]
    }


def _comparable(where: str, query: str, answer: Answer) -> Any:
    """The document without what may differ; None if it is none."""
    if not answer.content_type.startswith("application/json"):
        return None
    document = json.loads(answer.body)
    (key,) = set(document) - {"meta"}
    _forget_master(document)
    rows = document[key]
    for row in rows:
        if "configured_on" in row:
            row["configured_on"].sort(key=str)
    if "limit=" in query or "offset=" in query:
        return document
    if order := re.match("order=(-?)([a-z_]+)", query):
        # which of equal rows comes first is nobody's promise; changes are in the opposite of the order there
        document["order"] = [row.get(order[2]) for row in rows] if "changes" not in where else []
    document[key] = sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))
    return document


def _forget_master(value: Any) -> None:
    """Both masters have a name and a heart of their own."""
    if isinstance(value, dict):
        if {"last_active", "active"} <= set(value):
            value.pop("last_active")
            value.pop("name", None)
        for inner in value.values():
            _forget_master(inner)
    elif isinstance(value, list):
        for inner in value:
            _forget_master(inner)
