"""Directory and file commands on a real disk."""

from __future__ import annotations

import errno
import os

import pytest
from twisted.internet.defer import Deferred

from buildmill.common.errors import InvalidInput
from tests.integration.worker.harness import Bench
from tests.support import async_test


@async_test
async def test_mkdir_makes_parents_and_accepts_what_exists(bench: Bench) -> None:
    (bench.basedir / "a").mkdir()

    said = await bench.run("mkdir", paths=[str(bench.basedir / "a"), str(bench.basedir / "b" / "c")])

    assert said.said == [("rc", 0)]
    assert (bench.basedir / "b" / "c").is_dir()


@async_test
async def test_mkdir_says_why_not(bench: Bench) -> None:
    (bench.basedir / "file").touch()

    said = await bench.run("mkdir", paths=[str(bench.basedir / "file" / "x")])

    assert said.value_of("rc") == errno.ENOTDIR
    assert b"mkdir" in said.bytes_of("header")


@async_test
async def test_listdir_lists_names(bench: Bench) -> None:
    (bench.basedir / "b").touch()
    (bench.basedir / "a").mkdir()

    said = await bench.run("listdir", path=str(bench.basedir))

    assert said.said == [("files", ["a", "b"]), ("rc", 0)]


@async_test
async def test_listdir_of_nothing_gives_the_error_number(bench: Bench) -> None:
    assert (await bench.run("listdir", path="nowhere")).value_of("rc") == errno.ENOENT


@async_test
async def test_listdir_survives_names_that_are_no_text(bench: Bench) -> None:
    os.mkdir(os.fsencode(bench.basedir) + b"/\xff")

    assert (await bench.run("listdir", path=str(bench.basedir))).value_of("files") == ["\ufffd"]


@async_test
async def test_glob_goes_through_directories(bench: Bench) -> None:
    (bench.basedir / "d").mkdir()
    (bench.basedir / "d" / "x.txt").touch()
    (bench.basedir / "y.txt").touch()

    said = await bench.run("glob", path=f"{bench.basedir}/**/*.txt")

    assert said.value_of("files") == [f"{bench.basedir}/d/x.txt", f"{bench.basedir}/y.txt"]


@async_test
async def test_stat_gives_ten_numbers(bench: Bench) -> None:
    said = await bench.run("stat", path=str(bench.basedir))

    assert said.value_of("stat") == list(os.stat(bench.basedir))
    assert said.value_of("rc") == 0


@async_test
async def test_stat_of_nothing_gives_the_error_number(bench: Bench) -> None:
    assert (await bench.run("stat", path=str(bench.basedir / "x"))).value_of("rc") == errno.ENOENT


@async_test
async def test_rmfile_removes_a_link_and_not_what_it_leads_to(bench: Bench) -> None:
    (bench.basedir / "file").touch()
    (bench.basedir / "link").symlink_to("file")

    assert (await bench.run("rmfile", path=str(bench.basedir / "link"))).value_of("rc") == 0

    assert os.listdir(bench.basedir) == ["file"]


@async_test
async def test_rmdir_removes_trees(bench: Bench) -> None:
    (bench.basedir / "a" / "b").mkdir(parents=True)
    (bench.basedir / "c").mkdir()

    said = await bench.run("rmdir", paths=[str(bench.basedir / "a"), str(bench.basedir / "c")], logEnviron=False)

    assert said.value_of("rc") == 0
    assert os.listdir(bench.basedir) == []


@async_test
async def test_rmdir_gives_itself_the_rights_it_needs(bench: Bench) -> None:
    # Root needs no rights, so the programs play a directory that does.
    programs = bench.basedir / "programs"
    programs.mkdir()
    (bench.basedir / "a").mkdir()
    for name, text in (("rm", "test -e mark && exec /bin/rm $@; exit 1"), ("chmod", "echo $@ > mark")):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    bench.environ["PATH"] = f"{programs}:/usr/bin:/bin"

    said = await bench.run("rmdir", paths=[str(bench.basedir / "a")])

    assert said.value_of("rc") == 0
    assert (bench.basedir / "mark").read_text() == f"-Rf u+rwx -- {bench.basedir}/a\n"
    assert not (bench.basedir / "a").exists()


@pytest.mark.parametrize("path", ["/etc/x", "..", ".", "/", "a/../..", "link/x", ""])
@async_test
async def test_rmdir_leaves_alone_what_is_not_its_own(bench: Bench, path: str) -> None:
    base = bench.basedir / "base"
    base.mkdir()
    (base / "a").mkdir()
    outside = bench.basedir / "outside"
    (outside / "x").mkdir(parents=True)
    (base / "link").symlink_to(outside)
    bench.basedir = base

    said = await bench.run("rmdir", paths=[path])

    assert said.value_of("rc") == 1
    assert b"not removed" in said.bytes_of("stderr")
    assert (outside / "x").is_dir()
    assert (base / "a").is_dir()


@async_test
async def test_allowed_paths_may_be_removed(bench: Bench) -> None:
    outside = bench.basedir / "outside"
    (outside / "x").mkdir(parents=True)
    bench.basedir = bench.basedir / "base"
    bench.basedir.mkdir()
    bench.allow_paths = [str(outside)]

    assert (await bench.run("rmdir", paths=[str(outside / "x")])).value_of("rc") == 0


@async_test
async def test_cpdir_copies_links_as_links(bench: Bench) -> None:
    source = bench.basedir / "a"
    source.mkdir()
    (source / "file").write_text("x")
    (source / "link").symlink_to("/etc/passwd")

    said = await bench.run("cpdir", from_path=str(source), to_path=str(bench.basedir / "b"), logEnviron=False)

    assert said.value_of("rc") == 0
    assert (bench.basedir / "b" / "file").read_text() == "x"
    assert (bench.basedir / "b" / "link").is_symlink()
    assert b"file" in said.bytes_of("stdout")


@async_test
async def test_cpdir_stays_inside(bench: Bench) -> None:
    said = await bench.run("cpdir", from_path=str(bench.basedir), to_path="/etc/x")

    assert said.value_of("rc") == 1


@async_test
async def test_rmdir_can_be_interrupted(bench: Bench) -> None:
    command = bench.command("rmdir", paths=["a", "b"])

    command.interrupt()
    await bench.within(Deferred.fromCoroutine(command.run()))

    assert bench.output.value_of("rc") == -1


def test_unknown_commands_are_refused(bench: Bench) -> None:
    with pytest.raises(InvalidInput, match="no command is called 'nope'"):
        bench.command("nope")
