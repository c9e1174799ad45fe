"""The record of the configuration in force, in the master's directory: for those who plan another one.

It holds names and fingerprints, and nothing of what the configuration says.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from buildmill.common.errors import ConfigError, ConfigProblem
from buildmill.master.config.inventory import EMPTY, Inventory
from buildmill.master.config.plan import ReconfigPlan

FILE: Final = "in-force.json"


class InForce(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force.

    Attributes:
        inventory: of the configuration.
        plan: what its last change was; None after the master's start.
    """

    inventory: Inventory
    plan: ReconfigPlan | None = None


NOTHING: Final = InForce(inventory=EMPTY)


def read(basedir: Path) -> InForce:
    """The record; `NOTHING` where no master has run yet.

    Raises:
        ConfigError: it cannot be read.
    """
    file = basedir / FILE
    try:
        return msgspec.json.decode(file.read_bytes(), type=InForce)
    except FileNotFoundError:
        return NOTHING
    except msgspec.DecodeError as problem:
        hint = "the master writes it anew at each start"
        raise ConfigError([ConfigProblem(f"cannot be read: {problem}", str(file), hint=hint)]) from problem


def write_blocking(basedir: Path, record: InForce) -> None:
    """Replace the record; never half of it."""
    temporary = basedir / f"{FILE}.new"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(fd, "wb") as file:
        file.write(msgspec.json.encode(record))
    temporary.replace(basedir / FILE)
