"""The key ``ui_default_config`` of ``www``: what the pages do where their reader has chosen nothing else.

The names are Buildbot's, and some of our own. The pages check the values themselves, in
``master/ui/src/lib/settings.ts``; here the author of a configuration is told which of them come to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from buildmill.master.config.problems import Problems

FLAG: Final = "True or False"
WHOLE: Final = "a whole number"
NUMBER: Final = "a number"

SETTINGS: Final[Mapping[str, str | tuple[str, ...]]] = {
    "Pages.theme": ("system", "light", "dark"),
    "Pages.times": ("relative", "exact"),
    "Pages.rows": WHOLE,
    "Builders.show_old_builders": FLAG,
    "Builders.page_size": WHOLE,
    "BuildsTable.build_time_base": ("Start time and duration", "Completion time"),
    "Log.wrap_lines": FLAG,
    "LogPreview.loadlines": WHOLE,
    "Waterfall.scaling_waterfall": NUMBER,
    "Waterfall.min_column_width_waterfall": WHOLE,
    "Waterfall.lazy_limit_waterfall": WHOLE,
    "Waterfall.idle_threshold_waterfall": WHOLE,
    "Waterfall.number_background_waterfall": FLAG,
    "Waterfall.show_builders_without_builds": FLAG,
    "Waterfall.show_old_builders": FLAG,
    "Console.changeLimit": WHOLE,
    "Console.buildLimit": WHOLE,
    "Console.show_builders_without_builds": FLAG,
    "Grid.fullChanges": FLAG,
    "Grid.leftToRight": FLAG,
    "Grid.revisionLimit": WHOLE,
    "Grid.changeFetchLimit": WHOLE,
    "Grid.buildFetchLimit": WHOLE,
}
"""What the pages know, with what a value may be."""
WITHOUT_EFFECT: Final[Mapping[str, str]] = {
    "Build.show_urls": "links of steps are always shown",
    "Build.trigger_step_page_size": "all triggered builds are shown",
    "BuildRequests.buildrequestFetchLimit": "more requests are drawn as one scrolls",
    "Builders.buildFetchLimit": "the newest builds of each builder are shown",
    "Builders.show_workers_name": "workers stand on the page of a builder",
    "ChangeBuilds.buildsFetchLimit": "all builds of a change are shown",
    "Changes.changesFetchLimit": "more changes are drawn as one scrolls",
    "Home.max_recent_builds": "the overview shows what is broken, runs and waits",
    "Home.sidebar_menu_groups_expand_behavior": "there is no sidebar",
    "Links.build_link_template": "links to builds have the builder's name and the number",
    "LogPreview.expand_logs": "the log that tells why a build has failed is opened by itself",
    "LogPreview.maxlines": "LogPreview.loadlines counts",
    "Workers.buildFetchLimit": "the newest builds of a worker are shown",
    "Workers.page_size": "more workers are drawn as one scrolls",
    "Workers.show_old_workers": "workers that are not configured any more are folded away",
}
"""What only Buildbot's pages know, and what ours do instead."""


def check_ui_defaults(key: str, value: Any, problems: Problems) -> None:
    """Tell of what the pages will pass over; Buildbot's take any name, so that nothing of it is an error."""
    name = "ui_default_config"
    if not isinstance(value, Mapping):
        problems.at_key(key, f"www[{name!r}] must be a dictionary, not {value!r}", inner=name)
        return
    useless = sorted(str(setting) for setting in value if setting in WITHOUT_EFFECT)
    if useless:
        told = "; ".join(f"{setting} ({WITHOUT_EFFECT[setting]})" for setting in useless)
        problems.notice(key, f"{name}: without effect here: {told}", inner=name)
    for setting, chosen in value.items():
        if setting in WITHOUT_EFFECT:
            continue
        expected = SETTINGS.get(setting)
        if expected is None:
            problems.notice(key, f"{name}: no page has a setting {setting!r}", inner=str(setting))
        elif not _is(expected, chosen):
            told = expected if isinstance(expected, str) else " or ".join(map(repr, expected))
            text = f"{name}[{setting!r}] is passed over: {told} is expected, not {chosen!r}"
            problems.notice(key, text, inner=str(setting))


def _is(expected: str | tuple[str, ...], value: Any) -> bool:
    if not isinstance(expected, str):
        return value in expected
    if isinstance(value, bool) or expected is FLAG:
        return isinstance(value, bool) and expected is FLAG
    return isinstance(value, int) or (expected is NUMBER and isinstance(value, float))
