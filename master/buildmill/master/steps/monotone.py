"""`Monotone`: a checkout from a Monotone database."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.arguments import check_type, require
from buildmill.master.steps.checkout import Checkout
from buildmill.master.steps.safe_words import safe_argument
from buildmill.master.steps.source import COPY_SOURCE, Source

_DATABASE = "db.mtn"
_REVISION = re.compile(r"[0-9a-f]{40}")


class Monotone(Checkout):
    """Brings the sources of the build from a Monotone server; sets the property ``got_revision``.

    What it pulls stays in the database ``db.mtn`` beside the sources.

    Args:
        repourl: address of the server, as ``mtn://host/module``.
        branch: taken when the build names none; needed.
        progress: let ``mtn`` tell about its progress, which also keeps the timeout away.
        mode: "incremental" keeps what earlier builds made, "full" begins clean.
        method: how "full" begins: "copy" (default) keeps a checkout in ``source`` and copies it; "fresh" removes
            unknown files and ignored ones, "clean" leaves the ignored ones; "clobber" checks out anew.
        retry, alwaysUseLatest, timeout, env, logEnviron, codebase, workdir: as in all checkouts.
    """

    name: Any = "monotone"
    program: ClassVar[str] = "mtn"
    mark: ClassVar[str] = "_MTN"
    modes: ClassVar[Mapping[str, Sequence[str | None]]] = {
        "incremental": (None,),
        "full": ("copy", "fresh", "clean", "clobber"),
    }
    renderables: Any = (*Source.renderables, "repourl", "branch", "mode", "method")

    def __init__(
        self,
        repourl: Any = None,
        branch: Any = None,
        progress: Any = False,
        mode: Any = "incremental",
        method: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.repourl = repourl
        self.branch = branch
        self.progress = progress
        self.mode = mode
        self.method = method
        self._check_mode()
        for name in ("repourl", "branch"):
            require(self, name, getattr(self, name))
            check_type(self, name, getattr(self, name), str, optional=True)
        check_type(self, "progress", progress, bool)

    async def prepare(self) -> None:
        """Make the database, and pull."""
        branch = safe_argument("branch", str(self.branch))
        if await self.pathExists(_DATABASE):
            await self._vc(["db", "migrate", "--db", _DATABASE], workdir="")
        else:
            await self._vc(["db", "init", "--db", _DATABASE], workdir="")
        url = safe_argument("repository", f"{self.repourl}?{branch}")
        ticker = "--ticker=dot" if self.progress else "--ticker=none"
        line = ["pull", url, "--db", _DATABASE, ticker]
        await self._with_retry(lambda: self._vc(line, workdir=""), from_scratch=False)

    async def remove_patch(self) -> None:
        """Take the patch back, and remove what it has added."""
        if await self._is_checkout():
            await self._vc(["revert", "--unknown", "."], fail=False)
            await self._drop_unknown(ignored_too=True)
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
            await self._drop_unknown(ignored_too=self.method == "fresh")
            await self._update()
        else:
            await self._check_out()

    async def _check_out(self) -> None:
        await self._remove()
        line = ["checkout", str(self.workdir), "--db", _DATABASE, "--branch", str(self.branch)]
        if self.revision is not None:
            line += ["--revision", self.revision]
        await self._vc(line, workdir="")

    async def _update(self) -> None:
        if not await self._is_checkout():
            await self._check_out()
            return
        revision = f"h:{self.branch}" if self.revision is None else self.revision
        await self._vc(["update", "--revision", revision, "--branch", str(self.branch)])

    async def _drop_unknown(self, *, ignored_too: bool) -> None:
        output = str(await self._vc(["ls", "unknown"], output=True))
        if ignored_too:
            output += str(await self._vc(["ls", "ignored"], output=True))
        for path in output.splitlines():
            await self._remove(self._below(path))

    async def got_revision(self) -> str | None:
        """The revision of the checkout."""
        directory = COPY_SOURCE if self.mode == "full" and self.method == "copy" else None
        output = await self._vc(["automate", "select", "w:"], output=True, workdir=directory)
        revision = str(output).strip()
        if not _REVISION.fullmatch(revision):
            raise BuildStepFailed(f"mtn told no revision: {revision[:100]!r}")
        return revision
