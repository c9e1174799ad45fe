"""Both ways of output over the wire: order, completeness, limits."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from buildmill.common.errors import RemoteError
from buildmill.worker.lines import LineRules
from buildmill.worker.outbox import Outbox
from buildmill.worker.senders import HIGH_WATER, ByteSender, LineSender
from tests.unit.worker.wire import Master

STEPS = st.lists(
    st.tuples(st.sampled_from(["stdout", "stderr", "log"]), st.binary(max_size=40), st.booleans()), max_size=30
)


class Setup:
    def __init__(self, **options: Any) -> None:
        self.clock = Clock()
        self.master = Master()
        self.outbox = Outbox(self.master.call, max_requests=options.pop("max_requests", 16))
        self.broken: list[Failure] = []
        self.options = options

    def bytes(self) -> ByteSender:
        return ByteSender(
            command_id="1", outbox=self.outbox, clock=self.clock, broken=self.broken.append, **self.options
        )

    def lines(self) -> LineSender:
        return LineSender(
            command_id="1",
            outbox=self.outbox,
            clock=self.clock,
            broken=self.broken.append,
            rules=LineRules(),
            **self.options,
        )


def _bytes_by_stream(pairs: list[list[Any]]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for key, content in pairs:
        data = content[1] if key == "log" else content[0]
        found[key] = found.get(key, b"") + data
    return found


@example([("stdout", bytes(6), False), ("stdout", bytes(22), False)], 27)
@given(STEPS, st.integers(1, 64))
def test_bytes_in_are_bytes_out(steps: list[tuple[str, bytes, bool]], max_bytes: int) -> None:
    setup = Setup(max_bytes=max_bytes)
    sender = setup.bytes()
    expected: dict[str, bytes] = {}

    for stream, data, wait in steps:
        if stream == "log":
            sender.log("name", data)
        else:
            sender.write("stdout" if stream == "stdout" else "stderr", data)
        if data:
            expected[stream] = expected.get(stream, b"") + data
        if wait:
            setup.clock.advance(0.1)
    sender.finish()

    assert _bytes_by_stream(setup.master.pairs) == expected
    assert all(len(p[1][-2]) <= max_bytes for p in setup.master.pairs)


def test_a_short_command_is_one_update() -> None:
    setup = Setup()
    sender = setup.bytes()

    sender.write("header", b"h\n")
    sender.write("stdout", b"a")
    sender.write("stdout", b"b")
    sender.log("l", b"c")
    sender.value("rc", 0)
    done = sender.finish()

    assert done.called
    assert setup.master.updates == [
        [["header", [b"h\n", 0.0]], ["stdout", [b"ab", 0.0]], ["log", ["l", b"c", 0.0]], ["rc", 0]]
    ]


def test_output_is_live() -> None:
    setup = Setup()
    sender = setup.bytes()

    sender.write("stdout", b"a")
    assert setup.master.requests == []
    setup.clock.advance(0.1)

    assert setup.master.updates == [[["stdout", [b"a", 0.0]]]]


def test_large_output_goes_out_in_large_messages() -> None:
    setup = Setup()
    sender = setup.bytes()

    for _ in range(64):
        sender.write("stdout", bytes(65536))
    sender.finish()

    assert len(setup.master.updates) == 16


def test_no_more_than_the_limit_is_unanswered_and_order_is_kept() -> None:
    setup = Setup(max_requests=2, max_bytes=1)
    sender = setup.bytes()
    setup.master.holds = True

    for number in range(6):
        sender.write("stdout", bytes([number]))
    assert setup.master.unanswered == 2
    done = sender.finish()
    assert not done.called
    setup.master.answer_all()

    assert done.called
    assert _bytes_by_stream(setup.master.pairs) == {"stdout": bytes(range(6))}


def test_a_flood_of_one_command_does_not_starve_another() -> None:
    setup = Setup(max_requests=1, max_bytes=1)
    flood, other = setup.bytes(), setup.bytes()
    setup.master.holds = True

    for _ in range(10):
        flood.write("stdout", b"f")
    other.write("stdout", b"o")
    for _ in range(3):
        setup.master.answer()

    assert b"o" in [pair[1][0] for pair in setup.master.pairs]
    setup.master.answer_all()


def test_too_much_waiting_pauses_the_command_until_the_master_answers() -> None:
    setup = Setup(max_requests=1)
    sender = setup.bytes()
    calls: list[str] = []
    sender.on_flow(lambda: calls.append("pause"), lambda: calls.append("resume"))
    setup.master.holds = True

    while not sender.is_full:
        sender.write("stdout", bytes(65536))
    ready = sender.ready()

    assert calls == ["pause"]
    assert not ready.called
    assert sender._queued_bytes <= HIGH_WATER + 2 * 65536
    setup.master.answer_all()
    assert calls == ["pause", "resume"]
    assert ready.called


def test_small_output_for_a_slow_master_is_joined() -> None:
    setup = Setup(max_requests=1)
    sender = setup.bytes()
    setup.master.holds = True

    for _ in range(100):
        sender.write("stdout", b"x")
        setup.clock.advance(0.2)
    setup.master.answer_all()

    assert len(setup.master.updates) == 3
    assert _bytes_by_stream(setup.master.pairs) == {"stdout": b"x" * 100}


def test_a_refused_update_is_told_once_and_the_rest_is_dropped() -> None:
    setup = Setup(max_requests=1, max_bytes=1)
    sender = setup.bytes()
    setup.master.holds = True
    sender.write("stdout", b"ab")

    setup.master.refuse(RemoteError("unknown command_id"))
    sender.write("stdout", b"c")
    setup.clock.advance(1)

    assert [f.type for f in setup.broken] == [RemoteError]
    assert len(setup.master.requests) == 1
    assert sender.finish().called
    assert setup.clock.getDelayedCalls() == []


def test_lines_are_merged_and_come_before_the_exit_code() -> None:
    setup = Setup()
    sender = setup.lines()

    sender.write("stdout", b"a\nb")
    sender.write("stdout", b"b\nc")
    sender.write("stderr", b"e\n")
    sender.end_streams()
    sender.value("rc", 0)
    sender.finish()

    assert setup.master.updates == [
        [
            ["stdout", ["a\nbb\n", [1, 4], [0.0, 0.0]]],
            ["stderr", ["e\n", [1], [0.0]]],
            ["stdout", ["c\n", [1], [0.0]]],
            ["rc", 0],
        ]
    ]


def test_extra_logs_have_their_name() -> None:
    setup = Setup()
    sender = setup.lines()

    sender.log("l", b"x\n")
    sender.finish()

    assert setup.master.pairs == [["log", ["l", ["x\n", [1], [0.0]]]]]


def test_an_update_of_lines_stays_within_the_buffer_size() -> None:
    setup = Setup(max_cost=100)
    sender = setup.lines()

    sender.write("stdout", b"".join(b"line %d\n" % n for n in range(50)))
    sender.value("rc", 0)
    sender.finish()

    texts = [pair[1][0] for pair in setup.master.pairs if pair[0] == "stdout"]
    assert "".join(texts) == "".join(f"line {n}\n" for n in range(50))
    assert all(
        sum(len(p[1][0]) + 16 * len(p[1][1]) for p in u if p[0] == "stdout") <= 100 for u in setup.master.updates
    )


def test_lines_wait_for_the_buffer_timeout() -> None:
    setup = Setup(seconds=5)
    sender = setup.lines()

    sender.write("stdout", b"x\n")
    setup.clock.advance(4.9)
    assert setup.master.requests == []
    setup.clock.advance(0.2)

    assert setup.master.pairs == [["stdout", ["x\n", [1], [0.0]]]]


@given(STEPS)
def test_text_of_lines_is_complete(steps: list[tuple[str, bytes, bool]]) -> None:
    setup = Setup(max_cost=64)
    sender = setup.lines()
    expected = b""

    for _, data, wait in steps:
        clean = data.translate(None, b"\r\x08\x1b")
        sender.write("stdout", clean)
        expected += clean
        if wait:
            setup.clock.advance(5)
    sender.finish()

    text = "".join(pair[1][0] for pair in setup.master.pairs)
    wanted = expected.decode("utf-8", "replace")
    assert text == (wanted if wanted.endswith("\n") or not wanted else wanted + "\n")
