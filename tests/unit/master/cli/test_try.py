"""The command `try`: what it reads, and what it takes from working copies."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from buildmill.common.errors import BuildmillError
from buildmill.master.cli.try_command import try_command, tryserver
from buildmill.master.cli.try_sources import detect, extract
from buildmill.master.domain.try_job import TryJob, read_job, write_job


def run(folder: Path, *command: str) -> str:
    names = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "HGUSER")
    environment = {**os.environ, **dict.fromkeys(names, "al"), "GIT_CONFIG_GLOBAL": "/dev/null", "HGRCPATH": ""}
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return done.stdout.decode().strip()


def test_a_git_working_copy_is_compared_with_where_its_branch_is_elsewhere(tmp_path: Path) -> None:
    origin, copy = tmp_path / "origin", tmp_path / "copy"
    origin.mkdir()
    run(origin, "git", "init", "-q", "-b", "release/1.x")
    (origin / "f").write_text("x\n")
    run(origin, "git", "add", "f")
    run(origin, "git", "commit", "-q", "-m", "one")
    run(tmp_path, "git", "clone", "-q", str(origin), str(copy))
    (copy / "f").write_text("y\n")
    run(copy, "git", "commit", "-q", "-a", "-m", "two")
    (copy / "f").write_text("z\n")
    (copy / "sub").mkdir()

    kind, top = detect(copy / "sub")
    sources = extract(kind, top, None, None)

    assert (kind, top, sources.branch, sources.level) == ("git", copy, "release/1.x", 1)
    assert sources.base_revision == run(origin, "git", "rev-parse", "HEAD")
    assert sources.patch.endswith(b"-x\n+z\n")
    assert extract("git", copy, "other", "HEAD").patch.endswith(b"-y\n+z\n")


def test_a_mercurial_working_copy_is_compared_with_what_others_have(tmp_path: Path) -> None:
    origin, copy = tmp_path / "origin", tmp_path / "copy"
    origin.mkdir()
    run(origin, "hg", "init")
    (origin / "f").write_text("x\n")
    run(origin, "hg", "commit", "-q", "-A", "-m", "one")
    run(tmp_path, "hg", "clone", "-q", str(origin), str(copy))
    (copy / "f").write_text("y\n")

    kind, top = detect(copy)
    sources = extract(kind, top, None, None)

    assert (kind, sources.branch, sources.level) == ("hg", "default", 1)
    assert sources.base_revision == run(origin, "hg", "log", "-r", "tip", "-T", "{node}")
    assert sources.patch.endswith(b"-x\n+y\n")


def test_a_subversion_working_copy_is_compared_with_its_revision(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    run(tmp_path, "svnadmin", "create", "r")
    run(tmp_path, "svn", "checkout", "-q", f"file://{tmp_path}/r", str(copy))
    (copy / "f").write_text("x\n")
    run(copy, "svn", "add", "-q", "f")
    run(copy, "svn", "commit", "-q", "-m", "one")
    run(copy, "svn", "update", "-q")
    (copy / "f").write_text("y\n")

    kind, top = detect(copy)
    sources = extract(kind, top, None, None)

    assert (kind, sources.branch, sources.base_revision, sources.level) == ("svn", None, "1", 0)
    assert sources.patch.endswith(b"-x\n+y\n")


def test_what_cannot_be_told_says_so(tmp_path: Path) -> None:
    with pytest.raises(BuildmillError, match="is in no working copy that is known"):
        detect(tmp_path)
    with pytest.raises(BuildmillError, match="for darcs give --diff and --baserev"):
        extract("darcs", tmp_path, None, None)
    with pytest.raises(BuildmillError, match="git rev-parse ended with code 128"):
        extract("git", tmp_path, None, None)


def test_tryserver_puts_a_job_where_it_is_found(tmp_path: Path) -> None:
    for name in ("tmp", "new", "cur"):
        (tmp_path / name).mkdir()
    job = TryJob(who="al", patch=(1, b"diff"))

    result = CliRunner().invoke(tryserver, ["--jobdir", str(tmp_path)], input=write_job(job))

    assert result.exit_code == 0, result.output
    [file] = (tmp_path / "new").iterdir()
    assert read_job(file.read_bytes()) == job
    assert list((tmp_path / "tmp").iterdir()) == []
    assert CliRunner().invoke(tryserver, ["--jobdir", str(tmp_path)], input=b"nonsense").exit_code == 1


def test_a_dry_run_shows_the_job(tmp_path: Path) -> None:
    patch = tmp_path / "patch"
    patch.write_text("the patch")
    arguments = ["--connect=ssh", f"--diff={patch}", "--baserev=r0", "--dryrun", "--who=al", "-b", "b1", "-b", "b2"]

    result = CliRunner().invoke(try_command, arguments)

    assert result.exit_code == 0, result.output
    for text in ("Base revision: r0", "Who: al", "Builders: b1, b2", "the patch"):
        assert text in result.output


def test_a_patch_that_is_too_large_for_the_protocol_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "patch").write_bytes(b"x" * (640 * 1024 + 1))
    arguments = ["--connect=pb", "--master=127.0.0.1:1", "--passwd=x", f"--diff={tmp_path}/patch"]

    result = CliRunner().invoke(try_command, arguments)

    assert result.exit_code == 1
    assert "more than 640 KiB, send it by --connect=ssh" in result.output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "--connect must be ssh or pb"),
        (["--connect=ssh", "--get-builder-names"], "only possible with --connect=pb"),
        (["--connect=ssh", "--wait"], "over ssh nobody can wait"),
        (["--connect=ssh", "--diff=-"], "--host is needed"),
        (["--connect=ssh", "--diff=-", "--host=-x"], "--host is needed"),
        (["--connect=pb", "--diff=-"], "--master must be HOST:PORT, not nothing"),
        (["--connect=pb", "--diff=-", "--master=h:1"], "--passwd is needed"),
        (["--connect=pb", "--diff=-", "--property=x"], "'x' is not NAME=VALUE"),
    ],
)
def test_what_is_missing_is_named(arguments: list[str], problem: str) -> None:
    result = CliRunner().invoke(try_command, arguments, input=b"patch")

    assert result.exit_code == 2
    assert problem in result.output
