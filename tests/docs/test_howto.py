"""The samples of the how-to pages load as a configuration; those that other tests run are found there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from buildmill.master.config.loader import load

PAGES = Path(__file__).parents[2] / "docs" / "howto"

BEFORE = """\
from buildmill.plugins import changes, reporters, schedulers, secrets, steps, util, worker

c = BuildmasterConfig = {}
c["protocols"] = {"msgpack_experimental_v7": {"port": 9989}}
c["db"] = {"db_url": "sqlite:///state.sqlite"}
c["workers"] = [worker.Worker("w1", "secret-1"), worker.Worker("w2", "secret-2")]
factory = util.BuildFactory()
c["builders"] = [
    util.BuilderConfig(name=name, workernames=["w1", "w2"], factory=factory) for name in ("linux", "package")
]
c["schedulers"] = []
"""
"""What the pages take as given."""

AFTER = """
c["schedulers"] = [
    *c["schedulers"],
    schedulers.ForceScheduler("anything", builderNames=[b.name for b in c["builders"]]),
]
"""
"""A builder that nothing starts is a mistake, and most samples show no scheduler."""


@dataclass(frozen=True)
class Sample:
    """A block of Python on a page.

    Attributes:
        file: the module that it is; empty for a piece of ``master.cfg``.
    """

    page: str
    line: int
    file: str
    text: str


def samples_of(page: Path) -> list[Sample]:
    """All that is not marked ``not-tested``, in order."""
    text = page.read_text()
    found = []
    for block in re.finditer(r"^```(?:\{code-block\} )?python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        options = dict(re.findall(r"^:(\w+): (.*)\n", block[1], re.MULTILINE))
        if options.get("class") != "not-tested":
            code = re.sub(r"\A(?::\w+: .*\n)*\n?", "", block[1])
            file = options.get("caption", "master.cfg")
            line = text.count("\n", 0, block.start()) + 1
            found.append(Sample(page.stem, line, "" if file == "master.cfg" else file, code))
    return found


SAMPLES = {page.stem: found for page in sorted(PAGES.glob("*.md")) if (found := samples_of(page))}


@pytest.mark.parametrize("page", SAMPLES)
def test_the_samples_of_a_page_load_one_after_another(page: str, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    config = BEFORE
    for sample in SAMPLES[page]:
        if sample.file:
            (tmp_path / sample.file).write_text(sample.text)
            config += f"import {Path(sample.file).stem}\n"
        else:
            config += f"\n# {page}.md, line {sample.line}\n{sample.text}"
        text = (config + AFTER).replace("/etc/buildmill/secrets", str(secrets))  # must be there
        (tmp_path / "master.cfg").write_text(text)

        loaded = load(tmp_path)

        assert [str(notice) for notice in loaded.notices] == []
