"""Logging in and out: ``/auth/login`` and ``/auth/logout``, as Buildbot's pages and programs ask for them."""

from __future__ import annotations

import math
import re
from base64 import b64decode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import msgspec
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, Forbidden, InvalidInput, NotFound, NotSupported, Unavailable
from buildmill.common.tasks import TaskOwner
from buildmill.master.auth.accounts import csrf_token
from buildmill.master.auth.throttle import LoginThrottle, TooManyTries
from buildmill.master.auth.users import LoginRefused, UserInfo
from buildmill.master.domain.rights import ACTIONS, Principal, Resource, Via
from buildmill.master.web.bodies import JSON, TEXT, error_document
from buildmill.master.web.elsewhere import Elsewhere, is_answer
from buildmill.master.web.gate import Gate
from buildmill.master.web.http import Request
from buildmill.master.web.origins import Origins

LOGIN = b"/auth/login"
LOGOUT = b"/auth/logout"
MAX_NAME = 256
ROUTES = {"/auth/login": "session.login", "/auth/logout": "session.logout"}
_BASIC = b"basic "
_REALM = b'Basic realm="buildbot", charset="UTF-8"'
# a path within this server's pages; what a browser would read as another host is none
_REDIRECT = re.compile(r"/(?![/\\])[A-Za-z0-9._~!$&'()*+,;=:@%/?#-]{0,1000}\Z")
_encode = msgspec.json.Encoder().encode


class _Credentials(msgspec.Struct):
    username: str
    password: str


class _WrongPassword(BuildmillError):
    pass


class Login:
    """Answers requests below ``/auth``.

    Args:
        gate: knows how people log in.
        origins: which pages are this server's own.
        clock: for counting tries.
        base_url: this server's address as its users know it, with a slash at its end.
        ended: told whose session has ended.
        random_bytes: so many bytes that nobody can guess.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        gate: Gate,
        origins: Origins,
        clock: IReactorTime,
        base_url: str,
        ended: Callable[[Principal], None],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._gate = gate
        self._origins = origins
        self._throttle = LoginThrottle(clock)
        self._elsewhere = Elsewhere(gate, clock, base_url, random_bytes)
        self._base_url = base_url
        self._ended = ended
        self._tasks = TaskOwner("login")

    async def stop(self) -> None:
        await self._tasks.stop()

    def handle(self, request: Request) -> None:
        """Answer a request to one of `ROUTES`."""
        request.is_private = True
        answer = self._log_in if request.path == LOGIN else self._log_out
        self._tasks.start(self._guarded(request, answer), name="login")

    async def _guarded(self, request: Request, answer: Callable[[Request], Any]) -> None:
        try:
            if request.method not in (b"GET", b"POST"):
                raise InvalidInput("method", "expected GET or POST")
            principal = await self._gate.who(request)
            action = ACTIONS[ROUTES[request.path.decode("ascii")]]
            await self._gate.require(principal, action, Resource())
            await answer(request)
        except BuildmillError as error:
            _refuse(request, error)
        except Exception:
            self._log.failure("{path} failed", path=request.path)
            if not request.is_gone:
                request.start_headers()
                request.answer(500, error_document("internal error"), TEXT)

    # -- in --------------------------------------------------------------------------------

    async def _log_in(self, request: Request) -> None:
        backend = self._gate.access.backend
        if backend is not None and backend.takes_codes and request.method == b"GET":
            await self._log_in_elsewhere(request)
            return
        if backend is None or not backend.takes_passwords:
            raise NotSupported("nobody logs in here with a password")
        if request.method == b"POST":
            self._check_page(request)
            name, password = _posted(request)
        else:
            given = _basic(request)
            if given is None:
                _challenge(request)
                return
            name, password = given
        user = await self._user(request, name, password)
        cookie = await self._begin_session(request, user)
        if request.is_gone:
            return
        headers = request.start_headers()
        headers.addRawHeader(b"Set-Cookie", self._gate.cookie.setting(cookie, self._gate.access.session_seconds))
        if request.method == b"POST":
            request.answer(200, _encode({"csrf_token": csrf_token(cookie), "user": user}), JSON)
        else:
            self._redirect(request, wanted_page(request))

    async def _log_in_elsewhere(self, request: Request) -> None:
        """Send a browser to the service that knows the users, or take it back from there."""
        if not is_answer(request):
            await self._elsewhere.send_there(request, wanted_page(request))
            return
        address = self._gate.address_of(request)
        self._throttle.count(None, address)
        try:
            user, target = await self._elsewhere.taken_back(request)
        except LoginRefused as error:
            self._log.info("a login from {address} is refused: {error}", address=address, error=str(error))
            await self._gate.accounts.note_refused_login("", address, str(error))
            raise
        cookie = await self._begin_session(request, user)
        if request.is_gone:
            return
        headers = request.start_headers()
        headers.addRawHeader(b"Set-Cookie", self._gate.cookie.setting(cookie, self._gate.access.session_seconds))
        headers.addRawHeader(b"Set-Cookie", self._elsewhere.cookie.dropping)
        self._redirect(request, target)

    async def _begin_session(self, request: Request, user: UserInfo) -> str:
        if (present := await self._present(request)) is not None:  # a login begins a new one
            await self._gate.accounts.end_session(present)
            self._ended(present)
        cookie = await self._gate.accounts.begin_session(user, self._gate.address_of(request))
        self._log.info("{user} has logged in", user=user.get("username"))
        return cookie

    async def _user(self, request: Request, name: str, password: str) -> UserInfo:
        assert self._gate.access.backend is not None
        if len(name) > MAX_NAME:  # before anything is remembered of it
            raise _WrongPassword("the name or the password is wrong")
        self._throttle.count(name, self._gate.address_of(request))
        user = await self._gate.access.backend.user_of(name, password)
        if user is None:
            self._log.info("a wrong name or password from {address}", address=self._gate.address_of(request))
            error = _WrongPassword("the name or the password is wrong")
            await self._gate.accounts.note_refused_login(name, self._gate.address_of(request), str(error))
            raise error
        return user

    async def begin(self, request: Request, name: str, password: str) -> str:
        """Check a name and a password, and begin a session; returns what its cookie holds.

        Raises:
            NotSupported: nobody logs in here with a password.
            TooManyTries: wait a moment.
            BuildmillError: they are wrong.
        """
        backend = self._gate.access.backend
        if backend is None or not backend.takes_passwords:
            raise NotSupported("nobody logs in here with a password")
        user = await self._user(request, name, password)
        return await self._gate.accounts.begin_session(user, self._gate.address_of(request))

    # -- out -------------------------------------------------------------------------------

    async def _log_out(self, request: Request) -> None:
        self._check_page(request)
        if (present := await self._present(request)) is not None:
            await self._gate.accounts.log_out(present)
            self._ended(present)
        if request.is_gone:
            return
        request.start_headers().addRawHeader(b"Set-Cookie", self._gate.cookie.dropping)
        if request.method == b"POST":
            request.answer(200, b"{}", JSON)
        else:
            self._redirect(request, wanted_page(request))

    async def _present(self, request: Request) -> Principal | None:
        """The session that the request's cookie names."""
        cookie = self._gate.cookie.of(request.requestHeaders)
        session = None if cookie is None else await self._gate.accounts.session(cookie, self._gate.address_of(request))
        return session if session is not None and session.via is Via.SESSION else None

    # -- pages -----------------------------------------------------------------------------

    def _check_page(self, request: Request) -> None:
        """Raises Forbidden if a page of another place has sent it."""
        origins = request.requestHeaders.getRawHeaders(b"Origin") or []
        sites = request.requestHeaders.getRawHeaders(b"Sec-Fetch-Site") or []
        if any(not self._origins.is_own(origin) for origin in origins) or (
            not origins and any(site not in (b"same-origin", b"none") for site in sites)
        ):
            raise Forbidden("a page of another place may not do this")

    def _redirect(self, request: Request, target: str) -> None:
        """Send the browser to one of our pages."""
        place = self._base_url + (f"#{target}" if target else "")
        request.responseHeaders.setRawHeaders(b"Location", [place.encode("ascii", "ignore")])
        request.answer(302, b"", TEXT)


