"""Formatters: from a build to the text of a message.

`MessageFormatter` fills Jinja templates, `MessageFormatterRenderable` renders renderables with the build's properties,
`MessageFormatterFunction` calls a function, `MessageFormatterEmpty` says nothing; `MessageFormatterMissingWorker` is
about workers. All of them give ``{"body", "type", "subject", "extra_info"}``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jinja2

from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, SUCCESS, WARNINGS
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.properties import Properties
from buildmill.master.domain.rendering import is_renderable, render
from buildmill.master.domain.result_rules import status_text
from buildmill.master.engine.service import for_authors, settled
from buildmill.master.reporters.details import Document, getURLForBuild

_TYPES = ("plain", "html", "json")
_BODY = """\
Build {{ build_number }} of {{ buildername }}: {{ status_detected }}.

{{ summary }}
{{ build_url }}

Worker: {{ workername }}
Reason: {{ build["buildset"]["reason"] or "none given" }}
By: {{ blamelist | join(", ") or "nobody in particular" }}
"""
_SUBJECT = "{{ status_detected }}: {{ buildername }} #{{ build_number }} ({{ buildbot_title }})"
_MISSING_BODY = """\
The worker {{ worker["name"] }} is missing from {{ buildbot_title }}.

It was last connected at {{ worker["last_connection"] }}.
{{ buildbot_url }}
"""
_MISSING_SUBJECT = "worker {{ worker['name'] }} is missing"


def status_detected(results: int | None, previous: int | None) -> str:
    """What happened, in words that also tell whether it is new."""
    match results:
        case None:
            return "started"
        case x if x == FAILURE:
            return "new failure" if previous not in (None, FAILURE) else "failed build"
        case x if x == WARNINGS:
            return "problem in the build"
        case x if x == SUCCESS:
            return "restored build" if previous == FAILURE else "passing build"
        case x if x == EXCEPTION:
            return "build exception"
        case x if x == CANCELLED:
            return "cancelled build"
    return f"{status_text(results)} build"


def create_context_for_build(
    mode: Sequence[str], build: Document, is_buildset: bool, master: Any, blamelist: Sequence[str]
) -> Document:
    """The names that templates may use for a build with its details."""
    results, previous = build.get("results"), build.get("prev_build")
    buildset = build["buildset"]
    worker = (build.get("properties") or {}).get("workername", ("<unknown>",))[0]
    projects = sorted({stamp["project"] for stamp in buildset["sourcestamps"] if stamp["project"]})
    number = build.get("number")
    return {
        "results": results,
        "result_names": ["success", "warnings", "failure", "skipped", "exception", "retry", "cancelled"],
        "mode": mode,
        "buildername": build["builder"]["name"],
        "workername": worker,
        "buildset": buildset,
        "build": build,
        "build_number": number,
        "is_buildset": is_buildset,
        "projects": ", ".join(projects) or master.config.title,
        "previous_results": None if previous is None else previous["results"],
        "status_detected": status_detected(results, None if previous is None else previous["results"]),
        "build_url": build["url"] if number is None else getURLForBuild(master, build["builderid"], number),
        "buildbot_title": master.config.title,
        "buildbot_url": master.config.buildbotURL,
        "blamelist": list(blamelist),
        "summary": build.get("state_string") or "",
        "sourcestamps": buildset["sourcestamps"],
    }


def create_context_for_worker(master: Any, worker: Document) -> Document:
    """The names that templates may use for a worker."""
    return {"buildbot_title": master.config.title, "buildbot_url": master.config.buildbotURL, "worker": worker}


class MessageFormatterBase:
    """Base of formatters.

    Args:
        ctx: further names for the text.
        want_properties, want_steps, want_logs, want_logs_content: which details of a build it needs; see
            `details.getDetailsForBuild`.
    """

    template_type = "plain"

    def __init__(
        self,
        ctx: Mapping[str, Any] | None = None,
        want_properties: bool = True,
        want_steps: bool = False,
        want_logs: bool = False,
        want_logs_content: bool | Sequence[str] = False,
    ) -> None:
        if ctx is not None and not isinstance(ctx, Mapping):
            config_error(f"{type(self).__name__}: ctx must be a dictionary, not {ctx!r}")
            ctx = None
        self.context = dict(ctx or {})
        self.want_properties = want_properties
        self.want_steps = want_steps
        self.want_logs = want_logs
        self.want_logs_content = want_logs_content

    def buildAdditionalContext(self, master: Any, ctx: Document) -> Any:
        """Add names to the context; may be awaitable."""

    def render_message_body(self, context: Document) -> Any:
        """The text, or None; may be awaitable."""
        return None

    def render_message_subject(self, context: Document) -> Any:
        """The subject, or None; may be awaitable."""
        return None

    def render_message_extra_info(self, context: Document) -> Any:
        """Anything else for the reporter, or None; may be awaitable."""
        return None

    @for_authors
    async def render_message_dict(self, master: Any, context: Document) -> Document:
        """The message for a context."""
        context = {**context, **self.context}
        await settled(self.buildAdditionalContext(master, context))
        return {
            "body": await settled(self.render_message_body(context)),
            "type": self.template_type,
            "subject": await settled(self.render_message_subject(context)),
            "extra_info": await settled(self.render_message_extra_info(context)),
        }

    @for_authors
    async def format_message_for_build(
        self, master: Any, build: Document, is_buildset: bool = False, users: Any = None, mode: Any = ()
    ) -> Any:
        """The message about a build with its details."""
        context = create_context_for_build(mode or (), build, is_buildset, master, users or ())
        return await settled(self.render_message_dict(master, context))

    @for_authors
    async def format_message_for_buildset(
        self, master: Any, buildset: Document, builds: Sequence[Document], users: Any = None, mode: Any = ()
    ) -> Any:
        """The message about a set with its builds."""
        context = {
            "mode": mode,
            "buildset": buildset,
            "builds": builds,
            "results": buildset["results"],
            "buildbot_title": master.config.title,
            "buildbot_url": master.config.buildbotURL,
            "blamelist": list(users or ()),
            "sourcestamps": buildset["sourcestamps"],
            "status_detected": status_detected(buildset["results"], None),
        }
        return await settled(self.render_message_dict(master, context))


class MessageFormatterEmpty(MessageFormatterBase):
    """Says nothing: for reporters that only look at the build."""


class MessageFormatterFunction(MessageFormatterBase):
    """A function of the author's makes the text.

    Args:
        function: called with ``{"build": …}`` (of a set: ``{"buildset", "builds"}``, of a job graph:
            ``{"graph_build", "failed_jobs", "users"}``); may be async.
        template_type: ``plain``, ``html`` or ``json``: with the last the text may be anything that JSON can hold.
    """

    def __init__(self, function: Callable[[Any], Any], template_type: str, **wants: Any) -> None:
        super().__init__(**wants)
        if not callable(function):
            config_error(f"{type(self).__name__}: function must be callable, not {function!r}")
        self._function = function
        self.template_type = _checked_type(self, template_type)

    @for_authors
    async def format_message_for_build(
        self, master: Any, build: Document, is_buildset: bool = False, users: Any = None, mode: Any = ()
    ) -> Any:
        """See `MessageFormatterBase`."""
        return self._message(await settled(self._function({"build": build})))

    @for_authors
    async def format_message_for_buildset(
        self, master: Any, buildset: Document, builds: Sequence[Document], users: Any = None, mode: Any = ()
    ) -> Any:
        """See `MessageFormatterBase`."""
        return self._message(await settled(self._function({"buildset": buildset, "builds": builds})))

    @for_authors
    async def format_message_for_graph_build(
        self, master: Any, graph_build: Document, failed_jobs: Sequence[Document], users: Sequence[str]
    ) -> Any:
        """The message about a build of a job graph."""
        context = {"graph_build": graph_build, "failed_jobs": failed_jobs, "users": users}
        return self._message(await settled(self._function(context)))

    def _message(self, body: Any) -> Document:
        return {"body": body, "type": self.template_type, "subject": None, "extra_info": None}


class MessageFormatterFunctionRaw(MessageFormatterBase):
    """A function of the author's makes the whole message.

    Args:
        function: called with the master and the context of a build; gives ``body``, ``type``, ``subject`` and
            ``extra_info``, each of which may be missing. May be async.
    """

    def __init__(self, function: Callable[[Any, Document], Any], **wants: Any) -> None:
        super().__init__(**wants)
        if not callable(function):
            config_error(f"{type(self).__name__}: function must be callable, not {function!r}")
        self._function = function

    @for_authors
    async def render_message_dict(self, master: Any, context: Document) -> Document:
        """See `MessageFormatterBase`."""
        context = {**context, **self.context}
        made = await settled(self._function(master, context))
        return {"body": None, "type": "plain", "subject": None, "extra_info": None, **made}


class MessageFormatterRenderable(MessageFormatterBase):
    """Renderables with the properties of the build.

    Args:
        template: of the text.
        subject: of the subject, or None.
    """

    def __init__(self, template: Any, subject: Any = None) -> None:
        super().__init__()
        for name, value in (("template", template), ("subject", subject)):
            if not (isinstance(value, str) or is_renderable(value) or (name == "subject" and value is None)):
                config_error(f"{type(self).__name__}: {name} must be text or a renderable, not {value!r}")
        self.template = template
        self.subject = subject

    @for_authors
    async def format_message_for_build(
        self, master: Any, build: Document, is_buildset: bool = False, users: Any = None, mode: Any = ()
    ) -> Any:
        """See `MessageFormatterBase`."""
        properties = PropertiesOfReport(master, build)
        return {
            "body": await render(self.template, properties),
            "type": self.template_type,
            "subject": await render(self.subject, properties),
            "extra_info": None,
        }

    @for_authors
    async def format_message_for_buildset(
        self, master: Any, buildset: Document, builds: Sequence[Document], users: Any = None, mode: Any = ()
    ) -> Any:
        """Rendered with the properties of the first build."""
        build = builds[0] if builds else {"buildset": buildset, "properties": {}, "url": master.config.buildbotURL}
        return await settled(self.format_message_for_build(master, build))


class MessageFormatterBaseJinja(MessageFormatterBase):
    """Fills templates; what is not known in them is an error of the report.

    Args:
        template: of the text; one of its own if not given.
        subject: of the subject; one of its own if not given.
        template_type: ``plain``, ``html`` or ``json``.
        extra_info_cb: called with the context; what else the reporter shall know.
    """

    default_template = ""
    default_subject = ""

    def __init__(
        self,
        template: str | None = None,
        subject: str | None = None,
        template_type: str | None = None,
        extra_info_cb: Callable[[Document], Any] | None = None,
        **wants: Any,
    ) -> None:
        super().__init__(**wants)
        if template_type is not None:
            self.template_type = _checked_type(self, template_type)
        if extra_info_cb is not None and not callable(extra_info_cb):
            config_error(f"{type(self).__name__}: extra_info_cb must be callable, not {extra_info_cb!r}")
            extra_info_cb = None
        self.extra_info_cb = extra_info_cb
        self.body_template = self._compiled("template", template, self.default_template)
        self.subject_template = self._compiled("subject", subject, self.default_subject)

    def _compiled(self, name: str, text: Any, default: str) -> jinja2.Template:
        if text is not None and not isinstance(text, str):
            config_error(f"{type(self).__name__}: {name} must be text, not {text!r}")
            text = None
        # what builds are called may come from outside: it is text, also in HTML
        is_html = self.template_type == "html" and name == "template"
        environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=is_html)  # noqa: S701  # or no HTML
        try:
            return environment.from_string(default if text is None else text)
        except jinja2.TemplateSyntaxError as problem:
            config_error(f"{type(self).__name__}: {name}, line {problem.lineno}: {problem.message}")
            return environment.from_string("")

    def render_message_body(self, context: Document) -> Any:
        """The filled template."""
        return self.body_template.render(context)

    def render_message_subject(self, context: Document) -> Any:
        """The filled template."""
        return self.subject_template.render(context)

    def render_message_extra_info(self, context: Document) -> Any:
        """What the author's function gives."""
        return None if self.extra_info_cb is None else self.extra_info_cb(context)


