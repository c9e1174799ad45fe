"""The clients, and `buildmill api`, with a running master and worker; over a restart of the master, too."""

from __future__ import annotations

import importlib
import json
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThreadPool

from buildmill.client import Client, Event, Progress, Reread, api
from buildmill.client.asynchronous import AsyncClient
from buildmill.client.documents import Master
from buildmill.client.errors import ApiError, Conflicting, Missing, Refused, Unauthenticated, Unreachable, Unsupported
from buildmill.client.resources import Build
from buildmill.client.sockets import EventSocket
from buildmill.common.results import Result
from buildmill.master.cli import rest
from buildmill.master.cli.main import main
from tests.collector import Collector
from tests.faults.proxy import Proxy
from tests.programs import RunningMaster, free_port, running_master, wait_for
from tests.reactors import Reactor
from tests.support import async_test

pytestmark = pytest.mark.slow

BUILDERS = """\
c["www"]["ws_ping_interval"] = 1
lines = "for n in 1 2 3 4 5 6 7 8; do echo line $n; done"
c["builders"] = [
    builder("good", steps.ShellCommand(name="say", command=lines)),
    builder("bad", steps.ShellCommand(name="say", command="echo no; false")),
    builder("traced", steps.ShellCommand(name="say", command="echo $TRACEPARENT")),
    builder("held", steps.ShellCommand(
        name="hold", command="echo begun; while [ ! -e {go} ]; do sleep 0.02; done; echo ended")),
]
"""


class Place:
    """A master with a worker, and some builds that have ended.

    Attributes:
        go: held builds end when this file is there.
        collector: gets the traces of all builds.
    """

    def __init__(self, master: RunningMaster, go: Path, collector: Collector) -> None:
        self.master = master
        self.collector = collector
        self.go = go
        self.url = f"http://127.0.0.1:{master.http_port}"
        self.client = Client(self.url)

    def build(self, builder: str) -> Build:
        """A build that has begun just now."""
        _, requests = self.client.call(api.forceschedulers["force"].force(builderNames=[builder]))
        (request,) = requests.values()
        return wait_for(lambda: self.client.list(api.buildrequests[request].builds.order("-buildid")))[0]

    def ended(self, builder: str) -> Build:
        """A build that has ended."""
        build = self.build(builder)
        wait_for(lambda: self.client.get(api.builds[build.buildid]).complete)
        return self.client.get(api.builds[build.buildid])


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("client")
    with pytest.MonkeyPatch.context() as environ:
        environ.setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", collector.url)
        environ.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        with running_master(folder / "m", BUILDERS.format(go=folder / "go")) as master:
            master.start_worker()
            place = Place(master, folder / "go", collector)
            for builder in ("good", "bad", "good"):
                place.ended(builder)
            yield place


# -- reading and acting ----------------------------------------------------------------


def test_resources_have_types_and_collections_filters_orders_and_pages(place: Place) -> None:
    client = place.client
    good, bad = (client.list(api.builders.where(name=name))[0].builderid for name in ("good", "bad"))

    assert [builder.name for builder in client.list(api.builders.order("name"))] == ["bad", "good", "held", "traced"]
    assert client.get(api.builders["good"]).builderid == good
    failed = client.list(api.builds.where(results=[Result.FAILURE, Result.EXCEPTION]).order("-buildid"))
    assert {build.builderid for build in failed} == {bad}
    assert client.list(api.builders["good"].builds.only("number").limit(1)) == [{"number": 1}]
    assert client.get(api.builders["good"].builds[1].only("state_string", "complete"))["complete"] is True
    page = client.page(api.workers.limit(1))
    assert (page.total, [worker.name for worker in page.rows]) == (2, ["w1"])
    everything = [build.buildid for build in client.list(api.builds.order("buildid"))]
    assert [build.buildid for build in client.iterate(api.builds, page_rows=2)] == everything
    newest_first = client.iterate(api.builds.order("-buildid").only("buildid"), page_rows=2)
    assert [row["buildid"] for row in newest_first] == everything[::-1]
    with_owner = client.list(api.builds.with_properties("owner").where(builderid=bad))[0]
    assert list(with_owner.properties or {}) == ["owner"]
    assert client.get(api.builds[1].properties)["buildername"] == ("good", "Builder")
    assert client.list(api.builders[good].explain)[0].code == "idle"


