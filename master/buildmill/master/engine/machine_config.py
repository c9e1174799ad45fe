"""`Machine`: what several workers stand on, as a configuration describes it; `AbstractLatentMachine` is started."""

from __future__ import annotations

from typing import Any

from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.not_delivering import NotDelivering


class Machine:
    """A machine, for the argument `machine_name` of workers.

    Builds on its workers have the property ``machine_name``. It is not started or stopped.

    Args:
        name: unique among the machines.
    """

    def __init__(self, name: str) -> None:
        self.file, self.line = users_place()
        if not isinstance(name, str) or not name:
            config_error(f"the name of a machine must be a non-empty string, not {name!r}")
        self.name = str(name)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class AbstractLatentMachine(NotDelivering, Machine):
    """A machine that is to be started when one of its workers has something to do.

    Args:
        name: unique among the machines.
        build_wait_timeout: seconds after the last build until it is stopped; negative: never.
        missing_timeout: seconds that its start may take.
    """

    not_delivering = "is not started and stopped by the master yet"
    way_out = "keep it running, or start it in start_instance of its workers"

    def __init__(self, name: str, build_wait_timeout: float = 0, missing_timeout: float = 20 * 60) -> None:
        super().__init__(name)
        for argument, value in (("build_wait_timeout", build_wait_timeout), ("missing_timeout", missing_timeout)):
            if isinstance(value, bool) or not isinstance(value, int | float):
                config_error(f"machine {self.name!r}: {argument} must be a number, not {value!r}")
        self.build_wait_timeout = build_wait_timeout
        self.missing_timeout = missing_timeout

    # Both are for subclasses; the class by itself is no machine that can be started.

    def start_machine(self) -> Any:
        """For subclasses: start it; true if that went well."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it is started")

    def stop_machine(self) -> Any:
        """For subclasses: stop it."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it is stopped")
