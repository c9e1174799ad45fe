"""What steps keep of tests, with the programs that run them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from buildmill.common.results import FAILURE, SUCCESS
from buildmill.master.db import tables as t
from buildmill.master.steps.junit import JUnitReports
from buildmill.master.steps.outcomes import Kind, Outcome
from buildmill.master.steps.perl_tests import PerlModuleTest
from buildmill.master.steps.subunit import SubunitReader, SubunitShellCommand
from buildmill.master.steps.subunit_packets import PacketReader
from buildmill.master.steps.tap import TapShellCommand
from buildmill.master.steps.trial import Trial
from tests.integration.steps.programs import need
from tests.unit.master.steps.runs import Runs

CASES = """\
import unittest
class T(unittest.TestCase):
    def test_bad(self): self.assertEqual(1, 2)
    def test_error(self): 1 / 0
    def test_good(self): print("hello")
    def test_left_out(self): self.skipTest("why")
    @unittest.expectedFailure
    def test_todo(self): self.fail()
    @unittest.expectedFailure
    def test_wow(self): pass
"""


def values(runs: Runs) -> dict[str, str]:
    """The value of each result, by the name of its test."""
    result = t.test_results.c
    query = sa.select(t.test_texts.c.text, result.value).join(t.test_texts, t.test_texts.c.id == result.name_id)
    return dict(runs.harness.rows(query))


def program(name: str) -> str:
    """A program that is installed beside this Python."""
    found = Path(sys.executable).with_name(name)
    if not found.exists():
        pytest.skip(f"{name} is not installed")
    return str(found)


def test_pytest_writes_a_report_that_is_read(runs: Runs) -> None:
    (runs.work / "test_it.py").write_text(CASES)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--junit-xml=report.xml", "test_it.py"]

    ran = runs.one(JUnitReports(command=command, reports="*.xml"))

    assert ran.results == FAILURE
    assert values(runs) == {
        f"test_it.T.test_{name}": value for name, value in (("bad", "0"), ("error", "0"), ("good", "1"), ("wow", "0"))
    }  # pytest reports an expected failure as skipped
    durations = [n for (n,) in runs.harness.rows(sa.select(t.test_results.c.duration_ns))]
    assert any(durations)  # in milliseconds: a test may well take none
    assert None not in durations


def test_trial_tells_each_test(runs: Runs) -> None:
    (runs.work / "test_it.py").write_text(CASES)

    ran = runs.one(Trial(trial=program("trial"), testpath=".", tests="test_it"))

    assert ran.results == FAILURE
    assert values(runs) == {
        f"test_it.T.test_{name}": value
        for name, value in (("bad", "0"), ("error", "0"), ("good", "1"), ("todo", "1"), ("wow", "0"))
    }


def test_a_perl_test_is_a_tap_stream_and_prove_reads_several(runs: Runs) -> None:
    need("prove")
    (runs.work / "lib").mkdir()
    (runs.work / "t").mkdir()
    (runs.work / "t" / "good.t").write_text("use Test::More tests => 1; ok(1, 'fine');\n")
    (runs.work / "t" / "none.t").write_text("use Test::More skip_all => 'not here';\n")
    (runs.work / "t" / "some.t").write_text(
        "use Test::More tests => 4; ok(1, 'one'); ok(0, 'two # sharp'); SKIP: { skip 'no net', 1; }\n"
        "subtest inner => sub { plan tests => 1; ok(1, 'deep') };\n"
    )
    tap, none, prove = runs.run(
        TapShellCommand(command=["perl", "t/some.t"], flunkOnFailure=False),
        TapShellCommand(name="none", command=["perl", "t/none.t"]),
        PerlModuleTest(),
    )

    assert (tap.results, tap.state_string) == (FAILURE, "tap 4 tests 1 failed 1 skipped (failure)")
    assert (none.results, none.state_string) == (SUCCESS, "none 0 tests")
    assert prove.results == FAILURE
    assert values(runs) == {"one": "1", "two # sharp": "0", "inner": "1", "t/good.t": "1", "t/some.t": "0"}


@pytest.mark.parametrize("piece", [3, 1 << 16])
def test_the_packets_of_a_real_subunit_writer_are_understood(tmp_path: Path, piece: int) -> None:
    pytest.importorskip("subunit")
    (tmp_path / "test_it.py").write_text(CASES)
    stream = subprocess.run(
        [sys.executable, "-m", "subunit.run", "test_it"], cwd=tmp_path, capture_output=True, timeout=60, check=False
    ).stdout
    found: list[Outcome] = []
    reader = SubunitReader(found.append)
    packets = PacketReader(reader.packet, lambda data: None)
    for start in range(0, len(stream), piece):
        packets.feed(stream[start : start + piece])
    packets.end()
    reader.end()

    assert {outcome.name: outcome.kind for outcome in found} == {
        "test_it.T.test_bad": Kind.FAILED,
        "test_it.T.test_error": Kind.FAILED,
        "test_it.T.test_good": Kind.PASSED,
        "test_it.T.test_left_out": Kind.SKIPPED,
        "test_it.T.test_todo": Kind.EXPECTED_FAILURE,
        "test_it.T.test_wow": Kind.UNEXPECTED_SUCCESS,
    }
    assert packets.broken == 0
    assert all(outcome.duration_ns is not None for outcome in found)
    assert any("1 != 2" in text for text in reader.problems)


def test_a_stream_that_became_version_1_is_the_same(runs: Runs) -> None:
    pytest.importorskip("subunit")
    (runs.work / "test_it.py").write_text(CASES)

    ran = runs.one(
        SubunitShellCommand(command=f"{sys.executable} -m subunit.run test_it | {program('subunit-2to1')}; true")
    )

    assert ran.results == FAILURE
    found = values(runs)
    assert {name: found[f"test_it.T.test_{name}"] for name in ("bad", "good", "todo", "wow")} == {
        "bad": "0", "good": "1", "todo": "1", "wow": "0",
    }  # fmt: skip
