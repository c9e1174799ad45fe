"""`SecretDetails`: a secret, and who gave it."""

from __future__ import annotations


class SecretDetails:
    """One secret.

    Args:
        source: name of the class that gave it.
        key: its name.
        value: what nobody may see.
    """

    def __init__(self, source: str, key: str, value: str) -> None:
        self._source = source
        self._key = key
        self._value = value

    @property
    def source(self) -> str:
        """Name of the class that gave it."""
        return self._source

    @property
    def key(self) -> str:
        """Its name."""
        return self._key

    @property
    def value(self) -> str:
        """What nobody may see."""
        return self._value

    def __str__(self) -> str:
        return f"{self._source} {self._key}: ***"

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SecretDetails):
            return NotImplemented
        return (self.source, self.key, self.value) == (other.source, other.key, other.value)

    def __hash__(self) -> int:
        return hash((self._source, self._key))
