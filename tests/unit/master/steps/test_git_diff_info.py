"""What differs from another branch, with the real git."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.common.errors import ConfigError
from buildmill.common.results import FAILURE, SUCCESS
from buildmill.master.db import tables as t
from buildmill.master.steps.git_diff_info import GitDiffInfo, diff_info
from tests.unit.master.steps.runs import Runs


def git(path: Path, *words: str) -> None:
    identity = ["-c", "user.email=ann@example.org", "-c", "user.name=Ann"]
    subprocess.run(["git", *identity, *words], cwd=path, check=True, capture_output=True)


@pytest.fixture
def work(runs: Runs) -> Path:
    """A clone whose branch "topic" differs from "master" in a change, a rename, a new file and a binary one."""
    git(runs.work, "init", "-q", "-b", "master")
    (runs.work / "a").write_text("".join(f"{n}\n" for n in range(10)))
    (runs.work / "old name").write_text("the same\n" * 9)
    (runs.work / "gone").write_text("x\n")
    git(runs.work, "add", ".")
    git(runs.work, "commit", "-q", "-m", "one")
    git(runs.work, "checkout", "-q", "-b", "topic")
    (runs.work / "a").write_text("0\n1\ntwo\n--- a\n" + "".join(f"{n}\n" for n in range(4, 10)) + "more")
    (runs.work / "old name").rename(runs.work / "näw")
    (runs.work / "gone").unlink()
    (runs.work / "new").write_text("p\nq\n")
    (runs.work / "binary").write_bytes(b"\0\1\2")
    git(runs.work, "add", ".")
    git(runs.work, "commit", "-q", "-m", "two")
    git(runs.work, "checkout", "-q", "master")
    (runs.work / "a").write_text("of master\n")
    git(runs.work, "commit", "-q", "-am", "three")
    git(runs.work, "checkout", "-q", "topic")
    return runs.work


def stored(runs: Runs) -> list[tuple[str, Any, str]]:
    columns = t.build_data.c
    rows = runs.harness.rows(sa.select(columns.name, columns.value, columns.source))
    return [(name, json.loads(value), source) for name, value, source in rows]


def test_what_differs_since_the_branch_left_is_kept(runs: Runs, work: Path) -> None:
    ran = runs.one(GitDiffInfo())

    assert (ran.results, ran.state_string) == (SUCCESS, "GitDiffInfo")
    assert runs.logs(ran) == ["stdio-merge-base", "stdio-diff"]
    [(name, files, source)] = stored(runs)
    assert (name, source) == ("diffinfo-master", "GitDiffInfo")
    by_target = {file["target_file"]: file for file in files}
    assert by_target["a"]["hunks"] == [{"ss": 3, "sl": 2, "ts": 3, "tl": 2}, {"ss": 10, "sl": 0, "ts": 11, "tl": 1}]
    assert by_target["näw"] == {
        "source_file": "old name", "target_file": "näw", "is_binary": False, "is_rename": True, "hunks": [],
    }  # fmt: skip
    assert by_target["new"]["source_file"] == "/dev/null"
    assert by_target["new"]["hunks"] == [{"ss": 0, "sl": 0, "ts": 1, "tl": 2}]
    assert by_target["binary"]["is_binary"]
    assert by_target["/dev/null"]["source_file"] == "gone"
    assert len(files) == 5


def test_a_later_step_replaces_the_data(runs: Runs, work: Path) -> None:
    runs.run(GitDiffInfo(dataName="d"), GitDiffInfo(compareToRef="topic", dataName="d", name="again"))

    assert stored(runs) == [("d", [], "GitDiffInfo")]


def test_the_data_can_be_read_through_the_api(runs: Runs, work: Path) -> None:
    runs.one(GitDiffInfo(compareToRef="topic"))
    data = runs.harness.data

    row = {"buildid": 1, "length": 2, "name": "diffinfo-master", "source": "GitDiffInfo", "value": None}
    assert runs.harness.result(data.get(("builds", 1, "data"))) == [row]
    assert runs.harness.result(data.get(("builders", 1, "builds", 1, "data", "diffinfo-master"))) == row
    assert runs.harness.result(data.get(("builds", 1, "data", "other"))) is None

    async def download() -> bytes:
        raw = await data.raw(data.find(("builds", "1", "data", "diffinfo-master", "value")))
        assert raw.filename == "diffinfo-master"
        return b"".join([chunk async for chunk in raw.chunks])

    assert runs.harness.result(download()) == b"[]"


@pytest.mark.parametrize("reference", ["nowhere", "--output=x"])
def test_a_branch_that_is_not_there_fails(runs: Runs, work: Path, reference: str) -> None:
    assert runs.one(GitDiffInfo(compareToRef=reference)).results == FAILURE
    assert stored(runs) == []


def test_content_that_looks_like_a_head_is_content() -> None:
    lines = [
        "diff --git f f",
        "--- f",
        "+++ f",
        "@@ -1 +1,2 @@",
        "-diff --git x x",
        "+@@ -9 +9 @@",
        "+y",
        "@@ -7 +8 @@",
    ]
    assert [file["hunks"] for file in diff_info(lines)] == [
        [{"ss": 1, "sl": 1, "ts": 1, "tl": 2}, {"ss": 7, "sl": 1, "ts": 8, "tl": 1}]
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: GitDiffInfo(compareToRef=""), "GitDiffInfo: compareToRef must be given"),
        (lambda: GitDiffInfo(dataName="x" * 257), "dataName must have at most 256 characters"),
        (lambda: GitDiffInfo(command="x"), "the argument command is not taken here"),
    ],
)
def test_wrong_arguments_are_named(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
