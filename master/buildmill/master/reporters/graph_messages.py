"""The text about a build of a job graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buildmill.master.engine.service import for_authors, settled
from buildmill.master.reporters.details import Document
from buildmill.master.reporters.messages import MessageFormatterBaseJinja

_BODY = """\
The graph build {{ graph_build["rid"] }} on branch {{ graph_build["branch"] }}: {{ status_detected }}.
{% for job in failed_jobs %}
{{ job["rid"] }}: {{ job["reason"] }}{% endfor %}

Asked for by: {{ graph_build["created_by"] }}
{{ buildbot_url }}
"""
_SUBJECT = "{{ status_detected }}: job graph on {{ graph_build['branch'] }} ({{ buildbot_title }})"
_WORDS = {"SUCCEEDED": "passing build", "FAILED": "failed build", "CANCELED": "cancelled build"}


class MessageFormatterGraphBuild(MessageFormatterBaseJinja):
    """Jinja templates for builds of job graphs.

    In them are ``graph_build`` and ``failed_jobs`` as the data API has them, ``status_detected``, ``users``,
    ``buildbot_title``, ``buildbot_url`` and what ``ctx`` adds.
    """

    default_template = _BODY
    default_subject = _SUBJECT

    @for_authors
    async def format_message_for_graph_build(
        self, master: Any, graph_build: Document, failed_jobs: Sequence[Document], users: Sequence[str]
    ) -> Any:
        """The message about a build of a job graph, of which some jobs have failed."""
        context = {
            "graph_build": graph_build,
            "failed_jobs": failed_jobs,
            "status_detected": _WORDS[graph_build["status"]],
            "users": list(users),
            "buildbot_title": master.config.title,
            "buildbot_url": master.config.buildbotURL,
        }
        return await settled(self.render_message_dict(master, context))
