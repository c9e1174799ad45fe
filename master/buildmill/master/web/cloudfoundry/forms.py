"""Forms with files, read while they come: the file goes to the store of bytes, everything else is short."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from multipart import MultipartError, PushMultipartParser, parse_options_header

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.staging.ports import BlobWriter
from buildmill.master.web.incoming import Incoming

FILE_FIELD: Final = "bits"
_MOST_FIELDS: Final = 16
_LONGEST_FIELD: Final = 4 * 1024 * 1024
_SHORT_FIELDS: Final = ("resources", "checksum")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")


class NotAForm(InvalidInput):
    """The body is no form, or it ends before its end."""

    def __init__(self, problem: str) -> None:
        super().__init__("body", problem)


@dataclass(frozen=True, kw_only=True)
class Form:
    """What has come.

    Attributes:
        writer: has the file; None where none has come.
        filename: of it, as the client calls it, without folders.
        fields: short ones, by name.
    """

    writer: BlobWriter | None
    filename: str
    fields: dict[str, bytes]

    @property
    def expected_sha256(self) -> str | None:
        """The checksum that the client says the file has; None if it says none.

        Raises:
            NotAForm: it is none.
        """
        text = self.fields.get("checksum", b"").decode("latin-1").strip()
        if not text:
            return None
        if not _SHA256.match(text):
            raise NotAForm("checksum: expected 64 hexadecimal digits of SHA-256")
        return text.lower()


class _Reading:
    """One form on its way."""

    def __init__(self, boundary: str, open_write: Callable[[], Awaitable[BlobWriter]]) -> None:
        self.parser = PushMultipartParser(boundary, max_segment_count=_MOST_FIELDS)
        self._open_write = open_write
        self.writer: BlobWriter | None = None
        self.filename = ""
        self.fields: dict[str, bytes] = {}
        self._name = ""

    async def take(self, piece: bytes) -> None:
        for event in self.parser.parse(piece):
            if event is None:
                self._name = ""
            elif isinstance(event, bytes | bytearray):
                await self._content(bytes(event))
            else:
                await self._begin(event.name, event.filename or "")

    async def _begin(self, name: str, filename: str) -> None:
        if name in self.fields or (name == FILE_FIELD and self.writer is not None):
            raise NotAForm(f"the field {name!r} is there twice")
        self._name = name
        if name == FILE_FIELD:
            self.filename = re.split(r"[/\\]", filename)[-1]
            self.writer = await self._open_write()
        elif name in _SHORT_FIELDS:
            self.fields[name] = b""

    async def _content(self, content: bytes) -> None:
        if self._name == FILE_FIELD and self.writer is not None:
            await self.writer.write(content)
        elif self._name in self.fields:
            self.fields[self._name] += content
            if len(self.fields[self._name]) > _LONGEST_FIELD:
                raise NotAForm(f"the field {self._name!r} is longer than {_LONGEST_FIELD} bytes")


async def read_form(content_type: bytes, incoming: Incoming, open_write: Callable[[], Awaitable[BlobWriter]]) -> Form:
    """Read a form to its end. Whatever goes wrong, nothing of the file is left.

    Args:
        content_type: the header, with the boundary.
        open_write: begins to store the file.

    Raises:
        NotAForm: it is none.
        ConnectionLost: the client went away before the end.
        BlobTooLarge: the file is.
    """
    kind, options = parse_options_header(content_type.decode("latin-1"))
    boundary = options.get("boundary", "")
    if kind.lower() != "multipart/form-data" or not boundary:
        raise NotAForm("expected multipart/form-data with a boundary")
    try:
        reading = _Reading(boundary, open_write)
    except MultipartError as error:
        raise NotAForm(str(error)) from None
    try:
        while piece := await incoming.read():
            await reading.take(piece)
        reading.parser.close()
    except BaseException as error:  # also when the server stops
        if reading.writer is not None:
            await reading.writer.discard()
        if isinstance(error, MultipartError):
            raise NotAForm(f"the form is broken: {error}") from None
        raise
    return Form(writer=reading.writer, filename=reading.filename, fields=reading.fields)
