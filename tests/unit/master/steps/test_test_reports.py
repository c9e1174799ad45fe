"""Readers of reports about tests, and the steps that keep what they read."""

from __future__ import annotations

import contextlib
import zlib
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from buildmill.common.errors import ConfigError
from buildmill.common.results import FAILURE, SUCCESS
from buildmill.master.db import tables as t
from buildmill.master.steps.junit import JUnitReports
from buildmill.master.steps.junit_xml import MOST_BYTES, JUnitReader, NotAReport
from buildmill.master.steps.outcomes import Kind, Outcome, nanoseconds
from buildmill.master.steps.perl_tests import PerlModuleTest, ProveReader
from buildmill.master.steps.python_tools import PyLint
from buildmill.master.steps.subunit import SubunitReader, SubunitShellCommand
from buildmill.master.steps.subunit_packets import Packet, PacketReader
from buildmill.master.steps.tap import TapShellCommand
from buildmill.master.steps.tap_lines import TapReader
from buildmill.master.steps.trial import Trial, TrialTestCaseCounter
from tests.unit.master.steps.outputs import saying
from tests.unit.master.steps.runs import Runs

GOOD, BAD, ERROR, SKIPPED = Kind.PASSED, Kind.FAILED, Kind.ERROR, Kind.SKIPPED
TODO, SURPRISE = Kind.EXPECTED_FAILURE, Kind.UNEXPECTED_SUCCESS


def kept(runs: Runs) -> list[tuple[Any, ...]]:
    """(name, path, line, value) of each result."""
    names, paths = t.test_texts.alias(), t.test_texts.alias()
    result = t.test_results.c
    query = (
        sa.select(names.c.text, paths.c.text, result.line, result.value)
        .select_from(t.test_results.outerjoin(names, names.c.id == result.name_id))
        .outerjoin(paths, paths.c.id == result.code_path_id)
        .order_by(result.id)
    )
    return runs.harness.rows(query)


def sets(runs: Runs) -> list[tuple[Any, ...]]:
    s = t.test_result_sets.c
    return runs.harness.rows(
        sa.select(s.description, s.category, s.value_unit, s.tests_passed, s.tests_failed, s.complete)
    )


# -- JUnit ------------------------------------------------------------------------------------------

REPORT = b"""<?xml version="1.0" encoding="ISO-8859-1"?>
<testsuites><testsuite name="outer"><properties><property name="a" value="b"/></properties>
<testsuite name="inner">
<testcase classname="pkg.C" name="one" time="0.25" file="pkg/c.py" line="7"/>
<testcase classname="pkg.C" name="pkg.C.two" time="1,234.5"><failure message="&lt;no&gt;">x</failure></testcase>
<testcase name="thr\xe9e" time="soon" line="-1"><error/><failure/></testcase>
<testcase name="four"><skipped/><system-out><error/></system-out></testcase>
<testcase classname="" name=""><failure/><failure/></testcase>
</testsuite></testsuite></testsuites>
"""


def read_junit(data: bytes, piece: int = 1 << 20) -> list[Outcome]:
    found: list[Outcome] = []
    reader = JUnitReader(found.append)
    for start in range(0, len(data), piece):
        reader.feed(data[start : start + piece])
    reader.end()
    assert reader.tests == len(found)
    return found


@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_a_report_of_junit_is_read_in_pieces_of_any_length(piece: int) -> None:
    assert read_junit(REPORT, piece) == [
        Outcome("pkg.C.one", GOOD, "pkg/c.py", 7, 250_000_000),
        Outcome("pkg.C.two", BAD, duration_ns=1_234_500_000_000),
        Outcome("three".replace("ree", "r\xe9e"), ERROR),
        Outcome("four", SKIPPED),
        Outcome("?", BAD),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not XML: no element found"),
        (b"no xml", "not XML: syntax error"),
        (b"<testsuite><testcase>", "not XML: no element found"),
        (b"<html/>", "outermost element is 'html'"),
        (b"<!DOCTYPE x [<!ENTITY a 'b'>]><testsuite/>", "document type declaration"),
        (b"<testsuite>" + b"<a>" * 60, "nested more than 50 deep"),
        (b'<?xml version="1.0" encoding="x-none"?><testsuite/>', "encoding|unknown"),
        (b"<testsuite><testcase name='\x01'/></testsuite>", "not XML: not well-formed"),
    ],
)
def test_what_is_no_report_says_so(data: bytes, message: str) -> None:
    with pytest.raises(NotAReport, match=message):
        read_junit(data)


