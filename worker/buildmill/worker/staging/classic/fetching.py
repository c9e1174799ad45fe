"""Buildpacks that are named by a URL: a zip archive over HTTP, or a git repository."""

from __future__ import annotations

import base64
import os
import shutil
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from buildmill.common.archives.bounds import Bounds
from buildmill.common.staging import Buildpack, Cause
from buildmill.worker.staging.archives.zips import unzip
from buildmill.worker.staging.area import remove_tree
from buildmill.worker.staging.classic.environment import PATH
from buildmill.worker.staging.failure import PhaseFailed
from buildmill.worker.staging.stage import Stage
from buildmill.worker.staging.supervision.running import Script

if TYPE_CHECKING:
    from urllib.request import Request

DOWNLOAD_SECONDS = 600.0
SILENCE_SECONDS = 60.0
BLOCK_BYTES = 1 << 18
_SCHEMES = {"http", "https"}
_GIT_SCHEMES = "http:https:git:ssh"


def fetch_buildpack(stage: Stage, buildpack: Buildpack, target: str) -> None:
    """Bring a buildpack into a new directory.

    A URL whose path ends in ``.zip`` is an archive; all else is a git repository, with a branch in the fragment.

    Raises:
        PhaseFailed: it can't be had, or it is not what it should be.
    """
    try:
        url = urlsplit(buildpack.key)
        _ = url.port
    except ValueError as problem:
        raise _failed(buildpack, f"this is no URL: {problem}") from problem
    if url.path.endswith(".zip"):
        _fetch_archive(stage, buildpack, url, target)
    else:
        _clone(stage, buildpack, url, target)


def _fetch_archive(stage: Stage, buildpack: Buildpack, url: SplitResult, target: str) -> None:
    from urllib.request import Request  # few stagings need it, and it takes its time to be loaded

    if url.scheme not in _SCHEMES:
        raise _failed(buildpack, f"archives are fetched over {' or '.join(sorted(_SCHEMES))}")
    path = target + ".zip"
    request = Request(urlunsplit(_without_user(url)))  # noqa: S310  # the scheme was looked at
    if authorization := _authorization(url):
        request.add_unredirected_header("Authorization", authorization)  # whoever it leads to shall not learn it
    try:
        _download(stage, buildpack, request, path)
        shown = f"the buildpack {buildpack.shown!r}"
        room = stage.supervisor.disk_room_bytes()
        size = os.stat(path).st_size
        unzip(path, target, Bounds(shown=shown, archive_bytes=size, room_bytes=room, check=stage.deadline.check))
    finally:
        if os.path.exists(path):
            os.unlink(path)


def _download(stage: Stage, buildpack: Buildpack, request: Request, path: str) -> None:
    from urllib.error import HTTPError
    from urllib.request import urlopen

    room = stage.supervisor.disk_room_bytes()
    until = stage.deadline.elapsed + DOWNLOAD_SECONDS
    silence = min(SILENCE_SECONDS, max(0.001, stage.deadline.remaining))
    stage.log.say(f"downloading the buildpack {buildpack.shown}")
    try:
        with urlopen(request, timeout=silence) as answer, open(path, "wb") as file:  # noqa: S310
            while block := answer.read(BLOCK_BYTES):
                stage.deadline.check(f"the buildpack {buildpack.shown!r} was downloaded")
                if stage.deadline.elapsed > until:
                    raise _failed(buildpack, f"it took more than {DOWNLOAD_SECONDS:.0f} seconds")
                room -= len(block)
                if room < 0:
                    raise PhaseFailed(f"there is no room on the disk for {buildpack.shown!r}", cause=Cause.DISK)
                file.write(block)
    except HTTPError as problem:
        with problem:
            raise _failed(buildpack, f"the server answered with {problem.code} {problem.reason}") from problem
    except (OSError, ValueError) as problem:  # also what urllib and http.client raise
        stage.deadline.check(f"the buildpack {buildpack.shown!r} was downloaded")
        raise _failed(buildpack, str(getattr(problem, "reason", problem))) from problem


def _clone(stage: Stage, buildpack: Buildpack, url: SplitResult, target: str) -> None:
    stage.log.say(f"cloning the buildpack {buildpack.shown}")
    environ = _git_environment(stage, url)
    branch = ["--branch", url.fragment] if url.fragment else []
    plain = urlunsplit(_without_user(url)._replace(fragment=""))
    for depth in (["--depth", "1", "--shallow-submodules"], []):  # some servers have no part of the history to give
        ended = stage.supervisor.run(
            Script(
                argv=["git", "clone", "--quiet", "--recurse-submodules", *depth, *branch, "--", plain, target],
                environ=environ,
                workdir=stage.area.buildpacks,
                shown=f"git clone of {buildpack.shown}",
            )
        )
        if ended.breach is not None:
            raise PhaseFailed(f"git clone of {buildpack.shown}: {ended.breach.why}", cause=ended.breach.cause)
        if ended.exit_code == 0:
            shutil.rmtree(os.path.join(target, ".git"), ignore_errors=True)
            return
        if os.path.lexists(target):
            remove_tree(target)
    raise _failed(buildpack, f"git clone ended with exit code {ended.exit_code}")


def _git_environment(stage: Stage, url: SplitResult) -> dict[str, str]:
    """No prompts, no files of this machine, nobody's settings; and the password where no list of processes shows it."""
    settings = [("http.lowSpeedLimit", "1000"), ("http.lowSpeedTime", f"{SILENCE_SECONDS:.0f}")]
    if authorization := _authorization(url):
        host = urlunsplit((url.scheme, _without_user(url).netloc, "/", "", ""))
        settings.append((f"http.{host}.extraHeader", f"Authorization: {authorization}"))
    environ = {
        "PATH": PATH,
        "HOME": stage.area.scratch,
        "LANG": "C.UTF-8",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": _GIT_SCHEMES,
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for number, (name, value) in enumerate(settings):
        environ |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return environ


def _without_user(url: SplitResult) -> SplitResult:
    """Of SSH the user remains: he is no secret, and nobody would be let in without one."""
    if url.scheme not in _SCHEMES:
        return url
    return url._replace(netloc=url.netloc.rpartition("@")[2])


def _authorization(url: SplitResult) -> str:
    """The header that says who asks; empty if the URL doesn't."""
    if url.scheme not in _SCHEMES or url.username is None:
        return ""
    words = f"{unquote(url.username)}:{unquote(url.password or '')}"
    return "Basic " + base64.b64encode(words.encode()).decode()


def _failed(buildpack: Buildpack, why: str) -> PhaseFailed:
    return PhaseFailed(f"the buildpack {buildpack.shown!r} can't be fetched: {why}", cause=Cause.DOWNLOAD)
