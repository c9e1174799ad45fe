"""Statuses of commits at GitLab."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, RETRY, SKIPPED, SUCCESS, WARNINGS
from buildmill.master.engine.http_client import HttpAnswer
from buildmill.master.engine.service import for_authors, settled
from buildmill.master.reporters.details import Document
from buildmill.master.reporters.forge import bodies, commits_of, context_of
from buildmill.master.reporters.git_address import path_of
from buildmill.master.reporters.http import check_answer
from buildmill.master.reporters.status_push import TokenStatusPush

_STATES = {
    SUCCESS: "success",
    WARNINGS: "success",
    FAILURE: "failed",
    SKIPPED: "success",
    EXCEPTION: "failed",
    RETRY: "pending",
    CANCELLED: "canceled",
}


class GitLabStatusPush(TokenStatusPush):
    """Sets the status of each commit that a build was made of.

    Arguments: see `TokenStatusPush`.
    """

    name = "GitLabStatusPush"
    hosted_base_url = "https://gitlab.com"

    def _headers(self, token: str) -> dict[str, str]:
        return {"PRIVATE-TOKEN": token}

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