class MessageFormatter(MessageFormatterBaseJinja):
    """Jinja templates for builds. The names in them are those of `create_context_for_build`, and `ctx`."""

    default_template = _BODY
    default_subject = _SUBJECT


class MessageFormatterMissingWorker(MessageFormatterBaseJinja):
    """Jinja templates for workers that are away; ``worker`` has ``name``, ``last_connection`` and ``workerinfo``."""

    default_template = _MISSING_BODY
    default_subject = _MISSING_SUBJECT

    @for_authors
    async def formatMessageForMissingWorker(self, master: Any, worker: Document) -> Any:
        """The message about a worker."""
        return await settled(self.render_message_dict(master, create_context_for_worker(master, worker)))

    format_message_for_missing_worker = formatMessageForMissingWorker


class PropertiesOfReport(Properties):
    """The properties of a build that a report is about; its secrets are those of the master.

    Args:
        build: with its details.
    """

    def __init__(self, master: Any, build: Document) -> None:
        super().__init__()
        self._master = master
        self.sourcestamps = build["buildset"]["sourcestamps"]
        self._url = build["url"]
        for name, (value, source) in (build.get("properties") or {}).items():
            self.setProperty(name, value, source)

    def build_url(self) -> str:
        """Address of the build's page."""
        return str(self._url)


def _checked_type(formatter: object, template_type: Any) -> str:
    if template_type not in _TYPES:
        known = ", ".join(_TYPES)
        config_error(f"{type(formatter).__name__}: template_type must be one of {known}, not {template_type!r}")
        return "plain"
    return str(template_type)
