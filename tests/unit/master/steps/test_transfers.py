"""Files between master and worker, on a real engine and a worker that really carries the commands out."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.common.errors import ConfigError
from buildmill.common.results import FAILURE, SKIPPED, SUCCESS
from buildmill.master.db import tables as t
from buildmill.master.domain.interpolate import Interpolate
from buildmill.master.domain.renderables import Property
from buildmill.master.domain.resources import Step
from buildmill.master.steps.downloads import FileDownload, JSONPropertiesDownload, JSONStringDownload, StringDownload
from buildmill.master.steps.uploads import DirectoryUpload, FileUpload, MultipleFileUpload
from buildmill.master.steps.worker_files import CopyDirectory, FileExists, MakeDirectory, RemoveDirectory
from tests.unit.master.steps.runs import Runs

EVERY_BYTE = bytes(range(256)) * 300
SOFT: dict[str, Any] = {"haltOnFailure": False, "flunkOnFailure": False}


def tree(path: Path) -> list[str]:
    return sorted(str(p.relative_to(path)) for p in path.rglob("*") if p.is_file() and "logs/" not in f"{p}/")


def links(runs: Runs, step: Step) -> list[tuple[str, str]]:
    query = sa.select(t.steps.c.urls).where(t.steps.c.id == step.stepid)
    [(urls,)] = runs.harness.rows(query)
    found = json.loads(urls) if isinstance(urls, str) else urls
    return [(entry["name"], entry["url"]) for entry in found]


def uploaded(runs: Runs) -> list[str]:
    return tree(runs.basedir / "up") if (runs.basedir / "up").exists() else []


def test_a_file_arrives_byte_for_byte(runs: Runs) -> None:
    (runs.work / "f1").write_bytes(EVERY_BYTE)
    ran = runs.one(
        FileUpload(
            workersrc=Interpolate("%(kw:x)s1", x="f"),
            masterdest="up/new/f1",
            mode=0o640,
            keepstamp=True,
            url="http://u/",
        )
    )

    target = runs.basedir / "up" / "new" / "f1"
    assert (ran.results, ran.state_string) == (SUCCESS, "uploading f1")
    assert target.read_bytes() == EVERY_BYTE
    assert (stat.S_IMODE(target.stat().st_mode), target.stat().st_mtime) == (0o640, 2000)
    assert uploaded(runs) == ["new/f1"]
    assert links(runs, ran) == [("f1", "http://u/")]


def test_a_failed_upload_leaves_what_was_there(runs: Runs) -> None:
    (runs.basedir / "up").mkdir()
    (runs.basedir / "up" / "f").write_text("old")
    (runs.work / "long").write_bytes(b"123456")
    missing, long = runs.run(
        FileUpload(workersrc="nope", masterdest="up/f", **SOFT),
        FileUpload(workersrc="long", masterdest="up/f", maxsize=5, **SOFT),
    )

    assert (missing.results, missing.state_string) == (FAILURE, "uploading nope (failure)")
    assert "No such file" in runs.log(missing)
    assert long.results == FAILURE
    assert "more than 5 bytes" in runs.log(long)
    assert uploaded(runs) == ["f"]
    assert (runs.basedir / "up" / "f").read_text() == "old"


def make_directory(path: Path) -> None:
    (path / "sub").mkdir(parents=True)
    (path / "a").write_bytes(EVERY_BYTE)
    (path / "sub" / "b").write_text("b")


@pytest.mark.parametrize("compress", [None, "gz", "bz2"])
def test_a_directory_arrives_with_all_in_it(runs: Runs, compress: str | None) -> None:
    make_directory(runs.work / "dir")
    ran = runs.one(
        DirectoryUpload(workersrc="dir", masterdest="up/dir", compress=compress, url="http://u", urlText="look")
    )

    assert (ran.results, ran.state_string) == (SUCCESS, "uploading dir")
    assert uploaded(runs) == ["dir/a", "dir/sub/b"]
    assert (runs.basedir / "up" / "dir" / "a").read_bytes() == EVERY_BYTE
    assert links(runs, ran) == [("look", "http://u")]


def test_a_link_inside_a_directory_arrives_as_a_copy(runs: Runs) -> None:
    make_directory(runs.work / "dir")
    (runs.work / "dir" / "link").symlink_to("sub/b")
    ran = runs.one(DirectoryUpload(workersrc="dir", masterdest="up/dir"))

    assert ran.results == SUCCESS
    assert (runs.basedir / "up" / "dir" / "link").read_text() == "b"
    assert not (runs.basedir / "up" / "dir" / "link").is_symlink()


@pytest.mark.parametrize("breaks", [False, True])
def test_a_directory_with_a_link_that_leads_outside_is_refused(runs: Runs, breaks: bool) -> None:
    make_directory(runs.work / "dir")
    (runs.work / "dir" / "passwd").symlink_to("/etc/passwd")
    runs.start(DirectoryUpload(workersrc="dir", masterdest="up/dir"))
    runs.machine.breaks_when_refused = breaks
    [ran] = runs.again()

    assert ran.results == FAILURE
    assert "'passwd' is a link that leads outside" in runs.log(ran, "stderr" if breaks else "stdio")
    assert uploaded(runs) == []


def test_several_files_and_directories_arrive_in_one_directory(runs: Runs) -> None:
    make_directory(runs.work / "dir")
    (runs.work / "f1").write_text("1")
    ran = runs.one(MultipleFileUpload(workersrcs=["f1", "dir"], masterdest="up", url="http://u"))

    assert (ran.results, ran.state_string) == (SUCCESS, "uploading 2 files")
    assert uploaded(runs) == ["dir/a", "dir/sub/b", "f1"]
    assert links(runs, ran) == [("up", "http://u")]


def test_patterns_find_files_on_the_worker(runs: Runs) -> None:
    make_directory(runs.work / "dir")
    (runs.work / "f1").write_text("1")
    (runs.work / "f2").write_text("2")
    found, nothing = runs.run(
        MultipleFileUpload(workersrcs=["f?", "**/b"], masterdest="up", glob=True),
        MultipleFileUpload(workersrcs="zz*", masterdest="up", glob=True),
    )

    assert found.state_string == "uploading 3 files"
    assert uploaded(runs) == ["b", "f1", "f2"]
    assert (nothing.results, nothing.state_string) == (SKIPPED, "uploading 0 files (skipped)")


def test_the_first_missing_file_ends_several(runs: Runs) -> None:
    (runs.work / "f1").write_text("1")
    done: list[Any] = []

    class Telling(MultipleFileUpload):
        def uploadDone(self, result: Any, source: str, masterdest: str) -> None:
            done.append((result, source, masterdest))

        async def allUploadsDone(self, result: Any, sources: Any, masterdest: str) -> None:
            done.append((result, sources, masterdest))

    ran = runs.one(Telling(workersrcs=["f1", "nope", "f1"], masterdest="up"))

    assert ran.results == FAILURE
    assert runs.log(ran, "stderr") == "File build/nope not available at worker\n"
    assert done == [
        (SUCCESS, "f1", "up/f1"),
        (FAILURE, "nope", "up/nope"),
        (FAILURE, ["f1", "nope", "f1"], "up"),
    ]


def test_something_else_than_a_file_is_not_uploaded(runs: Runs) -> None:
    os.mkfifo(runs.work / "pipe")
    ran = runs.one(MultipleFileUpload(workersrcs=["pipe"], masterdest="up"))

    assert ran.results == FAILURE
    assert runs.log(ran, "stderr") == "pipe is neither a regular file nor a directory\n"


def test_files_and_texts_arrive_on_the_worker(runs: Runs) -> None:
    (runs.basedir / "f").write_bytes(EVERY_BYTE)
    file, text, raw, js, props = runs.run(
        FileDownload(mastersrc="f", workerdest="down/f", mode=0o755),
        StringDownload(Interpolate("%(prop:buildername)s \u00e4\n"), workerdest="text"),
        StringDownload(b"\xff\x00", workerdest="raw", workdir="elsewhere"),
        JSONStringDownload({"a": [1, Property("buildername")]}, workerdest="js"),
        JSONPropertiesDownload(workerdest="props"),
    )

    assert (file.results, file.state_string) == (SUCCESS, "downloading to f")
    assert (runs.work / "down" / "f").read_bytes() == EVERY_BYTE
    assert stat.S_IMODE((runs.work / "down" / "f").stat().st_mode) == 0o755
    assert (runs.work / "text").read_text() == "b1 \u00e4\n"
    assert (runs.build / "elsewhere" / "raw").read_bytes() == b"\xff\x00"
    assert json.loads((runs.work / "js").read_text()) == {"a": [1, "b1"]}
    written = json.loads((runs.work / "props").read_text())
    assert written["properties"]["buildername"] == "b1"
    assert written["sourcestamps"][0]["codebase"] == ""
    assert [s.name for s in (text, raw, js, props)] == [
        "string_download", "string_download_1", "json_download", "json_properties_download",
    ]  # fmt: skip


def test_what_is_not_there_or_too_long_is_not_downloaded(runs: Runs) -> None:
    (runs.basedir / "f").write_bytes(b"123")
    missing, long = runs.run(
        FileDownload(mastersrc="nope", workerdest="f", **SOFT),
        FileDownload(mastersrc="f", workerdest="f", maxsize=1, **SOFT),
    )

    assert missing.results == FAILURE
    assert runs.log(missing, "stderr") == "File 'nope' not available at master\n"
    assert (long.results, long.state_string) == (FAILURE, "downloading to f (failure)")


def test_directories_are_made_copied_and_removed(runs: Runs) -> None:
    make_directory(runs.work / "dir")
    steps = runs.run(
        MakeDirectory(dir=Interpolate("build/%(prop:buildername)s/deep")),
        MakeDirectory(dir="build/dir/a", **SOFT),
        CopyDirectory(src="build/dir", dest="build/copy"),
        CopyDirectory(src="build/nope", dest="build/copy2", **SOFT),
        RemoveDirectory(dir=["build/dir", "build/nope"]),
    )

    assert [(s.results, s.state_string) for s in steps] == [
        (SUCCESS, "Created"),
        (FAILURE, "Create failed. (failure)"),
        (SUCCESS, "Copied build/dir to build/copy"),
        (FAILURE, "Copying build/nope to build/copy2 failed. (failure)"),
        (SUCCESS, "Deleted"),
    ]
    assert (runs.work / "b1" / "deep").is_dir()
    assert tree(runs.work) == ["copy/a", "copy/sub/b"]


@pytest.mark.parametrize(
    ("path", "result", "text"),
    [
        ("build/dir/a", SUCCESS, "File found."),
        ("build/dir", FAILURE, "Not a file. (failure)"),
        ("build/nope", FAILURE, "File not found. (failure)"),
    ],
)
def test_whether_a_file_exists(runs: Runs, path: str, result: int, text: str) -> None:
    make_directory(runs.work / "dir")
    ran = runs.one(FileExists(file=path))
    assert (ran.results, ran.state_string) == (result, text)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FileUpload(masterdest="x"), "FileUpload: workersrc must be given"),
        (lambda: FileUpload(workersrc="x"), "FileUpload: masterdest must be given"),
        (lambda: FileUpload("x", "y", mode="0644"), "FileUpload: mode must be an integer or None, not '0644'"),
        (lambda: FileUpload("x", "y", mode=0o100644), "mode must be permissions as 0o644"),
        (lambda: FileUpload("x", "y", maxsize=-1), "maxsize must be at least 0"),
        (lambda: FileUpload("x", "y", blocksize=0), "blocksize must be at least 1"),
        (lambda: FileUpload("x", "y", blocksize=True), "blocksize must be an integer, not True"),
        (lambda: FileUpload("x", "y", keepstamp=1), "keepstamp must be a bool, not 1"),
        (lambda: FileUpload("x", "y", url=3), "url must be a string or None"),
        (lambda: DirectoryUpload("x", "y", compress="zip"), "compress must be one of None, 'gz', 'bz2', not 'zip'"),
        (lambda: MultipleFileUpload(masterdest="y"), "workersrcs must be given"),
        (lambda: MultipleFileUpload(3, "y"), "workersrcs must be a list or tuple"),
        (lambda: FileDownload("x"), "FileDownload: workerdest must be given"),
        (lambda: StringDownload(3, workerdest="x"), "StringDownload: s must be a string or bytes, not 3"),
        (lambda: JSONStringDownload(object(), workerdest="x"), "o must be something JSON can hold"),
        (lambda: JSONPropertiesDownload(workerdest="x", s="y"), "the argument s is not taken here"),
        (lambda: MakeDirectory(dir=""), "MakeDirectory: dir must be given"),
        (lambda: CopyDirectory(src="a", dest=None), "CopyDirectory: dest must be given"),
        (lambda: CopyDirectory(src="a", dest="b", timeout="1"), "timeout must be an integer or a number or None"),
        (lambda: FileExists(file=3), "FileExists: file must be a string"),
    ],
)
def test_wrong_arguments_are_configuration_errors(make: Any, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        make()
    assert message in str(error.value)