def wanted_page(request: Request) -> str:
    """The page that ``?redirect=`` names, if it is one of ours; else the first one, which is empty."""
    wanted = parse_qs(request.query.decode("latin-1")).get("redirect", [""])[0]
    return wanted if _REDIRECT.match(wanted) else ""


def _posted(request: Request) -> tuple[str, str]:
    kind = (request.requestHeaders.getRawHeaders(b"Content-Type") or [b""])[0]
    if kind.partition(b";")[0].strip().lower() != b"application/json":
        raise InvalidInput("Content-Type", "expected application/json")
    try:
        given = msgspec.json.decode(request.content.read(), type=_Credentials)
    except (ValueError, RecursionError):
        raise InvalidInput("body", 'expected {"username": "...", "password": "..."}') from None
    return given.username, given.password


def _basic(request: Request) -> tuple[str, str] | None:
    values = request.requestHeaders.getRawHeaders(b"Authorization") or []
    if len(values) != 1 or values[0][: len(_BASIC)].lower() != _BASIC:
        return None
    try:
        name, colon, password = b64decode(values[0][len(_BASIC) :].strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return (name, password) if colon else None


def _challenge(request: Request) -> None:
    if request.is_gone:
        return
    request.start_headers().setRawHeaders(b"WWW-Authenticate", [_REALM])
    request.answer(401, error_document("log in"), TEXT)


def _refuse(request: Request, error: BuildmillError) -> None:
    if request.is_gone:
        return
    if isinstance(error, _WrongPassword) and request.method == b"GET":
        _challenge(request)
        return
    headers = request.start_headers()
    match error:
        case _WrongPassword():
            status = 401
        case Forbidden() | LoginRefused():
            status = 403
        case NotFound():
            status = 404
        case NotSupported():
            status = 501
        case Unavailable():
            status = 429 if isinstance(error, TooManyTries) else 503
            seconds = 10 if error.retry_after is None else max(1, math.ceil(error.retry_after.total_seconds()))
            headers.setRawHeaders(b"Retry-After", [b"%d" % seconds])
        case _:
            status = 400
    request.answer(status, error_document(str(error)), TEXT)
