"""The data API over HTTP: ``/api/v2``.

Where everybody may read, an answer that is in the cache and still right is sent without anything else being done;
other read requests go through `DataAPI.read`. Elsewhere the gate is asked first. Answers are kept for all: what is
kept is the same for everybody who may have it. Actions are JSON-RPC.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError, Forbidden, InvalidInput, Unavailable
from buildmill.common.tasks import TaskOwner
from buildmill.master.data import resultspec
from buildmill.master.data.api import NOBODY, DataAPI, Found, Result
from buildmill.master.data.endpoints.endpoint import Control, Kind
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.types import GROWING
from buildmill.master.data.versions import Stamp
from buildmill.master.domain.allowance import Allowance
from buildmill.master.domain.rights import ACTIONS, ActionKind, Actor, Principal, Resource, declared
from buildmill.master.web import jsonrpc
from buildmill.master.web.addresses import is_of_another_site
from buildmill.master.web.answering import Answering
from buildmill.master.web.bodies import TEXT, Body, Form, body_of, document, error_document, form_of
from buildmill.master.web.cache import Answer, AnswerCache, CacheKey
from buildmill.master.web.conditions import names
from buildmill.master.web.downloads import Downloads
from buildmill.master.web.gate import Gate, Unauthenticated
from buildmill.master.web.http import Request, head_of, unchanged_head_of
from buildmill.master.web.limits import WebLimits
from buildmill.master.web.long_texts import LongTexts
from buildmill.master.web.origins import Origins
from buildmill.master.web.rates import DOWNLOAD_SECONDS, SEARCH_SECONDS, Rates, TooManyRequests
from buildmill.master.web.searches import Searches
from buildmill.master.web.statuses import status_of
from buildmill.master.web.targets import elements_of, parameters_of

_VARY = b"Accept, Accept-Encoding, Origin"
_ASK_AGAIN = b"Cache-Control: no-cache\r\n"  # to be kept, and not to be used unasked
_PREFLIGHT = (b"GET", b"POST", b"HEAD")
NOTHING: frozenset[str] = frozenset()


class Rest:
    """Answers requests below ``/api/v2``.

    Args:
        data: reads and acts.
        origins: which pages of other places may ask.
        limits: what a client may ask for.
        gate: says who may.
        rates: says how much.
    """

    _log = Logger()

    def __init__(self, data: DataAPI[Any], origins: Origins, limits: WebLimits, gate: Gate, rates: Rates) -> None:
        self._data = data
        self._gate = gate
        self._rates = rates
        self._origins = origins
        self._limits = limits
        self._cache = AnswerCache(limits.cache_bytes)
        self._reading: dict[CacheKey, tuple[Stamp, list[Request]]] = {}
        self._tasks = TaskOwner("rest")
        how = Answering(self._tasks, _start_headers, _refuse_read)
        self._downloads = Downloads(data, how, limits)
        self._searches = Searches(data, how, limits)
        self._texts = LongTexts(data, how)

    async def stop(self) -> None:
        await self._tasks.stop()

    def handle(self, request: Request, path: bytes | None) -> None:
        """Answer a request.

        Args:
            path: the part of its path behind ``/api/v2/``, undecoded; None for the root itself.
        """
        request_headers = request.requestHeaders
        if request_headers.hasHeader(b"Origin") and not self._admit(request):
            return
        method = request.method
        if method == b"GET" or method == b"HEAD":
            if self._gate.reads_are_open and not request_headers.hasHeader(b"Authorization"):
                self._answer(request, path, None)
            else:
                self._tasks.start(self._ask_and_answer(request, path), name="reading")
        elif method == b"POST":
            self._tasks.start(self._act(request, path), name="action")
        elif method != b"OPTIONS" or not request_headers.hasHeader(b"Origin"):
            _refuse_method(request)
        elif (request_headers.getRawHeaders(b"Access-Control-Request-Method") or [b""])[0] in _PREFLIGHT:
            _start_headers(request)
            request.answer(200, b"", TEXT)
        else:
            _refuse(request, 400, "invalid method")

    def _admit(self, request: Request) -> bool:
        """Whether a page of that origin may ask; answers the request if not."""
        origin, *more = request.requestHeaders.getRawHeaders(b"Origin", ())
        if more or not self._origins.allows(origin):
            if request.method == b"POST":
                _start_headers(request)
                request.answer(400, b'{"error": {"message": "invalid origin"}}', TEXT)
            else:
                _refuse(request, 400, "invalid origin")
            return False
        request.allowed_origin = origin
        return True

    # -- reading -----------------------------------------------------------------------

    async def _ask_and_answer(self, request: Request, path: bytes | None) -> None:
        try:
            elements = elements_of(path)
            found = self._data.find(elements)
            principal = await self._gate.who(request)
            await self._gate.require(principal, ACTIONS[found.endpoint.reads], Resource(elements))
            withheld = await self._withheld(principal, found)
            reach = await self._gate.reach_of(principal)
            if not reach.is_everything:
                found = await self._data.narrowed(found, reach)
        except BuildmillError as error:
            _refuse_read(request, error)
            return
        except Exception:  # rules of the user's
            self._log.failure("deciding on {uri} failed", uri=request.uri)
            _refuse(request, 500, "internal error")
            return
        request.is_private = True
        if reach.is_everything:
            self._answer(request, path, principal, withheld)
        else:
            self._read(request, path, self._key_of(request, principal, withheld), principal, found)

    async def _withheld(self, principal: Principal, found: Found) -> frozenset[str]:
        """The parts of a page that somebody may not read.

        Raises:
            Forbidden: there is no page without them.
        """
        withheld = set()
        for part in found.endpoint.parts:
            try:
                await self._gate.require(principal, ACTIONS[part.reads], Resource(part.elements(found.keys)))
            except Forbidden:
                if part.is_required:
                    raise
                withheld.add(part.name)
        return frozenset(withheld)

    def _answer(
        self, request: Request, path: bytes | None, principal: Principal | None, withheld: frozenset[str] = NOTHING
    ) -> None:
        """Answer a read request.

        Args:
            principal: who asks, and may; None for whoever it is where everybody may read.
            withheld: parts of a page that it may not read.
        """
        key = self._key_of(request, principal, withheld)
        answer = self._cache.get(key)
        if answer is not None:
            if self._data.stamp(answer.found) == answer.stamp:
                _send(request, answer)
                return
            self._cache.drop(key)
        self._read(request, path, key, principal)

    def _key_of(self, request: Request, principal: Principal | None, withheld: frozenset[str]) -> CacheKey:
        headers = request.requestHeaders
        accepted = headers.getRawHeaders(b"Accept-Encoding")
        if request.is_private and is_of_another_site(headers):
            # whoever has a page of its own sent by the user's browser and sees how long the answer is, could guess its
            # text by what compresses well beside it
            accepted = None
        form = form_of(headers.getRawHeaders(b"Accept"), accepted)
        rows = self._limits.rows if principal is None or not principal.is_known else self._limits.rows_known
        return CacheKey(request.uri, form, withheld, rows)

    def _read(
        self,
        request: Request,
        path: bytes | None,
        key: CacheKey,
        principal: Principal | None,
        narrowed: Found | None = None,
    ) -> None:
        try:
            found = narrowed or self._data.find(elements_of(path))
            is_for_all = ACTIONS[found.endpoint.reads].kind is ActionKind.READ
            if principal is None and not is_for_all:
                self._tasks.start(self._ask_and_answer(request, path), name="reading")
                return
            payer = self._rates.reader(request, principal)
            if found.endpoint.kind in (Kind.RAW, Kind.RAW_INLINE):
                self._rates.charge(payer, DOWNLOAD_SECONDS)
                self._downloads.start(request, found, parameters_of(request.query))
                return
            if found.endpoint.kind is Kind.SEARCH:
                self._rates.charge(payer, SEARCH_SECONDS)
                self._searches.start(request, found, parameters_of(request.query))
                return
            parameters = parameters_of(request.query)
            wanted = resultspec.parse(parameters, found.endpoint.type, is_collection=found.endpoint.is_collection)
            wanted = replace(wanted, withheld=key.withheld) if key.withheld else wanted
            if found.endpoint.is_collection and found.endpoint.type.name in GROWING:
                wanted = resultspec.bounded(wanted, key.rows)
        except BuildmillError as error:
            _refuse_read(request, error)
            return
        actor = NOBODY if principal is None else principal.actor
        if self._texts.may_be_long(found, wanted):
            self._rates.charge(payer, DOWNLOAD_SECONDS)
            look_up = partial(self._look_up, request, found, wanted, key, actor, payer)
            self._texts.start(request, found, wanted, key.form, look_up)
        else:
            self._look_up(request, found, wanted, key, actor, payer)

    def _look_up(
        self, request: Request, found: Found, wanted: ResultSpec, key: CacheKey, actor: Actor, payer: str | None
    ) -> None:
        is_for_all = ACTIONS[found.endpoint.reads].kind is ActionKind.READ
        # what is read for those who do not get to everything is for nobody else
        stamp = self._data.stamp(found) if is_for_all and found.reach.is_everything else None
        if stamp is not None:
            # the same question at the same time is read once
            reading = self._reading.get(key)
            if reading is not None and reading[0] == stamp:
                reading[1].append(request)
                return
        waiting = [request]
        if stamp is not None:
            self._reading[key] = (stamp, waiting)
        self._start_reading(found, wanted, key, stamp, waiting, actor, payer)

    def _start_reading(
        self,
        found: Found,
        wanted: ResultSpec,
        key: CacheKey,
        stamp: Stamp | None,
        waiting: list[Request],
        actor: Actor,
        payer: str | None,
    ) -> None:
        form = key.form
        allowance = Allowance(self._limits.read_seconds)

        def done(outcome: Body | Failure) -> None:
            self._rates.charge(payer, allowance.spent)
            reading = self._reading.get(key)
            if reading is not None and reading[1] is waiting:
                del self._reading[key]
            if isinstance(outcome, Failure):
                self._refuse_all(waiting, outcome)
                return
            answer = Answer(found, stamp, _head(form, outcome), outcome.data, outcome.tag)
            if stamp is not None:
                self._cache.put(key, answer)
            for request in waiting:
                _send(request, answer)

        self._data.read(found, wanted, _finisher(form), actor, allowance).addBoth(done).addErrback(self._broken)

    def _refuse_all(self, waiting: list[Request], failure: Failure) -> None:
        if isinstance(failure.value, BuildmillError):
            for request in waiting:
                _refuse_read(request, failure.value)
            return
        self._log.failure("reading {uri} failed", failure=failure, uri=waiting[0].uri)
        for request in waiting:
            _refuse(request, 500, "internal error")

    def _broken(self, failure: Failure) -> None:
        self._log.failure("sending an answer failed", failure=failure)

    # -- acting ------------------------------------------------------------------------

    async def _act(self, request: Request, path: bytes | None) -> None:
        call: jsonrpc.Call | None = None
        refused = None
        body = b""
        retry_after: bytes | None = None
        try:
            content_type = (request.requestHeaders.getRawHeaders(b"Content-Type") or [b""])[0]
            call = jsonrpc.parse(request.content.read(), content_type, depth=self._limits.json_depth)
            elements = elements_of(path)
            control = self._data.control_of(self._data.find(elements), call.method)
            principal = await self._let_in(request, call, elements, control)
            params = {**call.params, "owner": principal.name}
            admit = partial(self._admit_act, request, principal)
            result = await self._data.control(call.method, params, elements, principal.actor, admit)
            body = jsonrpc.success(call, result)
        except jsonrpc.Refused as error:
            refused = error
        except Unauthenticated as error:
            refused = jsonrpc.Refused(401, jsonrpc.INVALID_REQUEST, str(error))
        except TooManyRequests as error:
            refused = jsonrpc.Refused(429, jsonrpc.INVALID_REQUEST, str(error))
            retry_after = _retry_after(error)
        except BuildmillError as error:
            refused = jsonrpc.refused_by(error)
            retry_after = _retry_after(error)
        except Exception:
            self._log.failure("{method} on {uri} failed", method=call and call.method, uri=request.uri)
            refused = jsonrpc.Refused(500, jsonrpc.INTERNAL_ERROR, "internal error")
        if request.is_gone:
            return
        _start_headers(request)
        if retry_after is not None:
            request.responseHeaders.setRawHeaders(b"Retry-After", [retry_after])
        if refused is not None and refused.status == 401:
            request.responseHeaders.setRawHeaders(b"WWW-Authenticate", [b"Bearer"])
        if refused is not None:
            request.answer(refused.status, jsonrpc.failure(refused, call), b"application/json")
        else:
            request.answer(200, body, b"application/json")

    async def _let_in(
        self, request: Request, call: jsonrpc.Call, elements: Sequence[str], control: Control
    ) -> Principal:
        """Who acts, if it may; the audit log is told of those who may not."""
        principal = Principal(address=self._gate.address_of(request))
        try:
            principal = await self._gate.who(request)
            self._rates.count_action(request, principal)
            self._gate.check_intent(request, principal)
            await self._check_act(principal, elements, call.method, call.params, control)
        except TooManyRequests:  # no entry for each: they would fill the audit log
            raise
        except Exception as error:
            await self._data.note_refusal(call.method, call.params, elements, principal.actor, error)
            raise
        return principal

    async def _admit_act(
        self,
        request: Request,
        principal: Principal,
        elements: Sequence[str],
        method: str,
        params: Mapping[str, Any],
    ) -> None:
        """Look whether somebody who was let in may also do that."""
        self._rates.charge_part(request, principal)
        control = self._data.control_of(self._data.find(elements), method)
        await self._check_act(principal, elements, method, params, control)

    async def _check_act(
        self, principal: Principal, elements: Sequence[str], method: str, params: Mapping[str, Any], control: Control
    ) -> None:
        read, change = await self._gate.reach_of(principal), await self._gate.change_reach_of(principal)
        if not (read.is_everything and change.is_everything):
            await self._data.check_reach(elements, method, params, read, change)
        await self._gate.require(principal, declared(control.action, method), Resource(elements, method, params))


def _finisher(form: Form) -> Callable[[Result], Body]:
    """Makes the body of a result; runs in the thread that has read it."""

    def finish(result: Result) -> Body:
        return body_of(document(result), form)

    return finish


# -- answers ---------------------------------------------------------------------------


def _head(form: Form, body: Body) -> bytes:
    lines = [
        (b"Content-Type", form.content_type),
        (b"Vary", _VARY),
        (b"ETag", body.tag),
        (b"Content-Length", b"%d" % len(body.data)),
    ]
    if body.encoding:
        lines.append((b"Content-Encoding", body.encoding.encode()))
    return head_of(lines)


def _send(request: Request, answer: Answer) -> None:
    """Send an answer, or that the client has it already."""
    headers = request.requestHeaders
    if headers.hasHeader(b"If-None-Match") and names(headers.getRawHeaders(b"If-None-Match", ()), answer.tag):
        head = unchanged_head_of(((b"Vary", _VARY), (b"ETag", answer.tag)))
        request.send_prepared(head, b"", _ASK_AGAIN)
    else:
        request.send_prepared(answer.head, answer.body, _ASK_AGAIN)


def _start_headers(request: Request) -> None:
    request.start_headers().setRawHeaders(b"Vary", [_VARY])


def _refuse(request: Request, status: int, problem: str, retry_after: bytes | None = None) -> None:
    if request.is_gone:
        return
    _start_headers(request)
    if retry_after is not None:
        request.responseHeaders.setRawHeaders(b"Retry-After", [retry_after])
    if status == 401:
        request.responseHeaders.setRawHeaders(b"WWW-Authenticate", [b"Bearer"])
    request.answer(status, error_document(problem), TEXT)


def _refuse_method(request: Request) -> None:
    _start_headers(request)
    request.responseHeaders.setRawHeaders(b"Allow", [b"GET, HEAD, OPTIONS, POST"])
    request.answer(405, error_document("invalid HTTP method"), TEXT)


def _retry_after(error: BuildmillError) -> bytes | None:
    if not isinstance(error, Unavailable):
        return None
    seconds = 1 if error.retry_after is None else math.ceil(error.retry_after.total_seconds())
    return b"%d" % max(seconds, 1)


def _refuse_read(request: Request, error: BuildmillError) -> None:
    problem = str(error)
    if isinstance(error, InvalidInput):
        problem = error.problem if error.field in error.problem else f"{error.problem}: {error.field}"
    _refuse(request, status_of(error, otherwise=400), problem, _retry_after(error))
