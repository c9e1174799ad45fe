"""What a try takes from a working copy: the base revision, and the patch on top of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from buildmill.common.errors import BuildmillError

KINDS = ("cvs", "svn", "bzr", "hg", "darcs", "p4", "mtn", "git", "repo")
_MARKS = {"git": ".git", "hg": ".hg", "svn": ".svn"}


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What is to be tried.

    Attributes:
        level: how many leading parts of the patch's paths are taken off.
    """

    branch: str | None = None
    base_revision: str | None = None
    level: int = 0
    patch: bytes = b""


def detect(start: Path) -> tuple[str, Path]:
    """The kind of the working copy around a directory, and its top. Raises BuildmillError."""
    for folder in (start, *start.parents):
        for kind, mark in _MARKS.items():
            if (folder / mark).exists():
                return kind, folder
    raise BuildmillError(f"{start} is in no working copy that is known; name it by --vc, or give --diff")


def extract(kind: str, top: Path, branch: str | None, base_revision: str | None) -> Sources:
    """The changes of a working copy against its base.

    Args:
        kind: one of `KINDS`.
        top: the working copy's top directory.
        branch, base_revision: over what the working copy says.

    Raises:
        BuildmillError: of a kind that this cannot be told for, or the program fails.
    """
    find = _EXTRACTORS.get(kind)
    if find is None:
        known = ", ".join(sorted(_EXTRACTORS))
        raise BuildmillError(f"patches are made of {known} only; for {kind} give --diff and --baserev")
    return find(top, branch, base_revision)


def _git(top: Path, branch: str | None, base: str | None) -> Sources:
    upstream = _run(top, "git", "rev-parse", "--symbolic-full-name", "@{upstream}", may_fail=True).decode().strip()
    own = _run(top, "git", "rev-parse", "--abbrev-ref", "HEAD").decode().strip()
    if base is None:
        base = _run(top, "git", "merge-base", "HEAD", "@{upstream}" if upstream else "HEAD").decode().strip()
    if branch is None:
        # refs/remotes/REMOTE/NAME, or refs/heads/NAME of this repository
        branch = upstream.split("/", 3 if upstream.startswith("refs/remotes/") else 2)[-1] if upstream else own
    options = ("--binary", "--no-ext-diff", "--no-textconv", "--no-color", "--src-prefix=a/", "--dst-prefix=b/")
    return Sources(branch=branch, base_revision=base, level=1, patch=_run(top, "git", "diff", *options, base, "--"))


def _hg(top: Path, branch: str | None, base: str | None) -> Sources:
    if base is None:
        # what others have: the patch has all that only this repository knows
        base = _run(top, "hg", "log", "-r", "max(ancestors(.) and public())", "-T", "{node}").decode().strip()
    if branch is None:
        branch = _run(top, "hg", "branch").decode().strip()
    return Sources(branch=branch, base_revision=base, level=1, patch=_run(top, "hg", "diff", "--git", "-r", base))


def _svn(top: Path, branch: str | None, base: str | None) -> Sources:
    if base is None:
        base = _run(top, "svn", "info", "--show-item", "revision", ".").decode().strip()
    return Sources(branch=branch, base_revision=base, level=0, patch=_run(top, "svn", "diff", "-r", base))


_EXTRACTORS: Mapping[str, Callable[[Path, str | None, str | None], Sources]] = {"git": _git, "hg": _hg, "svn": _svn}


def _run(folder: Path, *command: str, may_fail: bool = False) -> bytes:
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "HGPLAIN": "1"}
    try:
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    except OSError as problem:
        raise BuildmillError(f"{command[0]} cannot be run: {problem}") from problem
    if done.returncode != 0:
        if may_fail:
            return b""
        text = done.stderr.decode(errors="replace").strip()
        raise BuildmillError(f"{' '.join(command[:2])} ended with code {done.returncode}: {text}")
    return done.stdout
