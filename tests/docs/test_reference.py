"""The reference names what there is."""

from __future__ import annotations

import re
from pathlib import Path

from buildmill.master.config.keys import CHECKERS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def test_every_key_of_the_configuration_is_described() -> None:
    named = set(re.findall(r"`(\w+)`", (REFERENCE / "master-cfg.md").read_text()))

    assert set(CHECKERS) - named == set()
