"""Steps that make one HTTP request from the master."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from treq.client import HTTPClient
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.web.client import Agent, HTTPConnectionPool, ResponseFailed
from twisted.web.iweb import IAgent

from buildmill.common.results import CANCELLED, FAILURE, SUCCESS
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.engine.http_body import with_body
from buildmill.master.engine.http_client import AnyCertificate
from buildmill.master.engine.step import BuildStep
from buildmill.master.engine.step_log import StepLog
from buildmill.master.steps.arguments import check_type, label, require
from buildmill.master.steps.safe_words import HIDDEN
from buildmill.master.steps.shell import with_result

METHODS = ("POST", "GET", "PUT", "DELETE", "HEAD", "OPTIONS")
TIMEOUT_SECONDS = 20 * 60.0
CONTENT_LIMIT_BYTES = 1024 * 1024
"""More of an answer is not kept."""

_REQUEST = ("params", "data", "json", "headers", "cookies", "files", "auth", "timeout", "allow_redirects", "verify")
_NOT_TAKEN = ("proxies", "hooks", "stream", "cert")
_BROKEN = (ConnectError, DNSLookupError, ResponseFailed, OSError, ValueError)


class HTTPStep(BuildStep):
    """Makes a request; an answer with a status from 400 on is a failure. All of it is in the log ``log``.

    Args:
        url: where to. method: "GET", "POST", "PUT", "DELETE", "HEAD" or "OPTIONS".
        hide_request_headers, hide_response_headers: names of headers whose values the log does not show.
        params: dictionary of parameters of the query. headers, cookies: dictionaries.
        data: body, as text, bytes, or a dictionary that is sent as a form. json: a value that is sent as JSON.
        files: dictionary of files to send in a form, as treq takes them. auth: ``(user, password)``.
        timeout: seconds for all of it, by default 20 minutes.
        allow_redirects: follow redirections; by default yes. verify: False takes any certificate.
        **kwargs: those of all steps. proxies, hooks, stream and cert are not taken.
    """

    name: Any = "HTTPStep"
    description: Any = "Requesting"
    descriptionDone: Any = "Requested"
    renderables: Any = (
        *BuildStep.renderables,
        *_REQUEST,
        "hide_request_headers",
        "hide_response_headers",
        "method",
        "url",
    )

    def __init__(
        self,
        url: Any,
        method: Any,
        hide_request_headers: Any = None,
        hide_response_headers: Any = None,
        **kwargs: Any,
    ) -> None:
        self.url = url
        self.method = method
        self.hide_request_headers = hide_request_headers or []
        self.hide_response_headers = hide_response_headers or []
        for name in _REQUEST:
            setattr(self, name, kwargs.pop(name, None))
        refused = [name for name in _NOT_TAKEN if kwargs.pop(name, None) is not None]
        super().__init__(**kwargs)
        for name in refused:
            config_error(f"{label(self)}: the argument {name} is not taken here")
        self._code: int | None = None
        self._asking: Deferred[Any] | None = None
        require(self, "url", url)
        check_type(self, "url", url, str, optional=True)
        if not is_renderable(method) and method not in METHODS:
            config_error(f"{label(self)}: method must be one of {', '.join(METHODS)}, not {method!r}")
        for name in ("hide_request_headers", "hide_response_headers"):
            check_type(self, name, getattr(self, name), list, tuple)
        for name in ("params", "headers", "cookies", "files"):
            check_type(self, name, getattr(self, name), dict, optional=True)
        check_type(self, "auth", self._given("auth"), tuple, list, optional=True)
        check_type(self, "timeout", self._given("timeout"), int, float, optional=True)
        for name in ("allow_redirects", "verify"):
            check_type(self, name, getattr(self, name), bool, optional=True)

    def _given(self, name: str) -> Any:
        return getattr(self, name)

    def setDefaultWorkdir(self, workdir: Any) -> None:
        """It has none."""

    def new_agent(self) -> IAgent:
        """What makes the connections; for subclasses with a way out of their own."""
        reactor = self.master.reactor
        pool = HTTPConnectionPool(reactor, persistent=False)
        if self._given("verify") is False:
            return Agent(reactor, contextFactory=AnyCertificate(), pool=pool)
        return Agent(reactor, pool=pool)

    async def run(self) -> int:
        """Make it; it is not made twice without a record of that."""
        log = await self.addLog("log")
        options = {name: self._given(name) for name in _REQUEST if self._given(name) is not None}
        code = await self.calls.once(
            "http_request", [self.method, self.url, options], lambda: self._request(log, options), log=log
        )
        if self.stopped:
            return CANCELLED
        if code is None:
            return FAILURE
        self._code = code
        return SUCCESS if code < 400 else FAILURE

    async def _request(self, log: StepLog, options: Mapping[str, Any]) -> int | None:
        """The status of the answer; None if there was none."""
        log.addHeader(f"Performing {self.method} request to {self.url}\n")
        self._asking = Deferred.fromCoroutine(self._ask(log, options))
        seconds = float(options.get("timeout", TIMEOUT_SECONDS))
        timer = self.build.clock.callLater(seconds, self._asking.cancel)
        try:
            code: int = await self._asking
        except (*_BROKEN, CancelledError) as problem:
            reason = str(problem) or type(problem).__name__
            if not timer.active():
                reason = f"no answer within {seconds:g} seconds"
            elif self.stopped:
                reason = "it was stopped"
            log.addStderr(f"The request failed: {reason}\n")
            return None
        finally:
            if timer.active():
                timer.cancel()
            self._asking = None
        return code

    async def _ask(self, log: StepLog, options: Mapping[str, Any]) -> int:
        asked = _treq_options(options)
        self._show_headers(log, "Request", asked.get("headers") or {}, self.hide_request_headers)
        client = HTTPClient(self.new_agent())
        response = await client.request(self.method, self.url, unbuffered=True, **asked)
        log.addHeader(f"Request status: {response.code}\n")
        headers = {
            name.decode("latin-1"): ", ".join(value.decode("latin-1") for value in values)
            for name, values in response.headers.getAllRawHeaders()
        }
        self._show_headers(log, "Response", headers, self.hide_response_headers)
        left = CONTENT_LIMIT_BYTES

        def keep(data: bytes) -> None:
            nonlocal left
            log.addStdout(data[:left])
            left = max(0, left - len(data))

        await response.collect(keep)
        if not left:
            log.addHeader(f"\n(the rest is left out: more than {CONTENT_LIMIT_BYTES} bytes)\n")
        return int(response.code)

    def _show_headers(self, log: StepLog, whose: str, headers: Mapping[str, str], hidden: Any) -> None:
        concealed = {name.lower() for name in hidden}
        log.addHeader(f"{whose} headers:\n")
        for name, value in headers.items():
            log.addHeader(f"\t{name}: {HIDDEN if name.lower() in concealed else value}\n")

    async def interrupt(self, reason: Any) -> None:
        """Give the request up."""
        await super().interrupt(reason)
        if self._asking is not None:
            self._asking.cancel()

    def getResultSummary(self) -> Any:
        """The status."""
        if self._code is None:
            return super().getResultSummary()
        return {"step": with_result(f"Status code: {self._code}", self.results)}


class POST(HTTPStep):
    """`HTTPStep` with that method."""

    def __init__(self, url: Any, **kwargs: Any) -> None:
        super().__init__(url, method="POST", **kwargs)


class GET(HTTPStep):
    """`HTTPStep` with that method."""

    def __init__(self, url: Any, **kwargs: Any) -> None:
        super().__init__(url, method="GET", **kwargs)


class PUT(HTTPStep):
    """`HTTPStep` with that method."""

    def __init__(self, url: Any, **kwargs: Any) -> None:
        super().__init__(url, method="PUT", **kwargs)


class DELETE(HTTPStep):
    """`HTTPStep` with that method."""

    def __init__(self, url: Any, **kwargs: Any) -> None:
        super().__init__(url, method="DELETE", **kwargs)


class HEAD(HTTPStep):
    """`HTTPStep` with that method."""

    def __init__(self, url: Any, **kwargs: Any) -> None:
        super().__init__(url, method="HEAD", **kwargs)


class OPTIONS(HTTPStep):
    """`HTTPStep` with that method."""

    def __init__(self, url: Any, **kwargs: Any) -> None:
        super().__init__(url, method="OPTIONS", **kwargs)


def _treq_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as treq knows them, with a body in one piece."""
    asked = {name: options[name] for name in ("params", "cookies", "files", "allow_redirects") if name in options}
    if "auth" in options:
        asked["auth"] = tuple(options["auth"])
    if "files" in options:  # treq makes the form
        form = {"data": options["data"]} if options.get("data") is not None else {}
        return {**asked, **form, "headers": dict(options.get("headers") or {})}
    body = {name: options[name] for name in ("json", "data", "headers") if name in options}
    return {**asked, **with_body(body)}
