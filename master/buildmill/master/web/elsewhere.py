"""Logging in with another service: the browser is sent there, and comes back to ``/auth/login`` with a code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import parse_qsl

from twisted.internet.interfaces import IReactorTime

from buildmill.common.errors import InvalidInput, NotSupported, Unavailable
from buildmill.master.auth.attempts import SECONDS, SECRET_BYTES, Attempt
from buildmill.master.auth.users import AuthBackend, LoginRefused, UserInfo
from buildmill.master.web.bodies import TEXT
from buildmill.master.web.cookies import LOGIN_NAME, OwnCookie
from buildmill.master.web.gate import Gate
from buildmill.master.web.http import Request

CALLBACK: Final = "auth/login"
MOST_PARAMETERS: Final = 20
MAX_ANSWER: Final = 4096
_ANSWERS = frozenset({"code", "state", "error"})


class Elsewhere:
    """See the module.

    Args:
        gate: knows the back end.
        clock: for how long a browser may take.
        base_url: this server's address as its users know it, with a slash at its end.
        random_bytes: so many bytes that nobody can guess.

    Attributes:
        cookie: by which a browser is known when it comes back.
    """

    def __init__(self, gate: Gate, clock: IReactorTime, base_url: str, random_bytes: Callable[[int], bytes]) -> None:
        self._gate = gate
        self._clock = clock
        self._redirect_uri = base_url + CALLBACK
        self._random_bytes = random_bytes
        self.cookie = OwnCookie(LOGIN_NAME, base_url.startswith("https:"))

    async def send_there(self, request: Request, target: str) -> None:
        """Answer with a redirect to the service.

        Args:
            target: the page of ours to go to in the end.
        """
        attempt = Attempt.begin(self._random_bytes(SECRET_BYTES), self._clock.seconds(), target, self._redirect_uri)
        try:
            place = (await self._backend.login_url(attempt)).encode("ascii")
        except UnicodeEncodeError:
            raise Unavailable("the address of the service is broken") from None
        if request.is_gone:
            return
        headers = request.start_headers()
        headers.addRawHeader(b"Set-Cookie", self.cookie.setting(attempt.cookie, SECONDS))
        headers.setRawHeaders(b"Location", [place])
        request.answer(302, b"", TEXT)

    async def taken_back(self, request: Request) -> tuple[UserInfo, str]:
        """The user that has come back, and the page to go to.

        Raises:
            LoginRefused: it is nobody that may come in.
            Unavailable: the service cannot be asked.
        """
        answer = _parameters(request)
        cookie = self.cookie.of(request.requestHeaders)
        attempt = None if cookie is None else Attempt.of_cookie(cookie, self._clock.seconds(), self._redirect_uri)
        if attempt is None:
            raise LoginRefused("this login was not begun by this browser, or too long ago: log in again")
        if not attempt.is_answered_by(answer.get("state", "")):
            raise LoginRefused("this is the answer to another login: log in again")
        if "error" in answer:
            raise LoginRefused(f"the service lets nobody in: {answer['error'][:100]!r}")
        if not answer.get("code"):
            raise LoginRefused("the service has sent no code")
        return await self._backend.user_of_code(answer, attempt), attempt.target

    @property
    def _backend(self) -> AuthBackend:
        backend = self._gate.access.backend
        if backend is None or not backend.takes_codes:  # another configuration has come into force
            raise NotSupported("nobody logs in here with another service")
        return backend


def is_answer(request: Request) -> bool:
    """Whether a browser comes back from the service."""
    return not _ANSWERS.isdisjoint(_parameters(request))


def _parameters(request: Request) -> Mapping[str, str]:
    if len(request.query) > MAX_ANSWER:
        raise InvalidInput("query", f"at most {MAX_ANSWER} bytes")
    try:
        pairs = parse_qsl(request.query.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    except ValueError:
        raise InvalidInput("query", f"at most {MOST_PARAMETERS} parameters") from None
    found = dict(pairs)
    if len(found) != len(pairs):  # RFC 6749, section 3.1: each at most once
        raise InvalidInput("query", "each parameter at most once")
    return found
