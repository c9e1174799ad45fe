"""Services of a configuration: their life, and what they get when it changes."""

from __future__ import annotations

from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import pytest
from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.internet.task import Clock

from buildmill.common.errors import ConfigError
from buildmill.master.domain.config_errors import config_error
from buildmill.master.engine.secret_source import NoSecrets
from buildmill.master.engine.service import (
    AsyncMultiService,
    BuildbotService,
    BuildbotServiceManager,
    ClusteredBuildbotService,
    RootService,
    SharedService,
)


class Recorder(BuildbotService):
    """Writes down what is done to it."""

    def checkConfig(self, url: str, log: list[str] | None = None) -> None:
        if not url.startswith("http"):
            config_error(f"url must begin with http, not {url!r}")

    async def reconfigService(self, url: str, log: list[str] | None = None) -> None:
        await super().reconfigService()
        self.log = [] if log is None else log
        self.log.append(f"{self.name} takes {url}")

    async def startService(self) -> None:
        await super().startService()
        self.log.append(f"{self.name} starts")

    async def stopService(self) -> None:
        self.log.append(f"{self.name} stops")
        await super().stopService()


class Refusing(Recorder):
    async def startService(self) -> None:
        await super().startService()
        raise RuntimeError("no")


class InOldStyle(BuildbotService):
    """Written with generators, as plugins of long standing are."""

    name = "old"

    def reconfigService(self, log: list[str]) -> Deferred[None]:
        self.log = log
        return succeed(None)

    @inlineCallbacks
    def startService(self) -> Generator[Any, Any, None]:
        yield super().startService()
        self.log.append("old starts")

    @inlineCallbacks
    def stopService(self) -> Generator[Any, Any, None]:
        yield super().stopService()
        self.log.append("old stops")


class Master:
    """What services see as their master."""

    def __init__(self) -> None:
        self.reactor = Clock()
        self.secrets = NoSecrets()
        self.services = RootService(self)
        self.manager = BuildbotServiceManager()
        done(self.services.addService(self.manager))
        done(self.services.startService())

    def apply(self, *services: BuildbotService) -> None:
        done(self.manager.reconfigServiceWithBuildbotConfig(SimpleNamespace(services=services)))


def done(deferred: Any) -> Any:
    """The result of what has ended already."""
    results: list[Any] = []
    failures: list[Any] = []
    deferred.addCallbacks(results.append, failures.append)
    if failures:
        failures[0].raiseException()
    return results[0]


@pytest.fixture
def master() -> Master:
    return Master()


def test_a_service_gets_its_arguments_and_then_starts(master: Master) -> None:
    log: list[str] = []

    master.apply(Recorder("http://a", name="a", log=log))

    assert log == ["a takes http://a", "a starts"]
    assert master.manager.getServiceNamed("a").master is master


def test_a_changed_one_gets_its_new_arguments_without_a_stop(master: Master) -> None:
    log: list[str] = []
    first = Recorder("http://a", name="a", log=log)
    master.apply(first)
    del log[:]

    master.apply(Recorder("http://b", name="a", log=log))

    assert log == ["a takes http://b"]
    assert master.manager.getServiceNamed("a") is first
    assert first.getConfigDict()["args"] == ("http://b",)


def test_the_same_object_is_left_alone(master: Master) -> None:
    log: list[str] = []
    service = Recorder("http://a", name="a", log=log)
    master.apply(service)
    changed = Recorder("http://b", name="a", log=log)
    master.apply(changed)
    del log[:]

    master.apply(changed)

    assert log == []


def test_what_is_not_in_the_configuration_any_more_stops(master: Master) -> None:
    log: list[str] = []
    master.apply(Recorder("http://a", name="a", log=log))
    del log[:]

    master.apply(Recorder("http://b", name="b", log=log))

    assert log == ["a stops", "b takes http://b", "b starts"]


def test_one_of_another_class_takes_the_place(master: Master) -> None:
    log: list[str] = []
    master.apply(Recorder("http://a", name="old", log=log))

    master.apply(InOldStyle(log))

    assert log[2:] == ["old stops", "old starts"]


