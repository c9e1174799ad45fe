"""Why a build of a graph is refused.

GraphRefused                  nothing was built, and nothing is left behind
├── MissingTargets            no target is named
├── MissingConnectingInputs   no input is named to connect from
├── DuplicateBranches         a fallback stands twice, or is the branch itself where that is forbidden
├── TargetsNotFound           unknown targets
├── InputsNotFound            unknown inputs, or inputs without any version
├── TargetsDenied             the asker may not build these
├── InputsDenied              the asker may not read these
├── TargetsWithoutSpecs       nobody says how these are made
├── Unresolvable              no order or no choice of jobs
│   ├── NothingSelected       the selection is empty
│   ├── Cyclic                jobs wait for each other
│   └── Incompatible          two specs claim an output, or the branches contradict each other
└── UpToDate                  there is nothing to do

All are a `Conflict`; what is not found is a `NotFound` as well, as are GraphBuildNotFound and JobNotFound.
"""

from __future__ import annotations

from collections.abc import Iterable

from buildmill.common.errors import Conflict, NotFound


class GraphRefused(Conflict):
    """A request that cannot be carried out.

    Attributes:
        rids: all targets at fault, in the order of the request; empty where the fault is none of theirs.
    """

    text = "the request cannot be carried out"

    def __init__(self, rids: Iterable[str] = (), detail: str = "") -> None:
        self.rids = tuple(rids)
        self.detail = detail
        about = f": {', '.join(self.rids)}" if self.rids else ""
        super().__init__(f"{self.text}{about}" + (f" ({detail})" if detail else ""))


class MissingTargets(GraphRefused):
    text = "no target is named"


class MissingConnectingInputs(GraphRefused):
    text = "no input is named to connect from"


class DuplicateBranches(GraphRefused):
    """Attributes: names: the branches that stand twice, each once."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__()
        self.args = (f"branches stand twice: {', '.join(self.names)}",)


class TargetsNotFound(GraphRefused, NotFound):
    text = "there are no such targets"


class InputsNotFound(GraphRefused, NotFound):
    text = "there are no such inputs, or they have no version on the chain of branches"


class TargetsDenied(GraphRefused):
    text = "these targets may not be built"


class InputsDenied(GraphRefused):
    text = "these inputs may not be read"


class TargetsWithoutSpecs(GraphRefused):
    text = "no job spec on the chain of branches makes these targets"


class Unresolvable(GraphRefused):
    text = "the targets cannot be resolved to jobs"


class NothingSelected(Unresolvable):
    text = "no job is selected"


class Cyclic(Unresolvable):
    """The targets of the cycle are its `rids`, each made of the one before it."""

    text = "jobs wait for each other"


class Incompatible(Unresolvable):
    text = "these targets do not go together"


class UpToDate(GraphRefused):
    text = "everything is up to date"


class GraphBuildNotFound(NotFound):
    """Attributes: rid: of the build."""

    def __init__(self, rid: str) -> None:
        super().__init__(f"no graph build {rid}")
        self.rid = rid


class JobNotFound(NotFound):
    """Attributes: rid: of the job."""

    def __init__(self, rid: str) -> None:
        super().__init__(f"no job {rid}")
        self.rid = rid
