"""Starts the instance of a latent worker when a build needs it, and stops it when nobody has for a while.

A build is given to such a worker as if it were connected, and waits here until it is. Builds that need another kind of
instance (`renderWorkerProps`) wait until the present one is idle, and get one of their own. A failed start is tried
again with the build, as late as the worker's quarantine says.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Protocol, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, ConnectionLost
from buildmill.common.tasks import TaskOwner
from buildmill.master.engine.service import settled
from buildmill.master.engine.user_code import RAISED
from buildmill.master.engine.workers import WorkerHandle

_STATE: Final = "LatentWorker"


class LatentWorkerFailedToSubstantiate(ConnectionLost):
    """A latent worker did not start; the build is tried again."""


class LatentWorkerCannotSubstantiate(BuildmillError):
    """A latent worker will never start with these settings; the build ends with an exception."""


class LatentWorkerSubstantiatiationCancelled(BuildmillError):
    """A latent worker is not needed any more."""


class LatentConfig(Protocol):
    """What a configuration says of a latent worker; see `latent.abstract.AbstractLatentWorker`."""

    name: str
    build_wait_timeout: float
    check_instance_interval: float
    missing_timeout: int | None

    async def prepare(self, master: Any, password: str) -> None: ...
    def renderWorkerProps(self, build: Any) -> Any: ...
    def start_instance(self, build: Any) -> Any: ...
    def check_instance(self) -> Any: ...
    def stop_instance(self, fast: bool = False) -> Any: ...


class State(Enum):
    """What is known of the instance."""

    DOWN = "down"
    STARTING = "starting"
    UP = "up"
    STOPPING = "stopping"


@dataclass(eq=False)
class _Waiter:
    build: Any
    needs: Any
    ready: Deferred[None] = field(default_factory=Deferred)


class Substantiation:
    """The instance of one latent worker.

    Args:
        handle: the worker.
        master: the facade given to code of users.
        tasks: owns what runs here.
        stopped: called when an instance is stopped for sure.
        password: for a worker whose configuration has none.

    Attributes:
        state: what is known of the instance.
    """

    _log = Logger()

    def __init__(
        self,
        handle: WorkerHandle,
        *,
        master: Any,
        clock: IReactorTime,
        tasks: TaskOwner,
        stopped: Callable[[], Awaitable[None]],
        password: str,
    ) -> None:
        self.state = State.DOWN
        self.password = password
        self._handle = handle
        self._master = master
        self._clock = clock
        self._tasks = tasks
        self._stopped = stopped
        self._earlier: str | None = None
        self._waiting: list[_Waiter] = []
        self._config: LatentConfig | None = None
        self._needs: Any = None
        self._is_unwanted = False
        self._is_closed = self._is_retired = self._is_expected = False
        self._is_working = False
        self._ended: Deferred[None] | None = None
        self._starting: Deferred[None] | None = None
        self._arrival: Deferred[None] = Deferred()
        self._why = ""
        self._calls: dict[str, IDelayedCall] = {}

    @property
    def _wanted(self) -> LatentConfig:
        """What the configuration in force says."""
        config: Any = self._handle.config
        return cast(LatentConfig, config)

    @property
    def _secret(self) -> str:
        """What the worker must say."""
        return self._handle.password or self.password

    # -- for builds --------------------------------------------------------------------------------

    async def ready(self, build: Any) -> None:
        """Wait until the worker is connected, on an instance that suits the build. May be cancelled.

        Raises:
            LatentWorkerFailedToSubstantiate: it did not start.
            LatentWorkerCannotSubstantiate: it never will.
        """
        self._cancel("idle")
        waiter = _Waiter(build, await settled(self._wanted.renderWorkerProps(build)))
        self._waiting.append(waiter)
        self._wake()
        try:
            await waiter.ready
        except CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            if not self._waiting:
                self._give_up("nobody waits for it any more")
            self._wake()
            raise

    def build_ended(self) -> None:
        """A build on the worker has ended."""
        if self._is_expected and not self._handle.builds:
            self._is_expected = False
            self._handle.forget_commands("it did not come back")
            self._note_startable()
        if self.state is not State.UP or self._handle.builds:
            self._wake()  # what waits may need another instance
            return
        is_outdated = self._is_retired or self._config is not self._wanted
        timeout = 0 if is_outdated or self._handle.connection is None else self._wanted.build_wait_timeout
        if timeout == 0:
            self._stop_soon()
        elif timeout > 0:
            self._call_later("idle", timeout, self._stop_soon)

    # -- for the worker's connection -----------------------------------------------------------------

    @property
    def is_stopping(self) -> bool:
        """Whether a connection that comes now is of an instance that will be gone in a moment."""
        return self.state is State.STOPPING

    def attached(self) -> None:
        """The worker is connected, and prepared."""
        self._is_expected = False
        self._note_startable()
        if self.state is State.STARTING:
            if not self._arrival.called:
                self._arrival.callback(None)
        elif (
            self.state is State.DOWN and not self._is_retired
        ):  # of an earlier run of this master, or started by somebody else
            self.state = State.UP
            self._config, self._needs = self._wanted, None
            self.build_ended()

    def detached(self) -> None:
        """The worker's connection has ended."""
        if self.state is State.UP and not self._handle.builds:
            self._stop_soon()

    # -- who it is ---------------------------------------------------------------------------------

    async def remember(self) -> None:
        """Know again the password of an instance that an earlier run of this master has started."""
        name = self._handle.name
        self._earlier = await self._master.data.updates.getState(_STATE, name, "password_sha256", None)

    def knows(self, password: str) -> bool:
        """Whether that is the made up password of an instance that an earlier run has started."""
        has_own = self._handle.password != self.password
        if self._earlier is None or has_own or self.state is State.STARTING:
            return False
        return hmac.compare_digest(_digest(password), self._earlier)

    async def _note_password(self) -> None:
        """Only its hash is kept: whoever reads the database cannot connect as the worker."""
        self._earlier = None
        if self._handle.password == self.password:
            await self._master.data.updates.setState(
                _STATE, self._handle.name, "password_sha256", _digest(self.password)
            )

    # -- for the engine ------------------------------------------------------------------------------

    @property
    def is_used(self) -> bool:
        """Whether builds are on it, or were left there for the next run of the master."""
        return self.state is State.UP and bool(self._handle.builds)

    def begin(self) -> None:
        """The master has been started, or the worker is latent from now on: what is on it already is known."""
        if self._handle.connection is not None:
            self.attached()
        elif self._handle.builds:
            self._is_expected = True  # the worker comes back by itself; until then nothing can be begun there
        else:
            self._handle.forget_commands("it is started anew")
        self._note_startable()

    def _note_startable(self) -> None:
        self._handle.slot.is_startable = not self._is_retired and not self._is_expected

    def retire(self) -> None:
        """The worker is latent no more: the instance is stopped when the builds on it have ended."""
        self._is_retired = True
        self._note_startable()
        self._stop_soon()

    def configured(self) -> None:
        """There is a new configuration: an idle instance of another one is stopped."""
        self._is_retired = False
        self._note_startable()
        if self.state is State.UP and self._config is not self._wanted and not self._handle.builds:
            self._stop_soon()

    async def close(self, *, fast: bool) -> None:
        """Stop the instance for good; returns when that is done.

        Args:
            fast: the master stops; code of users may skip what takes long.
        """
        self._is_closed = True
        for name in tuple(self._calls):
            self._cancel(name)
        self._give_up("the worker is not needed any more")
        if self._is_working and self._ended is not None:
            await self._ended
        if self.state is State.UP:
            await self._take_down(fast)

    def leave(self) -> None:
        """The master stops, and builds go on without it: leave the instance as it is."""
        self._is_closed = True
        for name in tuple(self._calls):
            self._cancel(name)

    # -- the one that changes it ---------------------------------------------------------------------

    def _stop_soon(self) -> None:
        self._cancel("idle")
        self._is_unwanted = True
        self._wake()

    def _wake(self) -> None:
        if not self._is_working and not self._is_closed:
            self._is_working = True
            self._ended = self._tasks.start(self._work(), name=f"instance of worker {self._handle.name}")

    async def _work(self) -> None:
        """Do what is wanted of the instance, until nothing is."""
        try:
            while not self._is_closed:
                if self.state is State.UP and self._handle.slot.is_connected:
                    self._serve()
                if self.state is State.UP and (self._is_unwanted or self._waiting) and not self._used_by():
                    await self._take_down(fast=False)
                elif self.state is State.DOWN and self._waiting:
                    await self._bring_up(self._waiting[0])
                else:
                    break
        finally:
            self._is_working = False

    def _used_by(self) -> set[Any]:
        """Builds that run on the instance."""
        return set(self._handle.builds) - {waiter.build.buildid for waiter in self._waiting}

    def _serve(self) -> None:
        """Let those builds begin that the instance suits."""
        for waiter in tuple(self._waiting):
            if waiter.needs == self._needs and self._config is self._wanted:
                self._is_unwanted = False
                self._waiting.remove(waiter)
                waiter.ready.callback(None)

    async def _bring_up(self, first: _Waiter) -> None:
        config = self._wanted
        self.state = State.STARTING
        self._config, self._needs = config, first.needs
        self._is_unwanted, self._why = False, ""
        self._arrival = Deferred()
        if config.missing_timeout is not None:
            text = f"it did not connect within {config.missing_timeout} s"
            self._call_later("limit", config.missing_timeout, self._give_up, text)
        self._log.info("worker {worker} is being started", worker=config.name)
        self._starting = Deferred.fromCoroutine(self._start(config, first.build))
        problem: BuildmillError | None = None
        try:
            await self._starting
        except LatentWorkerCannotSubstantiate as error:
            problem = error
        except RAISED as error:  # a cancelled one, too
            if not self._why and not isinstance(error, LatentWorkerFailedToSubstantiate):
                self._log.failure("worker {worker} could not be started", worker=config.name)
            why = self._why or f"{type(error).__name__}: {error}"
            if isinstance(error, LatentWorkerFailedToSubstantiate):
                why = str(error)
            problem = LatentWorkerFailedToSubstantiate(f"worker {config.name} did not start: {why}")
        self._starting = None
        self._cancel("limit")
        self._cancel("check")
        self.state = State.UP
        if problem is None:
            return
        failed, self._waiting = self._waiting, []
        for waiter in failed:
            waiter.ready.errback(problem)
        await self._take_down(fast=False)

    async def _start(self, config: LatentConfig, build: Any) -> None:
        await config.prepare(self._master, self._secret)
        await self._note_password()
        if not await settled(config.start_instance(build)):
            raise LatentWorkerFailedToSubstantiate("start_instance says that it failed")
        self._check_later(config)
        await self._arrival

    def _check_later(self, config: LatentConfig) -> None:
        if config.check_instance_interval > 0 and not self._arrival.called:
            check = self._check_again
            self._call_later("check", config.check_instance_interval, check, config)

    def _check_again(self, config: LatentConfig) -> None:
        self._tasks.start(self._check(config), name=f"check the instance of worker {config.name}")

    async def _check(self, config: LatentConfig) -> None:
        is_good, message = await settled(config.check_instance())
        if self.state is not State.STARTING or self._config is not config:
            return
        if is_good:
            self._check_later(config)
        else:
            self._give_up(f"its instance has ended: {message}")

    def _give_up(self, why: str) -> None:
        """Wait no longer for an instance that is starting; harmless otherwise."""
        if self._starting is not None and not self._why:
            self._why = why
            self._starting.cancel()

    async def _take_down(self, fast: bool) -> None:
        config, self._is_unwanted = self._config, False
        assert config is not None
        self.state = State.STOPPING
        self._cancel("idle")
        if self._handle.connection is not None:
            self._handle.connection.close("the instance of this worker is being stopped")
        self._handle.forget_commands("its instance was stopped")
        self._log.info("worker {worker} is being stopped", worker=config.name)
        try:
            await config.prepare(self._master, self._secret)  # an earlier run of the master may have started it
            await settled(config.stop_instance(fast))
            await self._stopped()
        except RAISED:
            self._log.failure("the instance of worker {worker} could not be stopped", worker=config.name)
        self.state = State.DOWN

    # -- time ----------------------------------------------------------------------------------------

    def _call_later(self, name: str, seconds: float, function: Callable[..., None], *args: Any) -> None:
        self._cancel(name)
        self._calls[name] = self._clock.callLater(seconds, function, *args)

    def _cancel(self, name: str) -> None:
        call = self._calls.pop(name, None)
        if call is not None and call.active():
            call.cancel()


def _digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()
