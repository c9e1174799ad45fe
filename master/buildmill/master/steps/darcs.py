"""`Darcs`: a checkout from a Darcs repository."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.arguments import check_type, require
from buildmill.master.steps.checkout import Checkout
from buildmill.master.steps.safe_words import safe_argument
from buildmill.master.steps.source import Source

_HASH = re.compile(r"^(?:patch )?([0-9a-f]{40})\b", re.MULTILINE)


class Darcs(Checkout):
    """Brings the sources of the build from a Darcs repository.

    Sets the property ``got_revision`` to the hash of the newest patch. A build's revision is such a hash.

    Args:
        repourl: address of the repository.
        mode: "incremental" keeps what earlier builds made, "full" begins clean.
        method: how "full" begins: "clobber" (default) clones anew; "copy" keeps a clone in ``source`` and copies it.
        retry, alwaysUseLatest, timeout, env, logEnviron, codebase, workdir: as in all checkouts.
    """

    name: Any = "darcs"
    program: ClassVar[str] = "darcs"
    mark: ClassVar[str] = "_darcs"
    modes: ClassVar[Mapping[str, Sequence[str | None]]] = {"incremental": (None,), "full": ("clobber", "copy")}
    renderables: Any = (*Source.renderables, "repourl", "mode", "method")

    def __init__(self, repourl: Any = None, mode: Any = "incremental", method: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.repourl = repourl
        self.mode = mode
        self.method = method
        self._check_mode()
        require(self, "repourl", repourl)
        check_type(self, "repourl", repourl, str, optional=True)

    async def bring(self) -> None:
        """Clone or pull, by the method."""
        if self.mode == "incremental":
            await self._pull_or_clone()
        elif self.method == "copy":
            await self._copy_of(self._pull_or_clone)
        else:
            await self._clone()

    async def _pull_or_clone(self) -> None:
        # There is no way back to an older patch but a new clone.
        if self.revision is not None or not await self._is_checkout():
            await self._clone()
            return
        await self._vc(["pull", "--all", "--verbose"])

    async def _clone(self) -> None:
        await self._remove()
        url = safe_argument("repository", str(self.repourl))
        line = ["clone", "--verbose", "--lazy"]
        if self.revision is not None and re.fullmatch(r"[0-9a-f]{40}", self.revision):
            line += ["--to-hash", self.revision]
        elif self.revision is not None:
            raise BuildStepFailed(f"revision {self.revision!r} is no hash of a patch")
        # Below the builder's directory: darcs makes the directory itself, and wants that it is not there.
        await self._with_retry(lambda: self._vc([*line, url, str(self.workdir)], workdir=""))

    async def got_revision(self) -> str | None:
        """The hash of the newest patch; None in an empty repository."""
        output = str(await self._vc(["log", "--last", "1"], output=True))
        found = _HASH.search(output)
        return None if found is None else found.group(1)
