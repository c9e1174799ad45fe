"""A log of 400,000 lines costs a reader a few requests and little memory, wherever it is read.

Its big sister with times is ``contrib/bench/biglog.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import big_log
from tests.browser.conftest import visit
from tests.programs import RunningMaster

LINES = 400_000
NEEDLES = frozenset({5, 250_000, 399_990})
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def master(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMaster]:
    running = RunningMaster(tmp_path_factory.mktemp("biglog") / "master", big_log.BUILDERS)
    try:
        big_log.add_log(running, big_log.make_build(running), LINES, NEEDLES)
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def address(master: RunningMaster) -> str:
    return f"http://127.0.0.1:{master.http_port}/"


def test_any_line_is_a_request_or_two_away_and_memory_stays_flat(page: Page, master: RunningMaster) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visit(page, big_log.PATH)
    big_log.wait_for_lines(page)
    assert len([url for url in asked if "/contents" in url]) <= 2
    for number in range(1_000, LINES, LINES // 30):  # until what is kept is full
        big_log.show_line(page, number)
    heap, memory = big_log.heap_of(page), big_log.memory_of(master)

    asked.clear()
    for number in range(2_500, LINES, LINES // 40):
        big_log.show_line(page, number)

    read = [url for url in asked if "/contents" in url]
    assert len(read) <= 2 * 40 + 2
    assert all(int(found[1]) <= 1200 for url in read if (found := re.search(r"limit=(\d+)", url)))
    assert page.locator(".log-line").count() < 150
    assert big_log.heap_of(page) - heap < 8 * MIB
    assert big_log.memory_of(master) - memory < 32 * MIB


def test_a_search_begins_where_the_reader_is_and_shows_hits_as_they_come(page: Page, master: RunningMaster) -> None:
    visit(page, f"{big_log.PATH}#L200000")
    page.locator(".log-line.selected").wait_for()
    memory = big_log.memory_of(master)

    page.get_by_role("searchbox").fill(big_log.NEEDLE)
    page.keyboard.press("Enter")

    expect(page.locator(".log-line.current")).to_contain_text("line 00250000")
    expect(page.get_by_role("search")).to_contain_text("2 of 3")
    page.keyboard.press("Enter")
    expect(page.locator(".log-line.current")).to_contain_text("line 00399990")
    page.keyboard.press("Enter")
    expect(page.locator(".log-line.current")).to_contain_text("line 00000005")
    assert big_log.memory_of(master) - memory < 32 * MIB
