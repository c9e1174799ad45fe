"""The v3 API over HTTP: ``/v3``, its root document, the log cache beside it, and the login of its clients.

A request is answered in this order: 404 for a path that is none; 401 without a valid token; 403 if the token's scope is
another; the body; what the operation finds. Specification: docs/reference/cloudfoundry.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine
from importlib.metadata import version
from math import ceil
from typing import Any, Final
from urllib.parse import quote

import msgspec
from twisted.internet.defer import CancelledError
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, InvalidInput
from buildmill.common.tasks import TaskOwner
from buildmill.master.auth.throttle import TooManyTries
from buildmill.master.data.api import DataAPI
from buildmill.master.data.auditing import Note
from buildmill.master.domain.rights import ActionKind
from buildmill.master.web.bodies import JSON
from buildmill.master.web.cloudfoundry import members, openapi, roots
from buildmill.master.web.cloudfoundry.acting import what_is_made
from buildmill.master.web.cloudfoundry.askers import Asker, Askers
from buildmill.master.web.cloudfoundry.documents import Documents
from buildmill.master.web.cloudfoundry.errors import ApiError, bad_query, no_such_route, not_authorized, refusal_of
from buildmill.master.web.cloudfoundry.oauth import LogIn, OAuth, OAuthError
from buildmill.master.web.cloudfoundry.operation import Call, Download, FileBody, Operation, Reply
from buildmill.master.web.cloudfoundry.operations import BESIDE, OPERATIONS, check_declared, find
from buildmill.master.web.cloudfoundry.sending import Sender
from buildmill.master.web.gate import Gate
from buildmill.master.web.http import Request
from buildmill.master.web.limits import WebLimits
from buildmill.master.web.targets import parameters_of

TOKEN: Final = b"/oauth/token"
_LOG_CACHE: Final = b"/api/v1/"
_REQUEST_IDS: Final = (b"X-Vcap-Request-Id", b"X-Request-Id")
_NOT_IN_IDS = re.compile(rb"[^\w-]", re.ASCII)
_LONGEST_ID: Final = 255
_encode = msgspec.json.Encoder().encode


class CloudFoundry:
    """See the module.

    Args:
        data: reads and acts.
        gate: says who may.
        limits: what a client may ask for.
        base_url: this server's address as its users know it.
        log_in: checks name and password, and begins a session.
        new_id: makes UUIDs that nobody has had before.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        data: DataAPI[Any],
        gate: Gate,
        limits: WebLimits,
        base_url: str,
        log_in: LogIn,
        new_id: Callable[[], str],
    ) -> None:
        for operation in (*OPERATIONS, *BESIDE):
            check_declared(operation)
        self._data = data
        self._limits = limits
        self._base_url = base_url.rstrip("/")
        self._new_id = new_id
        self._askers = Askers(data, gate)
        self._oauth = OAuth(gate, log_in)
        self._version = version("buildmill")
        self._tasks = TaskOwner("staging API")

    async def stop(self) -> None:
        """Answer nothing more."""
        await self._tasks.stop()

    # -- which requests ----------------------------------------------------------------------

    def handles(self, request: Request) -> bool:
        """Whether a request is about this API. The address ``/`` is one's own for everybody but browsers."""
        path = request.path
        is_ours = path == b"/v3" or path == TOKEN or path.startswith((b"/v3/", _LOG_CACHE))
        if not is_ours and not (path == b"/" and request.method == b"GET" and not _wants_pages(request)):
            return False
        return self._data.staging.settings().is_on

    def receives(self, method: bytes, target: bytes) -> bool:
        """Whether the body of a request is to be taken while it comes."""
        path = target.partition(b"?")[0]
        if method != b"POST" or not path.startswith(b"/v3/") or not path.endswith(b"/upload"):
            return False
        found = find(method, path)
        return found is not None and found[0].takes_file and self._data.staging.settings().is_on

    def too_long(self, limit: int) -> tuple[bytes, bytes]:
        """Media type and body of the answer to a request whose body is longer than `limit` bytes."""
        return JSON, ApiError("CF-BadRequest", f"Bad request: the body is longer than {limit} bytes").body()

    def handle(self, request: Request) -> None:
        """Answer a request that is about this API."""
        request.is_private = True
        self._tasks.start(self._answer(request), name="answer")

    # -- answers -----------------------------------------------------------------------------

    async def _answer(self, request: Request) -> None:
        sender = Sender(request, self._request_id(request))
        try:
            await self._route(request, sender)
        except CancelledError:  # the server stops
            raise
        except OAuthError as error:
            sender.send(error.status, _encode(error.document))
        except TooManyTries as error:
            self._refuse(sender, ApiError("CF-RateLimitExceeded", str(error), retry_after=error.retry_after))
        except BuildmillError as error:
            self._refuse(sender, refusal_of(error))
        except Exception:
            self._log.failure("{method} {uri} failed ({id})", method=request.method, uri=request.uri, id=sender.id)
            self._refuse(sender, ApiError("UnknownError", "An unknown error occurred."))

    async def _route(self, request: Request, sender: Sender) -> None:
        path = request.path
        url = self._data.staging.settings().external_url or self._base_url
        opened = {
            b"/": lambda: roots.root(url),
            b"/v3": lambda: roots.v3(url),
            b"/v3/": lambda: roots.v3(url),
            b"/v3/info": lambda: roots.info(url, self._version),
            b"/v3/openapi.json": lambda: openapi.document(OPERATIONS, url),
            b"/api/v1/info": lambda: roots.log_cache(self._version),
        }
        if request.method in (b"GET", b"HEAD") and path in opened:
            sender.send(200, _encode(opened[path]()))
        elif path == TOKEN:
            if request.method != b"POST":
                raise no_such_route()
            sender.send(200, _encode(await self._oauth.token(request)))
        else:
            await self._operate(request, sender, url)

    async def _operate(self, request: Request, sender: Sender, url: str) -> None:
        found = find(request.method, request.path)
        if found is None:
            raise no_such_route()
        operation, guid = found
        asker = await self._askers.who(request)
        note = _note(request, operation, asker)
        is_told = operation.action.kind is not ActionKind.READ
        try:
            if not operation.admits(asker):
                raise not_authorized()
            result = await operation.handle(self._call(request, operation, guid, asker, note, Documents(url)))
        except Exception as error:  # whatever it was, it is told, and raised again
            if is_told and not isinstance(error, CancelledError):
                await self._data.audit_log.write_refusal(note.refused(error))
            raise
        if is_told and not note.is_written:  # there was nothing to change
            await self._data.audit_log.write(note.done())
        await self._send(sender, operation, result)

    def _call(
        self,
        request: Request,
        operation: Operation,
        guid: str,
        asker: Asker,
        note: Note,
        documents: Documents,
    ) -> Call:
        document = {}
        if operation.body is not None:
            document = members.decode(request.content.read(), self._limits.json_depth)
        body = None
        if request.incoming is not None:
            kind = request.getHeader(b"Content-Type") or b""
            body = FileBody(content_type=kind, incoming=request.incoming, be_patient=request.channel.be_patient)
        return Call(
            data=self._data,
            asker=asker,
            guid=guid,
            document=document,
            parameters=_parameters(request),
            documents=documents,
            operation=operation,
            path=_path(request),
            note=note,
            body=body,
            in_background=self._in_background,
        )

    def _in_background(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.start(coroutine, name=name)

    async def _send(self, sender: Sender, operation: Operation, result: Any) -> None:
        if isinstance(result, Download):
            await sender.send_file(result, operation.media_type, self._data.staging.blobs)
            return
        reply = result if isinstance(result, Reply) else Reply(document=result)
        more = [(b"X-Cf-Warnings", quote(",".join(map(quote, reply.warnings)), safe=",%").encode())]
        headers = more if reply.warnings else []
        if reply.location:
            headers.append((b"Location", reply.location.encode()))
        sender.send(operation.status, b"" if reply.document is None else _encode(reply.document), headers)

    def _refuse(self, sender: Sender, error: ApiError) -> None:
        headers = []
        if error.status == 401:
            headers.append((b"WWW-Authenticate", b"Bearer"))
        if error.retry_after is not None:
            headers.append((b"Retry-After", b"%d" % max(1, ceil(error.retry_after.total_seconds()))))
        sender.send(error.status, error.body(), headers)

    def _request_id(self, request: Request) -> bytes:
        own = self._new_id().encode()
        given = next((value for name in _REQUEST_IDS if (value := request.getHeader(name))), None)
        return own if given is None else _NOT_IN_IDS.sub(b"", given)[:_LONGEST_ID] + b"::" + own


def _wants_pages(request: Request) -> bool:
    return any(b"text/html" in value for value in request.requestHeaders.getRawHeaders(b"Accept") or ())


def _path(request: Request) -> str:
    return request.path.lstrip(b"/").decode("latin-1")


def _note(request: Request, operation: Operation, asker: Asker) -> Note:
    return Note(
        actor=asker.actor,
        action=operation.right,
        method=operation.name,
        path=_path(request),
        parameters={},
        state=lambda _connection: {},
        made=what_is_made,
    )


def _parameters(request: Request) -> list[tuple[str, str]]:
    try:
        return parameters_of(request.query)
    except InvalidInput as error:
        raise bad_query(error.problem) from None
