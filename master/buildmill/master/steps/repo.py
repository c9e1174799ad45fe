"""`Repo`: a checkout of many git repositories with Android's ``repo``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from buildmill.common.results import FAILURE
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import RenderContext, is_renderable
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.arguments import check_count, check_type, label, require
from buildmill.master.steps.checkout import Checkout
from buildmill.master.steps.safe_words import safe_argument
from buildmill.master.steps.source import Source

_IN_TEXT = (
    re.compile(r"repo download\s+(?P<options>(?:-[\w-]+\s+)*)(?P<project>[^\s-][^ ]*)\s+(?P<change>\d+/\d+)"),
    re.compile(r"repo download\s+(?P<options>(?:-[\w-]+\s+)*)(?P<project>[^\s-][^ ]*)\s+(?P<change>\d+)(?![\d/])"),
)
_ITEM = re.compile(r"(?P<words>(?:-[\w-]+ +)*[^\s-]\S* +\d+(?:/\d+)?)")
_HEAD = re.compile(r"HEAD is now at ([0-9a-f]+)")
_MODIFIED = 8
"""Place of the time of the last change in what a worker tells of a file."""
_PACKINGS = {"gz": "-z", "bz2": "-j", "xz": "-J", "lzma": "--lzma", "lzop": "--lzop"}
_OVERRIDE = "manifest_override.xml"


class RepoDownloadsFromProperties:
    """Downloads that are named in properties of the build, as ``repo download PROJECT CHANGE/PATCHSET``.

    Args:
        names: of the properties.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def getRenderingFor(self, props: RenderContext) -> list[str]:
        """The downloads, in order."""
        found: list[str] = []
        for name in self.names:
            found += parse_downloads(str(props.getProperty(name) or ""))
        return found


class RepoDownloadsFromChangeSource:
    """Downloads of the Gerrit changes that the build is about.

    Args:
        codebase: only changes of this one; None: of all.
    """

    def __init__(self, codebase: str | None = None) -> None:
        self.codebase = codebase

    def getRenderingFor(self, props: Any) -> list[str]:
        """The downloads, in the order of the changes."""
        found = []
        for change in props.changes:
            properties = {name: value[0] for name, value in change["properties"].items()}
            if self.codebase is not None and change["codebase"] != self.codebase:
                continue
            if properties.get("event.type") == "patchset-created":
                project, number = properties["event.change.project"], properties["event.change.number"]
                found.append(f"{project} {number}/{properties['event.patchSet.number']}")
        return found


def parse_downloads(text: str) -> list[str]:
    """The downloads in a text, each as ``PROJECT CHANGE/PATCHSET`` with options before it."""
    found = []
    for pattern in _IN_TEXT:
        for match in pattern.finditer(text):
            options = " ".join(match["options"].split())
            found.append(f"{options} {match['project']} {match['change']}".strip())
    return found


