"""Bytes of a stream cut into whole lines of text, for masters that take nothing else."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from buildmill.common.errors import InvalidInput

# The end of a text that may turn out to be the beginning of a match: a carriage return, backspaces, an escape
# sequence. It waits for what comes next, at most so many characters.
_UNDECIDED = re.compile(r"\r*(?:\x08+|\x1b(?:\[[0-9]*(?:;[0-9]*)?)?)?\Z")
_UNDECIDED_LIMIT = 4096
_UNDECIDED_ENDS = frozenset("\r\x08\x1b[;0123456789")


@dataclass(frozen=True, kw_only=True)
class LineRules:
    """How a master wants its lines.

    Args:
        newline_re: what else than a newline ends a line; each match becomes one newline.
        max_line_length: longest line in characters, its newline included; longer ones are cut into pieces.

    Raises:
        InvalidInput: not a regular expression, or a length below 2.
    """

    newline_re: str = r"(\r\n|\r(?=.)|\033\[u|\033\[[0-9]+;[0-9]+[Hf]|\033\[2J|\x08+)"
    max_line_length: int = 4096

    def __post_init__(self) -> None:
        try:
            re.compile(self.newline_re)
        except re.error as problem:
            raise InvalidInput("newline_re", f"not a regular expression: {problem}") from None
        if self.max_line_length < 2:
            raise InvalidInput("max_line_length", f"at least 2, not {self.max_line_length}")


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Whole lines.

    Attributes:
        text: ends with a newline.
        newlines: index of every newline in `text`.
        times: one per line, in POSIX seconds: when its first character arrived.
    """

    text: str
    newlines: list[int]
    times: list[float]

    @property
    def cost(self) -> int:
        """What counts against the buffer size that the master sets."""
        return len(self.text) + 8 * len(self.newlines) + 8 * len(self.times)

    def split(self, limit: int) -> Iterator[Lines]:
        """The same lines in parts that cost at most `limit` each; a line alone is never cut."""
        if self.cost <= limit:
            yield self
            return
        first = begin = 0
        for index, end in enumerate(self.newlines):
            following = self.newlines[index + 1] if index + 1 < len(self.newlines) else None
            cost_with_next = (following or end) + 1 - begin + 16 * (index + 2 - first)
            if following is not None and cost_with_next <= limit:
                continue
            yield Lines(
                text=self.text[begin : end + 1],
                newlines=[n - begin for n in self.newlines[first : index + 1]],
                times=self.times[first : index + 1],
            )
            first, begin = index + 1, end + 1


class LineSplitter:
    """One stream's bytes in, its whole lines out.

    Decodes UTF-8 over the borders of chunks (invalid bytes become U+FFFD). What comes out does not depend on
    where the chunks were cut, and nothing is lost. Keeps at most one line.
    """

    def __init__(self, rules: LineRules) -> None:
        self._newline = re.compile(rules.newline_re)
        self._is_usual = rules.newline_re == LineRules.newline_re
        self._limit = rules.max_line_length - 1
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._undecided = ""
        self._partial = ""
        self._partial_since = 0.0

    def feed(self, data: bytes, now: float) -> Lines | None:
        """Take the next bytes; return the lines that are complete now, if any."""
        text = self._undecided + self._decode(data)
        self._undecided = ""
        if text and text[-1] in _UNDECIDED_ENDS:
            undecided = _UNDECIDED.search(text, max(0, len(text) - _UNDECIDED_LIMIT))
            if undecided and undecided.start() > len(text) - _UNDECIDED_LIMIT:
                self._undecided = undecided[0]
                text = text[: undecided.start()]
        return self._cut(text, now)

    def finish(self, now: float) -> Lines | None:
        """The stream has ended: what is left becomes a line, with a newline added."""
        text = self._undecided + self._decode(b"", True)
        self._undecided = ""
        lines = self._cut(text, now)
        if not self._partial:
            return lines
        last = Lines(text=self._partial + "\n", newlines=[len(self._partial)], times=[self._partial_since])
        self._partial = ""
        return join_lines([lines, last]) if lines else last

    def _cut(self, text: str, now: float) -> Lines | None:
        if not text:
            return None
        # The expression takes 90 ns a character; most text has nothing for the usual one to find.
        if not self._is_usual or "\r" in text or "\x1b" in text or "\x08" in text:
            text = self._newline.sub("\n", text)
        pieces = text.split("\n")
        since = self._partial_since if self._partial else now
        pieces[0] = self._partial + pieces[0]
        if max(map(len, pieces)) > self._limit:
            pieces = [part for piece in pieces for part in self._short(piece)]
        self._partial = pieces.pop()
        self._partial_since = now if pieces else since
        if not pieces:
            return None
        newlines = [end - 1 for end in accumulate(len(piece) + 1 for piece in pieces)]
        times = [now] * len(pieces)
        times[0] = since
        return Lines(text="\n".join(pieces) + "\n", newlines=newlines, times=times)

    def _short(self, line: str) -> list[str]:
        return [line[at : at + self._limit] for at in range(0, len(line), self._limit)] or [""]


def join_lines(parts: Sequence[Lines]) -> Lines:
    """All of them, one after the other."""
    if len(parts) == 1:
        return parts[0]
    newlines: list[int] = []
    times: list[float] = []
    shift = 0
    for part in parts:
        newlines += [n + shift for n in part.newlines]
        times += part.times
        shift += len(part.text)
    return Lines(text="".join(part.text for part in parts), newlines=newlines, times=times)
