"""What operators watch, badges, and the files of plugins."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from buildmill.common.errors import InvalidInput, NotSupported
from buildmill.master.auth.access import Access
from buildmill.master.data.token_text import digest_of, token_of
from buildmill.master.db import api_tokens
from buildmill.master.db.writer import MAX_BATCH
from buildmill.master.domain.rights import Policy
from buildmill.master.web import metrics
from buildmill.master.web.badges import COLORS, Look, look_of, render
from buildmill.master.web.operations import Tally
from buildmill.master.web.plugins import PluginFiles
from buildmill.master.web.pulse import Pulse
from tests.scene import Scene
from tests.unit.master.web.conftest import Face
from tests.unit.master.web.test_live import Client
from tests.unit.master.web.test_sse import Reader

# -- health ----------------------------------------------------------------------------


def test_a_master_that_works_is_alive_and_ready(face: Face) -> None:
    alive, ready = face.request("GET", "/health/live"), face.request("GET", "/health/ready")

    assert (alive.status, alive.json) == (200, {"status": "alive"})
    assert ready.status == 200
    assert ready.json == {
        "checks": {
            "database": {"ok": True}, "event_loop": {"lag_seconds": 0.0, "ok": True}, "writer": {"ok": True},
        },
        "status": "ready",
    }  # fmt: skip
    assert ready.headers["cache-control"] == "no-store"


def test_a_master_whose_database_does_not_answer_is_not_ready(face: Face) -> None:
    condition: Any = face.scene.data.condition
    answer: Deferred[None] = Deferred()
    condition.check_reading = lambda: wait_for(answer)
    connection = face.connect()

    connection.send(b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.received() == b""
    face.stage.advance(5)
    late = connection.received()
    answer.callback(None)

    assert late.startswith(b"HTTP/1.1 503 ")
    assert b"the database has not answered within 5 seconds" in late


async def wait_for(deferred: Deferred[None]) -> None:
    await deferred


def test_a_master_whose_database_is_away_is_not_ready(face: Face) -> None:
    condition: Any = face.scene.data.condition

    async def fail() -> None:
        raise LookupError("a secret of the database")

    condition.check_reading = fail
    answer = face.request("GET", "/health/ready")

    assert answer.status == 503
    assert answer.json["checks"]["database"] == {"ok": False, "problem": "the database cannot be read"}


def test_a_loop_that_hangs_is_seen() -> None:
    clock, now, beats = Clock(), [0.0], list[float]()
    pulse = Pulse(clock, lambda: now[0], beats.append)
    pulse.start()

    for step in (1.0, 1.25, 4.0):
        now[0] += step
        clock.advance(1)

    assert beats == [0.0, 0.25, 3.0]
    assert pulse.lag == 3.0
    now[0] += 9
    assert pulse.lag == 8.0
    pulse.stop()
    assert clock.getDelayedCalls() == []


# -- metrics ---------------------------------------------------------------------------


def samples(face: Face) -> dict[str, float]:
    answer = face.request("GET", "/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.body.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_metrics_tell_the_work_that_there_is(face: Face) -> None:
    face.stage.advance(40)

    found = samples(face)

    assert found["buildmill_requests_waiting"] == 1
    assert found["buildmill_oldest_request_seconds"] == 40
    assert found["buildmill_builds_running"] == 1
    states = {state: found[f'buildmill_workers{{state="{state}"}}'] for state in ("connected", "paused", "busy")}
    assert states == {"connected": 1, "paused": 0, "busy": 1}


def test_metrics_tell_how_long_things_took(face: Face) -> None:
    face.operations.start()
    updates = face.scene.updates
    face.stage.clock.advance(45)

    face.stage.result(updates.claimBuildRequests([face.scene.waiting]))
    face.stage.result(updates.finishBuild(face.scene.running, 0))
    face.stage.advance(1)

    found = samples(face)
    assert found['buildmill_queue_seconds_bucket{le="30.0"}'] == 0
    assert found['buildmill_queue_seconds_bucket{le="60.0"}'] == 1
    assert found["buildmill_queue_seconds_sum"] == 45
    assert found['buildmill_build_seconds_count{result="success"}'] == 1
    assert found['buildmill_build_seconds_sum{result="success"}'] == 45
    assert found["buildmill_reactor_lag_seconds_count"] == 2
    face.operations.stop()


def test_metrics_tell_the_batches_of_the_writer(face: Face) -> None:
    before = samples(face)

    writes = [face.scene.updates.setBuildStateString(2, str(n)) for n in range(5)]
    for write in writes:
        face.stage.result(write)
    after = samples(face)

    assert after["buildmill_writer_batch_units_sum"] - before["buildmill_writer_batch_units_sum"] == 5
    assert after["buildmill_writer_batch_units_count"] - before["buildmill_writer_batch_units_count"] == 5
    assert after["buildmill_writer_blocked"] == 0
    assert f'buildmill_writer_batch_units_bucket{{le="{2.0**9}"}}' in after
    assert MAX_BATCH <= 2**9


def test_metrics_tell_of_clients_and_what_waits_for_them(face: Face) -> None:
    face.operations.clients = face.server.event_clients
    reader, client = Reader(face, "/builds/*/update"), Client(face)
    client.subscribe("builds/*/update")
    reader.connection.wire.room = 1
    for number in range(4):
        face.stage.result(face.scene.updates.setBuildStateString(2, str(number)))

    found = samples(face)

    assert found['buildmill_event_clients{kind="socket"}'] == found['buildmill_event_clients{kind="stream"}'] == 1
    assert 500 < found["buildmill_event_backlog_bytes"] < 3000
    assert found["buildmill_event_backlog_max_bytes"] == found["buildmill_event_backlog_bytes"]
    assert found["buildmill_event_overruns_total"] == 0
    assert found["buildmill_events_total"] == face.stage.bus.sequence


def test_each_master_has_metrics_of_its_own(scene: Scene) -> None:
    faces = [Face(scene), Face(scene)]

    assert [samples(face)["buildmill_requests_waiting"] for face in faces] == [1, 1]
    for face in faces:
        face.close()


def test_without_the_package_metrics_say_what_to_install(face: Face, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, metrics.PACKAGE, None)

    answer = face.request("GET", "/metrics")

    assert (answer.status, answer.body.decode()) == (501, metrics.HOW_TO_GET)


def test_a_tally_puts_values_where_they_belong() -> None:
    tally = Tally((1, 2))
    for value in (0, 1, 1.5, 2, 3):
        tally.add(value)

    assert (tally.counts, tally.sum) == ([2, 2, 1], 7.5)


@pytest.mark.parametrize("path", ["/health/nothing", "/metricsx", "/badges/fast", "/plugins/nothing/x"])
def test_what_is_not_there(face: Face, path: str) -> None:
    assert face.request("GET", path).status == 404


def test_only_reading_is_possible(face: Face) -> None:
    answer = face.request("POST", "/health/live")

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


# -- badges ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/badges/fast.svg", "/plugins/badges/fast.svg", "/badges/1.svg"])
def test_a_badge_shows_the_newest_build(face: Face, path: str) -> None:
    running = face.request("GET", path)
    face.stage.result(face.scene.updates.finishBuild(face.scene.running, 2))
    failed = face.request("GET", path)

    assert running.headers["content-type"] == "image/svg+xml; charset=utf-8"
    assert running.headers["cache-control"] == "max-age=30"
    assert b">running</text>" in running.body
    assert b">failure</text>" in failed.body


@pytest.mark.parametrize("name", ["slow%20one", "nobody", "99"])
def test_a_builder_without_builds_is_unknown(face: Face, name: str) -> None:
    assert b">unknown</text>" in face.request("GET", f"/badges/{name}.svg").body


def test_a_badge_is_kept_until_a_build_changes(face: Face) -> None:
    first = face.request("GET", "/badges/fast.svg")
    data: Any = face.scene.data
    reading = data.read
    data.read = None

    kept = face.request("GET", "/badges/fast.svg")
    data.read = reading

    assert kept.body == first.body


def test_a_badge_looks_as_the_address_and_the_configuration_say(scene: Scene) -> None:
    face = Face(scene, ui={"plugins": {"badges": {"left_text": "mine", "color_scheme": {"running": "#123456"}}}})

    configured = face.request("GET", "/badges/fast.svg").body
    asked = face.request("GET", "/badges/fast.svg?left_text=%3Cb%3E+%C3%BC&style=flat&left_color=%23abc").body

    assert b">mine</text>" in configured
    assert b"#123456" in configured
    assert b"linearGradient" in configured
    assert ">&lt;b&gt; ü</text>".encode() in asked
    assert b"#abc" in asked
    assert b"linearGradient" not in asked
    face.close()


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("style=round", 400),
        ("left_color=red%22%20onload=%22x", 400),
        ("font_size=9999", 400),
        ("left_pad=-1", 400),
        ("left_text=" + "x" * 101, 400),
        ("colour=red", 400),
        ("color_scheme=red", 400),
        ("font_face=a%3Cb", 400),
        ("template_name=mine.svg.j2", 501),
    ],
)
def test_options_that_cannot_be_taken_are_told(face: Face, query: str, status: int) -> None:
    assert face.request("GET", f"/badges/fast.svg?{query}").status == status


def test_there_are_no_badges_as_png(face: Face) -> None:
    assert face.request("GET", "/plugins/badges/fast.png").status == 501


@pytest.mark.parametrize("style", ["plastic", "flat", "flat-square", "badgeio"])
@pytest.mark.parametrize("status", sorted(COLORS))
def test_every_badge_is_well_formed(style: str, status: str) -> None:
    look = look_of([("style", style), ("left_text", "<&\"'>")], Look())

    root = ElementTree.fromstring(render(status, look))

    assert root.tag.endswith("svg")
    assert [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")] == ["<&\"'>", status]


def test_wrong_options_are_typed_errors() -> None:
    with pytest.raises(InvalidInput):
        look_of([("left_pad", "x")])
    with pytest.raises(NotSupported):
        look_of([("svg_template", "x")])


# -- plugins ---------------------------------------------------------------------------


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package with files, whose code must not be run."""
    package = tmp_path / "site" / "odd_pages"
    static = package / "static"
    static.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('imported')")
    (package / "secret.txt").write_text("secret")
    (static / "index.html").write_text("<p>pages</p>")
    (static / "scripts.js").write_text("go()")
    (static / "data.bin").write_bytes(b"\x00\x01")
    (static / "way_out").symlink_to(package / "secret.txt")
    info = tmp_path / "site" / "odd_pages-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-pages\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[buildbot.www]\nodd_view = odd_pages:ep\ngone = not_there_at_all:ep\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return static


