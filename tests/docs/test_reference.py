"""The reference names what there is."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

from buildmill.common.results import Result
from buildmill.master.config.keys import CHECKERS
from buildmill.master.data.condition import Condition
from buildmill.master.web.metrics import Metrics
from buildmill.master.web.operations import Operations
from buildmill.plugins.original.names import modules, names_in
from buildmill.plugins.original.refused import REFUSED
from buildmill.plugins.original.table import GROUPS
from tests.database import Stage

HOW_TO = Path(__file__).parents[2] / "docs" / "howto"
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def test_every_key_of_the_configuration_is_described() -> None:
    named = set(re.findall(r"`(\w+)`", (REFERENCE / "master-cfg.md").read_text()))

    assert set(CHECKERS) - named == set()


def test_what_does_not_work_is_on_the_page_with_its_reason() -> None:
    known = [name for module in modules() for name in names_in(module).values()]

    for name in known:
        if name.state in ("accepted, not delivering yet", "refused"):
            assert name.note, name
    assert not set(REFUSED) - {name.known_as for name in known if name.state == "refused"}


def test_the_table_of_metrics_is_that_of_the_code(memory: Stage) -> None:
    operations = Operations(bus=memory.bus, clock=memory.clock, monotonic=memory.clock.seconds)
    table = re.findall(r"^\| `(buildmill_\w+)` \| (\w+) \|", (HOW_TO / "watch-a-master.md").read_text(), re.MULTILINE)

    text, _ = memory.result(Metrics(Condition(memory.database), operations).text())

    told = [line.split()[2:] for line in text.decode().splitlines() if line.startswith("# TYPE buildmill_")]
    assert sorted(table) == sorted((name.removesuffix("_total"), kind) for name, kind in told)


def test_every_name_of_the_plugins_is_on_the_page_for_those_who_come_from_buildbot() -> None:
    sys.path.insert(0, str(REFERENCE.parent / "_ext"))
    try:
        pages = importlib.import_module("generated_reference")
    finally:
        del sys.path[0]

    text = "\n".join(pages.original_name_pages())

    for group in GROUPS:
        module = importlib.import_module(f"buildmill.plugins.{group}")
        for name in module.NAMES:
            state = "(works|accepted, not delivering yet)"
            assert re.search(rf"^\| `{name}` \| .* \| {state} \| .*\|$", text, re.MULTILINE), name


def test_every_plugin_that_works_is_on_the_page_of_its_group_with_what_it_is_for() -> None:
    sys.path.insert(0, str(REFERENCE.parent / "_ext"))
    try:
        pages = importlib.import_module("plugin_reference")
    finally:
        del sys.path[0]

    for group in pages.GROUPS:
        text = "\n".join(pages.plugin_pages(group))
        sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL))
        for name in names_in(f"buildbot.plugins.{group}").values():
            if name.state == "works" and name.name not in Result.__members__:
                about = re.sub(
                    r"```python[^`]*```|^#.*$|^Derives from .*$", "", sections[name.name], flags=re.MULTILINE
                )
                assert about.strip(), f"{group}.{name.name} has no text"
        assert "0x" not in text
