"""What is written to a spool is read again, whatever happened in between."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildmill.worker.spool.layout import Layout, read_lease
from buildmill.worker.spool.reader import SpoolReader
from buildmill.worker.spool.records import Entry, SpoolDamaged
from buildmill.worker.spool.tombs import KEPT_SECONDS, Tombs
from buildmill.worker.spool.writer import SpoolWriter, Unnumbered

RECORDS: list[Unnumbered] = [("h", b"begin\n", 1), ("o", b"out", 2), ("l:a log", b"line\n", 3), ("e", b"", 4)]
FINAL: list[Unnumbered] = [("s", b"\x81", 5), ("f", b"\x80", 6)]

records = st.lists(
    st.tuples(st.sampled_from(["o", "e", "h", "s", "l:x", "l:ä name"]), st.binary(max_size=200), st.integers(0, 2**63)),
    max_size=12,
)


def numbered(records: list[Unnumbered]) -> list[Entry]:
    return [Entry(number, *record) for number, record in enumerate(records, 1)]


def everything(directory: Path | str, first: int = 1, max_bytes: int = 1 << 20) -> list[Entry]:
    reader = SpoolReader(str(directory))
    found: list[Entry] = []
    while entries := reader.read_blocking(first + len(found), max_bytes):
        found += entries
    return found


@settings(max_examples=60)
@given(batches=st.lists(records, max_size=5), segment=st.sampled_from([1, 100, 1 << 20]), most=st.integers(1, 500))
def test_what_is_written_is_read(batches: list[list[Unnumbered]], segment: int, most: int) -> None:
    with TemporaryDirectory() as directory:
        writer = SpoolWriter(directory, segment_bytes=segment)
        for batch in batches:
            assert writer.append(batch)
        assert writer.finish(FINAL)
        wanted = numbered([record for batch in batches for record in batch] + FINAL)

        assert everything(directory, max_bytes=most) == wanted
        assert SpoolReader(directory).scan_blocking()[:2] == (len(wanted), True)
        for first in range(1, len(wanted) + 2):
            assert everything(directory, first) == wanted[first - 1 :]


def test_a_cut_at_any_byte_leaves_whole_records_and_writing_goes_on(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    writer = SpoolWriter(str(whole))
    assert writer.append(RECORDS)
    writer.close()
    size = (whole / "00000001.seg").stat().st_size
    for length in range(size + 1):
        torn = tmp_path / "torn"
        shutil.copytree(whole, torn)
        os.truncate(torn / "00000001.seg", length)
        found = everything(torn)
        again = SpoolWriter(str(torn))
        assert again.append([("o", b"more", 9)])
        assert again.finish(FINAL)

        assert found == numbered(RECORDS)[: len(found)]
        assert everything(torn) == numbered([*RECORDS[: len(found)], ("o", b"more", 9), *FINAL])
        shutil.rmtree(torn)
    assert found == numbered(RECORDS)


def test_a_change_of_any_byte_is_seen(tmp_path: Path) -> None:
    writer = SpoolWriter(str(tmp_path))
    writer.append(RECORDS)
    writer.finish(FINAL)
    segment = tmp_path / "00000001.seg"
    content = segment.read_bytes()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 0x41
        segment.write_bytes(changed)

        with pytest.raises(SpoolDamaged):
            everything(tmp_path)


def test_reader_follows_a_writer_from_segment_to_segment(tmp_path: Path) -> None:
    writer, reader = SpoolWriter(str(tmp_path), segment_bytes=50), SpoolReader(str(tmp_path))
    assert reader.read_blocking(1, 100) == []
    for number in range(1, 30):
        writer.append([("o", b"%d" % number, number)])
        assert reader.read_blocking(number, 100) == [Entry(number, "o", b"%d" % number, number)]
        assert reader.read_blocking(number + 1, 100) == []
    writer.close()

    assert [entry.number for entry in reader.read_blocking(5, 1000)][:2] == [5, 6]


def test_a_single_record_larger_than_wanted_comes_alone(tmp_path: Path) -> None:
    writer = SpoolWriter(str(tmp_path))
    writer.append([("o", bytes(1000), 1), ("o", b"x", 2)])
    writer.close()

    assert [len(entry.data) for entry in SpoolReader(str(tmp_path)).read_blocking(1, 10)] == [1000]


def test_session_numbers_grow_and_the_installation_keeps_its_name(tmp_path: Path) -> None:
    first = Layout(str(tmp_path))
    first.create_blocking()
    numbers = [first.next_session_blocking(), first.next_session_blocking()]
    second = Layout(str(tmp_path))
    second.create_blocking()
    numbers.append(second.next_session_blocking())

    assert numbers == [1, 2, 3]
    assert first.install_id_blocking() == second.install_id_blocking()
    assert (tmp_path / ".bm").stat().st_mode & 0o777 == 0o700


def test_lease_is_overwritten_in_place(tmp_path: Path) -> None:
    layout = Layout(str(tmp_path))
    layout.create_blocking()
    assert read_lease(layout.lease) == 0.0
    layout.write_lease_blocking(12.5)
    with open(layout.lease, "rb") as held:
        layout.write_lease_blocking(99.25)

        assert read_lease(layout.lease) == 99.25
        assert len(held.read()) == 8


def test_forgotten_ones_are_remembered_for_a_week(tmp_path: Path) -> None:
    path = str(tmp_path / "tomb.log")
    tombs = Tombs(path, now=1000.0)
    tombs.add_blocking("a", 1000.0)
    tombs.add_blocking("b", 2000.0)

    assert set(Tombs(path, now=2000.0)) == {"a", "b"}
    assert set(Tombs(path, now=1500.0 + KEPT_SECONDS)) == {"b"}
    assert "a" not in (tmp_path / "tomb.log").read_text()