@pytest.mark.usefixtures("plugin")
def test_the_files_of_a_plugin_are_served(scene: Scene) -> None:
    face = Face(scene, ui={"plugins": {"odd_view": {}, "gone": {}, "badges": {}, "nobody": {}}})

    index, script = face.request("GET", "/plugins/odd_view/"), face.request("GET", "/plugins/odd_view/scripts.js")
    again = face.request("GET", "/plugins/odd_view/scripts.js", b"", If_None_Match=script.headers["etag"])

    assert (index.body, index.headers["content-type"]) == (b"<p>pages</p>", "text/html; charset=utf-8")
    assert script.body == b"go()"
    assert "javascript" in script.headers["content-type"]
    assert script.headers["x-content-type-options"] == "nosniff"
    assert again.status == 304
    assert face.request("GET", "/plugins/odd_view/data.bin").headers["content-type"] == "application/octet-stream"
    for path in (
        "odd_view/nothing.js", "odd_view/../secret.txt", "odd_view/%2e%2e/secret.txt", "odd_view/..%2fsecret.txt",
        "odd_view/way_out", "odd_view/%00", "gone/index.html", "nobody/index.html", "odd_view/scripts.js/x", "",
    ):  # fmt: skip
        assert face.request("GET", f"/plugins/{path}").status == 404, path
    assert face.request("GET", "/plugins/odd_view/%ff").status == 400
    face.close()


