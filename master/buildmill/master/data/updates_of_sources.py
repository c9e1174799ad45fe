"""Updates about projects, codebases, their commits and branches, with Buildbot's names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from buildmill.common.errors import InvalidInput
from buildmill.master.data.writing import Writing
from buildmill.master.db import commits, projects
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.project_names import NAME_LENGTH

_LONGEST = 255


class UpdatesOfSources(Writing):
    """How sources are grouped, and what is known of their history; a part of `Updates`."""

    async def find_project_id(self, name: str, auto_create: bool = True) -> int | None:
        """The id of a project, new at first sight; without `auto_create` None when there is none."""
        _check("name", name, NAME_LENGTH)
        return await self._write(projects.find if auto_create else projects.known, name)

    async def update_project_info(
        self,
        projectid: int,
        slug: str,
        description: str | None,
        description_format: str | None,
        description_html: str | None,
    ) -> None:
        """What is told of a project.

        Raises:
            NotFound: no such project.
        """
        _check("slug", slug, NAME_LENGTH)
        values = {
            "slug": slug,
            "description": description,
            "description_format": description_format,
            "description_html": description_html,
        }
        await self._write(projects.update_info, projectid, values)

    async def configure_projects(
        self, infos: Sequence[Mapping[str, Any]], codebases: Sequence[Mapping[str, Any]]
    ) -> dict[str, int]:
        """Write down the projects and codebases of a configuration; returns ``{project's name: id}``."""
        return await self._write(projects.configure, infos, codebases)

    async def find_codebase_id(self, *, projectid: int, name: str, auto_create: bool = True) -> int | None:
        """The id of a project's codebase, new at first sight; without `auto_create` None when there is none.

        Raises:
            NotFound: no such project.
        """
        _check("name", name, NAME_LENGTH)
        unit: Callable[[Transaction, int, str], int | None]
        unit = projects.find_codebase if auto_create else projects.known_codebase
        return await self._write(unit, projectid, name)

    async def update_codebase_info(self, *, codebaseid: int, projectid: int, slug: str) -> None:
        """What is told of a codebase.

        Raises:
            NotFound: no such codebase or project.
            Conflict: the project has another codebase of the same name.
        """
        _check("slug", slug, NAME_LENGTH)
        await self._write(projects.update_codebase_info, codebaseid, projectid, slug)

    async def add_commit(
        self,
        *,
        codebaseid: int,
        author: str,
        committer: str | None = None,
        files: list[str] | None = None,
        comments: str,
        when_timestamp: int,
        revision: str,
        parent_commitid: int | None = None,
    ) -> int:
        """Keep a commit of a codebase, after its parent; returns its id. One that is known already stays as it is.

        Args:
            files: taken for compatibility; commits have no files here, changes do.
            when_timestamp: seconds since the epoch.

        Raises:
            NotFound: no such codebase or parent.
            InvalidInput: names what is wrong.
        """
        _check("revision", revision, _LONGEST)
        new = commits.NewCommit(
            codebase_id=codebaseid, author=author, committer=committer, comments=comments,
            when_timestamp=when_timestamp, revision=revision, parent_id=parent_commitid,
        )  # fmt: skip
        return await self._write(commits.add, new)

    async def update_branch(
        self, *, codebaseid: int, name: str, commitid: int | None = None, last_timestamp: int
    ) -> None:
        """Say which commit a branch is at; a branch is new at first sight.

        Args:
            last_timestamp: when it was looked at, seconds since the epoch.

        Raises:
            NotFound: no such codebase or commit.
            InvalidInput: names what is wrong.
        """
        _check("name", name, _LONGEST)
        await self._write(commits.set_branch, codebaseid, name, commitid, last_timestamp)


def _check(field: str, text: Any, longest: int) -> None:
    if not isinstance(text, str) or not 0 < len(text) <= longest or "\0" in text:
        raise InvalidInput(field, f"expected text of 1 to {longest} characters, got {text!r}")
