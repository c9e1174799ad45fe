"""What a worker tells about itself."""

from __future__ import annotations

import ntpath
import posixpath
from collections.abc import Mapping

import msgspec

from buildmill.common.errors import ProtocolError
from buildmill.common.protocol import OUTPUT_EXTENSION
from buildmill.common.protocol.durable import DURABLE_EXTENSION, DURABLE_VERSION
from buildmill.common.protocol.messages import CGROUPS_FACT, MACHINE_FACTS
from buildmill.common.staging import STAGING_EXTENSION, STAGING_INFO


class WorkerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to `get_worker_info`. Older workers leave keys out; only `basedir` must be there.

    Attributes:
        environ: environment of the worker's process.
        system: "posix" or "nt"; says how paths are joined.
        basedir: absolute directory of the worker.
        numcpus: how many commands it can run well at once.
        version: of the worker's program.
        commands: name of each command it knows to that command's version; offers of extensions too.
        extra: every other text it sent: admin, host, access_uri, os_...
        delete_leftover_dirs: whether it wants directories removed that belong to no builder.
    """

    basedir: str
    environ: dict[str, str] = {}
    system: str = "posix"
    numcpus: int = 1
    version: str = ""
    commands: dict[str, str] = {}
    extra: dict[str, str] = {}
    delete_leftover_dirs: bool = False

    @property
    def offers_output(self) -> bool:
        """Whether output may be asked for as bytes."""
        return OUTPUT_EXTENSION in self.commands

    @property
    def offers_durable(self) -> bool:
        """Whether its commands can outlive the connection."""
        offered = self.commands.get(DURABLE_EXTENSION, "")
        return offered.isdigit() and int(offered) >= DURABLE_VERSION

    @property
    def facts(self) -> dict[str, str]:
        """What of it is worth comparing between two builds, as text by name; without its environment.

        Texts of its owner's own keep their names, behind ``info.``.
        """
        extra = dict(self.extra)
        staging = extra.pop(STAGING_INFO, None)
        system = {name: extra.pop(name) for name in tuple(extra) if name.startswith("os_")}
        told = {name: extra.pop(name, "") for name in MACHINE_FACTS}
        name = system.get("os_pretty_name") or " ".join(
            filter(None, (system.get("os_name"), system.get("os_version_id")))
        )
        capabilities = {
            "bytes": self.offers_output,
            "cgroups": bool(extra.pop(CGROUPS_FACT, "")),
            "durable": self.offers_durable,
            "staging": staging is not None,
        }
        facts = {
            "system": self.system,
            "os": name,
            **told,
            "version": self.version,
            "cpus": str(self.numcpus),
            "basedir": self.basedir,
            "capabilities": " ".join(sorted(name for name, has in capabilities.items() if has)),
            "commands": " ".join(sorted(name for name in self.commands if name not in _EXTENSIONS)),
            **{f"info.{name}": text.strip() for name, text in extra.items() if name not in _PEOPLE},
        }
        return {name: text for name, text in facts.items() if text}

    def join(self, *parts: str) -> str:
        """A path below the worker's directory, by the rules of its system."""
        if self.system == "nt":
            return ntpath.join(self.basedir, *parts)
        return posixpath.join(self.basedir, *parts)

    def first_part(self, path: str) -> str:
        """The name that a relative path starts with."""
        if self.system == "nt":
            return ntpath.normpath(path).split("\\")[0]
        return posixpath.normpath(path).split("/")[0]


def read_info(document: object) -> WorkerInfo:
    """Check and convert the answer to `get_worker_info`.

    Raises:
        ProtocolError: not a map, no `basedir`, or a known key of the wrong type.
    """
    if not isinstance(document, Mapping):
        raise ProtocolError("worker info: expected a map")
    known = {ours: document[theirs] for theirs, ours in _KNOWN.items() if document.get(theirs) is not None}
    extra = {key: value for key, value in document.items() if key not in _KNOWN and type(value) is str}
    try:
        # lax: a flag may come as 0 or 1
        return msgspec.convert({**known, "extra": extra}, WorkerInfo, strict=False)
    except msgspec.ValidationError as error:
        raise ProtocolError(f"worker info: {error}") from None


_EXTENSIONS = frozenset({OUTPUT_EXTENSION, DURABLE_EXTENSION, STAGING_EXTENSION})
_PEOPLE = frozenset({"admin", "host", "access_uri"})  # told by the worker's own resource
_KNOWN = {
    "basedir": "basedir",
    "environ": "environ",
    "system": "system",
    "numcpus": "numcpus",
    "version": "version",
    "worker_commands": "commands",
    "delete_leftover_dirs": "delete_leftover_dirs",
}
