"""What reporters that set a status with a token have in common: their arguments, and the session with the forge."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from buildmill.master.engine.http_client import HTTPSession
from buildmill.master.engine.service import for_authors
from buildmill.master.reporters.base import ReporterBase
from buildmill.master.reporters.forge import default_context, start_and_end
from buildmill.master.reporters.http import check_address, check_text


class TokenStatusPush(ReporterBase):
    """Base of them.

    Args:
        token: of an account that may do so; may be a secret.
        context: the status's name; a renderable.
        baseURL: of the API, for a server of one's own.
        verbose, debug: log each request.
        verify: False takes any certificate.

    Attributes:
        hosted_base_url: of the forge that everybody uses.
    """

    hosted_base_url: ClassVar[str]

    def checkConfig(
        self,
        token: Any = None,
        context: Any = None,
        baseURL: str | None = None,
        verbose: bool = False,
        debug: bool | None = None,
        verify: bool | None = None,
        generators: Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Check the arguments."""
        check_text(self, "token", token)
        if context is not None:
            check_text(self, "context", context)
        if baseURL is not None:
            check_address(self, "baseURL", baseURL)
        super().checkConfig(generators=generators, **kwargs)

    @for_authors
    async def reconfigService(
        self,
        token: Any = None,
        context: Any = None,
        baseURL: str | None = None,
        verbose: bool = False,
        debug: bool | None = None,
        verify: bool | None = None,
        generators: Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """Take the arguments."""
        token = await self.renderSecrets(token)
        await super().reconfigService(generators=generators, **kwargs)
        self.context = default_context() if context is None else context
        self.verbose = verbose
        self._http = HTTPSession(
            self.master.httpservice,
            baseURL or self.hosted_base_url,
            headers=self._headers(str(token)),
            debug=bool(debug or verbose),
            verify=verify,
        )

    def _create_default_generators(self) -> list[Any]:
        return start_and_end()

    def _headers(self, token: str) -> dict[str, str]:
        """How the forge is shown the token."""
        raise NotImplementedError(f"{type(self).__name__} does not say how its forge is shown the token")
