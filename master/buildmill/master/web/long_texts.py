"""The text of a long log as the same document that a short one has, made while it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from buildmill.common.errors import BuildmillError
from buildmill.master.data.api import DataAPI, Found
from buildmill.master.data.endpoints.endpoint import Kind
from buildmill.master.data.endpoints.logchunks import LongText
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.web import raw
from buildmill.master.web.answering import Answering, told_of_failures
from buildmill.master.web.bodies import Form, indented
from buildmill.master.web.http import Request

LEAST_BYTES = 4 * 1024 * 1024
_FEW_LINES = 5000
_LOG_CHUNK = TYPES["logchunk"]
_PLACE = "\u00a4text\u00a4"

_encode = msgspec.json.Encoder().encode


class LongTexts:
    """Answers requests for the contents of logs that are long.

    Args:
        data: has the texts.
        how: how a request is answered.
    """

    def __init__(
        self,
        data: DataAPI[Any],
        how: Answering,
    ) -> None:
        self._data = data
        self._how = how
        self._least = LEAST_BYTES

    @staticmethod
    def may_be_long(found: Found, wanted: ResultSpec) -> bool:
        """Whether it must be looked at how long the answer is."""
        endpoint = found.endpoint
        limit = wanted.query.limit
        is_text = endpoint.type is _LOG_CHUNK and endpoint.kind is Kind.SINGLE and bool(found.keys)
        return is_text and wanted.fields is None and (limit is None or limit > _FEW_LINES)

    def start(
        self, request: Request, found: Found, wanted: ResultSpec, form: Form, otherwise: Callable[[], None]
    ) -> None:
        """Answer a request; if the text is not long, by `otherwise`."""
        self._how.tasks.start(self._answer(request, found, wanted, form, otherwise), name="text")

    async def _answer(
        self, request: Request, found: Found, wanted: ResultSpec, form: Form, otherwise: Callable[[], None]
    ) -> None:
        try:
            text = await self._data.long_text(found, wanted, self._least)
        except BuildmillError as error:
            self._how.refuse(request, error)
            return
        if request.is_gone:
            return
        if text is None:
            otherwise()
            return
        self._how.start_headers(request)
        request.responseHeaders.setRawHeaders(b"Content-Type", [form.content_type])
        with told_of_failures(request):
            await raw.send(request, b"", _document(text, form))


async def _document(text: LongText, form: Form) -> AsyncIterator[bytes]:
    row = {"content": _PLACE, "firstline": text.first, "logid": text.log_id}
    frame = _encode({_LOG_CHUNK.plural: [row], "meta": {}})
    before, after = (frame if form.compact else indented(frame)).split(_PLACE.encode())
    yield before
    async for chunk in text.chunks:
        yield _encode(chunk.content)[1:-1]  # a JSON text without its quotes is a part of a longer one
    yield after
