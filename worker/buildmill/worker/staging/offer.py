"""What a worker says of its staging, if its owner has switched it on."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import threading
from collections.abc import Iterator

from buildmill.common.errors import ConfigError, ConfigProblem
from buildmill.common.staging import Offer
from buildmill.worker.config import WorkerConfig
from buildmill.worker.spool.layout import DIRECTORY

MIB = 1 << 20
SHELF = "shelf"
_NEEDED = ("xxhash", "yaml")  # the extra `staging`


def check_staging(config: WorkerConfig) -> None:
    """Make sure that what staging needs is there, where it is switched on.

    Raises:
        ConfigError: it is not.
    """
    problems = list(_problems(config)) if config.staging else []
    if problems:
        raise ConfigError(problems)


def _problems(config: WorkerConfig) -> Iterator[ConfigProblem]:
    if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
        text = f"staging: Python's {' and '.join(missing)} can't be found"
        yield ConfigProblem(text, hint="install buildmill[staging]")
    if not config.durable:
        yield ConfigProblem("staging: needs durable = true: only then is every process of a staging found when it ends")
    if not os.path.exists(f"/proc/self/task/{threading.get_native_id()}/children"):
        yield ConfigProblem("staging: this system does not tell who has started whom (/proc/PID/task/TID/children)")


def make_offer_blocking(config: WorkerConfig, basedir: str) -> Offer | None:
    """Find out how limits can be enforced here; None if staging is switched off."""
    if not config.staging:
        return None
    from buildmill.worker.staging.lifecycles import LIFECYCLES
    from buildmill.worker.staging.supervision.probe import probe

    program = [sys.executable, "-P", "-m", "buildmill.worker.staging"]
    if config.staging_shelf_mb:
        program += ["--shelf", os.path.join(basedir, DIRECTORY, SHELF), "--shelf-mb", str(config.staging_shelf_mb)]
    if not config.staging_cgroups:
        program.append("--no-cgroups")
    return Offer(
        program=program,
        lifecycles=list(LIFECYCLES),
        enforcement=dict(probe(with_cgroups=config.staging_cgroups).shown()),
        memory_mb=config.staging_memory_mb or os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MIB,
        disk_mb=config.staging_disk_mb or shutil.disk_usage(basedir).free // MIB,
    )
