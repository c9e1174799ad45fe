"""Statuses of commits, and comments on pull requests, at GitHub."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, RETRY, SKIPPED, SUCCESS, WARNINGS
from buildmill.master.engine.http_client import HttpAnswer
from buildmill.master.engine.service import for_authors, settled
from buildmill.master.reporters.details import Document
from buildmill.master.reporters.forge import bodies, commits_of, context_of
from buildmill.master.reporters.generators.build import BuildStatusGenerator
from buildmill.master.reporters.git_address import path_of
from buildmill.master.reporters.http import check_answer
from buildmill.master.reporters.messages import MessageFormatterRenderable
from buildmill.master.reporters.status_push import TokenStatusPush

_STATES = {
    None: "pending",
    SUCCESS: "success",
    WARNINGS: "success",
    FAILURE: "failure",
    SKIPPED: "success",
    EXCEPTION: "error",
    RETRY: "pending",
    CANCELLED: "error",
}
_DESCRIPTION_LIMIT = 140  # characters
_PULL = re.compile(r"refs/pull/(\d+)/(?:head|merge)")


class GitHubStatusPush(TokenStatusPush):
    """Sets the status of each commit that a build was made of.

    Arguments: see `TokenStatusPush`.
    """

    name = "GitHubStatusPush"
    hosted_base_url = "https://api.github.com"

    def _headers(self, token: str) -> dict[str, str]:
        return {"Authorization": f"token {token}", "User-Agent": "Buildmill"}

    @for_authors
    async def createStatus(
        self,
        repo_user: str,
        repo_name: str,
        sha: str,
        state: str,
        props: Any,
        target_url: str | None = None,
        context: str | None = None,
        issue: str | None = None,
        description: str | None = None,
    ) -> HttpAnswer | None:
        """Set one status; the answer of GitHub, or None if there was nothing to ask it for."""
        content: Document = {"state": state, "context": context, "target_url": target_url}
        if description is not None:
            content["description"] = description[:_DESCRIPTION_LIMIT]
        return await self._http.post(
            f"/repos/{quote(repo_user)}/{quote(repo_name)}/statuses/{quote(sha)}", json=content
        )

    @for_authors
    async def sendMessage(self, reports: Sequence[Document]) -> None:
        """Set the status of each commit."""
        build = reports[0]["builds"][0]
        state = _STATES.get(build["results"], "error")
        for commit in commits_of(self, build, path_of):
            answer = await settled(
                self.createStatus(
                    repo_user=commit.owner,
                    repo_name=commit.repository,
                    sha=commit.sha,
                    state=state,
                    props=commit.properties,
                    target_url=build["url"],
                    context=await context_of(self.context, commit.properties, build),
                    issue=self._extract_issue(commit.properties, commit.branch),
                    description=bodies(reports),
                )
            )
            if answer is not None:
                check_answer(self, answer)

    def _extract_issue(self, props: Any, branch: str | None = None) -> str | None:
        """The number of the pull request, by the branch's name."""
        found = _PULL.fullmatch(branch or props.getProperty("branch") or "")
        return None if found is None else found[1]


class GitHubCommentPush(GitHubStatusPush):
    """Comments on the pull request that a build was made for; other builds are passed over."""

    name = "GitHubCommentPush"

    def _create_default_generators(self) -> list[Any]:
        return [BuildStatusGenerator(mode="all", message_formatter=MessageFormatterRenderable("Build done."))]

    @for_authors
    async def createStatus(
        self,
        repo_user: str,
        repo_name: str,
        sha: str,
        state: str,
        props: Any,
        target_url: str | None = None,
        context: str | None = None,
        issue: str | None = None,
        description: str | None = None,
    ) -> HttpAnswer | None:
        """Comment, if there is a pull request and something to say."""
        if issue is None or not description:
            return None
        return await self._http.post(
            f"/repos/{quote(repo_user)}/{quote(repo_name)}/issues/{quote(issue)}/comments", json={"body": description}
        )
