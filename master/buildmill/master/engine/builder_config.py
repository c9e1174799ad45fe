"""`BuilderConfig`: one builder, as a configuration describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.lock_values import LockAccess, as_lock_accesses
from buildmill.master.domain.not_there_yet import is_not_there_yet
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.domain.retrying import Retry, SameInputs
from buildmill.master.engine.factory import BuildFactory
from buildmill.master.engine.vocabulary import checked_callable, checked_properties
from buildmill.master.logs.patterns import matcher

P = TypeVar("P")

_UNSAFE_IN_PATHS = str.maketrans(dict.fromkeys(" !\"#$%&'()*+,./:;<=>?@[\\]^`{|}~", "_"))
_INTERNAL_BUILDERS = frozenset({"__Janitor"})


class BuilderConfig:
    """One builder: what it runs, where, and with which properties. Not changed after its construction.

    Args:
        name: name of the builder; must not begin with an underscore.
        workername, workernames: the workers it may run on; at least one.
        factory: its steps.
        builddir: directory below the master's; derived from the name if not given.
        workerbuilddir: directory below the worker's; the same as `builddir` if not given.
        tags: for people to find it by.
        nextWorker: ``f(builder, workers, request)``, may be async: which of the free workers.
        nextBuild: ``f(builder, requests)``, may be async: which request next.
        canStartBuild: ``f(builder, workerforbuilder, request)``, may be async: whether it may start now.
        locks: held during the whole build; a list, or a renderable of one.
        env: environment of all its commands.
        properties, defaultProperties: of its builds; defaults yield to any other source.
        collapseRequests: overrides the global setting.
        description, description_format: text for its page; the format is None or ``markdown``.
        project: name of a project of the configuration.
        do_build_if: ``f(build)``: whether to build at all; if not, the build is skipped.
        retry: a `Retry`: when a build that has ended badly is tried again, as another build of its request.
        freshness: a `SameInputs`: a build is skipped when one of the same inputs has succeeded.

    Attributes:
        file, line: where in the configuration it stands, if known.
    """

    def __init__(
        self,
        name: str | None = None,
        workername: str | None = None,
        workernames: Sequence[str] | str | None = None,
        builddir: str | None = None,
        workerbuilddir: str | None = None,
        factory: BuildFactory | None = None,
        tags: Sequence[str] | None = None,
        nextWorker: Callable[..., Any] | None = None,
        nextBuild: Callable[..., Any] | None = None,
        locks: Any = None,
        env: Mapping[str, Any] | None = None,
        properties: Mapping[str, Any] | None = None,
        collapseRequests: bool | Callable[..., Any] | None = None,
        description: str | None = None,
        description_format: str | None = None,
        canStartBuild: Callable[..., Any] | None = None,
        defaultProperties: Mapping[str, Any] | None = None,
        project: str | None = None,
        do_build_if: Callable[..., Any] | None = None,
        retry: Retry | None = None,
        freshness: SameInputs | None = None,
    ) -> None:
        self.file, self.line = users_place()
        self.name = _checked_name(name)
        owner = f"builder {self.name!r}"
        self.workernames = _checked_workers(owner, workername, workernames)
        if not isinstance(factory, BuildFactory):
            if not is_not_there_yet(factory, config_error):
                what = "is missing" if factory is None else f"must be a BuildFactory, not {factory!r}"
                config_error(f"{owner}: factory {what}")
            factory = BuildFactory()
        self.factory = factory
        self.builddir = _checked_directory(owner, "builddir", builddir) or self.name.translate(_UNSAFE_IN_PATHS)
        self.workerbuilddir = _checked_directory(owner, "workerbuilddir", workerbuilddir) or self.builddir
        self.tags = _checked_tags(owner, tags)
        self.nextWorker = checked_callable(owner, "nextWorker", nextWorker)
        self.nextBuild = checked_callable(owner, "nextBuild", nextBuild)
        self.canStartBuild = checked_callable(owner, "canStartBuild", canStartBuild)
        self.do_build_if = checked_callable(owner, "do_build_if", do_build_if)
        self.locks: Any = locks if is_renderable(locks) else as_lock_accesses(locks, owner)
        if env is not None and not isinstance(env, Mapping):
            config_error(f"{owner}: env must be a dictionary, not {env!r}")
            env = None
        self.env = dict(env or {})
        self.properties = checked_properties(owner, "properties", properties)
        self.defaultProperties = checked_properties(owner, "defaultProperties", defaultProperties)
        if not (collapseRequests is None or isinstance(collapseRequests, bool) or callable(collapseRequests)):
            config_error(f"{owner}: collapseRequests must be True, False or callable, not {collapseRequests!r}")
            collapseRequests = None
        self.collapseRequests = collapseRequests
        self.description = _checked_text(owner, "description", description)
        if description_format not in (None, "markdown"):
            config_error(f"{owner}: description_format must be None or 'markdown', not {description_format!r}")
            description_format = None
        self.description_format = description_format
        self.project = _checked_text(owner, "project", project)
        self.retry = _checked_policy(owner, "retry", retry, Retry)
        for pattern in () if self.retry is None else self.retry.logPatterns:
            try:
                matcher(pattern, is_expression=True, ignores_case=False)
            except InvalidInput as problem:
                config_error(f"{owner}: retry: logPatterns: {problem.problem}")
        self.freshness = _checked_policy(owner, "freshness", freshness, SameInputs)

    @property
    def fixed_locks(self) -> tuple[LockAccess, ...]:
        """The locks that don't depend on the build; empty if they are a renderable."""
        return self.locks if isinstance(self.locks, tuple) else ()

    def __repr__(self) -> str:
        return f"BuilderConfig({self.name!r})"