def test_a_report_has_an_end() -> None:
    reader = JUnitReader(lambda _: None)
    reader.feed(b"<testsuite>")

    with pytest.raises(NotAReport, match="longer than"):
        reader.feed(b" " * MOST_BYTES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0), ("1.5", 1_500_000_000), (" 2 ", 2 * 10**9), ("1e3", 10**12), ("1,000", 10**12),
        ("-1", None), ("nan", None), ("inf", None), ("1e999999999", None), ("1e15", None), ("x", None), ("", None),
    ],
)  # fmt: skip
def test_durations_are_read_as_reports_write_them(text: str, expected: int | None) -> None:
    assert nanoseconds(text) == expected


def test_reports_are_read_after_their_command(runs: Runs) -> None:
    (runs.work / "source.xml").write_bytes(REPORT)
    ran = runs.one(
        JUnitReports(command="mkdir -p out/deep && cp source.xml out/deep/a.xml; exit 1", reports=["out/**/*.xml"])
    )

    assert (ran.results, ran.state_string) == (FAILURE, "junit 5 tests 2 failed 1 error 1 skipped (failure)")
    assert runs.log(ran, "problems") == "pkg.C.two\nthr\xe9e\n?\n"
    assert sets(runs) == [("tests", "pass_fail", "boolean", 1, 3, 1)]
    assert kept(runs) == [
        ("pkg.C.one", "pkg/c.py", 7, "1"),
        ("pkg.C.two", None, None, "0"),
        ("thr\xe9e", None, None, "0"),
        ("?", None, None, "0"),
    ]


def test_a_failed_test_is_a_failure_whatever_the_exit_code(runs: Runs) -> None:
    (runs.work / "r.xml").write_bytes(b"<testsuite><testcase name='a'><failure/></testcase></testsuite>")

    ran = runs.one(JUnitReports(command="true", reports="r.xml", store_results=False))

    assert (ran.results, ran.state_string) == (FAILURE, "junit 1 test 1 failed (failure)")
    assert (sets(runs), kept(runs)) == ([], [])


def test_good_reports_without_a_command_are_a_success(runs: Runs) -> None:
    (runs.work / "r.xml").write_bytes(b"<testsuite><testcase name='a'/><testcase name='b'/></testsuite>")

    ran = runs.one(JUnitReports(reports="r.xml"))

    assert (ran.results, ran.state_string) == (SUCCESS, "junit 2 tests passed")


@pytest.mark.parametrize(
    ("reports", "content", "problems"),
    [
        ("r.xml", None, "r.xml: cannot be read\nno tests in the reports\n"),
        ("*.xml", None, "no report *.xml\nno tests in the reports\n"),
        ("r.xml", b"<testsuite>", "r.xml: not XML: no element found: line 1, column 11\nno tests in the reports\n"),
        ("r.xml", b"<testsuite/>", "no tests in the reports\n"),
    ],
)
def test_what_cannot_be_read_is_a_failure(runs: Runs, reports: str, content: bytes | None, problems: str) -> None:
    if content is not None:
        (runs.work / "r.xml").write_bytes(content)

    ran = runs.one(JUnitReports(reports=reports))

    assert ran.results == FAILURE
    assert runs.log(ran, "problems") == problems


# -- TAP --------------------------------------------------------------------------------------------


def read_tap(*lines: str) -> tuple[list[Outcome], TapReader]:
    found: list[Outcome] = []
    reader = TapReader(found.append)
    for line in lines:
        reader.line(line)
    return found, reader


