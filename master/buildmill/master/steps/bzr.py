"""`Bzr`: a checkout from a Bazaar or Breezy branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from buildmill.master.domain.config_errors import config_error
from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.arguments import check_type, label, require
from buildmill.master.steps.checkout import Checkout
from buildmill.master.steps.safe_words import safe_argument
from buildmill.master.steps.source import COPY_SOURCE, Source


class Bzr(Checkout):
    """Brings the sources of the build from a Bazaar branch with ``bzr``, which Breezy offers, too.

    Sets the property ``got_revision`` to the revision's number.

    Args:
        repourl: address of the branch; the build's branch is not looked at.
        baseURL: what stands before the name of the branch; one of the two must be given.
        defaultBranch: taken with `baseURL` when the build names none.
        mode: "incremental" keeps what earlier builds made, "full" begins clean.
        method: how "full" cleans: "clean" removes unknown files and ignored ones, "fresh" (default) leaves the
            ignored ones, "clobber" removes everything; "copy" keeps a checkout in ``source`` and copies it.
        retry, alwaysUseLatest, timeout, env, logEnviron, codebase, workdir: as in all checkouts.
    """

    name: Any = "bzr"
    program: ClassVar[str] = "bzr"
    mark: ClassVar[str] = ".bzr"
    modes: ClassVar[Mapping[str, Sequence[str | None]]] = {
        "incremental": (None,),
        "full": ("fresh", "clean", "clobber", "copy"),
    }
    renderables: Any = (*Source.renderables, "repourl", "baseURL", "defaultBranch", "mode", "method")

    def __init__(
        self,
        repourl: Any = None,
        baseURL: Any = None,
        mode: Any = "incremental",
        method: Any = None,
        defaultBranch: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.repourl = repourl
        self.baseURL = baseURL
        self.branch = defaultBranch
        self.defaultBranch = defaultBranch
        self.mode = mode
        self.method = method
        self._check_mode()
        for name in ("repourl", "baseURL", "defaultBranch"):
            check_type(self, name, getattr(self, name), str, optional=True)
        if (repourl is None) == (baseURL is None):
            config_error(f"{label(self)}: exactly one of repourl and baseURL must be given")
        if baseURL is not None:
            require(self, "defaultBranch", defaultBranch)

    @property
    def _url(self) -> str:
        url = self.repourl if self.repourl is not None else f"{self.baseURL}{self.branch or self.defaultBranch}"
        return safe_argument("repository", str(url))

    @property
    def _revision_words(self) -> list[str]:
        return [] if self.revision is None else ["-r", self.revision]

    async def remove_patch(self) -> None:
        """Take the patch back, and remove what it has added."""
        if await self._is_checkout():
            await self._vc(["revert"])
            await self._vc(["clean-tree", "--unknown", "--ignored", "--force"])
        else:
            await self._remove()

    async def bring(self) -> None:
        """Check out or update, by the method."""
        if self.mode == "incremental":
            await self._update()
        elif self.method == "clobber":
            await self._check_out()
        elif self.method == "copy":
            await self._copy_of(self._update)
        elif await self._is_checkout():
            await self._vc(["clean-tree", *(["--ignored"] if self.method == "clean" else []), "--unknown", "--force"])
            await self._update()
        else:
            await self._check_out()

    async def _check_out(self) -> None:
        await self._remove()
        url = self._url
        await self._with_retry(lambda: self._vc(["checkout", url, ".", *self._revision_words]))

    async def _update(self) -> None:
        if not await self._is_checkout():
            await self._check_out()
            return
        await self._vc(["update", *self._revision_words])

    async def got_revision(self) -> str | None:
        """The number of the revision."""
        directory = COPY_SOURCE if self.mode == "full" and self.method == "copy" else None
        line = ["version-info", "--custom", "--template={revno}"]
        revision = str(await self._vc(line, output=True, workdir=directory)).strip()
        if not revision or not revision.replace(".", "").isdecimal():
            raise BuildStepFailed(f"bzr version-info told no revision: {revision[:100]!r}")
        return revision