def test_refusals_are_typed(place: Place) -> None:
    client = place.client

    with pytest.raises(Missing, match="no such build"):
        client.get(api.builds[999])
    with pytest.raises(Refused, match="reason: expected at most 10000 characters"):
        client.call(api.builds[1].stop(reason="x" * 10_001))
    with pytest.raises(Refused) as error:
        client.call(api.forceschedulers["force"].force(builderNames=["good"], reason=3, username=3))
    assert isinstance(error.value, ApiError)
    with pytest.raises(Unauthenticated):
        Client(place.url, token="bmt_unknown").list(api.builders)
    with pytest.raises(Unsupported, match="nonsense"):
        client.call(api.builds[1].stop().__class__("builds/1", "nonsense", {}))
    with pytest.raises(Unreachable, match=r"the master at http://127.0.0.1:\d+ gives no answer"):
        Client(f"127.0.0.1:{free_port()}").list(api.builders)
    assert issubclass(Conflicting, ApiError)


def test_actions_give_typed_results(place: Place) -> None:
    first = place.ended("good")

    bsid, requests = place.client.call(api.builds[first.buildid].rebuild())

    assert place.client.get(api.buildsets[bsid]).rebuilt_buildid == first.buildid
    assert [*requests] == [str(first.builderid)]
    assert place.client.call(api.workers["w1"].pause(reason="test")) is None
    assert place.client.get(api.workers["w1"]).pause_reason == "test"
    place.client.call(api.workers["w1"].unpause())


def test_logs_are_downloaded_in_ranges_searched_and_followed(place: Place) -> None:
    client = place.client
    log = api.builds[1].steps["say"].logs["stdio"]
    whole = b"".join(client.download(log.raw.streams("o")))

    assert whole == b"".join(b"line %d\n" % number for number in range(1, 9))
    full = b"".join(client.download(log.raw))
    assert b"".join(client.download(log.raw, 5, 40)) == full[5:40]
    assert client.get(log.contents.lines(1, 2)).content.count("\n") == 2
    hits = list(client.search(log.search(r"line [35]", regex=True, streams="o", context=1)))
    assert [hit.text for hit in hits] == ["line 3", "line 5"]
    assert [line.text for line in hits[0].before] == ["line 2"]
    assert len(list(client.search(log.search("line", streams="o"), limit=3))) == 3

    held = place.build("held")
    following = client.follow(api.builds[held.buildid].steps["hold"].logs["stdio"].raw.streams("o"))
    wait_for(lambda: client.list(api.builds[held.buildid].steps["hold"].logs))
    begun = next(following)
    place.go.touch()
    assert begun + b"".join(following) == b"begun\nended\n"
    place.go.unlink()


# -- buildmill api -----------------------------------------------------------------------


def buildmill_api(place: Place, *arguments: object, code: int = 0, text: str = "") -> str:
    """What `buildmill api` prints; where it ends otherwise than with `code`, the test fails."""
    environ = {"BUILDMILL_MASTER": place.url, "COLUMNS": "70"}
    done = CliRunner().invoke(main, ["api", *map(str, arguments)], env=environ)
    assert done.exit_code == code, done.output
    assert text in done.output
    return done.output


def test_rows_are_listed_with_names_instead_of_ids(place: Place) -> None:
    bad = place.ended("bad")

    lines = buildmill_api(place, "builds", "list", "--builder", "bad", "--results", "failure,exception").splitlines()

    assert lines[0].split("\t") == [
        "buildid", "builder", "number", "results", "worker", "started_at", "state_string",
    ]  # fmt: skip
    assert [lines[1].split("\t")[at] for at in (0, 1, 3, 4)] == [str(bad.buildid), "bad", "failure", "w1"]
    fields = buildmill_api(place, "builders/bad/builds", "list", "-f", "number,results", "--order", "number", "-L", 1)
    assert fields == "number\tresults\n1\tfailure\n"
    table = buildmill_api(place, "builds", "list", "--table", "--where", "buildid__lt=3")
    assert [line.split()[:4] for line in table.splitlines()[1:]] == [
        ["2", "bad", "1", "failure"], ["1", "good", "1", "success"],
    ]  # fmt: skip
    numbers = json.loads(buildmill_api(place, "builds", "list", "--paginate", "--json", "-f", "buildid"))
    assert {row["buildid"] for row in numbers} == {build.buildid for build in place.client.list(api.builds)}
    builders = buildmill_api(place, "builders", "list").splitlines()
    assert [line.split("\t")[1] for line in builders] == ["name", "bad", "good", "held", "traced"]
    assert buildmill_api(place, "schedulers", "list").splitlines()[0].split("\t") == ["schedulerid", "name", "enabled"]
    steps = buildmill_api(place, "builds/1/steps", "list", "-f", "number,name").splitlines()
    assert steps == ["number\tname", "0\tworker_preparation", "1\tsay"]
    assert json.loads(buildmill_api(place, "builders", "list", "--lines", "--name", "good"))["name"] == "good"


