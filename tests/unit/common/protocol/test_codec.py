"""The codec: every byte string is understood or refused with `ProtocolError`, and nothing else happens."""

from __future__ import annotations

import contextlib

import msgpack
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildmill.common.errors import InvalidInput, ProtocolError
from buildmill.common.protocol import (
    ALL_OPS,
    FROM_WORKER,
    BadRequest,
    Complete,
    Dropped,
    GetWorkerInfo,
    IncomingRequest,
    InterruptCommand,
    Keepalive,
    Limits,
    Print,
    ReadFile,
    ReadFileClose,
    Request,
    Response,
    SetWorkerSettings,
    Shutdown,
    StartCommand,
    Update,
    UploadDirectoryUnpack,
    UploadDirectoryWrite,
    UploadFileClose,
    UploadFileUtime,
    UploadFileWrite,
    WorkerSettings,
    decode,
    encode_error,
    encode_request,
    encode_response,
)

fuzz = settings(deadline=None)  # a busy machine is not a bug

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | texts
    | st.binary(max_size=20)
)
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner, max_size=4), max_leaves=8)
seconds = st.floats(allow_nan=False)
requests: st.SearchStrategy[Request] = st.one_of(
    st.builds(Print, texts),
    st.builds(Keepalive),
    st.builds(GetWorkerInfo),
    st.builds(
        SetWorkerSettings,
        st.builds(
            WorkerSettings,
            buffer_size=st.integers(0, 2**40),
            buffer_timeout=seconds,
            max_line_length=st.integers(0, 2**40),
            newline_re=texts,
            buildmill_output=st.just(msgspec.UNSET) | st.integers(1, 9),
        ),
    ),
    st.builds(StartCommand, texts, texts, st.dictionaries(texts, values, max_size=4), st.none() | texts),
    st.builds(InterruptCommand, texts, texts, st.none() | texts),
    st.builds(Shutdown),
    st.builds(Update, texts, st.lists(values)),
    st.builds(Complete, texts, st.none() | texts),
    st.builds(UploadFileWrite, texts, st.binary()),
    st.builds(UploadFileClose, texts),
    st.builds(UploadFileUtime, texts, seconds, seconds),
    st.builds(UploadDirectoryWrite, texts, st.binary()),
    st.builds(UploadDirectoryUnpack, texts),
    st.builds(ReadFile, texts, st.integers(0, 2**40)),
    st.builds(ReadFileClose, texts),
)


def pack(**document: object) -> bytes:
    packed = msgpack.packb(document, use_bin_type=True)
    assert isinstance(packed, bytes)
    return packed


def nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


@fuzz
@given(st.binary(max_size=200))
def test_any_bytes_are_understood_or_refused(data: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        decode(data)


keys = st.sampled_from(
    [
        "op",
        "seq_number",
        "result",
        "is_exception",
        "message",
        "args",
        "command_id",
        "command_name",
        "builder_name",
        "why",
        "access_time",
        "modified_time",
        "length",
        "other",
    ]
)


@fuzz
@given(
    st.dictionaries(keys, values),
    st.none() | st.sampled_from(sorted(ALL_OPS | {"response", "x"})),
    st.none() | st.integers(),
    st.binary(max_size=3),
    st.integers(0, 300),
)
def test_any_map_even_a_damaged_one_is_understood_or_refused(
    document: dict[str, object], op: str | None, number: int | None, noise: bytes, place: int
) -> None:
    if op is not None:
        document["op"] = op
    if number is not None and -(2**63) <= number < 2**64:
        document["seq_number"] = number
    data = pack(**document)

    for variant in (data, data[:place] + noise + data[place + len(noise) :]):
        with contextlib.suppress(ProtocolError):
            decode(variant)


@fuzz
@given(st.integers(0, 2**63), requests)
def test_a_request_survives_the_wire(number: int, message: Request) -> None:
    assert decode(encode_request(number, message)) == IncomingRequest(number, message)


@fuzz
@given(st.integers(0, 2**63), values)
def test_an_answer_survives_the_wire(number: int, result: object) -> None:
    assert decode(encode_response(number, result)) == Response(number, result, False)


@fuzz
@given(st.text())
def test_an_error_can_always_be_told(text: str) -> None:
    expected = text.encode("utf-8", "replace").decode()

    assert decode(encode_error(3, text)) == Response(3, expected, True)


def test_what_we_send_is_what_the_reference_library_reads() -> None:
    payload = encode_request(7, UploadFileWrite("1", b"\x00\xff"))

    assert msgpack.unpackb(payload, raw=False) == {
        "op": "update_upload_file_write",
        "seq_number": 7,
        "command_id": "1",
        "args": b"\x00\xff",
    }


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (StartCommand("1", "shell", {}), {"command_id": "1", "command_name": "shell", "args": {}}),
        (
            StartCommand("1", "shell", {}, "b"),
            {"command_id": "1", "command_name": "shell", "args": {}, "builder_name": "b"},
        ),
        (Complete("1", None), {"command_id": "1", "args": None}),
    ],
)
def test_an_absent_builder_is_not_on_the_wire_but_no_failure_is(message: Request, expected: dict[str, object]) -> None:
    assert msgpack.unpackb(encode_request(0, message)) == {"op": message.op, "seq_number": 0, **expected}


