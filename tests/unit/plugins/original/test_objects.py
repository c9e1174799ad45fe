"""Objects that code of users makes of Buildbot's classes: stamps, pages, rows, configurations."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from twisted.web.resource import IResource

from buildmill.common.errors import ConfigError
from buildmill.master.config.execution import MODULE_NAME
from buildmill.master.domain.config_errors import collected_errors
from buildmill.plugins.original import pages
from buildmill.plugins.original.loading import FileLoader, MasterConfig, isBuildmasterDir, loadConfigDict
from buildmill.plugins.original.rows import BuildRequestModel
from buildmill.plugins.original.stamps import TempChange, TempSourceStamp

CONFIG = """\
from buildbot.plugins import *
c = BuildmasterConfig = {"title": "Mine", "workers": [worker.LocalWorker("w1")]}
c["builders"] = [util.BuilderConfig(name="b1", workernames=["w1"], factory=util.BuildFactory())]
c["schedulers"] = [schedulers.ForceScheduler(name="force", builderNames=["b1"])]
"""


def test_a_change_has_its_fields_as_attributes() -> None:
    change = TempChange({"author": "ann", "files": ["f"], "properties": {"x": (1, "Change")}})

    assert (change.who, change.author, change.files) == ("ann", "ann", ["f"])
    assert change.properties.getProperty("x") == 1
    assert change.asChDict()["author"] == "ann"
    assert not hasattr(change, "number")


@pytest.mark.parametrize(
    ("patch", "as_tuple", "info", "flat"),
    [
        (None, None, (None, None), None),
        (
            {"patchid": 1, "level": 1, "subdir": "s", "author": "ann", "comment": "c", "body": b"x"},
            (1, b"x", "s"),
            ("ann", "c"),
            b"x",
        ),
    ],
)
def test_a_source_stamp_has_its_fields_as_attributes(patch: Any, as_tuple: Any, info: Any, flat: Any) -> None:
    fields = {"ssid": 3, "branch": "b", "codebase": "", "project": "p", "repository": "r", "revision": "v"}
    stamp = TempSourceStamp({**fields, "patch": patch})

    assert (stamp.branch, stamp.ssid, stamp.patch, stamp.patch_info) == ("b", 3, as_tuple, info)
    assert stamp.asSSDict() == {**fields, "patch": patch}
    assert stamp.asDict()["patch_body"] == flat
    assert set(stamp.asDict()) == {"branch", "codebase", "project", "repository", "revision"} | {
        f"patch_{name}" for name in ("level", "body", "subdir", "author", "comment")
    }
    assert not hasattr(stamp, "changes")


def test_a_row_can_be_made() -> None:
    row = BuildRequestModel(1, 2, 3, "b1", datetime(2026, 1, 1, tzinfo=UTC))

    assert (row.buildername, row.claimed) == ("b1", False)


def test_pages_can_be_made_and_say_what_they_are() -> None:
    page = pages.OAuth2LoginResource(master=None, _auth="auth")
    realm = pages.AuthRealm(None, "auth")
    plugin = pages.Application("mine", "Mine")
    plugin.resource.putChild(b"x", page)
    plugin.setConfiguration({"a": 1})

    with collected_errors() as found:
        pages.Application(3, "x")  # type: ignore[arg-type]

    assert [problem.message for problem in found] == ["Application: package_name must be text, not 3"]
    assert realm.requestAvatar(b"ann", None, IResource)[0] is IResource
    with pytest.raises(NotImplementedError):
        realm.requestAvatar(b"ann", None)


def test_a_configuration_is_read_as_a_dictionary_or_checked(tmp_path: Path) -> None:
    (tmp_path / "master.cfg").write_text(CONFIG)

    file, values = loadConfigDict(str(tmp_path), "master.cfg")
    config = FileLoader(str(tmp_path), "master.cfg").loadConfig()

    assert (file, values["title"]) == (str(tmp_path / "master.cfg"), "Mine")
    assert isinstance(config, MasterConfig)
    assert [builder.name for builder in config.builders] == ["b1"]


def test_what_is_wrong_with_a_dictionary_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="title must be a string, not 3"):
        MasterConfig.loadFromDict({"title": 3}, str(tmp_path / "x.cfg"))


def test_a_file_without_the_dictionary_is_told_and_the_present_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "master.cfg").write_text("x = 1\n")
    monkeypatch.setitem(sys.modules, MODULE_NAME, sys)

    with pytest.raises(ConfigError, match="defines no dictionary BuildmasterConfig"):
        loadConfigDict(str(tmp_path), "master.cfg")

    assert sys.modules[MODULE_NAME] is sys


def test_a_masters_directory_is_told_by_its_settings(tmp_path: Path) -> None:
    before = isBuildmasterDir(str(tmp_path))
    (tmp_path / "buildmill.toml").write_text("")

    assert (before, isBuildmasterDir(str(tmp_path))) == (False, True)