def test_any_path_can_be_read(place: Place) -> None:
    log = place.client.get(api.builds[1].steps["say"].logs["stdio"]).logid

    assert json.loads(buildmill_api(place, "GET", "/api/v2/builds/1?field=number"))["builds"] == [{"number": 1}]
    assert json.loads(buildmill_api(place, "get", "builders", "-p", "name=bad", "-f", "name", "--lines")) == {
        "name": "bad"
    }
    paged = json.loads(buildmill_api(place, "GET", "builds", "-p", "results=0", "--paginate"))
    assert [build["results"] for build in paged] == [0] * len(paged) != []
    assert buildmill_api(place, "GET", f"logs/{log}/raw?stream=o", "--follow").startswith("line 1\nline 2\n")
    buildmill_api(place, "GET", "masters/1/nothing", code=4, text="Invalid path")
    assert json.loads(buildmill_api(place, "workers", "get", "w1"))["name"] == "w1"
    assert json.loads(buildmill_api(place, "builders/good/builds/1", "get", "-f", "number")) == {"number": 1}


def test_actions_are_done_by_name_and_by_path(place: Place) -> None:
    assert buildmill_api(place, "workers", "pause", "w2", "--reason", "test") == ""
    assert place.client.get(api.workers["w2"]).pause_reason == "test"
    buildmill_api(place, "POST", "workers/w2", "unpause")
    assert not place.client.get(api.workers["w2"]).paused
    change = int(buildmill_api(place, "changes", "add", "--author", "ann", "--files", "a", "--properties", '{"p": 3}'))
    assert place.client.get(api.changes[change]).properties == {"p": (3, "Change")}
    _, requests = json.loads(buildmill_api(place, "forceschedulers", "force", "force", 'builderNames:=["good"]'))
    (request,) = requests.values()
    buildmill_api(place, "buildrequests", "set-priority", request, "--priority", 3)
    assert place.client.get(api.buildrequests[request]).priority == 3
    wait_for(lambda: place.client.get(api.buildrequests[request]).complete)


def test_actions_on_several_are_one_command_with_several_keys(place: Place) -> None:
    asked = [json.loads(buildmill_api(place, "forceschedulers", "force", "force", 'builderNames:=["good"]'))
             for _ in range(2)]  # fmt: skip
    ids = [request for _, requests in asked for request in requests.values()]

    told = json.loads(buildmill_api(place, "buildrequests", "cancel", *ids, 999_999, "--reason", "enough", code=1))

    assert [one["buildrequestid"] for one in told] == [*ids, 999_999]
    assert [one["done"] for one in told][-1] is False
    assert "999999" in told[-1]["problem"]


def test_commands_may_take_rows_as_they_come(place: Place) -> None:
    url = rest.api_url(f"{place.url}/")

    assert [row["name"] for row in rest.rows(url, "builders?name=bad")] == ["bad"]
    assert rest.call(url, "workers/w2", "pause", {"reason": "test"}) is None
    assert rest.call(url, "workers/w2", "unpause", {}) is None
    with pytest.raises(Missing):
        rest.rows(url, "builds/999")


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["builds", "get", 999], 4, "no such build"),
        (["builds", "list", "--builder", "none"], 4, "no builder is called 'none'"),
        (["builds", "list", "-a", "bmt_none"], 5, "token"),
        (["builds", "list", "-m", "127.0.0.1:1"], 6, "gives no answer"),
        (["builds", "list", "--results", "bad"], 2, "expected success, warnings"),
        (["builds", "list", "--where", "colour=1"], 2, "expected a field of builds: builderid"),
        (["builds", "list", "--order", "colour"], 2, "expected a field of builds"),
        (["builds", "list", "-m", "ftp://x"], 2, "expected http:, https: or HOST:PORT"),
        (["POST", "builds/1", "stop", "reason"], 2, "expected NAME=TEXT or NAME:=JSON"),
        (["POST", "builds/1", "dance"], 1, "dance"),
        (["GET", "builds/1", "--paginate"], 2, "expected the path of a collection"),
        (["nothing", "list"], 2, "No such command"),
    ],
)
def test_the_exit_code_tells_what_kind_of_error_it_was(
    place: Place, arguments: list[object], code: int, text: str
) -> None:
    buildmill_api(place, *arguments, code=code, text=text)