def test_the_output_extension_is_asked_for_only_when_it_is_wanted() -> None:
    plain = msgpack.unpackb(encode_request(0, SetWorkerSettings(WorkerSettings())))
    extended = msgpack.unpackb(encode_request(0, SetWorkerSettings(WorkerSettings(buildmill_output=1))))

    assert sorted(plain["args"]) == ["buffer_size", "buffer_timeout", "max_line_length", "newline_re"]
    assert extended["args"] == {**plain["args"], "buildmill_output": 1}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (b"\xc1", "not a message"),
        (b"\x90", "not a message"),
        (b"\xc0", "not a message"),
        (b"\x80\x80", "trailing"),
        (b"\x81\xa2op\xa1\xff", "utf-8"),  # msgspec says it in other words from version to version
        (b"\x81\x01\x02", "key"),
        (b"\xdf\xff\xff\xff\xff", "truncated"),
        (pack(op=1, seq_number=0), "op: expected str, got int"),
        (pack(op="print", seq_number="0", message=""), "seq_number: expected"),
        (pack(op="print", seq_number=True, message=""), "seq_number: expected"),
        (pack(op="print", seq_number=-1, message=""), "seq_number: expected"),
        (pack(op="print", seq_number=0, message=b"x"), "message: expected str, got bytes"),
        (pack(op="update", seq_number=0, command_id=5, args=[]), "command_id: expected str, got int"),
        (pack(op="update", seq_number=0, command_id="5", args={}), "args: expected list, got dict"),
        (pack(op="complete", seq_number=0, command_id="5", args=3), "args: expected str, got int"),
        (pack(op="update_upload_file_write", seq_number=0, command_id="5", args="x"), "expected bytes"),
        (
            pack(op="update_upload_file_utime", seq_number=0, command_id="5", access_time="x"),
            "access_time: expected float, got str",
        ),
        (pack(op="update_read_file", seq_number=0, command_id="5", length=1.5), "length: expected int"),
        (
            pack(op="start_command", seq_number=0, command_id="5", command_name="x", args={}, builder_name=1),
            "builder_name: expected str, got int",
        ),
        (pack(op="response", seq_number=0), "response without result"),
        (pack(op="response", seq_number=0, result=None, is_exception=1), "is_exception: expected bool"),
        (pack(op="response", seq_number=0, result=None, is_exception=True), "result: expected str"),
        (
            pack(
                op="set_worker_settings",
                seq_number=0,
                args={"buffer_size": "x", "buffer_timeout": 5, "newline_re": "", "max_line_length": 1},
            ),
            "args: Expected `int`, got `str` - at `$.buffer_size`",
        ),
    ],
)
def test_a_malformed_message_is_refused_with_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ProtocolError) as error:
        decode(data)

    assert reason.casefold() in str(error.value).casefold()
    assert error.value.code == 1002


def test_a_message_over_the_limit_is_refused_as_too_big() -> None:
    limits = Limits(message_bytes=1024)
    longest = pack(op="x", seq_number=0, other=b"x" * (1024 - 27))

    assert len(longest) == 1024
    assert isinstance(decode(longest, limits), BadRequest)
    with pytest.raises(ProtocolError) as error:
        decode(longest + b" ", limits)
    assert error.value.code == 1009


@pytest.mark.parametrize("filling", [[], [1] * 20, [1.5] * 20])
def test_containers_nest_as_deep_as_the_limit_says_and_no_deeper(filling: list[object]) -> None:
    limits = Limits(depth=8)

    # the message is level 1, args level 2
    decode(pack(op="update", seq_number=0, command_id="1", args=[*filling, nested(6)]), limits)
    with pytest.raises(ProtocolError, match="nested too deeply"):
        decode(pack(op="update", seq_number=0, command_id="1", args=[*filling, nested(7)]), limits)
    with pytest.raises(ProtocolError, match="nested too deeply"):
        decode(pack(op="response", seq_number=0, result={"a": nested(7)}), limits)


