"""What the process does that reads a configuration for another one. See `rehearsal`."""

from __future__ import annotations

import faulthandler
import os
import sys
from pathlib import Path
from typing import IO, NoReturn

import msgspec

from buildmill.common.errors import ConfigError
from buildmill.master.config.forked_child import ForkedChild
from buildmill.master.config.inventory import inventory_of
from buildmill.master.config.loader import load
from buildmill.master.config.rehearsal import Report, as_reported
from buildmill.master.config.security import weaknesses_blocking


def report_on(basedir: Path, filename: str) -> Report:
    """Read it in this process, and say what came of it."""
    try:
        config = load(basedir, filename)
    except ConfigError as error:
        return Report(problems=tuple(map(as_reported, error.problems)))
    return Report(
        notices=tuple(str(notice) for notice in config.notices),
        things=inventory_of(config).things,
        db_url=config.db_url,
        weaknesses=weaknesses_blocking(config),
    )


def rehearse(arguments: list[str]) -> NoReturn:
    """See the module. Never returns: threads that the configuration has started are not waited for.

    Args:
        arguments: the master's directory, the configuration, the file that gets the report, and how many seconds
            reading may take.
    """
    basedir, filename, target, seconds = arguments
    faulthandler.enable(all_threads=False)
    faulthandler.dump_traceback_later(float(seconds), exit=True)
    report = report_on(Path(basedir), filename)
    faulthandler.cancel_dump_traceback_later()
    temporary = Path(f"{target}.new")
    temporary.write_bytes(msgspec.json.encode(report))
    temporary.rename(target)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def in_fork(arguments: list[str], output: IO[bytes]) -> ForkedChild:
    """Start the child as a fork of this process, which has imported already what reading takes.

    There must be no other thread yet, and no reactor.
    """
    return ForkedChild(lambda: rehearse(arguments), output)