def test_shells_complete_collections_commands_and_names_of_fields() -> None:
    def completed(*words: str) -> list[str]:
        found = ShellComplete(main, {}, "buildmill", "_BUILDMILL_COMPLETE").get_completions(list(words[:-1]), words[-1])
        return [item.value for item in found]

    assert completed("api", "build") == ["builders", "buildrequests", "builds", "buildsets"]
    assert completed("api", "builds", "") == ["get", "list", "rebuild", "stop"]
    assert completed("api", "builds", "list", "--order", "nu") == ["number"]
    assert completed("api", "builds", "list", "-f", "results,num") == ["results,number"]


# -- traces ------------------------------------------------------------------------------


def test_a_command_knows_its_place_in_the_trace_that_a_collector_gets(place: Place) -> None:
    build = place.ended("traced")
    log = api.builds[build.buildid].steps["say"].logs["stdio"]
    _, trace, span, flags = b"".join(place.client.download(log.raw.streams("o"))).decode().strip().split("-")

    def told() -> dict[str, Any]:
        return {one.name: one for one in place.collector.spans if one.trace_id.hex() == trace}

    wait_for(lambda: "command shell" in told())
    assert {*told()} == {"build traced", "queue", "prepare", "say", "command shell"}
    assert (told()["command shell"].span_id.hex(), flags) == (span, "01")
    assert told()["command shell"].parent_span_id == told()["say"].span_id


# -- the same on Twisted -----------------------------------------------------------------


@async_test
async def test_the_client_on_twisted_does_the_same(place: Place, reactor: Reactor) -> None:
    client = AsyncClient(reactor, place.url)
    try:
        names = [builder.name for builder in await client.list(api.builders.order("name"))]
        count = len(await client.list(api.builds))
        one_by_one = [build.buildid async for build in client.iterate(api.builds, page_rows=2)]
        log = api.builds[1].steps["say"].logs["stdio"]
        followed = b"".join([data async for data in client.follow(log.raw.streams("o"))])
        held = await in_thread(reactor, place.build, "held")
        hold = api.builds[held.buildid].steps["hold"].logs
        await in_thread(reactor, wait_for, lambda: place.client.list(hold))
        async with aclosing(client.follow(hold["stdio"].raw.streams("o"))) as following:
            begun = await anext(following)  # and the rest is not waited for
        place.go.touch()
        await in_thread(reactor, wait_for, lambda: place.client.get(api.builds[held.buildid]).complete)
        place.go.unlink()
        hits = [hit.text async for hit in client.search(log.search("line 3", streams="o"))]
        with pytest.raises(Missing):
            await client.get(api.builds[999])
        await client.call(api.workers["w2"].pause(reason="test"))
        worker = await client.get(api.workers["w2"])
        unknown = AsyncClient(reactor, place.url, token="bmt_unknown")
        with pytest.raises(Unauthenticated):
            await anext(unknown.events("builds/*/*"))
        with pytest.raises(Unreachable):
            await AsyncClient(reactor, f"127.0.0.1:{free_port()}").list(api.builds)
        with pytest.raises(Unreachable):
            await anext(AsyncClient(reactor, f"127.0.0.1:{free_port()}").events("builds/*/*"))
        await unknown.close()
    finally:
        await client.close()

    assert names == ["bad", "good", "held", "traced"]
    assert len(one_by_one) == len(set(one_by_one)) == count
    assert followed.startswith(b"line 1\n")
    assert begun == b"begun\n"
    assert hits == ["line 3"]
    assert worker.paused


# -- events, and a master that dies ------------------------------------------------------

HOW_TO = Path(__file__).parents[2] / "docs" / "howto"


class Enough(Exception):
    """The test has seen what it wanted to."""


def in_thread(reactor: Reactor, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
    """Wait for something in a thread, while the reactor runs."""
    untyped: Any = reactor
    done: Deferred[Any] = deferToThreadPool(untyped, untyped.getThreadPool(), function, *args)
    return done


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, Any]]:
    """The programs of the page about events, as modules."""
    for name, text in re.findall(
        r"python\n:caption: (\w+)\.py\n(.*?)```", (HOW_TO / "follow-events.md").read_text(), re.S
    ):
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("announce"), importlib.import_module("announce_twisted")
    for name in ("announce", "announce_twisted"):
        del sys.modules[name]


