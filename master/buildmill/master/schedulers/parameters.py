"""The fields of a force form: each has a document for the page, and turns what was sent into a value.

Names, keys of the documents and full names of nested fields are those of Buildbot's form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from buildmill.master.domain.config_errors import config_error

_PLAIN = (str, int, float, bool)
_BUILD = re.compile(r"(.+)/(\d{1,9})(?:\s|$)")
_MAIL_ADDRESS = re.compile(r"\S+@\S+\.\S+|.*<\S+@\S+>")


class ValidationError(ValueError):
    """What was sent for a field cannot be taken."""


@dataclass
class Form:
    """What a form came to.

    Attributes:
        values: what was sent, by full name.
        properties: name to value, for the buildset.
        sourcestamps: what is known of each codebase.
        errors: full name to problem.
        inherited: full name to the build, as name of builder and number, of which properties and sources are taken.
        validation: the configuration's patterns for names and values of properties.
    """

    values: Mapping[str, Any]
    validation: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    sourcestamps: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    inherited: dict[str, tuple[str, int]] = field(default_factory=dict)


class BaseParameter:
    """One field of a force form.

    Args:
        name: the field's name, and that of the property it sets.
        label: shown to people; the name if not given.
        regex: the value must match it from the start.
        options: any other attribute of the class, as ``default``, ``required``, ``hide``.
    """

    spec_attributes: ClassVar[tuple[str, ...]] = (
        "name", "fullName", "label", "tablabel", "type", "default", "required", "multiple", "regex", "hide",
        "maxsize", "autopopulate", "tooltip",
    )  # fmt: skip
    own_attributes: ClassVar[tuple[str, ...]] = ()

    name: str = ""
    label: str = ""
    tablabel: str = ""
    type: str = ""
    default: Any = ""
    required: bool = False
    multiple: bool = False
    regex: Any = None
    hide: bool = False
    maxsize: int | None = None
    autopopulate: Any = None
    tooltip: str = ""
    debug: bool = True
    # PostgreSQL keeps no NUL in a text; a file becomes a property, where it is written as an escape
    nul_allowed: ClassVar[bool] = False

    def __init__(
        self,
        name: str,
        label: str | None = None,
        tablabel: str | None = None,
        regex: str | None = None,
        **options: Any,
    ) -> None:
        if not isinstance(name, str):
            config_error(f"{type(self).__name__}: the name must be a string, not {name!r}")
        self.name = str(name)
        self.parent: NestedParameter | None = None
        for option, value in options.items():
            if option not in _KNOWN_OPTIONS and not hasattr(type(self), option):
                config_error(f"{type(self).__name__} {name!r}: unknown argument {option!r}")
            setattr(self, option, value)
        self.label = self.name if label is None else label
        self.tablabel = self.label if tablabel is None else tablabel
        if regex is not None:
            try:
                self.regex = re.compile(regex)
            except (re.error, TypeError) as problem:
                config_error(f"{type(self).__name__} {name!r}: regex is no regular expression: {problem}")

    @property
    def fullName(self) -> str | None:
        """The name with those of the groups around it, as clients send it; None for a nameless group."""
        above = self.parent.fullName if self.parent is not None else None
        return "_".join(part for part in (above, self.name) if part) or None

    def document(self) -> dict[str, Any]:
        """What a page needs to show the field; keys are sorted."""
        document = {name: getattr(self, name) for name in (*self.spec_attributes, *self.own_attributes)}
        document["regex"] = self.regex.pattern if isinstance(self.regex, re.Pattern) else self.regex
        return dict(sorted(document.items()))

    getSpec = document

    def collect(self, form: Form, into: dict[str, Any]) -> None:
        """Put the field's value `into` a dictionary under its name, or the problem into the form's errors."""
        full_name = self.fullName or ""
        try:
            value = self.value_of(form.values.get(full_name))
        except ValidationError as problem:
            form.errors[full_name] = str(problem)
        else:
            self.store(value, form, into)

    def store(self, value: Any, form: Form, into: dict[str, Any]) -> None:
        """Keep a good value."""
        into[self.name] = value

    def value_of(self, sent: Any) -> Any:
        """The value for what was sent (None: nothing).

        Raises:
            ValidationError: it cannot be taken.
        """
        items = sent if isinstance(sent, list) else [] if sent is None else [sent]
        if not self.multiple and len(items) > 1:
            raise ValidationError(f"{self.label}: one value was expected, not {len(items)}")
        if self.required and all(item in ("", None) for item in items):
            raise ValidationError(f"'{self.label or self.name}' needs to be specified")
        values = [self._checked(item) for item in items]
        if self.multiple:
            return values if values else self._default_values()
        return values[0] if values else self.parse(self.default)

    def _default_values(self) -> list[Any]:
        if isinstance(self.default, list | tuple):
            return list(self.default)
        return [self.default] if self.default not in ("", None) else []

    def _checked(self, item: Any) -> Any:
        if not isinstance(item, _PLAIN):
            raise ValidationError(f"{self.label}: a text or a number was expected, not {_kind(item)}")
        if item == "" and self.default not in ("", None):
            return self.default
        text = item if isinstance(item, str) else str(item)
        if "\0" in text and not self.nul_allowed:
            raise ValidationError(f"{self.label}: a text without NUL was expected")
        if self.maxsize is not None and len(text) > self.maxsize:
            raise ValidationError(f"{self.label}: is too large {len(text)} > {self.maxsize}")
        if self.regex is not None and not self.regex.match(text):
            raise ValidationError(f"{self.label}:'{text}' does not match pattern '{self.regex.pattern}'")
        return self.parse(item)

    def parse(self, item: Any) -> Any:
        """The value for one text or number; may raise ValidationError. For subclasses."""
        return item

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"


class FixedParameter(BaseParameter):
    """A value that the form cannot change."""

    type = "fixed"
    hide = True

    def value_of(self, sent: Any) -> Any:
        return self.default


class StringParameter(BaseParameter):
    """A line of text."""

    own_attributes: ClassVar[tuple[str, ...]] = ("size",)
    type = "text"
    size: int = 10


class TextParameter(StringParameter):
    """Several lines of text."""

    own_attributes = ("size", "cols", "rows")
    type = "textarea"
    cols: int = 80
    rows: int = 20


class IntParameter(StringParameter):
    """An integer."""

    type = "int"
    default = 0

    def parse(self, item: Any) -> Any:
        if isinstance(item, float) and not item.is_integer():
            raise ValidationError(f"{self.label}: an integer was expected, not {item!r}")
        try:
            return int(item)
        except (TypeError, ValueError, OverflowError):
            raise ValidationError(f"{self.label}: an integer was expected, not {item!r}") from None


class BooleanParameter(BaseParameter):
    """Yes or no."""

    type = "bool"

    _YES: ClassVar = frozenset({"true", "1", "on", "yes"})
    _NO: ClassVar = frozenset({"", "false", "0", "off", "no", "none"})

    def parse(self, item: Any) -> bool:
        text = str(item).lower()
        if text in self._YES:
            return True
        if text in self._NO:
            return False
        raise ValidationError(f"{self.label}: true or false was expected, not {item!r}")

    def _checked(self, item: Any) -> Any:
        # an empty text is a box that was not ticked, not a field left alone
        return self.parse(item) if isinstance(item, _PLAIN) else super()._checked(item)


class UserNameParameter(StringParameter):
    """Who wants the build: ``User <email@email.com>`` unless ``need_email=False``."""

    own_attributes = ("size", "need_email")
    type = "username"
    size = 30
    need_email: bool = True

    def __init__(self, name: str = "username", label: str | None = "Your name:", **options: Any) -> None:
        super().__init__(name, label, **options)

    def parse(self, item: Any) -> Any:
        if item and self.need_email and not _MAIL_ADDRESS.fullmatch(str(item)):
            raise ValidationError(f"{self.name}: please fill in email address in the form 'User <email@email.com>'")
        return item


class ChoiceStringParameter(BaseParameter):
    """One of some texts (several, with ``multiple=True``); with ``strict=False`` any other, too."""

    own_attributes = ("choices", "strict")
    type = "list"
    choices: Any = ()
    strict: bool = True

    def __init__(self, name: str, label: str | None = None, **options: Any) -> None:
        super().__init__(name, label, **options)
        if isinstance(self.choices, str) or not isinstance(self.choices, Sequence):
            config_error(f"{type(self).__name__} {name!r}: choices must be a list, not {self.choices!r}")
            self.choices = ()
        self.choices = list(self.choices)

    def parse(self, item: Any) -> Any:
        if self.strict and item not in self.choices:
            raise ValidationError(f"'{item}' does not belong to list of available choices '{self.choices}'")
        return item


class InheritBuildParameter(ChoiceStringParameter):
    """An earlier build whose properties and sources are taken, where the form's fields are empty. Empty: none.

    Args:
        compatible_builds: ``f(master, builder)`` gives the builds to choose from, as ``builder/number``; may be async.
            The second argument is None: the form is for all builders.
    """

    name = "inherit"
    compatible_builds: Callable[[Any, Any], Any] | None = None

    def __init__(self, name: str = "inherit", label: str | None = None, **options: Any) -> None:
        super().__init__(name, label, **options)
        if not callable(self.compatible_builds):
            config_error(f"InheritBuildParameter {name!r}: compatible_builds must be callable")
            self.compatible_builds = None

    def parse(self, item: Any) -> Any:
        if item and not _BUILD.match(str(item)):
            raise ValidationError(f"{self.label}: a build was expected, as builder/number, not {str(item)[:40]!r}")
        return item

    def store(self, value: Any, form: Form, into: dict[str, Any]) -> None:
        found = _BUILD.match(str(value)) if value else None
        if found:
            form.inherited[self.fullName or ""] = (found[1], int(found[2]))


class WorkerChoiceParameter(ChoiceStringParameter):
    """Which worker; sets the property ``workername``, which `enforceChosenWorker` obeys. Empty: any."""

    strict = False

    def __init__(self, name: str = "workername", label: str | None = None, **options: Any) -> None:
        super().__init__(name, label, **options)

    def store(self, value: Any, form: Form, into: dict[str, Any]) -> None:
        if value:
            into[self.name] = value


class FileParameter(BaseParameter):
    """The contents of a file."""

    type = "file"
    nul_allowed = True
    maxsize = 10 * 1024 * 1024


class NestedParameter(BaseParameter):
    """A group of fields.

    Args:
        name: the fields' values become one property of this name, a dictionary; with an empty name each field
            sets its own property.
        fields: the fields of the group.
        columns: how a page may lay them out; 2 from four visible fields on if not given.
    """

    own_attributes = ("layout", "columns")
    type = "nested"
    layout: str = "vertical"
    columns: int | None = None

    def __init__(self, name: str, fields: Sequence[BaseParameter], label: str | None = None, **options: Any) -> None:
        super().__init__(name, label, **options)
        if isinstance(fields, str) or not isinstance(fields, Sequence):
            config_error(f"{type(self).__name__} {name!r}: fields must be a list of parameters, not {fields!r}")
            fields = ()
        self.fields: list[BaseParameter] = []
        for part in fields:
            if isinstance(part, BaseParameter):
                part.parent = self
                self.fields.append(part)
            else:
                config_error(f"{type(self).__name__} {name!r}: fields must be parameters, not {part!r}")
        if self.columns is None:
            self.columns = 2 if sum(not part.hide for part in self.fields) >= 4 else 1

    def document(self) -> dict[str, Any]:
        document = super().document()
        document["fields"] = [part.document() for part in self.fields]
        return dict(sorted(document.items()))

    getSpec = document

    def collect(self, form: Form, into: dict[str, Any]) -> None:
        inner: dict[str, Any] = {}
        for part in self.fields:
            part.collect(form, inner)
        if self.name:
            into[self.name] = inner
        else:
            into.update(inner)


ParameterGroup = NestedParameter


class AnyPropertyParameter(NestedParameter):
    """A property of any name: two fields, its name and its value. Without a name nothing is set."""

    def __init__(self, name: str, label: str | None = "", **options: Any) -> None:
        fields = [StringParameter("name", "Name:"), StringParameter("value", "Value:")]
        super().__init__(name, options.pop("fields", fields), label, **options)

    def collect(self, form: Form, into: dict[str, Any]) -> None:
        inner: dict[str, Any] = {}
        for part in self.fields:
            part.collect(form, inner)
        name, value = inner.get("name", ""), inner.get("value", "")
        if not name:
            return
        for key, text in (("property_name", name), ("property_value", value)):
            pattern = form.validation.get(key)
            if pattern is not None and not pattern.match(str(text)):
                form.errors[self.fullName or ""] = f"bad property name='{name}', value='{value}'"
                return
        form.properties[str(name)] = value


class PatchParameter(NestedParameter):
    """A patch, for the argument `patch` of `CodebaseParameter`: its body, level, author, comment and subdirectory.

    Without a body there is no patch.
    """

    columns = 1

    def __init__(self, name: str = "patch", label: str | None = None, **options: Any) -> None:
        fields: list[BaseParameter] = [
            FileParameter("body"),
            IntParameter("level", default=1),
            StringParameter("author", default=""),
            StringParameter("comment", default=""),
            StringParameter("subdir", default="."),
        ]
        super().__init__(name, options.pop("fields", fields), label, **options)

    @staticmethod
    def of_source_stamp(values: Mapping[str, Any]) -> dict[str, Any]:
        """What a source stamp has of the patch; nothing without a body."""
        body = values.get("body")
        if not body:
            return {}
        return {
            "patch_body": str(body).encode(),
            **{f"patch_{name}": values[name] for name in ("level", "author", "comment", "subdir") if name in values},
        }


class CodebaseParameter(NestedParameter):
    """Branch, revision, repository and project of one codebase.

    Args:
        codebase: the codebase.
        branch, revision, repository, project: the field for each; a text is a fixed value, None leaves it out.
        patch: fields for a patch that is applied to the sources.
    """

    _SOURCE_ATTRIBUTES: ClassVar = ("branch", "project", "repository", "revision")

    def __init__(
        self,
        codebase: str,
        name: str | None = None,
        label: str | None = None,
        branch: Any = ...,
        revision: Any = ...,
        repository: Any = ...,
        project: Any = ...,
        patch: Any = None,
        **options: Any,
    ) -> None:
        if not isinstance(codebase, str):
            config_error(f"CodebaseParameter: the codebase must be a string, not {codebase!r}")
        if patch is not None and not isinstance(patch, PatchParameter):
            config_error(f"CodebaseParameter {codebase!r}: patch must be a PatchParameter, not {patch!r}")
            patch = None
        self.codebase = str(codebase)
        given = {"branch": branch, "revision": revision, "repository": repository, "project": project}
        fields = [f for f in (self._field(attr, given[attr]) for attr in self._SOURCE_ATTRIBUTES) if f is not None]
        if patch is not None:
            fields.append(patch)
            options.setdefault("columns", 1)
        if label is None and codebase:
            label = f"Codebase: {codebase}"
        super().__init__(codebase if name is None else name, options.pop("fields", fields), label, **options)

    def _field(self, attribute: str, given: Any) -> BaseParameter | None:
        if given is ...:
            return StringParameter(attribute, f"{attribute.capitalize()}:")
        if given is None or isinstance(given, BaseParameter):
            return given
        if isinstance(given, str):
            return FixedParameter(attribute, default=given)
        config_error(
            f"CodebaseParameter {self.codebase!r}: {attribute} must be a parameter, a string or None, not {given!r}"
        )
        return None

    def collect(self, form: Form, into: dict[str, Any]) -> None:
        inner: dict[str, Any] = {}
        for part in self.fields:
            part.collect(form, inner)
        patch = {}
        for part in self.fields:
            if isinstance(part, PatchParameter):
                patch = part.of_source_stamp(inner.pop(part.name, {}))
        # a revision may well be sent as a number; the columns hold texts
        form.sourcestamps[self.codebase] = {
            name: value if value is None or isinstance(value, str) else str(value) for name, value in inner.items()
        } | patch


_KNOWN_OPTIONS = frozenset(
    name
    for cls in (
        TextParameter, UserNameParameter, ChoiceStringParameter, NestedParameter, FileParameter,
    )
    for name in (*cls.spec_attributes, *cls.own_attributes, "debug")
)  # fmt: skip


def _kind(item: Any) -> str:
    return {dict: "an object", list: "a list", type(None): "null"}.get(type(item), type(item).__name__)