class Repo(Checkout):
    """Brings the sources of the build with ``repo``: many git repositories, which a manifest names.

    Args:
        manifestURL: address of the repository of the manifest; manifestBranch, manifestFile: which one in it.
        tarball: file on the worker to keep ``.repo`` in, for a quick start of clean checkouts.
        updateTarballAge: seconds after which it is made anew.
        jobs: so many downloads at once. depth: bring no older history. submodules: of the manifest, too.
        syncAllBranches: bring all branches; syncQuietly: tell less.
        manifestOverrideUrl: a manifest in place of the repository's: a file on the worker, or an address.
        repoDownloads: list of changes to add, as ``PROJECT CHANGE/PATCHSET``, or a renderable of one.
        retry, alwaysUseLatest, timeout, env, logEnviron, codebase, workdir: as in all checkouts.
    """

    name: Any = "repo"
    program: ClassVar[str] = "repo"
    mark: ClassVar[str] = ".repo"
    modes: ClassVar[Mapping[str, Sequence[str | None]]] = {"update": (None,)}
    renderables: Any = (
        *Source.renderables,
        "jobs",
        "manifestBranch",
        "manifestFile",
        "manifestOverrideUrl",
        "manifestURL",
        "repoDownloads",
        "syncAllBranches",
        "tarball",
        "updateTarballAge",
    )

    def __init__(
        self,
        manifestURL: Any = None,
        manifestBranch: Any = "master",
        manifestFile: Any = "default.xml",
        tarball: Any = None,
        jobs: Any = None,
        syncAllBranches: Any = False,
        updateTarballAge: Any = 7 * 24.0 * 3600.0,
        manifestOverrideUrl: Any = None,
        repoDownloads: Any = None,
        depth: Any = 0,
        submodules: Any = False,
        syncQuietly: Any = False,
        mode: Any = "update",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.manifestURL = manifestURL
        self.manifestBranch = manifestBranch
        self.manifestFile = manifestFile
        self.tarball = tarball
        self.jobs = jobs
        self.syncAllBranches = syncAllBranches
        self.updateTarballAge = updateTarballAge
        self.manifestOverrideUrl = manifestOverrideUrl
        self.repoDownloads = [] if repoDownloads is None else repoDownloads
        self.depth = depth
        self.submodules = submodules
        self.syncQuietly = syncQuietly
        self.mode = mode
        self._failed_at = ""
        self._check_mode()
        require(self, "manifestURL", manifestURL)
        for name in ("manifestURL", "tarball", "manifestOverrideUrl"):
            check_type(self, name, getattr(self, name), str, optional=True)
        for name in ("manifestBranch", "manifestFile"):
            check_type(self, name, getattr(self, name), str)
        if not is_renderable(jobs):
            check_count(self, "jobs", jobs, least=1)
        check_count(self, "depth", depth, optional=False)
        check_type(self, "updateTarballAge", updateTarballAge, int, float)
        for name in ("syncAllBranches", "submodules", "syncQuietly"):
            check_type(self, name, getattr(self, name), bool)
        check_type(self, "repoDownloads", self.repoDownloads, list, tuple)
        for item in self.repoDownloads if isinstance(self.repoDownloads, list | tuple) else ():
            if isinstance(item, str) and not _ITEM.fullmatch(_without_command(item)):
                config_error(f"{label(self)}: repoDownloads must be PROJECT CHANGE/PATCHSET, not {item!r}")

    # -- the way of a checkout ---------------------------------------------------------------------

    async def bring(self) -> None:
        """Begin from the tarball or from nothing, clean, sync, add the changes."""
        downloads = [self._checked_download(item) for item in self.repoDownloads]
        if not await self._is_checkout():
            await self._begin()
        else:
            await self._clean()
        await self._with_retry(self._sync)
        if self.tarball:
            await self._keep_tarball()
        await self._download(downloads)

    async def _begin(self) -> None:
        await self._remove()
        if self.tarball and await self._vc([*self._tar("-x")], program=None, fail=False) != 0:
            await self._vc(["rm", "-f", self.tarball], program=None, fail=False)
            await self._remove()

    async def _clean(self) -> None:
        """Away with what builds have changed; a broken repository is mended by the sync."""
        await self._vc(["git", "-C", ".repo/manifests", "reset", "--hard"], program=None, fail=False)
        await self._vc(["forall", "-c", "git clean -f -d -x; git reset --hard HEAD"], fail=False)

    def _tar(self, action: str) -> list[str]:
        name = str(self.tarball)
        packing = next((option for ending, option in _PACKINGS.items() if name.endswith(ending)), None)
        return ["tar", *([packing] if packing else []), action, "-f", safe_argument("tarball", name)]

    async def _sync(self) -> None:
        line = ["init", "-u", safe_argument("manifest", str(self.manifestURL)), "-b", str(self.manifestBranch)]
        line += ["-m", str(self.manifestFile)]
        if self.depth:
            line += ["--depth", str(self.depth)]
        if self.submodules:
            line.append("--submodules")
        await self._step(line)
        if self.manifestOverrideUrl:
            await self._override()
        line = ["sync", "--force-sync"]
        if self.syncQuietly:
            line.append("-q")
        if self.jobs:
            line.append(f"-j{self.jobs}")
        if not self.syncAllBranches:
            line.append("-c")
        await self._step(line)
        await self._step(["manifest", "-r", "-o", "manifest-original.xml"])

    async def _override(self) -> None:
        source = str(self.manifestOverrideUrl)
        if await self.pathExists(self._below(source)):
            await self._step(["cp", "-f", source, _OVERRIDE], program=None)
        else:
            await self._step(["wget", source, "-O", _OVERRIDE], program=None)
        directory = self.build.path_module.join(self.workdir, ".repo")
        await self._step(["ln", "-sf", f"../{_OVERRIDE}", "manifest.xml"], program=None, workdir=directory)

    async def _step(self, words: Sequence[str], **options: Any) -> Any:
        """Run one command; the summary names it if it fails."""
        try:
            return await self._vc(words, **options)
        except BuildStepFailed:
            program = [] if options.get("program", "") is None else [self.program]
            self._failed_at = " ".join([*program, *words[:2]])
            raise

    async def _keep_tarball(self) -> None:
        look = RemoteCommand("stat", {"path": self.build.worker_path(self.tarball)})
        look.useLog(self.logs["stdio"])
        await self.runCommand(look)
        if look.rc == 0:
            now = await self.calls.once("time", self.tarball, lambda: int(self.build.clock.seconds()))
            if now - look.updates["stat"][-1][_MODIFIED] < self.updateTarballAge:
                return
        await self._vc([*self._tar("-c"), ".repo"], program=None)

    def _checked_download(self, item: Any) -> str:
        words = _without_command(str(item))
        if not _ITEM.fullmatch(words):
            raise BuildStepFailed(f"{item!r} names no change to download")
        return words

    async def _download(self, downloads: Sequence[str]) -> None:
        done = []
        for item in downloads:
            command = ["download", *item.split()]
            output = await self._step(command, output=True)
            head = _HEAD.search(str(output))
            done.append(f"{item} {head.group(1)}" if head else item)
        if downloads:
            self.setProperty("repo_downloads", list(downloads), "Source")
            self.setProperty("repo_downloaded", done, "Source")

    async def got_revision(self) -> str | None:
        """Many repositories have no one revision; the manifest is in ``manifest-original.xml``."""
        return None

    def getResultSummary(self) -> Any:
        """What failed."""
        if self.results == FAILURE and self._failed_at:
            return {"step": f"repo failed at: {self._failed_at} (failure)"}
        return super().getResultSummary()


def _without_command(item: str) -> str:
    return item.removeprefix("repo download ").strip()
