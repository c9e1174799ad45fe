"""The text of a long log as the same document that a short one has, made while it is sent."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError
from buildmill.common.tasks import TaskOwner
from buildmill.master.data.api import DataAPI, Found
from buildmill.master.data.endpoints.endpoint import Kind
from buildmill.master.data.endpoints.logchunks import LongText
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import TYPES
from buildmill.master.web import raw
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
        tasks: owns what is being sent.
        start_headers: gives an answer its headers.
        refuse: answers a request with an error.
    """

    def __init__(
        self,
        data: DataAPI[Any],
        tasks: TaskOwner,
        start_headers: Callable[[Request], None],
        refuse: Callable[[Request, BuildmillError], None],
    ) -> None:
        self._data = data
        self._tasks = tasks
        self._start_headers = start_headers
        self._refuse = refuse
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
        self._tasks.start(self._answer(request, found, wanted, form, otherwise), name="text")

    async def _answer(
        self, request: Request, found: Found, wanted: ResultSpec, form: Form, otherwise: Callable[[], None]
    ) -> None:
        try:
            text = await self._data.long_text(found, wanted, self._least)
        except BuildmillError as error:
            self._refuse(request, error)
            return
        if request.is_gone:
            return
        if text is None:
            otherwise()
            return
        self._start_headers(request)
        request.responseHeaders.setRawHeaders(b"Content-Type", [form.content_type])
        try:
            await raw.send(request, b"", _document(text, form))
        except CancelledError:  # the server stops
            raise
        except Exception:
            request.processingFailed(Failure())


async def _document(text: LongText, form: Form) -> AsyncIterator[bytes]:
    row = {"content": _PLACE, "firstline": text.first, "logid": text.log_id}
    frame = _encode({_LOG_CHUNK.plural: [row], "meta": {}})
    before, after = (frame if form.compact else indented(frame)).split(_PLACE.encode())
    yield before
    async for chunk in text.chunks:
        yield _encode(chunk.content)[1:-1]  # a JSON text without its quotes is a part of a longer one
    yield after