@pytest.mark.parametrize("key", [b"\xa4args", b"\xa5other"])
@pytest.mark.parametrize("opening", [b"\x91", b"\x81\xa1k", b"\x81\x91"])
def test_hostile_nesting_is_refused_wherever_it_stands(key: bytes, opening: bytes) -> None:
    data = b"\x84\xa2op\xa6update\xaaseq_number\x00\xaacommand_id\xa11" + key + opening * 1_000_000 + b"\xc0" * 9

    with pytest.raises(ProtocolError):
        decode(data)


@pytest.mark.parametrize(
    "value",
    [
        msgpack.ExtType(5, b"x"),
        msgpack.Timestamp(5),
        [msgpack.ExtType(5, b"x")],
        [*range(20), msgpack.Timestamp(5)],
        {"a": [msgpack.Timestamp(5)]},
    ],
)
def test_extension_types_are_refused(value: object) -> None:
    with pytest.raises(ProtocolError, match="extension types"):
        decode(pack(op="response", seq_number=0, result=value))


@pytest.mark.parametrize("value", [{1: 2}, [{b"x": 1}], {"a": {None: 1}}, {"a": 1, (1,): 2}])
def test_keys_other_than_text_are_refused(value: object) -> None:
    with pytest.raises(ProtocolError, match="map key"):
        decode(pack(op="response", seq_number=0, result=value))


def test_long_lists_of_mixed_scalars_are_taken() -> None:
    value = [*range(20), "x", None, b"", 1.5, True]

    assert decode(pack(op="response", seq_number=0, result=value)) == Response(0, value, False)


@pytest.mark.parametrize(
    ("data", "reason"), [(pack(x=1), "op"), (pack(seq_number=0), "op"), (pack(op="print"), "seq_number")]
)
def test_what_cannot_be_answered_is_dropped(data: bytes, reason: str) -> None:
    assert decode(data) == Dropped(f"message without {reason}")


@pytest.mark.parametrize("op", ["nope", "auth", "keepalive", "shutdown", ""])
def test_an_operation_that_is_not_accepted_does_not_exist(op: str) -> None:
    answer = decode(pack(op=op, seq_number=4, message="x"), accepted=FROM_WORKER)

    assert answer == BadRequest(4, f"Command {op} does not exist.")


REQUIRED = {
    "print": ["message"],
    "set_worker_settings": ["args"],
    "start_command": ["command_id", "command_name", "args"],
    "interrupt_command": ["command_id", "why"],
    "update": ["command_id", "args"],
    "complete": ["command_id", "args"],
    "update_upload_file_write": ["command_id", "args"],
    "update_upload_file_close": ["command_id"],
    "update_upload_file_utime": ["command_id", "access_time", "modified_time"],
    "update_upload_directory_write": ["command_id", "args"],
    "update_upload_directory_unpack": ["command_id"],
    "update_read_file": ["command_id", "length"],
    "update_read_file_close": ["command_id"],
}
GOOD: dict[str, object] = {
    "message": "x",
    "command_id": "1",
    "command_name": "shell",
    "why": "because",
    "access_time": 1,
    "modified_time": 2.5,
    "length": 3,
}


@pytest.mark.parametrize(("op", "missing"), [(op, key) for op, needed in REQUIRED.items() for key in needed])
def test_a_missing_key_is_named_in_the_answer(op: str, missing: str) -> None:
    document = {key: GOOD.get(key) for key in REQUIRED[op] if key != missing}
    if "args" in document:
        document["args"] = {"update": [], "complete": None, "start_command": {}}.get(op, b"")

    answer = decode(pack(op=op, seq_number=4, **document))

    assert answer == BadRequest(4, f"'message did not contain obligatory \"{missing}\" key'")


@pytest.mark.parametrize("missing", ["buffer_size", "buffer_timeout", "newline_re", "max_line_length"])
def test_a_missing_setting_is_named_in_the_answer(missing: str) -> None:
    args = {"buffer_size": 1, "buffer_timeout": 1, "newline_re": "x", "max_line_length": 1}
    del args[missing]

    answer = decode(pack(op="set_worker_settings", seq_number=4, args=args))

    assert answer == BadRequest(4, f"'message did not contain obligatory \"{missing}\" key'")


@pytest.mark.parametrize("value", ["\ud800", 2**70, object(), nested(5000), {"x": {1, 2}.__iter__()}])
def test_what_the_wire_cannot_carry_is_told_to_the_sender(value: object) -> None:
    with pytest.raises(InvalidInput, match="result: cannot be sent"):
        encode_response(0, value)
    with pytest.raises(InvalidInput, match="update: cannot be sent"):
        encode_request(0, Update("1", [value]))
