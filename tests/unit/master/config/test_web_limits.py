"""``www['limits']``: all of it is checked, and reaches the server."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.master.config.loader import load
from buildmill.master.config.web_limits import _LEAST
from buildmill.master.web.limits import WebLimits

GOOD = """\
from buildmill.plugins import schedulers, util, worker

c = BuildmasterConfig = {}
c["protocols"] = {"msgpack_experimental_v7": {"port": 9989}}
c["workers"] = [worker.Worker("w1", "secret")]
c["builders"] = [util.BuilderConfig(name="b1", workernames=["w1"], factory=util.BuildFactory([]))]
c["schedulers"] = [schedulers.ForceScheduler(name="force", builderNames=["b1"])]
"""


def limits_of(folder: Path, given: Any) -> WebLimits:
    (folder / "master.cfg").write_text(f"{GOOD}\nc['www'] = {{'port': 8010,\n 'limits': {given!r}}}\n")
    return load(folder).www.limits


def test_what_is_not_named_stays_as_it_is(tmp_path: Path) -> None:
    found = limits_of(tmp_path, {"body_bytes": 4096, "read_seconds": 0.5, "searches": 0})

    assert found == WebLimits(body_bytes=4096, read_seconds=0.5, searches=0)
    assert limits_of(tmp_path, {}) == WebLimits()


def test_each_limit_can_be_set_to_its_default_and_none_to_nonsense(tmp_path: Path) -> None:
    for field in fields(WebLimits):
        assert limits_of(tmp_path, {field.name: field.default}) == WebLimits()
        for wrong in (-1, "1", True, None, float("nan"), 2**41):
            with pytest.raises(ConfigError) as error:
                limits_of(tmp_path, {field.name: wrong} if wrong == wrong else {field.name: -0.5})
            (problem,) = error.value.problems
            assert f"www['limits'][{field.name!r}] must be" in problem.message
            assert problem.line == 10
    assert {field.name for field in fields(WebLimits)} >= set(_LEAST)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ([], r"www\['limits'\] must be a dictionary"),
        ({"boddy": 1}, r"unknown key 'boddy'; known are body_bytes, json_depth"),
        ({"body_seconds": 5}, "body_seconds must be more than head_seconds"),
        ({"rows": 20_000}, "rows_known must be at least rows"),
        ({"body_bytes": 100}, "a whole number, 1024 to"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, given: Any, text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        limits_of(tmp_path, given)
