"""A master whose reporters speak to servers of the test."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.web.resource import Resource

from buildmill.master.engine.builder_config import BuilderConfig
from buildmill.master.engine.http_client import HttpService
from buildmill.master.engine.service import BuildbotService
from tests.harness import Harness
from tests.outgoing import AgentTo


class Receiver(Resource):
    """Takes whatever is posted.

    Attributes:
        got: (path, JSON) of each request.
        headers: of the last one.
        codes: what the next requests are answered with; 200 when there are no more.
    """

    isLeaf = True  # noqa: N815  # Twisted's name

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self.got: list[tuple[str, Any]] = []
        self.headers: dict[str, str] = {}
        self.codes: list[int] = []

    def render_POST(self, request: Any) -> bytes:
        self.got.append((request.uri.decode(), json.loads(request.content.read())))
        self.headers = {k.decode().lower(): v[0].decode() for k, v in request.requestHeaders.getAllRawHeaders()}
        request.setResponseCode(self.codes.pop(0) if self.codes else 200)
        return b"{}"


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


class House(Harness):
    """A master with services."""

    def _boot(self) -> None:
        super()._boot()
        self.receiver = Receiver()
        self.master.httpservice = HttpService(self.clock, AgentTo(self.receiver))

    def serve(self, *services: BuildbotService, builders: tuple[BuilderConfig, ...] = (), **config: Any) -> None:
        """Start the engine with these builders, and the services."""
        self.start(*builders, services=services, **config)
        self.done(self.master.services.addService(self.master.service_manager))
        self.done(self.master.services.startService())
        self.done(self.master.service_manager.reconfigServiceWithBuildbotConfig(self.config))

    def done(self, awaitable: Any) -> Any:
        """What an awaitable gives, which needs no time."""
        return self.result(_awaited(awaitable))

    def pass_by(self, seconds: float) -> None:
        """Time passes."""
        self.clock.advance(seconds)
        self.turn()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()
