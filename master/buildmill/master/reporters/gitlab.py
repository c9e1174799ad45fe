"""Statuses of commits at GitLab."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, RETRY, SKIPPED, SUCCESS, WARNINGS
from buildmill.master.engine.http_client import HttpAnswer, HTTPSession
from buildmill.master.engine.service import for_authors, settled
from buildmill.master.reporters.base import ReporterBase
from buildmill.master.reporters.details import Document
from buildmill.master.reporters.forge import bodies, commits_of, context_of, default_context, start_and_end
from buildmill.master.reporters.git_address import path_of
from buildmill.master.reporters.http import check_address, check_answer, check_text

HOSTED_BASE_URL = "https://gitlab.com"
_STATES = {
    SUCCESS: "success",
    WARNINGS: "success",
    FAILURE: "failed",
    SKIPPED: "success",
    EXCEPTION: "failed",
    RETRY: "pending",
    CANCELLED: "canceled",
}


class GitLabStatusPush(ReporterBase):
    """Sets the status of each commit that a build was made of.

    Args:
        token: of an account that may do so; may be a secret.
        context: the status's name; a renderable.
        baseURL: of another GitLab.
        verbose, debug: log each request.
        verify: False takes any certificate.
    """

    name = "GitLabStatusPush"

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
            baseURL or HOSTED_BASE_URL,
            headers={"PRIVATE-TOKEN": str(token)},
            debug=bool(debug or verbose),
            verify=verify,
        )

    def _create_default_generators(self) -> list[Any]:
        return start_and_end()

    @for_authors
    async def createStatus(
        self,
        project_id: int | str,
        branch: str | None,
        sha: str,
        state: str,
        target_url: str | None = None,
        description: str | None = None,
        context: str | None = None,
    ) -> HttpAnswer:
        """Set one status.

        Args:
            project_id: its number, or its whole path.
        """
        content = {"state": state, "target_url": target_url, "ref": branch, "description": description, "name": context}
        return await self._http.post(
            f"/api/v4/projects/{quote(str(project_id), safe='')}/statuses/{quote(sha, safe='')}", json=content
        )

    @for_authors
    async def sendMessage(self, reports: Sequence[Document]) -> None:
        """Set the status of each commit."""
        build = reports[0]["builds"][0]
        state = _STATES.get(build["results"], "failed") if build["complete"] else "pending"
        if not build["complete"] and build.get("started_at") is not None:
            state = "running"
        for commit in commits_of(self, build, path_of):
            answer = await settled(
                self.createStatus(
                    project_id=f"{commit.owner}/{commit.repository}",
                    branch=commit.branch,
                    sha=commit.sha,
                    state=state,
                    target_url=build["url"],
                    description=bodies(reports),
                    context=await context_of(self.context, commit.properties, build),
                )
            )
            check_answer(self, answer)
