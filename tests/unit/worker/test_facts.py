"""What a worker tells of its machine."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

from buildmill.common.protocol.messages import CGROUPS_FACT, MACHINE_FACTS
from buildmill.worker.facts import machine_facts_blocking
from buildmill.worker.info import describe_worker_blocking


def test_a_worker_tells_of_its_machine_as_text(tmp_path: Path) -> None:
    facts = machine_facts_blocking(str(tmp_path))

    assert facts.keys() <= {*MACHINE_FACTS, CGROUPS_FACT}
    assert facts["python"] == platform.python_version()
    assert facts["disk_bytes"] == str(shutil.disk_usage(tmp_path).total)
    assert int(facts["memory_bytes"]) > 1 << 20
    told = describe_worker_blocking(
        basedir=str(tmp_path), environ={}, version="1", numcpus=1, delete_leftover_dirs=False, machine=facts
    )
    assert {name: told[name] for name in facts} == facts


def test_of_a_disk_that_cannot_be_looked_at_nothing_is_told(tmp_path: Path) -> None:
    assert "disk_bytes" not in machine_facts_blocking(str(tmp_path / "gone"))
