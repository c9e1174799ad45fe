"""`Machine`: what several workers stand on, as a configuration describes it."""

from __future__ import annotations

from buildmill.master.domain.config_errors import config_error, users_place


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
