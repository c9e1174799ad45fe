"""Builds that have failed in many ways: the line that says why is on the screen before anybody clicks."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import DEADLINE_MS, Watched, filled, visit
from tests.browser.failures import FAILURES, BrokenSite

SCREEN: ViewportSize = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def broken(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokenSite]:
    with filled(BrokenSite(tmp_path_factory.mktemp("broken"), sys.executable)) as master:
        yield master


@pytest.fixture(scope="module")
def reader(browser: Browser, broken: BrokenSite) -> Iterator[tuple[Page, Watched]]:
    """One page for all: what it shows changes with its address."""
    context = browser.new_context(base_url=broken.url, viewport=SCREEN)
    context.set_default_timeout(DEADLINE_MS)
    page, watched = context.new_page(), Watched()
    watched.watch(page)
    yield page, watched
    context.close()


@pytest.mark.parametrize("name", FAILURES)
def test_the_line_that_matters_is_on_the_screen(name: str, broken: BrokenSite, reader: tuple[Page, Watched]) -> None:
    page, watched = reader
    visit(page, f"/builds/{broken.builds[name]}")

    telling = page.locator(".telling", has_text=FAILURES[name].says).first

    expect(telling).to_be_visible()
    box = telling.bounding_box()
    assert box is not None
    assert 0 <= box["y"] <= SCREEN["height"] - box["height"]
    assert watched.problems == []
