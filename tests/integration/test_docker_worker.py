"""Workers in containers: the engine is asked over its HTTP interface, and real workers connect and build."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from buildmill.common.errors import BuildmillError, InvalidInput, Unavailable
from buildmill.master.domain.renderables import Property
from buildmill.master.engine.http_client import HttpService
from buildmill.master.engine.substantiation import LatentWorkerCannotSubstantiate
from buildmill.master.latent.docker_engine import DockerEngine, DockerFailed
from buildmill.master.latent.docker_settings import host_config
from buildmill.master.latent.docker_worker import DockerLatentWorker
from tests.docker import FakeEngine, docker_engine
from tests.programs import RunningMaster, wait_for
from tests.reactors import Reactor
from tests.support import async_test

pytestmark = pytest.mark.slow


@pytest.fixture(params=["unix", "tcp"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[FakeEngine, str]]:
    with docker_engine(tmp_path / "docker", over_tcp=request.param == "tcp") as found:
        yield found


class Build:
    """What a worker must know of a build."""

    def __init__(self, **properties: str) -> None:
        self._properties = properties

    async def render(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [await self.render(item) for item in value]
        return self._properties[value.key] if isinstance(value, Property) else value


async def worker_at(reactor: Reactor, address: str, **arguments: Any) -> DockerLatentWorker:
    """A worker that is about to be started."""

    async def in_thread(function: Callable[..., Any], *args: Any) -> Any:
        return function(*args)

    master = SimpleNamespace(
        httpservice=HttpService(reactor),
        name="host:/srv/master",
        config=SimpleNamespace(worker_ports=[SimpleNamespace(port=9989)]),
        in_thread=in_thread,
    )
    worker = DockerLatentWorker("d1", None, address, **{"image": "worker:1", **arguments})
    await worker.prepare(master, "made up")
    return worker


@async_test
async def test_a_container_is_made_checked_and_removed(reactor: Reactor, engine: tuple[FakeEngine, str]) -> None:
    docker, address = engine
    docker.exits = 3
    worker = await worker_at(
        reactor,
        address,
        version="1.41",
        command=["run", Property("what")],
        volumes=["/srv/cache:/cache:ro"],
        hostconfig={"network_mode": "ci", "mem_limit": "2g"},
        hostname="box",
        masterFQDN="ci.example.org:9990",
    )

    started = await worker.start_instance(Build(what="it"))
    again = await worker.start_instance(Build(what="it"))  # what an earlier run has left is removed
    (name,) = docker.containers
    settings = dict(docker.containers[name])
    checked = await worker.check_instance()
    await worker.stop_instance()

    assert started[1] == again[1] == "worker:1"
    assert settings == {
        "Image": "worker:1",
        "Cmd": ["run", "it"],
        "Hostname": "box",
        "Env": [
            "BUILDMASTER=ci.example.org",
            "BUILDMASTER_PORT=9990",
            "BUILDMASTER_PROTOCOL=msgpack_experimental_v7",
            "WORKERNAME=d1",
            "WORKERPASS=made up",
        ],
        "HostConfig": {"NetworkMode": "ci", "Memory": 2 * 1024**3, "Binds": ["/srv/cache:/cache:ro"]},
    }
    assert checked == (False, "exit code 3\nhello\nbad")
    assert docker.containers == {}
    assert f"POST /containers/{name}/stop" in docker.asked


@async_test
async def test_images_are_fetched_or_made_if_the_configuration_says_so(reactor: Reactor, tmp_path: Path) -> None:
    with docker_engine(tmp_path / "docker") as (docker, address):
        docker.exits = 0
        missing = await worker_at(reactor, address, image="worker:2")
        unknown = await worker_at(reactor, address, image="worker:3", autopull=True)
        with pytest.raises(LatentWorkerCannotSubstantiate, match="there is no image 'worker:2'"):
            await missing.start_instance(Build())
        with pytest.raises(LatentWorkerCannotSubstantiate, match="pull access denied"):
            await unknown.start_instance(Build())

        fetched = await worker_at(reactor, address, image="worker:2", autopull=True)
        made = await worker_at(
            reactor, address, image=None, dockerfile="FROM worker:1", buildargs={"A": "b"}, target="small"
        )
        broken = await worker_at(reactor, address, image=None, dockerfile="broken")
        (first, second) = (await fetched.start_instance(Build()), await made.start_instance(Build()))
        with pytest.raises(DockerFailed, match="it is broken"):
            await broken.start_instance(Build())

    assert first[1] == "worker:2"
    query, files = docker.built[0]
    assert second[1] == query["t"]
    assert (files, query["buildargs"], query["target"]) == ({"Dockerfile": "FROM worker:1"}, '{"A": "b"}', "small")


@async_test
async def test_an_engine_that_is_not_there_is_told(reactor: Reactor, tmp_path: Path) -> None:
    worker = await worker_at(reactor, f"unix://{tmp_path}/nothing.sock")
    strange = await worker_at(reactor, "npipe:////./pipe/docker")

    with pytest.raises(Unavailable):
        await worker.start_instance(Build())
    with pytest.raises(InvalidInput, match="docker_host: must be as unix:///path or tcp://host:port"):
        await strange.start_instance(Build())


@async_test
async def test_what_an_engine_refuses_is_told_with_its_words(reactor: Reactor, engine: tuple[FakeEngine, str]) -> None:
    _, address = engine
    client = DockerEngine(HttpService(reactor), address)

    with pytest.raises(BuildmillError, match="starting container c1: the Docker engine answers 404: No such container"):
        await client.start("c1")
    assert await client.how_it_ended("c1") == "it is gone"
    assert await client.output("c1") == ""


@pytest.mark.parametrize(
    ("given", "volumes", "expected"),
    [
        ({}, [], {}),
        ({"NetworkMode": "host", "privileged": True}, [], {"NetworkMode": "host", "Privileged": True}),
        ({"extra_hosts": {"a": "1.2.3.4"}}, [], {"ExtraHosts": ["a:1.2.3.4"]}),
        ({"shm_size": "64m", "memswap_limit": -1}, [], {"ShmSize": 64 * 1024**2, "MemorySwap": -1}),
        (
            {"binds": {"/a": {"bind": "/b", "mode": "ro"}, "/c": "/d"}},
            ["/e:/f"],
            {"Binds": ["/a:/b:ro", "/c:/d", "/e:/f"]},
        ),
    ],
)
def test_settings_of_the_host_get_the_engines_names(given: Any, volumes: list[str], expected: Any) -> None:
    assert host_config(given, volumes) == expected


def test_a_size_that_is_none_is_told() -> None:
    with pytest.raises(ValueError, match="Memory: 'much' is no size"):
        host_config({"mem_limit": "much"}, [])


def test_builds_run_in_containers_that_come_and_go(tmp_path: Path) -> None:
    with docker_engine(tmp_path / "docker") as (docker, address):
        builders = f"""