def test_points_of_tap_are_tests() -> None:
    found, reader = read_tap(
        "TAP version 14",
        "1..9",
        "ok 1 - one",
        "not ok 2 two \\# not a \\\\ directive",
        "  ---",
        "  not ok: of the details",
        "  ...",
        "    ok 1 - of a subtest",
        "ok 3 # SKIP no net",
        "not ok 4 - four # TODO later",
        "ok 5 five # todo",
        "ok",
        "not ok",
        "okay, this is not a point",
        "ok 8 -eight",
        "# ok 9",
        "not ok 9 - nine # skip that",
    )

    assert found == [
        Outcome("one", GOOD),
        Outcome("two # not a \\ directive", BAD),
        Outcome("test 3", SKIPPED),
        Outcome("four", TODO),
        Outcome("five", GOOD),
        Outcome("test 6", GOOD),
        Outcome("test 7", BAD),
        Outcome("eight", GOOD),
        Outcome("nine", SKIPPED),
    ]
    assert (reader.planned, reader.problem) == (9, None)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["ok 1", "1..1"], None),
        (["1..2", "ok 1"], "2 planned, 1 run"),
        (["1..1", "ok", "ok"], "1 planned, 2 run"),
        (["ok 1"], "no plan"),
        (["hello"], "no tests"),
        (["1..2", "ok 1", "Bail out! no database"], "bailed out: no database"),
        (["Bail out!"], "bailed out"),
    ],
)
def test_a_plan_is_to_be_kept(lines: list[str], problem: str | None) -> None:
    assert read_tap(*lines)[1].problem == problem


def test_long_lines_are_read_quickly() -> None:
    found, _ = read_tap("ok 1 " + "\\" * 1_000_000, "ok 2 " + " #" * 500_000, "ok" + " " * 1_000_000, "ok 4 # skip")

    assert [outcome.kind for outcome in found] == [GOOD, GOOD, GOOD, SKIPPED]
    assert max(len(outcome.name) for outcome in found) <= 4_000


@pytest.mark.parametrize(
    ("output", "code", "result", "text", "problems"),
    [
        ("1..2\nok 1 a\nok 2 b\n", 0, SUCCESS, "tap 2 tests passed", None),
        ("1..2\nok 1 a\nnot ok 2 b\n", 0, FAILURE, "tap 2 tests 1 failed (failure)", "b\n"),
        ("1..2\nok 1 a\n", 0, FAILURE, "tap 1 test passed (failure)", "2 planned, 1 run\n"),
        ("1..0 # SKIP nothing here\n", 0, SUCCESS, "tap 0 tests", None),
        ("1..1\nok 1 # skip x", 0, SUCCESS, "tap 1 test 1 skipped", None),
        ("1..1\nok 1 a\n", 3, FAILURE, "tap 1 test passed (failure)", None),
    ],
)
def test_a_tap_stream_decides(runs: Runs, output: str, code: int, result: int, text: str, problems: str | None) -> None:
    ran = runs.one(TapShellCommand(command=saying(output, code)))

    assert (ran.results, ran.state_string) == (result, text)
    assert (runs.log(ran, "problems") if "problems" in runs.logs(ran) else None) == problems


# -- subunit, version 2 -----------------------------------------------------------------------------

# the example of the protocol's description: that there is a test "foo"
EXAMPLE = bytes.fromhex("b329010c03666f6f08555f1b")
STATUSES = {"exists": 1, "inprogress": 2, "success": 3, "uxsuccess": 4, "skip": 5, "fail": 6, "xfail": 7}


