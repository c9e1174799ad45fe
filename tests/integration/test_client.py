"""The clients, and `buildmill api`, with a running master and worker; over a restart of the master, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from buildmill.client import Client, api
from buildmill.client.asynchronous import AsyncClient
from buildmill.client.errors import ApiError, Conflicting, Missing, Refused, Unauthenticated, Unreachable, Unsupported
from buildmill.client.resources import Build
from buildmill.common.results import Result
from tests.programs import RunningMaster, free_port, running_master, wait_for
from tests.reactors import Reactor
from tests.support import async_test

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("client")]

BUILDERS = """\
lines = "for n in 1 2 3 4 5 6 7 8; do echo line $n; done"
c["builders"] = [
    builder("good", steps.ShellCommand(name="say", command=lines)),
    builder("bad", steps.ShellCommand(name="say", command="echo no; false")),
    builder("held", steps.ShellCommand(
        name="hold", command="echo begun; while [ ! -e {go} ]; do sleep 0.02; done; echo ended")),
]
"""


class Place:
    """A master with a worker, and some builds that have ended.

    Attributes:
        go: held builds end when this file is there.
    """

    def __init__(self, master: RunningMaster, go: Path) -> None:
        self.master = master
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
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("client")
    with running_master(folder / "m", BUILDERS.format(go=folder / "go")) as master:
        master.start_worker()
        place = Place(master, folder / "go")
        for builder in ("good", "bad", "good"):
            place.ended(builder)
        yield place


# -- reading and acting ----------------------------------------------------------------


def test_resources_have_types_and_collections_filters_orders_and_pages(place: Place) -> None:
    client = place.client
    good, bad = (client.list(api.builders.where(name=name))[0].builderid for name in ("good", "bad"))

    assert [builder.name for builder in client.list(api.builders.order("name"))] == ["bad", "good", "held"]
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
    wait_for(lambda: place.master.steps(held.buildid).get("hold", {}).get("started_at"))
    begun = next(following)
    place.go.touch()
    assert begun + b"".join(following) == b"begun\nended\n"
    place.go.unlink()


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

    assert names == ["bad", "good", "held"]
    assert len(one_by_one) == len(set(one_by_one)) == count
    assert followed.startswith(b"line 1\n")
    assert hits == ["line 3"]
    assert worker.paused
