"""The key ``staging``: each mistake is told with its place; folders of buildpacks; the builders that are made of it."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from buildmill.master.config.problems import Problems
from buildmill.master.config.staging_builders import staging_builders
from buildmill.master.config.staging_keys import checked_staging
from buildmill.master.domain.staging.configuration import StagingConfig, StagingRole
from buildmill.master.domain.staging.values import StackState
from buildmill.master.staging.packing import archive_name, pieces_blocking

GOOD: dict[str, Any] = {
    "stacks": ["cflinuxfs4", {"name": "old", "state": "restricted", "workers": ["w2"]}],
    "workers": ["w1"],
    "limits": {"memory_default_mb": 2048, "seconds": 60, "quota_memory_mb": None},
    "organizations": ["o", {"name": "late", "suspended": True}],
    "spaces": ["s", {"name": "s", "organization": "late"}],
    "tokens": [{"token": "sesame-sesame", "role": "developer", "name": "ann", "spaces": ["s"]}],
    "environment": {"A": "1"},
    "external_url": "https://api.example.org/",
}


def checked(value: Any, folder: Path = Path("/")) -> tuple[Any, list[str]]:
    problems = Problems(folder / "master.cfg", [])
    config = checked_staging("staging", value, problems)
    return config, [problem.message for problem in problems.found]


def test_what_is_right_is_taken() -> None:
    config, found = checked(GOOD)

    assert found == []
    assert isinstance(config, StagingConfig)
    assert config.is_on
    assert config.default_stack == "cflinuxfs4"
    assert config.stacks[1].state is StackState.RESTRICTED
    assert (config.limits.memory_default_mb, config.limits.seconds, config.limits.kept_builds) == (2048, 60.0, 100)
    assert [(space.organization, space.name) for space in config.spaces] == [("o", "s"), ("late", "s")]
    (token,) = config.tokens
    assert (token.role, token.digest) == (StagingRole.DEVELOPER, hashlib.sha256(b"sesame-sesame").hexdigest())
    assert config.external_url == "https://api.example.org"
    one, two = staging_builders(config)
    assert (one.name, one.workernames, two.name, two.workernames) == (
        "staging-cflinuxfs4", ("w1",), "staging-old", ("w2",),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"colour": 1}, "staging: unknown key 'colour'"),
        ({"stacks": []}, "at least one of 'stacks' is needed"),
        ({"stacks": "x"}, "staging['stacks'] must be a list"),
        ({"stacks": ["a b"]}, "staging['stacks'][0] must be a name of letters"),
        ({"stacks": [{"name": "x", "state": "gone"}]}, "['state'] must be one of ACTIVE, DEPRECATED"),
        ({"stacks": ["x", "x"]}, "two stacks are called 'x'"),
        ({"default_stack": "none"}, "default_stack names a stack that is not in 'stacks': 'none'"),
        ({"workers": []}, "no worker may stage on 'cflinuxfs4'"),
        ({"workers": ["w1", "w1"]}, "staging['workers'] has 'w1' twice"),
        ({"limits": {"memory": 1}}, "staging['limits'] has the unknown key 'memory'"),
        ({"limits": {"seconds": 0}}, "staging['limits'] ['seconds'] must be a number of seconds from 1"),
        ({"limits": {"log_rate_default": -2}}, "['log_rate_default'] must be an integer from -1"),
        ({"docker": 1}, "staging['docker'] must be True or False"),
        ({"tokens": [], "spaces": [{"name": "x", "organization": "y"}]}, "space 'x' is in an organization that is not"),
        ({"tokens": [{"token": "short", "role": "admin"}]}, "['token'] must be a string of at least 8"),
        ({"tokens": [{"token": "long enough", "role": "king"}]}, "['role'] must be one of admin, developer"),
        ({"tokens": ["a-secret-token"]}, "staging['tokens'][0] must be a dictionary with token, role"),
        (
            {"tokens": [{"token": "long enough", "role": "admin", "spaces": ["x"]}]},
            "the token of 'admin' names a space that is not in 'spaces': 'x'",
        ),
        ({"environment": {"VCAP_X": "1"}}, "staging['environment'] cannot set the variable 'VCAP_X'"),
        ({"environment": {"A": 1}}, "staging['environment'] ['A'] must be a string"),
        ({"external_url": "ftp://x"}, "staging['external_url'] must begin with http"),
        ({"buildpacks": "nowhere-at-all"}, "staging['buildpacks'] names no folder: '/nowhere-at-all'"),
        ({"buildpack_order": ["ruby"]}, "buildpack_order names a buildpack that is not in the folder: 'ruby'"),
    ],
)
def test_what_is_wrong_is_told(changes: dict[str, Any], text: str) -> None:
    _, found = checked({**GOOD, **changes})

    assert len(found) == 1
    assert text in found[0]
    assert "a-secret-token" not in found[0]


def test_all_mistakes_are_told_at_once() -> None:
    _, found = checked({"stacks": [3], "workers": "x", "limits": 3, "cnb": "no"})

    assert len(found) == 4


def test_a_folder_of_buildpacks(tmp_path: Path) -> None:
    folder = tmp_path / "packs"
    (folder / "ruby" / "bin").mkdir(parents=True)
    (folder / "java").mkdir()
    (folder / "java" / "buildpack.toml").write_text("api = '0.12'\n")
    for name in ("node.zip", "go.cnb", ".hidden"):
        (folder / name).write_bytes(b"x")

    config, found = checked({**GOOD, "buildpacks": "packs", "buildpack_order": ["ruby", "node"]}, tmp_path)

    assert found == []
    assert [(buildpack.name, buildpack.lifecycle) for buildpack in config.buildpacks] == [
        ("ruby", "buildpack"), ("node", "buildpack"), ("go", "cnb"), ("java", "cnb"),
    ]  # fmt: skip
    (folder / "ruby" / "bin" / "detect").write_text("new")
    again, _ = checked({**GOOD, "buildpacks": "packs"}, tmp_path)
    stamps = {buildpack.name: buildpack.stamp for buildpack in config.buildpacks}
    changed = [buildpack.name for buildpack in again.buildpacks if stamps[buildpack.name] != buildpack.stamp]
    assert changed == ["ruby"]


@pytest.mark.parametrize(
    ("name", "text"), [("plain.txt", "neither a folder nor an archive"), ("a b.zip", "whose name")]
)
def test_what_is_no_buildpack_is_told(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    _, found = checked({**GOOD, "buildpacks": str(tmp_path)})
    assert text in found[0]


def test_the_same_folder_makes_the_same_archive(tmp_path: Path) -> None:
    def packed(name: str, order: list[str]) -> bytes:
        folder = tmp_path / name
        (folder / "bin").mkdir(parents=True)
        for path in order:
            (folder / path).write_text(path)
            (folder / path).chmod(0o755 if path.startswith("bin/") else 0o640)
            os.utime(folder / path, (len(order), hash(name) % 1000))
        (folder / "link").symlink_to("bin/compile")
        return b"".join(pieces_blocking(folder))

    one, two = (
        packed("one", ["bin/compile", "bin/detect", "manifest"]),
        packed("two", ["manifest", "bin/detect", "bin/compile"]),
    )

    assert one == two
    with zipfile.ZipFile(io.BytesIO(one)) as archive:
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
        assert modes == {"bin/compile": 0o100755, "bin/detect": 0o100755, "link": 0o120777, "manifest": 0o100644}
        assert archive.read("link") == b"bin/compile"
    assert archive_name(tmp_path / "one") == "one.zip"
    zipped = tmp_path / "x.zip"
    zipped.write_bytes(one)
    assert b"".join(pieces_blocking(zipped)) == one


def test_links_out_of_a_buildpack_are_refused(tmp_path: Path) -> None:
    (tmp_path / "bp" / "bin").mkdir(parents=True)
    (tmp_path / "bp" / "out").symlink_to("../../etc/passwd")

    with pytest.raises(ValueError, match="out is a link out of the buildpack"):
        list(pieces_blocking(tmp_path / "bp"))
