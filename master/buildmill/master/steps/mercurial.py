"""`Mercurial`: a checkout from a Mercurial repository."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.arguments import check_choice, check_type, require
from buildmill.master.steps.checkout import Checkout
from buildmill.master.steps.safe_words import safe_argument
from buildmill.master.steps.source import Source


class Mercurial(Checkout):
    """Brings the sources of the build from a Mercurial repository; sets the property ``got_revision``.

    Args:
        repourl: address of the repository, or with branches that are directories, of what is above them.
        defaultBranch: taken when the build names none.
        branchType: "dirname": a branch is a repository below `repourl`; "inrepo": a branch of one repository.
        clobberOnBranchChange: begin from scratch when the branch in the repository is another one than before.
        mode: "incremental" keeps what earlier builds made, "full" begins clean.
        method: how "full" cleans: "clean" removes unknown files, but not ignored ones; "fresh" (default) those,
            too; "clobber" everything, and clones anew.
        retry, alwaysUseLatest, timeout, env, logEnviron, codebase, workdir: as in all checkouts.
    """

    name: Any = "hg"
    program: ClassVar[str] = "hg"
    mark: ClassVar[str] = ".hg"
    modes: ClassVar[Mapping[str, Sequence[str | None]]] = {
        "incremental": (None,),
        "full": ("fresh", "clean", "clobber"),
    }
    renderables: Any = (*Source.renderables, "repourl", "defaultBranch", "mode", "method")

    def __init__(
        self,
        repourl: Any = None,
        mode: Any = "incremental",
        method: Any = None,
        defaultBranch: Any = None,
        branchType: Any = "dirname",
        clobberOnBranchChange: Any = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.repourl = repourl
        self.defaultBranch = defaultBranch
        self.branchType = branchType
        self.mode = mode
        self.method = method
        self.clobberOnBranchChange = clobberOnBranchChange
        self._check_mode()
        require(self, "repourl", repourl)
        check_type(self, "repourl", repourl, str, optional=True)
        check_type(self, "defaultBranch", defaultBranch, str, optional=True)
        check_choice(self, "branchType", branchType, ("dirname", "inrepo"))
        check_type(self, "clobberOnBranchChange", clobberOnBranchChange, bool)

    def version_command(self) -> list[str]:
        """Short: the whole text is long."""
        return ["--version", "--quiet"]

    def _environment(self) -> Mapping[str, Any]:
        return {"HGPLAIN": "1", **super()._environment()}  # whatever the worker's user has set for eyes

    @property
    def _url(self) -> str:
        if self.branchType == "dirname" and (self.branch or self.defaultBranch):
            return f"{self.repourl}{self.branch or self.defaultBranch}"
        return str(self.repourl)

    @property
    def _wanted_branch(self) -> str:
        return safe_argument("branch", str(self.branch or self.defaultBranch or "default"))

    async def remove_patch(self) -> None:
        """Remove what the patch has added; the update takes back the rest."""
        if await self._is_checkout():
            await self._purge(ignored_too=True)
        else:
            await self._remove()

    async def bring(self) -> None:
        """Clone, or clean and pull; then check out."""
        if (self.mode == "full" and self.method == "clobber") or not await self._is_checkout():
            await self._clone()
        else:
            if self.mode == "full":
                await self._purge(ignored_too=self.method == "fresh")
            await self._pull()
            if self.branchType == "inrepo" and await self._current_branch() != self._wanted_branch:
                if self.clobberOnBranchChange:
                    await self._clone()
                else:
                    self.logs["stdio"].addHeader(f"another branch than before: {self._wanted_branch}\n")
        await self._check_out()

    async def _clone(self) -> None:
        await self._remove()
        url = safe_argument("repository", self._url)
        await self._with_retry(lambda: self._vc(["clone", "--noupdate", url, "."]))

    async def _pull(self) -> None:
        line = ["pull", safe_argument("repository", self._url)]
        if self.revision is not None:
            line += ["--rev", self.revision]
        elif self.branchType == "inrepo":
            line += ["--rev", self._wanted_branch]
        await self._vc(line)

    async def _purge(self, *, ignored_too: bool) -> None:
        await self._vc(["--config", "extensions.purge=", "purge", *(["--all"] if ignored_too else [])])

    async def _current_branch(self) -> str:
        return str(await self._vc(["identify", "--branch"], output=True)).strip()

    async def _check_out(self) -> None:
        line = ["update", "--clean"]
        if self.revision is not None:
            line += ["--rev", self.revision]
        elif self.branchType == "inrepo":
            line += ["--rev", self._wanted_branch]
        await self._vc(line)

    async def got_revision(self) -> str | None:
        """The changeset's whole id."""
        output = await self._vc(["log", "--rev", ".", "--template", "{node}\n"], output=True)
        revision = str(output).strip()
        if len(revision) != 40:
            raise BuildStepFailed(f"hg told no revision: {revision[:100]!r}")
        return revision
