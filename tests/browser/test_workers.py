"""Workers, what builds run in, and masters: what people see of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import many_workers
from tests.browser.conftest import visit
from tests.browser.everybody import wrong_in_some_colours
from tests.browser.site import Site
from tests.programs import RunningMaster


def requests_of(page: Page, path: str) -> list[str]:
    """What a page asks of the data API until it has calmed down."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visit(page, path)
    page.wait_for_load_state("networkidle")
    return [url for url in asked if "/api/v2/" in url]


def test_workers_are_shown_with_what_they_do_in_one_request(page: Page, site: Site) -> None:
    (running,) = site.running()
    asked = requests_of(page, "/workers")

    row = page.locator("tr", has_text="w1")
    expect(row.get_by_role("link", name=f"slow #{running}")).to_be_visible()
    expect(page.locator("tr", has_text="w3")).to_contain_text("has never been connected")
    assert len(asked) == 1


def test_workers_are_filtered_and_ordered_by_the_address(page: Page) -> None:
    visit(page, "/workers")

    page.get_by_role("button", name=re.compile("not connected")).click()
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "state=offline" in page.url
    page.get_by_role("button", name=re.compile("not connected")).click()
    page.get_by_role("button", name="Worker", exact=True).click()
    expect(page.locator("tbody tr").first).to_contain_text("w3")
    assert "sort=-name" in page.url
    expect(page.get_by_role("columnheader", name="Worker")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("searchbox").fill("nobody")
    expect(page.locator("main")).to_contain_text("No worker matches.")


def test_a_pause_is_seen_at_once_and_nothing_is_read_again(page: Page, site: Site) -> None:
    asked = requests_of(page, "/workers")
    before = len(asked)

    site.post("workers/w2", "pause", reason="dusting")
    expect(page.locator("tr", has_text="w2")).to_contain_text("paused: dusting")
    site.post("workers/w2", "unpause")
    expect(page.locator("tr", has_text="w2")).not_to_contain_text("paused")

    assert len([url for url in asked if "/api/v2/" in url]) == before


def test_a_worker_tells_what_runs_on_it_first_and_what_it_is(page: Page, site: Site) -> None:
    (worker,) = site.get("workers/w1")["workers"]
    (running,) = site.running()
    asked = requests_of(page, f"/workers/{worker['workerid']}")

    expect(page.locator("section").first).to_contain_text("Running now")
    expect(page.locator("section").first.get_by_role("link", name=f"slow #{running}")).to_be_visible()
    told = page.locator("section", has_text="What it tells")
    for fact in ("Processors", "Memory", "Python", "keeps commands running while the connection is lost"):
        expect(told).to_contain_text(fact)
    fold = page.locator("details", has_text="Environment of its process")
    fold.locator("summary").click()
    fold.get_by_role("searchbox").fill("path")
    expect(fold.locator("tr", has=page.get_by_text("PATH", exact=True))).to_be_visible()
    assert len(asked) == 1


def test_a_build_shows_what_it_ran_in(page: Page) -> None:
    visit(page, "/builders/app/builds/2")

    fold = page.locator("details#environment")
    fold.locator("summary").click()

    expect(fold).to_contain_text("Environment of the worker")
    expect(fold.get_by_role("cell", name="Directory", exact=True)).to_be_visible()


def test_masters_tell_what_belongs_to_them_in_one_request(page: Page) -> None:
    asked = requests_of(page, "/masters")

    card = page.locator("section.card")
    expect(card).to_contain_text("running")
    expect(card).to_contain_text("Version")
    card.locator("summary", has_text="Workers connected to it").click()
    card.get_by_role("link", name="w1").click()
    expect(page.locator("h1")).to_have_text("w1")
    assert len(asked) == 1


@pytest.mark.parametrize("path", ["/workers", "/workers/w1", "/masters", "/builders/app/builds/2"])
def test_these_pages_can_be_used_by_everybody(page: Page, path: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    visit(page, path)
    for summary in page.locator("main summary").all():
        summary.click()

    assert wrong_in_some_colours(page) == []


# -- a thousand of them --------------------------------------------------------------------


@pytest.fixture(scope="module")
def crowd(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMaster]:
    running = RunningMaster(tmp_path_factory.mktemp("crowd") / "master", many_workers.BUILDERS)
    try:
        running.start()
        running.start_worker("w1")
        running.finished(running.force("nightly"))
        running.stop()
        many_workers.add_workers(running)
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def many(browser: Browser, crowd: RunningMaster, page: Page) -> Page:
    page.goto(f"http://127.0.0.1:{crowd.http_port}/#/about")
    page.locator("main h1", has_text="About").wait_for()
    return page


def test_a_thousand_workers_are_one_request_and_are_drawn_as_far_as_one_looks(many: Page) -> None:
    asked = requests_of(many, "/workers")

    expect(many.locator("main")).to_contain_text("1,001 of 1,001 workers")
    expect(many.get_by_role("button", name=re.compile("^busy"))).to_contain_text("200")
    rows = many.locator("tbody tr:visible")
    assert 0 < rows.count() <= 240
    assert len(asked) == 1
    many.get_by_role("searchbox").fill("machine-0999")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("not connected")
    many.get_by_role("searchbox").fill("")
    many.get_by_role("button", name=re.compile("^paused")).click()
    expect(many.locator("main")).to_contain_text(f"{many_workers.PAUSED} of 1,001 workers")
    rows.last.scroll_into_view_if_needed()
    many.mouse.wheel(0, 1_000)
    expect(rows).to_have_count(many_workers.PAUSED)
    assert len(asked) == 1


def test_the_front_page_says_of_many_workers_first_how_many_are_away(many: Page) -> None:
    visit(many, "/")

    expect(many.locator(".day-facts")).to_contain_text("of 1,001 workers connected")
    away = many.locator("section", has=many.get_by_role("heading", name="Workers that take no builds"))
    away_or_paused = many_workers.PAUSED + many_workers.AWAY + 1  # and w1
    expect(away.locator(".count").first).to_have_text(str(away_or_paused))
