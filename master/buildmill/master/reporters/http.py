"""`HttpStatusPush`: posts builds to an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from twisted.logger import Logger

from buildmill.common.errors import Unavailable
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.engine.http_client import HttpAnswer, HTTPSession
from buildmill.master.engine.service import for_authors
from buildmill.master.reporters.base import ReporterBase
from buildmill.master.reporters.generators.build import BuildStatusGenerator
from buildmill.master.reporters.messages import MessageFormatterFunction

_log = Logger()


class HttpStatusPush(ReporterBase):
    """Posts a document in JSON for each report; what it is says the generators' formatter, otherwise the build.

    Args:
        serverUrl: where to.
        auth: ``(user, password)``; may hold secrets.
        headers: further headers.
        debug: log each request.
        verify: False takes any certificate.
        cert: a certificate of the client's: not available yet.
        skip_encoding: accepted; requests are never compressed.
    """

    name = "HttpStatusPush"
    secrets: ClassVar[Sequence[str]] = ["auth", "headers"]

    def checkConfig(
        self,
        serverUrl: Any = None,
        auth: Any = None,
        headers: Mapping[str, str] | None = None,
        debug: bool | None = None,
        verify: bool | None = None,
        cert: Any = None,
        skip_encoding: bool = False,
        generators: Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Check the arguments."""
        check_address(self, "serverUrl", serverUrl)
        if auth is not None and not is_renderable(auth) and not (isinstance(auth, list | tuple) and len(auth) == 2):
            config_error(f"{type(self).__name__}: auth must be a pair of user and password")
        if headers is not None and not isinstance(headers, Mapping):
            config_error(f"{type(self).__name__}: headers must be a dictionary, not {headers!r}")
        if cert is not None:
            config_error(f"{type(self).__name__}: cert: certificates of the client are not available yet")
        super().checkConfig(generators=generators, **kwargs)

    @for_authors
    async def reconfigService(
        self,
        serverUrl: str = "",
        auth: Any = None,
        headers: Mapping[str, str] | None = None,
        debug: bool | None = None,
        verify: bool | None = None,
        cert: Any = None,
        skip_encoding: bool = False,
        generators: Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Take the arguments."""
        await super().reconfigService(generators=generators, **kwargs)
        self.serverUrl = serverUrl
        self._http = HTTPSession(
            self.master.httpservice, serverUrl, auth=auth, headers=headers, debug=debug, verify=verify
        )

    def _create_default_generators(self) -> list[Any]:
        whole = MessageFormatterFunction(lambda context: context["build"], template_type="json")
        return [BuildStatusGenerator(mode="all", message_formatter=whole, report_new=True)]

    @for_authors
    async def sendMessage(self, reports: Sequence[dict[str, Any]]) -> None:
        """Post the bodies, each by itself."""
        for report in reports:
            # the path may matter to the receiver to the last slash
            answer = await self._http.post(self.serverUrl.removeprefix(self._http.base_url), json=report["body"])
            check_answer(self, answer)

    def is_status_2xx(self, code: int) -> bool:
        """Whether a status means success."""
        return code // 100 == 2


def check_address(reporter: ReporterBase, name: str, value: Any) -> None:
    """Report an argument that is no http address."""
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        config_error(f"{type(reporter).__name__}: {name} must be an http or https address, not {value!r}")


def check_text(reporter: object, name: str, value: Any) -> None:
    """Report an argument that is neither text nor a renderable of it."""
    if not is_renderable(value) and (not isinstance(value, str) or not value):
        # its value may be secret
        config_error(f"{type(reporter).__name__}: {name} must be non-empty text or a renderable of it")


def check_answer(reporter: ReporterBase, answer: HttpAnswer) -> None:
    """Look whether the receiver has taken a report; one that it refuses is logged.

    Raises:
        Unavailable: it could not, but may later.
    """
    if answer.code // 100 == 2:
        return
    if answer.code == 429 or answer.code >= 500:
        raise Unavailable(f"the receiver answers {answer.code}")
    _log.error(
        "{reporter}: a report is refused with {code}: {text}",
        reporter=reporter.name,
        code=answer.code,
        text=answer.text,
    )
