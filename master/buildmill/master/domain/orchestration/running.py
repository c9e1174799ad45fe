"""What happens next in builds of graphs: who may start, what an end means, when to try again.

Section 5 of the rules of job graphs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from buildmill.common.results import Result
from buildmill.master.domain.orchestration.selection import Chain
from buildmill.master.domain.orchestration.values import GraphBuildStatus, JobStatus

Place = tuple[int, str]
"""A target, by its id, on a branch."""


class Phase(StrEnum):
    """Where a job is between its beginning and its end; finer than its status."""

    BLOCKED = "blocked"
    """Jobs that come before it have not ended."""
    READY = "ready"
    """It could start, as soon as its outputs are free."""
    ASKED = "asked"
    """It has its outputs, and an attempt that has not ended."""
    PAUSED = "paused"
    """It has its outputs, and waits for its next attempt."""
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A job that is ready.

    Attributes:
        chain: the branches of its build.
        outputs, inputs: ids of targets; inputs without what it writes itself.
        read_from: by input that somebody writes, the branch of the version that it would read now; absent where there
            is none.
    """

    job_id: int
    build_id: int
    chain: Chain
    outputs: tuple[int, ...]
    inputs: tuple[int, ...]
    read_from: dict[int, str] = field(default_factory=dict)


def may_start(
    candidates: Sequence[Candidate], locks: Collection[Place], writers: Iterable[tuple[Place, int]]
) -> list[int]:
    """Which of the jobs that are ready get their outputs now.

    All outputs of a job are given at once. Nobody is overtaken: what an earlier job waits for is kept for it.

    Args:
        candidates: in the order in which they are served: by their builds, then by their places in these.
        locks: outputs that jobs have.
        writers: places with an open version, and the build that writes it.

    Returns:
        Ids of jobs.
    """
    taken = set(locks)
    writing: dict[Place, int] = dict(writers)
    granted = []
    for candidate in candidates:
        wanted = [(target, candidate.chain[0]) for target in candidate.outputs]
        if not taken.intersection(wanted) and not _waits_for_writer(candidate, writing):
            granted.append(candidate.job_id)
        taken.update(wanted)
    return granted


def _waits_for_writer(candidate: Candidate, writing: dict[Place, int]) -> bool:
    """Whether another build writes what the job would read: there, or on a branch that comes before."""
    if not writing:
        return False
    for target in candidate.inputs:
        for branch in candidate.chain:
            build = writing.get((target, branch))
            if build is not None and build != candidate.build_id:
                return True
            if branch == candidate.read_from.get(target):
                break
    return False


class AttemptEnd(StrEnum):
    """What the end of an attempt means for its job."""

    COMMIT = "commit"
    SKIP = "skip"
    """A success that changes nothing."""
    TRY_AGAIN = "try again"
    FAIL = "fail"
    CANCEL = "cancel"


def end_of_attempt(
    results: int, *, number: int, retry_limit: int, is_retryable: bool, is_build_ending: bool
) -> AttemptEnd:
    """What to do after an attempt.

    Args:
        results: of the engine's build request.
        number: of the attempt, from 1.
        retry_limit: how many attempts there may be after the first.
        is_retryable: no step has said that another try is useless.
        is_build_ending: the build was cancelled, or aborted by another job's failure.
    """
    match results:
        case Result.SUCCESS | Result.WARNINGS:
            return AttemptEnd.COMMIT
        case Result.SKIPPED:
            return AttemptEnd.SKIP
        case Result.CANCELLED:
            return AttemptEnd.CANCEL
    if is_retryable and not is_build_ending and number <= retry_limit:
        return AttemptEnd.TRY_AGAIN
    return AttemptEnd.FAIL


def status_of(jobs: Collection[JobStatus]) -> GraphBuildStatus:
    """How a build is whose jobs are so."""
    if not all(job.is_final for job in jobs):
        return GraphBuildStatus.RUNNING
    if JobStatus.FAILED in jobs:
        return GraphBuildStatus.FAILED
    return GraphBuildStatus.CANCELED if JobStatus.CANCELED in jobs else GraphBuildStatus.SUCCEEDED
