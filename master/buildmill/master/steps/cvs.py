"""`CVS`: a checkout from a CVS repository."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from buildmill.master.steps.arguments import check_type, require
from buildmill.master.steps.checkout import Checkout
from buildmill.master.steps.safe_words import safe_argument
from buildmill.master.steps.source import Source
from buildmill.master.steps.worker_paths import shown_file

_STICKY_DATE = re.compile(r"^/[^/]*/[^/]*/[^/]*/[^/]*/D", re.MULTILINE)
_DATE_FORMAT = "%Y-%m-%d %H:%M:%S +0000"


class CVS(Checkout):
    """Brings the sources of the build from a CVS repository.

    A revision is a point in time, as ``2026-03-01 12:00:00 +0000``; the property ``got_revision`` is the build's
    revision, or the time of the checkout.

    Args:
        cvsroot: address of the repository. cvsmodule: the module in it.
        branch: taken when the build names none. login: password for ``cvs login``; None: no login.
        global_options, extra_options: lists of options before and behind the command's name.
        mode: "incremental" keeps what earlier builds made, "full" begins clean.
        method: how "full" cleans: "clobber" removes everything; "fresh" (default) what CVS does not know, "clean"
            leaves what it is told to ignore; "copy" keeps a checkout in ``source`` and copies it; "export" brings
            the sources without CVS's own files.
        retry, alwaysUseLatest, timeout, env, logEnviron, codebase, workdir: as in all checkouts.
    """

    name: Any = "cvs"
    program: ClassVar[str] = "cvs"
    mark: ClassVar[str] = "CVS"
    modes: ClassVar[Mapping[str, Sequence[str | None]]] = {
        "incremental": (None,),
        "full": ("fresh", "clean", "clobber", "copy", "export"),
    }
    renderables: Any = (*Source.renderables, "cvsroot", "cvsmodule", "login", "mode", "method")

    def __init__(
        self,
        cvsroot: Any = None,
        cvsmodule: Any = "",
        mode: Any = "incremental",
        method: Any = None,
        branch: Any = None,
        global_options: Any = None,
        extra_options: Any = None,
        login: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cvsroot = cvsroot
        self.cvsmodule = cvsmodule
        self.mode = mode
        self.method = method
        self.branch = branch
        self.global_options = global_options or []
        self.extra_options = extra_options or []
        self.login = login
        self._check_mode()
        require(self, "cvsroot", cvsroot)
        for name in ("cvsroot", "cvsmodule", "branch", "login"):
            check_type(self, name, getattr(self, name), str, optional=True)
        for name in ("global_options", "extra_options"):
            check_type(self, name, getattr(self, name), list, tuple)

    def computeSourceRevision(self, changes: Any) -> str | None:
        """A time between the last change and the next one: a commit of many files takes CVS a while."""
        if not changes:
            return None
        last = max(change.when_timestamp for change in changes)
        return (datetime.fromtimestamp(last, UTC) + timedelta(minutes=3)).strftime(_DATE_FORMAT)

    async def prepare(self) -> None:
        """Log in, if that is wanted."""
        if self.login is not None:
            await self._vc(["-d", self.cvsroot, "login"], workdir="", stdin=f"{self.login}\n")

    async def bring(self) -> None:
        """Check out or update, by the method."""
        if self.mode == "incremental":
            await self._update()
        elif self.method == "clobber":
            await self._check_out()
        elif self.method == "copy":
            await self._copy_of(self._update)
        elif self.method == "export":
            await self._check_out("export")
        else:
            await self._clean()

    @property
    def _which(self) -> list[str]:
        """Options that say which revision of the files."""
        words = []
        if self.branch:
            words += ["-r", safe_argument("branch", str(self.branch))]
        if self.revision is not None:
            words += ["-D", self.revision]
        return words

    async def _check_out(self, verb: str = "checkout") -> None:
        await self._remove()
        which = self._which
        if verb == "export" and not which:
            which = ["-r", "HEAD"]  # cvs insists on something
        rules = self.build.path_module
        # Below the directory that is made: cvs makes no others.
        where = rules.dirname(str(self.workdir))
        module = safe_argument("module", str(self.cvsmodule or "."))
        line = ["-d", self.cvsroot, *self.global_options, "-z3", verb, *which, *self.extra_options]
        line += ["-d", rules.basename(str(self.workdir)), module]
        await self._with_retry(lambda: self._vc(line, workdir=where))

    async def _update(self) -> None:
        if not await self._is_updatable():
            await self._check_out()
            return
        # -A forgets what an earlier build has asked for.
        which = self._which or ["-A"]
        await self._vc([*self.global_options, "-z3", "update", "-dP", *which, *self.extra_options])

    async def _clean(self) -> None:
        if not await self._is_updatable():
            await self._check_out()
            return
        keep = []
        if self.method == "fresh":
            keep = ["-I", "!"]  # nothing is ignored, but for what these files say; the update brings them back
            for path in await self.runGlob(self._below("**", ".cvsignore")):
                await self.runRmFile(path)
        output = str(await self._vc(["-n", "-q", "update", *keep], output=True, fail=False))
        for name in sorted(re.findall(r"^\? (.+?)\r?$", output, re.MULTILINE)):
            await self._remove(self._below(name))
        await self._vc([*self.global_options, "-z3", "update", "-dPC", *(self._which or ["-A"]), *self.extra_options])

    async def _is_updatable(self) -> bool:
        """Whether there is a checkout, of this module, and not of one point in time for ever."""
        if not await self._is_checkout():
            return False
        root = (await self._content("Root")).strip()
        module = (await self._content("Repository")).strip()
        if root != self.cvsroot or not (module == self.cvsmodule or module.endswith(f"/{self.cvsmodule}")):
            self.logs["stdio"].addHeader(f"there is a checkout of {root} {module}\n")
            return False
        return self.revision is not None or not _STICKY_DATE.search(await self._content("Entries"))

    async def _content(self, name: str) -> str:
        """One of CVS's own files."""
        return await shown_file(self, str(self.workdir), self.build.path_module.join("CVS", name)) or ""

    async def got_revision(self) -> str | None:
        """The time that was asked for, or now."""
        if self.revision is not None:
            return self.revision
        now = await self.calls.once("time", [], lambda: int(self.build.clock.seconds()))
        return datetime.fromtimestamp(now, UTC).strftime(_DATE_FORMAT)
