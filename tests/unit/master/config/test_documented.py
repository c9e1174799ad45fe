"""The examples of the manual are configurations that load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from buildmill.master.config.loader import load

DOCS = Path(__file__).parents[4] / "docs"
FRAME = """\
from buildmill.plugins import changes, schedulers, steps, util, worker

c = BuildmasterConfig = {}
c["protocols"] = {"msgpack_experimental_v7": {"port": 9989}}
c["workers"] = [worker.Worker("w1", "secret")]
factory = util.BuildFactory()
c["builders"] = [util.BuilderConfig(name=name, workernames=["w1"], factory=factory) for name in ("linux", "package")]
c["schedulers"] = []
"""
EXAMPLES = re.findall(
    r"^```python\n(.*?)^```", (DOCS / "howto" / "schedulers.md").read_text(), re.DOTALL | re.MULTILINE
)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_the_page_about_schedulers_loads(example: str, tmp_path: Path) -> None:
    everything = 'c["schedulers"].append(schedulers.ForceScheduler("all", builderNames=["linux", "package"]))\n'
    (tmp_path / "master.cfg").write_text(FRAME + example + everything)

    config = load(tmp_path)
    assert len(config.schedulers) + len(config.services) >= 2
