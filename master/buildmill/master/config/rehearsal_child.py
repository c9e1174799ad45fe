"""The process that reads a configuration for another one. See `rehearsal`.

``python -m buildmill.master.config.rehearsal_child BASEDIR FILE REPORT SECONDS``
"""

from __future__ import annotations

import faulthandler
import os
import sys
from pathlib import Path

import msgspec

from buildmill.common.errors import ConfigError
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


def main(arguments: list[str]) -> None:
    """See the module. Never returns: threads that the configuration has started are not waited for."""
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


if __name__ == "__main__":
    main(sys.argv[1:])
