"""Tries: job files, the directory that they come to, and who may log in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from buildmill.common.errors import ConfigError, InvalidInput
from buildmill.master.domain.try_job import TryJob, read_job, write_job
from buildmill.master.schedulers.trysched import Try_Jobdir, Try_Userpass
from tests.unit.master.schedulers.house import House

JOBDIR: Any = Try_Jobdir
USERPASS: Any = Try_Userpass


def netstrings(*parts: str) -> bytes:
    return b"".join(b"%d:%s," % (len(part.encode()), part.encode()) for part in parts)


JOB = TryJob(
    job_id="id", branch="main", base_revision="r0", patch=(1, b"diff"), repository="git:r", project="p",
    who="al", comment="why", builder_names=("b1", "b2"),
)  # fmt: skip
PLAIN = {"repository": "", "project": "", "who": "", "comment": ""}


@pytest.mark.parametrize(
    ("parts", "lacking"),
    [
        (("1", "id", "main", "r0", "1", "diff"), ("repository", "project", "who", "comment")),
        (("2", "id", "main", "r0", "1", "diff", "git:r", "p"), ("who", "comment")),
        (("3", "id", "main", "r0", "1", "diff", "git:r", "p", "al"), ("comment",)),
        (("4", "id", "main", "r0", "1", "diff", "git:r", "p", "al", "why"), ()),
    ],
)
def test_each_older_version_knows_less(parts: tuple[str, ...], lacking: tuple[str, ...]) -> None:
    values = {**vars(JOB), **dict.fromkeys(lacking, "")}

    assert read_job(netstrings(*parts, "b1", "b2")) == TryJob(**values)


@pytest.mark.parametrize("body", [b"diff \xc3\xa4", b"\xff\x00"])
def test_a_job_survives_its_file(body: bytes) -> None:
    job = TryJob(**{**vars(JOB), "patch": (0, body), "properties": {"k": "v"}})

    assert read_job(write_job(job)) == job


def test_what_is_empty_is_absent() -> None:
    job = read_job(netstrings("1", "", "", "None", "0", ""))

    assert (job.branch, job.base_revision, job.patch, job.builder_names) == (None, None, None, ())


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "it is empty"),
        (b"hello", "no netstring at byte 0"),
        (b"1:5,9:{", "no end"),
        (b"1:7,2:{},", "unknown version 7"),
        (netstrings("5", "[]"), "a JSON object was expected"),
        (netstrings("5", "{"), "no JSON object"),
        (netstrings("5", '{"patch_level": "x"}'), "expected a number"),
        (netstrings("5", '{"builderNames": "b1"}'), "expected a list of names"),
        (netstrings("5", '{"who": 3}'), "expected text"),
        (netstrings("5", '{"properties": 3}'), "expected an object"),
        (netstrings("6", '{"patch_body_base64": "!"}'), "no base64"),
        (netstrings("2", "id"), "version 2 has 7 fields, this one 1"),
        (b"1:1,1:\xff,1:a,1:a,1:0,0:,", "expected UTF-8"),
    ],
)
def test_what_is_no_job_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(InvalidInput, match=problem):
        read_job(data)


def put(house: House, name: str, job: bytes) -> None:
    folder = Path(house.master.basedir, "jobs", "new")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(job)


def test_a_file_becomes_a_buildset_and_is_put_away(house: House) -> None:
    put(house, "1", write_job(JOB))
    put(house, "2", b"nonsense")
    house.activate(JOBDIR("try", ["b1", "b2"], jobdir="jobs"))
    house.turn()
    put(house, "3", write_job(TryJob(who="bob")))
    house.advance(5)

    first, second = house.buildsets()
    assert (first["reason"], first["external_idstring"]) == ("'try' job by user al", "id")
    [stamp] = first["sourcestamps"]
    assert (stamp["branch"], stamp["revision"], stamp["patch"]["body"]) == ("main", "r0", b"diff")
    assert (stamp["patch"]["author"], stamp["patch"]["comment"]) == ("al", "why")
    assert second["reason"] == "'try' job by user bob"
    assert len(house.requests()) == 4
    assert sorted(file.name for file in Path(house.master.basedir, "jobs", "cur").iterdir()) == ["1", "2", "3"]


def test_a_file_that_was_built_but_not_put_away_is_not_built_again(house: House) -> None:
    first = JOBDIR("try", ["b1"], jobdir="jobs")
    house.activate(first)
    house.turn()
    house.result(first.try_job(TryJob(), state={"done": ["1"]}))
    house.deactivate(first)
    put(house, "1", write_job(TryJob()))

    house.activate(JOBDIR("try", ["b1"], jobdir="jobs"))
    house.turn()
    put(house, "1", write_job(TryJob()))
    house.advance(5)

    assert len(house.buildsets()) == 2


def test_a_job_for_other_builders_is_refused(house: House) -> None:
    scheduler = JOBDIR("try", ["b1"], jobdir="jobs")
    house.activate(scheduler)

    assert house.result(scheduler.try_job(TryJob(builder_names=("b1", "b2")))) is None
    assert scheduler.filterBuilderList([]) == ["b1"]
    assert house.buildsets() == []


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: JOBDIR("t", ["b1"], jobdir=3), "jobdir must be the name of a directory"),
        (lambda: USERPASS("t", ["b1"], port="x", userpass=[]), "port must be a port number or a server endpoint"),
        (lambda: USERPASS("t", ["b1"], port=True, userpass=[]), "port must be a port number"),
        (lambda: USERPASS("t", ["b1"], port=70000, userpass=[]), "port must be a port number"),
        (lambda: USERPASS("t", ["b1"], port=1, userpass=[("a",)]), "userpass must be a list of pairs"),
        (lambda: USERPASS("t", ["b1"], port=1, userpass="ab"), "userpass must be a list of pairs"),
    ],
)
def test_wrong_arguments_are_errors_of_the_configuration(make: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        make()
