"""The log store: writing, reading and following the output of steps."""

from buildmill.master.logs.frame import DamagedLog
from buildmill.master.logs.store import LogStore
from buildmill.master.logs.writer import LogWriter

__all__ = ["DamagedLog", "LogStore", "LogWriter"]
