"""The step on the page about test results does what the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from buildmill.common.results import SUCCESS
from buildmill.master.db import tables as t
from buildmill.plugins import steps
from tests.harness import Harness, succeed, text

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "test-results.md"


def sample() -> Any:
    """The step that the page defines."""
    (code,) = (
        found for found in re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.M | re.S) if "class" in found
    )
    names: dict[str, Any] = {"__name__": "sizes", "steps": steps}
    exec(compile(code, str(PAGE), "exec"), names)
    return names["Sizes"]


def test_the_sample_keeps_what_its_command_tells(tmp_path: Path) -> None:
    harness = Harness(tmp_path)
    harness.start(harness.builder(sample()()))
    harness.worker.scripts["shell"] = succeed(text("stdout", "120 bin/a\n7 bin/b c\n"))
    harness.force()

    assert harness.results() == [SUCCESS]
    query = sa.select(t.test_texts.c.text, t.test_results.c.value).join(
        t.test_texts, t.test_texts.c.id == t.test_results.c.code_path_id
    )
    assert harness.rows(query.order_by(t.test_results.c.id)) == [("bin/a", "120"), ("bin/b c", "7")]
    harness.close()
