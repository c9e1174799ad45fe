"""Every page is looked at: on a master that has been used for days, and on one that is new.

With ``BUILDMILL_PICTURES=folder`` what was seen is kept there, and below ``manual`` the pictures of the manual: see
``make pictures``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import Watched, filled, visit
from tests.browser.everybody import wrong_for_some
from tests.browser.lived_in import EMPTY, LivedInSite, NewSite

MOST_REQUESTS = 3
"""For the data of a page, and of its charts."""
REQUESTS = {"front": 1, "log": 6, "pending": 5, "request": 4}
"""Where it is another number: a log that is asked for by names is found step by step, and searched for sections."""
WIDE, NARROW = ViewportSize(width=1280, height=800), ViewportSize(width=360, height=740)
MANUAL = {
    "front": ("front", "light", 1280, 760),
    "build": ("build broken", "light", 1000, 640),
    "log": ("log", "dark", 1000, 420),
    "narrow": ("builders", "dark", 360, 640),
    "run": ("run", "light", 1100, 760),
    "tests": ("tests of a builder", "light", 1000, 420),
}
"""Pictures of the manual by file name: the page, the colours, the size."""


@pytest.fixture(scope="module")
def lived_in(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivedInSite]:
    with filled(LivedInSite(tmp_path_factory.mktemp("lived_in"))) as master:
        yield master


@pytest.fixture(scope="module")
def new(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewSite]:
    master = NewSite(tmp_path_factory.mktemp("new"))
    try:
        master.start()
        yield master
    finally:
        master.stop()


@pytest.fixture
def address(request: pytest.FixtureRequest) -> str:
    """Of the master that a test asks for."""
    name = "new" if "new" in request.fixturenames else "lived_in"
    url: str = request.getfixturevalue(name).url
    return url


class Pictures:
    """Keeps what is seen, where somebody wants that."""

    def __init__(self, folder: str | None) -> None:
        self.folder = Path(folder) if folder else None

    def take(self, page: Page, name: str, *, whole: bool = True) -> None:
        if self.folder is not None:
            # what moves would look different each time, and bars and toasts would be caught half-way
            path = self.folder / f"{name.replace(' ', '-')}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            # written here: the library would do so in threads that it leaves behind
            path.write_bytes(page.screenshot(full_page=whole, animations="disabled", caret="hide"))


@pytest.fixture
def pictures() -> Pictures:
    return Pictures(os.environ.get("BUILDMILL_PICTURES"))


class Look:
    """One look at all pages of a master, in light, in dark, and on a small screen."""

    def __init__(self, page: Page, watched: Watched, pictures: Pictures, site: str) -> None:
        self._page, self._watched, self._pictures, self._site = page, watched, pictures, site
        self._asked: list[str] = []
        page.on("request", lambda request: self._hear(request.url))
        page.emulate_media(reduced_motion="reduce")

    def _hear(self, url: str) -> None:
        _, is_data, what = url.partition("/api/v2/")
        # the end of a log that grows is asked for again and again
        what = what.partition("?")[0] if "/contents?" in what else what
        if is_data and what not in self._asked:
            self._asked.append(what)

    def at(self, pages: Mapping[str, str]) -> dict[str, list[str]]:
        """What is wrong, by page."""
        found = {name: self._at(name, path) for name, path in pages.items()}
        return {name: problems for name, problems in found.items() if problems}

    def _at(self, name: str, path: str) -> list[str]:
        page = self._page
        page.goto("about:blank")
        self._asked.clear()
        visit(page, path)
        page.wait_for_load_state("networkidle")
        problems = [*self._watched.problems]
        self._watched.problems.clear()
        if len(self._asked) > REQUESTS.get(name, MOST_REQUESTS):
            problems.append(f"asks for {self._asked}")
        if not re.search(r".+ · Parser$", page.title()):
            problems.append(f"is called {page.title()!r}")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            problems += [f"in {scheme}: {one}" for one in wrong_for_some(page)]
            self._pictures.take(page, f"{self._site}/{name}-{scheme}")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(NARROW)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > NARROW["width"]:
            problems.append(f"is {width} pixels wide on a small screen")
        self._pictures.take(page, f"{self._site}/{name}-narrow")
        page.set_viewport_size(WIDE)
        return problems


def test_every_page_can_be_used_by_everybody_everywhere(
    page: Page, watched: Watched, pictures: Pictures, lived_in: LivedInSite
) -> None:
    assert Look(page, watched, pictures, "used").at(lived_in.pages()) == {}


def test_so_can_the_pages_of_a_new_master(page: Page, watched: Watched, pictures: Pictures, new: NewSite) -> None:
    assert Look(page, watched, pictures, "new").at(EMPTY) == {}


# -- what opens above a page -----------------------------------------------------------------


def _force(page: Page) -> None:
    visit(page, "/builders/release")
    page.get_by_role("button", name="Release").click()


def _stop(page: Page) -> None:
    visit(page, "/builders/nightly")
    page.locator("section", has_text="Duration").locator("tbody a").first.click()
    page.get_by_role("button", name="Stop").click()


def _palette(page: Page) -> None:
    visit(page, "/builders")
    page.keyboard.press("Control+k")
    page.keyboard.type("li")
    page.get_by_role("option").first.wait_for()


def _help(page: Page) -> None:
    visit(page, "/builders")
    page.keyboard.press("?")


OPENED: Mapping[str, Callable[[Page], None]] = {
    "force": _force,
    "stop": _stop,
    "palette": _palette,
    "help": _help,
}


def test_dialogs_can_be_used_by_everybody(page: Page, pictures: Pictures, lived_in: LivedInSite) -> None:
    problems = []
    for name, open_it in OPENED.items():
        page.goto("about:blank")
        open_it(page)
        dialog = page.get_by_role("dialog")
        expect(dialog).to_be_visible()
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            problems += [f"{name}, {scheme}: {one}" for one in wrong_for_some(page)]
            pictures.take(page, f"opened/{name}-{scheme}", whole=False)
        page.set_viewport_size(NARROW)
        box = dialog.bounding_box()
        if box is None or box["x"] < 0 or box["x"] + box["width"] > NARROW["width"]:
            problems.append(f"{name} does not fit on a small screen: {box}")
        pictures.take(page, f"opened/{name}-narrow", whole=False)
        page.set_viewport_size(WIDE)

    assert problems == []


def test_the_menu_can_be_used_by_everybody(page: Page, pictures: Pictures, lived_in: LivedInSite) -> None:
    visit(page, "/grid")
    more = page.locator("summary", has_text="More")
    more.click()
    expect(page.get_by_role("group", name="System").get_by_role("link", name="About")).to_be_visible()
    problems = wrong_for_some(page)
    pictures.take(page, "opened/menu-light", whole=False)
    page.mouse.click(10, 700)
    expect(page.get_by_role("link", name="About")).to_be_hidden()
    page.set_viewport_size(NARROW)
    page.get_by_role("button", name="Menu").click()
    more.click()
    pictures.take(page, "opened/menu-narrow", whole=False)
    problems += wrong_for_some(page)
    page.get_by_role("link", name="About").click()
    expect(page.locator("h1")).to_have_text("About")

    assert problems == []


# -- the manual --------------------------------------------------------------------------------


def test_pages_fit_the_pictures_of_the_manual(page: Page, pictures: Pictures, lived_in: LivedInSite) -> None:
    pages = lived_in.pages()
    for name, (which, scheme, width, height) in MANUAL.items():
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        visit(page, pages[which])
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        pictures.take(page, f"manual/{name}", whole=False)
