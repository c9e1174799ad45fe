"""`BuildFactory`: the steps of a builder, kept as recipes; each build makes its own step objects from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.not_there_yet import is_not_there_yet


@dataclass(frozen=True)
class StepFactory:
    """How to make one step anew.

    Attributes:
        cls: the class of the step.
        args, kwargs: what its constructor was given in the configuration.
        file, line: where in the configuration it was added, if known.
    """

    cls: type
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] | None = None
    file: str | None = None
    line: int | None = None

    def build(self) -> Any:
        """A new step. Raises whatever its constructor raises."""
        return self.cls(*self.args, **(self.kwargs or {}))

    def __repr__(self) -> str:
        arguments = [*map(repr, self.args), *(f"{k}={v!r}" for k, v in (self.kwargs or {}).items())]
        return f"{self.cls.__name__}({', '.join(arguments)})"


class RecordedStep(Protocol):
    """What a step must offer to stand in a factory: the arguments that its constructor was called with."""

    _factory_args: tuple[type, tuple[Any, ...], dict[str, Any]]


class BuildFactory:
    """An ordered list of steps.

    Args:
        steps: any number of steps to begin with.

    Attributes:
        steps: the recipes, in order.
        workdir: default directory of the steps below the builder's one; a renderable or a function of the
            source stamps is taken, too.
    """

    workdir: Any = "build"
    useProgress = True

    def __init__(self, steps: Iterable[Any] | None = None) -> None:
        self.steps: list[StepFactory] = []
        if steps is not None:
            self.addSteps(steps)

    def addStep(self, step: Any, **kwargs: Any) -> None:
        """Add a step at the end."""
        if kwargs:
            config_error(
                f"BuildFactory.addStep takes a step, made with its arguments, not arguments for it: {sorted(kwargs)}"
            )
        recipe = as_step_factory(step)
        if recipe is not None:
            self.steps.append(recipe)

    def addSteps(self, steps: Iterable[Any]) -> None:
        """Add several steps at the end, in order."""
        if isinstance(steps, str | bytes) or not isinstance(steps, Iterable):
            config_error(f"BuildFactory: the steps must be a list of steps, not {steps!r}")
            return
        for step in steps:
            self.addStep(step)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.steps!r})"


def as_step_factory(step: Any) -> StepFactory | None:
    """The recipe of a step that was made in a configuration; None, and an error, if it is none."""
    if is_not_there_yet(step, config_error):
        return None
    if isinstance(step, StepFactory):
        return step
    recorded = getattr(step, "_factory_args", None)
    if recorded is None or isinstance(step, type):
        hint = " (write it with parentheses)" if isinstance(step, type) else ""
        config_error(f"BuildFactory: a step must be an instance of a step class, not {step!r}{hint}")
        return None
    cls, args, kwargs = recorded
    file, line = users_place()
    return StepFactory(cls, tuple(args), dict(kwargs), file, line)
