"""What a build runs in: what its worker told of itself, the environment of that worker's process, and its builder's.

An environment is named by a digest of what it says, so that builds in the same one share it. What looks like a secret
is never in it: only a keyed digest of it, by which two of them can be told to be the same one.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from buildmill.master.domain.resources import Resource
from buildmill.master.domain.storable import storable

LONGEST: Final = 2048
"""Characters of a value that are kept."""
MOST: Final = 1000
"""Values of an environment that are kept."""


class Section(StrEnum):
    """What a value belongs to."""

    WORKER = "worker"
    """What the worker told of itself."""
    ENVIRON = "environ"
    """Variables of the worker's own process, which its commands inherit."""
    BUILDER = "builder"
    """Variables that the builder sets, as they were when the build began."""


# of whatever started the process, and different each time: they would make every start another environment
_PASSING: Final = frozenset(
    {
        "_", "COLUMNS", "INVOCATION_ID", "JOURNAL_STREAM", "LINES", "LS_COLORS", "MANAGERPID", "MEMORY_PRESSURE_WATCH",
        "MEMORY_PRESSURE_WRITE", "NOTIFY_SOCKET", "OLDPWD", "SHLVL", "SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY",
        "SYSTEMD_EXEC_PID", "TERM_SESSION_ID", "WINDOWID", "XDG_SESSION_ID",
    }
)  # fmt: skip
_NO_SECRETS: Final = frozenset({"PWD"})
_SECRET_NAME: Final = re.compile(
    r"TOKEN|SECRET|PASS|PWD|KEY|CRED|AUTH(?!OR(?!I[SZ]))|COOKIE|PRIVATE|JWT|DSN|WEBHOOK|SALT|SIGNATURE"
    r"|CONN(ECTION)?_?STR|KUBE_?CONFIG|DOCKER_?CONFIG|NETRC|(^|_)PAT$",
    re.IGNORECASE,
)
# for text in lower case; each takes time in proportion to it, whatever it is, and begins with letters of its own, which
# are found quickly: workers send what they like
_SECRET_VALUE: Final = re.compile(
    r"://(?!git@)[^/\s@]+@"  # who asks, in an address: a token may stand where a name does
    r"|-----begin "
    r"|bearer\s+[\w+/=.-]{8}|basic\s+[\w+/=.-]{8}"
    r"|gh[opsru]_[\w-]{8}|github_pat_[\w-]{8}|glpat-[\w-]{8}|xox[abeprs]-[\w-]{8}|bmt_[\w-]{8}"
    r"|sk-(?<!\wsk-)[\w-]{8}"
    r"|\.eyj[\w-]{8}"  # the second part of a JSON web token
    r"|akia[0-9a-z]{16}\b"
    r"|hooks\.slack\.com/|discord\.com/api/webhooks/|discordapp\.com/api/webhooks/"
    # in an option, a query, a connection string, in JSON
    r"|(?:pass|password|passwd|passphrase|pwd|token|secret|apikey|api[_-]key|accesskey|access[_-]key|accountkey"
    r"|account[_-]key|private[_-]?key|sig|signature|credentials?|auth)"
    r"""(?:["']\s*[:=]|\s*=)\s*["']?[^\s"'&;]"""
)
_LOOKED_AT: Final = LONGEST + 256
"""Characters of a value; what is behind them is not shown, but what begins before may end there."""


def looks_secret(name: str, value: str) -> bool:
    """Whether a variable may hold something that nobody else must read, by its name or its value."""
    if name not in _NO_SECRETS and _SECRET_NAME.search(name) is not None:
        return True
    begin = value[:_LOOKED_AT].lower()
    return _SECRET_VALUE.search(begin) is not None or any(map(_has_password, begin.split()))


