"""`AbstractLatentWorker`: the base of workers that are started when there is work for them."""

from __future__ import annotations

from typing import Any, Final, Self

from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.engine.service import settled
from buildmill.master.engine.worker_config import WorkerConfig
from buildmill.master.latent.checks import check, number

OPTIONS: Final = frozenset(
    {
        "max_builds", "notify_on_missing", "missing_timeout", "properties", "defaultProperties", "locks",
        "keepalive_interval", "machine_name",
    }
)  # fmt: skip
"""What every worker takes; see `WorkerConfig`."""


class AbstractLatentWorker(WorkerConfig):
    """A worker whose instance (a container, a virtual machine) is started for a build.

    Subclasses take their own arguments either in ``__init__`` or in `checkConfig`, and pass on the others.

    Args:
        name: name of the worker.
        password: what it must say when it connects; a string or a renderable. None: one is made up.
        build_wait_timeout: seconds after a build until the instance is stopped, unless another build comes; 0: at
            once; negative: never.
        check_instance_interval: seconds between questions whether an instance that is starting still lives.

    See `WorkerConfig` for the others.

    Attributes:
        master: the master, once an instance was to be started.
        constructed_with: the arguments of the constructor.
    """

    is_latent = True
    master: Any = None
    constructed_with: tuple[tuple[Any, ...], dict[str, Any]]
    _place: tuple[str | None, int | None]
    _is_configured = False

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        worker = super().__new__(cls)
        worker.constructed_with = (args, kwargs)
        worker._place = users_place()  # where it is made, not where a class of the user passes its arguments on
        return worker

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._config_args, self._config_kwargs = args, kwargs
        self.checkConfig(*args, **kwargs)
        self.file, self.line = self._place
        del self._place  # of no meaning to whoever compares configurations

    def checkConfig(
        self,
        name: str,
        password: Any = None,
        build_wait_timeout: float = 600,
        check_instance_interval: float = 10,
        **options: Any,
    ) -> None:
        """Check the arguments, and report what is wrong by `config_error`; called while the configuration is read."""
        if unknown := sorted(set(options) - OPTIONS):
            config_error(f"{type(self).__name__} {name!r}: unknown arguments: {', '.join(unknown)}")
        given = {option: value for option, value in options.items() if option in OPTIONS}
        if given.get("missing_timeout") is None:
            given.pop("missing_timeout", None)
        WorkerConfig.__init__(self, name, password, **given)
        self._given_password = password
        if not (password is None or is_renderable(password) or (isinstance(password, str) and password)):
            config_error(f"{self.owner}: the password must be a non-empty string, or None")
        check(
            self.owner,
            number,
            build_wait_timeout=build_wait_timeout,
            check_instance_interval=check_instance_interval,
        )
        self.build_wait_timeout = build_wait_timeout
        self.check_instance_interval = check_instance_interval

    @property
    def given_password(self) -> Any:
        """See `WorkerConfig`; `password` is what the worker must say, once an instance was to be started."""
        return self._given_password

    @property
    def owner(self) -> str:
        """How texts about its arguments begin."""
        return f"{type(self).__name__} {self.name!r}"

    # -- for subclasses ------------------------------------------------------------------------------

    def reconfigService(self, *args: Any, **kwargs: Any) -> Any:
        """Take the arguments, before an instance is started for the first time; the password is rendered by then."""

    def start_instance(self, build: Any) -> Any:
        """Start the instance, for a build; may be a coroutine.

        Its worker must connect under `name` with `password`.

        Returns:
            Whether it is starting; a text or a list counts as yes.

        Raises:
            LatentWorkerFailedToSubstantiate: it does not start; the build is tried again.
            LatentWorkerCannotSubstantiate: it never will; the build ends with an exception.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how its instance is started")

    def stop_instance(self, fast: bool = False) -> Any:
        """Stop the instance, also one that did not start; may be a coroutine.

        Args:
            fast: the master stops.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how its instance is stopped")

    def check_instance(self) -> Any:
        """Whether an instance that is starting still lives, and what is wrong with it otherwise."""
        return True, ""

    def renderWorkerProps(self, build: Any) -> Any:
        """What a build needs of the instance: builds with equal needs share one; the others get one of their own."""
        return None

    async def prepare(self, master: Any, password: str) -> None:
        """Called before each start and each stop.

        Args:
            password: what the worker must say when it connects.
        """
        self.master, self.password = master, password
        if not self._is_configured:
            await settled(self.reconfigService(*self._config_args, **self._config_kwargs))
            self._is_configured = True
