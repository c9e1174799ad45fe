"""More output than anybody expects, and stranger: the log has exactly these bytes, and the master stays small."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.invariants import assert_sound
from tests.programs import running_master

pytestmark = pytest.mark.slow

# {scale} MB each of: lines, one line without an end, empty lines; and what terminals and decoders stumble over
FLOOD = r"""
import sys
write, scale = sys.stdout.buffer.write, int(sys.argv[1])
for i in range(scale):
    write(b"".join(b"%09d of a flood of lines, one like the other\n" % (i * 20000 + j) for j in range(20000)))
for i in range(scale):
    write(b"0123456789abcdef" * 65536)
write(b"\n" * (scale * 20000))
write(b"\0a\0\n\xff\xfe\xc3(\n\xf0\x9f\x98\n" * 1000)
write(b"\x1b[31mred\x1b[0m\r50%\r100%\n\x1b]0;title\x07\x1b[2J" * 1000)
write("\N{SNOWMAN}".encode() * 1000 + b"no newline at the end")
"""
BUILDERS = """
c["builders"] = [builder("floods", steps.ShellCommand(name="flood", command=[{python!r}, {program!r}, "{scale}"]))]
"""
MORE_MEMORY_BYTES = 64 << 20


@pytest.mark.parametrize("scale", [10, pytest.param(100, marks=pytest.mark.nightly)])
def test_a_flood_is_stored_to_the_byte_and_the_master_stays_small(tmp_path: Path, scale: int) -> None:
    program = tmp_path / "flood.py"
    program.write_text(FLOOD)
    wanted = subprocess.run([sys.executable, program, str(scale)], capture_output=True, check=True).stdout
    assert len(wanted) > scale * 2_000_000
    url = "sqlite:///state.sqlite"
    config = BUILDERS.format(python=sys.executable, program=str(program), scale=scale)
    with running_master(tmp_path / "master", config, url) as master:
        master.start_worker()
        assert master.process is not None
        before = peak_bytes(master.process.pid)
        build = master.finished(master.force("floods"))
        grown = peak_bytes(master.process.pid) - before

        assert build["results"] == 0, master.own_log()
        log = master.stdout(build["buildid"], "flood")
        assert (len(log), digest(log)) == (len(wanted), digest(wanted))
        assert grown < MORE_MEMORY_BYTES, f"{grown >> 20} MiB"
        assert_sound(url, master.basedir)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def peak_bytes(pid: int) -> int:
    """The most memory that a process ever had."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) << 10