@async_test
async def test_a_socket_is_pinged_as_often_as_the_configuration_says(place: Place, reactor: Reactor) -> None:
    socket = EventSocket(Master(place.url), ["builds/*/*"], Progress(), reactor)
    pinged: Deferred[bytes] = Deferred()
    await socket.open()
    socket._protocol.onPing = pinged.callback

    assert await pinged.addTimeout(20, reactor) is not None  # ours would come after 30 seconds
    await socket.close()


@async_test
async def test_a_cut_connection_loses_and_doubles_no_event(place: Place, reactor: Reactor) -> None:
    heard: dict[str, list[tuple[str, str]]] = {"cut": [], "whole": []}
    rereads: list[Reread] = []

    async def listen(client: AsyncClient, name: str) -> None:
        async for one in client.events("builds/*/*", "builders/*/builds/*/*", "steps/*/*"):
            if isinstance(one, Event):
                heard[name].append((one.id, "/".join(one.key)))
            else:
                rereads.append(one)

    with Proxy(place.master.http_port) as proxy:
        clients = {
            "cut": AsyncClient(reactor, f"127.0.0.1:{proxy.port}", rng=Random(1)),
            "whole": AsyncClient(reactor, place.url),
        }
        listening = [Deferred.fromCoroutine(listen(client, name)) for name, client in clients.items()]
        while len(rereads) < 2:
            await deferLater(reactor, 0.01)
        for _ in range(2):
            proxy.cut()
            build = await in_thread(reactor, place.ended, "good")
        last = f"builds/{build.buildid}/finished"
        while not all(last in [key for _, key in found] for found in heard.values()):
            await deferLater(reactor, 0.02)
        while len(heard["cut"]) != len(heard["whole"]):
            await deferLater(reactor, 0.02)

        for one in listening:
            one.cancel()
            with pytest.raises(CancelledError):
                await one
        for client in clients.values():
            await client.close()
    assert sorted(heard["cut"]) == sorted(heard["whole"])
    assert [one.reason for one in rereads] == ["connected"] * 2


@async_test
async def test_the_programs_of_the_manual_tell_of_each_build_once_though_the_master_is_killed(
    place: Place, samples: tuple[Any, Any], tmp_path: Path, reactor: Reactor
) -> None:
    waiting, on_twisted = samples
    """The last test of this module: the master that it starts ends with it."""
    told: dict[str, list[int]] = {"sse": [], "ws": []}
    master, now, is_over = place.master, reactor.seconds(), threading.Event()

    def nap(seconds: float) -> None:
        if is_over.wait(seconds):
            raise Enough

    async def has_told(*builds: Build) -> None:
        ids = {build.buildid for build in builds}
        while not all(ids <= set(found) for found in told.values()):
            await deferLater(reactor, 0.02)

    with Proxy(master.http_port) as proxy:
        url = f"127.0.0.1:{proxy.port}"
        client = AsyncClient(reactor, url)
        blocking = in_thread(
            reactor, waiting.announce, Client(url, sleep=nap), waiting.Told(tmp_path / "sse.json", now),
            lambda build: told["sse"].append(build.buildid),
        )  # fmt: skip
        live = Deferred.fromCoroutine(
            on_twisted.announce(
                client, waiting.Told(tmp_path / "ws.json", now), lambda build: told["ws"].append(build.buildid)
            )
        )

        first = await in_thread(reactor, place.ended, "good")
        await has_told(first)
        proxy.cut()  # the master still knows what is missed then
        second = await in_thread(reactor, place.ended, "good")
        await has_told(first, second)
        held = await in_thread(reactor, place.build, "held")
        await in_thread(reactor, wait_for, lambda: place.client.list(api.builds[held.buildid].steps["hold"].logs))
        log = api.builds[held.buildid].steps["hold"].logs["stdio"].raw.streams("o")
        following = Client(url, sleep=nap).follow(log)
        begun = await in_thread(reactor, next, following)
        master.kill()
        place.go.touch()
        await in_thread(reactor, master.start)
        third = await in_thread(reactor, place.ended, "bad")
        await has_told(first, second, held, third)
        rest = await in_thread(reactor, b"".join, following)

        is_over.set()
        proxy.cut()
        with pytest.raises(Enough):
            await blocking
        live.cancel()
        with pytest.raises(CancelledError):
            await live
        await client.close()
        await in_thread(reactor, master.stop)
    told_spans = [span.span_id for span in place.collector.spans]
    assert len(told_spans) == len(set(told_spans))
    assert begun + rest == b"begun\nended\n"
    assert [len(found) for found in told.values()] == [len(set(found)) for found in told.values()]
    assert set(told["ws"]) == set(told["sse"])
