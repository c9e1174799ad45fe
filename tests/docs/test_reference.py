"""The reference names what there is."""

from __future__ import annotations

import importlib
import re
import sys
from pathlib import Path

from buildmill.master.config.keys import CHECKERS
from buildmill.master.data.condition import Condition
from buildmill.master.web.metrics import Metrics
from buildmill.master.web.operations import Operations
from buildmill.plugins.original.table import GROUPS
from tests.database import Stage

HOW_TO = Path(__file__).parents[2] / "docs" / "howto"
REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def test_every_key_of_the_configuration_is_described() -> None:
    named = set(re.findall(r"`(\w+)`", (REFERENCE / "master-cfg.md").read_text()))

    assert set(CHECKERS) - named == set()


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
        for states, names in (
            ("works|accepted, not delivering yet", module.NAMES),
            ("not available yet", module.LATER),
        ):
            for name in names:
                assert re.search(rf"^\| `{name}` \| .* \| ({states}) \|$", text, re.MULTILINE), name
