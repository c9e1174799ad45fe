"""`NotThereYet`: stands in for a name of Buildbot's vocabulary that is known but not made yet, or refused.

It can be imported and handed around. Calling it or deriving from it is a mistake of the configuration, noted with
its place once; what comes out is a stand-in again, so that the rest of the file is read and all such names are found
in one go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from buildmill.master.domain.config_errors import config_error


class NotThereYet:
    """Stands in for one name.

    Args:
        name: its full name, for the error.
        refusal: why it will not be made, and what to do instead; None if it is only missing yet.
        is_told: whether its use was reported already.
    """

    def __init__(self, name: str, *, refusal: str | None = None, is_told: bool = False) -> None:
        self._name = name
        self._refusal = refusal
        self._is_told = is_told
        self._base: type | None = None

    @property
    def _complaint(self) -> str:
        if self._refusal is not None:
            return f"{self._name} is not available in Buildmill: {self._refusal}"
        return f"{self._name} is not available in Buildmill yet"

    def _told(self) -> NotThereYet:
        if not self._is_told:
            config_error(self._complaint)
        return NotThereYet(self._name, refusal=self._refusal, is_told=True)

    def __call__(self, *args: Any, **kwargs: Any) -> NotThereYet:
        return self._told()

    def __getattr__(self, name: str) -> NotThereYet:
        if name.startswith("_"):
            raise AttributeError(f"{self._complaint}, and so has no {name!r}")
        return NotThereYet(f"{self._name}.{name}", refusal=self._refusal, is_told=self._is_told)

    def __getitem__(self, key: Any) -> NotThereYet:
        return self._told()

    def __iter__(self) -> Iterator[Any]:
        self._told()
        return iter(())

    def __add__(self, other: Any) -> NotThereYet:
        return self._told()

    __radd__ = __add__

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type]:
        self._told()
        if self._base is None:  # one for each name: a class may derive from several of them
            self._base = type(self._name.rpartition(".")[2], (), {"__new__": self._instead_of_instance})
        return (self._base,)

    def _instead_of_instance(self, *args: Any, **kwargs: Any) -> NotThereYet:
        # instead of an object of the user's class, whose methods would miss what is not there
        return NotThereYet(self._name, refusal=self._refusal, is_told=True)

    def __instancecheck__(self, thing: Any) -> bool:
        return self._base is not None and isinstance(thing, self._base)

    def __subclasscheck__(self, cls: type) -> bool:
        return self._base is not None and issubclass(cls, self._base)

    def __repr__(self) -> str:
        return f"<{self._name}: {'not available yet' if self._refusal is None else 'refused'}>"


def is_not_there_yet(value: object, report: Callable[[str], None]) -> bool:
    """Whether a value comes from a name that is not there, so that nothing else need be said about it.

    Args:
        report: called with the error, if none was reported yet.
    """
    if not isinstance(value, NotThereYet):
        return False
    if not value._is_told:
        report(value._complaint)
    return True