def packet(
    test: str | None, status: str | None = None, seconds: int | None = None, content: bytes | None = None, **more: Any
) -> bytes:
    """One packet; as programs write them, made by the description."""
    flags, body = 0x2000 | (STATUSES[status] if status else 0), b""
    if seconds is not None:
        flags |= 0x0200
        body += seconds.to_bytes(4, "big") + number(500)
    if test is not None:
        flags |= 0x0800
        body += text(test.encode())
    if "tags" in more:
        flags |= 0x0080
        body += number(len(more["tags"])) + b"".join(text(tag) for tag in more["tags"])
    if "mime" in more:
        flags |= 0x0020
        body += text(more["mime"])
    if content is not None:
        flags |= 0x0040
        body += text(b"file") + text(content)
    if "route" in more:
        flags |= 0x0400
        body += text(more["route"])
    head, size = b"\xb3" + flags.to_bytes(2, "big"), 0
    while len(head + number(size) + body) + 4 != size:
        size = len(head + number(size) + body) + 4
    whole = head + number(size) + body
    return whole + zlib.crc32(whole).to_bytes(4, "big")


def number(value: int) -> bytes:
    size = next(size for size in (1, 2, 3, 4) if value < 1 << (8 * size - 2))
    return ((size - 1) << (8 * size - 2) | value).to_bytes(size, "big")


def text(data: bytes) -> bytes:
    return number(len(data)) + data


def split(data: bytes, piece: int = 1 << 20) -> tuple[list[Packet], bytes, PacketReader]:
    packets: list[Packet] = []
    rest: list[bytes] = []
    reader = PacketReader(packets.append, rest.append)
    for start in range(0, len(data), piece):
        reader.feed(data[start : start + piece])
    reader.end()
    return packets, b"".join(rest), reader


def test_the_example_of_the_description_is_understood() -> None:
    assert split(EXAMPLE)[0] == [Packet("foo", "exists", None, None, None)]
    assert packet("foo", "exists") != EXAMPLE  # which says that the test can be run, too
    assert split(packet("foo", "exists"))[0] == split(EXAMPLE)[0]


@pytest.mark.parametrize("piece", [1, 5, 1 << 20])
def test_packets_and_lines_are_told_apart(piece: int) -> None:
    full = packet("a", "fail", 7, b"\xb3\n" * 9_000, tags=[b"one", b"two" * 30], mime=b"text/plain", route=b"0/1")
    stream = b"begin\n" + full + EXAMPLE + b"\xb3 no packet\nin a line " + EXAMPLE + b"\n" + packet(None) + b"end"

    packets, rest, reader = split(stream, piece)

    assert packets == [
        Packet("a", "fail", 7 * 10**9 + 500, "text/plain", b"\xb3\n" * 9_000),
        Packet("foo", "exists", None, None, None),
        Packet(None, None, None, None, None),
    ]
    assert rest == b"begin\n\xb3 no packet\nin a line " + EXAMPLE + b"\nend"
    assert (reader.packets, reader.broken) == (3, 1)


@pytest.mark.parametrize("at", range(len(EXAMPLE)))
def test_a_damaged_packet_is_ordinary_output(at: int) -> None:
    damaged = EXAMPLE[:at] + bytes([EXAMPLE[at] ^ 0x10]) + EXAMPLE[at + 1 :]

    packets, rest, _ = split(damaged + b"\n" + EXAMPLE)

    assert (packets[-1:], len(packets)) == ([Packet("foo", "exists", None, None, None)], 1)
    assert rest == damaged + b"\n"


@pytest.mark.parametrize("cut", range(1, len(EXAMPLE)))
def test_a_packet_that_is_cut_is_ordinary_output(cut: int) -> None:
    packets, rest, _ = split(EXAMPLE + EXAMPLE[:cut])

    assert (len(packets), rest) == (1, EXAMPLE[:cut])


def test_output_full_of_signatures_is_given_up() -> None:
    claims = (b"\xb3\x20\x00\xbf\xff\xff\n") * 50_000

    packets, rest, reader = split(claims + EXAMPLE)

    assert (packets, rest, reader.broken) == ([], claims + EXAMPLE, 100)


