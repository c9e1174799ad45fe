"""Whether a job has something to do: section 4.8 of the rules of job graphs.

A committed version remembers what its job read and by which logic. A job is stale when that is not what it would read
and do now.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from buildmill.master.domain.orchestration.selection import Selection
from buildmill.master.domain.orchestration.values import JobSpec, StalenessMode


@dataclass(frozen=True, slots=True)
class Head:
    """The version of a target that a chain of branches leads to.

    Attributes:
        logic: of the job that wrote it; None for a version from outside.
        read: by RID of an input, the RID of the version that the job read.
    """

    version_rid: str
    branch: str
    logic: str | None = None
    read: Mapping[str, str] = field(default_factory=dict)


class Cause(StrEnum):
    """Why a job is stale."""

    FORCED = "forced"
    ALWAYS = "always"
    NO_VERSION = "no version"
    OUTSIDE = "outside"
    LOGIC = "logic"
    DECLARATION = "declaration"
    INPUT = "input"
    DEPENDENCY = "dependency"


@dataclass(frozen=True, slots=True)
class Why:
    """Attributes: rid: of the target that it is about; empty where it is about the job."""

    cause: Cause
    rid: str = ""

    def text(self, name: Callable[[str], str]) -> str:
        """In words; `name` tells what people call a target."""
        return _TEXTS[self.cause].format(name(self.rid) if self.rid else "")


_TEXTS = {
    Cause.FORCED: "the build is forced",
    Cause.ALWAYS: "its job spec says always",
    Cause.NO_VERSION: "{} has no version",
    Cause.OUTSIDE: "the newest version of {} was made by no job",
    Cause.LOGIC: "its steps or properties have changed since {} was made",
    Cause.DECLARATION: "it reads other inputs than when {} was made",
    Cause.INPUT: "its input {} has changed",
    Cause.DEPENDENCY: "its input {} is going to be built",
}

FRESH = "nothing has changed since it was made"
NEVER = "its job spec says never: it is built by force only"


@dataclass(frozen=True, slots=True)
class Judgement:
    """Of one selected job.

    Attributes:
        why: why it is stale; empty for one that is not.
    """

    spec: JobSpec
    why: tuple[Why, ...]

    @property
    def is_stale(self) -> bool:
        return bool(self.why)

    def texts(self, name: Callable[[str], str]) -> tuple[str, ...]:
        """Why it is stale, or why it is not, in words."""
        if not self.why:
            return (NEVER if self.spec.mode is StalenessMode.NEVER else FRESH,)
        return tuple(dict.fromkeys(why.text(name) for why in self.why))


def own_causes(spec: JobSpec, heads: Mapping[str, Head]) -> tuple[Why, ...]:
    """Why a job is stale by what is committed; force and other jobs are not looked at.

    What a job reads of its own outputs is not compared: each of its versions would make the next one stale.

    Args:
        heads: of its inputs and outputs, by RID; without those that have no version.
    """
    if spec.mode is StalenessMode.NEVER:
        return ()
    found = [Why(Cause.ALWAYS)] if spec.mode is StalenessMode.ALWAYS else []
    compared = frozenset(spec.inputs) - frozenset(spec.outputs)
    for output in spec.outputs:
        head = heads.get(output)
        if head is None:
            found.append(Why(Cause.NO_VERSION, output))
            continue
        if head.logic is None:
            found.append(Why(Cause.OUTSIDE, output))
            continue
        if head.logic != spec.logic:
            found.append(Why(Cause.LOGIC, output))
        if head.read.keys() - frozenset(spec.outputs) != compared:
            found.append(Why(Cause.DECLARATION, output))
        for rid in spec.inputs:
            now = heads.get(rid)
            if rid in compared and head.read.get(rid) != (None if now is None else now.version_rid):
                found.append(Why(Cause.INPUT, rid))
    return tuple(dict.fromkeys(found))


def judge(selection: Selection, heads: Mapping[str, Head], *, force: bool) -> list[Judgement]:
    """Of each selected job, in their order, whether and why it is stale."""
    producers = selection.producers()
    stale: set[int] = set()
    found = []
    for spec in selection.specs:
        why = ([Why(Cause.FORCED)] if force else []) + list(own_causes(spec, heads))
        if spec.mode is not StalenessMode.NEVER:
            why += _through_others(spec, producers, stale)
        if why:
            stale.add(spec.spec_id)
        found.append(Judgement(spec, tuple(why)))
    return found


def _through_others(spec: JobSpec, producers: Mapping[str, int], stale: Collection[int]) -> list[Why]:
    return [Why(Cause.DEPENDENCY, rid) for rid in spec.inputs if producers.get(rid) in stale]