c["workers"] = [worker.DockerLatentWorker("d1", None, {address!r}, image=util.Property("image", default="worker:1"),
                                          masterFQDN="127.0.0.1", build_wait_timeout=0, autopull=True)]
c["builders"] = [builder("b1", steps.ShellCommand(command=["echo", "in a container"]), workernames=["d1"])]
"""
        master = RunningMaster(tmp_path / "master", builders)
        try:
            master.start()
            first = master.finished(master.force("b1"))
            second = master.finished(master.force("b1"))
            wait_for(lambda: not docker.containers, why=master.own_log)
            output = master.stdout(second["buildid"], "shell")
        finally:
            master.stop()

    assert [first["results"], second["results"]] == [0, 0]
    assert output == b"in a container\n"
    assert len(docker.removed) == 2


def test_a_build_in_a_container_outlives_its_master(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    script = f"echo begun; while [ ! -e {flag} ]; do sleep 0.1; done; echo done"
    with docker_engine(tmp_path / "docker") as (docker, address):
        builders = f"""
c["workers"] = [worker.DockerLatentWorker("d1", None, {address!r}, image="worker:1", masterFQDN="127.0.0.1",
                                          build_wait_timeout=0)]
c["builders"] = [builder("b1", steps.ShellCommand(command=["sh", "-c", {script!r}]), workernames=["d1"])]
"""
        master = RunningMaster(tmp_path / "master", builders)
        try:
            master.start()
            request = master.force("b1")
            build = master.running_build(request)
            wait_for(lambda: b"begun" in _begun(master, build), why=master.own_log)
            master.kill()
            master.start()
            flag.touch()
            finished = master.finished(request)
            wait_for(lambda: not docker.containers, why=master.own_log)
            output = master.stdout(build, "shell")
        finally:
            master.stop()

    assert (finished["buildid"], finished["results"]) == (build, 0)
    assert output == b"begun\ndone\n"
    assert len(docker.removed) == 1


def _begun(master: RunningMaster, build: int) -> bytes:
    """What the build's command has said so far; nothing before it has a log."""
    if "shell" not in master.steps(build) or not master.get(f"builds/{build}/steps/shell/logs")["logs"]:
        return b""
    return master.stdout(build, "shell")