def read_subunit(*packets: bytes) -> tuple[list[Outcome], SubunitReader]:
    found: list[Outcome] = []
    reader = SubunitReader(found.append)
    stream = PacketReader(reader.packet, lambda data: reader.line(data.decode()))
    for data in packets:
        stream.feed(data)
    stream.end()
    reader.end()
    return found, reader


def test_tests_of_version_2_are_counted_and_timed() -> None:
    found, reader = read_subunit(
        packet("a", "exists"),
        packet("a", "inprogress", 10),
        packet("b", "inprogress", 11),
        packet("b", None, None, b"Traceb", mime=b"text/x-traceback"),
        packet("b", None, None, b"ack\n", mime=b"text/x-traceback"),
        packet("b", None, None, b"\0\0", mime=b"image/png"),
        packet("a", "success", 12),
        packet("b", "fail", 15),
        packet("c", "skip"),
        packet("d", "xfail"),
        packet("e", "uxsuccess"),
        packet("f", "inprogress"),
    )

    assert found == [
        Outcome("a", GOOD, duration_ns=2 * 10**9),
        Outcome("b", BAD, duration_ns=4 * 10**9),
        Outcome("c", SKIPPED),
        Outcome("d", TODO),
        Outcome("e", SURPRISE),
        Outcome("f", ERROR),
    ]
    assert reader.total == 6
    assert reader.problems == ["failure: b", "Traceback\n", "uxsuccess: e", "error: f: the test never ended"]


def test_problems_are_bounded() -> None:
    reader = SubunitReader()
    for n in range(200):
        reader.packet(Packet(f"t{n}", "inprogress", None, None, None))
        reader.packet(Packet(f"t{n}", None, None, "text/plain", b"x" * 2**20))
        reader.packet(Packet(f"t{n}", "fail", None, None, None))

    assert reader.counts["failure"] == 200
    assert sum(map(len, reader.problems)) < 5 * 2**20
    assert reader.problems[-1] == "(there are more problems)"


def test_version_1_is_kept_as_results(runs: Runs) -> None:
    stream = "test: a\nsuccess: a\ntest: b\nfailure: b\ntest: c\nskip: c\ntest: d\nxfail: d\n"
    runs.one(SubunitShellCommand(command=saying(stream)))

    assert sets(runs) == [("tests", "pass_fail", "boolean", 2, 1, 1)]
    assert kept(runs) == [("a", None, None, "1"), ("b", None, None, "0"), ("d", None, None, "1")]


# -- whatever comes ---------------------------------------------------------------------------------

PIECES = st.lists(
    st.one_of(
        st.binary(max_size=30),
        st.sampled_from([EXAMPLE, b"\n", b"\xb3", b"\xb3\x29", packet("a", "fail", 3, b"x" * 70, mime=b"text/plain")]),
    ),
    max_size=12,
)


@given(PIECES, st.integers(1, 40))
def test_any_stream_is_split_the_same_in_pieces_of_any_length(pieces: list[bytes], length: int) -> None:
    stream = b"".join(pieces)

    packets, rest, reader = split(stream, length)

    assert (packets, rest) == split(stream)[:2]
    assert reader.packets == len(packets)
    assert len(rest) <= len(stream)
    assert bool(packets) == (len(rest) < len(stream))


@given(st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(REPORT.split()), max_size=30).map(b" ".join)))
def test_any_report_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(NotAReport):
        read_junit(data, 11)


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=60), max_size=20))
def test_any_lines_are_read(lines: list[str]) -> None:
    found, reader = read_tap(*lines)
    subunit, trial, prove = SubunitReader(found.append), TrialTestCaseCounter(found.append), ProveReader(found.append)
    for line in lines:
        subunit.line(line)
        trial.outLineReceived(line)
        prove.line(line)
    subunit.end()

    assert reader.tests <= len(found)
    assert all(outcome.name for outcome in found)


# -- trial, prove, pylint ---------------------------------------------------------------------------


