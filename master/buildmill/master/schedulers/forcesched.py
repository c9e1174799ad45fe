"""`ForceScheduler`: builds that people and programs ask for by a form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from buildmill.common.errors import Conflict, InvalidInput, NotFound
from buildmill.master.data.ports import Alongside
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.form_errors import InvalidParameters
from buildmill.master.domain.resources import ForceScheduler as ForceSchedulerDocument
from buildmill.master.engine.clustered import PluginMaster
from buildmill.master.mq.bus import Subscription
from buildmill.master.schedulers.base import AddedBuildset, BaseScheduler, maybe_await
from buildmill.master.schedulers.parameters import (
    BaseParameter,
    CodebaseParameter,
    Form,
    InheritBuildParameter,
    IntParameter,
    NestedParameter,
    StringParameter,
    UserNameParameter,
    WorkerChoiceParameter,
)

_SOURCE = "Force Build Form"
_ANONYMOUS = "anonymous"
_OF_THE_REQUEST = frozenset({"owner", "reason", "scheduler"})
_LARGEST_ID = 2**63 - 1
_PRIORITY_BOUND = 2**31 - 1


class ForceScheduler(BaseScheduler):
    """Asks for builds when somebody sends its form.

    Args:
        name: unique among the schedulers.
        builderNames: the builders that can be forced.
        username: the field for who asks.
        reason: the field for why.
        reasonString: how the reason of the buildset is made of ``owner`` and ``reason``.
        buttonName, label: texts for the page; the name if not given.
        codebases: names or `CodebaseParameter`, in a list.
        properties: further fields.
        priority: the field for the priority, or its default.
    """

    is_force_scheduler = True

    def __init__(
        self,
        name: str,
        builderNames: Any,
        username: UserNameParameter | None = None,
        reason: StringParameter | None = None,
        reasonString: str = "A build was forced by '%(owner)s': %(reason)s",
        buttonName: str | None = None,
        codebases: Sequence[str | CodebaseParameter] | None = None,
        label: str | None = None,
        properties: Sequence[BaseParameter] | None = None,
        priority: Any = None,
    ) -> None:
        forms = self._checked_codebases(name, codebases)
        super().__init__(name, builderNames, codebases={form.codebase: {} for form in forms})
        self.username = self._field("username", username, UserNameParameter)
        self.reason = self._field("reason", reason, lambda: StringParameter("reason", default="force build", size=20))
        self.reasonString = self._checked_reason_string(reasonString)
        if isinstance(priority, int) and not isinstance(priority, bool):
            priority = IntParameter("priority", default=priority)
        self.priority_field = self._field("priority", priority, lambda: IntParameter("priority", default=0))
        self.buttonName = self._text("buttonName", buttonName)
        self.label = self._text("label", label)
        self.forcedProperties = self._checked_fields(properties)
        head = NestedParameter("", [self.username, self.reason, self.priority_field])
        self.all_fields: list[BaseParameter] = [head, *forms, *self.forcedProperties]
        self._forms = forms
        self._inheriting = [f for f in _all_of(self.all_fields) if isinstance(f, InheritBuildParameter)]
        self._builds: Subscription | None = None
        self._impatient: Any = None
        self._allowed_ids: set[int] = set()
        self._document: ForceSchedulerDocument | None = None
        self._document_for: Any = None

    # -- construction ------------------------------------------------------------------------

    def _checked_codebases(self, name: str, codebases: Any) -> list[CodebaseParameter]:
        if codebases is None:
            return [CodebaseParameter("")]
        owner = f"scheduler {name!r}"
        if isinstance(codebases, str) or not isinstance(codebases, Sequence):
            config_error(f"{owner}: codebases must be a list of names or CodebaseParameters, not {codebases!r}")
            return [CodebaseParameter("")]
        if not codebases:
            config_error(f"{owner}: codebases must not be empty; a hidden one is CodebaseParameter('', hide=True)")
        forms: list[CodebaseParameter] = []
        for codebase in codebases:
            if isinstance(codebase, str):
                forms.append(CodebaseParameter(codebase))
            elif isinstance(codebase, CodebaseParameter):
                forms.append(codebase)
            else:
                config_error(f"{owner}: codebases must be names or CodebaseParameters, not {codebase!r}")
        return forms

    def _field(self, argument: str, given: Any, make: Callable[[], BaseParameter]) -> Any:
        if given is None:
            return make()
        if not isinstance(given, StringParameter):
            config_error(f"{self.owner}: {argument} must be a parameter of a form, not {given!r}")
            return make()
        return given

    def _text(self, argument: str, text: Any) -> str:
        if text is not None and not isinstance(text, str):
            config_error(f"{self.owner}: {argument} must be a string, not {text!r}")
        return str(text) if text else self.name

    def _checked_reason_string(self, text: Any) -> str:
        try:
            text % {"owner": "", "reason": ""}
        except (KeyError, TypeError, ValueError) as problem:
            config_error(f"{self.owner}: reasonString must be a format of owner and reason: {problem!r}")
            return "%(reason)s"
        return str(text)

    def _checked_fields(self, fields: Any) -> list[BaseParameter]:
        if fields is None:
            return []
        if isinstance(fields, str) or not isinstance(fields, Sequence):
            config_error(f"{self.owner}: properties must be a list of parameters, not {fields!r}")
            return []
        for field in fields:
            if not isinstance(field, BaseParameter):
                config_error(f"{self.owner}: properties must be parameters, not {field!r}")
        return [field for field in fields if isinstance(field, BaseParameter)]

    # -- life ------------------------------------------------------------------------------------

    @property
    def updates(self) -> Any:
        """New work from outside is refused, not queued, while the database cannot be written."""
        return self._impatient

    async def activate(self, master: PluginMaster) -> None:
        self._impatient = master.data.updates.impatient
        self._allowed_ids.clear()
        self._document = None
        await super().activate(master)
        if self._inheriting:
            self._builds = master.mq.subscribe(("builds", None, "finished"), lambda key, event: self._find_builds())
            self._find_builds()

    async def deactivate(self) -> None:
        if self._builds is not None:
            self._builds.cancel()
            self._builds = None
        await super().deactivate()

    def _find_builds(self) -> None:
        self._tasks.start(self._ask_for_builds(), name="compatible builds")

    async def _ask_for_builds(self) -> None:
        for field in self._inheriting:
            assert field.compatible_builds is not None
            found = await maybe_await(field.compatible_builds(self.master, None))
            choices = [str(build) for build in found or ()]
            if choices != field.choices:
                field.choices = choices
                self._document = None

    def _row_updated(self, key: object, event: Any) -> None:
        self._document = None
        super()._row_updated(key, event)

    # -- the form ----------------------------------------------------------------------------------

    def document(self) -> ForceSchedulerDocument:
        """The form, as clients of the data API see it."""
        if self._document is None or self._document_for is not self._config():
            self._document_for = self._config()
            for field in self.all_fields:
                if isinstance(field, WorkerChoiceParameter) and self._document_for is not None:
                    field.choices = sorted(worker.name for worker in self._document_for.workers)
            self._document = ForceSchedulerDocument(
                all_fields=[field.document() for field in self.all_fields],
                builder_names=list(self.listBuilderNames()),
                button_name=self.buttonName,
                enabled=self.enabled,
                label=self.label,
                name=self.name,
            )
        return self._document

    def _config(self) -> Any:
        return self.master.config if self.is_active else None

    async def force(
        self,
        /,
        owner: str | None,
        builderNames: Sequence[str] | None = None,
        builderid: int | None = None,
        **values: Any,
    ) -> AddedBuildset:
        """Ask for builds.

        Args:
            owner: who asks, as the session knows; the form's user name counts when that is nobody.
            builderNames, builderid: which of the scheduler's builders; all if neither is given.
            values: what was sent for the form's fields, by full name. Others are ignored.

        Returns:
            Id of the buildset, and ``{builder id: request id}``.

        Raises:
            InvalidParameters: fields that cannot be taken, each with its problem.
            Conflict: the scheduler is disabled.
            Unavailable: the database cannot be written.
        """
        return await self.send(values, owner, builderNames, builderid)

    async def send(
        self,
        values: Mapping[str, Any],
        owner: str | None,
        builderNames: Any = None,
        builderid: Any = None,
        alongside: Alongside | None = None,
    ) -> AddedBuildset:
        """The same, with the form's fields in one argument.

        Args:
            alongside: ``f(tx, what is returned)``, called in the transaction that adds the buildset.
        """
        if not self.enabled:
            raise Conflict(f"{self.owner} is disabled")
        form = Form(values, self.master.config.validation)
        head: dict[str, Any] = {}
        for field in (self.username, self.reason, self.priority_field):
            field.collect(form, head)
        priority = head.get(self.priority_field.name, 0)
        if type(priority) is not int or abs(priority) > _PRIORITY_BOUND:
            form.errors.setdefault(
                self.priority_field.fullName or "",
                f"{self.priority_field.label}: a number from -{_PRIORITY_BOUND} to {_PRIORITY_BOUND} was expected",
            )
        for codebase in self._forms:
            codebase.collect(form, form.properties)
        for field in self.forcedProperties:
            field.collect(form, form.properties)
        builder_ids: list[int] = []
        try:
            builder_ids = await self._chosen_builders(builderNames, builderid)
        except InvalidParameters as problem:  # told together with what is wrong in the form
            form.errors.update(problem.fields)
        inherited, sources = await self._inherited(form)
        if form.errors:
            raise InvalidParameters(form.errors)

        if not owner or owner == _ANONYMOUS:
            owner = str(head[self.username.name])
        reason = head[self.reason.name]
        properties = inherited | {
            name: (value, _SOURCE)
            for name, value in form.properties.items()
            if name not in inherited or value not in ("", None)
        }
        properties["reason"] = (reason, _SOURCE)
        properties["owner"] = (owner, _SOURCE)
        properties["scheduler"] = (self.name, "Scheduler")
        stamps = [
            {"branch": None, "project": "", "repository": "", "revision": None, **stamp, "codebase": codebase}
            if any(stamp.values()) or codebase not in sources
            else sources[codebase]
            for codebase, stamp in form.sourcestamps.items()
        ]
        added: AddedBuildset = await self.updates.addBuildset(
            scheduler=self.name,
            sourcestamps=stamps,
            reason=self.reasonString % {"owner": owner, "reason": reason},
            properties=properties,
            builderids=builder_ids,
            priority=priority,
            alongside=alongside,
        )
        return added

    async def _inherited(self, form: Form) -> tuple[dict[str, Any], dict[str, Any]]:
        """What comes from earlier builds: properties, and the id of the source stamp of each codebase."""
        properties: dict[str, Any] = {}
        sources: dict[str, Any] = {}
        for field, (builder, number) in form.inherited.items():
            build = await self.master.data.get(("builders", builder, "builds", number))
            if build is None:
                form.errors[field] = f"there is no build {number} of {builder!r}"
                continue
            request = await self.master.data.get(("buildrequests", build["buildrequestid"]))
            of_set = await self.master.data.get(("buildsets", request["buildsetid"], "properties"))
            properties |= {name: tuple(value) for name, value in of_set.items() if name not in _OF_THE_REQUEST}
            buildset = await self.master.data.get(("buildsets", request["buildsetid"]))
            sources |= {stamp["codebase"]: stamp["ssid"] for stamp in buildset["sourcestamps"]}
        return properties, sources

    async def _chosen_builders(self, names: Any, builder_id: Any) -> list[int]:
        if builder_id is not None:
            if type(builder_id) is not int or builder_id not in self._allowed_ids:
                builder_id = await self._checked_id(builder_id)
                self._allowed_ids.add(builder_id)
            return [builder_id]
        own = self.listBuilderNames()
        if names is None:
            return await self.builder_ids(own)
        if isinstance(names, str):
            names = [names]
        if not isinstance(names, list | tuple) or not names:
            raise InvalidParameters({"builderNames": "a list of names was expected"})
        for name in names:
            if not isinstance(name, str) or (own and name not in own):
                raise InvalidParameters({"builderNames": f"{name!r} is not a builder of {self.owner}"})
        try:
            return await self.builder_ids(names)
        except InvalidInput as problem:
            raise InvalidParameters({"builderNames": problem.problem}) from problem

    async def _checked_id(self, builder_id: Any) -> int:
        if isinstance(builder_id, str) and builder_id.isascii() and builder_id.isdigit() and len(builder_id) < 20:
            builder_id = int(builder_id)  # as Buildbot's pages send it
        if isinstance(builder_id, bool) or not isinstance(builder_id, int) or not 0 < builder_id <= _LARGEST_ID:
            raise InvalidParameters({"builderid": f"the id of a builder was expected, not {str(builder_id)[:40]!r}"})
        try:
            document = await self.master.data.get(("builders", builder_id))
        except NotFound:
            document = None
        own = self.listBuilderNames()
        if document is None or (own and document["name"] not in own):
            raise InvalidParameters({"builderid": f"{builder_id} is not a builder of {self.owner}"})
        return builder_id


def _all_of(fields: Sequence[BaseParameter]) -> Iterator[BaseParameter]:
    """The fields, and those of the groups among them."""
    for field in fields:
        yield field
        if isinstance(field, NestedParameter):
            yield from _all_of(field.fields)


class ForceSchedulers:
    """The force schedulers of the running configuration, for the data API."""

    def __init__(self) -> None:
        self._by_name: dict[str, ForceScheduler] = {}

    def replace(self, schedulers: Sequence[BaseScheduler]) -> None:
        """From now on offer those of `schedulers` that are forms."""
        self._by_name = {s.name: s for s in schedulers if isinstance(s, ForceScheduler)}

    async def documents(self) -> list[ForceSchedulerDocument]:
        """All forms, by name."""
        return [self._by_name[name].document() for name in sorted(self._by_name) if self._by_name[name].is_active]

    async def force(
        self, name: str, owner: str | None, params: Mapping[str, Any], alongside: Alongside | None = None
    ) -> AddedBuildset:
        """Send a form. Raises NotFound, or as `ForceScheduler.force`."""
        scheduler = self._by_name.get(name)
        if scheduler is None or not scheduler.is_active:
            raise NotFound(f"no force scheduler {name!r}")
        return await scheduler.send(params, owner, params.get("builderNames"), params.get("builderid"), alongside)
