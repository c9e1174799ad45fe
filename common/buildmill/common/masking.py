"""Secrets out of a stream of bytes, before anybody stores it."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import quote, quote_plus

from buildmill.common.errors import InvalidInput

MASK = b"********"
SHORTEST_SECRET = 6  # characters; a shorter one would blacken ordinary output
SHORTEST_FORM = 4  # bytes
_PREFIX = 2  # bytes that the forms are looked up by; not more than SHORTEST_FORM


class Masker:
    """Replaces secrets, and their usual encodings, in one stream.

    What could be the begin of a secret is held back until more has come: at most the longest form but one byte.

    Args:
        secrets: none may be shorter than `SHORTEST_SECRET`.
        names: secret to name: ``<name>`` is shown instead of it. `MASK` is for those without a name.

    Raises:
        InvalidInput: one is.
    """

    def __init__(self, secrets: Iterable[str], names: Mapping[str, str] | None = None) -> None:
        names = names or {}
        self._masks: dict[bytes, bytes] = {}
        for secret in secrets:
            mask = f"<{names[secret]}>".encode() if secret in names else MASK
            self._masks |= dict.fromkeys(_forms(secret), mask)
        forms = sorted(self._masks, key=lambda form: (-len(form), form))
        self._longest = len(forms[0]) if forms else 0
        self._find = re.compile(b"|".join(map(re.escape, forms))) if forms else None
        self._by_prefix: dict[bytes, list[bytes]] = {}
        for form in forms:
            for length in range(1, _PREFIX + 1):
                self._by_prefix.setdefault(form[:length], []).append(form)
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Take more of the stream; what can be passed on by now."""
        if self._find is None:
            return data
        text = self._held + data
        end = self._first_open(text)
        done, position = [], 0
        for match in self._find.finditer(text):
            if match.start() >= end:
                break
            done += [text[position : match.start()], self._masks[match.group()]]
            position = match.end()
        end = max(end, position)
        done.append(text[position:end])
        self._held = text[end:]
        return b"".join(done)

    def flush(self) -> bytes:
        """The stream is at its end: what was held back."""
        return self.whole(self.give_back())

    def give_back(self) -> bytes:
        """What was held back, as it came: for another masker, which goes on with the stream."""
        held, self._held = self._held, b""
        return held

    def whole(self, data: bytes) -> bytes:
        """A text that is complete in itself, masked; the stream isn't touched."""
        return data if self._find is None else self._find.sub(lambda found: self._masks[found.group()], data)

    def _first_open(self, text: bytes) -> int:
        """The first place where a form may begin that more bytes would decide about; the length if there is none."""
        length = len(text)
        for place in range(max(0, length - self._longest + 1), length):
            forms = self._by_prefix.get(text[place : place + _PREFIX])
            if forms is not None:
                rest = text[place:]
                if any(len(form) > len(rest) and form.startswith(rest) for form in forms):
                    return place
        return length


def check_secrets(secrets: Iterable[str]) -> None:
    """Refuse what can't be masked.

    Raises:
        InvalidInput: a secret is too short.
    """
    for secret in secrets:
        if len(secret) < SHORTEST_SECRET:
            raise InvalidInput("mask", f"a secret has fewer than {SHORTEST_SECRET} characters")


def _forms(secret: str) -> set[bytes]:
    check_secrets([secret])
    raw = secret.encode("utf-8", "surrogateescape")
    shown = json.dumps(secret)[1:-1]
    forms = {
        raw,
        raw.replace(b"\n", b"\r\n"),  # as a terminal shows it
        raw.hex().encode(),
        raw.hex().upper().encode(),
        quote(raw).encode(),
        quote(raw, safe="").encode(),
        quote_plus(raw).encode(),
        shlex.quote(secret).encode("utf-8", "surrogateescape"),
        shown.encode(),
        shown.replace("/", "\\/").encode(),
        json.dumps(secret, ensure_ascii=False)[1:-1].encode("utf-8", "surrogateescape"),
    }
    forms |= _base64_forms(raw, base64.b64encode) | _base64_forms(raw, base64.urlsafe_b64encode)
    return {form for form in forms if len(form) >= SHORTEST_FORM}


def _base64_forms(raw: bytes, encode: Callable[[bytes], bytes]) -> set[bytes]:
    whole = encode(raw)
    forms = {whole, whole.rstrip(b"=")}
    for before in range(3):
        # The characters that the secret alone decides, when so many bytes stand before it in its group of three.
        text = encode(bytes(before) + raw)
        forms.add(text[-(-8 * before // 6) : 8 * (before + len(raw)) // 6])
    return forms