def test_each_test_of_trial_is_told() -> None:
    found: list[Outcome] = []
    counter = TrialTestCaseCounter(found.append)
    for line in (
        "pkg.test_a.A.test_ok ... [OK]",
        "pkg.test_a.A.test_says ... hello",
        "more of it ... and more",
        "[ERROR]",
        "pkg.test_a.A.test_todo ... [TODO]",
        "pkg.test_a.A.test_wow ...    [SUCCESS!?!]",
        "pkg.test_b",
        "  Case",
        "    test_one ...                      [SKIPPED]",
        "    test_two ...                      [FAIL]",
        "  Other",
        "    test_one ...                      [FAILURE]",
        "=" * 79,
        "[ERROR]",
        "pkg.test_a.A.no_test ... [OK]",
    ):
        counter.outLineReceived(line)

    assert found == [
        Outcome("pkg.test_a.A.test_ok", GOOD),
        Outcome("pkg.test_a.A.test_says", ERROR),
        Outcome("pkg.test_a.A.test_todo", TODO),
        Outcome("pkg.test_a.A.test_wow", SURPRISE),
        Outcome("pkg.test_b.Case.test_one", SKIPPED),
        Outcome("pkg.test_b.Case.test_two", BAD),
        Outcome("pkg.test_b.Other.test_one", BAD),
    ]
    assert counter.numTests == 7


PROVE = """\
t/bad.t ......
Dubious, test returned 1 (wstat 256, 0x100)
Failed 1/3 subtests
t/with space.t .. ok
t/timed.t .. ok       18 ms
t/skipped.t .. skipped: not here
t/verbose.t ..
1..1
ok 1 - one
ok
t/empty.t .. No subtests run

Test Summary Report
-------------------
t/bad.t    (Wstat: 256 (exited 1) Tests: 3 Failed: 1)
Files=6, Tests=7,  2 wallclock secs
Result: FAIL
"""


def test_each_file_of_prove_is_told() -> None:
    found: list[Outcome] = []
    reader = ProveReader(found.append)
    for line in PROVE.splitlines():
        reader.line(line)

    assert [(outcome.name, outcome.kind) for outcome in found] == [
        ("t/bad.t", BAD),
        ("t/with space.t", GOOD),
        ("t/timed.t", GOOD),
        ("t/skipped.t", SKIPPED),
        ("t/verbose.t", GOOD),
        ("t/empty.t", BAD),
    ]


def test_files_of_prove_are_kept(runs: Runs) -> None:
    runs.one(PerlModuleTest(command=saying(PROVE, 1)))

    assert kept(runs)[:2] == [("t/bad.t", "t/bad.t", None, "0"), ("t/with space.t", "t/with space.t", None, "1")]
    assert sets(runs) == [("tests", "pass_fail", "boolean", 3, 2, 1)]


def test_messages_of_pylint_are_kept_with_their_place(runs: Runs) -> None:
    output = (
        "x.py:3:0: C0114: Missing (missing)\ny.py:4: [E1101, f] bad\nC0301: no place\n" + "z.py:9999999999: W0611: x\n"
    )
    runs.run(PyLint(command=saying(output)), PyLint(command=saying(output), store_results=False, name="again"))

    assert sets(runs) == [("Pylint warnings", "code_issue", "message", 0, 2, 1)]
    assert kept(runs) == [
        (None, "x.py", 3, "x.py:3:0: C0114: Missing (missing)"),
        (None, "y.py", 4, "y.py:4: [E1101, f] bad"),
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: JUnitReports(command="x"), "reports must be a string or a list"),
        (lambda: JUnitReports(reports=[]), "reports must name at least one file"),
        (lambda: JUnitReports(reports="x", failureOnNoTests="no"), "failureOnNoTests"),
        (lambda: TapShellCommand(command="x", store_results="yes"), "store_results"),
        (lambda: TapShellCommand(), "command must be given"),
        (lambda: SubunitShellCommand(command="x", store_results=1), "store_results"),
        (lambda: Trial(testpath=None, tests="x", store_results=None), "store_results"),
    ],
)
def test_wrong_arguments_are_named(make: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
