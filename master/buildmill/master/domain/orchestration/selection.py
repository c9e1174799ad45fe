"""Which jobs a request means, and in which order they can run: sections 4.1 to 4.7 of the rules of job graphs.

Nothing here knows whether a job is up to date: see `staleness`.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from buildmill.master.domain.orchestration import errors
from buildmill.master.domain.orchestration.rights import NO_LIMITS, DatasetLimits
from buildmill.master.domain.orchestration.values import (
    ConnectingTarget,
    EveryTarget,
    GraphRequest,
    JobSpec,
    ManualTarget,
    Target,
    UpstreamTarget,
)

Chain = tuple[str, ...]
"""The branch that is built, then its fallbacks."""


@dataclass(frozen=True, slots=True)
class Landscape:
    """What there is to select from.

    Attributes:
        targets: all that the configuration names, by RID.
        specs: by branch, then by output RID.
        builders: names of those that exist.
    """

    targets: Mapping[str, Target]
    specs: Mapping[str, Mapping[str, JobSpec]]
    builders: Collection[str]

    def spec(self, chain: Chain, rid: str) -> JobSpec | None:
        """How a target is made: as the first branch of the chain says that says anything."""
        for branch in chain:
            found = self.specs.get(branch, {}).get(rid)
            if found is not None:
                return found if found.builder in self.builders else None
        return None

    def name(self, rid: str) -> str:
        """What people call a target."""
        target = self.targets.get(rid)
        return rid if target is None else target.name


@dataclass(frozen=True, slots=True)
class Selection:
    """Jobs in the order in which they can run.

    Attributes:
        depends_on: by spec id, the ids of the selected specs that come before it.
    """

    chain: Chain
    specs: tuple[JobSpec, ...]
    depends_on: Mapping[int, frozenset[int]] = field(default_factory=dict)

    def producers(self) -> dict[str, int]:
        """By output RID, the id of the spec that makes it."""
        return {rid: spec.spec_id for spec in self.specs for rid in spec.outputs}


def chain_of(request: GraphRequest, default_branch: str, *, strict: bool) -> Chain:
    """The branches of a request.

    Args:
        strict: the branch may not be among its fallbacks.

    Raises:
        DuplicateBranches: a fallback stands twice, or `strict` is offended.
    """
    branch = default_branch if request.branch is None else request.branch
    given = [branch, *request.fallbacks] if strict else list(request.fallbacks)
    if doubles := list(dict.fromkeys(name for name in given if given.count(name) > 1)):
        raise errors.DuplicateBranches(doubles)
    return (branch, *(name for name in request.fallbacks if name != branch))


def check_request(request: GraphRequest, landscape: Landscape) -> None:
    """What can be said of a request without a look at job specs.

    Raises:
        GraphRefused: the first kind of fault, with all targets at fault.
    """
    target = request.target
    if isinstance(target, EveryTarget):
        return
    targets = tuple(dict.fromkeys(target.target_rids))
    inputs = tuple(dict.fromkeys(target.input_rids)) if isinstance(target, ConnectingTarget) else ()
    if not targets:
        raise errors.MissingTargets
    if isinstance(target, ConnectingTarget) and not inputs:
        raise errors.MissingConnectingInputs
    if unknown := [rid for rid in targets if not _is_there(rid, request, landscape)]:
        raise errors.TargetsNotFound(unknown)
    if unknown := [rid for rid in inputs if not _is_there(rid, request, landscape)]:
        raise errors.InputsNotFound(unknown)
    if denied := [rid for rid in targets if rid in request.limits.shut or _is_outside(rid, request, landscape)]:
        raise errors.TargetsDenied(denied)
    if denied := [rid for rid in inputs if rid in request.limits.hidden]:
        raise errors.InputsDenied(denied)


def _is_there(rid: str, request: GraphRequest, landscape: Landscape) -> bool:
    """Whether a target is, as far as the asker is told."""
    return rid in landscape.targets and not (request.is_discreet and rid in request.limits.hidden)


def check_specs(request: GraphRequest, landscape: Landscape, chain: Chain) -> None:
    """Raises TargetsWithoutSpecs: nobody says how some of the targets are made."""
    if isinstance(request.target, ManualTarget | UpstreamTarget):
        targets = dict.fromkeys(request.target.target_rids)
        if without := [rid for rid in targets if landscape.spec(chain, rid) is None]:
            raise errors.TargetsWithoutSpecs(without)


def select(request: GraphRequest, landscape: Landscape, chain: Chain) -> Selection:
    """The jobs that a request means.

    Raises:
        GraphRefused: the first kind of fault, with all targets at fault.
    """
    check_request(request, landscape)
    check_specs(request, landscape, chain)
    chosen = _selected(request, landscape, chain)
    specs: dict[int, JobSpec] = {}
    for rid in chosen:
        spec = landscape.spec(chain, rid)
        if spec is not None:
            specs[spec.spec_id] = spec
    if not specs:
        raise errors.NothingSelected
    # first, so that no other refusal names what the asker may not know of
    _check_limits(specs.values(), request)
    _check_outputs(specs.values(), landscape)
    return _ordered(chain, specs, landscape, leave_out=isinstance(request.target, EveryTarget))


def _check_limits(specs: Iterable[JobSpec], request: GraphRequest) -> None:
    """Make sure that the asker may build all that is written, and read all that is read.

    Raises:
        TargetsDenied, InputsDenied: with those that may be named.
    """
    if request.limits == NO_LIMITS:
        return
    limits = request.limits
    for refusal, rids in (
        (errors.TargetsDenied, [rid for spec in specs for rid in spec.outputs if rid in limits.shut]),
        (errors.InputsDenied, [rid for spec in specs for rid in spec.inputs if rid in limits.hidden]),
    ):
        if rids:
            raise refusal(dict.fromkeys(limits.shown(rids) if request.is_discreet else rids))


def _is_limited(spec: JobSpec, limits: DatasetLimits) -> bool:
    """Whether the asker may not build what a spec writes, or read what it reads."""
    return not (limits.shut.isdisjoint(spec.outputs) and limits.hidden.isdisjoint(spec.inputs))


def buildable(selection: Selection, has_version: Collection[str]) -> Selection:
    """Those jobs of a selection that read only what is there, or what others of them write."""
    kept: dict[int, JobSpec] = {}
    made: set[str] = set()
    for spec in selection.specs:
        if all(rid in has_version or rid in made or rid in spec.outputs for rid in spec.inputs):
            kept[spec.spec_id] = spec
            made.update(spec.outputs)
    return _narrowed(selection.chain, tuple(kept.values()), selection.depends_on)


def _narrowed(chain: Chain, specs: tuple[JobSpec, ...], depends_on: Mapping[int, frozenset[int]]) -> Selection:
    if not specs:
        raise errors.NothingSelected
    ids = frozenset(spec.spec_id for spec in specs)
    return Selection(chain, specs, {spec_id: depends_on[spec_id] & ids for spec_id in ids})


def _selected(request: GraphRequest, landscape: Landscape, chain: Chain) -> list[str]:
    match request.target:
        case EveryTarget():
            inside = [rid for rid in landscape.targets if not _is_outside(rid, request, landscape)]
            specs = ((rid, landscape.spec(chain, rid)) for rid in inside)
            return [rid for rid, spec in specs if spec is not None and not _is_limited(spec, request.limits)]
        case ManualTarget(target_rids=targets):
            return list(dict.fromkeys(targets))
        case UpstreamTarget(target_rids=targets, ignored_rids=ignored):
            return _entered(targets, ignored, request, landscape, chain)
        case ConnectingTarget(input_rids=inputs, target_rids=targets, ignored_rids=ignored):
            upstream = _entered(targets, ignored, request, landscape, chain)
            return _reached(inputs, upstream, landscape, chain)


def _is_outside(rid: str, request: GraphRequest, landscape: Landscape) -> bool:
    return request.projects is not None and landscape.targets[rid].project_rid not in request.projects


def _entered(
    targets: Sequence[str], ignored: Sequence[str], request: GraphRequest, landscape: Landscape, chain: Chain
) -> list[str]:
    """Backwards from the targets; what is ignored is not walked through."""
    shut = frozenset(ignored)
    entered: dict[str, None] = {}
    waiting = list(dict.fromkeys(targets))
    while waiting:
        rid = waiting.pop()
        known = rid in landscape.targets
        if rid in entered or rid in shut or (known and _is_outside(rid, request, landscape)):
            continue
        entered[rid] = None
        spec = landscape.spec(chain, rid)
        waiting.extend(spec.inputs if spec is not None else ())
    return list(entered)


def _reached(inputs: Sequence[str], upstream: Sequence[str], landscape: Landscape, chain: Chain) -> list[str]:
    """Those of `upstream` that lie behind an input by one edge or more."""
    made_of: dict[str, list[str]] = {}
    for rid in upstream:
        spec = landscape.spec(chain, rid)
        for source in spec.inputs if spec is not None else ():
            made_of.setdefault(source, []).append(rid)
    reached: dict[str, None] = {}
    waiting = [rid for source in dict.fromkeys(inputs) for rid in made_of.get(source, ())]
    while waiting:
        rid = waiting.pop()
        if rid not in reached:
            reached[rid] = None
            waiting.extend(made_of.get(rid, ()))
    return list(reached)


def _check_outputs(specs: Iterable[JobSpec], landscape: Landscape) -> None:
    makers: dict[str, JobSpec] = {}
    twice: dict[str, None] = {}
    for spec in specs:
        for rid in spec.outputs:
            if makers.setdefault(rid, spec) is not spec:
                twice[rid] = None
    if twice:
        named = ", ".join(f"{landscape.name(rid)} is made by two job specs" for rid in twice)
        raise errors.Incompatible(twice, named)


def _ordered(chain: Chain, specs: Mapping[int, JobSpec], landscape: Landscape, *, leave_out: bool) -> Selection:
    """Kahn's algorithm; of those that could be next, the one whose output comes first in the alphabet.

    Args:
        leave_out: cycles, and what comes after them, are left out instead of being refused.
    """
    producers = {rid: spec.spec_id for spec in specs.values() for rid in spec.outputs}
    depends_on = {
        spec_id: frozenset(producers[rid] for rid in spec.inputs if rid in producers) - {spec_id}
        for spec_id, spec in specs.items()
    }
    dependents: dict[int, list[int]] = {}
    for spec_id, needs in depends_on.items():
        for need in needs:
            dependents.setdefault(need, []).append(spec_id)
    rank = {spec_id: min(map(landscape.name, spec.outputs)) for spec_id, spec in specs.items()}
    missing = {spec_id: len(needs) for spec_id, needs in depends_on.items()}
    ready = [(rank[spec_id], spec_id) for spec_id, count in missing.items() if not count]
    heapq.heapify(ready)
    order: list[JobSpec] = []
    while ready:
        _, spec_id = heapq.heappop(ready)
        order.append(specs[spec_id])
        for dependent in dependents.get(spec_id, ()):
            missing[dependent] -= 1
            if not missing[dependent]:
                heapq.heappush(ready, (rank[dependent], dependent))
    if len(order) < len(specs) and leave_out and order:
        return _narrowed(chain, tuple(order), depends_on)
    if len(order) < len(specs):
        left = {spec_id for spec_id, count in missing.items() if count}
        raise _cycle(left, depends_on, specs, rank, landscape)
    return Selection(chain, tuple(order), depends_on)


def _cycle(
    left: Collection[int],
    depends_on: Mapping[int, frozenset[int]],
    specs: Mapping[int, JobSpec],
    rank: Mapping[int, str],
    landscape: Landscape,
) -> errors.Cyclic:
    """One cycle among the jobs that are left: whoever goes back along dependencies meets itself."""
    at = min(left, key=lambda spec_id: rank[spec_id])
    path: dict[int, int] = {}
    way: list[int] = []
    while at not in path:
        path[at] = len(way)
        way.append(at)
        at = min((need for need in depends_on[at] if need in left), key=lambda spec_id: rank[spec_id])
    circle = way[path[at] :][::-1]
    rids = [specs[spec_id].outputs[0] for spec_id in circle]
    names = [landscape.name(rid) for rid in rids]
    return errors.Cyclic(rids, " -> ".join([*names, names[0]]))


def check_ancestry(chain: Chain, parents: Mapping[str, Sequence[str]], landscape: Landscape) -> None:
    """Make sure that the fallbacks do not contradict where branches have come from.

    Args:
        parents: of targets that have the branch: the names of its parent, that one's parent and so on.

    Raises:
        Incompatible: with all such targets.
    """
    place = {name: index for index, name in enumerate(chain[1:])}
    wrong = []
    for rid, names in parents.items():
        places = [place[name] for name in names if name in place]
        if places != sorted(places):
            wrong.append(rid)
    if wrong:
        wrong.sort(key=landscape.name)
        text = f"the fallbacks {', '.join(chain[1:])} contradict where the branch {chain[0]} has come from"
        raise errors.Incompatible(wrong, text)


def check_inputs(
    specs: Iterable[JobSpec], made: Collection[str], has_version: Collection[str], landscape: Landscape
) -> None:
    """Make sure that all that is read is there, or will be.

    Args:
        made: RIDs that this build writes.
        has_version: RIDs with a version on the chain.

    Raises:
        InputsNotFound: with all that are missing.
    """
    missing = {
        rid: None for spec in specs for rid in spec.inputs if rid not in has_version and rid not in made
    }  # in the order of the jobs
    if missing:
        raise errors.InputsNotFound(sorted(missing, key=landscape.name))
