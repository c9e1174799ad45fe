"""The orchestration API over HTTP: ``/api/v2/orchestration``.

A request is answered in this order: 401 without a valid token, whatever it asks for; 404 with an empty body for a path
that is none; the token's scope; preview; the body's shape; whether the thing is there; what it means. Specification:
ADR 43.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import CancelledError
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, Forbidden, InvalidInput, NotFound
from buildmill.common.tasks import TaskOwner
from buildmill.master.data.api import DataAPI
from buildmill.master.domain.orchestration.configuration import CancelFinished, ErrorNameCase
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.rights import Principal, Resource, Via, check_scopes
from buildmill.master.web.bodies import JSON
from buildmill.master.web.foundry import answers, bodies, of_builds, of_schedules
from buildmill.master.web.foundry.answers import ErrorCase
from buildmill.master.web.foundry.errors import ApiError, refusal_of
from buildmill.master.web.foundry.openapi import document
from buildmill.master.web.foundry.operation import Call, Operation
from buildmill.master.web.gate import Gate, Unauthenticated
from buildmill.master.web.http import Request
from buildmill.master.web.limits import WebLimits
from buildmill.master.web.origins import Origins
from buildmill.master.web.targets import elements_of, parameters_of

PREFIX = b"/api/v2/orchestration/"
OPERATIONS: tuple[Operation, ...] = (*of_builds.OPERATIONS, *of_schedules.OPERATIONS)
"""All there are; those with a fixed last element stand before those with a RID in its place."""
_SDK = re.compile(rb"python-foundry-platform-sdk/(\d{1,6})\.(\d{1,6})")
_UPPER_SINCE = (1, 82)
_METHODS = b"GET, POST, PUT, DELETE"


class Foundry:
    """See the module.

    Args:
        data: reads and acts.
        gate: says who may.
        origins: which pages of other places may ask.
        limits: what a client may ask for.
        new_id: makes UUIDs that nobody has had before.
    """

    _log = Logger()

    def __init__(
        self,
        data: DataAPI[Any],
        gate: Gate,
        origins: Origins,
        limits: WebLimits,
        new_id: Callable[[], str],
    ) -> None:
        self._data = data
        self._gate = gate
        self._origins = origins
        self._limits = limits
        self._new_id = new_id
        self._tasks = TaskOwner("orchestration API")

    def too_long(self, limit: int) -> tuple[bytes, bytes]:
        """Media type and body of the refusal of a body that is longer than `limit` bytes."""
        error = ApiError("Default:RequestEntityTooLarge", f"the body is longer than {limit} bytes")
        return JSON, error.body(self._new_id())

    async def stop(self) -> None:
        """Answer nothing more."""
        await self._tasks.stop()

    def handle(self, request: Request) -> None:
        """Answer a request below `PREFIX`."""
        request.is_private = True
        origins = request.requestHeaders.getRawHeaders(b"Origin") or []
        if origins:
            if len(origins) > 1 or not self._origins.allows(origins[0]):
                self._refuse(request, ApiError("Default:PermissionDenied", "pages of this origin may not ask"))
                return
            request.allowed_origin = origins[0]
            if request.method == b"OPTIONS":
                headers = request.start_headers()
                headers.setRawHeaders(b"Access-Control-Allow-Headers", [b"Authorization, Content-Type"])
                headers.setRawHeaders(b"Access-Control-Allow-Methods", [_METHODS])
                request.setResponseCode(204)
                request.finish()
                return
        self._tasks.start(self._answer(request), name="answer")

    async def _answer(self, request: Request) -> None:
        try:
            principal = await self._who(request)
            elements = _elements(request)
            if elements == ["openapi.json"] and request.method == b"GET":
                self._send(request, 200, answers.encode(document(OPERATIONS)))
                return
            found = _find(request.method.decode("latin-1"), elements)
            if found is None:
                request.start_headers()
                request.answer(404, b"", JSON)
                return
            answer = await self._perform(request, principal, *found)
        except CancelledError:  # the server stops
            raise
        except ApiError as error:
            self._refuse(request, error)
        except BuildmillError as error:
            self._refuse(request, refusal_of(error))
        except Exception:
            instance = self._new_id()
            self._log.failure(
                "{method} {uri} failed ({instance})", method=request.method, uri=request.uri, instance=instance
            )
            self._refuse(request, ApiError("Default:Internal", "internal error"), instance)
        else:
            self._send(request, 204 if answer is None else 200, b"" if answer is None else answers.encode(answer))

    async def _who(self, request: Request) -> Principal:
        try:
            principal = await self._gate.who(request)
        except Unauthenticated as error:
            raise ApiError("Default:Unauthorized", str(error)) from None
        if principal.via is not Via.TOKEN:
            raise ApiError("Default:Unauthorized", "this needs a token: `Authorization: Bearer TOKEN`")
        return principal

    async def _perform(self, request: Request, principal: Principal, operation: Operation, rid: str) -> Any:
        try:
            check_scopes(principal, operation.action)
        except Forbidden as error:
            raise ApiError("ApiUsageDenied", str(error), {"missingScope": operation.scope}) from None
        query = dict(_query(request))
        if operation.is_preview and query.get("preview", "").lower() != "true":
            raise ApiError("ApiFeaturePreviewUsageOnly", "this is in preview: it needs `preview=true`")
        content = None
        if operation.body is not None:
            bodies.check_media_type(request.getHeader(b"Content-Type"), request.getHeader(b"Content-Encoding"))
            content = bodies.decode(request.content.read(), self._limits.json_depth)

        reach = await self._gate.reach_of(principal)

        async def permit() -> None:
            about = operation.about(rid, content)
            try:
                await self._gate.require(principal, operation.action, about)
                await self._check_reach(principal, reach, about)
            except Forbidden as error:
                raise operation.denied.error(rid, str(error)) from None

        call = Call(
            data=self._data,
            rid=rid,
            document=content,
            query=query,
            principal=principal,
            case=self._case_for(request),
            cancels_strictly=self._data.updates.orchestration.cancel_finished is CancelFinished.ERROR,
            reach=reach,
            permit=permit,
        )
        try:
            return await operation.handle(call)
        except NotFound as error:
            if operation.absent is None:
                raise
            raise operation.absent.error(rid, str(error)) from None

    async def _check_reach(self, principal: Principal, read: Reach, about: Resource) -> None:
        """Raises Forbidden for those who do not get to every project, or not to the datasets that are changed."""
        change = await self._gate.change_reach_of(principal)
        if not (read.is_every_project and change.is_every_project):
            raise Forbidden("this is about all projects, and you do not get to all of them")
        if about.method != "GET" and not change.is_everything:
            await self._data.check_reach(about.path, about.method, about.options, read, change)

    def _case_for(self, request: Request) -> ErrorCase:
        case = self._data.updates.orchestration.error_name_case
        if case is not ErrorNameCase.AUTO:
            return ErrorCase(case.value)
        agent = _SDK.search(request.getHeader(b"User-Agent") or b"")
        is_new = agent is not None and (int(agent[1]), int(agent[2])) >= _UPPER_SINCE
        return ErrorCase.SDK if is_new else ErrorCase.SEED

    def _refuse(self, request: Request, error: ApiError, instance: str | None = None) -> None:
        if request.is_gone:
            return
        headers = request.start_headers()
        if error.status == 401:
            headers.setRawHeaders(b"WWW-Authenticate", [b"Bearer"])
        if error.retry_after is not None:
            headers.setRawHeaders(b"Retry-After", [b"%d" % error.retry_after])
        request.answer(error.status, error.body(instance or self._new_id()), JSON)

    def _send(self, request: Request, status: int, body: bytes) -> None:
        if request.is_gone:
            return
        headers = request.start_headers()
        if status == 204:
            headers.removeHeader(b"Content-Type")
            request.setResponseCode(204)
            request.finish()
        else:
            request.answer(status, body, JSON)


def _find(method: str, elements: list[str]) -> tuple[Operation, str] | None:
    for operation in OPERATIONS:
        rid = operation.match(method, elements)
        if rid is not None:
            return operation, rid
    return None


def _elements(request: Request) -> list[str]:
    try:
        return elements_of(request.path[len(PREFIX) :])
    except InvalidInput:
        return []  # no path of ours has such characters


def _query(request: Request) -> list[tuple[str, str]]:
    try:
        return parameters_of(request.query)
    except InvalidInput as error:
        raise ApiError("Conjure:InvalidArgument", str(error)) from None
