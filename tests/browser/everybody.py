"""Whether a page can be used by everybody: what axe says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_AXE = Path(__file__).parents[2] / "master" / "ui" / "node_modules" / "axe-core" / "axe.min.js"


def wrong_for_some(page: Page, **options: Any) -> list[str]:
    """What keeps somebody from using the page, as it is shown now.

    Args:
        options: of ``axe.run``.
    """
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_AXE.read_text())
    told = json.dumps({"resultTypes": ["violations"], **options})
    found = page.evaluate(f"() => axe.run(document, {told})")
    return [f"{one['id']}: {[node['html'][:160] for node in one['nodes'][:3]]}" for one in found["violations"]]


def wrong_in_some_colours(page: Page) -> list[str]:
    """The same in light and in dark; the page is light afterwards."""
    page.emulate_media(color_scheme="dark")
    in_dark = wrong_for_some(page)
    page.emulate_media(color_scheme="light")
    return [f"in dark: {one}" for one in in_dark] + [f"in light: {one}" for one in wrong_for_some(page)]
