"""The words of the durable extension on the wire."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.common.errors import ProtocolError
from buildmill.common.protocol import BadRequest, IncomingRequest, Limits, Request, decode, encode_request
from buildmill.common.protocol import durable as wire

NUMBERS = st.integers(0, 2**63 - 1)
UIDS = st.text(min_size=1, max_size=20)
RECORDS = st.lists(st.tuples(st.sampled_from(["o", "e", "h", "l:log", "s", "f"]), st.binary(), NUMBERS), max_size=5)


def data(uid: str, fence: int, first: int, records: list[wire.Record]) -> wire.Data:
    return wire.Data(cmd_uid=uid, fence=fence, first=first, records=records, crc32=wire.checksum(records))


MESSAGES: st.SearchStrategy[Request] = st.one_of(
    st.builds(
        wire.Hello,
        version=NUMBERS,
        cluster_id=UIDS,
        master_id=NUMBERS,
        master_boot=UIDS,
        server_time=st.floats(0, 1e10),
    ),
    st.builds(
        wire.Welcome,
        session=NUMBERS,
        lease_grant=st.floats(0, 1e6),
        actions=st.lists(st.builds(wire.Action, op=st.sampled_from(["resume", "forget"]), cmd_uid=UIDS), max_size=3),
    ),
    st.builds(
        wire.Start,
        cmd_uid=UIDS,
        fence=NUMBERS,
        command_name=UIDS,
        args=st.dictionaries(UIDS, NUMBERS, max_size=3),
        args_digest=UIDS,
        mask=st.lists(UIDS, max_size=2),
    ),
    st.builds(wire.Resume, cmd_uid=UIDS, fence=NUMBERS, acked=NUMBERS),
    st.builds(data, UIDS, NUMBERS, NUMBERS, RECORDS),
    st.builds(wire.Kill, cmd_uid=UIDS, fence=NUMBERS, why=UIDS, abort=st.booleans()),
    st.builds(wire.Forget, cmd_uid=UIDS),
    st.builds(wire.Beat, session=NUMBERS, n=NUMBERS, running=NUMBERS, spool_used=NUMBERS),
    st.builds(wire.Drain, why=UIDS),
)


@given(number=NUMBERS, message=MESSAGES)
def test_a_message_survives_the_wire(number: int, message: Request) -> None:
    assert decode(encode_request(number, message)) == IncomingRequest(number, message)


def packed(op: str, **fields: object) -> bytes:
    return msgspec.msgpack.encode({"op": op, "seq_number": 1, **fields})


def test_a_missing_key_is_named_in_the_answer() -> None:
    assert decode(packed("bm_forget")) == BadRequest(1, "'message did not contain obligatory \"cmd_uid\" key'")


def test_a_key_of_the_wrong_type_ends_the_connection() -> None:
    with pytest.raises(ProtocolError, match="bm_forget: Expected `str`, got `int`"):
        decode(packed("bm_forget", cmd_uid=7))


def test_unknown_keys_are_ignored() -> None:
    assert decode(packed("bm_forget", cmd_uid="a", colour="red")) == IncomingRequest(1, wire.Forget(cmd_uid="a"))


def test_records_that_were_damaged_on_the_way_end_the_connection() -> None:
    fields = {"cmd_uid": "a", "fence": 1, "first": 1, "records": [["o", b"abc", 1]], "crc32": 1}
    with pytest.raises(ProtocolError, match="wrong checksum"):
        decode(packed("bm_data", **fields))


def test_arguments_nest_no_deeper_than_the_limit_says() -> None:
    start = wire.Start(cmd_uid="a", fence=0, command_name="shell", args={"x": [[[[]]]]}, args_digest="d")
    with pytest.raises(ProtocolError, match="nested too deeply"):
        decode(encode_request(1, start), Limits(depth=4))


def test_a_final_record_says_whether_the_end_is_known() -> None:
    ended = wire.decode_final(wire.encode_final(wire.Final(how="exit", rc=3)))
    assert (ended.rc, ended.is_known) == (3, True)
    assert not wire.Final(how="lost").is_known
    assert not wire.Final(how="expired").is_known
