"""The web server of the configuration in force."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from random import Random
from typing import Any

from twisted.internet.error import CannotListenError
from twisted.logger import Logger

from buildmill.common.errors import ConfigError, ConfigProblem
from buildmill.master.auth.access import Access, changing
from buildmill.master.auth.accounts import WHOLE_SECONDS, Accounts
from buildmill.master.config.master_config import MasterConfig, WwwConfig
from buildmill.master.data.api import DataAPI
from buildmill.master.domain.rights import Policy
from buildmill.master.web.history import History
from buildmill.master.web.operations import Operations
from buildmill.master.web.server import WebServer
from buildmill.master.web.static_files import BUILT


class WebPart:
    """Listens where the configuration says.

    A new port is opened before the old one is closed: where it is taken, nothing has changed.

    Args:
        is_engine: it is in the engine's process, which serves health and metrics only where `www['process']` says that
            the pages have a process of their own.
        history: the newest events, where they outlive a server.

    Attributes:
        port: where it listens; None without a web server.
        server: what listens; None without one.
    """

    name = "web server"
    _log = Logger()

    def __init__(
        self,
        *,
        data: DataAPI[Any],
        bus: Any,
        reactor: Any,
        rng: Random,
        operations: Operations,
        in_thread: Callable[..., Awaitable[Any]],
        accounts: Accounts,
        master: Any = None,
        is_engine: bool = True,
        history: History | None = None,
    ) -> None:
        self._is_engine = is_engine
        self._history = history
        self._data = data
        self._accounts = accounts
        self._master = master
        self._bus = bus
        self._reactor = reactor
        self._rng = rng
        self._operations = operations
        self._in_thread = in_thread
        self.server: WebServer | None = None
        self._served: MasterConfig | None = None
        self.port: int | None = None

    @property
    def url(self) -> str | None:
        """Its address on this machine; None without a web server."""
        return None if self.port is None else f"http://127.0.0.1:{self.port}/"

    async def apply(self, config: MasterConfig) -> None:
        """See `Part.apply`.

        Raises:
            ConfigError: the port is taken, or cannot be had.
        """
        old, served = self.server, self._served
        endpoint = self._endpoint(config)
        access = access_of(config, self._master)
        if served is not None and _means(config) == _means(served):
            if old is not None and access != access_of(served, self._master):
                old.use(access)
            if old is not None:
                old.show(config.www.dashboards)
            self._served = config
            return
        if old is not None and served is not None and endpoint in (None, self._endpoint(served)):
            await self.stop()  # the port is wanted again, with other settings, or not at all
            old = None
        if endpoint is not None:
            await self._serve(config, endpoint)
            if old is not None:
                await old.stop()
                self._data.start()  # the old server has ended what both use
            if self._has_pages(config):
                self._log.info("the data API is served at {url}api/v2", url=self.url)
            else:
                self._log.info("health and metrics are at {url}; pages are by `buildmill web`", url=self.url)
        self._served = config

    def _has_pages(self, config: MasterConfig) -> bool:
        return not self._is_engine or config.www.process == "engine"

    def _endpoint(self, config: MasterConfig) -> str | None:
        return config.www.port if self._has_pages(config) else config.www.operations_port

    async def _serve(self, config: MasterConfig, endpoint: str) -> None:
        server = WebServer(
            data=self._data,
            bus=self._bus,
            reactor=self._reactor,
            rng=self._rng,
            operations=self._operations,
            in_thread=self._in_thread,
            base_url=config.buildbotURL,
            allowed_origins=config.www.allowed_origins or (),
            title=config.title,
            title_url=config.titleURL,
            multi_master=config.multiMaster,
            ui={"port": config.www.port, **config.www.ui},
            pages=BUILT,
            access=access_of(config, self._master),
            accounts=self._accounts,
            limits=config.www.limits,
            ping_seconds=config.www.ws_ping_interval,
            history=self._history,
            serves_pages=self._has_pages(config),
        )
        server.show(config.www.dashboards)
        try:
            self.port = await server.start(endpoint)
        except CannotListenError as error:
            problem = f"www: nobody can be served at {endpoint}: {error.socketError}"
            hint = "another program listens there; `port` in www names the address"
            raise ConfigError([ConfigProblem(problem, str(config.file), hint=hint)]) from error
        self.server = server

    def settle(self) -> None:
        """Nothing was kept for going back."""

    async def stop(self) -> None:
        """Serve nobody any more."""
        server, self.server, self._served, self.port = self.server, None, None, None
        if server is not None:
            await server.stop()


def access_of(config: MasterConfig, master: Any) -> Access:
    """What a configuration says about who may use the web side.

    Args:
        master: what its back end and its rules look things up with.
    """
    www = config.www
    if www.auth is not None:
        www.auth.reconfigAuth(master, config)
    if www.authz is not None:
        www.authz.setMaster(master)
    how = changing(www.auth, www.authz, www.port, config.buildbotURL)
    return Access(
        backend=www.auth,
        authz=www.authz,
        policy=Policy(public_read=www.public_read, changing=how),
        trusted_proxies=www.trusted_proxies,
        dataset_rules=config.orchestration.dataset_rules,
        session_seconds=min(WHOLE_SECONDS, max(60, int(www.cookie_expiration_time.total_seconds()))),
    )


def _means(config: MasterConfig) -> tuple[Any, ...]:
    """What a server must be made anew for: not who may use it, nor what dashboards do."""
    defaults = WwwConfig()
    unimportant = ("auth", "authz", "public_read", "trusted_proxies", "cookie_expiration_time", "dashboards")
    www = replace(config.www, **{name: getattr(defaults, name) for name in unimportant})
    return www, config.buildbotURL, config.title, config.titleURL, config.multiMaster