def _has_password(word: str) -> bool:
    """Whether an address has a password, in which there may be what should have been escaped."""
    _, is_address, rest = word.partition("://")
    before, is_for_somebody, _ = rest.rpartition("@")
    return bool(is_address and is_for_somebody) and ":" in before


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A value as it is kept.

    Attributes:
        value: None for a secret, and for what was not known.
        digest: of a secret, keyed; empty for anything else.
    """

    section: Section
    name: str
    value: str | None
    digest: str = ""


class EnvironmentValue(Resource, frozen=True):
    """A part of what a build ran in.

    Attributes:
        secret: its value looks like a secret, and is not kept.
        section: ``worker``: what the worker told of itself; ``environ``: a variable of the worker's process;
            ``builder``: a variable that the builder sets.
        value: null for a secret, and for what could not be computed when the build began.
    """

    type_name = "environment_value"
    plural = "environment_values"
    id_field = "name"

    name: str
    secret: bool
    section: str
    value: str | None


class EnvironmentDifference(Resource, frozen=True):
    """A part of it that is another one; null stands for one that was not, or is not, there."""

    type_name = "environment_difference"
    plural = "environment_differences"
    id_field = "name"

    becomes: EnvironmentValue | None
    name: str
    section: str
    was: EnvironmentValue | None


@dataclass(frozen=True, slots=True)
class Environment:
    """One that can be kept.

    Attributes:
        digest: names it by its contents.
        document: the JSON text of its entries.
        os: what operating system it is, for lists; empty if that is not known.
    """

    digest: str
    document: str
    os: str = ""


class EnvironmentMaker:
    """Makes environments whose secrets can be compared.

    Args:
        key: of the digests of secrets; the same for all masters of a database.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_worker(self, facts: Mapping[str, str], environ: Mapping[str, str]) -> Environment:
        """That of a worker: what it told of itself, and the environment of its process."""
        variables = {name: value for name, value in environ.items() if name not in _PASSING}
        entries = [*self._entries(Section.WORKER, facts), *self._entries(Section.ENVIRON, variables)]
        return _environment(entries, storable(facts.get("os") or facts.get("system", "")))

    def of_builder(self, variables: Mapping[str, str | None], secrets: Iterable[str] = ()) -> Environment:
        """That of a builder.

        Args:
            variables: None for a value that is not known.
            secrets: names of variables whose values are known to be secrets, whatever they look like.
        """
        return _environment(self._entries(Section.BUILDER, variables, frozenset(secrets)))

    def _entries(
        self, section: Section, values: Mapping[str, str | None], secrets: frozenset[str] = frozenset()
    ) -> list[Entry]:
        found = []
        for name in sorted(values)[:MOST]:
            value, shown = values[name], storable(name)[:LONGEST]
            if value is None:
                found.append(Entry(section, shown, None))
            elif name in secrets or looks_secret(name, value):
                found.append(Entry(section, shown, None, self._digest(value)))
            else:
                found.append(Entry(section, shown, _cut(storable(value))))
        return found

    def _digest(self, value: str) -> str:
        return hmac.new(self._key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _cut(value: str) -> str:
    """`value`, of which a part is left out if it is long; what is left out is told apart by its digest."""
    if len(value) <= LONGEST:
        return value
    digest = hashlib.sha256(value.encode()).hexdigest()
    return f"{value[:LONGEST]}… ({len(value)} characters, SHA-256 {digest})"


def _environment(entries: Sequence[Entry], os: str = "") -> Environment:
    document = msgspec.json.encode(entries)
    return Environment(hashlib.sha256(document).hexdigest(), document.decode(), os)


decode_entries = msgspec.json.Decoder(list[Entry]).decode
"""The entries of a document."""


def shown(entry: Entry) -> EnvironmentValue:
    """An entry for everybody: without the digest."""
    return EnvironmentValue(entry.name, bool(entry.digest), str(entry.section), entry.value)


def environment_differences(was: Sequence[Entry], becomes: Sequence[Entry]) -> list[EnvironmentDifference]:
    """What is not the same, by section and name."""
    before, after = ({(entry.section, entry.name): entry for entry in entries} for entries in (was, becomes))
    order = {section: place for place, section in enumerate(Section)}
    keys = sorted(before.keys() | after.keys(), key=lambda key: (order[key[0]], key[1]))
    return [
        EnvironmentDifference(_shown(after.get(key)), key[1], str(key[0]), _shown(before.get(key)))
        for key in keys
        if before.get(key) != after.get(key)
    ]


def _shown(entry: Entry | None) -> EnvironmentValue | None:
    return None if entry is None else shown(entry)
