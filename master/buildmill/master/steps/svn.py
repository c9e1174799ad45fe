"""`SVN`: a checkout from a Subversion repository."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from xml.etree import ElementTree

from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.arguments import check_choice, check_type, require
from buildmill.master.steps.checkout import Checkout
from buildmill.master.steps.safe_words import hidden, safe_argument
from buildmill.master.steps.source import COPY_SOURCE, Source

_DEPTHS = (None, "empty", "files", "immediates", "infinity")


class SVN(Checkout):
    """Brings the sources of the build from a Subversion repository; sets the property ``got_revision``.

    Args:
        repourl: address of what is checked out. The build's branch is not put in by itself: use ``Interpolate``.
        username, password: for the server; logs don't show the password.
        extra_args: list of options for all commands that reach the server.
        keep_on_purge: list of files that "clean" and "fresh" leave.
        depth: how much is checked out: "empty", "files", "immediates", "infinity".
        preferLastChangedRev: ``got_revision`` is the last revision in which the directory changed.
        mode: "incremental" keeps what earlier builds made, "full" begins clean.
        method: how "full" cleans: "clean" removes unknown files, but not ignored ones; "fresh" (default) those,
            too; "clobber" everything; "copy" and "export" keep a checkout in ``source``, and the sources are a
            copy of it, or an export without Subversion's own files.
        retry, alwaysUseLatest, timeout, env, logEnviron, codebase, workdir: as in all checkouts.
    """

    name: Any = "svn"
    program: ClassVar[str] = "svn"
    mark: ClassVar[str] = ".svn"
    modes: ClassVar[Mapping[str, Sequence[str | None]]] = {
        "incremental": (None,),
        "full": ("fresh", "clean", "clobber", "copy", "export"),
    }
    renderables: Any = (*Source.renderables, "repourl", "username", "password", "mode", "method")

    def __init__(
        self,
        repourl: Any = None,
        mode: Any = "incremental",
        method: Any = None,
        username: Any = None,
        password: Any = None,
        extra_args: Any = None,
        keep_on_purge: Any = None,
        depth: Any = None,
        preferLastChangedRev: Any = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.repourl = repourl
        self.username = username
        self.password = password
        self.extra_args = extra_args
        self.keep_on_purge = keep_on_purge or []
        self.depth = depth
        self.mode = mode
        self.method = method
        self.preferLastChangedRev = preferLastChangedRev
        self._check_mode()
        require(self, "repourl", repourl)
        for name in ("repourl", "username", "password"):
            check_type(self, name, getattr(self, name), str, optional=True)
        for name in ("extra_args", "keep_on_purge"):
            check_type(self, name, getattr(self, name), list, tuple, optional=True)
        check_choice(self, "depth", depth, _DEPTHS)
        check_type(self, "preferLastChangedRev", preferLastChangedRev, bool)

    def version_command(self) -> list[str]:
        """Short: the whole text is long."""
        return ["--version", "--quiet"]

    async def _svn(self, words: Sequence[Any], **options: Any) -> Any:
        """Run a command that may reach the server."""
        line = [*words, "--non-interactive", "--no-auth-cache"]
        if self.username is not None:
            line += ["--username", self.username]
        if self.password is not None:
            line += ["--password", hidden(self.password)]
        if self.depth:
            line += ["--depth", self.depth] if words[0] in ("checkout", "update") else []
        return await self._vc([*line, *(self.extra_args or ())], **options)

    @property
    def _revision_words(self) -> list[str]:
        return [] if self.revision is None else ["--revision", self.revision]

    async def remove_patch(self) -> None:
        """Take the patch back, and remove what it has added."""
        if await self._is_checkout():
            await self._vc(["revert", "--recursive", "."])
            await self._purge(ignored_too=True)
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
        elif self.method == "export":
            await self._export()
        else:
            await self._clean(ignored_too=self.method == "fresh")

    async def _check_out(self) -> None:
        await self._remove()
        url = safe_argument("repository", str(self.repourl))
        await self._with_retry(lambda: self._svn(["checkout", url, ".", *self._revision_words]))

    async def _update(self) -> None:
        if not await self._is_updatable():
            await self._check_out()
            return
        await self._svn(["update", *self._revision_words])

    async def _clean(self, *, ignored_too: bool) -> None:
        if not await self._is_updatable():
            await self._check_out()
            return
        await self._purge(ignored_too=ignored_too)
        await self._svn(["update", *self._revision_words])

    async def _export(self) -> None:
        target = self.workdir
        await self._remove()
        self.workdir = COPY_SOURCE
        try:
            await self._update()
        finally:
            self.workdir = target
        await self._vc(["export", *self._revision_words, COPY_SOURCE, target], workdir="")

    async def _is_updatable(self) -> bool:
        """Whether there is a checkout, and of this address."""
        if not await self._is_checkout():
            return False
        output = str(await self._vc(["info", "--xml"], fail=False, output=True))
        url = _text_of(output, ".//entry/url")
        if url is not None and same_address(url, str(self.repourl)):
            return True
        self.logs["stdio"].addHeader(f"there is a checkout of {url}, not of {self.repourl}\n")
        return False

    async def _purge(self, *, ignored_too: bool) -> None:
        words = ["status", "--xml", *(["--no-ignore"] if ignored_too else [])]
        output = str(await self._vc(words, output=True))
        for path in untracked(output, ignored_too=ignored_too, keep=self.keep_on_purge):
            await self._remove(self._below(path))

    async def got_revision(self) -> str | None:
        """The revision of the checkout."""
        directory = COPY_SOURCE if self.method == "export" and self.mode == "full" else None
        output = str(await self._vc(["info", "--xml"], output=True, workdir=directory))
        revision = _attribute_of(output, "commit" if self.preferLastChangedRev else "entry", "revision")
        if revision is None or not re.fullmatch(r"\d+", revision):
            raise BuildStepFailed("svn info told no revision")
        return revision


def same_address(one: str, other: str) -> bool:
    """Whether two addresses are the same, however they are quoted."""
    return _canonical(one) == _canonical(other)


def _canonical(url: str) -> str:
    parts = urlsplit(url)
    netloc = parts.netloc.lower()
    for scheme, port in (("http", ":80"), ("https", ":443"), ("svn", ":3690")):
        if parts.scheme == scheme:
            netloc = netloc.removesuffix(port)
    path = quote(unquote(re.sub("/+", "/", parts.path))).rstrip("/")
    return urlunsplit((parts.scheme.lower(), netloc, path, "", ""))


def untracked(status: str, *, ignored_too: bool, keep: Sequence[str] = ()) -> list[str]:
    """The paths that Subversion does not know, from the output of ``svn status --xml``.

    Raises:
        BuildStepFailed: it is no such output.
    """
    found = []
    for entry in _parsed(status).iter("entry"):
        state = entry.find("wc-status")
        path = entry.get("path")
        if state is None or path is None or path in keep:
            continue
        if state.get("item") == "unversioned" or (ignored_too and state.get("item") == "ignored"):
            found.append(path)
    return found


def _parsed(output: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(output)  # noqa: S314  # what svn itself prints on the worker
    except ElementTree.ParseError as problem:
        raise BuildStepFailed(f"svn's output cannot be read: {problem}") from problem


def _text_of(output: str, path: str) -> str | None:
    if not output.strip():
        return None
    return _parsed(output).findtext(path)


def _attribute_of(output: str, tag: str, name: str) -> str | None:
    found = next(_parsed(output).iter(tag), None)
    return None if found is None else found.get(name)
