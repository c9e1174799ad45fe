"""A browser, and a master with something to see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page

from buildmill.master.web.static_files import BUILT
from tests.browser.site import Site
from tests.chromium import chromium

DEADLINE_MS = 10_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They take long; see `tests.scheduling` for where they run."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    if not (BUILT / "index.html").is_file():
        pytest.skip("the web pages are not built: make ui")
    with chromium() as launched:
        yield launched


class Fillable(Protocol):
    """A master whose pages have something to show once it is filled."""

    def start(self) -> None: ...

    def fill(self) -> None: ...

    def stop(self) -> None: ...


SomeSite = TypeVar("SomeSite", bound=Fillable)


@contextmanager
def filled(master: SomeSite) -> Iterator[SomeSite]:
    """The master, started and filled; stopped afterwards, also when filling it went wrong."""
    try:
        master.start()
        master.fill()
        yield master
    finally:
        master.stop()


@pytest.fixture(scope="package")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with filled(Site(tmp_path_factory.mktemp("site"))) as master:
        yield master


class Watched:
    """What a page must not do: complain, break, ask other places, run what was written into a log.

    Attributes:
        refusals: statuses of answers that the test provokes.
    """

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.refusals: tuple[int, ...] = ()

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        page.on("console", self._console)
        page.on("dialog", self._dialog)
        page.on("request", lambda request: self._request(request.url))

    def _dialog(self, dialog: Dialog) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        # violations of the policy are told there, too
        is_provoked = any(f"status of {status} " in message.text for status in self.refusals)
        if message.type in ("error", "warning") and not is_provoked:
            self.problems.append(f"{message.type}: {message.text}")

    def _request(self, url: str) -> None:
        if not url.startswith("http://127.0.0.1:") or "pwned" in url:
            self.problems.append(f"request: {url}")


@pytest.fixture
def watched() -> Watched:
    return Watched()


@pytest.fixture
def address(site: Site) -> str:
    """Of the master that `page` visits; a module with a master of its own has another one."""
    return site.url


@pytest.fixture
def page(browser: Browser, address: str, watched: Watched) -> Iterator[Page]:
    """A page of a new visitor; it fails the test if it does what it must not."""
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(DEADLINE_MS)
    page = context.new_page()
    watched.watch(page)
    yield page
    context.close()
    assert watched.problems == []


def visit(page: Page, path: str) -> None:
    """Show one of our pages, and wait until it has something; the first time the browser loads them."""
    if page.url == "about:blank":
        page.goto(f"/#{path}")
    else:  # by way of another one, so that what is waited for is not of the page before
        between, title = ("/about", "About") if path != "/about" else ("/masters", "Masters")
        page.evaluate("path => { location.hash = path; }", between)
        page.locator("main h1", has_text=title).wait_for()
        page.evaluate("path => { location.hash = path; }", path)
        page.locator("main h1", has_not_text=title).first.wait_for(state="attached")
    page.wait_for_selector("main h1", state="attached")
    page.wait_for_selector("main .loading", state="detached")
