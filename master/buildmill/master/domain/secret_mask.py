"""`SecretMask`: keeps the secrets of a build out of what is stored of it."""

from __future__ import annotations

from typing import Any

from buildmill.common.masking import Masker
from buildmill.master.domain.properties import Properties


class SecretMask:
    """Puts ``<name>`` in place of the secrets that a build has used so far, and of their usual encodings.

    Args:
        properties: of the build; they know the secrets.
    """

    def __init__(self, properties: Properties) -> None:
        self._properties = properties
        self._masker: Masker | None = None
        self._known = 0

    @property
    def known(self) -> int:
        """How many secrets there are; it only grows."""
        return len(self._properties.used_secrets)

    def is_in(self, value: Any) -> bool:
        """Whether a text in lists, tuples and dictionaries holds a secret."""
        return self._properties.secret_in(value) is not None

    def new_masker(self) -> Masker:
        """For a stream: it knows the present secrets, not those to come."""
        names = self._properties.used_secrets
        return Masker(names, names)

    def data(self, data: bytes) -> bytes:
        """Bytes that are complete in themselves."""
        if not self.known:
            return data
        if self._masker is None or self._known != self.known:
            self._masker, self._known = self.new_masker(), self.known
        return self._masker.whole(data)

    def text(self, text: str) -> str:
        """A text."""
        if not self.known:
            return text
        return self.data(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")

    def value(self, value: Any) -> Any:
        """Texts and bytes anywhere in lists, tuples and dictionaries; anything else stays as it is."""
        if not self.known:
            return value
        match value:
            case str():
                return self.text(value)
            case bytes():
                return self.data(value)
            case tuple():
                return tuple(self.value(item) for item in value)
            case list():
                return [self.value(item) for item in value]
            case dict():
                return {self.value(key): self.value(item) for key, item in value.items()}
        return value


class StreamMask:
    """Masks the streams of one log; a secret that comes up later is hidden from then on.

    Args:
        mask: of the build.
    """

    def __init__(self, mask: SecretMask) -> None:
        self._mask = mask
        self._maskers: dict[str, tuple[int, Masker]] = {}

    def feed(self, stream: str, data: bytes) -> bytes:
        """Take more of a stream; what can be passed on by now."""
        known = self._mask.known
        if not known:
            return data
        before, masker = self._maskers.get(stream, (0, None))
        if masker is None or before != known:
            held = b"" if masker is None else masker.give_back()
            masker, data = self._mask.new_masker(), held + data
            self._maskers[stream] = (known, masker)
        return masker.feed(data)

    def flush(self) -> dict[str, bytes]:
        """What was held back, by stream: nothing more belongs to it."""
        return {stream: rest for stream, (_, masker) in self._maskers.items() if (rest := masker.flush())}
