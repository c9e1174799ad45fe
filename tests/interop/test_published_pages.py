"""Buildbot's own web pages work against our data API: what they read, what they do, what they hear."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.chromium import chromium
from tests.interop.published_pages import PublishedPages
from tests.programs import RunningMaster, peer_program, running_master

pytestmark = pytest.mark.slow

BUILDERS = """
c["title"] = "Ours"
c["www"]["allowed_origins"] = ["*"]
c["builders"] = [
    builder("app", steps.ShellCommand(name="compile", command="echo hello world; exit 1"), tags=["nice"]),
    builder("good", steps.ShellCommand(name="list", command="true")),
]
"""
DEADLINE_MS = 60_000
SHOWN = {
    "/": ["Ours", "1 recent builds", "app"],
    "/#/builders": ["app", "good", "nice"],
    "/#/builders/1": ["app", "w1", "failed 'echo hello ...'"],
    "/#/builders/1/builds/1": ["Rebuild", "worker_preparation", "compile", "hello world"],
    "/#/workers": ["w1", "app"],
    "/#/masters": ["w1", "master"],
    "/#/changes": ["1 changes", "See builds"],
    "/#/buildrequests/1": ["Build requests", "compile"],
    "/#/schedulers": ["force"],
    "/#/pendingbuildrequests": ["Pending Buildrequests"],
    "/#/about": ["Buildmill version"],
}


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMaster]:
    folder = tmp_path_factory.mktemp("pages")
    with running_master(folder / "master", BUILDERS, "sqlite:///state.sqlite") as running:
        running.start_worker("w1")
        running.post(
            "changes", "add", author="Ann <ann@example.org>", comments="a change", revision="r1", branch="main"
        )
        running.finished(running.force("app"))
        yield running


@pytest.fixture(scope="module")
def pages(master: RunningMaster) -> Iterator[PublishedPages]:
    library = peer_program("buildbot").parents[1] / "lib"
    (folder,) = library.glob("python3.*/site-packages/buildbot_www/static")
    served = PublishedPages(Path(folder), master.http_port)
    served.start()
    yield served
    served.stop()


@pytest.fixture
def page(pages: PublishedPages) -> Iterator[Page]:
    """A page that fails the test when it complains, or is refused anything."""
    problems: list[str] = []
    with chromium() as browser:
        made = browser.new_page()
        made.set_default_timeout(DEADLINE_MS)
        made.on("pageerror", lambda error: problems.append(str(error)))
        made.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        made.on("response", lambda answer: problems.append(answer.url) if answer.status >= 400 else None)
        yield made
    assert problems == []


def test_each_page_shows_what_there_is(page: Page, pages: PublishedPages) -> None:
    for path, texts in SHOWN.items():
        page.goto(pages.url + path)
        for text in texts:
            page.get_by_text(text).first.wait_for(state="attached")


def test_a_build_is_forced_and_appears_at_once(page: Page, pages: PublishedPages, master: RunningMaster) -> None:
    page.goto(f"{pages.url}/#/builders/2")
    page.get_by_role("button", name="force").click()
    page.get_by_role("button", name="Start Build").click()

    page.get_by_text("build successful").first.wait_for()
    (build,) = master.get("builders/2/builds")["builds"]
    assert build["results"] == 0


def test_a_build_is_done_again(page: Page, pages: PublishedPages, master: RunningMaster) -> None:
    page.goto(f"{pages.url}/#/builders/1/builds/1")
    page.get_by_role("button", name="Rebuild").click()

    page.wait_for_url("**/#/buildrequests/**")
    page.get_by_text("compile").first.wait_for(state="attached")
    assert len(master.get("builders/1/builds")["builds"]) == 2