@pytest.mark.usefixtures("plugin")
def test_a_plugin_that_is_not_configured_is_not_served() -> None:
    assert PluginFiles([]).read_blocking(["odd_view", "index.html"]) is None
    assert PluginFiles(["odd_view"]).read_blocking(["odd_view", "index.html"]) is not None


# -- the configuration for front ends --------------------------------------------------


def test_front_ends_find_what_they_expect(scene: Scene) -> None:
    face = Face(
        scene,
        ui={"plugins": {"badges": {}}, "ui_default_config": {"a.b": 1}, "theme": object(), "versions": [("us", 3)]},
    )

    answer = face.request("GET", "/config")

    assert answer.headers["cache-control"] == "public,max-age=0"
    assert {name: answer.json[name] for name in ("plugins", "ui_default_config", "theme", "title", "titleURL")} == {
        "plugins": {"badges": {}}, "ui_default_config": {"a.b": 1}, "theme": "<object>", "title": "Buildmill",
        "titleURL": "http://localhost:8010/",
    }  # fmt: skip
    assert [name for name, _ in answer.json["versions"]] == ["Python", "Buildmill", "Twisted", "us", "SQLite"]
    face.close()


def test_strangers_are_not_told_the_database_where_they_may_not_read(scene: Scene) -> None:
    face = Face(scene, access=Access(policy=Policy(public_read=False)))
    token = token_of(bytes(32))
    ann = {"username": "ann"}
    scene.stage.result(scene.stage.database.write(api_tokens.add, digest_of(token), "mine", ann, ["read"], 1000))

    strangers, known = face.request("GET", "/config"), face.request("GET", "/config", Authorization=f"Bearer {token}")

    assert [name for name, _ in strangers.json["versions"]] == ["Python", "Buildmill", "Twisted"]
    assert [name for name, _ in known.json["versions"]] == ["Python", "Buildmill", "Twisted", "SQLite"]
    face.close()


@pytest.mark.parametrize(
    ("query", "letter"),
    [
        ("username=ann", "A"),
        ("email=%C3%A4rger@example.org", "Ä"),
        ("username=&email=b", "B"),
        ("", "?"),
        ("email=%3C%26", "?"),
    ],
)
def test_people_have_pictures_that_nobody_else_is_asked_for(face: Face, query: str, letter: str) -> None:
    answer = face.request("GET", f"/avatar?{query}")

    assert (answer.status, answer.headers["content-type"]) == (200, "image/svg+xml; charset=utf-8")
    assert f">{letter}</text>" in answer.body.decode()