def builder_of_dict(values: Mapping[str, Any]) -> BuilderConfig | None:
    """The builder that a plain dictionary of arguments describes; None, and an error, if it has unknown ones."""
    try:
        return BuilderConfig(**values)
    except TypeError as problem:
        config_error(f"builder {values.get('name')!r}: {problem}")
        return None


def _checked_name(name: Any) -> str:
    if isinstance(name, bytes):
        try:
            name = name.decode("ascii")
        except UnicodeDecodeError:
            config_error(f"the name of a builder must be a string, not the bytes {name!r}")
            name = name.decode("latin-1")
    if not name or not isinstance(name, str):
        config_error("the name of a builder is missing" if name in (None, "") else f"no name of a builder: {name!r}")
        return "<unnamed>"
    if name.startswith("_") and name not in _INTERNAL_BUILDERS:
        config_error(f"the name of a builder must not begin with an underscore: {name!r}")
    return name


def _checked_workers(owner: str, workername: Any, workernames: Any) -> tuple[str, ...]:
    names: list[Any] = []
    if isinstance(workernames, str):
        names = [workernames]
    elif isinstance(workernames, list | tuple):
        names = list(workernames)
    elif workernames is not None and not is_renderable(workernames):
        config_error(f"{owner}: workernames must be a list of names, not {workernames!r}")
        return ()
    elif workernames is not None:
        config_error(f"{owner}: workernames must be known when the configuration is read, not {workernames!r}")
        return ()
    if workername is not None:
        names.append(workername)
    if set(map(type, names)) == {str} and "" not in names:  # a thousand builders may name a thousand workers each
        return tuple(dict.fromkeys(names))
    if wrong := [n for n in names if not isinstance(n, str) or not n]:
        config_error(f"{owner}: the name of a worker must be a string, not {wrong[0]!r}")
    elif not names:
        config_error(f"{owner}: at least one of workername and workernames is needed")
    return tuple(dict.fromkeys(n for n in names if isinstance(n, str) and n))


def _checked_directory(owner: str, argument: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value or "\0" in value:
        config_error(f"{owner}: {argument} must be the path of a directory, not {value!r}")
        return None
    return value


def _checked_policy(owner: str, argument: str, value: Any, kind: type[P]) -> P | None:
    if value is None or isinstance(value, kind):
        return value
    config_error(f"{owner}: {argument} must be a util.{kind.__name__}(...), not {value!r}")
    return None


def _checked_text(owner: str, argument: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        config_error(f"{owner}: {argument} must be a string or None, not {value!r}")
        return None
    return value


def _checked_tags(owner: str, tags: Any) -> tuple[str, ...]:
    if tags is None:
        return ()
    if not isinstance(tags, list | tuple):
        config_error(f"{owner}: tags must be a list of strings, not {tags!r}")
        return ()
    if not all(isinstance(tag, str) for tag in tags):
        config_error(f"{owner}: tags must be strings: {tags!r}")
        return ()
    if doubles := sorted({tag for tag in tags if tags.count(tag) > 1}):
        config_error(f"{owner}: tags stand there twice: {', '.join(doubles)}")
    return tuple(dict.fromkeys(tags))