def test_the_end_of_the_master_stops_all(master: Master) -> None:
    log: list[str] = []
    master.apply(Recorder("http://a", name="a", log=log), InOldStyle(log))
    del log[:]

    done(master.services.stopService())

    assert log == ["old stops", "a stops"]


def test_one_that_cannot_stop_does_not_keep_the_others_from_it(master: Master) -> None:
    class Clinging(Recorder):
        async def stopService(self) -> None:
            raise RuntimeError("no end")

    log: list[str] = []
    master.apply(Recorder("http://a", name="a", log=log), Clinging("http://b", name="b", log=log))
    del log[:]

    with pytest.raises(RuntimeError, match="no end"):
        done(master.services.stopService())

    assert log == ["a stops"]


def test_one_that_cannot_start_is_no_service_and_its_error_is_told(master: Master) -> None:
    log: list[str] = []

    with pytest.raises(RuntimeError, match="no"):
        master.apply(Refusing("http://a", name="a", log=log))

    assert log == ["a takes http://a", "a starts", "a stops"]
    assert list(master.manager) == []
    master.apply(Recorder("http://a", name="a", log=log))
    assert log[-1] == "a starts"


def test_arguments_are_checked_at_once() -> None:
    with pytest.raises(ConfigError, match="url must begin with http, not 'ftp'"):
        Recorder("ftp", name="a")
    with pytest.raises(ConfigError, match="Recorder: the name must be a non-empty string"):
        Recorder("http://a")


def test_secrets_are_rendered_before_the_service_gets_them(master: Master) -> None:
    class Later:
        def getRenderingFor(self, props: Any) -> Deferred[str]:
            return succeed("swordfish")

    class WithSecret(BuildbotService):
        secrets = ("password",)

        def reconfigService(self, password: Any, other: Any) -> None:
            self.seen = (password, other)

    other = Later()
    service = WithSecret(name="s", password=Later(), other=other)

    master.apply(service)

    assert service.seen == ("swordfish", other)


def test_children_live_with_their_parent(master: Master) -> None:
    log: list[str] = []
    parent = AsyncMultiService()
    child = Recorder("http://c", name="c")
    child.log = log
    done(child.setServiceParent(parent))
    assert log == []

    done(parent.setServiceParent(master.services))
    assert log == ["c starts"]
    done(child.disownServiceParent())

    assert log == ["c starts", "c stops"]
    assert child.master is None


def test_a_shared_service_is_one_for_the_same_arguments(master: Master) -> None:
    class Shared(SharedService):
        def __init__(self, host: str, port: int = 1) -> None:
            super().__init__()
            self.host = host

    one = done(Shared.getService(master.services, "a", port=2))
    same = done(Shared.getService(master.services, "a", port=2))
    other = done(Shared.getService(master.services, "b", port=2))

    assert one is same
    assert other is not one
    assert one.running
    assert other.host == "b"


class Claimed(ClusteredBuildbotService):
    """Claims a place that others may have."""

    def reconfigService(self, owners: list[str], log: list[str]) -> None:
        self.owners, self.log = owners, log

    def _getServiceId(self) -> int:
        return 7

    def _claimService(self) -> bool:
        if not self.owners:
            self.owners.append("us")
            return True
        return False

    async def _unclaimService(self) -> None:
        self.owners.remove("us")

    async def activate(self) -> None:
        self.log.append("activated")

    def deactivate(self) -> None:
        self.log.append("deactivated")


def test_a_clustered_service_waits_until_the_other_master_lets_go(master: Master) -> None:
    log: list[str] = []
    owners = ["other"]
    service = Claimed(owners, log, name="c")
    master.apply(service)
    assert (log, service.serviceid, service.isActive()) == ([], 7, False)

    owners.clear()
    master.reactor.advance(ClusteredBuildbotService.POLL_INTERVAL_SEC)
    assert (log, owners) == (["activated"], ["us"])
    master.apply()

    assert (log, owners) == (["activated", "deactivated"], [])
    assert master.reactor.getDelayedCalls() == []
