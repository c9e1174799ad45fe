"""The properties of a build: named values, each with the source that set it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Coroutine, Iterator, Mapping, Sequence
from typing import Any

from buildmill.common.errors import InvalidInput
from buildmill.common.masking import SHORTEST_SECRET
from buildmill.master.domain.rendering import BuildContext, RenderError, render

NAME_LIMIT = 256
"""Characters in a property's name, and in its source."""

_SCALARS = frozenset({str, int, bool, type(None)})


class Properties:
    """Named values with their sources, and the door through which renderables see the build.

    Attributes:
        build: the build these belong to; None for those of a scheduler or a configuration.
        runtime: names of the properties that were set while the build ran (a rebuild leaves them out).
        used_secrets: secret value to name, of all secrets rendered so far: whoever shows text of the build
            masks them.
        revision: grows with each change of a value, so that a build can tell quickly whether something
            is to be stored.
    """

    def __init__(self, **kwargs: object) -> None:
        self._values: dict[str, tuple[Any, str]] = {}
        self.runtime: set[str] = set()
        self.build: BuildContext | None = None
        self.used_secrets: dict[str, str] = {}
        self.revision = 0
        self._source_stamps: Sequence[Mapping[str, Any]] | None = None
        self._changes: Sequence[Mapping[str, Any]] | None = None
        if kwargs:
            self.update(kwargs, "TEST")

    @classmethod
    def fromDict(cls, values: Mapping[str, tuple[Any, str]]) -> Properties:
        """Make one of ``{name: (value, source)}``, as `asDict` gives it."""
        properties = cls()
        for name, (value, source) in values.items():
            properties.setProperty(name, value, source)
        return properties

    # reading

    @property
    def properties(self) -> dict[str, tuple[Any, str]]:
        """``{name: (value, source)}``; read only."""
        return self._values

    def asDict(self) -> dict[str, tuple[Any, str]]:
        """A copy: ``{name: (value, source)}``."""
        return dict(self._values)

    def asList(self) -> list[tuple[str, Any, str]]:
        """``(name, value, source)``, sorted by name."""
        return [(name, value, source) for name, (value, source) in sorted(self._values.items())]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __getitem__(self, name: str) -> Any:
        return self._values[name][0]

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._values))

    def hasProperty(self, name: str) -> bool:
        """Whether it is set (its value may be None)."""
        return name in self._values

    has_key = hasProperty

    def getProperty(self, name: str, default: Any = None) -> Any:
        """The value, or `default` if the property is not set."""
        found = self._values.get(name)
        return default if found is None else found[0]

    def getPropertySource(self, name: str) -> str:
        """Who set it. Raises KeyError if it is not set."""
        return self._values[name][1]

    def getProperties(self) -> Properties:
        """These; steps and builds have the same method."""
        return self

    # writing

    def setProperty(self, name: str, value: Any, source: str, runtime: bool = False) -> None:
        """Set one property; it replaces the one of that name.

        Args:
            value: anything that JSON can hold.
            source: who sets it, for people, as ``Scheduler`` or the name of a step.
            runtime: it belongs to this run only.

        Raises:
            InvalidInput: a name or source over 256 characters, or a value that JSON cannot hold, or one that holds
                a secret.
        """
        name, source = (
            _checked_text("property name", name),
            _checked_text(f"source of property {name!r}", source),
        )
        if type(value) not in _SCALARS:
            _check_value(name, value)
        if self.used_secrets and (secret := self.secret_in(value)) is not None:
            raise InvalidInput(
                f"property {name!r}",
                f"it would hold the secret {secret!r}, and properties are stored and shown; "
                "use the secret itself where it is needed",
            )
        if self._values.get(name) != (value, source):
            self.revision += 1
        self._values[name] = (value, source)
        if runtime:
            self.runtime.add(name)

    def update(self, values: Mapping[str, Any], source: str, runtime: bool = False) -> None:
        """Set all of `values`, name to value."""
        for name, value in values.items():
            self.setProperty(name, value, source, runtime=runtime)

    def updateFromProperties(self, other: Properties) -> None:
        """Take over all properties of `other` with their sources and runtime marks."""
        self._values.update(other._values)
        self.runtime |= other.runtime
        self.revision += 1

    def updateFromPropertiesNoRuntime(self, other: Properties) -> None:
        """Take over the properties of `other` that don't belong to its run only."""
        self._values.update({name: held for name, held in other._values.items() if name not in other.runtime})
        self.revision += 1

    # what renderables ask

    def render(self, value: object) -> Coroutine[Any, Any, Any]:
        """`value` with all renderables in it replaced by their values. Await it exactly once."""
        return render(value, self)

    def getBuild(self) -> Any:
        """The build, or None."""
        return self.build

    @property
    def sourcestamps(self) -> Sequence[Mapping[str, Any]]:
        """The source stamps of the build, or a scheduler's own. Raises RenderError without either."""
        if self.build is not None:
            return self.build.source_stamps()
        if self._source_stamps is None:
            raise RenderError("source stamps are known only in a build or to a scheduler")
        return self._source_stamps

    @sourcestamps.setter
    def sourcestamps(self, stamps: Sequence[Mapping[str, Any]]) -> None:
        self._source_stamps = stamps

    @property
    def changes(self) -> Sequence[Mapping[str, Any]]:
        """The changes of the build, or a scheduler's own. Raises RenderError without either."""
        if self.build is not None:
            return self.build.changes()
        if self._changes is None:
            raise RenderError("changes are known only in a build or to a scheduler")
        return self._changes

    @changes.setter
    def changes(self, changes: Sequence[Mapping[str, Any]]) -> None:
        self._changes = changes

    @property
    def files(self) -> set[str]:
        """All files that the changes touch."""
        return {file for change in self.changes for file in change["files"]}

    def source_stamp(self, codebase: str) -> Mapping[str, Any] | None:
        """The source stamp of one codebase, or None."""
        return next((stamp for stamp in self.sourcestamps if stamp["codebase"] == codebase), None)

    getSourceStamp = source_stamp

    def worker_info(self) -> Mapping[str, Any]:
        """What the worker told about itself. Raises RenderError outside a build."""
        return self._needed_build("the worker is").worker_info()

    def build_url(self) -> str | Awaitable[str]:
        """Address of the build's page. Raises RenderError outside a build."""
        return self._needed_build("the address of the build is").url()

    async def secret(self, name: str) -> str:
        """The secret `name`, remembered for masking. Raises RenderError if no provider has it."""
        value = await self._needed_build(f"the secret {name!r} is").secret(name)
        self.useSecret(value, name)
        return value

    def useSecret(self, secret_value: str, secret_name: str) -> None:
        """From now on show ``<name>`` instead of the value. An empty value is not masked.

        Raises:
            InvalidInput: the value is so short that hiding it would blacken ordinary text.
        """
        if not secret_value.strip():
            return
        if len(secret_value) < SHORTEST_SECRET:
            raise InvalidInput(
                f"secret {secret_name!r}",
                f"it has fewer than {SHORTEST_SECRET} characters, so it cannot be hidden in logs; make it longer",
            )
        self.used_secrets[secret_value] = secret_name

    def secret_in(self, value: object) -> str | None:
        """Name of a used secret that a text in the value holds; None without one."""
        return next((name for secret, name in self.used_secrets.items() if _holds(value, secret)), None)

    def cleanupTextFromSecrets(self, text: str) -> str:
        """`text` with each used secret replaced by ``<name>``, the longest first."""
        for value in sorted(self.used_secrets, key=len, reverse=True):
            text = text.replace(value, f"<{self.used_secrets[value]}>")
        return text

    def _needed_build(self, what: str) -> BuildContext:
        if self.build is None:
            raise RenderError(f"{what} known only in a build")
        return self.build

    def __repr__(self) -> str:
        return f"Properties({ {name: value for name, (value, _) in self._values.items()}!r})"


def _checked_text(field: str, text: Any) -> str:
    if not isinstance(text, str):
        raise InvalidInput(field, f"must be a string, not {type(text).__name__}")
    if len(text) > NAME_LIMIT:
        raise InvalidInput(field, f"at most {NAME_LIMIT} characters, this has {len(text)}: {text[:40]!r}...")
    return text


def _holds(value: object, text: str) -> bool:
    match value:
        case str():
            return text in value
        case list() | tuple():
            return any(_holds(item, text) for item in value)
        case dict():
            return any(_holds(key, text) or _holds(item, text) for key, item in value.items())
    return False


def _check_value(name: str, value: object) -> None:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as problem:
        raise InvalidInput(f"property {name!r}", f"the value must be something JSON can hold: {problem}") from problem
