"""`Git` that knows how a review server names what is proposed."""

from __future__ import annotations

import re
from typing import Any

from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.git import Git

_CHANGE = re.compile(r"(\d+)/(\d+)")


class GitLab(Git):
    """`Git` that brings the source branch of a merge request, from the repository that it lies in.

    It reads the properties that GitLab's hook gives: ``target_branch`` says that it is a merge request,
    ``source_branch`` and ``source_git_ssh_url`` what is proposed.
    """

    async def run_vc(self, branch: Any, revision: str | None, patch: Any) -> int:
        """Bring the sources."""
        if self.hasProperty("target_branch"):
            source, url = self.getProperty("source_branch"), self.getProperty("source_git_ssh_url")
            if not source or not url:
                raise BuildStepFailed("a merge request without source_branch and source_git_ssh_url")
            # whoever proposes something names this address: a password for the configured one is not for it
            self.access_url = self.repourl
            self.repourl, branch = str(url), str(source)
        return await super().run_vc(branch, revision, patch)


class Gerrit(Git):
    """`Git` that brings the patch set of a Gerrit change.

    It is named by the property ``gerrit_change``, as ``change/patchset``, or by the event of the change source, in
    ``event.patchSet.ref``; a build without either is one of the branch. The property ``gerrit_branch`` tells what
    was taken.
    """

    async def run_vc(self, branch: Any, revision: str | None, patch: Any) -> int:
        """Bring the sources."""
        reference = self._reference()
        if reference is not None:
            self.updateSourceProperty("gerrit_branch", reference)
            branch, revision = reference, None
        return await super().run_vc(branch, revision, patch)

    def _reference(self) -> str | None:
        stamp = self.build.getSourceStamp(self.codebase)
        project = self.getProperty("event.change.project")
        if stamp is not None and stamp.project and project and stamp.project != project:
            return None  # the change is one of another codebase
        change = self.getProperty("gerrit_change")
        if change:
            found = _CHANGE.fullmatch(str(change))
            if found is None:
                raise BuildStepFailed(f"gerrit_change must be change/patchset, not {change!r}")
            number, patchset = int(found.group(1)), int(found.group(2))
            return f"refs/changes/{number % 100:02d}/{number}/{patchset}"
        reference = self.getProperty("event.patchSet.ref")
        return str(reference) if reference else None
