"""Searches find what a look at each line finds, however the log is cut up, and whatever happens meanwhile."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime

from buildmill.common.errors import InvalidInput
from buildmill.master.db import logs
from buildmill.master.db import tables as t
from buildmill.master.db.lanes import Lanes
from buildmill.master.domain.log_hits import LogHit
from buildmill.master.logs import DamagedLog, LogStore
from buildmill.master.logs.compaction import compact
from buildmill.master.logs.expressions import needed_text
from buildmill.master.logs.files import FolderLogFiles
from buildmill.master.logs.patterns import matcher
from buildmill.master.logs.pursuit import Pursuit
from buildmill.master.logs.reading import FrameCache, Reader
from buildmill.master.logs.searching import Search, SearchedPart, Searcher
from tests.database import NOW, Stage


class LateLane:
    """Does its work after a number of turns of the clock that is another one each time."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self.turns = [0]
        self.begun = self.waiting = 0

    def run(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        def go_on() -> None:
            self.waiting -= 1
            done(work())

        self._after(self.turns[self.begun % len(self.turns)], go_on)
        self.begun += 1
        self.waiting += 1

    def _after(self, turns: int, what: Callable[[], None]) -> None:
        if turns:
            self._clock.callLater(0, self._after, turns - 1, what)
        else:
            self._clock.callLater(0, what)

    def stop(self) -> Deferred[None]:
        return succeed(None)


class CountedFiles(FolderLogFiles):
    """Log files that know how often they were read."""

    reads = 0

    def read_blocking(self, log_id: int, offset: int, length: int) -> bytes:
        self.reads += 1
        return super().read_blocking(log_id, offset, length)


class Scene:
    """A log store in a folder, and searches in small stretches."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.files = CountedFiles(folder)
        self.store = LogStore(
            database=stage.database, directory=folder, clock=stage.clock, bus=stage.bus, files=self.files
        )
        self.reader = Reader(self.files, FrameCache())
        self.lanes = [LateLane(stage.clock), LateLane(stage.clock)]

    def write(self, *writes: tuple[str, bytes], is_finished: bool = True) -> int:
        """A log with a frame, at least, for each write."""
        writer = self.store.writer(self.stage.add_log())
        for stream, output in writes:
            writer.write(stream, output, NOW)
            self.stage.result(writer.flush())
        if is_finished:
            self.stage.result(writer.finish())
        return writer.log.logid

    def pursuit(self, log: int, search: Search, stretch_bytes: int = 200) -> Pursuit:
        return Pursuit(
            database=self.stage.database, searcher=Searcher(self.reader), lanes=Lanes(self.lanes), log_id=log,
            search=search, first_bytes=stretch_bytes, most_bytes=4 * stretch_bytes,
        )  # fmt: skip

    def search(self, log: int, search: Search) -> list[SearchedPart]:
        return self.stage.collect(self.pursuit(log, search).parts())


@pytest.fixture
def scene(memory: Stage, tmp_path: Path) -> Scene:
    return Scene(memory, tmp_path)


def wanted(text: str, *, is_expression: bool = False, ignores_case: bool = False, **more: Any) -> Search:
    return Search(matcher=matcher(text, is_expression=is_expression, ignores_case=ignores_case), **more)


class Line(NamedTuple):
    number: int
    stream: str
    text: str


def lines_of(scene: Scene, log: int) -> list[Line]:
    """Every line, by a way that knows nothing of searching."""
    text = scene.stage.result(scene.store.contents(log))
    return [Line(number, line[0], line[1:]) for number, line in enumerate(text.split("\n")[:-1])]


# what both RE2 and Python understand alike, in lines of few letters, so that something is found
letters = st.sampled_from(["a", "b", "A", "é", " ", "x", "1 :", "- -"])
texts = st.lists(letters, min_size=1, max_size=5).map("".join)
atoms = st.one_of(
    texts,
    st.sampled_from([".", "^", "$", r"\b", r"\w", r"\s", "[ab]", "[^a]", "a+", "x*", "b?", "a{2}", r"\.", "(?:ab|x)"]),
)
expressions = st.lists(atoms, min_size=1, max_size=5).map("".join) | st.tuples(texts, texts).map("|".join)
outputs = st.lists(texts | st.just(""), min_size=1, max_size=12).map(lambda lines: "\n".join(lines).encode())
writes = st.lists(
    st.tuples(st.sampled_from("oeh"), outputs | outputs.map(lambda text: text + b"\n")),
    min_size=1,
    max_size=8,
)


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    writes,
    st.one_of(st.tuples(st.just(False), texts), st.tuples(st.just(True), expressions)),
    st.booleans(),
    st.sampled_from(["oeh", "o", "eh"]),
    st.integers(0, 30),
    st.sampled_from([1, 2, 5, 1000]),
    st.sampled_from([0, 2]),
    st.lists(st.integers(0, 3), min_size=1, max_size=6),
)
def test_a_search_finds_what_a_look_at_each_line_finds(
    scene: Scene,
    given_writes: list[tuple[str, bytes]],
    what: tuple[bool, str],
    ignores_case: bool,
    streams: str,
    first: int,
    limit: int,
    context: int,
    turns: list[int],
) -> None:
    is_expression, text = what
    search = wanted(
        text, is_expression=is_expression, ignores_case=ignores_case, streams=frozenset(streams),
        first_line=first, limit=limit, context=context,
    )  # fmt: skip
    naive = re.compile(text if is_expression else re.escape(text), re.ASCII | (re.I if ignores_case else re.NOFLAG))
    scene.lanes[0].turns, scene.lanes[1].turns = turns, turns[::-1]
    log = scene.write(*given_writes)
    lines = lines_of(scene, log)

    parts = scene.search(log, search)

    expected = [line for line in lines[first:] if line.stream in streams and naive.search(line.text)][:limit]
    hits = hits_of(parts)
    assert [Line(hit.line, hit.stream, hit.text) for hit in hits] == expected
    for hit in hits:
        before, after = lines[max(0, hit.line - context) : hit.line], lines[hit.line + 1 : hit.line + 1 + context]
        assert [near.text for near in hit.before] == [line.text for line in before]
        assert [near.text for near in hit.after] == [line.text for line in after]
    assert [part.next_line for part in parts] == sorted(part.next_line for part in parts)
    is_full = len(hits) == limit
    assert parts[-1].next_line == (hits[-1].line + 1 if is_full else len(lines))


def hits_of(parts: Sequence[SearchedPart]) -> list[LogHit]:
    return [hit for part in parts for hit in part.hits]


def numbers_of(parts: Sequence[SearchedPart]) -> list[int]:
    return [hit.line for hit in hits_of(parts)]


def numbered(count: int, what: bytes = b"line") -> list[tuple[str, bytes]]:
    """A write of ten lines of 100 bytes for each ten of `count`."""
    lines = [b"%s %06d %s\n" % (what, number, b"." * (92 - len(what))) for number in range(count)]
    return [("o", b"".join(lines[first : first + 10])) for first in range(0, count, 10)]


@pytest.mark.parametrize(
    ("text", "ignores_case", "found"),
    [
        ("Line 12: k", True, (0, 10)),
        ("LINE 12: \N{KELVIN SIGN}", True, (0, 10)),
        ("LINE", True, (0, 4)),
        ("line 13: k", True, None),
        ("nine 12: k", True, None),
        ("line 12: k", False, (0, 10)),
        ("Line 12: k", False, None),
    ],
)
def test_many_lines_without_a_text_are_told_by_what_has_no_case(
    text: str, ignores_case: bool, found: tuple[int, int] | None
) -> None:
    what = matcher(text, is_expression=False, ignores_case=ignores_case)

    assert what.find_in_many(b"line 12: k\nother 12: m\n") == found


def test_a_long_log_is_looked_through_in_several_lanes_and_told_in_order(scene: Scene) -> None:
    scene.lanes[0].turns, scene.lanes[1].turns = [7], [0]  # the first stretches come last
    log = scene.write(*numbered(2000), is_finished=False)

    parts = scene.stage.collect(scene.pursuit(log, wanted("7 .", limit=1000), stretch_bytes=5000).parts())

    assert numbers_of(parts) == list(range(7, 2000, 10))
    assert min(lane.begun for lane in scene.lanes) >= 10


def test_stretches_grow_while_nothing_hits(scene: Scene) -> None:
    log = scene.write(*numbered(2000), is_finished=False)

    parts = scene.stage.collect(scene.pursuit(log, wanted("line 001999"), stretch_bytes=1000).parts())

    assert [part.next_line for part in parts[:5]] == [10, 30, 50, 70, 110]
    assert len(parts) < 60
    assert numbers_of(parts) == [1999]


def test_a_short_search_does_not_wait_for_a_long_one(scene: Scene) -> None:
    long, short = scene.write(*numbered(2000), is_finished=False), scene.write(("o", b"needle\n"))
    parts = scene.pursuit(long, wanted("nothing"), stretch_bytes=1000).parts()
    scene.stage.result(anext(parts))

    found = scene.search(short, wanted("needle"))

    assert numbers_of(found) == [0]
    assert scene.stage.collect(parts)[0].next_line < 100


def test_frames_of_all_sizes_stand_beside_one_another(scene: Scene) -> None:
    """In rows, and in the file, together or not."""
    sizes = [5000, 0, 5000, 5000, 0, 0, 5000]
    writes = [("o", b"%d needle " % number + noise(number)[-2 * size - 1 :]) for number, size in enumerate(sizes)]
    log = scene.write(*writes, is_finished=False)

    assert numbers_of(scene.stage.collect(scene.pursuit(log, wanted("needle"), 2**20).parts())) == list(range(7))
    assert scene.files.reads == 3


def test_nothing_is_looked_through_ahead_when_the_first_stretch_is_enough(scene: Scene) -> None:
    log = scene.write(*numbered(2000), is_finished=False)

    parts = scene.stage.collect(scene.pursuit(log, wanted("line", limit=3), stretch_bytes=1000).parts())

    assert numbers_of(parts) == [0, 1, 2]
    assert sum(lane.begun for lane in scene.lanes) == 1


def test_who_goes_away_is_not_searched_for(scene: Scene) -> None:
    """What is under way then reads nothing any more."""
    log = scene.write(*[("o", noise(number)) for number in range(20)], is_finished=False)
    parts = scene.pursuit(log, wanted("nothing"), stretch_bytes=1000).parts()
    looked = [scene.stage.result(anext(parts))]
    looked.append(scene.stage.result(anext(parts)))
    scene.lanes[0].turns = scene.lanes[1].turns = [50]
    looked.append(scene.stage.result(anext(parts)))
    under_way, before = sum(lane.waiting for lane in scene.lanes), scene.files.reads

    scene.stage.result(parts.aclose())
    scene.stage.turn()

    assert [part.hits for part in looked] == [[], [], []]
    assert under_way > 0
    assert sum(lane.waiting for lane in scene.lanes) == 0
    assert scene.files.reads == before


def test_what_is_before_the_damage_is_found(scene: Scene) -> None:
    log = scene.write(("o", noise(1)), ("o", b"needle\n" + noise(2)), ("o", noise(3)), ("o", b"needle\n"))
    size = scene.files.path(log).stat().st_size
    with scene.files.path(log).open("r+b") as file:
        file.seek(size - 100)
        file.write(b"\0" * 50)

    parts = scene.pursuit(log, wanted("needle"), stretch_bytes=2**20).parts()

    assert numbers_of([scene.stage.result(anext(parts))]) == [1]
    with pytest.raises(DamagedLog, match="cannot be read"):
        scene.stage.result(anext(parts))


def noise(seed: int) -> bytes:
    """Lines that cannot be compressed, more than go into a row."""
    return random.Random(seed).randbytes(20_000).hex().encode() + b"\n"


def test_a_file_that_is_too_short_is_found_out(scene: Scene) -> None:
    log = scene.write(("o", noise(1)), ("o", b"needle\n" + noise(2)), ("o", noise(3)))
    path = scene.files.path(log)
    path.write_bytes(path.read_bytes()[:-10])

    assert numbers_of(scene.search(log, wanted("needle", limit=1))) == [1]
    with pytest.raises(DamagedLog, match="has no"):
        scene.search(log, wanted("needle"))


def test_a_frame_that_is_not_the_one_of_its_row_is_found_out(scene: Scene) -> None:
    log = scene.write(("o", noise(1)), ("o", b"needle\n" + noise(2)))
    path = scene.files.path(log)
    update = t.log_frames.update().where(t.log_frames.c.first_line == 1)
    scene.stage.result(scene.stage.database.write(lambda tx: tx.sql.execute(update.values(byte_count=7)).close()))

    with pytest.raises(DamagedLog, match="bytes of output"):
        scene.search(log, wanted("no such"))
    assert path.exists()


def test_a_text_that_is_deleted_meanwhile_ends_the_search(scene: Scene) -> None:
    log = scene.write(*[("o", noise(number)) for number in range(40)])
    parts = scene.pursuit(log, wanted("no such"), stretch_bytes=50_000).parts()
    scene.stage.result(anext(parts))
    scene.stage.result(scene.stage.database.write(logs.mark_deleted, [log]))
    scene.files.remove_blocking(log)

    rest = scene.stage.collect(parts)

    assert rest[-1].next_line == 40


def test_lines_that_come_meanwhile_are_not_looked_at(scene: Scene) -> None:
    writer = scene.store.writer(scene.stage.add_log())
    for _, output in numbered(100):
        writer.write("o", output, NOW)
        scene.stage.result(writer.flush())
    parts = scene.pursuit(writer.log.logid, wanted("line")).parts()
    found = [scene.stage.result(anext(parts))]
    writer.write("o", b"line again\n", NOW)
    scene.stage.result(writer.finish())

    found += scene.stage.collect(parts)

    assert numbers_of(found) == list(range(100))
    assert {(part.end_line, part.is_complete) for part in found} == {(100, False)}


def test_a_log_may_be_compacted_while_it_is_searched(scene: Scene) -> None:
    log = scene.write(*numbered(2000), is_finished=False)
    parts = scene.pursuit(log, wanted("9 .", limit=1000), stretch_bytes=1000).parts()
    found = [scene.stage.result(anext(parts))]
    scene.stage.result(compact(scene.stage.database, scene.files, scene.reader, log))

    found += scene.stage.collect(parts)

    assert numbers_of(found) == list(range(9, 2000, 10))


def test_a_match_stays_within_its_line(scene: Scene) -> None:
    log = scene.write(("o", b"a" * 70_000 + b"\n"), ("o", b"end"), ("e", b"ing"), ("o", b""))

    assert numbers_of(scene.search(log, wanted("ending"))) == []
    assert numbers_of(scene.search(log, wanted("^ing$", is_expression=True))) == [3]
    assert numbers_of(scene.search(log, wanted("end$", is_expression=True))) == [2]
    assert numbers_of(scene.search(log, wanted("a{3}$", is_expression=True))) == [0, 1]


def test_the_streams_of_a_frame_are_told_apart(scene: Scene) -> None:
    """Runs of other streams are passed over in one go, and lines are counted all the same."""
    writer = scene.store.writer(scene.stage.add_log())
    for number in range(300):
        writer.write("oeh"[number % 3], b"a\n" * (1 + number % 4), NOW + number)
    scene.stage.result(writer.finish())
    log = writer.log.logid
    lines = lines_of(scene, log)

    for streams in ("o", "e", "h", "oh"):
        found = numbers_of(scene.search(log, wanted("a", streams=frozenset(streams), limit=1000)))
        assert found == [line.number for line in lines if line.stream in streams]


def test_hits_with_much_around_them_come_in_parts(scene: Scene) -> None:
    log = scene.write(("o", (b"x" * 999 + b"\n") * 1000))

    parts = scene.search(log, wanted("x{9}$", is_expression=True, context=20, limit=200))

    assert numbers_of(parts) == list(range(200))
    texts = [
        sum(len(line.text) for hit in part.hits for line in (*hit.before, *hit.after)) for part in parts if part.hits
    ]
    assert max(texts) < 400_000
    assert len(texts) > 10


@pytest.mark.parametrize(
    ("expression", "needed"),
    [
        ("^error: ", "error: "),
        ("(error|fail)ed: [0-9]+", "ed: "),
        (r"\w+ needle", " needle"),
        (r"a\.b\$c", "a.b$c"),
        ("foo?bars", "bars"),
        ("fooo?", "foo"),
        ("fooo*.x", "foo"),
        ("fooo{0,3}x", "foo"),
        ("abc+def", "abc"),
        ("ab(c|d(e|f)|g)hijk", "hijk"),
        ("[abc]]abc", "]abc"),
        ("[]abc]def", "def"),
        (r"[\]abc]def", "def"),
        ("a.*b", ""),
        ("abc|def", ""),
        ("(?i)abc", ""),
        (r"\Qabc*", ""),
        (r"\x41bcd", ""),
        (r"\pLabcd", ""),
        ("[[:alpha:]]abc", ""),
        ("ab{c}d", ""),
    ],
)
def test_what_a_match_must_have_is_seen(expression: str, needed: str) -> None:
    matcher(expression, is_expression=True, ignores_case=False)  # RE2 takes it

    assert needed_text(expression) == needed


@pytest.mark.parametrize(
    ("expression", "lines"),
    [
        (r"\Ab", [1, 3]),
        (r"b\z", [0, 1, 2]),
        (r"\Ab\z", [1]),
        (r"\\Ab", []),
        (r"\Q\A\E", []),
        ("(?-s)^b", [1, 3]),
        (r"[(?-m]*b\z", [0, 1, 2]),
    ],
)
def test_the_text_of_an_expression_is_a_line(scene: Scene, expression: str, lines: list[int]) -> None:
    log = scene.write(("o", b"ab\nb\nab\nba\n"))

    assert numbers_of(scene.search(log, wanted(expression, is_expression=True))) == lines


@pytest.mark.parametrize("expression", ["(?-m)^a", "(?i-sm:a$)", "x(?-m:^)"])
def test_lines_cannot_be_put_together(expression: str) -> None:
    with pytest.raises(InvalidInput, match="m cannot be switched off"):
        matcher(expression, is_expression=True, ignores_case=False)
