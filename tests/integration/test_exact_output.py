"""What a command writes arrives byte for byte: our worker, our master, real processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.programs import RunningMaster, running_master

WRITERS = {
    "no-newline": "import sys; sys.stdout.write(''.join('%08d' % i for i in range(2500000)))",
    "every-byte": "import os; [os.write(1, bytes(range(256))) for _ in range(1000)]",
    "lines": "import sys; [sys.stdout.write('%08d'.ljust(99, 'x') % i + '\\n') for i in range(200000)]",
    "split-character": (
        "import os, time\n"
        "for _ in range(20):\n"
        "    for byte in '\\u20ac\\U0001f600'.encode():\n"
        "        os.write(1, bytes([byte])); time.sleep(0.002)\n"
    ),
}

BUILDERS = f"""
import sys
WRITERS = {WRITERS!r}
c["builders"] = [
    builder(name, steps.ShellCommand(name="write", command=[sys.executable, "-c", code]))
    for name, code in WRITERS.items()
]
"""


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMaster]:
    with running_master(tmp_path_factory.mktemp("exact") / "master", BUILDERS) as master:
        master.start_worker()
        yield master


@pytest.mark.parametrize("name", list(WRITERS))
def test_output_is_stored_byte_for_byte(master: RunningMaster, name: str) -> None:
    expected = subprocess.run([sys.executable, "-c", WRITERS[name]], stdout=subprocess.PIPE, check=True).stdout

    build = master.finished(master.force(name))

    assert build["results"] == 0
    stored = master.stdout(build["buildid"], "write")
    assert len(stored) == len(expected)
    assert stored == expected
