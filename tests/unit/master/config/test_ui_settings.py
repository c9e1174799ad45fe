"""``ui_default_config``: its author is told of what comes to nothing, and the pages know the same names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.master.config.loader import load
from buildmill.master.config.ui_settings import FLAG, NUMBER, SETTINGS, WHOLE, WITHOUT_EFFECT
from tests.unit.master.config.test_web_limits import GOOD

ROOT = Path(__file__).parents[4]
KINDS = {"flag": FLAG, "whole": WHOLE, "number": NUMBER}


def told(folder: Path, given: Any) -> list[str]:
    (folder / "master.cfg").write_text(f"{GOOD}\nc['www'] = {{'port': 8010, 'ui_default_config': {given!r}}}\n")
    config = load(folder)
    assert config.www.ui["ui_default_config"] == given
    return [notice.text for notice in config.notices if "ui_default_config" in notice.text]


def test_what_the_pages_know_is_taken_in_silence(tmp_path: Path) -> None:
    given = {
        "Waterfall.scaling_waterfall": 2, "Grid.leftToRight": True, "Console.changeLimit": 5, "Pages.theme": "dark",
        "BuildsTable.build_time_base": "Completion time",
    }  # fmt: skip

    assert told(tmp_path, given) == []


def test_one_line_tells_what_has_no_effect(tmp_path: Path) -> None:
    (line,) = told(tmp_path, {"Workers.page_size": 3, "Home.max_recent_builds": 3, "Grid.leftToRight": True})

    assert line.startswith("ui_default_config: without effect here: Home.max_recent_builds (")
    assert "; Workers.page_size (" in line
    assert "Grid" not in line


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("Grid.left", True, "no page has a setting 'Grid.left'"),
        (
            "Grid.leftToRight",
            1,
            "ui_default_config['Grid.leftToRight'] is passed over: True or False is expected, not 1",
        ),
        ("Grid.revisionLimit", 1.5, "a whole number is expected, not 1.5"),
        ("Waterfall.scaling_waterfall", "2", "a number is expected, not '2'"),
        ("Waterfall.scaling_waterfall", True, "a number is expected, not True"),
        ("Pages.theme", "pink", "'system' or 'light' or 'dark' is expected, not 'pink'"),
    ],
)
def test_what_the_pages_pass_over_is_told(tmp_path: Path, name: str, value: Any, text: str) -> None:
    (line,) = told(tmp_path, {name: value})

    assert text in line


def test_it_is_a_dictionary(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"www\['ui_default_config'\] must be a dictionary"):
        told(tmp_path, ["Grid.leftToRight"])


def test_the_pages_and_the_manual_know_the_same_settings() -> None:
    source = (ROOT / "master/ui/src/lib/settings.ts").read_text()
    manual = (ROOT / "docs/reference/web-pages.md").read_text()
    found = {}
    for name, kind, arguments in re.findall(r'^  "(\w+\.\w+)": (\w+)\((.*)\),$', source, re.MULTILINE):
        choices = re.findall(r'"([^"]+)"', arguments)
        found[name] = tuple(choices) if kind == "choice" else KINDS[kind]

    assert found == SETTINGS
    assert set(re.findall(r"^\| `(\w+\.\w+)` \|", manual, re.MULTILINE)) == set(SETTINGS)
    assert not set(SETTINGS) & set(WITHOUT_EFFECT)
