"""Steps that are read from the sources: a file ``.bbtravis.yml`` says which commands and which variants there are."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from buildmill.common.errors import InvalidInput
from buildmill.common.results import SUCCESS
from buildmill.master.domain.renderables import Property
from buildmill.master.engine.shell import CommandMixin
from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.arguments import require
from buildmill.master.steps.shell import ShellCommand
from buildmill.master.steps.trigger import Trigger
from buildmill.master.steps.worker_paths import shown_file

FILES = (".bbtravis.yml", ".travis.yml")
STAGES = ("before_install", "install", "after_install", "before_script", "script", "after_script")
_VARIABLE = re.compile(r"(?P<name>\w+)=(?P<value>'[^']*'|\"[^\"]*\"|\S*)\s*")


@dataclass(frozen=True)
class CiConfig:
    """What a file says.

    Attributes:
        variants: the environments to build in; at least one.
        commands: by stage.
    """

    variants: tuple[Mapping[str, str], ...]
    commands: Mapping[str, tuple[str, ...]]


def parse_config(text: str) -> CiConfig:
    """Read a file.

    Raises:
        InvalidInput: it cannot be understood; the message names the key.
    """
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise InvalidInput("file", f"is no YAML: {problem}") from problem
    if not isinstance(read, dict):
        raise InvalidInput("file", "must hold keys and values")
    commands = {stage: tuple(_texts(stage, read.get(stage))) for stage in STAGES}
    return CiConfig(variants=tuple(_variants(read.get("env"), read.get("matrix"))), commands=commands)


def _texts(key: str, value: Any) -> list[str]:
    if value is None:
        return []
    values = value if isinstance(value, list) else [value]
    for entry in values:
        if not isinstance(entry, str):
            raise InvalidInput(key, f"must be a command or a list of commands, not {entry!r}")
    return list(values)


def _variants(env: Any, matrix: Any) -> Iterator[Mapping[str, str]]:
    fixed: dict[str, str] = {}
    lines = env
    if isinstance(env, dict):
        for line in _texts("env.global", env.get("global")):
            fixed |= parse_variables(line)
        lines = env.get("matrix", env.get("jobs"))
    variants = [{**fixed, **parse_variables(line)} for line in _texts("env", lines)] or [fixed]
    rules = matrix if isinstance(matrix, dict) else {}
    left_out = [_variables_of(entry, "matrix.exclude") for entry in _list(rules.get("exclude"), "matrix.exclude")]
    added = [{**fixed, **_variables_of(e, "matrix.include")} for e in _list(rules.get("include"), "matrix.include")]
    for variant in itertools.chain(variants, added):
        if not any(excluded.items() <= variant.items() for excluded in left_out):
            yield variant


def _list(value: Any, key: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidInput(key, f"must be a list, not {value!r}")
    return value


def _variables_of(entry: Any, key: str) -> dict[str, str]:
    if not isinstance(entry, dict) or not isinstance(entry.get("env"), str):
        raise InvalidInput(key, f"must have a key env with variables, not {entry!r}")
    return parse_variables(entry["env"])


def parse_variables(line: str) -> dict[str, str]:
    """The variables in a text as ``A=1 B="two words"``. Raises InvalidInput."""
    found = {}
    rest = line.strip()
    while rest:
        match = _VARIABLE.match(rest)
        if match is None:
            raise InvalidInput("env", f"must be NAME=VALUE, not {rest!r}")
        value = match["value"]
        found[match["name"]] = value[1:-1] if value[:1] in ("'", '"') else value
        rest = rest[match.end() :]
    return found


class _ReadsConfig(CommandMixin):
    """Reads the file from the sources on the worker; by a command, whose output is recorded."""

    async def _read_config(self) -> CiConfig:
        for name in FILES:
            if await self.pathExists(self.build.path_module.join(self.workdir, name)):
                break
        else:
            raise await self._failed(f"the sources have no {' or '.join(FILES)}")
        text = await shown_file(self, self.workdir, name)
        if text is None:
            raise await self._failed(f"{name} cannot be read")
        try:
            return parse_config(text)
        except InvalidInput as problem:
            raise await self._failed(f"{name}: {problem}") from problem

    async def _failed(self, reason: str) -> BuildStepFailed:
        await self.addCompleteLog("err.text", f"{reason}\n")
        return BuildStepFailed(reason)


class BuildbotTestCiTrigger(_ReadsConfig, Trigger):
    """Triggers one build for each variant that the file ``.bbtravis.yml`` of the sources names.

    The variables of a variant are properties of its build.

    Args:
        scheduler: name of the triggerable scheduler.
        **kwargs: those of `Trigger`.
    """

    def __init__(self, scheduler: Any, **kwargs: Any) -> None:
        kwargs.setdefault("schedulerNames", [scheduler])
        super().__init__(**kwargs)
        self.scheduler = scheduler
        self._config: CiConfig | None = None
        require(self, "scheduler", scheduler)

    async def run(self) -> int:
        """Read the file, and trigger."""
        self._config = await self._read_config()
        return await super().run()

    def getSchedulersAndProperties(self) -> Any:
        """One entry for each variant."""
        assert self._config is not None
        return [
            {
                "sched_name": self.scheduler,
                "props_to_set": {**self.set_properties, **variant, "ci_variables": sorted(variant)},
                "unimportant": False,
            }
            for variant in self._config.variants
        ]


class BuildbotCiSetupSteps(_ReadsConfig):
    """Adds a step for each command that the file ``.bbtravis.yml`` of the sources names.

    The variables of the build's variant are in the environment of each.
    """

    name: Any = "setup-steps"
    haltOnFailure: Any = True

    async def run(self) -> int:
        """Read the file, and add the steps."""
        config = await self._read_config()
        env = {name: Property(name) for name in self.getProperty("ci_variables", [])}
        steps = [
            ShellCommand(name=f"{stage}_{number}", command=command, env=env, **_weight(stage))
            for stage in STAGES
            for number, command in enumerate(config.commands[stage])
        ]
        self.build.addStepsAfterCurrentStep(steps)
        return SUCCESS


def _weight(stage: str) -> dict[str, bool]:
    """A command that prepares ends the build when it fails; one that follows cleans up in any case."""
    return {"haltOnFailure": not stage.startswith("after_"), "alwaysRun": stage == "after_script"}
